//! Entry: from the reference number that nobody else may take meanwhile to the gallery slot; and the same gallery, made again at start.

use std::sync::Arc;
use std::sync::mpsc::channel;

use rayon::prelude::*;
use uuid::Uuid;
use whorl_engine::template::Template;

use super::prints::Extracted;
use super::{Asked, CentralUnit, Once, Templates, TransmissionError};
use crate::database::{FingerData, FingerTemplate, FingerprintData, Record};
use crate::eurodac::admission::{Admitted, Kept};
use crate::eurodac::disclosure::recipient_of_result;
use crate::eurodac::model::{Category, MemberState};
use crate::eurodac::operation::Operation;
use crate::eurodac::prints::{Finger, Fingerprint};
use crate::journal::{Actor, AuditRecord, Change, Entry as EntryOf, Event};
use crate::startup::{Stage, Startup};
use crate::store::StoreError;

/// Records that are loaded in one step.
const LOAD_STEP: usize = 4096;

impl CentralUnit {
    /// Durable and comparable when this returns (R-DATA-7).
    pub(super) fn enter(
        &self,
        what: ToEnter<'_>,
        actor: &Actor,
        asked: &Asked,
    ) -> Result<Entry, TransmissionError> {
        let ToEnter { admitted, kept, extracted } = what;
        let id = Uuid::new_v4();
        // Of two same requests at once, one enters and the other is told of it. Always in this order: nobody waits in a circle.
        let (request, _request) = match self.once(actor, asked, id)? {
            Once::Before(made) => return Ok(Entry::Known(made)),
            Once::Now(request, claim) => (request, claim),
        };
        let reference = admitted.reference_number.as_str().to_owned();
        let _number = self.claims.claim(format!("number {reference}"));
        self.refuse_number_in_use(admitted.state, admitted.category, &reference)?;
        let mut record = Record {
            id,
            category: admitted.category,
            member_state: admitted.state,
            application: kept.application,
            fingerprints: fingerprint_data(&admitted.fingerprints, extracted),
            sex: kept.sex,
            reference_number: admitted.reference_number,
            taken_on: kept.taken_on,
            transmitted_at: asked.at,
            entered_at: self.now(),
            disclosures: Vec::new(),
            last_day: kept.last_day,
            blocked: false,
            sequence: 0,
            compare_own: admitted.compare_own,
        };
        let prints = admitted.fingerprints.into_iter().map(|print| print.data).collect();
        let entry = EntryOf {
            record: record.clone(),
            templates: extracted.iter().map(Extracted::to_stored).collect(),
            prints,
        };
        let packed = extracted.iter().map(|e| (e.position, e.template.clone())).collect();
        // R-DATA-2: admission refuses what is not attested; here it is on record that it was.
        let audit = AuditRecord {
            attested: true,
            ..AuditRecord::about(&record, record.entered_at, Operation::Entry, actor.clone())
        };
        let event = Event { audit, change: Change::Entered(Box::new(entry)), request };
        record.sequence = self.record_entry(event, record.clone(), packed)?;
        Ok(Entry::New(record))
    }

    /// R-DATA-3. A set that is past its retention holds no number: it is as if it was not there, even if the eraser has not run yet
    /// (R-COMP-7).
    fn refuse_number_in_use(
        &self,
        state: MemberState,
        category: Category,
        reference: &str,
    ) -> Result<(), TransmissionError> {
        let holder = || self.database.find_id(state, category, reference);
        if let Some(id) = holder()? {
            self.eraser.expire(id)?;
        }
        if holder()?.is_some() { Err(TransmissionError::ReferenceNumberTaken) } else { Ok(()) }
    }

    /// One record of the journal, then the gallery slot, before anything that is entered later: whoever has a higher sequence
    /// finds this one (R-COMP-11). The sequence.
    fn record_entry(
        &self,
        event: Event,
        mut record: Record,
        templates: Templates,
    ) -> Result<u32, TransmissionError> {
        let (send, appended) = channel();
        let enrolled = Arc::clone(&self.enrolled);
        let then = move |sequence| {
            record.sequence = sequence;
            // Nobody listens only where the event was refused, and then this is not called.
            let _ = send.send(enrolled.append(vec![(record, templates)]).map(|()| sequence));
        };
        self.database.record_and(event, Box::new(then))?;
        appended.recv().map_err(|_| StoreError::Failed("the writer has ended".into()))?
    }

    /// Fills the gallery from the database. Gives the records whose comparison was cut off, in order of entry.
    pub(super) fn load(&self, startup: &Startup) -> Result<Vec<Record>, TransmissionError> {
        let mut cut_off = Vec::new();
        let mut after = None;
        let (mut loaded, all) = (0, self.database.count()?);
        loop {
            let entries = self.database.entries(after, LOAD_STEP)?;
            let Some((last, _)) = entries.last() else { break };
            after = Some(last.id);
            loaded += entries.len() as u64;
            for (record, _) in &entries {
                let is_compared = recipient_of_result(record.category, record.member_state).is_some();
                if is_compared && self.database.result(record.id)?.is_none() {
                    cut_off.push(record.clone());
                }
            }
            let made: Result<Vec<_>, _> = entries
                .into_par_iter()
                .map(|(record, stored)| match packed(&stored) {
                    Ok(templates) if templates.len() == record.fingers().count() => Ok((record, templates)),
                    _ => Err(damaged(&record, "has not the templates of its fingers")),
                })
                .collect();
            self.enrolled.append(made?)?;
            startup.tell(Stage::Filling(loaded, all));
        }
        cut_off.sort_by_key(|record| record.sequence);
        Ok(cut_off)
    }

    /// Makes the comparisons that a crash cut off between entry and result. Whoever repeats the transmission with its
    /// idempotency key is told.
    pub(super) fn compare_cut_off(
        &self,
        records: Vec<Record>,
        startup: &Startup,
    ) -> Result<(), TransmissionError> {
        let all = records.len() as u64;
        let actor = Actor { authority: None, person: "restart".into() };
        let asked = Asked { at: self.now(), urgent: false, repeatable: None };
        for (done, record) in (0..).zip(records) {
            startup.tell(Stage::Comparing(done, all));
            // Its period may have ended while the service was down: then it is erased by now.
            if self.enrolled.stored(record.id).is_none() {
                continue;
            }
            tracing::warn!(record = %record.id, "its comparison was cut off, and is made now");
            let templates = packed(&self.database.templates(record.id)?)?;
            self.result_for(&record, templates, &actor, &asked)?;
        }
        Ok(())
    }
}

/// What is entered.
pub(super) struct ToEnter<'a> {
    /// The transmission.
    pub(super) admitted: Admitted,
    /// Its alphanumeric data.
    pub(super) kept: Kept,
    /// What was found in its prints, in their order.
    pub(super) extracted: &'a [Extracted],
}

pub(super) fn damaged(record: &Record, problem: &str) -> TransmissionError {
    TransmissionError::Store(StoreError::Failed(format!("record {} {problem}", record.id)))
}

/// What came of an entry.
pub(super) enum Entry {
    /// Entered now.
    New(Record),
    /// An earlier request with the same key did it.
    Known(Uuid),
}

/// Templates of stored minutiae: as many, or an error.
pub(super) fn packed(stored: &[FingerTemplate]) -> Result<Templates, TransmissionError> {
    let unusable = || TransmissionError::Store(StoreError::Failed("stored minutiae make no template".into()));
    let pack = |finger: &FingerTemplate| Some((finger.position, Template::new(&finger.minutiae)?));
    stored.iter().map(|finger| pack(finger).ok_or_else(unusable)).collect()
}

/// What is told of prints, and of the fingers that were found in them, in their order.
pub(super) fn fingerprint_data(sent: &[Fingerprint], extracted: &[Extracted]) -> Vec<FingerprintData> {
    let mut found = extracted.iter();
    let mut fingers = |print: &Fingerprint| {
        let one = |(finger, found): (&Finger, &Extracted)| FingerData {
            position: finger.position,
            area: finger.area,
            minutiae: found.quality.minutiae,
            area_mm2: found.quality.area_mm2,
        };
        print.fingers.iter().zip(found.by_ref()).map(one).collect()
    };
    let data = |print: &Fingerprint| FingerprintData {
        position: print.position,
        media_type: print.media_type.clone(),
        resolution_ppi: print.resolution_ppi,
        fingers: fingers(print),
    };
    sent.iter().map(data).collect()
}
