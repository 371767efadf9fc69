//! A gallery that is written to while searches go over it.
//!
//! A search reads it some rows at a time and lets writers in between, so a write waits for a few hundred comparisons and not
//! for a million. What is written meanwhile is remembered for each search that runs, which compares it again at its end: its answer
//! is that of the gallery as it is then. So no record that is erased when a search ends is in its answer, and none that was
//! replaced is looked for with its old prints, or with a mixture of both.
//!
//! *Rule.* Whoever holds the lock calls nothing that waits, rayon least of all: a thread that waits there may be handed work that
//! takes the lock again, behind a writer that waits for the first.

use std::collections::{BTreeMap, VecDeque};

use parking_lot::{Mutex, MutexGuard, RwLock, RwLockReadGuard};

use super::{Change, Gallery, Slot};

/// A gallery behind a lock that is never held for long.
#[derive(Default)]
pub struct Shared {
    gallery: RwLock<Gallery>,
    /// Locked after the gallery, never before.
    history: Mutex<History>,
}

/// The changes that a running search has still to hear of.
#[derive(Default)]
struct History {
    /// Number of the first change that is kept.
    first: u64,
    slots: VecDeque<Slot>,
    /// How many searches began after so many changes.
    watches: BTreeMap<u64, usize>,
}

impl History {
    fn end(&self) -> u64 {
        self.first + self.slots.len() as u64
    }

    /// Forgets what every search that runs began after.
    fn trim(&mut self) {
        let needed = self.watches.keys().next().copied().unwrap_or(self.end());
        let gone = usize::try_from(needed - self.first).unwrap_or(usize::MAX).min(self.slots.len());
        self.slots.drain(..gone);
        self.first = needed;
    }
}

impl Shared {
    /// The gallery as it is. Let go of soon: writers wait for it.
    pub fn read(&self) -> RwLockReadGuard<'_, Gallery> {
        self.gallery.read()
    }

    /// Changes it; `follow` hears of the changes before anybody can see them.
    pub(crate) fn change<T>(
        &self,
        change: impl FnOnce(&mut Gallery) -> (T, Vec<Change>),
        follow: impl FnOnce(&Gallery, &[Change]),
    ) -> T {
        let mut gallery = self.gallery.write();
        let (result, changes) = change(&mut gallery);
        let mut history = self.history();
        if !history.watches.is_empty() {
            let changed = changes.iter().filter_map(|change| match change {
                Change::Label(slot) => Some(*slot),
                Change::Row(..) => None,
            });
            history.slots.extend(changed);
        }
        drop(history);
        follow(&gallery, &changes);
        result
    }

    /// Begins a search: what changes from now on is remembered for it.
    pub fn watch(&self) -> Watch<'_> {
        let gallery = self.read();
        let mut history = self.history();
        let from = history.end();
        *history.watches.entry(from).or_default() += 1;
        Watch { shared: self, from, slots: gallery.slots() }
    }

    fn history(&self) -> MutexGuard<'_, History> {
        self.history.lock()
    }
}

/// A gallery as a search has it: it may change under its hands, and it is told where.
pub struct Watch<'a> {
    shared: &'a Shared,
    from: u64,
    slots: usize,
}

/// How far a search has heard of changes.
#[derive(Clone, Copy)]
pub(crate) struct Heard(u64);

impl Watch<'_> {
    /// The gallery as it is now.
    pub fn read(&self) -> RwLockReadGuard<'_, Gallery> {
        self.shared.read()
    }

    /// Slots that there were when the search began. Later ones are changes.
    pub fn slots(&self) -> usize {
        self.slots
    }

    /// Nothing heard yet.
    pub(crate) fn heard(&self) -> Heard {
        Heard(self.from)
    }

    /// Up to `most` slots that changed since, for the last time or not; whoever holds the gallery and hears of none has seen all.
    pub(crate) fn hear(&self, heard: &mut Heard, most: usize) -> Vec<Slot> {
        let history = self.shared.history();
        let skip = usize::try_from(heard.0 - history.first).unwrap_or(usize::MAX);
        let slots: Vec<_> = history.slots.iter().skip(skip).take(most).copied().collect();
        heard.0 += slots.len() as u64;
        slots
    }

    /// Whether a slot changed since the search began.
    pub(crate) fn has_changed(&self, slot: Slot) -> bool {
        let history = self.shared.history();
        let skip = usize::try_from(self.from - history.first).unwrap_or(usize::MAX);
        slot.index() >= self.slots || history.slots.iter().skip(skip).any(|changed| *changed == slot)
    }
}

impl Drop for Watch<'_> {
    fn drop(&mut self) {
        let mut history = self.shared.history();
        if let Some(count) = history.watches.get_mut(&self.from) {
            *count -= 1;
            if *count == 0 {
                history.watches.remove(&self.from);
            }
        }
        history.trim();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::gallery::{Label, Partition};

    fn append(shared: &Shared, sequence: u32) -> Slot {
        let label = Label { partition: Partition::new(1).unwrap(), attributes: 0, expiry_day: 1, sequence };
        shared
            .change(|gallery| gallery.append(label, &[]).unwrap(), |_, changes| assert_eq!(changes.len(), 1))
    }

    #[test]
    fn a_search_hears_of_every_change_since_it_began_and_nothing_is_kept_for_nobody() {
        let shared = Shared::default();
        let old = append(&shared, 1);
        let first = shared.watch();
        let new = append(&shared, 2);
        let second = shared.watch();
        shared.change(|gallery| ((), gallery.erase(old)), |_, _| ());
        let hear_all = |watch: &Watch<'_>| {
            let mut heard = watch.heard();
            let mut all = Vec::new();
            loop {
                match watch.hear(&mut heard, 1)[..] {
                    [slot] => all.push(slot),
                    _ => return all,
                }
            }
        };
        assert_eq!((hear_all(&first), hear_all(&second)), (vec![new, old], vec![old]));
        assert!(first.has_changed(old) && first.has_changed(new) && !second.has_changed(new));
        assert_eq!((first.slots(), second.slots()), (1, 2));
        drop(first);
        assert_eq!(hear_all(&second), [old]);
        drop(second);
        append(&shared, 3);
        let history = shared.history();
        assert!(history.slots.is_empty() && history.watches.is_empty());
    }
}
