//! What a transmission leaves in the audit: read from the journal, once the server has stopped.

use whorl::eurodac::operation::Operation;
use whorl::journal::AuditRecord;

use crate::harness::Installation;
use crate::people::transmission;

fn audit(installation: &Installation) -> Vec<AuditRecord> {
    let records = installation.database().audit(0, 1000).unwrap();
    assert!(
        records.iter().enumerate().all(|(index, (number, _))| index as u64 == *number),
        "numbered without gaps"
    );
    records
        .into_iter()
        .map(|(_, record)| record)
        .filter(|r| ![Operation::Administration, Operation::Started].contains(&r.operation))
        .collect()
}

fn compared(record: &AuditRecord) -> Vec<(u8, String, u32)> {
    record.compared.iter().map(|c| (c.category.number(), c.member_state.to_string(), c.sets)).collect()
}

#[test]
fn r_audit_1_r_comp_10_r_data_2_r_hit_3_each_transmission_is_on_record_with_what_it_touched() {
    let installation = Installation::new();
    let (at, de) = (installation.authority("AT"), installation.authority("DE"));
    let server = installation.serve();
    server.transmit(&at, &transmission("AT", 1, 1, 1, 1));
    server.transmit(&at, &transmission("AT", 2, 2, 1, 1));
    let hit = server.transmit_again(&de, "k", &transmission("DE", 1, 3, 1, 2));
    assert_eq!(hit.hits().len(), 2);
    server.transmit_again(&de, "k", &transmission("DE", 1, 3, 1, 2));
    server.transmit(&de, &transmission("DE", 3, 4, 1, 3));
    assert!(server.stop());

    let records = audit(&installation);
    let told: Vec<_> = records
        .iter()
        .map(|r| (r.operation, r.reference_number.as_ref().unwrap().as_str().to_owned()))
        .collect();
    let expected = [
        (Operation::Entry, "AT1-1"),
        (Operation::Comparison, "AT1-1"),
        (Operation::Entry, "AT2-2"),
        (Operation::Entry, "DE1-3"),
        (Operation::Comparison, "DE1-3"),
        (Operation::Repetition, "DE1-3"),
        (Operation::Comparison, "DE3-4"),
    ];
    assert_eq!(told, expected.map(|(operation, number)| (operation, number.to_owned())));
    assert!(
        records.iter().all(|r| r.attested && r.actor.person == "tester" && r.actor.authority.is_some()),
        "R-DATA-2"
    );
    assert_eq!(compared(&records[4]), [(1, "AT".into(), 1), (2, "AT".into(), 1)], "R-COMP-10");
    assert_eq!(compared(&records[6]), [(1, "AT".into(), 1)], "R-COMP-10, R-COMP-4");
    assert_eq!(
        (records[4].disclosed.len(), records[5].disclosed.len(), records[6].disclosed.len()),
        (2, 2, 1)
    );

    // R-HIT-3: on the matched records, durably: to DE at the first telling, and at the check; not at the repetition.
    let database = installation.database();
    let matched = database.find(records[6].disclosed[0]).unwrap().unwrap();
    let recipients: Vec<_> = matched.disclosures.iter().map(|d| d.recipient.to_string()).collect();
    assert_eq!(
        (matched.reference_number.as_str(), recipients),
        ("AT1-1", vec!["DE".to_owned(), "DE".to_owned()])
    );
}
