//! The direction of the ridges at each place of a finger: the zero-pole model.
//!
//! Sherlock and Monro ("A model for interpreting fingerprint topology", Pattern Recognition 26, 1993) describe the
//! direction of the ridges as half the argument of a rational function of the place, whose zeros are the cores and whose
//! poles are the deltas: `(sum of arg(z - core) - sum of arg(z - delta)) / 2`. A walk around a core then turns the ridges
//! by half a turn, and around a delta by half a turn the other way, which is what defines the two. One core and one delta
//! make a loop; two of each make a whorl; none make an arch.
//!
//! With bare arguments all loops look alike. Vizcaya and Gerhardt (1996), and after them SFinGe (Cappelli, Erol, Maio,
//! Maltoni: "Synthetic fingerprint-image generation", ICPR 2000), bend each argument by a piecewise linear function. Here
//! the bend is a pair of sines of the argument: as free, smooth, and the same after a full turn, so that a core stays a
//! core. Two terms come on top: a dome, since ridges round the finger tip arch upwards in all patterns (it is all there is
//! in an arch), and a weak [`SmoothField`], so that no two fingers share their flow.
//!
//! Places are in px from the middle of the finger, `x` to the right and `y` up; directions are in radians, anticlockwise,
//! and mean the same after half a turn.

use core::f64::consts::PI;

use super::random::{Random, SmoothField};

/// The ridges at a place.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Flow {
    /// Unit: radians, anticlockwise, modulo half a turn.
    pub direction: f64,
    /// By how much the ridges spread when followed in that direction: the divergence of its unit vector. Unit: a pixel.
    pub spreading: f64,
}

/// The class of a finger's pattern.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Pattern {
    /// Ridges run from side to side with a hill between: no core, no delta.
    Arch,
    /// Ridges come in from the left of the image and turn back to it.
    LeftLoop,
    /// Ridges come in from the right of the image and turn back to it.
    RightLoop,
    /// Ridges run round a middle: two cores and two deltas.
    Whorl,
}

impl Pattern {
    /// The class in words.
    pub fn name(self) -> &'static str {
        match self {
            Self::Arch => "arch",
            Self::LeftLoop => "left loop",
            Self::RightLoop => "right loop",
            Self::Whorl => "whorl",
        }
    }
}

/// A core or a delta, with the bend of its argument.
#[derive(Clone)]
pub(super) struct Pole {
    pub(super) x: f64,
    pub(super) y: f64,
    bends: [(f64, f64); 2],
}

impl Pole {
    fn at(random: &mut Random, (x, y): (f64, f64), (across, down): (f64, f64)) -> Self {
        let mut bend = || (random.between(-0.05, 0.05), random.between(-PI, PI));
        let bends = [bend(), bend()];
        Self { x: random.near(x, across), y: random.near(y, down), bends }
    }

    /// Flattens the argument around the direction `axis` in which a core opens: there the ridges run side by side, as in
    /// fingers, while bare zeros spread them like a fan.
    fn opening_to(mut self, random: &mut Random, axis: f64) -> Self {
        self.bends[0] = (random.between(-0.6, -0.2), -axis);
        self
    }

    /// The bent argument of the way from the pole to (`x`, `y`), and its slope across and up.
    fn argument(&self, x: f64, y: f64) -> [f64; 3] {
        let (across, up) = (x - self.x, y - self.y);
        let plain = libm::atan2(up, across);
        let [first, second] = self.bends;
        let (sine_1, cosine_1) = libm::sincos(plain + first.1);
        let (sine_2, cosine_2) = libm::sincos(2.0 * plain + second.1);
        let bent = plain + first.0 * sine_1 + second.0 * sine_2;
        // At the pole itself there is no slope; half a pixel away it is steep enough.
        let steepness =
            (1.0 + first.0 * cosine_1 + 2.0 * second.0 * cosine_2) / (across * across + up * up).max(0.25);
        [bent, -up * steepness, across * steepness]
    }
}

/// The field of ridge directions of one finger.
#[derive(Clone)]
pub struct Orientation {
    cores: Vec<Pole>,
    deltas: Vec<Pole>,
    dome: f64,
    dome_width: f64,
    dome_foot: f64,
    lean: f64,
    ripple: SmoothField,
}

impl Orientation {
    /// A random field of the class `pattern`, for a finger `size` times the usual size.
    pub(super) fn new(random: &mut Random, pattern: Pattern, size: f64) -> Self {
        let (mut cores, mut deltas) = poles(random, pattern);
        for pole in cores.iter_mut().chain(&mut deltas) {
            (pole.x, pole.y) = (pole.x * size, pole.y * size);
        }
        // An arch is a wide, gentle hill; round a core the hill is a dome, over before the deltas.
        let (dome, width, foot) = match pattern {
            Pattern::Arch => ((0.75, 1.2), (220.0, 290.0), (40.0, 120.0)),
            _ => ((0.3, 0.75), (120.0, 190.0), (-20.0, 50.0)),
        };
        let mut draw = |(low, high)| random.between(low, high);
        let (dome, width, foot) = (draw(dome), draw(width), draw(foot));
        Self {
            cores,
            deltas,
            dome,
            dome_width: width * size,
            dome_foot: foot * size,
            lean: random.near(0.0, 0.09),
            ripple: SmoothField::new(random, 0.07, (160.0, 400.0)),
        }
    }

    /// The ridges at (`x`, `y`).
    pub fn at(&self, x: f64, y: f64) -> Flow {
        let mut sum = self.dome_at(x, y);
        let mut add = |terms: [f64; 3], share: f64| {
            for (sum, term) in sum.iter_mut().zip(terms) {
                *sum += share * term;
            }
        };
        for core in &self.cores {
            add(core.argument(x, y), 0.5);
        }
        for delta in &self.deltas {
            add(delta.argument(x, y), -0.5);
        }
        add(self.ripple.slope_at(x, y), 1.0);
        let direction = sum[0] + self.lean;
        let (sine, cosine) = libm::sincos(direction);
        Flow { direction, spreading: cosine * sum[2] - sine * sum[1] }
    }

    /// Cores and deltas: where minutiae are dense.
    pub(super) fn poles(&self) -> impl Iterator<Item = &Pole> {
        self.cores.iter().chain(&self.deltas)
    }

    /// The dome: up on the left, down on the right, dying out below its foot; and its slope across and up.
    fn dome_at(&self, x: f64, y: f64) -> [f64; 3] {
        let below = ((-y - self.dome_foot) / 60.0).max(0.0);
        let share = 1.0 / (1.0 + below * below);
        let across = (x / self.dome_width).clamp(-1.0, 1.0) * PI / 2.0;
        let (sine, cosine) = libm::sincos(across);
        let height = -self.dome * sine * share;
        // The slope across is 0 at the clamp, as the cosine is.
        [
            height,
            -self.dome * cosine * share * PI / 2.0 / self.dome_width,
            height * share * 2.0 * below / 60.0,
        ]
    }
}

/// The cores and the deltas of a random finger of the class `pattern`.
fn poles(random: &mut Random, pattern: Pattern) -> (Vec<Pole>, Vec<Pole>) {
    match pattern {
        Pattern::Arch => (Vec::new(), Vec::new()),
        Pattern::LeftLoop => loop_poles(random, 1.0),
        Pattern::RightLoop => loop_poles(random, -1.0),
        Pattern::Whorl => whorl_poles(random),
    }
}

/// A core that opens downwards, and a delta, on the right if `side` is 1 and on the left if -1.
fn loop_poles(random: &mut Random, side: f64) -> (Vec<Pole>, Vec<Pole>) {
    let opening = -PI / 2.0 - side * random.near(0.65, 0.2);
    let core = Pole::at(random, (0.0, 10.0), (14.0, 16.0)).opening_to(random, opening);
    let delta = Pole::at(random, (side * 92.0, -112.0), (24.0, 26.0));
    (vec![core], vec![delta])
}

/// Two cores, the upper one open downwards and the lower one upwards, between two deltas.
fn whorl_poles(random: &mut Random) -> (Vec<Pole>, Vec<Pole>) {
    let apart = random.near(24.0, 12.0).abs();
    let aside = random.near(0.0, 14.0);
    let upper = Pole::at(random, (-aside, 10.0 + apart), (8.0, 8.0)).opening_to(random, -PI / 2.0);
    let lower = Pole::at(random, (aside, 10.0 - apart), (8.0, 8.0)).opening_to(random, PI / 2.0);
    let left = Pole::at(random, (-140.0, -108.0), (22.0, 24.0));
    let right = Pole::at(random, (140.0, -108.0), (22.0, 24.0));
    (vec![upper, lower], vec![left, right])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::population::random::Purpose;
    use core::f64::consts::TAU;

    /// Half turns of the ridges' direction on a walk around (0, 10) at `radius`, anticlockwise.
    fn half_turns(pattern: Pattern, radius: f64) -> f64 {
        let field = Orientation::new(&mut Random::new(Purpose::Finger, [3, 0]), pattern, 1.0);
        let direction = |step: i32| {
            let angle = TAU * f64::from(step) / 720.0;
            field.at(radius * libm::cos(angle), 10.0 + radius * libm::sin(angle)).direction
        };
        let turned: f64 = (0..720)
            .map(|step| direction(step + 1) - direction(step))
            .map(|change| change - PI * (change / PI).round())
            .sum();
        (turned / PI).round()
    }

    #[test]
    fn each_pattern_has_its_number_of_cores() {
        assert_eq!(half_turns(Pattern::Arch, 75.0), 0.0);
        assert_eq!(half_turns(Pattern::LeftLoop, 75.0), 1.0);
        assert_eq!(half_turns(Pattern::RightLoop, 75.0), 1.0);
        assert_eq!(half_turns(Pattern::Whorl, 75.0), 2.0);
    }

    #[test]
    fn far_around_every_pattern_cores_and_deltas_cancel() {
        for pattern in [Pattern::Arch, Pattern::LeftLoop, Pattern::RightLoop, Pattern::Whorl] {
            assert_eq!(half_turns(pattern, 450.0), 0.0, "{pattern:?}");
        }
    }

    #[test]
    fn spreading_is_the_divergence_of_the_direction() {
        for pattern in [Pattern::Arch, Pattern::LeftLoop, Pattern::RightLoop, Pattern::Whorl] {
            let field = Orientation::new(&mut Random::new(Purpose::Finger, [4, 0]), pattern, 1.1);
            for (x, y) in [(-140.0, -130.0), (-60.0, 90.0), (35.0, 120.0), (80.0, -40.0), (10.0, -150.0)] {
                let along = |dx: f64, dy: f64| libm::sincos(field.at(x + dx, y + dy).direction);
                let step = 1e-4;
                let across = (along(step, 0.0).1 - along(-step, 0.0).1) / (2.0 * step);
                let up = (along(0.0, step).0 - along(0.0, -step).0) / (2.0 * step);
                let spreading = field.at(x, y).spreading;
                assert!((spreading - across - up).abs() < 1e-6, "{pattern:?} {x} {y}: {spreading}");
            }
        }
    }
}
