//! `whorl evaluate fvc`: verification on folders of `<finger>_<impression>.<ext>`.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Instant;

use anyhow::{Context, bail, ensure};
use clap::Args;
use comfy_table::{Table, presets::ASCII_MARKDOWN};
use serde_json::{Map, Value, json};
use whorl_datasets::evaluation::verification::{MEASURES, Scores, Summaries, Summary, pairs, summarise};

use super::matcher::Matcher;
use super::provenance::Provenance;
use super::samples::{KINDS, Outcome, is_readable, load};

/// Verification: error rates on sets of fingers with several impressions each
///
/// Each folder is a set of files <finger>_<impression>.<ext>: images (.png .bmp .tif .tiff .wsq), ISO/IEC 19794-2:2005 records
/// (.fmr .ist .iso) or NIST minutiae (.xyt). Genuine: all pairs of impressions of one finger. Impostor: all pairs of impressions of
/// different fingers of the set, each once; for EER (FVC) the first impressions alone. A sample that is not extracted
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
    /// What compares
    #[arg(long, value_enum, default_value = "whorl")]
    matcher: Matcher,
    /// Resolution of the images, in pixels per inch
    #[arg(long, default_value = "500", value_name = "PPI")]
    ppi: u16,
    /// Print as JSON; rates are fractions
    #[arg(long)]
    json: bool,
}

/// A folder, read.
struct Set {
    name: String,
    paths: Vec<PathBuf>,
    /// Of each path, from 0 without gaps.
    fingers: Vec<u32>,
}

/// A set, compared.
pub struct Evaluated {
    /// Name of its folder.
    pub name: String,
    /// Number of samples.
    pub samples: usize,
    /// Those that were not extracted, and why.
    pub failures: Vec<(PathBuf, String)>,
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
            let outcomes = load(&set.paths, self.ppi)?;
            let pairs = pairs(&set.fingers);
            let places: Vec<_> = pairs.iter().map(|pair| (pair.probe, pair.reference)).collect();
            let start = Instant::now();
            let scores = self.matcher.scores(&outcomes, &places)?;
            seconds += start.elapsed().as_secs_f64();
            compared += places.len();
            let scores = Scores::new(&set.fingers, &pairs, &scores);
            evaluated.push(set.evaluated(&outcomes, scores));
        }
        let all: Vec<_> = evaluated.iter().map(|set| set.scores.clone()).collect();
        let evaluation = Evaluation {
            matcher: self.matcher,
            provenance: Provenance::of_this_run(),
            sets: evaluated,
            summaries: summarise(&all),
            speed: compared as f64 / seconds,
        };
        evaluation.print(self.json);
        Ok(())
    }
}

impl Set {
    fn read(folder: &Path) -> anyhow::Result<Self> {
        let mut found = BTreeMap::new();
        for entry in fs_err::read_dir(folder)? {
            let path = entry?.path();
            if !path.is_file() || !is_readable(&path) {
                continue;
            }
            let Some(numbers) = numbers(&path) else {
                bail!("{}: not named <finger>_<impression>.<ext>", path.display());
            };
            if let Some(other) = found.insert(numbers, path.clone()) {
                bail!("{} and {}: the same impression twice", other.display(), path.display());
            }
        }
        let mut fingers: Vec<u32> = Vec::new();
        let mut numbers: Vec<u32> = found.keys().map(|(finger, _)| *finger).collect();
        numbers.dedup();
        for (finger, _) in found.keys() {
            fingers.push(u32::try_from(numbers.partition_point(|number| number < finger))?);
        }
        let shown = folder.display();
        ensure!(!found.is_empty(), "{shown}: no file <finger>_<impression>.<ext>; read are {KINDS}");
        ensure!(numbers.len() > 1, "{shown}: one finger only, so there are no impostors");
        ensure!(found.len() > numbers.len(), "{shown}: one impression a finger, so there are no mates");
        let name = fs_err::canonicalize(folder)?;
        let name = name.file_name().context("the root directory is no set")?.to_string_lossy().into_owned();
        Ok(Self { name, paths: found.into_values().collect(), fingers })
    }

    fn evaluated(self, outcomes: &[Outcome], scores: Scores) -> Evaluated {
        let failure =
            |(path, outcome): (&PathBuf, &Outcome)| Some((path.clone(), outcome.as_ref().err()?.clone()));
        let failures = self.paths.iter().zip(outcomes).filter_map(failure).collect();
        Evaluated { name: self.name, samples: outcomes.len(), failures, scores }
    }
}

/// `<finger>_<impression>` of a file's name.
fn numbers(path: &Path) -> Option<(u32, u32)> {
    let (finger, impression) = path.file_stem()?.to_str()?.split_once('_')?;
    Some((finger.parse().ok()?, impression.parse().ok()?))
}

impl Evaluation {
    #[expect(clippy::print_stdout, reason = "the rates are the output")]
    fn print(&self, as_json: bool) {
        if as_json {
            println!("{:#}", self.to_json());
        } else {
            println!("{}", self.to_text());
        }
    }

    fn to_json(&self) -> Value {
        let sets = self.sets.iter().zip(&self.summaries.sets).map(|(set, summary)| {
            let mut object = rates(summary);
            object.insert("name".into(), json!(set.name));
            object.insert("samples".into(), json!(set.samples));
            object.insert("failure_to_extract".into(), json!(set.failures.len() as f64 / set.samples as f64));
            let failed = |(path, why): &(PathBuf, String)| json!({"file": path, "problem": why});
            object.insert("failed".into(), set.failures.iter().map(failed).collect());
            Value::Object(object)
        });
        json!({
            "matcher": self.matcher.name(),
            "sets": sets.collect::<Vec<_>>(),
            "mean": rates(&self.summaries.mean),
            "pooled": rates(&self.summaries.pooled),
            "comparisons_per_second": self.speed,
            "provenance": self.provenance,
        })
    }

    fn to_text(&self) -> String {
        let mut table = Table::new();
        let measured = |summary: &Summary| {
            let cell = |at: usize| percent(summary.rates[at], summary.intervals[at].map(|i| [i.low, i.high]));
            (0..MEASURES.len()).map(cell).collect::<Vec<_>>()
        };
        let shown: Vec<usize> =
            (0..MEASURES.len()).filter(|&at| !self.summaries.pooled.rates[at].is_nan()).collect();
        let row = |name: &str, summary: &Summary, failed: String| {
            let counts = [name.to_owned(), summary.mated.to_string(), summary.non_mated.to_string()];
            let rates = measured(summary);
            counts
                .into_iter()
                .chain(shown.iter().map(move |&at| rates[at].clone()))
                .chain([failed])
                .collect::<Vec<_>>()
        };
        let titles = shown.iter().map(|&at| MEASURES[at].title);
        table.load_preset(ASCII_MARKDOWN);
        table.set_header(["set", "genuine", "impostor"].into_iter().chain(titles).chain(["not extracted"]));
        for (set, summary) in self.sets.iter().zip(&self.summaries.sets) {
            table.add_row(row(&set.name, summary, format!("{} of {}", set.failures.len(), set.samples)));
        }
        if self.sets.len() > 1 {
            table.add_row(row("mean of the sets", &self.summaries.mean, String::new()));
            table.add_row(row("one threshold for all", &self.summaries.pooled, String::new()));
        }
        format!(
            "{table}\n\nMatcher {}; rates in %, with 95 % intervals (bootstrap over fingers). {:.0} comparisons a second.",
            self.matcher.name(),
            self.speed
        )
    }
}

/// `2.14 (0.00-5.71)`.
fn percent(rate: f64, interval: Option<[f64; 2]>) -> String {
    if rate.is_nan() {
        return "-".into();
    }
    let interval = interval.map(|[low, high]| format!(" ({:.2}-{:.2})", low * 100.0, high * 100.0));
    format!("{:.2}{}", rate * 100.0, interval.unwrap_or_default())
}

/// Counts, rates and intervals, by the names that the documentation gives.
fn rates(summary: &Summary) -> Map<String, Value> {
    let mut object = Map::new();
    object.insert("genuine".into(), json!(summary.mated));
    object.insert("impostor".into(), json!(summary.non_mated));
    object.insert("impostor_fvc".into(), json!(summary.non_mated_fvc));
    let mut intervals = Map::new();
    for (at, measure) in MEASURES.iter().enumerate() {
        object.insert(measure.key.into(), json!(summary.rates[at]));
        let interval = summary.intervals[at].map(|interval| [interval.low, interval.high]);
        intervals.insert(measure.key.into(), json!(interval));
    }
    object.insert("intervals".into(), Value::Object(intervals));
    object
}
