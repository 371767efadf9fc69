//! The ridges of a finger, grown from its minutiae: oriented filters comb the plane until lines fill it.
//!
//! After SFinGe (Cappelli, Erol, Maio, Maltoni: "Synthetic fingerprint-image generation", ICPR 2000) and the reconstruction
//! of prints from templates (Cappelli, Lumini, Maio, Maltoni, 2007): a Gabor filter, that is a wave across the ridges under
//! a Gaussian bell, answers to lines of one direction and one spacing. Applied again and again, at each place with that
//! place's own direction and spacing, it grows a line pattern out of seeds. The seeds are the minutiae: around each the phase
//! of the wave turns once, as in the AM-FM model (Larkin and Fletcher, "A coherent framework for fingerprint analysis",
//! 2007), so that one ridge begins there, or one valley. They are set again after every pass, and what grows between them
//! must fit: where it does not, a ridge ends or forks that no minutia asked for. More passes leave fewer of those.
//!
//! All filters come from one bank, made once: for each of some directions and spacings a small square of weights. Eight
//! sums run side by side over its rows: fixed in their order, so the result is the same everywhere, and in a shape that
//! compilers turn into vector instructions.
#![expect(
    clippy::cast_possible_truncation,
    reason = "pixels are f32: six digits are more than a sensor gives"
)]

use core::f32::consts::{PI, TAU};
use std::sync::OnceLock;

use super::master::{Master, MasterMinutia};
use super::random::{Purpose, Random, SmoothField, whole};
use super::touch::Sensor;
use whorl_engine::minutia::MinutiaType;

/// How often the plane is combed.
const PASSES: usize = 12;
/// What a filter's answer is multiplied by before it is cut to -1..1: it makes lines grow.
const GAIN: f32 = 2.5;
/// Deviation of the bell of a filter, in px. A wider one heals more of the misfits, and some minutiae with them: at 3.5 px
/// a twentieth more are found again, in neighbourhoods that are fuller by an eighth, and real ones are not even so full.
const SIGMA: f32 = 4.5;
/// The noise that the plane begins with, from -1 to 1.
const BREATH: f64 = 0.02;
/// Deviation of the bell under which a minutia is set, in px, and how far it reaches.
const SEED_SIGMA: f64 = 6.0;
const SEED_REACH: i32 = 14;

/// Reach of a filter from its middle, in px.
const REACH: usize = 11;
/// Rows of a filter.
const ROWS: usize = 2 * REACH + 1;
/// Weights in a row of a filter: its columns and one zero, to fill vectors of eight.
const COLUMNS: usize = ROWS + 1;
/// Directions in the bank, over half a turn.
const DIRECTIONS: usize = 48;
/// Ridge periods in the bank, `PERIOD_STEP` apart from `PERIOD_FIRST` on.
const PERIODS: usize = 10;
const PERIOD_FIRST: f32 = 7.0;
const PERIOD_STEP: f32 = 0.5;
/// Side of the squares of the plane that share one filter, in px.
const CELL: usize = 2;
/// How far beyond the largest touch the ridges are grown, in px.
const MARGIN: f64 = 40.0;

/// The weights of a filter, row after row.
type Filter = [f32; ROWS * COLUMNS];

/// The ridge pattern of the part of a finger that may touch: 1 on the crest of a ridge, -1 at the bottom of a valley.
pub(super) struct Ridges {
    width: usize,
    height: usize,
    middle: (f64, f64),
    /// With the filters' reach on all sides.
    values: Vec<f32>,
}

impl Ridges {
    /// Grows the ridges of a finger, as far as it may touch this sensor.
    pub(super) fn grow(master: &Master, sensor: &Sensor) -> Self {
        let even = |radius: f64| whole((radius * master.size + MARGIN) / CELL as f64) * CELL * 2;
        let (width, height) = (even(sensor.radii_across.1), even(sensor.radii_down.1));
        let values = vec![0.0; (width + COLUMNS) * (height + ROWS)];
        let mut ridges = Self { width, height, middle: (0.0, sensor.above * master.size), values };
        let random = &mut Random::new(Purpose::Ridges, [master.seed, 0]);
        let periods = Periods::new(random, master.size);
        let filters = ridges.choose_filters(master, &periods);
        let seeds: Vec<_> =
            master.minutiae().iter().map(|minutia| Seed::new(master, minutia, &periods)).collect();
        ridges.breathe(random);
        let mut next = ridges.values.clone();
        for _ in 0..PASSES {
            for seed in &seeds {
                ridges.set(seed);
            }
            ridges.comb(&filters, &mut next);
            std::mem::swap(&mut ridges.values, &mut next);
        }
        ridges.prick_pores(random);
        ridges
    }

    /// A breath of noise, from which ridges grow where no minutia is near. It takes two passes in three to become a ridge, so
    /// whatever a minutia's waves can reach in that time is theirs.
    fn breathe(&mut self, random: &mut Random) {
        let stride = self.stride();
        for row in self.values.chunks_mut(stride).skip(REACH).take(self.height) {
            row[REACH..][..self.width].fill_with(|| random.between(-BREATH, BREATH) as f32);
        }
    }

    fn stride(&self) -> usize {
        self.width + COLUMNS
    }

    /// Column and row of a place of the finger, from the upper left pixel of the plane.
    fn pixel(&self, (x, y): (f64, f64)) -> (f64, f64) {
        (x - self.middle.0 + self.width as f64 / 2.0, self.middle.1 - y + self.height as f64 / 2.0)
    }

    /// The place of the finger at a column and a row.
    fn place(&self, column: usize, row: usize) -> (f64, f64) {
        let x = self.middle.0 + column as f64 - self.width as f64 / 2.0;
        (x, self.middle.1 - row as f64 + self.height as f64 / 2.0)
    }

    /// The pattern at a place of the finger, between pixels by linear mixing; nothing outside the plane.
    pub(super) fn at(&self, place: (f64, f64)) -> Option<f32> {
        let (x, y) = self.pixel(place);
        let inside = x >= 0.0 && y >= 0.0 && x < (self.width - 1) as f64 && y < (self.height - 1) as f64;
        if !inside {
            return None;
        }
        let (column, row) = (whole(x), whole(y));
        let (right, down) = ((x - column as f64) as f32, (y - row as f64) as f32);
        let mix = |row: usize| {
            let pair = &self.values[(row + REACH) * self.stride() + column + REACH..][..2];
            pair[0] + (pair[1] - pair[0]) * right
        };
        let (upper, lower) = (mix(row), mix(row + 1));
        Some(upper + (lower - upper) * down)
    }

    /// Sets a minutia: blends its own piece of the wave into what has grown.
    fn set(&mut self, seed: &Seed) {
        let (x, y) = self.pixel(seed.place);
        let (column, row) = (x.round() as i32, y.round() as i32);
        for down in -SEED_REACH..=SEED_REACH {
            for right in -SEED_REACH..=SEED_REACH {
                let (c, r) = (usize::try_from(column + right), usize::try_from(row + down));
                let (Ok(c), Ok(r)) = (c, r) else { continue };
                if c >= self.width || r >= self.height {
                    continue;
                }
                let (wave, weight) = seed.wave(self.place(c, r));
                let at = (r + REACH) * self.stride() + c + REACH;
                self.values[at] += weight * (wave - self.values[at]);
            }
        }
    }

    /// The filter of each cell of the plane, as its number in the bank.
    fn choose_filters(&self, master: &Master, periods: &Periods) -> Vec<usize> {
        let mut filters = Vec::with_capacity((self.width / CELL) * (self.height / CELL));
        for row in 0..self.height / CELL {
            for column in 0..self.width / CELL {
                let (x, y) = self.place(column * CELL, row * CELL);
                let turn = master.orientation().at(x, y).direction as f32 / PI;
                let direction =
                    whole(f64::from((turn - turn.floor()) * DIRECTIONS as f32 + 0.5)) % DIRECTIONS;
                let step = (periods.at(x, y) as f32 - PERIOD_FIRST) / PERIOD_STEP + 0.5;
                filters.push(direction * PERIODS + whole(f64::from(step)).min(PERIODS - 1));
            }
        }
        filters
    }

    /// One pass: each place's filter over the plane, into `next`. The margins of `next` keep their values, so the ridges fade
    /// out towards the rim.
    fn comb(&self, filters: &[usize], next: &mut [f32]) {
        static BANK: OnceLock<Vec<Filter>> = OnceLock::new();
        let bank = BANK.get_or_init(make_bank);
        let stride = self.stride();
        for y in 0..self.height {
            for x in 0..self.width {
                let filter = &bank[filters[y / CELL * (self.width / CELL) + x / CELL]];
                let answer = apply(filter, &self.values[y * stride + x..], stride);
                next[(y + REACH) * stride + x + REACH] = (GAIN * answer).clamp(-1.0, 1.0);
            }
        }
    }

    /// Sinks sweat pores into the crests: they belong to the finger, so they are here and not in the touch, whose pressure
    /// decides which of them show.
    fn prick_pores(&mut self, random: &mut Random) {
        let stride = self.stride();
        for _ in 0..self.width * self.height / 50 {
            let x = whole(random.between(2.0, (self.width - 3) as f64)) + REACH;
            let y = whole(random.between(2.0, (self.height - 3) as f64)) + REACH;
            let depth = random.between(0.2, 1.2) as f32;
            if self.values[y * stride + x] < 0.9 {
                continue;
            }
            for (dx, dy, share) in [(1, 1, 1.0), (0, 1, 0.5), (2, 1, 0.5), (1, 0, 0.5), (1, 2, 0.5)] {
                self.values[(y + dy - 1) * stride + x + dx - 1] -= depth * share;
            }
        }
    }
}

/// The distance between ridges, which varies over a finger.
struct Periods {
    usual: f64,
    widening: SmoothField,
}

impl Periods {
    fn new(random: &mut Random, size: f64) -> Self {
        let usual = random.near(9.0, 0.35) * libm::sqrt(size);
        Self { usual, widening: SmoothField::new(random, 0.45, (120.0, 300.0)) }
    }

    fn at(&self, x: f64, y: f64) -> f64 {
        self.usual + self.widening.at(x, y)
    }
}

/// The wave around a minutia.
struct Seed {
    place: (f64, f64),
    sine: f64,
    cosine: f64,
    wave_number: f64,
    /// 1 where a ridge begins, -1 where a valley does: the ridge forks.
    sign: f64,
}

impl Seed {
    fn new(master: &Master, minutia: &MasterMinutia, periods: &Periods) -> Self {
        let place = (minutia.x, minutia.y);
        // Along the ridges, the way in which the minutia points: the filters know the flow only.
        let (sine, cosine) = libm::sincos(master.orientation().at(place.0, place.1).direction);
        let (sine_of_it, cosine_of_it) = libm::sincos(minutia.direction);
        let way = if sine * sine_of_it + cosine * cosine_of_it < 0.0 { -1.0 } else { 1.0 };
        let sign = if minutia.kind == MinutiaType::RidgeBifurcation { -1.0 } else { 1.0 };
        let wave_number = core::f64::consts::TAU / periods.at(place.0, place.1);
        Self { place, sine: way * sine, cosine: way * cosine, wave_number, sign }
    }

    /// The wave at a place of the finger, and how much it counts there.
    fn wave(&self, (x, y): (f64, f64)) -> (f32, f32) {
        let (dx, dy) = (x - self.place.0, y - self.place.1);
        let along = dx * self.cosine + dy * self.sine;
        let across = dy * self.cosine - dx * self.sine;
        let phase = self.wave_number * across + libm::atan2(across, along);
        let square = (dx * dx + dy * dy) / (2.0 * SEED_SIGMA * SEED_SIGMA);
        ((self.sign * libm::cos(phase)) as f32, libm::exp(-square) as f32)
    }
}

/// The sum of the filter's weights times the values under it; `corner` starts at its upper left.
fn apply(filter: &Filter, corner: &[f32], stride: usize) -> f32 {
    let mut sums = [0.0; 8];
    for (weights, values) in filter.chunks_exact(COLUMNS).zip(corner.chunks(stride)) {
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
            let mut plane = vec![0.0; COLUMNS * ROWS];
            for row in 0..ROWS {
                for column in 0..COLUMNS {
                    let (x, y) = (column as f32 - REACH as f32, row as f32 - REACH as f32);
                    plane[row * COLUMNS + column] = wave(x, y);
                }
            }
            apply(&filter, &plane, COLUMNS)
        };
        assert!((answer(&|_, y| libm::cosf(y * TAU / 9.0)) - 1.0).abs() < 1e-3);
        assert!(answer(&|_, _| 1.0).abs() < 1e-3);
        assert!(answer(&|x, _| libm::cosf(x * TAU / 9.0)).abs() < 0.1);
    }
}
