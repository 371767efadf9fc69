//! The journals of server/test-vectors/journal: one good, and one for each way to tamper with it. Other programs that read
//! journals can test themselves with them.
//!
//! They are made here by the code that writes journals, compared with the files, and read by the auditor's reader. To write
//! them anew, after a change of the format and of its version: `WHORL_WRITE_VECTORS=1 cargo test -p whorl vectors`.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use super::*;
use crate::eurodac::operation::Operation;
use crate::journal::checkpoint::checkpoint_name;
use crate::journal::frame::{Frame, SegmentHeader, segment_name};
use crate::journal::note::SigningKey;
use crate::journal::tree::Tree;
use crate::journal::{Actor, AuditRecord, Effect, Retention, Written};

/// When they are looked at.
const NOW: &str = "2026-11-23T00:00:00Z";
const ORIGIN: &str = "central-unit.example/eurodac";
const SEGMENTS: [&str; 3] =
    ["00000000000000000000.journal", "00000000000000000003.journal", "00000000000000000005.journal"];
/// Offsets of the records of the first segment, whose bodies have 0, 5 and 8 bytes.
const FRAMES: [usize; 4] = [64, 128, 200, 272];

/// A directory: names and contents.
type Files = BTreeMap<String, Vec<u8>>;

fn key(secret: u8) -> SigningKey {
    SigningKey::from_secret(ORIGIN, &[secret; 32]).unwrap()
}

const BODIES: [&[u8]; 7] = [b"", b"entry", b"eight by", b"comparison", b"a", b"bc", b"last of all"];

/// Segments of 3, 2 and 2 records, in groups of 1 and 2, and checkpoints of 3 and of 7.
fn written(bodies: [&[u8]; 7]) -> Files {
    let (mut files, mut tree, mut chain) = (Files::new(), Tree::default(), Chain::default());
    let mut number = 0;
    for groups in [&[1, 2][..], &[1, 1], &[2]] {
        let mut segment = SegmentHeader { first: number, before: chain }.encode().to_vec();
        let name = segment_name(number);
        for &group in groups {
            let synced = segment.len() as u64;
            for _ in 0..group {
                let body = bodies[usize::try_from(number).unwrap()];
                chain = Frame::encode(&mut segment, number, synced, chain, body).chain;
                tree.push(&chain);
                number += 1;
            }
        }
        files.insert(name, segment);
        if number != 5 {
            let at = format!("2026-11-22T1{number}:00:00Z").parse().unwrap();
            let checkpoint = Checkpoint::sign(&key(7), &tree, chain, at);
            files.insert(checkpoint_name(number), checkpoint.to_text().into_bytes());
        }
    }
    files
}

/// The good journal with this done to it, and with no checkpoint but those of these sizes.
fn tampered(kept: &[u64], change: impl FnOnce(&mut Files)) -> Files {
    let mut files = written(BODIES);
    let kept: Vec<String> = kept.iter().map(|&size| checkpoint_name(size)).collect();
    files.retain(|name, _| name.ends_with(".journal") || kept.contains(name));
    change(&mut files);
    files
}

fn edited(kept: &[u64], segment: usize, change: impl FnOnce(&mut Vec<u8>)) -> Files {
    tampered(kept, |files| change(files.get_mut(SEGMENTS[segment]).unwrap()))
}

/// Makes the checksum of a header or of a frame right again.
fn mend(bytes: &mut [u8], at: usize, body: usize) {
    let crc = crc32c::crc32c_append(crc32c::crc32c(&bytes[at..at + 56]), &bytes[at + 64..at + 64 + body]);
    bytes[at + 56..at + 60].copy_from_slice(&crc.to_le_bytes());
}

/// Makes a segment hollow, and leaves the body of its first record, if that has one.
fn hollow(files: &mut Files, segment: usize) {
    let mut bytes = files.remove(SEGMENTS[segment]).unwrap();
    let (mut at, mut nth) = (64, 0);
    while at < bytes.len() {
        let length = Frame::decode(&bytes[at..]).unwrap().0.bytes();
        if nth > 0 {
            bytes[at + 64..at + length].fill(0);
        }
        (at, nth) = (at + length, nth + 1);
    }
    files.insert(hollow_name(segment), bytes);
}

/// The good journal, of which the last record says that the first three are destroyed.
fn retained() -> Files {
    let audit = AuditRecord::of(
        NOW.parse().unwrap(),
        Operation::Retention,
        Actor { authority: None, person: "whorl".into() },
    );
    let effect = Effect::Retained(Retention { below: 3, ..Retention::default() });
    let body = Written { audit, effect, request: None }.encode(&[]).unwrap();
    let mut bodies = BODIES;
    bodies[6] = &body;
    written(bodies)
}

fn hollow_of(segments: &[usize], mut files: Files) -> Files {
    segments.iter().for_each(|&segment| hollow(&mut files, segment));
    files
}

fn hollow_name(segment: usize) -> String {
    SEGMENTS[segment].replace(".journal", ".hollow")
}

fn with_checkpoint(size: u64, change: impl FnOnce(&mut Checkpoint)) -> Files {
    tampered(&[size], |files| {
        let text = files.get_mut(&checkpoint_name(size)).unwrap();
        let mut checkpoint = Checkpoint::parse(core::str::from_utf8(text).unwrap()).unwrap();
        change(&mut checkpoint);
        *text = checkpoint.to_text().into_bytes();
    })
}

/// A record more after the first, chained and with a good checksum.
fn with_one_inserted() -> Files {
    edited(&[], 0, |bytes| {
        let mut inserted = Vec::new();
        let (first, _) = Frame::decode(&bytes[FRAMES[0]..]).unwrap();
        Frame::encode(&mut inserted, 1, 64, first.chain, b"never");
        bytes.splice(FRAMES[1]..FRAMES[1], inserted);
    })
}

fn cases() -> Vec<(&'static str, Files)> {
    let mut cases = vec![
        ("good", tampered(&[3, 7], |_| ())),
        ("good-unfinished", edited(&[3], 2, |bytes| bytes.truncate(bytes.len() - 8))),
        ("edited", edited(&[], 0, |bytes| bytes[FRAMES[1] + 64] ^= 1)),
    ];
    cases.push((
        "edited-checksum-mended",
        edited(&[], 0, |bytes| {
            bytes[FRAMES[1] + 64] ^= 1;
            mend(bytes, FRAMES[1], 5);
        }),
    ));
    let mut bodies = BODIES;
    bodies[1] = b"ENTRY";
    cases.push((
        "written-anew",
        tampered(&[3, 7], |files| {
            files.extend(written(bodies).into_iter().filter(|(name, _)| name.ends_with(".journal")));
        }),
    ));
    cases.push(("deleted", edited(&[], 0, |bytes| _ = bytes.drain(FRAMES[1]..FRAMES[2]))));
    cases.push(("inserted", with_one_inserted()));
    cases.push(("reordered", edited(&[], 0, |bytes| bytes[FRAMES[1]..].rotate_left(FRAMES[2] - FRAMES[1]))));
    cases.push(("truncated", edited(&[3, 7], 2, |bytes| bytes.truncate(136))));
    cases.push(("truncated-within-a-record", edited(&[3, 7], 2, |bytes| bytes.truncate(200))));
    cases.push((
        "segments-swapped",
        tampered(&[], |files| {
            let (first, second) = (files[SEGMENTS[0]].clone(), files[SEGMENTS[1]].clone());
            files.extend([(SEGMENTS[0].to_owned(), second), (SEGMENTS[1].to_owned(), first)]);
        }),
    ));
    cases.push(("segment-removed", tampered(&[], |files| _ = files.remove(SEGMENTS[1]))));
    cases.push(("first-segment-removed", tampered(&[], |files| _ = files.remove(SEGMENTS[0]))));
    cases.push(("all-segments-removed", tampered(&[], |files| files.clear())));
    cases.push((
        "rolled-back",
        tampered(&[3, 7], |files| files.retain(|name, _| !SEGMENTS[1..].contains(&name.as_str()))),
    ));
    cases.extend(cases_of_checkpoints());
    cases.extend(cases_of_bytes());
    cases.push(("good-hollow", hollow_of(&[0], retained())));
    cases.push(("hollow-behind-a-full-one", hollow_of(&[1], retained())));
    cases.push(("destroyed-too-early", hollow_of(&[0, 1], retained())));
    let mut without = hollow_of(&[0, 1], retained());
    without.retain(|name, _| *name != checkpoint_name(3));
    cases.push(("destroyed-and-not-due", without));
    cases.push(("held-and-edited", {
        let mut files = hollow_of(&[0, 1], retained());
        files.get_mut(&hollow_name(1)).unwrap()[64 + 64] ^= 1;
        files
    }));
    cases
}

fn cases_of_checkpoints() -> Vec<(&'static str, Files)> {
    let other = with_checkpoint(7, |checkpoint| {
        let tree = Tree::from_bytes(&[0; 8]).unwrap();
        let signed = Checkpoint::sign(&key(8), &tree, Chain::default(), checkpoint.at);
        checkpoint.signatures = signed.signatures;
    });
    let root = with_checkpoint(7, |checkpoint| {
        let mut tree = Tree::default();
        (0..7).for_each(|_| tree.push(&checkpoint.chain));
        *checkpoint = Checkpoint::sign(&key(7), &tree, checkpoint.chain, checkpoint.at);
    });
    vec![
        ("wrong-signature", with_checkpoint(3, |checkpoint| checkpoint.signatures[0].bytes[9] ^= 1)),
        ("changed-checkpoint", with_checkpoint(7, |checkpoint| checkpoint.root.0[0] ^= 1)),
        ("other-key", other),
        ("other-root", root),
    ]
}

fn cases_of_bytes() -> Vec<(&'static str, Files)> {
    vec![
        ("padding", edited(&[], 0, |bytes| bytes[FRAMES[1] + 64 + 5] = 1)),
        ("no-frame", edited(&[], 0, |bytes| bytes[FRAMES[1]] = b'w')),
        ("length-too-large", edited(&[], 0, |bytes| bytes[FRAMES[1] + 7] = 255)),
        ("cut-in-the-middle", edited(&[], 0, |bytes| bytes.truncate(FRAMES[2] + 70))),
        (
            "sync-that-cannot-have-been",
            edited(&[], 0, |bytes| {
                bytes[FRAMES[1] + 17] = 1;
                mend(bytes, FRAMES[1], 5);
            }),
        ),
        ("header-damaged", edited(&[], 1, |bytes| bytes[30] ^= 1)),
        (
            "version-unknown",
            edited(&[], 1, |bytes| {
                bytes[8] = 2;
                mend(bytes, 0, 0);
            }),
        ),
        (
            "header-renumbered",
            tampered(&[], |files| {
                let mut bytes = files.remove(SEGMENTS[1]).unwrap();
                bytes[16] = 2;
                mend(&mut bytes, 0, 0);
                files.insert(segment_name(2), bytes);
            }),
        ),
        (
            "header-of-another-journal",
            edited(&[], 1, |bytes| {
                bytes[24] ^= 1;
                mend(bytes, 0, 0);
            }),
        ),
    ]
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("test-vectors/journal")
}

/// What the auditor's reader says of a directory with checkpoints in it.
fn seen(directory: &Path, key: &VerifierKey) -> (Result<Report, Finding>, Value) {
    let mut names: Vec<_> = fs_err::read_dir(directory).unwrap().map(|entry| entry.unwrap().path()).collect();
    names.sort();
    names.retain(|path| path.extension().is_some_and(|end| end == "checkpoint"));
    let read = |path: &PathBuf| Checkpoint::parse(&fs_err::read_to_string(path).unwrap()).unwrap();
    let checkpoints: Vec<_> = names.iter().map(read).collect();
    let outcome = verify(directory, &checkpoints, Some(key), NOW.parse().unwrap(), &mut |_| ());
    let json = to_json(&outcome);
    (outcome, json)
}

fn write(cases: &[(&str, Files)]) {
    _ = fs_err::remove_dir_all(root());
    for (name, files) in cases {
        let directory = root().join(name);
        fs_err::create_dir_all(&directory).unwrap();
        for (file, bytes) in files {
            fs_err::write(directory.join(file), bytes).unwrap();
        }
        let expected = serde_json::to_string_pretty(&seen(&directory, &key(7).verifier()).1).unwrap();
        fs_err::write(directory.join("expected.json"), expected + "\n").unwrap();
    }
    fs_err::write(root().join("checkpoint.vkey"), format!("{}\n", key(7).verifier())).unwrap();
}

#[test]
fn r_audit_3_the_vectors_are_what_the_journal_writes_and_each_gives_the_finding_expected() {
    let cases = cases();
    if std::env::var_os("WHORL_WRITE_VECTORS").is_some() {
        write(&cases);
    }
    let vkey = fs_err::read_to_string(root().join("checkpoint.vkey")).unwrap();
    assert_eq!(vkey.trim_end(), key(7).verifier().to_string());
    let key = vkey.trim_end().parse().unwrap();
    for (name, files) in &cases {
        let directory = root().join(name);
        let there: BTreeSet<String> = fs_err::read_dir(&directory)
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .filter(|name| name != "expected.json")
            .collect();
        assert_eq!(there, files.keys().cloned().collect(), "{name}");
        for (file, bytes) in files {
            assert!(fs_err::read(directory.join(file)).unwrap() == *bytes, "{name}/{file}");
        }
        let expected: Value =
            serde_json::from_str(&fs_err::read_to_string(directory.join("expected.json")).unwrap()).unwrap();
        assert_eq!(seen(&directory, &key).1, expected, "{name}");
    }
    let directories =
        fs_err::read_dir(root()).unwrap().filter(|entry| entry.as_ref().unwrap().path().is_dir());
    assert_eq!(directories.count(), cases.len());
}

/// Name, reason, record, and segment with offset.
type Wanted = (&'static str, Reason, Option<u64>, Option<(usize, u64)>);

/// What each vector must give, by hand: what is in `expected.json` was written by the code that it tests.
#[test]
fn r_audit_3_each_way_to_tamper_is_found_where_it_was_done() {
    let wanted: [Wanted; 25] = [
        ("edited", Reason::FrameChecksum, Some(1), Some((0, 128))),
        ("edited-checksum-mended", Reason::RecordChain, Some(1), Some((0, 128))),
        ("written-anew", Reason::CheckpointChain, Some(2), Some((0, 200))),
        ("deleted", Reason::RecordNumber, Some(1), Some((0, 128))),
        ("inserted", Reason::RecordNumber, Some(2), Some((0, 200))),
        ("reordered", Reason::RecordNumber, Some(1), Some((0, 128))),
        ("truncated", Reason::ShorterThanCheckpoint, Some(6), None),
        ("truncated-within-a-record", Reason::FrameCut, Some(6), Some((2, 136))),
        ("segments-swapped", Reason::SegmentName, Some(0), Some((0, 16))),
        ("segment-removed", Reason::SegmentGap, Some(3), Some((2, 16))),
        ("first-segment-removed", Reason::SegmentGap, Some(0), Some((1, 16))),
        ("all-segments-removed", Reason::NoSegments, None, None),
        ("rolled-back", Reason::ShorterThanCheckpoint, Some(3), None),
        ("wrong-signature", Reason::CheckpointSignature, None, None),
        ("changed-checkpoint", Reason::CheckpointSignature, None, None),
        ("other-key", Reason::CheckpointSignature, None, None),
        ("other-root", Reason::CheckpointRoot, Some(6), Some((2, 136))),
        ("padding", Reason::FramePadding, Some(1), Some((0, 128))),
        ("no-frame", Reason::FrameMagic, Some(1), Some((0, 128))),
        ("length-too-large", Reason::FrameLength, Some(1), Some((0, 128))),
        ("cut-in-the-middle", Reason::FrameCut, Some(2), Some((0, 200))),
        ("sync-that-cannot-have-been", Reason::RecordSynced, Some(1), Some((0, 128))),
        ("header-damaged", Reason::SegmentHeader, Some(3), Some((1, 0))),
        ("version-unknown", Reason::SegmentVersion, Some(3), Some((1, 0))),
        ("header-of-another-journal", Reason::SegmentChain, Some(3), Some((1, 24))),
    ];
    let mut reasons = BTreeSet::from([Reason::Unreadable.code(), Reason::SegmentOverlap.code()]);
    let not_due = seen(&root().join("destroyed-and-not-due"), &key(7).verifier()).0.unwrap_err();
    assert_eq!((not_due.reason, not_due.record, not_due.segment), (Reason::DestroyedEarly, Some(4), None));
    for (name, reason, record, at) in [
        ("held-and-edited", Reason::FrameChecksum, 3, 64),
        ("hollow-behind-a-full-one", Reason::HollowLate, 3, 0),
        ("destroyed-too-early", Reason::DestroyedEarly, 4, 144),
    ] {
        let finding = seen(&root().join(name), &key(7).verifier()).0.unwrap_err();
        let found = (finding.reason, finding.record, finding.segment, finding.offset);
        assert_eq!(found, (reason, Some(record), Some(hollow_name(1)), Some(at)), "{name}");
        reasons.insert(reason.code());
    }
    for (name, reason, record, place) in wanted {
        let finding = seen(&root().join(name), &key(7).verifier()).0.unwrap_err();
        assert_eq!((finding.reason, finding.record), (reason, record), "{name}: {finding}");
        let found = finding.segment.zip(finding.offset);
        assert_eq!(found, place.map(|(i, at)| (SEGMENTS[i].to_owned(), at)), "{name}");
        reasons.insert(reason.code());
    }
    assert_eq!(reasons.len(), Reason::ALL.len(), "every reason has a vector");
    let overlap = seen(&root().join("header-renumbered"), &key(7).verifier()).0.unwrap_err();
    assert_eq!((overlap.reason, overlap.record), (Reason::SegmentOverlap, Some(3)));
    let good = seen(&root().join("good"), &key(7).verifier()).0.unwrap();
    assert_eq!((good.records, good.segments, good.checkpoints), (7, 3, vec![3, 7]));
    let hollow = seen(&root().join("good-hollow"), &key(7).verifier()).0.unwrap();
    assert_eq!((hollow.records, hollow.destroyed, hollow.held, hollow.checkpoints), (7, 2, 1, vec![3, 7]));
    let unfinished = seen(&root().join("good-unfinished"), &key(7).verifier()).0.unwrap();
    assert_eq!((unfinished.records, unfinished.unfinished_bytes), (6, 72));
}
