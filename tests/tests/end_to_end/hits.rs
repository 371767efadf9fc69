//! Hits after they were told (Art. 4(5), 4(6)), and notices about what they found (R-ERASE-4, R-EDIT-2).

use serde_json::{Value, json};

use crate::harness::{Answer, Installation, Server};
use crate::people::transmission;

fn verify(server: &Server, key: &str, hit: &str, verdict: &str) -> Answer {
    server.post_json(key, &format!("/v1/eurodac/hits/{hit}/verification"), &json!({"verdict": verdict}))
}

fn hit_id(answer: &Value, nth: usize) -> String {
    answer["comparison"]["hits"][nth]["hit_id"].as_str().unwrap().to_owned()
}

fn list(server: &Server, key: &str, what: &str) -> Vec<Value> {
    server.get(key, &format!("/v1/eurodac/{what}?limit=200")).json()[what].as_array().unwrap().clone()
}

#[test]
fn r_hit_2_4_r_comp_5_a_hit_is_verified_once_and_after_a_false_one_the_copy_is_gone() {
    let installation = Installation::new();
    let (at, de) = (installation.authority("AT"), installation.authority("DE"));
    let server = installation.serve();
    let body = transmission("AT", 1, 1, 5, 1);
    server.transmit(&at, &body);
    server.transmit(&at, &transmission("AT", 2, 2, 5, 2));
    let told = server.transmit_again(&de, "k", &transmission("DE", 1, 3, 5, 3));
    assert_eq!(told.hits().len(), 2);
    let (first, second) = (hit_id(&told.json(), 0), hit_id(&told.json(), 1));
    let check = server.transmit(&de, &transmission("DE", 3, 4, 5, 4)).json();
    let third = hit_id(&check, 0);
    assert_eq!(list(&server, &de, "hits").len(), 3, "the check's, too");
    assert_eq!(list(&server, &at, "hits").len(), 0, "R-HIT-1");

    let path = |hit: &str| format!("/v1/eurodac/hits/{hit}");
    let whole = server.get(&de, &path(&third)).json();
    assert_eq!(whole["record"]["reference_number"], "AT1-1");
    assert_eq!(whole["fingerprints"][0]["data"], body["fingerprints"][0]["data"], "R-HIT-2");
    assert_eq!(
        verify(&server, &de, &first, "certain").problem(400, "field-invalid").as_deref(),
        Some("verdict")
    );
    for _ in 0..2 {
        assert_eq!(verify(&server, &de, &first, "confirmed").json()["verification"]["verdict"], "confirmed");
    }
    verify(&server, &de, &first, "false-match").problem(409, "verified-already");
    assert_eq!(server.get(&de, &path(&first)).json()["record"]["member_state"], "AT", "the copy stays");

    for (hit, verdict) in [(&second, "false-match"), (&third, "unreliable")] {
        assert_eq!(verify(&server, &de, hit, verdict).status, 200);
        let after = server.get(&de, &path(hit)).json();
        assert_eq!(after["verification"]["verdict"], verdict);
        assert!(after.get("record").is_none() && after["fingerprints"] == json!([]), "{verdict}: R-HIT-4");
    }
    let again = server.transmit_again(&de, "k", &transmission("DE", 1, 3, 5, 3));
    assert_eq!(again.hits().len(), 1, "nor is it told again");
    drop(server);
    let server = installation.serve();
    assert!(server.get(&de, &path(&second)).json().get("record").is_none(), "after a crash, too");
}

#[test]
fn r_erase_4_who_had_a_hit_on_what_is_erased_in_advance_has_a_notice_and_answers_it() {
    let installation = Installation::new();
    let (at, de, fr) =
        (installation.authority("AT"), installation.authority("DE"), installation.authority("FR"));
    let server = installation.serve();
    let id = server.transmit(&at, &transmission("AT", 1, 1, 5, 1)).json()["record_id"]
        .as_str()
        .unwrap()
        .to_owned();
    let mut hits = Vec::new();
    for (key, state) in [(&de, "DE"), (&fr, "FR")] {
        let check = server.transmit(key, &transmission(state, 3, 1, 5, 2)).json();
        hits.push(hit_id(&check, 0));
    }
    verify(&server, &fr, &hits[1], "false-match");
    assert_eq!(server.erase(&at, &id, "union-citizenship").status, 204);

    let notices = list(&server, &de, "notices");
    let [notice] = notices.as_slice() else { panic!("{notices:?}") };
    assert_eq!(notice["concern"], "erased-after-hit");
    assert_eq!((&notice["hit_id"], &notice["reference_number"]), (&json!(hits[0]), &json!("DE3-1")));
    assert!(notice.get("from").is_none() && notice["due_at"].is_string());
    assert_eq!(list(&server, &fr, "notices").len(), 0, "whoever found it false has no copy");
    assert_eq!(list(&server, &at, "notices").len(), 0);
    server.get(&de, &format!("/v1/eurodac/hits/{}", hits[0])).problem(404, "hit-not-found");
    let answer = format!("/v1/eurodac/notices/{}/answer", notice["notice_id"].as_str().unwrap());
    server.post_json(&de, &answer, &json!({"reply": "amended"})).problem(422, "reply-not-allowed");
    drop(server);
    fs_err::remove_dir_all(installation.path().join("store")).unwrap();
    let server = installation.serve();
    assert_eq!(list(&server, &de, "notices"), notices, "made again from the journal");
    assert_eq!(server.post_json(&de, &answer, &json!({"reply": "erased"})).json()["reply"], "erased");
}

#[test]
fn r_edit_2_a_notice_reaches_the_state_of_origin_and_tells_the_notifier_nothing() {
    let installation = Installation::new();
    let (at, de) = (installation.authority("AT"), installation.authority("DE"));
    let operator = installation.central("central-operator");
    let server = installation.serve();
    server.transmit(&at, &transmission("AT", 1, 1, 5, 1));
    let check = server.transmit(&de, &transmission("DE", 3, 1, 5, 2)).json();
    let give = |key: &str, body: Value| server.post_json(key, "/v1/eurodac/notices", &body);
    let named = |reference: &str| json!({"concern": "factually-inaccurate", "member_state": "AT", "reference_number": reference});
    let shape = |answer: &Answer| {
        let mut value = answer.json();
        for field in ["notice_id", "given_at", "reference_number"] {
            value[field] = Value::Null;
        }
        (answer.status, value)
    };
    let (stored, unknown) = (give(&de, named("AT1-1")), give(&de, named("AT1-999")));
    assert_eq!(shape(&stored), shape(&unknown), "whether it is stored is not told");
    let by_hit = give(&de, json!({"concern": "unlawfully-recorded", "hit_id": hit_id(&check, 0)}));
    assert!(by_hit.status == 201 && by_hit.json().get("reference_number").is_none());
    assert_eq!(give(&operator, named("AT1-1")).status, 201, "the Central Unit, too");
    give(&at, json!({"concern": "unlawfully-recorded", "hit_id": hit_id(&check, 0)}))
        .problem(404, "hit-not-found");
    give(&de, json!({"concern": "erased-after-hit", "hit_id": hit_id(&check, 0)}))
        .problem(400, "field-invalid");
    for (body, field) in [
        (json!({"concern": "factually-inaccurate"}), "member_state"),
        (json!({"concern": "factually-inaccurate", "member_state": "AT"}), "reference_number"),
        (named("DE1-1"), "reference_number"),
        (
            json!({"concern": "factually-inaccurate", "hit_id": hit_id(&check, 0), "member_state": "AT"}),
            "hit_id",
        ),
    ] {
        let answer = give(&de, body);
        assert_eq!(answer.json()["field"], field, "{}", answer.text);
    }

    let got = list(&server, &at, "notices");
    let names: Vec<_> = got.iter().map(|notice| notice["reference_number"].as_str().unwrap()).collect();
    assert_eq!(names, ["AT1-1", "AT1-999", "AT1-1", "AT1-1"], "its State is told whose it is");
    let answer = |key: &str, nth: usize, reply: &str| {
        let path = format!("/v1/eurodac/notices/{}/answer", got[nth]["notice_id"].as_str().unwrap());
        server.post_json(key, &path, &json!({"reply": reply}))
    };
    answer(&de, 0, "erased").problem(403, "nothing-to-answer");
    assert_eq!(answer(&at, 0, "found-accurate").status, 200);
    assert_eq!(answer(&at, 1, "no-such-data").status, 200);
    answer(&at, 2, "found-accurate").problem(422, "reply-not-allowed");
    let given = list(&server, &de, "notices");
    assert_eq!(given.len(), 3);
    assert_eq!((&given[0]["reply"], given[2].get("reference_number")), (&json!("found-accurate"), None));
}
