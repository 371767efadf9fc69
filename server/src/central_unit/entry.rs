//! Entry: one lock long, from the sequence to the gallery slot; and the same gallery, made again at start.

use std::sync::PoisonError;

use jiff::Timestamp;
use uuid::Uuid;
use whorl_engine::gallery::{GalleryFull, Slot};
use whorl_engine::template::Template;

use super::prints::Extracted;
use super::{Call, CentralUnit, Templates, TransmissionError};
use crate::database::{FingerTemplate, FingerprintData, Idempotency, Print, Record};
use crate::eurodac::admission::{Admitted, Kept};
use crate::eurodac::comparison::label;
use crate::journal::{AuditRecord, Event, Operation};

/// Records that are loaded in one step.
const LOAD_STEP: usize = 4096;

impl CentralUnit {
    /// One journal event, the store, the gallery slot: durable and comparable when this returns (R-DATA-7).
    pub(super) fn enter(
        &self,
        admitted: Admitted,
        kept: Kept,
        extracted: &[Extracted],
        idempotency: Option<&Idempotency>,
        call: &Call<'_>,
    ) -> Result<Entry, TransmissionError> {
        let mut next = self.next_sequence.lock().unwrap_or_else(PoisonError::into_inner);
        // Asked again under the lock: of two same requests at once, one enters and the other is told of it.
        if let Some(asked) = idempotency
            && self.database.idempotency(&asked.authority, &asked.key)?.is_some()
        {
            return Ok(Entry::Known(asked.clone()));
        }
        let reference = admitted.reference_number.as_str();
        if self.database.find_id(admitted.state, admitted.category, reference)?.is_some() {
            return Err(TransmissionError::ReferenceNumberTaken);
        }
        let id = idempotency.map_or_else(Uuid::new_v4, |i| i.record_id);
        let record = new_record(id, *next, &admitted, kept, extracted, call.now);
        let prints: Vec<Print> =
            admitted.fingerprints.into_iter().map(|f| Print { position: f.position, data: f.data }).collect();
        let templates: Vec<FingerTemplate> = extracted.iter().map(Extracted::to_stored).collect();
        let audit = audit_of_entry(&record, call);
        self.database.record(Event::Entered {
            audit,
            record: &record,
            templates: &templates,
            prints: &prints,
            idempotency,
        })?;
        *next = next.checked_add(1).ok_or_else(|| TransmissionError::Full("no sequence is left".into()))?;
        let packed = extracted.iter().map(|e| (e.position, e.template.clone())).collect();
        self.append(vec![(record.clone(), packed)])?;
        Ok(Entry::New(record))
    }

    /// Puts entered records where searches find them.
    fn append(&self, records: Vec<(Record, Templates)>) -> Result<(), TransmissionError> {
        let ids: Vec<Uuid> = records.iter().map(|(record, _)| record.id).collect();
        let labelled: Vec<_> = records
            .into_iter()
            .filter_map(|(record, templates)| Some((label(&record.stored())?, templates)))
            .collect();
        let full = |error: GalleryFull| TransmissionError::Full(error.to_string());
        let mut slots = self.record_of_slot.write().unwrap_or_else(PoisonError::into_inner);
        for (slot, id) in self.engine.append(&labelled).map_err(full)?.into_iter().zip(ids) {
            if slots.len() <= slot.index() {
                slots.resize(slot.index() + 1, None);
            }
            slots[slot.index()] = Some(id);
        }
        Ok(())
    }

    /// Whose slot it is.
    pub(super) fn record_at(&self, slot: Slot) -> Option<Uuid> {
        *self.record_of_slot.read().unwrap_or_else(PoisonError::into_inner).get(slot.index())?
    }

    /// Fills the gallery from the database.
    pub(super) fn load(&self) -> Result<(), TransmissionError> {
        use rayon::prelude::*;
        let mut after = None;
        let mut loaded = 0usize;
        loop {
            let entries = self.database.entries(after, LOAD_STEP)?;
            let Some((last, _)) = entries.last() else { break };
            after = Some(last.id);
            loaded += entries.len();
            let mut next = self.next_sequence.lock().unwrap_or_else(PoisonError::into_inner);
            let highest = entries.iter().map(|(record, _)| record.sequence + 1).max().unwrap_or(0);
            *next = (*next).max(highest);
            drop(next);
            self.append(entries.into_par_iter().map(|(record, stored)| (record, packed(&stored))).collect())?;
            tracing::info!(records = loaded, "loading the gallery");
        }
        Ok(())
    }
}
/// What came of an entry.
pub(super) enum Entry {
    /// Entered now.
    New(Record),
    /// An earlier request with the same key did it.
    Known(Idempotency),
}

/// Templates of stored minutiae.
pub(super) fn packed(stored: &[FingerTemplate]) -> Templates {
    stored.iter().filter_map(|finger| Some((finger.position, Template::new(&finger.minutiae)?))).collect()
}

fn new_record(
    id: Uuid,
    sequence: u32,
    admitted: &Admitted,
    kept: Kept,
    extracted: &[Extracted],
    now: Timestamp,
) -> Record {
    let fingerprints = admitted.fingerprints.iter().zip(extracted).map(|(sent, found)| FingerprintData {
        position: sent.position,
        media_type: sent.media_type.clone(),
        resolution_ppi: sent.resolution_ppi,
        minutiae: found.quality.minutiae,
        area_mm2: found.quality.area_mm2,
    });
    Record {
        id,
        category: admitted.category,
        member_state: admitted.state,
        application: kept.application,
        fingerprints: fingerprints.collect(),
        sex: kept.sex,
        reference_number: admitted.reference_number.clone(),
        taken_on: kept.taken_on,
        transmitted_at: now,
        entered_at: now,
        disclosures: Vec::new(),
        last_day: kept.last_day,
        blocked: false,
        sequence,
        compare_own: admitted.compare_own,
    }
}

fn audit_of_entry(record: &Record, call: &Call<'_>) -> AuditRecord {
    AuditRecord {
        at: call.now,
        operation: Operation::Entry,
        actor: call.transmitter.actor().clone(),
        member_state: Some(record.member_state),
        category: Some(record.category),
        reference_number: Some(record.reference_number.clone()),
        // R-DATA-2: admission refuses what is not attested; here it is on record that it was.
        attested: true,
        compared: Vec::new(),
        disclosed: Vec::new(),
    }
}
