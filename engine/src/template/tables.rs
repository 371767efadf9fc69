//! Look-up tables in place of sin, cos, exp and division, so that no float decides anything after start.
//!
//! They are computed once, in `f64` by `libm`, whose results are the same bits on every platform, and rounded to
//! integers. The shader gets the very same words; neither side computes a transcendental function or divides.
#![expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "table entries are rounded to the ranges that the tests below hold"
)]

use std::sync::LazyLock;

use crate::tunables as t;

/// Fraction bits of [`Tables::cos`] and [`Tables::sin`]. One itself is rounded down to 32 767, so that it is a 16-bit number.
pub const ROTATION_SHIFT: u32 = 15;
/// Fraction bits of a similarity: 1024 is equal.
pub const SIMILARITY_BITS: u32 = 10;
/// What `shared * reciprocal` is shifted by to be a similarity.
pub const SIMILARITY_SHIFT: u32 = 8;
/// What a weight is multiplied by before it is rounded. The largest, 0.75^1.5, is 1023, so a sum of 32 stays below 2^15.
pub const WEIGHT_SCALE: u32 = 1575;
/// Fraction bits of lengths in the consistency test: eighths of a pixel.
pub const LENGTH_SHIFT: u32 = 3;

/// One for each sum of two popcounts, 0..=510.
pub const RECIPROCALS: usize = 2 * 255 + 1;
/// One weight a similarity, 0..=1024.
pub const WEIGHTS: usize = (1 << SIMILARITY_BITS) + 1;
/// One entry a binary angle.
pub const ANGLES: usize = 256;

/// The tables of stage 1. All entries fit 16 bits: that is what SIMD code is fastest with.
pub struct Tables {
    /// `floor(2^19 / n)`, at most 65 535, 0 for 0: similarity is `(shared * reciprocal) >> 8`. Below n = 8 it is less than the
    /// quotient: descriptors with next to no bits are worth little, however alike they are.
    pub reciprocal: [u16; RECIPROCALS],
    /// `max(0, s - floor)^1.5`, 0..=1023.
    pub weight: [u16; WEIGHTS],
    /// Cosine of a binary angle, -32 767..=32 767.
    pub cos: [i16; ANGLES],
    /// Sine of a binary angle, -32 767..=32 767.
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
        let one = f64::from(i16::MAX);
        Self {
            reciprocal: core::array::from_fn(|n| {
                (1u32 << (SIMILARITY_BITS + SIMILARITY_SHIFT + 1))
                    .checked_div(n as u32)
                    .unwrap_or(0)
                    .min(65_535) as u16
            }),
            weight: core::array::from_fn(|s| {
                let above = s as f64 / f64::from(1u32 << SIMILARITY_BITS) - t::SIMILARITY_FLOOR;
                rounded(libm::pow(above.max(0.0), t::WEIGHT_EXPONENT) * f64::from(WEIGHT_SCALE)) as u16
            }),
            cos: core::array::from_fn(|i| rounded(libm::cos(angle(i)) * one) as i16),
            sin: core::array::from_fn(|i| rounded(libm::sin(angle(i)) * one) as i16),
        }
    }

    /// The words that the shader reads, an entry each: reciprocals, weights, cosines, sines, in this order.
    pub fn words(&self) -> Vec<u32> {
        let unsigned = self.reciprocal.iter().chain(&self.weight).map(|&v| u32::from(v));
        let signed = self.cos.iter().chain(&self.sin).map(|&v| i32::from(v).cast_unsigned());
        unsigned.chain(signed).collect()
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
        assert_eq!((t.weight[256], t.weight[1024]), (0, 1023));
        assert_eq!((t.cos[0], t.cos[64], t.cos[128], t.sin[64]), (32_767, 0, -32_767, 32_767));
        assert_eq!(t.words().len(), RECIPROCALS + WEIGHTS + 2 * ANGLES);
    }

    #[test]
    fn no_similarity_is_above_one() {
        for (total, &reciprocal) in Tables::get().reciprocal.iter().enumerate() {
            assert!((total as u32 / 2 * u32::from(reciprocal)) >> SIMILARITY_SHIFT <= 1 << SIMILARITY_BITS);
        }
    }

    #[test]
    fn sums_of_weights_fit_15_bits_and_of_their_products_31() {
        let (minutiae, largest) = (t::STAGE1_MINUTIAE as u64, u64::from(Tables::get().weight[1024]));
        assert!(minutiae * largest < 1 << 15);
        assert!(minutiae * (minutiae - 1) * largest * largest < 1 << 31);
    }
}
