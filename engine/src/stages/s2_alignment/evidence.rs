//! What an alignment is worth: eight measures of it, and their weighted sum.
#![expect(clippy::cast_possible_truncation, reason = "at most 48 minutiae a side")]

use super::motion::{Together, wrapped};
use super::{K2, Motion, Pair, Sides};
use crate::stages::arithmetic::{Tables, integer_sqrt, ln, quotient};
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
    /// As far as alignments are chosen by it: the distances and edges are 0 still.
    #[inline(always)]
    pub(super) fn of(sides: &Sides, motion: &Motion, together: &Together) -> Self {
        let mut evidence = Self {
            fewer: sides.probe.count.min(sides.reference.count) as u32,
            pairs: together.pairs().len() as u32,
            probe_overlap: together.overlap.0,
            reference_overlap: together.overlap.1,
            cos: motion.cos,
            ..Self::default()
        };
        for pair in together.pairs() {
            evidence.quality += pair.quality;
            evidence.similarity += u32::from(sides.similarity[pair.to][pair.from]);
        }
        evidence
    }

    /// With the distances and edges.
    #[inline(always)]
    pub(super) fn completed(
        mut self,
        tables: &Tables,
        sides: &Sides,
        motion: &Motion,
        pairs: &[Pair],
    ) -> Self {
        let (mut squared, mut ends) = ([0; K2], Ends::default());
        for (at, pair) in pairs.iter().enumerate() {
            let (px, py) = (sides.probe.x[pair.from], sides.probe.y[pair.from]);
            let (gx, gy) = (sides.reference.x[pair.to], sides.reference.y[pair.to]);
            let (x, y) = motion.moved(px, py);
            squared[at] = ((x - 8 * gx) * (x - 8 * gx) + (y - 8 * gy) * (y - 8 * gy)).cast_unsigned();
            (ends.probe_x[at], ends.probe_y[at]) = (px, py);
            (ends.reference_x[at], ends.reference_y[at]) = (gx, gy);
            ends.turn[at] = (sides.probe.direction[pair.from] - sides.reference.direction[pair.to]) * 16;
        }
        for squared in squared {
            // Below 112^2 eighths, so below 2^22.
            self.distance += integer_sqrt(squared << 8);
        }
        for at in 1..pairs.len() {
            let (edges, agreeing) = match at / 16 {
                0 => ends.edges::<16>(tables, at),
                1 => ends.edges::<32>(tables, at),
                _ => ends.edges::<K2>(tables, at),
            };
            self.edges += edges;
            self.agreeing += agreeing;
        }
        self
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

/// Pairs as the ends of edges, a field each.
struct Ends {
    probe_x: [i32; K2],
    probe_y: [i32; K2],
    reference_x: [i32; K2],
    reference_y: [i32; K2],
    /// Direction of the probe minutia minus that of the reference minutia, in 1/4096 of a turn.
    turn: [i32; K2],
}

impl Default for Ends {
    fn default() -> Self {
        let none = [0; K2];
        Self { probe_x: none, probe_y: none, reference_x: none, reference_y: none, turn: none }
    }
}

impl Ends {
    /// How many of the pairs before one, at most `PAIRS`, are near it, and how well the edges between them agree, 12 fraction bits.
    #[inline(always)]
    fn edges<const PAIRS: usize>(&self, tables: &Tables, at: usize) -> (u32, u32) {
        let (mut edges, mut sum) = (0, 0);
        let (px, py) = (self.probe_x[at], self.probe_y[at]);
        let (gx, gy) = (self.reference_x[at], self.reference_y[at]);
        let (turn, at) = (self.turn[at], at as u32);
        for n in 0..PAIRS {
            // From the earlier pair to the later one.
            let p = (px - self.probe_x[n], py - self.probe_y[n]);
            let g = (gx - self.reference_x[n], gy - self.reference_y[n]);
            let squared = p.0 * p.0 + p.1 * p.1;
            let near = (n as u32) < at && squared < t::EDGE_LENGTH_MAX * t::EDGE_LENGTH_MAX;
            // Those that are too long count for nothing, so it does not matter what is cut off here: it keeps all in range.
            let p = if near { p } else { (0, 0) };
            let squared = if near { squared } else { 0 };
            // Lengths in eighths: squares below 2^23, times 64 below 2^29.
            let length = integer_sqrt(squared.cast_unsigned() << 6);
            let other = integer_sqrt((g.0 * g.0 + g.1 * g.1).cast_unsigned() << 6);
            // 8 fraction bits. The tolerance is 4 px + 6 %, in fiftieths of an eighth; the difference is below 2^15, times
            // 12 800 below 2^29.
            let tolerance = 1600 + 3 * length;
            let stretched = quotient((length.abs_diff(other) * 12_800).min(512 * tolerance), tolerance);
            // Turned by: |cross|, |dot| < 2 * 130 * 2048 < 2^20.
            let edge_turn = tables.angle(p.0 * g.1 - p.1 * g.0, p.0 * g.0 + p.1 * g.1);
            let (own, its) = (bent(turn + edge_turn), bent(self.turn[n] + edge_turn));
            let agreeing = tables.exp_of_minus_half(stretched * stretched + own * own + its * its);
            edges += u32::from(near);
            sum += if near { agreeing } else { 0 };
        }
        (edges, sum)
    }
}

/// How far an edge is bent at one of its ends, 8 fraction bits.
#[inline(always)]
fn bent(turn: i32) -> u32 {
    ((wrapped(turn).unsigned_abs() * t::EDGE_TURN_RECIPROCAL) >> 12).min(512)
}
