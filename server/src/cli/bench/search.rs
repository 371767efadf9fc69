//! The searches that are timed, by the engine's own interface: as a server calls it.

use std::time::Instant;

use whorl_engine::backend::Ask;
use whorl_engine::engine::Engine;
use whorl_engine::gallery::{Scope, Slot};
use whorl_engine::shortlist_length;

use super::people::People;

/// Which stages are timed.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Stages {
    /// Stage 1 and the selection of its best.
    First,
    /// A whole search: candidates that reach the threshold, scored again by the twins.
    All,
}

impl Stages {
    /// In the report.
    pub fn name(self) -> &'static str {
        match self {
            Self::First => "1",
            Self::All => "all",
        }
    }
}

/// What was timed.
#[derive(Default)]
pub struct Timed {
    /// Of all searches together.
    pub seconds: f64,
    /// Of each, ascending.
    pub milliseconds: Vec<f64>,
    /// Of how many the mate was found.
    pub mates_found: usize,
}

/// Searches in a gallery of one size.
pub struct Job<'a> {
    /// With the gallery.
    pub engine: &'a Engine,
    /// Whom to search for.
    pub people: &'a People,
    /// Everybody.
    pub scope: &'a Scope,
    /// Of the records, in their order.
    pub slots: &'a [Slot],
    /// Of whole searches.
    pub threshold: u32,
}

impl Job<'_> {
    /// Times `rounds` rounds of as many searches at once as there are `probes`.
    pub fn run(&self, stages: Stages, probes: usize, rounds: usize) -> anyhow::Result<Timed> {
        let start = Instant::now();
        let mut searches = match stages {
            Stages::First => self.passes(probes, rounds)?,
            Stages::All => self.searches(probes, rounds)?,
        };
        let seconds = start.elapsed().as_secs_f64();
        searches.sort_unstable_by(|a, b| a.0.total_cmp(&b.0));
        Ok(Timed {
            seconds,
            mates_found: searches.iter().filter(|(_, mate)| *mate).count(),
            milliseconds: searches.into_iter().map(|(milliseconds, _)| milliseconds).collect(),
        })
    }

    /// Stage 1 alone, the probes of a round in one pass; the time of each search, and whether its mate was in the shortlist.
    fn passes(&self, probes: usize, rounds: usize) -> anyhow::Result<Vec<(f64, bool)>> {
        let mut searches = Vec::with_capacity(rounds * probes);
        for round in 0..rounds {
            let numbers = || (0..probes).map(|first| (first + round * probes) % self.people.probes.len());
            let ask = |number: usize| Ask { probe: &self.people.probes[number].1, scope: self.scope };
            let asks: Vec<_> = numbers().map(ask).collect();
            let start = Instant::now();
            let shortlists = self.engine.shortlists(&asks, shortlist_length(self.slots.len()))?;
            let milliseconds = start.elapsed().as_secs_f64() * 1000.0;
            searches.extend(numbers().zip(&shortlists).map(|(number, shortlist)| {
                let mate = self.slots[self.people.probes[number].0];
                (milliseconds, shortlist.best.iter().any(|&(slot, _)| slot == mate))
            }));
        }
        Ok(searches)
    }

    /// Whole searches, each of those at once on a thread of its own, as they come from clients; the same of each, where found means the
    /// best candidate.
    fn searches(&self, probes: usize, rounds: usize) -> anyhow::Result<Vec<(f64, bool)>> {
        let searcher = |first: usize| {
            let timed = |round: usize| {
                let (mate, probe) = &self.people.probes[(first + round * probes) % self.people.probes.len()];
                let start = Instant::now();
                let candidates = self.engine.search(probe, self.scope, self.threshold).candidates;
                let milliseconds = start.elapsed().as_secs_f64() * 1000.0;
                (milliseconds, candidates.first().is_some_and(|best| best.slot == self.slots[*mate]))
            };
            (0..rounds).map(timed).collect::<Vec<_>>()
        };
        let searcher = &searcher;
        let timed: anyhow::Result<Vec<_>> = std::thread::scope(|scope| {
            let searchers: Vec<_> = (0..probes).map(|first| scope.spawn(move || searcher(first))).collect();
            let joined = searchers.into_iter().map(|thread| thread.join());
            joined.map(|timed| timed.map_err(|_| anyhow::anyhow!("a search failed"))).collect()
        });
        Ok(timed?.into_iter().flatten().collect())
    }
}
