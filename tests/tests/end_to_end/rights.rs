//! Requests of data subjects (Art. 18): the search, what is told to whom, and the answers of States of origin.

use std::collections::HashSet;

use serde_json::{Value, json};

use crate::harness::{Answer, Installation, Server};
use crate::people::{finger, fingerprints, transmission};
use crate::traces::{forms, in_memory, packed};

/// Asks for a person's data.
fn open(server: &Server, key: &str, number: &str, right: &str, person: u64) -> Answer {
    let body = json!({"reference_number": number, "right": right, "fingerprints": fingerprints(person, 9)});
    server.post_json(key, "/v1/eurodac/rights-requests", &body)
}

/// Reference numbers in a list, in order.
fn numbers(value: &Value, field: &str) -> Vec<String> {
    let list = value[field].as_array().unwrap().clone();
    let mut numbers: Vec<_> =
        list.iter().map(|v| v["reference_number"].as_str().unwrap().to_owned()).collect();
    numbers.sort();
    numbers
}

#[test]
fn r_right_1_2_3_a_request_finds_the_persons_data_everywhere_and_its_prints_are_gone() {
    let installation = Installation::new();
    let (at, de, fr) =
        (installation.authority("AT"), installation.authority("DE"), installation.authority("FR"));
    let server = installation.serve();
    let id = server.transmit(&at, &transmission("AT", 1, 1, 5, 1)).json()["record_id"]
        .as_str()
        .unwrap()
        .to_owned();
    server.transmit(&de, &transmission("DE", 2, 1, 5, 2));
    server.transmit(&de, &transmission("DE", 1, 2, 6, 1));
    let open = |key: &str, number: &str, right: &str, person| open(&server, key, number, right, person);
    assert_eq!(
        open(&fr, "FR1-1", "access", 5).problem(422, "reference-number-invalid").as_deref(),
        Some("reference_number")
    );
    let nobody = open(&fr, "FR9-0", "access", 99).json();
    assert_eq!((&nobody["sets"], &nobody["records"]), (&json!([]), &json!([])));
    let opened = open(&fr, "FR9-1", "erasure", 5);
    open(&fr, "FR9-1", "erasure", 5).problem(409, "reference-number-taken");
    let opened = opened.json();
    assert_eq!(numbers(&opened, "sets"), ["AT1-1", "DE2-1"]);
    assert_eq!(numbers(&opened, "records"), ["AT1-1", "DE2-1"]);
    assert!(opened["records"][0]["fingerprints"][0]["data"].is_string() && opened["late"] == false);
    let disclosed = server.get(&at, &format!("/v1/eurodac/records/{id}")).json();
    assert_eq!(disclosed["disclosures"][0]["recipient"], "FR", "R-HIT-3, R-RIGHT-3");
    let prints: HashSet<_> = [2u8, 7]
        .iter()
        .flat_map(|&p| forms(&finger(5, p, 9), p).into_iter().flatten().chain(packed(&finger(5, p, 9))))
        .collect();
    assert_eq!(in_memory(server.process(), &prints), [""; 0], "R-RIGHT-2");
}

#[test]
fn r_right_3_4_5_states_of_origin_see_their_own_sets_and_answer_in_writing() {
    let installation = Installation::new();
    let (at, de, fr) =
        (installation.authority("AT"), installation.authority("DE"), installation.authority("FR"));
    let (national, other) = (installation.national_supervisor("DE"), installation.national_supervisor("IT"));
    let server = installation.serve();
    let id = server.transmit(&at, &transmission("AT", 1, 1, 5, 1)).json()["record_id"]
        .as_str()
        .unwrap()
        .to_owned();
    server.transmit(&de, &transmission("DE", 2, 1, 5, 2));
    let opened = open(&server, &fr, "FR9-1", "erasure", 5).json();
    let list = |key: &str| {
        server.get(key, "/v1/eurodac/rights-requests").json()["requests"].as_array().unwrap().clone()
    };
    assert_eq!(
        (list(&fr).len(), list(&at).len(), list(&de).len(), list(&national).len(), list(&other).len()),
        (1, 1, 1, 1, 0)
    );
    assert_eq!(numbers(&list(&de)[0], "sets"), ["DE2-1"], "a State of origin sees its own");
    let path = format!("/v1/eurodac/rights-requests/{}/answer", opened["request_id"].as_str().unwrap());
    let answer = |key: &str, body: Value| server.post_json(key, &path, &body);
    for (body, field) in [
        (json!({"outcome": "done", "told_in_writing": false}), "told_in_writing"),
        (json!({"outcome": "refused", "told_in_writing": true}), "reasons"),
        (json!({"outcome": "refused", "told_in_writing": true, "reasons": ["data-accurate"]}), "appeals"),
        (json!({"outcome": "done", "told_in_writing": true, "reasons": ["data-accurate"]}), "reasons"),
    ] {
        assert_eq!(answer(&at, body).problem(400, "field-invalid").as_deref(), Some(field));
    }
    let done = json!({"outcome": "done", "told_in_writing": true});
    answer(&fr, done.clone()).problem(403, "nothing-to-answer");
    assert_eq!(server.erase(&at, &id, "unlawfully-recorded").status, 204);
    assert_eq!(answer(&at, done).status, 200, "also when the data are gone");
    let refusal = json!({
        "outcome": "refused", "told_in_writing": true, "reasons": ["lawfully-recorded"],
        "appeals": ["court", "national-supervisor"],
    });
    assert_eq!(answer(&de, refusal.clone()).status, 200);
    drop(server);
    fs_err::remove_dir_all(installation.path().join("store")).unwrap();
    let server = installation.serve();
    let request = server.get(&fr, "/v1/eurodac/rights-requests").json()["requests"][0].clone();
    let sets = request["sets"].as_array().unwrap();
    let of = |state: &str| sets.iter().find(|set| set["member_state"] == state).unwrap()["answer"].clone();
    assert_eq!(
        (&of("AT")["outcome"], &of("DE")["appeals"]),
        (&json!("done"), &refusal["appeals"]),
        "R-RIGHT-4"
    );
}
