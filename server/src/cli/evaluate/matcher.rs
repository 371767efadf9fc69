//! The matchers that can be evaluated: Whorl's own, and NIST bozorth3 beside it, on the same minutiae.

use clap::ValueEnum;
use rayon::prelude::*;
use whorl_engine::normalisation::key;
use whorl_engine::stages::{s1_consistency, s2_alignment};
use whorl_engine::template::{Probe, Template};
use whorl_engine::tunables;

use super::samples::{Outcome, progress};

/// The matcher to evaluate.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Matcher {
    /// The matcher of this program
    Whorl,
    /// NIST bozorth3, with its defaults, in processes of its own
    Bozorth3,
}

impl Matcher {
    /// Its name on the command line.
    pub fn name(self) -> &'static str {
        match self {
            Self::Whorl => "whorl",
            Self::Bozorth3 => "bozorth3",
        }
    }

    /// What a finger takes from its record at most.
    pub fn finger_floor(self) -> f64 {
        match self {
            Self::Whorl => f64::from(tunables::FINGER_LOG_ODDS_MIN) / 4096.0,
            Self::Bozorth3 => 0.0,
        }
    }

    /// Where it compares.
    pub fn backend(self) -> &'static str {
        match self {
            Self::Whorl => "cpu: the twins of the shaders, which give the same bits",
            Self::Bozorth3 => "cpu: a process a core",
        }
    }

    /// Compares pairs of samples (probe, reference).
    pub fn scores(self, samples: &[Outcome], pairs: &[(usize, usize)]) -> anyhow::Result<Scores> {
        match self {
            Self::Whorl => Ok(by_whorl(samples, pairs)),
            Self::Bozorth3 => Ok(Scores { decision: super::bozorth3::scores(samples, pairs)?, stage1: None }),
        }
    }
}

/// Scores of pairs, in their order. Minus infinity where either sample was not extracted.
pub struct Scores {
    /// What decides.
    pub decision: Vec<f64>,
    /// What chooses those that are looked at closely, where the matcher has such a stage.
    pub stage1: Option<Vec<f64>>,
}

/// What Whorl says of one finger against one: the log-odds of stage 2 in nats, and the key of stage 1 in deviations.
fn similarity(probe: &Probe, reference: &Template) -> (f64, f64) {
    let log_odds = s2_alignment::score(probe, reference.view());
    let raw = s1_consistency::score(probe, reference.words());
    let key = key(raw, probe.normalisation(), reference.view().normalisation());
    (f64::from(log_odds) / 4096.0, f64::from(key) / 128.0)
}

/// Scores of whole records from those of their fingers: the sum over the fingers that were extracted on both sides, none of which
/// counts for less than `floor`, and minus infinity where there is none.
pub fn fused(records: usize, floor: f64, fingers: impl Iterator<Item = (usize, f64)>) -> Vec<f64> {
    let mut fused = vec![f64::NEG_INFINITY; records];
    for (record, score) in fingers.filter(|(_, score)| *score > f64::NEG_INFINITY) {
        let score = score.max(floor);
        let sum: &mut f64 = &mut fused[record];
        *sum = if *sum == f64::NEG_INFINITY { score } else { *sum + score };
    }
    fused
}

fn by_whorl(samples: &[Outcome], pairs: &[(usize, usize)]) -> Scores {
    let bar = progress("comparing", pairs.len());
    let same_probe: Vec<&[(usize, usize)]> = pairs.chunk_by(|a, b| a.0 == b.0).collect();
    let scores = same_probe.par_iter().flat_map_iter(|of_probe| {
        let probe = samples[of_probe[0].0].as_ref().ok().map(|sample| Probe::new(sample.template.clone()));
        let score = |&(_, reference): &(usize, usize)| match (&probe, &samples[reference]) {
            (Some(probe), Ok(reference)) => similarity(probe, &reference.template),
            _ => (f64::NEG_INFINITY, f64::NEG_INFINITY),
        };
        let scores: Vec<_> = of_probe.iter().map(score).collect();
        bar.inc(scores.len() as u64);
        scores
    });
    let (decision, stage1) = scores.unzip();
    bar.finish_and_clear();
    Scores { decision, stage1: Some(stage1) }
}
