//! Twin of `shaders/src/s1_consistency.wgsl`: how alike two fingers are, from minutia pairs that agree on one motion.
//!
//! For each minutia of the probe, the most similar one of the reference; then, over all pairs of these links, the
//! product of their weights wherever both moved and turned alike. Kept statement by statement beside the shader,
//! indices included, so that a difference is found by reading. All values are 32-bit integers here, and the
//! ranges in the comments are why 16 bits hold them in `simd`, which must give the same bits.
//!
//! Why pairs are met by steps around a circle, i with i + 1, then i with i + 2, up to halfway: 32 lanes that
//! do so in step have all met after 16 steps, and each pair once. Pairs are symmetric for that: the motion of a pair is
//! its mean turn, not that of one of the two.

use crate::template::{
    DESCRIPTOR_WORDS, LENGTH_SHIFT, Probe, ROTATION_SHIFT, SIMILARITY_SHIFT, TEMPLATE_WORDS, Tables,
    TemplateRef, WEIGHT_BITS,
};
use crate::tunables as t;

const K1: usize = t::STAGE1_MINUTIAE;

/// The best link of one probe minutia.
#[derive(Clone, Copy, Default)]
struct Link {
    /// 0..=784.
    weight: u32,
    /// Index of the reference minutia.
    to: usize,
    /// Direction of the probe minutia minus that of the reference minutia, 0..=255.
    turn: u32,
}

/// Score of a probe against one reference: `sqrt(sum of weight products)`, fixed point with 10 fraction bits,
/// 0..=17460. 0 means that nothing agrees; of real impostor comparisons one in a hundred passes 270.
#[expect(clippy::needless_range_loop, reason = "indices as in the shader")]
pub fn score(probe: &Probe, reference: &[u32; TEMPLATE_WORDS]) -> u32 {
    let tables = Tables::get();
    let (own, reference) = (probe.template().view(), TemplateRef::new(reference));
    let mut links = [Link::default(); K1];
    for i in 0..own.stage1_count() {
        links[i] = best_link(tables, own, i, reference);
    }
    // 496 products of at most 784 * 784: below 2^29.
    let mut sum = 0u32;
    for i in 0..K1 {
        // At most 16 weights: below 2^14.
        let mut support = 0u32;
        for steps in 1..=K1 / 2 {
            if consistent(tables, probe, reference, &links, i, steps) {
                support += links[(i + steps) % K1].weight;
            }
        }
        sum += links[i].weight * support;
    }
    integer_sqrt(sum)
}

/// The most similar reference minutia, the first of equals.
fn best_link(tables: &Tables, own: TemplateRef<'_>, i: usize, reference: TemplateRef<'_>) -> Link {
    let (_, _, direction) = own.geometry(i);
    let mut best = 0u32;
    let mut link = Link::default();
    for j in 0..reference.stage1_count() {
        let turn = direction.wrapping_sub(reference.geometry(j).2) & 0xFF;
        if turn.min(256 - turn) > t::DIRECTION_GATE {
            continue;
        }
        let mut shared = 0u32;
        for word in 0..DESCRIPTOR_WORDS {
            shared += (own.descriptor(i)[word] & reference.descriptor(j)[word]).count_ones();
        }
        let total = own.popcount(i) + reference.popcount(j);
        // shared <= total / 2, so the product is at most 2^18, and the similarity 0..=1024.
        let similarity = (shared * u32::from(tables.reciprocal[total as usize])) >> SIMILARITY_SHIFT;
        if similarity > best {
            best = similarity;
            link = Link { weight: 0, to: j, turn };
        }
    }
    // 0..=896, squared below 2^20.
    let above = best.max(t::SIMILARITY_FLOOR) - t::SIMILARITY_FLOOR;
    link.weight = (above * above) >> WEIGHT_BITS;
    link
}

/// Whether links i and i + steps tell of the same motion: alike in turn, and each where their mean turn puts it.
fn consistent(
    tables: &Tables,
    probe: &Probe,
    reference: TemplateRef<'_>,
    links: &[Link; K1],
    i: usize,
    steps: usize,
) -> bool {
    let k = (i + steps) % K1;
    let (a, b) = (links[i], links[k]);
    let spread = a.turn.wrapping_sub(b.turn) & 0xFF;
    if spread.min(256 - spread) > t::ROTATION_TOLERANCE {
        return false;
    }
    let own = probe.template().view();
    let ((pix, piy, _), (pkx, pky, _)) = (own.geometry(i), own.geometry(k));
    let ((gix, giy, _), (gkx, gky, _)) = (reference.geometry(a.to), reference.geometry(b.to));
    // Eighths of a pixel, within 16376.
    let (dx, dy) = ((pkx - pix) << LENGTH_SHIFT, (pky - piy) << LENGTH_SHIFT);
    let (gdx, gdy) = ((gkx - gix) << LENGTH_SHIFT, (gky - giy) << LENGTH_SHIFT);
    // Twice the mean, within 32766. It is short by 2 % where the turns differ by 24 degrees.
    let cos = i32::from(tables.cos[a.turn as usize]) + i32::from(tables.cos[b.turn as usize]);
    let sin = i32::from(tables.sin[a.turn as usize]) + i32::from(tables.sin[b.turn as usize]);
    // No longer than (dx, dy), so within 16376 * sqrt 2 = 23160, rounding included.
    let rx = scaled(dx, cos) + scaled(dy, sin);
    let ry = scaled(dy, cos) - scaled(dx, sin);
    // Within 39536. 16 bits wrap beyond 32767, to values beyond 26000 in size: no tolerance comes near.
    let ex = (gdx - rx).unsigned_abs();
    let ey = (gdy - ry).unsigned_abs();
    ex.max(ey) < u32::from(probe.tolerances()[(steps - 1) * K1 + i])
}

/// A length times a sum of two cosines or sines, halved, to the nearest.
fn scaled(length: i32, factor: i32) -> i32 {
    (length * factor + (1 << ROTATION_SHIFT)) >> (ROTATION_SHIFT + 1)
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
        score(&Probe::new(Template::new(probe).unwrap()), reference.words())
    }

    #[test]
    fn a_print_matches_itself_moved_and_not_another() {
        let print_a = print(1, 40);
        let moved: Vec<_> = print_a.iter().map(|m| Minutia { x: m.x + 37, y: m.y + 11, ..*m }).collect();
        let own = against(&print_a, &moved);
        let other = against(&print_a, &print(2, 40));
        assert_eq!(own, against(&print_a, &print_a), "a shift changes nothing");
        assert!(own > 15_000 && other < own / 10, "{own} and {other}");
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
