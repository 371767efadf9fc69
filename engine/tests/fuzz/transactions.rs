//! ANSI/NIST-ITL transactions: read or refused with the place, and written again byte for byte.

use whorl_engine::interchange::ansi_nist_itl::File;

use super::driver::{Target, can_be_shown, within};
use super::mutations;
use super::transactions_mutated::{Record, apart, corpus, fields_mutated, together};

pub fn check(bytes: &[u8]) -> bool {
    let file = match within("decode", bytes.len(), 0, || File::decode(bytes)) {
        Ok(file) => file,
        Err(error) => {
            can_be_shown(&error);
            assert!(error.offset <= bytes.len() && error.record.is_some(), "{error}");
            return false;
        }
    };
    let written = within("encode", bytes.len(), 0, || file.encode()).unwrap();
    assert!(written == bytes, "written again, it is another");
    within("header", bytes.len(), 0, || drop(file.header().map_err(|error| can_be_shown(&error))));
    match within("impressions", bytes.len(), 0, || file.impressions()) {
        Ok(images) => {
            for image in images {
                let of_record = file.records[image.record].record_type();
                assert!(of_record == image.record_type && !image.positions.is_empty());
                assert!(image.segments.iter().all(|s| s.left < s.right && s.top < s.bottom));
            }
        }
        Err(error) => can_be_shown(&error),
    }
    match within("minutiae", bytes.len(), 0, || file.minutiae()) {
        Ok(sets) => {
            let minutiae = sets.iter().flat_map(|set| &set.minutiae);
            assert!(minutiae.into_iter().all(|m| m.x < 1 << 14 && m.y < 1 << 14 && m.quality <= 100));
        }
        Err(error) => can_be_shown(&error),
    }
    let unread = within("unread features", bytes.len(), 0, || file.unread_features());
    assert!(unread.len() <= file.records.len());
    true
}

#[test]
fn transactions_with_bytes_changed() {
    let corpus = corpus();
    let name = "ansi-nist, bytes";
    Target { name, iterations: 12_000, corpus: &corpus, mutate: &mutations::of_bytes, check: &check }.run();
}

#[test]
fn transactions_with_records_and_fields_changed() {
    let corpus = corpus();
    let parts: Vec<Vec<Record>> = corpus.iter().map(|file| apart(&File::decode(file).unwrap())).collect();
    for (parts, file) in parts.iter().zip(&corpus) {
        assert!(together(parts, true) == *file, "taken apart and put together, it is another");
    }
    let mutate = |random: &mut super::random::Random, _: &[Vec<u8>]| fields_mutated(random, &parts);
    let name = "ansi-nist, fields";
    Target { name, iterations: 15_000, corpus: &corpus, mutate: &mutate, check: &check }.run();
}
