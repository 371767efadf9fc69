//! The chance in a synthetic finger: a seeded generator and smooth random fields.
//!
//! A finger must come out the same on every machine, today and after an update of the
//! dependencies. So the numbers are taken straight from the ChaCha8 stream, which is a published
//! function of its key, and are turned into floats here with exact steps only: the
//! distributions of a general library may change from one of its versions to the next.
//! For the same reason sines come from the crate `libm`, which computes in software, and a normal
//! number is a sum of twelve uniform ones, which needs no logarithm.
//!
//! Everything that varies slowly over a finger (direction, ridge width, stretching, pressure) is a
//! [`SmoothField`]: a handful of sine waves of random direction, length and phase.

use core::f32::consts::TAU;

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};

/// A stream of random numbers that is fixed by what it is for and by two seeds.
pub(super) struct Random(ChaCha8Rng);

impl Random {
    /// The stream for `purpose`: different purposes give unrelated streams for equal seeds.
    pub(super) fn new(purpose: &[u8; 16], finger: u64, impression: u64) -> Self {
        let mut key = [0; 32];
        key[..16].copy_from_slice(purpose);
        key[16..24].copy_from_slice(&finger.to_le_bytes());
        key[24..].copy_from_slice(&impression.to_le_bytes());
        Self(ChaCha8Rng::from_seed(key))
    }

    /// A number from 0 up to, not including, 1. All 24 bits that it is made of fit an `f32`.
    pub(super) fn unit(&mut self) -> f32 {
        (self.0.next_u32() >> 8) as f32 / (1 << 24) as f32
    }

    /// A number from `low` up to `high`, each as likely as the others.
    pub(super) fn between(&mut self, low: f32, high: f32) -> f32 {
        low + (high - low) * self.unit()
    }

    /// A nearly normal number of mean 0 and deviation 1, never beyond 6 (Irwin-Hall).
    pub(super) fn normal(&mut self) -> f32 {
        (0..12).map(|_| self.unit()).sum::<f32>() - 6.0
    }
}

/// The whole part of `value`, which is not negative, as a place in a list.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "the whole part is what is asked for, and a negative number would give 0"
)]
pub(super) fn whole(value: f32) -> usize {
    value as usize
}

/// One sine wave over the plane.
struct Wave {
    amplitude: f32,
    along_x: f32,
    along_y: f32,
    phase: f32,
}

/// A smooth random function of the place, of mean about 0.
pub(super) struct SmoothField(Vec<Wave>);

impl SmoothField {
    /// A sum of `waves` sines whose lengths lie in `lengths` (px) and whose sum has the root mean
    /// square `strength` over a large plane.
    pub(super) fn new(random: &mut Random, waves: usize, strength: f32, lengths: (f32, f32)) -> Self {
        let amplitude = strength * (2.0 / waves as f32).sqrt();
        let wave = |_| {
            let wave_number = TAU / random.between(lengths.0, lengths.1);
            let direction = random.between(0.0, TAU);
            Wave {
                amplitude,
                along_x: wave_number * libm::cosf(direction),
                along_y: wave_number * libm::sinf(direction),
                phase: random.between(0.0, TAU),
            }
        };
        Self((0..waves).map(wave).collect())
    }

    /// The field's value at (`x`, `y`), in px.
    pub(super) fn at(&self, x: f32, y: f32) -> f32 {
        let value =
            |wave: &Wave| wave.amplitude * libm::sinf(wave.along_x * x + wave.along_y * y + wave.phase);
        self.0.iter().map(value).sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn streams_differ_by_purpose_and_by_each_seed() {
        let first = |purpose, finger, impression| Random::new(purpose, finger, impression).unit();
        let start = first(b"test purpose one", 1, 1);
        assert_eq!(start, first(b"test purpose one", 1, 1));
        assert_ne!(start, first(b"test purpose two", 1, 1));
        assert_ne!(start, first(b"test purpose one", 2, 1));
        assert_ne!(start, first(b"test purpose one", 1, 2));
    }

    #[test]
    fn normal_numbers_have_mean_0_and_deviation_1() {
        let mut random = Random::new(b"test of normals ", 0, 0);
        let numbers: Vec<f32> = (0..20_000).map(|_| random.normal()).collect();
        let mean = numbers.iter().sum::<f32>() / 20_000.0;
        let variance = numbers.iter().map(|n| (n - mean) * (n - mean)).sum::<f32>() / 20_000.0;
        assert!(mean.abs() < 0.03, "mean {mean}");
        assert!((variance - 1.0).abs() < 0.05, "variance {variance}");
    }

    #[test]
    fn a_smooth_field_is_smooth_and_as_strong_as_asked() {
        let field = SmoothField::new(&mut Random::new(b"test of fields  ", 0, 0), 6, 2.0, (50.0, 90.0));
        let values: Vec<f32> = (0..10_000).map(|i| field.at(i as f32, 0.3 * i as f32)).collect();
        let square = values.iter().map(|v| v * v).sum::<f32>() / 10_000.0;
        assert!((1.2..2.8).contains(&square.sqrt()), "strength {}", square.sqrt());
        assert!(values.windows(2).all(|pair| (pair[1] - pair[0]).abs() < 1.0));
    }
}
