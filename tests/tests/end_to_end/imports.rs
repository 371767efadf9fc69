//! `POST /v1/imports` and `whorl import`: many sets at once, each entered exactly once whatever happens.

use std::collections::BTreeSet;
use std::time::Duration;

use serde_json::{Value, json};

use crate::harness::{Answer, Installation, Server, bearer, whorl};
use crate::jobs::{events, later};
use crate::people::transmission;

/// Lines of Austria, of two categories in turn, from this person on.
fn lines(from: u32, count: u32) -> Vec<String> {
    let line = |person: u32| {
        transmission("AT", 1 + u8::from(person % 2 == 1), person, u64::from(person), 1).to_string()
    };
    (from..from + count).map(line).collect()
}

fn import(server: &Server, key: &str, idempotency: &str, body: &str) -> Answer {
    let bearer = bearer(key);
    let headers = [
        ("Authorization", bearer.as_str()),
        ("Whorl-Person", "p"),
        ("Idempotency-Key", idempotency),
        ("Content-Type", "application/x-ndjson"),
    ];
    server.post("/v1/imports", &headers, body.as_bytes())
}

/// Entered, repeated, rejected, hits.
fn counts(answer: &Value) -> [u64; 4] {
    ["entered", "repeated", "rejected", "hits"].map(|name| answer[name].as_u64().unwrap())
}

/// Sixty lines, of which the third, the tenth and the last are bad; and a blank one after the fifth.
fn sixty() -> String {
    let mut all = lines(0, 60);
    all[2] = all[2].replace("AT1-2", "DE1-2");
    all[9] = all[9][..100].to_owned();
    all[59] = transmission("AT", 3, 59, 59, 1).to_string();
    all.insert(5, "  ".into());
    all.join("\n")
}

#[test]
fn r_data_3_8_bad_lines_are_refused_by_number_and_the_same_import_again_enters_nothing_twice() {
    let installation = Installation::new();
    let (at, de) = (installation.authority("AT"), installation.authority("DE"));
    let server = installation.serve();
    server.transmit(&de, &transmission("DE", 1, 1, 4, 2));
    let body = sixty();
    let first = import(&server, &at, "k", &body);
    assert_eq!((first.status, counts(&first.json())), (200, [57, 0, 3, 1]), "{}", first.text);
    let answer = first.json();
    let rejects = answer["rejects"].as_array().unwrap();
    let told = |reject: &Value| {
        let text = |name: &str| reject[name].as_str().unwrap_or_default().to_owned();
        (reject["line"].as_u64().unwrap(), text("code"), text("field"), text("reference_number"))
    };
    let expected = [
        (3, "reference-number-invalid", "reference_number", ""),
        (11, "json-invalid", "", ""),
        (61, "category-not-imported", "category", "AT3-59"),
    ];
    let expected = expected.map(|(n, c, f, r)| (n, c.to_owned(), f.to_owned(), r.to_owned()));
    assert_eq!(rejects.iter().map(told).collect::<Vec<_>>(), expected);

    let before = server.get(&at, "/v1/eurodac/records?limit=200").json();
    assert_eq!(before["records"].as_array().unwrap().len(), 57);
    let again = import(&server, &at, "k", &body);
    assert_eq!(counts(&again.json()), [0, 57, 3, 1]);
    assert_eq!(server.get(&at, "/v1/eurodac/records?limit=200").json(), before);
    // Under another key they are other requests.
    let other = import(&server, &at, "other", &body).json();
    assert_eq!(
        (counts(&other), &other["rejects"][0]["code"]),
        ([0, 0, 60, 0], &json!("reference-number-taken"))
    );
    assert_eq!(other["rejects"][0]["reference_number"], "AT1-0");

    let hits = server.get(&at, "/v1/eurodac/hits").json();
    assert_eq!(hits["hits"][0]["reference_number"], "AT1-4", "the result waits among the State's hits");
    // R-DATA-7: what was imported is compared with.
    assert_eq!(server.transmit(&de, &transmission("DE", 1, 2, 6, 2)).hits(), ["AT1-6"]);
}

#[test]
fn r_comp_11_twins_within_an_import_find_each_other_once() {
    let installation = Installation::new();
    let at = installation.authority("AT");
    let server = installation.serve();
    let twins = (0..20u32).flat_map(|person| {
        [1, 2].map(|impression| {
            let number = person * 2 + impression;
            let mut line = transmission("AT", 1, number, u64::from(person), u64::from(impression));
            line["compare_own"] = json!(true);
            line.to_string()
        })
    });
    let answer = import(&server, &at, "k", &twins.collect::<Vec<_>>().join("\n"));
    assert_eq!(counts(&answer.json()), [40, 0, 0, 20], "{}", answer.text);
}

#[test]
fn an_import_is_refused_as_a_whole_where_it_cannot_be_one() {
    let installation = Installation::new();
    let at = installation.authority("AT");
    let server = installation.serve();
    let bearer = bearer(&at);
    let send = |headers: &[(&str, &str)]| {
        let own = [("Authorization", bearer.as_str()), ("Whorl-Person", "p")];
        server.post("/v1/imports", &[&own, headers].concat(), lines(0, 1)[0].as_bytes())
    };
    let ndjson = ("Content-Type", "application/x-ndjson");
    send(&[ndjson]).problem(400, "idempotency-key-missing");
    send(&[("Content-Type", "application/json"), ("Idempotency-Key", "k")])
        .problem(415, "content-type-unsupported");
    import(&server, &installation.admin, "k", "{}").problem(403, "role-not-allowed");
    assert_eq!(counts(&import(&server, &at, "k", "\n\n").json()), [0; 4]);
    assert_eq!(server.records(&at), [""; 0]);
}

#[test]
fn an_operator_imports_for_whichever_state_each_line_says_and_is_told_of_no_hit() {
    let installation = Installation::new();
    let (at, de) = (installation.authority("AT"), installation.authority("DE"));
    let operator = installation.central("central-operator");
    let server = installation.serve();
    let mut all = vec![transmission("AT", 1, 1, 1, 1), transmission("DE", 1, 1, 1, 2)];
    for (line, state) in all.iter_mut().zip(["AT", "DE"]) {
        line["on_behalf_of"] = json!(state);
    }
    all.push(transmission("AT", 1, 2, 2, 1));
    let body = all.iter().map(Value::to_string).collect::<Vec<_>>().join("\n");
    let answer = import(&server, &operator, "k", &body).json();
    assert_eq!(
        (counts(&answer), &answer["rejects"][0]["code"]),
        ([2, 0, 1, 0], &json!("member-state-missing"))
    );
    assert_eq!((server.records(&at), server.records(&de)), (vec!["AT1-1".into()], vec!["DE1-1".into()]));
}

#[test]
fn r_audit_1_an_import_later_counts_its_lines_and_is_on_record() {
    let installation = Installation::new();
    let (at, supervisor) = (installation.authority("AT"), installation.national_supervisor("AT"));
    let server = installation.serve();
    let headers = [("Content-Type", "application/x-ndjson"), ("Idempotency-Key", "k")];
    let path = later(&server, &at, "/v1/imports", &headers, sixty().as_bytes());
    let all = events(&server, &at, &path);
    let ((name, job), progress) = all.split_last().unwrap();
    assert_eq!((name.as_str(), &job["kind"], &job["state"]), ("result", &json!("import"), &json!("done")));
    assert_eq!(job["progress"], json!({"done": 60, "total": 60, "rejected": 3}));
    assert_eq!((&job["result"]["status"], counts(&job["result"]["body"])), (&json!(200), [57, 0, 3, 0]));
    let done: Vec<_> = progress.iter().map(|(_, job)| job["progress"]["done"].as_u64().unwrap()).collect();
    assert!(done.is_sorted() && done.iter().all(|done| *done <= 60), "{done:?}");

    let (mut operations, mut path) = (Vec::new(), Some("/v1/audit/records?limit=200".to_owned()));
    while let Some(page) = path {
        let page = server.get(&supervisor, &page).json();
        operations.extend(page["records"].as_array().unwrap().iter().map(|r| r["operation"].clone()));
        path = page["next"].as_u64().map(|next| format!("/v1/audit/records?limit=200&from={next}"));
    }
    let of = |wanted: &str| operations.iter().filter(|operation| **operation == wanted).count();
    assert_eq!(
        [of("import"), of("entry"), of("transmission"), of("job-read")],
        [1, 57, 3, 1],
        "{operations:?}"
    );
}

#[test]
fn r_data_3_r_ops_2_killed_in_the_middle_and_sent_again_every_line_is_entered_exactly_once() {
    let installation = Installation::new();
    let at = installation.authority("AT");
    let server = installation.serve();
    let body = lines(0, 190).join("\n");
    let cut_off = std::thread::scope(|scope| {
        let bearer = bearer(&at);
        let (url, body) = (server.url.clone(), &body);
        let sending = scope.spawn(move || {
            let request = ureq::post(format!("{url}/v1/imports")).header("Authorization", bearer);
            let request = request.header("Whorl-Person", "p").header("Idempotency-Key", "k");
            request.header("Content-Type", "application/x-ndjson").send(body.as_bytes()).is_err()
        });
        while server.records(&at).len() < 5 {
            std::thread::sleep(Duration::from_millis(2));
        }
        drop(server);
        sending.join().unwrap()
    });
    assert!(cut_off, "it was killed before it answered");

    let server = installation.serve();
    let answer = import(&server, &at, "k", &body).json();
    let [entered, repeated, rejected, _] = counts(&answer);
    assert_eq!((entered + repeated, rejected), (190, 0), "{answer}");
    assert!(repeated >= 5 && entered > 0, "{answer}");
    let records = server.records(&at);
    let distinct: BTreeSet<_> = records.iter().collect();
    assert_eq!((records.len(), distinct.len()), (190, 190));
    assert_eq!(counts(&import(&server, &at, "k", &body).json()), [0, 190, 0, 0]);
}

/// What the program says and how it ends.
fn run(server: &str, more: &[&str]) -> (i32, Value, String) {
    let output = whorl(&[&["import", "--to", server, "--person", "p", "--json"], more].concat());
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    (output.status.code().unwrap(), serde_json::from_slice(&output.stdout).unwrap_or_default(), said)
}

#[test]
fn the_program_imports_a_file_in_parts_and_a_second_run_enters_nothing() {
    let installation = Installation::new();
    let at = installation.authority("AT");
    let key = installation.path().join("at.key");
    fs_err::write(&key, format!("{at}\n")).unwrap();
    let (file, rejects) =
        (installation.path().join("sets.ndjson"), installation.path().join("rejects.ndjson"));
    // Two parts: 500 lines, and the rest.
    let mut all = lines(0, 503);
    all[501] = "{}".into();
    fs_err::write(&file, all.join("\n")).unwrap();
    let [key, file, rejects] = [&key, &file, &rejects].map(|path| path.to_str().unwrap());
    let arguments = ["--key-file", key, "--rejects", rejects, file];
    let server = installation.serve();

    let (code, summary, said) = run(&server.url, &arguments);
    assert_eq!((code, counts(&summary)), (1, [502, 0, 1, 0]), "{summary} {said}");
    assert_eq!((&summary["lines"], summary.get("failed")), (&json!(503), None));
    let rejected: Value = serde_json::from_str(&fs_err::read_to_string(rejects).unwrap()).unwrap();
    assert_eq!((&rejected["line"], &rejected["code"]), (&json!(502), &json!("field-missing")));
    let (code, summary, _) = run(&server.url, &arguments);
    assert_eq!((code, counts(&summary)), (1, [0, 502, 1, 0]));

    // Mended, the first part is as it was.
    all[501] = lines(501, 1).remove(0);
    fs_err::write(file, all[..500].join("\n") + "\n").unwrap();
    let (code, summary, _) = run(&server.url, &["--key-file", key, file]);
    assert_eq!((code, counts(&summary)), (0, [0, 500, 0, 0]));
    fs_err::write(file, &all[501]).unwrap();
    let (code, summary, _) = run(&server.url, &["--key-file", key, file]);
    assert_eq!((code, counts(&summary)), (0, [1, 0, 0, 0]));
}

#[test]
fn the_program_waits_for_a_service_that_is_not_there_and_says_what_it_was_told_wrongly() {
    let installation = Installation::new();
    let at = installation.authority("AT");
    let (key, wrong) = (installation.path().join("at.key"), installation.path().join("wrong.key"));
    fs_err::write(&key, &at).unwrap();
    fs_err::write(&wrong, "whorl_nobody_0").unwrap();
    let file = installation.path().join("sets.ndjson");
    fs_err::write(&file, lines(0, 3).join("\n")).unwrap();
    let [key, wrong, file] = [&key, &wrong, &file].map(|path| path.to_str().unwrap());
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let url = format!("http://127.0.0.1:{port}");

    let (code, summary, _) = run(&url, &["--key-file", key, file, "--patience", "1s"]);
    assert!(code == 1 && summary["failed"].as_str().is_some(), "{summary}");
    let server = std::thread::scope(|scope| {
        let waiting = scope.spawn(|| run(&url, &["--key-file", key, file]));
        std::thread::sleep(Duration::from_millis(300));
        let address = format!("127.0.0.1:{port}");
        let server = Server::start(installation.command_at(&address, "cpu")).unwrap();
        let (code, summary, said) = waiting.join().unwrap();
        assert_eq!((code, counts(&summary)), (0, [3, 0, 0, 0]), "{summary} {said}");
        assert!(said.contains("sent again in"), "{said}");
        server
    });
    let (code, summary, _) = run(&server.url, &["--key-file", wrong, file]);
    assert!(
        code == 1 && summary["failed"].as_str().unwrap().starts_with("authentication-failed"),
        "{summary}"
    );
    for bad in [
        &["--key-file", key][..],
        &["--key-file", key, "--key-env", "X", file],
        &[file],
        &["--key-file", key, "--to", "https://eurodac.example", file],
        &["--key-file", key, "--to", "127.0.0.1:8080", file],
    ] {
        let output = whorl(&[&["import", "--person", "p"], bad].concat());
        assert_eq!(output.status.code(), Some(2), "{bad:?}");
    }
    assert_eq!(run(&url, &["--key-file", key, "nowhere.ndjson"]).0, 1);
}
