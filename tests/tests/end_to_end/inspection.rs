//! `whorl inspect`: sound files are shown, damaged ones where they break.

use serde_json::{Value, json};

use crate::formats::real;
use crate::harness::whorl;
use crate::people::finger;

/// A line of JSON for each file, and whether all were sound.
fn inspected(files: &[String]) -> (Vec<Value>, Option<i32>) {
    let arguments: Vec<&str> =
        ["inspect", "--json"].into_iter().chain(files.iter().map(String::as_str)).collect();
    let output = whorl(&arguments);
    let text = String::from_utf8(output.stdout).unwrap();
    (text.lines().map(|line| serde_json::from_str(line).unwrap()).collect(), output.status.code())
}

fn files(folder: &std::path::Path) -> Vec<String> {
    let paths = fs_err::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let mut files: Vec<_> = paths.map(|path| path.to_str().unwrap().to_owned()).collect();
    files.sort();
    files
}

#[test]
fn what_is_in_a_file_is_told_by_its_bytes_and_not_by_its_name() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str, bytes: &[u8]| {
        let path = folder.path().join(name);
        fs_err::write(&path, bytes).unwrap();
        path.to_str().unwrap().to_owned()
    };
    let record = finger(1, 2, 1);
    let print = crate::formats::touch(1, 2, 1);
    let sound = [at("a.bin", &record), at("b", &print.to_png().unwrap())];
    let (told, code) = inspected(&sound);
    assert_eq!(code, Some(0));
    assert_eq!(
        (&told[0]["format"], &told[0]["standard"]),
        (&json!("minutiae-record"), &json!("ISO/IEC 19794-2:2005"))
    );
    assert_eq!(told[0]["views"][0]["position"], 2);
    assert_eq!((&told[1]["kind"], &told[1]["width"]), (&json!("PNG"), &json!(print.width)));

    let damaged = [
        at("cut", &record[..record.len() - 1]),
        at("other", b"FMR\x00099\0"),
        at("text", b"hello"),
        at("empty", b""),
    ];
    let (told, code) = inspected(&damaged);
    assert_eq!((code, told.len()), (Some(1), 4));
    assert_eq!(
        (&told[0]["damage"]["field"], &told[0]["damage"]["offset"]),
        (&json!("total length"), &json!(8))
    );
    assert!(told.iter().all(|one| one["damage"]["problem"].is_string()), "{told:?}");
    let shown = whorl(&["inspect", &sound[0], &damaged[0], "/nowhere"]);
    let text = String::from_utf8(shown.stdout).unwrap();
    assert!(text.contains("right index (2): ") && text.contains("total length, byte 8: "), "{text}");
    assert!(!shown.stderr.is_empty() && shown.status.code() == Some(1));
    assert_eq!(whorl(&["inspect"]).status.code(), Some(2));
}

#[test]
fn a_real_card_is_shown_record_by_record_and_each_damaged_one_breaks_somewhere() {
    let Some(folder) = real("conformance") else { return };
    let (told, code) = inspected(&files(&folder.join("ansi-nist")));
    assert_eq!((told.len(), code), (9, Some(0)));
    let card = told.iter().find(|one| one["file"].as_str().unwrap().ends_with("/a001.an2")).unwrap();
    let images: Vec<_> =
        card["records"].as_array().unwrap().iter().filter_map(|record| record.get("image")).collect();
    let slaps = images.iter().filter(|image| image["positions"][0].as_u64().unwrap() > 10).count();
    assert_eq!((images.len(), slaps), (14, 4), "ten rolled, four slaps");
    let (told, code) = inspected(&files(&folder.join("ansi-nist-malformed")));
    assert_eq!((told.len(), code), (33, Some(1)));
    for one in told {
        let damage = &one["damage"];
        assert!(damage["problem"].is_string() && damage["offset"].is_u64(), "{one}");
        assert!(damage["record"].is_u64(), "{one}");
    }
}
