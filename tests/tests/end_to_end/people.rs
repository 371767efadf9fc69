//! People who do not exist: random minutiae, sent as ISO/IEC 19794-2 records, so that most tests need no extraction.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use whorl_datasets::population::{Population, Sensor, Skin};
use whorl_engine::interchange::iso_19794_2_2005::{Record, View};
use whorl_engine::minutia::{FingerPosition, Minutia, MinutiaType};

/// The right index finger of a synthetic person, for images of it.
pub fn skin(person: u64) -> Skin {
    let position = FingerPosition::try_from(2).unwrap();
    Skin::new(Population::new(1).person(person).finger(position), &Sensor::PLAIN)
}

/// A stream of numbers, the same each time.
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, range: u64) -> u64 {
        // SplitMix64.
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        (z ^ (z >> 31)) % range
    }
}

/// An ISO record of a finger: person and position decide the finger, the impression how it was put down.
pub fn finger(person: u64, position: u8, impression: u64) -> Vec<u8> {
    let mut master = Numbers(person * 1000 + u64::from(position));
    let mut touch = Numbers(person * 7919 + impression * 104_729 + u64::from(position));
    let (dx, dy) = (touch.below(40), touch.below(40));
    let mut minutiae = Vec::new();
    for index in 0..45u64 {
        let (x, y, direction) = (master.below(280), master.below(380), master.below(256));
        let (jx, jy, jd, seen) = (touch.below(4), touch.below(4), touch.below(7), touch.below(100) < 90);
        let direction = ((direction + jd + 253) % 256) as u8;
        let kind = if index % 2 == 0 { MinutiaType::RidgeEnding } else { MinutiaType::RidgeBifurcation };
        let (x, y) = ((10 + x + dx + jx) as u16, (10 + y + dy + jy) as u16);
        if seen {
            minutiae.push(Minutia { kind, x, y, direction, quality: (100 - index) as u8 });
        }
    }
    let view = View { position, number: 0, impression: 0, quality: 80, minutiae, extended: vec![] };
    let record = Record {
        certification: 0,
        device_type: 0,
        width: 400,
        height: 500,
        resolution_x: 197,
        resolution_y: 197,
        views: vec![view],
    };
    record.encode().unwrap()
}

/// Both index fingers, as they stand in a transmission.
pub fn fingerprints(person: u64, impression: u64) -> Value {
    let sent = |position: u8| {
        let data = STANDARD.encode(finger(person, position, impression));
        json!({"position": position, "media_type": "application/x-iso-19794-2-2005", "data": data})
    };
    json!([sent(2), sent(7)])
}

/// A day that is never in the future and never past retention.
pub fn yesterday() -> String {
    jiff::Zoned::now().date().yesterday().unwrap().to_string()
}

/// A whole transmission under `<State><category>-<number>`.
pub fn transmission(state: &str, category: u8, number: u32, person: u64, impression: u64) -> Value {
    let mut body = json!({
        "category": category,
        "reference_number": format!("{state}{category}-{number}"),
        "fingerprints": fingerprints(person, impression),
        "attestations": {"aged_14_or_over": true, "informed": true},
    });
    if category < 3 {
        body["sex"] = json!("female");
        body["fingerprints_taken_on"] = json!(yesterday());
    }
    match category {
        1 => body["application"] = json!({"place": "Wien", "date": yesterday()}),
        2 => body["attestations"]["not_turned_back"] = json!(true),
        _ => body["ground"] = json!("opposes-return"),
    }
    body
}
