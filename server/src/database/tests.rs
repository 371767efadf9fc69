//! The database over the model store.
#![expect(clippy::cast_possible_truncation, reason = "small numbers in tests")]

use jiff::civil::date;

use super::*;
use crate::eurodac::model::{ReferenceNumber, Sex};
use crate::journal::{Actor, Operation};
use crate::store::MemoryStore;

fn audit() -> AuditRecord {
    AuditRecord {
        at: jiff::Timestamp::UNIX_EPOCH,
        operation: Operation::Entry,
        actor: Actor { authority: None, person: "p".into() },
        member_state: None,
        category: None,
        reference_number: None,
        attested: true,
        compared: Vec::new(),
        disclosed: Vec::new(),
    }
}

fn record(state: &str, category: Category, number: u32) -> Record {
    let state: MemberState = state.parse().unwrap();
    let reference = format!("{state}{}-{number:03}", category.number());
    let position = 2u8.try_into().unwrap();
    let finger = FingerprintData {
        position,
        media_type: "image/png".into(),
        resolution_ppi: Some(500),
        minutiae: 30,
        area_mm2: 90,
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

fn enter(database: &Database, record: &Record, print: Vec<u8>) {
    let prints = [Print { position: record.fingerprints[0].position, data: print }];
    let event = Event::Entered { audit: audit(), record, templates: &[], prints: &prints, idempotency: None };
    database.record(event).unwrap();
}

fn database() -> Database {
    Database::new(Box::new(MemoryStore::default())).unwrap()
}

#[test]
fn a_print_of_many_parts_comes_back_whole() {
    let database = database();
    for length in [0, 1, PART_BYTES - 1, PART_BYTES, PART_BYTES * 3 + 5] {
        let entered = record("AT", Category::Applicant, length as u32);
        let print: Vec<u8> = (0..length).map(|i| (i % 251) as u8).collect();
        enter(&database, &entered, print.clone());
        assert_eq!(database.prints(&entered).unwrap(), [print]);
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
        let disclosure = Disclosure { recipient: state.parse().unwrap(), at: jiff::Timestamp::UNIX_EPOCH };
        let disclosures = [(stored.id, disclosure)];
        database
            .record(Event::Concluded { audit: audit(), result: None, disclosures: &disclosures })
            .unwrap();
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
