//! Refusals of the unit under test, as the codes that callers get.

use whorl::access::{Denied, Rejected};
use whorl::central_unit::{OperationError, PrintError, TransmissionError};
use whorl::eurodac::admission::{Reason, Refusal};
use whorl::store::StoreError;

/// A refusal; what is no code of a refusal is something that must not happen.
#[derive(Debug, Clone, PartialEq)]
pub struct Problem(pub String);

impl From<&str> for Problem {
    fn from(code: &str) -> Self {
        Self(code.to_owned())
    }
}

impl From<Rejected> for Problem {
    fn from(why: Rejected) -> Self {
        match why {
            Rejected::Unknown => "authentication-failed".into(),
            Rejected::Expired => "key-expired".into(),
            Rejected::Revoked => "authority-revoked".into(),
        }
    }
}

impl From<Denied> for Problem {
    fn from(denied: Denied) -> Self {
        match denied {
            Denied::Role(_) | Denied::OnBehalf | Denied::OwnData => "role-not-allowed".into(),
            Denied::OnWhoseBehalf | Denied::WhoseData => "member-state-missing".into(),
        }
    }
}

impl From<StoreError> for Problem {
    fn from(error: StoreError) -> Self {
        Self(format!("store: {error}"))
    }
}

impl From<Refusal> for Problem {
    fn from(refusal: Refusal) -> Self {
        match refusal.reason {
            Reason::AttestationMissing => "attestation-missing",
            Reason::DateInFuture => "date-in-future",
            Reason::RetentionPassed => "retention-passed",
            Reason::ReferenceNumberInvalid => "reference-number-invalid",
            Reason::FieldInvalid => "field-invalid",
            Reason::FieldMissing => "field-missing",
            Reason::FieldUnknown => "field-unknown",
            Reason::Base64Invalid => "base64-invalid",
            Reason::NeverCompared => "never-compared",
        }
        .into()
    }
}

impl From<TransmissionError> for Problem {
    fn from(error: TransmissionError) -> Self {
        match error {
            TransmissionError::NotStarted(_) => "not-in-operation".into(),
            TransmissionError::TakesNoPart(_) => "takes-no-part".into(),
            TransmissionError::Print { error: PrintError::TooPoor { .. }, .. } => {
                "fingerprint-too-poor".into()
            }
            TransmissionError::ReferenceNumberTaken => "reference-number-taken".into(),
            TransmissionError::KeyReused => "idempotency-key-reused".into(),
            other => Self(format!("transmission: {other}")),
        }
    }
}

impl From<OperationError> for Problem {
    fn from(error: OperationError) -> Self {
        use OperationError as E;
        match error {
            E::RecordNotFound => "record-not-found".into(),
            E::HitNotFound => "hit-not-found".into(),
            E::NoticeNotFound => "notice-not-found".into(),
            E::RequestNotFound => "rights-request-not-found".into(),
            E::AuthorityNotFound => "authority-not-found".into(),
            E::GroundNotAllowed => "ground-not-allowed".into(),
            E::BlockingEnded => "blocking-ended".into(),
            E::VerifiedAlready => "verified-already".into(),
            E::NothingToAnswer => "nothing-to-answer".into(),
            E::ReplyNotAllowed => "reply-not-allowed".into(),
            E::NoDecision(_) => "decision-not-possible".into(),
            E::NoStart(_) => "start-not-possible".into(),
            E::StartInThePast | E::Field { .. } => "field-invalid".into(),
            E::LastAdministrator => "last-administrator".into(),
            E::Refused(refusal) => refusal.into(),
            E::Transmission(error) => error.into(),
            E::Store(error) => error.into(),
        }
    }
}
