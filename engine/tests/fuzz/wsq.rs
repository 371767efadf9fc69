//! WSQ: damaged files are read or refused, and images of any size come back about as they were.

use whorl_engine::extraction::wsq::{decode, encode, size};

use super::corpus::{real, ridges};
use super::driver::{Target, can_be_shown, within};
use super::mutations;
use super::random::Random;
use super::segments;

/// Limit of the inputs here; a few real prints, and quick to fill. Unit: pixels.
const PIXELS: u64 = 1 << 18;
/// Coefficients and the image, then the image, a copy for splits and the grey levels. Unit: bytes.
const MEMORY_A_PIXEL: u64 = 12;
/// The first byte pair after which a file is a row of blocks.
const START_OF_BLOCK: u8 = 0xA3;

pub fn check(bytes: &[u8]) -> bool {
    let header = within("size", bytes.len(), 0, || size(bytes, PIXELS));
    if let Err(error) = &header {
        can_be_shown(error);
    }
    let pixels = header.as_ref().map_or(0, |(width, height)| u64::from(*width) * u64::from(*height));
    match within("decode", bytes.len(), pixels * MEMORY_A_PIXEL, || decode(bytes, PIXELS)) {
        Ok(image) => {
            assert_eq!(header, Ok((image.width, image.height)));
            assert_eq!(image.pixels.len() as u64, pixels);
            true
        }
        Err(error) => {
            can_be_shown(&error);
            false
        }
    }
}

pub fn corpus() -> Vec<Vec<u8>> {
    let made = |width, height, rate| encode(width, height, &ridges(width, height), Some(500), rate).unwrap();
    vec![made(32, 32, 0.75), made(40, 64, 2.25), made(100, 33, 0.5), made(64, 64, 8.0)]
}

#[test]
fn wsq_with_bytes_and_segments_changed() {
    let corpus = corpus();
    let mutate = |random: &mut Random, corpus: &[Vec<u8>]| match random.below(3) {
        0 => mutations::of_bytes(random, corpus),
        _ => segments::mutated(random, corpus, START_OF_BLOCK),
    };
    Target { name: "wsq", iterations: 3_000, corpus: &corpus, mutate: &mutate, check: &check }.run();
}

#[test]
fn real_wsq_with_bytes_and_segments_changed() {
    let corpus = real("wsq", 20_000);
    if corpus.is_empty() {
        return;
    }
    let mutate = |random: &mut Random, corpus: &[Vec<u8>]| segments::mutated(random, corpus, START_OF_BLOCK);
    Target { name: "wsq, real", iterations: 40, corpus: &corpus, mutate: &mutate, check: &check }.run();
}

/// An image drawn from the bytes: width, height, rate, kind, and then levels, which are repeated.
fn check_round_trip(bytes: &[u8]) -> bool {
    let [width, height, rate, kind, levels @ ..] = bytes else { return false };
    let (width, height) = (32 + u32::from(*width % 70), 32 + u32::from(*height % 70));
    let count = usize::try_from(width * height).unwrap();
    let rate = 0.1 + f32::from(*rate % 80) / 10.0;
    let pixels: Vec<u8> = match kind % 3 {
        0 => vec![*kind; count],
        1 => ridges(width, height),
        _ => levels.iter().copied().cycle().take(count).collect(),
    };
    if pixels.len() != count {
        return false;
    }
    let area = u64::from(width * height);
    let written =
        within("encode", count, area * 64, || encode(width, height, &pixels, Some(500), rate)).unwrap();
    let read = decode(&written, area).unwrap();
    assert_eq!((read.width, read.height, read.ppi), (width, height, Some(500)));
    let off = pixels.iter().zip(&read.pixels).map(|(a, b)| u64::from(a.abs_diff(*b)).pow(2)).sum::<u64>();
    let off = (off as f64 / area as f64).sqrt();
    // A plain image is its mean. Ridges are near at a rate that leaves room: usually off by 1, and by 5.9 in the worst of all
    // sizes, 32 x 32. Noise is farther off, but not inside out.
    let bound = match kind % 3 {
        0 => 0.5,
        1 if rate >= 2.0 => 8.0,
        1 => 40.0,
        _ => 100.0,
    };
    assert!(off <= bound, "{width} x {height} at {rate}, kind {}: off by {off}", kind % 3);
    true
}

#[test]
fn wsq_written_and_read() {
    let draw = |random: &mut Random, _: &[Vec<u8>]| {
        let levels = if random.one_in(3) { 4 } else { 4 + random.below(3000) };
        (0..=levels).map(|_| random.byte()).collect()
    };
    Target {
        name: "wsq, written and read",
        iterations: 250,
        corpus: &[],
        mutate: &draw,
        check: &check_round_trip,
    }
    .run();
}
