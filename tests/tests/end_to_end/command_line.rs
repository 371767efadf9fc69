//! The program at the command line.

use std::process::Command;

use crate::harness::{Installation, PROGRAM, whorl, whorl_json};

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

#[test]
fn every_subcommand_has_help_with_an_example() {
    let help = text(&whorl(&["--help"]).stdout);
    for command in [
        "demo",
        "init",
        "serve",
        "import",
        "authority",
        "doctor",
        "evaluate",
        "explain",
        "bench",
        "completions",
    ] {
        assert!(help.contains(command), "{command} is not in:\n{help}");
        let own = whorl(&[command, "--help"]);
        assert!(own.status.success() && text(&own.stdout).contains("xample"), "{command}");
    }
    assert!(!help.contains("extraction-worker"), "not for people");
}

#[test]
fn a_data_directory_is_made_once_and_keys_are_shown_once() {
    let installation = Installation::new();
    let data = installation.path().to_str().unwrap().to_owned();
    let again = whorl(&["init", "--data", &data]);
    assert_eq!(again.status.code(), Some(1));
    assert!(text(&again.stderr).contains("nothing was changed"));
    let key = installation.authority("AT");
    assert!(key.starts_with("whorl_"));
    let list = whorl_json(&["authority", "list", "--json", "--data", &data]);
    assert_eq!(list.as_array().unwrap().len(), 2);
    assert!(!list.to_string().contains(&key[20..]));
    let without = whorl(&["authority", "add", "--data", &data, "--role", "member-state", "--name", "x"]);
    assert_eq!(without.status.code(), Some(2), "a State is needed");
}

#[test]
fn only_states_that_take_part_get_authorities() {
    let directory = tempfile::tempdir().unwrap();
    let data = directory.path().join("new").to_str().unwrap().to_owned();
    whorl_json(&["init", "--json", "--data", &data, "--states", "AT,DE"]);
    let add = |state: &str| {
        whorl(&[
            "authority",
            "add",
            "--data",
            &data,
            "--role",
            "member-state",
            "--state",
            state,
            "--name",
            "x",
        ])
    };
    assert!(add("DE").status.success());
    let refused = add("FR");
    assert_eq!(refused.status.code(), Some(1));
    assert!(
        text(&refused.stderr)
            .contains("member_state does not take part; the States that take part are [AT, DE]")
    );
}

#[test]
fn serving_says_what_is_missing() {
    let directory = tempfile::tempdir().unwrap();
    let nothing = whorl(&["serve", "--data", directory.path().to_str().unwrap()]);
    assert!(text(&nothing.stderr).contains("whorl init"), "{}", text(&nothing.stderr));
    let installation = Installation::new();
    let data = installation.path().to_str().unwrap();
    let open = whorl(&["serve", "--data", data, "--listen", "0.0.0.0:0"]);
    assert!(text(&open.stderr).contains("loopback"), "{}", text(&open.stderr));
    let _server = installation.serve();
    let twice = whorl(&["serve", "--data", data, "--listen", "127.0.0.1:0"]);
    assert!(text(&twice.stderr).contains("in use"), "{}", text(&twice.stderr));
}

#[test]
fn the_demonstration_ends_well_on_synthetic_prints_on_both_back_ends() {
    for backend in ["cpu", "gpu"] {
        let demo = whorl(&["demo", "--synthetic", "--backend", backend]);
        let output = text(&demo.stdout);
        assert!(demo.status.success(), "{output}{}", text(&demo.stderr));
        assert!(
            output.contains("Everything as expected.") && output.contains(&format!("{backend}: ")),
            "{output}"
        );
    }
}

#[test]
fn the_demonstration_ends_well_on_whatever_prints_are_here() {
    let root = concat!(env!("CARGO_MANIFEST_DIR"), "/..");
    let demo = Command::new(PROGRAM).arg("demo").current_dir(root).output().unwrap();
    assert!(demo.status.success(), "{}{}", text(&demo.stdout), text(&demo.stderr));
}

#[test]
fn the_doctor_finds_every_part_working() {
    let checks = whorl_json(&["doctor", "--json"]);
    let parts = checks["checks"].as_array().unwrap();
    assert!(parts.iter().all(|check| check["works"] == true), "{checks}");
    assert!(parts.iter().any(|check| check["part"] == "extraction"));
}

#[test]
fn a_worker_that_is_told_nothing_ends_with_its_input() {
    let status = Command::new(PROGRAM)
        .args(["extraction-worker", "2147483648"])
        .stdin(std::process::Stdio::null())
        .status()
        .unwrap();
    assert!(status.success());
}
