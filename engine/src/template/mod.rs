//! Templates: what is compared. Packed for the kernels, made at enrolment on the CPU, equal on every machine.
//!
//! A [`Template`] is 448 words (1 792 bytes, twenty-eight 64-byte lines), the same on the CPU and the GPU:
//!
//! | words | what |
//! | --- | --- |
//! | 0..384 | descriptors, 8 words a minutia |
//! | 384..432 | geometry: x in bits 0-10, y (upwards) in bits 11-21, direction in bits 22-29 |
//! | 432..444 | popcounts of the descriptors, four 8-bit values a word, the first lowest |
//! | 444 | minutiae that stage 1 compares in bits 0-7, all minutiae in bits 8-15 |
//! | 445 | mean and deviation of its scores with the cohort, see [`crate::normalisation`] |
//! | 446..448 | 0 |
//!
//! The best 32 minutiae come first and are what stage 1 compares, then the next best up to 48 for later stages. Each of the
//! two groups is in order of direction: neighbours are then let through or barred by the direction gate together,
//! and a kernel can pass over many of them at once.

mod descriptor;
mod layout;
mod probe;
mod tables;

pub use descriptor::DESCRIPTOR_WORDS;
pub(crate) use layout::unpack;
pub use layout::{COUNTS_AT, GEOMETRY_AT, NORMALISATION_AT, POPCOUNTS_AT, TEMPLATE_WORDS, TemplateRef};
pub use probe::{LINK_TOLERANCES, Probe, TOLERANCES};
pub use tables::{
    ANGLES, LENGTH_SHIFT, RECIPROCALS, ROTATION_SHIFT, SIMILARITY_BITS, SIMILARITY_SHIFT, Tables, WEIGHT_BITS,
};

use crate::minutia::Minutia;
use crate::normalisation::Normalisation;
use crate::tunables as t;
use descriptor::{Placed, descriptor};

/// Largest distance between the outermost minutiae, across or down, that the geometry can hold. Unit: pixels.
pub const EXTENT_PX_MAX: u16 = 2047;

/// One finger, packed for the stages.
#[derive(Clone, PartialEq, Eq)]
pub struct Template(Box<[u32; TEMPLATE_WORDS]>);

impl Template {
    /// Packs the best [`t::STAGE2_MINUTIAE`] minutiae, with descriptors made from all of them.
    ///
    /// Of minutiae of equal quality (or of none) the first given are the better ones. `None` when they span more than
    /// [`EXTENT_PX_MAX`] pixels: no finger does.
    pub fn new(minutiae: &[Minutia]) -> Option<Self> {
        let mut template = Self::without_normalisation(minutiae)?;
        template.0[NORMALISATION_AT] = Normalisation::of_reference(&template).0;
        Some(template)
    }

    /// The same, but for the normalisation, which is that of the cohort itself: none.
    pub(crate) fn without_normalisation(minutiae: &[Minutia]) -> Option<Self> {
        let placed = placed(minutiae)?;
        let mut order: Vec<usize> = (0..minutiae.len()).collect();
        order.sort_by_key(|&i| core::cmp::Reverse(minutiae[i].quality));
        order.truncate(t::STAGE2_MINUTIAE);
        let (stage1, rest) = order.split_at_mut(minutiae.len().min(t::STAGE1_MINUTIAE));
        stage1.sort_by_key(|&i| minutiae[i].direction);
        rest.sort_by_key(|&i| minutiae[i].direction);
        let stage1_count = stage1.len();
        let packed = |&i: &usize| {
            let Placed { x, y, direction } = placed[i];
            (layout::pack(x, y, direction), countable(descriptor(&placed, i)))
        };
        let packed: Vec<_> = order.iter().map(packed).collect();
        Some(Self(Box::new(layout::words(&packed, stage1_count))))
    }

    /// Of at most [`t::STAGE2_MINUTIAE`] minutiae made up of any bits, in this order: geometry as x, y and direction.
    #[cfg(test)]
    #[expect(clippy::type_complexity, reason = "place and direction, and bits")]
    pub(crate) fn made_up(minutiae: &[((i32, i32, u8), [u32; DESCRIPTOR_WORDS])]) -> Self {
        let pack = |&((x, y, direction), bits): &_| (layout::pack(x, y, direction), countable(bits));
        let stage1_count = minutiae.len().min(t::STAGE1_MINUTIAE);
        Self(Box::new(layout::words(&minutiae.iter().map(pack).collect::<Vec<_>>(), stage1_count)))
    }

    /// What is in it.
    pub fn view(&self) -> TemplateRef<'_> {
        TemplateRef::new(&self.0)
    }

    /// The packed words; those of minutiae that are not there are 0.
    pub fn words(&self) -> &[u32; TEMPLATE_WORDS] {
        &self.0
    }
}

/// A descriptor whose popcount fits a byte: of 256 set bits, which no real neighbourhood has, the highest is dropped.
fn countable(mut bits: [u32; DESCRIPTOR_WORDS]) -> [u32; DESCRIPTOR_WORDS] {
    if bits.iter().all(|&word| word == u32::MAX) {
        bits[DESCRIPTOR_WORDS - 1] >>= 1;
    }
    bits
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::minutia::MinutiaType;

    fn minutia(x: u16, y: u16, direction: u8, quality: u8) -> Minutia {
        Minutia { kind: MinutiaType::RidgeEnding, x, y, direction, quality }
    }

    #[test]
    fn the_best_come_first_and_each_group_is_in_order_of_direction() {
        // Quality 9 where the number is even, 1 where it is odd; directions fall.
        let list: Vec<_> =
            (0..60u8).map(|i| minutia(u16::from(i) * 5, 100, 200 - i, 9 - 8 * (i % 2))).collect();
        let template = Template::new(&list).unwrap();
        let view = template.view();
        assert_eq!((view.stage1_count(), view.count()), (32, 48));
        // All thirty even ones, and of the odd ones, all alike, the first given.
        let geometry = |i| view.geometry(i);
        assert_eq!((geometry(0), geometry(31)), ((58 * 5, 0, 142), (0, 0, 200)));
        assert_eq!((geometry(28), geometry(30)), ((3 * 5, 0, 197), (5, 0, 199)));
        assert_eq!((geometry(32), geometry(47)), ((35 * 5, 0, 165), (5 * 5, 0, 195)));
        assert!((0..47).filter(|&i| i != 31).all(|i| geometry(i).2 < geometry(i + 1).2));
    }

    #[test]
    fn minutiae_that_are_alike_keep_their_order_and_the_rest_of_the_words_are_zero() {
        let list: Vec<_> = (0..5).map(|i| minutia(i * 5, 100, 10, 0)).collect();
        let template = Template::new(&list).unwrap();
        let view = template.view();
        assert_eq!((view.stage1_count(), view.count()), (5, 5));
        assert!((0..5).zip([0, 5, 10, 15, 20]).all(|(i, x)| view.geometry(i) == (x, 0, 10)));
        let words = template.words();
        assert!(
            words[5 * 8..GEOMETRY_AT].iter().chain(&words[GEOMETRY_AT + 5..POPCOUNTS_AT]).all(|&w| w == 0)
        );
        assert!(words[NORMALISATION_AT + 1..].iter().all(|&w| w == 0));
        assert_eq!(Template::without_normalisation(&[]).unwrap().words(), &[0; TEMPLATE_WORDS]);
    }

    #[test]
    fn popcounts_are_those_of_the_descriptors_and_fit_a_byte() {
        let list: Vec<_> = (0..45).map(|i| minutia(i * 7 % 90, i * 13 % 90, 10, 50)).collect();
        let template = Template::new(&list).unwrap();
        let view = template.view();
        for i in 0..45 {
            assert_eq!(
                view.popcount(i),
                view.descriptor(i).iter().map(|word| word.count_ones()).sum::<u32>()
            );
            assert!(view.popcount(i) > 0);
        }
        let full = countable([u32::MAX; DESCRIPTOR_WORDS]);
        assert_eq!(full.map(u32::count_ones), [32, 32, 32, 32, 32, 32, 32, 31]);
    }

    #[test]
    fn a_print_wider_than_any_finger_is_not_packed() {
        assert!(Template::new(&[minutia(0, 0, 0, 1), minutia(2048, 0, 0, 1)]).is_none());
        assert!(Template::new(&[minutia(9000, 0, 0, 1), minutia(11_047, 0, 0, 1)]).is_some());
    }
}
