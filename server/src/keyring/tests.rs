//! The promises of the keyring, with the power cut, and with an error, at every call that changes something.
//!
//! A [`Model`] remembers what it was told: keys that a sync covered, keys destroyed, wrapped bytes that must be nowhere any more. After
//! each fault the disk is opened again and compared with it.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::sync::Arc;

use parking_lot::Mutex;
use uuid::Uuid;

use super::layout::{BLOCK_SLOTS, HEADER, SLOT, offset};
use super::{Keyring, KeyringError, Part, WrappingKey};
use crate::files::Files;
use crate::files::simulated::{Fault, Simulated};

const PLAIN: &[u8] = b"loops and whorls";

/// A disk that sees to it that no file goes, by removal or under another's name, unless it is zeros and they are synced.
struct Watched {
    disk: Simulated,
    unsynced: Mutex<BTreeSet<String>>,
}

impl Watched {
    fn new(disk: &Simulated) -> Arc<Self> {
        Arc::new(Self { disk: disk.clone(), unsynced: Mutex::default() })
    }
}

impl Files for Watched {
    fn list(&self) -> io::Result<Vec<String>> {
        self.disk.list()
    }
    fn len(&self, name: &str) -> io::Result<u64> {
        self.disk.len(name)
    }
    fn read(&self, name: &str, offset: u64, length: usize) -> io::Result<Vec<u8>> {
        self.disk.read(name, offset, length)
    }
    fn write(&self, name: &str, offset: u64, bytes: &[u8]) -> io::Result<()> {
        self.unsynced.lock().insert(name.to_owned());
        self.disk.write(name, offset, bytes)
    }
    fn sync(&self, name: &str) -> io::Result<()> {
        self.disk.sync(name)?;
        self.unsynced.lock().remove(name);
        Ok(())
    }
    fn sync_directory(&self) -> io::Result<()> {
        self.disk.sync_directory()
    }
    fn rename(&self, from: &str, to: &str) -> io::Result<()> {
        assert!(!self.disk.contents().iter().any(|(name, _)| name == to), "{to} would be dropped as it is");
        let unsynced = self.unsynced.lock().remove(from);
        assert!(!unsynced || to != "keyring", "{from} is renamed before it is synced");
        if unsynced {
            self.unsynced.lock().insert(to.to_owned());
        }
        self.disk.rename(from, to)
    }
    fn remove(&self, name: &str) -> io::Result<()> {
        let contents = self.disk.contents();
        let bytes = contents.iter().find(|(file, _)| file == name);
        assert!(bytes.is_none_or(|(_, bytes)| bytes.iter().all(|&byte| byte == 0)), "{name} has content");
        assert!(!self.unsynced.lock().contains(name), "the zeros of {name} are not synced");
        self.disk.remove(name)
    }
}

/// What was asked, and what was answered.
#[derive(Default)]
struct Model {
    created: bool,
    /// Sealed parts of records whose key may be there, and whether it must.
    keys: BTreeMap<Uuid, (Vec<u8>, bool)>,
    /// Records whose key must not be there.
    destroyed: BTreeSet<Uuid>,
    /// Wrapped keys that no file may have.
    dead: Vec<[u8; 32]>,
    /// Wrapping keys, by number, one of which is the keyring's.
    wrapping: Vec<usize>,
}

impl Model {
    fn add(&mut self, ring: &Keyring, record: u128) -> Result<(), KeyringError> {
        let record = Uuid::from_u128(record);
        let key = ring.add(record)?;
        self.destroyed.remove(&record);
        self.keys.insert(record, (key.seal(record, Part::Record, 1, PLAIN).unwrap(), false));
        Ok(())
    }

    fn sync(&mut self, ring: &Keyring) -> Result<(), KeyringError> {
        ring.sync()?;
        self.keys.values_mut().for_each(|(_, must)| *must = true);
        Ok(())
    }

    fn destroy(&mut self, ring: &Keyring, record: u128) -> Result<(), KeyringError> {
        let record = Uuid::from_u128(record);
        let wrapped = ring.wrapped(record);
        if let Some((_, must)) = self.keys.get_mut(&record) {
            *must = false;
        }
        assert_eq!(ring.destroy(record)?, wrapped.is_some());
        self.keys.remove(&record);
        self.destroyed.insert(record);
        self.dead.extend(wrapped.map(|(_, bytes)| bytes));
        Ok(())
    }

    fn rotate(&mut self, ring: &Keyring, keys: &[WrappingKey], to: usize) -> Result<(), KeyringError> {
        let old: Vec<_> = ring.records().filter_map(|record| ring.wrapped(record)).collect();
        self.wrapping.push(to);
        ring.rotate(&keys[to])?;
        self.wrapping = vec![to];
        self.keys.values_mut().for_each(|(_, must)| *must = true);
        self.dead.extend(old.into_iter().map(|(_, bytes)| bytes));
        Ok(())
    }

    /// What is done to the disk in most tests below.
    fn run(&mut self, disk: &Simulated, keys: &[WrappingKey]) -> Result<Keyring, KeyringError> {
        self.wrapping = vec![0];
        let ring = Keyring::create(Watched::new(disk), &keys[0])?;
        self.created = true;
        let outcome = self.steps(&ring, keys);
        if let Err(error) = outcome {
            assert!(matches!(error, KeyringError::Io(_)), "{error}");
            assert_latched(&ring, &keys[2]);
            return Err(error);
        }
        Ok(ring)
    }

    fn steps(&mut self, ring: &Keyring, keys: &[WrappingKey]) -> Result<(), KeyringError> {
        (1..=6).try_for_each(|record| self.add(ring, record))?;
        self.sync(ring)?;
        self.destroy(ring, 2)?;
        self.add(ring, 7)?;
        self.destroy(ring, 3)?;
        self.add(ring, 8)?;
        self.rotate(ring, keys, 1)?;
        self.destroy(ring, 4)?;
        self.add(ring, 2)?;
        self.sync(ring)?;
        self.add(ring, 9)?;
        self.destroy(ring, 9)?;
        self.rotate(ring, keys, 0)?;
        self.add(ring, 10)
    }

    /// Opens what a fault left, with whichever wrapping key it is.
    fn reopen(&self, disk: &Simulated, keys: &[WrappingKey]) -> Option<Keyring> {
        let mut opened = Vec::new();
        let there = Keyring::exists(disk).unwrap();
        assert!(there || !self.created);
        for key in keys {
            match Keyring::open(Watched::new(disk), key) {
                Ok(ring) => opened.push((key, ring)),
                Err(KeyringError::WrongWrappingKey) => assert!(there),
                Err(KeyringError::Missing) => assert!(!there),
                Err(error) => panic!("{error}"),
            }
        }
        assert_eq!(opened.len(), usize::from(there));
        let (key, ring) = opened.pop()?;
        assert!(self.wrapping.iter().any(|&number| std::ptr::eq(key, &keys[number])));
        self.check(disk, &ring);
        // Every promised key is there, so a torn slot was nobody's.
        assert!(ring.unreadable() <= 1);
        let torn = ring.unreadable();
        assert_eq!((ring.clear_unreadable().unwrap(), ring.unreadable()), (torn, 0));
        self.check(disk, &ring);
        Some(ring)
    }

    fn check(&self, disk: &Simulated, ring: &Keyring) {
        for (&record, (sealed, must)) in &self.keys {
            match ring.get(record).unwrap() {
                // Added again by whoever was not told that it was there: another key, and nothing was promised of it.
                Some(key) => assert!(!must || *key.open(record, Part::Record, 1, sealed).unwrap() == PLAIN),
                None => assert!(!must, "{record} is lost"),
            }
        }
        assert!(self.destroyed.iter().all(|&record| ring.get(record).unwrap().is_none()));
        let known = |record: &Uuid| record.as_u128() <= 10 || self.keys.contains_key(record);
        assert!(ring.records().all(|record| known(&record)));
        assert_gone(disk, &self.dead);
    }

    /// What an operator's restart does next: erasures that were not answered are asked for again, keys are made, and all is there after.
    fn go_on(&mut self, disk: &Simulated, ring: &Keyring, keys: &[WrappingKey]) {
        self.keys.retain(|&record, _| ring.get(record).unwrap().is_some());
        for record in [5, 2, 9] {
            self.destroy(ring, record).unwrap();
        }
        self.add(ring, 20).unwrap();
        self.add(ring, 5).unwrap();
        self.sync(ring).unwrap();
        self.check(disk, ring);
        self.rotate(ring, keys, 2).unwrap();
        self.check(disk, ring);
        let names: Vec<_> = disk.contents().into_iter().map(|(name, _)| name).collect();
        assert_eq!(names, ["keyring"]);
    }
}

fn assert_latched(ring: &Keyring, other: &WrappingKey) {
    let record = Uuid::from_u128(99);
    assert!(matches!(ring.add(record), Err(KeyringError::Latched)));
    assert!(matches!(ring.sync(), Err(KeyringError::Latched)));
    assert!(matches!(ring.destroy(record), Err(KeyringError::Latched)));
    assert!(matches!(ring.rotate(other), Err(KeyringError::Latched)));
    assert!(matches!(ring.clear_unreadable(), Err(KeyringError::Latched)));
}

/// No file has any of these bytes.
fn assert_gone(disk: &Simulated, dead: &[[u8; 32]]) {
    let dead: BTreeSet<&[u8]> = dead.iter().map(|bytes| &bytes[..]).collect();
    for (name, content) in disk.contents() {
        // Wrapped keys stand in the same place of each slot.
        let (slots, _) = content.get(HEADER..).unwrap_or_default().as_chunks::<SLOT>();
        assert!(!slots.iter().any(|slot| dead.contains(&slot[48..80])), "{name} has a key that is no more");
    }
}

fn wrapping_keys() -> [WrappingKey; 3] {
    [(); 3].map(|()| WrappingKey::generate().unwrap())
}

/// Numbers below the argument, the same for the same seed.
fn chance(mut state: u64) -> impl FnMut(usize) -> usize {
    state = state.wrapping_mul(0x9E37_79B9_7F4A_7C15);
    move |below| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(state >> 33).unwrap() % below
    }
}

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
        // The worst disk: it never got what a failed sync was for, whatever this machine was shown since.
        let after = disk.after_power_cut(&mut |_| 0);
        model.reopen(&after, &keys);
    }
}

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
