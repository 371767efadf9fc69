//! Both stages in the instructions of this machine: the same scores as the twins in `stages`, to the bit, many times faster.
//!
//! All of a path is safe code, in functions that state the instructions they are compiled to. What is left to this file is
//! to call them only on a machine that has those instructions, which is what no compiler can know, and to ask for memory ahead
//! of its use: the only `unsafe` code in this crate.
//!
//! *Why not one generic kernel.* The paths differ in what their instructions make cheap, not in their width: 32 minutiae
//! in one register and no branch, or runs of 8 that are skipped when the direction gate bars them all.
//!
//! *Why not automatic vectorisation.* For stage 1, it took the 16-bit multiplications apart into 32-bit ones, at a third of the
//! speed. Stage 2 counts in 32 bits, and is the twin itself, compiled once more for each path: see [`log_odds`].

mod ceiling;
#[cfg(any(target_arch = "x86_64", all(target_arch = "aarch64", target_endian = "little")))]
mod layout;
#[cfg(target_arch = "x86_64")]
mod s1_avx2;
#[cfg(target_arch = "x86_64")]
mod s1_avx512;
#[cfg(all(target_arch = "aarch64", target_endian = "little"))]
mod s1_neon;
#[cfg(target_arch = "x86_64")]
mod s2;

pub use ceiling::Ceiling;

use crate::stages::{s1_consistency, s2_alignment};
use crate::template::{Probe, TEMPLATE_WORDS, TemplateRef};

/// Instructions that the CPU back end can be made of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CpuPath {
    /// AVX-512 with F, BW, VL and VPOPCNTDQ: AMD since Zen 4, Intel since Ice Lake.
    Avx512,
    /// AVX2: x86-64 since 2013.
    Avx2,
    /// NEON: every 64-bit ARM.
    Neon,
    /// The twin, on any machine.
    Portable,
}

impl CpuPath {
    /// All of them, fastest first.
    pub const ALL: [Self; 4] = [Self::Avx512, Self::Avx2, Self::Neon, Self::Portable];

    /// Those that this machine has, fastest first; the last is [`CpuPath::Portable`].
    pub fn available() -> impl Iterator<Item = Self> {
        Self::ALL.into_iter().filter(|path| path.is_available())
    }

    /// The fastest that this machine has.
    pub fn best() -> Self {
        Self::available().next().unwrap_or(Self::Portable)
    }

    /// Whether this machine has it.
    pub fn is_available(self) -> bool {
        match self {
            #[cfg(target_arch = "x86_64")]
            Self::Avx512 => {
                is_x86_feature_detected!("avx512f")
                    && is_x86_feature_detected!("avx512bw")
                    && is_x86_feature_detected!("avx512vl")
                    && is_x86_feature_detected!("avx512vpopcntdq")
            }
            #[cfg(target_arch = "x86_64")]
            Self::Avx2 => is_x86_feature_detected!("avx2"),
            #[cfg(all(target_arch = "aarch64", target_endian = "little"))]
            Self::Neon => std::arch::is_aarch64_feature_detected!("neon"),
            Self::Portable => true,
            _ => false,
        }
    }

    /// As people call it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Avx512 => "AVX-512",
            Self::Avx2 => "AVX2",
            Self::Neon => "NEON",
            Self::Portable => "portable",
        }
    }
}

/// Asks for what stage 1 reads of a template to be brought near, while something else is done. Says nothing about results.
pub(crate) fn prefetch(template: &[u32; TEMPLATE_WORDS]) {
    #[cfg(target_arch = "x86_64")]
    for line in layout::Reference::of(template).lines_of_stage1() {
        use core::arch::x86_64::{_MM_HINT_T0, _mm_prefetch};
        // SAFETY: nothing is read; every x86-64 has the instruction.
        unsafe { _mm_prefetch::<_MM_HINT_T0>(core::ptr::from_ref(line).cast()) };
    }
    #[cfg(not(target_arch = "x86_64"))]
    let _ = template;
}

/// A probe laid out for one path: made once a search, then compared with many references without allocating.
pub struct PreparedProbe<'a>(Prepared<'a>);

/// Only [`PreparedProbe::new`] makes one, after it has seen that the machine has the instructions.
enum Prepared<'a> {
    #[cfg(target_arch = "x86_64")]
    Avx512(Box<s1_avx512::Lanes>),
    #[cfg(target_arch = "x86_64")]
    Avx2(Box<s1_avx2::Lanes>),
    #[cfg(all(target_arch = "aarch64", target_endian = "little"))]
    Neon(Box<s1_neon::Lanes>),
    Portable(&'a Probe),
}

impl<'a> PreparedProbe<'a> {
    /// For this path, or for the portable one where the machine has not got it: the scores are the same.
    pub fn new(path: CpuPath, probe: &'a Probe) -> Self {
        Self(match path {
            #[cfg(target_arch = "x86_64")]
            CpuPath::Avx512 if path.is_available() => {
                Prepared::Avx512(Box::new(s1_avx512::Lanes::new(probe)))
            }
            #[cfg(target_arch = "x86_64")]
            CpuPath::Avx2 if path.is_available() => Prepared::Avx2(Box::new(s1_avx2::Lanes::new(probe))),
            #[cfg(all(target_arch = "aarch64", target_endian = "little"))]
            CpuPath::Neon if path.is_available() => Prepared::Neon(Box::new(s1_neon::Lanes::new(probe))),
            _ => Prepared::Portable(probe),
        })
    }

    /// What [`s1_consistency::score`] says of the probe and this reference.
    pub fn score(&self, reference: &[u32; TEMPLATE_WORDS]) -> u32 {
        match &self.0 {
            #[cfg(target_arch = "x86_64")]
            // SAFETY: the variant is made only where the machine has the instructions that the function is compiled to.
            Prepared::Avx512(lanes) => unsafe { s1_avx512::score(lanes, reference) },
            #[cfg(target_arch = "x86_64")]
            // SAFETY: as above.
            Prepared::Avx2(lanes) => unsafe { s1_avx2::score(lanes, reference) },
            #[cfg(all(target_arch = "aarch64", target_endian = "little"))]
            // SAFETY: as above.
            Prepared::Neon(lanes) => unsafe { s1_neon::score(lanes, reference) },
            Prepared::Portable(probe) => s1_consistency::score(probe, reference),
        }
    }
}

/// What [`s2_alignment::score`] says of the probe and this reference; of a path that the machine has not got, the portable one says it.
pub fn log_odds(path: CpuPath, probe: &Probe, reference: TemplateRef<'_>) -> i32 {
    match path {
        #[cfg(target_arch = "x86_64")]
        // SAFETY: the machine has just been seen to have the instructions that the function is compiled to.
        CpuPath::Avx512 if path.is_available() => unsafe { s2::avx512(probe, reference) },
        #[cfg(target_arch = "x86_64")]
        // SAFETY: as above.
        CpuPath::Avx2 if path.is_available() => unsafe { s2::avx2(probe, reference) },
        // Every 64-bit ARM has NEON, and the portable code is compiled to it.
        _ => s2_alignment::score(probe, reference),
    }
}

#[cfg(test)]
mod tests;
