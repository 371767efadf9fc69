//! Amendment (Art. 15(3)): what a set is from now on, compared with nothing, and nothing left of what it was.

use std::sync::Arc;

use uuid::Uuid;
use whorl_engine::extraction::pool::Afterwards;

use super::entry::{fingerprint_data, packed};
use super::prints::{self, Extracted};
use super::{CentralUnit, OperationError, Templates, TransmissionError, today};
use crate::access::Transmitter;
use crate::database::Record;
use crate::eurodac::admission::Kept;
use crate::eurodac::amendment::{AmendmentSent, amended};
use crate::eurodac::operation::Operation;
use crate::eurodac::prints::Fingerprint;
use crate::journal::{AuditRecord, Change, Entry, Event};

impl CentralUnit {
    /// R-EDIT-1, R-KEEP-3: rectifies or completes one of the State's own sets. When this returns no comparison uses the old prints, and no
    /// bytes of what was replaced can be read any more.
    pub fn amend(
        &self,
        id: Uuid,
        sent: AmendmentSent,
        transmitter: &Transmitter,
    ) -> Result<Record, OperationError> {
        let (mut record, _claim) = self.claim_own(id, transmitter.state())?;
        let now = self.now();
        let current = Kept {
            sex: record.sex,
            taken_on: record.taken_on,
            last_day: record.last_day,
            application: record.application.take(),
        };
        let days = (today(record.transmitted_at), today(now));
        let amendment = amended(current, sent, record.category, days)?;
        let Kept { sex, taken_on, last_day, application } = amendment.kept;
        (record.sex, record.taken_on, record.last_day, record.application) =
            (sex, taken_on, last_day, application);
        let new_prints = amendment.fingerprints.is_some();
        let (entry, templates) = match amendment.fingerprints {
            Some(sent) => self.with_prints_of(record, sent)?,
            None => self.with_the_same_prints(record)?,
        };
        let record = entry.record.clone();
        let audit = AuditRecord::about(&record, now, Operation::Amendment, transmitter.actor().clone());
        let (enrolled, stored) = (Arc::clone(&self.enrolled), record.stored());
        let event = Event::new(audit, Change::Amended(Box::new(entry), new_prints));
        self.database.record_and(event, Box::new(move |_| enrolled.replace(id, stored, &templates)))?;
        Ok(record)
    }

    fn with_prints_of(
        &self,
        mut record: Record,
        sent: Vec<Fingerprint>,
    ) -> Result<(Entry, Templates), OperationError> {
        let extracted = prints::extract(&self.extraction, &sent, Afterwards::Keep)
            .map_err(|(index, error)| TransmissionError::Print { index, error })?;
        record.fingerprints = fingerprint_data(&sent, &extracted);
        let templates = extracted.iter().map(|e| (e.position, e.template.clone())).collect();
        let prints = sent.into_iter().map(|print| print.data).collect();
        Ok((
            Entry { record, templates: extracted.iter().map(Extracted::to_stored).collect(), prints },
            templates,
        ))
    }

    fn with_the_same_prints(&self, record: Record) -> Result<(Entry, Templates), OperationError> {
        let templates = self.database.templates(record.id)?;
        let packed = packed(&templates)?;
        // Its claim is ours: nobody changes it meanwhile.
        let prints = self.database.find_with_prints(record.id)?.map_or_else(Vec::new, |(_, prints)| prints);
        Ok((Entry { record, templates, prints }, packed))
    }
}
