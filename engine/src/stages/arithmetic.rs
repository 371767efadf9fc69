//! Roots, logarithms, angles and exponentials of integers, by tables: what the stages use in place of float functions.
//!
//! The tables are computed once, in `f64` by `libm`, whose results are the same bits on every platform, and rounded. The
//! shaders get the very same words ([`words`]) and the same few operations, so both sides are equal to the bit.
#![expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "table entries are rounded to the ranges that the tests below hold"
)]

use std::sync::LazyLock;

use crate::template::{self, RECIPROCALS};

/// Fraction bits of [`ln`], [`exp_of_minus_half`] and of all that the log-odds are made of.
pub const Q: u32 = 12;
/// Units of a full turn in [`angle`].
pub const TURN: i32 = 4096;
/// Entries of [`Tables::cos`] and [`Tables::sin`]: half units of a template's directions.
pub const HALF_UNITS: usize = 512;
/// Fraction bits of [`Tables::cos`] and [`Tables::sin`].
pub const ROTATION_BITS: u32 = 14;

pub(crate) const LN_STEPS: usize = 256;
pub(crate) const ATAN_STEPS: usize = 256;
pub(crate) const EXP_STEPS: usize = 768;
/// ln 2 with [`Q`] fraction bits.
const LN_2: i32 = 2839;

/// What the second stage looks up.
pub struct Tables {
    /// Cosine of n/512 of a turn, -16384..=16384.
    pub cos: [i32; HALF_UNITS],
    /// Sine of n/512 of a turn, -16384..=16384.
    pub sin: [i32; HALF_UNITS],
    /// `ln(1 + n/256)`, 0..=2839.
    ln: [i32; LN_STEPS + 1],
    /// `atan(n/256)` in 1/4096 of a turn, 0..=512.
    atan: [i32; ATAN_STEPS + 1],
    /// `exp(-u/2)` in the middle of the step u = n/64, 0..=4080; the last is 0.
    exp: [u32; EXP_STEPS + 1],
    /// Cosine in the lower half, sine in the upper: one look-up for both, where many lanes look up at once.
    rotation: [i32; HALF_UNITS],
    /// What `template::Tables` has, in words, for the same reason; the last is 0.
    pub(crate) reciprocal: [u32; RECIPROCALS + 1],
}

impl Tables {
    /// Cosine and sine of n/512 of a turn; beyond a turn it begins anew.
    #[inline(always)]
    pub(crate) fn rotation(&self, n: u32) -> (i32, i32) {
        let both = self.rotation[n as usize % HALF_UNITS];
        ((both << 16) >> 16, both >> 16)
    }

    /// What [`angle`] gives, for loops in which the tables are at hand.
    #[inline(always)]
    pub(crate) fn angle(&self, y: i32, x: i32) -> i32 {
        let (ax, ay) = (x.unsigned_abs(), y.unsigned_abs());
        let (small, large) = (ax.min(ay), ax.max(ay));
        // Of nothing, small / large is 0 / 1, so the angle is 0.
        let octant = self.atan[quotient(small * 256 + large / 2, large.max(1)).min(256) as usize];
        let first = if ay > ax { TURN / 4 - octant } else { octant };
        let half = if x < 0 { TURN / 2 - first } else { first };
        if y < 0 { -half } else { half }
    }

    /// What [`exp_of_minus_half`] gives.
    #[inline(always)]
    pub(crate) fn exp_of_minus_half(&self, u: u32) -> u32 {
        self.exp[((u >> 10) as usize).min(EXP_STEPS)]
    }
}

/// What makes the nearest whole number of a float below 2^22 stand in its lowest bits when it is added.
const WHOLE: f32 = 8_388_608.0;

/// The nearest whole number of 0.0..2^22: machines take many lanes at once through this, and casts that saturate through more steps.
#[inline(always)]
fn nearest(value: f32) -> u32 {
    (value + WHOLE).to_bits() & 0x7F_FFFF
}

/// `dividend / divisor` for a dividend below 2^31, a divisor of 1 or more and a quotient below 2^16. A float proposes, and integers decide:
/// machines have no division of integers that takes many lanes at once.
#[inline(always)]
pub(crate) fn quotient(dividend: u32, divisor: u32) -> u32 {
    // Three roundings of 2^-24 each are off by less than 0.02: it is the quotient, or the next one.
    let proposed = nearest(dividend.cast_signed() as f32 / divisor.cast_signed() as f32);
    proposed - u32::from(proposed * divisor > dividend)
}

static TABLES: LazyLock<Tables> = LazyLock::new(|| {
    let rounded = |value: f64| libm::round(value) as i32;
    let one = f64::from(1u32 << Q);
    let turn = |n: usize| n as f64 * core::f64::consts::TAU / HALF_UNITS as f64;
    let scale = f64::from(1u32 << ROTATION_BITS);
    Tables {
        cos: core::array::from_fn(|n| rounded(libm::cos(turn(n)) * scale)),
        sin: core::array::from_fn(|n| rounded(libm::sin(turn(n)) * scale)),
        ln: core::array::from_fn(|n| rounded(libm::log(1.0 + n as f64 / LN_STEPS as f64) * one)),
        atan: core::array::from_fn(|n| {
            let turns = libm::atan(n as f64 / ATAN_STEPS as f64) / core::f64::consts::TAU;
            rounded(turns * f64::from(TURN))
        }),
        exp: core::array::from_fn(|n| {
            let middle = (n as f64 + 0.5) / 64.0;
            if n == EXP_STEPS { 0 } else { rounded(libm::exp(-middle / 2.0) * one) as u32 }
        }),
        rotation: core::array::from_fn(|n| {
            let [cos, sin] = [libm::cos(turn(n)), libm::sin(turn(n))].map(|part| rounded(part * scale));
            sin << 16 | cos & 0xFFFF
        }),
        reciprocal: core::array::from_fn(|n| {
            template::Tables::get().reciprocal.get(n).map_or(0, |&entry| entry.into())
        }),
    }
});

/// The one set there is.
pub fn tables() -> &'static Tables {
    &TABLES
}

/// The words that the shader reads: cosines, sines, logarithms, arc tangents, exponentials, in this order.
pub fn words() -> Vec<u32> {
    let t = tables();
    let signed = t.cos.iter().chain(&t.sin).chain(&t.ln).chain(&t.atan);
    signed.map(|value| value.cast_unsigned()).chain(t.exp).collect()
}

/// Largest integer whose square is not above a value below 2^31. A float proposes, and integers decide.
#[inline(always)]
pub fn integer_sqrt(value: u32) -> u32 {
    // Two roundings of 2^-24 of at most 46 341 are off by less than 0.01: it is the root, or the next one.
    let proposed = nearest((value.cast_signed() as f32).sqrt());
    proposed - u32::from(proposed * proposed > value)
}

/// Natural logarithm of an integer of at least 1, [`Q`] fraction bits, to within 2 units. Of 0 it is that of 1.
pub fn ln(value: u32) -> i32 {
    let value = value.max(1);
    let exponent = 31 - value.leading_zeros();
    // 16 bits after the leading one, cut off or filled up: 8 choose the step, 8 go between its ends.
    let mantissa = if exponent >= 16 { value >> (exponent - 16) } else { value << (16 - exponent) } & 0xFFFF;
    let (step, rest) = ((mantissa >> 8) as usize, (mantissa & 0xFF).cast_signed());
    let table = &tables().ln;
    exponent.cast_signed() * LN_2 + table[step] + (((table[step + 1] - table[step]) * rest) >> 8)
}

/// The angle of (x, y) in 1/4096 of a turn, -2047..=2048, 0 for (0, 0). |x| and |y| at most 2^22.
pub fn angle(y: i32, x: i32) -> i32 {
    tables().angle(y, x)
}

/// `exp(-u/2)` for u with 16 fraction bits, [`Q`] fraction bits; 0 from 12 on.
pub fn exp_of_minus_half(u: u32) -> u32 {
    tables().exp_of_minus_half(u)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn integer_sqrt_is_the_floor_of_the_root() {
        let squares = (1..=46_340u32).flat_map(|root| [root * root - 1, root * root, root * root + 1]);
        for value in (0..=5000).chain(squares).chain([i32::MAX.cast_unsigned()]) {
            let root = u64::from(integer_sqrt(value));
            assert!(root * root <= u64::from(value) && (root + 1) * (root + 1) > u64::from(value));
        }
    }

    #[test]
    fn quotients_are_those_of_a_division() {
        for divisor in (1..300u32).chain([4720, 12_345, 32_767, (1 << 23) - 1, 1 << 29]) {
            let edges = (1..=0xFFFF).map_while(|quotient: u32| divisor.checked_mul(quotient));
            let edges = edges.filter(|edge| edge >> 31 == 0);
            let edges = edges.flat_map(|edge| [edge - 1, edge, edge + 1, edge + divisor / 2]);
            for dividend in edges.chain(0..600).filter(|&n| n >> 31 == 0 && n / divisor <= 0xFFFF) {
                let proposed = quotient(dividend, divisor);
                assert_eq!(proposed, dividend / divisor, "{dividend} / {divisor}");
            }
        }
    }

    #[test]
    fn both_look_ups_of_a_rotation_are_alike() {
        let tables = tables();
        assert!((0..512u32).all(|n| {
            let at = n as usize;
            tables.rotation(n) == (tables.cos[at], tables.sin[at])
        }));
    }

    #[test]
    fn logarithms_are_within_two_units() {
        for value in (1..100_000).chain([1 << 20, (1 << 24) - 1, u32::MAX]) {
            let float = f64::from(value).ln() * 4096.0;
            assert!((f64::from(ln(value)) - float).abs() <= 2.0 + 0.0002 * float, "ln {value}");
        }
    }

    #[test]
    fn angles_are_within_two_units_in_every_octant() {
        for (x, y) in (-60..=60).flat_map(|x| (-60..=60).map(move |y| (x, y))).filter(|&at| at != (0, 0)) {
            let float = f64::from(y).atan2(f64::from(x)) / core::f64::consts::TAU * 4096.0;
            let off = (f64::from(angle(y, x)) - float).abs();
            assert!(off.min(4096.0 - off) <= 2.0, "angle of ({x}, {y})");
        }
        assert_eq!((angle(0, 0), angle(0, -1), angle(-1, 0), angle(1 << 22, 1 << 22)), (0, 2048, -1024, 512));
    }

    #[test]
    fn exponentials_are_within_a_hundredth() {
        for u in 0..(13 << 16) {
            let float = (-f64::from(u) / 65536.0 / 2.0).exp();
            assert!((f64::from(exp_of_minus_half(u)) / 4096.0 - float).abs() < 0.01, "{u}");
        }
    }
}
