//! What happens, as events: the audit record and the effect are one thing, and become durable together or not at all.
//!
//! Every change of state is an [`Event`], given to [`crate::database::Database::record`], which answers once it is in the journal.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::access::{Authority, AuthorityId};
use crate::database::{Disclosure, FingerTemplate, Idempotency, Print, Record, ResultOfComparison};
use crate::eurodac::audit::Procedure;
use crate::eurodac::erasure::Ground;
use crate::eurodac::model::{Category, MemberState, ReferenceNumber};

/// Who did it: R-AUDIT-1 wants the authority and the person.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Actor {
    /// The authority; `None` for whoever has the machine, at the command line.
    pub authority: Option<AuthorityId>,
    /// The responsible person, as the authority names them.
    pub person: String,
}

/// What was done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Operation {
    /// The data directory was made, or an authority added.
    Administration,
    /// A category 1 or 2 set was entered.
    Entry,
    /// A set was compared; its result is in the audit.
    Comparison,
    /// The result of an earlier comparison was told again.
    Repetition,
    /// A set was erased before its time (R-ERASE-1).
    Erasure,
    /// The journal was put back from a backup, and what had been erased since was forgotten again (R-OPS-2, R-ERASE-2).
    Restoration,
    /// Records older than a year were destroyed (R-AUDIT-4).
    Retention,
    /// A monitoring procedure was begun (R-AUDIT-5).
    ProcedureOpened,
    /// A monitoring procedure was closed.
    ProcedureClosed,
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
    /// What was done.
    pub operation: Operation,
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
    /// Records disclosed by the operation, by id.
    pub disclosed: Vec<Uuid>,
}

impl AuditRecord {
    /// Of an operation that is about nobody's set.
    pub fn of(at: Timestamp, operation: Operation, actor: Actor) -> Self {
        Self {
            at,
            operation,
            actor,
            member_state: None,
            category: None,
            reference_number: None,
            attested: false,
            compared: Vec::new(),
            disclosed: Vec::new(),
        }
    }
}

/// A change of state, with its audit record.
pub struct Event {
    /// The audit.
    pub audit: AuditRecord,
    /// What changes.
    pub change: Change,
}

/// What changes.
pub enum Change {
    /// Nothing but the audit: a result was told again.
    Nothing,
    /// The data directory is made: which States take part. Empty: any.
    Initialised(Vec<MemberState>),
    /// An authority may act from now on; its key is hashed.
    AuthorityAdded(Authority),
    /// R-DATA-7: a set is entered. Its sequence is given to it when it is written.
    Entered(Box<Entry>),
    /// A comparison is done. R-HIT-3: disclosures are durable before any hit leaves.
    Concluded {
        /// The probe's record and its result; `None` for category 3, of which nothing is kept (R-COMP-5).
        result: Option<(Uuid, ResultOfComparison)>,
        /// Records whose data leave, and the disclosure to write on each.
        disclosures: Vec<(Uuid, Disclosure)>,
    },
    /// R-ERASE-1: a set is erased.
    Erased(Uuid, Ground),
    /// R-AUDIT-4: what is older than a year is destroyed.
    Retained(Retention),
    /// R-AUDIT-5: a monitoring procedure begins.
    ProcedureOpened(Procedure),
    /// It is closed.
    ProcedureClosed(Uuid),
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
    /// The request that did it.
    pub idempotency: Option<Idempotency>,
}
