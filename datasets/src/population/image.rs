//! Ridge images: what a sensor would show of the touch whose minutiae an impression has.
//!
//! After the later steps of SFinGe (Cappelli, "Synthetic fingerprint generation", in the Handbook of Fingerprint Recognition): the
//! touch says where each place of the finger lies, how far the skin touches and how well ridges show there; pressure and
//! moisture make ridges thick or thin, and grain, dirt and scratches spoil some of it.
//!
//! The image is made backwards: each pixel asks which place of the finger lies on it, so there are no holes to fill.

use core::f64::consts::TAU;

use super::master::Master;
use super::random::{Purpose, Random, SmoothField, whole};
use super::ridges::Ridges;
use super::touch::{Sensor, Touch};

/// A grey image of a ridge pattern at 500 ppi, dark ridges on light ground.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RidgeImage {
    /// Pixels in a row.
    pub width: u32,
    /// Rows.
    pub height: u32,
    /// One byte for each pixel, 0 for black, row after row from the top.
    pub pixels: Vec<u8>,
}

impl RidgeImage {
    /// The image as a PNG file, as a sensor's software would send it.
    pub fn to_png(&self) -> Result<Vec<u8>, image::ImageError> {
        let mut file = std::io::Cursor::new(Vec::new());
        image::write_buffer_with_format(
            &mut file,
            &self.pixels,
            self.width,
            self.height,
            image::ExtendedColorType::L8,
            image::ImageFormat::Png,
        )?;
        Ok(file.into_inner())
    }
}

/// A finger with ridges, as far as it may touch one kind of sensor. Growing them takes a quarter of a second or so.
pub struct Skin {
    master: Master,
    sensor: Sensor,
    ridges: Ridges,
}

impl Skin {
    /// Grows the ridges.
    pub fn new(master: Master, sensor: &Sensor) -> Self {
        let ridges = Ridges::grow(&master, sensor);
        Self { master, sensor: *sensor, ridges }
    }

    /// The finger.
    pub fn master(&self) -> &Master {
        &self.master
    }

    /// The image of touch `number`: the same touch as that of [`Master::impression`].
    pub fn image(&self, number: u32) -> RidgeImage {
        let touch = Touch::new(&self.master, number, &self.sensor);
        let random = &mut Random::new(Purpose::Image, [self.master.seed, u64::from(number)]);
        let print = Print { skin: self, touch, surface: Surface::new(random) };
        let (width, height) = (usize::from(self.sensor.width), usize::from(self.sensor.height));
        let grain = soft_noise(random, width, height);
        let mut pixels = Vec::with_capacity(width * height);
        for row in 0..height {
            for column in 0..width {
                let ink = print.ink(column, row, grain[row * width + column]);
                let grey = PAPER + (print.surface.darkest - PAPER) * ink + random.between(-5.0, 5.0);
                pixels.push(u8::try_from(whole(grey + 0.5)).unwrap_or(u8::MAX));
            }
        }
        RidgeImage { width: self.sensor.width.into(), height: self.sensor.height.into(), pixels }
    }
}

/// Grey of the sensor where nothing touches.
const PAPER: f64 = 250.0;

/// What the sensor's surface and the skin's moisture do to a touch.
struct Surface {
    limit: f64,
    dryness: SmoothField,
    darkest: f64,
    rim: SmoothField,
    scratches: Vec<Scratch>,
}

impl Surface {
    fn new(random: &mut Random) -> Self {
        let scratches = random.poisson(1.2);
        Self {
            limit: random.near(0.0, 0.2),
            dryness: SmoothField::new(random, 0.2, (60.0, 200.0)),
            darkest: random.between(30.0, 80.0),
            rim: SmoothField::new(random, 0.03, (25.0, 90.0)),
            scratches: (0..scratches).map(|_| Scratch::new(random)).collect(),
        }
    }
}

/// A straight line where no ink comes off: a scratch on the skin or a hair on the sensor.
struct Scratch {
    middle: (f64, f64),
    sine: f64,
    cosine: f64,
    half_length: f64,
    half_width: f64,
}

impl Scratch {
    fn new(random: &mut Random) -> Self {
        let (sine, cosine) = libm::sincos(random.between(0.0, TAU));
        Self {
            middle: (random.between(-110.0, 110.0), random.between(-140.0, 140.0)),
            sine,
            cosine,
            half_length: random.between(15.0, 60.0),
            half_width: random.between(0.6, 1.2),
        }
    }

    /// Share of the ink that is left at (`x`, `y`).
    fn ink_left(&self, (x, y): (f64, f64)) -> f64 {
        let (x, y) = (x - self.middle.0, y - self.middle.1);
        let along = (x * self.cosine + y * self.sine).abs();
        let aside = (x * self.sine - y * self.cosine).abs();
        let beyond = (along - self.half_length).max(aside - self.half_width);
        (0.15 + beyond).clamp(0.15, 1.0)
    }
}

/// One touch, with all that decides about its pixels.
struct Print<'a> {
    skin: &'a Skin,
    touch: Touch,
    surface: Surface,
}

impl Print<'_> {
    /// How much ink the skin leaves on a pixel, 0 to 1; `grain` is the noise there.
    fn ink(&self, column: usize, row: usize, grain: f64) -> f64 {
        let sensor = &self.skin.sensor;
        let on_sensor =
            (column as f64 - f64::from(sensor.width) / 2.0, f64::from(sensor.height) / 2.0 - row as f64);
        let place = self.touch.on_finger(on_sensor);
        let outwards = self.touch.outwards(place.0, place.1);
        if outwards > 1.2 {
            return 0.0;
        }
        let contact = ((1.0 + self.surface.rim.at(place.0, place.1) - outwards) / 0.06).clamp(0.0, 1.0);
        let Some(height) = self.skin.ridges.at(place).filter(|_| contact > 0.0) else {
            return 0.0;
        };
        // Where ridges show badly there is more grain, and the skin is too dry to touch.
        let badly = (-self.touch.quality_at(place, 0.0)).clamp(-2.0, 3.0);
        // The two figures put the scores of mates among those of the real sets in docs/src/population.md.
        let noise = (0.38 + 0.3 * badly).max(0.1) * grain;
        let dry = self.surface.limit + self.surface.dryness.at(place.0, place.1) + 0.08 * badly;
        let over = f64::from(height) + noise - dry - 0.8 * (1.0 - contact);
        let over = (0.5 + over / 1.2).clamp(0.0, 1.0);
        let even = over * over * (3.0 - 2.0 * over);
        let left = |ink: f64, scratch: &Scratch| ink * scratch.ink_left(place);
        self.surface.scratches.iter().fold(even * contact.sqrt(), left)
    }
}

/// Noise of deviation about 1 whose grains are a few pixels wide: uniform noise, blurred along the rows and
/// then along the columns, each time by 1-2-1 and by 1-0-2-0-1. A row's end runs into the next row, unseen.
fn soft_noise(random: &mut Random, width: usize, height: usize) -> Vec<f64> {
    let mut noise: Vec<f64> = (0..width * height).map(|_| random.between(-10.1, 10.1)).collect();
    for step in [1, 2, width, 2 * width] {
        for place in 0..noise.len() - 2 * step {
            noise[place] = (noise[place] + 2.0 * noise[place + step] + noise[place + 2 * step]) / 4.0;
        }
    }
    noise
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::population::Population;
    use whorl_engine::extraction::mindtct;
    use whorl_engine::minutia::{FingerPosition, Minutia};
    use whorl_engine::stages::s2_alignment;
    use whorl_engine::template::{Probe, Template};

    #[test]
    fn the_grain_has_deviation_1() {
        let noise = soft_noise(&mut Random::new(Purpose::Image, [0, 0]), 300, 200);
        let square = noise.iter().map(|n| n * n).sum::<f64>() / noise.len() as f64;
        assert!((0.8..1.2).contains(&square.sqrt()), "deviation {}", square.sqrt());
    }

    #[test]
    fn a_scratch_takes_ink_on_its_line_only() {
        let scratch =
            Scratch { middle: (10.0, 0.0), sine: 0.0, cosine: 1.0, half_length: 20.0, half_width: 1.0 };
        assert!(scratch.ink_left((10.0, 0.0)) < 0.2);
        assert_eq!(scratch.ink_left((10.0, 5.0)), 1.0);
        assert_eq!(scratch.ink_left((35.0, 0.0)), 1.0);
    }

    /// The hash of a touch. It changes with every change of the generator on purpose, and must not change with the machine, the
    /// compiler or its options.
    const GOLDEN: u64 = 0xbf48_94b7_bc82_0a85;

    fn skin(person: u64) -> Skin {
        let position = FingerPosition::try_from(2).unwrap();
        Skin::new(Population::new(8).person(person).finger(position), &Sensor::PLAIN)
    }

    #[test]
    fn images_are_plausible_and_fixed_by_their_numbers() {
        let (one, other) = (skin(1), skin(2));
        let image = one.image(1);
        assert_eq!((image.width, image.height, image.pixels.len()), (320, 380, 320 * 380));
        let dark = image.pixels.iter().filter(|pixel| **pixel < 128).count();
        let share = dark as f64 / image.pixels.len() as f64;
        assert!((0.1..0.5).contains(&share), "share of dark pixels {share}");
        // FNV-1a of 64 bits: enough to tell two images apart.
        let mix = |hash: u64, byte: &u8| (hash ^ u64::from(*byte)).wrapping_mul(0x100_0000_01b3);
        let hash = image.pixels.iter().fold(0xcbf2_9ce4_8422_2325, mix);
        assert_eq!(hash, GOLDEN, "a change of the images, or of platform: {hash:#x}");
        assert_ne!(image, one.image(2));
        assert_ne!(image, other.image(1));
    }

    fn found(image: RidgeImage) -> Vec<Minutia> {
        mindtct::minutiae(&image::GrayImage::from_raw(image.width, image.height, image.pixels).unwrap())
            .unwrap()
    }

    #[test]
    fn mindtct_finds_most_of_the_good_minutiae_again_and_images_of_a_finger_match() {
        let (mut good, mut again) = (0, 0);
        let prints: Vec<_> = (0..8).map(|person| (skin(person), [1, 2])).collect();
        let templates = prints.iter().map(|(skin, touches)| {
            touches.map(|touch| {
                let found = found(skin.image(touch));
                let all = skin.master().impression(touch, &Sensor::PLAIN);
                let sought: Vec<_> = all.iter().filter(|minutia| minutia.quality >= 30).collect();
                good += sought.len();
                again +=
                    sought.iter().filter(|sought| found.iter().any(|other| is_near(sought, other))).count();
                Template::new(&found).unwrap()
            })
        });
        let templates: Vec<_> = templates.collect();
        let score = |a: &Template, b: &Template| s2_alignment::score(&Probe::new(a.clone()), b.view());
        let mates = templates.iter().filter(|[one, other]| score(one, other) > 0).count();
        let strangers = templates.windows(2).filter(|pair| score(&pair[0][0], &pair[1][1]) > 0).count();
        println!("{again} of {good} good minutiae found again");
        assert!(good > 200 && 100 * again > 58 * good, "{again} of {good}");
        assert!(mates >= 7 && strangers == 0, "{mates} mates, {strangers} strangers");
    }

    /// Within 12 px and 30 degrees.
    fn is_near(one: &Minutia, other: &Minutia) -> bool {
        let (dx, dy) = (u32::from(other.x.abs_diff(one.x)), u32::from(other.y.abs_diff(one.y)));
        let turn = other.direction.wrapping_sub(one.direction).cast_signed();
        dx * dx + dy * dy <= 144 && turn.unsigned_abs() <= 21
    }
}
