//! What a crash leaves: everything that was answered, and nothing that was not.

use serde_json::json;
use whorl::store::{Batch, SledStore, Store};

use crate::harness::Installation;
use crate::people::transmission;

#[test]
fn r_data_7_what_was_answered_survives_a_kill_and_is_compared_against() {
    let installation = Installation::new();
    let (at, de) = (installation.authority("AT"), installation.authority("DE"));
    let server = installation.serve();
    for person in 0..20 {
        assert_eq!(server.transmit(&at, &transmission("AT", 1, person, u64::from(person), 1)).status, 201);
    }
    let before = server.get(&at, "/v1/eurodac/records?limit=200").json();
    drop(server);

    let server = installation.serve();
    assert_eq!(server.get(&at, "/v1/eurodac/records?limit=200").json(), before);
    let answer = server.transmit(&de, &transmission("DE", 1, 1, 7, 2));
    assert_eq!(answer.compared(), [(1, "AT".into(), 20)]);
    assert_eq!(answer.hits(), ["AT1-7"]);
    let answer = server.transmit(&at, &transmission("AT", 1, 7, 7, 3));
    answer.problem(409, "reference-number-taken");
    assert!(server.stop(), "a signal ends it well");
}

#[test]
fn r_data_3_an_idempotency_key_survives_too_and_gives_the_first_answer_again() {
    let installation = Installation::new();
    let (at, de) = (installation.authority("AT"), installation.authority("DE"));
    let server = installation.serve();
    server.transmit(&at, &transmission("AT", 1, 1, 7, 1));
    let body = transmission("DE", 1, 1, 7, 2);
    let first = server.transmit_again(&de, "key-1", &body);
    assert_eq!(first.status, 201);
    drop(server);

    let server = installation.serve();
    server.transmit(&at, &transmission("AT", 1, 2, 7, 3));
    let again = server.transmit_again(&de, "key-1", &body);
    assert_eq!((again.status, again.json()), (200, first.json()), "not compared with what came since");
    let mut other = body.clone();
    other["sex"] = json!("male");
    server.transmit_again(&de, "key-1", &other).problem(409, "idempotency-key-reused");
    let theirs = server.transmit_again(&at, "key-1", &transmission("AT", 1, 3, 8, 1));
    assert_eq!(theirs.status, 201, "another authority's key is another key");
}

#[test]
fn r_comp_11_a_comparison_that_was_cut_off_is_made_at_the_next_start() {
    let installation = Installation::new();
    let (at, de) = (installation.authority("AT"), installation.authority("DE"));
    let server = installation.serve();
    server.transmit(&at, &transmission("AT", 1, 1, 7, 1));
    let body = transmission("DE", 1, 1, 7, 2);
    let first = server.transmit_again(&de, "key-1", &body);
    assert!(server.stop());
    // As a crash between entry and result leaves it: the entry, and no result.
    let store = SledStore::open(installation.path()).unwrap();
    let id: uuid::Uuid = first.json()["record_id"].as_str().unwrap().parse().unwrap();
    let mut batch = Batch::default();
    batch.remove([b"c/", id.as_bytes().as_slice()].concat());
    store.commit(batch).unwrap();
    drop(store);

    let server = installation.serve();
    let matched = server.get(&at, "/v1/eurodac/records?reference_number=AT1-1").json();
    let disclosures = matched["records"][0]["disclosures"].as_array().unwrap().len();
    assert_eq!(disclosures, 2, "made again before anybody asked, and on record");
    let again = server.transmit_again(&de, "key-1", &body);
    assert_eq!((again.status, again.hits()), (200, vec!["AT1-1".to_owned()]));
}
