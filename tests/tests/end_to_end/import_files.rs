//! `whorl import` of ANSI/NIST-ITL files: by the folder and by the archive.

use std::io::Write;

use serde_json::{Value, json};

use crate::harness::{Installation, PROGRAM};
use crate::transactions::{of_minutiae, texts};

#[test]
fn r_data_3_a_folder_and_an_archive_of_files_are_imported_once_and_what_is_refused_is_named() {
    let installation = Installation::new();
    let at = installation.authority("AT");
    let server = installation.serve();
    let folder = tempfile::tempdir().unwrap();
    let cards = folder.path().join("cards");
    fs_err::create_dir(&cards).unwrap();
    for person in 1..=6u64 {
        let number = if person == 4 { "DE1-4".to_owned() } else { format!("AT1-{person}") };
        fs_err::write(cards.join(format!("{person}.an2")), of_minutiae("CAT1", texts(&number), person, 1))
            .unwrap();
    }
    fs_err::write(cards.join("5b.an2"), b"1.001:7").unwrap();
    fs_err::write(cards.join("notes.txt"), b"cards of today").unwrap();
    let key = folder.path().join("at.key");
    fs_err::write(&key, &at).unwrap();
    let rejects = folder.path().join("rejects.ndjson");
    let import = |from: &std::path::Path| {
        let output = std::process::Command::new(PROGRAM)
            .args(["import", "--json", "--person", "p", "--to", &server.url, "--key-file"])
            .args([&key, std::path::Path::new("--rejects"), &rejects, from])
            .output()
            .unwrap();
        let summary: Value = serde_json::from_slice(&output.stdout).unwrap();
        (summary, String::from_utf8(output.stderr).unwrap(), output.status.code())
    };
    let (summary, said, code) = import(&cards);
    assert_eq!(
        (&summary["entered"], &summary["rejected"], code),
        (&json!(5), &json!(2), Some(1)),
        "{summary} {said}"
    );
    assert!(said.contains("1 files are passed over"), "{said}");
    let rejected: Vec<Value> = fs_err::read_to_string(&rejects)
        .unwrap()
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    let told = |reject: &Value| {
        let file = reject["file"].as_str().unwrap().rsplit('/').next().unwrap().to_owned();
        (
            file,
            reject["code"].as_str().unwrap().to_owned(),
            reject["field"].as_str().unwrap_or_default().to_owned(),
        )
    };
    assert_eq!(
        rejected.iter().map(told).collect::<Vec<_>>(),
        [
            ("4.an2".into(), "reference-number-invalid".into(), "2.010".into()),
            (
                "5b.an2".into(),
                "transaction-invalid".into(),
                rejected[1]["field"].as_str().unwrap_or_default().to_owned()
            ),
        ]
    );
    // The same again enters nothing; an archive is another import, whose numbers are taken.
    let (summary, ..) = import(&cards);
    assert_eq!((&summary["entered"], &summary["repeated"]), (&json!(0), &json!(5)));
    let archive = folder.path().join("cards.zip");
    let mut zip = zip::ZipWriter::new(fs_err::File::create(&archive).unwrap());
    for person in [1u64, 7] {
        zip.start_file(format!("{person}.an2"), zip::write::SimpleFileOptions::default()).unwrap();
        zip.write_all(&of_minutiae("CAT1", texts(&format!("AT1-{person}")), person, 1)).unwrap();
    }
    zip.finish().unwrap();
    let (summary, ..) = import(&archive);
    assert_eq!((&summary["entered"], &summary["rejected"]), (&json!(1), &json!(1)), "{summary}");
    assert_eq!(server.records(&at).len(), 6);
}
