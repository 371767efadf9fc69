//! Which links agree on a motion, and how far the agreement of all supports each.

use super::{K2, LINKS, Link, Sides};
use crate::stages::arithmetic::{ROTATION_BITS, integer_sqrt, tables};
use crate::template::Probe;
use crate::tunables as t;

/// Seeds that start an alignment each, at most.
type Seeds = Vec<usize>;

/// A symmetric matrix: how well two links agree, 0..=255.
pub(super) struct Compatibility(Box<[[u8; LINKS]; LINKS]>);

impl Compatibility {
    pub(super) fn new(probe: &Probe, sides: &Sides<'_>, links: &[Link; LINKS]) -> Self {
        let mut all = Box::new([[0; LINKS]; LINKS]);
        let placed = links.map(|link| Placed::new(sides, &link));
        for a in 0..LINKS {
            for b in 0..a {
                let value = agreement(probe, &placed[a], &placed[b]);
                all[a][b] = value;
                all[b][a] = value;
            }
        }
        Self(all)
    }

    /// The strength of each link after one round of relaxation, 0..=242.
    pub(super) fn relaxed(&self, links: &[Link; LINKS]) -> [u32; LINKS] {
        // 96 * 255 * 230 * 230 < 2^31.
        let weights = links.map(|link| link.weight);
        let sums: [u32; LINKS] = core::array::from_fn(|a| weights[a] * self.support(a, &weights));
        let most = sums.iter().copied().max().unwrap_or(0);
        // Cut to 16 bits, so that 2^8 * 230 * 2^16 stays below 2^32.
        let shift = 16u32.saturating_sub(most.leading_zeros());
        let most = (most >> shift).max(1);
        core::array::from_fn(|a| integer_sqrt(256 * weights[a] * (sums[a] >> shift) / most))
    }

    /// The links that others support most, none of them a near neighbour of one before it; of equals the first.
    pub(super) fn seeds(&self, strengths: &[u32; LINKS]) -> Seeds {
        // 242 * 96 * 255 * 242 < 2^31.
        let mut supports: [u32; LINKS] = core::array::from_fn(|a| strengths[a] * self.support(a, strengths));
        let mut seeds = Seeds::with_capacity(t::ALIGNMENT_SEEDS);
        while seeds.len() < t::ALIGNMENT_SEEDS {
            let most = supports.iter().copied().max().unwrap_or(0);
            let Some(seed) = supports.iter().position(|&support| support == most && most > 0) else {
                break;
            };
            for (b, support) in supports.iter_mut().enumerate() {
                if b == seed || u32::from(self.0[seed][b]) > t::SEED_NEIGHBOUR {
                    *support = 0;
                }
            }
            seeds.push(seed);
        }
        seeds
    }

    /// Weights of the links that agree with a seed, for the first fit, 0..=242.
    pub(super) fn weights_around(&self, seed: usize, strengths: &[u32; LINKS]) -> [u32; LINKS] {
        core::array::from_fn(|b| {
            if b == seed { strengths[b] } else { (u32::from(self.0[seed][b]) * strengths[b]) >> 8 }
        })
    }

    fn support(&self, a: usize, strengths: &[u32; LINKS]) -> u32 {
        self.0[a].iter().zip(strengths).map(|(&agreement, strength)| u32::from(agreement) * strength).sum()
    }
}

/// A link with what its agreement with others depends on.
struct Placed {
    link: Link,
    /// Direction of the reference minutia minus that of the probe minutia, 0..=255.
    turn: u32,
    probe: (i32, i32),
    reference: (i32, i32),
}

impl Placed {
    fn new(sides: &Sides<'_>, link: &Link) -> Self {
        let ((px, py, from), (gx, gy, to)) =
            (sides.probe.geometry(link.from), sides.reference.geometry(link.to));
        Self { link: *link, turn: to.wrapping_sub(from) & 0xFF, probe: (px, py), reference: (gx, gy) }
    }
}

/// How well two links agree: alike in turn, and as far apart, in the same direction, on both sides. Equal for (a, b) and
/// (b, a) because it is computed for the later one first.
fn agreement(probe: &Probe, a: &Placed, b: &Placed) -> u8 {
    let spread = ((a.turn + 128 + 256 - b.turn) & 0xFF).cast_signed() - 128;
    if spread.abs() > t::LINK_TURN_TOLERANCE || a.link.weight == 0 || b.link.weight == 0 {
        return 0;
    }
    if a.link.from == b.link.from || a.link.to == b.link.to {
        return 0;
    }
    // The turn in the middle of both, in 1/512.
    let middle = (2 * b.turn).wrapping_add_signed(spread) as usize & 511;
    let (cos, sin) = (tables().cos[middle], tables().sin[middle]);
    let (dx, dy) = (a.probe.0 - b.probe.0, a.probe.1 - b.probe.1);
    // |dx|, |dy| < 2^11 and |cos|, |sin| <= 2^14: below 2^26. Then eighths of a pixel.
    let (half, shift) = (1 << (ROTATION_BITS - 4), ROTATION_BITS - 3);
    let rx = (dx * cos - dy * sin + half) >> shift;
    let ry = (dx * sin + dy * cos + half) >> shift;
    // No tolerance reaches 2^12 eighths; clamping there keeps the squares below 2^25.
    let ex = (((a.reference.0 - b.reference.0) << 3) - rx).abs().min(4095);
    let ey = (((a.reference.1 - b.reference.1) << 3) - ry).abs().min(4095);
    let error = (ex * ex + ey * ey).cast_unsigned();
    let tolerance = probe.link_tolerances()[a.link.from * K2 + b.link.from];
    if error >= tolerance {
        return 0;
    }
    // error < tolerance < 2^23, so the shift stays below 2^31; the turn's 441 * 256 / 455 is below 256.
    let place = 256 - (error << 8) / tolerance;
    let turn = 256 - (spread * spread * 256 / t::LINK_TURN_SQUARED).cast_unsigned();
    ((place * turn) >> 8).min(255) as u8
}
