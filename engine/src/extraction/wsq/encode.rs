//! Encoder: the FBI's encoder number one (IAFIS-IC-0110, part 3), with tables made for each image.
//!
//! Segments in their order, each a marker, its length and what stands here; decimals are an exponent and a mantissa:
//!
//! | marker | what |
//! | --- | --- |
//! | ffa0 | start of image |
//! | ffa8 | NISTCOM comment: size, resolution, rate, as NIST's encoder writes it |
//! | ffa4 | transform table: the 9/7 filters |
//! | ffa5 | quantisation table: bin centre 0.44, then width and zero width for each of 64 subbands |
//! | ffa2 | frame: black, white, height, width, shift and scale of the pixels, encoder, software |
//! | ffa6, ffa3 | Huffman table 0, block of subbands 0 to 18 |
//! | ffa6, ffa3 | Huffman table 1, block of subbands 19 to 51 |
//! | ffa3 | block of subbands 52 to 59, with table 1 |
//! | ffa1 | end of image |
#![expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "rounded and limited before, or within what 16 bits have"
)]

use std::ops::Range;

use super::analysis::{self, HIGH, LOW};
use super::bin_widths::bin_widths;
use super::coding::{Code, Token, tokens};
use super::markers::{
    COMMENT, END_OF_IMAGE, HUFFMAN_TABLE, QUANTISATION_TABLE, START_OF_BLOCK, START_OF_FRAME, START_OF_IMAGE,
    TRANSFORM_TABLE,
};
use super::subbands::{Layout, Rect};
use super::tables::MIN_SIZE;

/// The rate at which the FBI exchanges prints, about 15 : 1. Unit: bits a pixel.
pub const WSQ_RATE: f32 = 0.75;
/// Rates that are taken. Unit: bits a pixel.
pub const RATES: std::ops::RangeInclusive<f32> = 0.1..=8.0;

/// Where in its bin a coefficient is put back.
const CENTRE: f64 = 0.44;
/// The bin around zero is wider by this factor.
const ZERO_BIN: f64 = 1.2;
/// Subbands of each block.
const BLOCKS: [Range<usize>; 3] = [0..19, 19..52, 52..60];

/// Why an image cannot be encoded.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum EncodeError {
    /// A side that the format does not have.
    #[error("an image of {width} x {height} pixels cannot be WSQ: each side must have 32 to 65535")]
    Size {
        /// Pixels across.
        width: u32,
        /// Pixels down.
        height: u32,
    },
    /// More or fewer pixels than width times height.
    #[error("{found} pixels are given, but the size needs {expected}")]
    Pixels {
        /// How many are given.
        found: usize,
        /// How many there must be.
        expected: usize,
    },
    /// A rate that makes no sense.
    #[error("a rate of {0} bits a pixel is not between {min} and {max}", min = RATES.start(), max = RATES.end())]
    Rate(f32),
}

/// Encodes grey levels by rows from the top, 0 black, at about `rate` bits a pixel (see [`WSQ_RATE`], [`RATES`]).
///
/// From 96 pixels a side NIST's decoder gives the same pixels as ours; smaller images it distorts, its own no less.
///
/// # Errors
///
/// If a side, the number of pixels or the rate is out of range.
pub fn encode(
    width: u32,
    height: u32,
    pixels: &[u8],
    ppi: Option<u16>,
    rate: f32,
) -> Result<Vec<u8>, EncodeError> {
    let side = |side: u32| u16::try_from(side).ok().filter(|&side| side >= MIN_SIZE);
    let (Some(across), Some(down)) = (side(width), side(height)) else {
        return Err(EncodeError::Size { width, height });
    };
    let stride = usize::from(across);
    let expected = stride * usize::from(down);
    if pixels.len() != expected {
        return Err(EncodeError::Pixels { found: pixels.len(), expected });
    }
    if !RATES.contains(&rate) {
        return Err(EncodeError::Rate(rate));
    }
    let (shift, scale) = levels(pixels);
    let mut image: Vec<f32> =
        pixels.iter().map(|&pixel| (f32::from(pixel) - shift.value()) / scale.value()).collect();
    let layout = Layout::new(stride, usize::from(down));
    let mut scratch = vec![0.0; expected];
    analysis::decompose(&mut image, stride, &layout.splits, &mut scratch);
    let bins: Vec<Bins> = bin_widths(&image, stride, &layout.subbands, f64::from(rate))
        .into_iter()
        .map(|width| Bins { width: Decimal::new(width), zero: Decimal::new(width * ZERO_BIN) })
        .collect();
    let blocks = BLOCKS.map(|range| {
        let subbands = layout.subbands.iter().zip(&bins).skip(range.start).take(range.len());
        tokens(&subbands.flat_map(|(rect, bins)| bins.quantised(&image, stride, *rect)).collect::<Vec<_>>())
    });
    let mut file = START_OF_IMAGE.to_be_bytes().to_vec();
    segment(&mut file, COMMENT, &comment(width, height, ppi, rate));
    segment(&mut file, TRANSFORM_TABLE, &transform_table());
    segment(&mut file, QUANTISATION_TABLE, &quantisation_table(&bins));
    let sides = [down, across].map(u16::to_be_bytes).concat();
    let frame = [&[0, 255], &sides[..], &shift.bytes(), &scale.bytes(), &[0; 3]].concat();
    segment(&mut file, START_OF_FRAME, &frame);
    write_blocks(&mut file, &blocks);
    file.extend([0xff, END_OF_IMAGE]);
    Ok(file)
}

fn write_blocks(file: &mut Vec<u8>, [lowest, low, high]: &[Vec<Token>; 3]) {
    for (number, blocks) in [(0, &[lowest][..]), (1, &[low, high])] {
        let code = Code::new(blocks.iter().copied().flatten());
        segment(file, HUFFMAN_TABLE, &[&[number], &code.table()[..]].concat());
        for block in blocks {
            segment(file, START_OF_BLOCK, &[number]);
            code.write(block, file);
        }
    }
}

fn segment(file: &mut Vec<u8>, code: u8, body: &[u8]) {
    // The longest body is the quantisation table's, with 387 bytes.
    let length = u16::try_from(body.len() + 2).unwrap_or(u16::MAX);
    file.extend([0xff, code]);
    file.extend(length.to_be_bytes());
    file.extend(body);
}

fn comment(width: u32, height: u32, ppi: Option<u16>, rate: f32) -> Vec<u8> {
    let ppi = ppi.map_or(-1, i32::from);
    format!(
        "NIST_COM 9\nPIX_WIDTH {width}\nPIX_HEIGHT {height}\nPIX_DEPTH 8\nPPI {ppi}\nLOSSY 1\n\
         COLORSPACE GRAY\nCOMPRESSION WSQ\nWSQ_BITRATE {rate:.6}"
    )
    .into_bytes()
}

fn transform_table() -> Vec<u8> {
    let mut body = vec![9, 7];
    for &tap in LOW.iter().chain(&HIGH) {
        let (exponent, mantissa) = scaled(tap.abs(), f64::from(u32::MAX));
        body.extend([u8::from(tap < 0.0), exponent]);
        body.extend((mantissa as u32).to_be_bytes());
    }
    body
}

fn quantisation_table(bins: &[Bins]) -> Vec<u8> {
    let mut body = Decimal::new(CENTRE).bytes().to_vec();
    for bins in bins {
        body.extend(bins.width.bytes());
        body.extend(bins.zero.bytes());
    }
    body
}

/// What is taken from every pixel, and what it is divided by then, so that it is within ±128: the mean, and the larger
/// distance of an extreme from it.
fn levels(pixels: &[u8]) -> (Decimal, Decimal) {
    let sum: u64 = pixels.iter().map(|&pixel| u64::from(pixel)).sum();
    let mean = sum as f64 / pixels.len() as f64;
    let extreme = |pixel: Option<&u8>| pixel.map_or(0.0, |&pixel| (f64::from(pixel) - mean).abs());
    let farthest = extreme(pixels.iter().min()).max(extreme(pixels.iter().max()));
    (Decimal::new(mean), Decimal::new(if farthest == 0.0 { 1.0 } else { farthest / 128.0 }))
}

/// A number as a file has it: `mantissa / 10^exponent`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Decimal {
    exponent: u8,
    mantissa: u16,
}

impl Decimal {
    /// The nearest that there is; what is too large becomes the largest.
    fn new(value: f64) -> Self {
        let (exponent, mantissa) = scaled(value, f64::from(u16::MAX));
        Self { exponent, mantissa: mantissa as u16 }
    }

    fn bytes(self) -> [u8; 3] {
        let [high, low] = self.mantissa.to_be_bytes();
        [self.exponent, high, low]
    }

    /// As the decoder reads it.
    fn value(self) -> f32 {
        (0..self.exponent).fold(f32::from(self.mantissa), |value, _| value / 10.0)
    }
}

/// The largest whole number up to `limit` that is `value` times a power of ten, with that power.
fn scaled(value: f64, limit: f64) -> (u8, f64) {
    let (mut exponent, mut mantissa) = (0, value);
    while exponent < 12 && mantissa > 0.0 && libm::round(mantissa * 10.0) <= limit {
        mantissa *= 10.0;
        exponent += 1;
    }
    (exponent, libm::round(mantissa).min(limit))
}

/// The bins of one subband.
#[derive(Debug, Clone, Copy)]
struct Bins {
    width: Decimal,
    zero: Decimal,
}

impl Bins {
    /// The numbers of the bins that the coefficients of a subband fall in, by rows; none if it is not coded.
    fn quantised(self, image: &[f32], stride: usize, rect: Rect) -> impl Iterator<Item = i32> {
        let (width, half_zero) = (self.width.value(), self.zero.value() / 2.0);
        let rows = if width == 0.0 { 0 } else { rect.height };
        let rows = image.chunks_exact(stride.max(1)).skip(rect.y).take(rows);
        let row = move |row: &'_ [f32]| {
            let row = row.get(rect.x..).and_then(|row| row.get(..rect.width)).unwrap_or_default();
            row.iter()
                .map(|&value| {
                    let beyond = value.abs() - half_zero;
                    let size = if beyond <= 0.0 { 0 } else { (beyond / width) as i32 + 1 };
                    if value < 0.0 { -size } else { size }
                })
                .collect::<Vec<_>>()
        };
        rows.flat_map(row)
    }
}
