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
mod links;
mod motion;

pub use evidence::{Evidence, FEATURES, Term};
pub use motion::Motion;

use crate::stages::arithmetic::{Tables, integer_sqrt, tables};
use crate::template::{Probe, TemplateRef};
use crate::tunables as t;
use compatibility::Compatibility;
use links::{Links, similarities};
use motion::{Together, Weighted};

/// Minutiae of a side.
const K2: usize = t::STAGE2_MINUTIAE;
/// Links at most: two a probe minutia.
const LINKS: usize = 2 * K2;
/// Log-odds of a pair of which one side has fewer than three minutiae: nothing can be said for it. Unit: 1/4096 nat.
pub const NO_EVIDENCE: i32 = -99 << 12;

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

/// Row by reference minutia, column by probe minutia: 8 fraction bits, 0 beyond the direction gate.
type Similarity = [[u8; K2]; K2];

/// The minutiae of a side, a field each.
struct Minutiae {
    /// Pixels.
    x: [i32; K2],
    y: [i32; K2],
    /// 0..=255.
    direction: [i32; K2],
    count: usize,
}

impl Minutiae {
    #[inline(always)]
    fn of(template: TemplateRef<'_>) -> Self {
        let (mut x, mut y, mut direction) = ([0; K2], [0; K2], [0; K2]);
        for i in 0..K2 {
            let geometry = template.geometry(i);
            (x[i], y[i], direction[i]) = (geometry.0, geometry.1, geometry.2.cast_signed());
        }
        Self { x, y, direction, count: template.count().min(K2) }
    }
}

/// What both sides are, and how alike their minutiae.
struct Sides {
    probe: Minutiae,
    reference: Minutiae,
    similarity: Similarity,
}

impl Sides {
    /// Place of a reference minutia, in eighths of a pixel.
    #[inline(always)]
    fn reference_at(&self, j: usize) -> (i32, i32) {
        (8 * self.reference.x[j], 8 * self.reference.y[j])
    }
}

/// The best alignment so far, without a heap.
struct Best {
    value: u32,
    motion: Motion,
    together: Together,
    evidence: Evidence,
}

/// Log-odds that both are of one finger, in 1/4096 nat, at even priors but for a constant; [`NO_EVIDENCE`] with fewer than
/// three minutiae on a side.
pub fn score(probe: &Probe, reference: TemplateRef<'_>) -> i32 {
    score_inlined(probe, reference)
}

/// The same, compiled to the instructions of the caller.
#[inline(always)]
pub(crate) fn score_inlined(probe: &Probe, reference: TemplateRef<'_>) -> i32 {
    best(probe, reference).map_or(NO_EVIDENCE, |best| best.evidence.log_odds())
}

/// The whole alignment; `None` with fewer than three minutiae on a side.
pub fn align(probe: &Probe, reference: TemplateRef<'_>) -> Option<Alignment> {
    best(probe, reference).map(|best| Alignment {
        motion: best.motion,
        pairs: best.together.pairs().to_vec(),
        evidence: best.evidence,
    })
}

// Everything that it calls for each pair or link is inlined too, whatever its size: a function that is compiled by itself gets
// only the instructions that every machine has.
#[inline(always)]
fn best(probe: &Probe, reference: TemplateRef<'_>) -> Option<Best> {
    let template = probe.template().view();
    if template.count().min(reference.count()) < 3 {
        return None;
    }
    let tables = tables();
    let (own, others) = (Minutiae::of(template), Minutiae::of(reference));
    let mut similarity = [[0; K2]; K2];
    let nearest = similarities(tables, (template, reference), (&own, &others), &mut similarity);
    let links = Links::new((template, reference), (&own, &others), &nearest);
    let sides = Sides { probe: own, reference: others, similarity };
    let compatibility = Compatibility::new(tables, probe, &links);
    let strengths = compatibility.relaxed(&links);
    let (seeds, taken) = compatibility.seeds(&strengths);
    let mut best: Option<Best> = None;
    // Without any seed the first, empty, alignment stands.
    for &seed in seeds.iter().take(taken.max(1)) {
        let weights = if taken == 0 { [0; LINKS] } else { compatibility.weights_around(seed, &strengths) };
        let found = alignment_from(tables, &sides, &links, &weights);
        if best.as_ref().is_none_or(|best| found.value > best.value) {
            best = Some(found);
        }
    }
    let mut best = best?;
    // No alignment is chosen by its edges, which cost as much as all the rest of it.
    best.evidence = best.evidence.completed(tables, &sides, &best.motion, best.together.pairs());
    Some(best)
}

/// Fits a motion to weighted links, pairs what lies together, fits to that and pairs again. The value is for choosing among
/// alignments of the same two fingers, below 2^29.
#[inline(always)]
fn alignment_from(tables: &Tables, sides: &Sides, links: &Links, weights: &[i32; LINKS]) -> Best {
    let weighted = Weighted {
        probe_x: &links.probe_x,
        probe_y: &links.probe_y,
        reference_x: &links.reference_x,
        reference_y: &links.reference_y,
        turn: &links.turn,
        weight: weights,
    };
    let mut motion = Motion::fitted(tables, &weighted).unwrap_or(Motion::NONE);
    let together = Together::under::<{ t::PAIR_DISTANCE_FIRST }, false>(tables, sides, &motion);
    if let Some(refitted) = refitted(tables, sides, &together) {
        motion = refitted;
    }
    let together = Together::under::<{ t::PAIR_DISTANCE }, true>(tables, sides, &motion);
    let evidence = Evidence::of(sides, &motion, &together);
    let value = evidence.agreement() * integer_sqrt(evidence.overlap_share() << 12);
    Best { value, motion, together, evidence }
}

/// Fitted to pairs.
#[inline(always)]
fn refitted(tables: &Tables, sides: &Sides, together: &Together) -> Option<Motion> {
    let [mut probe_x, mut probe_y, mut reference_x, mut reference_y, mut turn, mut weight] = [[0; K2]; 6];
    for (n, pair) in together.pairs().iter().enumerate() {
        (probe_x[n], probe_y[n]) = (sides.probe.x[pair.from], sides.probe.y[pair.from]);
        (reference_x[n], reference_y[n]) = (sides.reference.x[pair.to], sides.reference.y[pair.to]);
        turn[n] = (sides.reference.direction[pair.to] - sides.probe.direction[pair.from]) & 0xFF;
        weight[n] = (pair.quality >> 2).cast_signed();
    }
    let weighted = Weighted {
        probe_x: &probe_x,
        probe_y: &probe_y,
        reference_x: &reference_x,
        reference_y: &reference_y,
        turn: &turn,
        weight: &weight,
    };
    Motion::fitted(tables, &weighted)
}
