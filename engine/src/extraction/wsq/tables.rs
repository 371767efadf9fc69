//! The tables and headers that come before the compressed blocks of a WSQ file.
//!
//! Encoders order them freely, so each is kept as it comes and asked for only when the first
//! block needs it. The pixel limit is checked here, where the size is first known, so that
//! nothing of the image's size is ever allocated for a header that asks too much.

use super::error::WsqError;
use super::filters::Synthesis;
use super::huffman::HuffmanTable;
use super::markers::{
    COMMENT, HUFFMAN_TABLE, Marker, QUANTISATION_TABLE, RESTART_INTERVAL, Reader, START_OF_FRAME,
    TRANSFORM_TABLE,
};
use super::quantisation::Quantisation;

/// Five halvings must leave every subband at least one coefficient wide.
pub(super) const MIN_SIZE: u16 = 32;

/// The part of the frame header that decoding needs.
#[derive(Debug, Clone, Copy)]
pub(super) struct Frame {
    pub(super) width: u16,
    pub(super) height: u16,
    /// Added to every pixel after scaling.
    pub(super) shift: f32,
    /// Multiplies every pixel.
    pub(super) scale: f32,
}

/// All that has been given so far.
#[derive(Debug, Default)]
pub(super) struct Tables {
    pub(super) frame: Option<Frame>,
    pub(super) filters: Option<Synthesis>,
    pub(super) quantisation: Option<Quantisation>,
    huffman: [Option<HuffmanTable>; 8],
    pub(super) ppi: Option<u16>,
}

impl Tables {
    /// Reads the segment of `marker`. Once blocks have come (`started`), only Huffman tables,
    /// comments and restart intervals are still allowed.
    pub(super) fn read(
        &mut self,
        marker: Marker,
        reader: &mut Reader<'_>,
        started: bool,
        max_pixels: u64,
    ) -> Result<(), WsqError> {
        match marker.code {
            COMMENT => {
                let ppi = pixels_per_inch(reader.segment()?.rest());
                self.ppi = self.ppi.or(ppi);
            }
            HUFFMAN_TABLE => self.read_huffman(&mut reader.segment()?)?,
            // Coefficients are counted over the whole image, so the interval is not needed.
            RESTART_INTERVAL => {
                let mut body = reader.segment()?;
                body.u16("restart interval")?;
                body.finish("excess length of the restart interval")?;
            }
            START_OF_FRAME if self.frame.is_none() && !started => {
                self.frame = Some(Frame::read(&mut reader.segment()?, max_pixels)?);
            }
            TRANSFORM_TABLE if !started => {
                self.filters = Some(Synthesis::read(&mut reader.segment()?)?);
            }
            QUANTISATION_TABLE if !started => {
                self.quantisation = Some(Quantisation::read(&mut reader.segment()?)?);
            }
            code => {
                let offset = marker.offset;
                return Err(WsqError::UnexpectedMarker { offset, code });
            }
        }
        Ok(())
    }

    /// Reads one or more Huffman tables.
    fn read_huffman(&mut self, body: &mut Reader<'_>) -> Result<(), WsqError> {
        loop {
            let offset = body.offset();
            let number = body.u8("Huffman table number")?;
            let slot = self.huffman.get_mut(usize::from(number));
            let slot = slot.ok_or(WsqError::BadValue {
                offset,
                field: "Huffman table number",
                value: u32::from(number),
                expected: "0 to 7",
            })?;
            *slot = Some(HuffmanTable::read(body)?);
            if body.is_empty() {
                return Ok(());
            }
        }
    }

    /// Reads a block header, and finds the Huffman table it names.
    pub(super) fn block_table(
        &self,
        marker: Marker,
        body: &mut Reader<'_>,
    ) -> Result<(u8, &HuffmanTable), WsqError> {
        let number = body.u8("Huffman table number of the block")?;
        body.finish("excess length of the block header")?;
        let table = self.huffman.get(usize::from(number));
        let table = table
            .and_then(Option::as_ref)
            .ok_or(WsqError::Missing { offset: marker.offset, field: "the block's Huffman table" })?;
        Ok((number, table))
    }
}

impl Frame {
    /// Reads the frame header. The black and white levels, the encoder's number and its
    /// software's number do not bear on the pixels.
    fn read(body: &mut Reader<'_>, max_pixels: u64) -> Result<Self, WsqError> {
        body.bytes(2, "black and white levels")?;
        let offset = body.offset();
        let height = size(body, "image height")?;
        let width = size(body, "image width")?;
        if u64::from(width) * u64::from(height) > max_pixels {
            return Err(WsqError::TooManyPixels {
                offset,
                width: u32::from(width),
                height: u32::from(height),
                max_pixels,
            });
        }
        let shift = body.decimal16("pixel shift")?;
        let scale = body.decimal16("pixel scale")?;
        body.bytes(3, "encoder and software numbers")?;
        body.finish("excess length of the frame header")?;
        Ok(Self { width, height, shift, scale })
    }

    /// Scales and shifts transformed pixels back to grey levels, half rounding up.
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "the cast saturates, and takes what is not a number to 0"
    )]
    pub(super) fn grey_levels(&self, pixels: &[f32]) -> Vec<u8> {
        let grey = |&pixel: &f32| {
            let level = (pixel * self.scale + self.shift) + 0.5;
            level as u8
        };
        pixels.iter().map(grey).collect()
    }
}

fn size(body: &mut Reader<'_>, field: &'static str) -> Result<u16, WsqError> {
    let offset = body.offset();
    let value = body.u16(field)?;
    if value < MIN_SIZE {
        return Err(WsqError::BadValue {
            offset,
            field,
            value: u32::from(value),
            expected: "32 pixels or more",
        });
    }
    Ok(value)
}

/// The resolution in a NISTCOM comment: lines of key and value, the first key `NIST_COM`.
fn pixels_per_inch(comment: &[u8]) -> Option<u16> {
    if !comment.starts_with(b"NIST_COM") {
        return None;
    }
    comment
        .split(|&byte| byte == b'\n')
        .filter_map(|line| std::str::from_utf8(line).ok())
        .filter_map(|line| line.split_once(' '))
        .find(|&(key, _)| key == "PPI")
        .and_then(|(_, value)| value.trim().parse().ok())
        .filter(|&ppi| ppi > 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn takes_the_resolution_from_a_nistcom_only() {
        let comment = b"NIST_COM 2\nPPI 500\nLOSSY 1";
        assert_eq!(pixels_per_inch(comment), Some(500));
        assert_eq!(pixels_per_inch(b"NIST_COM 1\nPPI -1"), None);
        assert_eq!(pixels_per_inch(b"a note\nPPI 500"), None);
    }

    #[test]
    fn grey_levels_round_and_saturate() {
        let frame = Frame { width: 32, height: 32, shift: 100.0, scale: 2.0 };
        let pixels = [-200.0, -0.5, 0.2, 0.25, 300.0, f32::NAN];
        assert_eq!(frame.grey_levels(&pixels), [0, 99, 100, 101, 255, 0]);
    }
}
