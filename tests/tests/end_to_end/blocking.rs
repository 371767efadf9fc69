//! Blocked data: their State sees them as blocked, and nobody else that they exist (Art. 12).

use serde_json::{Value, json};

use crate::harness::{Installation, Server};
use crate::people::{fingerprints, transmission};

fn block(server: &Server, key: &str, id: &str, blocked: bool) -> crate::harness::Answer {
    server.send_json("PUT", key, &format!("/v1/eurodac/records/{id}/blocking"), &json!({"blocked": blocked}))
}

fn today() -> String {
    jiff::Timestamp::now().in_tz("Europe/Brussels").unwrap().date().to_string()
}

fn statistics(server: &Server, key: &str) -> Value {
    server.get(key, &format!("/v1/statistics?from={0}&to={0}", today())).json()
}

#[test]
fn r_block_1_2_r_comp_6_r_right_3_blocked_data_are_counted_and_told_of_to_nobody() {
    let installation = Installation::new();
    let (at, de, fr) =
        (installation.authority("AT"), installation.authority("DE"), installation.authority("FR"));
    let (commission, joint) = (installation.central("commission"), installation.supervisor());
    let national = installation.national_supervisor("DE");
    let server = installation.serve();
    let id = server.transmit(&at, &transmission("AT", 1, 1, 5, 1)).json()["record_id"]
        .as_str()
        .unwrap()
        .to_owned();
    let early = server.transmit(&fr, &transmission("FR", 1, 1, 5, 2)).json();
    let hit = early["comparison"]["hits"][0]["hit_id"].as_str().unwrap();
    let hit_path = format!("/v1/eurodac/hits/{hit}");
    assert_eq!(server.get(&fr, &hit_path).status, 200);

    for _ in 0..2 {
        assert_eq!(block(&server, &at, &id, true).json()["blocked"], true, "again is no mistake");
    }
    assert_eq!(server.get(&at, &format!("/v1/eurodac/records/{id}")).json()["blocked"], true, "R-BLOCK-2");
    // A hit of before is as unknown as one that never was, and no list has it.
    let unknown = server.get(&fr, "/v1/eurodac/hits/00000000-0000-4000-8000-000000000001");
    assert_eq!(server.get(&fr, &hit_path), unknown);
    assert_eq!(server.get(&fr, "/v1/eurodac/hits").json()["hits"], json!([]));

    // R-COMP-6: category 1 of another State counts it; its own State, asked or not, and category 3 do not.
    let second = server.transmit(&de, &transmission("DE", 1, 1, 5, 3));
    assert_eq!((second.hits(), second.compared()), (vec!["FR1-1".into()], vec![(1, "FR".into(), 1)]));
    let mut own = transmission("AT", 1, 2, 5, 4);
    own["compare_own"] = json!(true);
    let mut found = server.transmit(&at, &own).hits();
    found.sort();
    assert_eq!(found, ["DE1-1", "FR1-1"]);
    let check = server.transmit(&fr, &transmission("FR", 3, 1, 5, 5));
    assert!(!check.hits().contains(&"AT1-1".to_owned()));

    let counted = statistics(&server, &commission);
    let of_at = json!([{"member_state": "AT", "category": 1, "count": 1}]);
    assert_eq!((&counted["blockings"], &counted["hits_on_blocked"]), (&of_at, &of_at));
    let blocked_line = json!({"member_state": "AT", "category": 1, "blocked": true, "count": 1});
    assert!(counted["stored"].as_array().unwrap().contains(&blocked_line));
    server.get(&de, &format!("/v1/statistics?from={0}&to={0}", today())).problem(403, "role-not-allowed");

    // The person is found by a request, and only the State of origin is told.
    let request = json!({"reference_number": "DE9-1", "right": "access", "fingerprints": fingerprints(5, 6)});
    let opened = server.post_json(&de, "/v1/eurodac/rights-requests", &request);
    assert_eq!(opened.status, 201);
    let states = |value: &Value| {
        let sets = value["sets"].as_array().unwrap().clone();
        let mut states: Vec<_> =
            sets.iter().map(|set| set["reference_number"].as_str().unwrap().to_owned()).collect();
        states.sort();
        states
    };
    assert_eq!(states(&opened.json()), ["AT1-2", "DE1-1", "FR1-1"]);
    assert!(!opened.text.contains("AT1-1\""));
    let of_origin = server.get(&at, "/v1/eurodac/rights-requests").json();
    assert_eq!(states(&of_origin["requests"][0]), ["AT1-1", "AT1-2"]);

    // That they were compared is on record for the joint supervisor, and not for another State's.
    let record_of = |key: &str| {
        let list = server.get(key, "/v1/audit/records?limit=200").json();
        let records = list["records"].as_array().unwrap().clone();
        let wanted = |r: &&Value| r["operation"] == "comparison" && r["reference_number"] == "DE1-1";
        records.iter().find(wanted).cloned().unwrap()
    };
    let blocked_sets = json!([{"category": 1, "member_state": "AT", "sets": 1}]);
    assert_eq!(record_of(&joint)["compared_blocked"], blocked_sets);
    assert!(record_of(&national).get("compared_blocked").is_none());

    // Blocked by mistake: everything is as it was.
    assert_eq!(block(&server, &at, &id, false).json()["blocked"], false);
    assert_eq!(server.get(&fr, &hit_path).status, 200);
    drop(server);
    let server = installation.serve();
    let found = server.transmit(&fr, &transmission("FR", 3, 2, 5, 7));
    assert!(found.hits().contains(&"AT1-1".to_owned()), "after a crash, too");
    assert_eq!(block(&server, &at, &id, true).status, 200);
    drop(server);
    let server = installation.serve();
    assert!(!server.transmit(&fr, &transmission("FR", 3, 3, 5, 8)).hits().contains(&"AT1-1".to_owned()));
    assert_eq!(server.erase(&at, &id, "union-citizenship").status, 204, "its State may still erase it");
}

#[test]
fn r_block_3_the_decision_is_not_recorded_before_its_day() {
    let installation = Installation::new();
    let server = installation.serve();
    let decide = |decision: &str| {
        server.post_json(
            &installation.admin,
            "/v1/operations/article-12-decision",
            &json!({"decision": decision}),
        )
    };
    let early = decide("erase");
    early.problem(409, "decision-not-possible");
    assert!(early.text.contains("five years after operations started"));
    assert_eq!(decide("keep").problem(400, "field-invalid").as_deref(), Some("decision"));
}
