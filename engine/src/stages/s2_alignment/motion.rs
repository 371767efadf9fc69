//! A rigid motion fitted to weighted links, and what lies together under it.
#![expect(clippy::cast_possible_truncation, reason = "at most 48 minutiae a side")]

use super::{K2, Pair, Sides};
use crate::stages::arithmetic::{ROTATION_BITS, TURN, Tables, angle, integer_sqrt};
use crate::tunables as t;

/// Turns about a point of the probe and moves it to a point of the reference.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Motion {
    /// Cosine of the turn, 14 fraction bits.
    pub cos: i32,
    /// Sine of the turn, 14 fraction bits.
    pub sin: i32,
    /// The point of the probe that is turned about. Unit: eighths of a pixel.
    pub from: (i32, i32),
    /// Where it comes to lie. Unit: eighths of a pixel.
    pub to: (i32, i32),
}

impl Motion {
    /// Leaves everything where it is.
    pub const NONE: Self = Self { cos: 1 << ROTATION_BITS, sin: 0, from: (0, 0), to: (0, 0) };

    /// Where a point of the probe (pixels) comes to lie (eighths of a pixel).
    #[inline(always)]
    pub fn moved(&self, x: i32, y: i32) -> (i32, i32) {
        // |dx|, |dy| < 2^14 and |cos|, |sin| <= 2^14: below 2^29.
        let (dx, dy) = (8 * x - self.from.0, 8 * y - self.from.1);
        let half = 1 << (ROTATION_BITS - 1);
        let rx = (dx * self.cos - dy * self.sin + half) >> ROTATION_BITS;
        let ry = (dx * self.sin + dy * self.cos + half) >> ROTATION_BITS;
        (self.to.0 + rx, self.to.1 + ry)
    }

    /// The turn in 1/4096.
    pub fn turn(&self) -> i32 {
        angle(self.sin, self.cos)
    }

    /// Weighted least squares over links; `None` where nothing has weight. Weights up to 255.
    #[inline(always)]
    pub(super) fn fitted<const N: usize>(tables: &Tables, links: &Weighted<'_, N>) -> Option<Self> {
        // Sums of 96 weights, times at most 2047, times 8: below 2^29.
        let (mut weights, mut p, mut g) = (0, (0, 0), (0, 0));
        for n in 0..N {
            let weight = links.weight[n];
            weights += weight;
            p = (p.0 + weight * links.probe_x[n], p.1 + weight * links.probe_y[n]);
            g = (g.0 + weight * links.reference_x[n], g.1 + weight * links.reference_y[n]);
        }
        if weights == 0 {
            return None;
        }
        let centre = |sums: (i32, i32)| ((8 * sums.0) / weights, (8 * sums.1) / weights);
        let (from, to) = (centre(p), centre(g));
        let (mut along, mut across) = (Wide::default(), Wide::default());
        for n in 0..N {
            let weight = links.weight[n];
            // Half pixels, within 4096: products below 2^25, eighths of them times a weight below 2^30.
            let (dx, dy) =
                ((8 * links.probe_x[n] - from.0 + 2) >> 2, (8 * links.probe_y[n] - from.1 + 2) >> 2);
            let (ex, ey) =
                ((8 * links.reference_x[n] - to.0 + 2) >> 2, (8 * links.reference_y[n] - to.1 + 2) >> 2);
            along.add(weight * ((dx * ex + dy * ey) >> 3));
            across.add(weight * ((dx * ey - dy * ex) >> 3));
        }
        // Where places say nothing (one link, or all in one spot), directions do.
        let by_places = unit(along, across);
        let (cos, sin) =
            by_places.or_else(|| by_directions(tables, links)).unwrap_or((1 << ROTATION_BITS, 0));
        Some(Self { cos, sin, from, to })
    }
}

/// Links to be fitted to, a field each: places in pixels, turns in 1/256, weights up to 255, 0 where there is none.
pub(super) struct Weighted<'a, const N: usize> {
    pub(super) probe_x: &'a [i32; N],
    pub(super) probe_y: &'a [i32; N],
    pub(super) reference_x: &'a [i32; N],
    pub(super) reference_y: &'a [i32; N],
    pub(super) turn: &'a [i32; N],
    pub(super) weight: &'a [i32; N],
}

/// The mean turn of links. Rarely asked for.
fn by_directions<const N: usize>(tables: &Tables, links: &Weighted<'_, N>) -> Option<(i32, i32)> {
    let (mut cosines, mut sines) = (Wide::default(), Wide::default());
    for n in 0..N {
        let (cos, sin) = tables.rotation(2 * links.turn[n].cast_unsigned());
        cosines.add(links.weight[n] * cos);
        sines.add(links.weight[n] * sin);
    }
    unit(cosines, sines)
}

/// A sum of up to 2^15 terms of 31 bits, in two words, because a shader has no 64-bit integers.
#[derive(Clone, Copy, Default)]
struct Wide {
    high: i32,
    low: i32,
}

impl Wide {
    #[inline(always)]
    fn add(&mut self, term: i32) {
        self.high += term >> 16;
        self.low += term & 0xFFFF;
    }

    /// Whether it is negative, and the magnitude's words above and below 2^16.
    #[inline(always)]
    fn magnitude(self) -> (bool, u32, u32) {
        let (high, low) = (self.high + (self.low >> 16), self.low & 0xFFFF);
        if high >= 0 {
            return (false, high.cast_unsigned(), low.cast_unsigned());
        }
        // The negative of high * 2^16 + low.
        let (high, low) = if low == 0 { (-high, 0) } else { (-high - 1, 0x1_0000 - low) };
        (true, high.cast_unsigned(), low.cast_unsigned())
    }
}

/// Bits that a magnitude needs, 0..=48.
#[inline(always)]
fn bits(high: u32, low: u32) -> u32 {
    if high > 0 { 48 - high.leading_zeros() } else { 32 - low.leading_zeros() }
}

/// The unit vector of (x, y) with 14 fraction bits; `None` for (0, 0).
#[inline(always)]
fn unit(x: Wide, y: Wide) -> Option<(i32, i32)> {
    let ((x_negative, x_high, x_low), (y_negative, y_high, y_low)) = (x.magnitude(), y.magnitude());
    let needed = bits(x_high, x_low).max(bits(y_high, y_low));
    if needed == 0 {
        return None;
    }
    // Both to at most 15 bits, so that the sum of their squares has 31; below 15 bits they are filled up.
    let cut = |high: u32, low: u32| match needed {
        0..=15 => low << (15 - needed),
        16..=31 => (high << (31 - needed)) | (low >> (needed - 15)),
        _ => high >> (needed - 31),
    };
    let (ax, ay) = (cut(x_high, x_low), cut(y_high, y_low));
    let length = integer_sqrt(ax * ax + ay * ay);
    // 2^15 * 2^14 and half a length: below 2^30.
    let part = |a: u32| ((a << ROTATION_BITS) + length / 2).checked_div(length).unwrap_or(0).cast_signed();
    let signed = |negative: bool, value: i32| if negative { -value } else { value };
    Some((signed(x_negative, part(ax)), signed(y_negative, part(ay))))
}

/// What lies together under a motion.
#[derive(Clone)]
pub(super) struct Together {
    /// The pairs of which each is the other's best, by probe minutia; of equals the first.
    pairs: [Pair; K2],
    count: usize,
    /// Minutiae of each side that have one of the other near them.
    pub(super) overlap: (u32, u32),
}

impl Together {
    #[inline(always)]
    pub(super) fn pairs(&self) -> &[Pair] {
        &self.pairs[..self.count]
    }

    /// Of two sides; `REACH` in eighths of a pixel. The overlap only where it is asked for, else 0.
    #[inline(always)]
    pub(super) fn under<const REACH: i32, const OVERLAP: bool>(
        tables: &Tables,
        sides: &Sides,
        motion: &Motion,
    ) -> Self {
        let turn = tables.angle(motion.sin, motion.cos);
        let moved = moved(sides, motion);
        let (close, overlap) = within::<REACH, OVERLAP>(sides, &moved, turn);
        // A quality above bit 8, and below it 255 less the minutia: the largest is the best, of equals the first.
        let (mut best_to, mut best_from) = ([0; K2], [0; K2]);
        for i in 0..sides.probe.count {
            let mut left = u64::from(close[0][i]) | u64::from(close[1][i]) << 32;
            while left != 0 {
                let j = left.trailing_zeros() as usize % K2;
                left &= left - 1;
                let squared = squared_distance((moved.0[i], moved.1[i]), sides.reference_at(j));
                let off = wrapped((sides.reference.direction[j] - sides.probe.direction[i]) * 16 - turn);
                let quality = quality::<REACH>(squared, off, sides.similarity[j][i]);
                best_to[i] = (quality << 8 | (255 - j as u32)).max(best_to[i]);
                best_from[j] = (quality << 8 | (255 - i as u32)).max(best_from[j]);
            }
        }
        let (mut pairs, mut count) = ([Pair::default(); K2], 0);
        for (from, &best) in best_to.iter().enumerate().take(sides.probe.count) {
            let (quality, to) = (best >> 8, (255 - (best & 255)) as usize);
            if quality > 0 && 255 - (best_from[to] & 255) as usize == from {
                pairs[count] = Pair { from, to, quality };
                count += 1;
            }
        }
        Self { pairs, count, overlap }
    }
}

/// Where the probe comes to lie, in eighths of a pixel, up to 4 095 beyond where any reference minutia can be: no distance above that
/// matters, and the squares stay below 2^31. Minutiae that are not there are that far away.
#[inline(always)]
fn moved(sides: &Sides, motion: &Motion) -> ([i32; K2], [i32; K2]) {
    const FAR: i32 = 4095;
    let (mut moved_x, mut moved_y) = ([-FAR; K2], [-FAR; K2]);
    for i in 0..K2 {
        let (x, y) = motion.moved(sides.probe.x[i], sides.probe.y[i]);
        let there = i < sides.probe.count;
        moved_x[i] = if there { x.clamp(-FAR, 8 * 2047 + FAR) } else { -FAR };
        moved_y[i] = if there { y.clamp(-FAR, 8 * 2047 + FAR) } else { -FAR };
    }
    (moved_x, moved_y)
}

#[inline(always)]
fn squared_distance(a: (i32, i32), b: (i32, i32)) -> i32 {
    let (dx, dy) = (a.0 - b.0, a.1 - b.1);
    dx * dx + dy * dy
}

/// Lanes that are gone through together: their results stay in registers.
const BLOCK: usize = 16;

/// For each moved minutia of the probe the reference minutiae that are less than `REACH` from it and point within
/// [`t::PAIR_TURN_TOLERANCE`] of it; minutia j is bit j % 32 of word j / 32. And, where asked for, how many minutiae of each side lie
/// where both prints are: have one of the other side within [`t::OVERLAP_REACH`]. The lanes are the probe's.
#[inline(always)]
fn within<const REACH: i32, const OVERLAP: bool>(
    sides: &Sides,
    moved: &([i32; K2], [i32; K2]),
    turn: i32,
) -> ([[u32; K2]; 2], (u32, u32)) {
    let mut all = [[0; K2]; 2];
    let (mut probe_overlap, mut reference_overlap) = (0, [0; 2]);
    let (x, y) = (moved.0.as_chunks::<BLOCK>().0, moved.1.as_chunks::<BLOCK>().0);
    let directions = sides.probe.direction.as_chunks::<BLOCK>().0;
    for (block, ((x, y), directions)) in x.iter().zip(y).zip(directions).enumerate() {
        // So that what is tolerated begins at 0.
        let directions = directions.map(|direction| 16 * direction + turn - t::PAIR_TURN_TOLERANCE);
        let mut beside = [0; BLOCK];
        for half in 0..2 {
            let (mut close, mut near) = ([0u32; BLOCK], [0u32; BLOCK]);
            for j in 32 * half..sides.reference.count.min(32 * half + 32) {
                let ((gx, gy), bit) = (sides.reference_at(j), 1u32 << (j % 32));
                let direction = 16 * sides.reference.direction[j];
                for lane in 0..BLOCK {
                    let squared = squared_distance((x[lane], y[lane]), (gx, gy));
                    let off = (direction - directions[lane]) & (TURN - 1);
                    let is_close = squared < REACH * REACH && off <= 2 * t::PAIR_TURN_TOLERANCE;
                    close[lane] |= if is_close { bit } else { 0 };
                    if OVERLAP {
                        near[lane] |= if squared <= t::OVERLAP_REACH * t::OVERLAP_REACH { bit } else { 0 };
                    }
                }
            }
            all[half][BLOCK * block..][..BLOCK].copy_from_slice(&close);
            for lane in 0..BLOCK {
                beside[lane] |= near[lane];
                reference_overlap[half] |= near[lane];
            }
        }
        probe_overlap += beside.iter().map(|&near| u32::from(near != 0)).sum::<u32>();
    }
    (all, (probe_overlap, reference_overlap[0].count_ones() + reference_overlap[1].count_ones()))
}

/// How well two minutiae that are within reach and point alike lie together, 0..=1022: in place, in direction and in neighbourhood.
#[inline(always)]
fn quality<const REACH: i32>(squared: i32, off: i32, similarity: u8) -> u32 {
    // Squares below 2^17, times 256 below 2^25; each factor is 1..=256, the product below 2^25.
    let (squared, off) = (squared.cast_unsigned(), (off * off).cast_unsigned());
    let place = 256 - squared * 256 / (REACH * REACH).cast_unsigned();
    let turned = 256 - off * 256 / t::PAIR_TURN_SQUARED.cast_unsigned();
    (place * turned * (256 + u32::from(similarity))) >> 15
}

/// An angle in 1/4096 of a turn, brought to -2048..=2047.
#[inline(always)]
pub(super) fn wrapped(angle: i32) -> i32 {
    ((angle + TURN / 2) & (TURN - 1)) - TURN / 2
}
