//! One touch of a finger on a sensor: what two images of the same finger do not share.
//!
//! After the later steps of SFinGe (Cappelli, "Synthetic fingerprint generation", in the Handbook
//! of Fingerprint Recognition): the finger lies shifted and turned, only an oval of its skin
//! touches, the skin stretches, pressure and moisture make ridges thick or thin, and dirt, dry
//! spots and scratches spoil some of it. Each is drawn anew for every impression; a
//! [`SmoothField`] serves for those that vary over the skin.
//!
//! The image is made backwards: each pixel asks which place of the finger lies on it, so there are
//! no holes to fill. Skin slides by a couple of pixels only, so this is as good as the forward way.

use core::f32::consts::TAU;

use super::RidgeImage;
use super::random::{Random, SmoothField, whole};
use super::ridges::Ridges;

/// Width of an impression, in px at 500 ppi.
const WIDTH: u32 = 320;
/// Height of an impression, in px at 500 ppi.
const HEIGHT: u32 = 400;
/// Pixels of an impression.
const PIXELS: usize = (WIDTH * HEIGHT) as usize;

/// Grey of the sensor where nothing touches.
const PAPER: f32 = 250.0;

/// A straight line where no ink comes off: a scratch on the skin or a hair on the sensor.
struct Scratch {
    middle: (f32, f32),
    along: (f32, f32),
    half_length: f32,
    half_width: f32,
}

impl Scratch {
    fn new(random: &mut Random) -> Self {
        let direction = random.between(0.0, TAU);
        Self {
            middle: (random.between(-110.0, 110.0), random.between(-140.0, 140.0)),
            along: (libm::cosf(direction), libm::sinf(direction)),
            half_length: random.between(15.0, 60.0),
            half_width: random.between(0.6, 1.2),
        }
    }

    /// Share of the ink that is left at (`x`, `y`).
    fn ink_left(&self, x: f32, y: f32) -> f32 {
        let (x, y) = (x - self.middle.0, y - self.middle.1);
        let along = (x * self.along.0 + y * self.along.1).abs();
        let aside = (x * self.along.1 - y * self.along.0).abs();
        let beyond = (along - self.half_length).max(aside - self.half_width);
        (0.15 + beyond).clamp(0.15, 1.0)
    }
}

/// All that chance decides about a touch.
struct Touch {
    shift: (f32, f32),
    cosine: f32,
    sine: f32,
    stretch_x: SmoothField,
    stretch_y: SmoothField,
    contact_middle: (f32, f32),
    contact_radii: (f32, f32),
    contact_rim: SmoothField,
    limit: f32,
    dryness: SmoothField,
    grain: f32,
    darkest: f32,
    scratches: Vec<Scratch>,
}

impl Touch {
    fn new(random: &mut Random) -> Self {
        let mut step = |deviation: f32, most: f32| (deviation * random.normal()).clamp(-most, most);
        let shift = (step(12.0, 30.0), step(12.0, 30.0));
        let angle = step(6.0, 20.0).to_radians();
        let contact_middle = (step(5.0, 10.0), step(7.0, 14.0));
        let limit = step(0.2, 0.4);
        let scratches = whole(random.between(0.0, 3.0));
        Self {
            shift,
            cosine: libm::cosf(angle),
            sine: libm::sinf(angle),
            stretch_x: SmoothField::new(random, 4, 2.5, (150.0, 400.0)),
            stretch_y: SmoothField::new(random, 4, 2.5, (150.0, 400.0)),
            contact_middle,
            contact_radii: (random.between(115.0, 142.0), random.between(150.0, 185.0)),
            contact_rim: SmoothField::new(random, 5, 0.03, (25.0, 90.0)),
            limit,
            dryness: SmoothField::new(random, 5, 0.2, (60.0, 200.0)),
            grain: random.between(0.15, 0.42),
            darkest: random.between(30.0, 80.0),
            scratches: (0..scratches).map(|_| Scratch::new(random)).collect(),
        }
    }

    /// The place of the skin, in px from the finger's middle, on the pixel (`column`, `row`),
    /// before it is stretched.
    fn skin_at(&self, column: u32, row: u32) -> (f32, f32) {
        let x = column as f32 - WIDTH as f32 / 2.0 - self.shift.0;
        let y = row as f32 - HEIGHT as f32 / 2.0 - self.shift.1;
        (x * self.cosine + y * self.sine, y * self.cosine - x * self.sine)
    }

    /// How well the skin at (`x`, `y`) touches: 1 within the oval, 0 outside, less at its rim.
    fn contact(&self, x: f32, y: f32) -> f32 {
        let across = (x - self.contact_middle.0) / self.contact_radii.0;
        let down = (y - self.contact_middle.1) / self.contact_radii.1;
        let from_middle = (across * across + down * down).sqrt();
        if from_middle > 1.2 {
            return 0.0;
        }
        ((1.0 + self.contact_rim.at(x, y) - from_middle) / 0.06).clamp(0.0, 1.0)
    }

    /// How much ink the skin at (`x`, `y`) leaves, 0 to 1; `grain` is the noise there.
    fn ink(&self, ridges: &Ridges, (x, y): (f32, f32), grain: f32) -> f32 {
        let contact = self.contact(x, y);
        if contact == 0.0 {
            return 0.0;
        }
        let (sx, sy) = (x + self.stretch_x.at(x, y), y + self.stretch_y.at(x, y));
        let Some(height) = ridges.at(sx, sy) else {
            return 0.0;
        };
        let limit = self.limit + self.dryness.at(x, y) + 0.8 * (1.0 - contact);
        let over = (0.5 + (height + self.grain * grain - limit) / 1.2).clamp(0.0, 1.0);
        let even = over * over * (3.0 - 2.0 * over);
        let left = |ink: f32, scratch: &Scratch| ink * scratch.ink_left(x, y);
        self.scratches.iter().fold(even * contact.sqrt(), left)
    }
}

/// The image of one touch of the finger with these `ridges`.
pub(super) fn press(ridges: &Ridges, random: &mut Random) -> RidgeImage {
    let touch = Touch::new(random);
    let grain = soft_noise(random);
    let places = (0..HEIGHT).flat_map(|row| (0..WIDTH).map(move |column| (column, row)));
    let pixel = |((column, row), grain): ((u32, u32), &f32)| {
        let ink = touch.ink(ridges, touch.skin_at(column, row), *grain);
        to_byte(PAPER + (touch.darkest - PAPER) * ink + random.between(-5.0, 5.0))
    };
    RidgeImage { width: WIDTH, height: HEIGHT, pixels: places.zip(&grain).map(pixel).collect() }
}

/// The nearest grey level of a byte.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "the cast rounds down, and black or white is right for what is beyond them"
)]
fn to_byte(grey: f32) -> u8 {
    (grey + 0.5) as u8
}

/// Noise of deviation about 1 whose grains are a few pixels wide: uniform noise, blurred by
/// 1-2-1 along the rows and then along the columns. A row's end runs into the next row, unseen.
fn soft_noise(random: &mut Random) -> Vec<f32> {
    let mut noise: Vec<f32> = (0..PIXELS).map(|_| random.between(-4.6, 4.6)).collect();
    for step in [1, WIDTH as usize] {
        for place in 0..noise.len() - 2 * step {
            noise[place] = (noise[place] + 2.0 * noise[place + step] + noise[place + 2 * step]) / 4.0;
        }
    }
    noise
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_grain_has_deviation_1() {
        let noise = soft_noise(&mut Random::new(b"test of noise   ", 0, 0));
        let square = noise.iter().map(|n| n * n).sum::<f32>() / noise.len() as f32;
        assert!((0.8..1.2).contains(&square.sqrt()), "deviation {}", square.sqrt());
    }

    #[test]
    fn a_scratch_takes_ink_on_its_line_only() {
        let scratch = Scratch { middle: (10.0, 0.0), along: (1.0, 0.0), half_length: 20.0, half_width: 1.0 };
        assert!(scratch.ink_left(10.0, 0.0) < 0.2);
        assert_eq!(scratch.ink_left(10.0, 5.0), 1.0);
        assert_eq!(scratch.ink_left(35.0, 0.0), 1.0);
    }
}
