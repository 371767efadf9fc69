//! Twin of `shaders/src/s1_consistency.wgsl`: how alike two fingers are, from minutia pairs that agree on one motion.
//!
//! For each minutia of the probe, the most similar one of the reference; then, over all ordered pairs of these
//! links, the product of their weights wherever both moved and turned alike. Kept statement by statement beside
//! the shader, indices included, so that a difference is found by reading: all values are 32-bit integers, and
//! the ranges in the comments are why none overflows.

use crate::template::{
    DESCRIPTOR_WORDS, GEOMETRY_AT, LENGTH_SHIFT, POPCOUNTS_AT, Probe, ROTATION_SHIFT, SIMILARITY_SHIFT,
    TEMPLATE_WORDS, Tables, unpack,
};
use crate::tunables as t;

const K1: usize = t::STAGE1_MINUTIAE;

/// The best link of one probe minutia.
#[derive(Clone, Copy, Default)]
struct Link {
    /// Table weight, 0..=1330.
    weight: u32,
    /// Index of the reference minutia.
    to: usize,
    /// Direction of the probe minutia minus that of the reference minutia, 0..=255.
    turn: u32,
}

/// Score of a probe against one reference: `sqrt(sum of weight products)`, fixed point with 11 fraction bits,
/// 0..=41889. 0 means that nothing agrees; in real impostor comparisons most are below 2 000.
#[expect(clippy::needless_range_loop, reason = "indices as in the shader")]
pub fn score(probe: &Probe, reference: &[u32; TEMPLATE_WORDS], reference_count: u32) -> u32 {
    let tables = Tables::get();
    let row = probe.template().words();
    let count = probe.template().count() as usize;
    let mut links = [Link::default(); K1];
    for i in 0..count {
        links[i] = best_link(tables, row, i, reference, reference_count as usize);
    }
    let mut sum = 0u32;
    for i in 0..count {
        for k in 0..count {
            if k != i && consistent(tables, probe, reference, &links, i, k) {
                sum += links[i].weight * links[k].weight;
            }
        }
    }
    integer_sqrt(sum)
}

/// The most similar reference minutia, the first of equals.
fn best_link(
    tables: &Tables,
    row: &[u32; TEMPLATE_WORDS],
    i: usize,
    reference: &[u32; TEMPLATE_WORDS],
    reference_count: usize,
) -> Link {
    let (_, _, direction) = unpack(row[GEOMETRY_AT + i]);
    let mut best = 0u32;
    let mut link = Link::default();
    for j in 0..reference_count {
        let turn = direction.wrapping_sub(reference[GEOMETRY_AT + j] >> 22) & 0xFF;
        if turn.min(256 - turn) > t::DIRECTION_GATE {
            continue;
        }
        let mut differing = 0u32;
        for word in 0..DESCRIPTOR_WORDS {
            let xor = row[i * DESCRIPTOR_WORDS + word] ^ reference[j * DESCRIPTOR_WORDS + word];
            differing += xor.count_ones();
        }
        let total = popcount(row, i) + popcount(reference, j);
        // (total - differing) * reciprocal <= 2^20, so the similarity is 0..=1024.
        let similarity = ((total - differing) * tables.reciprocal[total as usize]) >> SIMILARITY_SHIFT;
        if similarity > best {
            best = similarity;
            link = Link { weight: 0, to: j, turn };
        }
    }
    link.weight = tables.weight[best as usize];
    link
}

fn popcount(row: &[u32; TEMPLATE_WORDS], minutia: usize) -> u32 {
    row[POPCOUNTS_AT + minutia / 2] >> (16 * (minutia % 2)) & 0xFFFF
}

/// Whether links i and k tell of the same motion: alike in turn, and k where i's turn puts it.
fn consistent(
    tables: &Tables,
    probe: &Probe,
    reference: &[u32; TEMPLATE_WORDS],
    links: &[Link; K1],
    i: usize,
    k: usize,
) -> bool {
    let (a, b) = (links[i], links[k]);
    let spread = a.turn.wrapping_sub(b.turn) & 0xFF;
    if a.weight == 0 || b.weight == 0 || a.to == b.to || spread.min(256 - spread) > t::ROTATION_TOLERANCE {
        return false;
    }
    let (pix, piy, _) = unpack(probe.template().words()[GEOMETRY_AT + i]);
    let (pkx, pky, _) = unpack(probe.template().words()[GEOMETRY_AT + k]);
    let (gix, giy, _) = unpack(reference[GEOMETRY_AT + a.to]);
    let (gkx, gky, _) = unpack(reference[GEOMETRY_AT + b.to]);
    let (dx, dy) = (pkx - pix, pky - piy);
    let (cos, sin) = (tables.cos[a.turn as usize], tables.sin[a.turn as usize]);
    // |dx|, |dy| < 2^11 and |cos|, |sin| <= 2^14: below 2^27. Then eighths of a pixel, below 2^16.
    let (half, shift) = (1 << (ROTATION_SHIFT - LENGTH_SHIFT - 1), ROTATION_SHIFT - LENGTH_SHIFT);
    let rx = (dx * cos + dy * sin + half) >> shift;
    let ry = (dy * cos - dx * sin + half) >> shift;
    // No tolerance reaches 2^12 eighths; clamping there keeps the squares below 2^25.
    let ex = (((gkx - gix) << LENGTH_SHIFT) - rx).abs().min(4095);
    let ey = (((gky - giy) << LENGTH_SHIFT) - ry).abs().min(4095);
    ((ex * ex + ey * ey).cast_unsigned()) < probe.tolerances()[i * K1 + k]
}

/// Largest integer whose square is not above `value`: 16 steps, no division, no float.
fn integer_sqrt(value: u32) -> u32 {
    let mut root = 0u32;
    let mut bit = 1u32 << 15;
    while bit != 0 {
        let next = root | bit;
        if next * next <= value {
            root = next;
        }
        bit >>= 1;
    }
    root
}

#[cfg(test)]
#[expect(clippy::cast_possible_truncation, reason = "small numbers in tests")]
mod tests {
    use super::*;
    use crate::minutia::{Minutia, MinutiaType};
    use crate::template::Template;

    fn print(seed: u32, n: u32) -> Vec<Minutia> {
        let mut state = seed;
        let mut next = |range: u32| {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (state >> 10) % range
        };
        let minutia = |_| Minutia {
            kind: MinutiaType::RidgeEnding,
            x: next(300) as u16,
            y: next(400) as u16,
            direction: next(256) as u8,
            quality: next(100) as u8 + 1,
        };
        (0..n).map(minutia).collect()
    }

    fn against(probe: &[Minutia], reference: &[Minutia]) -> u32 {
        let reference = Template::new(reference).unwrap();
        score(&Probe::new(Template::new(probe).unwrap()), reference.words(), reference.count())
    }

    #[test]
    fn a_print_matches_itself_moved_and_not_another() {
        let print_a = print(1, 40);
        let moved: Vec<_> = print_a.iter().map(|m| Minutia { x: m.x + 37, y: m.y + 11, ..*m }).collect();
        let own = against(&print_a, &moved);
        let other = against(&print_a, &print(2, 40));
        assert_eq!(own, against(&print_a, &print_a), "a shift changes nothing");
        assert!(own > 30_000 && other < own / 10, "{own} and {other}");
    }

    #[test]
    fn an_empty_side_scores_nothing() {
        let some = print(3, 20);
        assert_eq!((against(&some, &[]), against(&[], &some), against(&some, &some[..1])), (0, 0, 0));
    }

    #[test]
    fn integer_sqrt_is_the_floor_of_the_root() {
        for value in (0..=5000).chain([u32::MAX, u32::MAX - 1, 65535 * 65535, 65535 * 65535 - 1]) {
            let root = u64::from(integer_sqrt(value));
            assert!(root * root <= u64::from(value) && (root + 1) * (root + 1) > u64::from(value));
        }
    }
}
