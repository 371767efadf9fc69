//! Image files to 8-bit grey at 500 ppi, within limits that are checked before memory is taken.

#![forbid(unsafe_code)]

use std::fmt::Write;
use std::io::Cursor;

use image::imageops::FilterType;
use image::{ColorType, DynamicImage, GrayImage, ImageDecoder, ImageEncoder, ImageReader, Limits};

use super::{ExtractionError, ImageFormat, Request, Segment, jp2, tiff, wsq};
use crate::tunables::RESOLUTION_PPI;

/// Least resolution that is accepted. Below it ridges are under two pixels wide.
pub const RESOLUTION_PPI_MIN: u16 = 250;
/// Largest resolution that is accepted.
pub const RESOLUTION_PPI_MAX: u16 = 2000;
/// Largest image: a ten-print card's slap at 1 000 ppi is half of it. Unit: pixels.
pub const PIXELS_MAX: u64 = 16 << 20;
/// Most memory that [`check`] takes besides eight times the file. A PNG can have compressed chunks before its pixels, and a few
/// bytes of them can say any number of zeros; the server reads headers itself. Unit: bytes.
pub const HEADER_MEMORY_MAX: u64 = 16 << 20;
/// Most that a header may unpack to: the buffer doubles as it grows, and is copied then. Unit: bytes.
const HEADER_UNPACKED_MAX: u64 = HEADER_MEMORY_MAX / 4;
/// Largest side, at 500 ppi, of an image, or of the segment that is asked for: no finger is 10 cm long, and a low declared
/// resolution must not swell an image. Unit: pixels.
pub const SIDE_PX_MAX: u32 = 2048;
/// Smallest side, at 500 ppi: mindtct's window is 24 pixels, and no finger is 3 mm wide. Unit: pixels.
pub const SIDE_PX_MIN: u32 = 64;

/// Decodes an image of the format that its sender declared; the format is never guessed.
pub fn decode(request: Request, bytes: &[u8]) -> Result<GrayImage, ExtractionError> {
    let (width, height) = check(request.format, bytes, request.resolution_ppi)?;
    let part = request.segment.map(|segment| clipped(segment, width, height));
    let sides = part.map_or((width, height), |part| (part.right - part.left, part.bottom - part.top));
    side_limits(sides, request.resolution_ppi)?;
    let grey = pixels(request.format, bytes)?;
    if grey.dimensions() != (width, height) {
        return Err(undecodable("its pixels are not as many as its header says"));
    }
    Ok(match part {
        Some(part) => image::imageops::crop_imm(&grey, part.left, part.top, sides.0, sides.1).to_image(),
        None => grey,
    })
}

/// Width and height from the header, within the limits that hold for every image, also one that is stored and never
/// compared: resolution, number of pixels, 8-bit grey as far as the header tells. No pixel is decoded.
///
/// # Errors
///
/// If the header is damaged or breaks a limit. That it is sound says nothing of the pixels behind it.
pub fn check(format: ImageFormat, bytes: &[u8], resolution_ppi: u16) -> Result<(u32, u32), ExtractionError> {
    if !(RESOLUTION_PPI_MIN..=RESOLUTION_PPI_MAX).contains(&resolution_ppi) {
        return Err(ExtractionError::Resolution(resolution_ppi));
    }
    match format {
        ImageFormat::Wsq => wsq::size(bytes, PIXELS_MAX).map_err(undecodable),
        ImageFormat::Jp2 => jp2::header(bytes).map(|header| (header.width, header.height)),
        _ => {
            if format == ImageFormat::Tiff {
                tiff::check(bytes)?;
            }
            let decoder = reader(format, bytes, HEADER_UNPACKED_MAX)?.into_decoder().map_err(undecodable)?;
            let (width, height) = decoder.dimensions();
            pixel_limit(width, height)?;
            match decoder.color_type() {
                ColorType::L8 | ColorType::Rgb8 => Ok((width, height)),
                other => Err(ExtractionError::NotGrey(format!("{other:?}"))),
            }
        }
    }
}

/// Uncompressed 8-bit grey (ANSI/NIST-ITL "NONE"; rows from the top, 0 black) as a PNG of the same pixels, which says its own
/// size.
///
/// # Errors
///
/// If there are more or fewer pixels than `width * height`, none, or over [`PIXELS_MAX`].
pub fn png_of(width: u32, height: u32, pixels: &[u8]) -> Result<Vec<u8>, ExtractionError> {
    pixel_limit(width, height)?;
    if u64::from(width) * u64::from(height) != pixels.len() as u64 {
        let found = pixels.len();
        return Err(undecodable(format!("{found} bytes of pixels are not {width} x {height}")));
    }
    let mut png = Vec::new();
    let encoder = image::codecs::png::PngEncoder::new(&mut png);
    encoder.write_image(pixels, width, height, ColorType::L8.into()).map_err(undecodable)?;
    Ok(png)
}

fn clipped(segment: Segment, width: u32, height: u32) -> Segment {
    let (right, bottom) = (segment.right.min(width), segment.bottom.min(height));
    Segment { left: segment.left.min(right), top: segment.top.min(bottom), right, bottom }
}

fn side_limits((width, height): (u32, u32), resolution_ppi: u16) -> Result<(), ExtractionError> {
    let scaled = |side: u32| u64::from(side) * u64::from(RESOLUTION_PPI) / u64::from(resolution_ppi);
    if scaled(width.min(height)) < u64::from(SIDE_PX_MIN)
        || scaled(width.max(height)) > u64::from(SIDE_PX_MAX)
    {
        let limit = format!("at 500 ppi each side must have {SIDE_PX_MIN} to {SIDE_PX_MAX}");
        return Err(ExtractionError::Size { width, height, limit });
    }
    Ok(())
}

pub(super) fn pixel_limit(width: u32, height: u32) -> Result<(), ExtractionError> {
    if (1..=PIXELS_MAX).contains(&(u64::from(width) * u64::from(height))) {
        return Ok(());
    }
    let limit = format!("1 to {PIXELS_MAX} pixels are accepted");
    Err(ExtractionError::Size { width, height, limit })
}

/// A reader with a codec of `image`; its memory is limited, also that of the header, as far as the codec lets it.
fn reader(
    format: ImageFormat,
    bytes: &[u8],
    memory_max: u64,
) -> Result<ImageReader<Cursor<&[u8]>>, ExtractionError> {
    let format = match format {
        ImageFormat::Png => image::ImageFormat::Png,
        ImageFormat::Bmp => image::ImageFormat::Bmp,
        ImageFormat::Tiff => image::ImageFormat::Tiff,
        ImageFormat::Jpeg => image::ImageFormat::Jpeg,
        ImageFormat::Wsq | ImageFormat::Jp2 => return Err(undecodable("it has another codec")),
    };
    let mut reader = ImageReader::with_format(Cursor::new(bytes), format);
    let mut limits = Limits::default();
    limits.max_alloc = Some(memory_max);
    reader.limits(limits);
    Ok(reader)
}

/// All pixels, of an image whose header has been checked.
fn pixels(format: ImageFormat, bytes: &[u8]) -> Result<GrayImage, ExtractionError> {
    match format {
        ImageFormat::Wsq => {
            let decoded = wsq::decode(bytes, PIXELS_MAX).map_err(undecodable)?;
            GrayImage::from_raw(decoded.width, decoded.height, decoded.pixels)
                .ok_or_else(|| undecodable("fewer pixels than its header says"))
        }
        ImageFormat::Jp2 => jp2::decode(bytes),
        ImageFormat::Jpeg if !has_end_of_jpeg(bytes) => Err(undecodable("the JPEG data end too early")),
        _ => grey(reader(format, bytes, PIXELS_MAX * 8)?.decode().map_err(undecodable)?),
    }
}

/// Whether the end marker stands behind the last start of scan. The codec takes a JPEG that was cut short, and what is missing
/// comes out as smooth skin.
fn has_end_of_jpeg(bytes: &[u8]) -> bool {
    let last = |marker: [u8; 2]| bytes.windows(2).rposition(|pair| pair == marker);
    last([0xff, 0xd9]).is_some_and(|end| last([0xff, 0xda]).is_some_and(|scan| scan < end))
}

/// 8-bit grey as it is; colour only where every pixel is grey (bitmaps have a palette even then).
fn grey(decoded: DynamicImage) -> Result<GrayImage, ExtractionError> {
    match decoded {
        DynamicImage::ImageLuma8(grey) => Ok(grey),
        DynamicImage::ImageRgb8(rgb) if rgb.pixels().all(|p| p[0] == p[1] && p[1] == p[2]) => {
            let (width, height) = rgb.dimensions();
            Ok(GrayImage::from_fn(width, height, |x, y| image::Luma([rgb.get_pixel(x, y)[0]])))
        }
        other => Err(ExtractionError::NotGrey(format!("{:?}", other.color()))),
    }
}

/// Why an image is refused, in one short line: decoders quote what they found, which can be long, and no text at all.
pub(super) fn undecodable(error: impl core::fmt::Display) -> ExtractionError {
    let mut line = Line::default();
    // It fails only where the line is full.
    let _full = write!(line, "{error}");
    ExtractionError::Undecodable(line.0.trim().to_owned())
}

/// Takes as much text as can be shown to the sender, and no more memory than that.
#[derive(Default)]
struct Line(String);

/// Unit: bytes; what goes beyond by one character is kept.
const LINE_MAX: usize = 240;

impl Write for Line {
    fn write_str(&mut self, text: &str) -> std::fmt::Result {
        for character in text.chars() {
            if self.0.len() >= LINE_MAX {
                return Err(std::fmt::Error);
            }
            self.0.push(if character.is_control() { ' ' } else { character });
        }
        Ok(())
    }
}

/// Resamples to 500 ppi where it is not; the Lanczos window widens when shrinking, so it is its own low-pass filter.
pub fn at_500_ppi(grey: GrayImage, resolution_ppi: u16) -> GrayImage {
    if u32::from(resolution_ppi) == RESOLUTION_PPI {
        return grey;
    }
    let scaled = |side: u32| {
        let nearest =
            (u64::from(side) * u64::from(RESOLUTION_PPI) * 2 / u64::from(resolution_ppi)).div_ceil(2);
        u32::try_from(nearest).unwrap_or(u32::MAX)
    };
    image::imageops::resize(&grey, scaled(grey.width()), scaled(grey.height()), FilterType::Lanczos3)
}

#[cfg(test)]
mod tests;
