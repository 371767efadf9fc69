//! The matchers that can be evaluated: Whorl's own, and NIST bozorth3 beside it, on the same minutiae.

use clap::ValueEnum;
use rayon::prelude::*;
use whorl_engine::stages::s2_alignment;
use whorl_engine::template::{Probe, Template};

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

    /// Scores of pairs of samples (probe, reference), in their order. Minus infinity where either was not extracted.
    pub fn scores(self, samples: &[Outcome], pairs: &[(usize, usize)]) -> anyhow::Result<Vec<f64>> {
        match self {
            Self::Whorl => Ok(by_whorl(samples, pairs)),
            Self::Bozorth3 => super::bozorth3::scores(samples, pairs),
        }
    }
}

/// What Whorl says of one finger against one.
fn similarity(probe: &Probe, reference: &Template) -> f64 {
    f64::from(s2_alignment::score(probe, reference.view())) / 4096.0
}

fn by_whorl(samples: &[Outcome], pairs: &[(usize, usize)]) -> Vec<f64> {
    let bar = progress("comparing", pairs.len());
    let same_probe: Vec<&[(usize, usize)]> = pairs.chunk_by(|a, b| a.0 == b.0).collect();
    let scores = same_probe.par_iter().flat_map_iter(|of_probe| {
        let probe = samples[of_probe[0].0].as_ref().ok().map(|sample| Probe::new(sample.template.clone()));
        let score = |&(_, reference): &(usize, usize)| match (&probe, &samples[reference]) {
            (Some(probe), Ok(reference)) => similarity(probe, &reference.template),
            _ => f64::NEG_INFINITY,
        };
        let scores: Vec<f64> = of_probe.iter().map(score).collect();
        bar.inc(scores.len() as u64);
        scores
    });
    let scores = scores.collect();
    bar.finish_and_clear();
    scores
}
