//! The database over the model store and a simulated disk.
#![expect(clippy::cast_possible_truncation, reason = "small numbers in tests")]

use jiff::civil::date;

use whorl_engine::minutia::FingerPosition;

use super::opening::{Places, Stores};
use super::*;
use crate::eurodac::model::{ReferenceNumber, Sex};
use crate::eurodac::operation::Operation;
use crate::files::simulated::{Fault, Simulated};
use crate::journal::{Actor, AuditRecord, Chain, Log, Tree};
use crate::keyring::WrappingKey;
use crate::startup::Startup;
use crate::store::MemoryStore;

/// A machine: what is on its disks, and its wrapping key.
pub(super) struct Machine {
    pub(super) journal: Simulated,
    pub(super) keys: Simulated,
    pub(super) checkpoints: Simulated,
    pub(super) wrapping: WrappingKey,
    /// Kept over a restart, as a store on disk is; replaced where it is set aside.
    pub(super) store: parking_lot::Mutex<Arc<MemoryStore>>,
}

impl Stores for Machine {
    fn open(&self) -> Result<Arc<dyn Store>, StoreError> {
        Ok(self.store.lock().clone())
    }

    fn set_aside(&self) -> Result<(), StoreError> {
        *self.store.lock() = Arc::default();
        Ok(())
    }
}

impl Machine {
    pub(super) fn new() -> Self {
        let wrapping = WrappingKey::generate().unwrap();
        let [journal, keys, checkpoints] = std::array::from_fn(|_| Simulated::default());
        Log::create(Arc::new(journal.clone())).unwrap();
        Keyring::create(Arc::new(keys.clone()), &wrapping).unwrap();
        Checkpoints::create(&checkpoints).unwrap();
        Self { journal, keys, checkpoints, wrapping, store: parking_lot::Mutex::default() }
    }

    pub(super) fn start(&self) -> Result<Database, OpenError> {
        let places = Places {
            journal: Arc::new(self.journal.clone()),
            keys: Arc::new(self.keys.clone()),
            checkpoints: Arc::new(self.checkpoints.clone()),
        };
        Database::over(places, self, &self.wrapping, None, &Startup::default())
    }
}

pub(super) fn audit() -> AuditRecord {
    let actor = Actor { authority: None, person: "p".into() };
    AuditRecord::of(jiff::Timestamp::UNIX_EPOCH, Operation::Entry, actor)
}

pub(super) fn record(state: &str, category: Category, number: u32) -> Record {
    let state: MemberState = state.parse().unwrap();
    let reference = format!("{state}{}-{number:03}", category.number());
    let position = FingerPosition::known(2).unwrap();
    let found = FingerData { position, area: None, minutiae: 30, area_mm2: 90 };
    let finger = FingerprintData {
        position: position.into(),
        media_type: "image/png".into(),
        resolution_ppi: Some(500),
        fingers: vec![found],
    };
    Record {
        id: Uuid::new_v4(),
        category,
        member_state: state,
        application: None,
        fingerprints: vec![finger],
        sex: Sex::Unknown,
        reference_number: ReferenceNumber::new(&reference, state, category).unwrap(),
        taken_on: date(2026, 1, 1),
        transmitted_at: jiff::Timestamp::UNIX_EPOCH,
        entered_at: jiff::Timestamp::UNIX_EPOCH,
        disclosures: Vec::new(),
        last_day: date(2036, 1, 1),
        blocked: false,
        sequence: number,
        compare_own: false,
    }
}

pub(super) fn enter(database: &Database, record: &Record, print: Vec<u8>) {
    database.record(entry(record, vec![print])).unwrap();
}

pub(super) fn entry(record: &Record, prints: Vec<Print>) -> Event {
    let audit = AuditRecord {
        member_state: Some(record.member_state),
        category: Some(record.category),
        reference_number: Some(record.reference_number.clone()),
        ..audit()
    };
    let entry = Entry { record: record.clone(), templates: Vec::new(), prints };
    Event::new(audit, Change::Entered(Box::new(entry)))
}

/// A hit of a State on a record, by a check that leaves nothing else.
pub(super) fn hit_on(record: &Record, recipient: &str) -> StoredHit {
    let recipient: MemberState = recipient.parse().unwrap();
    let category = Category::IllegallyPresent;
    let reference_number = ReferenceNumber::new(&format!("{recipient}3-1"), recipient, category).unwrap();
    StoredHit {
        hit_id: Uuid::new_v4(),
        recipient,
        probe: ProbeOf { category, reference_number, record_id: None },
        record_id: record.id,
        member_state: record.member_state,
        category: record.category,
        at: jiff::Timestamp::UNIX_EPOCH,
        verdict: None,
        score: 60,
        fingers: Vec::new(),
        prints_replaced: false,
    }
}

/// That a State is told of a record.
pub(super) fn told(record: &Record, recipient: &str) -> Change {
    let hits = vec![hit_on(record, recipient)];
    Change::Plain(Effect::Concluded { result: None, hits, on_blocked: Vec::new() })
}

/// That a record was compared, and nobody found.
pub(super) fn nobody_found(record: &Record) -> Change {
    let (at, threshold) = (jiff::Timestamp::UNIX_EPOCH, Threshold::new(60));
    let result = ResultOfComparison { at, compared: Vec::new(), threshold, hits: Vec::new() };
    Change::Plain(Effect::Concluded {
        result: Some((record.id, result)),
        hits: Vec::new(),
        on_blocked: Vec::new(),
    })
}

/// The prints of a record.
pub(super) fn prints(database: &Database, id: Uuid) -> Vec<Vec<u8>> {
    database.find_with_prints(id).unwrap().unwrap().1
}

pub(super) fn database() -> Database {
    Machine::new().start().unwrap()
}

#[test]
fn a_print_comes_back_whole_with_its_record() {
    let database = database();
    for (sequence, length) in (0u32..).zip([0usize, 1, 4095, 70_000]) {
        let mut entered = record("AT", Category::Applicant, sequence);
        let print: Vec<u8> = (0..length).map(|i| (i % 251) as u8).collect();
        enter(&database, &entered, print.clone());
        entered.sequence = sequence;
        assert_eq!(prints(&database, entered.id), [print]);
        assert_eq!(database.find(entered.id).unwrap(), Some(entered));
    }
}

#[test]
fn r_access_2_a_list_holds_one_states_records_only_page_by_page() {
    let database = database();
    for number in 0..5 {
        enter(&database, &record("AT", Category::Applicant, number), vec![]);
        enter(&database, &record("DE", Category::Applicant, number), vec![]);
        enter(&database, &record("AT", Category::BorderCrossing, number), vec![]);
    }
    let at: MemberState = "AT".parse().unwrap();
    let numbers = |records: &[Record]| {
        records.iter().map(|r| r.reference_number.as_str().to_owned()).collect::<Vec<_>>()
    };
    let (first, cursor) = database.list(at, None, None, 4).unwrap();
    assert_eq!(numbers(&first), ["AT1-000", "AT1-001", "AT1-002", "AT1-003"]);
    let (second, end) = database.list(at, None, cursor.as_deref(), 10).unwrap();
    assert_eq!(numbers(&second), ["AT1-004", "AT2-000", "AT2-001", "AT2-002", "AT2-003", "AT2-004"]);
    assert_eq!(end, None);
    let of = |category| numbers(&database.list(at, Some(category), None, 50).unwrap().0);
    assert_eq!(of(Category::BorderCrossing).len(), 5);
    let found = |category, reference: &str| {
        database
            .find_by_reference(at, category, reference)
            .unwrap()
            .map(|r| r.reference_number.as_str().to_owned())
    };
    assert_eq!(found(Category::BorderCrossing, "AT2-003").as_deref(), Some("AT2-003"));
    assert_eq!(found(Category::Applicant, "AT2-003"), None);
    assert_eq!(found(Category::Applicant, "DE1-003"), None, "not another State's");
    assert_eq!(found(Category::Applicant, "AT1-00"), None, "a prefix is not a reference number");
}

#[test]
fn r_hit_3_disclosures_add_up_on_the_record_and_the_audit_is_numbered() {
    let database = database();
    let stored = record("AT", Category::Applicant, 1);
    enter(&database, &stored, vec![]);
    for state in ["DE", "FR"] {
        database.record(Event::new(audit(), told(&stored, state))).unwrap();
    }
    let recipients: Vec<_> = database
        .find(stored.id)
        .unwrap()
        .unwrap()
        .disclosures
        .iter()
        .map(|d| d.recipient.to_string())
        .collect();
    assert_eq!(recipients, ["DE", "FR"]);
    let numbers: Vec<_> = database.audit(1, 10).unwrap().into_iter().map(|(number, _)| number).collect();
    assert_eq!(numbers, [1, 2]);
}

/// Reference numbers of everything that is stored, in order.
pub(super) fn stored(database: &Database) -> Vec<String> {
    let records = database.list("AT".parse().unwrap(), None, None, 1000).unwrap().0;
    records.iter().map(|record| record.reference_number.as_str().to_owned()).collect()
}

#[test]
fn r_ops_2_a_store_that_is_gone_behind_or_of_another_journal_is_made_anew() {
    let machine = Machine::new();
    let database = machine.start().unwrap();
    for number in 0..3 {
        enter(&database, &record("AT", Category::Applicant, number), vec![9; 100]);
    }
    drop(database);
    let old = machine.store.lock().clone();
    *machine.store.lock() = Arc::default();
    assert_eq!(stored(&machine.start().unwrap()), ["AT1-000", "AT1-001", "AT1-002"], "it was gone");
    let mut batch = Batch::default();
    let mut tree = Tree::default();
    tree.push(&Chain([1; 32]));
    tree.push(&Chain([2; 32]));
    let other = Applied { size: 2, chain: [2; 32], sequence: 2, records: 2, tree: tree.to_bytes() };
    batch.put(keys::applied(), postcard::to_stdvec(&other).unwrap());
    old.apply(batch).unwrap();
    *machine.store.lock() = old;
    let database = machine.start().unwrap();
    assert_eq!(stored(&database), ["AT1-000", "AT1-001", "AT1-002"], "it was of another journal");
    enter(&database, &record("AT", Category::Applicant, 3), vec![]);
    assert_eq!(
        database
            .find_by_reference("AT".parse().unwrap(), Category::Applicant, "AT1-003")
            .unwrap()
            .unwrap()
            .sequence,
        3
    );
}

#[test]
fn r_ops_2_a_store_that_lost_a_row_is_made_anew_and_costs_nobody_their_key() {
    let machine = Machine::new();
    let database = machine.start().unwrap();
    let person = record("AT", Category::Applicant, 1);
    enter(&database, &person, vec![9; 100]);
    enter(&database, &record("AT", Category::Applicant, 2), vec![]);
    drop(database);
    let mut batch = Batch::default();
    batch.remove(keys::record(person.id));
    machine.store.lock().apply(batch).unwrap();
    let database = machine.start().unwrap();
    assert_eq!(prints(&database, person.id), [vec![9; 100]]);
}

#[test]
fn r_data_7_a_journal_that_lost_what_was_acknowledged_is_not_opened() {
    let machine = Machine::new();
    let database = machine.start().unwrap();
    enter(&database, &record("AT", Category::Applicant, 1), vec![]);
    enter(&database, &record("AT", Category::Applicant, 2), vec![]);
    assert_eq!(database.checkpoint().unwrap().size, 2);
    drop(database);
    let segment = machine.journal.list().unwrap()[0].clone();
    machine.journal.tamper(&segment, |bytes| bytes.truncate(bytes.len() - 8));
    let error = machine.start().err().unwrap();
    assert!(matches!(error, OpenError::JournalCutShort { journal: 1, acknowledged: 2 }), "{error}");
    *machine.store.lock() = Arc::default();
    let error = machine.start().err().unwrap();
    assert!(
        matches!(error, OpenError::JournalCutShort { .. }),
        "the checkpoint knows it without the store: {error}"
    );
}

#[test]
fn r_access_7_nothing_personal_is_in_clear_on_any_disk_nor_in_the_store() {
    let machine = Machine::new();
    let database = machine.start().unwrap();
    let mut person = record("AT", Category::Applicant, 1);
    person.application = Some(crate::eurodac::admission::Application {
        place: "Sankt Poelten".into(),
        date: date(2026, 1, 2),
    });
    let print = b"the print of a finger, as it was sent".to_vec();
    enter(&database, &person, print.clone());
    assert_eq!(prints(&database, person.id), std::slice::from_ref(&print));
    drop(database);
    let mut all: Vec<u8> = machine.journal.contents().into_iter().flat_map(|(_, bytes)| bytes).collect();
    all.extend(machine.keys.contents().into_iter().flat_map(|(_, bytes)| bytes));
    let pairs = machine.store.lock().scan(b"", b"", usize::MAX).unwrap();
    all.extend(pairs.into_iter().flat_map(|(key, value)| [key, value].concat()));
    let holds = |what: &[u8]| all.windows(what.len()).any(|window| window == what);
    assert!(holds(b"AT1-001"), "the reference number is in the audit, and the search finds it");
    assert!(!holds(b"Sankt Poelten") && !holds(&print) && !holds(b"unknown"));
}

/// Power lost, or one error, at every call of a disk while sets are entered and results recorded; the worst and a few random
/// remains of it. What was acknowledged is there with its print; nothing is there that was not asked for.
#[test]
fn r_audit_2_r_data_7_r_hit_3_r_erase_2_whatever_fails_what_was_acknowledged_is_there() {
    let trace = |machine: &Machine, acknowledged: &mut Acknowledged| -> Result<(), StoreError> {
        let Ok(database) = machine.start() else { return Ok(()) };
        for number in 0..4 {
            let person = record("AT", Category::Applicant, number);
            let prints = vec![vec![number as u8; 700]];
            database.record(entry(&person, prints))?;
            acknowledged.entered.push((person.clone(), 0));
            database.record(Event::new(audit(), told(&person, "DE")))?;
            acknowledged.entered.last_mut().unwrap().1 = 1;
        }
        let (person, _) = acknowledged.entered.pop().unwrap();
        acknowledged.maybe = Some(person.id);
        database.record(erasure(&person))?;
        acknowledged.erased = Some(person.id);
        Ok(())
    };
    let counted = Machine::new();
    counted.journal.fail(None);
    counted.keys.fail(None);
    trace(&counted, &mut Acknowledged::default()).unwrap();
    let (in_journal, in_keys) = (counted.journal.calls(), counted.keys.calls());
    assert!(in_journal > 16 && in_keys > 5, "{in_journal} and {in_keys} calls");
    let cases = (0..in_journal).map(|at| (true, at)).chain((0..in_keys).map(|at| (false, at)));
    for (journal, at) in cases {
        for fault in [Fault::PowerCut(at), Fault::Once(at), Fault::Full(at)] {
            let machine = Machine::new();
            let disk = if journal { &machine.journal } else { &machine.keys };
            disk.fail(Some(fault));
            let mut acknowledged = Acknowledged::default();
            let outcome = trace(&machine, &mut acknowledged);
            assert!(
                outcome.is_err() || acknowledged.erased.is_none() || matches!(fault, Fault::Full(_)),
                "{fault:?} was noticed"
            );
            for seed in 0..5u64 {
                check_after_power_cut(&machine, &acknowledged, seed);
            }
        }
    }
}

#[test]
fn r_audit_2_when_the_thread_that_writes_is_gone_everything_is_refused_until_a_restart() {
    let machine = Machine::new();
    let mut database = machine.start().unwrap();
    let person = record("AT", Category::Applicant, 1);
    let event = entry(&person, Vec::new());
    database.record_and(event, Box::new(|_| panic!("as a fault in the gallery would"))).unwrap_err();
    // Wait for the thread, not for a moment that is long enough.
    database.jobs = None;
    database.threads.remove(0).join().unwrap();
    assert!(database.failure().is_some(), "readiness sees it");
    assert!(database.find(person.id).is_err(), "reading is refused, too");
    drop(database);
    assert_eq!(stored(&machine.start().unwrap()), ["AT1-001"], "it was in the journal");
}

/// What a caller was told.
#[derive(Default)]
struct Acknowledged {
    /// Sets, and how many disclosures of each.
    entered: Vec<(Record, usize)>,
    /// Its erasure was asked for.
    maybe: Option<Uuid>,
    /// Its erasure was acknowledged.
    erased: Option<Uuid>,
}

pub(super) fn erasure(record: &Record) -> Event {
    let Event { audit, .. } = entry(record, Vec::new());
    let ground = Some(crate::eurodac::erasure::Ground::FactuallyInaccurate);
    Event::new(audit, Change::Plain(Effect::Erased { id: record.id, ground }))
}

#[test]
fn r_data_7_a_key_that_is_gone_though_nobody_erased_its_record_is_told() {
    let machine = Machine::new();
    let database = machine.start().unwrap();
    let person = record("AT", Category::Applicant, 1);
    enter(&database, &person, vec![1; 50]);
    drop(database);
    let whole = machine.keys.after_power_cut(&mut |_| 0);
    let slots = 4096;
    let damages: [fn(&mut Vec<u8>, usize); 3] = [
        |keys, slots| keys[slots + 60] ^= 1,
        |keys, slots| keys[slots..].fill(0),
        |keys, slots| keys.truncate(slots),
    ];
    for damage in damages {
        machine.keys.tamper("keyring", |keys| damage(keys, slots));
        let error = machine.start().err().unwrap();
        assert!(matches!(error, OpenError::KeysLost(1)), "{error}");
        let bytes = whole.contents().into_iter().find(|(name, _)| name == "keyring").unwrap().1;
        machine.keys.tamper("keyring", |keys| *keys = bytes);
    }
    assert!(machine.start().unwrap().find(person.id).unwrap().is_some(), "restored, it is as it was");
}

/// The journal's disk, the keyring's; and a call that an entry makes of it.
#[test]
fn r_audit_2_after_one_error_of_either_disk_everything_is_refused_until_a_restart() {
    for (journal, calls) in [(true, 2), (false, 3)] {
        for at in 0..calls {
            let machine = Machine::new();
            let database = machine.start().unwrap();
            let disk = if journal { &machine.journal } else { &machine.keys };
            disk.fail(Some(Fault::Once(at)));
            let person = record("AT", Category::Applicant, 1);
            assert!(database.record(entry(&person, Vec::new())).is_err(), "journal: {journal}, call {at}");
            let reason = database.failure().expect("readiness says why");
            assert!(reason.contains("error"), "{reason}");
            assert!(database.find(person.id).is_err() && database.authorities().is_err(), "reads, too");
            let other = Event::of(audit());
            assert!(database.record(other).is_err());
            drop(database);
            machine.start().unwrap().record(entry(&person, Vec::new())).unwrap();
        }
    }
}

fn check_after_power_cut(before: &Machine, acknowledged: &Acknowledged, seed: u64) {
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) + 1;
    let mut chance = |below: usize| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        // The first seed loses all that was not synced.
        if seed == 0 { 0 } else { (state >> 33) as usize % below }
    };
    let (journal, keys) =
        (before.journal.after_power_cut(&mut chance), before.keys.after_power_cut(&mut chance));
    let wrapping = WrappingKey::parse(before.wrapping.reveal().as_bytes()).unwrap();
    let checkpoints = before.checkpoints.clone();
    let machine = Machine { journal, keys, checkpoints, wrapping, store: parking_lot::Mutex::default() };
    let database = machine.start().unwrap();
    for (person, disclosures) in &acknowledged.entered {
        let found = database.find(person.id).unwrap().expect("what was acknowledged is there");
        assert!(found.disclosures.len() >= *disclosures, "R-HIT-3");
        assert_eq!(prints(&database, found.id), [vec![found.sequence as u8; 700]]);
    }
    if let Some(erased) = acknowledged.erased {
        assert_eq!(database.find(erased).unwrap(), None, "R-ERASE-2");
        assert!(database.keyring.records().all(|id| id != erased), "R-ERASE-2: no key of it exists");
    }
    let (there, known) = (stored(&database).len(), acknowledged.entered.len());
    assert!(there == known || there == known + 1, "nothing half done");
    let audited = database.audit(0, 1000).unwrap().len();
    assert!(audited >= there, "no operation without its audit record");
}
