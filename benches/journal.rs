//! What durability costs: entries a second and how long each waits, from 1, 8 and 64 threads, each synced before it is answered.
//!
//! Beside them, in the same run: the same records put into sled and flushed one by one, which is what stood in the journal's
//! place before; and the ceiling, one thread that appends the same bytes to a file and syncs it. Nothing is compared: this is the
//! way of an entry from `Database::record` to its answer, sealing included.

#![expect(clippy::expect_used, clippy::print_stdout, reason = "a bench that cannot start says so and stops")]

use std::io::Write;
use std::path::Path;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU32, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use jiff::{Timestamp, civil::date};
use uuid::Uuid;
use whorl::database::{Database, FingerData, FingerprintData, Record};
use whorl::eurodac::model::{Category, MemberState, ReferenceNumber, Sex};
use whorl::eurodac::operation::Operation;
use whorl::journal::{Actor, AuditRecord, Change, Entry, Event};
use whorl::keyring::WrappingKey;
use whorl::store::{Batch, SledStore, Store};
use whorl_engine::minutia::FingerPosition;

const TIME: Duration = Duration::from_secs(4);
const THREADS: [usize; 3] = [1, 8, 64];
/// A minutiae record of a finger, and a finger compressed with WSQ. Unit: bytes.
const PRINTS: [(&str, usize); 2] = [("minutiae records", 300), ("WSQ images", 15_000)];

/// A set of two prints of this length.
fn entry(number: u32, print: usize) -> (AuditRecord, Entry) {
    let state: MemberState = "AT".parse().expect("a State");
    let category = Category::Applicant;
    let reference = ReferenceNumber::new(&format!("AT1-{number}"), state, category).expect("a number");
    let positions = [2u8, 7].map(|code| code.try_into().expect("a finger"));
    let finger = |position: FingerPosition| FingerprintData {
        position: position.into(),
        media_type: "image/wsq".into(),
        resolution_ppi: Some(500),
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
    let prints = positions.map(|_| vec![0x5a; print]).into();
    (audit, Entry { record, templates: Vec::new(), prints })
}

/// Times of what so many threads did without a pause, in order of size.
fn timed(threads: usize, work: impl Fn(u32) + Sync) -> Vec<Duration> {
    let (number, times) = (AtomicU32::new(0), Mutex::new(Vec::new()));
    let start = Instant::now();
    thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                let mut own = Vec::new();
                while start.elapsed() < TIME {
                    let begin = Instant::now();
                    work(number.fetch_add(1, Ordering::Relaxed));
                    own.push(begin.elapsed());
                }
                times.lock().expect("nobody panicked").extend(own);
            });
        }
    });
    let mut times = times.into_inner().expect("nobody panicked");
    times.sort_unstable();
    times
}

/// One line of the table; the rate.
fn show(what: &str, threads: usize, times: &[Duration], more: &str) -> f64 {
    let rate = f64::from(u32::try_from(times.len()).expect("not so many")) / TIME.as_secs_f64();
    let at = |per_cent: usize| times[(times.len() - 1) * per_cent / 100];
    println!("| {what} | {threads} | {rate:.0} | {:.2?} | {:.2?} | {more} |", at(50), at(99));
    rate
}

fn bytes_under(directory: &Path) -> u64 {
    let files = std::fs::read_dir(directory).expect("a directory").flatten();
    files.filter_map(|file| file.metadata().ok()).map(|metadata| metadata.len()).sum()
}

fn journal(print: usize, threads: usize) -> f64 {
    let directory = tempfile::tempdir().expect("a directory");
    let database =
        Database::create(directory.path(), &WrappingKey::generate().expect("a key")).expect("a database");
    let times = timed(threads, |number| {
        let (audit, entry) = entry(number, print);
        database.record(Event::new(audit, Change::Entered(Box::new(entry)))).expect("recorded");
    });
    let written = database.written();
    let bytes = bytes_under(&directory.path().join("journal")) / written.records.max(1);
    let share = 100.0 * written.syncing.as_secs_f64() / TIME.as_secs_f64();
    let together = f64::from(u32::try_from(written.records).expect("not so many"))
        / f64::from(u32::try_from(written.groups.max(1)).expect("not so many"));
    show(
        "journal",
        threads,
        &times,
        &format!("{bytes} bytes each, {together:.1} a group, {share:.0} % of the time in sync"),
    )
}

/// As it was before there was a journal: one batch of sled for each entry, flushed and synced under a lock.
fn plain_sled(print: usize, threads: usize) -> f64 {
    let directory = tempfile::tempdir().expect("a directory");
    let store = Mutex::new(SledStore::open(directory.path()).expect("a store"));
    let times = timed(threads, |number| {
        let (audit, entry) = entry(number, print);
        let id = entry.record.id.as_bytes().to_vec();
        let mut batch = Batch::default();
        batch.put(
            [b"a/".as_slice(), &number.to_be_bytes()].concat(),
            serde_json::to_vec(&audit).expect("JSON"),
        );
        batch.put([b"r/".as_slice(), &id].concat(), serde_json::to_vec(&entry.record).expect("JSON"));
        for (place, print) in (0u8..).zip(entry.prints) {
            batch.put([b"p/".as_slice(), &id, &[place]].concat(), print);
        }
        let store = store.lock().expect("nobody panicked");
        store.apply(batch).and_then(|()| store.flush()).expect("stored");
    });
    show("sled, flushed each time", threads, &times, "")
}

fn ceiling(print: usize) -> f64 {
    let mut file = tempfile::tempfile().expect("a file");
    let bytes = vec![0x5a; 2 * print + 1000];
    let file = Mutex::new(&mut file);
    let times = timed(1, |_| {
        let mut file = file.lock().expect("nobody panicked");
        file.write_all(&bytes).and_then(|()| file.sync_data()).expect("written");
    });
    show("ceiling: append and sync", 1, &times, "")
}

fn main() {
    for (name, print) in PRINTS {
        println!("\nEntries of two {name} ({print} bytes each), {} s a line\n", TIME.as_secs());
        println!("| what | threads | a second | p50 | p99 | |\n| --- | --- | --- | --- | --- | --- |");
        let ceiling = ceiling(print);
        for threads in THREADS {
            let (ours, sled) = (journal(print, threads), plain_sled(print, threads));
            println!("| | {threads} | {:.2} x sled, {:.2} x ceiling | | | |", ours / sled, ours / ceiling);
        }
    }
}
