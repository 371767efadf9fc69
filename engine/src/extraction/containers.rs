//! What is in an image file beside the pixels. Containers have room for texts, profiles, thumbnails and whole files, which
//! could say anything of anybody, and an image is stored and disclosed as it came. So each container is walked here, and only the
//! parts that pixels and their resolution need are let through: what is not known is refused, not passed over.
//!
//! | format | what may be in a file |
//! | --- | --- |
//! | PNG | `png`: chunks of pixels, palette, scale and greys, each once and of its own length |
//! | BMP | `bmp`: headers, masks, palette, pixels, and no byte between or behind them |
//! | TIFF | `tiff`: one directory of tags of pixels, what they point to, and no other byte but zeros |
//! | WSQ | `wsq`: tables, frame, blocks, and the list that encoders write as a comment |
//! | JPEG 2000 | `jpeg_2000`: boxes of header and codestream, its segments, and the encoder's name |
//! | JPEG | `jpeg`: tables, frame, scans, the headers of JFIF and Adobe |
//!
//! A file that is damaged is refused too, where it can be walked no further: what is behind cannot be told from a text. What
//! hides in the parts themselves (least bits of pixels, filling of rows, compressed data behind the last pixel) is not found:
//! no camera or editor writes there, and who wants to hide a message in an image can.

#![forbid(unsafe_code)]

mod bmp;
mod jpeg;
mod jpeg_2000;
mod png;
mod tiff;
mod walk;
mod wsq;

use super::ImageFormat;

/// The first thing in an image file that is not of the print. The message can be shown to the sender: it quotes the name of a part
/// at most, and nothing of what is in it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("byte {offset}: {what} is not of the print: remove it")]
pub struct Beside {
    /// Where it begins. Unit: bytes from the beginning of the file.
    pub offset: usize,
    /// What it is, in a few words.
    pub what: String,
}

fn beside(offset: usize, what: impl Into<String>) -> Beside {
    Beside { offset, what: what.into() }
}

/// The file as it may be kept. Encoders of WSQ, and whoever packs prints, put notes into comments, where a State that sends the file
/// does not see them: those that say more than figures are left out, and every pixel stays. Any other file is as it was.
pub fn without_notes(format: ImageFormat, bytes: Vec<u8>) -> Vec<u8> {
    match format {
        ImageFormat::Wsq => wsq::without_notes(&bytes).unwrap_or(bytes),
        _ => bytes,
    }
}

/// Makes sure that the file has nothing but an image. In linear time, but for a TIFF, whose strips are sorted, and in less than
/// a kilobyte, but for a TIFF, up to 5 MiB. No pixel is decoded: whether there is a sound image, [`super::image`] says.
///
/// # Errors
///
/// If there is a text, a profile, a thumbnail, a part that is not known, or bytes behind the end; also where the file is cut short or
/// of another format.
pub fn nothing_beside(format: ImageFormat, bytes: &[u8]) -> Result<(), Beside> {
    match format {
        ImageFormat::Png => png::walk(bytes),
        ImageFormat::Bmp => bmp::walk(bytes),
        ImageFormat::Tiff => tiff::walk(bytes),
        ImageFormat::Wsq => wsq::walk(bytes),
        ImageFormat::Jp2 => jpeg_2000::walk(bytes),
        ImageFormat::Jpeg => jpeg::walk(bytes),
    }
}

#[cfg(test)]
mod tests;
