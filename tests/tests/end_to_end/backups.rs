//! Backups of a server that runs, and what comes back: not the erased, and nothing without the unit's own keys.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use serde_json::Value;
use tempfile::TempDir;
use uuid::Uuid;
use whorl::files::Disk;
use whorl::journal::{self, Effect, Written};
use whorl::keyring::{Keyring, Part, WrappingSource};

use crate::harness::{Installation, Server, whorl, whorl_json};
use crate::people::transmission;

/// A place for backups, and who can read them.
struct Vault {
    directory: TempDir,
    recipient: String,
}

impl Vault {
    fn new() -> Self {
        let directory = tempfile::tempdir().unwrap();
        let identity = directory.path().join("identity");
        let made = whorl_json(&["backup", "keygen", "--json", "--out", identity.to_str().unwrap()]);
        Self { recipient: made["recipient"].as_str().unwrap().to_owned(), directory }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    fn back_up(&self, data: &Path, name: &str) -> Value {
        let (data, to) = (data.to_str().unwrap(), self.path(name));
        let to = to.to_str().unwrap();
        whorl_json(&["backup", "--json", "--data", data, "--to", to, "--recipient", &self.recipient])
    }

    /// What the program says to a restoration, and whether it did it.
    fn restore(&self, name: &str, data: &Path, more: &[&str]) -> Result<Value, String> {
        let (from, identity) = (self.path(name), self.path("identity"));
        let mut arguments = vec!["restore", "--json", "--from", from.to_str().unwrap()];
        arguments.extend(["--identity", identity.to_str().unwrap(), "--data", data.to_str().unwrap()]);
        arguments.extend(more);
        let output = whorl(&arguments);
        match output.status.code() {
            Some(0) => Ok(serde_json::from_slice(&output.stdout).unwrap()),
            Some(1) => Err(String::from_utf8_lossy(&output.stderr).into_owned()),
            code => panic!("{code:?}: {}", String::from_utf8_lossy(&output.stderr)),
        }
    }
}

/// A data directory with the keys of another, and nothing else.
fn with_keys_of(installation: &Installation) -> Installation {
    let fresh = Installation { directory: tempfile::tempdir().unwrap(), admin: installation.admin.clone() };
    copy(&installation.path().join("keys"), &fresh.path().join("keys"));
    fresh
}

fn copy(from: &Path, to: &Path) {
    fs_err::create_dir_all(to).unwrap();
    for entry in fs_err::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        fs_err::copy(entry.path(), to.join(entry.file_name())).unwrap();
    }
}

#[test]
fn r_erase_2_r_ops_2_what_is_restored_is_what_was_there_without_what_was_erased_since() {
    let (installation, vault) = (Installation::new(), Vault::new());
    let (at, de) = (installation.authority("AT"), installation.authority("DE"));
    let server = installation.serve();
    let enter = |number: u32| {
        let answer = server.transmit(&at, &transmission("AT", 1, number, u64::from(number), 1));
        assert_eq!(answer.status, 201);
        answer.json()["record_id"].as_str().unwrap().to_owned()
    };
    let ids = [1, 2, 3].map(enter);
    let before = server.get(&at, &format!("/v1/eurodac/records/{}", ids[0]));
    let made = vault.back_up(installation.path(), "b");
    assert_eq!((made["segments"].as_u64(), made["written"].as_u64()), (Some(1), Some(1)));
    enter(4);
    assert_eq!(server.erase(&at, &ids[1], "union-citizenship").status, 204);
    drop(server);

    let restored = with_keys_of(&installation);
    let counted = vault.restore("b", restored.path(), &["--dry-run"]).unwrap();
    assert!(!restored.path().join("journal").exists() && !restored.path().join("journal.restoring").exists());
    let head = made["chain"].as_str().unwrap();
    let told = vault.restore("b", restored.path(), &["--head", head]).unwrap();
    assert_eq!(counted, told);
    let numbers = ["kept", "forgotten", "keys_destroyed"].map(|name| told[name].as_u64().unwrap());
    assert_eq!((numbers, &told["chain"]), ([2, 1, 1], &made["chain"]));

    let server = restored.serve();
    assert_eq!(server.records(&at), ["AT1-1", "AT1-3"], "authorities come back with the journal");
    assert_eq!(server.get(&at, &format!("/v1/eurodac/records/{}", ids[0])), before, "to the byte");
    let unknown = server.get(&at, "/v1/eurodac/records/00000000-0000-0000-0000-000000000001");
    assert_eq!((server.get(&at, &format!("/v1/eurodac/records/{}", ids[1])), unknown.status), (unknown, 404));
    for (number, hits) in [(1, vec!["AT1-1"]), (2, vec![]), (3, vec!["AT1-3"]), (4, vec![])] {
        let check = server.transmit(&de, &transmission("DE", 3, number, u64::from(number), 2));
        assert_eq!(check.hits(), hits, "person {number}");
    }
    assert_eq!(server.transmit(&at, &transmission("AT", 1, 2, 2, 3)).status, 201, "its number is free");
    assert!(server.stop());
    no_key_opens(restored.path(), ids[1].parse().unwrap());
    let server = restored.serve();
    assert_eq!(server.records(&at), ["AT1-1", "AT1-2", "AT1-3"]);
    // The restored journal goes on in the same backup.
    assert_eq!(vault.back_up(restored.path(), "b")["written"], 1);
}

/// Every part of a record that is in the journal, tried with every key there is, and as every record's that has a key.
fn no_key_opens(data: &Path, gone: Uuid) {
    let wrapping = WrappingSource::File(data.join("keys/wrapping.key")).read().unwrap();
    let keyring = Keyring::open(Arc::new(Disk::new(&data.join("keys")).unwrap()), &wrapping).unwrap();
    let disk = Disk::new(&data.join("journal")).unwrap();
    let mut tried = 0;
    journal::replay(&disk, 0..u64::MAX, |record| {
        let (written, start) = Written::decode(record.body)?;
        let Effect::Entered { id, parts, .. } = written.effect else { return Ok(()) };
        let span = parts.placed(start).record;
        let sealed = journal::read(&disk, record.place, span.skip, span.length as usize)?;
        for other in keyring.records() {
            let key = keyring.get(other).unwrap().unwrap();
            for name in [other, gone] {
                let opened = key.open(name, Part::Record, 1, &sealed).is_ok();
                assert_eq!(
                    opened,
                    id != gone && name == other && id == other,
                    "{id} with the key of {other}"
                );
                tried += usize::from(id == gone);
            }
        }
        Ok(())
    })
    .unwrap();
    assert!(tried >= 6, "the record is in the journal, and there are keys");
}

#[test]
fn r_ops_2_backups_made_while_people_are_entered_restore() {
    let (installation, vault) = (Installation::new(), Vault::new());
    let at = installation.authority("AT");
    let server = installation.serve();
    let answered = AtomicU32::new(0);
    let mut before = Vec::new();
    std::thread::scope(|scope| {
        scope.spawn(|| {
            for number in 1..=60 {
                let answer = server.transmit(&at, &transmission("AT", 2, number, u64::from(number), 1));
                assert_eq!(answer.status, 201);
                answered.store(number, Ordering::SeqCst);
            }
        });
        while answered.load(Ordering::SeqCst) < 60 {
            before.push(answered.load(Ordering::SeqCst));
            vault.back_up(installation.path(), &format!("b{}", before.len()));
            vault.back_up(installation.path(), "one");
        }
    });
    assert!(server.stop());
    assert!(before.len() > 1, "{before:?}");
    for (number, &answered) in before.iter().enumerate() {
        let restored = with_keys_of(&installation);
        let told = vault.restore(&format!("b{}", number + 1), restored.path(), &[]).unwrap();
        let kept = told["kept"].as_u64().unwrap();
        assert!(kept >= u64::from(answered), "{answered} were answered before the backup, {kept} are there");
        assert_eq!((told["forgotten"].as_u64(), told["keys_destroyed"].as_u64()), (Some(0), Some(60 - kept)));
        let found = restored.serve().records(&at);
        let mut expected: Vec<String> = (1..=kept).map(|number| format!("AT2-{number}")).collect();
        expected.sort();
        assert_eq!(found, expected, "the state at one record");
    }
    let told = vault.restore("one", with_keys_of(&installation).path(), &[]).unwrap();
    assert!(told["kept"].as_u64().unwrap() >= u64::from(*before.last().unwrap()));
}

#[test]
fn r_ops_2_what_is_in_the_backup_is_left_alone_and_what_was_edited_is_refused() {
    let (installation, vault) = (Installation::new(), Vault::new());
    let at = installation.authority("AT");
    let server = installation.serve();
    assert_eq!(server.transmit(&at, &transmission("AT", 1, 1, 1, 1)).status, 201);
    vault.back_up(installation.path(), "b");
    let segment = || {
        let files: Vec<_> =
            fs_err::read_dir(vault.path("b")).unwrap().map(|entry| entry.unwrap().path()).collect();
        let mut files = files.into_iter().filter(|path| path.extension().is_some_and(|end| end == "age"));
        (files.next().unwrap(), files.next())
    };
    let (file, none) = segment();
    assert_eq!(none, None);
    let written = fs_err::metadata(&file).unwrap().modified().unwrap();
    let again = vault.back_up(installation.path(), "b");
    assert_eq!((again["written"].as_u64(), segment()), (Some(0), (file.clone(), None)));
    assert_eq!(fs_err::metadata(&file).unwrap().modified().unwrap(), written);
    drop(server);

    let place = with_keys_of(&installation);
    let refused = |what: &str, more: &[&str]| {
        let error = vault.restore("b", place.path(), more).unwrap_err();
        assert!(error.contains(what), "{error}");
        assert!(!place.path().join("journal").exists() && !place.path().join("journal.restoring").exists());
    };
    refused("not at 00ff", &["--head", "00ff"]);
    let whole = fs_err::read(&file).unwrap();
    let mut edited = whole.clone();
    let last = edited.len() - 100;
    edited[last] ^= 1;
    fs_err::write(&file, &edited).unwrap();
    refused("record 0 cannot be restored", &[]);
    fs_err::remove_file(&file).unwrap();
    refused("is missing", &[]);
    assert_eq!(vault.back_up(installation.path(), "b")["written"], 1, "the next backup makes it good");
    let other = Vault::new();
    fs_err::rename(vault.path("identity"), vault.path("kept")).unwrap();
    fs_err::copy(other.path("identity"), vault.path("identity")).unwrap();
    refused("not encrypted to this identity", &[]);
    fs_err::copy(vault.path("kept"), vault.path("identity")).unwrap();

    let bare = tempfile::tempdir().unwrap();
    let error = vault.restore("b", bare.path(), &[]).unwrap_err();
    assert!(error.contains("A backup never holds keys"), "{error}");
    let error = vault.restore("b", installation.path(), &[]).unwrap_err();
    assert!(error.contains("is there already, and is not overwritten"), "{error}");
    let stranger = with_keys_of(&Installation::new());
    assert_eq!(
        vault.restore("b", stranger.path(), &["--dry-run"]).unwrap()["forgotten"],
        1,
        "it has no keys"
    );
    let usage = whorl(&["backup", "--data", bare.path().to_str().unwrap()]);
    assert_eq!(usage.status.code(), Some(2), "{}", String::from_utf8_lossy(&usage.stderr));
    let key = whorl(&["backup", "--data", "x", "--to", "y", "--recipient", "age1"]);
    assert_eq!(key.status.code(), Some(2), "{}", String::from_utf8_lossy(&key.stderr));
}

#[test]
fn r_erase_2_r_access_7_the_wrapping_key_rotates_and_a_rotation_that_was_cut_off_is_finished() {
    let installation = Installation::new();
    let at = installation.authority("AT");
    let data = installation.path().to_str().unwrap();
    let (key, new) =
        (installation.path().join("keys/wrapping.key"), installation.path().join("keys/wrapping.key.new"));
    let status = || whorl_json(&["keys", "status", "--json", "--data", data]);
    let server = installation.serve();
    assert_eq!(server.transmit(&at, &transmission("AT", 1, 1, 1, 1)).status, 201);
    let busy = whorl(&["keys", "rotate", "--data", data]);
    assert!(String::from_utf8_lossy(&busy.stderr).contains("in use"));
    assert!(server.stop());
    let (old, first) = (fs_err::read(&key).unwrap(), status());
    assert_eq!((first["records_with_keys"].as_u64(), first["unreadable_slots"].as_u64()), (Some(1), Some(0)));
    let second = whorl_json(&["keys", "rotate", "--json", "--data", data]);
    assert_eq!((second == status(), second == first), (true, false));
    assert!(fs_err::read(&key).unwrap() != old && !new.exists());

    // As if the power had gone before the new key took the place of the old one.
    fs_err::rename(&key, &new).unwrap();
    fs_err::write(&key, &old).unwrap();
    std::fs::set_permissions(&key, std::os::unix::fs::PermissionsExt::from_mode(0o600)).unwrap();
    let server = installation.serve();
    assert_eq!(server.records(&at), ["AT1-1"]);
    assert!(!new.exists() && fs_err::read(&key).unwrap() != old);
    assert!(server.stop());

    // To a key that is kept elsewhere.
    let elsewhere = tempfile::tempdir().unwrap();
    let file = elsewhere.path().join("key");
    fs_err::write(&file, "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff").unwrap();
    std::fs::set_permissions(&file, std::os::unix::fs::PermissionsExt::from_mode(0o600)).unwrap();
    let source = format!("file:{}", file.display());
    whorl_json(&["keys", "rotate", "--json", "--data", data, "--new-wrapping-key", &source]);
    let wrong = whorl(&["keys", "status", "--data", data]);
    assert!(String::from_utf8_lossy(&wrong.stderr).contains("under another wrapping key"));
    let third = whorl_json(&["keys", "status", "--json", "--data", data, "--wrapping-key", &source]);
    assert_eq!(third["records_with_keys"], 1);
    let usage = whorl(&["keys", "rotate", "--data", data, "--wrapping-key", &source]);
    assert_eq!(usage.status.code(), Some(2));
}

#[test]
fn r_erase_2_r_access_7_a_server_rotates_the_wrapping_key_when_it_is_old_and_when_its_keeper_has_another() {
    let installation = Installation::new();
    let at = installation.authority("AT");
    let keys = installation.path().join("keys");
    let own = fs_err::read(keys.join("wrapping.key")).unwrap();
    let mut command = installation.command("cpu");
    command.args(["--rotate-wrapping-key-every", "1s"]);
    let server = Server::start(command).unwrap();
    until(|| fs_err::read(keys.join("wrapping.key")).is_ok_and(|key| key != own));
    assert_eq!(server.transmit(&at, &transmission("AT", 1, 1, 1, 1)).status, 201);
    assert!(server.stop());

    let elsewhere = tempfile::tempdir().unwrap();
    let sources = ["a", "b"].map(|name| {
        let file = elsewhere.path().join(name);
        fs_err::write(&file, format!("{name}0123456789abcde").repeat(4)).unwrap();
        std::fs::set_permissions(&file, std::os::unix::fs::PermissionsExt::from_mode(0o600)).unwrap();
        file
    });
    let [now, next] = sources.each_ref().map(|file| format!("file:{}", file.display()));
    let data = installation.path().to_str().unwrap();
    whorl_json(&["keys", "rotate", "--json", "--data", data, "--new-wrapping-key", &now]);
    // The second time the key in force is the next one already.
    for reference in [2, 3] {
        let mut command = installation.command("cpu");
        command.args(["--wrapping-key", &now, "--next-wrapping-key", &next]);
        let server = Server::start(command).unwrap();
        let key = WrappingSource::File(sources[1].clone()).read().unwrap();
        until(|| Keyring::is_under(&Disk::new(&keys).unwrap(), &key).unwrap_or(false));
        assert_eq!(
            server.transmit(&at, &transmission("AT", 1, reference, u64::from(reference), 1)).status,
            201
        );
        assert_eq!(server.records(&at).len(), reference as usize);
        assert!(server.stop());
    }
    let usage = whorl(&["serve", "--data", data, "--next-wrapping-key", &next]);
    assert_eq!(usage.status.code(), Some(2), "--next-wrapping-key goes with --wrapping-key");
}

/// Waits until something is so; for what happens by itself.
fn until(so: impl Fn() -> bool) {
    let start = std::time::Instant::now();
    while !so() {
        assert!(start.elapsed() < std::time::Duration::from_secs(60), "it does not happen");
        std::thread::sleep(std::time::Duration::from_millis(20));
    }
}
