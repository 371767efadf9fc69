//! Who may: keys, roles, States.

use crate::harness::{Installation, bearer};
use crate::people::transmission;

#[test]
fn without_the_right_key_and_a_person_nothing_is_done() {
    let installation = Installation::new();
    let at = installation.authority("AT");
    let server = installation.serve();
    let body = transmission("AT", 1, 1, 1, 1).to_string();
    let send = |headers: &[(&str, &str)]| server.transmit_with(headers, body.as_bytes());
    let good = bearer(&at);
    let mut wrong = at.clone();
    let last = wrong.pop().unwrap();
    wrong.push(if last == '0' { '1' } else { '0' });

    send(&[("Whorl-Person", "p")]).problem(401, "authentication-required");
    for bad in [bearer(&wrong), bearer("whorl_nobody_0"), "Basic eDp5".into(), "Bearer".into(), bearer("")] {
        send(&[("Whorl-Person", "p"), ("Authorization", &bad)]).problem(401, "authentication-failed");
    }
    send(&[("Authorization", &good)]).problem(400, "person-missing");
    send(&[("Authorization", &good), ("Whorl-Person", " ")]).problem(400, "person-missing");
    send(&[("Authorization", &good), ("Whorl-Person", &"x".repeat(129))]).problem(400, "person-missing");
    let admin = bearer(&installation.admin);
    send(&[("Authorization", &admin), ("Whorl-Person", "p")]).problem(403, "role-not-allowed");
    server.get(&installation.admin, "/v1/eurodac/records").problem(403, "role-not-allowed");
    assert_eq!(server.records(&at), [""; 0]);
    assert_eq!(send(&[("Authorization", &good), ("Whorl-Person", "Jörg Müller")]).status, 201);
}

#[test]
fn r_access_1_a_state_sees_its_own_records_whole() {
    let installation = Installation::new();
    let at = installation.authority("AT");
    let server = installation.serve();
    let body = transmission("AT", 1, 1, 1, 1);
    let entered = server.transmit(&at, &body).json();
    let path = format!("/v1/eurodac/records/{}", entered["record_id"].as_str().unwrap());
    let record = server.get(&at, &path).json();
    for field in ["category", "reference_number", "sex", "fingerprints_taken_on", "application"] {
        assert_eq!(record[field], body[field], "{field}");
    }
    assert_eq!(record["entered_at"], entered["entered_at"]);
    assert_eq!(record["fingerprints"][0]["data"], body["fingerprints"][0]["data"]);
    assert!(record.get("attestations").is_none(), "R-DATA-2: never stored in the record");
    let list = server.get(&at, "/v1/eurodac/records").json();
    assert!(list["records"][0]["fingerprints"][0].get("data").is_none(), "a list has no prints");
}

#[test]
fn r_access_2_anothers_record_is_an_unknown_record_to_the_byte() {
    let installation = Installation::new();
    let (at, de) = (installation.authority("AT"), installation.authority("DE"));
    let server = installation.serve();
    let entered = server.transmit(&at, &transmission("AT", 1, 1, 1, 1)).json();
    let theirs = entered["record_id"].as_str().unwrap();
    let unknown = server.get(&de, "/v1/eurodac/records/01234567-89ab-4cde-8f01-23456789abcd");
    unknown.problem(404, "record-not-found");
    assert_eq!(server.get(&de, &format!("/v1/eurodac/records/{theirs}")), unknown);
    assert_eq!(server.get(&de, "/v1/eurodac/records/not-an-id"), unknown);
    let list = |key: &str, query: &str| server.get(key, &format!("/v1/eurodac/records?{query}"));
    assert_eq!(list(&de, "reference_number=AT1-1"), list(&de, "reference_number=AT1-2"));
    assert_eq!(list(&at, "reference_number=AT1-1").json()["records"].as_array().unwrap().len(), 1);
    // A reference number of another State is refused for its form, whether or not it is in use.
    let taken = server.transmit(&de, &transmission("AT", 1, 1, 2, 1));
    let free = server.transmit(&de, &transmission("AT", 1, 999, 2, 1));
    taken.problem(422, "reference-number-invalid");
    assert_eq!(taken.text, free.text);
}
