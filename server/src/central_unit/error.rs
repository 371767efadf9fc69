//! Why something was not done.

use jiff::civil::Date;

use super::PrintError;
use crate::eurodac::admission::Refusal;
use crate::eurodac::blocking::NoDecision;
use crate::eurodac::model::MemberState;
use crate::eurodac::start::NoStart;
use crate::store::StoreError;

/// Why prints were not taken.
#[derive(Debug, thiserror::Error)]
pub enum TransmissionError {
    /// R-OPS-1: operations have not started; the day on which they will, where it is known.
    #[error("operations have not started")]
    NotStarted(Option<Date>),
    /// R-OPS-1.
    #[error("{0} does not take part")]
    TakesNoPart(MemberState),
    /// A print that cannot be used.
    #[error("fingerprint {index}: {error}")]
    Print {
        /// Its place in the transmission.
        index: usize,
        /// What is wrong.
        error: PrintError,
    },
    /// R-DATA-3: unique within State and category.
    #[error("this reference number is in use already")]
    ReferenceNumberTaken,
    /// The key was used for something else.
    #[error(
        "this Idempotency-Key was used for another request: choose a new one, or send that request again"
    )]
    KeyReused,
    /// The disk.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// R-ERASE-3.
    #[error("the set was erased before it was compared")]
    ErasedMeanwhile,
    /// The disk, after the entry.
    #[error("the set is entered, and will be compared when the service is back")]
    NotCompared(StoreError),
    /// No more slots or sequences.
    #[error("the Central Unit is full: {0}")]
    Full(String),
}

/// Why something else was not done.
#[derive(Debug, thiserror::Error)]
pub enum OperationError {
    /// R-ACCESS-2: unknown, erased, or another State's.
    #[error("no record of your State has this id")]
    RecordNotFound,
    /// The same of a hit.
    #[error("no hit of your State has this id, or what it found may not be told of any more")]
    HitNotFound,
    /// The same of a notice.
    #[error("no notice to or from your State has this id")]
    NoticeNotFound,
    /// The same of a data subject's request.
    #[error("no request of your State, or about its data, has this id")]
    RequestNotFound,
    /// Not on the list, or not any more.
    #[error("no authority on the list has this id")]
    AuthorityNotFound,
    /// R-ERASE-1.
    #[error("the law knows no erasure of this category on this ground")]
    GroundNotAllowed,
    /// R-BLOCK-3.
    #[error("the decision of Art. 12(2) is on record: nothing is blocked any more")]
    BlockingEnded,
    /// R-HIT-4.
    #[error("the hit is verified already, with another verdict")]
    VerifiedAlready,
    /// R-EDIT-2, R-RIGHT-4.
    #[error("it is not for your State to answer")]
    NothingToAnswer,
    /// R-EDIT-2.
    #[error("the answer does not fit what the notice says")]
    ReplyNotAllowed,
    /// R-BLOCK-3.
    #[error("the decision cannot be recorded")]
    NoDecision(NoDecision),
    /// R-OPS-1.
    #[error("operations cannot start")]
    NoStart(NoStart),
    /// R-OPS-1.
    #[error("operations start today or later")]
    StartInThePast,
    /// Nobody could undo it.
    #[error("it is the last administrator; designate another one first")]
    LastAdministrator,
    /// A value that it cannot have.
    #[error("{field} {detail}")]
    Field {
        /// Which.
        field: &'static str,
        /// Why.
        detail: String,
    },
    /// The law says so, field by field.
    #[error("{}", .0.detail)]
    Refused(Refusal),
    /// Of the prints.
    #[error(transparent)]
    Transmission(#[from] TransmissionError),
    /// The disk.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<Refusal> for OperationError {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(refusal)
    }
}

impl OperationError {
    /// R-ERASE-3: what a hit found was erased while it was read.
    pub(super) fn gone(error: StoreError) -> Self {
        match error {
            StoreError::Erased(_) => Self::HitNotFound,
            other => Self::Store(other),
        }
    }

    /// Nothing of a key can be made without random bytes.
    pub(super) fn random(error: getrandom::Error) -> Self {
        Self::Store(StoreError::Failed(format!("the operating system gave no random bytes: {error}")))
    }
}
