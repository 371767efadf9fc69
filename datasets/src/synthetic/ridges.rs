//! The ridges of a finger: noise that oriented filters comb until lines fill the plane.
//!
//! After SFinGe (Cappelli, Erol, Maio, Maltoni: "Synthetic fingerprint-image generation", ICPR
//! 2000): a Gabor filter, that is a wave across the ridges under a Gaussian bell, answers to lines
//! of one direction and one spacing. Applied again and again, at each place with that place's own
//! direction and spacing, it grows a line pattern out of anything. Where patterns that grew
//! from different noise meet they do not fit, and a ridge must end or fork: minutiae need not be
//! placed, they emerge, as random in place and kind as one could wish. Each pass also heals some,
//! fewer each time: what is left after a few passes is there to stay.
//!
//! All filters come from one bank, made once: for each of some directions and spacings a small
//! square of weights. Eight sums run side by side over its rows: fixed in their order, so the
//! result is the same everywhere, and in a shape that compilers turn into vector instructions.

use core::f32::consts::{PI, TAU};
use std::sync::OnceLock;

use super::orientation::Orientation;
use super::random::{Random, SmoothField, whole};

/// Width of the plane of a finger, in px at 500 ppi.
pub(super) const WIDTH: usize = 360;
/// Height of the plane of a finger, in px at 500 ppi.
pub(super) const HEIGHT: usize = 440;

/// How often the noise is combed: more passes leave fewer minutiae.
const PASSES: usize = 7;
/// What a filter's answer is multiplied by before it is cut to -1..1: it makes lines grow.
const GAIN: f32 = 3.0;
/// Deviation of the bell of a filter, in px: two thirds of a ridge period.
const SIGMA: f32 = 6.0;

/// Reach of a filter from its middle, in px.
const REACH: usize = 11;
/// Rows of a filter.
const ROWS: usize = 2 * REACH + 1;
/// Weights in a row of a filter: its columns and one zero, to fill vectors of eight.
const COLUMNS: usize = ROWS + 1;
/// Values in a row of the plane with the filters' reach on both sides.
const STRIDE: usize = WIDTH + COLUMNS;
/// Directions in the bank, over half a turn.
const DIRECTIONS: usize = 48;
/// Ridge periods in the bank, `PERIOD_STEP` apart from `PERIOD_FIRST` on.
const PERIODS: usize = 10;
const PERIOD_FIRST: f32 = 7.0;
const PERIOD_STEP: f32 = 0.5;
/// Side of the squares of the plane that share one filter, in px.
const CELL: usize = 2;

/// The weights of a filter, row after row.
type Filter = [f32; ROWS * COLUMNS];

/// The ridge pattern of a finger: 1 on the crest of a ridge, -1 at the bottom of a valley.
pub(super) struct Ridges {
    values: Vec<f32>,
}

impl Ridges {
    /// Grows the ridges that follow `orientation`.
    pub(super) fn grow(random: &mut Random, orientation: &Orientation) -> Self {
        let filters = choose_filters(random, orientation);
        let mut plane = vec![0.0; STRIDE * (HEIGHT + ROWS)];
        for value in plane.iter_mut() {
            *value = random.between(-1.0, 1.0);
        }
        let mut next = vec![0.0; plane.len()];
        for _ in 0..PASSES {
            comb(&plane, &filters, &mut next);
            std::mem::swap(&mut plane, &mut next);
        }
        let rows = plane.chunks_exact(STRIDE).skip(REACH).take(HEIGHT);
        let values = rows.flat_map(|row| &row[REACH..REACH + WIDTH]).copied().collect();
        let mut ridges = Self { values };
        ridges.prick_pores(random);
        ridges
    }

    /// The pattern at (`x`, `y`) px from the finger's middle, between pixels by linear mixing;
    /// nothing outside the plane.
    pub(super) fn at(&self, x: f32, y: f32) -> Option<f32> {
        let (x, y) = (x + WIDTH as f32 / 2.0, y + HEIGHT as f32 / 2.0);
        let inside = x >= 0.0 && y >= 0.0 && x < (WIDTH - 1) as f32 && y < (HEIGHT - 1) as f32;
        if !inside {
            return None;
        }
        let (column, row) = (whole(x), whole(y));
        let (right, down) = (x - column as f32, y - row as f32);
        let mix = |row: usize| {
            let pair = &self.values[row * WIDTH + column..][..2];
            pair[0] + (pair[1] - pair[0]) * right
        };
        let (upper, lower) = (mix(row), mix(row + 1));
        Some(upper + (lower - upper) * down)
    }

    /// Sinks sweat pores into the crests: they belong to the finger, so they are here and not in
    /// the impression, whose pressure decides which of them show.
    fn prick_pores(&mut self, random: &mut Random) {
        for _ in 0..WIDTH * HEIGHT / 50 {
            let x = whole(random.between(2.0, (WIDTH - 3) as f32));
            let y = whole(random.between(2.0, (HEIGHT - 3) as f32));
            let depth = random.between(0.2, 1.2);
            if self.values[y * WIDTH + x] < 0.9 {
                continue;
            }
            for (dx, dy, share) in [(1, 1, 1.0), (0, 1, 0.5), (2, 1, 0.5), (1, 0, 0.5), (1, 2, 0.5)] {
                self.values[(y + dy - 1) * WIDTH + x + dx - 1] -= depth * share;
            }
        }
    }
}

/// The filter of each cell of the plane, as its number in the bank.
fn choose_filters(random: &mut Random, orientation: &Orientation) -> Vec<usize> {
    let period = random.between(8.4, 9.6);
    let widening = SmoothField::new(random, 4, 0.45, (120.0, 300.0));
    let mut filters = Vec::with_capacity((WIDTH / CELL) * (HEIGHT / CELL));
    for row in 0..HEIGHT / CELL {
        for column in 0..WIDTH / CELL {
            let x = (column * CELL) as f32 - WIDTH as f32 / 2.0;
            let y = (row * CELL) as f32 - HEIGHT as f32 / 2.0;
            let turn = orientation.at(x, y) / PI;
            let turn = turn - turn.floor();
            let direction = whole(turn * DIRECTIONS as f32 + 0.5) % DIRECTIONS;
            let step = (period + widening.at(x, y) - PERIOD_FIRST) / PERIOD_STEP + 0.5;
            let step = whole(step.max(0.0)).min(PERIODS - 1);
            filters.push(direction * PERIODS + step);
        }
    }
    filters
}

/// One pass: each place's filter over `plane`, into `next`. The margins of `next` keep their
/// values, so the ridges fade out towards the rim.
fn comb(plane: &[f32], filters: &[usize], next: &mut [f32]) {
    static BANK: OnceLock<Vec<Filter>> = OnceLock::new();
    let bank = BANK.get_or_init(make_bank);
    for y in 0..HEIGHT {
        for x in 0..WIDTH {
            let filter = &bank[filters[y / CELL * (WIDTH / CELL) + x / CELL]];
            let answer = apply(filter, &plane[y * STRIDE + x..]);
            next[(y + REACH) * STRIDE + x + REACH] = (GAIN * answer).clamp(-1.0, 1.0);
        }
    }
}

/// The sum of the filter's weights times the values under it; `corner` starts at its upper left.
fn apply(filter: &Filter, corner: &[f32]) -> f32 {
    let mut sums = [0.0; 8];
    for (weights, values) in filter.chunks_exact(COLUMNS).zip(corner.chunks(STRIDE)) {
        let values = &values[..COLUMNS];
        for (weights, values) in weights.chunks_exact(8).zip(values.chunks_exact(8)) {
            for lane in 0..8 {
                sums[lane] += weights[lane] * values[lane];
            }
        }
    }
    (sums[0] + sums[4]) + (sums[1] + sums[5]) + (sums[2] + sums[6]) + (sums[3] + sums[7])
}

/// All filters, those of one direction side by side.
fn make_bank() -> Vec<Filter> {
    let filter = |number: usize| {
        let direction = PI * (number / PERIODS) as f32 / DIRECTIONS as f32;
        let period = PERIOD_FIRST + PERIOD_STEP * (number % PERIODS) as f32;
        make_filter(direction, period)
    };
    (0..DIRECTIONS * PERIODS).map(filter).collect()
}

/// A filter that answers 1 to a wave of height 1 with ridges along `direction`, `period` px apart,
/// and 0 to an even grey.
fn make_filter(direction: f32, period: f32) -> Filter {
    let (across_x, across_y) = (libm::sinf(direction), libm::cosf(direction));
    let (mut bell, mut wave) = ([0.0_f32; ROWS * COLUMNS], [0.0_f32; ROWS * COLUMNS]);
    for row in 0..ROWS {
        for column in 0..ROWS {
            let (x, y) = (column as f32 - REACH as f32, row as f32 - REACH as f32);
            let place = row * COLUMNS + column;
            bell[place] = libm::expf(-(x * x + y * y) / (2.0 * SIGMA * SIGMA));
            wave[place] = libm::cosf((x * across_x + y * across_y) * TAU / period);
        }
    }
    let under_bell = |f: fn(f32) -> f32| -> f32 { bell.iter().zip(&wave).map(|(b, w)| b * f(*w)).sum() };
    let mean = under_bell(|wave| wave) / under_bell(|_| 1.0);
    let answer = under_bell(|wave| wave * wave) - mean * under_bell(|wave| wave);
    for (weight, wave) in bell.iter_mut().zip(&wave) {
        *weight *= (wave - mean) / answer;
    }
    bell
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_filter_answers_to_its_own_wave_only() {
        let filter = make_filter(0.0, 9.0);
        let answer = |wave: &dyn Fn(f32, f32) -> f32| {
            let mut plane = vec![0.0; STRIDE * ROWS];
            for row in 0..ROWS {
                for column in 0..COLUMNS {
                    let (x, y) = (column as f32 - REACH as f32, row as f32 - REACH as f32);
                    plane[row * STRIDE + column] = wave(x, y);
                }
            }
            apply(&filter, &plane)
        };
        assert!((answer(&|_, y| libm::cosf(y * TAU / 9.0)) - 1.0).abs() < 1e-3);
        assert!(answer(&|_, _| 1.0).abs() < 1e-3);
        assert!(answer(&|x, _| libm::cosf(x * TAU / 9.0)).abs() < 0.1);
    }
}
