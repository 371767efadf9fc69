//! Writes quantised coefficients as Huffman-coded blocks: what [`super::entropy`] and [`super::huffman`] read.
//!
//! | symbol | what | bits behind it |
//! | --- | --- | --- |
//! | 1 to 100 | so many zeros | |
//! | 101, 102 | a value of 75 to 255, and of -74 to -255 | 8, its size |
//! | 103, 104 | a value from 256, and from -256 | 16, its size |
//! | 105, 106 | more zeros | 8, 16: how many |
//! | 107 to 254 | the value, 180 more | |
//!
//! Codes are canonical, of 1 to 16 bits, and none is all ones: that is what a block is padded with.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

/// Longest code. Unit: bits.
const BITS_MAX: usize = 16;
/// Symbols are bytes; one more, never written, takes the code of all ones.
const RESERVED: usize = 256;

/// A symbol, and the bits behind it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Token {
    symbol: u8,
    bits: u32,
    extra: u16,
}

/// The tokens of one block. Values beyond 16 bits are cut to them.
pub(super) fn tokens(values: &[i32]) -> Vec<Token> {
    let mut tokens = Vec::new();
    let mut zeros = 0_u16;
    for &value in values {
        if value == 0 && zeros < u16::MAX {
            zeros += 1;
            continue;
        }
        tokens.extend(run(zeros));
        zeros = u16::from(value == 0);
        tokens.extend((value != 0).then(|| single(value)));
    }
    tokens.extend(run(zeros));
    tokens
}

fn run(zeros: u16) -> Option<Token> {
    let token = |symbol, bits, extra| Some(Token { symbol, bits, extra });
    match u8::try_from(zeros) {
        Ok(0) => None,
        Ok(few @ 1..=100) => token(few, 0, 0),
        Ok(_) => token(105, 8, zeros),
        Err(_) => token(106, 16, zeros),
    }
}

fn single(value: i32) -> Token {
    if let (-73..=74, Ok(symbol)) = (value, u8::try_from(value + 180)) {
        return Token { symbol, bits: 0, extra: 0 };
    }
    let extra = u16::try_from(value.unsigned_abs()).unwrap_or(u16::MAX);
    let (symbol, bits) = match (extra <= 255, value > 0) {
        (true, true) => (101, 8),
        (true, false) => (102, 8),
        (false, true) => (103, 16),
        (false, false) => (104, 16),
    };
    Token { symbol, bits, extra }
}

/// A Huffman code made for the blocks that it writes.
#[derive(Debug)]
pub(super) struct Code {
    /// Number of codes of each length from 1 to 16.
    counts: [u8; BITS_MAX],
    /// Symbols by rising code.
    symbols: Vec<u8>,
    /// Length and code of each symbol; length 0 where it has none.
    codes: [(u32, u32); RESERVED],
}

impl Code {
    pub(super) fn new<'a>(tokens: impl IntoIterator<Item = &'a Token>) -> Self {
        let mut frequencies = [0_u64; RESERVED + 1];
        frequencies[RESERVED] = 1;
        for token in tokens {
            if let Some(frequency) = frequencies.get_mut(usize::from(token.symbol)) {
                *frequency += 1;
            }
        }
        // A table without a symbol could not be read by everyone.
        if frequencies.iter().filter(|&&frequency| frequency > 0).count() < 2 {
            frequencies[1] = 1;
        }
        let lengths = lengths(&frequencies);
        let mut symbols: Vec<(usize, u8)> = (0..=u8::MAX)
            .zip(&lengths)
            .filter(|&(_, &length)| length > 0)
            .map(|(symbol, &length)| (length, symbol))
            .collect();
        symbols.sort_unstable();
        let symbols: Vec<u8> = symbols.into_iter().map(|(_, symbol)| symbol).collect();
        let counts = limited(&lengths);
        let mut codes = [(0, 0); RESERVED];
        let (mut next, mut rest) = (0_u32, symbols.iter());
        for (length, &count) in (1_u32..).zip(&counts) {
            for &symbol in rest.by_ref().take(usize::from(count)) {
                if let Some(code) = codes.get_mut(usize::from(symbol)) {
                    *code = (length, next);
                }
                next += 1;
            }
            next <<= 1;
        }
        Self { counts, symbols, codes }
    }

    /// The 16 counts and the symbols, as a Huffman table segment has them.
    pub(super) fn table(&self) -> Vec<u8> {
        [&self.counts[..], &self.symbols].concat()
    }

    /// Appends the bits of one block, padded with ones to whole bytes.
    pub(super) fn write(&self, tokens: &[Token], to: &mut Vec<u8>) {
        let (mut window, mut held) = (0_u64, 0_u32);
        let mut put = |bits: u32, value: u32| {
            window = window << bits | u64::from(value);
            held += bits;
            while held >= 8 {
                held -= 8;
                let [.., byte] = (window >> held).to_be_bytes();
                to.push(byte);
                // So that no data look like a marker.
                to.extend((byte == 0xff).then_some(0));
            }
            held
        };
        let mut held = 0;
        for token in tokens {
            let (length, code) = self.codes.get(usize::from(token.symbol)).copied().unwrap_or_default();
            put(length, code);
            held = put(token.bits, u32::from(token.extra));
        }
        if held > 0 {
            put(8 - held, 0xff >> held);
        }
    }
}

/// The length of each symbol's code, of any length, by Huffman's method: the two rarest are joined until one is left.
fn lengths(frequencies: &[u64; RESERVED + 1]) -> [usize; RESERVED + 1] {
    let mut lengths = [0; RESERVED + 1];
    // Where frequencies are equal, the reserved symbol comes first, and so gets a code of the greatest length.
    let mut heap: BinaryHeap<_> = frequencies
        .iter()
        .enumerate()
        .filter(|&(_, &frequency)| frequency > 0)
        .map(|(symbol, &frequency)| Reverse((frequency, RESERVED - symbol, vec![symbol])))
        .collect();
    while let (Some(Reverse((a, first, mut symbols))), Some(Reverse((b, _, others)))) =
        (heap.pop(), heap.pop())
    {
        symbols.extend(others);
        for &symbol in &symbols {
            if let Some(length) = lengths.get_mut(symbol) {
                *length += 1;
            }
        }
        heap.push(Reverse((a + b, first, symbols)));
    }
    lengths
}

/// How many codes of each length there are when none may be over 16 bits, and one of the longest is left out.
fn limited(lengths: &[usize; RESERVED + 1]) -> [u8; BITS_MAX] {
    // Indexed by length; no code is longer than there are symbols.
    let mut counts = [0_usize; RESERVED + 2];
    for &length in lengths.iter().filter(|&&length| length > 0) {
        counts[length.min(RESERVED + 1)] += 1;
    }
    for length in (BITS_MAX + 1..counts.len()).rev() {
        // A pair of the longest: one takes the place above them, the other shares that of a shorter code.
        while counts[length] > 0 {
            let Some(shorter) = (1..length - 1).rev().find(|&shorter| counts[shorter] > 0) else {
                break;
            };
            counts[length] -= 2;
            counts[length - 1] += 1;
            counts[shorter] -= 1;
            counts[shorter + 1] += 2;
        }
    }
    if let Some(longest) = counts.iter_mut().rev().find(|count| **count > 0) {
        *longest -= 1;
    }
    std::array::from_fn(|index| u8::try_from(counts[index + 1]).unwrap_or(u8::MAX))
}
