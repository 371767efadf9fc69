//! What can happen: an operation as it is drawn, which picks by place, and the same as it is carried out, which names.
//!
//! One type serves both: [`crate::settling`] replaces each pick by a name, each kind of day by a day, each wait by a moment. What is
//! drawn means something in every state, so a sequence can be cut anywhere and is still one.

use jiff::Timestamp;
use jiff::civil::Date;

/// A State, by its letters.
pub type State = &'static str;

/// The States of the register. The last one does not take part at first.
pub const STATES: [State; 5] = ["AT", "DE", "FR", "IT", "SE"];

/// How many people there are.
pub const PEOPLE: u64 = 12;
/// How many impressions there are of each finger.
pub const IMPRESSIONS: u64 = 3;

pub const SEXES: [&str; 3] = ["female", "male", "unknown"];
pub const VERDICTS: [&str; 3] = ["confirmed", "false-match", "unreliable"];
pub const CONCERNS: [&str; 2] = ["factually-inaccurate", "unlawfully-recorded"];
pub const REPLIES: [&str; 5] = ["amended", "erased", "found-accurate", "found-lawful", "no-such-data"];
pub const RIGHTS: [&str; 3] = ["access", "rectification", "erasure"];
pub const DECISIONS: [&str; 2] = ["unblock", "erase"];
pub const ROLES: [&str; 6] = [
    "member-state",
    "central-operator",
    "central-admin",
    "national-supervisor",
    "joint-supervisor",
    "commission",
];

/// One of many: as it was drawn, or by its name.
#[derive(Debug, Clone, PartialEq)]
pub enum Which<T> {
    /// Whether one of the caller's own, and its place.
    Pick(bool, u16),
    /// By its name, which is the number of the operation that made it; `None`: one that is not there.
    Named(Option<T>),
}

/// A hit: whose set was compared, and the set that was found.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct HitName {
    pub probe: Probe,
    pub found: usize,
}

/// What was compared: a set that is stored, or a category 3 transmission, of which only its number is left.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Probe {
    Set(usize),
    Check(String),
}

/// A notice: given by the operation of this number, or that of an erasure, of which there is one for a hit.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum NoticeName {
    Given(usize),
    Erased(HitName),
}

/// A day, seen from today.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Day {
    Ago(u16),
    Ahead(u16),
    /// Taken on it, the period of the set ends so many days from today.
    Ending(i8),
    On(Date),
}

/// A moment to which the clock is moved.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Wait {
    Seconds(u32),
    Hours(u16),
    Days(u16),
    Years(u8),
    /// The last hour of the day on which the next period ends.
    LastHour,
    /// The first moment after it.
    DayAfter,
    /// So many days from the first one on which there can be a decision.
    Decision(i8),
    /// The last day for an answer to a data subject, or the day after.
    Due(bool),
    /// The next 29 February, late.
    LeapDay,
    /// Around the next change between summer time and winter time.
    ClockChange(i8),
    /// When the next key of an authority ends, or a second before.
    KeyEnds(bool),
    /// When the oldest idempotency key that is remembered is forgotten, or a second before.
    Forgotten(bool),
    Until(Timestamp),
}

/// Which fingers are sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Fingers {
    Both,
    Right,
    Left,
    /// The right one, without saying which it is.
    Unknown,
}

/// Prints of a person.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Prints {
    pub person: u64,
    pub fingers: Fingers,
    pub impression: u64,
    /// R-DATA-6: too poor to compare.
    pub poor: bool,
}

/// An `Idempotency-Key`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Key {
    None,
    New,
    /// One that was used before.
    Old(u16),
    Is(Option<u32>),
}

/// A reference number, or what it is drawn from.
#[derive(Debug, Clone, PartialEq)]
pub enum Number {
    Drawn(u16),
    Is(String),
}

/// What is wrong with a transmission.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Defect {
    Attestation(&'static str),
    UnknownField(&'static str),
    NoFingers,
    FingerTwice,
    NoPlace,
    OthersNumber,
    OthersCategory,
}

/// A transmission.
#[derive(Debug, Clone, PartialEq)]
pub struct Transmission {
    pub category: u8,
    pub number: Number,
    pub sex: &'static str,
    pub taken: Day,
    pub applied: Day,
    pub prints: Prints,
    pub compare_own: bool,
    pub return_media: bool,
    pub defect: Option<Defect>,
}

/// How a notifier names a set.
#[derive(Debug, Clone, PartialEq)]
pub enum About {
    Hit(Which<HitName>),
    Set(State, u8, Number),
}

/// What a State of origin answers a data subject.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Decided {
    pub refused: bool,
    pub in_writing: bool,
    pub reasons: bool,
    pub appeals: bool,
}

/// What becomes of the store while the machine is down: the journal is the truth, and it has to follow.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Store {
    Kept,
    Lost,
    /// It is as it was at an earlier restart.
    Old,
}

/// What is asked for, or happens.
#[derive(Debug, Clone, PartialEq)]
pub enum Act {
    Transmit(Transmission, Key),
    /// The same, cut off by a crash between entry and comparison; and how long the machine is down then.
    CutOff(Transmission, Key, Wait),
    /// A request with a key, as it was sent before.
    Repeat(u16),
    Amend {
        set: Which<usize>,
        sex: Option<&'static str>,
        taken: Option<Day>,
        applied: Option<Day>,
        prints: Option<Prints>,
    },
    Block(Which<usize>, bool),
    Erase(Which<usize>, &'static str),
    ReadSet(Which<usize>),
    /// Of a category; under a number; so many a page.
    ListSets(Option<u8>, Option<Number>, usize),
    ReadHit(Which<HitName>),
    ListHits(usize),
    Verify(Which<HitName>, &'static str),
    Notify(About, &'static str, Key),
    ListNotices(usize),
    AnswerNotice(Which<NoticeName>, &'static str),
    OpenRequest(Prints, &'static str, Number, Key),
    ListRequests(usize),
    AnswerRequest(Which<usize>, Decided),
    Decide(&'static str),
    /// Whether a State takes part, and is ready.
    Register(State, bool, bool),
    /// Operations start on this day.
    Start(Day),
    /// Role, State, and for how many days its key is one.
    Designate(&'static str, Option<State>, Option<i16>),
    /// Which authority gets another key; hours in which the one before stays one; days for which the new one is.
    Rotate(Which<usize>, u16, Option<u16>),
    Revoke(Which<usize>),
    /// Of the last so many days.
    Statistics(u16),
    /// What was recorded since the last time.
    Audit,
    Wait(Wait),
    EraseWhatIsOver,
    /// The machine is down as long; and what becomes of its store.
    Restart(Wait, Store),
    /// Records of operations whose year is over are destroyed.
    Retain,
}

/// Who asks, as it is drawn.
#[derive(Debug, Clone, PartialEq)]
pub enum By {
    /// An authority of this State.
    State(usize),
    /// A central operator, for this State.
    Operator(usize),
    Administrator,
    /// The joint supervisor, who looks at this State's data.
    Joint(usize),
    /// The national supervisor of this State.
    National(usize),
    Commission,
    /// Any authority, with any key that it ever had, and any State that it says it acts for.
    Anybody(u16, u16, Option<usize>),
    Is(Call),
}

/// One operation, as it is drawn.
#[derive(Debug, Clone, PartialEq)]
pub struct Operation {
    /// Its number in its life, which it keeps when others are left out.
    pub number: usize,
    pub by: By,
    pub act: Act,
}

/// Who asks: the authority, which of its keys it shows, and the State that it says it acts for or looks at.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Call {
    pub authority: usize,
    pub key: usize,
    pub of: Option<State>,
}

/// One operation, as it is carried out.
#[derive(Debug, Clone, PartialEq)]
pub struct Step {
    pub number: usize,
    pub call: Call,
    pub act: Act,
}

/// A whole life of a Central Unit.
#[derive(Debug, Clone, PartialEq)]
pub struct Life {
    /// R-COMP-8.
    pub sex_matters: bool,
    /// R-OPS-1: whether operations have started when it begins.
    pub started: bool,
    pub operations: Vec<Operation>,
}
