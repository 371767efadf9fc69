//! What the Central Unit refuses, as problems.

use super::codes::Code;
use super::problem::Problem;
use crate::access::Denied;
use crate::central_unit::{OperationError, PrintError, TransmissionError, media_types};
use crate::eurodac::admission::{Reason, Refusal};
use crate::eurodac::blocking::NoDecision;
use crate::eurodac::start::NoStart;
use crate::store::StoreError;
use whorl_engine::extraction::ExtractionError;

impl From<Refusal> for Problem {
    fn from(refusal: Refusal) -> Self {
        let code = match refusal.reason {
            Reason::AttestationMissing => Code::AttestationMissing,
            Reason::DateInFuture => Code::DateInFuture,
            Reason::RetentionPassed => Code::RetentionPassed,
            Reason::ReferenceNumberInvalid => Code::ReferenceNumberInvalid,
            Reason::FieldInvalid => Code::FieldInvalid,
            Reason::Base64Invalid => Code::Base64Invalid,
            Reason::NeverCompared => Code::NeverCompared,
            Reason::FieldMissing => Code::FieldMissing,
            Reason::FieldUnknown => Code::FieldUnknown,
        };
        Self::new(code, refusal.detail).at(refusal.field)
    }
}

impl From<Denied> for Problem {
    fn from(denied: Denied) -> Self {
        match denied {
            Denied::Role(_) => Self::new(Code::RoleNotAllowed, denied.to_string()),
            Denied::OnBehalf => Self::new(Code::RoleNotAllowed, denied.to_string()).at("on_behalf_of"),
            Denied::OnWhoseBehalf => Self::new(Code::StateMissing, denied.to_string()).at("on_behalf_of"),
            Denied::WhoseData => Self::new(Code::StateMissing, denied.to_string()).at("member_state"),
            Denied::OwnData => Self::new(Code::RoleNotAllowed, denied.to_string()).at("member_state"),
        }
    }
}

impl From<StoreError> for Problem {
    fn from(error: StoreError) -> Self {
        tracing::error!(%error, "the store failed");
        Self::new(
            Code::Unavailable,
            "the data could not be read or written; nothing can be relied on to have been stored",
        )
    }
}

impl From<OperationError> for Problem {
    fn from(error: OperationError) -> Self {
        use OperationError as E;
        let text = error.to_string();
        match error {
            E::RecordNotFound => Self::new(Code::RecordNotFound, text),
            E::HitNotFound => Self::new(Code::HitNotFound, text),
            E::NoticeNotFound => Self::new(Code::NoticeNotFound, text),
            E::RequestNotFound => Self::new(Code::RequestNotFound, text),
            E::AuthorityNotFound => Self::new(Code::AuthorityNotFound, text),
            E::GroundNotAllowed => Self::new(Code::GroundNotAllowed, text).at("ground"),
            E::BlockingEnded => Self::new(Code::BlockingEnded, text),
            E::VerifiedAlready => Self::new(Code::VerifiedAlready, text),
            E::NothingToAnswer => Self::new(Code::NothingToAnswer, text),
            E::ReplyNotAllowed => Self::new(Code::ReplyNotAllowed, text).at("reply"),
            E::NoDecision(why) => of_decision(why),
            E::NoStart(why) => of_start(&why),
            E::StartInThePast => Self::new(Code::FieldInvalid, text).at("on"),
            E::LastAdministrator => Self::new(Code::LastAdministrator, text),
            E::Field { field, detail } => Self::new(Code::FieldInvalid, detail).at(field),
            E::Refused(refusal) => refusal.into(),
            E::Transmission(error) => error.into(),
            E::Store(error) => error.into(),
        }
    }
}

fn of_decision(why: NoDecision) -> Problem {
    let detail = match why {
        NoDecision::Decided => "it is on record already".to_owned(),
        NoDecision::TooEarly(None) => "operations have not started".to_owned(),
        NoDecision::TooEarly(Some(from)) => format!("not before {from}, five years after operations started"),
    };
    Problem::new(Code::DecisionNotPossible, detail)
}

fn of_start(why: &NoStart) -> Problem {
    let detail = match why {
        NoStart::Started(day) => format!("they start, or started, on {day}"),
        NoStart::NobodyTakesPart => "no Member State takes part".to_owned(),
        NoStart::NotReady(states) => format!("not notified that they are ready: {states:?}"),
    };
    Problem::new(Code::StartNotPossible, detail)
}

impl From<TransmissionError> for Problem {
    fn from(error: TransmissionError) -> Self {
        match error {
            TransmissionError::Print { index, error } => of_print(index, &error),
            TransmissionError::ReferenceNumberTaken => {
                Self::new(Code::ReferenceNumberTaken, error.to_string()).at("reference_number")
            }
            TransmissionError::NotStarted(day) => {
                let detail =
                    day.map_or("operations have not started".into(), |day| format!("they start on {day}"));
                Self::new(Code::NotInOperation, detail)
            }
            TransmissionError::ErasedMeanwhile => Self::new(Code::ErasedMeanwhile, error.to_string()),
            TransmissionError::TakesNoPart(_) => Self::new(Code::TakesNoPart, error.to_string()),
            TransmissionError::KeyReused => Self::new(Code::IdempotencyKeyReused, error.to_string()),
            TransmissionError::Store(error) => error.into(),
            TransmissionError::NotCompared(ref cause) => {
                tracing::error!(%cause, "a set is entered and not compared");
                Self::new(
                    Code::Unavailable,
                    format!("{error}; repeat the request with the same Idempotency-Key then"),
                )
            }
            TransmissionError::Full(_) => Self::new(Code::Unavailable, error.to_string()),
        }
    }
}

fn of_print(index: usize, error: &PrintError) -> Problem {
    let (code, field) = match error {
        PrintError::MediaType(_) => (Code::MediaTypeUnsupported, "media_type"),
        PrintError::Resolution(_) | PrintError::Extraction(ExtractionError::Resolution(_)) => {
            (Code::ResolutionInvalid, "resolution_ppi")
        }
        PrintError::Record { .. } | PrintError::WrongFinger(_) => (Code::TemplateInvalid, "data"),
        PrintError::TooPoor { .. } => (Code::FingerprintTooPoor, "data"),
        PrintError::Extraction(ExtractionError::Busy) => (Code::Busy, "data"),
        PrintError::Extraction(ExtractionError::Unavailable(_)) => (Code::Unavailable, "data"),
        PrintError::Extraction(
            ExtractionError::Died | ExtractionError::TimedOut(_) | ExtractionError::Mindtct(_),
        ) => (Code::ExtractionFailed, "data"),
        PrintError::Extraction(_) | PrintError::Beside(_) => (Code::ImageInvalid, "data"),
    };
    let detail = match error {
        // The one message that could carry what was sent.
        PrintError::MediaType(_) => format!("send one of {}", media_types().collect::<Vec<_>>().join(", ")),
        other => other.to_string(),
    };
    Problem::new(code, detail).at(format!("fingerprints[{index}].{field}"))
}
