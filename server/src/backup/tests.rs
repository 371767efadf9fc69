//! Backups on a disk that loses power, of a journal that is written to, and of which somebody edits the files.

use std::sync::Arc;

use super::*;
use crate::files::simulated::{Fault, Simulated};
use crate::journal::frame::{Chain, Frame, HEADER_BYTES, SegmentHeader, segment_name};
use crate::journal::{Head, Log, open, replay};

/// Who makes backups, and who reads them.
struct Pair {
    recipients: Recipients,
    identities: Identities,
}

fn pair() -> Pair {
    let (identity, recipient) = generate();
    let recipients = Recipients::new(&[recipient.parse().unwrap()]);
    Pair { recipients, identities: Identities::parse(identity.as_bytes()).unwrap() }
}

fn append(log: &mut Log, records: u64) {
    for _ in 0..records {
        let number = log.head().size;
        log.append(&[&number.to_le_bytes()[..], &[7; 300]].concat()).unwrap();
    }
    log.commit().unwrap();
}

/// A journal of three segments: 0 to 3, 3 to 6, and one record.
fn long() -> (Simulated, Log) {
    let files = Simulated::default();
    let mut head = Head { size: 0, chain: Chain::default() };
    // Real segments end at 64 MiB, which takes long to encrypt without optimisation.
    for records in [3, 3, 1] {
        let header = SegmentHeader { first: head.size, before: head.chain };
        let mut bytes = header.encode().to_vec();
        for _ in 0..records {
            let frame = Frame::encode(&mut bytes, head.size, HEADER_BYTES as u64, head.chain, &[5; 3000]);
            head = Head { size: head.size + 1, chain: frame.chain };
        }
        files.write(&segment_name(header.first), 0, &bytes).unwrap();
        files.sync(&segment_name(header.first)).unwrap();
    }
    files.sync_directory().unwrap();
    let log = open(Arc::new(files.clone())).unwrap().unwrap();
    assert_eq!(log.head(), head);
    (files, log)
}

fn short(records: u64) -> (Simulated, Log) {
    let files = Simulated::default();
    let mut log = Log::create(Arc::new(files.clone())).unwrap();
    append(&mut log, records);
    (files, log)
}

fn back_up(journal: &Simulated, backup: &Simulated, pair: &Pair) -> Result<Made, BackupError> {
    make(journal, backup, &pair.recipients, jiff::Timestamp::UNIX_EPOCH, &|_, _| ())
}

/// The head of what is restored, each record of which was read.
fn restore(backup: &Simulated, pair: &Pair) -> Result<Head, BackupError> {
    let into = Simulated::default();
    unpack(backup, &pair.identities, &into, &|_, _| ())?;
    let read = replay(&into, 0..u64::MAX, |_| Ok(())).unwrap().unwrap();
    let again = into.after_power_cut(&mut |_| 0);
    assert_eq!(open(Arc::new(again)).unwrap().unwrap().head(), read, "all of it is on the disk");
    Ok(read)
}

fn dice(seed: u64) -> impl FnMut(usize) -> usize {
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) + 1;
    move |below| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(state >> 33).unwrap() % below
    }
}

#[test]
fn r_ops_2_a_segment_that_is_in_the_backup_is_not_written_again_and_what_grew_is() {
    let (pair, backup) = (pair(), Simulated::default());
    let (journal, mut log) = long();
    let made = back_up(&journal, &backup, &pair).unwrap();
    assert_eq!((made.written, made.manifest.segments.len(), made.manifest.records), (3, 3, 7));
    assert_eq!(restore(&backup, &pair).unwrap(), log.head());
    let closed = backup.contents()[0].clone();

    assert_eq!(back_up(&journal, &backup, &pair).unwrap().written, 0, "nothing has changed");
    append(&mut log, 5);
    // Closed segments are not even read.
    journal.tamper(&segment_name(0), |bytes| bytes[1000] ^= 1);
    let made = back_up(&journal, &backup, &pair).unwrap();
    assert_eq!((made.written, made.manifest.records), (1, 12));
    assert_eq!(backup.contents()[0], closed);
    assert_eq!(backup.list().unwrap().len(), 4, "the shorter last segment is gone");
    assert_eq!(restore(&backup, &pair).unwrap(), log.head());

    let other = self::pair();
    let error = back_up(&journal, &backup, &other).err().unwrap();
    assert!(error.to_string().contains("record 0 of the journal is damaged"), "to be read again: {error}");
    journal.tamper(&segment_name(0), |bytes| bytes[1000] ^= 1);
    assert_eq!(back_up(&journal, &backup, &other).unwrap().written, 3, "somebody else shall read it");
    assert!(restore(&backup, &other).is_ok());
    assert!(matches!(restore(&backup, &pair), Err(BackupError::WrongIdentity { .. })));
}

#[test]
fn r_ops_2_power_lost_at_any_call_leaves_the_last_backup_or_the_new_one() {
    let pair = pair();
    let (journal, mut log) = short(3);
    let old = Simulated::default();
    back_up(&journal, &old, &pair).unwrap();
    let before = log.head();
    append(&mut log, 4);
    let after = log.head();
    old.fail(None);
    let counted = old.after_power_cut(&mut |_| 0);
    back_up(&journal, &counted, &pair).unwrap();
    assert!(counted.calls() > 8, "{}", counted.calls());
    for at in 0..counted.calls() {
        for fault in [Fault::PowerCut(at), Fault::Once(at), Fault::Full(at)] {
            for seed in 0..6 {
                let backup = old.after_power_cut(&mut |_| 0);
                backup.fail(Some(fault));
                let outcome = back_up(&journal, &backup, &pair);
                let mut chance = dice(seed);
                let found = backup.after_power_cut(&mut |below| if seed == 0 { 0 } else { chance(below) });
                let head = restore(&found, &pair).unwrap();
                assert!(head == before || head == after);
                assert!(outcome.is_err() || head == after, "it was told that it is there");
                back_up(&journal, &found, &pair).unwrap();
                assert_eq!(restore(&found, &pair).unwrap(), after);
                assert_eq!(found.list().unwrap().len(), 2, "nothing is left over");
            }
        }
    }
}

#[test]
fn r_ops_2_what_is_torn_or_not_on_the_disk_is_not_in_a_backup() {
    let pair = pair();
    let (journal, log) = short(5);
    let name = segment_name(0);
    let length = journal.len(&name).unwrap();
    for cut in [1, 8, 100, 370] {
        let torn = journal.after_power_cut(&mut |_| 0);
        torn.tamper(&name, |bytes| bytes.truncate(usize::try_from(length).unwrap() - cut));
        let backup = Simulated::default();
        assert_eq!(back_up(&torn, &backup, &pair).unwrap().manifest.records, 4);
        assert_eq!(restore(&backup, &pair).unwrap().size, 4);
        // The journal goes on from there, and so does the backup.
        assert_eq!(back_up(&journal, &backup, &pair).unwrap().manifest.chain, log.head().chain.to_string());
    }
    // A record that the server has written and not synced yet: the backup syncs it, or fails.
    let unsynced = journal.after_power_cut(&mut |_| 0);
    let frame = journal.read(&name, 0, usize::try_from(length).unwrap()).unwrap();
    let shorter = Simulated::default();
    shorter.write(&name, 0, &frame).unwrap();
    shorter.sync_directory().unwrap();
    back_up(&shorter, &Simulated::default(), &pair).unwrap();
    assert_eq!(shorter.after_power_cut(&mut |_| 0).contents(), unsynced.contents());
    // A segment that is being made.
    journal.write(&segment_name(5), 0, b"WHORL").unwrap();
    assert_eq!(back_up(&journal, &Simulated::default(), &pair).unwrap().manifest.records, 5);
}

#[test]
fn r_ops_2_a_backup_that_was_edited_cut_or_exchanged_is_refused_with_the_record() {
    let pair = pair();
    let (journal, _log) = long();
    let whole = Simulated::default();
    let made = back_up(&journal, &whole, &pair).unwrap();
    let names: Vec<String> = made.manifest.files().collect();
    let refused = |what: &str, record: u64, change: &dyn Fn(&Simulated)| {
        let backup = whole.after_power_cut(&mut |_| 0);
        change(&backup);
        match restore(&backup, &pair).err().unwrap_or_else(|| panic!("{what} is restored")) {
            BackupError::Damaged { record: told, .. } => assert_eq!(told, record, "{what}"),
            other => panic!("{what}: {other}"),
        }
    };
    refused("edited", 3, &|backup| backup.tamper(&names[1], |bytes| bytes[5000] ^= 1));
    refused("cut", 6, &|backup| backup.tamper(&names[2], |bytes| bytes.truncate(bytes.len() - 1)));
    refused("empty", 0, &|backup| backup.tamper(&names[0], Vec::clear));
    refused("removed", 3, &|backup| backup.remove(&names[1]).unwrap());
    refused("exchanged", 0, &|backup| {
        backup.rename(&names[0], "x").unwrap();
        backup.rename(&names[1], &names[0]).unwrap();
        backup.rename("x", &names[1]).unwrap();
    });
    let edit = |backup: &Simulated, change: &dyn Fn(&mut Manifest)| {
        let mut manifest = Manifest::read(backup).unwrap().unwrap();
        change(&mut manifest);
        manifest.write(backup).unwrap();
    };
    refused("a manifest without a segment in the middle", 3, &|backup| {
        edit(backup, &|manifest| _ = manifest.segments.remove(1));
    });
    refused("a manifest without the last segment", 6, &|backup| {
        edit(backup, &|manifest| _ = manifest.segments.pop());
    });
    refused("a manifest with another head", 7, &|backup| {
        edit(backup, &|manifest| manifest.chain = "00".repeat(32));
    });
    refused("a manifest with another end", 7, &|backup| {
        let plain = edit_last(backup, &names[2], &pair);
        assert!(plain > 0);
    });
    let none = whole.after_power_cut(&mut |_| 0);
    none.remove("manifest.json").unwrap();
    assert!(matches!(restore(&none, &pair), Err(BackupError::Missing)));
    edit(&whole, &|manifest| manifest.recipients = vec!["../../etc/passwd".into()]);
    assert!(restore(&whole, &pair).is_err(), "names are made, not read");
}

/// Says of the last segment that it ends a record later, under the name that it has then.
fn edit_last(backup: &Simulated, name: &str, pair: &Pair) -> usize {
    let mut manifest = Manifest::read(backup).unwrap().unwrap();
    manifest.records += 1;
    let last = manifest.segments.last_mut().unwrap();
    last.end += 1;
    let renamed = last.file(&pair.recipients.names());
    manifest.write(backup).unwrap();
    backup.rename(name, &renamed).unwrap();
    renamed.len()
}

#[test]
fn r_ops_2_another_journal_or_a_shorter_one_does_not_take_the_place_of_a_backup() {
    let (pair, backup) = (pair(), Simulated::default());
    let (journal, mut log) = short(4);
    let younger = journal.after_power_cut(&mut |_| 0);
    append(&mut log, 3);
    back_up(&journal, &backup, &pair).unwrap();
    let whole = backup.contents();
    let mut other = open(Arc::new(younger.clone())).unwrap().unwrap();
    let refused = |journal: &Simulated| {
        let outcome = back_up(journal, &backup, &pair);
        assert!(matches!(outcome, Err(BackupError::OtherJournal { backup: 7 })));
        assert_eq!(backup.contents(), whole);
    };
    refused(&younger);
    for _ in 0..5 {
        other.append(b"something else").unwrap();
    }
    other.commit().unwrap();
    refused(&younger);
    let empty = Simulated::default();
    drop(Log::create(Arc::new(empty.clone())).unwrap());
    refused(&empty);
}

#[test]
fn r_access_7_nothing_of_the_journal_is_in_clear_in_a_backup_and_the_maker_cannot_read_it() {
    let (pair, backup) = (pair(), Simulated::default());
    let files = Simulated::default();
    let mut log = Log::create(Arc::new(files.clone())).unwrap();
    log.append(b"the reference number AT1-000123").unwrap();
    log.commit().unwrap();
    back_up(&files, &backup, &pair).unwrap();
    for (name, bytes) in backup.contents() {
        assert!(!bytes.windows(10).any(|window| window == b"AT1-000123"), "{name}");
    }
    assert!("AGE-SECRET-KEY-1QQQ".parse::<Recipient>().unwrap_err().contains("identity"));
    assert!("age1x".parse::<Recipient>().is_err());
    assert!(Identities::parse(b"").is_err() && Identities::parse(b"nothing").is_err());
}
