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

/// Fraction bits of [`Tables::cos`] and [`Tables::sin`].
pub const ROTATION_SHIFT: u32 = 14;
/// Fraction bits of a similarity: 1024 is equal.
pub const SIMILARITY_SHIFT: u32 = 10;
/// Fraction bits of a weight. The largest, 0.75^1.5, is 1330; 992 products of two stay below 2^31.
pub const WEIGHT_SHIFT: u32 = 11;
/// Fraction bits of lengths in the consistency test: eighths of a pixel.
pub const LENGTH_SHIFT: u32 = 3;

/// `2^20 / n` for n = 0..=512 (0 for 0): two popcounts of at most 256 add up to no more.
pub const RECIPROCALS: usize = 2 * t::DESCRIPTOR_BITS + 1;
/// One weight a similarity, 0..=1024.
pub const WEIGHTS: usize = (1 << SIMILARITY_SHIFT) + 1;
/// One entry a binary angle.
pub const ANGLES: usize = 256;

/// The tables of stage 1. Ranges: reciprocals 0..=2^20, weights 0..=1330, cos and sin -16384..=16384.
pub struct Tables {
    /// `floor(2^20 / n)`: similarity is `(shared * reciprocal) >> 10`.
    pub reciprocal: [u32; RECIPROCALS],
    /// `max(0, s - floor)^1.5`, rounded.
    pub weight: [u32; WEIGHTS],
    /// Cosine of a binary angle.
    pub cos: [i32; ANGLES],
    /// Sine of a binary angle.
    pub sin: [i32; ANGLES],
}

static TABLES: LazyLock<Tables> = LazyLock::new(Tables::compute);

impl Tables {
    /// The one set there is.
    pub fn get() -> &'static Self {
        &TABLES
    }

    fn compute() -> Self {
        let angle = |i: usize| i as f64 * (core::f64::consts::TAU / ANGLES as f64);
        let scale = f64::from(1u32 << ROTATION_SHIFT);
        Self {
            reciprocal: core::array::from_fn(|n| (1u32 << 20).checked_div(n as u32).unwrap_or(0)),
            weight: core::array::from_fn(|s| {
                let above = s as f64 / f64::from(1u32 << SIMILARITY_SHIFT) - t::SIMILARITY_FLOOR;
                rounded(libm::pow(above.max(0.0), t::WEIGHT_EXPONENT) * f64::from(1u32 << WEIGHT_SHIFT))
                    as u32
            }),
            cos: core::array::from_fn(|i| rounded(libm::cos(angle(i)) * scale)),
            sin: core::array::from_fn(|i| rounded(libm::sin(angle(i)) * scale)),
        }
    }

    /// The words that the shader reads: reciprocals, weights, cosines, sines, in this order.
    pub fn words(&self) -> Vec<u32> {
        let signed = self.cos.iter().chain(&self.sin).map(|&v| v.cast_unsigned());
        self.reciprocal.iter().copied().chain(self.weight).chain(signed).collect()
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
        assert_eq!((t.reciprocal[0], t.reciprocal[1], t.reciprocal[512]), (0, 1 << 20, 2048));
        assert_eq!((t.weight[256], t.weight[1024]), (0, 1330));
        assert_eq!((t.cos[0], t.cos[64], t.cos[128], t.sin[64]), (16384, 0, -16384, 16384));
        assert_eq!(t.words().len(), RECIPROCALS + WEIGHTS + 2 * ANGLES);
    }

    #[test]
    fn a_score_cannot_overflow_32_bits() {
        let pairs = (t::STAGE1_MINUTIAE * (t::STAGE1_MINUTIAE - 1)) as u64;
        let largest = u64::from(Tables::get().weight[1024]);
        assert!(pairs * largest * largest < 1 << 31);
    }
}
