//! The Central Unit over a real data directory, with a clock that is moved: what days and decisions do to what is stored.

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use tempfile::TempDir;
use uuid::Uuid;
use whorl_datasets::templates::{Random, another_impression, print_like};
use whorl_engine::calibration::Calibration;
use whorl_engine::engine::Choice;
use whorl_engine::extraction::pool::Settings as PoolSettings;
use whorl_engine::interchange::iso_19794_2_2005::{Record as IsoRecord, View};

use super::*;
use crate::access::{Caller, Identified, Role};
use crate::database::KeySchedule;
use crate::eurodac::admission;
use crate::eurodac::blocking::Decision;
use crate::eurodac::erasure::Ground;
use crate::eurodac::model::Category;
use crate::eurodac::start::Participant;
use crate::eurodac::statistics::Counted;
use crate::keyring::WrappingKey;

/// A unit in a directory of its own, two States, and an administrator.
struct World {
    directory: TempDir,
    wrapping: WrappingKey,
    clock: Clock,
    unit: Option<CentralUnit>,
    callers: Vec<Caller>,
}

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn done(effect: Effect) -> Event {
    let actor = Actor { authority: None, person: "test".into() };
    Event::new(
        AuditRecord::of(Timestamp::UNIX_EPOCH, Operation::Administration, actor),
        Change::Plain(effect),
    )
}

impl World {
    fn new(now: &str) -> Self {
        let (directory, wrapping) = (tempfile::tempdir().unwrap(), WrappingKey::generate().unwrap());
        let clock = Clock::standing(at(now));
        let database = Database::create(directory.path(), &wrapping).unwrap();
        let today = today(clock.now());
        database.record(done(Effect::Initialised)).unwrap();
        let mut callers = Vec::new();
        let of =
            [(Role::MemberState, Some("AT")), (Role::MemberState, Some("DE")), (Role::CentralAdmin, None)];
        for (role, state) in of {
            let member_state = state.map(|state| state.parse().unwrap());
            let new =
                NewAuthority { name: "x".into(), role, member_state, expires_at: None, certificate: None };
            let (authority, key) = new.with_key().unwrap();
            database.record(done(Effect::Authority(authority.clone()))).unwrap();
            let identified = Identified::by_key(authority, &key, clock.now()).unwrap();
            callers.push(identified.in_the_name_of("p".into()));
            if let Some(member_state) = member_state {
                let line = Participant { member_state, participates: true, ready_since: Some(today) };
                database.record(done(Effect::Participant(line))).unwrap();
            }
        }
        database.record(done(Effect::OperationsStarted(today))).unwrap();
        drop(database);
        let mut world = Self { directory, wrapping, clock, unit: None, callers };
        world.restart();
        world
    }

    fn restart(&mut self) {
        self.unit = None;
        let database = Database::open(self.directory.path(), &self.wrapping).unwrap();
        let settings = Settings {
            choice: &Choice::Cpu,
            extraction: PoolSettings {
                program: "true".into(),
                arguments: vec![],
                workers_max: 1,
                time_max: std::time::Duration::from_secs(1),
                wait_max: std::time::Duration::from_secs(1),
            },
            calibration: Calibration::shipped().clone(),
            checkpoints: CheckpointSettings { every: std::time::Duration::from_secs(3600), recipient: None },
            keys: KeySchedule::OnRequest,
            target_fpir: 1e-3,
            sex_is_a_criterion: true,
            clock: self.clock.clone(),
        };
        self.unit = Some(CentralUnit::open(database, settings, &Startup::default()).unwrap());
    }

    fn unit(&self) -> &CentralUnit {
        self.unit.as_ref().unwrap()
    }

    fn state(&self, nth: usize) -> Transmitter {
        self.callers[nth].state().unwrap()
    }

    fn go_to(&self, text: &str) {
        self.clock.advance(at(text).duration_since(self.clock.now()));
    }

    /// Enters a set of a person; its id, and what it found.
    fn enter(
        &self,
        nth: usize,
        (category, number): (u8, u32),
        person: u64,
        taken: &str,
        sex: &str,
    ) -> (Uuid, usize) {
        let transmitter = self.state(nth);
        let state = transmitter.state();
        let mut body = json!({
            "category": category, "reference_number": format!("{state}{category}-{number}"), "sex": sex,
            "fingerprints_taken_on": taken, "fingerprints": prints(person),
            "attestations": {"aged_14_or_over": true, "informed": true},
        });
        let today = today(self.clock.now());
        let admitted = if category == 1 {
            body["application"] = json!({"place": "Wien", "date": taken});
            admission::applicant(serde_json::from_value(body).unwrap(), state, today)
        } else {
            body["attestations"]["not_turned_back"] = json!(true);
            admission::border_crossing(serde_json::from_value(body).unwrap(), state, today)
        };
        let asked = Asked { at: self.clock.now(), urgent: false, repeatable: None };
        match self.unit().transmit(admitted.ok().unwrap(), &transmitter, &asked).unwrap() {
            Answer::Entered { record, told: Told::Result(found), .. } => (record.id, found.hits.len()),
            Answer::Entered { record, .. } => (record.id, 0),
            Answer::Checked(_) => panic!("category 3 is not entered here"),
        }
    }

    /// How many hits a check of a person by a State has.
    fn check(&self, nth: usize, person: u64) -> usize {
        let transmitter = self.state(nth);
        let body = json!({
            "category": 3, "reference_number": format!("{}3-1", transmitter.state()),
            "fingerprints": prints(person), "attestations": {"aged_14_or_over": true, "informed": true},
        });
        let admitted =
            admission::illegally_present(serde_json::from_value(body).unwrap(), transmitter.state());
        let asked = Asked { at: self.clock.now(), urgent: false, repeatable: None };
        match self.unit().transmit(admitted.ok().unwrap(), &transmitter, &asked).unwrap() {
            Answer::Checked(Told::Result(found)) => found.hits.len(),
            _ => panic!("a check is answered"),
        }
    }

    fn stored(&self) -> i64 {
        let counters = self.unit().database().counters(Date::MIN, Date::MAX).unwrap();
        counters.iter().filter(|(name, _)| matches!(name, Counted::Stored(..))).map(|(_, count)| count).sum()
    }
}

/// Another impression of a person's finger each time would do as well; the same is quicker.
fn prints(person: u64) -> Value {
    use base64::Engine as _;
    let random = &mut Random::new(person);
    let minutiae = another_impression(&mut Random::new(person + 1000), &print_like(random, 40));
    let view = View { position: 2, number: 0, impression: 0, quality: 80, minutiae, extended: vec![] };
    let record = IsoRecord {
        certification: 0,
        device_type: 0,
        width: 500,
        height: 500,
        resolution_x: 197,
        resolution_y: 197,
        views: vec![view],
    };
    let data = base64::engine::general_purpose::STANDARD.encode(record.encode().unwrap());
    json!([{"position": 2, "media_type": "application/x-iso-19794-2-2005", "data": data}])
}

#[test]
fn r_keep_1_2_3_r_comp_7_a_set_is_there_until_midnight_of_its_last_day_and_then_erased() {
    let mut world = World::new("2026-03-20T10:00:00Z");
    // Two years after it was taken it ends with the day on which summer time begins, at 22:00 UTC.
    let (short, _) = world.enter(0, (2, 1), 5, "2024-03-31", "female");
    let (long, _) = world.enter(0, (1, 1), 6, "2024-03-20", "female");
    world.go_to("2026-03-31T21:59:59Z");
    assert_eq!(world.unit().erase_what_is_over().unwrap(), 0);
    assert_eq!(world.enter(1, (1, 1), 5, "2026-03-20", "unknown").1, 1, "the whole last day counts");
    world.clock.advance(SignedDuration::from_secs(1));
    assert!(
        world.unit().own(short, world.state(0).state()).is_err(),
        "R-COMP-7: not shown, though not erased yet"
    );
    assert_eq!(world.enter(1, (1, 2), 5, "2026-03-20", "unknown").1, 0, "nor compared");
    let before = world.stored();
    assert_eq!(world.unit().erase_what_is_over().unwrap(), 1);
    assert_eq!(
        (world.stored(), world.unit().database().find(short).unwrap()),
        (before - 1, None),
        "R-KEEP-2"
    );
    world.go_to("2034-03-20T22:59:59Z");
    assert_eq!(world.check(1, 6), 1, "R-KEEP-1: ten years");
    world.clock.advance(SignedDuration::from_secs(1));
    assert_eq!(world.check(1, 6), 0);
    world.restart();
    assert_eq!(world.unit().database().find(long).unwrap(), None, "a start erases what is over");
    let erased = world.unit().database().counters(Date::MIN, Date::MAX).unwrap();
    let of = |category| erased[&Counted::Erasures("AT".parse().unwrap(), category, None)];
    assert_eq!((of(Category::Applicant), of(Category::BorderCrossing)), (1, 1), "R-STAT-1");
}

#[test]
fn r_block_3_r_erase_1_each_decision_does_what_it_says_and_a_start_finishes_it() {
    for decision in [Decision::Unblock, Decision::Erase] {
        let mut world = World::new("2026-11-22T10:00:00Z");
        let (blocked, _) = world.enter(0, (1, 1), 5, "2026-11-20", "male");
        let (other, _) = world.enter(0, (1, 2), 6, "2026-11-20", "male");
        let administrator = world.callers[2].administrator().unwrap();
        world.unit().block(blocked, true, &world.state(0)).unwrap();
        let refugee = |world: &World| world.unit().erase(other, Ground::RecognisedRefugee, &world.state(0));
        assert!(matches!(refugee(&world), Err(OperationError::GroundNotAllowed)));
        world.go_to("2031-11-21T22:59:59Z");
        assert!(matches!(world.unit().decide(decision, &administrator), Err(OperationError::NoDecision(_))));
        world.clock.advance(SignedDuration::from_secs(1));
        assert_eq!(world.check(1, 5), 0);
        world.unit().decide(decision, &administrator).unwrap();
        assert!(matches!(world.unit().decide(decision, &administrator), Err(OperationError::NoDecision(_))));
        let again = world.unit().block(other, true, &world.state(0));
        assert!(matches!(again, Err(OperationError::BlockingEnded)));
        for _ in 0..2 {
            let (hits, there) = if decision == Decision::Unblock { (1, true) } else { (0, false) };
            assert_eq!(world.check(1, 5), hits, "{decision:?}");
            assert_eq!(world.unit().own(blocked, world.state(0).state()).is_ok(), there);
            world.restart();
        }
        assert_eq!(refugee(&world).is_ok(), decision == Decision::Erase, "R-ERASE-1");
    }
}

#[test]
fn r_comp_8_sex_is_a_criterion_where_it_is_turned_on_and_unknown_matches_both() {
    let world = World::new("2026-11-22T10:00:00Z");
    for (number, sex) in (1..).zip(["female", "male", "unknown"]) {
        world.enter(0, (1, number), 5, "2026-11-20", sex);
    }
    for (number, (sex, found)) in (1..).zip([("female", 2), ("male", 2), ("unknown", 3)]) {
        assert_eq!(world.enter(1, (1, number), 5, "2026-11-20", sex).1, found, "{sex}");
    }
    assert_eq!(world.check(1, 5), 3, "category 3 transmits none");
}

#[test]
fn r_access_2_for_what_is_anothers_and_what_is_not_there_nothing_is_read() {
    let world = World::new("2026-11-22T10:00:00Z");
    let (own, _) = world.enter(0, (1, 1), 5, "2026-11-20", "female");
    let (erased, _) = world.enter(0, (1, 2), 6, "2026-11-20", "female");
    world.unit().erase(erased, Ground::UnlawfullyRecorded, &world.state(0)).unwrap();
    // From now on whoever reads anything is refused, so that reading would be seen.
    world.unit().database().fail();
    let look = |id, nth: usize| world.unit().own(id, world.state(nth).state());
    assert!(matches!(look(own, 0), Err(OperationError::Store(_))), "one's own is read");
    for (id, nth) in [(own, 1), (erased, 0), (erased, 1), (Uuid::from_u128(7), 0)] {
        assert!(matches!(look(id, nth), Err(OperationError::RecordNotFound)));
    }
}

#[test]
fn r_block_2_r_erase_3_what_is_hidden_after_its_hit_was_recorded_is_not_told_of() {
    let world = World::new("2026-11-22T12:00:00Z");
    let (id, _) = world.enter(0, (1, 1), 5, "2026-11-20", "female");
    assert_eq!(world.enter(1, (1, 1), 5, "2026-11-20", "female").1, 1);
    let unit = world.unit();
    let listed = unit.list_hits(None, 10, &world.callers[1].viewer(None).unwrap()).unwrap().0;
    // What an answer does between the record of a hit and its telling.
    let told = || unit.deliverable(listed.clone()).unwrap().len();
    assert_eq!(told(), 1);
    for (blocked, expected) in [(true, 0), (false, 1)] {
        unit.block(id, blocked, &world.state(0)).unwrap();
        assert_eq!(told(), expected, "blocked: {blocked}");
    }
    unit.erase(id, Ground::FactuallyInaccurate, &world.state(0)).unwrap();
    assert_eq!(told(), 0);
}
