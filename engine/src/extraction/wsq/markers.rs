//! Reads bytes, numbers and markers of the WSQ container, and knows the markers by name.
//!
//! Every read is bounded and names its field, so a damaged file ends in an error that says
//! where and what, and no other part of the decoder has to count bytes.

use super::error::WsqError;

/// Second bytes of the markers; the first is always 0xff.
pub(super) const START_OF_IMAGE: u16 = 0xffa0;
pub(super) const END_OF_IMAGE: u8 = 0xa1;
pub(super) const START_OF_FRAME: u8 = 0xa2;
pub(super) const START_OF_BLOCK: u8 = 0xa3;
pub(super) const TRANSFORM_TABLE: u8 = 0xa4;
pub(super) const QUANTISATION_TABLE: u8 = 0xa5;
pub(super) const HUFFMAN_TABLE: u8 = 0xa6;
pub(super) const RESTART_INTERVAL: u8 = 0xa7;
pub(super) const COMMENT: u8 = 0xa8;
/// The first of the eight restart markers.
pub(super) const RESTART: u8 = 0xb0;

/// The largest decimal exponent taken. Encoders stay below 12; far beyond it every number is
/// lost in the rounding of 32-bit floats.
const MAX_EXPONENT: u8 = 20;

/// A marker and the byte at which it begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Marker {
    pub(super) offset: usize,
    pub(super) code: u8,
}

/// Reads forward through the file, or through one segment of it.
#[derive(Debug, Clone)]
pub(super) struct Reader<'a> {
    data: &'a [u8],
    offset: usize,
}

impl<'a> Reader<'a> {
    pub(super) fn new(data: &'a [u8]) -> Self {
        Self { data, offset: 0 }
    }

    pub(super) fn offset(&self) -> usize {
        self.offset
    }

    /// All bytes of the file or segment, whatever has been read of them.
    pub(super) fn data(&self) -> &'a [u8] {
        self.data
    }

    /// Goes on reading at `offset`.
    pub(super) fn seek(&mut self, offset: usize) {
        self.offset = offset;
    }

    pub(super) fn is_empty(&self) -> bool {
        self.offset >= self.data.len()
    }

    /// The bytes that have not been read.
    pub(super) fn rest(&self) -> &'a [u8] {
        self.data.get(self.offset..).unwrap_or_default()
    }

    fn array<const N: usize>(&mut self, field: &'static str) -> Result<[u8; N], WsqError> {
        let offset = self.offset;
        let bytes = self.rest().first_chunk::<N>();
        let bytes = *bytes.ok_or(WsqError::Truncated { offset, field })?;
        self.offset = offset.saturating_add(N);
        Ok(bytes)
    }

    pub(super) fn bytes(&mut self, n: usize, field: &'static str) -> Result<&'a [u8], WsqError> {
        let offset = self.offset;
        let bytes = self.rest().get(..n);
        let bytes = bytes.ok_or(WsqError::Truncated { offset, field })?;
        self.offset = offset.saturating_add(n);
        Ok(bytes)
    }

    pub(super) fn u8(&mut self, field: &'static str) -> Result<u8, WsqError> {
        self.array(field).map(u8::from_be_bytes)
    }

    pub(super) fn u16(&mut self, field: &'static str) -> Result<u16, WsqError> {
        self.array(field).map(u16::from_be_bytes)
    }

    /// A number given as decimal exponent (one byte) and 16-bit mantissa.
    pub(super) fn decimal16(&mut self, field: &'static str) -> Result<f32, WsqError> {
        let offset = self.offset;
        let exponent = self.u8(field)?;
        let mantissa = self.u16(field)?;
        decimal(offset, f32::from(mantissa), exponent, field)
    }

    /// A number given as sign, decimal exponent (one byte each) and 32-bit mantissa.
    pub(super) fn signed_decimal32(&mut self, field: &'static str) -> Result<f32, WsqError> {
        let sign = self.u8(field)?;
        let offset = self.offset;
        let exponent = self.u8(field)?;
        let mantissa = self.array(field).map(u32::from_be_bytes)?;
        // Rounding the mantissa to 24 bits first is what the reference decoder does.
        let value = decimal(offset, mantissa as f32, exponent, field)?;
        Ok(if sign == 0 { value } else { -value })
    }

    /// The next marker. Fill bytes 0xff in front of its code are passed over.
    pub(super) fn marker(&mut self) -> Result<Marker, WsqError> {
        let offset = self.offset;
        match self.u8("marker")? {
            0xff => {}
            found => return Err(WsqError::NotAMarker { offset, found }),
        }
        loop {
            match self.u8("marker")? {
                0xff => {}
                code => return Ok(Marker { offset, code }),
            }
        }
    }

    /// Reads a segment's length and body, and leaves this reader behind them. The body's
    /// offsets are those of the file.
    pub(super) fn segment(&mut self) -> Result<Reader<'a>, WsqError> {
        let offset = self.offset;
        let length = self.u16("segment length")?;
        let body = length.checked_sub(2).ok_or(WsqError::BadValue {
            offset,
            field: "segment length",
            value: u32::from(length),
            expected: "2 or more",
        })?;
        let start = self.offset;
        self.bytes(usize::from(body), "marker segment")?;
        let data = self.data.get(..self.offset).unwrap_or_default();
        Ok(Reader { data, offset: start })
    }

    /// Makes sure that a segment held nothing but what has been read of it.
    pub(super) fn finish(&self, field: &'static str) -> Result<(), WsqError> {
        if self.is_empty() {
            return Ok(());
        }
        Err(WsqError::BadValue {
            offset: self.offset,
            field,
            value: u32::try_from(self.rest().len()).unwrap_or(u32::MAX),
            expected: "0: the segment is longer than its content",
        })
    }
}

/// `mantissa / 10^exponent`, divided step by step so that it rounds as the reference does.
fn decimal(offset: usize, mantissa: f32, exponent: u8, field: &'static str) -> Result<f32, WsqError> {
    if mantissa == 0.0 {
        return Ok(0.0);
    }
    if exponent > MAX_EXPONENT {
        return Err(WsqError::BadValue {
            offset,
            field,
            value: u32::from(exponent),
            expected: "a decimal exponent of at most 20",
        });
    }
    Ok((0..exponent).fold(mantissa, |value, _| value / 10.0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decimals_scale_by_powers_of_ten() {
        let mut reader = Reader::new(&[2, 0, 44, 1, 1, 0, 0, 0, 25]);
        assert_eq!(reader.decimal16("centre"), Ok(0.44));
        assert_eq!(reader.signed_decimal32("tap"), Ok(-2.5));
        assert!(reader.is_empty());
    }

    #[test]
    fn a_segment_cannot_reach_past_the_file() {
        let mut reader = Reader::new(&[0, 5, 1, 2]);
        let error = reader.segment().err();
        let field = "marker segment";
        assert_eq!(error, Some(WsqError::Truncated { offset: 2, field }));
    }
}
