//! One search, in the order in which it goes: stage 1 and its shortlist, stage 2 on that, the check of what a back end said, what
//! changed meanwhile, fusion, threshold.

use core::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

use rayon::prelude::*;

use crate::backend::{Ask, Backend, BackendError, COMPARED, Fingers, Shortlist, cpu};
use crate::calibration::Calibration;
use crate::engine::{Candidate, FingerScore, Outcome};
use crate::gallery::{Gallery, Partition, Scope, Slot, Watch};
use crate::minutia::FingerPosition;
use crate::normalisation::{KEY_BIAS, key};
use crate::pairing::{Found, Pairing};
use crate::simd::CpuPath;
use crate::stages::s1_consistency;
use crate::template::Probe;
use crate::tunables as t;

/// A search that can wait for its turn on another thread.
pub(crate) struct Search {
    pub(crate) probe: Vec<(FingerPosition, Probe)>,
    pub(crate) scope: Scope,
    pub(crate) threshold: u32,
}

impl Search {
    pub(crate) fn query<'a>(&'a self, calibration: &'a Calibration) -> Query<'a> {
        Query { probe: &self.probe, scope: &self.scope, threshold: self.threshold, calibration }
    }
}

/// What is asked.
pub(crate) struct Query<'a> {
    pub(crate) probe: &'a Fingers,
    pub(crate) scope: &'a Scope,
    /// The least score of a candidate.
    pub(crate) threshold: u32,
    pub(crate) calibration: &'a Calibration,
}

/// Alignments of changed slots while the gallery is held: half a millisecond, or a few of the portable path.
const ALIGNMENTS_A_HOLD: usize = 24;

/// Slots that are counted while the gallery is held: less than a millisecond.
const SLOTS_A_HOLD: usize = 4096;

/// Log-odds of a record: the sum over the like fingers, none of which takes more than [`t::FINGER_LOG_ODDS_MIN`] from it.
pub fn fused(fingers: impl IntoIterator<Item = i32>) -> i32 {
    fingers.into_iter().map(|log_odds| log_odds.max(t::FINGER_LOG_ODDS_MIN)).sum()
}

/// How many records stage 2 aligns, of a gallery of so many.
pub fn shortlist_length(records: usize) -> usize {
    records.div_ceil(t::SHORTLIST_ONE_IN).clamp(t::SHORTLIST_MIN, t::SHORTLIST_MAX)
}

impl Query<'_> {
    /// Stage 1 of all queries at once, then stage 2 of each. Every candidate is scored again by the twins before it is answered; an
    /// error means that the back end cannot be trusted.
    pub(crate) fn run_all(
        queries: &[Query<'_>],
        gallery: &Watch<'_>,
        backend: &dyn Backend,
    ) -> Result<Vec<Outcome>, BackendError> {
        let (length, occupied) = {
            let now = gallery.read();
            (shortlist_length(now.records()), now.occupied())
        };
        let run =
            |query| Run { query, pairing: Pairing::new(query.probe, &occupied), gallery, backend, length };
        let runs: Vec<_> = queries.iter().map(run).collect();
        let asks: Vec<_> = runs.iter().flat_map(Run::asks).collect();
        let shortlists = backend.shortlists(gallery, &asks, length)?;
        if shortlists.len() != asks.len() {
            return Err(BackendError::Incomplete("not every search was answered".into()));
        }
        let mut shortlists = shortlists.into_iter();
        let of_runs: Vec<Vec<_>> =
            runs.iter().map(|run| shortlists.by_ref().take(run.asks().count()).collect()).collect();
        runs.par_iter().zip(of_runs).map(|(run, shortlists)| run.finish(&shortlists)).collect()
    }
}

/// A query on its way.
struct Run<'a> {
    query: &'a Query<'a>,
    pairing: Pairing,
    gallery: &'a Watch<'a>,
    backend: &'a dyn Backend,
    length: usize,
}

impl Run<'_> {
    fn asks(&self) -> impl Iterator<Item = Ask<'_>> {
        self.pairing.questions().map(|probe| Ask { probe, scope: self.query.scope })
    }

    fn finish(&self, shortlists: &[Shortlist]) -> Result<Outcome, BackendError> {
        shortlists.iter().try_for_each(|shortlist| self.check(shortlist))?;
        let slots = self.unite(shortlists);
        let aligned = self.backend.align(self.gallery, &self.pairing.fingers, &slots)?;
        if aligned.len() != slots.len() {
            return Err(BackendError::Incomplete(format!("{} of {} alignments", aligned.len(), slots.len())));
        }
        let candidates: Vec<_> = slots
            .par_iter()
            .zip(&aligned)
            .map(|(&slot, log_odds)| self.checked(slot, log_odds, shortlists))
            .collect::<Result<_, _>>()?;
        let candidates = candidates.into_iter().flatten().map(|c| (c.slot, c)).collect();
        Ok(self.as_of_now(candidates, slots.len(), self.compared(shortlists)?))
    }

    /// Whether a shortlist can be one: in order, in scope, and as long as what was compared allows.
    fn check(&self, shortlist: &Shortlist) -> Result<(), BackendError> {
        let best = &shortlist.best;
        let compared: usize = shortlist.compared.iter().map(|&(_, count)| count as usize).sum();
        let now = self.gallery.read();
        let in_scope = |slot| now.label(slot).is_some_and(|label| self.query.scope.allows(label));
        let known = best.iter().all(|&(slot, _)| in_scope(slot) || self.gallery.has_changed(slot));
        let sorted = best.is_sorted_by(|a, b| (Reverse(a.1), a.0) < (Reverse(b.1), b.0));
        if sorted && best.len() == compared.min(self.length) && known {
            return Ok(());
        }
        Err(BackendError::Incomplete("a shortlist that cannot be one".into()))
    }

    /// What stage 2 aligns: the best by like fingers, and as many of the best by any other pair.
    fn unite(&self, shortlists: &[Shortlist]) -> Vec<Slot> {
        let (like, others) = shortlists.split_first().map_or((&[][..], &[][..]), |(l, o)| (&l.best, o));
        let mut others: Vec<_> = others.iter().flat_map(|shortlist| &shortlist.best).copied().collect();
        others.sort_unstable_by_key(|&(slot, key)| (Reverse(key), slot));
        let mut seen = BTreeSet::new();
        others.retain(|&(slot, _)| seen.insert(slot));
        others.truncate(self.length);
        let slots: BTreeSet<_> = like.iter().chain(&others).map(|&(slot, _)| slot).collect();
        slots.into_iter().collect()
    }

    /// How many records were compared. A back end counts for each question; who was compared by several is counted here, once, and the
    /// counts of the back end are held to it.
    fn compared(&self, shortlists: &[Shortlist]) -> Result<BTreeMap<Partition, u32>, BackendError> {
        if let [shortlist] = shortlists {
            return Ok(shortlist.compared.iter().copied().collect());
        }
        let mut compared = BTreeMap::new();
        for first in (0..self.gallery.slots()).step_by(SLOTS_A_HOLD) {
            let now = self.gallery.read();
            for slot in (first..self.gallery.slots().min(first + SLOTS_A_HOLD)).filter_map(Slot::new) {
                let label = now.label(slot).filter(|label| self.query.scope.allows(label));
                if let Some(label) = label.filter(|_| self.pairing.compares(&now, slot)) {
                    *compared.entry(label.partition).or_default() += 1;
                }
            }
        }
        let mut bounds: BTreeMap<Partition, (u32, u32)> = BTreeMap::new();
        for &(partition, count) in shortlists.iter().flat_map(|shortlist| &shortlist.compared) {
            let (largest, sum) = bounds.entry(partition).or_default();
            (*largest, *sum) = (count.max(*largest), sum.saturating_add(count));
        }
        let within = |(partition, count)| {
            bounds.get(partition).is_some_and(|&(largest, sum)| (largest..=sum).contains(count))
        };
        let possible = bounds.len() == compared.len() && compared.iter().all(within);
        if possible || !self.gallery.hear(&mut self.gallery.heard(), 1).is_empty() {
            return Ok(compared);
        }
        Err(BackendError::Incomplete("counts that cannot be those of the gallery".into()))
    }

    /// A slot as a candidate, where it is one. The twins must say of it what the back end says, unless it is another one by now.
    fn checked(
        &self,
        slot: Slot,
        log_odds: &[i32],
        shortlists: &[Shortlist],
    ) -> Result<Option<Candidate>, BackendError> {
        let now = self.gallery.read();
        let candidate = self.candidate(&self.pairing, &now, slot, log_odds);
        if candidate.score < self.query.threshold {
            return Ok(None);
        }
        let key_is = |(ask, shortlist): (Ask<'_>, &Shortlist)| {
            let listed = shortlist.best.iter().find(|(listed, _)| *listed == slot);
            listed.is_none_or(|&(_, listed)| key_of(&now, ask.probe, slot) == listed)
        };
        let equal = cpu::align(&now, &self.pairing.fingers, slot) == *log_odds
            && self.asks().zip(shortlists).all(key_is);
        if equal || self.gallery.has_changed(slot) {
            return Ok(Some(candidate));
        }
        Err(BackendError::Incomplete("a candidate's score was not that of the CPU twin".into()))
    }

    /// The answer for the gallery as it is at one moment, which is after every change that is heard of: what changed is aligned again,
    /// some of it at a time, until nothing more has.
    fn as_of_now(
        &self,
        mut candidates: BTreeMap<Slot, Candidate>,
        mut aligned: usize,
        mut compared: BTreeMap<Partition, u32>,
    ) -> Outcome {
        let pairs = self.pairing.pairs.len().max(self.query.probe.len()).max(1);
        let mut heard = self.gallery.heard();
        loop {
            let now = self.gallery.read();
            let changed = self.gallery.hear(&mut heard, (ALIGNMENTS_A_HOLD / pairs).max(1));
            if changed.is_empty() {
                let mut candidates: Vec<_> = candidates.into_values().collect();
                candidates.sort_by_key(|c| (Reverse(c.score), Reverse(c.log_odds), c.slot));
                return Outcome { candidates, compared: compared.into_iter().collect(), aligned };
            }
            for slot in changed {
                candidates.remove(&slot);
                let Some((partition, candidate)) = self.compare_again(&now, slot) else { continue };
                aligned += 1;
                *compared.entry(partition).or_default() += 1;
                if candidate.score >= self.query.threshold {
                    candidates.insert(slot, candidate);
                }
            }
        }
    }

    /// A slot that changed: with all fingers that it has now, whatever the gallery had when the search began.
    fn compare_again(&self, now: &Gallery, slot: Slot) -> Option<(Partition, Candidate)> {
        let label = now.label(slot).filter(|label| self.query.scope.allows(label))?;
        let pairing = Pairing::new(self.query.probe, &now.positions_of(slot));
        pairing.compares(now, slot).then(|| {
            let candidate = |path| {
                let log_odds = cpu::align_by(path, now, &pairing.fingers, slot);
                self.candidate(&pairing, now, slot, &log_odds)
            };
            let quick = candidate(CpuPath::best());
            // What is told is what the twin says, here too.
            let told = if quick.score < self.query.threshold { quick } else { candidate(CpuPath::Portable) };
            (label.partition, told)
        })
    }

    /// A slot with the log-odds of all pairs.
    fn candidate(&self, pairing: &Pairing, gallery: &Gallery, slot: Slot, log_odds: &[i32]) -> Candidate {
        let score = |found: Found| FingerScore {
            position: self.query.probe[found.finger].0,
            reference: found.reference,
            score: self.query.calibration.score(1, found.log_odds.max(t::FINGER_LOG_ODDS_MIN)),
            log_odds: found.log_odds,
        };
        let fingers: Vec<_> =
            pairing.assign(gallery.fingers_of(slot), log_odds).into_iter().map(score).collect();
        let log_odds = fused(fingers.iter().map(|finger| finger.log_odds));
        Candidate { slot, score: self.query.calibration.score(fingers.len(), log_odds), log_odds, fingers }
    }
}

/// The key of a slot by the twin.
fn key_of(gallery: &Gallery, probe: &Fingers, slot: Slot) -> u32 {
    let mut sum = 0;
    for (position, probe) in probe {
        let Some(template) = gallery.template(slot, *position) else { continue };
        if template.count() == 0 || probe.template().view().count() == 0 {
            continue;
        }
        let score = s1_consistency::score(probe, template.words());
        let start = if sum == 0 { COMPARED + KEY_BIAS } else { sum };
        sum = start.wrapping_add_signed(key(score, probe.normalisation(), template.normalisation()));
    }
    sum
}

#[cfg(test)]
#[path = "query_tests.rs"]
mod tests;
