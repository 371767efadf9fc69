//! What can be compared with: the gallery, whose slot is whose, and whose set is whose without looking at a disk.

use std::collections::{BTreeSet, HashMap};

use jiff::civil::Date;
use parking_lot::RwLock;
use uuid::Uuid;
use whorl_engine::engine::Engine;
use whorl_engine::gallery::{GalleryFull, Slot};

use super::entry::damaged;
use super::{Templates, TransmissionError};
use crate::database::Record;
use crate::eurodac::comparison::{Stored, label};

/// The gallery, and its records.
pub(super) struct Enrolled {
    pub(super) engine: Engine,
    /// Written before a slot can be found.
    slots: RwLock<Slots>,
}

/// Whose slot is whose.
#[derive(Default)]
struct Slots {
    record: Vec<Option<Uuid>>,
    known: HashMap<Uuid, (Slot, Stored)>,
    /// By the last day of their retention.
    by_last_day: BTreeSet<(Date, Uuid)>,
}

impl Enrolled {
    /// Nobody yet.
    pub(super) fn new(engine: Engine) -> Self {
        Self { engine, slots: RwLock::default() }
    }

    /// Puts entered records where searches find them.
    pub(super) fn append(&self, records: Vec<(Record, Templates)>) -> Result<(), TransmissionError> {
        let mut sets = Vec::with_capacity(records.len());
        let mut labelled = Vec::with_capacity(records.len());
        for (record, templates) in records {
            let stored = record.stored();
            let labelled_record =
                label(&stored).ok_or_else(|| damaged(&record, "has no place in a gallery"))?;
            sets.push((record.id, stored));
            labelled.push((labelled_record, templates));
        }
        let full = |error: GalleryFull| TransmissionError::Full(error.to_string());
        let mut slots = self.slots.write();
        for (slot, (id, stored)) in self.engine.append(&labelled).map_err(full)?.into_iter().zip(sets) {
            if slots.record.len() <= slot.index() {
                slots.record.resize(slot.index() + 1, None);
            }
            slots.record[slot.index()] = Some(id);
            slots.by_last_day.insert((stored.last_day, id));
            slots.known.insert(id, (slot, stored));
        }
        Ok(())
    }

    /// R-EDIT-1, R-BLOCK-1: what a record is from now on. No search that ends after this finds it as it was.
    pub(super) fn replace(&self, id: Uuid, stored: Stored, templates: &Templates) {
        let mut slots = self.slots.write();
        let Some((slot, old)) = slots.known.get(&id).copied() else { return };
        if let Some(label) = label(&stored) {
            slots.by_last_day.remove(&(old.last_day, id));
            slots.by_last_day.insert((stored.last_day, id));
            slots.known.insert(id, (slot, stored));
            self.engine.replace(slot, label, templates);
        }
    }

    /// R-ERASE-2: overwrites a record's slot, in memory and on the device; nothing where it has none. A search that is under
    /// way does not give it any more (R-ERASE-3).
    pub(super) fn erase(&self, id: Uuid) {
        let mut slots = self.slots.write();
        if let Some((slot, stored)) = slots.known.remove(&id) {
            slots.record[slot.index()] = None;
            slots.by_last_day.remove(&(stored.last_day, id));
            self.engine.erase(slot);
        }
    }

    /// Whose slot it is.
    pub(super) fn record_at(&self, slot: Slot) -> Option<Uuid> {
        *self.slots.read().record.get(slot.index())?
    }

    /// R-ACCESS-2: what decides who may see a record, from memory: a record that is not there, and one that is another State's, cost one
    /// look into the same table, and nothing else.
    pub(super) fn stored(&self, id: Uuid) -> Option<Stored> {
        self.slots.read().known.get(&id).map(|(_, stored)| *stored)
    }

    /// Up to `limit` records whose last day is before this one.
    pub(super) fn over(&self, today: Date, limit: usize) -> Vec<Uuid> {
        let slots = self.slots.read();
        slots.by_last_day.range(..(today, Uuid::nil())).take(limit).map(|&(_, id)| id).collect()
    }
}
