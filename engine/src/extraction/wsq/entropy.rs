//! Decodes the Huffman-coded blocks into one sequence of quantised wavelet coefficients.
//!
//! Encoders cut the 64 subbands into three blocks, but each block only says which Huffman table
//! it uses, so coefficients are counted over the whole image and the cut needs no knowledge
//! of its own. Values go straight to `f32`: they are at most 16 bits wide, which is exact.

use super::error::WsqError;
use super::huffman::{BitReader, HuffmanTable};
use super::markers::{RESTART, Reader};

/// The coefficients read so far.
#[derive(Debug)]
pub(super) struct Coefficients {
    values: Vec<f32>,
    /// How many the image has.
    expected: usize,
}

/// What a Huffman symbol stands for.
enum Symbol {
    Value(f32),
    Zeros(usize),
}

impl Coefficients {
    /// Reserves memory, which stays untouched until coefficients come.
    pub(super) fn new(expected: usize, offset: usize) -> Result<Self, WsqError> {
        let mut values = Vec::new();
        values
            .try_reserve_exact(expected)
            .map_err(|_| WsqError::OutOfMemory { offset, field: "coefficients" })?;
        Ok(Self { values, expected })
    }

    /// Reads one block, with its restart intervals, behind its header; leaves `reader` at the
    /// marker that ends it.
    pub(super) fn read_block(
        &mut self,
        reader: &mut Reader<'_>,
        table: (u8, &HuffmanTable),
    ) -> Result<(), WsqError> {
        let mut restart = 0_u8;
        loop {
            let mut bits = BitReader::new(reader.data(), reader.offset());
            self.read_interval(&mut bits, table)?;
            reader.seek(bits.offset());
            let mut ahead = reader.clone();
            let marker = ahead.marker()?;
            if !(RESTART..RESTART + 8).contains(&marker.code) {
                return Ok(());
            }
            if marker.code != RESTART + restart {
                return Err(WsqError::BadValue {
                    offset: marker.offset,
                    field: "restart marker number",
                    value: u32::from(marker.code - RESTART),
                    expected: "one more than the last, modulo 8, from 0",
                });
            }
            restart = (restart + 1) % 8;
            *reader = ahead;
        }
    }

    /// Reads coefficients up to the next marker.
    fn read_interval(
        &mut self,
        bits: &mut BitReader<'_>,
        (number, table): (u8, &HuffmanTable),
    ) -> Result<(), WsqError> {
        loop {
            bits.refill();
            if bits.is_padding() {
                return Ok(());
            }
            let symbol = match table.find(bits.peek()) {
                Some((length, symbol)) if length <= bits.available() => {
                    bits.consume(length);
                    meaning(symbol, bits)
                }
                _ if bits.in_last_byte() => return Ok(()),
                _ => None,
            };
            match symbol {
                Some(Symbol::Value(value)) if self.values.len() < self.expected => {
                    self.values.push(value);
                }
                Some(Symbol::Value(_)) => return Err(self.overrun(bits, 1)),
                Some(Symbol::Zeros(run)) => {
                    if run > self.expected - self.values.len() {
                        return Err(self.overrun(bits, run));
                    }
                    self.values.resize(self.values.len() + run, 0.0);
                }
                None => {
                    return Err(WsqError::BadCode { offset: near(bits), table: number });
                }
            }
        }
    }

    fn overrun(&self, bits: &BitReader<'_>, more: usize) -> WsqError {
        WsqError::TooManyCoefficients {
            offset: near(bits),
            found: self.values.len().saturating_add(more),
            expected: self.expected,
        }
    }

    /// The coefficients, if all have come by the end of the image at `offset`.
    pub(super) fn finish(self, offset: usize) -> Result<Vec<f32>, WsqError> {
        if self.values.len() == self.expected {
            return Ok(self.values);
        }
        Err(WsqError::TooFewCoefficients { offset, found: self.values.len(), expected: self.expected })
    }
}

/// About where the next bit of `bits` is in the file.
fn near(bits: &BitReader<'_>) -> usize {
    let ahead = usize::try_from(bits.available() / 8).unwrap_or_default();
    bits.offset().saturating_sub(ahead)
}

/// Reads what follows a symbol. `None` if the symbol has no meaning or its bits are missing.
fn meaning(symbol: u8, bits: &mut BitReader<'_>) -> Option<Symbol> {
    Some(match symbol {
        0 | 255 => return None,
        1..=100 => Symbol::Zeros(usize::from(symbol)),
        101 => Symbol::Value(f32::from(bits.take(8)?)),
        102 => Symbol::Value(-f32::from(bits.take(8)?)),
        103 => Symbol::Value(f32::from(bits.take(16)?)),
        104 => Symbol::Value(-f32::from(bits.take(16)?)),
        105 => Symbol::Zeros(usize::from(bits.take(8)?)),
        106 => Symbol::Zeros(usize::from(bits.take(16)?)),
        107..=254 => Symbol::Value(f32::from(i16::from(symbol) - 180)),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A table in which every one of `symbols` (at most 8) has a code of four bits.
    fn table(symbols: &[u8]) -> HuffmanTable {
        let mut bytes = vec![0; 16];
        bytes[3] = u8::try_from(symbols.len()).expect("few symbols");
        bytes.extend(symbols);
        HuffmanTable::read(&mut Reader::new(&bytes)).expect("a prefix code")
    }

    fn read(data: &[u8], expected: usize) -> Result<Vec<f32>, WsqError> {
        let table = table(&[2, 101, 104, 105, 182]);
        let mut coefficients = Coefficients::new(expected, 0)?;
        coefficients.read_block(&mut Reader::new(data), (0, &table))?;
        coefficients.finish(data.len())
    }

    #[test]
    fn reads_runs_escapes_and_values_across_a_restart() {
        // By nibbles: code 0; code 1, 05; code 2, 0100; padding; restart; code 3, 03; code 4.
        let data = [1, 5, 0x20, 0x10, 0x0f, 0xff, 0xb0, 0x30, 0x34, 0xff, 0xa1];
        let values = vec![0.0, 0.0, 5.0, -256.0, 0.0, 0.0, 0.0, 2.0];
        assert_eq!(read(&data, 8), Ok(values));
        let too_few = WsqError::TooFewCoefficients { offset: 11, found: 8, expected: 9 };
        assert_eq!(read(&data, 9), Err(too_few));
        let error = read(&data, 7).err();
        assert!(matches!(error, Some(WsqError::TooManyCoefficients { found: 8, .. })));
    }

    #[test]
    fn refuses_bits_that_are_no_code_and_restarts_out_of_order() {
        let error = read(&[0x70, 0, 0xff, 0xa1], 8).err();
        assert!(matches!(error, Some(WsqError::BadCode { table: 0, .. })));
        let error = read(&[0x0f, 0xff, 0xb1, 0x0f, 0xff, 0xa1], 4).err();
        assert!(matches!(error, Some(WsqError::BadValue { offset: 1, .. })));
    }
}
