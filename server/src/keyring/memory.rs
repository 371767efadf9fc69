//! The keyring in memory: where each record's slot is, and the slots, wrapped as they are on disk.
//!
//! A data key is unwrapped when it is asked for and overwritten when it is done with: memory at rest holds the
//! wrapping key and no other. 88 bytes a slot and an index entry: a million records take about 125 MB.

use std::collections::HashMap;
use std::collections::hash_map::Entry;

use uuid::Uuid;
use zeroize::{Zeroize, Zeroizing};

use super::KeyringError;
use super::layout::{BLOCK, BLOCK_SLOTS, Header, SLOT, Slot};
use super::sealing::DataKey;
use super::wrapping::WrappingKey;

/// What the slots of a file hold, and the key that opens them.
pub(super) struct Memory {
    pub wrapping: WrappingKey,
    pub header: Header,
    index: HashMap<Uuid, u32>,
    /// Blocks are not moved once made: a vector of slots that grows would leave wrapped keys where it was.
    blocks: Vec<Box<[Slot]>>,
}

impl Memory {
    pub fn new(wrapping: WrappingKey, header: Header) -> Self {
        Self { wrapping, header, index: HashMap::new(), blocks: Vec::new() }
    }

    pub fn len(&self) -> usize {
        self.index.len()
    }

    pub fn blocks(&self) -> usize {
        self.blocks.len()
    }

    pub fn records(&self) -> Vec<Uuid> {
        self.index.keys().copied().collect()
    }

    /// Adds a block of free slots, and says its numbers.
    pub fn grow(&mut self) -> Result<std::ops::Range<u32>, KeyringError> {
        let number = |blocks: usize| u32::try_from(blocks * BLOCK_SLOTS).map_err(|_| KeyringError::Full);
        let numbers = number(self.blocks.len())?..number(self.blocks.len() + 1)?;
        self.blocks.push(vec![Slot::FREE; BLOCK_SLOTS].into_boxed_slice());
        Ok(numbers)
    }

    pub fn has(&self, record: Uuid) -> bool {
        self.index.contains_key(&record)
    }

    pub fn get(&self, record: Uuid) -> Result<Option<DataKey>, KeyringError> {
        let Some(&number) = self.index.get(&record) else { return Ok(None) };
        self.wrapping.unseal(&self.header, number, &self.blocks[block(number)][place(number)]).map(Some)
    }

    /// Takes a slot in; `false` where its record has one already.
    pub fn put(&mut self, number: u32, slot: Slot) -> bool {
        match self.index.entry(slot.record()) {
            Entry::Occupied(_) => false,
            Entry::Vacant(entry) => {
                entry.insert(number);
                self.blocks[block(number)][place(number)] = slot;
                true
            }
        }
    }

    /// Overwrites a record's slot here, and says which it was.
    pub fn forget(&mut self, record: Uuid) -> Option<u32> {
        let number = self.index.remove(&record)?;
        self.blocks[block(number)][place(number)].zeroize();
        Some(number)
    }

    /// A block as it is in the file.
    pub fn encode(&self, block: usize) -> Result<Zeroizing<Vec<u8>>, KeyringError> {
        let mut bytes = Zeroizing::new(Vec::with_capacity(BLOCK));
        for (place, slot) in self.blocks[block].iter().enumerate() {
            let number = u32::try_from(block * BLOCK_SLOTS + place).map_err(|_| KeyringError::Full)?;
            bytes.extend_from_slice(&if *slot == Slot::FREE { [0; SLOT] } else { slot.encode(number) });
        }
        Ok(bytes)
    }

    /// The same data keys under another wrapping key, without gaps, and the slots that are free then.
    pub fn rewrapped(&self, new: &WrappingKey) -> Result<(Self, Vec<u32>), KeyringError> {
        let mut next = Self::new(new.duplicate(), new.header()?);
        next.index.reserve(self.len());
        let mut free = Vec::new();
        let mut numbers: Vec<u32> = self.index.values().copied().collect();
        numbers.sort_unstable();
        for old in numbers {
            if free.is_empty() {
                free.extend(next.grow()?.rev());
            }
            let slot = &self.blocks[block(old)][place(old)];
            let key = self.wrapping.unseal(&self.header, old, slot)?;
            let number = free.pop().ok_or(KeyringError::Full)?;
            next.put(number, new.wrap(&next.header, number, slot.record(), &key)?);
        }
        Ok((next, free))
    }

    #[cfg(test)]
    pub fn slot(&self, record: Uuid) -> Option<(u32, &Slot)> {
        let &number = self.index.get(&record)?;
        Some((number, &self.blocks[block(number)][place(number)]))
    }
}

fn block(number: u32) -> usize {
    number as usize / BLOCK_SLOTS
}

fn place(number: u32) -> usize {
    number as usize % BLOCK_SLOTS
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn r_erase_2_a_forgotten_slot_is_overwritten_in_memory() {
        let wrapping = WrappingKey::generate().unwrap();
        let header = wrapping.header().unwrap();
        let mut memory = Memory::new(wrapping.duplicate(), header);
        memory.grow().unwrap();
        let record = Uuid::from_u128(1);
        let slot = wrapping.wrap(&header, 5, record, &DataKey::generate().unwrap()).unwrap();
        assert!(memory.put(5, slot.clone()) && !memory.put(6, slot), "one slot for each record");
        assert!(
            memory.get(record).unwrap().is_some() && memory.encode(0).unwrap().iter().any(|&byte| byte != 0)
        );
        assert_eq!((memory.forget(record), memory.forget(record)), (Some(5), None));
        assert!(
            memory.get(record).unwrap().is_none() && memory.encode(0).unwrap().iter().all(|&byte| byte == 0)
        );
    }
}
