//! Reads NIST's JPEG 2000 prints, and what becomes of the minutiae of a print that is encoded or resampled.
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

use image::GrayImage;
use image::imageops::{FilterType, resize};
use whorl_engine::extraction::image::{at_500_ppi, check, decode};
use whorl_engine::extraction::mindtct::minutiae;
use whorl_engine::extraction::{ImageFormat, Request, wsq};
use whorl_engine::minutia::Minutia;

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

fn decoded(path: &Path, format: ImageFormat) -> GrayImage {
    let request = Request { format, resolution_ppi: 500, segment: None };
    decode(request, &read(path)).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// FNV-1a, 64 bits.
fn digest(bytes: &[u8]) -> u64 {
    bytes
        .iter()
        .fold(0xcbf2_9ce4_8422_2325, |hash, &byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3))
}

/// Mean and standard deviation of grey levels.
fn moments(levels: &[u8]) -> (f64, f64) {
    let count = levels.len() as f64;
    let mean = levels.iter().map(|&level| f64::from(level)).sum::<f64>() / count;
    let squares = levels.iter().map(|&level| (f64::from(level) - mean).powi(2)).sum::<f64>();
    (mean, (squares / count).sqrt())
}

#[test]
fn jpeg_2000_without_loss_has_the_pixels_that_openjpeg_gives() {
    let Some(folder) = data("conformance/jp2") else {
        return;
    };
    let file = folder.join("libbiomeval-img.jp2");
    assert_eq!(check(ImageFormat::Jp2, &read(&file), 500), Ok((908, 1007)));
    // OpenJPEG 2.5.0, which shares no code with the decoder in use.
    assert_eq!(digest(decoded(&file, ImageFormat::Jp2).as_raw()), 0x2111_35bc_a37b_e121);
}

#[test]
fn jpeg_2000_with_loss_agrees_with_openjpeg() {
    let Some(folder) = data("conformance/jp2") else {
        return;
    };
    let image = decoded(&folder.join("finger.jp2"), ImageFormat::Jp2);
    assert_eq!(image.dimensions(), (804, 752));
    // Of four stripes from the top, by OpenJPEG 2.5.0; other arithmetic may round single pixels differently.
    let expected = [(210.969, 65.332), (150.175, 65.023), (140.571, 54.599), (189.490, 60.689)];
    for (stripe, (mean, deviation)) in image.as_raw().chunks(188 * 804).zip(expected) {
        let found = moments(stripe);
        let near = (found.0 - mean).abs() < 0.02 && (found.1 - deviation).abs() < 0.02;
        assert!(near, "{found:?}, not {mean} and {deviation}");
    }
    assert_eq!(decoded(&folder.join("finger.png"), ImageFormat::Png).dimensions(), (776, 752));
}

/// How many of `of` have one of `among` within 4 pixels that points within 17 degrees of the same way.
fn found_again(of: &[Minutia], among: &[Minutia]) -> usize {
    let near = |a: &Minutia, b: &Minutia| {
        let turn = a.direction.wrapping_sub(b.direction);
        a.x.abs_diff(b.x) <= 4 && a.y.abs_diff(b.y) <= 4 && turn.min(turn.wrapping_neg()) <= 12
    };
    of.iter().filter(|a| among.iter().any(|b| near(a, b))).count()
}

/// The original of NIST's WSQ print.
fn original() -> Option<GrayImage> {
    let file = data("conformance/wsq/finger.original-500x500-8bit.raw")?;
    GrayImage::from_raw(500, 500, read(&file))
}

#[test]
fn minutiae_stay_when_a_print_is_encoded_as_wsq() {
    let Some(print) = original() else {
        return;
    };
    let file = wsq::encode(500, 500, print.as_raw(), Some(500), wsq::WSQ_RATE).expect("a print");
    let again = wsq::decode(&file, 250_000).expect("what we wrote");
    let again = GrayImage::from_raw(500, 500, again.pixels).expect("as many pixels");
    let (before, after) = (minutiae(&print).expect("minutiae"), minutiae(&again).expect("minutiae"));
    let kept = found_again(&before, &after);
    println!("WSQ: {} minutiae, {} after, {kept} found again", before.len(), after.len());
    assert!(before.len() >= 40 && before.len().abs_diff(after.len()) * 10 <= before.len());
    assert!(kept * 100 >= before.len() * 80);
}

#[test]
fn minutiae_stay_when_a_print_is_enlarged_to_1000_ppi_and_reduced_again() {
    let Some(print) = original() else {
        return;
    };
    let again = at_500_ppi(resize(&print, 1000, 1000, FilterType::Lanczos3), 1000);
    let (before, after) = (minutiae(&print).expect("minutiae"), minutiae(&again).expect("minutiae"));
    let kept = found_again(&before, &after);
    println!("1000 ppi: {} minutiae, {} after, {kept} found again", before.len(), after.len());
    assert!(before.len().abs_diff(after.len()) * 10 <= before.len());
    assert!(kept * 100 >= before.len() * 85);
}
