//! A disk that takes nothing more: no operation without its audit record, and nothing lost of what was acknowledged.
//!
//! What stands for the full disk is the limit on a file's length that every user can set for a process (`ulimit -f`): writes
//! beyond it fail with `EFBIG` after a part of them was written, as they fail with `ENOSPC` on a full disk. *Why not a file
//! made read-only or removed*: a descriptor that is open goes on writing.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;
use whorl_engine::interchange::iso_19794_2_2005::Record;

use crate::harness::{Installation, PROGRAM, Server};
use crate::past::Past;
use crate::people::{finger, transmission};

/// What `ulimit -f` counts in. Unit: bytes.
const BLOCK: u64 = 512;
/// A server none of whose files can grow beyond a length.
fn serve_limited(installation: &Installation, bytes: u64) -> Option<Server> {
    let unlimited = installation.command("cpu");
    let mut command = Command::new("sh");
    command.arg("-c").arg(format!(r#"trap "" XFSZ; ulimit -f {}; exec "$0" "$@""#, bytes / BLOCK));
    command.arg(PROGRAM).args(unlimited.get_args());
    command.env("NODEVICE_SELECT", "1").stdout(Stdio::piped()).stderr(Stdio::null());
    Server::start(command)
}

/// A set whose prints take this much of the journal, and next to nothing of anything else.
fn large(state: &str, number: u32, bytes: usize) -> Value {
    let mut body = transmission(state, 1, number, u64::from(number), 1);
    for print in body["fingerprints"].as_array_mut().unwrap() {
        let position = print["position"].as_u64().unwrap() as u8;
        let mut record = Record::decode(&finger(u64::from(number), position, 1)).unwrap();
        record.views[0].extended = vec![7; bytes / 2];
        print["data"] = STANDARD.encode(record.encode().unwrap()).into();
    }
    body
}

/// The longest file of a directory. Unit: bytes.
fn longest(directory: &Path) -> u64 {
    let files = fs_err::read_dir(directory).unwrap().map(|file| file.unwrap().metadata().unwrap());
    files.filter(|file| file.is_file()).map(|file| file.len()).max().unwrap_or(0)
}

fn bytes_of(directory: PathBuf) -> Vec<(PathBuf, Vec<u8>)> {
    let mut files: Vec<_> = fs_err::read_dir(directory).unwrap().map(|file| file.unwrap().path()).collect();
    files.sort();
    files.into_iter().map(|file| (file.clone(), fs_err::read(file).unwrap())).collect()
}

/// After the first failure: whatever is asked is refused, readiness says why, and the journal stays as it is.
fn everything_is_refused(installation: &Installation, server: &Server, key: &str, id: &str) {
    let journal = bytes_of(installation.path().join("journal"));
    for number in 500..503 {
        server.transmit(key, &transmission("AT", 1, number, 1, 1)).problem(503, "unavailable");
        server.transmit(key, &transmission("AT", 2, number, 1, 1)).problem(503, "unavailable");
        server.transmit_again(key, "a key", &transmission("AT", 1, number, 1, 1)).problem(503, "unavailable");
        server.transmit(key, &transmission("AT", 3, number, 1, 1)).problem(503, "unavailable");
        server.get(key, "/v1/eurodac/records").problem(503, "unavailable");
        server.get(key, &format!("/v1/eurodac/records/{id}")).problem(503, "unavailable");
        let ready = server.get_plain("/health/ready");
        ready.problem(503, "unavailable");
        let detail = ready.json()["detail"].as_str().unwrap().to_owned();
        assert!(detail.contains("earlier write failed") && detail.contains("restart"), "{detail}");
    }
    assert_eq!(
        server.get_plain("/health/live").status,
        200,
        "it is not dead: a restart at once would not help"
    );
    assert!(
        bytes_of(installation.path().join("journal")) == journal,
        "nothing was written after the failure"
    );
}

#[test]
fn r_audit_2_r_data_7_when_the_journal_can_grow_no_more_nothing_is_done_and_nothing_is_lost() {
    let installation = Installation::new();
    let at = installation.authority("AT");
    let server = installation.serve();
    let mut acknowledged = Vec::new();
    let journal = installation.path().join("journal");
    while longest(&journal) < 4 * longest(&installation.path().join("store")).max(1 << 20) {
        let number = acknowledged.len() as u32;
        let answer = server.transmit(&at, &large("AT", number, 100_000));
        assert_eq!(answer.status, 201, "{}", answer.text);
        acknowledged.push(answer.json()["record_id"].clone());
    }
    assert!(server.stop());

    let server = serve_limited(&installation, longest(&journal) + 250_000).expect("there is space to start");
    let first = acknowledged[0].as_str().unwrap().to_owned();
    let refused = loop {
        let number = acknowledged.len() as u32;
        let answer = server.transmit_again(&at, &format!("key-{number}"), &large("AT", number, 100_000));
        if answer.status != 201 {
            break answer;
        }
        acknowledged.push(answer.json()["record_id"].clone());
        assert!(acknowledged.len() < 200, "the limit holds");
    };
    refused.problem(503, "unavailable");
    everything_is_refused(&installation, &server, &at, &first);
    drop(server);

    let server = installation.serve();
    assert_eq!(server.get_plain("/health/ready").json()["status"], "ready");
    let past = Past::read(installation.path());
    assert!(past.not_compared().is_empty());
    let kept: Vec<String> = acknowledged.iter().map(|id| id.as_str().unwrap().to_owned()).collect();
    for id in &kept {
        assert_eq!(server.get(&at, &format!("/v1/eurodac/records/{id}")).status, 200);
    }
    let number = acknowledged.len() as u32;
    let again = server.transmit_again(&at, &format!("key-{number}"), &large("AT", number, 100_000));
    assert!([200, 201].contains(&again.status), "{}", again.text);
    assert_eq!(
        server.records(&at).len(),
        acknowledged.len() + 1,
        "what was refused and repeated is there once"
    );
}
