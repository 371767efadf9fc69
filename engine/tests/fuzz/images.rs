//! Images of every format that is accepted: their headers, which the server reads itself, and their pixels, with and without a
//! segment.

use std::io::Cursor;

use image::{DynamicImage, GrayImage};
use whorl_engine::extraction::containers::nothing_beside;
use whorl_engine::extraction::image::{HEADER_MEMORY_MAX, check, decode, png_of};
use whorl_engine::extraction::{ImageFormat, Request, Segment};

use super::corpus::{real, ridges};
use super::driver::{Target, can_be_shown, within};
use super::random::Random;
use super::{mutations, png_chunks, segments, wsq};

/// Images of this size are decoded: at 500 ppi the smallest side that is accepted is 64.
const SIDES: (u32, u32) = (72, 64);
/// What a decoder takes for a pixel of three colours, as floats in JPEG 2000, and some copies. Unit: bytes.
const MEMORY_A_PIXEL: u64 = 64;
/// What decoders take whatever the size: tables, windows of compression. Unit: bytes.
const MEMORY_OF_DECODERS: u64 = 4 << 20;
/// The list of the strips of a TIFF. Unit: bytes.
const MEMORY_OF_CONTAINERS: u64 = 5 << 20;

fn request(format: ImageFormat, segment: Option<Segment>) -> Request {
    Request { format, resolution_ppi: 500, segment }
}

pub fn check_header(format: ImageFormat, bytes: &[u8]) -> Option<(u32, u32)> {
    let header = within("check", bytes.len(), HEADER_MEMORY_MAX, || check(format, bytes, 500));
    let beside = within("beside", bytes.len(), MEMORY_OF_CONTAINERS, || nothing_beside(format, bytes));
    if let Err(beside) = beside {
        can_be_shown(&beside);
    }
    match header {
        Ok(sides) => Some(sides),
        Err(error) => {
            can_be_shown(&error);
            None
        }
    }
}

/// Header, all pixels, and the pixels of a segment, which must be those of the image.
fn check_pixels(format: ImageFormat, bytes: &[u8]) -> bool {
    let sides = check_header(format, bytes);
    let pixels = sides.map_or(0, |(width, height)| u64::from(width) * u64::from(height));
    let besides = MEMORY_OF_DECODERS + pixels * MEMORY_A_PIXEL;
    let decoded =
        |segment| within("decode", bytes.len(), besides, || decode(request(format, segment), bytes));
    let whole = match decoded(None) {
        Ok(image) => image,
        Err(error) => {
            can_be_shown(&error);
            return false;
        }
    };
    assert_eq!(sides, Some(whole.dimensions()));
    let segment = Segment { left: 1, top: 0, right: 65, bottom: u32::MAX };
    if let Ok(part) = decoded(Some(segment)) {
        assert_eq!(part.get_pixel(0, 0), whole.get_pixel(1, 0));
    }
    let none = Segment { left: u32::MAX, top: 3, right: 2, bottom: 0 };
    assert!(decoded(Some(none)).is_err());
    true
}

fn corpus(codec: image::ImageFormat) -> Vec<Vec<u8>> {
    let (width, height) = SIDES;
    let grey = DynamicImage::ImageLuma8(GrayImage::from_raw(width, height, ridges(width, height)).unwrap());
    let images = [DynamicImage::ImageRgb8(grey.to_rgb8()), DynamicImage::ImageLuma16(grey.to_luma16()), grey];
    let encoded = |image: &DynamicImage| {
        let mut bytes = Cursor::new(Vec::new());
        image.write_to(&mut bytes, codec).ok().map(|()| bytes.into_inner())
    };
    images.iter().filter_map(encoded).collect()
}

fn fuzz(name: &'static str, iterations: u64, format: ImageFormat, corpus: &[Vec<u8>]) {
    let mutate = |random: &mut Random, corpus: &[Vec<u8>]| match format {
        ImageFormat::Png if !random.one_in(3) => png_chunks::mutated(random, corpus),
        ImageFormat::Jpeg if random.one_in(2) => segments::mutated(random, corpus, 0xDA),
        ImageFormat::Wsq if random.one_in(2) => segments::mutated(random, corpus, 0xA3),
        _ => mutations::of_bytes(random, corpus),
    };
    let check = |bytes: &[u8]| check_pixels(format, bytes);
    Target { name, iterations, corpus, mutate: &mutate, check: &check }.run();
    // Quicker, and other inputs, for the name is another.
    let name = &format!("{name}, headers");
    let check = |bytes: &[u8]| check_header(format, bytes).is_some();
    Target { name, iterations: 6_000, corpus, mutate: &mutate, check: &check }.run();
}

/// A sound file.
pub fn small_png() -> Vec<u8> {
    let (width, height) = SIDES;
    png_of(width, height, &ridges(width, height)).unwrap()
}

#[test]
fn images_as_png() {
    let mut corpus = corpus(image::ImageFormat::Png);
    corpus.push(small_png());
    fuzz("png", 1_200, ImageFormat::Png, &corpus);
}

#[test]
fn images_as_bitmap() {
    fuzz("bmp", 3_000, ImageFormat::Bmp, &corpus(image::ImageFormat::Bmp));
}

#[test]
fn images_as_tiff() {
    fuzz("tiff", 3_000, ImageFormat::Tiff, &corpus(image::ImageFormat::Tiff));
}

#[test]
fn images_as_jpeg() {
    fuzz("jpeg", 1_500, ImageFormat::Jpeg, &corpus(image::ImageFormat::Jpeg));
}

#[test]
fn images_as_wsq() {
    fuzz("wsq as an image", 400, ImageFormat::Wsq, &wsq::corpus());
}

/// SOC, SIZ, COD, QCD and one tile with an empty packet: 64 x 64 pixels of middle grey, not decomposed.
fn codestream() -> Vec<u8> {
    let mut bytes = vec![0xFF, 0x4F, 0xFF, 0x51, 0, 41, 0, 0];
    for number in [64_u32, 64, 0, 0, 64, 64, 0, 0] {
        bytes.extend(number.to_be_bytes());
    }
    bytes.extend([0, 1, 7, 1, 1]);
    bytes.extend([0xFF, 0x52, 0, 12, 0, 0, 0, 1, 0, 0, 4, 4, 0, 1]);
    bytes.extend([0xFF, 0x5C, 0, 4, 0x40, 0x40]);
    bytes.extend([0xFF, 0x90, 0, 10, 0, 0, 0, 0, 0, 15, 0, 1, 0xFF, 0x93, 0, 0xFF, 0xD9]);
    bytes
}

fn jp2(codestream: &[u8]) -> Vec<u8> {
    let boxes = b"\0\0\0\x0cjP  \r\n\x87\n\0\0\0\x14ftypjp2 \0\0\0\0jp2 \
        \0\0\0\x2djp2h\0\0\0\x16ihdr\0\0\0\x40\0\0\0\x40\0\x01\x07\x07\0\0\0\0\0\x0fcolr\x01\0\0\0\0\0\x11\0\0\0\0jp2c";
    [&boxes[..], codestream].concat()
}

#[test]
fn images_as_jpeg_2000() {
    let corpus = [codestream(), jp2(&codestream())];
    fuzz("jpeg 2000", 3_000, ImageFormat::Jp2, &corpus);
}

/// A real one takes long to decode, so mostly its header is read.
#[test]
fn real_jpeg_2000() {
    let corpus = real("jp2", 200_000);
    if corpus.is_empty() {
        return;
    }
    fuzz("jpeg 2000, real", 4, ImageFormat::Jp2, &corpus);
}
