//! A comparison: the scope that the law gives, what the engine finds in it, and what is written before anyone is told.

use jiff::Timestamp;
use uuid::Uuid;
use whorl_engine::calibration;
use whorl_engine::engine::{Candidate, Outcome};
use whorl_engine::minutia::FingerPosition;
use whorl_engine::template::Probe as PreparedProbe;

use super::prints::Extracted;
use super::{CentralUnit, Templates, TransmissionError, today};
use crate::access::Transmitter;
use crate::database::{Disclosure, FingerFound, HitFound, Record, ResultOfComparison, Threshold};
use crate::eurodac::admission::Admitted;
use crate::eurodac::comparison::{Probe, may_be_compared, of_partition, scope};
use crate::eurodac::disclosure::may_tell_again;
use crate::eurodac::model::{Category, MemberState, ReferenceNumber};
use crate::journal::{Actor, AuditRecord, Change, Compared, Event, Operation};
use crate::store::StoreError;

/// What the State of origin of the probe is told (R-HIT-1).
pub struct Comparison {
    /// R-COMP-10.
    pub compared: Vec<Compared>,
    /// R-HIT-5: from where on a pair with all the probe's fingers is a hit.
    pub threshold: Threshold,
    /// Best first.
    pub hits: Vec<Hit>,
}

/// One record found, with its prints, so that an expert can verify (R-HIT-2).
pub struct Hit {
    /// Identity and score.
    pub found: HitFound,
    /// R-HIT-5: the false-match rate that the score stands for.
    pub false_match_rate: f64,
    /// Its Art. 5(1) data.
    pub record: Record,
    /// In the order of the record's fingerprints.
    pub prints: Vec<Vec<u8>>,
}

/// Whose set is compared, for the audit.
struct Subject<'a> {
    category: Category,
    state: MemberState,
    reference_number: &'a ReferenceNumber,
    /// The probe's own record, where it has one.
    record_id: Option<Uuid>,
}

impl CentralUnit {
    /// The result for a record that is entered: the one that is stored, or, where there is none yet, a new one.
    pub(super) fn result_for(
        &self,
        record: &Record,
        templates: Templates,
        actor: &Actor,
    ) -> Result<Comparison, TransmissionError> {
        // Of two same requests at once, one compares and the other tells what came of it.
        let _claim = self.comparing.claim(record.id.to_string());
        let probe = Probe {
            category: record.category,
            state: record.member_state,
            compare_own: record.compare_own,
            sequence: record.sequence,
        };
        let subject = Subject {
            category: record.category,
            state: record.member_state,
            reference_number: &record.reference_number,
            record_id: Some(record.id),
        };
        if let Some(stored) = self.database.result(record.id)? {
            return self.told_again(stored, &subject, actor);
        }
        self.compare(&probe, &subject, templates, actor)
    }

    /// Category 3: compared with what is entered now, and nothing of it is stored (R-COMP-4, R-COMP-5).
    pub(super) fn check(
        &self,
        admitted: &Admitted,
        extracted: &[Extracted],
        transmitter: &Transmitter,
    ) -> Result<Comparison, TransmissionError> {
        let sequence = self.database.entered();
        let probe = Probe {
            category: admitted.category,
            state: admitted.state,
            compare_own: admitted.compare_own,
            sequence,
        };
        let subject = Subject {
            category: admitted.category,
            state: admitted.state,
            reference_number: &admitted.reference_number,
            record_id: None,
        };
        let templates = extracted.iter().map(|e| (e.position, e.template.clone())).collect();
        self.compare(&probe, &subject, templates, transmitter.actor())
    }

    fn compare(
        &self,
        probe: &Probe,
        subject: &Subject<'_>,
        templates: Templates,
        actor: &Actor,
    ) -> Result<Comparison, TransmissionError> {
        let (threshold, now) = (self.threshold(), Timestamp::now());
        let prepared: Vec<_> = templates.into_iter().map(|(p, t)| (p, PreparedProbe::new(t))).collect();
        let outcome = match scope(probe, today(now)) {
            Some(scope) => self.enrolled.engine.search(&prepared, &scope, threshold),
            None => Outcome::default(),
        };
        let compared = counts(&outcome);
        loop {
            let mut hits = Vec::new();
            for candidate in &outcome.candidates {
                hits.extend(self.hit(probe, candidate, now)?);
            }
            let comparison =
                Comparison { compared: compared.clone(), threshold: Threshold::new(threshold), hits };
            match self.conclude(comparison, probe.state, subject, actor, now) {
                // R-ERASE-3: erased between being found and being told. Whoever is left is told; nobody, where it is the probe itself.
                Err(TransmissionError::Store(StoreError::Erased(id))) if Some(id) != subject.record_id => {}
                other => return other,
            }
        }
    }

    /// R-HIT-3: on the record of the person whose data leave, durably, before they leave.
    fn conclude(
        &self,
        mut comparison: Comparison,
        recipient: MemberState,
        subject: &Subject<'_>,
        actor: &Actor,
        now: Timestamp,
    ) -> Result<Comparison, TransmissionError> {
        let Comparison { compared, threshold, hits } = &mut comparison;
        let disclosure = Disclosure { recipient, at: now };
        let disclosures = hits.iter().map(|hit| (hit.found.record_id, disclosure.clone())).collect();
        let audit = subject.audit(Operation::Comparison, actor, now, compared, hits);
        let found = hits.iter().map(|hit| hit.found.clone()).collect();
        let result =
            ResultOfComparison { at: now, compared: compared.clone(), threshold: *threshold, hits: found };
        let change = Change::Concluded { result: subject.record_id.map(|id| (id, result)), disclosures };
        self.database.record(Event { audit, change })?;
        for hit in hits {
            hit.record.disclosures.push(disclosure.clone());
        }
        Ok(comparison)
    }

    /// A candidate as a hit, if the law still says so of the record as it is stored.
    fn hit(
        &self,
        probe: &Probe,
        candidate: &Candidate,
        now: Timestamp,
    ) -> Result<Option<Hit>, TransmissionError> {
        let Some(id) = self.enrolled.record_at(candidate.slot) else {
            return Ok(None);
        };
        let Some(record) = self.database.find(id)? else {
            return Ok(None);
        };
        if !may_be_compared(probe, &record.stored(), today(now)) {
            tracing::error!(record = %id, "a candidate was outside the law; it is not told");
            return Ok(None);
        }
        let fingers = candidate.fingers.iter().filter_map(|finger| {
            let fingerprint = fingerprint(&record, finger.reference)?;
            Some(FingerFound { position: finger.position, fingerprint, score: finger.score })
        });
        let found = HitFound {
            hit_id: Uuid::new_v4(),
            record_id: id,
            score: candidate.score,
            fingers: fingers.collect(),
        };
        self.with_prints(found, record).map(Some)
    }

    fn with_prints(&self, found: HitFound, record: Record) -> Result<Hit, TransmissionError> {
        let prints = self.database.prints(&record)?;
        let false_match_rate = calibration::false_match_rate(found.score);
        Ok(Hit { found, false_match_rate, record, prints })
    }

    /// The first answer again: as it was then, but for what may not be told any more; and on record that it was told.
    fn told_again(
        &self,
        stored: ResultOfComparison,
        subject: &Subject<'_>,
        actor: &Actor,
    ) -> Result<Comparison, TransmissionError> {
        let now = Timestamp::now();
        loop {
            let mut hits = Vec::new();
            for found in &stored.hits {
                let record = self.database.find(found.record_id)?;
                if let Some(mut record) = record.filter(|r| may_tell_again(&r.stored(), today(now))) {
                    // Who else was told since is no part of the first answer.
                    record.disclosures.retain(|disclosure| disclosure.at <= stored.at);
                    hits.push(self.with_prints(found.clone(), record)?);
                }
            }
            let audit = subject.audit(Operation::Repetition, actor, now, &[], &hits);
            match self.database.record(Event { audit, change: Change::Nothing }) {
                Err(StoreError::Erased(_)) => {}
                Err(error) => return Err(error.into()),
                Ok(()) => {
                    return Ok(Comparison { compared: stored.compared, threshold: stored.threshold, hits });
                }
            }
        }
    }
}

impl Subject<'_> {
    fn audit(
        &self,
        operation: Operation,
        actor: &Actor,
        at: Timestamp,
        compared: &[Compared],
        hits: &[Hit],
    ) -> AuditRecord {
        AuditRecord {
            at,
            operation,
            actor: actor.clone(),
            member_state: Some(self.state),
            category: Some(self.category),
            reference_number: Some(self.reference_number.clone()),
            attested: true,
            compared: compared.to_vec(),
            disclosed: hits.iter().map(|hit| hit.found.record_id).collect(),
        }
    }
}

/// R-COMP-10: sets compared, by category and State, as they were counted where they were compared.
fn counts(outcome: &Outcome) -> Vec<Compared> {
    let count = |&(partition, sets): &(_, u32)| {
        let (category, member_state) = of_partition(partition)?;
        Some(Compared { category, member_state, sets })
    };
    outcome.compared.iter().filter_map(count).collect()
}

/// Which of a record's fingerprints is the finger that the engine means: those of unknown position it numbers as they were sent.
fn fingerprint(record: &Record, reference: FingerPosition) -> Option<usize> {
    let same = |position: FingerPosition| position.is_known() == reference.is_known();
    let mut like = record.fingerprints.iter().enumerate().filter(|(_, data)| same(data.position));
    let found = match reference.number_of_unknown() {
        Some(number) => like.nth(number),
        None => like.find(|(_, data)| data.position == reference),
    };
    found.map(|(index, _)| index)
}
