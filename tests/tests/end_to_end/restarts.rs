//! What a crash leaves: everything that was answered, and nothing that was not.

use std::path::Path;
use std::time::Duration;

use serde_json::json;
use whorl::files::Disk;
use whorl::journal::frame::{HEADER_BYTES, segment_name};
use whorl::journal::replay;

use crate::harness::{Installation, Server};
use crate::people::transmission;

#[test]
fn r_data_7_what_was_answered_survives_a_kill_and_is_compared_against() {
    let installation = Installation::new();
    let (at, de) = (installation.authority("AT"), installation.authority("DE"));
    let server = installation.serve();
    for person in 0..20 {
        assert_eq!(server.transmit(&at, &transmission("AT", 1, person, u64::from(person), 1)).status, 201);
    }
    let before = server.get(&at, "/v1/eurodac/records?limit=200").json();
    drop(server);

    let server = installation.serve();
    assert_eq!(server.get(&at, "/v1/eurodac/records?limit=200").json(), before);
    let answer = server.transmit(&de, &transmission("DE", 1, 1, 7, 2));
    assert_eq!(answer.compared(), [(1, "AT".into(), 20)]);
    assert_eq!(answer.hits(), ["AT1-7"]);
    let answer = server.transmit(&at, &transmission("AT", 1, 7, 7, 3));
    answer.problem(409, "reference-number-taken");
    assert!(server.stop(), "a signal ends it well");
}

#[test]
fn r_ops_2_while_it_starts_every_answer_says_how_far_it_is() {
    let installation = Installation::new();
    let at = installation.authority("AT");
    // A wrapping key that comes late holds the start where it can be looked at.
    let (late, script) = (installation.path().join("late"), installation.path().join("key.sh"));
    let key = installation.path().join("keys/wrapping.key");
    let wait = format!("while [ ! -e {} ]; do sleep 0.02; done; cat {}", late.display(), key.display());
    fs_err::write(&script, wait).unwrap();
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let mut command = installation.command_at(&format!("127.0.0.1:{port}"), "cpu");
    command.args(["--wrapping-key", &format!("command:sh {}", script.display())]);
    let server = Server::spawn(command, format!("http://127.0.0.1:{port}"));
    let mut live = server.try_get(&at, "/health/live");
    for _ in 0..500 {
        if live.is_ok() {
            break;
        }
        std::thread::sleep(Duration::from_millis(20));
        live = server.try_get(&at, "/health/live");
    }
    assert_eq!(live.unwrap().status, 200);
    for path in ["/health/ready", "/v1/eurodac/records", "/anything"] {
        server.get(&at, path).problem(503, "starting");
    }
    server.transmit(&at, &transmission("AT", 1, 1, 1, 1)).problem(503, "starting");
    fs_err::write(&late, "").unwrap();
    let server = server.listening().expect("it starts");
    assert_eq!(server.get_plain("/health/ready").json()["status"], "ready");
    assert_eq!(server.transmit(&at, &transmission("AT", 1, 1, 1, 1)).status, 201);
    assert!(server.stop());
}

#[test]
fn r_data_3_an_idempotency_key_survives_too_and_gives_the_first_answer_again() {
    let installation = Installation::new();
    let (at, de) = (installation.authority("AT"), installation.authority("DE"));
    let server = installation.serve();
    server.transmit(&at, &transmission("AT", 1, 1, 7, 1));
    let body = transmission("DE", 1, 1, 7, 2);
    let first = server.transmit_again(&de, "key-1", &body);
    assert_eq!(first.status, 201);
    drop(server);

    let server = installation.serve();
    server.transmit(&at, &transmission("AT", 1, 2, 7, 3));
    let again = server.transmit_again(&de, "key-1", &body);
    assert_eq!((again.status, again.json()), (200, first.json()), "not compared with what came since");
    let mut other = body.clone();
    other["sex"] = json!("male");
    server.transmit_again(&de, "key-1", &other).problem(409, "idempotency-key-reused");
    let theirs = server.transmit_again(&at, "key-1", &transmission("AT", 1, 3, 8, 1));
    assert_eq!(theirs.status, 201, "another authority's key is another key");
}

#[test]
fn r_comp_11_r_hit_3_a_comparison_that_was_cut_off_is_made_at_the_next_start() {
    let installation = Installation::new();
    let (at, de) = (installation.authority("AT"), installation.authority("DE"));
    let server = installation.serve();
    server.transmit(&at, &transmission("AT", 1, 1, 7, 1));
    let body = transmission("DE", 1, 1, 7, 2);
    assert_eq!(server.transmit_again(&de, "key-1", &body).status, 201);
    assert!(server.stop());
    cut_last_record(installation.path());

    let server = installation.serve();
    let matched = server.get(&at, "/v1/eurodac/records?reference_number=AT1-1").json();
    let disclosures = matched["records"][0]["disclosures"].as_array().unwrap().len();
    assert_eq!(disclosures, 1, "made again before anybody asked, and on record once");
    let again = server.transmit_again(&de, "key-1", &body);
    assert_eq!((again.status, again.hits()), (200, vec!["AT1-1".to_owned()]));
}

/// As a crash between entry and result leaves it: the journal ends with the entry, and the store is not ahead of it.
fn cut_last_record(data: &Path) {
    let journal = data.join("journal");
    let mut last = None;
    replay(&Disk::new(&journal).unwrap(), 0..u64::MAX, |record| {
        last = Some(record.place);
        Ok(())
    })
    .unwrap();
    let place = last.unwrap();
    let segment =
        fs_err::OpenOptions::new().write(true).open(journal.join(segment_name(place.segment))).unwrap();
    segment.set_len(place.offset - HEADER_BYTES as u64).unwrap();
    fs_err::remove_dir_all(data.join("store")).unwrap();
    // Those signed since would tell that records are missing, as they should.
    for file in fs_err::read_dir(data.join("checkpoints")).unwrap() {
        let path = file.unwrap().path();
        if path.extension().is_some_and(|ending| ending == "checkpoint") {
            fs_err::remove_file(path).unwrap();
        }
    }
}
