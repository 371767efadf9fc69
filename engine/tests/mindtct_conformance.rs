//! Compares the minutiae that we get from NIST mindtct with those that NIST got, on NIST's own rolled prints.
//!
//! The transactions hold one uncompressed image each; beside them lie the two files that NIST's program wrote:
//! `.min` (place from the top left, direction in 32nds of a turn clockwise from up, reliability, type) and `.xyt` (place from
//! the bottom left, direction in degrees, quality). What must hold: the same minutiae in the same order, and
//! every field as the conversion to ISO/IEC 19794-2 in `extraction::mindtct` documents it, without a tolerance.
//! Both files are needed for that: only `.min` has the type, and only `.xyt` the quality before it was rounded to
//! thousandths. NIST gave its program 19.69 pixels a millimetre, ours says 500 ppi: that changes nothing here.

#![expect(clippy::unwrap_used, clippy::print_stdout, reason = "helpers of tests are tests too")]

use std::path::{Path, PathBuf};

use image::GrayImage;
use whorl_engine::extraction::mindtct;
use whorl_engine::interchange::ansi_nist_itl::{Compression, File};
use whorl_engine::minutia::{Minutia, MinutiaType};

const WIDTH: u32 = 800;
const HEIGHT: u32 = 768;
const PRINTS: [&str; 3] = ["g001t2u", "g003t8u", "g006t6u"];

fn data() -> Option<PathBuf> {
    let root = std::env::var_os("WHORL_DATA")
        .map_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/data"), PathBuf::from);
    let folder = root.join("conformance/mindtct");
    if !folder.is_dir() {
        println!("SKIPPED: real data not found (set WHORL_DATA)");
        return None;
    }
    Some(folder)
}

/// The image of the transaction, uncompressed.
fn image(folder: &Path, print: &str) -> GrayImage {
    let bytes = fs_err::read(folder.join(format!("{print}.eft"))).unwrap();
    let transaction = File::decode(&bytes).unwrap();
    let [image] = &transaction.impressions().unwrap()[..] else {
        panic!("{print} has another number of images")
    };
    assert_eq!((image.width, image.height, image.compression), (WIDTH, HEIGHT, Compression::None), "{print}");
    GrayImage::from_raw(WIDTH, HEIGHT, image.data.to_vec()).unwrap()
}

fn ours(folder: &Path, print: &str) -> Vec<Minutia> {
    mindtct::minutiae(&image(folder, print)).unwrap()
}

/// One line of a `.min` file, as `extraction::mindtct` should have it but for the quality, and its reliability.
fn from_min(line: &str) -> Option<(Minutia, f64)> {
    let fields: Vec<&str> = line.split(':').map(str::trim).collect();
    let (x, y) = fields.get(1)?.split_once(',')?;
    let direction: u32 = fields[2].parse().ok()?;
    let minutia = Minutia {
        kind: match fields[4] {
            "RIG" => MinutiaType::RidgeEnding,
            "BIF" => MinutiaType::RidgeBifurcation,
            _ => return None,
        },
        x: x.trim().parse().ok()?,
        y: y.trim().parse().ok()?,
        direction: u8::try_from((64 + 256 - 8 * direction) % 256).ok()?,
        quality: 0,
    };
    Some((minutia, fields[3].parse().ok()?))
}

#[test]
fn minutiae_are_those_of_nist_in_its_order() {
    let Some(folder) = data() else { return };
    let mut compared = 0;
    for print in PRINTS {
        let text = fs_err::read_to_string(folder.join(format!("{print}_nist.min"))).unwrap();
        let theirs: Vec<(Minutia, f64)> = text.lines().filter_map(from_min).collect();
        let announced = format!("{} Minutiae Detected", theirs.len());
        assert!(text.contains(&announced), "{print}: a line was not understood");
        let ours = ours(&folder, print);
        assert_eq!(ours.len(), theirs.len(), "{print}");
        for (ours, (theirs, reliability)) in ours.iter().zip(&theirs) {
            assert_eq!(Minutia { quality: 0, ..*ours }, *theirs, "{print}");
            // Half a hundredth is our rounding, half a thousandth the file's.
            let apart = (f64::from(ours.quality) / 100.0 - reliability).abs();
            assert!(apart < 0.0055 + 1e-9, "{print}: {ours:?}, reliability {reliability}");
        }
        println!("{print}: {} minutiae, none differs", theirs.len());
        compared += theirs.len();
    }
    println!("{compared} minutiae compared with NIST's .min files");
}

/// The same, through the other file, which decides the quality: there it must be equal. Its direction points the other
/// way (NIST's own convention, not that of the standards) in whole degrees, halves rounded down.
#[test]
fn minutiae_and_quality_are_those_that_nist_matches_with() {
    let Some(folder) = data() else { return };
    for print in PRINTS {
        let text = fs_err::read_to_string(folder.join(format!("{print}_nist.xyt"))).unwrap();
        let theirs: Vec<[u32; 4]> = text
            .lines()
            .map(|line| {
                let fields: Vec<u32> = line.split(' ').map(|field| field.parse().unwrap()).collect();
                fields.try_into().unwrap()
            })
            .collect();
        let ours: Vec<[u32; 4]> = ours(&folder, print).iter().map(xyt).collect();
        let differing: Vec<_> = ours.iter().zip(&theirs).filter(|(a, b)| a != b).collect();
        assert!(ours.len() == theirs.len() && differing.is_empty(), "{print}: {differing:?}");
    }
}

fn xyt(minutia: &Minutia) -> [u32; 4] {
    // A 32nd of a turn, eight units, is 11.25 degrees.
    let hundredths = (u32::from(minutia.direction) / 8 * 1125 + 18_000) % 36_000;
    [minutia.x.into(), HEIGHT - u32::from(minutia.y), (hundredths + 49) / 100, minutia.quality.into()]
}
