//! `whorl generate`: the same people however they are asked for, in both layouts, and nothing overwritten.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use serde_json::Value;
use whorl_engine::interchange::iso_19794_2_2005::Record;

use crate::harness::{whorl, whorl_json};

fn lines(more: &[&str]) -> Vec<Value> {
    let output = whorl(&[&["generate", "--seed", "3", "--output", "-"], more].concat());
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout)
        .unwrap()
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

#[test]
fn a_person_is_the_same_whoever_else_is_generated() {
    let all = lines(&["--people", "5", "--impressions", "2"]);
    assert_eq!(all.len(), 5 * 10 * 2);
    let some = lines(&["--people", "2", "--first", "3", "--fingers", "7,2", "--impressions", "2"]);
    let wanted = |print: &&Value| {
        print["person"].as_u64() >= Some(3) && [2, 7].contains(&print["position"].as_u64().unwrap())
    };
    assert_eq!(some.iter().collect::<Vec<_>>(), all.iter().filter(wanted).collect::<Vec<_>>());
    let record = Record::decode(&BASE64.decode(some[0]["record"].as_str().unwrap()).unwrap()).unwrap();
    assert_eq!((record.width, record.views.len(), record.views[0].position), (320, 1, 2));
}

#[test]
fn a_folder_is_what_evaluate_reads_and_is_not_overwritten() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("made");
    let path = path.to_str().unwrap();
    let generate = ["generate", "--people", "6", "--seed", "3", "--fingers", "2,7", "--impressions", "3"];
    let generate = [&generate[..], &["--layout", "fvc", "--output", path]].concat();
    assert!(whorl(&generate).status.success());
    let evaluated = whorl_json(&["evaluate", "fvc", path, "--json"]);
    assert_eq!(
        (&evaluated["sets"][0]["genuine"], &evaluated["sets"][0]["samples"]),
        (&36.into(), &36.into())
    );
    let manifest: Value =
        serde_json::from_slice(&fs_err::read(folder.path().join("made/manifest.json")).unwrap()).unwrap();
    assert_eq!((&manifest["seed"], &manifest["fingers"]), (&3.into(), &serde_json::json!([2, 7])));

    let again = whorl(&generate);
    let said = String::from_utf8_lossy(&again.stderr).into_owned();
    assert!(again.status.code() == Some(1) && said.contains("not empty"), "{said}");
}

#[test]
fn images_are_of_the_same_people_and_are_what_evaluate_reads() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("made");
    let path = path.to_str().unwrap();
    let some = ["--people", "3", "--fingers", "7", "--impressions", "2", "--images"];
    let generate = [&["generate", "--seed", "3"], &some[..], &["--layout", "fvc", "--output", path]].concat();
    assert!(whorl(&generate).status.success());
    let evaluated = whorl_json(&["evaluate", "fvc", path, "--json"]);
    let set = &evaluated["sets"][0];
    assert_eq!((&set["genuine"], &set["impostor"], &set["samples"]), (&3.into(), &12.into(), &6.into()));
    for (number, print) in lines(&some).iter().enumerate() {
        let name = format!("{}_{}.png", print["person"].as_u64().unwrap() * 10 + 6, number % 2 + 1);
        let file = fs_err::read(folder.path().join("made").join(name)).unwrap();
        assert_eq!(BASE64.encode(file), print["image"].as_str().unwrap());
        assert!(print.get("record").is_none());
    }
}
