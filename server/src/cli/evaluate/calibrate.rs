//! `whorl calibrate`: what the scores of another population, or another extractor, are worth.

use std::path::PathBuf;

use anyhow::{Context, ensure};
use clap::Args;
use whorl_datasets::evaluation::tail;
use whorl_datasets::evaluation::verification::pairs;
use whorl_engine::calibration::{Calibration, CalibrationData, Line};
use whorl_engine::minutia::FingerPosition;

use super::matcher::Matcher;
use super::samples::load;
use super::set::Set;

/// Measure what scores are worth on a population of your own
///
/// Each folder is a set of files <finger>_<impression>.<ext>, as for `whorl evaluate fvc`. All pairs of impressions of different fingers of
/// a set are compared; a line is fitted to the tail of their log-odds, and one to that of sums of 2 to 10 of them, as if the
/// fingers of a person were independent. Prints a calibration for `whorl serve --calibration`. Stored people are no
/// such population: comparing them with one another for this is forbidden (R-COMP-12).
#[derive(Args)]
#[command(after_help = "Example:\n  whorl calibrate FVC2002_DB1_B FVC2004_DB2_B > calibration.json")]
pub struct Calibrate {
    /// Folders, one a set
    #[arg(required = true, value_name = "DIR")]
    sets: Vec<PathBuf>,
    /// Resolution of the images, in pixels per inch: 250 to 2000
    #[arg(long, default_value = "500", value_name = "PPI", value_parser = clap::value_parser!(u16).range(250..=2000))]
    ppi: u16,
    /// Name of what found the minutiae, where they are not found here
    #[arg(long, value_name = "NAME", default_value = whorl_engine::extraction::EXTRACTOR)]
    extractor: String,
}

impl Calibrate {
    /// Runs it.
    #[expect(clippy::print_stdout, reason = "the calibration is the output")]
    pub fn run(self) -> anyhow::Result<()> {
        let (mut impostors, mut named, mut fingers_in_all) = (Vec::new(), Vec::new(), 0);
        for folder in &self.sets {
            let set = Set::read(folder)?;
            let paths: Vec<PathBuf> = set.files().map(|(_, path)| path.clone()).collect();
            let outcomes = load(&paths, self.ppi)?;
            let fingers = set.fingers();
            let of_strangers: Vec<_> = (pairs(&fingers).iter())
                .filter(|pair| fingers[pair.probe] != fingers[pair.reference])
                .map(|pair| (pair.probe, pair.reference))
                .collect();
            let scores = Matcher::Whorl.scores(&outcomes, &of_strangers)?.decision;
            impostors.extend(scores.into_iter().filter(|score| score.is_finite()));
            fingers_in_all += fingers.last().map_or(0, |last| last + 1);
            named.push(set.name().to_owned());
        }
        let floor = Matcher::Whorl.finger_floor();
        let lines = tail::lines(&impostors, floor, FingerPosition::COUNT).with_context(|| {
            format!(
                "{} comparisons of different fingers; 1000 or more are needed, not all alike",
                impostors.len()
            )
        })?;
        let line = |(fingers, line): (usize, tail::Line)| Line {
            fingers,
            a: rounded(line.a),
            b: rounded(line.b),
            error: rounded(line.error),
            comparisons: impostors.len() as u64,
            measured_down_to: line.seen,
        };
        let data = CalibrationData {
            extractor: self.extractor,
            provenance: format!(
                "whorl {} calibrate; {} comparisons of impressions of different fingers within {} ({fingers_in_all} fingers); \
                 for more than one finger, sums of scores drawn from these",
                env!("CARGO_PKG_VERSION"),
                impostors.len(),
                named.join(", "),
            ),
            lines: (1..).zip(lines).map(line).collect(),
        };
        ensure!(Calibration::new(data.clone()).is_ok(), "these scores do not fall off: no line can be used");
        println!("{}", serde_json::to_string_pretty(&data)?);
        Ok(())
    }
}

/// To four decimals: there is no more in it.
fn rounded(value: f64) -> f64 {
    (value * 1e4).round() / 1e4
}
