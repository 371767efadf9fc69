//! The chance in the population: one small generator, many independent streams, equal numbers on every machine.
//!
//! Whatever is drawn has a stream of its own, seeded by what it is for and whose it is, so that person 7 is the same person
//! whether one or a million are made, and in whatever order. Logarithms and sines come from `libm`, which computes in
//! software; all else is sums and products of `f64` in a fixed order. *Why not a cipher?* A million people
//! need some ten thousand million numbers, and nobody has a reason to foresee them.

use core::f64::consts::TAU;

/// What a stream is for: streams of different purposes have nothing in common.
#[derive(Clone, Copy)]
pub(super) enum Purpose {
    Person = 1,
    Pair = 2,
    Finger = 3,
    Minutiae = 4,
    Touch = 5,
    Extraction = 6,
    Ridges = 7,
    Image = 8,
}

/// A stream of random numbers (splitmix64: Steele, Lea and Flood, "Fast splittable pseudorandom number generators", 2014).
pub(super) struct Random {
    state: u64,
    spare: Option<f64>,
}

impl Random {
    /// The stream for this purpose and these numbers.
    pub(super) fn new(purpose: Purpose, numbers: [u64; 2]) -> Self {
        let start = mix(purpose as u64);
        let state = numbers.iter().fold(start, |state, number| mix(state ^ mix(number.wrapping_add(start))));
        Self { state, spare: None }
    }

    /// A seed for streams of what this one describes.
    pub(super) fn seed(&mut self) -> u64 {
        self.state = self.state.wrapping_add(0x9E37_79B9_7F4A_7C15);
        mix(self.state)
    }

    /// A number from 0 up to, not including, 1. All 53 bits that it is made of fit an `f64`.
    pub(super) fn unit(&mut self) -> f64 {
        (self.seed() >> 11) as f64 / (1u64 << 53) as f64
    }

    /// Whether something happens that happens with this probability.
    pub(super) fn happens(&mut self, probability: f64) -> bool {
        self.unit() < probability
    }

    /// A number from `low` up to `high`, each as likely as the others.
    pub(super) fn between(&mut self, low: f64, high: f64) -> f64 {
        low + (high - low) * self.unit()
    }

    /// A normal number of mean 0 and deviation 1 (Marsaglia's polar method, which makes two at a time).
    pub(super) fn normal(&mut self) -> f64 {
        if let Some(spare) = self.spare.take() {
            return spare;
        }
        loop {
            let (x, y) = (self.between(-1.0, 1.0), self.between(-1.0, 1.0));
            let square = x * x + y * y;
            if square > 0.0 && square < 1.0 {
                let factor = libm::sqrt(-2.0 * libm::log(square) / square);
                self.spare = Some(y * factor);
                return x * factor;
            }
        }
    }

    /// A normal number, drawn in to three deviations.
    pub(super) fn near(&mut self, mean: f64, deviation: f64) -> f64 {
        mean + deviation * self.normal().clamp(-3.0, 3.0)
    }

    /// A whole number near `mean` (20 or more), as often as chance would have it: the normal limit of Poisson's distribution.
    pub(super) fn about(&mut self, mean: f64) -> usize {
        whole(mean + libm::sqrt(mean) * self.normal())
    }

    /// How often something happens that happens `mean` times on average (Knuth; for a `mean` below 20 or so).
    pub(super) fn poisson(&mut self, mean: f64) -> usize {
        let (limit, mut product, mut count) = (libm::exp(-mean), self.unit(), 0);
        while product > limit {
            product *= self.unit();
            count += 1;
        }
        count
    }
}

/// The whole part of a number; 0 for a negative one.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "the cast saturates, as is meant"
)]
pub(super) fn whole(value: f64) -> usize {
    value as usize
}

fn mix(value: u64) -> u64 {
    let value = value.wrapping_add(0x9E37_79B9_7F4A_7C15);
    let value = (value ^ value >> 30).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    let value = (value ^ value >> 27).wrapping_mul(0x94D0_49BB_1331_11EB);
    value ^ value >> 31
}

/// The sine of a number of turns, to 1e-7: a Taylor polynomial after folding into a quarter turn. Smooth fields take most of the
/// time, and `libm`'s last digits would be half of that.
pub(super) fn sine_of_turns(turns: f64) -> f64 {
    let turns = turns - (turns + 0.5).floor();
    let folded = if turns.abs() > 0.25 { 0.5f64.copysign(turns) - turns } else { turns };
    let x = TAU * folded;
    let square = x * x;
    let series = [-1.0 / 110.0, -1.0 / 72.0, -1.0 / 42.0, -1.0 / 20.0, -1.0 / 6.0];
    x * series.iter().fold(1.0, |sum, factor| 1.0 + factor * square * sum)
}

/// One sine wave over the plane: in turns, and turns a pixel.
#[derive(Clone, Copy, Default)]
struct Wave {
    along_x: f64,
    along_y: f64,
    phase: f64,
}

/// A smooth random function of the place, of mean about 0: a few sine waves of random direction, length and phase.
#[derive(Clone)]
pub(super) struct SmoothField {
    amplitude: f64,
    waves: [Wave; WAVES],
}

const WAVES: usize = 3;

impl SmoothField {
    /// Waves whose lengths lie in `lengths` (px) and whose sum has the root mean square `strength` over a large plane.
    pub(super) fn new(random: &mut Random, strength: f64, lengths: (f64, f64)) -> Self {
        let mut waves = [Wave::default(); WAVES];
        for wave in &mut waves {
            let wave_number = 1.0 / random.between(lengths.0, lengths.1);
            let direction = random.unit();
            *wave = Wave {
                along_x: wave_number * sine_of_turns(direction + 0.25),
                along_y: wave_number * sine_of_turns(direction),
                phase: random.unit(),
            };
        }
        Self { amplitude: strength * libm::sqrt(2.0 / WAVES as f64), waves }
    }

    /// The field's value at (`x`, `y`), in px.
    pub(super) fn at(&self, x: f64, y: f64) -> f64 {
        let value = |wave: &Wave| sine_of_turns(wave.along_x * x + wave.along_y * y + wave.phase);
        self.amplitude * self.waves.iter().map(value).sum::<f64>()
    }

    /// The field's value at (`x`, `y`), and its slope across and up.
    pub(super) fn slope_at(&self, x: f64, y: f64) -> [f64; 3] {
        let mut sum = [0.0; 3];
        for wave in &self.waves {
            let at = wave.along_x * x + wave.along_y * y + wave.phase;
            let slope = TAU * sine_of_turns(at + 0.25);
            for (sum, term) in
                sum.iter_mut().zip([sine_of_turns(at), slope * wave.along_x, slope * wave.along_y])
            {
                *sum += self.amplitude * term;
            }
        }
        sum
    }
}

/// 0 to 1, 1/2 at 0: what log-odds are as a probability.
pub(super) fn probability(log_odds: f64) -> f64 {
    1.0 / (1.0 + libm::exp(-log_odds))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_numbers_of_a_stream_are_these_for_ever() {
        let mut random = Random::new(Purpose::Person, [1, 2]);
        let first: Vec<u64> = (0..3).map(|_| random.seed() >> 48).collect();
        assert_eq!(first, [34910, 22534, 65345]);
        assert_eq!(random.normal().to_bits(), 4_605_711_343_654_826_856);
    }

    #[test]
    fn sines_are_good_to_seven_digits() {
        for step in -4000..4000 {
            let turns = f64::from(step) / 1000.0;
            assert!((sine_of_turns(turns) - libm::sin(turns * TAU)).abs() < 1e-7, "{turns}");
        }
    }

    #[test]
    fn streams_differ_by_purpose_and_by_each_number() {
        let first = |purpose, numbers| Random::new(purpose, numbers).seed();
        let start = first(Purpose::Person, [1, 2]);
        assert_ne!(start, first(Purpose::Finger, [1, 2]));
        assert_ne!(start, first(Purpose::Person, [2, 1]));
        assert_ne!(start, first(Purpose::Person, [1, 3]));
    }

    #[test]
    fn numbers_are_distributed_as_they_say() {
        let mut random = Random::new(Purpose::Touch, [0, 0]);
        let moments = |numbers: Vec<f64>| {
            let mean = numbers.iter().sum::<f64>() / numbers.len() as f64;
            let square = numbers.iter().map(|n| (n - mean) * (n - mean)).sum::<f64>();
            (mean, square / numbers.len() as f64)
        };
        let (mean, variance) = moments((0..20_000).map(|_| random.normal()).collect());
        assert!(mean.abs() < 0.03 && (variance - 1.0).abs() < 0.05, "{mean} {variance}");
        let (mean, variance) = moments((0..20_000).map(|_| random.poisson(4.0) as f64).collect());
        assert!((mean - 4.0).abs() < 0.06 && (variance - 4.0).abs() < 0.2, "{mean} {variance}");
        let fields: Vec<_> = (0..2000).map(|_| SmoothField::new(&mut random, 2.0, (50.0, 90.0))).collect();
        let (mean, variance) = moments(fields.iter().map(|field| field.at(40.0, 70.0)).collect());
        assert!(mean.abs() < 0.2 && (variance - 4.0).abs() < 0.4, "{mean} {variance}");
    }
}
