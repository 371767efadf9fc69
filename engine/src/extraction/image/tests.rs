//! Tests of reading image files: that all formats give the same pixels, the limits, segments, and other resolutions.
#![expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "small numbers in tests")]

use super::*;

fn encoded(image: &DynamicImage, format: image::ImageFormat) -> Vec<u8> {
    let mut bytes = Cursor::new(Vec::new());
    image.write_to(&mut bytes, format).unwrap();
    bytes.into_inner()
}

fn request(format: ImageFormat, resolution_ppi: u16) -> Request {
    Request { format, resolution_ppi, segment: None }
}

/// A 64 x 64 JPEG 2000 codestream without a coefficient: level 128 throughout. No decomposition, one empty packet.
fn codestream(components: &[[u8; 3]]) -> Vec<u8> {
    let number = |n: u32| n.to_be_bytes();
    let mut bytes = vec![0xff, 0x4f, 0xff, 0x51, 0, 38 + 3 * components.len() as u8, 0, 0];
    bytes.extend([64, 64, 0, 0, 64, 64, 0, 0].into_iter().flat_map(number));
    bytes.extend([0, components.len() as u8]);
    bytes.extend(components.iter().flatten());
    bytes.extend([0xff, 0x52, 0, 12, 0, 0, 0, 1, 0, 0, 4, 4, 0, 1]);
    bytes.extend([0xff, 0x5c, 0, 4, 0x40, 0x40]);
    let length = 14 + components.len() as u8;
    bytes.extend([0xff, 0x90, 0, 10, 0, 0, 0, 0, 0, length, 0, 1, 0xff, 0x93]);
    bytes.extend(components.iter().map(|_| 0));
    bytes.extend([0xff, 0xd9]);
    bytes
}

/// The boxes of a JP2 file around a grey codestream; the last has the length 0, as an encoder that streams writes it.
fn jp2(codestream: &[u8]) -> Vec<u8> {
    let mut bytes = b"\0\0\0\x0cjP  \r\n\x87\n\0\0\0\x14ftypjp2 \0\0\0\0jp2 ".to_vec();
    bytes.extend(b"\0\0\0\x2djp2h\0\0\0\x16ihdr\0\0\0\x40\0\0\0\x40\0\x01\x07\x07\0\0");
    bytes.extend(b"\0\0\0\x0fcolr\x01\0\0\0\0\0\x11\0\0\0\0jp2c");
    bytes.extend(codestream);
    bytes
}

#[test]
fn lossless_formats_give_the_same_pixels() {
    let grey = GrayImage::from_fn(100, 80, |x, y| image::Luma([(x * 2 + y) as u8]));
    let dynamic = DynamicImage::ImageLuma8(grey.clone());
    for (format, codec) in [
        (ImageFormat::Png, image::ImageFormat::Png),
        (ImageFormat::Bmp, image::ImageFormat::Bmp),
        (ImageFormat::Tiff, image::ImageFormat::Tiff),
    ] {
        let bytes = encoded(&dynamic, codec);
        assert_eq!(check(format, &bytes, 500), Ok((100, 80)), "{format:?}");
        assert_eq!(decode(request(format, 500), &bytes).unwrap(), grey, "{format:?}");
    }
}

#[test]
fn jpeg_is_read_where_it_is_grey() {
    let ramp = GrayImage::from_fn(96, 80, |x, _| image::Luma([(x * 2) as u8]));
    let as_rgb = DynamicImage::ImageRgb8(DynamicImage::ImageLuma8(ramp.clone()).to_rgb8());
    for image in [DynamicImage::ImageLuma8(ramp.clone()), as_rgb] {
        let bytes = encoded(&image, image::ImageFormat::Jpeg);
        assert_eq!(check(ImageFormat::Jpeg, &bytes, 500), Ok((96, 80)));
        let decoded = decode(request(ImageFormat::Jpeg, 500), &bytes).unwrap();
        assert!(decoded.pixels().zip(ramp.pixels()).all(|(a, b)| a[0].abs_diff(b[0]) <= 4));
    }
    let red = DynamicImage::ImageRgb8(image::RgbImage::from_pixel(64, 64, image::Rgb([200, 20, 20])));
    let error = decode(request(ImageFormat::Jpeg, 500), &encoded(&red, image::ImageFormat::Jpeg));
    assert!(matches!(error, Err(ExtractionError::NotGrey(_))), "{error:?}");
}

#[test]
fn jpeg_2000_is_read_bare_and_boxed_and_where_it_is_8_bit_grey() {
    let grey = GrayImage::from_pixel(64, 64, image::Luma([128]));
    let bare = codestream(&[[7, 1, 1]]);
    for bytes in [&bare, &jp2(&bare), &codestream(&[[7, 1, 1]; 3])] {
        assert_eq!(check(ImageFormat::Jp2, bytes, 500), Ok((64, 64)));
        assert_eq!(decode(request(ImageFormat::Jp2, 500), bytes).as_ref(), Ok(&grey));
    }
    let depths = [[15, 1, 1], [0x87, 1, 1], [0, 1, 1]];
    for components in [&depths[..1], &depths[1..2], &depths[2..], &[[7, 1, 1]; 2], &[[7, 1, 1]; 4]] {
        let error = check(ImageFormat::Jp2, &codestream(components), 500);
        assert!(matches!(error, Err(ExtractionError::NotGrey(_))), "{components:?}: {error:?}");
    }
    let two = jp2(&bare);
    let mut two = [&two[..two.len() - bare.len() - 8], b"\0\0\0\x5ajp2c", &bare, b"\0\0\0\0jp2c"].concat();
    let mut larger = bare.clone();
    larger[11] = 65;
    two.extend(larger);
    let error = decode(request(ImageFormat::Jp2, 500), &two);
    assert!(
        matches!(error, Err(ExtractionError::Undecodable(_))),
        "{:?}",
        error.map(|image| image.dimensions())
    );
}

#[test]
fn a_segment_is_cut_out_of_a_larger_image() {
    let level = |x: u32, y: u32| (x * 3 + y * 7) as u8;
    let slap = GrayImage::from_fn(2500, 300, |x, y| image::Luma([level(x, y)]));
    let bmp = encoded(&DynamicImage::ImageLuma8(slap), image::ImageFormat::Bmp);
    let of = |ppi, segment| decode(Request { segment, ..request(ImageFormat::Bmp, ppi) }, &bmp);
    let part = |left, top, right, bottom| Some(Segment { left, top, right, bottom });
    assert!(matches!(of(500, None), Err(ExtractionError::Size { width: 2500, .. })));
    let finger = of(500, part(2000, 100, 2100, 164)).unwrap();
    assert_eq!(finger, GrayImage::from_fn(100, 64, |x, y| image::Luma([level(x + 2000, y + 100)])));
    // What reaches beyond the image is cut off, and the limits are the part's: at 1 000 ppi 120 pixels are too few.
    assert_eq!(of(500, part(2400, 200, u32::MAX, 301)).unwrap().dimensions(), (100, 100));
    assert!(matches!(of(1000, part(0, 0, 120, 300)), Err(ExtractionError::Size { width: 120, .. })));
    assert!(matches!(of(500, part(0, 0, 2049, 300)), Err(ExtractionError::Size { width: 2049, .. })));
    for empty in [part(300, 0, 200, 300), part(2500, 0, 2600, 300), part(0, u32::MAX, 9, u32::MAX)] {
        assert!(matches!(of(500, empty), Err(ExtractionError::Size { .. })), "{empty:?}");
    }
}

#[test]
fn raw_pixels_become_a_png_of_the_same() {
    let pixels: Vec<u8> = (0..64 * 80_u32).map(|n| (n * 31 % 251) as u8).collect();
    let png = png_of(64, 80, &pixels).unwrap();
    assert_eq!(decode(request(ImageFormat::Png, 500), &png).unwrap().into_raw(), pixels);
    assert!(matches!(png_of(64, 81, &pixels), Err(ExtractionError::Undecodable(_))));
    assert!(matches!(png_of(0, 0, &[]), Err(ExtractionError::Size { .. })));
    assert!(matches!(png_of(u32::MAX, u32::MAX, &[]), Err(ExtractionError::Size { .. })));
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
    assert!(matches!(decode(request(ImageFormat::Bmp, 500), &good), Err(ExtractionError::Undecodable(_))));
    assert!(matches!(decode(request(ImageFormat::Png, 249), &good), Err(ExtractionError::Resolution(249))));
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

/// A small image in every format.
fn samples() -> Vec<(ImageFormat, Vec<u8>)> {
    let grey = GrayImage::from_fn(64, 64, |x, y| image::Luma([(128 + (x / 4 * 37 + y / 4 * 11) % 90) as u8]));
    let wsq = wsq::encode(64, 64, grey.as_raw(), Some(500), wsq::WSQ_RATE).unwrap();
    let dynamic = DynamicImage::ImageLuma8(grey);
    vec![
        (ImageFormat::Png, encoded(&dynamic, image::ImageFormat::Png)),
        (ImageFormat::Bmp, encoded(&dynamic, image::ImageFormat::Bmp)),
        (ImageFormat::Tiff, encoded(&dynamic, image::ImageFormat::Tiff)),
        (ImageFormat::Jpeg, encoded(&dynamic, image::ImageFormat::Jpeg)),
        (ImageFormat::Jp2, codestream(&[[7, 1, 1]])),
        (ImageFormat::Jp2, jp2(&codestream(&[[7, 1, 1]; 3]))),
        (ImageFormat::Wsq, wsq),
    ]
}

/// Every place in the first 200 bytes, where sizes are, and some behind it.
fn places(length: usize) -> impl Iterator<Item = usize> {
    (0..length.min(200)).chain((200..length).step_by(29))
}

#[test]
fn images_that_are_cut_short_are_refused() {
    for (format, bytes) in samples() {
        assert_eq!(decode(request(format, 500), &bytes).unwrap().dimensions(), (64, 64), "{format:?}");
        // Behind the pixels, TIFF has its tags, PNG its end chunk and WSQ and both JPEGs an end marker; a bitmap has nothing.
        for length in places(bytes.len() - if format == ImageFormat::Png { 12 } else { 0 }) {
            let cut = decode(request(format, 500), &bytes[..length]);
            assert!(cut.is_err(), "{format:?} {length} of {}", bytes.len());
        }
    }
}

#[test]
fn changed_bytes_are_survived() {
    for (format, bytes) in samples() {
        for place in places(bytes.len()) {
            for change in [0x01, 0x80, 0xff] {
                let mut damaged = bytes.clone();
                damaged[place] ^= change;
                let _ = check(format, &damaged, 250);
                // At 250 ppi sides of up to 1024 are read: an image of more takes long in a debug build.
                if let Ok(grey) = decode(request(format, 250), &damaged) {
                    assert!(grey.width().max(grey.height()) <= SIDE_PX_MAX / 2, "{format:?} {place}");
                }
            }
        }
    }
}

/// CRC-32 as PNG has it.
fn crc(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(!0_u32, |crc, &byte| {
        (0..8).fold(
            crc ^ u32::from(byte),
            |crc, _| if crc & 1 == 1 { crc >> 1 ^ 0xedb8_8320 } else { crc >> 1 },
        )
    })
}

/// The same image, whose header says 65535 x 65535.
fn enormous(format: ImageFormat, bytes: &[u8]) -> Vec<u8> {
    let mut bytes = bytes.to_vec();
    let after = |bytes: &[u8], mark: &[u8]| {
        bytes.windows(mark.len()).position(|found| found == mark).expect("a header") + mark.len()
    };
    let (at, size): (usize, &[u8]) = match format {
        ImageFormat::Png => (16, &[0, 0, 0xff, 0xff, 0, 0, 0xff, 0xff]),
        ImageFormat::Bmp => (18, &[0xff, 0xff, 0, 0, 0xff, 0xff, 0, 0]),
        ImageFormat::Jpeg => (after(&bytes, &[0xff, 0xc0]) + 3, &[0xff; 4]),
        ImageFormat::Wsq => (after(&bytes, &[0xff, 0xa2]) + 4, &[0xff; 4]),
        ImageFormat::Jp2 => (after(&bytes, &[0xff, 0x51]) + 4, &[0, 0, 0xff, 0xff, 0, 0, 0xff, 0xff]),
        ImageFormat::Tiff => {
            for tag in [0, 1] {
                let value = after(&bytes, &[tag, 1, 4, 0, 1, 0, 0, 0]);
                bytes[value..value + 4].copy_from_slice(&[0xff, 0xff, 0, 0]);
            }
            return bytes;
        }
    };
    bytes[at..at + size.len()].copy_from_slice(size);
    if format == ImageFormat::Png {
        let sum = crc(&bytes[12..29]).to_be_bytes();
        bytes[29..33].copy_from_slice(&sum);
    }
    bytes
}

#[test]
fn an_enormous_image_is_refused_by_its_header() {
    for (format, bytes) in samples() {
        let bytes = enormous(format, &bytes);
        let segment = Some(Segment { left: 0, top: 0, right: 100, bottom: 100 });
        for error in [
            check(format, &bytes, 500).unwrap_err(),
            decode(Request { segment, ..request(format, 500) }, &bytes).unwrap_err(),
        ] {
            let said = error.to_string();
            let refused = match format {
                ImageFormat::Wsq => said.contains("65535 x 65535"),
                // Its own reader finds that the strips are too few.
                ImageFormat::Tiff => matches!(error, ExtractionError::Undecodable(_)),
                _ => matches!(error, ExtractionError::Size { width: 65535, height: 65535, .. }),
            };
            assert!(refused, "{format:?}: {said}");
        }
    }
}

/// Half the difference between the lightest and the darkest pixel, away from the borders.
fn amplitude(grey: &GrayImage) -> u8 {
    let (width, height) = grey.dimensions();
    let middle = image::imageops::crop_imm(grey, width / 4, height / 4, width / 2, height / 2).to_image();
    let (low, high) = (middle.as_raw().iter().min().unwrap(), middle.as_raw().iter().max().unwrap());
    (high - low) / 2
}

#[test]
fn reduction_leaves_no_pattern_that_500_ppi_cannot_hold() {
    // Of ridges, the finest have a period of 4 pixels at 500 ppi.
    for (period, least, most) in [(2.5, 0, 3), (3.0, 0, 6), (6.0, 80, 105), (8.0, 90, 105), (18.0, 95, 105)] {
        let wave = |n: u32| {
            (128.0 + 100.0 * libm::cos(core::f64::consts::TAU * f64::from(n) / period)).round() as u8
        };
        for pattern in [
            GrayImage::from_fn(400, 200, |x, _| image::Luma([wave(x)])),
            GrayImage::from_fn(200, 400, |_, y| image::Luma([wave(y)])),
        ] {
            let left = amplitude(&at_500_ppi(pattern, 1000));
            assert!((least..=most).contains(&left), "period {period}: {left}");
        }
    }
}
