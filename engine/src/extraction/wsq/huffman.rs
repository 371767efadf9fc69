//! Huffman tables and the bit reader that feeds them.
//!
//! Nearly all codes of a print are ten bits or shorter, so one look-up of ten bits finds them;
//! the rest are found by comparing with the end of each longer code length. A full table of
//! 16 bits would be slower to fill than most files are to decode.

use super::error::WsqError;
use super::markers::Reader;

const FAST_BITS: u32 = 10;
const FAST_SIZE: usize = 1 << FAST_BITS;
const MAX_BITS: u32 = 16;

/// The codes of one length.
#[derive(Debug, Clone, Copy)]
struct Length {
    bits: u32,
    /// The first code, moved up to 16 bits.
    first: u32,
    /// One past the last code, moved up to 16 bits.
    end: u32,
    /// Index of the symbol of the first code.
    base: usize,
}

/// A canonical Huffman code with lengths of 1 to 16 bits.
#[derive(Debug, Clone)]
pub(super) struct HuffmanTable {
    /// Code length and symbol by the first ten bits; length 0 where the code is longer.
    fast: [(u8, u8); FAST_SIZE],
    /// The lengths beyond ten bits.
    long: Vec<Length>,
    symbols: Vec<u8>,
}

impl HuffmanTable {
    /// Reads the 16 counts and the symbols of one table.
    pub(super) fn read(reader: &mut Reader<'_>) -> Result<Self, WsqError> {
        let offset = reader.offset();
        let counts = reader.bytes(16, "Huffman code counts")?;
        let total = counts.iter().map(|&n| usize::from(n)).sum::<usize>();
        let symbols = reader.bytes(total, "Huffman symbols")?;
        let mut table = Self { fast: [(0, 0); FAST_SIZE], long: Vec::new(), symbols: symbols.to_vec() };
        let mut first = 0_u32;
        let mut base = 0_usize;
        for (bits, &count) in (1..=MAX_BITS).zip(counts) {
            let end = first.saturating_add(u32::from(count) << (MAX_BITS - bits));
            if end > 1 << MAX_BITS {
                return Err(WsqError::BadValue {
                    offset,
                    field: "number of Huffman codes",
                    value: u32::from(count),
                    expected: "no more than its code length has room for",
                });
            }
            let length = Length { bits, first, end, base };
            if bits > FAST_BITS {
                table.long.push(length);
            } else {
                table.fill(length);
            }
            first = end;
            base = base.saturating_add(usize::from(count));
        }
        Ok(table)
    }

    /// Enters the codes of a short length into the look-up.
    fn fill(&mut self, length: Length) {
        let scale = MAX_BITS - FAST_BITS;
        let start = usize::try_from(length.first >> scale).unwrap_or(FAST_SIZE);
        let repeat = 1_usize << (FAST_BITS - length.bits);
        let bits = u8::try_from(length.bits).unwrap_or(0);
        let Self { fast, symbols, .. } = self;
        let symbols = symbols.get(length.base..).unwrap_or_default();
        let count = (length.end - length.first) >> (MAX_BITS - length.bits);
        let count = usize::try_from(count).unwrap_or(0);
        let slots = fast.get_mut(start..).unwrap_or_default();
        for (slots, &symbol) in slots.chunks_mut(repeat).zip(symbols).take(count) {
            slots.fill((bits, symbol));
        }
    }

    /// Length in bits and symbol of the code that `window` begins with.
    pub(super) fn find(&self, window: u16) -> Option<(u32, u8)> {
        let index = usize::from(window >> (MAX_BITS - FAST_BITS));
        match self.fast.get(index) {
            Some(&(bits, symbol)) if bits > 0 => Some((u32::from(bits), symbol)),
            _ => self.find_long(u32::from(window)),
        }
    }

    #[cold]
    fn find_long(&self, window: u32) -> Option<(u32, u8)> {
        let length = self.long.iter().find(|length| window < length.end)?;
        let index = window.checked_sub(length.first)? >> (MAX_BITS - length.bits);
        let index = length.base.checked_add(usize::try_from(index).ok()?)?;
        let symbol = self.symbols.get(index)?;
        Some((length.bits, *symbol))
    }
}

/// Reads bits up to the next marker, and drops the zero byte that follows a data byte 0xff.
#[derive(Debug)]
pub(super) struct BitReader<'a> {
    data: &'a [u8],
    offset: usize,
    /// The bits read ahead, from the top; those below are zero.
    window: u64,
    available: u32,
    at_marker: bool,
}

impl<'a> BitReader<'a> {
    pub(super) fn new(data: &'a [u8], offset: usize) -> Self {
        Self { data, offset, window: 0, available: 0, at_marker: false }
    }

    /// The next byte to be read; at the end of the bits, the marker.
    pub(super) fn offset(&self) -> usize {
        self.offset
    }

    pub(super) fn available(&self) -> u32 {
        self.available
    }

    /// Reads ahead until 57 bits or more are there, or a marker is reached.
    pub(super) fn refill(&mut self) {
        while self.available <= 56 && !self.at_marker {
            let step = match self.data.get(self.offset..).unwrap_or_default() {
                [0xff, 0, ..] => 2,
                [0xff, ..] | [] => {
                    self.at_marker = true;
                    return;
                }
                _ => 1,
            };
            let byte = self.data.get(self.offset).copied().unwrap_or_default();
            self.window |= u64::from(byte) << (56 - self.available);
            self.available += 8;
            self.offset += step;
        }
    }

    /// The next 16 bits; beyond the last bit they are ones, as the padding is.
    pub(super) fn peek(&self) -> u16 {
        let bits = u16::try_from(self.window >> 48).unwrap_or_default();
        bits | u16::MAX.checked_shr(self.available).unwrap_or_default()
    }

    /// Drops bits that are known to be there.
    pub(super) fn consume(&mut self, bits: u32) {
        self.window = self.window.checked_shl(bits).unwrap_or_default();
        self.available = self.available.saturating_sub(bits);
    }

    /// Takes a number of at most 16 bits, if all its bits are there.
    pub(super) fn take(&mut self, bits: u32) -> Option<u16> {
        if bits > self.available {
            return None;
        }
        let shift = MAX_BITS.checked_sub(bits)?;
        let value = self.peek().checked_shr(shift).unwrap_or_default();
        self.consume(bits);
        Some(value)
    }

    /// Whether nothing but the padding of the last byte can be left.
    pub(super) fn in_last_byte(&self) -> bool {
        self.at_marker && self.available < 8
    }

    /// Whether only padding is left: fewer than eight bits, all ones.
    pub(super) fn is_padding(&self) -> bool {
        self.in_last_byte() && self.peek() == u16::MAX
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_short_and_long_codes() {
        // One code of each length from 1 to 12 bits: 0, 10, 110, ...
        let mut bytes = vec![1; 12];
        bytes.extend([0; 4]);
        bytes.extend(21..33);
        let table = HuffmanTable::read(&mut Reader::new(&bytes)).expect("a prefix code");
        assert_eq!(table.find(0x7fff), Some((1, 21)));
        assert_eq!(table.find(0b1101_1111 << 8), Some((3, 23)));
        assert_eq!(table.find(0b1111_1111_1110_0000), Some((12, 32)));
        assert_eq!(table.find(0xffff), None);
    }

    #[test]
    fn refuses_more_codes_than_fit() {
        let mut bytes = vec![3];
        bytes.extend([0; 18]);
        assert!(HuffmanTable::read(&mut Reader::new(&bytes)).is_err());
    }

    #[test]
    fn drops_stuffed_zeros_and_stops_at_a_marker() {
        let mut bits = BitReader::new(&[0x12, 0xff, 0, 0x34, 0xff, 0xa1], 0);
        bits.refill();
        assert_eq!(bits.take(16), Some(0x12ff));
        assert_eq!(bits.take(8), Some(0x34));
        assert_eq!((bits.take(1), bits.offset()), (None, 4));
        assert!(bits.is_padding());
    }
}
