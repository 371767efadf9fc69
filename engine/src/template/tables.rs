//! Look-up tables in place of sin, cos, exp and division, so that no float decides anything after start.
//!
//! They are computed once, in `f64` by `libm`, whose results are the same bits on every platform, and rounded to
//! integers. The shader gets the very same words; neither side computes a transcendental function or divides.
#![expect(
    clippy::cast_possible_truncation,
    reason = "table entries are in the ranges that the tests below hold"
)]

use std::sync::LazyLock;

/// Fraction bits of [`Tables::cos`] and [`Tables::sin`]. One itself is rounded down to 16 383, so that the sum of two is a
/// 16-bit number.
pub const ROTATION_SHIFT: u32 = 14;
/// Fraction bits of a similarity: 1024 is equal.
pub const SIMILARITY_BITS: u32 = 10;
/// What `shared * reciprocal` is shifted by to be a similarity.
pub const SIMILARITY_SHIFT: u32 = 8;
/// Fraction bits of a weight, and of a score.
pub const WEIGHT_BITS: u32 = 10;
/// Fraction bits of lengths in the consistency test: eighths of a pixel.
pub const LENGTH_SHIFT: u32 = 3;

/// One for each sum of two popcounts, 0..=510.
pub const RECIPROCALS: usize = 2 * 255 + 1;
/// One entry a binary angle.
pub const ANGLES: usize = 256;

/// The tables of stage 1. All entries fit 16 bits: that is what SIMD code is fastest with.
pub struct Tables {
    /// `floor(2^19 / n)`, at most 65 535, 0 for 0: similarity is `(shared * reciprocal) >> 8`. Below n = 8 it is less than the
    /// quotient: descriptors with next to no bits are worth little, however alike they are.
    pub reciprocal: [u16; RECIPROCALS],
    /// Cosine of a binary angle, -16 383..=16 383.
    pub cos: [i16; ANGLES],
    /// Sine of a binary angle, -16 383..=16 383.
    pub sin: [i16; ANGLES],
}

static TABLES: LazyLock<Tables> = LazyLock::new(Tables::compute);

impl Tables {
    /// The one set there is.
    pub fn get() -> &'static Self {
        &TABLES
    }

    fn compute() -> Self {
        let angle = |i: usize| i as f64 * (core::f64::consts::TAU / ANGLES as f64);
        let one = f64::from((1u32 << ROTATION_SHIFT) - 1);
        let dividend = 1u32 << (SIMILARITY_BITS + SIMILARITY_SHIFT + 1);
        Self {
            reciprocal: core::array::from_fn(|n| {
                dividend.checked_div(n as u32).unwrap_or(0).min(u16::MAX.into()) as u16
            }),
            cos: core::array::from_fn(|i| rounded(libm::cos(angle(i)) * one) as i16),
            sin: core::array::from_fn(|i| rounded(libm::sin(angle(i)) * one) as i16),
        }
    }

    /// The words that the shader reads, an entry each: reciprocals, cosines, sines, in this order.
    pub fn words(&self) -> Vec<u32> {
        let signed = self.cos.iter().chain(&self.sin).map(|&v| i32::from(v).cast_unsigned());
        self.reciprocal.iter().map(|&v| u32::from(v)).chain(signed).collect()
    }
}

/// Nearest integer, halves away from zero.
pub(super) fn rounded(value: f64) -> i32 {
    libm::round(value) as i32
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_ends_of_every_table_are_what_the_ranges_say() {
        let t = Tables::get();
        let reciprocal = |n: usize| t.reciprocal[n];
        assert_eq!((reciprocal(0), reciprocal(1), reciprocal(8)), (0, 65_535, 65_535));
        assert_eq!((reciprocal(9), reciprocal(510)), (58_254, 1028));
        assert_eq!((t.cos[0], t.cos[64], t.cos[128], t.sin[64]), (16_383, 0, -16_383, 16_383));
        assert_eq!(t.words().len(), RECIPROCALS + 2 * ANGLES);
    }

    #[test]
    fn no_similarity_is_above_one() {
        for (total, &reciprocal) in Tables::get().reciprocal.iter().enumerate() {
            assert!((total as u32 / 2 * u32::from(reciprocal)) >> SIMILARITY_SHIFT <= 1 << SIMILARITY_BITS);
        }
    }
}
