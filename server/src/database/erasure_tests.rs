//! What is left of a record that was erased, and who may still be told of it.

use super::tests::{Machine, audit, database, enter, erasure, nobody_found, record, stored, told};
use super::*;
use crate::eurodac::model::Category;
use crate::journal::AuditRecord;

#[test]
fn r_erase_2_what_was_erased_opens_with_no_key_that_exists_and_leaves_no_row() {
    let machine = Machine::new();
    let database = machine.start().unwrap();
    let (kept, gone) = (record("AT", Category::Applicant, 1), record("AT", Category::Applicant, 2));
    enter(&database, &kept, vec![1; 50]);
    enter(&database, &gone, vec![2; 50]);
    database.record(Event::new(audit(), nobody_found(&gone))).unwrap();
    database.record(Event::new(audit(), told(&gone, "DE"))).unwrap();
    let (row, _) = database.row(gone.id).unwrap().unwrap();
    database.record(erasure(&gone)).unwrap();

    assert_eq!((database.find(gone.id).unwrap(), database.result(gone.id).unwrap()), (None, None));
    assert_eq!(stored(&database), ["AT1-001"]);
    let span = row.parts.prints[0];
    let sealed = journal::read(&machine.journal, row.place, span.skip, span.length as usize).unwrap();
    for id in database.keyring.records().collect::<Vec<_>>() {
        let key = database.keyring.get(id).unwrap().unwrap();
        for record in [id, gone.id] {
            assert!(key.open(record, Part::Print(0), VERSION, &sealed).is_err(), "{id}");
        }
    }
    let rows = machine.store.lock().scan(b"", b"", usize::MAX).unwrap();
    let names = |row: &(Vec<u8>, Vec<u8>)| {
        let bytes = [row.0.as_slice(), &row.1].concat();
        bytes.windows(16).any(|window| window == gone.id.as_bytes())
    };
    assert!(!rows.iter().any(names), "no row of the store is about it");
    enter(&database, &record("AT", Category::Applicant, 2), vec![3; 50]);
    assert_eq!(stored(&database), ["AT1-001", "AT1-002"], "its reference number can be used again");
    drop(database);
    *machine.store.lock() = Arc::default();
    let database = machine.start().unwrap();
    assert_eq!(
        (stored(&database).len(), database.find(gone.id).unwrap()),
        (2, None),
        "nor does a rebuild bring it back"
    );
}

#[test]
fn r_erase_3_what_was_erased_meanwhile_is_not_disclosed() {
    let database = database();
    let person = record("AT", Category::Applicant, 1);
    enter(&database, &person, vec![1; 50]);
    database.record(erasure(&person)).unwrap();
    let before = database.audit(0, 100).unwrap().len();
    let disclosing = AuditRecord { disclosed: vec![person.id], ..audit() };
    let outcome = database.record(Event::new(disclosing.clone(), told(&person, "DE")));
    assert!(matches!(outcome, Err(StoreError::Erased(id)) if id == person.id), "{outcome:?}");
    let again = database.record(Event::of(disclosing));
    assert!(matches!(again, Err(StoreError::Erased(_))), "nor told again");
    let late = database.record(Event::new(audit(), nobody_found(&person)));
    assert!(matches!(late, Err(StoreError::Erased(_))), "nor has it a result any more");
    assert_eq!(database.audit(0, 100).unwrap().len(), before, "and nothing of it is on record");
    enter(&database, &record("AT", Category::Applicant, 2), vec![]);
}
