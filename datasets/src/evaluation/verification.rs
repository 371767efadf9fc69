//! Verification on sets of fingers with several impressions each: the comparisons of the FVC protocol and of the wider one, and
//! their error rates.
//!
//! Samples stand by finger, then impression; of each unordered pair the one that stands first is the probe, once. Mated are all
//! pairs of impressions of one finger. Non-mated are, for the FVC's own equal error rate, the first impressions of
//! different fingers, and for every other rate all pairs of impressions of different fingers.

use super::bootstrap::{Interval, intervals};
use super::curve::{Comparison, Curve};

/// Two samples to compare, by their places in the list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pair {
    /// The probe.
    pub probe: usize,
    /// The reference.
    pub reference: usize,
    /// Whether it is a comparison of the FVC protocol: mated, or of the first impressions of two fingers.
    pub fvc: bool,
}

/// All comparisons of samples, given as their fingers, which stand together.
pub fn pairs(fingers: &[u32]) -> Vec<Pair> {
    let first = |at: usize| at == 0 || fingers[at - 1] != fingers[at];
    let pair = |probe: usize, reference: usize| {
        let fvc = fingers[probe] == fingers[reference] || first(probe) && first(reference);
        Pair { probe, reference, fvc }
    };
    let all = 0..fingers.len();
    all.clone().flat_map(|probe| (probe + 1..all.end).map(move |reference| pair(probe, reference))).collect()
}

/// What is quoted of each set, in this order.
pub const MEASURES: [Measure; 6] = [
    Measure { key: "eer_fvc", title: "EER (FVC)" },
    Measure { key: "eer", title: "EER" },
    Measure { key: "fmr100", title: "FMR100" },
    Measure { key: "fmr1000", title: "FMR1000" },
    Measure { key: "fmr10000", title: "FMR10000" },
    Measure { key: "zero_fmr", title: "zeroFMR" },
];

/// A name for programs, and one for people.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Measure {
    /// In JSON.
    pub key: &'static str,
    /// In tables.
    pub title: &'static str,
}

/// Non-mated comparisons from which on an FMR of 1e-4 is quoted. Below, it would be zeroFMR under another name.
const FMR10000_MIN: u64 = 10_000;

/// The scores of one set.
#[derive(Debug, Clone, PartialEq)]
pub struct Scores {
    /// How many fingers there are.
    fingers: u32,
    all: Vec<Comparison>,
    fvc: Vec<Comparison>,
}

impl Scores {
    /// From the scores of [`pairs`]; `fingers` are numbered from 0 without gaps.
    pub fn new(fingers: &[u32], pairs: &[Pair], scores: &[f64]) -> Self {
        let comparison = |(pair, &score): (&Pair, &f64)| {
            (Comparison { probe: fingers[pair.probe], reference: fingers[pair.reference], score }, pair.fvc)
        };
        let both: Vec<_> = pairs.iter().zip(scores).map(comparison).collect();
        let mut all: Vec<_> = both.iter().map(|(comparison, _)| *comparison).collect();
        let mut fvc: Vec<_> =
            both.iter().filter(|(_, fvc)| *fvc).map(|(comparison, _)| *comparison).collect();
        Curve::sort(&mut all);
        Curve::sort(&mut fvc);
        Self { fingers: fingers.iter().max().map_or(0, |last| last + 1), all, fvc }
    }

    /// All comparisons, by falling score.
    pub fn all(&self) -> &[Comparison] {
        &self.all
    }

    /// The same with every finger's number raised.
    fn raised(&self, by: u32) -> Self {
        let raise = |comparisons: &[Comparison]| {
            let one = |c: &Comparison| Comparison {
                probe: c.probe + by,
                reference: c.reference + by,
                score: c.score,
            };
            comparisons.iter().map(one).collect()
        };
        Self { fingers: self.fingers, all: raise(&self.all), fvc: raise(&self.fvc) }
    }

    /// One value for each of [`MEASURES`], with fingers counted as often as they were drawn; a NaN where it cannot be had.
    fn rates(&self, times: Option<&[u32]>) -> [f64; MEASURES.len()] {
        let weight = |c: &Comparison| match times {
            None => 1,
            Some(times) if c.mated() => u64::from(times[c.probe as usize]),
            Some(times) => u64::from(times[c.probe as usize]) * u64::from(times[c.reference as usize]),
        };
        let fvc = Curve::weighted(&self.fvc, weight).map_or(f64::NAN, |curve| curve.equal_error_rate());
        let Some(curve) = Curve::weighted(&self.all, weight) else {
            return [fvc, f64::NAN, f64::NAN, f64::NAN, f64::NAN, f64::NAN];
        };
        // Whether it is quoted must not change from draw to draw.
        let non_mated = self.all.iter().filter(|c| !c.mated()).count() as u64;
        let fmr10000 = if non_mated < FMR10000_MIN { f64::NAN } else { curve.fnmr_at_fmr(10_000) };
        let (fmr100, fmr1000) = (curve.fnmr_at_fmr(100), curve.fnmr_at_fmr(1000));
        [fvc, curve.equal_error_rate(), fmr100, fmr1000, fmr10000, curve.zero_fmr()]
    }
}

/// The rates of one set, or of several.
#[derive(Debug, Clone, PartialEq)]
pub struct Summary {
    /// Mated comparisons.
    pub mated: u64,
    /// Non-mated comparisons.
    pub non_mated: u64,
    /// Non-mated comparisons of first impressions alone.
    pub non_mated_fvc: u64,
    /// By [`MEASURES`], as fractions; a NaN where there are too few comparisons.
    pub rates: [f64; MEASURES.len()],
    /// 95 % intervals of the rates.
    pub intervals: [Option<Interval>; MEASURES.len()],
}

/// The rates of several sets.
#[derive(Debug, Clone, PartialEq)]
pub struct Summaries {
    /// Of each set.
    pub sets: Vec<Summary>,
    /// Mean of each rate over the sets.
    pub mean: Summary,
    /// With one threshold for all sets: their mated and non-mated comparisons thrown together. No comparison crosses sets.
    pub pooled: Summary,
    /// All comparisons of all sets, with their fingers numbered through.
    pub all: Scores,
}

/// Rates and intervals, resampling the fingers of each set.
pub fn summarise(sets: &[Scores]) -> Summaries {
    let mut sets_apart = Vec::new();
    let (mut offset, mut pooled) = (0, Scores { fingers: 0, all: Vec::new(), fvc: Vec::new() });
    for set in sets {
        let set = set.raised(offset);
        offset += set.fingers;
        pooled.all.extend(&set.all);
        pooled.fvc.extend(&set.fvc);
        sets_apart.push(set);
    }
    Curve::sort(&mut pooled.all);
    Curve::sort(&mut pooled.fvc);
    let measure = |times: Option<&[u32]>| -> Vec<f64> {
        let of_sets: Vec<_> = sets_apart.iter().map(|set| set.rates(times)).collect();
        let mean = |at: usize| of_sets.iter().map(|rates| rates[at]).sum::<f64>() / of_sets.len() as f64;
        let mean: [f64; MEASURES.len()] = core::array::from_fn(mean);
        of_sets.iter().copied().chain([mean, pooled.rates(times)]).flatten().collect()
    };
    let strata: Vec<u32> = sets_apart.iter().map(|set| set.fingers).collect();
    let (rates, intervals) = (measure(None), intervals(&strata, |times| measure(Some(times))));
    let summary = |row: usize, of: &[&Scores]| {
        let at = |column: usize| row * MEASURES.len() + column;
        let count = |list: &dyn Fn(&Scores) -> usize| of.iter().map(|set| list(set) as u64).sum();
        Summary {
            mated: count(&|set| set.all.iter().filter(|c| c.mated()).count()),
            non_mated: count(&|set| set.all.iter().filter(|c| !c.mated()).count()),
            non_mated_fvc: count(&|set| set.fvc.iter().filter(|c| !c.mated()).count()),
            rates: core::array::from_fn(|column| rates[at(column)]),
            intervals: core::array::from_fn(|column| intervals[at(column)]),
        }
    };
    let every: Vec<&Scores> = sets_apart.iter().collect();
    Summaries {
        sets: sets_apart.iter().enumerate().map(|(row, set)| summary(row, &[set])).collect(),
        mean: summary(sets.len(), &every),
        pooled: summary(sets.len() + 1, &every),
        all: pooled.clone(),
    }
}
