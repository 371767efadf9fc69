//! Real files where they are, and sound ones made here, so that the tests mean something without the others.

use std::path::{Path, PathBuf};
use std::sync::Once;

/// Every file of a folder of the conformance data of at most so many bytes, by name.
pub fn real(folder: &str, most_bytes: usize) -> Vec<Vec<u8>> {
    let root = std::env::var_os("WHORL_DATA")
        .map_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/data"), PathBuf::from);
    let folder = root.join("conformance").join(folder);
    if !folder.is_dir() {
        // Once is enough: every target asks for several folders.
        static SAID: Once = Once::new();
        SAID.call_once(|| {
            println!("SKIPPED: real data not found (set WHORL_DATA); made ones alone are changed");
        });
        return Vec::new();
    }
    let mut paths: Vec<PathBuf> =
        fs_err::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    let files = paths.iter().filter(|path| path.is_file()).map(|path| fs_err::read(path).unwrap());
    files.filter(|bytes| bytes.len() <= most_bytes).collect()
}

/// Grey levels of a print, or nearly: ridges 9 pixels apart around a point.
pub fn ridges(width: u32, height: u32) -> Vec<u8> {
    let pixel = |x: u32, y: u32| {
        let (x, y) = (f64::from(x) - f64::from(width) / 3.0, f64::from(y) + 20.0);
        let level = 127.5 + 100.0 * (x.hypot(y) * std::f64::consts::TAU / 9.0).sin();
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "27 to 228")]
        let level = level as u8;
        level
    };
    (0..height).flat_map(|y| (0..width).map(move |x| pixel(x, y))).collect()
}
