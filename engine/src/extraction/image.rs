//! Image files to 8-bit grey at 500 ppi, within limits that are checked before memory is taken.

use std::io::Cursor;

use image::imageops::FilterType;
use image::{DynamicImage, GrayImage, ImageReader, Limits};

use super::{ExtractionError, ImageFormat, Request, wsq};
use crate::tunables::RESOLUTION_PPI;

/// Least resolution that is accepted. Below it ridges are under two pixels wide.
pub const RESOLUTION_PPI_MIN: u16 = 250;
/// Largest resolution that is accepted.
pub const RESOLUTION_PPI_MAX: u16 = 2000;
/// Largest image: a ten-print card's slap at 1 000 ppi is half of it. Unit: pixels.
pub const PIXELS_MAX: u64 = 16 << 20;
/// Largest side, at 500 ppi: no finger is 10 cm long, and a low declared resolution must not swell an image. Unit: pixels.
pub const SIDE_PX_MAX: u32 = 2048;
/// Smallest side, at 500 ppi: mindtct's window is 24 pixels, and no finger is 3 mm wide. Unit: pixels.
pub const SIDE_PX_MIN: u32 = 64;

/// Decodes an image of the format that its sender declared; the format is never guessed.
pub fn decode(request: Request, bytes: &[u8]) -> Result<GrayImage, ExtractionError> {
    if !(RESOLUTION_PPI_MIN..=RESOLUTION_PPI_MAX).contains(&request.resolution_ppi) {
        return Err(ExtractionError::Resolution(request.resolution_ppi));
    }
    let grey = match request.format {
        ImageFormat::Png => with_codec(image::ImageFormat::Png, bytes)?,
        ImageFormat::Bmp => with_codec(image::ImageFormat::Bmp, bytes)?,
        ImageFormat::Tiff => with_codec(image::ImageFormat::Tiff, bytes)?,
        ImageFormat::Wsq => {
            let decoded = wsq::decode(bytes, PIXELS_MAX).map_err(undecodable)?;
            GrayImage::from_raw(decoded.width, decoded.height, decoded.pixels)
                .ok_or_else(|| ExtractionError::Undecodable("fewer pixels than its header says".into()))?
        }
    };
    let (width, height) = grey.dimensions();
    let scaled = |side: u32| u64::from(side) * u64::from(RESOLUTION_PPI) / u64::from(request.resolution_ppi);
    if scaled(width.min(height)) < u64::from(SIDE_PX_MIN)
        || scaled(width.max(height)) > u64::from(SIDE_PX_MAX)
    {
        let limit = format!("at 500 ppi each side must have {SIDE_PX_MIN} to {SIDE_PX_MAX}");
        return Err(ExtractionError::Size { width, height, limit });
    }
    Ok(grey)
}

fn with_codec(format: image::ImageFormat, bytes: &[u8]) -> Result<GrayImage, ExtractionError> {
    let reader = || ImageReader::with_format(Cursor::new(bytes), format);
    let (width, height) = reader().into_dimensions().map_err(undecodable)?;
    if u64::from(width) * u64::from(height) > PIXELS_MAX {
        let limit = format!("at most {PIXELS_MAX} pixels are accepted");
        return Err(ExtractionError::Size { width, height, limit });
    }
    let mut reader = reader();
    let mut limits = Limits::default();
    limits.max_alloc = Some(PIXELS_MAX * 8);
    reader.limits(limits);
    grey(reader.decode().map_err(undecodable)?)
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

fn undecodable(error: impl core::fmt::Display) -> ExtractionError {
    ExtractionError::Undecodable(error.to_string())
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
#[expect(clippy::cast_possible_truncation, reason = "small numbers in tests")]
mod tests {
    use super::*;

    fn encoded(image: &DynamicImage, format: image::ImageFormat) -> Vec<u8> {
        let mut bytes = Cursor::new(Vec::new());
        image.write_to(&mut bytes, format).unwrap();
        bytes.into_inner()
    }

    fn request(format: ImageFormat, resolution_ppi: u16) -> Request {
        Request { format, resolution_ppi }
    }

    #[test]
    fn the_three_formats_give_the_same_pixels() {
        let grey = GrayImage::from_fn(100, 80, |x, y| image::Luma([(x * 2 + y) as u8]));
        let dynamic = DynamicImage::ImageLuma8(grey.clone());
        for (format, codec) in [
            (ImageFormat::Png, image::ImageFormat::Png),
            (ImageFormat::Bmp, image::ImageFormat::Bmp),
            (ImageFormat::Tiff, image::ImageFormat::Tiff),
        ] {
            assert_eq!(decode(request(format, 500), &encoded(&dynamic, codec)).unwrap(), grey, "{format:?}");
        }
    }

    #[test]
    fn what_cannot_be_used_is_named() {
        let png = |image: DynamicImage| encoded(&image, image::ImageFormat::Png);
        let of = |image| decode(request(ImageFormat::Png, 500), &png(image));
        assert!(matches!(of(DynamicImage::new_luma16(100, 100)), Err(ExtractionError::NotGrey(_))));
        assert!(matches!(of(DynamicImage::new_luma8(100, 63)), Err(ExtractionError::Size { .. })));
        assert!(matches!(of(DynamicImage::new_luma8(2049, 100)), Err(ExtractionError::Size { .. })));
        assert!(matches!(of(DynamicImage::new_luma8(5000, 4000)), Err(ExtractionError::Size { .. })));
        let good = png(DynamicImage::new_luma8(100, 100));
        assert!(matches!(
            decode(request(ImageFormat::Bmp, 500), &good),
            Err(ExtractionError::Undecodable(_))
        ));
        assert!(matches!(
            decode(request(ImageFormat::Png, 249), &good),
            Err(ExtractionError::Resolution(249))
        ));
        for length in 0..good.len() - 12 {
            let cut = decode(request(ImageFormat::Png, 500), &good[..length]);
            assert!(matches!(cut, Err(ExtractionError::Undecodable(_))), "{length}");
        }
    }

    #[test]
    fn other_resolutions_are_brought_to_500_ppi() {
        assert_eq!(at_500_ppi(GrayImage::new(801, 600), 1000).dimensions(), (401, 300));
        assert_eq!(at_500_ppi(GrayImage::new(100, 100), 500).dimensions(), (100, 100));
        assert_eq!(at_500_ppi(GrayImage::new(100, 100), 250).dimensions(), (200, 200));
    }
}
