//! The wrapping key's own file: power lost at every call of its rotation.

use std::sync::Arc;

use uuid::Uuid;

use super::chance;
use crate::files::Files;
use crate::files::simulated::{Fault, Simulated};
use crate::keyring::{Keyring, KeyringError, WrappingKey, key_file};

/// What `whorl serve` does with the directory.
fn start(files: &Simulated) -> Result<Keyring, KeyringError> {
    key_file::settle(files)?;
    let length = usize::try_from(files.len(key_file::NAME)?).unwrap();
    let key = WrappingKey::parse(&files.read(key_file::NAME, 0, length)?)?;
    Keyring::open(Arc::new(files.clone()), &key)
}

/// What `whorl keys rotate` does.
fn rotate(files: &Simulated) -> Result<(), KeyringError> {
    let keyring = start(files)?;
    let new = key_file::prepare(files)?;
    keyring.rotate(&new)?;
    key_file::settle(files)
}

fn unit() -> (Simulated, String) {
    let files = Simulated::default();
    let key = WrappingKey::generate().unwrap();
    files.write(key_file::NAME, 0, key.reveal().as_bytes()).unwrap();
    files.sync(key_file::NAME).unwrap();
    let keyring = Keyring::create(Arc::new(files.clone()), &key).unwrap();
    for record in 1..5 {
        keyring.add(Uuid::from_u128(record)).unwrap();
    }
    keyring.sync().unwrap();
    (files, key.reveal().to_string())
}

#[test]
fn r_erase_2_r_access_7_rotation_leaves_the_new_key_alone_and_all_data_keys() {
    let (files, old) = unit();
    let before = start(&files).unwrap().wrapping_key_id();
    rotate(&files).unwrap();
    let keyring = start(&files).unwrap();
    assert_eq!(keyring.len(), 4);
    assert!(keyring.wrapping_key_id() != before);
    assert_eq!(files.list().unwrap(), ["keyring", key_file::NAME]);
    assert!(files.contents().iter().all(|(_, bytes)| bytes != old.as_bytes()));
}

#[test]
fn r_erase_2_r_access_7_power_lost_at_any_call_of_a_rotation_the_next_start_works() {
    let (counted, _) = unit();
    counted.fail(None);
    rotate(&counted).unwrap();
    let calls = counted.calls();
    assert!(calls > 15, "{calls}");
    for at in 0..calls {
        for fault in [Fault::PowerCut(at), Fault::Once(at), Fault::Full(at)] {
            for seed in 0..4 {
                let (files, old) = unit();
                files.fail(Some(fault));
                drop(rotate(&files));
                let mut dice = chance(seed);
                let found = files.after_power_cut(&mut |below| if seed == 0 { 0 } else { dice(below) });
                // And once more, while it is put in order.
                found.fail(Some(Fault::PowerCut(dice(8))));
                drop(start(&found));
                let found = found.after_power_cut(&mut dice);
                let keyring = start(&found).unwrap_or_else(|error| panic!("{fault:?}, seed {seed}: {error}"));
                assert_eq!((keyring.len(), keyring.unreadable()), (4, 0), "{fault:?}");
                drop(keyring);
                rotate(&found).unwrap();
                assert_eq!(start(&found).unwrap().len(), 4);
                assert_eq!(found.list().unwrap(), ["keyring", key_file::NAME]);
                assert!(found.contents().iter().all(|(_, bytes)| bytes != old.as_bytes()));
            }
        }
    }
}

/// What `whorl serve` does when the key is old.
fn rotate_while_serving(files: &Simulated, keyring: &Keyring) -> Result<(), KeyringError> {
    key_file::settle(files)?;
    keyring.sync()?;
    keyring.rotate(&key_file::prepare(files)?)?;
    key_file::settle(files)
}

#[test]
fn r_erase_2_r_access_7_after_an_error_at_any_call_a_server_that_tries_again_loses_no_key() {
    let (counted, _) = unit();
    let keyring = start(&counted).unwrap();
    counted.fail(None);
    rotate_while_serving(&counted, &keyring).unwrap();
    let calls = counted.calls();
    for at in 0..calls {
        let (files, _) = unit();
        let keyring = start(&files).unwrap();
        files.fail(Some(Fault::Once(at)));
        let first = rotate_while_serving(&files, &keyring);
        files.fail(None);
        for _ in 0..2 {
            let _ = rotate_while_serving(&files, &keyring);
        }
        drop(keyring);
        assert_eq!(start(&files).unwrap().len(), 4, "call {at}: {first:?}");
    }
}
