//! How alike the minutiae of two sides are, and the links that follow from it.
#![expect(clippy::cast_possible_truncation, reason = "similarities are cut to a byte")]

use super::{K2, LINKS, Minutiae, Similarity};
use crate::stages::arithmetic::Tables;
use crate::template::{DESCRIPTOR_WORDS, GEOMETRY_AT, TemplateRef, unpack};
use crate::tunables as t;

/// Possible correspondences, a field each: link n is of probe minutia n / 2. Absent where the weight is 0.
pub(super) struct Links {
    /// Similarity above the floor, 0..=230.
    pub(super) weight: [u32; LINKS],
    /// Reference minutia.
    pub(super) to: [u32; LINKS],
    /// Direction of the reference minutia minus that of the probe minutia, 0..=255; 128, which is beyond every gate, where there is none.
    pub(super) turn: [i32; LINKS],
    pub(super) probe_x: [i32; LINKS],
    pub(super) probe_y: [i32; LINKS],
    pub(super) reference_x: [i32; LINKS],
    pub(super) reference_y: [i32; LINKS],
    /// Of the probe minutia and of the reference minutia: x in bits 0-10, y in bits 11-21, direction from bit 22 on. As many as seven
    /// bits can number, so that they are looked up without asking whether they are there.
    geometry: [[u32; 128]; 2],
}

/// Dice similarity with 8 fraction bits, 0..=255, and the two most similar reference minutiae of each probe minutia, of
/// equals the first: of each of the 48 lanes, a similarity in bits 8-15 and 255 less the minutia in bits 0-7.
#[inline(always)]
pub(super) fn similarities(
    tables: &Tables,
    sides: (TemplateRef<'_>, TemplateRef<'_>),
    (own, others): (&Minutiae, &Minutiae),
    all: &mut Similarity,
) -> [[u32; K2]; 2] {
    let mut planes = [[0u32; K2]; DESCRIPTOR_WORDS];
    let mut ones = [0u32; K2];
    for i in 0..own.count {
        let descriptor = sides.0.descriptor(i);
        for word in 0..DESCRIPTOR_WORDS {
            planes[word][i] = descriptor[word];
        }
        ones[i] = sides.0.popcount(i);
    }
    let (mut first, mut second) = ([0u32; K2], [0u32; K2]);
    for (j, row) in all.iter_mut().enumerate().take(others.count) {
        let (descriptor, popcount) = (sides.1.descriptor(j), sides.1.popcount(j));
        let (direction, number) = (others.direction[j], 255 - j as u32);
        for i in 0..K2 {
            let mut shared = 0;
            for word in 0..DESCRIPTOR_WORDS {
                shared += (planes[word][i] & descriptor[word]).count_ones();
            }
            // shared * reciprocal < 2^24: ten fraction bits after 8, eight after 10.
            let reciprocal = tables.reciprocal[((ones[i] + popcount) & 511) as usize];
            let similarity = ((shared * reciprocal) >> 10).min(255);
            // Within the gate to either side.
            let turn = (own.direction[i] - direction).cast_unsigned().wrapping_add(t::DIRECTION_GATE) & 0xFF;
            let similarity = if turn <= 2 * t::DIRECTION_GATE { similarity } else { 0 };
            row[i] = similarity as u8;
            let link = similarity.saturating_sub(t::LINK_SIMILARITY_FLOOR) << 8 | number;
            second[i] = second[i].max(first[i].min(link));
            first[i] = first[i].max(link);
        }
    }
    [first, second]
}

/// What the agreement of a link with others depends on.
#[derive(Clone, Copy)]
pub(super) struct Placed {
    pub(super) turn: i32,
    pub(super) probe: (i32, i32),
    pub(super) reference: (i32, i32),
}

impl Links {
    #[inline(always)]
    pub(super) fn placed(&self, n: usize) -> Placed {
        let (own, other) = (unpack(self.geometry[0][n & 127]), unpack(self.geometry[1][n & 127]));
        let turn = (other.2.cast_signed() - own.2.cast_signed()) & 0xFF;
        Placed { turn, probe: (own.0, own.1), reference: (other.0, other.1) }
    }

    #[inline(always)]
    pub(super) fn new(
        sides: (TemplateRef<'_>, TemplateRef<'_>),
        (own, others): (&Minutiae, &Minutiae),
        best: &[[u32; K2]; 2],
    ) -> Self {
        let mut geometry = [[0; 128]; 2];
        let [mut weight, mut to] = [[0; LINKS]; 2];
        let mut turn = [128; LINKS];
        let [mut probe_x, mut probe_y, mut reference_x, mut reference_y] = [[0; LINKS]; 4];
        for i in 0..own.count {
            for (n, best) in best.iter().enumerate() {
                let (link, at) = (best[i], 2 * i + n);
                if link < 256 {
                    continue;
                }
                let j = (255 - (link & 0xFF)) as usize % K2;
                (weight[at], to[at]) = (link >> 8, j as u32);
                turn[at] = (others.direction[j] - own.direction[i]) & 0xFF;
                (probe_x[at], probe_y[at]) = (own.x[i], own.y[i]);
                (reference_x[at], reference_y[at]) = (others.x[j], others.y[j]);
                (geometry[0][at], geometry[1][at]) =
                    (sides.0.words()[GEOMETRY_AT + i], sides.1.words()[GEOMETRY_AT + j]);
            }
        }
        Self { weight, to, turn, probe_x, probe_y, reference_x, reference_y, geometry }
    }
}
