//! Stage 1 on the device: upload the probes, score every page of each finger for all searches at once, select the best there, read
//! those back, wipe.
#![expect(
    clippy::cast_possible_truncation,
    reason = "slots and page rows are 32-bit by construction, and layouts a few thousand words"
)]

use core::cmp::Reverse;
use std::time::Instant;

use super::Gpu;
use super::selection::{self, COLLECTED, STATE_WORDS};
use super::stage::{Parameters, layout};
use super::transfer::storage;
use crate::backend::cpu::counted;
use crate::backend::{Ask, BackendError, Scored, Shortlist};
use crate::gallery::{PARTITIONS, Partition, Slot};
use crate::minutia::FingerPosition;
use crate::template::{DESCRIPTOR_WORDS, GEOMETRY_AT, Probe, TOLERANCES};
use crate::tunables as t;

/// Layout of `Search` in the shader. Unit: words.
const PARTITIONS_AT: usize = 7;
/// The descriptors begin where vectors of four words may.
const DESCRIPTORS_AT: usize = (PARTITIONS_AT + PARTITIONS / 32).next_multiple_of(4);
const MINUTIAE_AT: usize = DESCRIPTORS_AT + t::STAGE1_MINUTIAE * DESCRIPTOR_WORDS;
const TOLERANCES_AT: usize = MINUTIAE_AT + 2 * t::STAGE1_MINUTIAE;
const SEARCH_WORDS: usize = TOLERANCES_AT + TOLERANCES;
/// Words of `Dispatch` in the shader.
const DISPATCH_WORDS: usize = 7;
/// Counters of rows walked.
const WALKED: usize = 64;
/// Searches of a dispatch at most: the shader has a bit for each, and a prototype on CPUs gained no more from larger batches.
const SEARCHES_MAX: usize = 8;
/// Scores of a search begin at a multiple of this on every adapter. Unit: words.
const SCORES_ALIGNMENT: usize = 64;

/// Searches that go over the gallery together.
pub(super) struct Scoring<'a> {
    pub(super) gpu: &'a Gpu,
    /// Slots that there were when the search began; later ones are not for it.
    pub(super) slots: usize,
    pub(super) asks: &'a [Ask<'a>],
}

/// Like fingers of several searches, each with the number of its search. A search is in it once, so that no two lanes add to one score.
struct Group<'a> {
    position: FingerPosition,
    probes: Vec<(usize, &'a Probe)>,
}

/// What a pass uses on the device.
struct Buffers {
    searches: Vec<wgpu::Buffer>,
    scores: wgpu::Buffer,
    counts: wgpu::Buffer,
    walked: wgpu::Buffer,
}

/// How many searches can go together: their scores are one binding.
pub(super) fn searches_at_once(gpu: &Gpu, slots: usize) -> usize {
    let binding_max = gpu.opened.device.limits().max_storage_buffer_binding_size;
    let fitting = binding_max / (scores_stride(slots).max(1) as u64 * 4);
    usize::try_from(fitting).unwrap_or(SEARCHES_MAX).clamp(1, SEARCHES_MAX)
}

fn scores_stride(slots: usize) -> usize {
    slots.next_multiple_of(SCORES_ALIGNMENT)
}

impl Scoring<'_> {
    /// The keys of all slots, of the first search.
    pub(super) fn scores(&self) -> Result<Scored, BackendError> {
        if self.slots == 0 {
            return Ok(Scored::default());
        }
        let (by_slot, mut compared) = self.run(|_, buffers| (buffers.scores.clone(), self.slots as u64))?;
        Ok(Scored { by_slot, compared: compared.swap_remove(0) })
    }

    /// The best of each search.
    pub(super) fn shortlists(&self, length: usize) -> Result<Vec<Shortlist>, BackendError> {
        if self.slots == 0 {
            return Ok(vec![Shortlist::default(); self.asks.len()]);
        }
        let length = length.min(self.slots) as u32;
        let each = selection::words(length);
        let select = |encoder: &mut wgpu::CommandEncoder, buffers: &Buffers| {
            let words = each * self.asks.len() as u64;
            let result = storage(&self.gpu.opened, "result", words * 4);
            for number in 0..self.asks.len() {
                let scores = (self.scores_of(number, buffers), self.slots);
                selection::encode(self.gpu, encoder, scores, length, (&result, number as u64 * each));
            }
            (result, words)
        };
        let (words, compared) = self.run(select)?;
        words
            .chunks(each as usize)
            .zip(compared)
            .map(|(words, compared)| best(words, compared, length))
            .collect()
    }

    fn scores_of<'b>(&self, number: usize, buffers: &'b Buffers) -> wgpu::BufferBinding<'b> {
        wgpu::BufferBinding {
            buffer: &buffers.scores,
            offset: (number * scores_stride(self.slots)) as u64 * 4,
            size: core::num::NonZero::new(self.slots as u64 * 4),
        }
    }

    /// Scores, lets `results` encode what follows and say what to read, and reads that with the counts of each search.
    #[expect(clippy::type_complexity, reason = "words, and counts by search and partition")]
    fn run(
        &self,
        results: impl FnOnce(&mut wgpu::CommandEncoder, &Buffers) -> (wgpu::Buffer, u64),
    ) -> Result<(Vec<u32>, Vec<Vec<(Partition, u32)>>), BackendError> {
        let opened = &self.gpu.opened;
        let started = Instant::now();
        let groups = self.groups();
        let searches = groups.iter().flat_map(|group| &group.probes);
        let words: Vec<u32> =
            searches.flat_map(|&(number, probe)| self.search_words(number, probe)).collect();
        // No finger at all is still a search, and no buffer may be empty.
        let staging = opened.staging(if words.is_empty() { &[0] } else { &words })?;
        let bytes = |group: &Group<'_>| (group.probes.len() * SEARCH_WORDS) as u64 * 4;
        let counts = self.asks.len() * PARTITIONS;
        let buffers = Buffers {
            searches: groups.iter().map(|group| storage(opened, "searches", bytes(group))).collect(),
            scores: storage(opened, "scores", (self.asks.len() * scores_stride(self.slots)) as u64 * 4),
            counts: storage(opened, "counts", counts as u64 * 4),
            walked: storage(opened, "walked", WALKED as u64 * 4),
        };
        let rows = self.score(&groups, &buffers, &staging)?;
        let mut encoder = opened.device.create_command_encoder(&wgpu::CommandEncoderDescriptor::default());
        let (result, words) = results(&mut encoder, &buffers);
        let parts = [(&result, words), (&buffers.counts, counts as u64), (&buffers.walked, WALKED as u64)];
        let read_back = opened.read_back(parts.iter().map(|(_, words)| words * 4).sum());
        let mut at = 0;
        for (buffer, words) in parts {
            encoder.copy_buffer_to_buffer(buffer, 0, &read_back, at, words * 4);
            at += words * 4;
        }
        // R-COMP-5: the probes and what was computed with them do not outlive the search in device memory.
        for buffer in buffers.searches.iter().chain([&buffers.scores, &result]) {
            encoder.clear_buffer(buffer, 0, None);
        }
        let submission = opened.queue.submit([encoder.finish()]);
        let mut read = opened.read_and_wipe((&staging, &read_back), submission)?;
        let walked: u32 = read.split_off(read.len() - WALKED).iter().sum();
        if walked != rows {
            return Err(BackendError::Incomplete(format!("{walked} of {rows} rows")));
        }
        let counts = read.split_off(read.len() - counts);
        self.gpu.comparisons.saw(counts.iter().sum(), started.elapsed());
        Ok((read, counts.chunks(PARTITIONS).map(counted).collect()))
    }

    fn groups(&self) -> Vec<Group<'_>> {
        let mut groups: Vec<Group<'_>> = Vec::new();
        for position in FingerPosition::sub_galleries() {
            let of_position = groups.len();
            for (number, ask) in self.asks.iter().enumerate() {
                let probes = ask.probe.iter().filter(|(own, _)| *own == position);
                for (nth, (_, probe)) in probes.enumerate() {
                    if groups.len() == of_position + nth {
                        groups.push(Group { position, probes: Vec::new() });
                    }
                    groups[of_position + nth].probes.push((number, probe));
                }
            }
        }
        groups
    }

    /// Submits stage 1 for every group, some rows at a time; gives the number of rows.
    fn score(
        &self,
        groups: &[Group<'_>],
        buffers: &Buffers,
        staging: &wgpu::Buffer,
    ) -> Result<u32, BackendError> {
        let opened = &self.gpu.opened;
        let (mut all, mut at) = (0, 0);
        for (group, searches) in groups.iter().zip(&buffers.searches) {
            let mut encoder =
                opened.device.create_command_encoder(&wgpu::CommandEncoderDescriptor::default());
            encoder.copy_buffer_to_buffer(staging, at, searches, 0, searches.size());
            opened.queue.submit([encoder.finish()]);
            at += searches.size();
            let filled: Vec<_> =
                self.gpu.mirror()?.pages(group.position).iter().map(|page| page.filled as u32).collect();
            for (page, &rows) in filled.iter().enumerate() {
                self.score_page((group, searches), (page, rows), buffers)?;
                all += rows;
            }
        }
        Ok(all)
    }

    fn score_page(
        &self,
        (group, searches): (&Group<'_>, &wgpu::Buffer),
        (page, rows): (usize, u32),
        buffers: &Buffers,
    ) -> Result<(), BackendError> {
        let (opened, consistency) = (&self.gpu.opened, &self.gpu.stages.consistency);
        let count = group.probes.len() as u32;
        let step = self.gpu.comparisons.at_a_time(count);
        let firsts: Vec<u32> = (0..rows).step_by(step as usize).collect();
        let workgroups = |first: u32, last: u32| (last - first).div_ceil(consistency.references);
        let block = |&first: &u32| {
            let last = first.saturating_add(step).min(rows);
            let (x, _) = layout(opened, workgroups(first, last));
            vec![last, x, t::DIRECTION_GATE, t::ROTATION_TOLERANCE, first, count, self.slots as u32]
        };
        let blocks: Vec<_> = firsts.iter().map(block).collect();
        let uniforms = opened.uniforms(&blocks);
        for (number, block) in (0..).zip(&blocks) {
            // Locked for each dispatch, because some devices do their work while it is submitted. In between, the page may have
            // moved to larger buffers, but its rows are where they were.
            let mirror = self.gpu.mirror()?;
            let page = &mirror.pages(group.position)[page];
            let storages = [
                searches,
                &self.gpu.tables,
                &page.rows,
                &page.templates,
                &buffers.scores,
                &buffers.counts,
                &buffers.walked,
            ]
            .map(wgpu::Buffer::as_entire_buffer_binding);
            let mut encoder =
                opened.device.create_command_encoder(&wgpu::CommandEncoderDescriptor::default());
            let parameters = Parameters { buffer: &uniforms, block: number, size: DISPATCH_WORDS as u64 * 4 };
            let groups = workgroups(block[4], block[0]);
            consistency.stage.dispatch(opened, &mut encoder, parameters, &storages, groups);
            opened.queue.submit([encoder.finish()]);
        }
        Ok(())
    }

    fn search_words(&self, number: usize, probe: &Probe) -> Vec<u32> {
        let scope = self.asks[number].scope;
        let template = probe.template().view();
        let mut words = Vec::with_capacity(SEARCH_WORDS);
        let attributes = u32::from(scope.forbidden_attributes);
        let count = template.stage1_count() as u32;
        words.extend([scope.day, scope.before_sequence, attributes, count, probe.normalisation().0]);
        words.extend([number * scores_stride(self.slots), number * PARTITIONS].map(|at| at as u32));
        words.extend(scope.partition_words().iter());
        words.resize(DESCRIPTORS_AT, 0);
        words.extend((0..t::STAGE1_MINUTIAE).flat_map(|i| template.descriptor(i)));
        words.extend(
            (0..t::STAGE1_MINUTIAE).flat_map(|i| [template.words()[GEOMETRY_AT + i], template.popcount(i)]),
        );
        words.extend(probe.tolerances().iter().map(|&tolerance| u32::from(tolerance)));
        words
    }
}

/// A shortlist from the words of a selection.
fn best(words: &[u32], compared: Vec<(Partition, u32)>, length: u32) -> Result<Shortlist, BackendError> {
    let (state, best) = words.split_at(STATE_WORDS as usize);
    let expected = compared.iter().map(|(_, count)| count).sum::<u32>().min(length);
    if state[COLLECTED] != expected {
        return Err(BackendError::Incomplete(format!("{} of {expected} best scores", state[COLLECTED])));
    }
    let pairs = best.as_chunks::<2>().0.iter().take(expected as usize);
    let mut best: Vec<_> = pairs.map(|&[slot, key]| (Slot(slot), key)).collect();
    best.sort_unstable_by_key(|&(slot, key)| (Reverse(key), slot));
    Ok(Shortlist { best, compared })
}

#[cfg(test)]
mod tests {
    use super::super::mirror::ROW_WORDS;
    use super::super::stage::tests::layout_is;
    use super::*;
    use crate::template as p;

    #[test]
    fn rust_and_wgsl_lay_every_kernel_of_the_consistency_stage_out_alike() {
        let fields = [
            ("Search.day", 0),
            ("Search.before_sequence", 1),
            ("Search.forbidden_attributes", 2),
            ("Search.probe_count", 3),
            ("Search.normalisation", 4),
            ("Search.scores_at", 5),
            ("Search.counts_at", 6),
            ("Search.partitions", PARTITIONS_AT),
            ("Search.descriptors", DESCRIPTORS_AT),
            ("Search.minutiae", MINUTIAE_AT),
            ("Search.tolerances", TOLERANCES_AT),
            ("Search", SEARCH_WORDS),
            ("Dispatch.rows", 0),
            ("Dispatch.workgroups_x", 1),
            ("Dispatch.direction_gate", 2),
            ("Dispatch.rotation_tolerance", 3),
            ("Dispatch.first_row", 4),
            ("Dispatch.searches", 5),
            ("Dispatch.slots", 6),
            ("Dispatch", DISPATCH_WORDS),
            ("Row.slot", 0),
            ("Row.count", 1),
            ("Row.partition_and_attributes", 2),
            ("Row.expiry_day", 3),
            ("Row.sequence", 4),
            ("Row.state", 5),
            ("Row", ROW_WORDS),
        ];
        let constants = [
            ("K1", t::STAGE1_MINUTIAE),
            ("DESCRIPTOR_VECTORS", DESCRIPTOR_WORDS / 4),
            ("GEOMETRY_AT", p::GEOMETRY_AT),
            ("POPCOUNTS_AT", p::POPCOUNTS_AT),
            ("NORMALISATION_AT", p::NORMALISATION_AT),
            ("TEMPLATE_WORDS", p::TEMPLATE_WORDS),
            ("PARTITION_WORDS", PARTITIONS / 32),
            ("RECIPROCALS_AT", 0),
            ("COS_AT", p::RECIPROCALS),
            ("SIN_AT", p::RECIPROCALS + p::ANGLES),
            ("SIMILARITY_FLOOR", t::SIMILARITY_FLOOR as usize),
            ("WEIGHT_BITS", p::WEIGHT_BITS as usize),
            ("SIMILARITY_SHIFT", p::SIMILARITY_SHIFT as usize),
            ("ROTATION_SHIFT", p::ROTATION_SHIFT as usize),
            ("LENGTH_SHIFT", p::LENGTH_SHIFT as usize),
            ("COMPARED", crate::backend::COMPARED as usize),
            ("SCORE_BIAS", crate::normalisation::KEY_BIAS as usize),
            ("WALKED", WALKED),
            ("SEARCHES", SEARCHES_MAX),
        ];
        for kernel in [
            whorl_shaders::S1_CONSISTENCY,
            whorl_shaders::S1_CONSISTENCY_TILE,
            whorl_shaders::S1_CONSISTENCY_SUBGROUP,
        ] {
            layout_is(kernel, &fields, &constants);
            assert_eq!(kernel.bindings, 8);
        }
    }
}
