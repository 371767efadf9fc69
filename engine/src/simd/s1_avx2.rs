//! Stage 1 in AVX2: the probe's 32 minutiae are four runs of eight 32-bit lanes, and in order of direction.
//!
//! There is no population count: it is looked up, four bits at a time, and costs so much that a run which the direction gate
//! bars entirely, one in four, is worth a branch. For the look-up the probe's descriptors are laid out with the upper and
//! lower halves of their bytes apart.

use core::arch::x86_64::*;

use super::layout::{
    Fields, K1, Pairs, Reference, SPREAD_MAX, STEPS, directions, gate, reciprocals, square_root, window,
};
use crate::template::{DESCRIPTOR_WORDS, Probe, TEMPLATE_WORDS};

/// Lanes of a run, and runs.
const RUN: usize = 8;
const RUNS: usize = K1 / RUN;
/// 16-bit lanes of a register.
const HALF: usize = K1 / 2;

/// A probe in lanes.
#[repr(align(64))]
pub(super) struct Lanes {
    /// Of each run the words of the descriptors, first their lower four bits of each byte, then the upper ones.
    planes: [[[[u32; RUN]; 2]; DESCRIPTOR_WORDS]; RUNS],
    reciprocals: [[[u16; HALF]; 2]; 256],
    /// All bits set where the gate lets a lane through.
    gate: [[[i8; HALF]; 2]; 256],
    /// Bit r: the gate lets any lane of run r through.
    runs: [u8; 256],
    directions: [u8; K1],
    /// By half.
    pairs: [[Pairs<HALF>; STEPS]; 2],
}

impl Lanes {
    pub(super) fn new(probe: &Probe) -> Self {
        let view = probe.template().view();
        let plane = |run: usize, word: usize, shift: usize| {
            core::array::from_fn(|i| view.descriptor(run * RUN + i)[word] >> shift & 0x0F0F_0F0F)
        };
        let halves = |run, word| [plane(run, word, 0), plane(run, word, 4)];
        let gate = gate(probe);
        let passes = |mask: u32, lane: usize| if mask >> lane & 1 == 1 { -1 } else { 0 };
        let any = |mask: u32, run: usize| u8::from(mask >> (run * RUN) & 0xFF != 0) << run;
        Self {
            planes: core::array::from_fn(|run| core::array::from_fn(|word| halves(run, word))),
            reciprocals: bytemuck::must_cast(reciprocals(probe)),
            gate: gate.map(|mask| {
                core::array::from_fn(|half| core::array::from_fn(|i| passes(mask, half * HALF + i)))
            }),
            runs: gate.map(|mask| (0..RUNS).map(|run| any(mask, run)).sum()),
            directions: directions(probe),
            pairs: [Pairs::of(probe, 0), Pairs::of(probe, HALF)],
        }
    }
}

#[target_feature(enable = "avx2")]
pub(super) fn score(lanes: &Lanes, reference: &[u32; TEMPLATE_WORDS]) -> u32 {
    let reference = Reference::of(reference);
    let (similarities, to) = links(lanes, reference);
    let fields = Fields::new(&lanes.directions, reference, &similarities, &to);
    square_root(support(lanes, &fields))
}

/// The similarity of each lane's best link, 0..=1024, and its reference minutia.
#[inline]
#[target_feature(enable = "avx2")]
fn links(lanes: &Lanes, reference: &Reference) -> ([u16; K1], [u16; K1]) {
    let mut shared = [_mm256_setzero_si256(); RUNS];
    let mut best = [_mm256_setzero_si256(); 2];
    let mut to = [_mm256_setzero_si256(); 2];
    let mut j = _mm256_setzero_si256();
    let rows = reference.descriptors.iter().zip(&reference.geometry).zip(&reference.popcounts);
    for ((descriptor, geometry), &popcount) in rows.take(reference.count()) {
        let direction = (geometry >> 22 & 0xFF) as usize;
        for (run, (shared, planes)) in shared.iter_mut().zip(&lanes.planes).enumerate() {
            // What is left of the minutia before does not matter where it is skipped: the gate bars every lane.
            if lanes.runs[direction] >> run & 1 == 1 {
                *shared = shared_bits(planes, descriptor);
            }
        }
        let reciprocals = lanes.reciprocals[usize::from(popcount)];
        for half in 0..2 {
            // `vpackusdw` leaves lanes 0-3, 8-11, 4-7, 12-15.
            let shared = _mm256_packus_epi32(shared[2 * half], shared[2 * half + 1]);
            let shared = _mm256_permute4x64_epi64::<0b11_01_10_00>(shared);
            // (shared << 8) * reciprocal >> 16: at most 255 bits are shared, so the shift loses none.
            let reciprocals = bytemuck::must_cast(reciprocals[half]);
            let similarity = _mm256_mulhi_epu16(_mm256_slli_epi16::<8>(shared), reciprocals);
            let passes = _mm256_cvtepi8_epi16(bytemuck::must_cast(lanes.gate[direction][half]));
            let similarity = _mm256_and_si256(similarity, passes);
            let better = _mm256_cmpgt_epi16(similarity, best[half]);
            best[half] = _mm256_max_epi16(best[half], similarity);
            to[half] = _mm256_blendv_epi8(to[half], j, better);
        }
        j = _mm256_add_epi16(j, _mm256_set1_epi16(1));
    }
    (bytemuck::must_cast(best), bytemuck::must_cast(to))
}

/// How many bits each lane of a run has in common with a descriptor.
#[inline]
#[target_feature(enable = "avx2")]
fn shared_bits(plane: &[[[u32; RUN]; 2]; DESCRIPTOR_WORDS], descriptor: &[u32; DESCRIPTOR_WORDS]) -> __m256i {
    let popcounts = _mm_setr_epi8(0, 1, 1, 2, 1, 2, 2, 3, 1, 2, 2, 3, 2, 3, 3, 4);
    let popcounts = _mm256_broadcastsi128_si256(popcounts);
    let (mut low, mut high) = (_mm256_setzero_si256(), _mm256_setzero_si256());
    for (&word, plane) in descriptor.iter().zip(plane) {
        let word = _mm256_set1_epi32(word.cast_signed());
        let bits = _mm256_and_si256(bytemuck::must_cast(plane[0]), word);
        low = _mm256_add_epi8(low, _mm256_shuffle_epi8(popcounts, bits));
        let bits = _mm256_and_si256(bytemuck::must_cast(plane[1]), _mm256_srli_epi32::<4>(word));
        high = _mm256_add_epi8(high, _mm256_shuffle_epi8(popcounts, bits));
    }
    // At most 64 a byte; then the four bytes of a lane are added.
    let bytes = _mm256_maddubs_epi16(_mm256_add_epi8(low, high), _mm256_set1_epi8(1));
    _mm256_madd_epi16(bytes, _mm256_set1_epi16(1))
}

/// The sum of the weight products of all pairs that are consistent.
#[inline]
#[target_feature(enable = "avx2")]
fn support(lanes: &Lanes, fields: &Fields) -> u32 {
    let spread_max = _mm256_set1_epi16(SPREAD_MAX.cast_signed());
    let mut sum = _mm256_setzero_si256();
    for half in 0..2 {
        let load = |field: &[i16; 2 * K1], step: usize| -> __m256i {
            bytemuck::must_cast(window::<HALF>(field, half * HALF + step))
        };
        let [x, y, cos, sin, turn, weight] =
            [&fields.x, &fields.y, &fields.cos, &fields.sin, &fields.turn, &fields.weight]
                .map(|field| load(field, 0));
        let mut support = _mm256_setzero_si256();
        for (pairs, step) in lanes.pairs[half].iter().zip(1..) {
            let (dx, dy) = (bytemuck::must_cast(pairs.dx), bytemuck::must_cast(pairs.dy));
            let tolerance = bytemuck::must_cast(pairs.tolerance);
            let cos = _mm256_add_epi16(cos, load(&fields.cos, step));
            let sin = _mm256_add_epi16(sin, load(&fields.sin, step));
            let rx = _mm256_add_epi16(_mm256_mulhrs_epi16(dx, cos), _mm256_mulhrs_epi16(dy, sin));
            let ry = _mm256_sub_epi16(_mm256_mulhrs_epi16(dy, cos), _mm256_mulhrs_epi16(dx, sin));
            let ex = _mm256_sub_epi16(_mm256_sub_epi16(load(&fields.x, step), x), rx);
            let ey = _mm256_sub_epi16(_mm256_sub_epi16(load(&fields.y, step), y), ry);
            let error = _mm256_max_epu16(_mm256_abs_epi16(ex), _mm256_abs_epi16(ey));
            let spread = _mm256_abs_epi16(_mm256_sub_epi16(load(&fields.turn, step), turn));
            // a <= b where the smaller of the two is a.
            let alike = _mm256_cmpeq_epi16(_mm256_min_epu16(spread, spread_max), spread);
            let astray = _mm256_cmpeq_epi16(_mm256_min_epu16(tolerance, error), tolerance);
            let weight = _mm256_and_si256(alike, load(&fields.weight, step));
            support = _mm256_add_epi16(support, _mm256_andnot_si256(astray, weight));
        }
        sum = _mm256_add_epi32(sum, _mm256_madd_epi16(support, weight));
    }
    bytemuck::must_cast::<__m256i, [u32; 8]>(sum).iter().sum()
}
