//! Images to minutiae: decode, bring to 500 ppi, NIST mindtct, quality gate.
//!
//! Strangers' images go through C code with global state, so all of it but the gate runs in worker processes: the
//! server calls [`pool::Pool::extract`], which hands the image to a process that runs [`worker::run`]. A crash or a hang
//! there costs that one request an error, and never the server.

pub mod containers;
pub mod gate;
pub mod image;
mod jp2;
pub mod mindtct;
pub mod pool;
mod tiff;
pub mod worker;
pub mod wsq;

use serde::{Deserialize, Serialize};

use crate::minutia::Minutia;

/// An image file format that is accepted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum ImageFormat {
    /// Portable Network Graphics.
    Png,
    /// Windows bitmap.
    Bmp,
    /// Tagged Image File Format.
    Tiff,
    /// Wavelet scalar quantisation (FBI IAFIS-IC-0110).
    Wsq,
    /// JPEG 2000 (ISO/IEC 15444-1), in the boxes of JP2 or as a bare codestream.
    Jp2,
    /// JPEG (ISO/IEC 10918-1). Lossy in blocks of 8 pixels, about a ridge: for what was captured so and exists no other way.
    Jpeg,
}

/// A part of an image: a finger of a slap, say. Pixels of the image as sent, from its top left corner; half-open, so that
/// `right - left` is the width. What reaches beyond the image is cut off.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Segment {
    /// First column.
    pub left: u32,
    /// First row.
    pub top: u32,
    /// One past the last column.
    pub right: u32,
    /// One past the last row.
    pub bottom: u32,
}

/// What is asked of a worker.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Request {
    /// Format of the bytes.
    pub format: ImageFormat,
    /// Resolution of the image, as its sender declares it. Unit: pixels per inch.
    pub resolution_ppi: u16,
    /// The part that is one finger, where the image shows more. The limits on sides are then the part's.
    pub segment: Option<Segment>,
}

/// The name and version of the extractor, kept with each record.
pub const EXTRACTOR: &str = "mindtct/nbis-rs-0.1.0";

/// Why no minutiae were found. Each message can be shown to the sender.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[non_exhaustive]
pub enum ExtractionError {
    /// The bytes are not an image of the format declared, or are damaged.
    #[error("the image cannot be decoded: {0}")]
    Undecodable(String),
    /// Colour, or another depth.
    #[error("the image is {0}; 8-bit grey is needed")]
    NotGrey(String),
    /// Too many or too few pixels.
    #[error("the image is {width} x {height} pixels: {limit}")]
    Size {
        /// Pixels across.
        width: u32,
        /// Pixels down.
        height: u32,
        /// The limit that it breaks, in words.
        limit: String,
    },
    /// Declared resolution out of range.
    #[error("a resolution of {0} ppi is not between {min} and {max}", min = image::RESOLUTION_PPI_MIN, max = image::RESOLUTION_PPI_MAX)]
    Resolution(u16),
    /// mindtct gave an error code.
    #[error("mindtct gave up on the image: {0}")]
    Mindtct(String),
    /// The worker took longer than it may.
    #[error("extraction took longer than {0} seconds and was stopped")]
    TimedOut(u64),
    /// The worker crashed or broke its memory limit.
    #[error("the extraction process died on this image")]
    Died,
    /// No worker became free in time.
    #[error("all extraction processes are busy")]
    Busy,
    /// No worker could be started.
    #[error("no extraction process could be started: {0}")]
    Unavailable(String),
}

/// Decodes, resamples and extracts, in this process. For workers, and for tools that trust their images.
pub fn extract(request: Request, bytes: &[u8]) -> Result<Vec<Minutia>, ExtractionError> {
    let grey = image::decode(request, bytes)?;
    mindtct::minutiae(&image::at_500_ppi(grey, request.resolution_ppi))
}
