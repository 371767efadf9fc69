//! The promises of the keyring, with the power cut, and with an error, at every call that changes something.
//!
//! A [`Model`] remembers what it was told: keys that a sync covered, keys destroyed, wrapped bytes that must be
//! nowhere any more. After each fault the disk is opened again and compared with it.

mod behaviour;
mod faults;
mod key_file;

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::sync::Arc;

use parking_lot::Mutex;
use uuid::Uuid;

use super::layout::{HEADER, SLOT};
use super::{Keyring, KeyringError, Part, WrappingKey};
use crate::files::Files;
use crate::files::simulated::Simulated;

const PLAIN: &[u8] = b"loops and whorls";

/// A disk that sees to it that no file goes, by removal or under another's name, unless it is zeros and they are
/// synced.
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
    /// Wrapped keys that were to be destroyed, until somebody is told that they are.
    dying: Vec<(Uuid, [u8; 32])>,
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
        self.dying.extend(wrapped.map(|(_, bytes)| (record, bytes)));
        assert_eq!(ring.destroy(record)?, wrapped.is_some());
        self.keys.remove(&record);
        self.destroyed.insert(record);
        self.dead.extend(self.dying.iter().filter(|(of, _)| *of == record).map(|(_, bytes)| bytes));
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
        if ring.unreadable() > 0 {
            assert_eq!((ring.clear_unreadable().unwrap(), ring.unreadable()), (1, 0));
        }
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

    /// What an operator's restart does next: erasures that were not answered are asked for again, keys are made, and
    /// all is there after.
    fn go_on(&mut self, disk: &Simulated, ring: &Keyring, keys: &[WrappingKey]) {
        assert_eq!(disk.list().unwrap(), ["keyring"]);
        // What there is after a restart, stays.
        self.keys.retain(|&record, _| ring.get(record).unwrap().is_some());
        self.keys.values_mut().for_each(|(_, must)| *must = true);
        for record in [2, 3, 4, 9] {
            self.destroy(ring, record).unwrap();
        }
        // The worst disk: it never got what was not synced, or what a failed sync was for, whatever this machine
        // was shown since.
        self.reopen(&disk.after_power_cut(&mut |_| 0), keys);
        self.add(ring, 20).unwrap();
        self.add(ring, 5).unwrap();
        self.sync(ring).unwrap();
        self.check(disk, ring);
        self.rotate(ring, keys, 2).unwrap();
        self.check(disk, ring);
        let after = disk.after_power_cut(&mut |_| 0);
        assert_eq!(after.list().unwrap(), ["keyring"]);
        self.reopen(&after, keys);
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
