//! Blocking (Art. 12): on the instruction of the State of origin, until the one decision on all blocked data.

use std::sync::Arc;

use uuid::Uuid;

use super::entry::packed;
use super::{CentralUnit, OperationError, today};
use crate::access::{Administrator, Transmitter};
use crate::database::Record;
use crate::eurodac::blocking::{Decision, may_block, may_decide};
use crate::eurodac::comparison::Stored;
use crate::eurodac::operation::Operation;
use crate::journal::{AuditRecord, Change, Effect, Event};

/// Blocked records that are unblocked in one step.
const STEP: usize = 1000;

impl CentralUnit {
    /// R-BLOCK-1, R-BLOCK-2: blocks one of the State's own sets, or unblocks one that was blocked by mistake. Twice is once.
    pub fn block(
        &self,
        id: Uuid,
        blocked: bool,
        transmitter: &Transmitter,
    ) -> Result<Record, OperationError> {
        self.is_own(id, transmitter.state())?;
        let _blocking = self.claims.claim("blocking".into());
        let (mut record, _claim) = self.claim_own(id, transmitter.state())?;
        if blocked && !may_block(self.database.decision()?) {
            return Err(OperationError::BlockingEnded);
        }
        let audit = AuditRecord::about(&record, self.now(), Operation::Blocking, transmitter.actor().clone());
        if record.blocked == blocked {
            self.database.record(Event::of(audit))?;
            return Ok(record);
        }
        record.blocked = blocked;
        let templates = packed(&self.database.templates(id)?)?;
        let (enrolled, stored) = (Arc::clone(&self.enrolled), record.stored());
        let event = Event::new(audit, Change::Plain(Effect::Blocked(id, blocked)));
        self.database.record_and(event, Box::new(move |_| enrolled.replace(id, stored, &templates)))?;
        Ok(record)
    }

    /// R-BLOCK-3: records the decision, and carries it out: when this returns everything is unblocked, or erased.
    pub fn decide(&self, decision: Decision, administrator: &Administrator) -> Result<(), OperationError> {
        // Nobody blocks meanwhile who has not seen the decision.
        let _blocking = self.claims.claim("blocking".into());
        let now = self.now();
        may_decide(self.database.started()?, self.database.decision()?, today(now))
            .map_err(OperationError::NoDecision)?;
        let blocked = self.all_blocked()?;
        let audit = AuditRecord::of(now, Operation::Article12Decision, administrator.actor().clone());
        self.database.record(Event::new(audit, Change::Plain(Effect::Decided(decision))))?;
        match decision {
            Decision::Erase => Ok(self.eraser.erase_blocked().map(drop)?),
            Decision::Unblock => self.follow_unblocking(&blocked),
        }
    }

    fn all_blocked(&self) -> Result<Vec<Uuid>, OperationError> {
        let mut all: Vec<Uuid> = Vec::new();
        loop {
            let page = self.database.blocked(all.last().copied(), STEP)?;
            let last = page.len() < STEP;
            all.extend(page);
            if last {
                return Ok(all);
            }
        }
    }

    /// The gallery, after the store.
    fn follow_unblocking(&self, blocked: &[Uuid]) -> Result<(), OperationError> {
        for &id in blocked {
            let _claim = self.claims.claim(format!("record {id}"));
            if let Some(stored) = self.enrolled.stored(id) {
                let templates = packed(&self.database.templates(id)?)?;
                self.enrolled.replace(id, Stored { blocked: false, ..stored }, &templates);
            }
        }
        Ok(())
    }
}
