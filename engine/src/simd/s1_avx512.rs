//! Stage 1 in AVX-512: the probe's 32 minutiae are the 32 16-bit lanes of a register, the reference's come by one at a time.
//!
//! The probe's descriptors stay in 16 registers while those of the reference are broadcast word by word, so a comparison
//! of descriptors is an AND, a population count and an addition for each 16 words and nothing else. There is no branch on
//! what is compared: the direction gate is a mask, and skipping halves of a register that it bars entirely
//! would save 6 % of the work and cost as much in mispredicted branches.

use core::arch::x86_64::*;

use super::layout::{
    FLOOR, K1, Pairs, Reference, SPREAD_MAX, STEPS, directions, first_quarter, gate, reciprocals, square_root,
};
use crate::template::{DESCRIPTOR_WORDS, Probe, TEMPLATE_WORDS, Tables, WEIGHT_BITS};

/// The lane that each lane takes its neighbour from.
const NEXT: [u16; K1] = {
    let mut next = [0; K1];
    let mut lane = 1;
    while lane < 32 {
        next[lane as usize - 1] = lane;
        lane += 1;
    }
    next
};

/// A probe in lanes.
#[repr(align(64))]
pub(super) struct Lanes {
    /// Words of the descriptors, by word; the two halves hold lanes 0-3, 8-11, 16-19, 24-27 and the rest, because that is
    /// the order in which `vpackusdw` puts two registers into one.
    planes: [[[u32; 16]; 2]; DESCRIPTOR_WORDS],
    reciprocals: [[u16; K1]; 256],
    gate: [u32; 256],
    directions: [u16; K1],
    cos: [i16; 64],
    sin: [i16; 64],
    pairs: [Pairs<K1>; STEPS],
}

impl Lanes {
    pub(super) fn new(probe: &Probe) -> Self {
        let (view, tables) = (probe.template().view(), Tables::get());
        let lane = |half: usize, index: usize| index / 4 * 8 + half * 4 + index % 4;
        let plane =
            |word: usize, half: usize| core::array::from_fn(|index| view.descriptor(lane(half, index))[word]);
        Self {
            planes: core::array::from_fn(|word| core::array::from_fn(|half| plane(word, half))),
            reciprocals: reciprocals(probe),
            gate: gate(probe),
            directions: directions(probe).map(u16::from),
            cos: first_quarter(&tables.cos),
            sin: first_quarter(&tables.sin),
            pairs: Pairs::of(probe, 0),
        }
    }
}

/// The best link of each lane.
struct Links {
    /// 0..=1024.
    similarity: __m512i,
    /// Index of the reference minutia.
    to: __m512i,
}

#[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512vpopcntdq")]
pub(super) fn score(lanes: &Lanes, reference: &[u32; TEMPLATE_WORDS]) -> u32 {
    let reference = Reference::of(reference);
    square_root(support(lanes, reference, &links(lanes, reference)))
}

#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512vpopcntdq")]
fn links(lanes: &Lanes, reference: &Reference) -> Links {
    // In registers: what a closure returns would go through memory.
    let mut planes = [[_mm512_setzero_si512(); 2]; DESCRIPTOR_WORDS];
    for (registers, plane) in planes.iter_mut().zip(&lanes.planes) {
        *registers = [bytemuck::must_cast(plane[0]), bytemuck::must_cast(plane[1])];
    }
    let mut best = Links { similarity: _mm512_setzero_si512(), to: _mm512_setzero_si512() };
    let mut j = _mm512_setzero_si512();
    // Two at a time, so that neither waits for its similarity alone. Behind an odd number there is one of no bits, like nothing.
    let (descriptors, _) = reference.descriptors.as_chunks::<2>();
    let (geometry, _) = reference.geometry.as_chunks::<2>();
    let (popcounts, _) = reference.popcounts.as_chunks::<2>();
    let rows = descriptors.iter().zip(geometry).zip(popcounts);
    for ((descriptors, geometry), popcounts) in rows.take(reference.count().div_ceil(2)) {
        let similarities = [
            similarity(lanes, &planes, &descriptors[0], popcounts[0]),
            similarity(lanes, &planes, &descriptors[1], popcounts[1]),
        ];
        for (similarity, geometry) in similarities.into_iter().zip(geometry) {
            // Kept as a comparison and two moves: as one maximum over similarity and index together, the compiler takes the
            // multiplication apart.
            let passes = lanes.gate[(geometry >> 22 & 0xFF) as usize];
            let better = _mm512_mask_cmpgt_epu16_mask(passes, similarity, best.similarity);
            best.similarity = _mm512_mask_mov_epi16(best.similarity, better, similarity);
            best.to = _mm512_mask_mov_epi16(best.to, better, j);
            j = _mm512_add_epi16(j, _mm512_set1_epi16(1));
        }
    }
    best
}

/// Similarity of a minutia of the reference to each lane.
#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512vpopcntdq")]
fn similarity(
    lanes: &Lanes,
    planes: &[[__m512i; 2]; DESCRIPTOR_WORDS],
    descriptor: &[u32; DESCRIPTOR_WORDS],
    popcount: u8,
) -> __m512i {
    let (mut low, mut high) = (_mm512_setzero_si512(), _mm512_setzero_si512());
    for (&word, plane) in descriptor.iter().zip(planes) {
        let word = _mm512_set1_epi32(word.cast_signed());
        low = _mm512_add_epi32(low, _mm512_popcnt_epi32(_mm512_and_si512(plane[0], word)));
        high = _mm512_add_epi32(high, _mm512_popcnt_epi32(_mm512_and_si512(plane[1], word)));
    }
    // (shared << 8) * reciprocal >> 16: at most 255 bits are shared, so the shift loses none.
    let shared = _mm512_slli_epi16::<8>(_mm512_packus_epi32(low, high));
    _mm512_mulhi_epu16(shared, bytemuck::must_cast(lanes.reciprocals[usize::from(popcount)]))
}

/// What the test of consistency needs of each link.
#[derive(Clone, Copy)]
struct Fields {
    x: __m512i,
    y: __m512i,
    cos: __m512i,
    sin: __m512i,
    /// In the upper byte, so that differences wrap as angles do.
    turn: __m512i,
    weight: __m512i,
}

#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512vpopcntdq")]
fn fields(lanes: &Lanes, reference: &Reference, links: &Links) -> Fields {
    let floor = _mm512_set1_epi16(FLOOR.cast_signed());
    let above = _mm512_subs_epu16(links.similarity, floor);
    // Squared and halved ten times, as the upper half of a product of 16 bits.
    let above = _mm512_slli_epi16::<{ (16 - WEIGHT_BITS) / 2 }>(above);
    let [first, second] = bytemuck::must_cast::<[u32; K1], [__m512i; 2]>(reference.geometry);
    // The geometry words of the links, in two halves.
    let at = _mm512_slli_epi16::<1>(links.to);
    let low = _mm512_permutex2var_epi16(first, at, second);
    let high = _mm512_permutex2var_epi16(first, _mm512_or_si512(at, _mm512_set1_epi16(1)), second);
    let masked = |value, mask| _mm512_and_si512(value, _mm512_set1_epi16(mask));
    // x is bits 0-10, y bits 11-21, both in eighths of a pixel; the direction is bits 22-29.
    let y_low = masked(_mm512_srli_epi16::<8>(low), 0xF8);
    let y_high = masked(_mm512_slli_epi16::<8>(high), 0x3F00);
    let directions = bytemuck::must_cast(lanes.directions);
    let turn = _mm512_slli_epi16::<8>(_mm512_sub_epi16(directions, _mm512_srli_epi16::<6>(high)));
    // The gate is below 64: 64 entries, and a sign for the sine. Where nothing passed the gate there is no weight either.
    let size = _mm512_srli_epi16::<8>(_mm512_abs_epi16(turn));
    let look_up = |table: [i16; 64]| {
        let [first, second] = bytemuck::must_cast::<[i16; 64], [__m512i; 2]>(table);
        _mm512_permutex2var_epi16(first, size, second)
    };
    let sin = look_up(lanes.sin);
    Fields {
        x: masked(_mm512_slli_epi16::<3>(low), 0x3FF8),
        y: _mm512_or_si512(y_low, y_high),
        cos: look_up(lanes.cos),
        sin: _mm512_mask_sub_epi16(sin, _mm512_movepi16_mask(turn), _mm512_setzero_si512(), sin),
        turn,
        weight: _mm512_mulhi_epu16(above, above),
    }
}

/// The sum of the weight products of all pairs that are consistent.
#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512vpopcntdq")]
fn support(lanes: &Lanes, reference: &Reference, links: &Links) -> u32 {
    let own = fields(lanes, reference, links);
    let next = bytemuck::must_cast(NEXT);
    let spread_max = _mm512_set1_epi16(SPREAD_MAX.cast_signed());
    let mut other = own;
    let mut support = _mm512_setzero_si512();
    for pairs in &lanes.pairs {
        let turned = |field| _mm512_permutexvar_epi16(next, field);
        other = Fields {
            x: turned(other.x),
            y: turned(other.y),
            cos: turned(other.cos),
            sin: turned(other.sin),
            turn: turned(other.turn),
            weight: turned(other.weight),
        };
        let (dx, dy) = (bytemuck::must_cast(pairs.dx), bytemuck::must_cast(pairs.dy));
        let (cos, sin) = (_mm512_add_epi16(own.cos, other.cos), _mm512_add_epi16(own.sin, other.sin));
        let rx = _mm512_add_epi16(_mm512_mulhrs_epi16(dx, cos), _mm512_mulhrs_epi16(dy, sin));
        let ry = _mm512_sub_epi16(_mm512_mulhrs_epi16(dy, cos), _mm512_mulhrs_epi16(dx, sin));
        let ex = _mm512_abs_epi16(_mm512_sub_epi16(_mm512_sub_epi16(other.x, own.x), rx));
        let ey = _mm512_abs_epi16(_mm512_sub_epi16(_mm512_sub_epi16(other.y, own.y), ry));
        let spread = _mm512_abs_epi16(_mm512_sub_epi16(other.turn, own.turn));
        let alike = _mm512_cmple_epu16_mask(spread, spread_max);
        let tolerance = bytemuck::must_cast(pairs.tolerance);
        let consistent = _mm512_mask_cmplt_epu16_mask(alike, _mm512_max_epu16(ex, ey), tolerance);
        support = _mm512_mask_add_epi16(support, consistent, support, other.weight);
    }
    _mm512_reduce_add_epi32(_mm512_madd_epi16(support, own.weight)).cast_unsigned()
}
