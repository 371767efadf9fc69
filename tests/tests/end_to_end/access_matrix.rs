//! Every operation x every role x own or another State x no, wrong, expired or revoked key. An operation that is not in the table
//! fails the test, and so does a refusal that is not on record.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use serde_json::Value;
use whorl::http::DECLARED;
use whorl::journal::Outcome;

use crate::harness::{Answer, Installation, Server, bearer, whorl};
use crate::people::transmission;

const UNKNOWN: &str = "00000000-0000-4000-8000-000000000001";

/// Section 1 of the rules: who may ask for what. m: member-state, o: central-operator, a: central-admin, n: national-supervisor,
/// j: joint-supervisor, c: commission.
const TABLE: [(&str, &str, &str); 34] = [
    ("POST", "/v1/eurodac/transmissions", "mo"),
    ("GET", "/v1/eurodac/records", "mj"),
    ("GET", "/v1/eurodac/records/{id}", "mj"),
    ("PATCH", "/v1/eurodac/records/{id}", "mo"),
    ("DELETE", "/v1/eurodac/records/{id}", "mo"),
    ("PUT", "/v1/eurodac/records/{id}/blocking", "mo"),
    ("GET", "/v1/eurodac/hits", "mj"),
    ("GET", "/v1/eurodac/hits/{id}", "mj"),
    ("POST", "/v1/eurodac/hits/{id}/verification", "m"),
    ("POST", "/v1/eurodac/notices", "moa"),
    ("GET", "/v1/eurodac/notices", "mj"),
    ("POST", "/v1/eurodac/notices/{id}/answer", "m"),
    ("POST", "/v1/eurodac/rights-requests", "m"),
    ("GET", "/v1/eurodac/rights-requests", "mjn"),
    ("POST", "/v1/eurodac/rights-requests/{id}/answer", "m"),
    ("GET", "/v1/registers/member-states", "moanjc"),
    ("GET", "/v1/registers/member-states/{code}", "moanjc"),
    ("PUT", "/v1/registers/member-states/{code}", "a"),
    ("GET", "/v1/registers/authorities", "ajc"),
    ("POST", "/v1/registers/authorities", "a"),
    ("DELETE", "/v1/registers/authorities/{id}", "a"),
    ("POST", "/v1/registers/authorities/{id}/keys", "a"),
    ("POST", "/v1/operations/start", "a"),
    ("POST", "/v1/operations/article-12-decision", "a"),
    ("GET", "/v1/audit/records", "nj"),
    ("GET", "/v1/audit/checkpoints", "moanjc"),
    ("POST", "/v1/audit/checkpoints", "a"),
    ("GET", "/v1/audit/procedures", "j"),
    ("POST", "/v1/audit/procedures", "j"),
    ("DELETE", "/v1/audit/procedures/{id}", "j"),
    ("GET", "/v1/statistics", "oajc"),
    ("GET", "/v1/reports/annual/{year}", "oajc"),
    ("POST", "/v1/imports", "mo"),
    ("GET", "/v1/jobs/{id}", "mo"),
];

struct Who {
    letter: char,
    key: String,
}

fn everybody(installation: &Installation) -> Vec<Who> {
    let keys = [
        ('m', installation.authority("AT")),
        ('o', installation.central("central-operator")),
        ('a', installation.admin.clone()),
        ('n', installation.national_supervisor("AT")),
        ('j', installation.supervisor()),
        ('c', installation.central("commission")),
    ];
    keys.map(|(letter, key)| Who { letter, key }).into()
}

/// The path with ids of things, and what a role adds to say for whom.
fn address(method: &str, path: &str, id: &str, letter: char) -> String {
    let path = path.replace("{id}", id).replace("{code}", "AT").replace("{year}", "2026");
    let query = match (letter, method) {
        _ if path == "/v1/statistics" => "?from=2026-01-01&to=2026-01-31",
        ('j', "GET") if path.starts_with("/v1/eurodac/") => "?member_state=AT",
        ('o', "DELETE") if path.starts_with("/v1/eurodac/") => "?on_behalf_of=AT&ground=unlawfully-recorded",
        ('o', "PATCH" | "PUT") if path.starts_with("/v1/eurodac/") => "?on_behalf_of=AT",
        (_, "DELETE") if path.starts_with("/v1/eurodac/") => "?ground=unlawfully-recorded",
        _ => "",
    };
    format!("{path}{query}")
}

fn ask(server: &Server, key: Option<&str>, method: &str, path: &str) -> Answer {
    let authorization = key.map(bearer);
    let mut headers = vec![("Whorl-Person", "tester")];
    headers.extend(authorization.as_deref().map(|value| ("Authorization", value)));
    // Nothing that is asked for says anything: whoever may ask is told what is missing.
    server.request(method, path, &headers, (!matches!(method, "GET" | "DELETE")).then_some(b"{}"))
}

#[test]
fn r_access_3_4_5_every_operation_for_every_role_and_every_key_and_each_refusal_on_record() {
    let installation = Installation::new();
    let everybody = everybody(&installation);
    let expiring =
        installation.added(&["--role", "member-state", "--state", "AT", "--name", "x", "--expires", "1s"]);
    let revoked = installation.authority("AT");
    let id = revoked.split('_').nth(1).unwrap();
    assert!(
        whorl(&["authority", "revoke", "--data", installation.path().to_str().unwrap(), id]).status.success()
    );
    let wrong = format!("{}{}", &everybody[0].key[..everybody[0].key.len() - 4], "0000");
    std::thread::sleep(Duration::from_millis(1100));
    let server = installation.serve();

    let declared: BTreeSet<_> = DECLARED.iter().map(|(method, path, _)| (*method, *path)).collect();
    let expected: BTreeSet<_> = TABLE.iter().map(|(method, path, _)| (*method, *path)).collect();
    assert_eq!(declared, expected, "an operation is not in the table of this test");

    let mut refused: BTreeMap<String, usize> = BTreeMap::new();
    for (method, path, allowed) in TABLE {
        let unknown = |letter| address(method, path, UNKNOWN, letter);
        for (key, code) in [
            (None, "authentication-required"),
            (Some(&wrong), "authentication-failed"),
            (Some(&expiring), "key-expired"),
            (Some(&revoked), "authority-revoked"),
        ] {
            ask(&server, key.map(String::as_str), method, &unknown('m')).problem(401, code);
            *refused.entry(code.into()).or_default() += 1;
        }
        for Who { letter, key } in &everybody {
            let answer = ask(&server, Some(key), method, &unknown(*letter));
            let may = allowed.contains(*letter);
            assert_eq!(answer.status == 403, !may, "{method} {path} {letter}: {}", answer.text);
            assert!(answer.status < 500 && answer.status != 401, "{method} {path} {letter}: {}", answer.text);
            if answer.status >= 400 {
                *refused.entry(answer.json()["code"].as_str().unwrap().to_owned()).or_default() += 1;
            }
        }
    }
    assert!(server.stop());
    let mut on_record: BTreeMap<String, usize> = BTreeMap::new();
    for (_, audit) in installation.database().audit(0, 10_000).unwrap() {
        if let Outcome::Refused(code) = audit.outcome {
            *on_record.entry(code).or_default() += audit.times as usize;
        }
    }
    assert_eq!(on_record, refused, "R-ACCESS-4");
}

#[test]
fn r_access_1_2_what_is_anothers_is_answered_as_what_is_not_there_whatever_is_asked() {
    let installation = Installation::new();
    let (at, de) = (installation.authority("AT"), installation.authority("DE"));
    let server = installation.serve();
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    server.transmit(&de, &transmission("DE", 1, 1, 5, 1));
    let entered = server.transmit(&at, &transmission("AT", 1, 1, 5, 2)).json();
    let (record, hit) = (text(&entered["record_id"]), text(&entered["comparison"]["hits"][0]["hit_id"]));
    let notice = server.post_json(
        &at,
        "/v1/eurodac/notices",
        &serde_json::json!({
            "concern": "factually-inaccurate", "member_state": "FR", "reference_number": "FR1-1",
        }),
    );
    let notice = text(&notice.json()["notice_id"]);
    let request = server.post_json(&at, "/v1/eurodac/rights-requests", &serde_json::json!({
        "reference_number": "AT9-1", "right": "access", "fingerprints": crate::people::fingerprints(77, 1),
    }));
    let request = text(&request.json()["request_id"]);
    for (method, path, body) in [
        ("GET", "/v1/eurodac/records/{id}", ""),
        ("PATCH", "/v1/eurodac/records/{id}", r#"{"sex": "male"}"#),
        ("DELETE", "/v1/eurodac/records/{id}", ""),
        ("PUT", "/v1/eurodac/records/{id}/blocking", r#"{"blocked": true}"#),
        ("GET", "/v1/eurodac/hits/{id}", ""),
        ("POST", "/v1/eurodac/hits/{id}/verification", r#"{"verdict": "false-match"}"#),
        ("POST", "/v1/eurodac/notices/{id}/answer", r#"{"reply": "erased"}"#),
        (
            "POST",
            "/v1/eurodac/rights-requests/{id}/answer",
            r#"{"outcome": "done", "told_in_writing": true}"#,
        ),
    ] {
        let theirs = match path {
            path if path.contains("records") => &record,
            path if path.contains("hits") => &hit,
            path if path.contains("notices") => &notice,
            _ => &request,
        };
        let send = |id: &str| {
            let authorization = bearer(&de);
            let headers = [("Whorl-Person", "tester"), ("Authorization", authorization.as_str())];
            let body = (!body.is_empty()).then_some(body.as_bytes());
            server.request(method, &address(method, path, id, 'm'), &headers, body)
        };
        let unknown = send(UNKNOWN);
        assert_eq!(unknown.status, 404, "{method} {path}: {}", unknown.text);
        assert_eq!(send(theirs), unknown, "{method} {path}: to the byte");
        assert_eq!(send("not-an-id"), unknown, "{method} {path}: to the byte");
    }
    let mine = server.get(&at, &format!("/v1/eurodac/records/{record}")).json();
    assert_eq!((&mine["sex"], &mine["blocked"]), (&"female".into(), &false.into()), "nothing was changed");
    assert!(server.get(&at, &format!("/v1/eurodac/hits/{hit}")).json()["verification"].is_null());
}
