//! `whorl bench`: how fast this machine searches, beside NIST bozorth3 and beside what its arithmetic could do at most.
//!
//! Galleries are generated people, each once, one finger each; a probe is another touch of one of them, so its mate is there
//! once and nothing is a copy: a gallery of a few prints repeated stays in the cache, and flatters.
//!
//! *Failure.* A back end that finds other candidates than the first one did ends the command: its speed would be that of another
//! computation. A size that does not fit in memory, or would take minutes a search, is left out and named.

mod ceiling;
mod machine;
mod measure;
mod peer;
mod people;
mod plan;
mod search;
mod shown;
mod target;

use clap::Args;
use serde::Serialize;
use whorl_engine::gallery::{Label, Row};
use whorl_engine::template::TEMPLATE_WORDS;

use machine::Machine;
use measure::Run;
use people::People;
use plan::Plan;
use target::Target;

/// How much longer bozorth3 is measured than a search: the start of its processes is in its time, and must not count.
const PEER_LONGER: f64 = 3.0;

/// Measure how fast this machine searches
///
/// Searches in galleries of 10 000, 100 000 and 1 000 000 generated prints (--quick: the first two), with each set of instructions that
/// the processor has and on each GPU with each kernel, with one probe at a time and with 16 at once, by stage 1 alone and by all stages.
/// A GPU that is software is measured at 10 000 only. Beside it NIST bozorth3 compares the same minutiae, and a loop of nothing but AND,
/// population count and addition runs over the same bytes. Leave the machine alone meanwhile: it takes ten minutes (--quick: one) and 5 GiB
/// (1.5) on two cores. docs/src/performance.md says what each figure is.
#[derive(Args)]
#[command(after_help = "\
Examples:
  whorl bench --quick
  whorl bench --galleries 50000 --json")]
pub struct Bench {
    /// Smaller galleries and fewer searches; of a software GPU one kernel
    #[arg(long)]
    quick: bool,
    /// Sizes of the galleries, instead of the usual ones: 100 to 1000000000 each
    #[arg(long, value_name = "N", value_delimiter = ',', value_parser = clap::value_parser!(u32).range(100..=1_000_000_000))]
    galleries: Vec<u32>,
    /// How long each measurement should take, slow searches apart [default: 5, or 0.6 with --quick]
    #[arg(long, value_name = "S", value_parser = seconds)]
    seconds: Option<f64>,
    /// Measure only back ends with this in their name: `gpu`, `cpu avx512`, `tile`
    #[arg(long, value_name = "TEXT")]
    only: Option<String>,
    /// Print as JSON
    #[arg(long)]
    json: bool,
}

/// A time that is worth measuring.
fn seconds(text: &str) -> Result<f64, String> {
    let seconds = text.parse().map_err(|_| "not a number".to_owned())?;
    if (0.01..=3600.0).contains(&seconds) { Ok(seconds) } else { Err("must be 0.01 to 3600".into()) }
}

/// All that came out.
#[derive(Serialize)]
struct Report {
    machine: Machine,
    runs: Vec<Run>,
    bozorth3: peer::Peer,
    /// Of stage 1 with one probe in the largest gallery, by the path that is fastest there, over the ceiling of the same path.
    stage1_share_of_ceiling: Option<f64>,
    /// Memory of the gallery.
    bytes_per_finger: f64,
    /// What was not measured, and why.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    left_out: Vec<String>,
}

impl Bench {
    /// Runs it.
    #[expect(clippy::print_stdout, reason = "the figures are the output")]
    pub fn run(self) -> anyhow::Result<()> {
        let report = self.report()?;
        if self.json {
            println!("{}", serde_json::to_string_pretty(&report)?);
        } else {
            print!("{}", shown::text(&report));
        }
        Ok(())
    }

    fn report(&self) -> anyhow::Result<Report> {
        let machine = Machine::here();
        let mut plan = Plan::new(self.quick, &self.galleries, self.seconds, &machine)?;
        let targets = Target::wanted(self.quick, self.only.as_deref().unwrap_or_default())?;
        let people = People::generate(plan.largest())?;
        let bozorth3 = peer::measure(&people, plan.seconds * PEER_LONGER)?;
        let measured = measure::all(&people, &targets, &mut plan)?;
        Ok(Report {
            machine,
            bozorth3,
            stage1_share_of_ceiling: best(&measured.runs).and_then(|run| run.share_of_ceiling),
            runs: measured.runs,
            bytes_per_finger: measured.bytes_per_finger,
            left_out: plan.left_out,
        })
    }
}

/// The fastest stage 1 on the CPU with one probe, in the largest gallery.
fn best(runs: &[Run]) -> Option<&Run> {
    let rated = runs.iter().filter(|run| run.share_of_ceiling.is_some() && run.probes == 1);
    rated.max_by(|a, b| {
        let rate = |run: &Run| run.comparisons_per_second_per_core;
        a.gallery.cmp(&b.gallery).then(rate(a).total_cmp(&rate(b)))
    })
}

/// What a finger takes at least: its words, its row, its record's label.
fn layout_bytes_per_finger() -> f64 {
    (4 * TEMPLATE_WORDS + size_of::<Row>() + size_of::<Option<Label>>()) as f64
}
