//! A rigid motion fitted to weighted links, and what lies together under it.

use super::{K2, Pair, Sides};
use crate::stages::arithmetic::{ROTATION_BITS, TURN, angle, integer_sqrt, tables};
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

    /// Weighted least squares over (probe minutia, reference minutia, weight up to 255); `None` where nothing has weight.
    pub(super) fn fitted(
        sides: &Sides<'_>,
        links: impl Iterator<Item = (usize, usize, u32)> + Clone,
    ) -> Option<Self> {
        let placed = links.filter(|link| link.2 > 0).map(|(from, to, weight)| {
            (sides.probe.geometry(from), sides.reference.geometry(to), weight.cast_signed())
        });
        // Sums of 96 weights, times at most 2047, times 8: below 2^29.
        let (mut weights, mut p, mut g) = (0, (0, 0), (0, 0));
        for (a, b, weight) in placed.clone() {
            weights += weight;
            p = (p.0 + weight * a.0, p.1 + weight * a.1);
            g = (g.0 + weight * b.0, g.1 + weight * b.1);
        }
        if weights == 0 {
            return None;
        }
        let centre = |sums: (i32, i32)| ((8 * sums.0) / weights, (8 * sums.1) / weights);
        let (from, to) = (centre(p), centre(g));
        let (mut along, mut across, mut cosines, mut sines) =
            (Wide::default(), Wide::default(), Wide::default(), Wide::default());
        for (a, b, weight) in placed {
            // Half pixels, within 4096: products below 2^25, eighths of them times a weight below 2^30.
            let (dx, dy) = ((8 * a.0 - from.0 + 2) >> 2, (8 * a.1 - from.1 + 2) >> 2);
            let (ex, ey) = ((8 * b.0 - to.0 + 2) >> 2, (8 * b.1 - to.1 + 2) >> 2);
            along.add(weight * ((dx * ex + dy * ey) >> 3));
            across.add(weight * ((dx * ey - dy * ex) >> 3));
            let turn = 2 * (b.2.wrapping_sub(a.2) & 0xFF) as usize;
            cosines.add(weight * tables().cos[turn]);
            sines.add(weight * tables().sin[turn]);
        }
        // Where places say nothing (one link, or all in one spot), directions do.
        let (cos, sin) =
            unit(along, across).or_else(|| unit(cosines, sines)).unwrap_or((1 << ROTATION_BITS, 0));
        Some(Self { cos, sin, from, to })
    }
}

/// A sum of up to 2^15 terms of 31 bits, in two words, because a shader has no 64-bit integers.
#[derive(Clone, Copy, Default)]
struct Wide {
    high: i32,
    low: i32,
}

impl Wide {
    fn add(&mut self, term: i32) {
        self.high += term >> 16;
        self.low += term & 0xFFFF;
    }

    /// Whether it is negative, and the magnitude's words above and below 2^16.
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
fn bits(high: u32, low: u32) -> u32 {
    if high > 0 { 48 - high.leading_zeros() } else { 32 - low.leading_zeros() }
}

/// The unit vector of (x, y) with 14 fraction bits; `None` for (0, 0).
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

/// The pairs of which each is the other's best, by probe minutia; of equals the first. `reach` in eighths of a pixel.
#[expect(clippy::needless_range_loop, reason = "indices as in the shader")]
pub(super) fn together(sides: &Sides<'_>, motion: &Motion, reach: i32) -> Vec<Pair> {
    let turn = motion.turn();
    let mut best_to = [(0, 0); K2];
    let mut best_from = [(0, 0); K2];
    for i in 0..sides.probe.count() {
        let (x, y, direction) = sides.probe.geometry(i);
        let distances = sides.distances_from(motion.moved(x, y));
        for j in 0..sides.reference.count() {
            if distances[j] >= reach * reach {
                continue;
            }
            let off =
                wrapped((sides.reference.geometry(j).2.cast_signed() - direction.cast_signed()) * 16 - turn);
            let quality = quality(distances[j], off, sides.similarity[i][j], reach);
            if quality > best_to[i].0 {
                best_to[i] = (quality, j);
            }
            if quality > best_from[j].0 {
                best_from[j] = (quality, i);
            }
        }
    }
    let mutual = |i: usize| {
        let (quality, to) = best_to[i];
        (quality > 0 && best_from[to].1 == i).then_some(Pair { from: i, to, quality })
    };
    (0..sides.probe.count()).filter_map(mutual).collect()
}

/// How well two minutiae lie together, 0..=1022: in place, in direction and in neighbourhood.
fn quality(squared: i32, off: i32, similarity: u8, reach: i32) -> u32 {
    if off.abs() > t::PAIR_TURN_TOLERANCE {
        return 0;
    }
    // Squares below 2^17, times 256 below 2^25; each factor is 1..=256, the product below 2^25.
    let place = 256 - squared * 256 / (reach * reach);
    let turned = 256 - off * off * 256 / t::PAIR_TURN_SQUARED;
    ((place * turned * (256 + i32::from(similarity))) >> 15).cast_unsigned()
}

/// An angle in 1/4096 of a turn, brought to -2048..=2047.
pub(super) fn wrapped(angle: i32) -> i32 {
    ((angle + TURN / 2) & (TURN - 1)) - TURN / 2
}
