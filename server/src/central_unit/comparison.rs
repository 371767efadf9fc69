//! A comparison: the scope that the law gives, what the engine finds in it, and what is written before anyone is told.

use jiff::Timestamp;
use uuid::Uuid;
use whorl_engine::engine::{Candidate, FingerScore, Outcome};
use whorl_engine::minutia::FingerPosition;
use whorl_engine::template::Probe as PreparedProbe;

use super::hits::Hit;
use super::prints::Extracted;
use super::{Asked, CentralUnit, Templates, TransmissionError, today};
use crate::access::Transmitter;
use crate::database::{FingerFound, ProbeOf, Record, ResultOfComparison, StoredHit, Threshold};
use crate::eurodac::admission::Admitted;
use crate::eurodac::comparison::{Interrogation, Probe, Use, of_partition, scope, use_of};
use crate::eurodac::model::{MemberState, Sex};
use crate::eurodac::operation::Operation;
use crate::journal::{Actor, AuditRecord, Change, Compared, Effect, Event};
use crate::store::StoreError;

/// What the State of origin of the probe is told (R-HIT-1).
pub struct Comparison {
    /// R-COMP-10, but for blocked sets (R-BLOCK-2).
    pub compared: Vec<Compared>,
    /// R-HIT-5: from where on a pair with all the probe's fingers is a hit.
    pub threshold: Threshold,
    /// Best first.
    pub hits: Vec<Hit>,
}

/// Whose set is compared, and who asks.
pub(super) struct Subject<'a> {
    pub(super) state: MemberState,
    pub(super) of: ProbeOf,
    pub(super) actor: &'a Actor,
    pub(super) asked: &'a Asked,
}

/// What a search found, sorted by what it is for.
#[derive(Default)]
pub(super) struct Found {
    /// Best first, with the score and its fingers.
    pub(super) told: Vec<(Record, u32, Vec<FingerFound>)>,
    /// R-COMP-6: blocked sets of other States.
    pub(super) counted: Vec<Compared>,
    /// R-BLOCK-2: blocked sets that a data subject asks for.
    pub(super) to_origin: Vec<Record>,
}

/// R-COMP-10: how many sets were compared, blocked ones apart.
#[derive(Default, Clone)]
pub(super) struct Counts {
    pub(super) open: Vec<Compared>,
    pub(super) blocked: Vec<Compared>,
}

impl CentralUnit {
    /// The result for a record that is entered: the one that is stored, or, where there is none yet, a new one.
    pub(super) fn result_for(
        &self,
        record: &Record,
        templates: Templates,
        actor: &Actor,
        asked: &Asked,
    ) -> Result<Comparison, TransmissionError> {
        // Of two same requests at once, one compares and the other tells what came of it.
        let _claim = self.comparing.claim(record.id.to_string());
        let probe = Probe {
            interrogation: Interrogation::Transmission(record.category),
            state: record.member_state,
            compare_own: record.compare_own,
            sex: if self.sex_is_a_criterion { record.sex } else { Sex::Unknown },
            sequence: record.sequence,
        };
        let of = ProbeOf {
            category: record.category,
            reference_number: record.reference_number.clone(),
            record_id: Some(record.id),
        };
        let subject = Subject { state: record.member_state, of, actor, asked };
        if let Some(stored) = self.database.result(record.id)? {
            return self.told_again(stored, &subject);
        }
        self.compare(&probe, &subject, templates)
    }

    /// Category 3: compared with what is entered now, and nothing of it is stored (R-COMP-4, R-COMP-5).
    pub(super) fn check(
        &self,
        admitted: &Admitted,
        extracted: &[Extracted],
        transmitter: &Transmitter,
        asked: &Asked,
    ) -> Result<Comparison, TransmissionError> {
        let probe = Probe {
            interrogation: Interrogation::Transmission(admitted.category),
            state: admitted.state,
            compare_own: admitted.compare_own,
            // R-COMP-8: none is transmitted.
            sex: Sex::Unknown,
            sequence: self.database.entered(),
        };
        let of = ProbeOf {
            category: admitted.category,
            reference_number: admitted.reference_number.clone(),
            record_id: None,
        };
        let subject = Subject { state: admitted.state, of, actor: transmitter.actor(), asked };
        let templates = extracted.iter().map(|e| (e.position, e.template.clone())).collect();
        self.compare(&probe, &subject, templates)
    }

    fn compare(
        &self,
        probe: &Probe,
        subject: &Subject<'_>,
        templates: Templates,
    ) -> Result<Comparison, TransmissionError> {
        let threshold = self.threshold();
        let outcome = self.search(probe, templates, threshold);
        loop {
            let found = self.sorted(probe, &outcome)?;
            match self.conclude(found, counts(&outcome), threshold, subject) {
                // R-ERASE-3: erased or blocked between being found and being told. Whoever is left is told; nobody, where it is the
                // probe itself.
                Err(TransmissionError::Store(StoreError::Erased(id))) if Some(id) != subject.of.record_id => {
                }
                other => return other,
            }
        }
    }

    /// What the engine finds in the scope that the law gives.
    pub(super) fn search(&self, probe: &Probe, templates: Templates, threshold: u32) -> Outcome {
        let prepared: Vec<_> = templates.into_iter().map(|(p, t)| (p, PreparedProbe::new(t))).collect();
        match scope(probe, today(self.now())) {
            Some(scope) => self.enrolled.engine.search(&prepared, &scope, threshold),
            None => Outcome::default(),
        }
    }

    /// The candidates, as the law sees the records that are stored under them now.
    pub(super) fn sorted(&self, probe: &Probe, outcome: &Outcome) -> Result<Found, TransmissionError> {
        let mut found = Found::default();
        for candidate in &outcome.candidates {
            let Some(id) = self.enrolled.record_at(candidate.slot) else { continue };
            let Some(record) = self.database.find(id)? else { continue };
            match use_of(probe, &record.stored(), today(self.now())) {
                Use::Told => {
                    let fingers = fingers(&record, candidate);
                    found.told.push((record, candidate.score, fingers));
                }
                Use::Counted => count(&mut found.counted, &record),
                Use::ToOrigin => found.to_origin.push(record),
                // Blocked since it was compared; or the engine strayed, and then it is not told either.
                Use::Never => tracing::warn!(record = %id, "a candidate may not be told of any more"),
            }
        }
        Ok(found)
    }

    /// R-HIT-3: on the record of the person whose data leave, durably, before they leave.
    fn conclude(
        &self,
        found: Found,
        compared: Counts,
        threshold: u32,
        subject: &Subject<'_>,
    ) -> Result<Comparison, TransmissionError> {
        let (at, threshold) = (self.now(), Threshold::new(threshold));
        let hit = |(record, score, fingers): &(Record, u32, Vec<FingerFound>)| StoredHit {
            hit_id: Uuid::new_v4(),
            recipient: subject.state,
            probe: subject.of.clone(),
            record_id: record.id,
            member_state: record.member_state,
            category: record.category,
            at,
            verdict: None,
            score: *score,
            fingers: fingers.clone(),
            prints_replaced: false,
        };
        let hits: Vec<_> = found.told.iter().map(hit).collect();
        let mut audit = subject.audit(Operation::Comparison, at, &hits);
        (audit.compared, audit.compared_blocked) = (compared.open.clone(), compared.blocked);
        audit.took_ms = subject.asked.milliseconds_until(at);
        let ids = hits.iter().map(|hit| hit.hit_id).collect();
        let result = ResultOfComparison { at, compared: compared.open.clone(), threshold, hits: ids };
        let effect = Effect::Concluded {
            result: subject.of.record_id.map(|id| (id, result)),
            hits: hits.clone(),
            on_blocked: found.counted,
        };
        self.database.record(Event::new(audit, Change::Plain(effect)))?;
        Ok(Comparison { compared: compared.open, threshold, hits: self.deliverable(hits)? })
    }

    /// The first answer again: as it was then, but for what may not be told any more; and on record that it was told.
    pub(super) fn told_again(
        &self,
        stored: ResultOfComparison,
        subject: &Subject<'_>,
    ) -> Result<Comparison, TransmissionError> {
        loop {
            let found: Result<Vec<_>, _> = stored.hits.iter().map(|id| self.database.hit(*id)).collect();
            let mut hits = self.deliverable(found?.into_iter().flatten())?;
            for (record, _) in hits.iter_mut().filter_map(|hit| hit.matched.as_mut()) {
                // Who else was told since is no part of the first answer.
                record.disclosures.retain(|disclosure| disclosure.at <= stored.at);
            }
            let found: Vec<_> = hits.iter().map(|hit| hit.found.clone()).collect();
            let audit = subject.audit(Operation::Repetition, self.now(), &found);
            match self.database.record(Event::of(audit)) {
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
    fn audit(&self, operation: Operation, at: Timestamp, hits: &[StoredHit]) -> AuditRecord {
        AuditRecord {
            member_state: Some(self.state),
            category: Some(self.of.category),
            reference_number: Some(self.of.reference_number.clone()),
            attested: true,
            disclosed: hits.iter().map(|hit| hit.record_id).collect(),
            urgent: self.asked.urgent,
            ..AuditRecord::of(at, operation, self.actor.clone())
        }
    }
}

/// R-COMP-10: sets compared, by category and State, as they were counted where they were compared.
pub(super) fn counts(outcome: &Outcome) -> Counts {
    let mut counts = Counts::default();
    for &(partition, sets) in &outcome.compared {
        if let Some((category, member_state, blocked)) = of_partition(partition) {
            let list = if blocked { &mut counts.blocked } else { &mut counts.open };
            list.push(Compared { category, member_state, sets });
        }
    }
    counts
}

/// One more of the record's category and State.
fn count(counts: &mut Vec<Compared>, record: &Record) {
    let same = |c: &&mut Compared| (c.category, c.member_state) == (record.category, record.member_state);
    match counts.iter_mut().find(same) {
        Some(counted) => counted.sets += 1,
        None => {
            counts.push(Compared { category: record.category, member_state: record.member_state, sets: 1 });
        }
    }
}

fn fingers(record: &Record, candidate: &Candidate) -> Vec<FingerFound> {
    let found = |finger: &FingerScore| {
        let place = place(record, finger.reference)?;
        Some(FingerFound { position: finger.position, finger: place, score: finger.score })
    };
    candidate.fingers.iter().filter_map(found).collect()
}

/// Which of a record's fingers is the one that the engine means: those of unknown position it numbers as they were sent.
fn place(record: &Record, reference: FingerPosition) -> Option<usize> {
    let same = |position: FingerPosition| position.is_known() == reference.is_known();
    let mut like = record.fingers().enumerate().filter(|(_, finger)| same(finger.position));
    let found = match reference.number_of_unknown() {
        Some(number) => like.nth(number),
        None => like.find(|(_, finger)| finger.position == reference),
    };
    found.map(|(index, _)| index)
}
