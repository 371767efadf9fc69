//! The audit after its year (R-AUDIT-4, R-AUDIT-5): what goes, what stays, and that what stays verifies, wherever the power went.

use jiff::Timestamp;

use super::tests::{Machine, audit, entry, erasure, prints, record, stored};
use super::*;
use crate::eurodac::audit::Procedure;
use crate::files::simulated::{Fault, Simulated};
use crate::journal::AuditRecord;
use crate::journal::verify::{Finding, Reason, Report, verify};
use crate::keyring::WrappingKey;

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

/// A year after the second day of [`lived`], at noon: the first day's records are older, and of the second day's one is not.
fn later() -> Timestamp {
    at("2026-01-02T12:00:00Z")
}

/// Enters a set at a time, by somebody with this name.
fn enter_at(database: &Database, time: &str, person: &str, set: &Record, print: Vec<u8>) {
    let prints = vec![print];
    let mut event = entry(set, prints);
    event.audit.at = at(time);
    event.audit.actor.person = person.into();
    database.record(event).unwrap();
}

/// Three days: on the first Anna enters two sets, and one of them is erased on the third; Berta enters one on the second, early and late.
fn lived(machine: &Machine) -> [Record; 4] {
    let sets =
        [1, 2, 3, 4].map(|number| record(if number == 2 { "DE" } else { "AT" }, Category::Applicant, number));
    let database = machine.start().unwrap();
    enter_at(&database, "2025-01-01T08:00:00Z", "Anna", &sets[0], vec![1; 900]);
    enter_at(&database, "2025-01-01T09:00:00Z", "Anna", &sets[1], vec![2; 900]);
    database.checkpoint().unwrap();
    enter_at(&database, "2025-01-02T08:00:00Z", "Berta", &sets[2], vec![3; 900]);
    enter_at(&database, "2025-01-02T18:00:00Z", "Berta", &sets[3], vec![4; 900]);
    let mut gone = erasure(&sets[1]);
    gone.audit.at = at("2025-12-31T08:00:00Z");
    database.record(gone).unwrap();
    sets
}

/// Whether a name is anywhere in the journal's files.
fn names(files: &Simulated, name: &str) -> bool {
    files
        .contents()
        .iter()
        .any(|(_, bytes)| bytes.windows(name.len()).any(|window| window == name.as_bytes()))
}

fn verified(machine: &Machine, now: Timestamp) -> Result<Report, Finding> {
    let directory = tempfile::tempdir().unwrap();
    for (name, bytes) in machine.journal.contents() {
        fs_err::write(directory.path().join(name), bytes).unwrap();
    }
    let kept = Checkpoints::open(Arc::new(machine.checkpoints.clone())).unwrap();
    let checkpoints = kept.list(0, 100).unwrap();
    verify(directory.path(), &checkpoints, Some(&kept.verifier()), now, &mut |_| ())
}

/// Everything that was entered and not erased is there, whole, also when the store is made anew.
fn all_there(machine: &Machine, sets: &[Record; 4]) {
    for anew in [false, true] {
        if anew {
            *machine.store.lock() = Arc::default();
        }
        let database = machine.start().unwrap();
        assert_eq!(stored(&database), ["AT1-001", "AT1-003", "AT1-004"], "anew: {anew}");
        for (place, byte) in [(0, 1u8), (2, 3), (3, 4)] {
            let found = database.find(sets[place].id).unwrap().unwrap();
            assert_eq!(prints(&database, found.id), [vec![byte; 900]]);
        }
    }
}

#[test]
fn r_audit_4_after_a_year_the_records_are_destroyed_and_what_remains_verifies() {
    let machine = Machine::new();
    let sets = lived(&machine);
    let database = machine.start().unwrap();
    assert_eq!(database.retain(at("2026-01-01T08:00:00Z")).unwrap(), None, "one of the day is not older yet");
    assert!(names(&machine.journal, "Anna"));
    let retained = database.retain(later()).unwrap().unwrap();
    assert_eq!((retained.below, retained.segments, retained.held), (2, 1, 0));
    assert!(!names(&machine.journal, "Anna"), "of the first day nobody is named any more");
    assert!(names(&machine.journal, "Berta"), "the second day has a record that is not a year old");
    let operations: Vec<_> =
        database.audit(0, 100).unwrap().iter().map(|(_, audit)| audit.operation).collect();
    use crate::eurodac::operation::Operation::{Entry, Retention};
    assert_eq!(
        operations,
        [Entry, Entry, Entry, Retention],
        "the second day, the erasure (an entry to this test), and this"
    );
    assert_eq!(database.retain(later()).unwrap(), None, "there is nothing left to do");
    drop(database);
    let report = verified(&machine, later()).unwrap();
    assert_eq!((report.records, report.destroyed, report.held, report.checkpoints), (6, 2, 0, vec![2]));
    all_there(&machine, &sets);
    // The year of the others is over, too; the snapshot is made from the last one.
    let database = machine.start().unwrap();
    let in_a_year = at("2027-01-05T12:00:00Z");
    assert_eq!(database.retain(in_a_year).unwrap(), None, "nothing is that new: the clock may be wrong");
    database.record(Event::of(audit_at(at("2027-01-04T08:00:00Z")))).unwrap();
    database.retain(in_a_year).unwrap().unwrap();
    assert!(!names(&machine.journal, "Berta"));
    assert_eq!(snapshots(&machine.journal).unwrap().len(), 1);
    drop(database);
    all_there(&machine, &sets);
    // The checkpoint was signed by the clock of this machine, so a year after that.
    verified(&machine, Timestamp::now() + jiff::SignedDuration::from_hours(24 * 367)).unwrap();
}

#[test]
fn r_erase_2_of_what_was_erased_the_segment_keeps_no_sealed_part() {
    let machine = Machine::new();
    let sets = lived(&machine);
    let database = machine.start().unwrap();
    let full = machine.journal.contents().into_iter().next().unwrap().1;
    database.retain(later()).unwrap().unwrap();
    let (name, hollow) = machine.journal.contents().into_iter().next().unwrap();
    assert_eq!((name.as_str(), hollow.len()), ("00000000000000000000.hollow", full.len()));
    let (row, _) = database.row(sets[0].id).unwrap().unwrap();
    let kept: u64 = row.parts.spans().iter().map(|span| u64::from(span.length)).sum();
    let key = database.keyring.get(crate::keyring::UNIT).unwrap().unwrap();
    let mut rows = Vec::new();
    let read = |some: Vec<crate::store::Pair>| {
        rows.extend(some);
        Ok(())
    };
    snapshot::read(&machine.journal, 2, &key, read).unwrap();
    let tell =
        |set: &Record| rows.iter().filter(|(key, value)| keys::about(key, value) == Some(set.id)).count();
    assert_eq!((tell(&sets[0]), tell(&sets[1])), (2, 0), "nor has the snapshot anything of it");
    let left = hollow.iter().filter(|&&byte| byte != 0).count() as u64;
    assert!(
        (kept..kept + 250).contains(&left),
        "{left} bytes are left, of which {kept} are the set that is stored"
    );
}

fn procedure(state: &str) -> Procedure {
    Procedure {
        id: Uuid::new_v4(),
        reason: "inspection".into(),
        from: at("2025-01-01T00:00:00Z"),
        until: at("2025-01-02T00:00:00Z"),
        member_state: Some(state.parse().unwrap()),
        opened_at: at("2025-12-01T00:00:00Z"),
        closed_at: None,
    }
}

#[test]
fn r_audit_5_what_a_procedure_holds_stays_until_it_is_closed() {
    let machine = Machine::new();
    let sets = lived(&machine);
    let database = machine.start().unwrap();
    let (of_germany, of_austria) = (procedure("DE"), procedure("AT"));
    for opened in [&of_germany, &of_austria] {
        database
            .record(Event::new(audit_at(later()), Change::Plain(Effect::ProcedureOpened(opened.clone()))))
            .unwrap();
    }
    let close = |id| {
        database.record(Event::new(audit_at(later()), Change::Plain(Effect::ProcedureClosed(id)))).unwrap();
    };
    close(of_austria.id);
    assert_eq!(database.retain(later()).unwrap().unwrap().held, 1);
    let germany = |files: &Simulated| names(files, "DE1-002");
    assert!(names(&machine.journal, "Anna") && germany(&machine.journal));
    assert!(!names(&machine.journal, "AT1-001"), "held by nobody");
    let report = verified(&machine, later()).unwrap();
    assert_eq!((report.destroyed, report.held), (1, 1));
    assert_eq!(
        database.procedures().unwrap(),
        std::slice::from_ref(&of_germany),
        "the closed one is forgotten"
    );
    // What is held must still be what was written.
    let whole = machine.journal.contents();
    let place = whole[0].1.windows(7).position(|window| window == b"DE1-002").unwrap();
    machine.journal.tamper("00000000000000000000.hollow", |bytes| bytes[place] ^= 1);
    let finding = verified(&machine, later()).unwrap_err();
    assert_eq!((finding.reason, finding.record), (Reason::FrameChecksum, Some(1)));
    machine.journal.tamper("00000000000000000000.hollow", |bytes| bytes[place] ^= 1);
    close(of_germany.id);
    assert_eq!(database.retain(later()).unwrap().unwrap(), Retained { below: 2, segments: 1, held: 0 });
    assert!(!names(&machine.journal, "Anna"));
    assert_eq!(database.procedures().unwrap(), []);
    drop(database);
    all_there(&machine, &sets);
}

fn audit_at(at: Timestamp) -> AuditRecord {
    AuditRecord { at, ..audit() }
}

#[test]
fn r_audit_3_who_destroys_records_before_their_year_is_over_is_found() {
    let machine = Machine::new();
    lived(&machine);
    let database = machine.start().unwrap();
    // The checkpoint of two records was signed a moment ago, so what came after it is younger.
    for _ in 0..2 {
        database.record(Event::of(audit_at(Timestamp::now()))).unwrap();
        database.record(Event::of(audit())).unwrap();
    }
    drop(database);
    assert!(verified(&machine, Timestamp::now()).is_ok());
    let all = journal::segments(&machine.journal).unwrap();
    for &first in &all[..all.len() - 1] {
        journal::make_hollow(&machine.journal, first, |_| Ok(Vec::new())).unwrap();
    }
    let finding = verified(&machine, Timestamp::now()).unwrap_err();
    assert_eq!((finding.reason, finding.record), (Reason::DestroyedEarly, Some(2)));
    let in_a_year = Timestamp::now() + jiff::SignedDuration::from_hours(24 * 367);
    let finding = verified(&machine, in_a_year).unwrap_err();
    assert_eq!(
        finding.reason,
        Reason::DestroyedEarly,
        "and then, as the journal does not say that it was due"
    );
}

#[test]
fn r_audit_4_a_power_cut_during_retention_loses_nothing_and_it_is_done_the_next_time() {
    let counted = Machine::new();
    lived(&counted);
    let database = counted.start().unwrap();
    counted.journal.fail(None);
    database.retain(later()).unwrap().unwrap();
    let calls = counted.journal.calls();
    assert!(calls > 15, "{calls} calls");
    for call in 0..calls {
        for seed in 0..6u64 {
            let machine = Machine::new();
            let sets = lived(&machine);
            let database = machine.start().unwrap();
            machine.journal.fail(Some(Fault::PowerCut(call)));
            assert!(database.retain(later()).is_err() || call + 3 > calls, "call {call}");
            drop(database);
            let mut state = seed;
            let mut chance = |below: usize| {
                state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(seed);
                usize::try_from(state >> 40).unwrap() % below
            };
            let after = Machine {
                journal: machine.journal.after_power_cut(&mut chance),
                keys: machine.keys.clone(),
                checkpoints: machine.checkpoints.clone(),
                wrapping: WrappingKey::parse(machine.wrapping.reveal().as_bytes()).unwrap(),
                store: parking_lot::Mutex::default(),
            };
            all_there(&after, &sets);
            after.start().unwrap().retain(later()).unwrap();
            assert!(!names(&after.journal, "Anna"), "call {call}, seed {seed}");
            all_there(&after, &sets);
            verified(&after, later()).unwrap();
        }
    }
}

#[test]
fn a_backup_has_what_is_left_and_what_is_destroyed_leaves_it() {
    let machine = Machine::new();
    let sets = lived(&machine);
    let database = machine.start().unwrap();
    let (identity, recipient) = crate::backup::generate();
    let recipients = crate::backup::Recipients::new(&[recipient.parse().unwrap()]);
    let identities = crate::backup::Identities::parse(identity.as_bytes()).unwrap();
    let backup = Simulated::default();
    let make = || crate::backup::make(&machine.journal, &backup, &recipients, later(), &|_, _| ()).unwrap();
    make();
    database.retain(later()).unwrap().unwrap();
    drop(database);
    assert_eq!(make().written, 3, "the hollow segment, the snapshot, and the segment with the record of it");
    assert_eq!(make().written, 0);
    let into = Simulated::default();
    crate::backup::unpack(&backup, &identities, &into, &|_, _| ()).unwrap();
    assert!(!names(&into, "Anna"));
    let restored = Machine { journal: into, store: parking_lot::Mutex::default(), ..machine };
    all_there(&restored, &sets);
    verified(&restored, later()).unwrap();
}

#[test]
fn a_start_without_the_snapshot_that_it_needs_is_refused() {
    let machine = Machine::new();
    lived(&machine);
    machine.start().unwrap().retain(later()).unwrap().unwrap();
    drop(machine.start().unwrap());
    crate::files::Files::remove(&machine.journal, &snapshot_name(2)).unwrap();
    drop(machine.start().unwrap());
    *machine.store.lock() = Arc::default();
    assert!(matches!(machine.start(), Err(OpenError::SnapshotLost(2))));
}
