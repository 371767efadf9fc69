//! The 256-bit descriptor of a minutia: which neighbours stand where around it, and pointing where.
//!
//! A cylinder code (Cappelli, Ferrara and Maltoni, "Minutia Cylinder-Code", 2010) reduced to bits: an 8 x 8 grid in
//! the frame of the minutia, 5 direction bins, a bit where the neighbours' smoothed density passes a quarter of one
//! neighbour's peak. It is computed from *all* minutiae of the print, before the list is cut to the best.
//!
//! All of it in integers: lengths in eighths of a pixel, angles in 360/256 degrees, weights in 1/32768.
#![expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    clippy::cast_possible_wrap,
    reason = "grid indices and clamped lengths: each range stands beside its cast"
)]

use std::sync::LazyLock;

use super::tables::{ROTATION_SHIFT, Tables, rounded};
use crate::tunables as t;

/// 32-bit words of a descriptor.
pub const DESCRIPTOR_WORDS: usize = t::DESCRIPTOR_BITS / 32;

const WEIGHT_ONE: i32 = 1 << 15;
/// Eighths of a pixel.
const Q: i32 = 8;
/// The spatial table is indexed by the squared distance in quarters of a square pixel.
const DISTANCE_SHIFT: u32 = 4;

/// A minutia where descriptors are computed: x right, y **up**, both in pixels.
#[derive(Debug, Clone, Copy)]
pub(super) struct Placed {
    /// Pixels to the right.
    pub(super) x: i32,
    /// Pixels upwards.
    pub(super) y: i32,
    /// 360/256 degrees, counter-clockwise.
    pub(super) direction: u8,
}

struct DescriptorTables {
    /// By squared distance; as long as the cut-off.
    spatial: Vec<i32>,
    /// By direction difference, then bin.
    angular: [[i32; t::DIRECTION_BINS]; 256],
    /// Bit of the first bin of each grid cell, row-major, `None` outside the disc.
    first_bit: [Option<usize>; t::GRID_SIDE * t::GRID_SIDE],
}

static TABLES: LazyLock<DescriptorTables> = LazyLock::new(DescriptorTables::compute);

impl DescriptorTables {
    fn compute() -> Self {
        Self { spatial: spatial_weights(), angular: angular_weights(), first_bit: cell_bits() }
    }
}

fn spatial_weights() -> Vec<i32> {
    let cut = t::SPATIAL_CUT_SIGMAS * t::SPATIAL_SIGMA_PX;
    let unit = f64::from(1u32 << DISTANCE_SHIFT) / f64::from(Q * Q);
    let entries = libm::ceil(cut * cut / unit) as usize;
    (0..entries)
        .map(|i| {
            let squared = (i as f64 + 0.5) * unit;
            let variance = t::SPATIAL_SIGMA_PX * t::SPATIAL_SIGMA_PX;
            rounded(libm::exp(-squared / (2.0 * variance)) * f64::from(WEIGHT_ONE))
        })
        .collect()
}

fn angular_weights() -> [[i32; t::DIRECTION_BINS]; 256] {
    use core::f64::consts::{PI, TAU};
    core::array::from_fn(|difference| {
        core::array::from_fn(|bin| {
            let centre = -PI + (bin as f64 + 0.5) * TAU / t::DIRECTION_BINS as f64;
            let turned = difference as f64 * TAU / 256.0 - centre;
            let wrapped = turned - TAU * libm::round(turned / TAU);
            let variance = t::DIRECTION_SIGMA_RAD * t::DIRECTION_SIGMA_RAD;
            rounded(libm::exp(-wrapped * wrapped / (2.0 * variance)) * f64::from(WEIGHT_ONE))
        })
    })
}

fn cell_bits() -> [Option<usize>; t::GRID_SIDE * t::GRID_SIDE] {
    let mut next = 0;
    core::array::from_fn(|cell| {
        let (u, v) = (cell_centre(cell / t::GRID_SIDE), cell_centre(cell % t::GRID_SIDE));
        let radius = Q * t::GRID_RADIUS_PX;
        let inside = u * u + v * v <= radius * radius;
        inside.then(|| {
            next += t::DIRECTION_BINS;
            next - t::DIRECTION_BINS
        })
    })
}

/// Centre of a grid row or column, in eighths of a pixel.
fn cell_centre(index: usize) -> i32 {
    (2 * index as i32 + 1 - t::GRID_SIDE as i32) * t::GRID_SPACING_PX * Q / 2
}

/// The descriptor of `all[of]`: 256 bits, bit 0 lowest in word 0.
pub(super) fn descriptor(all: &[Placed], of: usize) -> [u32; DESCRIPTOR_WORDS] {
    let tables = &*TABLES;
    let mut values = [0i32; t::GRID_SIDE * t::GRID_SIDE * t::DIRECTION_BINS];
    for (index, neighbour) in all.iter().enumerate() {
        if index != of {
            add_neighbour(tables, &all[of], neighbour, &mut values);
        }
    }
    let threshold = rounded(t::BIT_THRESHOLD * f64::from(WEIGHT_ONE));
    let mut words = [0u32; DESCRIPTOR_WORDS];
    for (bit, _) in
        values.iter().take(t::DESCRIPTOR_BITS).enumerate().filter(|&(_, &value)| value > threshold)
    {
        words[bit / 32] |= 1 << (bit % 32);
    }
    words
}

fn add_neighbour(tables: &DescriptorTables, centre: &Placed, neighbour: &Placed, values: &mut [i32]) {
    let (u, v) = in_frame(centre, neighbour);
    let angular = &tables.angular[usize::from(neighbour.direction.wrapping_sub(centre.direction))];
    for row in 0..t::GRID_SIDE {
        let du = u - cell_centre(row);
        for column in 0..t::GRID_SIDE {
            let dv = v - cell_centre(column);
            // |u| and |v| are below 2^13, so the squares stay below 2^28.
            let squared = ((du * du + dv * dv) >> DISTANCE_SHIFT) as usize;
            let Some(&spatial) = tables.spatial.get(squared) else {
                continue;
            };
            let Some(first) = tables.first_bit[row * t::GRID_SIDE + column] else {
                continue;
            };
            for (bin, &weight) in angular.iter().enumerate() {
                values[first + bin] += (spatial * weight) >> 15;
            }
        }
    }
}

/// Where the neighbour stands in the frame of the centre, in eighths of a pixel. Offsets beyond 500 px are clamped:
/// they stay out of every cell's reach, and the products stay below 2^28.
fn in_frame(centre: &Placed, neighbour: &Placed) -> (i32, i32) {
    const FAR: i32 = 4000;
    let rotation = Tables::get();
    let direction = usize::from(centre.direction);
    let (cos, sin) = (i32::from(rotation.cos[direction]), i32::from(rotation.sin[direction]));
    let offset = |a: i32, b: i32| ((a - b) * Q).clamp(-FAR, FAR);
    let (dx, dy) = (offset(neighbour.x, centre.x), offset(neighbour.y, centre.y));
    let half = 1 << (ROTATION_SHIFT - 1);
    let u = (dx * cos + dy * sin + half) >> ROTATION_SHIFT;
    let v = (dy * cos - dx * sin + half) >> ROTATION_SHIFT;
    (u, v)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The definition, in floats, as the report gives it.
    fn reference(all: &[Placed], of: usize) -> Vec<f64> {
        use core::f64::consts::{PI, TAU};
        let rad = |d: u8| f64::from(d) * TAU / 256.0;
        let centre = all[of];
        let mut values = Vec::new();
        for cell in 0..64usize {
            let at = |i: usize| (i as f64 - 3.5) * 19.0;
            let (cu, cv) = (at(cell / 8), at(cell % 8));
            if cu.hypot(cv) > 76.0 {
                continue;
            }
            for bin in 0..5 {
                let phi = -PI + (f64::from(bin) + 0.5) * TAU / 5.0;
                let value = all.iter().enumerate().filter(|&(i, _)| i != of).map(|(_, n)| {
                    let (dx, dy) = (f64::from(n.x - centre.x), f64::from(n.y - centre.y));
                    let (sin, cos) = rad(centre.direction).sin_cos();
                    let d2 = (dx * cos + dy * sin - cu).powi(2) + (dy * cos - dx * sin - cv).powi(2);
                    let turned = rad(n.direction) - rad(centre.direction) - phi;
                    let wrapped = turned - TAU * (turned / TAU).round();
                    let near = d2 <= (3.0f64 * 9.33).powi(2);
                    f64::from(u8::from(near))
                        * (-d2 / (2.0 * 9.33 * 9.33)).exp()
                        * (-wrapped * wrapped / 0.98).exp()
                });
                values.push(value.sum());
            }
        }
        values.truncate(256);
        values
    }

    fn scattered(n: i32) -> Vec<Placed> {
        let mut state = 7u32;
        let mut next = |range: u32| {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (state >> 8) % range
        };
        (0..n)
            .map(|_| Placed { x: next(300) as i32, y: next(400) as i32, direction: next(256) as u8 })
            .collect()
    }

    #[test]
    fn the_integer_descriptor_is_the_float_one_but_for_values_at_the_threshold() {
        let all = scattered(60);
        for of in 0..all.len() {
            let words = descriptor(&all, of);
            for (bit, value) in reference(&all, of).into_iter().enumerate() {
                let set = words[bit / 32] >> (bit % 32) & 1 == 1;
                assert!(
                    set == (value > 0.25) || (value - 0.25).abs() < 0.01,
                    "minutia {of}, bit {bit}: {value}"
                );
            }
        }
    }

    #[test]
    fn turning_the_whole_print_by_a_quarter_changes_no_bit() {
        let all = scattered(40);
        let turned: Vec<_> =
            all.iter().map(|p| Placed { x: -p.y, y: p.x, direction: p.direction.wrapping_add(64) }).collect();
        // Rounding may go the other way for a value that is at the threshold; it moves very few bits.
        let differing: u32 = (0..all.len())
            .flat_map(|i| descriptor(&all, i).into_iter().zip(descriptor(&turned, i)))
            .map(|(a, b)| (a ^ b).count_ones())
            .sum();
        assert!(differing <= 8, "{differing} of {} bits", all.len() * 256);
    }

    #[test]
    fn a_minutia_alone_has_an_empty_descriptor() {
        assert_eq!(descriptor(&scattered(1), 0), [0; DESCRIPTOR_WORDS]);
    }
}
