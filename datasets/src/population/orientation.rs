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

    /// The bent argument of the way from the pole to (`x`, `y`).
    fn argument(&self, x: f64, y: f64) -> f64 {
        let plain = libm::atan2(y - self.y, x - self.x);
        let [first, second] = self.bends;
        plain + first.0 * libm::sin(plain + first.1) + second.0 * libm::sin(2.0 * plain + second.1)
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
        let dome = match pattern {
            Pattern::Arch => random.between(0.7, 1.4),
            _ => random.between(0.05, 0.4),
        };
        Self {
            cores,
            deltas,
            dome,
            dome_width: random.between(160.0, 220.0) * size,
            dome_foot: random.between(50.0, 120.0) * size,
            lean: random.near(0.0, 0.09),
            ripple: SmoothField::new(random, 0.07, (160.0, 400.0)),
        }
    }

    /// The ridges' direction at (`x`, `y`). Unit: radians, anticlockwise, modulo half a turn.
    pub fn at(&self, x: f64, y: f64) -> f64 {
        let turn = |poles: &[Pole]| poles.iter().map(|pole| pole.argument(x, y)).sum::<f64>();
        let poles = (turn(&self.cores) - turn(&self.deltas)) / 2.0;
        poles + self.dome_at(x, y) + self.lean + self.ripple.at(x, y)
    }

    /// Cores and deltas: where minutiae are dense.
    pub(super) fn poles(&self) -> impl Iterator<Item = &Pole> {
        self.cores.iter().chain(&self.deltas)
    }

    /// The slope of the dome: up on the left, down on the right, dying out below its foot.
    fn dome_at(&self, x: f64, y: f64) -> f64 {
        let below = ((-y - self.dome_foot) / 60.0).max(0.0);
        let across = (x / self.dome_width).clamp(-1.0, 1.0);
        -self.dome * libm::sin(across * PI / 2.0) / (1.0 + below * below)
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
    let delta = Pole::at(random, (side * 105.0, -120.0), (24.0, 26.0));
    (vec![core], vec![delta])
}

/// Two cores, the upper one open downwards and the lower one upwards, between two deltas.
fn whorl_poles(random: &mut Random) -> (Vec<Pole>, Vec<Pole>) {
    let apart = random.near(24.0, 12.0).abs();
    let aside = random.near(0.0, 14.0);
    let upper = Pole::at(random, (-aside, 10.0 + apart), (8.0, 8.0)).opening_to(random, -PI / 2.0);
    let lower = Pole::at(random, (aside, 10.0 - apart), (8.0, 8.0)).opening_to(random, PI / 2.0);
    let left = Pole::at(random, (-125.0, -125.0), (22.0, 24.0));
    let right = Pole::at(random, (125.0, -125.0), (22.0, 24.0));
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
            field.at(radius * libm::cos(angle), 10.0 + radius * libm::sin(angle))
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
}
