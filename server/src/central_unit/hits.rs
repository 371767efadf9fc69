//! Hits after they were told: seen again by the State that got them, and verified by its expert (Art. 4(5), 4(6)).

use uuid::Uuid;
use whorl_engine::calibration;

use super::{CentralUnit, OperationError, today};
use crate::access::{Transmitter, Viewer};
use crate::database::{Record, StoredHit};
use crate::eurodac::hits::{Verdict, is_of, may_deliver};
use crate::eurodac::model::MemberState;
use crate::eurodac::operation::Operation;
use crate::eurodac::retention;
use crate::journal::{AuditRecord, Change, Effect, Event};
use crate::store::StoreError;

/// One record found, with its prints, so that an expert can verify (R-HIT-2).
pub struct Hit {
    /// Identity and score.
    pub found: StoredHit,
    /// R-HIT-5: the false-match rate that the score stands for.
    pub false_match_rate: f64,
    /// Its Art. 5(1) data, and its prints in the order of its fingerprints; `None` where they may not be delivered (any more).
    pub matched: Option<(Record, Vec<Vec<u8>>)>,
}

impl CentralUnit {
    /// A hit that a State got, with the data and prints of the set, as long as they may be delivered; on record that it was read.
    pub fn hit(&self, id: Uuid, viewer: &Viewer) -> Result<Hit, OperationError> {
        let found = self.hit_of(id, viewer.state())?;
        let hit = self.with_matched(found)?;
        // Hidden since it was looked up; only of one that was found to be of another person the hit is shown without its data.
        let is_of_another = hit.found.verdict.is_some_and(|(verdict, _)| verdict.erases_the_copy());
        if hit.matched.is_none() && !is_of_another {
            return Err(OperationError::HitNotFound);
        }
        let mut audit = hit.found.audit(self.now(), Operation::HitRead, viewer.actor().clone());
        audit.disclosed.extend(hit.matched.is_some().then_some(hit.found.record_id));
        // Refused where the set was erased meanwhile (R-ERASE-3).
        self.database.record(Event::of(audit)).map_err(OperationError::gone)?;
        Ok(hit)
    }

    /// R-HIT-4: what an expert of the recipient says. Once; the same again changes nothing.
    pub fn verify(
        &self,
        id: Uuid,
        verdict: Verdict,
        transmitter: &Transmitter,
    ) -> Result<StoredHit, OperationError> {
        let _claim = self.claims.claim(format!("hit {id}"));
        let mut hit = self.hit_of(id, transmitter.state())?;
        let now = self.now();
        let audit = hit.audit(now, Operation::Verification, transmitter.actor().clone());
        match hit.verdict {
            Some((before, _)) if before == verdict => {
                self.database.record(Event::of(audit))?;
                return Ok(hit);
            }
            Some(_) => return Err(OperationError::VerifiedAlready),
            None => {}
        }
        self.database.record(Event::new(audit, Change::Plain(Effect::Verified(id, verdict))))?;
        hit.verdict = Some((verdict, now));
        Ok(hit)
    }

    fn hit_of(&self, id: Uuid, viewer: MemberState) -> Result<StoredHit, OperationError> {
        let own = |hit: &StoredHit| is_of(hit.recipient, viewer) && self.may_be_told_of(hit);
        self.database.hit(id)?.filter(own).ok_or(OperationError::HitNotFound)
    }

    /// R-BLOCK-2, R-COMP-7: of a set that was blocked since, or is past its retention, nobody learns that it is there. With the set that
    /// was compared its hits end, too.
    pub(super) fn may_be_told_of(&self, hit: &StoredHit) -> bool {
        let (stored, today) = (|id| self.enrolled.stored(id), today(self.now()));
        let is_there = |probe| stored(probe).is_some_and(|probe| !retention::is_over(probe.last_day, today));
        hit.probe.record_id.is_none_or(is_there)
            && stored(hit.record_id).is_some_and(|found| may_deliver(None, &found, today))
    }

    /// R-BLOCK-2, R-ERASE-3: those that an answer tells of, with their data. A set that was blocked or erased after its hit was recorded
    /// is not told of: not even that there was one.
    pub(super) fn deliverable(
        &self,
        found: impl IntoIterator<Item = StoredHit>,
    ) -> Result<Vec<Hit>, StoreError> {
        let hits: Result<Vec<_>, _> = found.into_iter().map(|hit| self.with_matched(hit)).collect();
        Ok(hits?.into_iter().filter(|hit| hit.matched.is_some()).collect())
    }

    /// The data of a hit, where they may be delivered.
    pub(super) fn with_matched(&self, found: StoredHit) -> Result<Hit, StoreError> {
        let verdict = found.verdict.map(|(verdict, _)| verdict);
        let may = |record: &Record| may_deliver(verdict, &record.stored(), today(self.now()));
        // What may not be delivered is not read either.
        let matched = match self.database.find(found.record_id)?.filter(may) {
            None => None,
            Some(_) => self.database.find_with_prints(found.record_id)?.filter(|(record, _)| may(record)),
        };
        Ok(Hit { false_match_rate: calibration::false_match_rate(found.score), found, matched })
    }
}

impl StoredHit {
    /// R-AUDIT-1: of something done with a hit: the recipient's own set names it.
    fn audit(&self, at: jiff::Timestamp, operation: Operation, actor: crate::journal::Actor) -> AuditRecord {
        AuditRecord {
            member_state: Some(self.recipient),
            category: Some(self.probe.category),
            reference_number: Some(self.probe.reference_number.clone()),
            ..AuditRecord::of(at, operation, actor)
        }
    }
}
