//! Reads the minutiae records of others in INCITS 378 (2004, 2009, its draft, its Amendment 1) and ISO/IEC 19794-2:2011, compares
//! them with what others read in them, and writes them again.
//!
//! Seven records are at hand besides those of 2005 (`iso_conformance.rs`). Four are sound. Three are not: one was made from a
//! record of 2005, and has its length, its directions, which go beyond 179, and a zero for the space in its version; one says a
//! total length and one an extended data length that is not its own. The reader refuses those by offset and field; with these
//! put right each is read, and written again byte for byte.

#![expect(clippy::unwrap_used, clippy::print_stdout, reason = "helpers of tests are tests too")]

use std::path::{Path, PathBuf};

use serde_json::{Value, json};
use whorl_engine::interchange::ansi_378_2009::Edition;
use whorl_engine::interchange::iso_19794_2_2011::RidgeEnding;
use whorl_engine::interchange::{
    Finger, Image, Standard, WrittenMinutia, ansi_378_2004, ansi_378_2009, iso_19794_2_2005, iso_19794_2_2011,
};
use whorl_engine::minutia::MinutiaType;

fn data() -> Option<PathBuf> {
    let root = std::env::var_os("WHORL_DATA")
        .map_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/data"), PathBuf::from);
    let folder = root.join("conformance/fmr");
    if !folder.is_dir() {
        println!("SKIPPED: real data not found (set WHORL_DATA)");
        return None;
    }
    Some(folder)
}

/// A file, and step by step what the reader must say of it, and the bytes that put it right, by offset.
struct Mended {
    file: &'static str,
    steps: &'static [(&'static str, usize, &'static [u8])],
}

const MADE_FROM_2005: Mended = Mended {
    file: "ansi378v2004/ansi378v2004-sample.dat",
    steps: &[
        (r#"byte 4: version: is "020\x00", which is not how INCITS 378-2004 writes it"#, 4, b" "),
        ("byte 8: total length: says 340 bytes, there are 342", 8, &[1, 86]),
        // As in Annex B of the standard, where this finger is from.
        ("byte 322: direction: is 213, at most 179 is allowed", 322, &[150]),
        ("byte 328: direction: is 249, at most 179 is allowed", 328, &[175]),
    ],
};
const TOTAL_LENGTH: Mended = Mended {
    file: "ansi378v2009/ansi378v2009-sample.dat",
    // A byte was put in, for the device is longer than in the draft.
    steps: &[("byte 8: total length: says 363 bytes, there are 364", 10, &[1, 108])],
};
const EXTENDED_LENGTH: Mended = Mended {
    file: "libbiomeval/fmr.ansi2004",
    // Two cores and four deltas are 44 bytes with their type and length; the file says 42, twice.
    steps: &[("byte 1236: end of record: 2 bytes follow the last view", 515, &[2, 209])],
};
const SOUND: [(&str, Standard); 4] = [
    ("biomdi/ANSI-INCITS-378_2004-Appendix-B2_Example.raw", Standard::Ansi378_2004),
    ("libbiomeval/fmr.ansi2007", Standard::Ansi378_2009),
    ("ansi378v2009am1/ansi378v2009am1-sample.dat", Standard::Ansi378_2009),
    ("iso19794p2v2011/iso19794p2v2011-sample.dat", Standard::Iso19794_2_2011),
];

/// The mended bytes, once the reader has said of the file what it must.
fn mended(folder: &Path, standard: Standard, case: &Mended) -> Vec<u8> {
    let mut bytes = fs_err::read(folder.join(case.file)).unwrap();
    assert_eq!(Standard::identify(&bytes), Some(standard), "{}", case.file);
    for (error, offset, right) in case.steps {
        assert_eq!(standard.read(&bytes).unwrap_err().to_string(), *error, "{}", case.file);
        bytes[*offset..offset + right.len()].copy_from_slice(right);
    }
    bytes
}

fn json_of(folder: &Path, file: &str) -> Value {
    let path = folder.join(file).with_extension("json");
    serde_json::from_str(&fs_err::read_to_string(path).unwrap()).unwrap()
}

fn same_minutiae(ours: &[WrittenMinutia], theirs: &Value, mended: &[u8]) {
    let theirs = theirs["minutiae"].as_array().unwrap();
    assert_eq!(theirs.len(), ours.len());
    for (ours, theirs) in ours.iter().zip(theirs) {
        let kind: &[&str] = match ours.kind {
            MinutiaType::Other => &["OTHER", "EITHER"],
            MinutiaType::RidgeEnding => &["ENDING"],
            MinutiaType::RidgeBifurcation => &["BIFURCATION"],
        };
        assert!(kind.contains(&theirs["type"].as_str().unwrap()), "{ours:?} is {theirs}");
        let place = (&theirs["positionX"], &theirs["positionY"], &theirs["quality"]);
        assert_eq!(place, (&json!(ours.x), &json!(ours.y), &json!(ours.quality)));
        assert!(
            theirs["angle"] == ours.direction || mended.contains(&ours.direction),
            "{ours:?} is {theirs}"
        );
    }
}

fn same_image(ours: &Image, theirs: &Value) {
    let Image { width, height, resolution_x, resolution_y } = *ours;
    let fields =
        [("width", width), ("height", height), ("resolutionX", resolution_x), ("resolutionY", resolution_y)];
    for (name, value) in fields {
        assert_eq!(theirs[name], value, "{name}");
    }
}

fn position(theirs: &Value) -> u8 {
    match theirs["position"].as_str().unwrap() {
        "RIGHT_INDEX" => 2,
        "LEFT_INDEX" => 7,
        other => panic!("{other} is not in the samples that this test knows"),
    }
}

/// What the JSON of all standards says of a finger, compared with what every reader says through the common entrance.
fn same_fingers(ours: &[Finger], theirs: &[Value]) {
    assert_eq!(ours.len(), theirs.len());
    for (ours, theirs) in ours.iter().zip(theirs) {
        let quality =
            theirs.get("quality").or_else(|| theirs["qrecords"][0].get("quality")).unwrap().as_u64().unwrap();
        assert_eq!((ours.position, json!(ours.view)), (position(theirs), theirs["view"].clone()));
        assert_eq!((ours.impression, &theirs["scanType"]), (0, &json!("LIVE_PLAIN")));
        assert_eq!(ours.quality.map(u64::from), Some(quality));
        assert_eq!((ours.width, ours.height), (512, 512));
        assert_eq!(ours.minutiae.len(), theirs["minutiae"].as_array().unwrap().len());
        let none = theirs["counts"].is_null() && theirs["extensions"] == json!([]);
        assert_eq!(ours.extended == 0, none);
    }
}

#[test]
fn a_record_of_2004_says_to_us_what_it_says_to_its_authors() {
    let Some(folder) = data() else { return };
    let bytes = mended(&folder, Standard::Ansi378_2004, &MADE_FROM_2005);
    let record = ansi_378_2004::Record::decode(&bytes).unwrap();
    assert!(record.encode().unwrap() == bytes, "written again, it is another");
    let theirs = json_of(&folder, MADE_FROM_2005.file);
    assert_eq!((&theirs["vendorId"], &theirs["subformat"]), (&json!(record.owner), &json!(record.product)));
    assert_eq!(
        (&theirs["sensorCertified"], &theirs["sensorId"]),
        (&json!(record.certified), &json!(record.device))
    );
    same_image(&record.image, &theirs);
    let fingers = theirs["fingerprints"].as_array().unwrap();
    same_fingers(&record.fingers(), fingers);
    for (ours, theirs) in record.views.iter().zip(fingers) {
        same_minutiae(&ours.minutiae, theirs, &[150, 175]);
    }
    // Type, length with these four bytes, method, and a ridge count as theirs has it.
    assert_eq!(record.views[1].extended, [0, 1, 0, 10, 1, 68, 188, 54, 33, 67]);
    assert_eq!(fingers[1]["counts"]["edges"][0], json!({"from": 68, "to": 188, "count": 54}));
}

#[test]
fn records_of_2009_and_of_its_amendment_say_to_us_what_they_say_to_their_authors() {
    let Some(folder) = data() else { return };
    let amended = SOUND[2].0;
    let cases = [
        (TOTAL_LENGTH.file, Edition::Published, mended(&folder, Standard::Ansi378_2009, &TOTAL_LENGTH)),
        (amended, Edition::Amendment1, fs_err::read(folder.join(amended)).unwrap()),
    ];
    for (file, edition, bytes) in cases {
        let record = ansi_378_2009::Record::decode(&bytes).unwrap();
        assert!(record.encode().unwrap() == bytes, "{file}: written again, it is another");
        assert_eq!(record.edition, edition);
        let theirs = json_of(&folder, file);
        assert_eq!(
            (&theirs["vendorId"], &theirs["subformat"]),
            (&json!(record.owner), &json!(record.product))
        );
        assert_eq!(theirs["sensorCertified"], record.certified);
        assert_eq!(theirs["sensorId"], record.device);
        let fingers = theirs["fingerprints"].as_array().unwrap();
        same_fingers(&record.fingers(), fingers);
        for (ours, theirs) in record.views.iter().zip(fingers) {
            same_image(&ours.image, theirs);
            same_minutiae(&ours.minutiae, theirs, &[]);
            assert_eq!(theirs["qualityVendorId"], ours.quality_owner);
            assert_eq!(theirs["qualityAlgorithmId"], ours.quality_algorithm);
        }
        // Five bytes of type, length and method, and three a ridge count.
        let edges = fingers[1]["counts"]["edges"].as_array().unwrap();
        assert_eq!(record.views[1].extended.len(), 5 + 3 * edges.len());
    }
}

#[test]
fn a_record_of_2011_says_to_us_what_it_says_to_its_authors() {
    let Some(folder) = data() else { return };
    let file = SOUND[3].0;
    let bytes = fs_err::read(folder.join(file)).unwrap();
    let record = iso_19794_2_2011::Record::decode(&bytes).unwrap();
    assert!(record.encode().unwrap() == bytes, "written again, it is another");
    let theirs = json_of(&folder, file);
    let fingers = theirs["fingerprints"].as_array().unwrap();
    same_fingers(&record.fingers(), fingers);
    for (ours, theirs) in record.representations.iter().zip(fingers) {
        let t = ours.captured;
        let captured = json!({"year": t.year, "month": t.month, "day": t.day, "hour": t.hour, "minute": t.minute,
            "second": t.second, "millisecond": t.millisecond});
        assert_eq!(theirs["datetime"], captured);
        assert_eq!((&theirs["sensorType"], ours.device_technology), (&json!("UNKNOWN"), 0));
        assert_eq!(theirs["sensorVendor"], ours.device_vendor);
        assert_eq!(theirs["sensorId"], ours.device_type);
        let quality = |q: &iso_19794_2_2011::Quality| json!({"quality": q.value, "vendor": q.vendor, "algorithm": q.algorithm});
        assert_eq!(theirs["qrecords"], json!(ours.qualities.iter().map(quality).collect::<Vec<_>>()));
        assert_eq!(theirs["certificates"], json!([]));
        assert!(ours.certifications.is_empty());
        let valley = ours.ridge_endings == RidgeEnding::ValleyFork;
        assert_eq!(theirs["endingType"] == "VALLEY_SKELETON_BIFURCATION", valley);
        same_image(&ours.image, theirs);
        same_minutiae(&ours.minutiae, theirs, &[]);
    }
    // They show the data of a block in base64.
    assert_eq!(fingers[1]["extensions"], json!([{"type": 0x0221, "data": "AUS8NiFD"}]));
    assert_eq!(record.representations[1].extended, b"\x02\x21\x00\x0A\x01\x44\xBC\x36\x21\x43"[..]);
}

#[test]
fn records_without_json_have_what_their_authors_put_in() {
    let Some(folder) = data() else { return };
    let annex = fs_err::read(folder.join(SOUND[0].0)).unwrap();
    let draft = fs_err::read(folder.join(SOUND[1].0)).unwrap();
    let three = mended(&folder, Standard::Ansi378_2004, &EXTENDED_LENGTH);
    let cases = [
        (Standard::Ansi378_2004, annex, &[27, 22][..], &[0, 11][..]),
        (Standard::Ansi378_2009, draft, &[27, 22], &[0, 11]),
        (Standard::Ansi378_2004, three, &[27, 22, 28], &[0, 11, 721]),
    ];
    for (standard, bytes, minutiae, extended) in cases {
        let fingers = standard.read(&bytes).unwrap();
        assert_eq!(fingers.iter().map(|f| f.minutiae.len()).collect::<Vec<_>>(), minutiae);
        assert_eq!(fingers.iter().map(|f| f.extended).collect::<Vec<_>>(), extended);
        assert_eq!(fingers.iter().map(|f| f.position).take(2).collect::<Vec<_>>(), [7, 2]);
        assert_eq!(fingers.iter().map(|f| f.quality).take(2).collect::<Vec<_>>(), [Some(90), Some(70)]);
        let first = fingers[0].minutiae[0];
        // 56 units of 2 degrees are 79.6 of 360/256.
        assert_eq!((first.x, first.y, first.direction, first.quality), (100, 14, 80, 90));
        let again = match standard {
            Standard::Ansi378_2004 => ansi_378_2004::Record::decode(&bytes).unwrap().encode(),
            _ => ansi_378_2009::Record::decode(&bytes).unwrap().encode(),
        };
        assert!(again.unwrap() == bytes, "written again, it is another");
    }
    let draft = fs_err::read(folder.join(SOUND[1].0)).unwrap();
    let draft = ansi_378_2009::Record::decode(&draft).unwrap();
    assert_eq!((draft.edition, draft.owner, draft.product, draft.device), (Edition::Draft, 66, 17, 181));
}

#[test]
fn the_annexes_of_two_standards_have_one_finger_with_one_sense_of_direction() {
    let Some(folder) = data() else { return };
    let incits = Standard::Ansi378_2004.read(&fs_err::read(folder.join(SOUND[0].0)).unwrap()).unwrap();
    let mut bytes = fs_err::read(folder.join("biomdi/ISO-19794-2_2005-Appendix-C2_Example.raw")).unwrap();
    bytes[10..12].copy_from_slice(&[1, 85]);
    let iso = iso_19794_2_2005::Record::decode(&bytes).unwrap().fingers();
    let mut compared = 0;
    for (incits, iso) in incits.iter().zip(&iso) {
        for (a, b) in incits.minutiae.iter().zip(&iso.minutiae) {
            assert_eq!((a.kind, a.x, a.y, a.quality), (b.kind, b.x, b.y, b.quality));
            let off = a.direction.wrapping_sub(b.direction);
            assert!(off.min(off.wrapping_neg()) <= 1, "{a:?} and {b:?}");
            compared += 1;
        }
    }
    assert_eq!(compared, 49);
}

#[test]
fn every_record_is_known_for_what_it_is_and_no_other_reader_takes_it() {
    let Some(folder) = data() else { return };
    let of_2005 = ("iso19794p2v2005/iso19794p2v2005-sample.dat", Standard::Iso19794_2_2005);
    for (file, standard) in SOUND.into_iter().chain([of_2005]) {
        let bytes = fs_err::read(folder.join(file)).unwrap();
        assert_eq!(Standard::identify(&bytes), Some(standard), "{file}");
        assert!(standard.read(&bytes).is_ok(), "{file}");
        for other in Standard::ALL.into_iter().filter(|other| *other != standard) {
            let error = other.read(&bytes).unwrap_err();
            assert!(error.problem.contains(standard.name()), "{file} read as {}: {error}", other.name());
        }
        // Cut off, it is refused, and still known for what it is.
        let cut = &bytes[..bytes.len() - 20];
        assert_eq!(Standard::identify(cut), Some(standard), "{file}");
        assert_eq!(standard.read(cut).unwrap_err().field, "total length", "{file}");
    }
}

#[test]
fn what_is_read_in_one_standard_is_written_in_every_other() {
    let Some(folder) = data() else { return };
    for (file, standard) in SOUND {
        let fingers = standard.read(&fs_err::read(folder.join(file)).unwrap()).unwrap();
        for other in Standard::ALL {
            let again = other.read(&other.write(&fingers).unwrap()).unwrap();
            for (ours, theirs) in again.iter().zip(&fingers) {
                assert_eq!(
                    (ours.position, ours.quality, ours.extended),
                    (theirs.position, theirs.quality, 0)
                );
                for (a, b) in ours.minutiae.iter().zip(&theirs.minutiae) {
                    let off = a.direction.wrapping_sub(b.direction);
                    assert!(off.min(off.wrapping_neg()) <= 1, "{file} as {}: {a:?}, {b:?}", other.name());
                    assert_eq!((a.x, a.y, a.kind, a.quality), (b.x, b.y, b.kind, b.quality));
                }
            }
        }
    }
}
