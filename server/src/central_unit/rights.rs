//! Requests of data subjects (Art. 18): the search with the person's prints, what the State that asks is told, and what the States of
//! origin decide.

use uuid::Uuid;
use whorl_engine::extraction::pool::Afterwards;

use super::comparison::counts;
use super::{Asked, CentralUnit, OperationError, Templates, TransmissionError, prints, today};
use crate::access::Transmitter;
use crate::database::Record;
use crate::eurodac::comparison::{Interrogation, Probe};
use crate::eurodac::model::{MemberState, ReferenceNumber, Sex};
use crate::eurodac::operation::Operation;
use crate::eurodac::prints::Fingerprint;
use crate::eurodac::rights::{Answer, Found, Request, RequestSent, Right, admit, due_on, may_answer};
use crate::journal::{AuditRecord, Change, Effect, Event};
use crate::store::StoreError;

/// A request, and the person's sets as they were found, with their prints (R-RIGHT-3).
pub struct Opened {
    /// As it is stored.
    pub request: Request,
    /// What the State that asks is shown, in the order of the request.
    pub shown: Vec<(Record, Vec<Vec<u8>>)>,
    /// It was opened by an earlier request with the same key; then no print is there to search with, and no data are shown.
    pub repeated: bool,
}

impl CentralUnit {
    /// R-RIGHT-1: opens a request: searches all that is stored for the person's prints, which are destroyed then (R-RIGHT-2).
    pub fn open_request(
        &self,
        sent: RequestSent,
        transmitter: &Transmitter,
        asked: &Asked,
    ) -> Result<Opened, OperationError> {
        let state = transmitter.state();
        self.in_operation(state)?;
        let (reference_number, right, prints) = admit(sent, state)?;
        let made = Uuid::new_v4();
        let (idempotency, _claim) = match self.once(transmitter.actor(), asked, made)? {
            super::Once::Before(made) => {
                let request = self.database.request(made)?.ok_or(OperationError::RequestNotFound)?;
                self.read(Operation::Repetition, Some(state), transmitter.actor())?;
                let request = self.as_shown(request, state);
                return Ok(Opened { request, shown: Vec::new(), repeated: true });
            }
            super::Once::Now(idempotency, claim) => (idempotency, claim),
        };
        let _number = self.claims.claim(format!("number {}", reference_number.as_str()));
        if self.database.request_of(state, reference_number.as_str())?.is_some() {
            return Err(TransmissionError::ReferenceNumberTaken.into());
        }
        let templates = self.templates_of(&prints)?;
        drop(prints);
        let sequence = self.database.entered();
        let probe = Probe {
            interrogation: Interrogation::DataSubject,
            state,
            compare_own: true,
            sex: Sex::Unknown,
            sequence,
        };
        let outcome = self.search(&probe, templates, self.threshold());
        loop {
            let found = self.sorted(&probe, &outcome)?;
            let told: Vec<_> = found.told.into_iter().map(|(record, ..)| record).collect();
            let request =
                self.request(made, state, reference_number.clone(), right, (&told, &found.to_origin));
            let compared = counts(&outcome);
            let audit = AuditRecord {
                member_state: Some(state),
                reference_number: Some(reference_number.clone()),
                compared: compared.open,
                compared_blocked: compared.blocked,
                disclosed: told.iter().map(|record| record.id).collect(),
                ..AuditRecord::of(
                    request.opened_at,
                    Operation::RightsRequestOpened,
                    transmitter.actor().clone(),
                )
            };
            let change = Change::Plain(Effect::RequestOpened(request.clone()));
            match self.database.record(Event { audit, change, request: idempotency.clone() }) {
                // R-ERASE-3: erased between being found and being told.
                Err(StoreError::Erased(_)) => continue,
                other => other?,
            }
            let shown: Result<Vec<_>, StoreError> =
                told.iter().map(|record| self.database.find_with_prints(record.id)).collect();
            let shown = shown?.into_iter().flatten().collect();
            return Ok(Opened { request, shown, repeated: false });
        }
    }

    fn templates_of(&self, sent: &[Fingerprint]) -> Result<Templates, OperationError> {
        let extracted = prints::extract(&self.extraction, sent, Afterwards::End)
            .map_err(|(index, error)| TransmissionError::Print { index, error })?;
        Ok(extracted.into_iter().map(|e| (e.position, e.template)).collect())
    }

    fn request(
        &self,
        id: Uuid,
        asked_in: MemberState,
        reference_number: ReferenceNumber,
        right: Right,
        (told, to_origin): (&[Record], &[Record]),
    ) -> Request {
        let opened_at = self.now();
        let found = |to_origin_only| {
            move |record: &Record| Found {
                record_id: record.id,
                member_state: record.member_state,
                category: record.category,
                reference_number: Some(record.reference_number.clone()),
                to_origin_only,
                answered: None,
            }
        };
        let found = told.iter().map(found(false)).chain(to_origin.iter().map(found(true))).collect();
        let due_on = due_on(today(opened_at));
        Request { id, asked_in, reference_number, right, opened_at, due_on, found }
    }

    /// R-RIGHT-4: a State of origin's decision on all its sets in a request. Again, it takes the place of the one before.
    pub fn answer_request(
        &self,
        id: Uuid,
        answer: Answer,
        transmitter: &Transmitter,
    ) -> Result<Request, OperationError> {
        let state = transmitter.state();
        let _claim = self.claims.claim(format!("request {id}"));
        let request = self.database.request(id)?.filter(|request| request.is_seen_by(state));
        let request = request.ok_or(OperationError::RequestNotFound)?;
        may_answer(&answer)?;
        if !request.found.iter().any(|found| found.member_state == state) {
            return Err(OperationError::NothingToAnswer);
        }
        let audit = AuditRecord {
            member_state: Some(state),
            reference_number: Some(request.reference_number.clone()),
            ..AuditRecord::of(self.now(), Operation::RightsRequestAnswered, transmitter.actor().clone())
        };
        let change = Change::Plain(Effect::RequestAnswered(id, state, answer));
        self.database.record(Event::new(audit, change))?;
        let request = self.database.request(id)?.ok_or(OperationError::RequestNotFound)?;
        Ok(self.as_shown(request, state))
    }
}
