//! The power cut, and an error, at every call that changes something; and again at every call of what repairs it.

use super::{Model, Watched, assert_gone, chance, wrapping_keys};
use crate::files::simulated::{Fault, Simulated};
use crate::keyring::{Keyring, WrappingKey};

/// How many calls the trace makes that change something.
fn calls(keys: &[WrappingKey]) -> usize {
    let disk = Simulated::default();
    disk.fail(None);
    let mut model = Model::default();
    let ring = model.run(&disk, keys).unwrap();
    model.check(&disk, &ring);
    let calls = disk.calls();
    assert!(calls > 50, "{calls} calls");
    calls
}

#[test]
fn r_erase_2_r_access_7_whatever_call_the_power_goes_at_nothing_is_lost_and_nothing_comes_back() {
    let keys = wrapping_keys();
    for at in 0..calls(&keys) {
        let mut model = Model::default();
        let disk = Simulated::default();
        disk.fail(Some(Fault::PowerCut(at)));
        assert!(model.run(&disk, &keys).is_err());
        for seed in 0..12 {
            let after = disk.after_power_cut(&mut chance(seed));
            assert_gone(&after, &model.dead);
            model.reopen(&after, &keys);
        }
        let after = disk.after_power_cut(&mut chance(99));
        if let Some(ring) = model.reopen(&after, &keys) {
            model.go_on(&after, &ring, &keys);
        }
    }
}

#[test]
fn r_erase_2_a_power_cut_while_an_earlier_one_is_being_repaired_changes_nothing() {
    let keys = wrapping_keys();
    for at in 0..calls(&keys) {
        let mut model = Model::default();
        let disk = Simulated::default();
        disk.fail(Some(Fault::PowerCut(at)));
        assert!(model.run(&disk, &keys).is_err());
        let first = disk.after_power_cut(&mut chance(7));
        for again in 0.. {
            let second = first.after_power_cut(&mut |_| 0);
            second.fail(Some(Fault::PowerCut(again)));
            let repaired =
                model.wrapping.iter().any(|&key| Keyring::open(Watched::new(&second), &keys[key]).is_ok());
            for seed in 0..3 {
                model.reopen(&second.after_power_cut(&mut chance(seed)), &keys);
            }
            if repaired || !model.created {
                break;
            }
        }
    }
}

#[test]
fn r_erase_2_an_error_at_any_call_latches_and_opening_anew_recovers() {
    let keys = wrapping_keys();
    for at in 0..calls(&keys) {
        let mut model = Model::default();
        let disk = Simulated::default();
        disk.fail(Some(Fault::Once(at)));
        assert!(model.run(&disk, &keys).is_err());
        disk.fail(None);
        let Some(ring) = model.reopen(&disk, &keys) else {
            Keyring::create(Watched::new(&disk), &keys[0]).unwrap();
            continue;
        };
        model.go_on(&disk, &ring, &keys);
    }
}

#[test]
fn r_erase_2_a_power_cut_while_an_error_is_being_repaired_changes_nothing() {
    let keys = wrapping_keys();
    for at in 0..calls(&keys) {
        for again in 0.. {
            let mut model = Model::default();
            let disk = Simulated::default();
            disk.fail(Some(Fault::Once(at)));
            assert!(model.run(&disk, &keys).is_err());
            disk.fail(Some(Fault::PowerCut(again)));
            let opened = keys.iter().any(|key| Keyring::open(Watched::new(&disk), key).is_ok());
            for seed in 0..4 {
                model.reopen(&disk.after_power_cut(&mut chance(seed)), &keys);
            }
            if opened || !model.created {
                break;
            }
        }
    }
}
