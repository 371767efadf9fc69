//! Notices (Art. 15(4)): given by whoever has reason to think that data are wrong, and answered by the State whose they are.

use uuid::Uuid;

use super::{Asked, CentralUnit, Once, OperationError};
use crate::access::{Notifier, Transmitter};
use crate::database::StoredHit;
use crate::eurodac::hits::is_of;
use crate::eurodac::model::{Category, MemberState, ReferenceNumber};
use crate::eurodac::notices::{Concern, Notice, Reply, may_reply};
use crate::eurodac::operation::Operation;
use crate::journal::{Actor, AuditRecord, Change, Effect, Event};

/// How a notifier names a set.
pub enum About {
    /// By the hit that it got.
    Hit(Uuid),
    /// As it knows it otherwise.
    Set(MemberState, Category, ReferenceNumber),
}

impl CentralUnit {
    /// R-EDIT-2: gives a notice to the State of origin. Whether the set is stored is not looked at: whoever gives notice learns nothing.
    pub fn give_notice(
        &self,
        concern: Concern,
        about: About,
        notifier: &Notifier,
        asked: &Asked,
    ) -> Result<Notice, OperationError> {
        let (idempotency, _claim) = match self.once(notifier.actor(), asked, Uuid::new_v4())? {
            Once::Before(id) => {
                self.read(Operation::Repetition, notifier.from(), notifier.actor())?;
                return self.database.notice(id)?.ok_or(OperationError::NoticeNotFound);
            }
            Once::Now(idempotency, claim) => (idempotency, claim),
        };
        let (to, category, reference_number, hit_id) = match about {
            About::Set(state, category, reference) => (state, category, reference, None),
            About::Hit(id) => {
                let own = |hit: &StoredHit| notifier.from().is_none_or(|from| is_of(hit.recipient, from));
                let hit = self.database.hit(id)?.filter(|hit| own(hit) && self.may_be_told_of(hit));
                let hit = hit.ok_or(OperationError::HitNotFound)?;
                let record = self.database.find(hit.record_id)?.ok_or(OperationError::HitNotFound)?;
                (hit.member_state, hit.category, record.reference_number, Some(id))
            }
        };
        let notice = Notice {
            id: idempotency.as_ref().map_or_else(Uuid::new_v4, |idempotency| idempotency.made),
            concern,
            from: notifier.from(),
            to,
            category,
            reference_number,
            hit_id,
            given_at: self.now(),
            answered: None,
        };
        let audit = audit(&notice, Operation::NoticeGiven, self.now(), notifier.actor());
        let change = Change::Plain(Effect::NoticeGiven(notice.clone()));
        self.database.record(Event { audit, change, request: idempotency })?;
        Ok(notice)
    }

    /// R-EDIT-2, R-ERASE-4: what the State that got a notice did. Again, it takes the place of the one before.
    pub fn answer_notice(
        &self,
        id: Uuid,
        reply: Reply,
        transmitter: &Transmitter,
    ) -> Result<Notice, OperationError> {
        let _claim = self.claims.claim(format!("notice {id}"));
        let notice = self.database.notice(id)?.filter(|notice| notice.is_seen_by(transmitter.state()));
        let mut notice = notice.ok_or(OperationError::NoticeNotFound)?;
        if notice.to != transmitter.state() {
            return Err(OperationError::NothingToAnswer);
        }
        if !may_reply(notice.concern, reply) {
            return Err(OperationError::ReplyNotAllowed);
        }
        let now = self.now();
        let audit = audit(&notice, Operation::NoticeAnswered, now, transmitter.actor());
        self.database.record(Event::new(audit, Change::Plain(Effect::NoticeAnswered(id, reply))))?;
        notice.answered = Some((reply, now));
        Ok(notice)
    }
}

/// Of an operation with a notice: for the State that it goes to, whose supervisor may look into it.
fn audit(notice: &Notice, operation: Operation, at: jiff::Timestamp, actor: &Actor) -> AuditRecord {
    AuditRecord {
        member_state: Some(notice.to),
        category: Some(notice.category),
        reference_number: Some(notice.reference_number.clone()),
        ..AuditRecord::of(at, operation, actor.clone())
    }
}
