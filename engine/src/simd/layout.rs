//! What the paths have in common: how they see a reference, and the part of a probe that all lay out alike.
#![expect(clippy::cast_possible_truncation, reason = "angles of 8 bits, and lengths and weights below 2^14")]

use crate::template::{
    DESCRIPTOR_WORDS, LENGTH_SHIFT, Probe, RECIPROCALS, TEMPLATE_WORDS, Tables, WEIGHT_BITS,
};
use crate::tunables as t;

/// Minutiae of stage 1, each in a lane of its own.
pub(super) const K1: usize = t::STAGE1_MINUTIAE;
/// Steps in which all lanes meet each other.
pub(super) const STEPS: usize = K1 / 2;

/// [`t::SIMILARITY_FLOOR`], for 16-bit lanes.
pub(super) const FLOOR: u16 = t::SIMILARITY_FLOOR as u16;
/// [`t::ROTATION_TOLERANCE`] in the upper byte.
pub(super) const SPREAD_MAX: u16 = (t::ROTATION_TOLERANCE << 8) as u16;

const K2: usize = t::STAGE2_MINUTIAE;

// What the instructions are laid out for, and what 16 bits hold.
const _: () = assert!(K1 == 32 && DESCRIPTOR_WORDS == 8 && WEIGHT_BITS == 10);
const _: () = assert!(t::DIRECTION_GATE < 64 && t::ROTATION_TOLERANCE < 64 && t::SIMILARITY_FLOOR <= 1024);

/// The square root, rounded down. That of floats is one instruction and, below 2^52, rounded to the nearest without ever reaching the
/// next whole number; the standard library's has branches that impostors make hard to predict.
#[expect(clippy::cast_sign_loss, reason = "a root of what is at most 2^32")]
#[inline]
pub(super) fn square_root(value: u32) -> u32 {
    f64::from(value).sqrt() as u32
}

/// The words of a template as fields, for little-endian machines; `template::layout` says what they hold.
#[derive(Clone, Copy, bytemuck::Pod, bytemuck::Zeroable)]
#[repr(C)]
pub(super) struct Reference {
    pub(super) descriptors: [[u32; DESCRIPTOR_WORDS]; K2],
    /// Of stage 1's minutiae.
    pub(super) geometry: [u32; K1],
    geometry_of_the_rest: [u32; K2 - K1],
    pub(super) popcounts: [u8; K2],
    stage1_count: u8,
    count: u8,
    zero: [u8; 2],
    normalisation: u32,
    padding: [u32; 2],
}

impl Reference {
    pub(super) fn of(words: &[u32; TEMPLATE_WORDS]) -> &Self {
        bytemuck::must_cast_ref(words)
    }

    /// A word of each cache line that stage 1 reads.
    pub(super) fn lines_of_stage1(&self) -> impl Iterator<Item = &u32> {
        const LINE: usize = 64 / size_of::<u32>();
        let descriptors = self.descriptors[..K1].as_flattened().iter().step_by(LINE);
        descriptors.chain(self.geometry.iter().step_by(LINE)).chain([&self.normalisation])
    }

    pub(super) fn count(&self) -> usize {
        usize::from(self.stage1_count).min(K1)
    }
}

/// What depends on the probe alone in a step, where lane i meets lane (i + step) mod 32: a stretch of lanes of it. Unit: eighths
/// of a pixel.
#[derive(Clone, Copy)]
pub(super) struct Pairs<const LANES: usize> {
    /// Offset to the right, -16376..=16376.
    pub(super) dx: [i16; LANES],
    /// Offset upwards.
    pub(super) dy: [i16; LANES],
    /// 0..=1198; 0 lets nothing through.
    pub(super) tolerance: [u16; LANES],
}

impl<const LANES: usize> Pairs<LANES> {
    /// Of every step, the lanes from `first` on.
    pub(super) fn of(probe: &Probe, first: usize) -> [Self; STEPS] {
        let view = probe.template().view();
        let offset = |step: usize, i: usize| {
            let ((xi, yi, _), (xk, yk, _)) = (view.geometry(i), view.geometry((i + step + 1) % K1));
            ((xk - xi) << LENGTH_SHIFT, (yk - yi) << LENGTH_SHIFT)
        };
        core::array::from_fn(|step| Self {
            dx: core::array::from_fn(|lane| offset(step, first + lane).0 as i16),
            dy: core::array::from_fn(|lane| offset(step, first + lane).1 as i16),
            tolerance: core::array::from_fn(|lane| probe.tolerances()[step * K1 + first + lane]),
        })
    }
}

/// Directions of the lanes; 0 where there is no minutia.
pub(super) fn directions(probe: &Probe) -> [u8; K1] {
    let view = probe.template().view();
    core::array::from_fn(|i| view.geometry(i).2 as u8)
}

/// For each direction of a reference minutia, the lanes that the gate lets through: lane i is bit i.
pub(super) fn gate(probe: &Probe) -> [u32; 256] {
    let (count, directions) = (probe.template().view().stage1_count(), directions(probe));
    core::array::from_fn(|direction| {
        let passes = |i: &usize| {
            let turn = directions[*i].wrapping_sub(direction as u8).cast_signed();
            u32::from(turn.unsigned_abs()) <= t::DIRECTION_GATE
        };
        (0..count).filter(passes).map(|i| 1 << i).sum()
    })
}

/// For each popcount of a reference minutia, the reciprocals that its similarity to each lane is computed with.
pub(super) fn reciprocals(probe: &Probe) -> [[u16; K1]; 256] {
    let (view, table) = (probe.template().view(), &Tables::get().reciprocal);
    core::array::from_fn(|popcount| {
        core::array::from_fn(|i| table[(view.popcount(i) as usize + popcount).min(RECIPROCALS - 1)])
    })
}

/// A look-up table of cosines or sines for each binary angle from 0 to 63.
pub(super) fn first_quarter(table: &[i16; 256]) -> [i16; 64] {
    core::array::from_fn(|angle| table[angle])
}

/// The links of a comparison, a field each, for paths that look them up one by one. Twice over, so that lane i and
/// lane i + step can be loaded alike.
pub(super) struct Fields {
    pub(super) x: [i16; 2 * K1],
    pub(super) y: [i16; 2 * K1],
    pub(super) cos: [i16; 2 * K1],
    pub(super) sin: [i16; 2 * K1],
    /// In the upper byte, so that differences wrap as angles do.
    pub(super) turn: [i16; 2 * K1],
    /// 0..=784.
    pub(super) weight: [i16; 2 * K1],
}

impl Fields {
    #[inline]
    pub(super) fn new(
        directions: &[u8; K1],
        reference: &Reference,
        similarities: &[u16; K1],
        to: &[u16; K1],
    ) -> Self {
        let tables = Tables::get();
        let [mut x, mut y, mut cos, mut sin, mut turn, mut weight] = [[0; 2 * K1]; 6];
        for lane in 0..K1 {
            let geometry = reference.geometry[usize::from(to[lane]) % K1];
            let turned = directions[lane].wrapping_sub((geometry >> 22) as u8);
            let above = u32::from(similarities[lane]).saturating_sub(t::SIMILARITY_FLOOR);
            for lane in [lane, lane + K1] {
                x[lane] = (geometry << LENGTH_SHIFT & 0x3FF8) as i16;
                y[lane] = (geometry >> (11 - LENGTH_SHIFT) & 0x3FF8) as i16;
                cos[lane] = tables.cos[usize::from(turned)];
                sin[lane] = tables.sin[usize::from(turned)];
                turn[lane] = (u16::from(turned) << 8).cast_signed();
                weight[lane] = ((above * above) >> WEIGHT_BITS) as i16;
            }
        }
        Self { x, y, cos, sin, turn, weight }
    }
}

/// Some lanes of a field, from one of them on: `at + LANES` must not pass the end.
#[inline]
pub(super) fn window<const LANES: usize>(field: &[i16; 2 * K1], at: usize) -> [i16; LANES] {
    field.get(at..).and_then(|rest| rest.first_chunk()).copied().unwrap_or([0; LANES])
}
