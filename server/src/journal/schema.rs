//! What a record of the journal says: audit and effect in one, encoded, by version.
//!
//! | body: offset | bytes | what |
//! | --- | --- | --- |
//! | 0 | 1 | version of this schema, 3 |
//! | 1 | 4 | length of the head, little-endian |
//! | 5 | | the head: [`Written`], as postcard |
//! | | | of an entry: its sealed parts, one behind the other, as long as the head says |
//!
//! Parts are sealed with the record's own data key ([`crate::keyring`]), so that a record of the journal, which is never
//! changed, can be forgotten: without its key nothing of it but the audit can be read (R-ERASE-2, R-ACCESS-7). They are
//! outside the head so that replaying does not copy them, and so that one print can be read without the others.

use jiff::Timestamp;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::event::{Compared, Retention};
use super::{AuditRecord, JournalError};
use crate::access::Authority;
use crate::database::{Idempotency, ResultOfComparison, StoredHit};
use crate::eurodac::audit::Procedure;
use crate::eurodac::blocking::Decision;
use crate::eurodac::erasure::Ground;
use crate::eurodac::hits::Verdict;
use crate::eurodac::model::MemberState;
use crate::eurodac::notices::{Notice, Reply};
use crate::eurodac::rights::{Answer, Request};
use crate::eurodac::start::Participant;

const VERSION: u8 = 3;
/// Version, and length of the head.
const BEFORE_HEAD_BYTES: usize = 5;

/// A record of the journal.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Written {
    /// R-AUDIT-1.
    pub audit: AuditRecord,
    /// What the operation changed.
    pub effect: Effect,
    /// R-DATA-3: the request that did it, where it can be repeated.
    pub request: Option<Idempotency>,
}

/// What an operation changed, as it is written. New effects are added at the end: their place in the list is their number.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum Effect {
    /// Nothing.
    None,
    /// The data directory is made.
    Initialised,
    /// An authority is as this says from now on; its keys are hashed.
    Authority(Authority),
    /// A set was entered; State, category and reference number are those of the audit.
    Entered {
        /// Its id.
        id: Uuid,
        /// Order of entry.
        sequence: u32,
        /// Its sealed parts.
        parts: PartLengths,
        /// The class of the days from taking to transmission ([`crate::eurodac::statistics`]).
        delay: Option<u16>,
    },
    /// A comparison was done.
    Concluded {
        /// Its result, but for category 3 (R-COMP-5).
        result: Option<(Uuid, ResultOfComparison)>,
        /// Its hits, each of which discloses the record that it found (R-HIT-3).
        hits: Vec<StoredHit>,
        /// R-COMP-6: how many hits there were on blocked sets of a State and category: the count is all that is kept.
        on_blocked: Vec<Compared>,
    },
    /// R-ERASE-1: a set was erased; State, category and reference number are those of the audit.
    Erased {
        /// Its id.
        id: Uuid,
        /// Why; `None` at the end of its period (R-KEEP-1, R-KEEP-2).
        ground: Option<Ground>,
    },
    /// A set was found without its key when the journal was put back from a backup: it had been erased after the backup was made.
    /// State, category and reference number are those of the audit.
    Forgotten {
        /// Its id.
        id: Uuid,
    },
    /// R-AUDIT-4: records are destroyed.
    Retained(Retention),
    /// R-AUDIT-5: a monitoring procedure begins.
    ProcedureOpened(Procedure),
    /// It is closed: what it held goes with the next retention.
    ProcedureClosed(Uuid),
    /// R-EDIT-1: a set was amended: it is sealed anew, under another key.
    Amended {
        /// Its id.
        id: Uuid,
        /// The key that it is sealed under from now on, in the keyring.
        key: Uuid,
        /// Its sealed parts.
        parts: PartLengths,
        /// Whether its prints are others.
        new_prints: bool,
    },
    /// R-BLOCK-1: a set is blocked from now on, or not.
    Blocked(Uuid, bool),
    /// R-BLOCK-3: the decision of Art. 12(2).
    Decided(Decision),
    /// R-HIT-4: a hit was verified.
    Verified(Uuid, Verdict),
    /// R-EDIT-2: a notice was given.
    NoticeGiven(Notice),
    /// A notice was answered.
    NoticeAnswered(Uuid, Reply),
    /// R-RIGHT-1: a data subject's request was opened; R-HIT-3: and the records in it are disclosed to the State that asked.
    RequestOpened(Request),
    /// R-RIGHT-4: a State of origin decided on its sets in it.
    RequestAnswered(Uuid, MemberState, Answer),
    /// R-OPS-1: a State's line in the register.
    Participant(Participant),
    /// R-OPS-1: operations start on this day.
    OperationsStarted(Date),
    /// The service was started, and had been down since then.
    Started {
        /// When it was last known to run; `None`: it had never run.
        down_since: Option<Timestamp>,
    },
}

impl Effect {
    /// Lengths of the sealed parts that lie behind it.
    pub fn parts(&self) -> Option<&PartLengths> {
        match self {
            Self::Entered { parts, .. } | Self::Amended { parts, .. } => Some(parts),
            _ => None,
        }
    }
}

/// Lengths of the sealed parts of an entry, in their order. Unit: bytes.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct PartLengths {
    /// Alphanumeric data.
    pub record: u32,
    /// Minutiae.
    pub templates: u32,
    /// Each print as it was sent.
    pub prints: Vec<u32>,
}

/// A stretch of a body.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Span {
    /// Where in the body it begins. Unit: bytes.
    pub skip: u64,
    /// Unit: bytes.
    pub length: u32,
}

/// The parts of an entry, placed in its body.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Parts {
    /// Alphanumeric data.
    pub record: Span,
    /// Minutiae.
    pub templates: Span,
    /// Each print as it was sent.
    pub prints: Vec<Span>,
}

impl Parts {
    /// All of them, in order.
    pub fn spans(&self) -> Vec<Span> {
        [self.record, self.templates].into_iter().chain(self.prints.iter().copied()).collect()
    }
}

impl PartLengths {
    /// Where they are in a body, of which the parts begin at `start`.
    pub fn placed(&self, start: u64) -> Parts {
        let mut skip = start;
        let mut place = |length: u32| {
            let part = Span { skip, length };
            skip += u64::from(length);
            part
        };
        let (record, templates) = (place(self.record), place(self.templates));
        Parts { record, templates, prints: self.prints.iter().map(|&length| place(length)).collect() }
    }

    fn total(&self) -> u64 {
        let prints: u64 = self.prints.iter().map(|&length| u64::from(length)).sum();
        u64::from(self.record) + u64::from(self.templates) + prints
    }
}

impl Written {
    /// As a body, with the sealed parts behind it.
    pub fn encode(&self, sealed: &[Vec<u8>]) -> Result<Vec<u8>, JournalError> {
        let head = postcard::to_stdvec(self).map_err(|e| JournalError::Schema(e.to_string()))?;
        let total = head.len() + sealed.iter().map(Vec::len).sum::<usize>();
        let length = u32::try_from(head.len()).map_err(|_| JournalError::TooLarge { bytes: total })?;
        let mut body = Vec::with_capacity(BEFORE_HEAD_BYTES + total);
        body.push(VERSION);
        body.extend_from_slice(&length.to_le_bytes());
        body.extend_from_slice(&head);
        sealed.iter().for_each(|part| body.extend_from_slice(part));
        Ok(body)
    }

    /// From a body; and where its sealed parts begin.
    pub fn decode(body: &[u8]) -> Result<(Self, u64), JournalError> {
        let wrong = |what: &str| JournalError::Schema(what.to_owned());
        let Some((&[VERSION, ref length @ ..], rest)) = body.split_first_chunk::<BEFORE_HEAD_BYTES>() else {
            return Err(wrong("it is of a version that this program does not know"));
        };
        let length = usize::try_from(u32::from_le_bytes(*length)).unwrap_or(usize::MAX);
        let head = rest.get(..length).ok_or_else(|| wrong("its head is cut short"))?;
        let written: Self = postcard::from_bytes(head).map_err(|e| JournalError::Schema(e.to_string()))?;
        let parts = (rest.len() - length) as u64;
        let said = written.effect.parts().map_or(0, PartLengths::total);
        if parts != said {
            return Err(wrong("its parts are not as long as it says"));
        }
        Ok((written, (BEFORE_HEAD_BYTES + length) as u64))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::eurodac::operation::Operation;
    use crate::journal::{Actor, Compared};

    fn audit() -> AuditRecord {
        let actor = Actor { authority: Some("a1".into()), person: "p".into() };
        AuditRecord {
            member_state: Some("AT".parse().unwrap()),
            category: Some(crate::eurodac::model::Category::Applicant),
            attested: true,
            compared: vec![Compared {
                category: crate::eurodac::model::Category::BorderCrossing,
                member_state: "DE".parse().unwrap(),
                sets: 7,
            }],
            disclosed: vec![Uuid::from_u128(9)],
            ..AuditRecord::of("2026-11-22T10:00:00.5Z".parse().unwrap(), Operation::Comparison, actor)
        }
    }

    #[test]
    fn what_is_written_is_read_with_its_parts_where_they_are() {
        let lengths = PartLengths { record: 3, templates: 2, prints: vec![1, 4] };
        let effect =
            Effect::Entered { id: Uuid::from_u128(5), sequence: 8, parts: lengths.clone(), delay: None };
        let written = Written { audit: audit(), effect, request: None };
        let sealed = [b"rec".to_vec(), b"tt".to_vec(), b"p".to_vec(), b"qqqq".to_vec()];
        let body = written.encode(&sealed).unwrap();
        let (read, start) = Written::decode(&body).unwrap();
        assert_eq!(read, written);
        let parts = lengths.placed(start);
        let slice = |part: Span| {
            let skip = usize::try_from(part.skip).unwrap();
            body[skip..skip + part.length as usize].to_vec()
        };
        let found = [parts.record, parts.templates, parts.prints[0], parts.prints[1]].map(slice);
        assert_eq!(found, sealed);
    }

    #[test]
    fn a_body_cut_short_or_of_another_version_is_refused() {
        let body = Written { audit: audit(), effect: Effect::None, request: None }.encode(&[]).unwrap();
        for length in 0..body.len() {
            assert!(Written::decode(&body[..length]).is_err(), "{length}");
        }
        let mut later = body.clone();
        later[0] = VERSION + 1;
        assert!(Written::decode(&later).is_err());
        assert!(Written::decode(&[&body[..], &[0]].concat()).is_err(), "parts that nobody announced");
    }
}
