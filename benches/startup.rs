//! How long a start takes, with so many records of two fingers: what happens between `whorl serve` and its first answer.
//!
//! Records are entered as `journal.rs` does, with minutiae of generated prints; then the directory is opened as it was left, and
//! again without its store, and the gallery is filled. `WHORL_RECORDS` says how many, 100 000 unless given. Beside it, the
//! ceiling: the bytes of the journal read once.

#![expect(clippy::expect_used, clippy::print_stdout, reason = "a bench that cannot start says so and stops")]

use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use jiff::{Timestamp, civil::date};
use uuid::Uuid;
use whorl::central_unit::{CentralUnit, CheckpointSettings, Settings};
use whorl::clock::Clock;
use whorl::database::{Database, FingerData, FingerTemplate, FingerprintData, KeySchedule, Record};
use whorl::eurodac::model::{Category, MemberState, ReferenceNumber, Sex};
use whorl::eurodac::operation::Operation;
use whorl::journal::{Actor, AuditRecord, Change, Effect, Entry, Event};
use whorl::keyring::WrappingKey;
use whorl::startup::Startup;
use whorl_datasets::templates::{Random, print_like};
use whorl_engine::calibration::Calibration;
use whorl_engine::engine::Choice;
use whorl_engine::extraction::pool::Settings as PoolSettings;
use whorl_engine::minutia::FingerPosition;

/// Bytes of a print as sent: a minutiae record.
const PRINT: usize = 300;
/// Threads that enter, so that many wait for one sync.
const THREADS: u32 = 64;

fn event(number: u32) -> Event {
    let state: MemberState = "AT".parse().expect("a State");
    // Category 2 is compared with nobody, so that no result is missing at the start.
    let category = Category::BorderCrossing;
    let reference = ReferenceNumber::new(&format!("AT2-{number}"), state, category).expect("a number");
    let positions = [2u8, 7].map(|code| code.try_into().expect("a finger"));
    let random = &mut Random::new(u64::from(number));
    let templates = positions.map(|position| FingerTemplate {
        position,
        extractor: "bench".into(),
        minutiae: print_like(random, 40),
    });
    let finger = |position: FingerPosition| FingerprintData {
        position: position.into(),
        media_type: "application/octet-stream".into(),
        resolution_ppi: None,
        fingers: vec![FingerData { position, area: None, minutiae: 40, area_mm2: 200 }],
    };
    let now = Timestamp::now();
    let record = Record {
        id: Uuid::new_v4(),
        category,
        member_state: state,
        application: None,
        fingerprints: positions.map(finger).into(),
        sex: Sex::Unknown,
        reference_number: reference,
        taken_on: date(2026, 11, 22),
        transmitted_at: now,
        entered_at: now,
        disclosures: Vec::new(),
        last_day: date(2036, 11, 22),
        blocked: false,
        sequence: 0,
        compare_own: false,
    };
    let actor = Actor { authority: Some("0123456789ab".into()), person: "bench".into() };
    let audit = AuditRecord { attested: true, ..AuditRecord::about(&record, now, Operation::Entry, actor) };
    let prints = positions.map(|_| vec![0x5a; PRINT]).into();
    let entry = Entry { record, templates: templates.into(), prints };
    Event::new(audit, Change::Entered(Box::new(entry)))
}

fn fill(directory: &Path, wrapping: &WrappingKey, records: u32) {
    let database = Database::create(directory, wrapping).expect("a data directory");
    let audit = AuditRecord { operation: Operation::Administration, ..event(0).audit };
    database.record(Event::new(audit, Change::Plain(Effect::Initialised))).expect("the disk");
    thread::scope(|scope| {
        for first in 0..THREADS {
            let database = &database;
            scope.spawn(move || {
                for number in (first..records).step_by(THREADS as usize) {
                    database.record(event(number)).expect("the disk");
                }
            });
        }
    });
}

/// Opens it, and fills the gallery; says how long each took.
fn start(directory: &Path, wrapping: &WrappingKey, records: u32, what: &str) {
    let begin = Instant::now();
    let database = Database::open(directory, wrapping).expect("a data directory");
    let opened = begin.elapsed();
    let settings = Settings {
        choice: &Choice::Cpu,
        // No image is sent.
        extraction: PoolSettings {
            program: "true".into(),
            arguments: Vec::new(),
            workers_max: 1,
            time_max: Duration::from_secs(1),
            wait_max: Duration::from_secs(1),
        },
        calibration: Calibration::shipped().clone(),
        checkpoints: CheckpointSettings { every: Duration::from_secs(3600), recipient: None },
        keys: KeySchedule::OnRequest,
        target_fpir: 1e-3,
        sex_is_a_criterion: false,
        clock: Clock::default(),
    };
    let unit = CentralUnit::open(database, settings, &Startup::default()).expect("a gallery");
    assert_eq!(unit.status().records, records as usize);
    let all = begin.elapsed();
    println!("  {what}: opened in {opened:.1?}, gallery filled in {:.1?}, together {all:.1?}", all - opened);
}

fn main() {
    let records = std::env::var("WHORL_RECORDS").map_or(100_000, |number| number.parse().expect("a number"));
    let directory = tempfile::tempdir().expect("a directory");
    let wrapping = WrappingKey::generate().expect("random bytes");
    let begin = Instant::now();
    fill(directory.path(), &wrapping, records);
    println!("{records} records of two fingers, entered in {:.1?}", begin.elapsed());
    let begin = Instant::now();
    let mut bytes = 0;
    for entry in fs_err::read_dir(directory.path().join("journal")).expect("a journal") {
        bytes += fs_err::read(entry.expect("a segment").path()).expect("the disk").len();
    }
    println!("  journal: {} MB, read in {:.1?}", bytes >> 20, begin.elapsed());
    start(directory.path(), &wrapping, records, "as it was left");
    fs_err::remove_dir_all(directory.path().join("store")).expect("a store");
    start(directory.path(), &wrapping, records, "without its store");
}
