//! The auditor's reader against what the journal's own code wrote: after every crash, and with every bit changed.

use std::path::Path;
use std::sync::Arc;

use super::super::{Log, open};
use super::*;
use crate::files::Files;
use crate::files::simulated::{Fault, Simulated};
use crate::journal::{SigningKey, Tree};

/// Groups of 1, 2, 3, 1, … records; stops at the first error. Tells what was acknowledged.
fn write(files: &Simulated, groups: u64) -> u64 {
    let Ok(mut log) = Log::create(Arc::new(files.clone())) else { return 0 };
    let mut acknowledged = 0;
    for group in 0..groups {
        for _ in 0..=group % 3 {
            let number = log.head().size;
            let body = vec![7; usize::try_from(number * 397 % 700).unwrap()];
            if log.append(&body).is_err() {
                return acknowledged;
            }
        }
        if log.commit().is_err() {
            return acknowledged;
        }
        acknowledged = log.head().size;
    }
    acknowledged
}

fn dump(files: &Simulated, directory: &Path) {
    for (name, bytes) in files.contents() {
        fs_err::write(directory.join(name), bytes).unwrap();
    }
}

fn verified(files: &Simulated, checkpoints: &[Checkpoint]) -> Result<Report, Finding> {
    let directory = tempfile::tempdir().unwrap();
    dump(files, directory.path());
    verify(directory.path(), checkpoints, None, Timestamp::now(), &mut |progress| {
        assert!(progress.done <= progress.total);
    })
}

/// A checkpoint of all that the log holds, and of its first half.
fn checkpoints(files: &Simulated) -> [Checkpoint; 2] {
    let key = SigningKey::generate("test").unwrap();
    let mut signed = Vec::new();
    let mut tree = Tree::default();
    super::super::replay(files, 0..u64::MAX, |record| {
        tree.push(&record.chain);
        signed.push(Checkpoint::sign(&key, &tree, record.chain, jiff::Timestamp::UNIX_EPOCH));
        Ok(())
    })
    .unwrap();
    [signed[signed.len() / 2].clone(), signed[signed.len() - 1].clone()]
}

#[test]
fn r_audit_3_what_any_crash_leaves_is_verified_and_has_the_records_that_recovery_finds() {
    let counted = Simulated::default();
    write(&counted, 7);
    let mut unfinished = 0;
    for cut in 0..=counted.calls() {
        for seed in 0..12u64 {
            let files = Simulated::default();
            files.fail(Some(Fault::PowerCut(cut)));
            let acknowledged = write(&files, 7);
            let mut state = seed * 977 + cut as u64;
            let after = files.after_power_cut(&mut |below| {
                state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
                usize::try_from(state >> 33).unwrap() % below
            });
            let seen = verified(&after, &[]);
            let found = open(Arc::new(after.clone())).unwrap();
            match seen {
                Ok(report) => {
                    let head = found.map_or((0, Chain::default()), |log| (log.head().size, log.head().chain));
                    assert_eq!((report.records, report.chain), head, "call {cut}, seed {seed}");
                    assert!(report.records >= acknowledged);
                    unfinished += u64::from(report.unfinished_bytes > 0);
                }
                Err(finding) => assert!(finding.reason == Reason::NoSegments && found.is_none(), "{finding}"),
            }
        }
    }
    assert!(unfinished > 9, "the crashes tore something");
}

#[test]
fn r_audit_3_every_changed_bit_is_found_before_the_last_group_and_with_a_checkpoint_everywhere() {
    let files = Simulated::default();
    let written = write(&files, 5);
    let name = format!("{:020}.journal", 0);
    let signed = checkpoints(&files);
    let report = verified(&files, &signed).unwrap();
    assert_eq!((report.records, report.checkpoints.as_slice()), (written, [5, 9].as_slice()));
    let length = usize::try_from(report.bytes).unwrap();
    for bit in (0..length * 8).step_by(23) {
        let copy = files.after_power_cut(&mut |_| 0);
        copy.tamper(&name, |bytes| bytes[bit / 8] ^= 1 << (bit % 8));
        let finding = verified(&copy, &signed).unwrap_err();
        assert!(finding.offset.unwrap() <= (bit / 8) as u64, "bit {bit}: {finding}");
        let alone = verified(&copy, &[]);
        let last_group = alone.as_ref().is_ok_and(|report| report.records >= written - 2);
        assert!(alone.is_err() || last_group, "bit {bit}");
    }
}

#[test]
fn an_end_that_was_made_up_to_keep_an_auditor_busy_is_told_as_damage() {
    let files = Simulated::default();
    write(&files, 2);
    let name = format!("{:020}.journal", 0);
    let end = Files::len(&files, &name).unwrap();
    files.tamper(&name, |bytes| {
        let mut header = [0; 64];
        header[..4].copy_from_slice(b"WREC");
        header[6] = 16;
        bytes.extend(header.repeat(40_000));
    });
    let begun = std::time::Instant::now();
    let finding = verified(&files, &[]).unwrap_err();
    assert_eq!((finding.reason, finding.record, finding.offset), (Reason::FrameChecksum, Some(3), Some(end)));
    assert!(begun.elapsed().as_secs() < 20, "it read all of it again and again");
}

#[test]
fn r_audit_3_a_directory_that_cannot_be_read_is_not_called_damaged() {
    let nowhere = tempfile::tempdir().unwrap().path().join("nothing");
    let finding = verify(&nowhere, &[], None, Timestamp::now(), &mut |_| ()).unwrap_err();
    assert_eq!((finding.reason, finding.record), (Reason::Unreadable, None));
    assert!(finding.to_string().contains("No such file"), "{finding}");
}

#[test]
fn every_code_is_another() {
    let codes: std::collections::HashSet<_> = Reason::ALL.iter().map(|reason| reason.code()).collect();
    assert_eq!(codes.len(), Reason::ALL.len());
    let page = include_str!("../../../../docs/src/audit.md");
    for code in codes {
        assert!(page.contains(&format!("| `{code}` |")), "{code} is not in docs/src/audit.md");
    }
}
