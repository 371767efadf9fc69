//! Twin of `shaders/src/s2_alignment.wgsl`: lays one finger over another, and weighs what comes to lie together.
//!
//! Links between minutiae whose neighbourhoods are alike vote for one another where they agree on a motion; the strongest
//! start an alignment each, a rigid motion fitted twice to what lies together under it; eight measures of the best
//! alignment, weighted, are the log-odds that both prints are of one finger. The design is that of spectral minutia matching
//! with consolidation (Leordeanu and Hebert, 2005; Cappelli, Ferrara and Maltoni, 2010) and a likelihood ratio at the end.
//!
//! Kept step by step beside the shader: all values are 32-bit integers, and the ranges in the comments are why none
//! overflows. The order of probe and reference matters a little: candidates are chosen by probe minutia.

mod compatibility;
mod evidence;
mod motion;

pub use evidence::{Evidence, FEATURES, Term};
pub use motion::Motion;

use crate::stages::arithmetic::integer_sqrt;
use crate::template::{Probe, Tables, TemplateRef};
use crate::tunables as t;
use compatibility::Compatibility;

/// Minutiae of a side.
const K2: usize = t::STAGE2_MINUTIAE;
/// Links at most: two a probe minutia.
const LINKS: usize = 2 * K2;
/// Further than any point can be moved. Unit: eighths of a pixel.
const NOWHERE: i32 = 1 << 20;

/// Log-odds of a pair of which one side has fewer than three minutiae: nothing can be said for it. Unit: 1/4096 nat.
pub const NO_EVIDENCE: i32 = -99 << 12;

/// A possible correspondence. Absent where `weight` is 0.
#[derive(Debug, Clone, Copy, Default)]
struct Link {
    /// Probe minutia.
    from: usize,
    /// Reference minutia.
    to: usize,
    /// Similarity above the floor, 0..=230.
    weight: u32,
}

/// A pair of minutiae that lie together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Pair {
    /// Probe minutia, by its place in the template.
    pub from: usize,
    /// Reference minutia, by its place in the template.
    pub to: usize,
    /// How well they agree in place, direction and neighbourhood, 1..=1022.
    pub quality: u32,
}

/// The best alignment of two fingers.
#[derive(Debug, Clone)]
pub struct Alignment {
    /// How the probe was moved.
    pub motion: Motion,
    /// What came to lie together, by probe minutia.
    pub pairs: Vec<Pair>,
    /// What it is worth.
    pub evidence: Evidence,
}

/// What both sides are, and how alike their minutiae.
struct Sides<'a> {
    probe: TemplateRef<'a>,
    reference: TemplateRef<'a>,
    /// 8 fraction bits, row by probe minutia; 0 beyond the direction gate.
    similarity: [[u8; K2]; K2],
    /// Places of the reference minutiae, in eighths of a pixel; far from everything where there is none.
    reference_x: [i32; K2],
    reference_y: [i32; K2],
}

impl<'a> Sides<'a> {
    fn new(probe: TemplateRef<'a>, reference: TemplateRef<'a>) -> Self {
        let there = |j: usize| (j < reference.count()).then(|| reference.geometry(j));
        Self {
            probe,
            reference,
            similarity: similarities(probe, reference),
            reference_x: core::array::from_fn(|j| there(j).map_or(NOWHERE, |(x, _, _)| 8 * x)),
            reference_y: core::array::from_fn(|j| there(j).map_or(NOWHERE, |(_, y, _)| 8 * y)),
        }
    }

    /// Squared distances of all reference minutiae from a point, up to 4 095 eighths of a pixel across and along, beyond which no distance
    /// matters: below 2^25.
    fn distances_from(&self, (x, y): (i32, i32)) -> [i32; K2] {
        core::array::from_fn(|j| {
            let (dx, dy) =
                ((x - self.reference_x[j]).abs().min(4095), (y - self.reference_y[j]).abs().min(4095));
            dx * dx + dy * dy
        })
    }
}

/// Log-odds that both are of one finger, in 1/4096 nat, at even priors but for a constant; [`NO_EVIDENCE`] with fewer than
/// three minutiae on a side.
pub fn score(probe: &Probe, reference: TemplateRef<'_>) -> i32 {
    align(probe, reference).map_or(NO_EVIDENCE, |alignment| alignment.evidence.log_odds())
}

/// The whole alignment; `None` with fewer than three minutiae on a side.
pub fn align(probe: &Probe, reference: TemplateRef<'_>) -> Option<Alignment> {
    let template = probe.template().view();
    if template.count().min(reference.count()) < 3 {
        return None;
    }
    let sides = Sides::new(template, reference);
    let links = candidates(&sides);
    let compatibility = Compatibility::new(probe, &sides, &links);
    let strengths = compatibility.relaxed(&links);
    let mut best: Option<(u32, Alignment)> = None;
    for seed in compatibility.seeds(&strengths) {
        let weights = compatibility.weights_around(seed, &strengths);
        let (value, alignment) = alignment_from(&sides, &links, &weights);
        if best.as_ref().is_none_or(|(most, _)| value > *most) {
            best = Some((value, alignment));
        }
    }
    let nothing = || alignment_from(&sides, &links, &[0; LINKS]);
    Some(best.unwrap_or_else(nothing).1)
}

/// Dice similarity with 8 fraction bits, 0..=255.
fn similarities(probe: TemplateRef<'_>, reference: TemplateRef<'_>) -> [[u8; K2]; K2] {
    let reciprocal = &Tables::get().reciprocal;
    let mut all = [[0; K2]; K2];
    for (i, row) in all.iter_mut().enumerate().take(probe.count()) {
        let (own, direction, ones) = (probe.descriptor(i), probe.geometry(i).2, probe.popcount(i));
        for (j, similarity) in row.iter_mut().enumerate().take(reference.count()) {
            let turn = direction.wrapping_sub(reference.geometry(j).2) & 0xFF;
            if turn.min(256 - turn) > t::DIRECTION_GATE {
                continue;
            }
            let shared: u32 =
                own.iter().zip(reference.descriptor(j)).map(|(a, b)| (a & b).count_ones()).sum();
            let total = ones + reference.popcount(j);
            // shared * reciprocal < 2^24: ten fraction bits after 8, eight after 10.
            *similarity = ((shared * u32::from(reciprocal[total as usize])) >> 10).min(255) as u8;
        }
    }
    all
}

/// The two most similar reference minutiae of each probe minutia, of equals the first.
fn candidates(sides: &Sides<'_>) -> [Link; LINKS] {
    let mut links = [Link::default(); LINKS];
    for i in 0..sides.probe.count() {
        let (mut first, mut second) = (Link::default(), Link::default());
        for j in 0..sides.reference.count() {
            let weight = u32::from(sides.similarity[i][j]).saturating_sub(t::LINK_SIMILARITY_FLOOR);
            let link = Link { from: i, to: j, weight };
            if weight > first.weight {
                (first, second) = (link, first);
            } else if weight > second.weight {
                second = link;
            }
        }
        (links[2 * i], links[2 * i + 1]) = (first, second);
    }
    links
}

/// Fits a motion to weighted links, pairs what lies together, fits to that and pairs again. The value is for choosing among
/// alignments of the same two fingers, below 2^29.
fn alignment_from(sides: &Sides<'_>, links: &[Link; LINKS], weights: &[u32; LINKS]) -> (u32, Alignment) {
    let weighted = links.iter().zip(weights).map(|(link, &weight)| (link.from, link.to, weight));
    let mut motion = Motion::fitted(sides, weighted).unwrap_or(Motion::NONE);
    let mut pairs = motion::together(sides, &motion, t::PAIR_DISTANCE_FIRST);
    let weighted = pairs.iter().map(|pair| (pair.from, pair.to, pair.quality >> 2));
    if let Some(refitted) = Motion::fitted(sides, weighted) {
        motion = refitted;
    }
    pairs = motion::together(sides, &motion, t::PAIR_DISTANCE);
    let evidence = Evidence::of(sides, &motion, &pairs);
    let value = evidence.agreement() * integer_sqrt(evidence.overlap_share() << 12);
    (value, Alignment { motion, pairs, evidence })
}
