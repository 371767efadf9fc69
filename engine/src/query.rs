//! One search, in the order in which it goes: stage 1 and its shortlist, stage 2 on that, the check of what a back end said, what
//! changed meanwhile, fusion, threshold.

use core::cmp::Reverse;
use std::collections::BTreeMap;

use rayon::prelude::*;

use crate::backend::{Ask, Backend, BackendError, COMPARED, Fingers, Shortlist, cpu};
use crate::calibration::Calibration;
use crate::engine::{Candidate, FingerScore, Outcome};
use crate::gallery::{Gallery, Partition, Scope, Slot, Watch};
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

/// Changed slots that are aligned again while the gallery is held: a millisecond or two.
const CHANGES_A_HOLD: usize = 16;

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
        let length = shortlist_length(gallery.read().records());
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
        gallery: &Watch<'_>,
        backend: &dyn Backend,
        shortlist: Shortlist,
        length: usize,
    ) -> Result<Outcome, BackendError> {
        self.check(gallery, &shortlist, length)?;
        let Shortlist { best, compared } = shortlist;
        let slots: Vec<_> = best.iter().map(|&(slot, _)| slot).collect();
        let aligned = backend.align(gallery, self.probe, &slots)?;
        if aligned.len() != slots.len() {
            return Err(BackendError::Incomplete(format!("{} of {} alignments", aligned.len(), slots.len())));
        }
        let check = |(&(slot, key), log_odds): (&(Slot, u32), &Vec<i32>)| {
            self.check_candidate(gallery, slot, key, log_odds)
        };
        best.par_iter().zip(&aligned).try_for_each(check)?;
        let aligned = slots.into_iter().zip(aligned).collect();
        Ok(self.as_of_now(gallery, aligned, compared.into_iter().collect()))
    }

    /// Whether a shortlist can be one: in order, in scope, and as long as what was compared allows.
    fn check(&self, gallery: &Watch<'_>, shortlist: &Shortlist, length: usize) -> Result<(), BackendError> {
        let best = &shortlist.best;
        let compared: usize = shortlist.compared.iter().map(|&(_, count)| count as usize).sum();
        let now = gallery.read();
        let in_scope = |slot| now.label(slot).is_some_and(|label| self.scope.allows(label));
        let known = best.iter().all(|&(slot, _)| in_scope(slot) || gallery.has_changed(slot));
        let sorted = best.is_sorted_by(|a, b| (Reverse(a.1), a.0) < (Reverse(b.1), b.0));
        if sorted && best.len() == compared.min(length) && known {
            return Ok(());
        }
        Err(BackendError::Incomplete("a shortlist that cannot be one".into()))
    }

    /// Whether the twins say of a candidate what the back end says, unless it is another one by now.
    fn check_candidate(
        &self,
        gallery: &Watch<'_>,
        slot: Slot,
        key: u32,
        log_odds: &[i32],
    ) -> Result<(), BackendError> {
        let now = gallery.read();
        let candidate = self.candidate(&now, slot, log_odds);
        let equal = candidate.score < self.threshold
            || cpu::align(&now, self.probe, slot) == *log_odds && self.key(&now, slot) == key;
        if equal || gallery.has_changed(slot) {
            return Ok(());
        }
        Err(BackendError::Incomplete("a candidate's score was not that of the CPU twin".into()))
    }

    /// The answer for the gallery as it is at one moment, which is after every change that is heard of: what changed is aligned again,
    /// some of it at a time, until nothing more has.
    fn as_of_now(
        &self,
        gallery: &Watch<'_>,
        mut aligned: BTreeMap<Slot, Vec<i32>>,
        mut compared: BTreeMap<Partition, u32>,
    ) -> Outcome {
        let mut heard = gallery.heard();
        loop {
            let now = gallery.read();
            let changed = gallery.hear(&mut heard, CHANGES_A_HOLD);
            if changed.is_empty() {
                let candidates = aligned.iter().map(|(&slot, log_odds)| self.candidate(&now, slot, log_odds));
                let mut candidates: Vec<_> = candidates.filter(|c| c.score >= self.threshold).collect();
                candidates.sort_by_key(|c| (Reverse(c.score), Reverse(c.log_odds), c.slot));
                let compared = compared.into_iter().collect();
                return Outcome { candidates, compared, aligned: aligned.len() };
            }
            for slot in changed {
                aligned.remove(&slot);
                let label = now.label(slot).filter(|label| self.scope.allows(label));
                if let Some(label) = label.filter(|_| self.key(&now, slot) != 0) {
                    *compared.entry(label.partition).or_default() += 1;
                    aligned.insert(slot, cpu::align(&now, self.probe, slot));
                }
            }
        }
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

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use super::*;
    use crate::backend::cpu::Cpu;
    use crate::backend::{BackendInfo, Scored};
    use crate::gallery::{Change, Label, Shared};
    use crate::minutia::{Minutia, MinutiaType};
    use crate::template::Template;

    const THUMB: u8 = 1;
    const INDEX: u8 = 2;

    fn template(seed: u32) -> Template {
        let mut state = seed.wrapping_mul(2_654_435_761).wrapping_add(1);
        let mut below = |bound: u16| {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            u16::try_from((state >> 16) % u32::from(bound)).unwrap()
        };
        let minutiae: Vec<_> = (0..40)
            .map(|_| Minutia {
                kind: MinutiaType::RidgeEnding,
                x: below(300),
                y: below(350),
                direction: u8::try_from(below(256)).unwrap(),
                quality: 50,
            })
            .collect();
        Template::new(&minutiae).unwrap()
    }

    /// A thumb and an index finger.
    fn fingers(thumb: u32, index: u32) -> Vec<(FingerPosition, Template)> {
        let finger = |(code, seed)| (FingerPosition::try_from(code).unwrap(), template(seed));
        [(THUMB, thumb), (INDEX, index)].map(finger).into()
    }

    fn label(partition: u16) -> Label {
        Label { partition: Partition::new(partition).unwrap(), attributes: 0, expiry_day: 9, sequence: 1 }
    }

    fn append(shared: &Shared, partition: u16, fingers: &[(FingerPosition, Template)]) -> Slot {
        shared.change(|gallery| gallery.append(label(partition), fingers).unwrap(), |_, _| ())
    }

    /// The CPU, and somebody who writes: once before stage 1, once after it, and once after stage 2.
    struct Meddled<'a>(Mutex<Vec<Box<dyn FnOnce() + Send + 'a>>>);

    impl Meddled<'_> {
        fn write(&self) {
            self.0.lock().unwrap().pop().unwrap()();
        }
    }

    impl Backend for Meddled<'_> {
        fn info(&self) -> BackendInfo {
            Cpu::default().info()
        }

        fn follow(&self, _: &Gallery, _: &[Change]) -> Result<(), BackendError> {
            Ok(())
        }

        fn shortlists(
            &self,
            gallery: &Watch<'_>,
            asks: &[Ask<'_>],
            length: usize,
        ) -> Result<Vec<Shortlist>, BackendError> {
            self.write();
            let shortlists = Cpu::default().shortlists(gallery, asks, length);
            self.write();
            shortlists
        }

        fn align(
            &self,
            gallery: &Watch<'_>,
            probe: &Fingers,
            slots: &[Slot],
        ) -> Result<Vec<Vec<i32>>, BackendError> {
            let aligned = Cpu::default().align(gallery, probe, slots);
            self.write();
            aligned
        }

        fn score(&self, gallery: &Watch<'_>, ask: Ask<'_>) -> Result<Scored, BackendError> {
            Cpu::default().score(gallery, ask)
        }
    }

    /// What a search for the fingers (1, 2) in partition 1 finds when `write` happens in its `moment`, and what one finds that begins
    /// afterwards. There is a mate in partition 1, and there are strangers.
    fn found(moment: usize, write: impl Fn(&Shared, Slot) + Send + Sync) -> [Outcome; 2] {
        let shared = Shared::default();
        for stranger in 10..20 {
            append(&shared, 1, &fingers(stranger, stranger + 50));
        }
        let mate = append(&shared, 1, &fingers(1, 2));
        let probe: Vec<_> = fingers(1, 2).into_iter().map(|(p, finger)| (p, Probe::new(finger))).collect();
        let scope = Scope::new(Partition::new(1), 0, 0, u32::MAX);
        let query = || {
            let calibration = Calibration::shipped();
            Query { probe: &probe, scope: &scope, threshold: 60, calibration }
        };
        let nothing = || Box::new(|| ()) as Box<dyn FnOnce() + Send + '_>;
        let mut writes = vec![nothing(), nothing(), nothing()];
        writes[moment] = Box::new(|| write(&shared, mate));
        writes.reverse();
        let meddled = Meddled(Mutex::new(writes));
        let during = Query::run_all(&[query()], &shared.watch(), &meddled).unwrap().pop().unwrap();
        let after = Query::run_all(&[query()], &shared.watch(), &Cpu::default()).unwrap().pop().unwrap();
        [during, after]
    }

    fn write(shared: &Shared, change: impl FnOnce(&mut Gallery) -> Vec<Change>) {
        shared.change(|gallery| ((), change(gallery)), |_, _| ());
    }

    #[test]
    fn an_answer_is_that_of_the_gallery_as_it_is_when_the_search_ends() {
        for moment in 0..3 {
            let [during, after] = found(moment, |_, _| ());
            assert_eq!((during.candidates.len(), &during), (1, &after), "nothing happens");
            let same = |what, candidates, write: &(dyn Fn(&Shared, Slot) + Sync)| {
                let [during, after] = found(moment, write);
                assert_eq!(
                    (during.candidates.len(), &during.candidates),
                    (candidates, &after.candidates),
                    "{what}"
                );
            };
            same("erased", 0, &|shared, mate| write(shared, |gallery| gallery.erase(mate)));
            same("another's prints", 0, &|shared, mate| {
                write(shared, |gallery| gallery.replace(mate, label(1), &fingers(3, 4)));
            });
            same("one of the fingers", 1, &|shared, mate| {
                write(shared, |gallery| gallery.replace(mate, label(1), &fingers(1, 4)));
            });
            same("moved out of scope", 0, &|shared, mate| {
                write(shared, |gallery| gallery.replace(mate, label(2), &fingers(1, 2)));
            });
            same("its slot given to a stranger", 0, &|shared, mate| {
                write(shared, |gallery| gallery.erase(mate));
                assert_eq!(append(shared, 1, &fingers(5, 6)), mate);
            });
            same("its slot given to a mate out of scope", 0, &|shared, mate| {
                write(shared, |gallery| gallery.erase(mate));
                assert_eq!(append(shared, 2, &fingers(1, 2)), mate);
            });
            same("another mate", 2, &|shared, _| {
                append(shared, 1, &fingers(1, 2));
            });
            same("many others, and a mate", 2, &|shared, _| {
                (100..200).for_each(|other| _ = append(shared, 1, &fingers(other, other)));
                append(shared, 1, &fingers(1, 2));
            });
        }
    }
}
