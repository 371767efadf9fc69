//! `Prefer: respond-async`: a job at once, its answer when somebody comes for it.

use std::collections::HashSet;
use std::time::Duration;

use serde_json::{Value, json};

use crate::harness::{Answer, Installation, Server, bearer};
use crate::people::{finger, transmission};
use crate::traces::{forms, in_memory, packed};

const UNKNOWN: &str = "/v1/jobs/01234567-89ab-4cde-8f01-23456789abcd";

/// Sends it to be answered later; the path of the job.
pub fn later(server: &Server, key: &str, path: &str, headers: &[(&str, &str)], body: &[u8]) -> String {
    let bearer = bearer(key);
    let own = [("Authorization", bearer.as_str()), ("Whorl-Person", "p"), ("Prefer", "respond-async")];
    let mut request = server.http.post(format!("{}{path}", server.url));
    for (name, value) in own.iter().chain(headers) {
        request = request.header(*name, *value);
    }
    let mut response = request.send(body).unwrap();
    let text = response.body_mut().read_to_string().unwrap();
    assert_eq!(response.status().as_u16(), 202, "{text}");
    let header = |name: &str| response.headers()[name].to_str().unwrap().to_owned();
    assert_eq!(header("preference-applied"), "respond-async");
    let job: Value = serde_json::from_str(&text).unwrap();
    assert_eq!(header("location"), format!("/v1/jobs/{}", job["job_id"].as_str().unwrap()));
    assert_eq!((&job["state"], job.get("result")), (&json!("queued"), None));
    header("location")
}

fn transmit_later(server: &Server, key: &str, body: &Value) -> String {
    let json = [("Content-Type", "application/json")];
    later(server, key, "/v1/eurodac/transmissions", &json, body.to_string().as_bytes())
}

/// The job, once it is over.
fn over(server: &Server, key: &str, path: &str) -> Value {
    for _ in 0..1000 {
        let job = server.get(key, path).json();
        if job["state"] != "queued" && job["state"] != "running" {
            return job;
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    panic!("{path} is not over");
}

/// All events of a job: name and data of each.
pub fn events(server: &Server, key: &str, path: &str) -> Vec<(String, Value)> {
    let request = server.http.get(format!("{}{path}", server.url)).header("Accept", "text/event-stream");
    let request = request.header("Authorization", bearer(key)).header("Whorl-Person", "p");
    let mut response = request.call().unwrap();
    assert_eq!(response.headers()["content-type"], "text/event-stream");
    let text = response.body_mut().with_config().limit(100 << 20).read_to_string().unwrap();
    let event = |block: &str| {
        let (name, data) = block.strip_prefix("event: ")?.split_once("\ndata: ")?;
        Some((name.to_owned(), serde_json::from_str(data).unwrap()))
    };
    text.split("\n\n").filter_map(event).collect()
}

fn hits_of(job: &Value) -> Vec<String> {
    let hits = job["result"]["body"]["comparison"]["hits"].as_array().cloned().unwrap_or_default();
    hits.iter().map(|hit| hit["record"]["reference_number"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn r_hit_1_2_a_transmission_is_answered_later_as_it_would_have_been_at_once() {
    let installation = Installation::new();
    let (at, de) = (installation.authority("AT"), installation.authority("DE"));
    let supervisor = installation.supervisor();
    let server = installation.serve();
    let first = transmission("AT", 1, 1, 50, 1);
    server.transmit(&at, &first);

    let path = transmit_later(&server, &de, &transmission("DE", 1, 1, 50, 2));
    let job = over(&server, &de, &path);
    assert_eq!((&job["state"], &job["kind"]), (&json!("done"), &json!("transmission")), "{job}");
    assert_eq!(job["progress"], json!({"done": 1, "total": 1, "rejected": 0}));
    assert!(job["finished_at"].as_str() >= job["submitted_at"].as_str());
    assert_eq!((&job["result"]["status"], hits_of(&job)), (&json!(201), vec!["AT1-1".to_owned()]));
    let hit = &job["result"]["body"]["comparison"]["hits"][0];
    assert_eq!(hit["fingerprints"][0]["data"], first["fingerprints"][0]["data"], "prints for the expert");
    assert_eq!(over(&server, &de, &path)["result"], job["result"], "as often as it is asked for");
    assert_eq!(server.records(&de), ["DE1-1"]);

    // What is refused is refused later, and counts in the statistics as any refusal.
    let path = transmit_later(&server, &de, &transmission("DE", 1, 1, 51, 1));
    let failed = over(&server, &de, &path);
    assert_eq!((&failed["state"], failed.get("result")), (&json!("failed"), None));
    assert_eq!(failed["problem"]["code"], "reference-number-taken");
    assert_eq!(failed["progress"], json!({"done": 1, "total": 1, "rejected": 1}));
    let audit = server.get(&supervisor, "/v1/audit/records?limit=200").text;
    assert!(audit.contains("reference-number-taken") && audit.contains("job-read"), "{audit}");
    assert!(server.stop(), "jobs that are kept hold nothing up");
}

#[test]
fn r_data_3_a_job_is_repeated_by_its_key_and_forgotten_with_the_process() {
    let installation = Installation::new();
    let at = installation.authority("AT");
    let server = installation.serve();
    let body = transmission("AT", 2, 1, 1, 1).to_string();
    let headers = [("Content-Type", "application/json"), ("Idempotency-Key", "k")];
    let send = |server: &Server| {
        let path = later(server, &at, "/v1/eurodac/transmissions", &headers, body.as_bytes());
        (over(server, &at, &path), path)
    };
    let ((first, path), (second, _)) = (send(&server), send(&server));
    assert_eq!([&first["result"]["status"], &second["result"]["status"]], [&json!(201), &json!(200)]);
    assert_eq!(first["result"]["body"], second["result"]["body"]);
    drop(server);
    let server = installation.serve();
    server.get(&at, &path).problem(404, "job-not-found");
    assert_eq!(send(&server).0["result"], second["result"]);
    assert_eq!(server.records(&at), ["AT2-1"]);
}

#[test]
fn r_access_2_anothers_job_is_an_unknown_job_to_the_byte() {
    let installation = Installation::new();
    let (at, de) = (installation.authority("AT"), installation.authority("DE"));
    let server = installation.serve();
    let path = transmit_later(&server, &at, &transmission("AT", 1, 1, 1, 1));
    let unknown = server.get(&de, UNKNOWN);
    unknown.problem(404, "job-not-found");
    let same = |path: &str| assert_eq!(server.get(&de, path), unknown, "{path}");
    same(&path);
    over(&server, &at, &path);
    same(&path);
    same("/v1/jobs/not-an-id");
    server.get(&installation.admin, &path).problem(403, "role-not-allowed");
    let head = server.http.head(format!("{}{path}", server.url)).header("Authorization", bearer(&at));
    assert_eq!(
        head.header("Whorl-Person", "p").call().unwrap().status().as_u16(),
        405,
        "it is read by nobody"
    );
}

#[test]
fn r_comp_5_of_a_check_nothing_waits_in_memory_and_its_result_is_told_once() {
    let installation = Installation::new();
    let (at, de) = (installation.authority("AT"), installation.authority("DE"));
    let server = installation.serve();
    server.transmit(&at, &transmission("AT", 1, 1, 50, 1));
    let path = transmit_later(&server, &de, &transmission("DE", 3, 1, 50, 2));
    while server.get(&de, "/v1/eurodac/hits").json()["hits"].as_array().unwrap().is_empty() {
        std::thread::sleep(Duration::from_millis(20));
    }
    std::thread::sleep(Duration::from_millis(500));
    let known: HashSet<_> =
        [2, 7].into_iter().flat_map(|p| forms(&finger(50, p, 1), p).into_iter().flatten()).collect();
    let sent = [2, 7].into_iter().flat_map(|p| {
        let print = finger(50, p, 2);
        forms(&print, p).into_iter().chain([packed(&print)]).flatten().collect::<Vec<_>>()
    });
    let fresh: HashSet<_> = sent.filter(|piece| !known.contains(piece)).collect();
    assert_eq!(in_memory(server.process(), &fresh), [""; 0], "before anybody has come for the result");

    let told = over(&server, &de, &path);
    assert_eq!((&told["result"]["status"], hits_of(&told)), (&json!(200), vec!["AT1-1".to_owned()]));
    let gone = server.get(&de, &path);
    gone.problem(404, "job-not-found");
    assert_eq!(gone, server.get(&de, UNKNOWN), "to the byte");
}

#[test]
fn r_erase_3_r_data_5_what_is_erased_before_somebody_comes_is_not_told_and_a_medium_is_given_back_once() {
    let installation = Installation::new();
    let (at, de) = (installation.authority("AT"), installation.authority("DE"));
    let server = installation.serve();
    let stored = server.transmit(&at, &transmission("AT", 1, 1, 50, 1)).json();
    let mut body = transmission("DE", 1, 1, 50, 2);
    body["return_media"] = json!(true);
    let path = transmit_later(&server, &de, &body);
    let found = over(&server, &de, &path);
    assert_eq!(hits_of(&found), ["AT1-1"]);
    let returned = |job: &Value| job["result"]["body"]["returned_media"][0]["data"].clone();
    assert_eq!(returned(&found), body["fingerprints"][0]["data"]);
    server.erase(&at, stored["record_id"].as_str().unwrap(), "unlawfully-recorded");
    let told = over(&server, &de, &path);
    assert_eq!((hits_of(&told), returned(&told)), (vec![], Value::Null));
    let own = found["result"]["body"]["record_id"].as_str().unwrap();
    assert_eq!(server.erase(&de, own, "unlawfully-recorded").status, 204);
    server.get(&de, &path).problem(404, "job-not-found");
}

#[test]
fn the_events_of_a_job_end_with_its_result() {
    let installation = Installation::new();
    let (at, de) = (installation.authority("AT"), installation.authority("DE"));
    let server = installation.serve();
    server.transmit(&at, &transmission("AT", 1, 1, 50, 1));
    let path = transmit_later(&server, &de, &transmission("DE", 3, 1, 50, 2));
    let all = events(&server, &de, &path);
    let ((name, job), progress) = all.split_last().unwrap();
    assert_eq!((name.as_str(), hits_of(job)), ("result", vec!["AT1-1".to_owned()]));
    assert!(progress.iter().all(|(name, job)| name == "progress" && job.get("result").is_none()));
    let forgotten: Answer = server.get(&de, &path);
    forgotten.problem(404, "job-not-found");
}
