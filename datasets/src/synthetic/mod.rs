//! Synthetic fingers: images of fingerprints that nobody has, equal on every machine.
//!
//! Real fingerprints are personal data and may not be shipped, but a demonstration and a test need
//! images that a minutiae extractor reads as prints, of which some show the same finger. So a
//! [`Finger`] is grown from a seed, and each [`Finger::impression`] shows it as one more touch of a
//! sensor would: moved, turned, stretched, worn. The approach is that of SFinGe (Cappelli, Erol,
//! Maio, Maltoni: "Synthetic fingerprint-image generation", ICPR 2000), cut down to what the
//! purpose needs: `orientation` lays out the flow of the ridges, `ridges` grows them, and
//! `impression` prints them.
//!
//! The same seeds give the same bytes everywhere: the random stream is a fixed function of the
//! seeds (`random`), sines are computed in software, and all else is sums and products of `f32`
//! in a fixed order, which IEEE 754 defines to the bit.
//!
//! These images say how a program behaves, never how well it recognises people: error rates
//! measured on them are easier than on real skin.

mod impression;
mod orientation;
mod random;
mod ridges;

pub use orientation::Pattern;

use orientation::Orientation;
use random::Random;
use ridges::Ridges;

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
        let (width, height) = (self.width, self.height);
        image::write_buffer_with_format(
            &mut file,
            &self.pixels,
            width,
            height,
            image::ExtendedColorType::L8,
            image::ImageFormat::Png,
        )?;
        Ok(file.into_inner())
    }
}

/// A finger that nobody has: a pattern and its ridges.
pub struct Finger {
    seed: u64,
    pattern: Pattern,
    ridges: Ridges,
}

impl Finger {
    /// Grows the finger of this seed. Different seeds give fingers that do not match.
    pub fn new(seed: u64) -> Self {
        let random = &mut Random::new(b"synthetic finger", seed, 0);
        let pattern = Pattern::draw(random);
        let orientation = Orientation::new(random, pattern);
        let ridges = Ridges::grow(random, &orientation);
        Self { seed, pattern, ridges }
    }

    /// The class of the finger's pattern.
    pub fn pattern(&self) -> Pattern {
        self.pattern
    }

    /// One touch of the finger. Different seeds give different touches of the same finger.
    pub fn impression(&self, seed: u64) -> RidgeImage {
        let random = &mut Random::new(b"synthetic touch ", self.seed, seed);
        impression::press(&self.ridges, random)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The hash of finger 1's touch 1. It changes with every change of the generator on purpose,
    /// and must not change with the machine, the compiler or its options.
    const GOLDEN: u64 = 0x5c56155aa56e35be;

    /// The hash FNV-1a of 64 bits: enough to tell two images apart.
    fn hash(image: &RidgeImage) -> u64 {
        let mix = |hash: u64, byte: &u8| (hash ^ u64::from(*byte)).wrapping_mul(0x100_0000_01b3);
        image.pixels.iter().fold(0xcbf2_9ce4_8422_2325, mix)
    }

    #[test]
    fn images_are_plausible_and_fixed_by_the_seeds() {
        let (one, same, other) = (Finger::new(1), Finger::new(1), Finger::new(2));
        let image = one.impression(1);
        assert_eq!((image.width, image.height), (320, 400));
        assert_eq!(image.pixels.len(), 320 * 400);
        let dark = image.pixels.iter().filter(|pixel| **pixel < 128).count();
        let share = dark as f32 / image.pixels.len() as f32;
        assert!((0.1..0.5).contains(&share), "share of dark pixels {share}");

        assert_eq!(hash(&image), hash(&same.impression(1)));
        assert_eq!(hash(&image), GOLDEN, "a change of the images, or of platform");
        assert_ne!(hash(&image), hash(&one.impression(2)));
        assert_ne!(hash(&image), hash(&other.impression(1)));
    }
}
