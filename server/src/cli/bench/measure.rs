//! Searches, timed: on each target, in each gallery, one at a time and 16 at once.

use std::time::Instant;

use anyhow::ensure;
use indicatif::ProgressBar;
use serde::Serialize;
use whorl_engine::calibration::{Calibration, TARGET_FPIR};
use whorl_engine::engine::{Candidate, Engine};
use whorl_engine::gallery::{Scope, Slot};

use super::machine::resident_bytes;
use super::people::{People, everybody};
use super::plan::Plan;
use super::search::{Job, Stages};
use super::target::Target;
use super::{ceiling, layout_bytes_per_finger};
use crate::cli::samples::progress;

/// Probes that are searched for at once, in the runs that do so.
const AT_ONCE: usize = 16;
/// Records entered at a time, so that what is noted of each entry is not taken for memory of the gallery.
const ENTERED_AT_A_TIME: usize = 1000;
/// How much shorter than a search the ceiling is measured, each time: it needs no more to be sure.
const CEILING_SHORTER: f64 = 0.1;
/// Fewest records whose memory can be seen in that of the process.
const MEMORY_SEEN_FROM: usize = 10_000;

/// One line of the report.
#[derive(Debug, Clone, Serialize)]
pub struct Run {
    /// `cpu` or `gpu`.
    pub backend: &'static str,
    /// Instructions, or kernel.
    pub path: String,
    /// Of a GPU, its name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub adapter: Option<String>,
    /// `1` or `all`.
    pub stages: &'static str,
    /// Records.
    pub gallery: usize,
    /// Probes that were searched for at once.
    pub probes: usize,
    /// Fingers of a probe.
    pub fingers: usize,
    /// Records that stage 1 compared a second, over threads; those of the CPU also where a GPU does the work.
    pub comparisons_per_second_per_core: f64,
    /// Of stage 1 on the CPU, over the ceiling of the same instructions just before and after.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub share_of_ceiling: Option<f64>,
    /// A search's time, from call to answer: half are faster.
    pub p50_ms: f64,
    /// 99 in a hundred are faster; with fewer searches, the slowest.
    pub p99_ms: f64,
    /// Searches timed.
    pub searches: usize,
    /// How many of these had the mate in the shortlist (stage 1), or as the best candidate above the threshold (all).
    pub mates_found: usize,
}

/// Everything that was measured of searches.
pub struct Measured {
    /// By target, size, probes and stages.
    pub runs: Vec<Run>,
    /// Memory that a finger of the largest gallery took on the CPU.
    pub bytes_per_finger: f64,
}

/// Every run of the plan.
pub fn all(people: &People, targets: &[Target], plan: &mut Plan) -> anyhow::Result<Measured> {
    let bar = progress("searching", targets.len() * plan.sizes.len() * 4);
    let (mut runs, mut bytes_per_finger) = (Vec::new(), None);
    // What the first target found with the first probe, by size.
    let mut found = Vec::new();
    for target in targets {
        bar.set_message(format!("searching, {} {}", target.backend, target.path));
        match target.open() {
            Ok(engine) => {
                let (scope, seconds) = (everybody()?, plan.seconds);
                let mut bench = Bench { target, engine, people, scope, bar: &bar, seconds, entered: None };
                runs.extend(bench.all(plan, &mut found)?);
                bytes_per_finger = bytes_per_finger.or(bench.entered);
            }
            Err(error) => plan.left_out.push(format!("{} {}: {error}", target.backend, target.path)),
        }
    }
    bar.finish_and_clear();
    Ok(Measured { runs, bytes_per_finger: bytes_per_finger.unwrap_or_else(layout_bytes_per_finger) })
}

/// A target at work.
struct Bench<'a> {
    target: &'a Target,
    engine: Engine,
    people: &'a People,
    scope: Scope,
    bar: &'a ProgressBar,
    /// How long a measurement should take.
    seconds: f64,
    /// Memory that a finger took, where that could be seen.
    entered: Option<f64>,
}

impl Bench<'_> {
    fn all(&mut self, plan: &mut Plan, found: &mut Vec<Vec<Candidate>>) -> anyhow::Result<Vec<Run>> {
        let (mut runs, mut slots) = (Vec::new(), Vec::new());
        let mut seconds_a_record = 0.0;
        for (at, size) in plan.sizes.clone().into_iter().enumerate() {
            let expected = seconds_a_record * size as f64;
            if !plan.is_for(size, self.target.software) || plan.rounds(expected, 1, false).is_none() {
                if plan.is_for(size, self.target.software) {
                    plan.left_out
                        .push(format!("{}, {size} sets: {expected:.0} s a search", self.target.path));
                }
                self.bar.inc(4);
                continue;
            }
            self.enter(&mut slots, size)?;
            // Without a threshold every candidate is scored again by the twins: right, and slow.
            let threshold = Calibration::threshold(TARGET_FPIR, size);
            let start = Instant::now();
            let shown = if at == 0 { 0 } else { threshold };
            let candidates = self.engine.search(&self.people.probes[0].1, &self.scope, shown).candidates;
            let seconds = start.elapsed().as_secs_f64();
            seconds_a_record = seconds / size as f64;
            match found.get(at) {
                Some(first) => ensure!(*first == candidates, "{} finds other candidates", self.target.path),
                None => found.push(candidates),
            }
            for probes in [1, AT_ONCE] {
                // Probes at once are as much work as one after the other.
                match plan.rounds(seconds * probes as f64, probes, self.target.software) {
                    Some(rounds) => {
                        for stages in [Stages::First, Stages::All] {
                            runs.push(self.run(&slots, (stages, threshold), probes, rounds)?);
                            self.bar.inc(1);
                        }
                    }
                    None => plan.left_out.push(format!(
                        "{}, {size} sets, {probes} probes at once: {:.0} s",
                        self.target.path,
                        seconds * probes as f64
                    )),
                }
            }
        }
        let status = self.engine.status();
        ensure!(status.degraded.is_none(), "{} fell out of service: {:?}", self.target.path, status.degraded);
        Ok(runs)
    }

    /// Fills the gallery up to a size, and sees what memory that takes.
    fn enter(&mut self, slots: &mut Vec<Slot>, size: usize) -> anyhow::Result<()> {
        let (before, entered) = (resident_bytes(), size - slots.len());
        for records in self.people.records[slots.len()..size].chunks(ENTERED_AT_A_TIME) {
            slots.extend(self.engine.append(records)?);
        }
        if let (Some(before), Some(after)) = (before, resident_bytes())
            && entered >= MEMORY_SEEN_FROM
            && self.target.backend == "cpu"
        {
            self.entered = Some(after.saturating_sub(before) as f64 / entered as f64);
        }
        Ok(())
    }

    fn run(
        &self,
        slots: &[Slot],
        (stages, threshold): (Stages, u32),
        probes: usize,
        rounds: usize,
    ) -> anyhow::Result<Run> {
        let Bench { engine, people, scope, .. } = self;
        let path = self.target.cpu.filter(|_| stages == Stages::First);
        let ceiling = || path.map(|path| ceiling::measure(path, people, self.seconds * CEILING_SHORTER));
        // Before and after: what the machine has to give changes within minutes, most of all where it is virtual.
        let before = ceiling();
        let timed = Job { engine, people, scope, slots, threshold }.run(stages, probes, rounds)?;
        let ceiling = before.zip(ceiling()).map(|(before, after)| before.midpoint(after));
        let comparisons = (slots.len() * timed.milliseconds.len()) as f64;
        let rate = comparisons / timed.seconds / rayon::current_num_threads() as f64;
        Ok(Run {
            backend: self.target.backend,
            path: self.target.path.clone(),
            adapter: self.target.adapter.clone(),
            stages: stages.name(),
            gallery: slots.len(),
            probes,
            fingers: 1,
            comparisons_per_second_per_core: rate,
            share_of_ceiling: ceiling.map(|ceiling| rate / ceiling),
            p50_ms: percentile(&timed.milliseconds, 50),
            p99_ms: percentile(&timed.milliseconds, 99),
            searches: timed.milliseconds.len(),
            mates_found: timed.mates_found,
        })
    }
}

/// The nearest rank, of numbers in order.
fn percentile(sorted: &[f64], percent: usize) -> f64 {
    let rank = (sorted.len() * percent).div_ceil(100).max(1);
    sorted.get(rank - 1).copied().unwrap_or(f64::NAN)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_are_nearest_ranks() {
        let numbers: Vec<f64> = (1..=200).map(f64::from).collect();
        assert_eq!((percentile(&numbers, 50), percentile(&numbers, 99)), (100.0, 198.0));
        assert_eq!((percentile(&numbers[..5], 50), percentile(&numbers[..5], 99)), (3.0, 5.0));
    }
}
