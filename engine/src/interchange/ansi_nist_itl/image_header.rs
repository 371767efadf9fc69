//! Width and height as an image's own header says them, and that they are the record's.
//!
//! Only headers are looked at, of WSQ, JPEG (both kinds), JPEG 2000 and PNG. Whoever decodes the image checks the rest.

use super::error::ItlError;
use super::impression::Compression;
use super::record::{DATA, Record};

const HLL: u16 = 6;
const VLL: u16 = 7;
const CGA: u16 = 11;
const BPX: u16 = 12;

/// That the data are what the compression (xx.011) says, and as wide and high as the record says (xx.006, xx.007).
pub(super) fn check(record: &Record) -> Result<(), ItlError> {
    let name = record.required(CGA)?.text().unwrap_or_default();
    let Some(compression) = Compression::of_name(name) else {
        return Err(record.error(CGA, "is not a compression that the standard names"));
    };
    let (width, height) = (record.number(HLL, 99_999)?, record.number(VLL, 99_999)?);
    let data = record.required(DATA)?.bytes();
    if compression == Compression::None {
        return uncompressed(record, u64::from(width) * u64::from(height), data.len() as u64);
    }
    let Some((own_width, own_height)) = size(compression, data) else {
        return Err(record.error(DATA, format!("does not begin as {name} does")));
    };
    for (number, said, own) in [(HLL, width, own_width), (VLL, height, own_height)] {
        if said != own {
            return Err(record.error(number, format!("says {said}, the image's own header {own}")));
        }
    }
    Ok(())
}

/// Pixels of whole bytes. The colours of a face (Type-10) are not followed.
fn uncompressed(record: &Record, pixels: u64, bytes: u64) -> Result<(), ItlError> {
    if record.record_type() == 10 {
        return Ok(());
    }
    let expected = pixels * u64::from(record.number(BPX, 99)?.div_ceil(8));
    if expected == bytes {
        return Ok(());
    }
    Err(record.error(DATA, format!("has {bytes} bytes, the width and height make {expected}")))
}

/// Width and height, where the data begin as this compression does.
pub(super) fn size(compression: Compression, data: &[u8]) -> Option<(u32, u32)> {
    match compression {
        Compression::None => None,
        Compression::Wsq20 => wsq(data),
        Compression::JpegB | Compression::JpegL => jpeg(data),
        Compression::Jp2 | Compression::Jp2L => jpeg_2000(data),
        Compression::Png => png(data),
    }
}

fn u16_at(data: &[u8], at: usize) -> Option<u16> {
    data.get(at..)?.first_chunk().map(|bytes| u16::from_be_bytes(*bytes))
}

fn u32_at(data: &[u8], at: usize) -> Option<u32> {
    data.get(at..)?.first_chunk().map(|bytes| u32::from_be_bytes(*bytes))
}

/// Marker segments after the start of image until one is `wanted`: where its content starts, after the length.
fn segment(data: &[u8], wanted: impl Fn(u16) -> bool) -> Option<usize> {
    let mut at = 2;
    loop {
        let marker = u16_at(data, at)?;
        if marker >> 8 != 0xFF {
            return None;
        }
        if wanted(marker) {
            return Some(at + 4);
        }
        // A length counts itself, so this moves on.
        let length = usize::from(u16_at(data, at + 2)?);
        if length < 2 {
            return None;
        }
        at += 2 + length;
    }
}

fn wsq(data: &[u8]) -> Option<(u32, u32)> {
    if !data.starts_with(&[0xFF, 0xA0]) {
        return None;
    }
    // Start of frame: black, white, height, width.
    let at = segment(data, |marker| marker == 0xFFA2)?;
    Some((u16_at(data, at + 4)?.into(), u16_at(data, at + 2)?.into()))
}

fn jpeg(data: &[u8]) -> Option<(u32, u32)> {
    if !data.starts_with(&[0xFF, 0xD8]) {
        return None;
    }
    // Start of frame, any kind: precision, height, width. C4, C8 and CC are no frames.
    let frame =
        |marker: u16| (0xFFC0..=0xFFCF).contains(&marker) && !matches!(marker, 0xFFC4 | 0xFFC8 | 0xFFCC);
    let at = segment(data, frame)?;
    Some((u16_at(data, at + 3)?.into(), u16_at(data, at + 1)?.into()))
}

fn png(data: &[u8]) -> Option<(u32, u32)> {
    let header = data.starts_with(b"\x89PNG\r\n\x1A\n") && data.get(12..16)? == b"IHDR";
    header.then(|| Some((u32_at(data, 16)?, u32_at(data, 20)?))).flatten()
}

fn jpeg_2000(data: &[u8]) -> Option<(u32, u32)> {
    if data.starts_with(&[0xFF, 0x4F, 0xFF, 0x51]) {
        // A bare code stream: SIZ has the far corner, then the near one.
        let extent = |far: usize| u32_at(data, far)?.checked_sub(u32_at(data, far + 8)?);
        return Some((extent(8)?, extent(12)?));
    }
    if !data.starts_with(b"\0\0\0\x0CjP  ") {
        return None;
    }
    // Boxes until the JP2 header, whose first box is the image header: height, width.
    let mut at = 0;
    loop {
        let length = u32_at(data, at)? as usize;
        let kind = data.get(at + 4..at + 8)?;
        if kind == b"jp2h" {
            let image = data.get(at + 12..at + 16)? == b"ihdr";
            return image.then(|| Some((u32_at(data, at + 20)?, u32_at(data, at + 16)?))).flatten();
        }
        if length < 8 {
            return None;
        }
        at = at.checked_add(length)?;
    }
}
