//! Records of operations, page by page: those whose bodies are there, and those that a procedure holds in hollow segments.

use super::{AuditPage, Database};
use crate::eurodac::audit::Procedure;
use crate::journal::{self, AuditRecord, JournalError, Written};
use crate::store::StoreError;

/// Records of the journal that one page looks at, at most: whoever supervises one State of many gets an emptier page, and its cursor.
const LOOKED_AT_MAX: usize = 20_000;

impl Database {
    /// All of the audit from a number on, oldest first, as far as it is not destroyed.
    pub fn audit(&self, from: u64, limit: usize) -> Result<Vec<(u64, AuditRecord)>, StoreError> {
        Ok(self.audit_page(from, limit, |_| true)?.0)
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
            let audit = Written::decode(body)?.0.audit;
            if wanted(&audit) {
                found.push((number, audit));
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
