//! Monitoring procedures over HTTP (R-AUDIT-5): who may begin and close them, what is refused, and what is recorded.

use serde_json::json;
use whorl::eurodac::operation::Operation;
use whorl::journal::{AuditRecord, Outcome};

use crate::harness::{Installation, Server, bearer};

fn send(server: &Server, key: &str, body: &str) -> crate::harness::Answer {
    let authorization = bearer(key);
    let headers = [("Authorization", authorization.as_str()), ("Whorl-Person", "p")];
    server.post("/v1/audit/procedures", &headers, body.as_bytes())
}

#[test]
fn r_audit_5_the_joint_supervisor_begins_and_closes_procedures_and_it_is_recorded() {
    let installation = Installation::new();
    let (state, supervisor) = (installation.authority("AT"), installation.supervisor());
    let server = installation.serve();
    let good = json!({
        "reason": "complaint 7", "from": "2026-01-01T00:00:00Z", "until": "2026-02-01T00:00:00Z", "member_state": "AT",
    });
    for key in [&state, &installation.admin] {
        send(&server, key, &good.to_string()).problem(403, "role-not-allowed");
        server.get(key, "/v1/audit/procedures").problem(403, "role-not-allowed");
        server.delete(key, "/v1/audit/procedures/x").problem(403, "role-not-allowed");
    }
    for (field, value, code) in [
        ("reason", json!(" "), "field-invalid"),
        ("reason", json!("x".repeat(501)), "field-invalid"),
        ("until", json!("2026-01-01T00:00:00Z"), "field-invalid"),
        ("member_state", json!("Austria"), "field-invalid"),
        ("name", json!("x"), "field-unknown"),
    ] {
        let mut bad = good.clone();
        bad[field] = value;
        assert_eq!(send(&server, &supervisor, &bad.to_string()).problem(400, code).as_deref(), Some(field));
    }
    assert_eq!(
        server.get(&supervisor, "/v1/audit/procedures").json()["procedures"],
        json!([]),
        "nothing was changed"
    );
    let begun = send(&server, &supervisor, &good.to_string());
    assert_eq!(begun.status, 201);
    let procedure = begun.json();
    let path = format!("/v1/audit/procedures/{}", procedure["id"].as_str().unwrap());
    assert_eq!(server.get(&supervisor, "/v1/audit/procedures").json()["procedures"], json!([procedure]));
    assert!(server.stop());

    let server = installation.serve();
    assert_eq!(
        server.get(&supervisor, "/v1/audit/procedures").json()["procedures"],
        json!([procedure]),
        "durable"
    );
    for _ in 0..2 {
        assert_eq!(server.delete(&supervisor, &path).status, 204, "again is no mistake");
    }
    let list = server.get(&supervisor, "/v1/audit/procedures").json();
    assert!(list["procedures"][0]["closed_at"].is_string());
    server.delete(&supervisor, "/v1/audit/procedures/unknown").problem(404, "procedure-not-found");
    assert!(server.stop());
    let audit = installation.database().audit(0, 100).unwrap();
    let done = |audit: &AuditRecord| audit.outcome == Outcome::Done;
    let of = |wanted| audit.iter().filter(|(_, audit)| audit.operation == wanted && done(audit)).count();
    let closed = of(Operation::ProcedureClosed);
    assert_eq!((of(Operation::ProcedureOpened), closed), (1, 2), "each that was asked for, R-AUDIT-1");
    let (_, opened) =
        audit.iter().find(|(_, audit)| audit.operation == Operation::ProcedureOpened && done(audit)).unwrap();
    assert_eq!((opened.actor.person.as_str(), opened.member_state), ("p", Some("AT".parse().unwrap())));
}
