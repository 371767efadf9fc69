//! Counters (R-STAT-1): what a record of the journal adds to them, and their sums. They are rows of the store, so they outlive the records
//! that they were made from (R-STAT-3).

use std::collections::HashMap;

use jiff::civil::Date;

use super::{Database, damaged, keys};
use crate::eurodac::hits::Verdict;
use crate::eurodac::model::{Category, MemberState, ReferenceNumber};
use crate::eurodac::operation::Operation;
use crate::eurodac::retention::legal_day;
use crate::eurodac::statistics::{ANSWER_CLASSES, Counted, class};
use crate::journal::{AuditRecord, Effect, Outcome, Written};
use crate::store::{Batch, Store, StoreError};

/// Seconds of a day, as far as a clock counts.
const DAY_SECONDS: i64 = 86_400;

/// Changes of counters that are still to be put into the store.
#[derive(Default)]
pub(super) struct Counters {
    changes: HashMap<(Date, Counted), i64>,
    /// The day of the last record.
    day: Date,
}

impl Counters {
    /// What a record of the journal adds.
    pub(super) fn add(&mut self, written: &Written) {
        let Written { audit, effect, .. } = written;
        self.day = legal_day(audit.at);
        if let Outcome::Refused(code) = &audit.outcome {
            let name = Counted::Refusals(audit.member_state, audit.operation, code.clone());
            return self.count(name, i64::from(audit.times));
        }
        self.answered(audit);
        match (effect, audit.member_state, audit.category) {
            (Effect::Entered { delay, .. }, Some(state), Some(category)) => {
                self.count(Counted::Transmissions(state, category), 1);
                self.count(Counted::Stored(state, category, false), 1);
                self.count(Counted::Delays(state, category, *delay), 1);
            }
            (Effect::Concluded { result, hits, on_blocked }, Some(state), Some(category)) => {
                if result.is_none() {
                    self.count(Counted::Transmissions(state, category), 1);
                }
                for hit in hits {
                    let found = (hit.category, hit.member_state);
                    self.count(Counted::Hits((category, hit.recipient), found), 1);
                }
                for blocked in on_blocked {
                    let name = Counted::HitsOnBlocked(blocked.member_state, blocked.category);
                    self.count(name, i64::from(blocked.sets));
                }
            }
            (Effect::Erased { ground, .. }, Some(state), Some(category)) => {
                self.count(Counted::Erasures(state, category, *ground), 1);
            }
            (Effect::Blocked(_, blocked), Some(state), Some(category)) => {
                let change = if *blocked { 1 } else { -1 };
                self.count(Counted::Stored(state, category, true), change);
                self.count(Counted::Stored(state, category, false), -change);
                if *blocked {
                    self.count(Counted::Blockings(state, category), 1);
                }
            }
            (Effect::Started { down_since: Some(since) }, ..) => self.down(*since, audit.at),
            (
                Effect::NoticeGiven(_) | Effect::RequestOpened(_) | Effect::RequestAnswered(..),
                Some(state),
                _,
            ) => {
                self.count(Counted::Requests(state, audit.operation), 1);
            }
            _ => {}
        }
    }

    /// R-HIT-4: a verdict on a hit between two States.
    pub(super) fn verified(&mut self, verdict: Verdict, probe: MemberState, found: MemberState) {
        self.count(Counted::Verdicts(verdict, probe, found), 1);
    }

    /// A set is not stored any more.
    pub(super) fn gone(&mut self, subject: Option<(MemberState, Category, &ReferenceNumber)>, blocked: bool) {
        if let Some((state, category, _)) = subject {
            self.count(Counted::Stored(state, category, blocked), -1);
        }
    }

    /// R-BLOCK-3: a set is unblocked by decision (a); whose, as its row says.
    pub(super) fn unblocked(&mut self, row: &[u8]) {
        let state = row.get(..2).and_then(|code| core::str::from_utf8(code).ok()?.parse().ok());
        let category = row.get(2).and_then(|&number| Category::try_from(number).ok());
        if let (Some(state), Some(category)) = (state, category) {
            self.count(Counted::Stored(state, category, true), -1);
            self.count(Counted::Stored(state, category, false), 1);
        }
    }

    /// R-OPS-4: how long a comparison took.
    fn answered(&mut self, audit: &AuditRecord) {
        if let (Operation::Comparison, Some(took)) = (audit.operation, audit.took_ms) {
            self.count(Counted::Answers(audit.urgent, class(&ANSWER_CLASSES, took)), 1);
            self.count(Counted::AnswerTime, i64::from(took));
        }
    }

    /// The time in which the service was down, by the days that it fell on.
    fn down(&mut self, since: jiff::Timestamp, until: jiff::Timestamp) {
        let mut at = since;
        while at < until {
            let day = legal_day(at);
            // A day at a time is near enough: midnight of the legal time zone, at most an hour beside it.
            let end =
                at.saturating_add(jiff::SignedDuration::from_secs(DAY_SECONDS)).unwrap_or(until).min(until);
            let seconds = end.duration_since(at).as_secs();
            *self.changes.entry((day, Counted::Down)).or_default() += seconds;
            at = end;
        }
    }

    fn count(&mut self, name: Counted, change: i64) {
        *self.changes.entry((self.day, name)).or_default() += change;
    }

    /// Puts the changes into a batch, onto what the store has.
    pub(super) fn put(&mut self, store: &dyn Store, batch: &mut Batch) -> Result<(), StoreError> {
        for ((day, name), change) in self.changes.drain().filter(|(_, change)| *change != 0) {
            let key = keys::counter(day, &serde_json::to_vec(&name).map_err(damaged)?);
            let before = store.get(&key)?.map_or(Ok(0), |value| value_of(&value))?;
            batch.put(key, (before + change).to_le_bytes().to_vec());
        }
        Ok(())
    }
}

impl Database {
    /// The counters of these days, summed, in no order.
    pub fn counters(&self, from: Date, to: Date) -> Result<HashMap<Counted, i64>, StoreError> {
        let mut sums = HashMap::new();
        let mut after = keys::counter(from, b"");
        loop {
            let page = self.store()?.scan(keys::COUNTER, &after, super::PAGE)?;
            let Some((last, _)) = page.last() else { return Ok(sums) };
            after.clone_from(last);
            for (key, value) in page {
                let (day, name) = keys::counted(&key).ok_or_else(|| damaged("the key of a counter"))?;
                if day > to {
                    return Ok(sums);
                }
                *sums.entry(serde_json::from_slice(name).map_err(damaged)?).or_default() += value_of(&value)?;
            }
        }
    }
}

fn value_of(bytes: &[u8]) -> Result<i64, StoreError> {
    let bytes = <[u8; 8]>::try_from(bytes).map_err(|_| damaged("a counter"))?;
    Ok(i64::from_le_bytes(bytes))
}
