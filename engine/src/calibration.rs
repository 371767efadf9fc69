//! What log-odds are worth: the rate at which two different people reach them, as a score.
//!
//! A score is `-10 log10` of that rate, rounded down: 60 is reached by one pair of strangers in a million. The rate depends on how
//! many like fingers were compared, and on the extractor, so a calibration is data with its provenance (`mindtct.json`), made by
//! `whorl calibrate` from comparisons of different fingers. The model is a straight line for each number of like fingers,
//! `log10 FMR = a - b * log-odds`, fitted to the tail; beyond what was measured it is extrapolation, and every report says so.
//!
//! Scores are compared, not rates: the least log-odds of each score are worked out once, by `libm`, so every machine decides alike.
#![expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "log-odds of at most 24 bits, and scores of at most 999"
)]

use std::sync::LazyLock;

use serde::{Deserialize, Serialize};

use crate::minutia::FingerPosition;

/// The largest score.
pub const SCORE_MAX: u32 = 999;

/// Galleries smaller than this are taken to be this large when a threshold is set: a rate of 1e-6 at the shipped target.
pub const GALLERY_MIN: usize = 1000;

/// The share of searches of people who are not enrolled that may find somebody, unless the operator says otherwise.
pub const TARGET_FPIR: f64 = 1e-3;

/// A line, and what it was fitted to.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Line {
    /// Like fingers, 1-10.
    pub fingers: usize,
    /// log10 of the false-match rate at log-odds 0.
    pub a: f64,
    /// By how much it falls a nat; above 0.
    pub b: f64,
    /// Standard error of the predicted log10 rate where the data end.
    pub error: f64,
    /// Comparisons of different people that it was fitted to.
    pub comparisons: u64,
    /// The least rate that these show, with ten comparisons above it; below it the line is extrapolation.
    pub measured_down_to: f64,
}

/// Everything that a calibration file says.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CalibrationData {
    /// What found the minutiae.
    pub extractor: String,
    /// What was compared, and how.
    pub provenance: String,
    /// One for each number of like fingers, from 1 to 10.
    pub lines: Vec<Line>,
}

/// Why a calibration cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CalibrationError {
    /// Not the JSON that is expected.
    #[error("not a calibration: {0}")]
    Json(#[from] serde_json::Error),
    /// Lines are missing, or make no sense.
    #[error("lines must be for 1 to {count} fingers, in order, with finite a and b above 0", count = FingerPosition::COUNT)]
    Lines,
}

/// Scores from log-odds.
#[derive(Debug, Clone)]
pub struct Calibration {
    data: CalibrationData,
    /// By like fingers less one: the least log-odds (1/4096 nat) of the scores 1, 2, ...
    least: Vec<Vec<i32>>,
}

static SHIPPED: LazyLock<Calibration> = LazyLock::new(|| {
    let shipped = Calibration::from_json(include_str!("mindtct.json"));
    shipped.unwrap_or_else(|error| unreachable!("the shipped calibration is tested: {error}"))
});

impl Calibration {
    /// The one that comes with the program, for mindtct.
    pub fn shipped() -> &'static Self {
        &SHIPPED
    }

    /// From the text of a calibration file.
    pub fn from_json(text: &str) -> Result<Self, CalibrationError> {
        Self::new(serde_json::from_str(text)?)
    }

    /// From what such a file says.
    pub fn new(data: CalibrationData) -> Result<Self, CalibrationError> {
        let numbers = data.lines.iter().map(|line| line.fingers);
        let sound = |line: &Line| line.a.is_finite() && line.b.is_finite() && line.b > 1e-3;
        if !numbers.eq(1..=FingerPosition::COUNT) || !data.lines.iter().all(sound) {
            return Err(CalibrationError::Lines);
        }
        let least = data.lines.iter().map(least_log_odds).collect();
        Ok(Self { data, least })
    }

    /// What it is made of.
    pub fn data(&self) -> &CalibrationData {
        &self.data
    }

    /// The score of these log-odds (1/4096 nat) with so many like fingers; 0 without any.
    pub fn score(&self, fingers: usize, log_odds: i32) -> u32 {
        let Some(least) = fingers.checked_sub(1).map(|index| &self.least[index.min(self.least.len() - 1)])
        else {
            return 0;
        };
        least.partition_point(|&least| least <= log_odds) as u32
    }

    /// The score at which, in a gallery of so many records, one search in `1 / fpir` of a person who is not in it finds anybody.
    pub fn threshold(fpir: f64, records: usize) -> u32 {
        let rate = fpir / records.max(GALLERY_MIN) as f64;
        libm::ceil(-10.0 * libm::log10(rate)).clamp(1.0, f64::from(SCORE_MAX)) as u32
    }
}

/// The rate that a score stands for.
pub fn false_match_rate(score: u32) -> f64 {
    libm::pow(10.0, -f64::from(score) / 10.0)
}

fn least_log_odds(line: &Line) -> Vec<i32> {
    let least = |score: u32| (line.a + f64::from(score) / 10.0) / line.b * 4096.0;
    (1..=SCORE_MAX).map(|score| libm::ceil(least(score)).clamp(-1e9, 1e9) as i32).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_score_is_what_the_line_says_rounded_down() {
        let calibration = Calibration::shipped();
        for line in &calibration.data().lines {
            for log_odds in (-20 * 4096..40 * 4096).step_by(997) {
                let rate = line.a - line.b * f64::from(log_odds) / 4096.0;
                let score = f64::from(calibration.score(line.fingers, log_odds));
                assert!(
                    (score - (-10.0 * rate).floor().max(0.0)).abs() < 1.5,
                    "{line:?} at {log_odds}: {score}"
                );
            }
        }
        assert_eq!(calibration.score(0, 1 << 20), 0, "nothing compared, nothing found");
    }

    #[test]
    fn the_threshold_follows_the_target_and_the_gallery() {
        assert_eq!(Calibration::threshold(1e-3, 10), 60, "a small gallery counts as one of a thousand");
        assert_eq!(Calibration::threshold(1e-3, 1_000_000), 90);
        assert_eq!(Calibration::threshold(1e-2, 1_000_000), 80);
        assert!((false_match_rate(60) - 1e-6).abs() < 1e-12);
    }

    #[test]
    fn a_calibration_that_makes_no_sense_is_refused() {
        let mut data = Calibration::shipped().data().clone();
        data.lines[3].b = -0.1;
        assert!(matches!(Calibration::new(data.clone()), Err(CalibrationError::Lines)));
        data.lines.truncate(3);
        assert!(matches!(Calibration::new(data), Err(CalibrationError::Lines)));
        assert!(matches!(Calibration::from_json("{}"), Err(CalibrationError::Json(_))));
    }
}
