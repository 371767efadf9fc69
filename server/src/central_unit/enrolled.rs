//! What can be compared with: the gallery, and whose slot is whose.

use std::collections::HashMap;

use parking_lot::RwLock;
use uuid::Uuid;
use whorl_engine::engine::Engine;
use whorl_engine::gallery::{GalleryFull, Slot};

use super::entry::damaged;
use super::{Templates, TransmissionError};
use crate::database::Record;
use crate::eurodac::comparison::label;

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
    slot: HashMap<Uuid, Slot>,
}

impl Enrolled {
    /// Nobody yet.
    pub(super) fn new(engine: Engine) -> Self {
        Self { engine, slots: RwLock::default() }
    }

    /// Puts entered records where searches find them.
    pub(super) fn append(&self, records: Vec<(Record, Templates)>) -> Result<(), TransmissionError> {
        let mut ids = Vec::with_capacity(records.len());
        let mut labelled = Vec::with_capacity(records.len());
        for (record, templates) in records {
            let labelled_record =
                label(&record.stored()).ok_or_else(|| damaged(&record, "has no place in a gallery"))?;
            ids.push(record.id);
            labelled.push((labelled_record, templates));
        }
        let full = |error: GalleryFull| TransmissionError::Full(error.to_string());
        let mut slots = self.slots.write();
        for (slot, id) in self.engine.append(&labelled).map_err(full)?.into_iter().zip(ids) {
            if slots.record.len() <= slot.index() {
                slots.record.resize(slot.index() + 1, None);
            }
            slots.record[slot.index()] = Some(id);
            slots.slot.insert(id, slot);
        }
        Ok(())
    }

    /// R-ERASE-2: overwrites a record's slot, in memory and on the device; nothing where it has none. A search that is under
    /// way does not give it any more (R-ERASE-3).
    pub(super) fn erase(&self, id: Uuid) {
        let mut slots = self.slots.write();
        if let Some(slot) = slots.slot.remove(&id) {
            slots.record[slot.index()] = None;
            self.engine.erase(slot);
        }
    }

    /// Whose slot it is.
    pub(super) fn record_at(&self, slot: Slot) -> Option<Uuid> {
        *self.slots.read().record.get(slot.index())?
    }
}
