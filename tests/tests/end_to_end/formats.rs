//! Formats of prints: each enters and is compared, slaps only in the fingers that are marked in them.
#![expect(clippy::print_stdout, reason = "says what was skipped, and what real prints score")]

use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use whorl::ansi_nist::Mapping;
use whorl_datasets::population::{Population, RidgeImage, Sensor, Skin};
use whorl_engine::extraction::wsq;
use whorl_engine::interchange::Standard;
use whorl_engine::minutia::FingerPosition;

use crate::harness::Installation;
use crate::people::{finger, fingerprints, transmission};
use crate::tidy::{root, sources};

/// A folder of real data, or nothing, which is said.
pub fn real(folder: &str) -> Option<PathBuf> {
    let beside = || Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/data");
    let folder = std::env::var_os("WHORL_DATA").map_or_else(beside, PathBuf::from).join(folder);
    if !folder.is_dir() {
        println!("SKIPPED: real data not found (set WHORL_DATA)");
        return None;
    }
    Some(folder)
}

/// An impression of a finger of a synthetic person.
pub fn touch(person: u64, position: u8, number: u32) -> RidgeImage {
    let position = FingerPosition::try_from(position).unwrap();
    Skin::new(Population::new(1).person(person).finger(position), &Sensor::PLAIN).image(number)
}

/// Four fingers of the right hand side by side, and where each is.
pub fn slap(person: u64, number: u32) -> (RidgeImage, Vec<Value>) {
    let fingers = [2u8, 3, 4, 5].map(|position| (position, touch(person, position, number)));
    let width = fingers.iter().map(|(_, print)| print.width).sum::<u32>();
    let height = fingers.iter().map(|(_, print)| print.height).max().unwrap();
    let mut whole = RidgeImage { width, height, pixels: vec![255; (width * height) as usize] };
    let mut left = 0;
    let mut segments = Vec::new();
    for (position, print) in fingers {
        for (y, row) in (0u32..).zip(print.pixels.chunks_exact(print.width as usize)) {
            let from = (y * width + left) as usize;
            whole.pixels[from..from + row.len()].copy_from_slice(row);
        }
        let right = left + print.width;
        segments.push(
            json!({"position": position, "left": left, "top": 0, "right": right, "bottom": print.height}),
        );
        left = right;
    }
    (whole, segments)
}

fn print(position: u8, media_type: &str, data: &[u8]) -> Value {
    let image = media_type.starts_with("image/");
    let mut print = json!({"position": position, "media_type": media_type, "data": STANDARD.encode(data)});
    if image {
        print["resolution_ppi"] = json!(500);
    }
    print
}

fn with(mut body: Value, prints: Vec<Value>) -> Value {
    body["fingerprints"] = Value::Array(prints);
    body
}

#[test]
fn real_plain_prints_sent_as_wsq_find_the_rolled_prints_of_their_fingers() {
    let Some(folder) = real("conformance/wsq") else { return };
    let of = |kind: char, position: u8| {
        let file = fs_err::read(folder.join(format!("a011{kind}_0{position}.wsq"))).unwrap();
        print(position, "image/wsq", &file)
    };
    let installation = Installation::new();
    let (at, de) = (installation.authority("AT"), installation.authority("DE"));
    let server = installation.serve();
    let rolled = with(transmission("AT", 1, 1, 0, 0), (2..=5).map(|position| of('r', position)).collect());
    assert_eq!(server.transmit(&at, &rolled).status, 201);
    let strangers = transmission("AT", 1, 2, 9, 1);
    assert_eq!(server.transmit(&at, &strangers).status, 201);
    let plain = with(transmission("DE", 3, 1, 0, 0), (2..=5).map(|position| of('p', position)).collect());
    let found = server.transmit(&de, &plain);
    assert_eq!(found.hits(), ["AT1-1"], "{}", found.text);
    println!("four fingers together score {}", found.json()["comparison"]["hits"][0]["score"]);
    for position in 2..=5u8 {
        let alone = with(transmission("DE", 3, 1, 0, 0), vec![of('p', position)]);
        let found = server.transmit(&de, &alone);
        let score = found.json()["comparison"]["hits"][0]["score"].clone();
        println!("finger {position} alone scores {score}");
        assert_eq!(found.hits(), ["AT1-1"], "finger {position}: {}", found.text);
    }
}

#[test]
fn each_edition_of_minutiae_records_finds_the_others() {
    let installation = Installation::new();
    let (at, de) = (installation.authority("AT"), installation.authority("DE"));
    let server = installation.serve();
    let as_standard = |standard: Standard, person, position, impression| {
        let fingers = Standard::Iso19794_2_2005.read(&finger(person, position, impression)).unwrap();
        print(position, standard.media_type(), &standard.write(&fingers).unwrap())
    };
    for (number, standard) in (1..).zip(Standard::ALL) {
        let person = u64::from(number) * 10;
        let prints = vec![as_standard(standard, person, 2, 1), as_standard(standard, person, 7, 1)];
        let entered = server.transmit(&at, &with(transmission("AT", 1, number, 0, 0), prints));
        assert_eq!(entered.status, 201, "{standard:?}: {}", entered.text);
        for probe in Standard::ALL {
            let prints = vec![as_standard(probe, person, 2, 2), as_standard(probe, person, 7, 2)];
            let found = server.transmit(&de, &with(transmission("DE", 3, 1, 0, 0), prints));
            assert_eq!(
                found.hits(),
                [format!("AT1-{number}")],
                "{probe:?} against {standard:?}: {}",
                found.text
            );
        }
        let mut cut = as_standard(standard, person, 2, 1);
        cut["data"] = json!(STANDARD.encode(b"FMR\0"));
        let refused = server.transmit(&at, &with(transmission("AT", 1, 99, 0, 0), vec![cut]));
        assert_eq!(refused.problem(422, "template-invalid").as_deref(), Some("fingerprints[0].data"));
    }
    let mut wrong = as_standard(Standard::Ansi378_2004, 1, 2, 1);
    wrong["media_type"] = json!(Standard::Iso19794_2_2011.media_type());
    let refused = server.transmit(&at, &with(transmission("AT", 1, 99, 0, 0), vec![wrong]));
    assert!(refused.json()["detail"].as_str().unwrap().contains("INCITS 378-2004"), "{}", refused.text);
}

#[test]
fn r_comp_9_of_a_slap_the_fingers_that_are_marked_are_compared_and_the_slap_is_kept() {
    let installation = Installation::new();
    let (at, de) = (installation.authority("AT"), installation.authority("DE"));
    let server = installation.serve();
    let (whole, segments) = slap(5, 1);
    let file = wsq::encode(whole.width, whole.height, &whole.pixels, Some(500), wsq::WSQ_RATE).unwrap();
    let mut sent = print(13, "image/wsq", &file);
    let unmarked = with(transmission("AT", 1, 1, 0, 0), vec![sent.clone()]);
    assert_eq!(
        server.transmit(&at, &unmarked).problem(400, "field-invalid").as_deref(),
        Some("fingerprints")
    );
    sent["segments"] = json!(segments);
    // A finger with a print of its own is not compared twice.
    let index = print(2, "image/png", &touch(5, 2, 2).to_png().unwrap());
    let entered = server.transmit(&at, &with(transmission("AT", 1, 1, 0, 0), vec![sent.clone(), index]));
    assert_eq!(entered.status, 201, "{}", entered.text);
    let path = format!("/v1/eurodac/records/{}", entered.json()["record_id"].as_str().unwrap());
    let kept = server.get(&at, &path).json();
    assert_eq!(
        (&kept["fingerprints"][0]["data"], kept["fingerprints"][0].get("minutiae")),
        (&sent["data"], None)
    );
    let marked = kept["fingerprints"][0]["segments"].as_array().unwrap();
    assert_eq!(marked.iter().map(|one| one["position"].as_u64().unwrap()).collect::<Vec<_>>(), [3, 4, 5]);

    let ring = print(4, "image/png", &touch(5, 4, 3).to_png().unwrap());
    let found = server.transmit(&de, &with(transmission("DE", 3, 1, 0, 0), vec![ring]));
    assert_eq!(found.hits(), ["AT1-1"], "{}", found.text);
    let slap = &found.json()["comparison"]["hits"][0]["fingerprints"][0];
    let scored: Vec<_> =
        slap["segments"].as_array().unwrap().iter().filter(|one| one.get("score").is_some()).collect();
    assert_eq!(
        (scored.len(), &scored[0]["position"], &scored[0]["compared_with"]),
        (1, &json!(4), &json!(4))
    );
    assert_eq!(slap["data"], sent["data"], "R-HIT-2: an expert sees the whole");
    // After a restart it is compared as before.
    drop(server);
    let server = installation.serve();
    let middle = print(3, "image/png", &touch(5, 3, 3).to_png().unwrap());
    assert_eq!(server.transmit(&de, &with(transmission("DE", 3, 2, 0, 0), vec![middle])).hits(), ["AT1-1"]);
}

#[test]
fn a_slap_that_is_no_image_or_too_large_is_refused_even_where_nothing_of_it_is_compared() {
    let installation = Installation::new();
    let at = installation.authority("AT");
    let server = installation.serve();
    let mut prints: Vec<Value> = fingerprints(1, 1).as_array().unwrap().clone();
    let mut with_slap = |slap: Value| {
        prints.truncate(2);
        prints.push(slap);
        server.transmit(&at, &with(transmission("AT", 1, 1, 1, 1), prints.clone()))
    };
    let refused = with_slap(print(14, "image/png", b"no image"));
    assert_eq!(refused.problem(422, "image-invalid").as_deref(), Some("fingerprints[2].data"));
    let refused = with_slap(print(14, "application/x-iso-19794-2-2005", &finger(1, 2, 1)));
    assert_eq!(refused.problem(422, "template-invalid").as_deref(), Some("fingerprints[2].data"));
    // A plain thumb beside a print of the same thumb is not compared either.
    let thumb = print(1, "application/x-iso-19794-2-2005", &finger(1, 1, 1));
    for (plain, code) in [
        (print(11, "image/png", b"no image"), "image-invalid"),
        (print(11, "application/x-iso-19794-2-2005", &finger(1, 1, 2)), "template-invalid"),
    ] {
        let refused = server.transmit(&at, &with(transmission("AT", 1, 1, 1, 1), vec![thumb.clone(), plain]));
        assert_eq!(refused.problem(422, code).as_deref(), Some("fingerprints[1].data"));
    }
    assert!(server.records(&at).is_empty());
}

#[test]
fn the_guide_on_formats_has_the_table_of_fields_and_names_tests_that_are_there() {
    let page = fs_err::read_to_string(root().join("docs/src/formats.md")).unwrap();
    for (field, path) in Mapping::default().rows() {
        let row = format!("| `{field}` | `{path}` |");
        assert!(page.contains(&row), "{row}");
    }
    let (_, table) = page.split_once("| proved by |").unwrap();
    let sources = sources();
    let mut named = 0;
    for row in table.lines().skip(2).take_while(|line| !line.is_empty()) {
        let tests = row.trim_end_matches('|').rsplit_once('|').unwrap().1;
        for test in tests.split('`').skip(1).step_by(2) {
            let there = |(path, text): &(String, String)| {
                text.contains(&format!("fn {test}(")) || path.ends_with(&format!("{test}.rs"))
            };
            assert!(sources.iter().any(there), "{test}");
            named += 1;
        }
    }
    assert!(named >= 9, "{named}: each row has its test");
}

#[test]
fn r_data_1_what_stands_in_an_image_beside_the_pixels_refuses_it() {
    let installation = Installation::new();
    let at = installation.authority("AT");
    let server = installation.serve();
    let image = touch(1, 2, 1);
    let png = image.to_png().unwrap();
    let wsq = wsq::encode(image.width, image.height, &image.pixels, Some(500), wsq::WSQ_RATE).unwrap();
    // A text between the header and the pixels of a PNG; a comment behind the first marker of a WSQ file; a text behind either.
    let text = b"tEXtAuthor\0Jane Doe";
    let chunk = [&(text.len() as u32 - 4).to_be_bytes()[..], text, &crc(text).to_be_bytes()].concat();
    let comment = [&b"\xFF\xA8\0\x0AJane Doe"[..]].concat();
    let cases = [
        ("image/png", &png, &chunk, 33),
        ("image/png", &png, &comment, png.len()),
        ("image/wsq", &wsq, &chunk, wsq.len()),
    ];
    for (media_type, sound, part, at_byte) in cases {
        let with_text = [&sound[..at_byte], part, &sound[at_byte..]].concat();
        let prints = vec![print(2, media_type, &with_text)];
        let refused = server.transmit(&at, &with(transmission("AT", 1, 1, 0, 0), prints));
        assert_eq!(refused.problem(422, "image-invalid").as_deref(), Some("fingerprints[0].data"));
        let detail = refused.json()["detail"].as_str().unwrap().to_owned();
        assert!(detail.starts_with(&format!("byte {at_byte}: ")) && !detail.contains("Jane"), "{detail}");
    }
    assert!(server.records(&at).is_empty());
    // Notes in a WSQ, which its sender may not see, are left out of what is kept.
    let with_note = [&wsq[..2], &comment, &wsq[2..]].concat();
    let entered =
        server.transmit(&at, &with(transmission("AT", 1, 1, 0, 0), vec![print(2, "image/wsq", &with_note)]));
    assert_eq!(entered.status, 201, "{}", entered.text);
    let path = format!("/v1/eurodac/records/{}", entered.json()["record_id"].as_str().unwrap());
    assert_eq!(server.get(&at, &path).json()["fingerprints"][0]["data"], json!(STANDARD.encode(&wsq)));
}

/// Of a PNG chunk.
fn crc(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(!0u32, |crc, byte| {
        (0..8).fold(crc ^ u32::from(*byte), |crc, _| (crc >> 1) ^ (0xEDB8_8320 & (crc & 1).wrapping_neg()))
    })
}
