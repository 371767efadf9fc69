//! Which links agree on a motion, and how far the agreement of all supports each.
#![expect(clippy::cast_possible_truncation, reason = "there are 96 links")]

use super::links::{Links, Placed};
use super::{K2, LINKS};
use crate::stages::arithmetic::{ROTATION_BITS, Tables, integer_sqrt, quotient};
use crate::template::{LINK_TOLERANCES, Probe};
use crate::tunables as t;

/// Seeds that start an alignment each, at most: the first so many.
pub(super) type Seeds = ([usize; t::ALIGNMENT_SEEDS], usize);

/// Pairs of two links.
const PAIRS: usize = LINKS * (LINKS - 1) / 2;
/// Pairs that are looked at together.
const BLOCK: usize = 16;

/// All pairs of links that agree, in any order: the later link in bits 0-7, the earlier one in bits 8-15, and from bit 16 on how well,
/// 1..=255. They are few, a hundred or two, but for prints that are alike.
pub(super) struct Compatibility {
    pairs: [u32; PAIRS.next_multiple_of(BLOCK)],
    count: usize,
}

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
    #[expect(clippy::needless_range_loop, reason = "columns of several arrays, of a length that is known")]
    pub(super) fn new(tables: &Tables, probe: &Probe, links: &Links) -> Self {
        let mut possible = [[0; LINKS]; LINKS / 32];
        let mut reaches = Reaches { least: [0; LINKS], range: [0; LINKS] };
        let count = probe.template().view().count();
        for (from, row) in probe.link_reaches().as_chunks::<K2>().0.iter().enumerate().take(count) {
            for (k, &(least, range)) in row.iter().enumerate() {
                (reaches.least[2 * k], reaches.range[2 * k]) = (least, range);
                (reaches.least[2 * k + 1], reaches.range[2 * k + 1]) = (least, range);
            }
            for a in [2 * from, 2 * from + 1] {
                if links.weight[a] > 0 {
                    let bits = &mut possible[a / 32];
                    over_columns_before!(a, add_possible(links, &reaches, a, bits));
                }
            }
        }
        let mut all = Self { pairs: [0; PAIRS.next_multiple_of(BLOCK)], count: 0 };
        for b in 0..LINKS {
            let first = u64::from(possible[0][b]) | u64::from(possible[1][b]) << 32;
            for (mut left, word) in [(first, 0), (possible[2][b].into(), 64)] {
                while left != 0 {
                    all.pairs[all.count] = (word + left.trailing_zeros()) | (b as u32) << 8;
                    all.count += 1;
                    left &= left - 1;
                }
            }
        }
        all.keep_agreeing(tables, probe, links);
        all
    }

    /// Of the pairs that may agree, one in twenty of all, those that do.
    #[inline(always)]
    fn keep_agreeing(&mut self, tables: &Tables, probe: &Probe, links: &Links) {
        let tolerances = probe.link_tolerances();
        let blocks = self.count.div_ceil(BLOCK);
        self.count = 0;
        for block in 0..blocks {
            let some: [u32; BLOCK] = self.pairs.as_chunks().0[block];
            let mut agreeing = [0; BLOCK];
            for (agreeing, pair) in agreeing.iter_mut().zip(some) {
                // What is behind the last is the first link and itself, and those are of one reference minutia.
                let (a, b) = ((pair & 127) as usize, (pair >> 8 & 127) as usize);
                let tolerance = tolerances[(a / 2 * K2 + b / 2).min(LINK_TOLERANCES - 1)];
                let (spread, error) = mismatch(tables, links.placed(a), links.placed(b));
                let how_well = agreement(spread, error, tolerance);
                *agreeing = if error < tolerance { how_well } else { 0 };
            }
            for (pair, how_well) in some.into_iter().zip(agreeing) {
                let (a, b) = ((pair & 127) as usize, (pair >> 8 & 127) as usize);
                self.pairs[self.count] = pair | how_well << 16;
                self.count += usize::from(how_well > 0 && links.to[a] != links.to[b]);
            }
        }
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
            supports[seed] = 0;
            for (b, how_well) in self.of(seed) {
                if how_well > t::SEED_NEIGHBOUR {
                    supports[b] = 0;
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
        weights[seed] = strengths[seed].cast_signed();
        for (b, how_well) in self.of(seed) {
            weights[b] = ((how_well * strengths[b]) >> 8).cast_signed();
        }
        weights
    }

    /// What agrees with a link, and how well.
    #[inline(always)]
    fn of(&self, link: usize) -> impl Iterator<Item = (usize, u32)> {
        self.agreeing().filter_map(move |(a, b, how_well)| {
            let other = if a == link { b } else { a };
            (a == link || b == link).then_some((other, how_well))
        })
    }

    #[inline(always)]
    fn agreeing(&self) -> impl Iterator<Item = (usize, usize, u32)> {
        let unpacked = |&pair: &u32| ((pair & 127) as usize, (pair >> 8 & 127) as usize, pair >> 16);
        self.pairs.iter().take(self.count).map(unpacked)
    }

    /// How strongly the others support each link.
    #[inline(always)]
    fn supports(&self, strengths: &[u32; LINKS]) -> [u32; LINKS] {
        let mut sums = [0; LINKS];
        for (a, b, how_well) in self.agreeing() {
            sums[a] += how_well * strengths[b];
            sums[b] += how_well * strengths[a];
        }
        sums
    }
}

/// Of each link, within what the squared length of a link's offset on the reference must be: [`Probe::link_reaches`].
struct Reaches {
    least: [u32; LINKS],
    range: [u32; LINKS],
}

/// Sets bit `a` % 32 of each link before `a` that may agree with it: alike in turn, and about as far apart on both sides. It leaves
/// out none that agrees.
#[inline(always)]
#[expect(clippy::needless_range_loop, reason = "columns of several arrays, of a length that is known")]
fn add_possible<const COLUMNS: usize>(links: &Links, reaches: &Reaches, a: usize, bits: &mut [u32; LINKS]) {
    let (own, bit, before) = (links.placed(a), 1u32 << (a % 32), a as u32);
    let turn = own.turn + t::LINK_TURN_TOLERANCE;
    for b in 0..COLUMNS {
        let spread = (turn - links.turn[b]).cast_unsigned() & 0xFF;
        let (dx, dy) = (own.reference.0 - links.reference_x[b], own.reference.1 - links.reference_y[b]);
        let beyond = (dx * dx + dy * dy).cast_unsigned().wrapping_sub(reaches.least[b]);
        let possible = (b as u32) < before
            && spread <= 2 * t::LINK_TURN_TOLERANCE.cast_unsigned()
            && beyond <= reaches.range[b];
        bits[b] |= if possible { bit } else { 0 };
    }
}

/// By how much link `a` turns further than link `b`, in 1/256, and the square of how far they are from moving alike, in 1/64 square
/// pixels. The later link is `a`, because rounding tells them apart.
#[inline(always)]
fn mismatch(tables: &Tables, a: Placed, b: Placed) -> (i32, u32) {
    let spread = ((a.turn - b.turn + 128) & 0xFF) - 128;
    // The turn in the middle of both, in 1/512.
    let (cos, sin) = tables.rotation((2 * b.turn + spread).cast_unsigned());
    let (dx, dy) = (a.probe.0 - b.probe.0, a.probe.1 - b.probe.1);
    // |dx|, |dy| < 2^11 and |cos|, |sin| <= 2^14: below 2^26. Then eighths of a pixel.
    let (half, shift) = (1 << (ROTATION_BITS - 4), ROTATION_BITS - 3);
    let rx = (dx * cos - dy * sin + half) >> shift;
    let ry = (dx * sin + dy * cos + half) >> shift;
    // No tolerance reaches 2^12 eighths; clamping there keeps the squares below 2^25.
    let ex = (((a.reference.0 - b.reference.0) << 3) - rx).abs().min(4095);
    let ey = (((a.reference.1 - b.reference.1) << 3) - ry).abs().min(4095);
    (spread, (ex * ex + ey * ey).cast_unsigned())
}

/// How well two links agree that do, 0..=255.
#[inline(always)]
fn agreement(spread: i32, error: u32, tolerance: u32) -> u32 {
    // error < tolerance < 2^23, so the shift stays below 2^31; the turn's 441 * 256 / 455 is below 256.
    let place = 256 - quotient(error.min(tolerance) << 8, tolerance.max(1));
    let turn = 256 - (spread * spread).cast_unsigned() * 256 / t::LINK_TURN_SQUARED.cast_unsigned();
    ((place * turn) >> 8).min(255)
}
