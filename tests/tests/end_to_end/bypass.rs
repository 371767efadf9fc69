//! Ways around the law that somebody would try, each of which leads nowhere.

use std::sync::atomic::{AtomicBool, Ordering};

use serde_json::json;

use crate::harness::{Installation, bearer};
use crate::people::transmission;

#[test]
fn r_comp_4_r_data_1_a_check_cannot_ask_for_the_states_own_data() {
    let installation = Installation::new();
    let at = installation.authority("AT");
    let server = installation.serve();
    server.transmit(&at, &transmission("AT", 1, 1, 5, 1));
    let mut check = transmission("AT", 3, 1, 5, 2);
    check["compare_own"] = json!(true);
    assert_eq!(server.transmit(&at, &check).problem(400, "field-unknown").as_deref(), Some("compare_own"));
}

#[test]
fn r_access_1_r_hit_1_only_an_operator_acts_on_behalf_and_the_state_gets_the_result() {
    let installation = Installation::new();
    let (at, de) = (installation.authority("AT"), installation.authority("DE"));
    let operator = installation.central("central-operator");
    let server = installation.serve();
    server.transmit(&de, &transmission("DE", 1, 1, 5, 1));
    let mut body = transmission("AT", 1, 1, 5, 2);
    body["on_behalf_of"] = json!("AT");
    for key in [&at, &de] {
        assert_eq!(
            server.transmit(key, &body).problem(403, "role-not-allowed").as_deref(),
            Some("on_behalf_of")
        );
    }
    let missing = server.transmit(&operator, &transmission("AT", 1, 1, 5, 2));
    assert_eq!(missing.problem(400, "member-state-missing").as_deref(), Some("on_behalf_of"));
    let entered = server.transmit(&operator, &body);
    assert_eq!(
        (entered.status, entered.json()["comparison"].clone()),
        (201, json!({"performed": true})),
        "no hit, no count"
    );
    let id = entered.json()["record_id"].as_str().unwrap().to_owned();
    server.get(&operator, &format!("/v1/eurodac/records/{id}")).problem(403, "role-not-allowed");
    let hits = server.get(&at, "/v1/eurodac/hits").json();
    assert_eq!(
        (hits["hits"][0]["reference_number"].as_str(), hits["hits"].as_array().unwrap().len()),
        (Some("AT1-1"), 1)
    );
    let path = format!("/v1/eurodac/records/{id}?on_behalf_of=DE&ground=unlawfully-recorded");
    server.delete(&operator, &path).problem(404, "record-not-found");
    assert_eq!(server.delete(&operator, &path.replace("DE", "AT")).status, 204, "Art. 15(3)");
}

#[test]
fn r_data_3_an_idempotency_key_is_its_authoritys_and_stands_for_one_path_and_body() {
    let installation = Installation::new();
    let (at, other, de) =
        (installation.authority("AT"), installation.authority("AT"), installation.authority("DE"));
    let server = installation.serve();
    let body = transmission("AT", 1, 1, 5, 1);
    let first = server.transmit_again(&at, "k", &body).json();
    let changed = transmission("AT", 1, 2, 5, 1);
    server.transmit_again(&at, "k", &changed).problem(409, "idempotency-key-reused");
    let replayed = server.transmit_again(&other, "k", &body);
    replayed.problem(409, "reference-number-taken");
    assert!(!replayed.text.contains(first["record_id"].as_str().unwrap()), "it names no data");
    server.transmit_again(&de, "k", &body).problem(422, "reference-number-invalid");
    let authorization = bearer(&at);
    for key in ["", "with space", &"x".repeat(129), "\u{e9}"] {
        let headers =
            [("Authorization", authorization.as_str()), ("Whorl-Person", "p"), ("Idempotency-Key", key)];
        server
            .transmit_with(&headers, changed.to_string().as_bytes())
            .problem(400, "idempotency-key-invalid");
    }
    let notice =
        json!({"concern": "factually-inaccurate", "member_state": "DE", "reference_number": "DE1-1"});
    let headers =
        [("Authorization", authorization.as_str()), ("Whorl-Person", "p"), ("Idempotency-Key", "k")];
    server
        .post("/v1/eurodac/notices", &headers, notice.to_string().as_bytes())
        .problem(409, "idempotency-key-reused");
    let headers =
        [("Authorization", authorization.as_str()), ("Whorl-Person", "p"), ("Idempotency-Key", "n")];
    let given: Vec<_> = (0..2)
        .map(|_| server.post("/v1/eurodac/notices", &headers, notice.to_string().as_bytes()).json())
        .collect();
    assert_eq!(given[0], given[1], "one notice");
}

#[test]
fn r_data_3_of_two_transmissions_that_race_for_a_reference_number_one_is_entered() {
    let installation = Installation::new();
    let at = installation.authority("AT");
    let server = installation.serve();
    for number in 0..10 {
        let statuses: Vec<_> = std::thread::scope(|scope| {
            let send = |person| {
                let (server, at) = (&server, &at);
                scope.spawn(move || server.transmit(at, &transmission("AT", 1, number, person, 1)).status)
            };
            let running: Vec<_> = (0..4).map(send).collect();
            running.into_iter().map(|thread| thread.join().unwrap()).collect()
        });
        let of = |wanted| statuses.iter().filter(|status| **status == wanted).count();
        assert_eq!((of(201), of(409)), (1, 3), "{statuses:?}");
    }
}

#[test]
fn r_erase_3_what_is_erased_while_it_is_searched_for_is_not_told_afterwards() {
    let installation = Installation::new();
    let (at, de) = (installation.authority("AT"), installation.authority("DE"));
    let server = installation.serve();
    for round in 0..15 {
        let entered = server.transmit(&at, &transmission("AT", 1, round, 5, 1)).json();
        let id = entered["record_id"].as_str().unwrap();
        let erased = AtomicBool::new(false);
        std::thread::scope(|scope| {
            for client in 0..3 {
                let (server, de, erased) = (&server, &de, &erased);
                scope.spawn(move || {
                    for number in 0..3 {
                        let gone = erased.load(Ordering::SeqCst);
                        let number = round * 100 + client * 10 + number;
                        let check = server.transmit(de, &transmission("DE", 3, number, 5, 2));
                        assert!(
                            !gone || check.hits().is_empty(),
                            "it began after the erasure was acknowledged"
                        );
                    }
                });
            }
            assert_eq!(server.erase(&at, id, "unlawfully-recorded").status, 204);
            erased.store(true, Ordering::SeqCst);
        });
    }
}

#[test]
fn r_access_5_no_other_spelling_of_a_path_and_no_overridden_method_is_an_operation() {
    let installation = Installation::new();
    let (at, supervisor) = (installation.authority("AT"), installation.supervisor());
    let server = installation.serve();
    let id = server.transmit(&at, &transmission("AT", 1, 1, 5, 1)).json()["record_id"]
        .as_str()
        .unwrap()
        .to_owned();
    for path in [
        "//v1/eurodac/records".to_owned(),
        "/v1//eurodac/records".into(),
        "/v1/eurodac/records/".into(),
        "/v1/eurodac%2frecords".into(),
        "/v1/eurodac/records%2F".to_owned() + &id,
        "/v1/eurodac/./records".into(),
        "/V1/EURODAC/RECORDS".into(),
        format!("/v1/eurodac/records/{id}/"),
        format!("/v1/eurodac/records/{id};x=1/blocking"),
    ] {
        let answer = server.get(&at, &path);
        assert!([404, 405].contains(&answer.status), "{path}: {} {}", answer.status, answer.text);
        assert!(!answer.text.contains("AT1-1"), "{path}");
    }
    let record = format!("/v1/eurodac/records/{id}");
    server.get(&at, &format!("/v1/eurodac/records/%2e%2e%2f{id}")).problem(404, "record-not-found");
    let authorization = bearer(&at);
    for header in ["X-HTTP-Method-Override", "X-HTTP-Method", "X-Method-Override"] {
        let headers = [("Authorization", authorization.as_str()), ("Whorl-Person", "p"), (header, "DELETE")];
        let asked = format!("{record}?ground=unlawfully-recorded");
        server.request("GET", &asked, &headers, None).problem(400, "query-invalid");
        server.request("POST", &asked, &headers, Some(b"{}")).problem(405, "method-not-allowed");
    }
    assert_eq!(server.records(&at), ["AT1-1"]);

    let (blocking, verification) = (format!("{record}/blocking"), "/v1/eurodac/hits/x/verification");
    for (method, path) in [
        ("POST", "/v1/eurodac/transmissions"),
        ("DELETE", &format!("{record}?ground=unlawfully-recorded")),
        ("PATCH", &record),
        ("PUT", &blocking),
        ("POST", verification),
        ("POST", "/v1/registers/authorities"),
        ("PUT", "/v1/registers/member-states/AT"),
    ] {
        let answer = server.send_json(method, &supervisor, path, &json!({}));
        answer.problem(403, "role-not-allowed");
    }
    let seen = server.get(&supervisor, &format!("{record}?member_state=AT"));
    assert_eq!(seen.json()["reference_number"], "AT1-1", "the joint supervisor reads");
    server.get(&supervisor, &format!("{record}?member_state=DE")).problem(404, "record-not-found");
}
