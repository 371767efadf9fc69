//! One search, in the order in which it goes: stage 1 and its shortlist, stage 2 on that, fusion, threshold, and the check of
//! what a back end said.

use core::cmp::Reverse;

use rayon::prelude::*;

use crate::backend::{Ask, Backend, BackendError, COMPARED, Fingers, Shortlist, cpu};
use crate::calibration::Calibration;
use crate::engine::{Candidate, FingerScore, Outcome};
use crate::gallery::{Gallery, Scope, Slot};
use crate::minutia::FingerPosition;
use crate::normalisation::{KEY_BIAS, key};
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
        gallery: &Gallery,
        backend: &dyn Backend,
    ) -> Result<Vec<Outcome>, BackendError> {
        let length = shortlist_length(gallery.records());
        let asks: Vec<_> =
            queries.iter().map(|query| Ask { probe: query.probe, scope: query.scope }).collect();
        let shortlists = backend.shortlists(gallery, &asks, length)?;
        if shortlists.len() != queries.len() {
            return Err(BackendError::Incomplete("not every search was answered".into()));
        }
        let finish =
            |(query, shortlist): (&Query<'_>, Shortlist)| query.finish(gallery, backend, shortlist, length);
        queries.par_iter().zip(shortlists).map(finish).collect()
    }

    fn finish(
        &self,
        gallery: &Gallery,
        backend: &dyn Backend,
        shortlist: Shortlist,
        length: usize,
    ) -> Result<Outcome, BackendError> {
        self.check(gallery, &shortlist, length)?;
        let slots: Vec<_> = shortlist.best.iter().map(|&(slot, _)| slot).collect();
        let aligned = backend.align(gallery, self.probe, &slots)?;
        if aligned.len() != slots.len() {
            return Err(BackendError::Incomplete(format!("{} of {} alignments", aligned.len(), slots.len())));
        }
        let mut candidates = Vec::new();
        for (&(slot, slot_key), log_odds) in shortlist.best.iter().zip(&aligned) {
            let candidate = self.candidate(gallery, slot, log_odds);
            if candidate.score < self.threshold {
                continue;
            }
            if cpu::align(gallery, self.probe, slot) != *log_odds || self.key(gallery, slot) != slot_key {
                return Err(BackendError::Incomplete(
                    "a candidate's score was not that of the CPU twin".into(),
                ));
            }
            candidates.push(candidate);
        }
        candidates.sort_by_key(|c| (Reverse(c.score), Reverse(c.log_odds), c.slot));
        Ok(Outcome { candidates, compared: shortlist.compared, aligned: slots.len() })
    }

    /// Whether a shortlist can be one: in order, in scope, and as long as what was compared allows.
    fn check(&self, gallery: &Gallery, shortlist: &Shortlist, length: usize) -> Result<(), BackendError> {
        let best = &shortlist.best;
        let compared: usize = shortlist.compared.iter().map(|&(_, count)| count as usize).sum();
        let in_scope = |slot| gallery.label(slot).is_some_and(|label| self.scope.allows(label));
        let sorted = best.is_sorted_by(|a, b| (Reverse(a.1), a.0) < (Reverse(b.1), b.0));
        if sorted && best.len() == compared.min(length) && best.iter().all(|&(slot, _)| in_scope(slot)) {
            return Ok(());
        }
        Err(BackendError::Incomplete("a shortlist that cannot be one".into()))
    }

    fn candidate(&self, gallery: &Gallery, slot: Slot, log_odds: &[i32]) -> Candidate {
        let like = |position| gallery.template(slot, position).is_some_and(|template| template.count() > 0);
        let fingers: Vec<_> = (self.probe.iter().zip(log_odds))
            .filter(|((position, probe), _)| probe.template().view().count() > 0 && like(*position))
            .map(|(&(position, _), &log_odds)| FingerScore {
                position,
                score: self.calibration.score(1, log_odds.max(t::FINGER_LOG_ODDS_MIN)),
                log_odds,
            })
            .collect();
        let log_odds = fused(fingers.iter().map(|finger| finger.log_odds));
        Candidate { slot, score: self.calibration.score(fingers.len(), log_odds), log_odds, fingers }
    }

    /// The key of a slot by the twin.
    fn key(&self, gallery: &Gallery, slot: Slot) -> u32 {
        let mut sum = 0;
        for (position, probe) in self.probe {
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
}
