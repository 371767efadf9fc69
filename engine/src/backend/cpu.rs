//! The CPU back end: the twins, over all cores, on the gallery as it lies in host memory.

use core::cmp::Reverse;
use std::sync::atomic::{AtomicU32, Ordering};

use rayon::prelude::*;

use super::{Backend, BackendError, BackendInfo, COMPARED, Fingers, Scored, Shortlist};
use crate::gallery::{Change, Gallery, PARTITIONS, Partition, Row, Scope, Slot};
use crate::minutia::FingerPosition;
use crate::normalisation::{KEY_BIAS, key};
use crate::stages::{s1_consistency, s2_alignment};
use crate::template::{Probe, TEMPLATE_WORDS, TemplateRef};

/// Slots that a thread selects from at a time.
const SLOTS_AT_A_TIME: usize = 1 << 16;

/// Portable code on every core that rayon is given.
#[derive(Debug, Default)]
pub struct Cpu;

impl Backend for Cpu {
    fn info(&self) -> BackendInfo {
        let name = format!("portable, {} threads", rayon::current_num_threads());
        BackendInfo { kind: "cpu", name }
    }

    fn follow(&mut self, _gallery: &Gallery, _changes: &[Change]) -> Result<(), BackendError> {
        Ok(())
    }

    fn shortlist(
        &self,
        gallery: &Gallery,
        probe: &Fingers,
        scope: &Scope,
        length: usize,
    ) -> Result<Shortlist, BackendError> {
        let Scored { by_slot, compared } = self.score(gallery, probe, scope)?;
        Ok(Shortlist { best: best(&by_slot, length), compared })
    }

    fn align(
        &self,
        gallery: &Gallery,
        probe: &Fingers,
        slots: &[Slot],
    ) -> Result<Vec<Vec<i32>>, BackendError> {
        Ok(slots.par_iter().map(|&slot| align(gallery, probe, slot)).collect())
    }

    fn score(&self, gallery: &Gallery, probe: &Fingers, scope: &Scope) -> Result<Scored, BackendError> {
        // Every row of a finger belongs to another slot, so no two threads write to one.
        let keys: Vec<AtomicU32> = (0..gallery.slots()).map(|_| AtomicU32::new(0)).collect();
        let mut counts = vec![0u32; PARTITIONS];
        for (position, finger) in probe {
            for (count, more) in counts.iter_mut().zip(score_finger(gallery, *position, finger, scope, &keys))
            {
                *count += more;
            }
        }
        let by_slot = keys.into_iter().map(AtomicU32::into_inner).collect();
        Ok(Scored { by_slot, compared: counted(&counts) })
    }
}

/// Adds the keys of one finger, and counts by partition the slots that no finger before had compared.
fn score_finger(
    gallery: &Gallery,
    position: FingerPosition,
    probe: &Probe,
    scope: &Scope,
    keys: &[AtomicU32],
) -> Vec<u32> {
    let sub = gallery.finger(position);
    if probe.template().view().stage1_count() == 0 {
        return vec![0; PARTITIONS];
    }
    let pages: Vec<_> = sub.pages().collect();
    let count_chunk = |mut counts: Vec<u32>, (rows, templates): (&[Row], &[[u32; TEMPLATE_WORDS]])| {
        for (row, words) in rows.iter().zip(templates) {
            let slot = Slot(row.slot);
            // The scope is asked before a word of the template is read.
            let Some(label) = gallery.label(slot).filter(|label| row.count > 0 && scope.allows(label)) else {
                continue;
            };
            let score = s1_consistency::score(probe, words);
            let key = key(score, probe.normalisation(), TemplateRef::new(words).normalisation());
            let before = keys[slot.index()].load(Ordering::Relaxed);
            if before == 0 {
                counts[usize::from(label.partition.number())] += 1;
            }
            let start = if before == 0 { COMPARED + KEY_BIAS } else { before };
            keys[slot.index()].store(start.wrapping_add_signed(key), Ordering::Relaxed);
        }
        counts
    };
    let none = || vec![0u32; PARTITIONS];
    let sum = |mut a: Vec<u32>, b: Vec<u32>| {
        a.iter_mut().zip(b).for_each(|(a, b)| *a += b);
        a
    };
    pages.into_par_iter().fold(none, count_chunk).reduce(none, sum)
}

/// The best compared slots: highest key first; of equals, the lower slot first.
#[expect(clippy::cast_possible_truncation, reason = "slots are 32-bit by construction")]
fn best(by_slot: &[u32], length: usize) -> Vec<(Slot, u32)> {
    let order = |&(slot, key): &(Slot, u32)| (Reverse(key), slot);
    let cut = |mut some: Vec<(Slot, u32)>| {
        if some.len() > length && length > 0 {
            some.select_nth_unstable_by_key(length - 1, order);
        }
        some.truncate(length);
        some
    };
    let chunk_best = |(number, keys): (usize, &[u32])| {
        let slots = (number * SLOTS_AT_A_TIME..).zip(keys.iter().copied());
        // A gallery has at most 2^32 slots.
        cut(slots
            .filter(|(_, key)| key & COMPARED != 0)
            .map(|(slot, key)| (Slot(slot as u32), key))
            .collect())
    };
    let mut best = cut(by_slot.par_chunks(SLOTS_AT_A_TIME).enumerate().flat_map_iter(chunk_best).collect());
    best.sort_unstable_by_key(order);
    best
}

/// Log-odds of one slot by finger of the probe.
pub(crate) fn align(gallery: &Gallery, probe: &Fingers, slot: Slot) -> Vec<i32> {
    let finger = |(position, probe): &(FingerPosition, Probe)| {
        let template = gallery.template(slot, *position);
        template.map_or(s2_alignment::NO_EVIDENCE, |template| s2_alignment::score(probe, template))
    };
    probe.iter().map(finger).collect()
}

/// The partitions with a count, by number.
pub(crate) fn counted(counts: &[u32]) -> Vec<(Partition, u32)> {
    let partitions = (0..).map_while(Partition::new);
    partitions.zip(counts).filter(|&(_, &count)| count > 0).map(|(p, &count)| (p, count)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_best_are_those_of_a_full_sort_whatever_their_number() {
        let mut state = 1u32;
        let by_slot: Vec<u32> = (0..200_000)
            .map(|_| {
                state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                if state >> 30 == 0 { 0 } else { COMPARED + (state >> 20 & 0xFF) }
            })
            .collect();
        let mut all: Vec<_> =
            (0..).map(Slot).zip(by_slot.iter().copied()).filter(|(_, key)| *key != 0).collect();
        all.sort_by_key(|&(slot, key)| (Reverse(key), slot));
        for length in [0, 1, 1000, 100_000, 200_000] {
            assert_eq!(best(&by_slot, length), all[..length.min(all.len())], "{length}");
        }
    }
}
