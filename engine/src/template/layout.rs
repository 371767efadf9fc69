//! Where everything lies in a packed template, and how it is read: the one place that knows bits and words.
//!
//! A borrowed view, because galleries hold templates as plain words and a device gets those very words.
#![expect(clippy::cast_possible_truncation, reason = "counts of at most 255")]

use super::descriptor::DESCRIPTOR_WORDS;
use crate::normalisation::Normalisation;
use crate::tunables as t;

/// Word at which the geometry of the minutiae begins.
pub const GEOMETRY_AT: usize = t::STAGE2_MINUTIAE * DESCRIPTOR_WORDS;
/// Word at which the popcounts begin, four a word, the first lowest.
pub const POPCOUNTS_AT: usize = GEOMETRY_AT + t::STAGE2_MINUTIAE;
/// Word with the count of stage 1 in bits 0-7, and that of all minutiae in bits 8-15.
pub const COUNTS_AT: usize = POPCOUNTS_AT + t::STAGE2_MINUTIAE / POPCOUNTS_A_WORD;
/// Word with the normalisation of the scores that the template gets as a reference.
pub const NORMALISATION_AT: usize = COUNTS_AT + 1;
/// Words of a template: whole 64-byte lines, so that rows of a gallery begin where lines do.
pub const TEMPLATE_WORDS: usize = (NORMALISATION_AT + 1).next_multiple_of(16);

const POPCOUNTS_A_WORD: usize = 4;

// Stage 1's minutiae are the first of those kept; both sets fill whole words of popcounts, and counts fit a byte.
const _: () = assert!(
    t::STAGE1_MINUTIAE <= t::STAGE2_MINUTIAE
        && t::STAGE2_MINUTIAE <= 255
        && t::STAGE1_MINUTIAE.is_multiple_of(POPCOUNTS_A_WORD)
        && t::STAGE2_MINUTIAE.is_multiple_of(POPCOUNTS_A_WORD)
);

/// The words of a template, read.
#[derive(Debug, Clone, Copy)]
pub struct TemplateRef<'a>(&'a [u32; TEMPLATE_WORDS]);

impl<'a> TemplateRef<'a> {
    /// Of a template's words as they lie in a gallery.
    pub fn new(words: &'a [u32; TEMPLATE_WORDS]) -> Self {
        Self(words)
    }

    /// The words themselves; those of minutiae that are not there are 0.
    pub fn words(self) -> &'a [u32; TEMPLATE_WORDS] {
        self.0
    }

    /// Minutiae that stage 1 compares, 0 to [`t::STAGE1_MINUTIAE`]: the first ones.
    pub fn stage1_count(self) -> usize {
        self.0[COUNTS_AT] as usize & 0xFF
    }

    /// All minutiae in it, 0 to [`t::STAGE2_MINUTIAE`].
    pub fn count(self) -> usize {
        self.0[COUNTS_AT] as usize >> 8 & 0xFF
    }

    /// Of the scores that it gets as a reference.
    pub fn normalisation(self) -> Normalisation {
        Normalisation(self.0[NORMALISATION_AT])
    }

    /// The 256 bits of a minutia, bit 0 lowest in word 0.
    pub fn descriptor(self, minutia: usize) -> &'a [u32; DESCRIPTOR_WORDS] {
        &self.0[..GEOMETRY_AT].as_chunks().0[minutia]
    }

    /// x and y in pixels, 0..=2047 each, and the direction, 0..=255.
    pub fn geometry(self, minutia: usize) -> (i32, i32, u32) {
        unpack(self.0[GEOMETRY_AT + minutia])
    }

    /// Bits set in a descriptor, 0..=255.
    pub fn popcount(self, minutia: usize) -> u32 {
        self.0[POPCOUNTS_AT + minutia / POPCOUNTS_A_WORD] >> (8 * (minutia % POPCOUNTS_A_WORD)) & 0xFF
    }
}

/// A geometry word: x and y in pixels, 0..=2047 each.
pub(super) fn pack(x: i32, y: i32, direction: u8) -> u32 {
    x.cast_unsigned() | y.cast_unsigned() << 11 | u32::from(direction) << 22
}

/// x, y, direction of a geometry word.
pub(crate) fn unpack(geometry: u32) -> (i32, i32, u32) {
    let field = |shift: u32, mask: u32| geometry >> shift & mask;
    (field(0, 0x7FF).cast_signed(), field(11, 0x7FF).cast_signed(), field(22, 0xFF))
}

/// The words of minutiae given in the order in which they lie: their geometry and their descriptors.
pub(super) fn words(
    minutiae: &[(u32, [u32; DESCRIPTOR_WORDS])],
    stage1_count: usize,
) -> [u32; TEMPLATE_WORDS] {
    let mut words = [0; TEMPLATE_WORDS];
    for (i, (geometry, bits)) in minutiae.iter().enumerate() {
        let popcount: u32 = bits.iter().map(|word| word.count_ones()).sum();
        words[i * DESCRIPTOR_WORDS..][..DESCRIPTOR_WORDS].copy_from_slice(bits);
        words[GEOMETRY_AT + i] = *geometry;
        words[POPCOUNTS_AT + i / POPCOUNTS_A_WORD] |= popcount << (8 * (i % POPCOUNTS_A_WORD));
    }
    words[COUNTS_AT] = (stage1_count | minutiae.len() << 8) as u32;
    words
}
