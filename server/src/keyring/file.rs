//! The keyring's files: which of them counts after a power cut, how they are read, replaced and overwritten.
//!
//! Three names: `keyring`, `keyring.new` while a file is being made, `keyring.old` while one is being overwritten.
//! `mod.rs` has the case analysis that these functions carry out.

use std::io;

use zeroize::Zeroizing;

use super::KeyringError;
use super::layout::{BLOCK, BLOCK_SLOTS, Found, HEADER, Header, SLOT, Slot};
use super::memory::Memory;
use super::wrapping::WrappingKey;
use crate::files::Files;

pub(super) const NAME: &str = "keyring";
pub(super) const NEW: &str = "keyring.new";
pub(super) const OLD: &str = "keyring.old";

/// What is in the file, slot by slot.
pub(super) struct Loaded {
    pub memory: Memory,
    /// Slots to be used next, the last of them first.
    pub free: Vec<u32>,
    pub unreadable: Vec<u32>,
}

pub(super) fn there(files: &dyn Files, name: &str) -> io::Result<bool> {
    Ok(files.list()?.iter().any(|file| file == name))
}

/// Whether there is a keyring, be it in the middle of a rotation.
pub(super) fn exists(files: &dyn Files) -> io::Result<bool> {
    Ok(there(files, NAME)? || there(files, OLD)?)
}

/// Makes an empty keyring. It has its name only once it is whole.
pub(super) fn create(files: &dyn Files, wrapping: &WrappingKey) -> Result<(), KeyringError> {
    if exists(files)? {
        return Err(KeyringError::Exists);
    }
    wipe_leftovers(files)?;
    files.write(NEW, 0, &wrapping.header()?.encode())?;
    files.sync(NEW)?;
    files.rename(NEW, NAME)?;
    Ok(files.sync_directory()?)
}

/// Finds the file that counts and gives it its name, having seen that the wrapping key is its own; changes nothing
/// otherwise.
pub(super) fn settle(files: &dyn Files, wrapping: &WrappingKey) -> Result<Header, KeyringError> {
    let (name, header) = header(files)?;
    if !wrapping.is_of(&header) {
        return Err(KeyringError::WrongWrappingKey);
    }
    if name == OLD {
        files.rename(OLD, NAME)?;
    }
    // Names may so far be known to this machine only; what is overwritten below must not be what a power cut brings
    // back.
    files.sync_directory()?;
    Ok(header)
}

/// The file that counts, and its header.
pub(super) fn header(files: &dyn Files) -> Result<(&'static str, Header), KeyringError> {
    let name = match (there(files, NAME)?, there(files, OLD)?) {
        (true, _) => NAME,
        (false, true) => OLD,
        (false, false) => return Err(KeyringError::Missing),
    };
    if files.len(name)? < HEADER as u64 {
        return Err(KeyringError::Damaged("it is shorter than its header"));
    }
    Ok((name, Header::decode(&files.read(name, 0, HEADER)?)?))
}

/// Reads all slots, and writes them back as they are.
///
/// After a sync that failed, Linux goes on showing what the disk never got, and a further sync does not write it. So
/// what was read is written: a slot seen as zeros is then zeros on the disk, and a key seen is there to stay.
pub(super) fn load(
    files: &dyn Files,
    wrapping: &WrappingKey,
    header: Header,
) -> Result<Loaded, KeyringError> {
    let memory = Memory::new(wrapping.duplicate(), header);
    let mut loaded = Loaded { memory, free: Vec::new(), unreadable: Vec::new() };
    let (mut at, end) = (HEADER as u64, files.len(NAME)?);
    files.write(NAME, 0, &header.encode())?;
    while at < end {
        let length = usize::try_from(end - at).map_or(BLOCK, |left| left.min(BLOCK));
        let mut bytes = Zeroizing::new(files.read(NAME, at, length)?);
        // A file that a power cut left short of a block ends in free slots.
        bytes.resize(BLOCK, 0);
        loaded.take(&bytes)?;
        files.write(NAME, at, &bytes)?;
        at += BLOCK as u64;
    }
    files.sync(NAME)?;
    loaded.free.reverse();
    Ok(loaded)
}

impl Loaded {
    fn take(&mut self, bytes: &[u8]) -> Result<(), KeyringError> {
        let numbers = self.memory.grow()?;
        let (slots, _) = bytes.as_chunks::<SLOT>();
        for (number, bytes) in numbers.zip(slots) {
            match Slot::decode(number, bytes) {
                Found::Free => self.free.push(number),
                Found::Used(slot) if self.opens(number, &slot) && self.memory.put(number, slot.clone()) => {}
                Found::Used(_) | Found::Unreadable => self.unreadable.push(number),
            }
        }
        Ok(())
    }

    fn opens(&self, number: u32, slot: &Slot) -> bool {
        self.memory.wrapping.unseal(&self.memory.header, number, slot).is_ok()
    }
}

/// Writes a whole keyring beside the one that counts, and puts it in its place. The other is `keyring.old` then.
pub(super) fn replace(files: &dyn Files, memory: &Memory) -> Result<(), KeyringError> {
    files.write(NEW, 0, &memory.header.encode())?;
    let mut at = HEADER as u64;
    for block in 0..memory.blocks() {
        files.write(NEW, at, &memory.encode(block)?)?;
        at += BLOCK as u64;
    }
    files.sync(NEW)?;
    // Most file systems keep names in order anyway; where one does not, there is at least a whole file to find.
    files.sync_directory()?;
    files.rename(NAME, OLD)?;
    files.rename(NEW, NAME)?;
    Ok(files.sync_directory()?)
}

/// Overwrites and removes what a creation or rotation left beside the keyring. Only when the keyring's own name is
/// durable.
pub(super) fn wipe_leftovers(files: &dyn Files) -> io::Result<()> {
    for name in [NEW, OLD] {
        if there(files, name)? {
            wipe(files, name)?;
            files.sync_directory()?;
        }
    }
    Ok(())
}

/// Zeros over all of a file, on the disk, before its name goes: what is only unlinked stays readable in free space.
pub(super) fn wipe(files: &dyn Files, name: &str) -> io::Result<()> {
    let zeros = vec![0; BLOCK];
    let (mut at, end) = (0, files.len(name)?);
    while at < end {
        let length = usize::try_from(end - at).map_or(BLOCK, |left| left.min(BLOCK));
        files.write(name, at, &zeros[..length])?;
        at += BLOCK as u64;
    }
    files.sync(name)?;
    files.remove(name)
}

/// Zeros for a block of free slots at the end. Unit of the result: bytes.
pub(super) fn free_block() -> Vec<u8> {
    vec![0; BLOCK_SLOTS * SLOT]
}
