//! Tests of what is let through and refused in each container: what our encoders and those of `image` write passes, with a part
//! more it is refused where that part is, and a file that is cut short is refused.
#![expect(clippy::cast_possible_truncation, reason = "small numbers in tests")]

use std::io::Cursor;

use image::{DynamicImage, GrayImage};

use super::*;
use crate::extraction::image::png_of;
use crate::extraction::wsq::{WSQ_RATE, encode};

/// Grey levels of 72 x 64 pixels.
fn levels() -> Vec<u8> {
    (0..72 * 64_u32).map(|n| (n * 7 % 251) as u8).collect()
}

fn encoded(format: image::ImageFormat) -> Vec<u8> {
    let image = DynamicImage::ImageLuma8(GrayImage::from_raw(72, 64, levels()).unwrap());
    let mut bytes = Cursor::new(Vec::new());
    image.write_to(&mut bytes, format).unwrap();
    bytes.into_inner()
}

fn codestream(comment: &[u8]) -> Vec<u8> {
    let mut bytes = vec![0xff, 0x4f, 0xff, 0x51, 0, 41, 0, 0];
    bytes.extend([64_u32, 64, 0, 0, 64, 64, 0, 0].into_iter().flat_map(u32::to_be_bytes));
    bytes.extend([0, 1, 7, 1, 1, 0xff, 0x52, 0, 12, 0, 0, 0, 1, 0, 0, 4, 4, 0, 1]);
    bytes.extend([0xff, 0x5c, 0, 4, 0x40, 0x40]);
    if !comment.is_empty() {
        bytes.extend([0xff, 0x64, 0, comment.len() as u8 + 4, 0, 1]);
        bytes.extend(comment);
    }
    bytes.extend([0xff, 0x90, 0, 10, 0, 0, 0, 0, 0, 15, 0, 1, 0xff, 0x93, 0, 0xff, 0xd9]);
    bytes
}

const JP2_HEAD: &[u8] = b"\0\0\0\x0cjP  \r\n\x87\n\0\0\0\x14ftypjp2 \0\0\0\0jp2 \
    \0\0\0\x2djp2h\0\0\0\x16ihdr\0\0\0\x40\0\0\0\x40\0\x01\x07\x07\0\0\0\0\0\x0fcolr\x01\0\0\0\0\0\x11";

/// With a codestream whose box says how long it is, so that others can follow.
fn jp2() -> Vec<u8> {
    let codestream = codestream(b"");
    let length = (codestream.len() as u32 + 8).to_be_bytes();
    [JP2_HEAD, &length, b"jp2c", &codestream].concat()
}

/// A sound file of each format.
fn sound() -> [(ImageFormat, Vec<u8>); 8] {
    let wsq = encode(72, 64, &levels(), Some(500), WSQ_RATE).unwrap();
    [
        (ImageFormat::Png, png_of(72, 64, &levels()).unwrap()),
        (ImageFormat::Png, encoded(image::ImageFormat::Png)),
        (ImageFormat::Bmp, encoded(image::ImageFormat::Bmp)),
        (ImageFormat::Tiff, encoded(image::ImageFormat::Tiff)),
        (ImageFormat::Wsq, wsq),
        (ImageFormat::Jp2, jp2()),
        (ImageFormat::Jp2, codestream(b"")),
        (ImageFormat::Jpeg, encoded(image::ImageFormat::Jpeg)),
    ]
}

/// `file` with `part` in front of what was at `at`.
fn with(file: &[u8], at: usize, part: &[u8]) -> Vec<u8> {
    [&file[..at], part, &file[at..]].concat()
}

fn refused(format: ImageFormat, file: &[u8], offset: usize, what: &str) {
    let found = nothing_beside(format, file).unwrap_err();
    assert!(found.offset == offset && found.what.contains(what), "{found}, not {what} at {offset}");
}

fn passes(format: ImageFormat, file: &[u8]) {
    assert_eq!(nothing_beside(format, file), Ok(()));
}

/// The first place of `part`.
fn place(file: &[u8], part: &[u8]) -> usize {
    file.windows(part.len()).position(|window| window == part).unwrap()
}

#[test]
fn what_encoders_write_passes() {
    for (format, file) in sound() {
        assert_eq!(nothing_beside(format, &file), Ok(()), "{format:?}");
    }
}

#[test]
fn bytes_behind_the_end_are_refused_and_so_is_a_file_that_is_cut_short_or_of_another_format() {
    for (format, file) in sound() {
        refused(format, &with(&file, file.len(), b"Anna"), file.len(), "");
        for length in 0..file.len() {
            let found = nothing_beside(format, &file[..length]).unwrap_err();
            assert!(found.offset <= length, "{format:?} {length}: {found}");
        }
        for (other, another) in sound() {
            assert!(other == format || nothing_beside(format, &another).is_err());
        }
    }
}

fn chunk(kind: &[u8], data: &[u8]) -> Vec<u8> {
    [&(data.len() as u32).to_be_bytes(), kind, data, &[0; 4]].concat()
}

#[test]
fn chunks_of_a_png_that_pixels_do_not_need_are_refused() {
    let file = png_of(72, 64, &levels()).unwrap();
    for kind in [b"tEXt", b"zTXt", b"iTXt", b"eXIf", b"tIME", b"iCCP", b"prVt", b"acTL", b"PLTE"] {
        let name = kind.escape_ascii().to_string();
        refused(ImageFormat::Png, &with(&file, 33, &chunk(kind, b"Author\0Anna Muster")), 33, &name);
        let end = file.len() - 12;
        refused(ImageFormat::Png, &with(&file, end, &chunk(kind, b"Author\0Anna")), end, &name);
    }
    let scale = chunk(b"pHYs", &[0, 0, 77, 1, 0, 0, 77, 1, 1]);
    let scaled = with(&file, 33, &scale);
    passes(ImageFormat::Png, &scaled);
    refused(ImageFormat::Png, &with(&scaled, 54, &scale), 54, "second chunk pHYs");
    refused(ImageFormat::Png, &with(&file, 33, &chunk(b"pHYs", b"Anna Muster")), 33, "length");
    let mut palette = file;
    palette[25] = 3;
    passes(ImageFormat::Png, &with(&palette, 33, &chunk(b"PLTE", &[7; 768])));
}

#[test]
fn segments_of_a_jpeg_that_pixels_do_not_need_are_refused() {
    let file = encoded(image::ImageFormat::Jpeg);
    let segment = |code: u8, body: &[u8]| [&[0xff, code, 0, body.len() as u8 + 2], body].concat();
    for (code, body, name) in [
        (0xe1, b"Exif\0\0Anna".as_slice(), "APP1"),
        (0xe0, b"JFXX\0\x10Anna", "APP0"),
        (0xe0, b"JFIF\0\x01\x02\0\0\x01\0\x01\x01\x01Ann", "APP0"),
        (0xed, b"Photoshop 3.0", "APP13"),
        (0xee, b"Adobe and what Anna wrote", "APP14"),
        (0xfe, b"Anna", "the comment"),
        (0xf0, b"Anna", "fff0"),
    ] {
        refused(ImageFormat::Jpeg, &with(&file, 2, &segment(code, body)), 2, name);
        // Behind the scan too.
        let end = file.len() - 2;
        refused(ImageFormat::Jpeg, &with(&file, end, &segment(code, body)), end, name);
    }
    passes(ImageFormat::Jpeg, &with(&file, 2, &segment(0xee, b"Adobe\0\x64\0\0\0\0\0")));
    refused(ImageFormat::Jpeg, &with(&file, 2, b"Anna"), 2, "between the segments");
}

#[test]
fn a_comment_of_wsq_is_the_list_of_an_encoder_or_refused() {
    let file = encode(72, 64, &levels(), Some(500), WSQ_RATE).unwrap();
    let comment = |text: &[u8]| [&[0xff, 0xa8, 0, text.len() as u8 + 2], text].concat();
    let own = place(&file, &[0xff, 0xa8]);
    let length = usize::from(file[own + 3]) + 2;
    let bare = [&file[..own], &file[own + length..]].concat();
    passes(ImageFormat::Wsq, &bare);
    refused(ImageFormat::Wsq, &with(&file, own, &comment(b"NIST_COM 1")), own + 14, "second comment");
    refused(ImageFormat::Wsq, &with(&bare, 2, &comment(b"Anna Muster")), 2, "the comment");
    refused(ImageFormat::Wsq, &with(&bare, 2, &comment(b"")), 2, "the comment");
    passes(ImageFormat::Wsq, &with(&bare, 2, &comment(b"NIST_COM 2\nPPI -1\n")));
    for line in [
        "SEX m",
        "HISTORY s1",
        "Anna",
        "COLORSPACE Anna",
        "PPI Anna",
        "PPI 12345678901",
        "PPI",
        "NIST_COM 1",
        "",
    ] {
        let text = format!("NIST_COM 2\n{line}\nPPI 500");
        // Marker and length, then the first line.
        refused(ImageFormat::Wsq, &with(&bare, 2, &comment(text.as_bytes())), 2 + 4 + 11, "this line");
    }
    // Between the blocks and in front of the end as well.
    let end = bare.len() - 2;
    refused(ImageFormat::Wsq, &with(&bare, end, &comment(b"Anna")), end, "the comment");
    refused(ImageFormat::Wsq, &with(&bare, 2, b"\xff\xa9\0\x06Anna"), 2, "ffa9");
}

#[test]
fn boxes_of_jpeg_2000_that_pixels_do_not_need_are_refused() {
    let file = jp2();
    for kind in ["xml ", "uuid", "uinf", "jp2i", "free", "asoc", "jp2c"] {
        let part = [&16_u32.to_be_bytes(), kind.as_bytes(), b"<Anna/> "].concat();
        refused(ImageFormat::Jp2, &with(&file, file.len(), &part), file.len(), kind);
        let at = JP2_HEAD.len();
        if kind != "jp2c" {
            refused(ImageFormat::Jp2, &with(&file, at, &part), at, kind);
        }
    }
    // To the end of the file, as an encoder that streams writes it; and then the end is the codestream's.
    let streamed = [JP2_HEAD, b"\0\0\0\0jp2c", &codestream(b"")].concat();
    passes(ImageFormat::Jp2, &streamed);
    refused(ImageFormat::Jp2, &with(&streamed, streamed.len(), b"Anna"), streamed.len(), "the codestream");
    let mut profile = file.clone();
    profile[70] = 2;
    refused(ImageFormat::Jp2, &profile, 62, "box colr");
    let mut brand = file;
    brand[28..32].copy_from_slice(b"Anna");
    refused(ImageFormat::Jp2, &brand, 20, "in this box");
}

#[test]
fn a_comment_in_a_codestream_is_an_encoder_or_refused() {
    for known in [
        "Kakadu-v7.10.2",
        "Created by OpenJPEG version 2.5.0",
        "Creator: JasPer Version 1.900.1",
        "EncID:1 NIST01",
    ] {
        passes(ImageFormat::Jp2, &codestream(known.as_bytes()));
    }
    let at = place(&codestream(b"Anna"), &[0xff, 0x64]);
    for other in
        ["Anna", "Kakadu-v7 of Anna", "Created by OpenJPEG version 2.5.0 for Anna", "Kakadu-v12345678901"]
    {
        refused(ImageFormat::Jp2, &codestream(other.as_bytes()), at, "the comment");
    }
    let one = codestream(b"Kakadu-v7.10.2");
    refused(ImageFormat::Jp2, &with(&one, at, b"\xff\x64\0\x0c\0\x01Kakadu-1"), at + 14, "the comment");
    // In the head of a tile, between its head and its end, and a segment that is not known.
    let file = codestream(b"");
    let data = file.len() - 5;
    refused(ImageFormat::Jp2, &with(&file, data, b"\xff\x64\0\x08\0\x01Anna"), data, "the comment");
    refused(ImageFormat::Jp2, &with(&file, file.len() - 2, b"Anna"), file.len() - 2, "between the tiles");
    refused(ImageFormat::Jp2, &with(&file, at, b"\xff\x70\0\x06Anna"), at, "ff70");
    let mut to_the_end = file;
    let length = to_the_end.len() - 8;
    assert_eq!(to_the_end[length], 15);
    to_the_end[length] = 0;
    passes(ImageFormat::Jp2, &to_the_end);
}

#[test]
fn bytes_of_a_bitmap_that_are_no_pixels_are_refused() {
    let file = encoded(image::ImageFormat::Bmp);
    let pixels = usize::from(u16::from_le_bytes([file[10], file[11]]));
    let mut gap = with(&file, pixels, b"Anna");
    gap[10..12].copy_from_slice(&(pixels as u16 + 4).to_le_bytes());
    refused(ImageFormat::Bmp, &gap, pixels, "between palette and pixels");
    let mut reserved = file.clone();
    reserved[6..10].copy_from_slice(b"Anna");
    refused(ImageFormat::Bmp, &reserved, 6, "reserved");
    let mut palette = file;
    palette[pixels - 1] = b'A';
    refused(ImageFormat::Bmp, &palette, pixels - 1024, "palette");
}

#[test]
fn a_bitmap_of_run_lengths_ends_where_they_do() {
    let mut file =
        b"BM\0\0\0\0\0\0\0\0\x3a\0\0\0\x28\0\0\0\x04\0\0\0\x02\0\0\0\x01\0\x08\0\x01\0\0\0".to_vec();
    file.extend([[0; 12].as_slice(), &[1, 0, 0, 0, 0, 0, 0, 0], &[9, 9, 9, 0]].concat());
    assert_eq!(file.len(), 0x3a);
    file.extend([4, 0, 0, 0, 0, 3, 0, 0, 0, 0, 0, 2, 1, 0, 0, 1]);
    passes(ImageFormat::Bmp, &file);
    refused(ImageFormat::Bmp, &with(&file, file.len(), b"Anna"), file.len(), "the pixels");
    // A header with a profile behind the pixels.
    let mut long = with(&file, 54, &[0; 84]);
    (long[10], long[14]) = (0x8e, 124);
    passes(ImageFormat::Bmp, &long);
    long[126] = 1;
    refused(ImageFormat::Bmp, &long, 70, "colour profile");
}

/// A directory of 72 x 64 grey pixels, which follow the header, with `tag` of so many values more.
fn tiff(tag: u16, kind: u16, count: u32, value: u32, next: u32) -> Vec<u8> {
    let mut file = [b"MM\0*".as_slice(), &(8 + 4608_u32).to_be_bytes(), &levels()].concat();
    let pixels = [(256, 72), (257, 64), (258, 8), (259, 1), (262, 1), (273, 8), (278, 64), (279, 4608)];
    let pixels = pixels.map(|(tag, value)| (tag, 4_u16, 1_u32, value));
    file.extend([0, 9]);
    for (tag, kind, count, value) in pixels.into_iter().chain([(tag, kind, count, value)]) {
        file.extend([tag.to_be_bytes(), kind.to_be_bytes()].concat());
        file.extend([count.to_be_bytes(), value.to_be_bytes()].concat());
    }
    file.extend(next.to_be_bytes());
    file
}

#[test]
fn tags_of_a_tiff_that_pixels_do_not_need_are_refused() {
    passes(ImageFormat::Tiff, &tiff(296, 3, 1, 0x2_0000, 0));
    let last = 8 + 4608 + 2 + 8 * 12;
    for tag in [269, 270, 271, 272, 285, 305, 306, 315, 316, 330, 347, 700, 33_432, 34_665, 34_675, 65_000] {
        refused(ImageFormat::Tiff, &tiff(tag, 4, 1, 0, 0), last, &format!("tag {tag}"));
    }
    refused(ImageFormat::Tiff, &tiff(296, 2, 4, 0, 0), last, "type of the tag 296");
    refused(ImageFormat::Tiff, &tiff(296, 4, 1000, 8, 0), last, "length of the tag 296");
    refused(ImageFormat::Tiff, &tiff(256, 4, 1, 8, 0), last, "second tag 256");
    refused(ImageFormat::Tiff, &tiff(296, 3, 1, 0, 8), last + 12, "second directory");
    let mut jpeg = tiff(296, 3, 1, 0, 0);
    let compression = 8 + 4608 + 2 + 3 * 12;
    jpeg[compression + 11] = 7;
    refused(ImageFormat::Tiff, &jpeg, compression, "JPEG");
}

#[test]
fn bytes_of_a_tiff_that_no_tag_points_to_are_zero_or_refused() {
    let file = tiff(282, 5, 1, 8 + 4608 + 2 + 9 * 12 + 4, 0);
    let resolved = [file.as_slice(), &[0, 0, 1, 0xf4, 0, 0, 0, 1]].concat();
    passes(ImageFormat::Tiff, &resolved);
    passes(ImageFormat::Tiff, &with(&resolved, resolved.len(), &[0, 0]));
    refused(ImageFormat::Tiff, &file, file.len(), "cut short");
    // A strip that is shorter by four bytes leaves them to no tag.
    let mut shorter = resolved;
    let length = 8 + 4608 + 2 + 8 * 12 - 2;
    shorter[length..length + 2].copy_from_slice(&4604_u16.to_be_bytes());
    refused(ImageFormat::Tiff, &shorter, 8 + 4604, "no tag points to");
}
