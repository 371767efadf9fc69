//! The registers, the start of operations, and keys that are given, followed and taken away (R-OPS-1, R-ACCESS-3).

use serde_json::{Value, json};

use crate::harness::{Installation, Server, whorl_json};
use crate::people::transmission;

fn added(answer: &crate::harness::Answer) -> (String, String) {
    let json = answer.json();
    assert_eq!(answer.status, 201, "{json}");
    (json["id"].as_str().unwrap().to_owned(), json["key"].as_str().unwrap().to_owned())
}

fn put(server: &Server, admin: &str, state: &str, participates: bool, ready: bool) -> Value {
    let body = json!({"participates": participates, "ready": ready});
    server.send_json("PUT", admin, &format!("/v1/registers/member-states/{state}"), &body).json()
}

#[test]
fn r_ops_1_nothing_is_taken_before_every_state_is_ready_and_operations_have_started() {
    let directory = tempfile::tempdir().unwrap();
    let admin = whorl_json(&["init", "--json", "--data", directory.path().to_str().unwrap()]);
    let installation = Installation { admin: admin["key"].as_str().unwrap().to_owned(), directory };
    let server = installation.serve();
    let admin = &installation.admin;
    let today = jiff::Timestamp::now().in_tz("Europe/Brussels").unwrap().date();
    let start = |on: jiff::civil::Date| {
        server.post_json(admin, "/v1/operations/start", &json!({"on": on.to_string()}))
    };
    start(today).problem(409, "start-not-possible");
    let designation = json!({"name": "BFA", "role": "member-state", "member_state": "AT"});
    let designate = |body: &Value| server.post_json(admin, "/v1/registers/authorities", body);
    assert_eq!(designate(&designation).problem(400, "field-invalid").as_deref(), Some("member_state"));
    put(&server, admin, "AT", true, true);
    put(&server, admin, "DE", true, false);
    put(&server, admin, "FR", false, false);
    let (_, at) = added(&designate(&designation));
    let (_, operator) = added(&designate(&json!({"name": "CU", "role": "central-operator"})));
    server.transmit(&at, &transmission("AT", 1, 1, 1, 1)).problem(409, "not-in-operation");
    let refused = start(today);
    refused.problem(409, "start-not-possible");
    assert!(refused.text.contains("[DE]"), "{}", refused.text);
    assert!(put(&server, admin, "DE", true, true)["ready_since"].is_string());
    assert_eq!(start(today.yesterday().unwrap()).problem(400, "field-invalid").as_deref(), Some("on"));
    assert_eq!(start(today).json()["operations_start_on"], today.to_string());
    start(today).problem(409, "start-not-possible");

    assert_eq!(server.transmit(&at, &transmission("AT", 1, 1, 1, 1)).status, 201);
    let mut french = transmission("FR", 1, 1, 1, 1);
    french["on_behalf_of"] = json!("FR");
    server.transmit(&operator, &french).problem(403, "takes-no-part");
    put(&server, admin, "AT", false, true);
    server.transmit(&at, &transmission("AT", 1, 2, 1, 1)).problem(403, "takes-no-part");
    assert_eq!(server.records(&at), ["AT1-1"], "it keeps its data");
    server.get(&at, "/v1/registers/member-states/ZZ").problem(404, "member-state-not-found");
    assert_eq!(
        server.get(&at, "/v1/registers/member-states").json()["member_states"].as_array().unwrap().len(),
        3
    );
}

#[test]
fn r_access_3_keys_are_given_followed_and_taken_away_while_the_server_runs() {
    let installation = Installation::new();
    let commission = installation.central("commission");
    let server = installation.serve();
    let admin = &installation.admin;
    let designate = |body: Value| server.post_json(admin, "/v1/registers/authorities", &body);
    for (body, field) in [
        (json!({"name": " ", "role": "commission"}), "name"),
        (json!({"name": "x", "role": "commission", "member_state": "AT"}), "member_state"),
        (json!({"name": "x", "role": "member-state"}), "member_state"),
        (json!({"name": "x", "role": "commission", "expires_at": "2001-01-01T00:00:00Z"}), "expires_at"),
        (json!({"name": "x", "role": "king"}), "role"),
        (json!({"name": "x", "role": "commission", "certificate_sha256": "00"}), "certificate_sha256"),
    ] {
        assert_eq!(designate(body).problem(400, "field-invalid").as_deref(), Some(field));
    }
    let (id, first) =
        added(&designate(json!({"name": "BFA Wien", "role": "member-state", "member_state": "AT"})));
    let list = server.get(&commission, "/v1/registers/authorities");
    assert!(list.text.contains("BFA Wien") && !list.text.contains(&first[20..]), "published, without keys");
    let rotate =
        |body: Value| server.post_json(admin, &format!("/v1/registers/authorities/{id}/keys"), &body);
    rotate(json!({"overlap_hours": 745})).problem(400, "field-invalid");
    let (_, second) = added(&rotate(json!({"overlap_hours": 1})));
    assert_eq!((server.get(&first, "/v1/eurodac/records").status, server.records(&second).len()), (200, 0));
    let (_, third) = added(&rotate(json!({})));
    for old in [&first, &second] {
        // Forgotten, or known to have ended.
        assert_eq!(server.get(old, "/v1/eurodac/records").status, 401);
    }
    drop(server);
    let server = installation.serve();
    assert_eq!(server.records(&third).len(), 0, "durable");
    for _ in 0..2 {
        assert_eq!(server.delete(admin, &format!("/v1/registers/authorities/{id}")).status, 204);
    }
    server.get(&third, "/v1/eurodac/records").problem(401, "authority-revoked");
    server.delete(admin, "/v1/registers/authorities/nobody").problem(404, "authority-not-found");
    let own = admin.split('_').nth(1).unwrap();
    server.delete(admin, &format!("/v1/registers/authorities/{own}")).problem(409, "last-administrator");
}
