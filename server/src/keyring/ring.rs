//! The keyring: one data key for each record, given out, and destroyed for good.
//!
//! *Locks.* One for whoever writes, held across the disk; one for the slots in memory, held for moments. So keys can
//! be had while another is being destroyed or the wrapping key rotates.

use std::io;
use std::sync::Arc;

use parking_lot::{Mutex, RwLock};
use uuid::Uuid;

use super::file::{self, Loaded, NAME};
use super::layout::{SLOT, offset};
use super::memory::Memory;
use super::sealing::DataKey;
use super::wrapping::WrappingKey;
use super::{KeyringError, UNIT};
use crate::files::Files;

/// The data keys of all records, on disk and wrapped.
pub struct Keyring {
    files: Arc<dyn Files>,
    memory: RwLock<Memory>,
    writer: Mutex<Writer>,
}

/// What only a writer needs to know.
struct Writer {
    /// Slots that are zeros on the disk.
    free: Vec<u32>,
    unreadable: Vec<u32>,
    /// A key was added since the last sync.
    unsynced: bool,
    latched: bool,
}

impl Writer {
    fn ready(&self) -> Result<(), KeyringError> {
        if self.latched { Err(KeyringError::Latched) } else { Ok(()) }
    }

    /// Ready, and no slot holds what may be the remains of anybody's key.
    fn ready_and_settled(&self) -> Result<(), KeyringError> {
        self.ready()?;
        match self.unreadable.len() {
            0 => Ok(()),
            count => Err(KeyringError::Unreadable(count)),
        }
    }

    /// Passes on what the disk said; an error is the last that is written.
    fn tried<T, E: Into<KeyringError>>(&mut self, outcome: Result<T, E>) -> Result<T, KeyringError> {
        self.latched |= outcome.is_err();
        outcome.map_err(Into::into)
    }
}

impl Keyring {
    /// Whether the directory has a keyring.
    pub fn exists(files: &dyn Files) -> Result<bool, KeyringError> {
        Ok(file::exists(files)?)
    }

    /// Whether the keyring of a directory is under this key. Changes nothing.
    pub fn is_under(files: &dyn Files, wrapping: &WrappingKey) -> Result<bool, KeyringError> {
        Ok(wrapping.is_of(&file::header(files)?.1))
    }

    /// Makes an empty keyring, durable when this returns; refused where there is one.
    pub fn create(files: Arc<dyn Files>, wrapping: &WrappingKey) -> Result<Self, KeyringError> {
        file::create(&*files, wrapping)?;
        Self::open(files, wrapping)
    }

    /// Opens the keyring, and finishes or undoes what a power cut left half done. See [`Self::unreadable`] before you
    /// go on.
    pub fn open(files: Arc<dyn Files>, wrapping: &WrappingKey) -> Result<Self, KeyringError> {
        let header = file::settle(&*files, wrapping)?;
        let Loaded { memory, free, unreadable } = file::load(&*files, wrapping, header)?;
        if unreadable.is_empty() {
            file::wipe_leftovers(&*files)?;
        }
        let writer = Mutex::new(Writer { free, unreadable, unsynced: false, latched: false });
        Ok(Self { files, memory: RwLock::new(memory), writer })
    }

    /// The key of a record, made where it has none. Durable after [`Self::sync`], not before.
    pub fn add(&self, record: Uuid) -> Result<DataKey, KeyringError> {
        let mut writer = self.writer.lock();
        writer.ready()?;
        if let Some(key) = self.get(record)? {
            return Ok(key);
        }
        if writer.free.is_empty() {
            let numbers = self.memory.write().grow()?;
            let grown = self.files.write(NAME, offset(numbers.start), &file::free_block());
            writer.tried(grown)?;
            writer.free.extend(numbers.rev());
        }
        let key = DataKey::generate()?;
        let number = *writer.free.last().ok_or(KeyringError::Full)?;
        let slot = {
            let memory = self.memory.read();
            memory.wrapping.wrap(&memory.header, number, record, &key)?
        };
        writer.free.pop();
        writer.unsynced = true;
        let written = self.files.write(NAME, offset(number), &slot.encode(number));
        writer.tried(written)?;
        self.memory.write().put(number, slot);
        Ok(key)
    }

    /// Makes all keys added so far durable.
    pub fn sync(&self) -> Result<(), KeyringError> {
        let mut writer = self.writer.lock();
        writer.ready()?;
        if writer.unsynced {
            self.sync_file(&mut writer)?;
        }
        Ok(())
    }

    /// The key of a record, if it has one. Needs no disk.
    pub fn get(&self, record: Uuid) -> Result<Option<DataKey>, KeyringError> {
        self.memory.read().get(record)
    }

    /// Whether a record has a key.
    pub fn has(&self, record: Uuid) -> bool {
        self.memory.read().has(record)
    }

    /// Destroys a record's key: when this returns, its slot is zeros on the disk and in memory, and what the key
    /// sealed is noise (R-ERASE-2). `false` where the record has no key, which is as durable. Refused while slots are
    /// unreadable: one of them may hold the remains of this very key.
    pub fn destroy(&self, record: Uuid) -> Result<bool, KeyringError> {
        Ok(self.destroy_all(&[record])? > 0)
    }

    /// Destroys the keys of many records with one sync, and says how many of them had one.
    pub fn destroy_all(&self, records: &[Uuid]) -> Result<usize, KeyringError> {
        let mut writer = self.writer.lock();
        writer.ready_and_settled()?;
        let numbers: Vec<u32> = {
            let mut memory = self.memory.write();
            records.iter().filter_map(|&record| memory.forget(record)).collect()
        };
        self.zero(&mut writer, &numbers)?;
        Ok(numbers.len())
    }

    /// How many slots hold neither zeros nor a key that opens.
    ///
    /// They are a key whose writing, or destruction, a power cut tore, neither of which anybody was told had
    /// happened; or a key that decayed on the disk, and its record is lost. The file alone cannot tell which. Whoever
    /// knows the records can: if each record that shall have a key has one, the slots were nobody's, and
    /// [`Self::clear_unreadable`] is right; if one lacks its key, that is to be reported first.
    pub fn unreadable(&self) -> usize {
        self.writer.lock().unreadable.len()
    }

    /// Overwrites all unreadable slots, and says how many: from then on keys can be destroyed and the wrapping key
    /// rotated.
    pub fn clear_unreadable(&self) -> Result<usize, KeyringError> {
        let mut writer = self.writer.lock();
        writer.ready()?;
        let numbers = writer.unreadable.clone();
        self.zero(&mut writer, &numbers)?;
        writer.unreadable.clear();
        writer.tried(file::wipe_leftovers(&*self.files))?;
        Ok(numbers.len())
    }

    /// Wraps all keys under another wrapping key, and overwrites the file that had them under the old one.
    ///
    /// After an error keep both wrapping keys until [`Self::open`] has told which of them it is: it refuses the other.
    pub fn rotate(&self, new: &WrappingKey) -> Result<(), KeyringError> {
        let mut writer = self.writer.lock();
        writer.ready_and_settled()?;
        let (next, free) = {
            let memory = self.memory.read();
            if new.is_of(&memory.header) {
                return Err(KeyringError::SameWrappingKey);
            }
            memory.rewrapped(new)?
        };
        writer.tried(file::replace(&*self.files, &next))?;
        *self.memory.write() = next;
        (writer.free, writer.unsynced) = (free, false);
        writer.tried(file::wipe_leftovers(&*self.files))
    }

    /// Whether this is the wrapping key in force.
    pub fn is_wrapped_by(&self, wrapping: &WrappingKey) -> bool {
        wrapping.is_of(&self.memory.read().header)
    }

    /// Id of the wrapping key, drawn at random at each rotation: says which one it is and nothing of the key.
    pub fn wrapping_key_id(&self) -> Uuid {
        Uuid::from_bytes(self.memory.read().header.id)
    }

    /// How many records have a key.
    pub fn len(&self) -> usize {
        let memory = self.memory.read();
        memory.len() - usize::from(memory.has(UNIT))
    }

    /// Whether none has.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The records that have a key, in no order. After a restart, one that nobody knows was never acknowledged:
    /// destroy its key.
    pub fn records(&self) -> impl Iterator<Item = Uuid> + use<> {
        self.memory.read().records().into_iter().filter(|&record| record != UNIT)
    }

    /// Zeros over slots; they are free when the disk has them.
    fn zero(&self, writer: &mut Writer, numbers: &[u32]) -> Result<(), KeyringError> {
        if numbers.is_empty() {
            return Ok(());
        }
        for &number in numbers {
            let zeroed: io::Result<()> = self.files.write(NAME, offset(number), &[0; SLOT]);
            writer.tried(zeroed)?;
        }
        self.sync_file(writer)?;
        writer.free.extend_from_slice(numbers);
        Ok(())
    }

    fn sync_file(&self, writer: &mut Writer) -> Result<(), KeyringError> {
        writer.tried(self.files.sync(NAME))?;
        writer.unsynced = false;
        Ok(())
    }

    /// What a record's key looks like on the disk, for tests that search for it there.
    #[cfg(test)]
    pub(super) fn wrapped(&self, record: Uuid) -> Option<(u32, [u8; 32])> {
        self.memory.read().slot(record).map(|(number, slot)| (number, slot.wrapped))
    }
}
