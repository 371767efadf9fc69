//! Compares the WSQ decoder with NIST's on real prints, and damages prints to see it survive.
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

use whorl_engine::extraction::wsq;

const MAX_PIXELS: u64 = 4_000_000;

/// The data folder, if it has the files asked for.
fn data(name: &str) -> Option<PathBuf> {
    let folder = std::env::var_os("WHORL_DATA")
        .map_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/data"), PathBuf::from);
    let path = folder.join(name);
    if path.exists() {
        return Some(path);
    }
    println!("skipped: no real data");
    None
}

fn read(path: &Path) -> Vec<u8> {
    fs_err::read(path).expect("a readable file")
}

/// All WSQ files of a folder, by name.
fn wsq_files(folder: &Path) -> Vec<PathBuf> {
    let entries = fs_err::read_dir(folder).expect("a readable folder");
    let mut files: Vec<PathBuf> = entries
        .map(|entry| entry.expect("a readable entry").path())
        .filter(|path| path.extension().is_some_and(|end| end == "wsq"))
        .collect();
    files.sort();
    files
}

#[test]
fn pixels_agree_with_the_nist_decoder() {
    let Some(folder) = data("conformance/wsq") else {
        return;
    };
    let image = wsq::decode(&read(&folder.join("finger.wsq")), MAX_PIXELS).expect("a sound file");
    assert_eq!((image.width, image.height, image.ppi), (500, 500, Some(500)));
    let reference = read(&folder.join("finger.decoded-500x500-8bit.raw"));
    assert_eq!(image.pixels.len(), reference.len());
    let pairs = image.pixels.iter().zip(&reference);
    let differences: Vec<u8> =
        pairs.map(|(ours, theirs)| ours.abs_diff(*theirs)).filter(|&difference| difference > 0).collect();
    assert!(differences.len() <= 16, "{} differ", differences.len());
    assert!(differences.iter().all(|&difference| difference == 1));
}

#[test]
fn the_conformance_prints_decode() {
    let Some(folder) = data("conformance/wsq") else {
        return;
    };
    let files = wsq_files(&folder);
    assert!(!files.is_empty());
    for file in files {
        let image = wsq::decode(&read(&file), MAX_PIXELS);
        let image = image.unwrap_or_else(|error| panic!("{}: {error}", file.display()));
        assert_eq!(u64::from(image.width) * u64::from(image.height), image.pixels.len() as u64);
    }
}

#[test]
fn rolled_prints_have_their_sizes() {
    let Some(folder) = data("NIST_SD14") else {
        return;
    };
    for file in wsq_files(&folder).iter().step_by(120) {
        let image = wsq::decode(&read(file), MAX_PIXELS).expect("a sound file");
        assert_eq!((image.width, image.height, image.ppi), (832, 768, Some(500)));
        assert_eq!(image.pixels.len(), 832 * 768);
    }
}

#[test]
fn damaged_prints_are_survived() {
    let Some(folder) = data("conformance/wsq") else {
        return;
    };
    let file = read(&folder.join("libbiomeval-img.wsq"));
    for length in (0..file.len()).step_by(61) {
        assert!(wsq::decode(&file[..length], MAX_PIXELS).is_err(), "{length} bytes");
    }
    // A xorshift generator: the same damage on every run.
    let mut state = 0x2545_f491_4f6c_dd1d_u64;
    let mut random = |below: usize| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        usize::try_from(state % below as u64).expect("a small number")
    };
    for round in 0..2000 {
        let mut damaged = file.clone();
        // Every other round stays in the headers and tables, where most can go wrong.
        let reach = if round % 2 == 0 { 800 } else { file.len() };
        for _ in 0..=random(4) {
            let index = random(reach);
            damaged[index] = u8::try_from(random(256)).expect("a byte");
        }
        // At most twice the print's pixels, to keep the loop short in debug builds.
        if let Ok(image) = wsq::decode(&damaged, 131_072) {
            assert_eq!(u64::from(image.width) * u64::from(image.height), image.pixels.len() as u64);
        }
    }
}

/// Peak signal-to-noise ratio. Unit: dB.
fn psnr(a: &[u8], b: &[u8]) -> f64 {
    assert_eq!(a.len(), b.len());
    let squares: f64 = a.iter().zip(b).map(|(&a, &b)| f64::from(a.abs_diff(b)).powi(2)).sum();
    10.0 * (255.0 * 255.0 * a.len() as f64 / squares).log10()
}

#[test]
fn our_encoder_is_as_good_as_nists() {
    let Some(folder) = data("conformance/wsq") else {
        return;
    };
    let original = read(&folder.join("finger.original-500x500-8bit.raw"));
    let (theirs, decoded) =
        (read(&folder.join("finger.wsq")), read(&folder.join("finger.decoded-500x500-8bit.raw")));
    let ours = wsq::encode(500, 500, &original, Some(500), wsq::WSQ_RATE).expect("a print");
    let image = wsq::decode(&ours, MAX_PIXELS).expect("what we wrote");
    assert_eq!((image.width, image.height, image.ppi), (500, 500, Some(500)));
    let (ours_db, theirs_db) = (psnr(&image.pixels, &original), psnr(&decoded, &original));
    println!("ours {} bytes, {ours_db:.3} dB; NIST's {} bytes, {theirs_db:.3} dB", ours.len(), theirs.len());
    assert!(ours.len().abs_diff(theirs.len()) * 100 <= theirs.len() * 2);
    assert!(ours_db >= theirs_db - 0.1);
}
