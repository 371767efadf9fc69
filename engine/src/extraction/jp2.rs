//! JPEG 2000: the sizes that a header gives, read here before the decoder (`hayro-jpeg2000`) sees a byte, and its pixels.
//!
//! A file is either a bare codestream (ISO/IEC 15444-1, Annex A) or one in the boxes of JP2 (Annex I). Of both only this is
//! read here, all of it big-endian:
//!
//! | where | bytes | what |
//! | --- | --- | --- |
//! | box | 4 | length with this header; 1: the next 8 bytes after the type are it; 0: to the end of the file |
//! | | 4 | type; `jp2c` holds the codestream |
//! | codestream | 2 | SOC, `ff4f` |
//! | | 2 | SIZ, `ff51`, always second |
//! | | 2, 2 | length, capabilities |
//! | | 4 × 4 | right, bottom, left, top of the image on the reference grid |
//! | | 4 × 4 | width and height of a tile, left and top of the first |
//! | | 2 | number of components |
//! | | 3 each | depth − 1 (bit 7: signed), and the steps between samples, across and down |
//!
//! One component, or three that are grey; 8 bits each, for that is what ANSI/NIST-ITL has for prints, and whoever reduces 16
//! bits to 8 chooses the contrast, which is the sender's to choose. Nothing subsampled.

#![forbid(unsafe_code)]

use hayro_jpeg2000::{DecodeSettings, DecoderContext, Image};
use image::GrayImage;

use super::ExtractionError;
use super::image::{pixel_limit, undecodable};

/// The first bytes of a codestream: SOC and SIZ.
const CODESTREAM: [u8; 4] = [0xff, 0x4f, 0xff, 0x51];
/// Most tiles that are decoded. The profile for prints has one; each costs memory before the first pixel.
const TILES_MAX: u64 = 4096;
/// Most boxes that are passed over on the way to the codestream.
const BOXES_MAX: u32 = 1000;

/// What a header says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Header {
    pub(super) width: u32,
    pub(super) height: u32,
    components: u16,
}

/// Reads the header and applies the limits that need no pixel.
pub(super) fn header(bytes: &[u8]) -> Result<Header, ExtractionError> {
    let start = codestream(bytes)?;
    let mut reader = Reader { bytes, offset: start };
    if reader.array("SOC and SIZ markers")? != CODESTREAM {
        return Err(undecodable(format!("byte {start}: no JPEG 2000 codestream (SOC, SIZ) begins there")));
    }
    reader.array::<4>("SIZ length and capabilities")?;
    let [right, bottom, left, top] = reader.four("SIZ image area")?;
    let [tile_width, tile_height, ..] = reader.four("SIZ tile size")?;
    let at = reader.offset;
    let components = u16::from_be_bytes(reader.array("SIZ number of components")?);
    let (Some(width), Some(height)) = (right.checked_sub(left), bottom.checked_sub(top)) else {
        return Err(undecodable(format!("byte {start}: SIZ: the image ends before it begins")));
    };
    pixel_limit(width, height)?;
    let tiles = |side: u32, tile: u32| side.checked_div(tile).map(|n| u64::from(n) + 1);
    let (Some(across), Some(down)) = (tiles(right, tile_width), tiles(bottom, tile_height)) else {
        return Err(undecodable(format!("byte {start}: SIZ: a tile has no size")));
    };
    if across.saturating_mul(down) > TILES_MAX {
        return Err(undecodable(format!("byte {start}: SIZ: more than {TILES_MAX} tiles")));
    }
    if !matches!(components, 1 | 3) {
        return Err(ExtractionError::NotGrey(format!("of {components} components (byte {at}: SIZ)")));
    }
    for _ in 0..components {
        let at = reader.offset;
        let [depth, across, down] = reader.array("SIZ component")?;
        if depth != 7 {
            let sign = if depth & 0x80 == 0 { "unsigned" } else { "signed" };
            let bits = (depth & 0x7f) + 1;
            return Err(ExtractionError::NotGrey(format!("{bits}-bit {sign} (byte {at}: SIZ depth)")));
        }
        if (across, down) != (1, 1) {
            return Err(undecodable(format!("byte {at}: SIZ: subsampled components are not read")));
        }
    }
    Ok(Header { width, height, components })
}

/// Decodes the pixels.
pub(super) fn decode(bytes: &[u8]) -> Result<GrayImage, ExtractionError> {
    let header = header(bytes)?;
    // Of a damaged image nothing is wanted: what is missing would come out as smooth skin.
    let settings = DecodeSettings { strict: true, ..DecodeSettings::default() };
    let image = Image::new(bytes, &settings).map_err(undecodable)?;
    // The decoder takes the last codestream of a file, and this module the first: they must be one.
    if (image.width(), image.height()) != (header.width, header.height) {
        return Err(undecodable("it has more than one codestream"));
    }
    let mut context = DecoderContext::default();
    let decoded = image.decode(&mut context).map_err(undecodable)?;
    let [grey, others @ ..] = decoded.components() else {
        return Err(undecodable("it has no component"));
    };
    if others.len() + 1 != usize::from(header.components) || grey.bit_depth() != 8 {
        return Err(ExtractionError::NotGrey("of a palette".into()));
    }
    if others.iter().any(|other| other.samples() != grey.samples()) {
        return Err(ExtractionError::NotGrey("Rgb8".into()));
    }
    let pixels = grey.samples().iter().map(|&sample| level(sample)).collect();
    GrayImage::from_raw(header.width, header.height, pixels)
        .ok_or_else(|| undecodable("fewer pixels than its header says"))
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "the cast saturates, and takes what is not a number to 0"
)]
fn level(sample: f32) -> u8 {
    (sample + 0.5) as u8
}

/// Where the codestream begins.
fn codestream(bytes: &[u8]) -> Result<usize, ExtractionError> {
    if bytes.starts_with(&CODESTREAM) {
        return Ok(0);
    }
    let mut reader = Reader { bytes, offset: 0 };
    for _ in 0..BOXES_MAX {
        let start = reader.offset;
        let length = u64::from(u32::from_be_bytes(reader.array("box length")?));
        let kind: [u8; 4] = reader.array("box type")?;
        if start == 0 && &kind != b"jP  " {
            return Err(undecodable("byte 0: neither a JPEG 2000 codestream nor a JP2 signature box"));
        }
        let length = if length == 1 { u64::from_be_bytes(reader.array("long box length")?) } else { length };
        if &kind == b"jp2c" {
            return Ok(reader.offset);
        }
        let end = usize::try_from(length).ok().and_then(|length| start.checked_add(length));
        match end {
            // Also a length of 0, which says that no box follows.
            Some(end) if end >= reader.offset && end <= bytes.len() => reader.offset = end,
            _ => return Err(undecodable(format!("byte {start}: box length: it ends outside of the file"))),
        }
    }
    Err(undecodable(format!("none of its first {BOXES_MAX} boxes is a codestream")))
}

struct Reader<'a> {
    bytes: &'a [u8],
    offset: usize,
}

impl Reader<'_> {
    fn array<const N: usize>(&mut self, field: &str) -> Result<[u8; N], ExtractionError> {
        let found = self.bytes.get(self.offset..).and_then(|rest| rest.first_chunk::<N>());
        let found =
            *found.ok_or_else(|| undecodable(format!("byte {}: {field} is cut short", self.offset)))?;
        self.offset += N;
        Ok(found)
    }

    fn four(&mut self, field: &str) -> Result<[u32; 4], ExtractionError> {
        let mut numbers = [0; 4];
        for number in &mut numbers {
            *number = u32::from_be_bytes(self.array(field)?);
        }
        Ok(numbers)
    }
}
