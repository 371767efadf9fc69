//! What the keyring does when nothing goes wrong with the disk: destroying, refusing, growing, rotating.

use std::sync::Arc;

use uuid::Uuid;

use super::{PLAIN, Watched, assert_gone, wrapping_keys};
use crate::files::simulated::{Fault, Simulated};
use crate::files::{Disk, Files};
use crate::keyring::layout::{BLOCK_SLOTS, HEADER, SLOT, offset};
use crate::keyring::{Keyring, KeyringError, Part};

#[test]
fn r_erase_2_a_destroyed_key_is_zeros_on_disk_and_its_slot_is_used_again() {
    let [key, ..] = wrapping_keys();
    let disk = Simulated::default();
    let ring = Keyring::create(Watched::new(&disk), &key).unwrap();
    let record = Uuid::from_u128(1);
    ring.add(record).unwrap();
    ring.sync().unwrap();
    let (number, wrapped) = ring.wrapped(record).unwrap();
    assert!(ring.destroy(record).unwrap());
    assert!(ring.get(record).unwrap().is_none());
    assert!(!ring.destroy(record).unwrap(), "once more is no error");
    let durable = disk.after_power_cut(&mut |_| 0);
    assert_gone(&durable, &[wrapped]);
    assert_eq!(durable.read("keyring", offset(number), SLOT).unwrap(), [0; SLOT]);
    ring.add(Uuid::from_u128(2)).unwrap();
    assert_eq!(ring.wrapped(Uuid::from_u128(2)).unwrap().0, number);
}

#[test]
fn r_access_7_another_wrapping_key_is_told_at_once_and_changes_nothing() {
    let [key, other, _] = wrapping_keys();
    let disk = Simulated::default();
    Keyring::create(Watched::new(&disk), &key).unwrap().add(Uuid::from_u128(1)).unwrap();
    disk.fail(None);
    assert!(matches!(Keyring::open(Watched::new(&disk), &other), Err(KeyringError::WrongWrappingKey)));
    assert!(matches!(Keyring::create(Watched::new(&disk), &key), Err(KeyringError::Exists)));
    assert_eq!(disk.calls(), 0);
    let ring = Keyring::open(Watched::new(&disk), &key).unwrap();
    assert!(matches!(ring.rotate(&key), Err(KeyringError::SameWrappingKey)));
    assert!(matches!(Keyring::open(Watched::new(&Simulated::default()), &key), Err(KeyringError::Missing)));
}

#[test]
fn r_access_7_r_erase_2_a_changed_slot_gives_no_key_is_counted_and_stops_erasure_until_it_is_settled() {
    let [key, other, _] = wrapping_keys();
    let disk = Simulated::default();
    let ring = Keyring::create(Watched::new(&disk), &key).unwrap();
    let (hurt, whole) = (Uuid::from_u128(1), Uuid::from_u128(2));
    ring.add(hurt).unwrap();
    ring.add(whole).unwrap();
    ring.sync().unwrap();
    let (number, wrapped) = ring.wrapped(hurt).unwrap();
    for byte in 0..SLOT {
        let disk = disk.after_power_cut(&mut |_| 0);
        let at = usize::try_from(offset(number)).unwrap() + byte;
        disk.tamper("keyring", |content| content[at] ^= 1);
        let ring = Keyring::open(Watched::new(&disk), &key).unwrap();
        assert_eq!((ring.unreadable(), ring.len()), (1, 1));
        assert!(ring.get(hurt).unwrap().is_none() && ring.get(whole).unwrap().is_some());
        for record in [hurt, whole, Uuid::from_u128(3)] {
            assert!(matches!(ring.destroy(record), Err(KeyringError::Unreadable(1))), "byte {byte}");
        }
        assert!(matches!(ring.rotate(&other), Err(KeyringError::Unreadable(1))));
        assert_ne!(
            {
                ring.add(hurt).unwrap();
                ring.wrapped(hurt).unwrap().0
            },
            number,
            "not used before it is cleared"
        );
        ring.sync().unwrap();
        assert_eq!(ring.clear_unreadable().unwrap(), 1);
        assert!(ring.destroy(hurt).unwrap());
        assert_gone(&disk.after_power_cut(&mut |_| 0), &[wrapped]);
    }
}

#[test]
fn r_access_7_a_slot_whose_checksum_was_made_to_fit_still_gives_no_key() {
    let [key, ..] = wrapping_keys();
    let disk = Simulated::default();
    let ring = Keyring::create(Watched::new(&disk), &key).unwrap();
    ring.add(Uuid::from_u128(1)).unwrap();
    let (number, _) = ring.wrapped(Uuid::from_u128(1)).unwrap();
    let at = usize::try_from(offset(number)).unwrap();
    disk.tamper("keyring", |content| {
        content[at] ^= 1;
        let crc = crc32c::crc32c_append(crc32c::crc32c(&number.to_le_bytes()), &content[at..at + 124]);
        content[at + 124..at + 128].copy_from_slice(&crc.to_le_bytes());
    });
    assert_eq!(Keyring::open(Watched::new(&disk), &key).unwrap().unreadable(), 1);
}

#[test]
fn what_a_rotation_left_is_kept_while_the_new_file_has_unreadable_slots() {
    let [old, new, _] = wrapping_keys();
    let disk = Simulated::default();
    let ring = Keyring::create(Watched::new(&disk), &old).unwrap();
    ring.add(Uuid::from_u128(1)).unwrap();
    ring.sync().unwrap();
    disk.fail(None);
    // Its calls: header, block, sync, directory, two renames, directory, then the zeros.
    disk.fail(Some(Fault::Once(7)));
    assert!(matches!(ring.rotate(&new), Err(KeyringError::Io(_))));
    disk.tamper("keyring", |content| content[HEADER + 50] ^= 1);
    let names = || disk.list().unwrap();
    let ring = Keyring::open(Watched::new(&disk), &new).unwrap();
    assert_eq!((ring.unreadable(), names()), (1, vec!["keyring".to_owned(), "keyring.old".to_owned()]));
    ring.clear_unreadable().unwrap();
    assert_eq!(names(), ["keyring"]);
}

#[test]
fn the_file_grows_by_blocks_and_shrinks_when_it_rotates() {
    let [key, other, _] = wrapping_keys();
    let disk = Simulated::default();
    let ring = Keyring::create(Watched::new(&disk), &key).unwrap();
    let records: Vec<_> = (0..2 * BLOCK_SLOTS as u128 + 1).map(Uuid::from_u128).collect();
    for &record in &records {
        ring.add(record).unwrap();
    }
    assert_eq!(ring.wrapped(records[BLOCK_SLOTS]).unwrap().0, 1024);
    let length = |blocks: usize| (HEADER + blocks * BLOCK_SLOTS * SLOT) as u64;
    assert_eq!(disk.len("keyring").unwrap(), length(3));
    assert_eq!(ring.destroy_all(&records[2..]).unwrap(), records.len() - 2);
    ring.rotate(&other).unwrap();
    assert_eq!((disk.len("keyring").unwrap(), ring.len()), (length(1), 2));
    let ring = Keyring::open(Watched::new(&disk), &other).unwrap();
    assert!(
        records
            .iter()
            .map(|&record| ring.get(record).unwrap().is_some())
            .eq((0..records.len()).map(|i| i < 2))
    );
}

#[test]
fn r_erase_2_keys_made_read_and_destroyed_while_the_wrapping_key_rotates_are_what_they_should_be() {
    let keys = wrapping_keys();
    let disk = Simulated::default();
    let ring = Keyring::create(Watched::new(&disk), &keys[0]).unwrap();
    let seal = |record: Uuid| ring.add(record).unwrap().seal(record, Part::Record, 1, PLAIN).unwrap();
    std::thread::scope(|scope| {
        for thread in 0..3u128 {
            let (ring, seal) = (&ring, &seal);
            scope.spawn(move || {
                for turn in 0..60 {
                    let record = Uuid::from_u128(thread * 1000 + turn);
                    let sealed = seal(record);
                    ring.sync().unwrap();
                    let key = ring.get(record).unwrap().unwrap();
                    assert_eq!(*key.open(record, Part::Record, 1, &sealed).unwrap(), PLAIN);
                    assert!(turn % 2 == 0 || ring.destroy(record).unwrap());
                }
            });
        }
        (1..=10).for_each(|turn| ring.rotate(&keys[turn % 3]).unwrap());
    });
    let ring = Keyring::open(Watched::new(&disk), &keys[1]).unwrap();
    assert!(ring.len() == 90 && ring.records().all(|record| record.as_u128() % 2 == 0));
}

#[test]
fn r_erase_2_it_does_the_same_on_a_real_disk() {
    let directory = tempfile::tempdir().unwrap();
    let [old, new, _] = wrapping_keys();
    let open = |key| Keyring::open(Arc::new(Disk::new(directory.path()).unwrap()), key);
    let ring = Keyring::create(Arc::new(Disk::new(directory.path()).unwrap()), &old).unwrap();
    let (kept, erased) = (Uuid::from_u128(1), Uuid::from_u128(2));
    let sealed = ring.add(kept).unwrap().seal(kept, Part::Templates, 3, PLAIN).unwrap();
    ring.add(erased).unwrap();
    ring.sync().unwrap();
    ring.rotate(&new).unwrap();
    let (_, wrapped) = ring.wrapped(erased).unwrap();
    assert!(ring.destroy(erased).unwrap());
    let names: Vec<_> = fs_err::read_dir(directory.path()).unwrap().map(|e| e.unwrap().file_name()).collect();
    assert_eq!(names, ["keyring"]);
    let bytes = fs_err::read(directory.path().join("keyring")).unwrap();
    assert!(!bytes.windows(wrapped.len()).any(|window| window == wrapped));
    assert!(matches!(open(&old), Err(KeyringError::WrongWrappingKey)));
    let key = open(&new).unwrap().get(kept).unwrap().unwrap();
    assert_eq!(*key.open(kept, Part::Templates, 3, &sealed).unwrap(), PLAIN);
}
