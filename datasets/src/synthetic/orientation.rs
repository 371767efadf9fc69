//! The direction of the ridges at each place of a finger: the zero-pole model.
//!
//! Sherlock and Monro ("A model for interpreting fingerprint topology", Pattern Recognition 26,
//! 1993) describe the direction of the ridges as half the argument of a rational function of the
//! place, whose zeros are the cores and whose poles are the deltas: the direction is
//! `(sum of arg(z - core) - sum of arg(z - delta)) / 2`. A walk around a core then turns the
//! ridges by half a turn, and around a delta by half a turn the other way, which is what defines
//! the two. One core and one delta make a loop; two of each make a whorl; none make an arch.
//!
//! With bare arguments all loops look alike. Vizcaya and Gerhardt (1996), and after them SFinGe
//! (Cappelli, Erol, Maio, Maltoni: "Synthetic fingerprint-image generation", ICPR 2000), bend each
//! argument by a piecewise linear function. Here the bend is a pair of sines of the argument: as
//! free, smooth, and the same after a full turn, so that a core stays a core. Two terms come on
//! top: a dome, since ridges round the finger tip arch upwards in all patterns (it is all there is
//! in an arch), and a weak [`SmoothField`], so that no two fingers share their flow.
//!
//! Places are in px from the middle of the finger, `x` to the right and `y` down, as in an image;
//! directions are in radians, anticlockwise as seen, and mean the same after half a turn.

use core::f32::consts::PI;

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

impl Pattern {
    /// A pattern, as frequent as in people: shares of Wilson, Candela and Watson ("Neural network
    /// fingerprint classification", 1994), with tented arches counted as arches.
    pub(super) fn draw(random: &mut Random) -> Self {
        match random.unit() {
            share if share < 0.066 => Self::Arch,
            share if share < 0.066 + 0.338 => Self::LeftLoop,
            share if share < 0.066 + 0.338 + 0.317 => Self::RightLoop,
            _ => Self::Whorl,
        }
    }
}

/// A core or a delta, with the bend of its argument.
struct Pole {
    x: f32,
    y: f32,
    bends: [(f32, f32); 2],
}

impl Pole {
    /// A pole near (`x`, `y`), off by a random step of deviation `spread`.
    fn near(random: &mut Random, x: f32, y: f32, spread: f32) -> Self {
        let mut bend = || (random.between(-0.12, 0.12), random.between(-PI, PI));
        let bends = [bend(), bend()];
        Self {
            x: x + spread * random.normal().clamp(-2.0, 2.0),
            y: y + spread * random.normal().clamp(-2.0, 2.0),
            bends,
        }
    }

    /// Flattens the argument around the direction `axis` in which a core opens: there the ridges
    /// run side by side, as in fingers, while bare zeros spread them like a fan.
    fn opening_to(mut self, random: &mut Random, axis: f32) -> Self {
        self.bends[0] = (random.between(-0.6, -0.3), -axis);
        self
    }

    /// The bent argument of the way from the pole to (`x`, `y`).
    fn argument(&self, x: f32, y: f32) -> f32 {
        let plain = libm::atan2f(self.y - y, x - self.x);
        let [first, second] = self.bends;
        plain + first.0 * libm::sinf(plain + first.1) + second.0 * libm::sinf(2.0 * plain + second.1)
    }
}

/// The field of ridge directions of one finger.
pub(super) struct Orientation {
    cores: Vec<Pole>,
    deltas: Vec<Pole>,
    dome: f32,
    dome_width: f32,
    dome_foot: f32,
    ripple: SmoothField,
}

impl Orientation {
    /// A random field of the class `pattern`.
    pub(super) fn new(random: &mut Random, pattern: Pattern) -> Self {
        let (cores, deltas) = poles(random, pattern);
        let dome = match pattern {
            Pattern::Arch => random.between(0.8, 1.4),
            _ => random.between(0.1, 0.35),
        };
        Self {
            cores,
            deltas,
            dome,
            dome_width: random.between(170.0, 210.0),
            dome_foot: random.between(60.0, 110.0),
            ripple: SmoothField::new(random, 5, 0.14, (140.0, 320.0)),
        }
    }

    /// The ridges' direction at (`x`, `y`).
    pub(super) fn at(&self, x: f32, y: f32) -> f32 {
        let turn = |poles: &[Pole]| poles.iter().map(|pole| pole.argument(x, y)).sum::<f32>();
        (turn(&self.cores) - turn(&self.deltas)) / 2.0 + self.dome_at(x, y) + self.ripple.at(x, y)
    }

    /// The slope of the dome: up on the left, down on the right, dying out below its foot.
    fn dome_at(&self, x: f32, y: f32) -> f32 {
        let below = ((y - self.dome_foot) / 60.0).max(0.0);
        let across = (x / self.dome_width).clamp(-1.0, 1.0);
        -self.dome * libm::sinf(across * PI / 2.0) / (1.0 + below * below)
    }
}

/// The cores and the deltas of a random finger of the class `pattern`.
fn poles(random: &mut Random, pattern: Pattern) -> (Vec<Pole>, Vec<Pole>) {
    match pattern {
        Pattern::Arch => (Vec::new(), Vec::new()),
        Pattern::LeftLoop => loop_poles(random, 1.0, -2.2),
        Pattern::RightLoop => loop_poles(random, -1.0, -PI + 2.2),
        Pattern::Whorl => whorl_poles(random),
    }
}

/// A core that opens to `axis` and a delta, on the right if `side` is 1 and on the left if -1.
fn loop_poles(random: &mut Random, side: f32, axis: f32) -> (Vec<Pole>, Vec<Pole>) {
    let core = Pole::near(random, 0.0, -20.0, 18.0).opening_to(random, axis);
    let delta = Pole::near(random, side * 110.0, 105.0, 24.0);
    (vec![core], vec![delta])
}

/// Two cores, the upper one open downwards and the lower one upwards, between two deltas.
fn whorl_poles(random: &mut Random) -> (Vec<Pole>, Vec<Pole>) {
    let apart = random.between(12.0, 45.0);
    let lean = random.between(-20.0, 20.0);
    let upper = Pole::near(random, -lean, -15.0 - apart, 14.0).opening_to(random, -PI / 2.0);
    let lower = Pole::near(random, lean, -15.0 + apart, 14.0).opening_to(random, PI / 2.0);
    let left = Pole::near(random, -115.0, 105.0, 22.0);
    let right = Pole::near(random, 115.0, 105.0, 22.0);
    (vec![upper, lower], vec![left, right])
}

#[cfg(test)]
mod tests {
    use super::*;
    use core::f32::consts::TAU;

    /// Half turns of the ridges' direction on a walk around (0, -20) at `radius`, anticlockwise.
    fn half_turns(pattern: Pattern, radius: f32) -> f32 {
        let field = Orientation::new(&mut Random::new(b"test of turning ", 3, 0), pattern);
        let direction = |step: i32| {
            let angle = TAU * step as f32 / 720.0;
            field.at(radius * libm::cosf(angle), -20.0 - radius * libm::sinf(angle))
        };
        let turned: f32 = (0..720)
            .map(|step| direction(step + 1) - direction(step))
            .map(|change| change - PI * (change / PI).round())
            .sum();
        (turned / PI).round()
    }

    #[test]
    fn each_pattern_has_its_number_of_cores() {
        assert_eq!(half_turns(Pattern::Arch, 70.0), 0.0);
        assert_eq!(half_turns(Pattern::LeftLoop, 70.0), 1.0);
        assert_eq!(half_turns(Pattern::RightLoop, 70.0), 1.0);
        assert_eq!(half_turns(Pattern::Whorl, 70.0), 2.0);
    }

    #[test]
    fn far_around_every_pattern_cores_and_deltas_cancel() {
        for pattern in [Pattern::Arch, Pattern::LeftLoop, Pattern::RightLoop, Pattern::Whorl] {
            assert_eq!(half_turns(pattern, 400.0), 0.0, "{pattern:?}");
        }
    }
}
