//! `whorl explain`: what it says is what a search decides by, its parts add up, and its drawing is a drawing.

use std::path::{Path, PathBuf};

use serde_json::Value;
use tempfile::TempDir;
use whorl_datasets::templates::{Random, another_impression, print_like};
use whorl_engine::engine::{Choice, Engine};
use whorl_engine::gallery::{Label, Partition, Scope};
use whorl_engine::interchange::iso_19794_2_2005::{Record, View};
use whorl_engine::minutia::{FingerPosition, Minutia};
use whorl_engine::template::{Probe, Template};

use crate::harness::{whorl, whorl_json};
use crate::people::skin;

fn index() -> FingerPosition {
    FingerPosition::try_from(2).unwrap()
}

/// Impression 1 of a person is the finger itself.
fn impression(person: u64, number: u64) -> Vec<Minutia> {
    let finger = print_like(&mut Random::new(person), 60);
    if number == 1 { finger } else { another_impression(&mut Random::new(1000 * number + person), &finger) }
}

fn record(minutiae: Vec<Minutia>) -> Vec<u8> {
    let view = View { position: 2, number: 0, impression: 0, quality: 80, minutiae, extended: vec![] };
    let record = Record {
        certification: 0,
        device_type: 0,
        width: 600,
        height: 600,
        resolution_x: 197,
        resolution_y: 197,
        views: vec![view],
    };
    record.encode().unwrap()
}

fn written(folder: &TempDir, name: &str, bytes: &[u8]) -> PathBuf {
    let path = folder.path().join(name);
    fs_err::write(&path, bytes).unwrap();
    path
}

fn explain(probe: &Path, reference: &Path, more: &[&str]) -> Value {
    let files = [probe, reference].map(|path| path.to_str().unwrap());
    whorl_json(&[&["explain", files[0], files[1], "--json"], more].concat())
}

/// Score and log-odds that a search answers.
fn searched(probe: &[Minutia], reference: &[Minutia]) -> (u32, i32) {
    let engine = Engine::new(&Choice::Cpu).unwrap();
    let partition = Partition::new(1).unwrap();
    let label = Label { partition, attributes: 0, expiry_day: 1, sequence: 0 };
    engine.append(&[(label, vec![(index(), Template::new(reference).unwrap())])]).unwrap();
    let probe = Probe::new(Template::new(probe).unwrap());
    let found = engine.search(&[(index(), probe)], &Scope::new([partition], 0, 1, u32::MAX), 0);
    let candidate = &found.candidates[0];
    (candidate.score, candidate.fingers[0].log_odds)
}

#[test]
fn the_parts_add_up_to_what_the_search_decides_by() {
    let folder = tempfile::tempdir().unwrap();
    for (person, other) in [(1, 1), (1, 2), (3, 3)] {
        let (first, second) = (impression(person, 1), impression(other, 2));
        let probe = written(&folder, "probe.fmr", &record(first.clone()));
        let reference = written(&folder, "reference.ist", &record(second.clone()));
        let told = explain(&probe, &reference, &[]);
        let (score, log_odds) = searched(&first, &second);
        assert_eq!(told["score"], score);
        assert_eq!(told["log_odds"].as_f64().unwrap() * 4096.0, f64::from(log_odds));
        let terms = told["terms"].as_array().unwrap();
        let parts: f64 = terms.iter().map(|term| term["log_odds"].as_f64().unwrap()).sum();
        assert_eq!(terms.len(), 8);
        assert_eq!(parts + told["offset"].as_f64().unwrap(), told["log_odds"].as_f64().unwrap());
        let same = person == other;
        let pairs = told["pairs"].as_array().unwrap();
        assert!((score > 60) == same && pairs.len() > 1, "{score}, {} pairs", pairs.len());
        for (side, found) in [("probe", &first), ("reference", &second)] {
            assert_eq!(told[side]["found"], found.len());
            let kept = told[side]["minutiae"].as_array().unwrap();
            assert_eq!(kept.len(), found.len().min(48));
            let is_there = |mark: &Value| {
                let number = |name: &str| mark[name].as_f64().unwrap();
                let direction = number("direction_degrees") * 256.0 / 360.0;
                let same = |m: &Minutia| {
                    (f64::from(m.x), f64::from(m.y), f64::from(m.direction))
                        == (number("x"), number("y"), direction)
                };
                found.iter().any(same)
            };
            assert!(kept.iter().all(is_there), "{side}");
            assert!(pairs.iter().all(|pair| pair[side].as_u64().unwrap() < kept.len() as u64));
        }
    }
}

/// Every tag that is opened is closed, in order; returns how many elements of a name there are.
fn elements(svg: &str, name: &str) -> usize {
    let (mut open, mut count) = (Vec::new(), 0);
    for tag in svg.split('<').skip(1).map(|rest| rest.split_once('>').expect("an open tag").0) {
        let attributes = tag.trim_end_matches('/');
        assert_eq!(attributes.matches('"').count() % 2, 0, "{tag}");
        if let Some(closed) = tag.strip_prefix('/') {
            assert_eq!(open.pop(), Some(closed), "closed out of order");
            continue;
        }
        let element = attributes.split_ascii_whitespace().next().unwrap();
        count += usize::from(element == name);
        if !tag.ends_with('/') {
            open.push(element);
        }
    }
    assert!(open.is_empty(), "not closed: {open:?}");
    count
}

#[test]
fn the_drawing_of_records_is_whole_and_has_a_line_a_pair() {
    let folder = tempfile::tempdir().unwrap();
    let probe = written(&folder, "a <strange> & \"quoted\" name.fmr", &record(impression(1, 1)));
    let reference = written(&folder, "reference.fmr", &record(impression(1, 2)));
    let svg = folder.path().join("pairs.svg");
    for _ in 0..2 {
        let told = explain(&probe, &reference, &["--svg", svg.to_str().unwrap()]);
        let drawn = fs_err::read_to_string(&svg).unwrap();
        assert_eq!(elements(&drawn, "line"), 2 * told["pairs"].as_array().unwrap().len());
        assert_eq!(elements(&drawn, "svg"), 4, "the drawing and its three panels");
        assert_eq!((elements(&drawn, "image"), elements(&drawn, "script")), (0, 0));
        assert!(drawn.contains("a &lt;strange&gt; &amp; &quot;quoted&quot; name.fmr"));
    }
}

#[test]
fn images_are_in_the_drawing_and_minutiae_are_on_them() {
    let folder = tempfile::tempdir().unwrap();
    let finger = skin(5);
    let image = |touch| finger.image(touch).to_png().unwrap();
    let (probe, reference) =
        (written(&folder, "probe.png", &image(1)), written(&folder, "reference.png", &image(2)));
    let svg = folder.path().join("pairs.svg");
    let told = explain(&probe, &reference, &["--svg", svg.to_str().unwrap()]);
    let drawn = fs_err::read_to_string(&svg).unwrap();
    assert_eq!((elements(&drawn, "image"), drawn.matches("data:image/png;base64,").count()), (2, 2));
    for side in ["probe", "reference"] {
        for mark in told[side]["minutiae"].as_array().unwrap() {
            let inside = |name: &str, end: f64| (0.0..end).contains(&mark[name].as_f64().unwrap());
            assert!(inside("x", 320.0) && inside("y", 400.0), "{mark}");
        }
    }
    let table = whorl(&["explain", probe.to_str().unwrap(), reference.to_str().unwrap()]);
    let table = String::from_utf8(table.stdout).unwrap();
    assert!(
        table.contains("cosine of the turn") && table.contains(&format!("Score {}", told["score"])),
        "{table}"
    );
}

#[test]
fn the_file_that_is_wrong_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let good = written(&folder, "good.fmr", &record(impression(1, 1)));
    let mut few = impression(1, 2);
    few.truncate(5);
    let poor = written(&folder, "poor.fmr", &record(few));
    let broken = written(&folder, "broken.png", b"not a PNG");
    let unknown = written(&folder, "print.gif", b"");
    for (file, word) in [
        (poor, "5 minutiae"),
        (broken, "decoded"),
        (unknown, ".wsq"),
        (folder.path().join("missing.png"), "No such file"),
    ] {
        let name = file.file_name().unwrap().to_str().unwrap().to_owned();
        let told = whorl(&["explain", good.to_str().unwrap(), file.to_str().unwrap()]);
        let said = String::from_utf8(told.stderr).unwrap();
        assert_eq!(told.status.code(), Some(1), "{said}");
        assert!(said.contains(&name) && said.contains(word), "{said}");
    }
}
