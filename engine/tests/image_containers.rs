//! What is in real prints beside their pixels: nothing in those of NIST's conformance sets, and a list that speaks of the person
//! in those of its Special Database 14.
//!
//! The data are too large for the repository, so the tests look for them in the folder named by
//! `WHORL_DATA`, else in `shared/data` beside the workspace, and pass with a note where there
//! are none.
#![expect(
    clippy::expect_used,
    clippy::print_stdout,
    reason = "helpers of tests: a missing file fails the test, and skipping is told"
)]

use std::path::{Path, PathBuf};

use whorl_engine::extraction::ImageFormat;
use whorl_engine::extraction::containers::{nothing_beside, without_notes};

/// The files of a data folder that have this ending, by name; none where there are no data.
fn files(name: &str, ending: &str) -> Option<Vec<PathBuf>> {
    let data = std::env::var_os("WHORL_DATA")
        .map_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/data"), PathBuf::from);
    let folder = data.join(name);
    if !folder.exists() {
        println!("skipped: no real data");
        return None;
    }
    let entries = fs_err::read_dir(folder).expect("a readable folder");
    let paths = entries.map(|entry| entry.expect("a readable entry").path());
    let mut files: Vec<PathBuf> =
        paths.filter(|path| path.extension().is_some_and(|end| end == ending)).collect();
    files.sort();
    assert!(!files.is_empty(), "no file of {name} ends in {ending}");
    Some(files)
}

fn read(path: &Path) -> Vec<u8> {
    fs_err::read(path).expect("a readable file")
}

#[test]
fn real_prints_have_nothing_beside_their_pixels() {
    for (folder, ending, format) in [
        ("conformance/wsq", "wsq", ImageFormat::Wsq),
        ("conformance/jp2", "jp2", ImageFormat::Jp2),
        ("conformance/jp2", "png", ImageFormat::Png),
        ("FVC2002_DB1_B", "png", ImageFormat::Png),
    ] {
        for file in files(folder, ending).unwrap_or_default() {
            assert_eq!(nothing_beside(format, &read(&file)), Ok(()), "{}", file.display());
        }
    }
}

/// `HISTORY` is free text and `SEX` is of the person. What encoders write, around them, is not refused.
#[test]
fn prints_of_special_database_14_pass_once_their_comment_is_removed() {
    for path in files("NIST_SD14", "wsq").unwrap_or_default().iter().take(40) {
        let file = read(path);
        let place = |part: &[u8]| file.windows(part.len()).position(|window| window == part);
        let found = nothing_beside(ImageFormat::Wsq, &file).expect_err("a list with the sex of a person");
        assert_eq!(Some(found.offset), place(b"SD_ID 14\n"), "{}: {found}", path.display());
        let comment = place(&[0xff, 0xa8]).expect("a comment");
        let length = usize::from(u16::from_be_bytes([file[comment + 2], file[comment + 3]])) + 2;
        let bare = [&file[..comment], &file[comment + length..]].concat();
        assert_eq!(nothing_beside(ImageFormat::Wsq, &bare), Ok(()), "{}", path.display());
        assert!(without_notes(ImageFormat::Wsq, file) == bare, "{}", path.display());
    }
}
