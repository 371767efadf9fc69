//! Decoder and encoder for WSQ, the wavelet scalar quantisation format of grey-scale fingerprint images.
//!
//! WSQ (FBI IAFIS-IC-0110, version 3) is the format in which 500 ppi prints are exchanged, so
//! prints from other systems mostly arrive in it. Files come from outside and are not trusted:
//! reads are bounded and named, and nothing is allocated before the caller's pixel limit has
//! been checked. Arithmetic is in `f32`, in the order of the reference decoder, so that pixels
//! agree with its own.

#![forbid(unsafe_code)]

mod analysis;
mod bin_widths;
mod coding;
mod encode;
mod entropy;
mod error;
mod filters;
mod huffman;
mod markers;
mod quantisation;
mod subbands;
mod tables;
mod wavelet;

pub use encode::{EncodeError, RATES, WSQ_RATE, encode};
pub use error::WsqError;

use entropy::Coefficients;
use markers::{END_OF_IMAGE, Marker, Reader, START_OF_BLOCK, START_OF_IMAGE};
use subbands::Layout;
use tables::Tables;

/// A decoded WSQ image.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wsq {
    /// Width in pixels.
    pub width: u32,
    /// Height in pixels.
    pub height: u32,
    /// Pixels per inch from the NISTCOM comment, if any.
    pub ppi: Option<u16>,
    /// Grey levels by rows from the top, 0 black.
    pub pixels: Vec<u8>,
}

/// Decodes a whole WSQ file of at most `max_pixels` pixels. Bytes behind the end-of-image marker
/// are not looked at.
///
/// # Errors
///
/// If the file is not WSQ, is damaged or cut short, or its image is smaller than 32 pixels either
/// way or larger than `max_pixels`.
pub fn decode(data: &[u8], max_pixels: u64) -> Result<Wsq, WsqError> {
    let mut reader = Reader::new(data);
    start_of_image(&mut reader)?;
    let mut tables = Tables::default();
    let mut coefficients = None;
    loop {
        let marker = reader.marker()?;
        match marker.code {
            START_OF_BLOCK => {
                let table = tables.block_table(marker, &mut reader.segment()?)?;
                let mut so_far = match coefficients.take() {
                    Some(so_far) => so_far,
                    None => expect_coefficients(&tables, marker)?,
                };
                so_far.read_block(&mut reader, table)?;
                coefficients = Some(so_far);
            }
            END_OF_IMAGE => {
                let coefficients = coefficients.ok_or(missing(marker, "a start of block"))?;
                let coefficients = coefficients.finish(marker.offset)?;
                return reconstruct(&tables, coefficients, marker);
            }
            _ => tables.read(marker, &mut reader, coefficients.is_some(), max_pixels)?,
        }
    }
}

/// Width and height of a WSQ file of at most `max_pixels` pixels, from its headers alone.
///
/// # Errors
///
/// If the file is not WSQ, or is damaged, cut short or too large up to its frame header. What follows is not looked at.
pub fn size(data: &[u8], max_pixels: u64) -> Result<(u32, u32), WsqError> {
    let mut reader = Reader::new(data);
    start_of_image(&mut reader)?;
    let mut tables = Tables::default();
    loop {
        let marker = reader.marker()?;
        if matches!(marker.code, START_OF_BLOCK | END_OF_IMAGE) {
            return Err(missing(marker, "the frame header"));
        }
        tables.read(marker, &mut reader, false, max_pixels)?;
        if let Some(frame) = tables.frame {
            return Ok((u32::from(frame.width), u32::from(frame.height)));
        }
    }
}

fn start_of_image(reader: &mut Reader<'_>) -> Result<(), WsqError> {
    match reader.u16("start-of-image marker")? {
        START_OF_IMAGE => Ok(()),
        found => Err(WsqError::BadMagic { offset: 0, found }),
    }
}

fn missing(marker: Marker, field: &'static str) -> WsqError {
    WsqError::Missing { offset: marker.offset, field }
}

/// Prepares for the first block: counts the coefficients of all coded subbands.
fn expect_coefficients(tables: &Tables, marker: Marker) -> Result<Coefficients, WsqError> {
    let frame = tables.frame.ok_or(missing(marker, "the frame header"))?;
    let quantisation = tables.quantisation.as_ref();
    let quantisation = quantisation.ok_or(missing(marker, "the quantisation table"))?;
    let layout = Layout::new(usize::from(frame.width), usize::from(frame.height));
    let expected = layout
        .subbands
        .iter()
        .zip(quantisation.coded())
        .filter(|&(_, coded)| coded)
        .fold(0_usize, |sum, (rect, _)| sum.saturating_add(rect.area()));
    Coefficients::new(expected, marker.offset)
}

/// Turns all coefficients into the image.
fn reconstruct(tables: &Tables, coefficients: Vec<f32>, marker: Marker) -> Result<Wsq, WsqError> {
    let frame = tables.frame.ok_or(missing(marker, "the frame header"))?;
    let synthesis = tables.filters.as_ref();
    let synthesis = synthesis.ok_or(missing(marker, "the transform table"))?;
    let quantisation = tables.quantisation.as_ref();
    let quantisation = quantisation.ok_or(missing(marker, "the quantisation table"))?;
    let (width, height) = (usize::from(frame.width), usize::from(frame.height));
    let layout = Layout::new(width, height);
    let coded: Vec<bool> = quantisation.coded().collect();
    let mut image = zeros(width, height, marker)?;
    quantisation.restore(&coefficients, &layout.subbands, &mut image, width);
    drop(coefficients);
    let mut scratch = zeros(width, height, marker)?;
    wavelet::reconstruct(&mut image, width, &layout.splits, &coded, synthesis, &mut scratch);
    Ok(Wsq {
        width: u32::from(frame.width),
        height: u32::from(frame.height),
        ppi: tables.ppi,
        pixels: frame.grey_levels(&image),
    })
}

/// Memory for one image.
fn zeros(width: usize, height: usize, marker: Marker) -> Result<Vec<f32>, WsqError> {
    let no_memory = || WsqError::OutOfMemory { offset: marker.offset, field: "pixels" };
    let pixels = width.checked_mul(height).ok_or_else(no_memory)?;
    let mut image = Vec::new();
    image.try_reserve_exact(pixels).map_err(|_| no_memory())?;
    image.resize(pixels, 0.0);
    Ok(image)
}

#[cfg(test)]
mod encode_tests;
#[cfg(test)]
mod tests;
