//! The journal on a disk that loses power, fails, and is tampered with.

use std::sync::Arc;

use super::frame::{HEADER_BYTES, framed, segment_name};
use super::*;
use crate::files::Files;
use crate::files::simulated::{Fault, Simulated};

/// A record of this number, longer than a sector now and then.
fn body(number: u64) -> Vec<u8> {
    let length = usize::try_from(number * 397 % 1500).unwrap();
    let mut body = number.to_le_bytes().to_vec();
    body.extend((0..=250u8).cycle().take(length));
    body
}

fn dice(seed: u64) -> impl FnMut(usize) -> usize {
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) + 1;
    move |below| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(state >> 33).unwrap() % below
    }
}

/// Groups of 1, 2, 3, 1, … records. What was acknowledged, and the error that ended it.
fn write(files: &Simulated, groups: u64) -> (u64, Option<JournalError>) {
    let mut acknowledged = 0;
    let mut work = || -> Result<(), JournalError> {
        let mut log = match open(Arc::new(files.clone()))? {
            Some(log) => log,
            None => Log::create(Arc::new(files.clone()))?,
        };
        for group in 0..groups {
            for _ in 0..=group % 3 {
                log.append(&body(log.head().size))?;
            }
            log.commit()?;
            acknowledged = log.head().size;
        }
        Ok(())
    };
    let error = work().err();
    (acknowledged, error)
}

/// Records that are read, each of which must be what was written.
fn read_all(files: &Simulated) -> Result<u64, JournalError> {
    let mut next = 0;
    replay(files, 0..u64::MAX, |record| {
        assert_eq!((record.number, record.body), (next, body(next).as_slice()));
        let again = super::read(files, record.place, 0, record.body.len())?;
        assert_eq!(again, record.body);
        next += 1;
        Ok(())
    })?;
    Ok(next)
}

#[test]
fn r_data_7_r_audit_2_power_lost_at_any_call_loses_nothing_that_was_acknowledged() {
    let counted = Simulated::default();
    write(&counted, 9);
    let calls = counted.calls();
    for at in 0..=calls {
        for seed in 0..60 {
            let files = Simulated::default();
            files.fail(Some(Fault::PowerCut(at)));
            let (acknowledged, _) = write(&files, 9);
            let mut chance = dice(seed);
            let after = files.after_power_cut(&mut chance);
            // And once more while it recovers.
            after.fail(Some(Fault::PowerCut(chance(6))));
            drop(open(Arc::new(after.clone())));
            let again = after.after_power_cut(&mut chance);
            let log = open(Arc::new(again.clone())).unwrap();
            let found = if log.is_some() { read_all(&again).unwrap() } else { 0 };
            assert!(
                found >= acknowledged,
                "call {at}, seed {seed}: {acknowledged} acknowledged, {found} found"
            );
            assert_eq!(log.map_or(0, |log| log.head().size), found);
            let (more, error) = write(&again, 4);
            assert!(error.is_none() && more == found + 7 && read_all(&again).unwrap() == more);
        }
    }
}

#[test]
fn r_audit_2_after_one_error_nothing_is_acknowledged_until_a_restart() {
    let counted = Simulated::default();
    write(&counted, 9);
    for at in 0..counted.calls() {
        for fault in [Fault::Once(at), Fault::Full(at)] {
            let files = Simulated::default();
            files.fail(Some(fault));
            let mut log = match Log::create(Arc::new(files.clone())) {
                Ok(log) => log,
                Err(_) => continue,
            };
            let mut failed_at = None;
            for _ in 0..12 {
                let outcome = log.append(&body(log.head().size)).and_then(|_| log.commit());
                match outcome {
                    Ok(()) => assert!(failed_at.is_none(), "{fault:?}: acknowledged after an error"),
                    Err(_) => _ = failed_at.get_or_insert(log.head().size),
                }
            }
            assert_eq!(log.failure().is_some(), failed_at.is_some());
            files.fail(None);
            let mut log = open(Arc::new(files.clone())).unwrap().unwrap();
            log.append(&body(log.head().size)).unwrap();
            log.commit().unwrap();
            assert_eq!(read_all(&files).unwrap(), log.head().size);
        }
    }
}

#[test]
fn a_torn_end_is_cut_off_and_damage_before_it_is_told() {
    let files = Simulated::default();
    let (written, _) = write(&files, 6);
    let name = segment_name(0);
    let last_group = framed(body(11).len()) + framed(body(10).len()) + framed(body(9).len());
    let length = usize::try_from(files.len(&name).unwrap()).unwrap();
    for bit in (HEADER_BYTES * 8..length * 8).step_by(61) {
        let copy = files.after_power_cut(&mut |_| 0);
        copy.tamper(&name, |bytes| bytes[bit / 8] ^= 1 << (bit % 8));
        match open(Arc::new(copy.clone())) {
            Ok(log) => {
                assert!(bit / 8 >= length - last_group, "damage at bit {bit} was taken for a torn end");
                let size = log.unwrap().head().size;
                assert!(size < written, "the damaged record is not there");
            }
            Err(JournalError::Damaged { .. }) => assert!(bit / 8 < length - last_group),
            Err(other) => panic!("{other}"),
        }
    }
}

#[test]
fn segments_follow_one_another_and_a_missing_one_is_told() {
    let files = Simulated::default();
    let mut log = Log::create(Arc::new(files.clone())).unwrap();
    let large = vec![5; usize::try_from(SEGMENT_BYTES / 3).unwrap()];
    for _ in 0..10 {
        log.append(&large).unwrap();
        log.commit().unwrap();
    }
    assert_eq!(segments(&files).unwrap(), [0, 3, 6, 9]);
    let log = open(Arc::new(files.clone())).unwrap().unwrap();
    let mut numbers = Vec::new();
    let head = replay(&files, 4..u64::MAX, |record| {
        numbers.push(record.number);
        Ok(())
    });
    assert_eq!((head.unwrap(), numbers), (Some(log.head()), (4..10).collect()));
    files.remove(&segment_name(3)).unwrap();
    let error = replay(&files, 0..u64::MAX, |_| Ok(())).unwrap_err();
    assert!(error.to_string().contains("record 6 of the journal does not follow"), "{error}");
}
