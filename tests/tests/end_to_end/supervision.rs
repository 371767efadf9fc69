//! Records of operations as supervisors read them (R-AUDIT-6), and statistics as the Commission does (R-STAT-1, R-STAT-3).

use serde_json::{Value, json};

use crate::harness::{Installation, Server};
use crate::people::transmission;

fn records(server: &Server, key: &str, query: &str) -> (Vec<Value>, Value) {
    let list = server.get(key, &format!("/v1/audit/records{query}")).json();
    (list["records"].as_array().unwrap().clone(), list["next"].clone())
}

#[test]
fn r_audit_6_r_access_4_each_supervisor_reads_what_is_its_own_and_that_it_read_is_on_record() {
    let installation = Installation::new();
    let (at, de) = (installation.authority("AT"), installation.authority("DE"));
    let (national, joint) = (installation.national_supervisor("AT"), installation.supervisor());
    let server = installation.serve();
    let entered = server.transmit(&at, &transmission("AT", 1, 1, 5, 1)).json();
    server.transmit(&de, &transmission("DE", 1, 1, 5, 2));
    let record = format!("/v1/eurodac/records/{}", entered["record_id"].as_str().unwrap());
    server.get(&at, &record);
    server.get(&de, &record).problem(404, "record-not-found");
    server.transmit(&at, &json!({"category": 1, "name": "Jane Doe"})).problem(400, "field-unknown");
    server.erase(&at, entered["record_id"].as_str().unwrap(), "unlawfully-recorded");

    let (own, _) = records(&server, &national, "?limit=200");
    assert!(own.iter().all(|record| record["member_state"] == "AT"), "R-AUDIT-6: its own State's");
    let wanted = own.iter().find(|record| record["operation"] == "record-read").unwrap();
    assert_eq!((wanted["person"].as_str(), wanted["outcome"].as_str()), (Some("tester"), Some("done")));
    assert_eq!(
        (wanted["reference_number"].as_str(), wanted["purpose"].as_str()),
        (Some("AT1-1"), Some("dublin"))
    );
    let erased = own.iter().find(|record| record["operation"] == "erasure").unwrap();
    assert_eq!(erased["detail"], "unlawfully-recorded", "R-AUDIT-1: and why");
    let refused = own.iter().find(|record| record["outcome"] == "refused").unwrap();
    assert_eq!(
        (refused["operation"].as_str(), refused["code"].as_str()),
        (Some("transmission"), Some("field-unknown"))
    );
    let (all, _) = records(&server, &joint, "?limit=200");
    let text = serde_json::to_string(&all).unwrap();
    assert!(!text.contains("Jane") && !text.contains("name"), "R-DATA-1: nothing of it is logged");
    let tried = all.iter().find(|record| record["code"] == "record-not-found").unwrap();
    assert_eq!(
        (&tried["member_state"], tried.get("reference_number")),
        (&json!("DE"), None),
        "R-ACCESS-4, R-ACCESS-2"
    );
    let compared = all
        .iter()
        .find(|record| record["reference_number"] == "DE1-1" && record["operation"] == "comparison");
    assert!(compared.unwrap()["took_ms"].is_u64());
    let reads =
        |records: &[Value]| records.iter().filter(|record| record["operation"] == "audit-read").count();
    let (later, _) = records(&server, &joint, "?limit=200");
    assert_eq!((reads(&all), reads(&later)), (2, 3), "the one that is being answered is there already");

    // Page by page it is the same.
    let (mut paged, mut from) = (Vec::new(), json!(0));
    while let Some(number) = from.as_u64() {
        let (page, next) = records(&server, &joint, &format!("?limit=3&from={number}"));
        assert!(page.len() <= 3);
        paged.extend(page);
        if paged.len() >= later.len() {
            break;
        }
        from = next;
    }
    assert_eq!(paged[..later.len()], later);
    for bad in ["?limit=0", "?limit=201", "?from=-1", "?until=3"] {
        server.get(&joint, &format!("/v1/audit/records{bad}")).problem(400, "query-invalid");
    }
}

#[test]
fn r_stat_1_3_r_ops_4_statistics_count_what_was_done_and_outlive_it_and_say_nothing_of_anybody() {
    let installation = Installation::new();
    let (at, de) = (installation.authority("AT"), installation.authority("DE"));
    let commission = installation.central("commission");
    let server = installation.serve();
    let day = jiff::Timestamp::now().in_tz("Europe/Brussels").unwrap().date();
    let read = |server: &Server| {
        let mut read = server.get(&commission, &format!("/v1/statistics?from={day}&to={day}")).json();
        // A restart takes as long as it takes.
        read["down_seconds"] = json!(0);
        read
    };
    let id = server.transmit(&at, &transmission("AT", 1, 1, 5, 1)).json()["record_id"]
        .as_str()
        .unwrap()
        .to_owned();
    server.transmit(&at, &transmission("AT", 2, 1, 6, 1));
    let hits = server.transmit(&de, &transmission("DE", 1, 1, 5, 2)).json();
    server.transmit(&de, &transmission("DE", 3, 1, 5, 3));
    server.transmit(&de, &json!({"category": 3}));
    let hit = hits["comparison"]["hits"][0]["hit_id"].as_str().unwrap();
    server.post_json(
        &de,
        &format!("/v1/eurodac/hits/{hit}/verification"),
        &json!({"verdict": "false-match"}),
    );
    server.erase(&at, &id, "union-citizenship");
    let counted = read(&server);
    let line = |state: &str, category: u8| json!({"member_state": state, "category": category, "count": 1});
    assert_eq!(counted["transmissions"], json!([line("AT", 1), line("AT", 2), line("DE", 1), line("DE", 3)]));
    let pair = |category: u8| {
        json!({
            "probe_member_state": "DE", "probe_category": category, "member_state": "AT", "category": 1, "count": 1,
        })
    };
    assert_eq!(counted["hits"], json!([pair(1), pair(3)]));
    let verdict =
        json!({"verdict": "false-match", "probe_member_state": "DE", "member_state": "AT", "count": 1});
    assert_eq!(counted["verifications"], json!([verdict]));
    assert_eq!(counted["erasures"][0]["ground"], "union-citizenship");
    let stored = |state: &str, category: u8| json!({"member_state": state, "category": category, "blocked": false, "count": 1});
    assert_eq!(counted["stored"], json!([stored("AT", 2), stored("DE", 1)]));
    let refusal =
        json!({"member_state": "DE", "operation": "transmission", "code": "field-missing", "count": 1});
    assert_eq!(counted["refusals"], json!([refusal]));
    assert_eq!(counted["delays"][0]["up_to_days"], 1, "taken yesterday");
    let answers: u64 =
        counted["answer_times"].as_array().unwrap().iter().map(|l| l["count"].as_u64().unwrap()).sum();
    assert_eq!(answers, 3, "R-OPS-4: of each comparison");
    for secret in ["AT1-1", "tester", id.as_str()] {
        assert!(!counted.to_string().contains(secret), "R-STAT-3: {secret}");
    }
    drop(server);
    fs_err::remove_dir_all(installation.path().join("store")).unwrap();
    let server = installation.serve();
    assert_eq!(read(&server), counted, "made again from the journal");
    for (query, field) in [("from=2026-01-02&to=2026-01-01", Some("to")), ("from=2026-01-01", None)] {
        let answer = server.get(&commission, &format!("/v1/statistics?{query}"));
        assert_eq!(answer.problem(400, "query-invalid").as_deref(), field);
    }
    server.get(&commission, "/v1/reports/annual/1066").problem(400, "field-invalid");
}

#[test]
fn a_day_in_the_life_of_a_central_unit_goes_as_it_should() {
    let script = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/a-day.sh");
    let tools = ["curl", "jq"].iter().all(|tool| {
        let found = std::process::Command::new(tool).arg("--version").output();
        found.is_ok_and(|output| output.status.success())
    });
    if !tools {
        println!("left out: docs/a-day.sh needs curl and jq, and they are not here");
        return;
    }
    let mut bash = std::process::Command::new("bash");
    bash.arg(script).arg(crate::harness::PROGRAM).env("NODEVICE_SELECT", "1");
    let output = bash.output().unwrap();
    let told = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success() && told.contains("Everything as expected"), "{told}");
}
