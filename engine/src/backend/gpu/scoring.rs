//! Stage 1 on the device: upload the probe, score every page of each finger, select the best there, read those back, wipe.
#![expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "slots and page rows are 32-bit by construction, and layouts a few thousand words"
)]

use core::cmp::Reverse;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use super::Gpu;
use super::mirror::{Mirror, Page};
use super::stage::{Parameters, layout};
use super::transfer::storage;
use crate::backend::cpu::counted;
use crate::backend::{BackendError, Fingers, Scored, Shortlist};
use crate::gallery::{PARTITIONS, Scope, Slot};
use crate::template::{Probe, TEMPLATE_WORDS, TOLERANCES};
use crate::tunables as t;

/// Layout of `Search` in the shader. Unit: words.
const PARTITIONS_AT: usize = 5;
const PROBE_AT: usize = PARTITIONS_AT + PARTITIONS / 32;
const TOLERANCES_AT: usize = PROBE_AT + TEMPLATE_WORDS;
const SEARCH_WORDS: usize = TOLERANCES_AT + TOLERANCES;
/// Words of `Dispatch` in the shader.
const DISPATCH_WORDS: usize = 5;
/// Counters of rows walked.
const WALKED: usize = 64;
/// Scores that a workgroup of the selection looks at.
const SCORES_A_WORKGROUP: u32 = 4096;
/// Values of a digit, and how many digits the order of a score has.
const DIGIT_VALUES: u64 = 2048;
const DIGITS: u32 = 5;
/// Words of `State` in the shaders of the selection.
const STATE_WORDS: u64 = 4;

/// How many rows a dispatch walks: as many as the device got through in [`Pace::TARGET`] so far.
///
/// A display driver kills what runs for seconds, and one that also draws stutters long before.
pub(super) struct Pace(AtomicU32);

impl Default for Pace {
    fn default() -> Self {
        Self(AtomicU32::new(1024))
    }
}

impl Pace {
    /// Half of the 100 ms that no dispatch shall take.
    const TARGET: Duration = Duration::from_millis(50);

    fn rows(&self) -> u32 {
        self.0.load(Ordering::Relaxed)
    }

    fn saw(&self, rows: u32, took: Duration) {
        if rows >= self.rows() {
            let fitting = f64::from(rows) * Self::TARGET.as_secs_f64() / took.as_secs_f64().max(1e-6);
            self.0.store(fitting.clamp(256.0, 16_777_216.0) as u32, Ordering::Relaxed);
        }
    }
}

/// One search.
pub(super) struct Scoring<'a> {
    pub(super) gpu: &'a Gpu,
    pub(super) mirror: &'a Mirror,
    pub(super) slots: usize,
    pub(super) probe: &'a Fingers,
    pub(super) scope: &'a Scope,
}

/// What a search uses on the device. `counts` is those of partitions, then those of rows walked.
struct Buffers {
    searches: Vec<wgpu::Buffer>,
    scores: wgpu::Buffer,
    counts: wgpu::Buffer,
    walked: wgpu::Buffer,
}

impl Scoring<'_> {
    pub(super) fn scores(&self) -> Result<Scored, BackendError> {
        if self.slots == 0 || self.probe.is_empty() {
            return Ok(Scored { by_slot: vec![0; self.slots], compared: Vec::new() });
        }
        let (by_slot, compared) = self.run(|_, buffers| (buffers.scores.clone(), self.slots as u64))?;
        Ok(Scored { by_slot, compared })
    }

    pub(super) fn shortlist(&self, length: usize) -> Result<Shortlist, BackendError> {
        if self.slots == 0 || self.probe.is_empty() {
            return Ok(Shortlist::default());
        }
        let length = length.min(self.slots) as u32;
        let results = |encoder: &mut _, buffers: &Buffers| {
            (self.select(encoder, &buffers.scores, length), STATE_WORDS + 2 * u64::from(length))
        };
        let (words, compared) = self.run(results)?;
        let (state, best) = words.split_at(STATE_WORDS as usize);
        let expected = compared.iter().map(|(_, count)| count).sum::<u32>().min(length);
        if state[3] != expected {
            return Err(BackendError::Incomplete(format!("{} of {expected} best scores", state[3])));
        }
        let pairs = best.as_chunks::<2>().0.iter().take(expected as usize);
        let mut best: Vec<_> = pairs.map(|&[slot, key]| (Slot(slot), key)).collect();
        best.sort_unstable_by_key(|&(slot, key)| (Reverse(key), slot));
        Ok(Shortlist { best, compared })
    }

    /// Scores, lets `results` encode what follows and say what to read, and reads that with the counts.
    #[expect(clippy::type_complexity, reason = "words, and counts by partition")]
    fn run(
        &self,
        results: impl FnOnce(&mut wgpu::CommandEncoder, &Buffers) -> (wgpu::Buffer, u64),
    ) -> Result<(Vec<u32>, Vec<(crate::gallery::Partition, u32)>), BackendError> {
        let opened = &self.gpu.opened;
        let started = Instant::now();
        let words: Vec<u32> = self.probe.iter().flat_map(|(_, probe)| self.search_words(probe)).collect();
        let staging = opened.staging(&words)?;
        let buffers = Buffers {
            searches: self.probe.iter().map(|_| storage(opened, "search", SEARCH_WORDS as u64 * 4)).collect(),
            scores: storage(opened, "scores", self.slots as u64 * 4),
            counts: storage(opened, "counts", PARTITIONS as u64 * 4),
            walked: storage(opened, "walked", WALKED as u64 * 4),
        };
        let rows = self.score(&buffers, &staging);
        let mut encoder = opened.device.create_command_encoder(&wgpu::CommandEncoderDescriptor::default());
        let (result, words) = results(&mut encoder, &buffers);
        let parts =
            [(&result, words), (&buffers.counts, PARTITIONS as u64), (&buffers.walked, WALKED as u64)];
        let read_back = opened.read_back(parts.iter().map(|(_, words)| words * 4).sum());
        let mut at = 0;
        for (buffer, words) in parts {
            encoder.copy_buffer_to_buffer(buffer, 0, &read_back, at, words * 4);
            at += words * 4;
        }
        // R-COMP-5: the probe and what was computed with it do not outlive the search in device memory.
        for buffer in buffers.searches.iter().chain([&buffers.scores, &result]) {
            encoder.clear_buffer(buffer, 0, None);
        }
        let submission = opened.queue.submit([encoder.finish()]);
        let read = opened.read(&read_back, submission);
        // Both are tried, whatever became of the reading.
        let wiped = opened.wipe(&staging, &read_back);
        let mut read = read?;
        wiped?;
        let walked: u32 = read.split_off(read.len() - WALKED).iter().sum();
        if walked != rows {
            return Err(BackendError::Incomplete(format!("{walked} of {rows} rows")));
        }
        self.gpu.pace.saw(rows, started.elapsed());
        let counts = read.split_off(read.len() - PARTITIONS);
        Ok((read, counted(&counts)))
    }

    /// Submits stage 1 for every finger, some rows at a time; gives the number of rows.
    fn score(&self, buffers: &Buffers, staging: &wgpu::Buffer) -> u32 {
        let opened = &self.gpu.opened;
        let bytes = SEARCH_WORDS as u64 * 4;
        let mut all = 0;
        for (at, ((position, _), search)) in self.probe.iter().zip(&buffers.searches).enumerate() {
            let mut encoder =
                opened.device.create_command_encoder(&wgpu::CommandEncoderDescriptor::default());
            encoder.copy_buffer_to_buffer(staging, at as u64 * bytes, search, 0, bytes);
            opened.queue.submit([encoder.finish()]);
            for page in self.mirror.pages(*position) {
                self.score_page(page, search, buffers);
                all += page.filled as u32;
            }
        }
        all
    }

    fn score_page(&self, page: &Page, search: &wgpu::Buffer, buffers: &Buffers) {
        let opened = &self.gpu.opened;
        let (rows, step) = (page.filled as u32, self.gpu.pace.rows());
        let firsts: Vec<u32> = (0..rows).step_by(step as usize).collect();
        let block = |&first: &u32| {
            let last = first.saturating_add(step).min(rows);
            let (x, _) = layout(opened, last - first);
            vec![last, x, t::DIRECTION_GATE, t::ROTATION_TOLERANCE, first]
        };
        let blocks: Vec<_> = firsts.iter().map(block).collect();
        let uniforms = opened.uniforms(&blocks);
        let storages = [
            search,
            &self.gpu.tables,
            &self.mirror.labels,
            &page.rows,
            &page.templates,
            &buffers.scores,
            &buffers.counts,
            &buffers.walked,
        ];
        for (number, block) in (0..).zip(&blocks) {
            let mut encoder =
                opened.device.create_command_encoder(&wgpu::CommandEncoderDescriptor::default());
            let parameters = Parameters { buffer: &uniforms, block: number, size: DISPATCH_WORDS as u64 * 4 };
            let stage = &self.gpu.stages.consistency;
            stage.dispatch(opened, &mut encoder, parameters, &storages, block[0] - block[4]);
            opened.queue.submit([encoder.finish()]);
        }
    }

    /// Encodes the selection of the best `length`; gives the state and, behind it, slots and keys.
    fn select(&self, encoder: &mut wgpu::CommandEncoder, scores: &wgpu::Buffer, length: u32) -> wgpu::Buffer {
        let (opened, stages) = (&self.gpu.opened, &self.gpu.stages);
        let slots = self.slots as u32;
        let groups = slots.div_ceil(SCORES_A_WORKGROUP);
        let (x, _) = layout(opened, groups);
        let blocks: Vec<_> = (0..DIGITS).map(|digit| vec![slots, x, digit, length]).collect();
        let uniforms = opened.uniforms(&blocks);
        let state = storage(opened, "state", STATE_WORDS * 4);
        let histogram = storage(opened, "histogram", DIGIT_VALUES * 4);
        let best = storage(opened, "best", u64::from(length.max(1)) * 8);
        for digit in 0..DIGITS {
            let parameters = Parameters { buffer: &uniforms, block: digit.into(), size: 16 };
            stages.histogram.dispatch(opened, encoder, parameters, &[scores, &state, &histogram], groups);
            stages.digit.dispatch(opened, encoder, parameters, &[&state, &histogram], 1);
        }
        let parameters = Parameters { buffer: &uniforms, block: 0, size: 16 };
        stages.collect.dispatch(opened, encoder, parameters, &[scores, &state, &best], groups);
        let result = storage(opened, "result", (STATE_WORDS + 2 * u64::from(length)) * 4);
        encoder.copy_buffer_to_buffer(&state, 0, &result, 0, STATE_WORDS * 4);
        encoder.copy_buffer_to_buffer(&best, 0, &result, STATE_WORDS * 4, u64::from(length) * 8);
        encoder.clear_buffer(&best, 0, None);
        result
    }

    fn search_words(&self, probe: &Probe) -> Vec<u32> {
        let scope = self.scope;
        let mut words = Vec::with_capacity(SEARCH_WORDS);
        let attributes = u32::from(scope.forbidden_attributes);
        let count = probe.template().view().stage1_count() as u32;
        words.extend([scope.day, scope.before_sequence, attributes, count, probe.normalisation().0]);
        words.extend(scope.partition_words().iter());
        words.extend(probe.template().words().iter());
        words.extend(probe.tolerances().iter().map(|&tolerance| u32::from(tolerance)));
        words
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::template as p;

    fn layout_is(stage: whorl_shaders::Stage, fields: &[(&str, usize)], constants: &[(&str, usize)]) {
        for &(field, word) in fields {
            assert_eq!(stage.field(field), Some(word as u32 * 4), "{field} in {}", stage.name);
        }
        for &(name, value) in constants {
            assert_eq!(stage.constant(name), Some(value as u32), "{name} in {}", stage.name);
        }
    }

    #[test]
    fn rust_and_wgsl_lay_the_consistency_stage_out_alike() {
        let fields = [
            ("Search.day", 0),
            ("Search.before_sequence", 1),
            ("Search.forbidden_attributes", 2),
            ("Search.probe_count", 3),
            ("Search.normalisation", 4),
            ("Search.partitions", PARTITIONS_AT),
            ("Search.probe", PROBE_AT),
            ("Search.tolerances", TOLERANCES_AT),
            ("Search", SEARCH_WORDS),
            ("Dispatch.rows", 0),
            ("Dispatch.workgroups_x", 1),
            ("Dispatch.direction_gate", 2),
            ("Dispatch.rotation_tolerance", 3),
            ("Dispatch.first_row", 4),
            ("Dispatch", DISPATCH_WORDS),
            ("Label.partition_and_attributes", 0),
            ("Label.expiry_day", 1),
            ("Label.sequence", 2),
            ("Label.state", 3),
            ("Label", 4),
            ("Row.slot", 0),
            ("Row.count", 1),
            ("Row", 2),
        ];
        let constants = [
            ("K1", t::STAGE1_MINUTIAE),
            ("DESCRIPTOR_WORDS", p::DESCRIPTOR_WORDS),
            ("GEOMETRY_AT", p::GEOMETRY_AT),
            ("POPCOUNTS_AT", p::POPCOUNTS_AT),
            ("COUNTS_AT", p::COUNTS_AT),
            ("NORMALISATION_AT", p::NORMALISATION_AT),
            ("TEMPLATE_WORDS", TEMPLATE_WORDS),
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
        ];
        layout_is(whorl_shaders::S1_CONSISTENCY, &fields, &constants);
        assert_eq!(whorl_shaders::S1_CONSISTENCY.bindings, 9);
    }

    #[test]
    fn rust_and_wgsl_lay_the_selection_out_alike() {
        let parameters = [
            ("Parameters.slots", 0),
            ("Parameters.workgroups_x", 1),
            ("Parameters.digit", 2),
            ("Parameters.wanted", 3),
            ("Parameters", 4),
            ("State.remaining", 0),
            ("State.collected", 3),
            ("State", STATE_WORDS as usize),
        ];
        let counted = [("SCORES_A_WORKGROUP", SCORES_A_WORKGROUP as usize), ("COMPARED", 1 << 31)];
        let digits = [("DIGITS", DIGIT_VALUES as usize)];
        layout_is(whorl_shaders::S1_HISTOGRAM, &parameters, &[counted[0], counted[1], digits[0]]);
        layout_is(whorl_shaders::S1_DIGIT, &parameters, &digits);
        layout_is(whorl_shaders::S1_COLLECT, &parameters, &counted);
    }
}
