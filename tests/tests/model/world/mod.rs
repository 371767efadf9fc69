//! The unit under test: a Central Unit over a database on a disk, its clock, and the names of the ids that it gave.

mod calls;
mod counts;
pub mod hands;
mod own_data;
mod problem;
mod setting_up;
mod transmitting;
mod views;

use std::collections::HashMap;
use std::path::Path;

use jiff::Timestamp;
use tempfile::TempDir;
use uuid::Uuid;
use whorl::access::{Caller, Identified, Key};
use whorl::central_unit::CentralUnit;
use whorl::clock::Clock;
use whorl::database::StoredHit;
use whorl::eurodac::model::MemberState;
use whorl::keyring::WrappingKey;

use crate::answers::Answer;
use crate::named::Named;
use crate::operations::{Act, Call, HitName, Probe, STATES, State, Step, Store, Wait, Which};
use crate::spec::calendar::begin;
pub use problem::Problem;

type Outcome = Result<Answer, Problem>;

/// A Central Unit, and what is known of it from outside.
pub struct World {
    directory: TempDir,
    wrapping: WrappingKey,
    clock: Clock,
    sex_matters: bool,
    /// None while it is down.
    unit: Option<CentralUnit>,
    /// Ids, and all keys that each had.
    authorities: Vec<(String, Vec<Key>)>,
    sets: Named<Uuid>,
    hits: HashMap<HitName, Uuid>,
    /// Those that were given.
    notices: Named<Uuid>,
    requests: Named<Uuid>,
    /// The number of the operation that happens.
    number: usize,
    /// Records of operations that were read.
    audited: u64,
}

impl World {
    fn unit(&self) -> &CentralUnit {
        self.unit.as_ref().unwrap()
    }

    fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// Time passes.
    pub fn wait_until(&self, at: Timestamp) {
        self.clock.advance(at.duration_since(self.now()));
    }

    /// Carries it out.
    pub fn apply(&mut self, step: &Step) -> Outcome {
        let call = step.call;
        self.number = step.number;
        match &step.act {
            Act::Transmit(sent, key) => self.transmit(call, sent, *key),
            Act::CutOff(sent, key, wait) => self.cut_off(call, sent, *key, wait),
            Act::Amend { set, sex, taken, applied, prints } => {
                self.amend(call, set, *sex, (*taken, *applied), *prints)
            }
            Act::Block(set, blocked) => self.block(call, set, *blocked),
            Act::Erase(set, ground) => self.erase(call, set, ground),
            Act::ReadSet(set) => self.read_set(call, set),
            Act::ListSets(category, number, limit) => {
                self.list_sets(call, *category, number.as_ref(), *limit)
            }
            Act::ReadHit(hit) => self.read_hit(call, hit),
            Act::ListHits(limit) => self.list_hits(call, *limit),
            Act::Verify(hit, verdict) => self.verify(call, hit, verdict),
            Act::Notify(about, concern, key) => self.notify(call, about, concern, *key),
            Act::ListNotices(limit) => self.list_notices(call, *limit),
            Act::AnswerNotice(notice, reply) => self.answer_notice(call, notice, reply),
            Act::OpenRequest(prints, right, number, key) => {
                self.open_request(call, *prints, right, (number, *key))
            }
            Act::ListRequests(limit) => self.list_requests(call, *limit),
            Act::AnswerRequest(request, decided) => self.answer_request(call, request, *decided),
            Act::Decide(decision) => {
                let administrator = self.caller(call)?.administrator()?;
                self.unit().erase_what_is_over()?;
                self.unit().decide(from_text(decision), &administrator)?;
                Ok(Answer::Done)
            }
            Act::Register(state, participates, ready) => self.register(call, state, *participates, *ready),
            Act::Start(day) => self.start(call, *day),
            Act::Designate(role, state, days) => self.designate(call, role, *state, *days),
            Act::Rotate(which, overlap, days) => self.rotate(call, which, *overlap, *days),
            Act::Revoke(which) => self.revoke(call, which),
            Act::Statistics(days) => self.statistics(call, *days),
            Act::Audit => self.audit(call),
            Act::Wait(wait) => {
                self.wait_until(crate::spec::moment(wait));
                Ok(Answer::Done)
            }
            Act::EraseWhatIsOver => {
                self.unit().erase_what_is_over()?;
                Ok(Answer::Done)
            }
            Act::Restart(wait, store) => self.restart(wait, *store),
            Act::Retain => Ok(Answer::Retained(self.unit().database().retain(self.now())?.is_some())),
            Act::Repeat(_) => unreachable!("it is settled as what it repeats"),
        }
    }

    /// The machine goes down; its store may be lost, or be put back as it was.
    fn restart(&mut self, wait: &Wait, becomes: Store) -> Outcome {
        drop(self.unit.take());
        let [store, old] = ["store", "store.old"].map(|name| self.directory.path().join(name));
        match becomes {
            Store::Kept if !old.exists() => copy(&store, &old),
            Store::Old if old.exists() => {
                fs_err::remove_dir_all(&store).unwrap();
                fs_err::rename(&old, &store).unwrap();
            }
            Store::Kept | Store::Old => {}
            Store::Lost => fs_err::remove_dir_all(&store).unwrap(),
        }
        self.wait_until(crate::spec::moment(wait));
        self.open()?;
        Ok(Answer::Done)
    }

    /// Whoever shows this key.
    fn caller(&self, call: Call) -> Result<Caller, Problem> {
        let (id, keys) = &self.authorities[call.authority];
        let authority = self.unit().database().authority(id)?.ok_or("authentication-failed")?;
        let identified = Identified::by_key(authority, &keys[call.key], self.unit().now())?;
        Ok(identified.in_the_name_of("somebody".into()))
    }

    /// Id of a set; of one that is not there, any.
    fn id_of_set(&self, set: &Which<usize>) -> Uuid {
        named(set).and_then(|set| self.sets.get(set)).copied().unwrap_or_else(Uuid::new_v4)
    }

    fn id_of_hit(&self, hit: &Which<HitName>) -> Uuid {
        named(hit).and_then(|hit| self.hits.get(&hit).copied()).unwrap_or_else(Uuid::new_v4)
    }

    /// A set by its id; of one that nobody was told of, a number that none has.
    fn name_of_set(&self, id: Uuid) -> usize {
        self.sets.name_of(&id).unwrap_or(usize::MAX)
    }

    /// Remembers the id of a hit; its name.
    fn learn(&mut self, hit: &StoredHit) -> HitName {
        let name = self.name_of_hit(hit);
        self.hits.insert(name.clone(), hit.hit_id);
        name
    }

    fn name_of_hit(&self, hit: &StoredHit) -> HitName {
        let number = || Probe::Check(hit.probe.reference_number.as_str().to_owned());
        let probe = hit.probe.record_id.map_or_else(number, |id| Probe::Set(self.name_of_set(id)));
        HitName { probe, found: self.name_of_set(hit.record_id) }
    }
}

/// Copies a directory of files and directories.
fn copy(from: &Path, to: &Path) {
    fs_err::create_dir(to).unwrap();
    for entry in fs_err::read_dir(from).unwrap() {
        let (entry, to) = (entry.unwrap(), |name| to.join(name));
        if entry.path().is_dir() {
            copy(&entry.path(), &to(entry.file_name()));
        } else {
            fs_err::copy(entry.path(), to(entry.file_name())).unwrap();
        }
    }
}

/// What is named, where it is there.
fn named<T: Clone>(which: &Which<T>) -> Option<T> {
    let Which::Named(name) = which else { unreachable!("it is settled") };
    name.clone()
}

/// A value by the text that it has in JSON.
fn from_text<T: serde::de::DeserializeOwned>(text: &str) -> T {
    serde_json::from_value(text.into()).unwrap()
}

/// The text that a value has in JSON.
fn to_text(value: impl serde::Serialize) -> String {
    let value = serde_json::to_value(value).unwrap();
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

fn letters(state: MemberState) -> State {
    let text = state.to_string();
    STATES.into_iter().find(|known| *known == text).unwrap()
}

/// When the clock of a unit begins: far ahead of the machine's own, by which it forgets idempotency keys and destroys records of
/// operations.
pub fn beginning() -> Timestamp {
    begin(jiff::civil::date(2090, 1, 9)) + jiff::SignedDuration::from_hours(9)
}
