//! The rules, read naively: plain lists, looked through from the beginning each time. Nothing here is taken from the program.
//!
//! [`Spec::apply`] says what is answered to an operation, or which refusals would be right; and it remembers what was done. What is past
//! its period is gone for everybody at that moment (R-COMP-7), whether something has erased it or not.

pub mod calendar;
mod cases;
mod counting;
pub mod law;
mod own_data;
mod registers;
mod transmitting;

pub use transmitting::{day, key, moment, text};

use jiff::civil::Date;
use jiff::{SignedDuration, Timestamp};

use crate::answers::{Answer, AuditSeen, Compared, Print, SetSeen};
use crate::named::Named;
use crate::operations::{Act, Call, Decided, HitName, Life, NoticeName, Prints, STATES, State, Step};
use calendar::legal_day;

/// Refusals, any of which would be right.
pub type Refused = Vec<&'static str>;

/// Everything that there is.
pub struct Spec {
    pub now: Timestamp,
    sex_matters: bool,
    /// State, whether it takes part, whether it is ready.
    register: Vec<(State, bool, bool)>,
    pub started: Option<Date>,
    decision: Option<&'static str>,
    pub authorities: Vec<Authority>,
    /// In the order of entry.
    pub sets: Named<Set>,
    pub hits: Vec<Hit>,
    pub notices: Vec<Notice>,
    /// Hits of whose erasure their recipients may have been told.
    pub perhaps_told: Vec<HitName>,
    pub requests: Named<Request>,
    /// Requests that can be repeated.
    pub keyed: Vec<Keyed>,
    /// Keys that were used.
    pub keys: Vec<u32>,
    /// The number of the operation that happens.
    number: usize,
    /// Sets whose comparison was cut off.
    cut_off: Vec<usize>,
    counted: Vec<(Date, String, i64)>,
    /// What was recorded since it was read last.
    audit: Vec<AuditSeen>,
}

/// An authority.
#[derive(Debug, Clone)]
pub struct Authority {
    pub role: &'static str,
    pub state: Option<State>,
    /// When each key ends.
    pub keys: Vec<Option<Timestamp>>,
    pub revoked: bool,
}

/// A set.
#[derive(Debug, Clone)]
pub struct Set {
    pub state: State,
    pub category: u8,
    number: String,
    sex: &'static str,
    taken: Date,
    pub last_day: Date,
    application: Option<(String, Date)>,
    at: Timestamp,
    prints: Prints,
    compare_own: bool,
    blocked: bool,
    /// Erased, or past its period.
    pub gone: bool,
    disclosures: Vec<(State, Timestamp)>,
    result: Option<(Timestamp, Compared, Vec<HitName>)>,
}

/// A hit.
#[derive(Debug, Clone)]
pub struct Hit {
    pub name: HitName,
    pub recipient: State,
    probe_category: u8,
    probe_number: String,
    at: Timestamp,
    verdict: Option<(&'static str, Timestamp)>,
    prints_replaced: bool,
    /// The set that was found, or the one that was compared, is.
    gone: bool,
}

/// A notice.
#[derive(Debug, Clone)]
pub struct Notice {
    pub name: NoticeName,
    concern: &'static str,
    pub from: Option<State>,
    pub to: State,
    category: u8,
    number: String,
    hit: Option<HitName>,
    at: Timestamp,
    answered: Option<(&'static str, Timestamp)>,
    /// Its year is over.
    pub forgotten: bool,
}

/// A request of a data subject.
#[derive(Debug, Clone)]
pub struct Request {
    pub asked_in: State,
    number: String,
    right: &'static str,
    at: Timestamp,
    pub due: Date,
    found: Vec<Found>,
    /// Its year is over.
    pub forgotten: bool,
}

/// A set in it.
#[derive(Debug, Clone)]
struct Found {
    set: usize,
    state: State,
    category: u8,
    number: String,
    /// R-BLOCK-2: it was blocked.
    origin_only: bool,
    answered: Option<(Decided, Timestamp)>,
}

/// A request that can be repeated.
#[derive(Debug, Clone)]
pub struct Keyed {
    pub step: Step,
    key: u32,
    pub at: Timestamp,
    made: Made,
}

/// What it made.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Made {
    Set(usize),
    Notice(usize),
    Request(usize),
}

/// How long an idempotency key is remembered.
pub const KEY_KEPT: SignedDuration = SignedDuration::from_hours(30 * 24);

impl Spec {
    /// As it is before anything was done: an administrator, an authority of each State, an operator, supervisors, the Commission.
    pub fn new(life: &Life, now: Timestamp) -> Self {
        let authority = |(role, state)| Authority { role, state, keys: vec![None], revoked: false };
        let mut who = vec![("central-admin", None)];
        who.extend(STATES.map(|state| ("member-state", Some(state))));
        who.extend([("central-operator", None), ("joint-supervisor", None), ("commission", None)]);
        who.extend([STATES[0], STATES[1]].map(|state| ("national-supervisor", Some(state))));
        Self {
            now,
            sex_matters: life.sex_matters,
            register: STATES.iter().map(|&state| (state, state != STATES[4], state != STATES[4])).collect(),
            started: life.started.then(|| legal_day(now)),
            decision: None,
            authorities: who.into_iter().map(authority).collect(),
            sets: Named::new(),
            hits: vec![],
            notices: vec![],
            perhaps_told: vec![],
            requests: Named::new(),
            keyed: vec![],
            keys: vec![],
            number: 0,
            cut_off: vec![],
            counted: vec![],
            audit: vec![],
        }
    }

    /// States of the register: whether they take part, and are ready.
    pub fn register(&self) -> &[(State, bool, bool)] {
        &self.register
    }

    pub fn today(&self) -> Date {
        legal_day(self.now)
    }

    /// Time passes.
    pub fn wait_until(&mut self, at: Timestamp) {
        self.now = self.now.max(at);
        let today = self.today();
        for set in self.sets.which(|set| !set.gone && set.last_day < today) {
            self.erase(set, None);
        }
    }

    /// What is answered, or which refusals would be right.
    pub fn apply(&mut self, step: &Step) -> Result<Answer, Refused> {
        let call = step.call;
        self.number = step.number;
        match &step.act {
            Act::Transmit(sent, key) => self.transmit(step, sent, *key, true),
            Act::CutOff(sent, key, wait) => {
                let entered = self.transmit(step, sent, *key, false);
                self.restart(wait);
                entered.map(|_| Answer::Done)
            }
            Act::Amend { set, sex, taken, applied, prints } => {
                self.amend(call, set, *sex, (*taken, *applied), *prints)
            }
            Act::Block(set, blocked) => self.block(call, set, *blocked),
            Act::Erase(set, ground) => self.erase_in_advance(call, set, ground),
            Act::ReadSet(set) => self.read_set(call, set),
            Act::ListSets(category, number, _) => self.list_sets(call, *category, number.as_ref()),
            Act::ReadHit(hit) => self.read_hit(call, hit),
            Act::ListHits(_) => self.list_hits(call),
            Act::Verify(hit, verdict) => self.verify(call, hit, verdict),
            Act::Notify(about, concern, key) => self.notify(step, about, concern, *key),
            Act::ListNotices(_) => self.list_notices(call),
            Act::AnswerNotice(notice, reply) => self.answer_notice(call, notice, reply),
            Act::OpenRequest(prints, right, number, key) => {
                self.open_request(step, *prints, right, (number, *key))
            }
            Act::ListRequests(_) => self.list_requests(call),
            Act::AnswerRequest(request, decided) => self.answer_request(call, request, *decided),
            Act::Decide(decision) => self.decide(call, decision),
            Act::Register(state, participates, ready) => self.change_line(call, state, *participates, *ready),
            Act::Start(day) => self.start(call, *day),
            Act::Designate(role, state, days) => self.designate(call, role, *state, *days),
            Act::Rotate(authority, overlap, days) => self.rotate(call, authority, *overlap, *days),
            Act::Revoke(authority) => self.revoke(call, authority),
            Act::Statistics(days) => self.statistics(call, *days),
            Act::Audit => self.read_audit(call),
            Act::Wait(wait) => {
                self.wait_until(transmitting::moment(wait));
                Ok(Answer::Done)
            }
            Act::Restart(wait, _) => {
                self.restart(wait);
                Ok(Answer::Done)
            }
            Act::EraseWhatIsOver => Ok(Answer::Done),
            // What is destroyed, and when, is the unit's affair, as long as it is over a year old.
            Act::Retain => Ok(Answer::Retained(false)),
            Act::Repeat(_) => unreachable!("it is settled as what it repeats"),
        }
    }

    /// Section 1, and R-ACCESS-3: whoever shows this key.
    fn caller(&self, call: Call) -> Result<&Authority, Refused> {
        let authority = &self.authorities[call.authority];
        let ended = authority.keys[call.key].is_some_and(|at| at <= self.now);
        match (authority.revoked, ended) {
            (false, false) => Ok(authority),
            (true, false) => Err(vec!["authority-revoked"]),
            // Nobody says for how long it is known that it was one.
            (false, true) => Err(vec!["key-expired", "authentication-failed"]),
            (true, true) => Err(vec!["authority-revoked", "authentication-failed"]),
        }
    }

    /// Whoever transmits, amends, erases and blocks: the State, and whether another acts for it.
    fn transmitter(&self, call: Call) -> Result<(State, bool), Refused> {
        let caller = self.caller(call)?;
        match (caller.role, caller.state, call.of) {
            ("member-state", Some(own), None) => Ok((own, false)),
            ("central-operator", _, Some(state)) => Ok((state, true)),
            ("central-operator", _, None) => Err(vec!["member-state-missing"]),
            _ => Err(vec!["role-not-allowed"]),
        }
    }

    /// A State itself.
    fn state(&self, call: Call) -> Result<State, Refused> {
        let caller = self.caller(call)?;
        caller.state.filter(|_| caller.role == "member-state").ok_or_else(|| vec!["role-not-allowed"])
    }

    /// Whoever sees a State's data: the State.
    fn viewer(&self, call: Call) -> Result<State, Refused> {
        let caller = self.caller(call)?;
        match (caller.role, caller.state, call.of) {
            ("member-state", Some(own), None) => Ok(own),
            ("joint-supervisor", _, Some(state)) => Ok(state),
            ("joint-supervisor", _, None) => Err(vec!["member-state-missing"]),
            _ => Err(vec!["role-not-allowed"]),
        }
    }

    /// Whoever has one of these roles.
    fn role(&self, call: Call, roles: &[&str]) -> Result<&Authority, Refused> {
        let caller = self.caller(call)?;
        if roles.contains(&caller.role) { Ok(caller) } else { Err(vec!["role-not-allowed"]) }
    }

    /// A set as it is seen.
    fn seen(&self, set: usize, with_prints: bool) -> SetSeen {
        let found = &self.sets[set];
        SetSeen {
            set,
            state: found.state,
            category: found.category,
            number: found.number.clone(),
            sex: found.sex.to_owned(),
            taken: found.taken,
            last_day: found.last_day,
            application: found.application.clone(),
            transmitted: found.at,
            entered: found.at,
            blocked: found.blocked,
            prints: with_prints.then(|| prints(found.prints)),
            disclosures: Some(found.disclosures.clone()),
        }
    }
}

/// Prints as they were sent.
fn prints(prints: Prints) -> Vec<Print> {
    let print = |&(finger, said): &(u8, u8)| (prints.person, finger, said != 0, prints.impression);
    law::sent(prints.fingers).iter().map(print).collect()
}
