//! What an alignment is worth: eight measures of it, and their weighted sum.
#![expect(clippy::cast_possible_truncation, reason = "at most 48 minutiae a side")]

use super::{Motion, Pair, Sides, motion::wrapped};
use crate::stages::arithmetic::{angle, exp_of_minus_half, integer_sqrt, ln};
use crate::template::TemplateRef;
use crate::tunables as t;

/// How many measures there are.
pub const FEATURES: usize = 8;

/// One measure and its part of the score.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Term {
    /// What is measured.
    pub name: &'static str,
    /// The measure, 12 fraction bits.
    pub feature: i32,
    /// Its part of the log-odds: the measure times its weight. Unit: 1/4096 nat.
    pub log_odds: i32,
}

/// Sums over an alignment, from which the measures are made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Evidence {
    /// Minutiae of the side that has fewer, 3..=48.
    pub fewer: u32,
    /// Pairs that lie together, 0..=48.
    pub pairs: u32,
    /// Probe minutiae that have a reference minutia near them, and so lie where both prints are.
    pub probe_overlap: u32,
    /// Reference minutiae that have a probe minutia near them.
    pub reference_overlap: u32,
    /// Sum of the qualities of the pairs, each at most 1022.
    pub quality: u32,
    /// Sum of the similarities of the pairs, 8 fraction bits.
    pub similarity: u32,
    /// Sum of the distances within the pairs. Unit: 1/128 pixel.
    pub distance: u32,
    /// Edges: pairs of pairs that are near one another.
    pub edges: u32,
    /// How many of the edges agree, 12 fraction bits: each counts as much as its length and angles agree.
    pub agreeing: u32,
    /// Cosine of the turn, 14 fraction bits.
    pub cos: i32,
}

impl Evidence {
    pub(super) fn of(sides: &Sides<'_>, motion: &Motion, pairs: &[Pair]) -> Self {
        let mut evidence = Self {
            fewer: sides.probe.count().min(sides.reference.count()) as u32,
            pairs: pairs.len() as u32,
            cos: motion.cos,
            ..Self::default()
        };
        (evidence.probe_overlap, evidence.reference_overlap) = overlap(sides, motion);
        for pair in pairs {
            let (px, py, _) = sides.probe.geometry(pair.from);
            let (gx, gy, _) = sides.reference.geometry(pair.to);
            let (x, y) = motion.moved(px, py);
            let squared = ((x - 8 * gx) * (x - 8 * gx) + (y - 8 * gy) * (y - 8 * gy)).cast_unsigned();
            evidence.quality += pair.quality;
            evidence.similarity += u32::from(sides.similarity[pair.from][pair.to]);
            // Below 112^2 eighths, so below 2^22.
            evidence.distance += integer_sqrt(squared << 8);
        }
        for (at, a) in pairs.iter().enumerate() {
            for b in &pairs[at + 1..] {
                let (counted, agreeing) = edge(sides, a, b);
                evidence.edges += counted;
                evidence.agreeing += agreeing;
            }
        }
        evidence
    }

    /// How much agrees, for choosing among alignments: qualities and similarities, 0..=98 016.
    pub(super) fn agreement(&self) -> u32 {
        self.quality + 4 * self.similarity
    }

    /// Pairs as a share of the geometric mean of both overlaps, 12 fraction bits, 0..=4096.
    pub(super) fn overlap_share(&self) -> u32 {
        // 48 * 48 * 2^8 < 2^20, so the mean has 4 fraction bits.
        let mean = integer_sqrt((self.probe_overlap * self.reference_overlap) << 8);
        ((self.pairs << 16).checked_div(mean).unwrap_or(0)).min(4096)
    }

    /// Each measure with its part, in the order of [`t::LOG_ODDS_WEIGHTS`].
    pub fn terms(&self) -> [Term; FEATURES] {
        let features = self.features();
        core::array::from_fn(|at| {
            let (name, weight) = t::LOG_ODDS_WEIGHTS[at];
            // |feature| < 2^18 and |weight| < 2^15, but no feature with a weight above 2^13 exceeds 2^16.
            Term { name, feature: features[at], log_odds: (features[at] * weight) >> 12 }
        })
    }

    /// The log-odds. Unit: 1/4096 nat; within +-2^19.
    pub fn log_odds(&self) -> i32 {
        t::LOG_ODDS_OFFSET + self.terms().iter().map(|term| term.log_odds).sum::<i32>()
    }

    /// All with 12 fraction bits.
    fn features(&self) -> [i32; FEATURES] {
        let one = 1 << 12;
        let m = self.pairs;
        let both = (self.probe_overlap * self.reference_overlap).max(1);
        let unpaired = (self.probe_overlap.saturating_sub(m)) + (self.reference_overlap.saturating_sub(m));
        let mean_distance =
            (self.distance * 32).checked_div(m).unwrap_or(t::PAIR_DISTANCE.cast_unsigned() << 9);
        // Pairs that chance would make: both / 625. Its logarithm is taken of (m + 1/2) * 625 * 2 / (2 * both).
        let chance = (both * 4096 / t::CHANCE_PAIRS_DIVISOR).cast_signed();
        let ratio = ln((2 * m + 1) * t::CHANCE_PAIRS_DIVISOR) - ln(2 * both);
        let surprise = m.cast_signed() * ratio - ((m << 12).cast_signed() - chance);
        [
            ln(one + self.agreeing) - ln(one),
            ln(self.agreeing + one / 2) - ln(one * (self.edges + 2)),
            ln(1 + self.fewer),
            ((self.similarity << 4) / (m + 1)).cast_signed(),
            mean_distance.cast_signed(),
            ln(1 + unpaired),
            self.cos >> 2,
            surprise / 10,
        ]
    }
}

/// How many minutiae of each side lie where both prints are.
fn overlap(sides: &Sides<'_>, motion: &Motion) -> (u32, u32) {
    let reach = t::OVERLAP_REACH * t::OVERLAP_REACH;
    let mut near_reference = [0u32; super::K2];
    let mut probe = 0;
    for i in 0..sides.probe.count() {
        let (x, y, _) = sides.probe.geometry(i);
        let near = sides.distances_from(motion.moved(x, y)).map(|squared| u32::from(squared <= reach));
        probe += near.iter().fold(0, |any, near| any | near);
        near_reference.iter_mut().zip(near).for_each(|(any, near)| *any |= near);
    }
    (probe, near_reference.iter().sum())
}

/// 1 if two pairs are near one another, and how well the edges between them agree, 12 fraction bits.
fn edge(sides: &Sides<'_>, a: &Pair, b: &Pair) -> (u32, u32) {
    let vector = |side: TemplateRef<'_>, from: usize, to: usize| {
        let (p, q) = (side.geometry(from), side.geometry(to));
        (q.0 - p.0, q.1 - p.1)
    };
    let (p, g) = (vector(sides.probe, a.from, b.from), vector(sides.reference, a.to, b.to));
    let squared = p.0 * p.0 + p.1 * p.1;
    if squared >= t::EDGE_LENGTH_MAX * t::EDGE_LENGTH_MAX {
        return (0, 0);
    }
    // Lengths in eighths: squares below 2^23, times 64 below 2^29.
    let length = integer_sqrt(squared.cast_unsigned() << 6);
    let other = integer_sqrt((g.0 * g.0 + g.1 * g.1).cast_unsigned() << 6);
    // 8 fraction bits. The tolerance is 4 px + 6 %, in fiftieths of an eighth; the difference is below 2^15, times 12 800
    // below 2^29.
    let stretched = (length.abs_diff(other) * 12_800 / (1600 + 3 * length)).min(512);
    // Turned by: |cross|, |dot| < 2 * 130 * 2048 < 2^20.
    let edge_turn = angle(p.0 * g.1 - p.1 * g.0, p.0 * g.0 + p.1 * g.1);
    let bent = |from: usize, to: usize| {
        let turn = sides.probe.geometry(from).2.cast_signed() - sides.reference.geometry(to).2.cast_signed();
        let off = wrapped(turn * 16 + edge_turn).unsigned_abs();
        ((off * t::EDGE_TURN_RECIPROCAL) >> 12).min(512)
    };
    let (at_a, at_b) = (bent(a.from, a.to), bent(b.from, b.to));
    (1, exp_of_minus_half(stretched * stretched + at_a * at_a + at_b * at_b))
}
