//! A journal of yesterday beside the keyring of today.

use super::restoring::{Reconciled, Reconciling, reconcile};
use super::tests::{Machine, audit, enter, erasure, record, stored};
use super::*;
use crate::eurodac::model::Category::Applicant;
use crate::eurodac::operation::Operation;
use crate::files::Files;
use crate::files::simulated::{Fault, Simulated};
use crate::journal::AuditRecord;

/// A unit with three sets, a journal of then, and a keyring of now: one of them is erased, and two more have come.
struct Case {
    machine: Machine,
    yesterday: Simulated,
    erased: Record,
    later: Record,
}

fn case() -> Case {
    let machine = Machine::new();
    let database = machine.start().unwrap();
    for number in 0..3 {
        enter(&database, &record("AT", Applicant, number), vec![9; 100]);
    }
    let yesterday = machine.journal.after_power_cut(&mut |_| 0);
    let erased = database.find_by_reference("AT".parse().unwrap(), Applicant, "AT1-001").unwrap().unwrap();
    database.record(erasure(&erased)).unwrap();
    let later = record("AT", Applicant, 1);
    enter(&database, &later, vec![8; 100]);
    enter(&database, &record("AT", Applicant, 7), vec![7; 100]);
    drop(database);
    Case { machine, yesterday, erased, later }
}

impl Case {
    /// The machine with yesterday's journal, and what came of it.
    fn reconcile(&mut self, what: &Reconciling<'_>) -> Result<Reconciled, OpenError> {
        self.machine.journal = self.yesterday.clone();
        let machine = &self.machine;
        *machine.store.lock() = Arc::default();
        let (journal, keys): (Arc<dyn Files>, _) =
            (Arc::new(machine.journal.clone()), Arc::new(machine.keys.clone()));
        reconcile(&journal, keys, machine, &machine.wrapping, what)
    }
}

const COUNTED: Reconciled = Reconciled { kept: 2, forgotten: 1, keys_destroyed: 2 };

#[test]
fn r_erase_2_r_ops_2_what_was_erased_after_the_backup_does_not_come_back() {
    let mut case = case();
    let restoration = AuditRecord { operation: Operation::Restoration, ..audit() };
    assert_eq!(case.reconcile(&Reconciling::Count).unwrap(), COUNTED);
    assert_eq!(case.reconcile(&Reconciling::Do(&restoration)).unwrap(), COUNTED);
    let database = case.machine.start().unwrap();
    assert_eq!(stored(&database), ["AT1-000", "AT1-002"]);
    assert_eq!(database.find(case.erased.id).unwrap(), None);
    assert_eq!(database.find(case.later.id).unwrap(), None, "it came later, and is lost");
    let there = |id| database.find(id).unwrap().is_some();
    assert!(database.keyring.records().all(there), "no key but of what is there");
    let told = database.audit(3, 100).unwrap();
    let told: Vec<_> = told.into_iter().map(|(_, audit)| audit).collect();
    assert!(told.iter().all(|audit| audit.operation == Operation::Restoration));
    let references: Vec<_> =
        told.iter().map(|a| a.reference_number.as_ref().map(|number| number.as_str().to_owned())).collect();
    assert_eq!(references, [None, Some("AT1-001".into())]);
    enter(&database, &record("AT", Applicant, 1), vec![1; 10]);
    assert_eq!(stored(&database), ["AT1-000", "AT1-001", "AT1-002"], "its reference number is free");
    drop(database);
    *case.machine.store.lock() = Arc::default();
    assert_eq!(stored(&case.machine.start().unwrap()).len(), 3, "nor does a rebuild bring it back");
}

#[test]
fn r_erase_2_r_ops_2_cut_off_at_any_call_it_is_done_by_doing_it_again() {
    let restoration = AuditRecord { operation: Operation::Restoration, ..audit() };
    let mut counted = case();
    counted.machine.keys.fail(None);
    counted.yesterday.fail(None);
    counted.reconcile(&Reconciling::Do(&restoration)).unwrap();
    let (in_journal, in_keys) = (counted.yesterday.calls(), counted.machine.keys.calls());
    assert!(in_journal >= 4 && in_keys >= 5, "{in_journal} and {in_keys} calls");
    let cases = (0..in_journal).map(|at| (true, at)).chain((0..in_keys).map(|at| (false, at)));
    for (journal, at) in cases {
        for fault in [Fault::PowerCut(at), Fault::Once(at), Fault::Full(at)] {
            let mut case = case();
            let pristine = case.yesterday.after_power_cut(&mut |_| 0);
            let disk = if journal { &case.yesterday } else { &case.machine.keys };
            disk.fail(Some(fault));
            drop(case.reconcile(&Reconciling::Do(&restoration)));
            // The half-made journal is thrown away; the keyring is what it is.
            let mut case = Case {
                machine: Machine {
                    keys: case.machine.keys.after_power_cut(&mut |_| 0),
                    journal: Simulated::default(),
                    checkpoints: case.machine.checkpoints,
                    wrapping: case.machine.wrapping,
                    store: parking_lot::Mutex::default(),
                },
                yesterday: pristine,
                ..case
            };
            let Reconciled { kept, forgotten, .. } = case.reconcile(&Reconciling::Do(&restoration)).unwrap();
            assert_eq!((kept, forgotten), (2, 1), "{fault:?}");
            assert_eq!(stored(&case.machine.start().unwrap()), ["AT1-000", "AT1-002"]);
        }
    }
}

#[test]
fn r_ops_2_the_keyring_of_another_unit_is_refused_and_keeps_its_keys() {
    let mut case = case();
    let other = self::case();
    case.machine.keys = other.machine.keys.clone();
    case.machine.wrapping = other.machine.wrapping;
    let restoration = audit();
    for what in [Reconciling::Count, Reconciling::Do(&restoration)] {
        let before = case.machine.keys.contents();
        let error = case.reconcile(&what).unwrap_err();
        assert!(matches!(error, OpenError::OtherKeyring { records: 3, keys: 4 }), "{error}");
        assert_eq!(case.machine.keys.contents(), before);
    }
}

#[test]
fn r_erase_2_r_data_7_a_key_that_is_lost_is_told_at_every_start_and_not_taken_for_an_erasure() {
    let Case { mut machine, yesterday, .. } = case();
    let today = machine.journal.clone();
    machine.journal = yesterday;
    *machine.store.lock() = Arc::default();
    for _ in 0..2 {
        let error = machine.start().err().unwrap();
        assert!(matches!(error, OpenError::KeysLost(1)), "{error}");
    }
    machine.journal = today;
    *machine.store.lock() = Arc::default();
    assert_eq!(
        stored(&machine.start().unwrap()),
        ["AT1-000", "AT1-001", "AT1-002", "AT1-007"],
        "no key was harmed"
    );
    // A slot that decayed: somebody has to know, and the key beside it is not to be taken for it.
    let slot = machine.keys.list().unwrap();
    machine.keys.tamper(&slot[0], |bytes| bytes[4096 + 60] ^= 1);
    let error = machine.start().err().unwrap();
    assert!(matches!(error, OpenError::KeysLost(1)), "{error}");
}
