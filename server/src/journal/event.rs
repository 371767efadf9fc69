//! What happens, as events: the audit record and the effect are one thing, and become durable together or not at all.
//!
//! Every change of state is an [`Event`], given to [`crate::database::Database::record`], which answers once it is in the journal.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::Effect;
use crate::access::AuthorityId;
use crate::database::{FingerTemplate, Idempotency, Print, Record};
use crate::eurodac::model::{Category, MemberState, ReferenceNumber};
use crate::eurodac::operation::Operation;

/// Who did it: R-AUDIT-1 wants the authority and the person.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Actor {
    /// The authority; `None` for whoever has the machine, at the command line.
    pub authority: Option<AuthorityId>,
    /// The responsible person, as the authority names them.
    pub person: String,
}

/// What came of an operation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Outcome {
    /// It was done.
    Done,
    /// R-ACCESS-4: it was refused, with this code.
    Refused(String),
}

/// How many stored sets of one kind a comparison touched (R-COMP-10).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Compared {
    /// Category of the sets.
    #[schema(value_type = u8, minimum = 1, maximum = 2)]
    pub category: Category,
    /// Their State of origin.
    pub member_state: MemberState,
    /// How many.
    pub sets: u32,
}

/// One line of the audit. No print, no template, no attestation beyond that they were given.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AuditRecord {
    /// Day and hour.
    pub at: Timestamp,
    /// What was done, or asked for.
    pub operation: Operation,
    /// What came of it.
    pub outcome: Outcome,
    /// How many times, where refusals are recorded together; else 1.
    pub times: u32,
    /// By whom.
    pub actor: Actor,
    /// For which State.
    pub member_state: Option<MemberState>,
    /// Category of the set.
    pub category: Option<Category>,
    /// Reference number of the set.
    pub reference_number: Option<ReferenceNumber>,
    /// R-DATA-2: all attestations that the category needs were given. They are not stored anywhere else.
    pub attested: bool,
    /// R-COMP-10.
    pub compared: Vec<Compared>,
    /// R-COMP-10, of blocked sets: not for everybody who sees the rest (R-BLOCK-2).
    pub compared_blocked: Vec<Compared>,
    /// Records disclosed by the operation, by id.
    pub disclosed: Vec<Uuid>,
    /// From the arrival of the request to this record. Unit: milliseconds. Of operations that are answered by it.
    pub took_ms: Option<u32>,
    /// R-OPS-4: whether it was to be answered before others.
    pub urgent: bool,
}

impl AuditRecord {
    /// Of an operation that is about nobody's set.
    pub fn of(at: Timestamp, operation: Operation, actor: Actor) -> Self {
        Self {
            at,
            operation,
            outcome: Outcome::Done,
            times: 1,
            actor,
            member_state: None,
            category: None,
            reference_number: None,
            attested: false,
            compared: Vec::new(),
            compared_blocked: Vec::new(),
            disclosed: Vec::new(),
            took_ms: None,
            urgent: false,
        }
    }
}

impl AuditRecord {
    /// Of an operation that is about a set.
    pub fn about(record: &Record, at: Timestamp, operation: Operation, actor: Actor) -> Self {
        Self {
            member_state: Some(record.member_state),
            category: Some(record.category),
            reference_number: Some(record.reference_number.clone()),
            ..Self::of(at, operation, actor)
        }
    }
}

/// A change of state, with its audit record.
pub struct Event {
    /// The audit.
    pub audit: AuditRecord,
    /// What changes.
    pub change: Change,
    /// R-DATA-3: the request that does it, where it can be repeated.
    pub request: Option<Idempotency>,
}

impl Event {
    /// Of a request that cannot be repeated, or of none.
    pub fn new(audit: AuditRecord, change: Change) -> Self {
        Self { audit, change, request: None }
    }

    /// R-AUDIT-1: of something that changes nothing, and is recorded.
    pub fn of(audit: AuditRecord) -> Self {
        Self::new(audit, Change::Nothing)
    }
}

/// What changes.
pub enum Change {
    /// Nothing but the audit.
    Nothing,
    /// What needs nothing sealed.
    Plain(Effect),
    /// R-DATA-7: a set is entered. Its sequence is given to it when it is written.
    Entered(Box<Entry>),
    /// R-EDIT-1: a set is as this says from now on; and whether its prints are others.
    Amended(Box<Entry>, bool),
}

/// What is destroyed of the audit, or was, and what it is about.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Retention {
    /// Bodies of records below this number, but those held by a procedure.
    pub below: u64,
    /// BLAKE3 of the snapshot of what those records had made.
    pub snapshot: [u8; 32],
    /// Procedures closed since the last time, which hold nothing any more.
    pub released: Vec<Uuid>,
}

/// A set that is entered.
pub struct Entry {
    /// Alphanumeric data.
    pub record: Record,
    /// What is compared.
    pub templates: Vec<FingerTemplate>,
    /// What an expert verifies.
    pub prints: Vec<Print>,
}
