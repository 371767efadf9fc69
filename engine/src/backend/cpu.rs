//! The CPU back end: the twins, over all cores, on the gallery as it lies in host memory.
//!
//! The gallery is locked by each thread for a few rows at a time, so that writers get their turn.

use core::cmp::Reverse;
use std::sync::atomic::{AtomicU32, Ordering};

use rayon::prelude::*;

use super::{Ask, Backend, BackendError, BackendInfo, COMPARED, Fingers, Scored, Shortlist};
use crate::gallery::{Change, Gallery, PARTITIONS, Partition, Row, Scope, Slot, Watch};
use crate::minutia::FingerPosition;
use crate::normalisation::{KEY_BIAS, key};
use crate::simd::{self, CpuPath, PreparedProbe};
use crate::stages::s2_alignment;
use crate::template::{Probe, TEMPLATE_WORDS, TemplateRef};

/// Searches that go over the gallery together: more share a row in the cache with no gain (prototype: it ends at 8), and each has a
/// key for every slot.
const ASKS_AT_A_TIME: usize = 8;
/// Comparisons of stage 1 for which a thread holds the gallery: a millisecond or two of the portable path.
const COMPARISONS_A_HOLD: usize = 256;
/// Rows that are compared with one finger, and then with the next.
const ROWS_AT_A_TIME: usize = 16;
/// How far ahead templates are fetched: two comparisons take as long as memory does.
const ROWS_AHEAD: usize = 2;
/// Slots that a thread selects from at a time.
const SLOTS_AT_A_TIME: usize = 1 << 16;

/// The instructions that this machine has, on every core that rayon is given.
#[derive(Debug)]
pub struct Cpu(CpuPath);

impl Default for Cpu {
    fn default() -> Self {
        Self(CpuPath::best())
    }
}

impl Cpu {
    /// With these instructions, or portable code where the machine has not got them: the scores are the same.
    pub fn with_path(path: CpuPath) -> Self {
        Self(if path.is_available() { path } else { CpuPath::Portable })
    }
}

impl Backend for Cpu {
    fn info(&self) -> BackendInfo {
        let name = format!("{}, {} threads", self.0.name(), rayon::current_num_threads());
        BackendInfo { kind: "cpu", name }
    }

    fn follow(&self, _gallery: &Gallery, _changes: &[Change]) -> Result<(), BackendError> {
        Ok(())
    }

    fn shortlists(
        &self,
        gallery: &Watch<'_>,
        asks: &[Ask<'_>],
        length: usize,
    ) -> Result<Vec<Shortlist>, BackendError> {
        let shortlist = |Scored { by_slot, compared }| Shortlist { best: best(&by_slot, length), compared };
        Ok(asks.chunks(ASKS_AT_A_TIME).flat_map(|asks| score(gallery, asks, self.0)).map(shortlist).collect())
    }

    fn align(
        &self,
        gallery: &Watch<'_>,
        probe: &Fingers,
        slots: &[Slot],
    ) -> Result<Vec<Vec<i32>>, BackendError> {
        Ok(slots.par_iter().map(|&slot| align_by(self.0, &gallery.read(), probe, slot)).collect())
    }

    fn score(&self, gallery: &Watch<'_>, ask: Ask<'_>) -> Result<Scored, BackendError> {
        Ok(score(gallery, &[ask], self.0).into_iter().next().unwrap_or_default())
    }
}

/// Stage 1 for several searches, every row for all of them while it is in the cache.
fn score(gallery: &Watch<'_>, asks: &[Ask<'_>], path: CpuPath) -> Vec<Scored> {
    // Every row of a finger belongs to another slot, so no two threads write to one: but where a slot was given to another record
    // meanwhile, and that one is compared again.
    let keys: Vec<Vec<AtomicU32>> =
        asks.iter().map(|_| (0..gallery.slots()).map(|_| AtomicU32::new(0)).collect()).collect();
    let mut counts = vec![0u32; asks.len() * PARTITIONS];
    for position in FingerPosition::sub_galleries() {
        add(&mut counts, &score_finger(gallery, position, asks, &keys, path));
    }
    let each = keys.into_iter().zip(counts.chunks(PARTITIONS));
    each.map(|(keys, counts)| Scored {
        by_slot: keys.into_iter().map(AtomicU32::into_inner).collect(),
        compared: counted(counts),
    })
    .collect()
}

/// Adds the keys of one finger to those of each search, and counts by partition the slots that no finger before had compared.
fn score_finger(
    gallery: &Watch<'_>,
    position: FingerPosition,
    asks: &[Ask<'_>],
    keys: &[Vec<AtomicU32>],
    path: CpuPath,
) -> Vec<u32> {
    let mut fingers = Vec::new();
    for (number, (ask, keys)) in asks.iter().zip(keys).enumerate() {
        let own = ask.probe.iter().filter(|(own, _)| *own == position).map(|(_, probe)| probe);
        for probe in own.filter(|probe| probe.template().view().stage1_count() > 0) {
            let prepared = PreparedProbe::new(path, probe);
            fingers.push(Finger { number, scope: ask.scope, probe, prepared, keys });
        }
    }
    let none = || vec![0u32; asks.len() * PARTITIONS];
    if fingers.is_empty() {
        return none();
    }
    let step = (COMPARISONS_A_HOLD / fingers.len()).max(1);
    let steps = gallery.read().finger(position).rows().div_ceil(step);
    let count_some = |mut counts: Vec<u32>, number: usize| {
        let gallery = gallery.read();
        let mut first = number * step;
        let last = first + step;
        while first < last {
            let (rows, templates) = gallery.finger(position).some(first, last - first);
            if rows.is_empty() {
                break;
            }
            first += rows.len();
            // Some rows for one probe, then for the next: rows and probe are both in the nearest cache meanwhile.
            for at in (0..rows.len()).step_by(ROWS_AT_A_TIME) {
                let some = &rows[at..rows.len().min(at + ROWS_AT_A_TIME)];
                for finger in &fingers {
                    finger.score(&gallery, some, &templates[at..], &mut counts);
                }
            }
        }
        counts
    };
    let sum = |mut a: Vec<u32>, b: Vec<u32>| {
        add(&mut a, &b);
        a
    };
    (0..steps).into_par_iter().fold(none, count_some).reduce(none, sum)
}

/// A finger of a search.
struct Finger<'a> {
    /// Of the search.
    number: usize,
    scope: &'a Scope,
    probe: &'a Probe,
    prepared: PreparedProbe<'a>,
    keys: &'a [AtomicU32],
}

impl Finger<'_> {
    /// Compares it with these rows, and adds to the keys of their slots and to the counts of their partitions. There are more templates
    /// than rows where more follow.
    fn score(
        &self,
        gallery: &Gallery,
        rows: &[Row],
        templates: &[[u32; TEMPLATE_WORDS]],
        counts: &mut [u32],
    ) {
        for (at, (row, words)) in rows.iter().zip(templates).enumerate() {
            let slot = Slot(row.slot);
            let Some(label) = gallery.label(slot).filter(|_| row.count > 0) else { continue };
            // The scope is asked before a word of the template is read. Slots that are newer than the search are compared at its end.
            let Some(sum) = self.keys.get(slot.index()).filter(|_| self.scope.allows(label)) else {
                continue;
            };
            if let Some(ahead) = templates.get(at + ROWS_AHEAD) {
                simd::prefetch(ahead);
            }
            let score = self.prepared.score(words);
            let key = key(score, self.probe.normalisation(), TemplateRef::new(words).normalisation());
            let before = sum.load(Ordering::Relaxed);
            if before == 0 {
                counts[self.number * PARTITIONS + usize::from(label.partition.number())] += 1;
            }
            let start = if before == 0 { COMPARED + KEY_BIAS } else { before };
            sum.store(start.wrapping_add_signed(key), Ordering::Relaxed);
        }
    }
}

fn add(counts: &mut [u32], more: &[u32]) {
    counts.iter_mut().zip(more).for_each(|(count, more)| *count += more);
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

/// Log-odds of one slot by finger of the probe, by the twin: what the other paths and devices are held to.
pub(crate) fn align(gallery: &Gallery, probe: &Fingers, slot: Slot) -> Vec<i32> {
    align_by(CpuPath::Portable, gallery, probe, slot)
}

/// The same by this path.
pub(crate) fn align_by(path: CpuPath, gallery: &Gallery, probe: &Fingers, slot: Slot) -> Vec<i32> {
    let finger = |(position, probe): &(FingerPosition, Probe)| {
        let template = gallery.template(slot, *position);
        template.map_or(s2_alignment::NO_EVIDENCE, |template| simd::log_odds(path, probe, template))
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
