//! What a score of stage 1 is worth for these two prints: how far it stands above what strangers score with each of them.
//!
//! A print with few or common minutiae scores high with anybody, so each template is scored against a cohort once, when it is
//! made, and carries the mean and the deviation of those scores. The ranking key is the mean of both sides' standard scores
//! (S-norm; Auckenthaler, Carey and Lloyd-Thomas, 2000).
//!
//! **The cohort is synthetic**: scoring a person against other people's stored prints would compute what the law forbids
//! (R-COMP-12). It is frozen in `cohort_v1.bin`: 160 impressions of 160 generated fingers, made by the generator in
//! `whorl-datasets` and shipped as minutiae, so that every machine has the same. With another cohort every mean and
//! deviation is another one: they are made again from the stored minutiae at start, like all of a template.
#![expect(
    clippy::cast_possible_truncation,
    clippy::cast_possible_wrap,
    reason = "scores below 2^15, their means, and reciprocals below 2^16"
)]

use std::sync::LazyLock;

use crate::minutia::{Minutia, MinutiaType};
use crate::simd::{CpuPath, PreparedProbe};
use crate::stages::arithmetic::integer_sqrt;
use crate::template::{Probe, Template};
use crate::tunables as t;

/// Version of the cohort that means and deviations are of.
pub const COHORT_VERSION: u32 = 1;

/// Added to a record's key when its first finger is compared, so that a sum of ten keys is never negative.
pub const KEY_BIAS: u32 = 1 << 20;

static COHORT_BYTES: &[u8] = include_bytes!("cohort_v1.bin");

static COHORT: LazyLock<Cohort> = LazyLock::new(|| {
    let templates: Vec<_> =
        minutiae(COHORT_BYTES).iter().filter_map(|print| Template::without_normalisation(print)).collect();
    let probes = templates.iter().cloned().map(Probe::without_normalisation).collect();
    Cohort { templates, probes }
});

/// The cohort's probes, for the instructions of this machine.
static PREPARED: LazyLock<Vec<PreparedProbe<'static>>> =
    LazyLock::new(|| COHORT.probes.iter().map(|probe| PreparedProbe::new(CpuPath::best(), probe)).collect());

struct Cohort {
    templates: Vec<Template>,
    probes: Vec<Probe>,
}

/// Mean and deviation of a print's scores with the cohort, packed in a word: the mean in bits 0-15; in bits 16-31 the
/// reciprocal of the deviation, 20 fraction bits, at most 2^20 / 28. 0 for a print that is not normalised: it adds nothing to a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Normalisation(pub u32);

impl Normalisation {
    /// Of a template as the reference that the cohort's prints are searched in.
    pub fn of_reference(template: &Template) -> Self {
        Self::of(PREPARED.iter().map(|probe| probe.score(template.words())))
    }

    /// Of a probe that is searched in the cohort.
    pub fn of_probe(probe: &Probe) -> Self {
        let prepared = PreparedProbe::new(CpuPath::best(), probe);
        Self::of(COHORT.templates.iter().map(|template| prepared.score(template.words())))
    }

    fn of(scores: impl Iterator<Item = u32>) -> Self {
        // 160 squares of 15 bits each, times 160: below 2^46.
        let (mut count, mut sum, mut squares) = (0u64, 0u64, 0u64);
        for score in scores.map(u64::from) {
            (count, sum, squares) = (count + 1, sum + score, squares + score * score);
        }
        let count = count.max(1);
        let mean = (sum + count / 2) / count;
        let variance = (squares * count - sum * sum) / (count * count);
        let deviation = integer_sqrt(variance as u32) + t::COHORT_DEVIATION_FLOOR;
        Self(mean as u32 | ((1 << 20) / deviation) << 16)
    }

    fn standard(self, score: u32) -> i32 {
        // |score - mean| <= 17 460 and the reciprocal <= 37 449: below 2^30.
        (score as i32 - (self.0 & 0xFFFF) as i32) * (self.0 >> 16) as i32
    }
}

/// The key of a score: the mean of both standard scores, 7 fraction bits, within +-80 000.
pub fn key(score: u32, probe: Normalisation, reference: Normalisation) -> i32 {
    (probe.standard(score) + reference.standard(score)) >> 14
}

/// Reads prints: for each a 16-bit count and that many minutiae of x, y (16 bits each), direction, quality and type (0 other,
/// 1 ending, 2 bifurcation), all little-endian. What is cut off at the end is left out.
fn minutiae(mut bytes: &[u8]) -> Vec<Vec<Minutia>> {
    let mut prints = Vec::new();
    while let Some((count, rest)) = bytes.split_first_chunk::<2>() {
        let length = 7 * usize::from(u16::from_le_bytes(*count));
        let Some((print, rest)) = rest.split_at_checked(length) else { break };
        prints.push(print.as_chunks::<7>().0.iter().map(minutia).collect());
        bytes = rest;
    }
    prints
}

fn minutia(&[x0, x1, y0, y1, direction, quality, kind]: &[u8; 7]) -> Minutia {
    let kind = match kind {
        1 => MinutiaType::RidgeEnding,
        2 => MinutiaType::RidgeBifurcation,
        _ => MinutiaType::Other,
    };
    Minutia { kind, x: u16::from_le_bytes([x0, x1]), y: u16::from_le_bytes([y0, y1]), direction, quality }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn r_comp_12_the_cohort_is_whole_and_is_the_frozen_one() {
        let prints = minutiae(COHORT_BYTES);
        assert_eq!((prints.len(), COHORT.templates.len()), (160, 160));
        assert_eq!(COHORT_BYTES.len(), prints.iter().map(|print| 2 + 7 * print.len()).sum::<usize>());
        assert!(prints.iter().all(|print| (10..=120).contains(&print.len())));
    }

    #[test]
    fn means_and_deviations_are_those_of_the_scores() {
        let normalisation = Normalisation::of([100, 200, 300, 400].into_iter());
        // The deviation is 111.8, the floor 28.
        assert_eq!(normalisation.0 & 0xFFFF, 250);
        assert_eq!(normalisation.0 >> 16, (1 << 20) / (111 + t::COHORT_DEVIATION_FLOOR));
        assert_eq!(Normalisation::of([0u32; 0].into_iter()).0 & 0xFFFF, 0);
    }

    #[test]
    fn keys_stay_within_their_bits_at_the_ends_of_the_range() {
        let narrow = |mean: u32| Normalisation(mean | ((1 << 20) / t::COHORT_DEVIATION_FLOOR) << 16);
        for (score, mean) in [(0, 17_460), (17_460, 0)] {
            let key = key(score, narrow(mean), narrow(mean));
            assert!(key.unsigned_abs() < 80_000, "{key}");
            assert!(KEY_BIAS as i32 + 10 * key > 0 && KEY_BIAS as i32 + 10 * key < 1 << 22);
        }
        assert_eq!(key(1000, Normalisation::default(), Normalisation::default()), 0);
    }
}
