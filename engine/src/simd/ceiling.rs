//! The ceiling of stage 1: an AND, a population count and an addition for each word of each pair of minutiae, and nothing else.
//!
//! Stage 1 compares every minutia of the probe with every one of the reference, 8 words each. This loop does that part of it and
//! leaves out all others: no direction gate, no similarity, no best link, no consistency, no scope. What is left is done as well
//! as each path's instructions allow, from the nearest cache: the descriptors of the probe lie as the path wants them, and a few
//! references are gone through again and again. So a search cannot be faster while it looks at all of these words, and how near it
//! comes is a figure that another machine's can be compared with (`whorl bench`).
//!
//! Where there is no instruction that counts bits (AVX2), or it counts them in bytes (NEON), looking them up and adding up the bytes
//! of a word are part of the count. AVX-512, AVX2 and NEON do all 32 of the probe's lanes, minutiae or not, as stage 1 does there;
//! of the reference only what is there. *What is not the same:* AVX2 and the portable path skip pairs that the gate bars, so that
//! they could come above this ceiling. AVX-512 and NEON skip nothing.

use super::CpuPath;
use crate::template::{DESCRIPTOR_WORDS, TEMPLATE_WORDS, Template, TemplateRef};

/// A probe's descriptors, laid out for the loop of one path.
pub struct Ceiling<'a>(Laid<'a>);

/// Only [`Ceiling::new`] makes one, after it has seen that the machine has the instructions.
enum Laid<'a> {
    #[cfg(target_arch = "x86_64")]
    Avx512(Box<avx512::Planes>),
    #[cfg(target_arch = "x86_64")]
    Avx2(Box<avx2::Planes>),
    #[cfg(all(target_arch = "aarch64", target_endian = "little"))]
    Neon(Box<neon::Planes>),
    Portable(TemplateRef<'a>),
}

impl<'a> Ceiling<'a> {
    /// For this path, or for the portable one where the machine has not got it.
    pub fn new(path: CpuPath, probe: &'a Template) -> Self {
        let probe = probe.view();
        Self(match path {
            #[cfg(target_arch = "x86_64")]
            CpuPath::Avx512 if path.is_available() => Laid::Avx512(Box::new(avx512::Planes::new(probe))),
            #[cfg(target_arch = "x86_64")]
            CpuPath::Avx2 if path.is_available() => Laid::Avx2(Box::new(avx2::Planes::new(probe))),
            #[cfg(all(target_arch = "aarch64", target_endian = "little"))]
            CpuPath::Neon if path.is_available() => Laid::Neon(Box::new(neon::Planes::new(probe))),
            _ => Laid::Portable(probe),
        })
    }

    /// The bits that minutiae of the probe and of the references have in common, over all pairs of those that stage 1 compares, and
    /// that so many times over; modulo 2^32. The sum is of no use but to show that the work was done.
    pub fn shared_bits(&self, references: &[&[u32; TEMPLATE_WORDS]], rounds: u32) -> u32 {
        match &self.0 {
            #[cfg(target_arch = "x86_64")]
            // SAFETY: the variant is made only where the machine has the instructions that the function is compiled to.
            Laid::Avx512(planes) => unsafe { avx512::shared_bits(planes, references, rounds) },
            #[cfg(target_arch = "x86_64")]
            // SAFETY: as above.
            Laid::Avx2(planes) => unsafe { avx2::shared_bits(planes, references, rounds) },
            #[cfg(all(target_arch = "aarch64", target_endian = "little"))]
            // SAFETY: as above.
            Laid::Neon(planes) => unsafe { neon::shared_bits(planes, references, rounds) },
            Laid::Portable(probe) => portable(*probe, references, rounds),
        }
    }
}

fn portable(probe: TemplateRef<'_>, references: &[&[u32; TEMPLATE_WORDS]], rounds: u32) -> u32 {
    let mut sum = 0u32;
    for _ in 0..rounds {
        // Nobody can know that every round gives the same.
        for reference in core::hint::black_box(references).iter().map(|words| TemplateRef::new(words)) {
            for i in 0..probe.stage1_count() {
                for j in 0..reference.stage1_count() {
                    let (own, other) = (probe.descriptor(i), reference.descriptor(j));
                    for word in 0..DESCRIPTOR_WORDS {
                        sum = sum.wrapping_add((own[word] & other[word]).count_ones());
                    }
                }
            }
        }
    }
    sum
}

#[cfg(target_arch = "x86_64")]
mod avx512 {
    use core::arch::x86_64::*;
    use core::hint::black_box;

    use crate::simd::layout::Reference;
    use crate::template::{DESCRIPTOR_WORDS, TEMPLATE_WORDS, TemplateRef};

    /// Words of the descriptors, by word: lanes 0-15 and 16-31.
    #[repr(align(64))]
    pub struct Planes([[[u32; 16]; 2]; DESCRIPTOR_WORDS]);

    impl Planes {
        pub fn new(probe: TemplateRef<'_>) -> Self {
            let lane = |word: usize, half: usize| move |i: usize| probe.descriptor(16 * half + i)[word];
            let halves = |word| [core::array::from_fn(lane(word, 0)), core::array::from_fn(lane(word, 1))];
            Self(core::array::from_fn(halves))
        }
    }

    #[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512vpopcntdq")]
    pub fn shared_bits(planes: &Planes, references: &[&[u32; TEMPLATE_WORDS]], rounds: u32) -> u32 {
        let mut registers = [[_mm512_setzero_si512(); 2]; DESCRIPTOR_WORDS];
        for (register, plane) in registers.iter_mut().zip(&planes.0) {
            *register = [bytemuck::must_cast(plane[0]), bytemuck::must_cast(plane[1])];
        }
        // Eight sums, so that no addition waits for the one before: with two it was 5 % slower.
        let mut sums = [[_mm512_setzero_si512(); 2]; 4];
        for _ in 0..rounds {
            for reference in black_box(references).iter().map(|words| Reference::of(words)) {
                for descriptor in reference.descriptors.iter().take(reference.count()) {
                    for (at, (&word, plane)) in descriptor.iter().zip(&registers).enumerate() {
                        let word = _mm512_set1_epi32(word.cast_signed());
                        let [low, high] = &mut sums[at % 4];
                        *low = _mm512_add_epi32(*low, _mm512_popcnt_epi32(_mm512_and_si512(plane[0], word)));
                        *high =
                            _mm512_add_epi32(*high, _mm512_popcnt_epi32(_mm512_and_si512(plane[1], word)));
                    }
                }
            }
        }
        let mut sum = _mm512_setzero_si512();
        for [low, high] in sums {
            sum = _mm512_add_epi32(sum, _mm512_add_epi32(low, high));
        }
        _mm512_reduce_add_epi32(sum).cast_unsigned()
    }
}

#[cfg(target_arch = "x86_64")]
mod avx2 {
    use core::arch::x86_64::*;
    use core::hint::black_box;

    use crate::simd::layout::{K1, Reference};
    use crate::template::{DESCRIPTOR_WORDS, TEMPLATE_WORDS, TemplateRef};

    /// Lanes of a register.
    const RUN: usize = 8;

    /// Of each eight lanes the words of the descriptors: the lower four bits of each byte, and the upper ones, apart.
    #[repr(align(64))]
    pub struct Planes([[[[u32; RUN]; 2]; DESCRIPTOR_WORDS]; K1 / RUN]);

    impl Planes {
        pub fn new(probe: TemplateRef<'_>) -> Self {
            let plane = |run: usize, word: usize, shift: usize| {
                core::array::from_fn(|i| probe.descriptor(run * RUN + i)[word] >> shift & 0x0F0F_0F0F)
            };
            let halves = |run, word| [plane(run, word, 0), plane(run, word, 4)];
            Self(core::array::from_fn(|run| core::array::from_fn(|word| halves(run, word))))
        }
    }

    #[target_feature(enable = "avx2")]
    pub fn shared_bits(planes: &Planes, references: &[&[u32; TEMPLATE_WORDS]], rounds: u32) -> u32 {
        let popcounts = _mm_setr_epi8(0, 1, 1, 2, 1, 2, 2, 3, 1, 2, 2, 3, 2, 3, 3, 4);
        let popcounts = _mm256_broadcastsi128_si256(popcounts);
        let mut sum = _mm256_setzero_si256();
        for _ in 0..rounds {
            for reference in black_box(references).iter().map(|words| Reference::of(words)) {
                for descriptor in reference.descriptors.iter().take(reference.count()) {
                    for run in &planes.0 {
                        // At most 64 a byte, and then their sums.
                        let mut bytes = _mm256_setzero_si256();
                        for (&word, plane) in descriptor.iter().zip(run) {
                            let low = _mm256_set1_epi32(word.cast_signed());
                            let high = _mm256_srli_epi32::<4>(low);
                            let low = _mm256_and_si256(bytemuck::must_cast(plane[0]), low);
                            let high = _mm256_and_si256(bytemuck::must_cast(plane[1]), high);
                            bytes = _mm256_add_epi8(bytes, _mm256_shuffle_epi8(popcounts, low));
                            bytes = _mm256_add_epi8(bytes, _mm256_shuffle_epi8(popcounts, high));
                        }
                        sum = _mm256_add_epi64(sum, _mm256_sad_epu8(bytes, _mm256_setzero_si256()));
                    }
                }
            }
        }
        // Their lower halves: the sum is modulo 2^32.
        bytemuck::must_cast::<__m256i, [u32; 8]>(sum).iter().step_by(2).fold(0, |a, &b| a.wrapping_add(b))
    }
}

#[cfg(all(target_arch = "aarch64", target_endian = "little"))]
mod neon {
    use core::arch::aarch64::*;
    use core::hint::black_box;

    use crate::simd::layout::Reference;
    use crate::template::{DESCRIPTOR_WORDS, TEMPLATE_WORDS, TemplateRef};

    /// Bytes of a descriptor.
    const BYTES: usize = 4 * DESCRIPTOR_WORDS;

    /// Bytes of the descriptors, by byte: lanes 0-15 and 16-31.
    #[repr(align(64))]
    pub struct Planes([[[u8; 16]; 2]; BYTES]);

    impl Planes {
        pub fn new(probe: TemplateRef<'_>) -> Self {
            let lane = |byte: usize, half: usize| {
                move |i: usize| probe.descriptor(16 * half + i)[byte / 4].to_le_bytes()[byte % 4]
            };
            let halves = |byte| [core::array::from_fn(lane(byte, 0)), core::array::from_fn(lane(byte, 1))];
            Self(core::array::from_fn(halves))
        }
    }

    #[target_feature(enable = "neon")]
    pub fn shared_bits(planes: &Planes, references: &[&[u32; TEMPLATE_WORDS]], rounds: u32) -> u32 {
        let mut sum = vdupq_n_u32(0);
        for _ in 0..rounds {
            for reference in black_box(references).iter().map(|words| Reference::of(words)) {
                for descriptor in reference.descriptors.iter().take(reference.count()) {
                    let descriptor: [u8; BYTES] = bytemuck::must_cast(*descriptor);
                    // At most 255 a byte, as no template has a full descriptor.
                    let (mut low, mut high) = (vdupq_n_u8(0), vdupq_n_u8(0));
                    for (&byte, plane) in descriptor.iter().zip(&planes.0) {
                        let byte = vdupq_n_u8(byte);
                        low = vaddq_u8(low, vcntq_u8(vandq_u8(bytemuck::must_cast(plane[0]), byte)));
                        high = vaddq_u8(high, vcntq_u8(vandq_u8(bytemuck::must_cast(plane[1]), byte)));
                    }
                    sum = vpadalq_u16(sum, vaddq_u16(vpaddlq_u8(low), vpaddlq_u8(high)));
                }
            }
        }
        vaddvq_u32(sum)
    }
}
