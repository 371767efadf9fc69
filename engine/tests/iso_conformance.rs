//! Reads the ISO/IEC 19794-2:2005 records of others, compares them with what others read in them, and writes them again.
//!
//! Of three records at hand one is sound, and comes with its content as JSON. The other two, the worked example of the
//! standard's Annex C as two toolkits distribute it, say a length that is not theirs. The reader is strict, so it
//! refuses both by offset and field; with that one length put right each is read, and written again byte for byte.

#![expect(clippy::unwrap_used, clippy::print_stdout, reason = "helpers of tests are tests too")]

use std::path::{Path, PathBuf};

use serde_json::Value;
use whorl_engine::interchange::iso_19794_2_2005::{Record, View};
use whorl_engine::minutia::{Minutia, MinutiaType};

const SAMPLE: &str = "iso19794p2v2005/iso19794p2v2005-sample";

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

fn read_and_written_again(bytes: &[u8]) -> Record {
    let record = Record::decode(bytes).unwrap_or_else(|error| panic!("{error}"));
    assert!(record.encode().unwrap() == bytes, "written again, it is another");
    record
}

#[test]
fn the_sound_record_says_to_us_what_it_says_to_its_authors() {
    let Some(folder) = data() else { return };
    let record = read_and_written_again(&fs_err::read(folder.join(format!("{SAMPLE}.dat"))).unwrap());
    let text = fs_err::read_to_string(folder.join(format!("{SAMPLE}.json"))).unwrap();
    let theirs: Value = serde_json::from_str(&text).unwrap();
    let header = [
        ("sensorId", record.device_type),
        ("width", record.width),
        ("height", record.height),
        ("resolutionX", record.resolution_x),
        ("resolutionY", record.resolution_y),
    ];
    for (name, value) in header {
        assert_eq!(theirs[name], value, "{name}");
    }
    assert_eq!(theirs["sensorCertified"], record.certification != 0);
    let views = theirs["fingerprints"].as_array().unwrap();
    assert_eq!(views.len(), record.views.len());
    for (ours, theirs) in record.views.iter().zip(views) {
        same_view(ours, theirs);
    }
}

fn same_view(ours: &View, theirs: &Value) {
    let position = match theirs["position"].as_str().unwrap() {
        "RIGHT_INDEX" => 2,
        "LEFT_INDEX" => 7,
        other => panic!("{other} is not in the sample that this test knows"),
    };
    assert_eq!((ours.position, ours.impression), (position, 0));
    assert_eq!((&theirs["view"], &theirs["quality"]), (&ours.number.into(), &ours.quality.into()));
    assert_eq!(theirs["scanType"], "LIVE_PLAIN");
    let minutiae = theirs["minutiae"].as_array().unwrap();
    assert_eq!(minutiae.len(), ours.minutiae.len());
    for (ours, theirs) in ours.minutiae.iter().zip(minutiae) {
        same_minutia(ours, theirs);
    }
    // A block of extended data is its type, a length and the data; they show the data in base64.
    match theirs["extensions"].as_array().unwrap()[..] {
        [] => assert!(ours.extended.is_empty()),
        [ref block] => {
            assert_eq!((&block["type"], &block["data"]), (&0x0221.into(), &"AUS8NiFD".into()));
            assert_eq!(ours.extended, b"\x02\x21\x00\x06\x01\x44\xBC\x36\x21\x43"[..]);
        }
        _ => panic!("the sample has no more than one block a view"),
    }
}

fn same_minutia(ours: &Minutia, theirs: &Value) {
    let kind = match ours.kind {
        MinutiaType::Other => "OTHER",
        MinutiaType::RidgeEnding => "ENDING",
        MinutiaType::RidgeBifurcation => "BIFURCATION",
    };
    let fields: [(&str, Value); 5] = [
        ("type", kind.into()),
        ("positionX", ours.x.into()),
        ("positionY", ours.y.into()),
        ("angle", ours.direction.into()),
        ("quality", ours.quality.into()),
    ];
    for (name, value) in fields {
        assert_eq!(theirs[name], value, "{name} of {ours:?}");
    }
}

/// A file, the field that it has wrong, and that field put right.
struct OffStandard {
    file: &'static str,
    /// What the reader must say.
    error: &'static str,
    /// Where the wrong length is, and what it must be.
    mended: (usize, u16),
    minutiae: [usize; 2],
    extended: [usize; 2],
}

const OFF_STANDARD: [OffStandard; 2] = [
    OffStandard {
        file: "biomdi/ISO-19794-2_2005-Appendix-C2_Example.raw",
        error: "byte 8: total length: says 340 bytes, there are 341",
        mended: (10, 341),
        minutiae: [27, 22],
        extended: [0, 11],
    },
    OffStandard {
        file: "libbiomeval/fmr.iso2005",
        // Two cores and four deltas are 41 bytes with their type and length; the file says 42, twice.
        error: "byte 330: extended data: needs 42 bytes, 41 are left",
        mended: (328, 41),
        minutiae: [27, 22],
        extended: [0, 41],
    },
];

#[test]
fn a_record_that_says_a_wrong_length_is_refused_and_read_once_it_is_right() {
    let Some(folder) = data() else { return };
    for case in OFF_STANDARD {
        let mut bytes = fs_err::read(folder.join(case.file)).unwrap();
        let error = Record::decode(&bytes).unwrap_err();
        assert_eq!(error.to_string(), case.error, "{}", case.file);
        let (offset, length) = case.mended;
        bytes[offset..offset + 2].copy_from_slice(&length.to_be_bytes());
        let record = read_and_written_again(&bytes);
        let sizes = |of: fn(&View) -> usize| record.views.iter().map(of).collect::<Vec<_>>();
        assert_eq!(sizes(|view| view.minutiae.len()), case.minutiae, "{}", case.file);
        assert_eq!(sizes(|view| view.extended.len()), case.extended, "{}", case.file);
    }
}
