//! What callers read: a State's own data, its lists, records of operations. Each is on record before it is answered (R-AUDIT-1, R-AUDIT-2).

use uuid::Uuid;

use super::{CentralUnit, OperationError, today};
use crate::access::{RegisterReader, Statistician, Supervisor, Viewer};
use crate::database::{AuditPage, Page, Record, StoredHit};
use crate::eurodac::disclosure::may_see;
use crate::eurodac::model::{Category, MemberState};
use crate::eurodac::notices::Notice;
use crate::eurodac::operation::Operation;
use crate::eurodac::rights::Request;
use crate::journal::{Actor, AuditRecord, Event};
use crate::store::StoreError;

/// Which records of a list.
pub struct Wanted {
    /// Only the one with this reference number.
    pub reference_number: Option<String>,
    /// Only this category.
    pub category: Option<Category>,
    /// From behind this cursor on.
    pub after: Option<String>,
    /// How many.
    pub limit: usize,
}

impl CentralUnit {
    /// R-ACCESS-1: one of a State's records, with its prints.
    pub fn read_record(&self, id: Uuid, viewer: &Viewer) -> Result<(Record, Vec<Vec<u8>>), OperationError> {
        self.is_own(id, viewer.state())?;
        let found = self.database.find_with_prints(id)?;
        let (record, prints) = found.ok_or(OperationError::RecordNotFound)?;
        let audit = AuditRecord::about(&record, self.now(), Operation::RecordRead, viewer.actor().clone());
        self.database.record(Event::of(audit))?;
        Ok((record, prints))
    }

    /// R-ACCESS-1: a page of a State's records, without prints, and the cursor of the next one.
    pub fn list_records(&self, wanted: &Wanted, viewer: &Viewer) -> Result<Page<Record>, OperationError> {
        let (state, database) = (viewer.state(), &self.database);
        let (records, next): Page<Record> = match &wanted.reference_number {
            Some(reference) => {
                let of_it = |category: &Category| wanted.category.is_none_or(|only| only == *category);
                let found: Result<Vec<_>, _> = (Category::ALL.into_iter().filter(of_it))
                    .map(|category| database.find_by_reference(state, category, reference))
                    .collect();
                (found?.into_iter().flatten().collect(), None)
            }
            None => database.list(state, wanted.category, wanted.after.as_deref(), wanted.limit)?,
        };
        self.read(Operation::RecordsListed, Some(state), viewer.actor())?;
        let today = today(self.now());
        let visible = records.into_iter().filter(|record| may_see(state, &record.stored(), today));
        Ok((visible.collect(), next))
    }

    /// A State's hits: those of sets that may still be told of.
    pub fn list_hits(
        &self,
        after: Option<&str>,
        limit: usize,
        viewer: &Viewer,
    ) -> Result<Page<StoredHit>, OperationError> {
        let page = self.database.hits(viewer.state(), after, limit, |hit| self.may_be_told_of(hit))?;
        self.read(Operation::HitsListed, Some(viewer.state()), viewer.actor())?;
        Ok(page)
    }

    /// Notices that a State gave or got.
    pub fn list_notices(
        &self,
        after: Option<&str>,
        limit: usize,
        viewer: &Viewer,
    ) -> Result<Page<Notice>, OperationError> {
        let page = self.database.notices(viewer.state(), after, limit)?;
        self.read(Operation::NoticesListed, Some(viewer.state()), viewer.actor())?;
        Ok(page)
    }

    /// Data subjects' requests that a State opened, or that are about its data.
    pub fn list_requests(
        &self,
        after: Option<&str>,
        limit: usize,
        (state, actor): (MemberState, &Actor),
    ) -> Result<Page<Request>, OperationError> {
        let (requests, next) = self.database.requests(state, after, limit)?;
        self.read(Operation::RightsRequestsListed, Some(state), actor)?;
        Ok((requests.into_iter().map(|request| self.as_shown(request, state)).collect(), next))
    }

    /// R-BLOCK-2: a request as a State is shown it: of another State's set that was blocked since nobody but that State is told any more.
    pub(super) fn as_shown(&self, mut request: Request, viewer: MemberState) -> Request {
        for found in request.found.iter_mut().filter(|found| found.member_state != viewer) {
            let blocked = self.enrolled.stored(found.record_id).is_some_and(|stored| stored.blocked);
            found.to_origin_only = found.to_origin_only || blocked;
        }
        request
    }

    /// R-AUDIT-6: records of operations, within the supervisor's competence; that they are read is recorded first.
    pub fn list_audit(
        &self,
        from: u64,
        limit: usize,
        supervisor: &Supervisor,
    ) -> Result<AuditPage, OperationError> {
        self.read(Operation::AuditRead, supervisor.of(), supervisor.actor())?;
        let competent =
            |audit: &AuditRecord| supervisor.of().is_none_or(|state| audit.member_state == Some(state));
        let (mut records, next) = self.database.audit_page(from, limit, competent)?;
        if supervisor.of().is_some() {
            // R-BLOCK-2: that another State has blocked sets.
            records.iter_mut().for_each(|record| record.audit.compared_blocked.clear());
        }
        Ok((records, next))
    }

    /// R-STAT-1: that statistics are read.
    pub fn read_statistics(&self, operation: Operation, reader: &Statistician) -> Result<(), StoreError> {
        self.read(operation, None, reader.actor())
    }

    /// R-ACCESS-3: that the register is read.
    pub fn read_register(&self, reader: &RegisterReader) -> Result<(), StoreError> {
        self.read(Operation::RegisterRead, None, reader.actor())
    }

    /// R-AUDIT-1: that something was read.
    pub fn read(
        &self,
        operation: Operation,
        member_state: Option<MemberState>,
        actor: &Actor,
    ) -> Result<(), StoreError> {
        let audit = AuditRecord { member_state, ..AuditRecord::of(self.now(), operation, actor.clone()) };
        self.database.record(Event::of(audit))
    }
}
