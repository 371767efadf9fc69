//! What is recorded of operations (section 7), and what is counted (R-STAT-1).

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;

use super::calendar::{begin, days_after, years_after};
use super::{Refused, Spec};
use crate::answers::{Answer, AuditSeen, Compared};
use crate::operations::{Call, State};

impl Spec {
    /// R-AUDIT-1: an operation, who did it, and whose set it is about.
    pub(super) fn record(
        &mut self,
        operation: &str,
        by: Option<usize>,
        about: Option<(State, Option<u8>, String)>,
    ) {
        let (state, category, number) = about
            .map_or((None, None, None), |(state, category, number)| (Some(state), category, Some(number)));
        self.audit.push(AuditSeen {
            at: self.now,
            operation: operation.to_owned(),
            authority: by,
            state,
            category,
            number,
            compared: Compared::new(),
            compared_blocked: Compared::new(),
            disclosed: BTreeSet::new(),
            detail: None,
        });
    }

    /// The same, of a set.
    pub(super) fn record_about(&mut self, operation: &str, by: Option<usize>, set: usize) {
        let of = &self.sets[set];
        let about = (of.state, Some(of.category), of.number.clone());
        self.record(operation, by, Some(about));
    }

    /// The same, for a State, and about nobody's set.
    pub(super) fn record_for(&mut self, operation: &str, by: Option<usize>, state: Option<State>) {
        self.record(operation, by, None);
        self.last_recorded().state = state;
    }

    /// What was done, where the operation does not say it.
    pub(super) fn in_detail(&mut self, detail: &str) {
        self.last_recorded().detail = Some(detail.to_owned());
    }

    pub(super) fn last_recorded(&mut self) -> &mut AuditSeen {
        self.audit.last_mut().unwrap()
    }

    pub(super) fn count(&mut self, what: String, how_many: i64) {
        self.counted.push((self.today(), what, how_many));
    }

    /// Of the last so many days; and, of what ended by itself, and of what is stored, since the beginning: nobody says on which day it is
    /// erased.
    pub(super) fn statistics(&mut self, call: Call, days: u16) -> Result<Answer, Refused> {
        self.role(call, &["commission", "joint-supervisor", "central-admin", "central-operator"])?;
        self.record("statistics-read", Some(call.authority), None);
        let from = days_after(self.today(), -i64::from(days));
        let mut sums: BTreeMap<String, i64> = BTreeMap::new();
        for (day, what, how_many) in &self.counted {
            let always = what.starts_with("stored ") || what.starts_with("ended ");
            if always || *day >= from {
                *sums.entry(what.clone()).or_default() += how_many;
            }
        }
        sums.retain(|_, count| *count != 0);
        Ok(Answer::Counts(sums))
    }

    /// R-AUDIT-6: what was recorded since the last time, as far as it is not over a year old (R-AUDIT-4).
    pub(super) fn read_audit(&mut self, call: Call) -> Result<Answer, Refused> {
        self.role(call, &["joint-supervisor"])?;
        self.record("audit-read", Some(call.authority), None);
        let from = self.surely_kept_from();
        let read = std::mem::take(&mut self.audit);
        Ok(Answer::Audit(read.into_iter().filter(|record| record.at >= from).collect()))
    }

    /// R-ERASE-2: what names sets goes with the records of the operations that made it.
    pub fn forget_old(&mut self, from: Timestamp) {
        self.notices.iter_mut().filter(|notice| notice.at < from).for_each(|notice| notice.forgotten = true);
        self.requests.iter_mut().filter(|request| request.at < from).for_each(|r| r.forgotten = true);
    }

    /// Records of operations from this moment on are not over a year old, nor in a segment with one that is.
    pub fn surely_kept_from(&self) -> Timestamp {
        begin(days_after(years_after(self.today(), -1), 2))
    }
}
