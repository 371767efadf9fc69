//! What whoever asked is told, in the same words by the rules and by the unit under test; ids replaced by names.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use jiff::civil::Date;

use crate::operations::{HitName, NoticeName, State};

/// R-COMP-10: sets by category and State.
pub type Compared = BTreeMap<(u8, State), u32>;

/// One print: whose, which finger it is, whether it was said which, and which impression.
pub type Print = (u64, u8, bool, u64);

/// A set.
#[derive(Debug, Clone, PartialEq)]
pub struct SetSeen {
    pub set: usize,
    pub state: State,
    pub category: u8,
    pub number: String,
    pub sex: String,
    pub taken: Date,
    pub last_day: Date,
    pub application: Option<(String, Date)>,
    pub transmitted: Timestamp,
    pub entered: Timestamp,
    pub blocked: bool,
    /// Where they are delivered.
    pub prints: Option<Vec<Print>>,
    /// R-HIT-3; `None` where it is not looked at.
    pub disclosures: Option<Vec<(State, Timestamp)>>,
}

/// A hit.
#[derive(Debug, Clone, PartialEq)]
pub struct HitSeen {
    pub hit: HitName,
    pub recipient: State,
    pub at: Timestamp,
    pub verdict: Option<(String, Timestamp)>,
    /// R-EDIT-1: the prints of the set that was found are others now.
    pub prints_replaced: bool,
    /// Where it is delivered.
    pub found: Option<SetSeen>,
}

/// What came of a comparison.
#[derive(Debug, Clone, PartialEq)]
pub enum Told {
    Result(Compared, Vec<HitSeen>),
    ToTheState,
    NotCompared,
}

/// A notice.
#[derive(Debug, Clone, PartialEq)]
pub struct NoticeSeen {
    pub notice: NoticeName,
    pub concern: String,
    pub from: Option<State>,
    pub to: State,
    pub category: u8,
    pub number: String,
    pub hit: Option<HitName>,
    pub given: Timestamp,
    pub due: Option<Timestamp>,
    pub answered: Option<(String, Timestamp)>,
}

/// A set in a request: State, category, number while it is stored, and what was decided: done or refused.
pub type Found = (State, u8, Option<String>, Option<(String, Timestamp)>);

/// A request of a data subject, as a State sees it.
#[derive(Debug, Clone, PartialEq)]
pub struct RequestSeen {
    pub request: usize,
    pub asked_in: State,
    pub number: String,
    pub right: String,
    pub opened: Timestamp,
    pub due: Date,
    pub late: bool,
    /// Those that it sees.
    pub sets: Vec<Found>,
}

/// A record of an operation.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct AuditSeen {
    pub at: Timestamp,
    pub operation: String,
    /// `None`: the Central Unit itself.
    pub authority: Option<usize>,
    pub state: Option<State>,
    pub category: Option<u8>,
    pub number: Option<String>,
    pub compared: Compared,
    pub compared_blocked: Compared,
    pub disclosed: BTreeSet<usize>,
    /// What was done, in a word, where the operation does not say it.
    pub detail: Option<String>,
}

/// What came of an operation that was not refused.
#[derive(Debug, Clone, PartialEq)]
pub enum Answer {
    Done,
    /// The set, whether it was entered before, and the medium where it is given back.
    Entered(usize, bool, Option<Vec<Print>>, Told),
    Checked(Told),
    Set(SetSeen),
    Sets(Vec<SetSeen>),
    Hit(HitSeen),
    Hits(Vec<HitSeen>),
    Notice(NoticeSeen),
    Notices(Vec<NoticeSeen>),
    /// With the sets that are shown; whether it was opened before.
    Opened(RequestSeen, Vec<SetSeen>, bool),
    Request(RequestSeen),
    Requests(Vec<RequestSeen>),
    Counts(BTreeMap<String, i64>),
    Audit(Vec<AuditSeen>),
    /// Whether there was anything whose year was over.
    Retained(bool),
}

impl Answer {
    /// Each line of a list, or the whole, for whoever looks for a difference.
    pub fn parts(&self) -> Vec<String> {
        fn lines<T: core::fmt::Debug>(lines: &[T]) -> Vec<String> {
            lines.iter().map(|line| format!("{line:?}")).collect()
        }
        match self {
            Self::Sets(sets) => lines(sets),
            Self::Hits(hits) => lines(hits),
            Self::Notices(notices) => lines(notices),
            Self::Requests(requests) => lines(requests),
            Self::Audit(records) => lines(records),
            Self::Counts(counts) => counts.iter().map(|count| format!("{count:?}")).collect(),
            whole => vec![format!("{whole:?}")],
        }
    }
}
