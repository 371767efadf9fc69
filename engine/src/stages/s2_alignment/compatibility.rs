//! Which links agree on a motion, and how far the agreement of all supports each.
#![expect(clippy::cast_possible_truncation, reason = "an agreement fits a byte, and there are 96 links")]

use super::links::{Links, Placed};
use super::{K2, LINKS};
use crate::stages::arithmetic::{ROTATION_BITS, Tables, integer_sqrt};
use crate::template::Probe;
use crate::tunables as t;

/// Seeds that start an alignment each, at most: the first so many.
pub(super) type Seeds = ([usize; t::ALIGNMENT_SEEDS], usize);

/// A symmetric matrix: how well two links agree, 0..=255. Row a holds what is before column a, then zeros.
pub(super) struct Compatibility([[u8; LINKS]; LINKS]);

/// Calls a function with the least multiple of 16 that reaches over `$a` columns: a loop of a length that is known takes
/// whole registers and needs no end.
macro_rules! over_columns_before {
    ($a:expr, $function:ident($($argument:expr),*)) => {
        match $a / 16 {
            0 => $function::<16>($($argument),*),
            1 => $function::<32>($($argument),*),
            2 => $function::<48>($($argument),*),
            3 => $function::<64>($($argument),*),
            4 => $function::<80>($($argument),*),
            _ => $function::<LINKS>($($argument),*),
        }
    };
}

impl Compatibility {
    #[inline(always)]
    pub(super) fn new(tables: &Tables, probe: &Probe, links: &Links) -> Self {
        let rows = probe.link_tolerances().as_chunks::<K2>().0;
        let mut agreeing = [[0; LINKS]; LINKS / 32];
        let mut tolerances = [0; LINKS];
        for (from, row) in rows.iter().enumerate().take(probe.template().view().count()) {
            for (k, &tolerance) in row.iter().enumerate() {
                tolerances[2 * k] = tolerance;
                tolerances[2 * k + 1] = tolerance;
            }
            // Nothing is within 0: two links of one minutia do not agree.
            (tolerances[2 * from], tolerances[2 * from + 1]) = (0, 0);
            for a in [2 * from, 2 * from + 1] {
                if links.weight[a] > 0 {
                    let bits = &mut agreeing[a / 32];
                    over_columns_before!(a, add_agreeing(tables, links, &tolerances, a, bits));
                }
            }
        }
        // Few agree at all, so how well is better asked of them one by one: it takes a division.
        let mut all = [[0; LINKS]; LINKS];
        for (word, bits) in agreeing.iter().enumerate() {
            for (b, &bits) in bits.iter().enumerate() {
                let mut left = bits;
                while left != 0 {
                    let a = 32 * word + left.trailing_zeros() as usize;
                    left &= left - 1;
                    let (spread, error) = mismatch(tables, links, links.placed(a), b);
                    all[a][b] = agreement(spread, error, rows[a / 2][b / 2]);
                }
            }
        }
        Self(all)
    }

    /// The strength of each link after one round of relaxation, 0..=242.
    #[inline(always)]
    pub(super) fn relaxed(&self, links: &Links) -> [u32; LINKS] {
        // 96 * 255 * 230 * 230 < 2^31.
        let weights = &links.weight;
        let mut sums = self.supports(weights);
        for (sum, weight) in sums.iter_mut().zip(weights) {
            *sum *= weight;
        }
        let most = sums.iter().fold(0, |most, &sum| most.max(sum));
        // Cut to 16 bits, so that 2^8 * 230 * 2^16 stays below 2^32.
        let shift = 16u32.saturating_sub(most.leading_zeros());
        let most = (most >> shift).max(1);
        // Division one by one, roots together.
        let mut strengths = [0; LINKS];
        for a in 0..LINKS {
            strengths[a] = 256 * weights[a] * (sums[a] >> shift) / most;
        }
        for strength in &mut strengths {
            *strength = integer_sqrt(*strength);
        }
        strengths
    }

    /// The links that others support most, none of them a near neighbour of one before it; of equals the first.
    #[inline(always)]
    pub(super) fn seeds(&self, strengths: &[u32; LINKS]) -> Seeds {
        // 242 * 96 * 255 * 242 < 2^31.
        let mut supports = self.supports(strengths);
        for (support, strength) in supports.iter_mut().zip(strengths) {
            *support *= strength;
        }
        let (mut seeds, mut taken) = ([0; t::ALIGNMENT_SEEDS], 0);
        while taken < t::ALIGNMENT_SEEDS {
            let most = supports.iter().fold(0, |most, &support| most.max(support));
            let Some(seed) = supports.iter().position(|&support| support == most && most > 0) else {
                break;
            };
            for (b, support) in supports.iter_mut().enumerate() {
                if b == seed || self.between(seed, b) > t::SEED_NEIGHBOUR {
                    *support = 0;
                }
            }
            seeds[taken] = seed;
            taken += 1;
        }
        (seeds, taken)
    }

    /// Weights of the links that agree with a seed, for the first fit, 0..=242.
    #[inline(always)]
    pub(super) fn weights_around(&self, seed: usize, strengths: &[u32; LINKS]) -> [i32; LINKS] {
        let mut weights = [0; LINKS];
        for b in 0..LINKS {
            let agreed = if b == seed { 256 } else { self.between(seed, b) };
            weights[b] = ((agreed * strengths[b]) >> 8).cast_signed();
        }
        weights
    }

    #[inline(always)]
    fn between(&self, a: usize, b: usize) -> u32 {
        u32::from(self.0[a.max(b)][a.min(b)])
    }

    /// How strongly the others support each link.
    #[inline(always)]
    fn supports(&self, strengths: &[u32; LINKS]) -> [u32; LINKS] {
        let mut sums = [0; LINKS];
        for (a, row) in self.0.iter().enumerate() {
            if strengths[a] > 0 {
                over_columns_before!(a, support(row, strengths, a, &mut sums));
            }
        }
        sums
    }
}

/// Adds what link `a` and those before it do for one another. One without strength supports none; what it gets itself is
/// multiplied by its strength, so it need not be known.
#[inline(always)]
fn support<const COLUMNS: usize>(
    row: &[u8; LINKS],
    strengths: &[u32; LINKS],
    a: usize,
    sums: &mut [u32; LINKS],
) {
    let (own, mut sum) = (strengths[a], 0);
    for b in 0..COLUMNS {
        let agreement = u32::from(row[b]);
        sum += agreement * strengths[b];
        sums[b] += agreement * own;
    }
    sums[a] += sum;
}

/// Sets bit `a` % 32 of each link before `a` that agrees with it at all: alike in turn, and as far apart, in the same direction, on
/// both sides.
#[inline(always)]
fn add_agreeing<const COLUMNS: usize>(
    tables: &Tables,
    links: &Links,
    tolerances: &[u32; LINKS],
    a: usize,
    bits: &mut [u32; LINKS],
) {
    let (own, to, bit, before) = (links.placed(a), links.to[a], 1u32 << (a % 32), a as u32);
    for b in 0..COLUMNS {
        let (spread, error) = mismatch(tables, links, own, b);
        let agree = (b as u32) < before
            && links.weight[b] > 0
            && links.to[b] != to
            && spread.abs() <= t::LINK_TURN_TOLERANCE
            && error < tolerances[b];
        bits[b] |= if agree { bit } else { 0 };
    }
}

/// By how much link `a` turns further than link `b`, in 1/256, and the square of how far they are from moving alike, in 1/64 square
/// pixels. The later link is `a`, because rounding tells them apart.
#[inline(always)]
fn mismatch(tables: &Tables, links: &Links, a: Placed, b: usize) -> (i32, u32) {
    let spread = ((a.turn - links.turn[b] + 128) & 0xFF) - 128;
    // The turn in the middle of both, in 1/512.
    let (cos, sin) = tables.rotation((2 * links.turn[b] + spread).cast_unsigned());
    let (dx, dy) = (a.probe.0 - links.probe_x[b], a.probe.1 - links.probe_y[b]);
    // |dx|, |dy| < 2^11 and |cos|, |sin| <= 2^14: below 2^26. Then eighths of a pixel.
    let (half, shift) = (1 << (ROTATION_BITS - 4), ROTATION_BITS - 3);
    let rx = (dx * cos - dy * sin + half) >> shift;
    let ry = (dx * sin + dy * cos + half) >> shift;
    // No tolerance reaches 2^12 eighths; clamping there keeps the squares below 2^25.
    let ex = (((a.reference.0 - links.reference_x[b]) << 3) - rx).abs().min(4095);
    let ey = (((a.reference.1 - links.reference_y[b]) << 3) - ry).abs().min(4095);
    (spread, (ex * ex + ey * ey).cast_unsigned())
}

/// How well two links agree that do, 0..=255.
#[inline(always)]
fn agreement(spread: i32, error: u32, tolerance: u32) -> u8 {
    // error < tolerance < 2^23, so the shift stays below 2^31; the turn's 441 * 256 / 455 is below 256.
    let place = 256 - (error << 8) / tolerance;
    let turn = 256 - (spread * spread).cast_unsigned() * 256 / t::LINK_TURN_SQUARED.cast_unsigned();
    ((place * turn) >> 8).min(255) as u8
}
