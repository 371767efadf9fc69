//! The statistics against counting by hand: closed forms, ties, failures, and a slow oracle on random scores.

use super::bootstrap::intervals;
use super::curve::{Comparison, Curve};
use super::verification::{MEASURES, Scores, pairs, summarise};
use crate::templates::Random;

fn comparisons(mated: &[f64], non_mated: &[f64]) -> Vec<Comparison> {
    let mated = mated.iter().map(|&score| Comparison { probe: 0, reference: 0, score });
    let non_mated = non_mated.iter().map(|&score| Comparison { probe: 0, reference: 1, score });
    let mut all: Vec<_> = mated.chain(non_mated).collect();
    Curve::sort(&mut all);
    all
}

fn curve(mated: &[f64], non_mated: &[f64]) -> Curve {
    Curve::new(&comparisons(mated, non_mated)).unwrap()
}

fn numbers(range: core::ops::Range<i32>) -> Vec<f64> {
    range.map(f64::from).collect()
}

#[test]
fn two_uniform_distributions_cross_where_geometry_says() {
    // FNMR(t) = (t - 50) / 100 and FMR(t) = (100 - t) / 100 meet at t = 75.
    let curve = curve(&numbers(50..150), &numbers(0..100));
    assert_eq!(curve.equal_error_rate(), 0.25);
    // One false match, that of score 99, is allowed: threshold 99; none: 100.
    assert_eq!((curve.fnmr_at_fmr(100), curve.zero_fmr()), (0.49, 0.5));
}

#[test]
fn separated_and_reversed_distributions_are_the_extremes() {
    let apart = curve(&numbers(10..20), &numbers(0..10));
    assert_eq!((apart.equal_error_rate(), apart.fnmr_at_fmr(100), apart.zero_fmr()), (0.0, 0.0, 0.0));
    let reversed = curve(&numbers(0..10), &numbers(10..20));
    assert_eq!((reversed.equal_error_rate(), reversed.zero_fmr()), (1.0, 1.0));
}

#[test]
fn a_crossing_between_two_scores_is_the_mean_of_the_nearer_step() {
    // At 5: FNMR 1/4, FMR 1/2. At 6: FNMR 1/4, FMR 0. The second step has the smaller sum.
    let curve = curve(&[1.0, 7.0, 8.0, 9.0], &[0.0, 5.0]);
    assert_eq!(curve.equal_error_rate(), 0.125);
}

#[test]
fn equal_scores_are_accepted_or_refused_together() {
    // Three of 100 impostors score 5: a threshold that lets one in lets all in.
    let mut non_mated = vec![5.0; 3];
    non_mated.extend(vec![1.0; 97]);
    let curve = curve(&[5.0, 5.0, 6.0, 7.0], &non_mated);
    assert_eq!((curve.fnmr_at_fmr(100), curve.fnmr_at_fmr(33), curve.zero_fmr()), (0.5, 0.0, 0.5));
}

#[test]
fn a_failure_to_extract_is_a_non_match_at_every_threshold() {
    let failed = f64::NEG_INFINITY;
    let some = curve(&[failed, 8.0, 9.0, 9.0], &[failed, 1.0, 2.0, 3.0]);
    assert_eq!((some.fnmr_at_fmr(1), some.zero_fmr()), (0.25, 0.25));
    let lowest = some.points().last().unwrap();
    assert_eq!((some.fmr(lowest), some.fnmr(lowest)), (0.75, 0.25), "no threshold accepts a failure");
    let all = curve(&[failed; 3], &[failed; 3]);
    assert_eq!((all.zero_fmr(), all.equal_error_rate()), (1.0, 0.5), "all is refused: FNMR 1, FMR 0");
}

/// The definitions, word by word, with a pass over all scores for each threshold.
struct Oracle<'a> {
    mated: &'a [f64],
    non_mated: &'a [f64],
}

impl Oracle<'_> {
    fn at(&self, threshold: f64) -> (f64, f64) {
        let share = |of: &[f64], holds: &dyn Fn(f64) -> bool| {
            of.iter().filter(|score| holds(**score)).count() as f64 / of.len() as f64
        };
        (share(self.non_mated, &|score| score >= threshold), share(self.mated, &|score| score < threshold))
    }

    /// Every threshold that makes a difference, rising.
    fn thresholds(&self) -> Vec<f64> {
        let mut all: Vec<f64> = self.mated.iter().chain(self.non_mated).copied().collect();
        all.retain(|score| score.is_finite());
        all.push(f64::INFINITY);
        all.sort_by(f64::total_cmp);
        all
    }

    fn fnmr_at_fmr(&self, rate: f64) -> f64 {
        let lowest = self.thresholds().into_iter().find(|t| self.at(*t).0 <= rate).unwrap();
        self.at(lowest).1
    }

    fn equal_error_rate(&self) -> f64 {
        let thresholds = self.thresholds();
        let (t1, t2) = (
            thresholds.iter().rfind(|t| self.at(**t).1 <= self.at(**t).0),
            thresholds.iter().find(|t| self.at(**t).1 >= self.at(**t).0),
        );
        let mean = |t: &f64| (self.at(*t).0 + self.at(*t).1) / 2.0;
        match (t1, t2) {
            (Some(t1), Some(t2)) => mean(t1).min(mean(t2)),
            (Some(t), None) | (None, Some(t)) => mean(t),
            (None, None) => unreachable!("at infinity FNMR is 1"),
        }
    }
}

fn random_scores(random: &mut Random, from: i32, to: i32) -> Vec<f64> {
    let count = random.between(1, 40);
    let score = |_| match random.happens(5) {
        true => f64::NEG_INFINITY,
        false => f64::from(random.between(from, to)),
    };
    (0..count).map(score).collect()
}

#[test]
fn rates_are_those_of_the_definitions_on_random_scores() {
    let mut random = Random::new(7);
    for case in 0..2000 {
        let (mated, non_mated) = (random_scores(&mut random, 5, 30), random_scores(&mut random, 0, 15));
        let (ours, oracle) = (curve(&mated, &non_mated), Oracle { mated: &mated, non_mated: &non_mated });
        let close = |a: f64, b: f64| (a - b).abs() < 1e-12;
        assert!(close(ours.equal_error_rate(), oracle.equal_error_rate()), "case {case}: EER");
        for one_in in [1, 2, 3, 10, 100] {
            let theirs = oracle.fnmr_at_fmr(1.0 / one_in as f64);
            assert!(close(ours.fnmr_at_fmr(one_in), theirs), "case {case}: FMR 1 in {one_in}");
        }
        assert!(close(ours.zero_fmr(), oracle.fnmr_at_fmr(0.0)), "case {case}: zeroFMR");
    }
}

#[test]
fn a_weight_counts_a_comparison_as_often() {
    let mut random = Random::new(8);
    for _ in 0..200 {
        let (mated, non_mated) = (random_scores(&mut random, 5, 30), random_scores(&mut random, 0, 15));
        let sorted = comparisons(&mated, &non_mated);
        // A weight that depends on the score, so that equal comparisons have equal weights.
        let weight = |c: &Comparison| if c.score > 10.0 { 3 } else { 1 };
        let repeated: Vec<_> = sorted
            .iter()
            .flat_map(|c| core::iter::repeat_n(*c, usize::try_from(weight(c)).unwrap()))
            .collect();
        assert_eq!(Curve::weighted(&sorted, weight), Curve::new(&repeated));
    }
}

#[test]
fn the_protocol_has_the_numbers_of_comparisons_that_fvc_states() {
    let fingers: Vec<u32> = (0..10).flat_map(|finger| [finger; 8]).collect();
    let all = pairs(&fingers);
    let mated = |pair: &&super::verification::Pair| fingers[pair.probe] == fingers[pair.reference];
    assert_eq!(all.iter().filter(mated).count(), 280);
    assert_eq!(all.iter().filter(|pair| !mated(pair)).count(), 2880);
    assert_eq!(all.iter().filter(|pair| pair.fvc && !mated(pair)).count(), 45);
    assert!(all.iter().all(|pair| pair.probe < pair.reference), "the lower number is the probe");
}

/// Two sets: one that every threshold separates, one that none does.
fn two_sets() -> [Scores; 2] {
    let fingers: Vec<u32> = (0..6).flat_map(|finger| [finger; 3]).collect();
    let all = pairs(&fingers);
    let scores = |mated: f64, other: f64| -> Vec<f64> {
        let score = |pair: &super::verification::Pair| match fingers[pair.probe] == fingers[pair.reference] {
            true => mated,
            false => other,
        };
        all.iter().map(score).collect()
    };
    [Scores::new(&fingers, &all, &scores(9.0, 5.0)), Scores::new(&fingers, &all, &scores(3.0, 3.0))]
}

#[test]
fn one_threshold_for_all_sets_is_not_the_mean_of_the_sets() {
    let summaries = summarise(&two_sets());
    let zero_fmr = MEASURES.iter().position(|measure| measure.key == "zero_fmr").unwrap();
    let of = |summary: &super::verification::Summary| summary.rates[zero_fmr];
    assert_eq!((of(&summaries.sets[0]), of(&summaries.sets[1])), (0.0, 1.0));
    assert_eq!(of(&summaries.mean), 0.5);
    // The threshold above 5 refuses all mates of the second set, and those of the first that are below it: none.
    assert_eq!(of(&summaries.pooled), 0.5);
    let counts = (summaries.pooled.mated, summaries.pooled.non_mated, summaries.pooled.non_mated_fvc);
    assert_eq!(counts, (36, 270, 30));
    let interval = summaries.sets[0].intervals[zero_fmr].unwrap();
    assert_eq!((interval.low, interval.high), (0.0, 0.0));
    assert!(summaries.pooled.rates[4].is_nan(), "too few impostors for an FMR of 1e-4");
}

#[test]
fn intervals_cover_what_they_should_and_do_not_change() {
    // The mean of ten values of which four are 1: a binomial with n = 10, p = 0.4, whose 2.5 and 97.5 % are 0.1 and 0.7.
    let mean = |times: &[u32]| {
        assert_eq!(times.iter().sum::<u32>(), 10, "as many are drawn as there are");
        vec![f64::from(times[..4].iter().sum::<u32>()) / 10.0, f64::NAN]
    };
    let [first, none] = intervals(&[10], mean)[..] else { panic!() };
    assert_eq!(first.map(|interval| (interval.low, interval.high)), Some((0.1, 0.7)));
    assert_eq!(none, None, "no value, no interval");
    assert_eq!(intervals(&[10], mean)[0], first);
    // Fingers of one set never replace those of another.
    let apart = intervals(&[3, 4], |times| vec![f64::from(times[..3].iter().sum::<u32>())]);
    assert_eq!(apart[0].map(|interval| (interval.low, interval.high)), Some((3.0, 3.0)));
}
