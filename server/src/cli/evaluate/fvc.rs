//! `whorl evaluate fvc`: verification on folders of `<finger>_<impression>.<ext>`.

use std::path::PathBuf;
use std::time::Instant;

use clap::Args;
use whorl_datasets::evaluation::verification::{Scores, Summaries, pairs, summarise};

use super::Options;
use super::matcher::Matcher;
use super::provenance::Provenance;
use super::samples::{Failure, failures, load};
use super::set::Set;

/// Verification: error rates on sets of fingers with several impressions each
///
/// Each folder is a set of files <finger>_<impression>.<ext>: images (.png .bmp .tif .tiff .wsq .jp2 .jpg), ISO/IEC 19794-2 or
/// INCITS 378 records (.fmr .ist .iso) or NIST minutiae (.xyt). Genuine: all pairs of impressions of one finger. Impostor: all pairs of
/// impressions of different fingers of the set, each once; for EER (FVC) the first impressions alone. A sample that is not extracted
/// matches nothing, and counts.
#[derive(Args)]
#[command(after_help = "\
Examples:
  whorl evaluate fvc FVC2002_DB1_B
  whorl evaluate fvc FVC2002_DB1_B FVC2002_DB3_B --matcher bozorth3 --json")]
pub struct Fvc {
    /// Folders, one a set
    #[arg(required = true, value_name = "DIR")]
    sets: Vec<PathBuf>,
    #[command(flatten)]
    options: Options,
}

/// A set, compared.
pub struct Evaluated {
    /// Name of its folder.
    pub name: String,
    /// Number of samples.
    pub samples: usize,
    /// Those that were not extracted, and why.
    pub failures: Vec<Failure>,
    /// The scores.
    pub scores: Scores,
}

/// All that came out.
pub struct Evaluation {
    /// What compared.
    pub matcher: Matcher,
    /// How it came about.
    pub provenance: Provenance,
    /// Each folder.
    pub sets: Vec<Evaluated>,
    /// The rates.
    pub summaries: Summaries,
    /// Comparisons a second, over all processors.
    pub speed: f64,
}

impl Fvc {
    /// Runs it.
    pub fn run(self) -> anyhow::Result<()> {
        let sets = self.sets.iter().map(|folder| Set::read(folder)).collect::<anyhow::Result<Vec<_>>>()?;
        let (mut evaluated, mut compared, mut seconds) = (Vec::new(), 0, 0.0);
        for set in sets {
            let paths: Vec<PathBuf> = set.files().map(|(_, path)| path.clone()).collect();
            let outcomes = load(&paths, self.options.ppi)?;
            let fingers = set.fingers();
            let pairs = pairs(&fingers);
            let places: Vec<_> = pairs.iter().map(|pair| (pair.probe, pair.reference)).collect();
            let start = Instant::now();
            let scores = self.options.matcher.scores(&outcomes, &places)?.decision;
            seconds += start.elapsed().as_secs_f64();
            compared += places.len();
            evaluated.push(Evaluated {
                name: set.name().to_owned(),
                samples: paths.len(),
                failures: failures(paths, &outcomes),
                scores: Scores::new(&fingers, &pairs, &scores),
            });
        }
        let all: Vec<_> = evaluated.iter().map(|set| set.scores.clone()).collect();
        let evaluation = Evaluation {
            matcher: self.options.matcher,
            provenance: Provenance::of_this_run(self.options.matcher, "fingers within each set"),
            sets: evaluated,
            summaries: summarise(&all),
            speed: compared as f64 / seconds,
        };
        self.options.output(&evaluation)
    }
}
