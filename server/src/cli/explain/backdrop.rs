//! The image behind a drawing's minutiae, carried inside it, so that the drawing is one file.
//!
//! Decoded in this process, by the codecs that are Rust: the C code that finds minutiae has already done so in its own.

use std::io::Cursor;
use std::path::Path;

use anyhow::Context;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use whorl_engine::extraction::{Request, image as decoding};

use crate::cli::samples::image_format;

/// An image at 500 ppi.
pub struct Backdrop {
    /// Pixels across.
    pub width: u32,
    /// Pixels down.
    pub height: u32,
    /// The image as PNG, in a `data:` address.
    pub address: String,
}

impl Backdrop {
    /// Reads an image; `None` where the file is a minutiae record.
    pub fn read(path: &Path, resolution_ppi: u16) -> anyhow::Result<Option<Self>> {
        let Some(format) = image_format(path) else { return Ok(None) };
        let request = Request { format, resolution_ppi, segment: None };
        let grey =
            decoding::decode(request, &fs_err::read(path)?).with_context(|| path.display().to_string())?;
        let grey = decoding::at_500_ppi(grey, resolution_ppi);
        let mut png = Cursor::new(Vec::new());
        grey.write_to(&mut png, image::ImageFormat::Png)?;
        let (width, height) = grey.dimensions();
        let address = format!("data:image/png;base64,{}", STANDARD.encode(png.into_inner()));
        Ok(Some(Self { width, height, address }))
    }
}
