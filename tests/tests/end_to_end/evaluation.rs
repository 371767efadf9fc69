//! `whorl evaluate` on folders of made-up fingers: what it counts, what it calls a failure, and which file it blames.

use std::path::Path;

use serde_json::Value;
use tempfile::TempDir;
use whorl_bozorth3::xyt::Xyt;
use whorl_datasets::corpus::Corpus;
use whorl_engine::interchange::iso_19794_2_2005::Record;

use crate::harness::{whorl, whorl_json};
use crate::people::finger;

const FINGERS: u64 = 5;
const IMPRESSIONS: u64 = 3;

/// `<finger>_<impression>.fmr`, all sound.
fn set() -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    for person in 1..=FINGERS {
        for impression in 1..=IMPRESSIONS {
            let path = folder.path().join(format!("{person}_{impression}.fmr"));
            fs_err::write(path, finger(person, 2, impression)).unwrap();
        }
    }
    fs_err::write(folder.path().join("README"), "not a print").unwrap();
    folder
}

fn fvc(folder: &Path, more: &[&str]) -> Value {
    whorl_json(&[&["evaluate", "fvc", folder.to_str().unwrap(), "--json"], more].concat())
}

/// What must fail with exit code 1 and these words.
fn refused(arguments: &[&str], words: &[&str]) {
    let output = whorl(arguments);
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(1), "{said}");
    for word in words {
        assert!(said.contains(word), "`{word}` is not in: {said}");
    }
}

#[test]
fn both_matchers_tell_fingers_apart_and_say_so_in_the_documented_fields() {
    let folder = set();
    for matcher in ["whorl", "bozorth3"] {
        let mut output = fvc(folder.path(), &["--matcher", matcher]);
        assert_eq!(output["matcher"], matcher);
        let set = &output["sets"][0];
        assert_eq!(set["name"], folder.path().file_name().unwrap().to_str().unwrap());
        // 5 fingers x 3 pairs, and 10 pairs of fingers x 9.
        assert_eq!((&set["genuine"], &set["impostor"]), (&15.into(), &90.into()));
        for rate in ["eer_fvc", "eer", "fmr100", "fmr1000", "zero_fmr", "failure_to_extract"] {
            assert_eq!(set[rate], 0.0, "{matcher}, {rate}");
        }
        assert_eq!(set["fmr10000"], Value::Null, "90 impostors say nothing of 1e-4");
        assert!(output["provenance"]["command"].as_str().unwrap().starts_with("whorl evaluate fvc "));
        let mut again = fvc(folder.path(), &["--matcher", matcher]);
        for run in [&mut output, &mut again] {
            run["comparisons_per_second"].take();
        }
        assert_eq!(output, again, "the same command gives the same figures");
    }
}

#[test]
fn a_print_that_is_not_extracted_is_counted_as_a_non_match() {
    let folder = set();
    let mut record = Record::decode(&finger(1, 2, 1)).unwrap();
    record.views[0].minutiae.truncate(5);
    fs_err::write(folder.path().join("1_1.fmr"), record.encode().unwrap()).unwrap();
    for matcher in ["whorl", "bozorth3"] {
        let output = fvc(folder.path(), &["--matcher", matcher]);
        let set = &output["sets"][0];
        // Two of the 15 mated comparisons have it.
        for rate in ["fmr100", "fmr1000", "zero_fmr"] {
            assert_eq!(set[rate], 2.0 / 15.0, "{matcher}, {rate}");
        }
        assert_eq!((&set["failure_to_extract"], &set["genuine"]), (&(1.0 / 15.0).into(), &15.into()));
        let failed = &set["failed"][0];
        assert!(failed["file"].as_str().unwrap().ends_with("1_1.fmr"), "{failed}");
        assert!(failed["problem"].as_str().unwrap().starts_with("5 minutiae"), "{failed}");
    }
}

#[test]
fn minutiae_in_nists_format_are_the_same_minutiae() {
    let (records, lines) = (set(), tempfile::tempdir().unwrap());
    for entry in fs_err::read_dir(records.path()).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_none() {
            continue;
        }
        let record = Record::decode(&fs_err::read(&path).unwrap()).unwrap();
        let line = |m: Xyt| format!("{} {} {} {}\n", m.x, m.y, m.theta, m.quality);
        let text: String = record.views[0].minutiae.iter().map(|m| line(Xyt::from(m))).collect();
        let name = path.with_extension("xyt");
        fs_err::write(lines.path().join(name.file_name().unwrap()), text).unwrap();
    }
    let rates = |folder: &Path| fvc(folder, &["--matcher", "bozorth3"])["pooled"].clone();
    assert_eq!(rates(records.path()), rates(lines.path()));
}

#[test]
fn what_cannot_be_evaluated_is_named() {
    let folder = set();
    let path = folder.path().to_str().unwrap();
    fs_err::write(folder.path().join("2_2.fmr"), b"FMR\0 30\0").unwrap();
    refused(&["evaluate", "fvc", path], &["2_2.fmr", "version"]);
    fs_err::write(folder.path().join("2_2.png"), b"").unwrap();
    refused(&["evaluate", "fvc", path], &["2_2.fmr", "2_2.png", "twice"]);
    fs_err::write(folder.path().join("right-index.png"), b"").unwrap();
    refused(&["evaluate", "fvc", path], &["right-index.png", "<finger>_<impression>"]);
    refused(&["evaluate", "fvc", "/nowhere"], &["/nowhere"]);
    let empty = tempfile::tempdir().unwrap();
    refused(&["evaluate", "fvc", empty.path().to_str().unwrap()], &["no file <finger>_<impression>"]);
}

#[test]
fn a_set_of_real_images_is_as_good_as_it_is_known_to_be() {
    let Some(corpus) = Corpus::find(Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/.."))) else {
        println!("SKIPPED: real data not found (set WHORL_DATA)");
        return;
    };
    let prints = corpus.fvc().unwrap();
    let folder = prints[0].path.parent().unwrap();
    for matcher in ["whorl", "bozorth3"] {
        let output = fvc(folder, &["--matcher", matcher]);
        let set = &output["sets"][0];
        assert_eq!(
            (&set["genuine"], &set["impostor"], &set["impostor_fvc"]),
            (&280.into(), &2880.into(), &45.into())
        );
        let eer = set["eer"].as_f64().unwrap();
        println!("{}: EER of {matcher} {eer:.4}", set["name"]);
        assert!(eer < 0.06 && set["failure_to_extract"] == 0.0, "{set}");
    }
}

/// Two enrolled persons with two fingers each, a search of one of them, and one of a stranger.
fn small_protocol(folder: &Path) -> String {
    let mut lines = "role,record,person,position,file\n".to_owned();
    for (role, record, person, number, impression) in [
        ("enrolled", "a", "A", 1, 1),
        ("enrolled", "b", "B", 2, 1),
        ("probe", "p", "A", 1, 2),
        ("probe", "q", "", 3, 1),
    ] {
        for position in [2u8, 7] {
            let file = folder.join(format!("{record}_{position}.fmr"));
            fs_err::write(&file, finger(number, position, impression)).unwrap();
            lines += &format!("{role},{record},{person},{position},{}\n", file.display());
        }
    }
    let path = folder.join("protocol.csv");
    fs_err::write(&path, lines).unwrap();
    path.to_str().unwrap().to_owned()
}

#[test]
fn the_enrolled_person_is_found_and_the_stranger_is_not() {
    let folder = tempfile::tempdir().unwrap();
    let protocol = small_protocol(folder.path());
    for matcher in ["whorl", "bozorth3"] {
        let output = whorl_json(&["evaluate", "identify", &protocol, "--json", "--matcher", matcher]);
        assert_eq!((&output["matcher"], &output["gallery"]), (&matcher.into(), &2.into()));
        let searches = &output["searches"];
        let counts = (&searches["mated"], &searches["not_enrolled"], &searches["non_mated"]);
        assert_eq!(
            counts,
            (&1.into(), &1.into(), &2.into()),
            "the stranger, and the mated search without its mate"
        );
        assert_eq!((&output["rank1"], &output["cmc"]), (&1.0.into(), &vec![1.0, 1.0].into()));
        for miss in output["fnir_at_fpir"].as_array().unwrap() {
            assert_eq!(miss["fnir"], 0.0, "{matcher}: {miss}");
        }
        assert_eq!(output["stage1"].is_null(), matcher == "bozorth3");
    }
}

#[test]
fn the_protocol_that_is_written_is_the_one_that_is_run() {
    let folder = set();
    let set = folder.path().to_str().unwrap();
    for (fingers, gallery, mated, strangers) in [("1", 4, 8, 3), ("2", 1, 2, 3)] {
        let arguments = ["evaluate", "protocol", "--fvc", set, "--fingers", fingers, "--not-enrolled", "1"];
        let written = whorl(&arguments);
        assert!(written.status.success(), "{}", String::from_utf8_lossy(&written.stderr));
        let path = folder.path().join("protocol.csv");
        fs_err::write(&path, written.stdout).unwrap();
        let output = whorl_json(&["evaluate", "identify", path.to_str().unwrap(), "--json"]);
        assert_eq!(output["gallery"], gallery, "{fingers}");
        let searches = &output["searches"];
        assert_eq!((&searches["mated"], &searches["not_enrolled"]), (&mated.into(), &strangers.into()));
        assert_eq!(output["rank1"], 1.0);
    }
}

#[test]
fn a_protocol_that_is_none_is_named_with_its_line() {
    let folder = tempfile::tempdir().unwrap();
    let protocol = small_protocol(folder.path());
    fs_err::write(&protocol, "role,record,person,position,file\nenrolled,a,A,12,a.fmr\n").unwrap();
    refused(&["evaluate", "identify", &protocol], &["protocol.csv", "line: 2", "finger position 12"]);
    refused(&["evaluate", "identify", "/nowhere.csv"], &["/nowhere.csv"]);
}

#[test]
fn a_report_is_one_file_that_fetches_nothing() {
    let (folder, named) = (set(), tempfile::tempdir().unwrap());
    let odd = named.path().join("a<b>&'c'");
    fs_err::create_dir(&odd).unwrap();
    for entry in fs_err::read_dir(folder.path()).unwrap() {
        let path = entry.unwrap().path();
        fs_err::copy(&path, odd.join(path.file_name().unwrap())).unwrap();
    }
    let protocol = small_protocol(named.path());
    let page = |arguments: &[&str]| {
        let path = named.path().join("report.html");
        let output = whorl(&[arguments, &["--report", path.to_str().unwrap()]].concat());
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        fs_err::read_to_string(path).unwrap()
    };
    for html in
        [page(&["evaluate", "fvc", odd.to_str().unwrap()]), page(&["evaluate", "identify", &protocol])]
    {
        assert!(html.starts_with("<!doctype html>") && html.ends_with("</html>\n"));
        for part in
            ["DET curves", "Histograms", "whorl evaluate ", env!("CARGO_PKG_VERSION"), "Processor", "95 %"]
        {
            assert!(html.contains(part), "{part}");
        }
        for outside in ["<script", "http:", "https:", "<link", "<img", "url(", "<b>"] {
            assert!(!html.contains(outside), "{outside}");
        }
    }
}
