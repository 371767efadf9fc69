//! `whorl evaluate identify`: searches in a gallery, by a protocol.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Instant;

use anyhow::Context;
use clap::Args;
use whorl_datasets::evaluation::identification::{Search, Summary, summarise};

use super::Options;
use super::matcher::{Matcher, fused};
use super::protocol::{Protocol, Record};
use super::provenance::Provenance;
use super::samples::{Failure, Outcome, failures, load};

/// Identification: searches in a gallery, by a protocol
///
/// The protocol is a CSV file with the heading role,record,person,position,file: role is enrolled or probe; lines with the same record
/// are one set of prints; position is the finger, 1 to 10; a probe whose person is not enrolled is a search of a stranger. Every
/// probe of an enrolled person is also searched with its mate left out, as a stranger. `whorl evaluate protocol` writes
/// one for public sets.
#[derive(Args)]
#[command(after_help = "\
Examples:
  whorl evaluate protocol --fvc FVC2002_DB1_B --distractors NIST_SD14 > one.csv
  whorl evaluate identify one.csv --json")]
pub struct Identify {
    /// The protocol
    #[arg(value_name = "PROTOCOL")]
    protocol: PathBuf,
    #[command(flatten)]
    options: Options,
}

/// All that came out.
pub struct Evaluation {
    /// What compared.
    pub matcher: Matcher,
    /// How it came about.
    pub provenance: Provenance,
    /// Number of prints.
    pub samples: usize,
    /// Those that were not extracted, and why.
    pub failures: Vec<Failure>,
    /// The figures.
    pub summary: Summary,
    /// Comparisons of one finger with one a second, over all processors.
    pub speed: f64,
}

/// Pairs that are compared in one go; bounds the memory that their scores take.
const PAIRS_MAX: usize = 4 << 20;

impl Identify {
    /// Runs it.
    pub fn run(self) -> anyhow::Result<()> {
        let path = self.protocol.display().to_string();
        let file = fs_err::File::open(&self.protocol)?;
        let protocol = Protocol::read(file).context(path)?;
        let (paths, places) = files(&protocol);
        let outcomes = load(&paths, self.options.ppi)?;
        let (searches, speed) = search(self.options.matcher, &protocol, &places, &outcomes)?;
        let summary = summarise(&searches, protocol.enrolled.len())
            .context("nobody who is searched for is enrolled")?;
        let evaluation = Evaluation {
            matcher: self.options.matcher,
            provenance: Provenance::of_this_run(self.options.matcher, "persons"),
            samples: outcomes.len(),
            failures: failures(paths, &outcomes),
            summary,
            speed,
        };
        self.options.output(&evaluation)
    }
}

/// Every file once, and its place.
fn files(protocol: &Protocol) -> (Vec<PathBuf>, BTreeMap<PathBuf, usize>) {
    let prints = protocol.enrolled.iter().chain(&protocol.probes).flat_map(|record| record.prints.values());
    let mut places: BTreeMap<PathBuf, usize> = prints.map(|path| (path.clone(), 0)).collect();
    for (at, place) in places.values_mut().enumerate() {
        *place = at;
    }
    (places.keys().cloned().collect(), places)
}

/// Searches every probe in the whole gallery; and how many comparisons were made a second.
fn search(
    matcher: Matcher,
    protocol: &Protocol,
    places: &BTreeMap<PathBuf, usize>,
    samples: &[Outcome],
) -> anyhow::Result<(Vec<Search>, f64)> {
    let mut persons: BTreeMap<&str, u32> = BTreeMap::new();
    let (mut searches, mut compared, mut seconds) = (Vec::new(), 0, 0.0);
    let fingers = protocol.probes.iter().map(|probe| probe.prints.len()).max().unwrap_or(1);
    let at_once = (PAIRS_MAX / (protocol.enrolled.len() * fingers)).max(1);
    for probes in protocol.probes.chunks(at_once) {
        let jobs: Vec<Vec<Job>> = probes.iter().map(|probe| like_fingers(probe, protocol, places)).collect();
        let pairs: Vec<_> = jobs.iter().flatten().map(|job| job.pair).collect();
        let start = Instant::now();
        let scores = matcher.scores(samples, &pairs)?;
        seconds += start.elapsed().as_secs_f64();
        compared += pairs.len();
        let mut from = 0;
        for (probe, jobs) in probes.iter().zip(&jobs) {
            let next = u32::try_from(persons.len())?;
            // A stranger without a name is a person of its own.
            let name = if probe.person.is_empty() { &probe.name } else { &probe.person };
            let person = *persons.entry(name).or_insert(next);
            let own =
                |record: usize| !probe.person.is_empty() && protocol.enrolled[record].person == probe.person;
            let by_record = |of: &[f64], floor: f64| {
                let fingers = jobs.iter().map(|job| job.record).zip(of[from..].iter().copied());
                fused(protocol.enrolled.len(), floor, fingers)
            };
            let stage1 = scores.stage1.as_deref().map(|keys| by_record(keys, f64::NEG_INFINITY));
            let decision = by_record(&scores.decision, matcher.finger_floor());
            searches.push(Search::new(person, &decision, stage1.as_deref(), own));
            from += jobs.len();
        }
    }
    Ok((searches, compared as f64 / seconds))
}

/// One finger of a probe against one of a record.
struct Job {
    /// Which record.
    record: usize,
    /// Places of the two prints.
    pair: (usize, usize),
}

fn like_fingers(probe: &Record, protocol: &Protocol, places: &BTreeMap<PathBuf, usize>) -> Vec<Job> {
    let mut jobs = Vec::new();
    for (position, print) in &probe.prints {
        for (record, enrolled) in protocol.enrolled.iter().enumerate() {
            if let Some(reference) = enrolled.prints.get(position) {
                jobs.push(Job { record, pair: (places[print], places[reference]) });
            }
        }
    }
    jobs
}
