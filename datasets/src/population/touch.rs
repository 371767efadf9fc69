//! One touch of a finger on a sensor: what two impressions of the same finger do not share.
//!
//! The finger lies shifted and turned, only an oval of its skin touches, the skin stretches, and how well ridges show
//! varies over the print: less at the rim, less in patches, less on some days. A few touches in a hundred are bad in
//! every way at once, for such there are in every collection, and they are the low tail of the genuine scores.

use super::master::Master;
use super::random::{Purpose, Random, SmoothField};

/// How a kind of sensor sees fingers.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Sensor {
    /// Pixels across at 500 ppi, at most 2047.
    pub width: u16,
    /// Pixels down at 500 ppi, at most 2047.
    pub height: u16,
    /// Smallest and largest semi-axis of the oval that touches, across. Unit: pixels.
    pub radii_across: (f64, f64),
    /// The same, down.
    pub radii_down: (f64, f64),
    /// Middle of the oval on the finger, above its middle. Unit: pixels.
    pub above: f64,
    /// Deviation of the oval's place on the finger, across and down. Unit: pixels.
    pub placement: (f64, f64),
    /// Deviation of the finger's turn. Unit: radians.
    pub turn: f64,
    /// Deviation of the skin's stretching. Unit: pixels.
    pub stretch: f64,
}

impl Sensor {
    /// A plain touch on a sensor of 16 x 19 mm: the usual single-finger scanner.
    pub const PLAIN: Self = Self {
        width: 320,
        height: 380,
        radii_across: (98.0, 130.0),
        radii_down: (122.0, 165.0),
        above: -10.0,
        placement: (15.0, 19.0),
        turn: 0.14,
        stretch: 2.1,
    };

    /// A plain touch on a sensor of 20 x 24 mm, where the oval of the finger ends the print.
    pub const LARGE: Self = Self {
        width: 400,
        height: 480,
        radii_across: (118.0, 152.0),
        radii_down: (148.0, 190.0),
        above: -12.0,
        placement: (15.0, 19.0),
        turn: 0.14,
        stretch: 2.4,
    };

    /// A print rolled from nail to nail.
    pub const ROLLED: Self = Self {
        width: 640,
        height: 680,
        radii_across: (215.0, 250.0),
        radii_down: (240.0, 285.0),
        above: -60.0,
        placement: (8.0, 14.0),
        turn: 0.07,
        stretch: 5.0,
    };
}

/// Share of the touches that are bad.
const BAD: f64 = 0.035;

/// All that chance decides about a touch.
pub(super) struct Touch {
    sine: f64,
    cosine: f64,
    shift: (f64, f64),
    middle: (f64, f64),
    radii: (f64, f64),
    stretch: [SmoothField; 2],
    shear: [f64; 4],
    /// Turn of the finger. Unit: radians, anticlockwise.
    pub(super) turn: f64,
    /// How well the whole touch shows ridges, as log-odds off the usual.
    pub(super) quality: f64,
    patches: SmoothField,
    /// Whether everything went wrong at once.
    pub(super) bad: bool,
}

impl Touch {
    /// Touch `number` of a finger.
    pub(super) fn new(master: &Master, number: u32, sensor: &Sensor) -> Self {
        let random = &mut Random::new(Purpose::Touch, [master.seed, u64::from(number)]);
        let bad = random.happens(BAD);
        let turn = random.near(0.0, sensor.turn);
        let (sine, cosine) = libm::sincos(turn);
        let place = |random: &mut Random, deviation: f64| random.near(0.0, deviation);
        let middle = (place(random, sensor.placement.0), sensor.above + place(random, sensor.placement.1));
        // A light touch is small both ways.
        let (weight, shape) = (random.unit(), random.near(0.0, 0.06));
        let small = if bad { random.between(0.6, 0.85) } else { 1.0 } * master.size;
        let radius = |(least, most): (f64, f64)| (least + (most - least) * weight) * small;
        let radii = (radius(sensor.radii_across) * (1.0 + shape), radius(sensor.radii_down) * (1.0 - shape));
        Self {
            sine,
            cosine,
            shift: (random.near(0.0, 10.0), random.near(0.0, 12.0)),
            middle,
            radii,
            stretch: core::array::from_fn(|_| SmoothField::new(random, sensor.stretch, (150.0, 420.0))),
            shear: core::array::from_fn(|_| random.near(0.0, 0.012)),
            turn,
            quality: master.skin + random.near(0.0, 0.85) - if bad { 1.9 } else { 0.0 },
            patches: SmoothField::new(random, 0.95, (70.0, 240.0)),
            bad,
        }
    }

    /// How far out a place of the finger is in the oval that touches: 0 in its middle, 1 at its rim.
    pub(super) fn outwards(&self, x: f64, y: f64) -> f64 {
        let (across, up) = ((x - self.middle.0) / self.radii.0, (y - self.middle.1) / self.radii.1);
        libm::sqrt(across * across + up * up)
    }

    /// The place of the finger at this direction and share of the way from the middle of the oval to its rim.
    pub(super) fn inside(&self, direction: f64, share: f64) -> (f64, f64) {
        let (sine, cosine) = libm::sincos(direction);
        (self.middle.0 + self.radii.0 * share * cosine, self.middle.1 + self.radii.1 * share * sine)
    }

    /// Area of the oval. Unit: square pixels.
    pub(super) fn area(&self) -> f64 {
        core::f64::consts::PI * self.radii.0 * self.radii.1
    }

    /// How well ridges show at a place of the finger that is `outwards` in the oval, as log-odds off the usual.
    pub(super) fn quality_at(&self, (x, y): (f64, f64), outwards: f64) -> f64 {
        let rim = ((outwards - 0.72) / 0.28).max(0.0);
        self.quality + self.patches.at(x, y) - 1.6 * rim * rim
    }

    /// Where a place of the finger lies on the sensor, in px from its middle, y up.
    pub(super) fn on_sensor(&self, (x, y): (f64, f64)) -> (f64, f64) {
        let (dx, dy) = (x - self.middle.0, y - self.middle.1);
        let (sx, sy) = self.stretched(x, y);
        let (sx, sy) = (dx + sx, dy + sy);
        (sx * self.cosine - sy * self.sine + self.shift.0, sx * self.sine + sy * self.cosine + self.shift.1)
    }

    /// Which place of the finger lies at a place of the sensor: the other way round. Skin is stretched by a few px over a
    /// hundred, so the second guess is right to a twentieth of a pixel.
    pub(super) fn on_finger(&self, (x, y): (f64, f64)) -> (f64, f64) {
        let (sx, sy) = (x - self.shift.0, y - self.shift.1);
        let x = sx * self.cosine + sy * self.sine + self.middle.0;
        let y = sy * self.cosine - sx * self.sine + self.middle.1;
        let (first_x, first_y) = self.stretched(x, y);
        let (second_x, second_y) = self.stretched(x - first_x, y - first_y);
        (x - second_x, y - second_y)
    }

    /// How far the skin at a place of the finger is stretched.
    fn stretched(&self, x: f64, y: f64) -> (f64, f64) {
        let (dx, dy) = (x - self.middle.0, y - self.middle.1);
        let [a, b, c, d] = self.shear;
        (a * dx + b * dy + self.stretch[0].at(x, y), c * dx + d * dy + self.stretch[1].at(x, y))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::population::Population;
    use whorl_engine::minutia::FingerPosition;

    #[test]
    fn what_lies_on_the_sensor_is_found_on_the_finger() {
        let finger = Population::new(6).person(1).finger(FingerPosition::try_from(2).unwrap());
        for number in 1..50 {
            let touch = Touch::new(&finger, number, &Sensor::PLAIN);
            for place in [(-80.0, 100.0), (0.0, 0.0), (90.0, -120.0)] {
                let (x, y) = touch.on_finger(touch.on_sensor(place));
                assert!((x - place.0).hypot(y - place.1) < 0.3, "{number}: {x} {y}");
            }
        }
    }
}
