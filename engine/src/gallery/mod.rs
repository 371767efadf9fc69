//! The gallery: labelled slots, and one sub-gallery a finger position whose rows belong to slots.
//!
//! A slot has no more than one row in a sub-gallery, so its fingers of unknown position are spread over several.
//!
//! A slot is a record, whatever fingers it has, so fusing fingers is adding per slot. Rows of a sub-gallery are dense:
//! a finger that nobody sent costs nothing. Slots and rows are reused after an erasure, which overwrites them in place.
//! This is the copy in host memory, which the CPU back end reads and from which a device can always be filled again.

mod label;
mod paged;
mod shared;

pub use label::{Label, PARTITIONS, Partition, Scope};
pub use shared::{Shared, Watch};

use paged::Paged;

use crate::minutia::FingerPosition;
use crate::template::{TEMPLATE_WORDS, Template, TemplateRef};

/// A record's place in the gallery.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Slot(pub(crate) u32);

impl Slot {
    /// The slot of an index.
    pub(crate) fn new(index: usize) -> Option<Self> {
        u32::try_from(index).ok().map(Self)
    }

    /// For arrays indexed by slot.
    pub fn index(self) -> usize {
        self.0 as usize
    }
}

/// A row: whose it is, and how many minutiae stage 1 compares. It stands beside the template, not only in it, so that free
/// and empty rows are passed over before a word of a template is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Row {
    /// The slot that it belongs to.
    pub slot: u32,
    /// Minutiae that stage 1 compares; 0 where the row is free or the template empty.
    pub count: u32,
}

/// What a write changed, so that a device can follow.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Change {
    /// The label of a slot.
    Label(Slot),
    /// A row of a sub-gallery.
    Row(FingerPosition, usize),
}

/// The templates of one finger position.
#[derive(Default)]
pub struct SubGallery {
    rows: Paged<Row>,
    templates: Paged<[u32; TEMPLATE_WORDS]>,
    free: Vec<usize>,
}

impl SubGallery {
    /// How many rows there are, free ones included.
    pub fn rows(&self) -> usize {
        self.rows.len()
    }

    /// Up to `most` rows from `first` on, with their packed templates: those that lie in one piece; none beyond the last.
    pub(crate) fn some(&self, first: usize, most: usize) -> (&[Row], &[[u32; TEMPLATE_WORDS]]) {
        (self.rows.some(first, most), self.templates.some(first, most))
    }

    #[expect(clippy::cast_possible_truncation, reason = "a count of at most 255")]
    fn put(&mut self, slot: Slot, template: &Template) -> usize {
        let count = template.view().stage1_count() as u32;
        let row = Row { slot: slot.0, count };
        if let Some(index) = self.free.pop() {
            self.rows[index] = row;
            self.templates[index] = *template.words();
            return index;
        }
        self.rows.push(row);
        self.templates.push(*template.words());
        self.rows.len() - 1
    }

    fn clear(&mut self, index: usize) {
        self.rows[index] = Row::default();
        self.templates[index] = [0; TEMPLATE_WORDS];
        self.free.push(index);
    }
}

/// All slots and sub-galleries.
#[derive(Default)]
pub struct Gallery {
    labels: Paged<Option<Label>>,
    rows_of: Paged<Vec<(FingerPosition, usize)>>,
    fingers: [SubGallery; FingerPosition::SUB_GALLERIES],
    free: Vec<Slot>,
}

/// The gallery has as many slots as it can number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the gallery is full: {} slots", u32::MAX)]
pub struct GalleryFull;

impl Gallery {
    /// Adds a record. Of two templates of one known position the last is kept; of more than ten of unknown position the first nine
    /// and the last. Returns its slot and what changed.
    pub fn append(
        &mut self,
        label: Label,
        templates: &[(FingerPosition, Template)],
    ) -> Result<(Slot, Vec<Change>), GalleryFull> {
        let slot = match self.free.pop() {
            Some(slot) => slot,
            None => {
                let slot = Slot(u32::try_from(self.labels.len()).map_err(|_| GalleryFull)?);
                self.labels.push(None);
                self.rows_of.push(Vec::new());
                slot
            }
        };
        self.labels[slot.index()] = Some(label);
        let mut changes = vec![Change::Label(slot)];
        changes.extend(self.put_fingers(slot, templates));
        Ok((slot, changes))
    }

    /// Overwrites a record's label and templates and frees its slot. An unused slot stays as it is.
    pub fn erase(&mut self, slot: Slot) -> Vec<Change> {
        if self.label(slot).is_none() {
            return Vec::new();
        }
        self.labels[slot.index()] = None;
        self.free.push(slot);
        let mut changes = vec![Change::Label(slot)];
        changes.extend(self.clear_fingers(slot));
        changes
    }

    /// Puts another label and other templates in the place of a record's. An unused slot stays as it is.
    pub fn replace(
        &mut self,
        slot: Slot,
        label: Label,
        templates: &[(FingerPosition, Template)],
    ) -> Vec<Change> {
        if self.label(slot).is_none() {
            return Vec::new();
        }
        self.labels[slot.index()] = Some(label);
        let mut changes = vec![Change::Label(slot)];
        changes.extend(self.clear_fingers(slot));
        changes.extend(self.put_fingers(slot, templates));
        changes
    }

    fn clear_fingers(&mut self, slot: Slot) -> Vec<Change> {
        let rows = core::mem::take(&mut self.rows_of[slot.index()]);
        let clear = |(position, row): (FingerPosition, usize)| {
            self.fingers[position.index()].clear(row);
            Change::Row(position, row)
        };
        rows.into_iter().map(clear).collect()
    }

    fn put_fingers(&mut self, slot: Slot, templates: &[(FingerPosition, Template)]) -> Vec<Change> {
        let mut changes = Vec::with_capacity(templates.len());
        let mut unknown = 0;
        for (position, template) in templates {
            let position = if position.is_known() {
                position
            } else {
                unknown += 1;
                &FingerPosition::unknown(unknown - 1)
            };
            let owned = &mut self.rows_of[slot.index()];
            let sub = &mut self.fingers[position.index()];
            if let Some(at) = owned.iter().position(|(p, _)| p == position) {
                let (_, row) = owned.swap_remove(at);
                sub.clear(row);
            }
            let row = sub.put(slot, template);
            owned.push((*position, row));
            changes.push(Change::Row(*position, row));
        }
        changes
    }

    /// Slots, unused ones included.
    pub fn slots(&self) -> usize {
        self.labels.len()
    }

    /// The sub-galleries that have any rows.
    pub(crate) fn occupied(&self) -> Vec<FingerPosition> {
        FingerPosition::sub_galleries().filter(|&position| self.finger(position).rows() > 0).collect()
    }

    /// Slots in use.
    pub fn records(&self) -> usize {
        self.labels.len() - self.free.len()
    }

    /// `None` where the slot is not in use.
    pub fn label(&self, slot: Slot) -> Option<&Label> {
        self.labels.get(slot.index())?.as_ref()
    }

    /// The sub-gallery of a position.
    pub fn finger(&self, position: FingerPosition) -> &SubGallery {
        &self.fingers[position.index()]
    }

    /// The sub-galleries in which a slot has a template that is not empty, as bits.
    pub(crate) fn fingers_of(&self, slot: Slot) -> u32 {
        let rows = self.rows_of.get(slot.index()).map_or(&[][..], |rows| rows);
        let compared =
            rows.iter().filter(|(position, row)| self.fingers[position.index()].rows[*row].count > 0);
        compared.fold(0, |bits, (position, _)| bits | 1 << position.index())
    }

    /// The sub-galleries in which a slot has a template.
    pub(crate) fn positions_of(&self, slot: Slot) -> Vec<FingerPosition> {
        let rows = self.rows_of.get(slot.index()).map_or(&[][..], |rows| rows);
        rows.iter().map(|(position, _)| *position).collect()
    }

    /// The row of a slot's finger in the sub-gallery of its position, if it has one.
    pub fn row(&self, slot: Slot, position: FingerPosition) -> Option<usize> {
        let (_, row) = self.rows_of.get(slot.index())?.iter().find(|(p, _)| *p == position)?;
        Some(*row)
    }

    /// The template of a slot's finger, if it has one.
    pub fn template(&self, slot: Slot, position: FingerPosition) -> Option<TemplateRef<'_>> {
        Some(TemplateRef::new(&self.fingers[position.index()].templates[self.row(slot, position)?]))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::minutia::{Minutia, MinutiaType};

    fn template(n: u16) -> Template {
        let minutia =
            |i| Minutia { kind: MinutiaType::Other, x: i * 9, y: i * 7 % 50, direction: 3, quality: 1 };
        Template::new(&(0..n).map(minutia).collect::<Vec<_>>()).unwrap()
    }

    fn label(sequence: u32) -> Label {
        Label { partition: Partition::new(1).unwrap(), attributes: 0, expiry_day: 1, sequence }
    }

    #[test]
    fn erasing_overwrites_in_place_and_the_place_is_used_again() {
        let index = FingerPosition::try_from(2).unwrap();
        let mut gallery = Gallery::default();
        let (first, _) = gallery.append(label(1), &[(index, template(20))]).unwrap();
        let (second, _) = gallery.append(label(2), &[(index, template(10))]).unwrap();
        let changes = gallery.erase(first);
        assert_eq!(changes, [Change::Label(first), Change::Row(index, 0)]);
        assert!(gallery.label(first).is_none() && gallery.template(first, index).is_none());
        assert!(gallery.finger(index).templates[0].iter().all(|&w| w == 0));
        assert!(gallery.erase(first).is_empty());
        let (third, _) = gallery.append(label(3), &[(index, template(5))]).unwrap();
        assert_eq!((third, gallery.slots(), gallery.records()), (first, 2, 2));
        assert_eq!(gallery.template(second, index).unwrap().count(), 10);
    }
}
