//! Tests of the WSQ decoder that need no data: tiny files built by hand, and the transform.
//!
//! Real prints are compared with the reference decoder in the integration tests; here are the
//! cases that no real file at hand shows, such as filters of even length.

use super::filters::Synthesis;
use super::subbands::{Rect, Split};
use super::*;

/// A segment with its marker and length.
fn segment(code: u8, body: &[u8]) -> Vec<u8> {
    let length = u16::try_from(body.len() + 2).expect("a short body");
    let length = length.to_be_bytes();
    [&[0xff, code], &length[..], body].concat()
}

/// A constant image of 32 x 32 pixels: only the one coefficient of subband 0 is coded, with
/// bin width 32 and centre 0, so a quantised value of v makes every pixel 100 + v.
fn constant(value: u8) -> Vec<u8> {
    let taps: [(u8, u32); 9] = [
        (0, 852_698_679),
        (0, 377_402_856),
        (1, 110_624_404),
        (1, 23_849_465),
        (0, 37_828_456),
        (0, 788_485_616),
        (1, 418_092_273),
        (1, 40_689_418),
        (0, 64_538_883),
    ];
    let mut filters = vec![9, 7];
    for (sign, tap) in taps {
        filters.extend([sign, 9]);
        filters.extend(tap.to_be_bytes());
    }
    let mut bins = vec![0; 3 + 64 * 6];
    bins[3..9].copy_from_slice(&[0, 0, 32, 0, 0, 0]);
    let mut codes = vec![0; 18];
    codes[1] = 1;
    codes[17] = value.wrapping_add(180);
    let frame = [0, 255, 0, 32, 0, 32, 0, 0, 100, 0, 0, 1, 0, 0, 0];
    [
        vec![0xff, 0xa0],
        segment(0xa8, b"NIST_COM 2\nPPI 1000"),
        segment(0xa4, &filters),
        segment(0xa5, &bins),
        segment(0xa2, &frame),
        segment(0xa6, &codes),
        segment(0xa3, &[0]),
        vec![0x7f, 0xff, 0xa1],
    ]
    .concat()
}

#[test]
fn decodes_a_constant_image() {
    let image = decode(&constant(20), 1024).expect("a sound file");
    assert_eq!((image.width, image.height), (32, 32));
    assert_eq!(image.ppi, Some(1000));
    assert_eq!(image.pixels, vec![120; 1024]);
}

#[test]
fn every_truncation_is_an_error() {
    let file = constant(20);
    for length in 0..file.len() {
        assert!(decode(&file[..length], 1024).is_err(), "{length} bytes");
    }
}

#[test]
fn every_changed_byte_is_survived() {
    let file = constant(20);
    for index in 0..file.len() {
        for change in [0x01, 0x80, 0xff] {
            let mut damaged = file.clone();
            damaged[index] ^= change;
            let _ = decode(&damaged, 4096);
        }
    }
}

#[test]
fn refuses_other_formats_and_large_images() {
    let error = decode(b"\x89PNG", 1024);
    let found = 0x8950;
    assert_eq!(error, Err(WsqError::BadMagic { offset: 0, found }));
    let error = decode(&constant(0), 1023);
    assert!(matches!(error, Err(WsqError::TooManyPixels { max_pixels: 1023, .. })));
}

#[test]
fn blocks_need_their_tables() {
    let file = constant(0);
    let frame = file.windows(2).position(|pair| pair == [0xff, 0xa2]);
    let frame = frame.expect("a frame header");
    let without = [&file[..frame], &file[frame + 19..]].concat();
    let error = decode(&without, 1024);
    assert!(matches!(error, Err(WsqError::Missing { field: "the frame header", .. })));
}

/// Splits a signal by its definition: mirrors it, and filters around every other sample.
fn analyse(signal: &[f32], low: &[f32], high: &[f32], odd: bool) -> Vec<f32> {
    let length = signal.len().cast_signed();
    let at = |position: isize| {
        let (first, period) = if odd { (0, 2 * length - 2) } else { (1, 2 * length) };
        let place = position.rem_euclid(period);
        let place = if place < length { place } else { period - first - place };
        signal[usize::try_from(place).expect("a mirrored place")]
    };
    let filter = |half: &[f32], centre: isize, antisymmetric: bool| -> f32 {
        let pairs = (0_isize..).zip(half).map(|(n, tap)| {
            // Filtering is convolution: a tap to the right weighs a sample to the left.
            let (left, right) = if odd { (centre - n, centre + n) } else { (centre - n, centre + 1 + n) };
            let mirrored = if antisymmetric { -at(right) } else { at(right) };
            if odd && n == 0 { tap * at(centre) } else { tap * (at(left) + mirrored) }
        });
        pairs.sum()
    };
    let lows = (0..signal.len().div_ceil(2)).map(|k| filter(low, 2 * k.cast_signed(), false));
    let high_at = |k: usize| 2 * k.cast_signed() + isize::from(odd);
    let highs = (0..signal.len() / 2).map(|k| filter(high, high_at(k), !odd));
    lows.chain(highs).collect()
}

/// Analyses and joins one row of every length; it must come back.
fn assert_perfect(low: &[f32], high: &[f32], odd: bool) {
    let synthesis = Synthesis::new(low, high, odd);
    for width in 2..40_u8 {
        let signal: Vec<f32> = (0..width).map(|n| f32::from(n.wrapping_mul(89) % 50)).collect();
        let row = analyse(&signal, low, high, odd);
        let joined = join_row(&row, &synthesis, usize::from(width));
        for (a, b) in signal.iter().zip(&joined) {
            assert!((a - b).abs() < 0.01, "width {width}: {signal:?} {joined:?}");
        }
    }
}

/// Joins one row that is low-pass throughout from top to bottom.
fn join_row(row: &[f32], synthesis: &Synthesis, width: usize) -> Vec<f32> {
    let height = 2;
    let split =
        Split { rect: Rect { x: 0, y: 0, width, height }, high_left: false, high_top: false, subbands: 0..1 };
    let mut image = row.to_vec();
    image.resize(width * height, 0.0);
    let mut scratch = image.clone();
    wavelet::reconstruct(&mut image, width, &[split], &[true], synthesis, &mut scratch);
    // A constant column loses a factor of the square root of two; undo it.
    let gain = std::f32::consts::SQRT_2;
    image.iter().take(width).map(|pixel| pixel * gain).collect()
}

#[test]
fn odd_filters_reconstruct_every_length() {
    let low = [0.852_698_7, 0.377_402_86, -0.110_624_4, -0.023_849_465, 0.037_828_456];
    let high = [0.788_485_6, -0.418_092_27, -0.040_689_42, 0.064_538_88];
    assert_perfect(&low, &high, true);
}

#[test]
fn even_filters_reconstruct_every_length() {
    let root = std::f32::consts::SQRT_2;
    assert_perfect(&[root / 2.0], &[-root / 2.0], false);
    // The spline pair of lengths 4 and 4: low-pass -1 3 3 -1, and 1 3 3 1 for synthesis.
    let low = [0.75 * root, -0.25 * root];
    let high = [-0.375 * root, 0.125 * root];
    assert_perfect(&low, &high, false);
}
