//! Records of operations, page by page: those whose bodies are there, and those that a procedure holds in hollow segments.

use super::{AuditPage, Database, Recorded};
use crate::eurodac::audit::Procedure;
use crate::journal::{self, AuditRecord, Effect, JournalError, Written};
use crate::store::StoreError;

/// Records of the journal that one page looks at, at most: whoever supervises one State of many gets an emptier page, and its cursor.
const LOOKED_AT_MAX: usize = 20_000;

impl Database {
    /// All of the audit from a number on, oldest first, as far as it is not destroyed.
    pub fn audit(&self, from: u64, limit: usize) -> Result<Vec<(u64, AuditRecord)>, StoreError> {
        let page = self.audit_page(from, limit, |_| true)?.0;
        Ok(page.into_iter().map(|recorded| (recorded.number, recorded.audit)).collect())
    }

    /// Up to `limit` records of operations from a number on, oldest first, as far as they are not destroyed; and where the next page
    /// begins, if there may be one.
    pub fn audit_page(
        &self,
        from: u64,
        limit: usize,
        wanted: impl Fn(&AuditRecord) -> bool,
    ) -> Result<AuditPage, StoreError> {
        let (mut found, mut looked_at, mut next) = (Vec::new(), 0, None);
        let mut take = |number: u64, body: &[u8]| {
            if found.len() == limit || looked_at == LOOKED_AT_MAX {
                next = Some(number);
                return Ok(false);
            }
            looked_at += 1;
            let Written { audit, effect, .. } = Written::decode(body)?.0;
            if wanted(&audit) {
                found.push(Recorded { number, audit, detail: detail(&effect) });
            }
            Ok(true)
        };
        if self.held(from, &mut take)? {
            let from = from.max(journal::beginning(&*self.journal)?.size);
            let end = self.progress.head.lock().0.size();
            journal::read_on(&*self.journal, from..end, |record| take(record.number, record.body))?;
        }
        Ok((found, next))
    }

    /// R-AUDIT-5: records that a procedure holds past their year. Whether to go on.
    fn held(
        &self,
        from: u64,
        take: &mut impl FnMut(u64, &[u8]) -> Result<bool, JournalError>,
    ) -> Result<bool, StoreError> {
        let procedures = self.procedures()?;
        if !procedures.iter().any(|procedure| procedure.closed_at.is_none()) {
            return Ok(true);
        }
        let holds = |audit: &AuditRecord| {
            procedures.iter().any(|procedure: &Procedure| procedure.holds(audit.at, audit.member_state))
        };
        let mut go_on = true;
        for segment in journal::hollow_segments(&*self.journal)? {
            let (header, bytes) = journal::load_either(&*self.journal, segment)?;
            journal::walk_hollow(&header, &bytes, |left| {
                let Some(body) = left.body.filter(|_| go_on && left.number >= from) else { return Ok(()) };
                if holds(&Written::decode(body)?.0.audit) {
                    go_on = take(left.number, body)?;
                }
                Ok(())
            })?;
        }
        Ok(go_on)
    }
}

/// What was done, where the operation does not say it: no print, no data of a person.
fn detail(effect: &Effect) -> Option<String> {
    let name = |value: serde_json::Value| value.as_str().map(str::to_owned);
    match effect {
        Effect::Erased { ground, .. } => {
            ground.and_then(|ground| serde_json::to_value(ground).ok().and_then(name))
        }
        Effect::Blocked(_, true) => Some("blocked".into()),
        Effect::Blocked(_, false) => Some("unblocked".into()),
        Effect::Verified(_, verdict) => serde_json::to_value(verdict).ok().and_then(name),
        Effect::Decided(decision) => serde_json::to_value(decision).ok().and_then(name),
        Effect::Amended { new_prints: true, .. } => Some("with other prints".into()),
        Effect::NoticeGiven(notice) => serde_json::to_value(notice.concern).ok().and_then(name),
        Effect::NoticeAnswered(_, reply) => serde_json::to_value(reply).ok().and_then(name),
        Effect::RequestOpened(request) => serde_json::to_value(request.right).ok().and_then(name),
        Effect::RequestAnswered(_, _, answer) => serde_json::to_value(answer.outcome).ok().and_then(name),
        Effect::Authority(authority) => {
            let revoked = if authority.revoked_at.is_some() { ", revoked" } else { "" };
            Some(format!("authority {}, {}{revoked}", authority.id, authority.role.name()))
        }
        Effect::Participant(line) => {
            let ready = line.ready_since.map_or("not ready".into(), |day| format!("ready since {day}"));
            let part = if line.participates { "takes part" } else { "takes no part" };
            Some(format!("{}: {part}, {ready}", line.member_state))
        }
        Effect::OperationsStarted(day) => Some(day.to_string()),
        _ => None,
    }
}
