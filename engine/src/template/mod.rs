//! Templates: what is compared. Packed for the kernels, made at enrolment on the CPU, equal on every machine.
//!
//! A [`Template`] is 304 words (1 216 bytes, nineteen 64-byte lines), the same on the CPU and the GPU:
//!
//! | words | what |
//! | --- | --- |
//! | 0..256 | descriptors, 8 words a minutia, best quality first |
//! | 256..288 | geometry: x in bits 0-10, y (upwards) in bits 11-21, direction in bits 22-29 |
//! | 288..304 | popcounts of the descriptors, two 16-bit values a word, the even minutia low |
//!
//! A [`Probe`] is a template with the tolerance of each pair of its minutiae, which depends on the probe alone and
//! so is looked up, not computed, in the kernel.
#![expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "at most 32 minutiae, and squared tolerances below 2^22"
)]

mod descriptor;
mod tables;

pub use descriptor::DESCRIPTOR_WORDS;
pub use tables::{
    ANGLES, LENGTH_SHIFT, RECIPROCALS, ROTATION_SHIFT, SIMILARITY_SHIFT, Tables, WEIGHT_SHIFT, WEIGHTS,
};

use crate::minutia::Minutia;
use crate::tunables as t;
use descriptor::{Placed, descriptor};

/// Word at which the geometry of the minutiae begins.
pub const GEOMETRY_AT: usize = t::STAGE1_MINUTIAE * DESCRIPTOR_WORDS;
/// Word at which the popcounts begin.
pub const POPCOUNTS_AT: usize = GEOMETRY_AT + t::STAGE1_MINUTIAE;
/// Words of a template.
pub const TEMPLATE_WORDS: usize = POPCOUNTS_AT + t::STAGE1_MINUTIAE / 2;
/// Entries of [`Probe::tolerances`].
pub const TOLERANCES: usize = t::STAGE1_MINUTIAE * t::STAGE1_MINUTIAE;

/// Largest distance between the outermost minutiae, across or down, that the geometry can hold. Unit: pixels.
pub const EXTENT_PX_MAX: u16 = 2047;

/// One finger, packed for stage 1.
#[derive(Clone, PartialEq, Eq)]
pub struct Template {
    count: u32,
    words: Box<[u32; TEMPLATE_WORDS]>,
}

impl Template {
    /// Packs the best [`t::STAGE1_MINUTIAE`] minutiae, with descriptors made from all of them.
    ///
    /// Minutiae of equal quality (or of none) keep their order. `None` when they span more than
    /// [`EXTENT_PX_MAX`] pixels: no finger does.
    pub fn new(minutiae: &[Minutia]) -> Option<Self> {
        let placed = placed(minutiae)?;
        let mut order: Vec<usize> = (0..minutiae.len()).collect();
        order.sort_by_key(|&i| core::cmp::Reverse(minutiae[i].quality));
        order.truncate(t::STAGE1_MINUTIAE);
        let mut words = Box::new([0u32; TEMPLATE_WORDS]);
        for (row, &of) in order.iter().enumerate() {
            let bits = descriptor(&placed, of);
            let popcount: u32 = bits.iter().map(|w| w.count_ones()).sum();
            words[row * DESCRIPTOR_WORDS..][..DESCRIPTOR_WORDS].copy_from_slice(&bits);
            words[GEOMETRY_AT + row] = geometry(&placed[of]);
            words[POPCOUNTS_AT + row / 2] |= popcount << (16 * (row % 2));
        }
        Some(Self { count: order.len() as u32, words })
    }

    /// Minutiae in it, 0 to [`t::STAGE1_MINUTIAE`].
    pub fn count(&self) -> u32 {
        self.count
    }

    /// The packed words; those past the last minutia are 0.
    pub fn words(&self) -> &[u32; TEMPLATE_WORDS] {
        &self.words
    }
}

/// One finger to be compared.
pub struct Probe {
    template: Template,
    tolerances: Box<[u32; TOLERANCES]>,
}

impl Probe {
    /// Adds the squared tolerance of each pair of minutiae, in 1/64 square pixels (below 2^22).
    pub fn new(template: Template) -> Self {
        let mut tolerances = Box::new([0u32; TOLERANCES]);
        let unit = f64::from(1u32 << LENGTH_SHIFT);
        let place = |i: usize| unpack(template.words[GEOMETRY_AT + i]);
        for i in 0..template.count as usize {
            for k in 0..template.count as usize {
                let ((xi, yi, _), (xk, yk, _)) = (place(i), place(k));
                let length = libm::sqrt(f64::from((xk - xi) * (xk - xi) + (yk - yi) * (yk - yi)));
                let tolerance =
                    libm::round((t::OFFSET_TOLERANCE_PX + t::OFFSET_TOLERANCE_SHARE * length) * unit);
                tolerances[i * t::STAGE1_MINUTIAE + k] = (tolerance * tolerance) as u32;
            }
        }
        Self { template, tolerances }
    }

    /// The template.
    pub fn template(&self) -> &Template {
        &self.template
    }

    /// Squared tolerances, row i, column k.
    pub fn tolerances(&self) -> &[u32; TOLERANCES] {
        &self.tolerances
    }
}

fn placed(minutiae: &[Minutia]) -> Option<Vec<Placed>> {
    let left = minutiae.iter().map(|m| m.x).min().unwrap_or(0);
    let right = minutiae.iter().map(|m| m.x).max().unwrap_or(0);
    let top = minutiae.iter().map(|m| m.y).min().unwrap_or(0);
    let bottom = minutiae.iter().map(|m| m.y).max().unwrap_or(0);
    let fits = right - left <= EXTENT_PX_MAX && bottom - top <= EXTENT_PX_MAX;
    fits.then(|| {
        let place = |m: &Minutia| Placed {
            x: i32::from(m.x - left),
            y: i32::from(bottom - m.y),
            direction: m.direction,
        };
        minutiae.iter().map(place).collect()
    })
}

fn geometry(placed: &Placed) -> u32 {
    placed.x.cast_unsigned() | placed.y.cast_unsigned() << 11 | u32::from(placed.direction) << 22
}

/// x, y, direction of a geometry word.
pub fn unpack(geometry: u32) -> (i32, i32, u32) {
    let field = |shift: u32, mask: u32| geometry >> shift & mask;
    (field(0, 0x7FF).cast_signed(), field(11, 0x7FF).cast_signed(), field(22, 0xFF))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::minutia::MinutiaType;

    fn minutia(x: u16, y: u16, quality: u8) -> Minutia {
        Minutia { kind: MinutiaType::RidgeEnding, x, y, direction: 10, quality }
    }

    #[test]
    fn the_best_are_kept_in_order_of_quality_and_the_rest_of_the_words_are_zero() {
        let list: Vec<_> = (0..40).map(|i| minutia(i * 5, 100, (i % 4) as u8 + 1)).collect();
        let template = Template::new(&list).unwrap();
        assert_eq!(template.count(), 32);
        // Quality 4 first, and among equals the first given: x = 15 (the fourth), then 35.
        assert_eq!(unpack(template.words()[GEOMETRY_AT]), (15, 0, 10));
        assert_eq!(unpack(template.words()[GEOMETRY_AT + 1]), (35, 0, 10));
        let few = Template::new(&list[..3]).unwrap();
        assert!(few.words()[GEOMETRY_AT + 3..POPCOUNTS_AT].iter().all(|&w| w == 0));
    }

    #[test]
    fn popcounts_are_those_of_the_descriptors() {
        let list: Vec<_> = (0..31).map(|i| minutia(i * 7 % 90, i * 13 % 90, 50)).collect();
        let template = Template::new(&list).unwrap();
        for i in 0..31 {
            let ones: u32 = template.words()[i * 8..][..8].iter().map(|w| w.count_ones()).sum();
            assert_eq!(template.words()[POPCOUNTS_AT + i / 2] >> (16 * (i % 2)) & 0xFFFF, ones);
        }
    }

    #[test]
    fn a_print_wider_than_any_finger_is_not_packed() {
        assert!(Template::new(&[minutia(0, 0, 1), minutia(2048, 0, 1)]).is_none());
        assert!(Template::new(&[minutia(9000, 0, 1), minutia(11_047, 0, 1)]).is_some());
    }

    #[test]
    fn tolerances_grow_with_length() {
        let probe = Probe::new(Template::new(&[minutia(0, 0, 9), minutia(100, 0, 9)]).unwrap());
        // 10 px, then 10 + 0.07 * 100 = 17 px, in eighths, squared.
        assert_eq!((probe.tolerances()[0], probe.tolerances()[1]), (80 * 80, 136 * 136));
    }
}
