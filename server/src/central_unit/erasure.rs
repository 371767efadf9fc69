//! Erasure: in advance, asked for by the State of origin on a ground that the law knows; at the end of the period; and of all
//! blocked data, where that was decided. Then it is gone.

use std::sync::Arc;

use uuid::Uuid;

use super::claims::Claims;
use super::enrolled::Enrolled;
use super::{CentralUnit, OperationError, today};
use crate::access::Transmitter;
use crate::clock::Clock;
use crate::database::{Database, Record};
use crate::eurodac::blocking::{Decision, refugees_are_erased};
use crate::eurodac::erasure::{Ground, may_erase};
use crate::eurodac::operation::Operation;
use crate::eurodac::retention::is_over;
use crate::journal::{Actor, AuditRecord, Change, Effect, Event};
use crate::store::StoreError;

/// Records that are looked up together.
const STEP: usize = 1000;

/// What erases by itself.
pub(super) struct Eraser {
    pub(super) database: Arc<Database>,
    pub(super) enrolled: Arc<Enrolled>,
    pub(super) claims: Arc<Claims>,
    pub(super) clock: Clock,
}

impl CentralUnit {
    /// R-ERASE-1 to R-ERASE-4. When this returns, no comparison finds the record, no bytes of it can be read any more, the
    /// audit says who erased it and why, and whoever had a hit on it has a notice.
    pub fn erase(&self, id: Uuid, ground: Ground, transmitter: &Transmitter) -> Result<(), OperationError> {
        let (record, _claim) = self.claim_own(id, transmitter.state())?;
        if !may_erase(record.category, ground, refugees_are_erased(self.database.decision()?)) {
            return Err(OperationError::GroundNotAllowed);
        }
        let erased =
            self.eraser.erase(&record, Operation::Erasure, Some(ground), transmitter.actor().clone());
        erased.map_err(|error| match error {
            StoreError::Erased(_) => OperationError::RecordNotFound,
            other => other.into(),
        })
    }

    /// R-KEEP-1, R-KEEP-2: erases what is past its retention; and what decision (b) of Art. 12(2) left. How many sets.
    pub fn erase_what_is_over(&self) -> Result<usize, OperationError> {
        Ok(self.eraser.run()?)
    }
}

impl Eraser {
    /// Erases what is past its retention, and blocked sets after decision (b). How many sets.
    pub(super) fn run(&self) -> Result<usize, StoreError> {
        let mut erased = 0;
        loop {
            let ids = self.enrolled.over(today(self.clock.now()), STEP);
            for &id in &ids {
                erased += usize::from(self.expire(id)?);
            }
            if ids.len() < STEP {
                return Ok(erased + self.erase_blocked()?);
            }
        }
    }

    /// Erases a set whose period is over; whether it was, and is erased now.
    pub(super) fn expire(&self, id: Uuid) -> Result<bool, StoreError> {
        let _claim = self.claims.claim(format!("record {id}"));
        let Some(record) = self.database.find(id)? else {
            // What is not stored is in no gallery.
            self.enrolled.erase(id);
            return Ok(false);
        };
        // An amendment may have come between.
        if !is_over(record.last_day, today(self.clock.now())) {
            return Ok(false);
        }
        self.erase(&record, Operation::Expiry, None, unit()).map(|()| true)
    }

    /// R-BLOCK-3: decision (b) erases all blocked data at once; cut off, the rest at the next start.
    pub(super) fn erase_blocked(&self) -> Result<usize, StoreError> {
        if self.database.decision()? != Some(Decision::Erase) {
            return Ok(0);
        }
        let mut erased = 0;
        loop {
            let ids = self.database.blocked(None, STEP)?;
            for &id in &ids {
                let _claim = self.claims.claim(format!("record {id}"));
                if let Some(record) = self.database.find(id)? {
                    let ground = Some(Ground::RecognisedRefugee);
                    self.erase(&record, Operation::Erasure, ground, unit())?;
                    erased += 1;
                }
            }
            if ids.len() < STEP {
                return Ok(erased);
            }
        }
    }

    fn erase(
        &self,
        record: &Record,
        operation: Operation,
        ground: Option<Ground>,
        actor: Actor,
    ) -> Result<(), StoreError> {
        let id = record.id;
        let audit = AuditRecord::about(record, self.clock.now(), operation, actor);
        let enrolled = Arc::clone(&self.enrolled);
        let event = Event::new(audit, Change::Plain(Effect::Erased { id, ground }));
        self.database.record_and(event, Box::new(move |_| enrolled.erase(id)))
    }
}

/// What the Central Unit does by itself.
pub(super) fn unit() -> Actor {
    Actor { authority: None, person: "whorl".into() }
}
