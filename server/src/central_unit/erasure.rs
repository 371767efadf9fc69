//! Erasure in advance: asked for by the State of origin, on a ground that the law knows, and then gone.

use std::sync::Arc;

use jiff::Timestamp;
use uuid::Uuid;

use super::{CentralUnit, today};
use crate::access::Transmitter;
use crate::eurodac::disclosure::may_see;
use crate::eurodac::erasure::{Ground, may_erase};
use crate::journal::{AuditRecord, Change, Event, Operation};
use crate::store::StoreError;

/// Why nothing was erased.
#[derive(Debug, thiserror::Error)]
pub enum ErasureError {
    /// R-ACCESS-2: unknown, erased, or another State's.
    #[error("no record of your State has this id")]
    NotFound,
    /// R-ERASE-1.
    #[error("the law knows no erasure of this category on this ground")]
    GroundNotAllowed,
    /// The disk.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl CentralUnit {
    /// R-ERASE-1 to R-ERASE-3. When this returns, no comparison finds the record, no bytes of it can be read any more, and the
    /// audit says who erased it and why.
    pub fn erase(&self, id: Uuid, ground: Ground, transmitter: &Transmitter) -> Result<(), ErasureError> {
        // Twice at once, it is erased once, and the other finds nothing.
        let _claim = self.entering.claim(format!("record {id}"));
        let now = Timestamp::now();
        let own = |record: &_| may_see(transmitter.state(), record, today(now));
        let found = self.database.find(id)?.filter(|record| own(&record.stored()));
        let record = found.ok_or(ErasureError::NotFound)?;
        // Decision (b) of Art. 12(2) cannot be recorded yet.
        if !may_erase(record.category, ground, false) {
            return Err(ErasureError::GroundNotAllowed);
        }
        let audit = AuditRecord {
            at: now,
            operation: Operation::Erasure,
            actor: transmitter.actor().clone(),
            member_state: Some(record.member_state),
            category: Some(record.category),
            reference_number: Some(record.reference_number),
            attested: false,
            compared: Vec::new(),
            disclosed: Vec::new(),
        };
        let enrolled = Arc::clone(&self.enrolled);
        let event = Event { audit, change: Change::Erased(id, ground) };
        Ok(self.database.record_and(event, Box::new(move |_| enrolled.erase(id)))?)
    }
}
