//! Stage 1 in NEON: the probe's 32 minutiae are the 32 bytes of two registers, for each of the 32 bytes of a descriptor.
//!
//! The population count is of bytes, so a lane is a byte and its sum over a descriptor needs no widening: it is at most
//! 255, as no template has a full descriptor.

use core::arch::aarch64::*;

use super::layout::{
    Fields, K1, Pairs, Reference, SPREAD_MAX, STEPS, directions, gate, reciprocals, square_root, window,
};
use crate::template::{DESCRIPTOR_WORDS, Probe, SIMILARITY_SHIFT, TEMPLATE_WORDS};

/// Bytes of a descriptor.
const BYTES: usize = 4 * DESCRIPTOR_WORDS;
/// 16-bit lanes of a register, and registers.
const QUARTER: usize = 8;
const QUARTERS: usize = K1 / QUARTER;

/// A probe in lanes.
#[repr(align(64))]
pub(super) struct Lanes {
    /// Bytes of the descriptors, by byte; lanes 0-15 and 16-31.
    planes: [[[u8; 16]; 2]; BYTES],
    reciprocals: [[[u16; QUARTER]; QUARTERS]; 256],
    /// All bits set where the gate lets a lane through.
    gate: [[[u8; 16]; 2]; 256],
    directions: [u8; K1],
    /// By quarter.
    pairs: [[Pairs<QUARTER>; STEPS]; QUARTERS],
}

impl Lanes {
    pub(super) fn new(probe: &Probe) -> Self {
        let view = probe.template().view();
        let byte = |lane: usize, byte: usize| view.descriptor(lane)[byte / 4].to_le_bytes()[byte % 4];
        let plane = |at: usize, half: usize| core::array::from_fn(|i| byte(half * 16 + i, at));
        let passes = |mask: u32, lane: usize| if mask >> lane & 1 == 1 { 0xFF } else { 0 };
        Self {
            planes: core::array::from_fn(|at| [plane(at, 0), plane(at, 1)]),
            reciprocals: bytemuck::must_cast(reciprocals(probe)),
            gate: gate(probe).map(|mask| {
                core::array::from_fn(|half| core::array::from_fn(|i| passes(mask, half * 16 + i)))
            }),
            directions: directions(probe),
            pairs: core::array::from_fn(|quarter| Pairs::of(probe, quarter * QUARTER)),
        }
    }
}

#[target_feature(enable = "neon")]
pub(super) fn score(lanes: &Lanes, reference: &[u32; TEMPLATE_WORDS]) -> u32 {
    let reference = Reference::of(reference);
    let (similarities, to) = links(lanes, reference);
    let fields = Fields::new(&lanes.directions, reference, &similarities, &to);
    square_root(support(lanes, &fields))
}

/// The similarity of each lane's best link, 0..=1024, and its reference minutia.
#[inline]
#[target_feature(enable = "neon")]
fn links(lanes: &Lanes, reference: &Reference) -> ([u16; K1], [u16; K1]) {
    let mut best = [vdupq_n_u16(0); QUARTERS];
    let mut to = [vdupq_n_u16(0); QUARTERS];
    let mut j = vdupq_n_u16(0);
    let rows = reference.descriptors.iter().zip(&reference.geometry).zip(&reference.popcounts);
    for ((descriptor, geometry), &popcount) in rows.take(reference.count()) {
        let descriptor: [u8; BYTES] = bytemuck::must_cast(*descriptor);
        let mut shared = [vdupq_n_u8(0); 2];
        for (&byte, plane) in descriptor.iter().zip(&lanes.planes) {
            let byte = vdupq_n_u8(byte);
            let bits = |half: usize| vcntq_u8(vandq_u8(bytemuck::must_cast(plane[half]), byte));
            shared = [vaddq_u8(shared[0], bits(0)), vaddq_u8(shared[1], bits(1))];
        }
        let gate = &lanes.gate[(geometry >> 22 & 0xFF) as usize];
        let passed = |half: usize| vandq_u8(shared[half], bytemuck::must_cast(gate[half]));
        let wide = |half: usize| [vmovl_u8(vget_low_u8(passed(half))), vmovl_high_u8(passed(half))];
        let ([first, second], [third, fourth]) = (wide(0), wide(1));
        let reciprocals = &lanes.reciprocals[usize::from(popcount)];
        for (quarter, shared) in [first, second, third, fourth].into_iter().enumerate() {
            let reciprocals: uint16x8_t = bytemuck::must_cast(reciprocals[quarter]);
            let low = vmull_u16(vget_low_u16(shared), vget_low_u16(reciprocals));
            let high = vmull_high_u16(shared, reciprocals);
            const SHIFT: i32 = SIMILARITY_SHIFT.cast_signed();
            let similarity = vshrn_high_n_u32::<SHIFT>(vshrn_n_u32::<SHIFT>(low), high);
            let better = vcgtq_u16(similarity, best[quarter]);
            best[quarter] = vmaxq_u16(best[quarter], similarity);
            to[quarter] = vbslq_u16(better, j, to[quarter]);
        }
        j = vaddq_u16(j, vdupq_n_u16(1));
    }
    (bytemuck::must_cast(best), bytemuck::must_cast(to))
}

/// The sum of the weight products of all pairs that are consistent.
#[inline]
#[target_feature(enable = "neon")]
fn support(lanes: &Lanes, fields: &Fields) -> u32 {
    let mut sum = vdupq_n_s32(0);
    for (quarter, steps) in lanes.pairs.iter().enumerate() {
        let load = |field: &[i16; 2 * K1], step: usize| -> int16x8_t {
            bytemuck::must_cast(window::<QUARTER>(field, quarter * QUARTER + step))
        };
        let [x, y, cos, sin, turn, weight] =
            [&fields.x, &fields.y, &fields.cos, &fields.sin, &fields.turn, &fields.weight]
                .map(|field| load(field, 0));
        let mut support = vdupq_n_s16(0);
        for (pairs, step) in steps.iter().zip(1..) {
            let (dx, dy): (int16x8_t, int16x8_t) =
                (bytemuck::must_cast(pairs.dx), bytemuck::must_cast(pairs.dy));
            let cos = vaddq_s16(cos, load(&fields.cos, step));
            let sin = vaddq_s16(sin, load(&fields.sin, step));
            // It doubles, and its rounding is that of the twin; it saturates only for -32768 squared, which is no factor.
            let rx = vaddq_s16(vqrdmulhq_s16(dx, cos), vqrdmulhq_s16(dy, sin));
            let ry = vsubq_s16(vqrdmulhq_s16(dy, cos), vqrdmulhq_s16(dx, sin));
            let ex = vsubq_s16(vsubq_s16(load(&fields.x, step), x), rx);
            let ey = vsubq_s16(vsubq_s16(load(&fields.y, step), y), ry);
            // Of -32768 the size wraps to itself, which is 32768 without a sign: right.
            let size = |value| vreinterpretq_u16_s16(vabsq_s16(value));
            let error = vmaxq_u16(size(ex), size(ey));
            let spread = size(vsubq_s16(load(&fields.turn, step), turn));
            let alike = vcleq_u16(spread, vdupq_n_u16(SPREAD_MAX));
            let consistent = vandq_u16(alike, vcltq_u16(error, bytemuck::must_cast(pairs.tolerance)));
            let weight = vandq_s16(vreinterpretq_s16_u16(consistent), load(&fields.weight, step));
            support = vaddq_s16(support, weight);
        }
        sum = vmlal_s16(sum, vget_low_s16(support), vget_low_s16(weight));
        sum = vmlal_high_s16(sum, support, weight);
    }
    vaddvq_s32(sum).cast_unsigned()
}
