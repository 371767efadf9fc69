//! What a score is worth: the false-match rate that it stands for, and the threshold for a target rate.
//!
//! **Provisional.** These are scores of stage 1 alone, without normalisation; the figures come with the second stage.
//! The model is a straight line for each number of like fingers, `log10 FMR = a - b * score`, fitted by maximum likelihood on
//! the tail above FMR 1e-2 of real impostor comparisons; of plain and rolled prints the line that asks for the higher score
//! is taken. `docs/src/matching.md` has the data and the counts. Below FMR 1e-4 it is extrapolation.
#![expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "scores of at most 18 bits")]

use crate::engine::Thresholds;
use crate::minutia::FingerPosition;

/// `(a, b)` by number of like fingers, 1 to 10. Score unit: sums of stage 1, 10 fraction bits.
const LINES: [(f64, f64); FingerPosition::COUNT] = [
    (-0.095, 0.007_160),
    (0.457, 0.006_416),
    (1.106, 0.006_250),
    (1.300, 0.005_445),
    (1.809, 0.005_349),
    (2.134, 0.005_066),
    (2.122, 0.004_505),
    (2.575, 0.004_526),
    (2.809, 0.004_332),
    (4.392, 0.005_209),
];

/// The false-match rate at which a pair is called a hit, unless the operator says otherwise.
pub const TARGET_FALSE_MATCH_RATE: f64 = 1e-6;

/// The rate at which two different people reach a score with this many like fingers (1 to 10); at most 1.
pub fn false_match_rate(fingers: usize, score: u32) -> f64 {
    let (a, b) = LINES[fingers.clamp(1, LINES.len()) - 1];
    libm::pow(10.0, (a - b * f64::from(score)).min(0.0))
}

/// The least scores whose false-match rate is at most `rate`, which must be above 0.
pub fn thresholds(rate: f64) -> Thresholds {
    let least = |(a, b): (f64, f64)| libm::ceil((a - libm::log10(rate)) / b).max(1.0) as u32;
    let mut thresholds = [u32::MAX; FingerPosition::COUNT + 1];
    for (threshold, line) in thresholds[1..].iter_mut().zip(LINES) {
        *threshold = least(line);
    }
    thresholds
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_threshold_is_the_least_score_of_its_rate() {
        let thresholds = thresholds(1e-6);
        for (fingers, &score) in thresholds.iter().enumerate().skip(1) {
            assert!(false_match_rate(fingers, score) <= 1e-6);
            assert!(false_match_rate(fingers, score - 1) > 1e-6);
        }
        assert_eq!(thresholds[0], u32::MAX, "nothing compared, nothing found");
    }

    #[test]
    fn no_rate_is_above_one() {
        assert!((1..=10).all(|fingers| false_match_rate(fingers, 0) <= 1.0));
    }
}
