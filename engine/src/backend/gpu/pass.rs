//! One search on the device: upload the probe, dispatch stage 1 over every page of each finger, read back, wipe.
#![expect(
    clippy::cast_possible_truncation,
    reason = "a page has at most 2^16 rows, and layouts a few thousand words"
)]

use std::sync::mpsc;

use super::Gpu;
use super::adapter::PASS_TIMEOUT;
use super::mirror::{Mirror, Page, storage};
use crate::backend::cpu::counted;
use crate::backend::{BackendError, Scored};
use crate::gallery::{PARTITIONS, Scope};
use crate::minutia::FingerPosition;
use crate::template::{Probe, TEMPLATE_WORDS, TOLERANCES};
use crate::tunables as t;

/// Layout of `Search` in the shader. Unit: words.
const PARTITIONS_AT: usize = 4;
const PROBE_AT: usize = PARTITIONS_AT + PARTITIONS / 32;
const TOLERANCES_AT: usize = PROBE_AT + TEMPLATE_WORDS;
const SEARCH_WORDS: usize = TOLERANCES_AT + TOLERANCES;
/// Uniform bindings start at multiples of this on every adapter.
const UNIFORM_STRIDE: u64 = 256;
const COUNTS_BYTES: u64 = PARTITIONS as u64 * 4;

pub(super) struct Pass<'a> {
    pub(super) gpu: &'a Gpu,
    pub(super) mirror: &'a Mirror,
    pub(super) slots: usize,
    pub(super) probe: &'a [(FingerPosition, Probe)],
    pub(super) scope: &'a Scope,
}

pub(super) fn run(pass: &Pass<'_>) -> Result<Scored, BackendError> {
    if pass.slots == 0 || pass.probe.is_empty() {
        return Ok(Scored { by_slot: vec![0; pass.slots], compared: Vec::new() });
    }
    let opened = &pass.gpu.opened;
    let scores_bytes = pass.slots as u64 * 4;
    let scores = storage(opened, "scores", scores_bytes);
    let counts = storage(opened, "counts", COUNTS_BYTES);
    let staging = pass.staging()?;
    let read_back = pass.buffer(
        "read back",
        scores_bytes + COUNTS_BYTES,
        wgpu::BufferUsages::COPY_DST | wgpu::BufferUsages::MAP_READ,
    );

    let mut encoder = opened.device.create_command_encoder(&wgpu::CommandEncoderDescriptor::default());
    let searches = pass.dispatch(&mut encoder, &staging, &scores, &counts);
    encoder.copy_buffer_to_buffer(&scores, 0, &read_back, 0, scores_bytes);
    encoder.copy_buffer_to_buffer(&counts, 0, &read_back, scores_bytes, COUNTS_BYTES);
    // R-COMP-5: the probe and what was computed with it do not outlive the search in device memory.
    for buffer in searches.iter().chain([&scores]) {
        encoder.clear_buffer(buffer, 0, None);
    }
    let submission = opened.queue.submit([encoder.finish()]);

    let words = pass.read(&read_back, submission);
    // Both are tried, whatever became of the reading.
    let wiped = pass.wipe(&staging, &read_back);
    let words = words?;
    wiped?;
    let (by_slot, counts) = words.split_at(pass.slots);
    Ok(Scored { by_slot: by_slot.to_vec(), compared: counted(counts) })
}

impl Pass<'_> {
    fn buffer(&self, label: &str, size: u64, usage: wgpu::BufferUsages) -> wgpu::Buffer {
        let descriptor =
            wgpu::BufferDescriptor { label: Some(label), size, usage, mapped_at_creation: false };
        self.gpu.opened.device.create_buffer(&descriptor)
    }

    /// The search blocks of all fingers, in a buffer that this module can wipe: an upload through the queue would leave
    /// a copy where nobody can.
    fn staging(&self) -> Result<wgpu::Buffer, BackendError> {
        let words: Vec<u32> = self.probe.iter().flat_map(|(_, probe)| self.search_words(probe)).collect();
        let staging = self.gpu.opened.device.create_buffer(&wgpu::BufferDescriptor {
            label: Some("probe"),
            size: words.len() as u64 * 4,
            usage: wgpu::BufferUsages::MAP_WRITE | wgpu::BufferUsages::COPY_SRC,
            mapped_at_creation: true,
        });
        let refused = |error: wgpu::MapRangeError| BackendError::Refused(error.to_string());
        staging.get_mapped_range_mut(..).map_err(refused)?.copy_from_slice(bytemuck::cast_slice(&words));
        staging.unmap();
        Ok(staging)
    }

    fn search_words(&self, probe: &Probe) -> Vec<u32> {
        let scope = self.scope;
        let mut words = Vec::with_capacity(SEARCH_WORDS);
        let attributes = u32::from(scope.forbidden_attributes);
        words.extend([
            scope.day,
            scope.before_sequence,
            attributes,
            probe.template().view().stage1_count() as u32,
        ]);
        words.extend(scope.partition_words().iter());
        words.extend(probe.template().words().iter());
        words.extend(probe.tolerances().iter().map(|&tolerance| u32::from(tolerance)));
        words
    }

    /// Encodes every dispatch; gives back the device buffers that hold the probe.
    fn dispatch(
        &self,
        encoder: &mut wgpu::CommandEncoder,
        staging: &wgpu::Buffer,
        scores: &wgpu::Buffer,
        counts: &wgpu::Buffer,
    ) -> Vec<wgpu::Buffer> {
        let opened = &self.gpu.opened;
        let search_bytes = SEARCH_WORDS as u64 * 4;
        let mut searches = Vec::new();
        for (index, (position, _)) in self.probe.iter().enumerate() {
            let search = storage(opened, "search", search_bytes);
            encoder.copy_buffer_to_buffer(staging, index as u64 * search_bytes, &search, 0, search_bytes);
            let pages = self.mirror.pages(*position);
            let uniforms = self.uniforms(pages);
            for (number, page) in pages.iter().enumerate() {
                let uniform = wgpu::BufferBinding {
                    buffer: &uniforms,
                    offset: number as u64 * UNIFORM_STRIDE,
                    size: core::num::NonZero::new(16),
                };
                let tables = &self.gpu.tables;
                let buffers =
                    [&search, tables, &self.mirror.labels, &page.rows, &page.templates, scores, counts];
                let group = self.bind(uniform, buffers);
                let mut compute = encoder.begin_compute_pass(&wgpu::ComputePassDescriptor::default());
                compute.set_pipeline(&self.gpu.pipeline);
                compute.set_bind_group(0, &group, &[]);
                let (x, y) = self.workgroups(page);
                compute.dispatch_workgroups(x, y, 1);
            }
            searches.push(search);
        }
        searches
    }

    /// One `Dispatch` a page.
    fn uniforms(&self, pages: &[Page]) -> wgpu::Buffer {
        let mut bytes = vec![0u8; (pages.len().max(1)) * UNIFORM_STRIDE as usize];
        for (chunk, page) in bytes.chunks_mut(UNIFORM_STRIDE as usize).zip(pages) {
            let words =
                [page.filled as u32, self.workgroups(page).0, t::DIRECTION_GATE, t::ROTATION_TOLERANCE];
            chunk[..16].copy_from_slice(bytemuck::bytes_of(&words));
        }
        let usage = wgpu::BufferUsages::UNIFORM | wgpu::BufferUsages::COPY_DST;
        let buffer = self.buffer("dispatch", bytes.len() as u64, usage);
        self.gpu.opened.queue.write_buffer(&buffer, 0, &bytes);
        buffer
    }

    /// One workgroup a row, in two dimensions because one holds no more than 65 535.
    fn workgroups(&self, page: &Page) -> (u32, u32) {
        let across = self.gpu.opened.device.limits().max_compute_workgroups_per_dimension;
        let rows = page.filled as u32;
        let x = rows.clamp(1, across);
        (x, rows.div_ceil(x).max(1))
    }

    fn bind(&self, uniform: wgpu::BufferBinding<'_>, buffers: [&wgpu::Buffer; 7]) -> wgpu::BindGroup {
        let uniform = wgpu::BindGroupEntry { binding: 0, resource: wgpu::BindingResource::Buffer(uniform) };
        let others = buffers.iter().zip(1..);
        let entries: Vec<_> = core::iter::once(uniform)
            .chain(
                others.map(|(b, binding)| wgpu::BindGroupEntry { binding, resource: b.as_entire_binding() }),
            )
            .collect();
        self.gpu.opened.device.create_bind_group(&wgpu::BindGroupDescriptor {
            label: None,
            layout: &self.gpu.pipeline.get_bind_group_layout(0),
            entries: &entries,
        })
    }

    fn read(
        &self,
        buffer: &wgpu::Buffer,
        submission: wgpu::SubmissionIndex,
    ) -> Result<Vec<u32>, BackendError> {
        self.map(buffer, wgpu::MapMode::Read, Some(submission))?;
        let view = buffer.get_mapped_range(..).map_err(|error| BackendError::Refused(error.to_string()))?;
        let words = bytemuck::pod_collect_to_vec(&view);
        drop(view);
        buffer.unmap();
        Ok(words)
    }

    /// Overwrites what the host can see of a search: the probe in the staging buffer, the scores in the other.
    fn wipe(&self, staging: &wgpu::Buffer, read_back: &wgpu::Buffer) -> Result<(), BackendError> {
        let opened = &self.gpu.opened;
        let mut encoder = opened.device.create_command_encoder(&wgpu::CommandEncoderDescriptor::default());
        encoder.clear_buffer(read_back, 0, None);
        opened.queue.submit([encoder.finish()]);
        self.map(staging, wgpu::MapMode::Write, None)?;
        let zeros = vec![0u8; usize::try_from(staging.size()).unwrap_or(0)];
        let refused = |error: wgpu::MapRangeError| BackendError::Refused(error.to_string());
        staging.get_mapped_range_mut(..).map_err(refused)?.copy_from_slice(&zeros);
        staging.unmap();
        Ok(())
    }

    fn map(
        &self,
        buffer: &wgpu::Buffer,
        mode: wgpu::MapMode,
        submission: Option<wgpu::SubmissionIndex>,
    ) -> Result<(), BackendError> {
        let (sender, receiver) = mpsc::channel();
        buffer.map_async(mode, .., move |result| {
            // The receiver is only gone when this function has already failed.
            let _ = sender.send(result);
        });
        let wait = wgpu::PollType::Wait { submission_index: submission, timeout: Some(PASS_TIMEOUT) };
        self.gpu.opened.device.poll(wait).map_err(|error| BackendError::Lost(error.to_string()))?;
        match receiver.recv_timeout(PASS_TIMEOUT) {
            Ok(Ok(())) => self.gpu.opened.status.check(),
            Ok(Err(error)) => Err(BackendError::Refused(error.to_string())),
            Err(_) => Err(BackendError::Lost("a buffer could not be read back in time".into())),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::template as p;

    #[test]
    fn rust_and_wgsl_lay_everything_out_alike() {
        let stage = whorl_shaders::S1_CONSISTENCY;
        let fields = [
            ("Search.day", 0),
            ("Search.before_sequence", 1),
            ("Search.forbidden_attributes", 2),
            ("Search.probe_count", 3),
            ("Search.partitions", PARTITIONS_AT),
            ("Search.probe", PROBE_AT),
            ("Search.tolerances", TOLERANCES_AT),
            ("Search", SEARCH_WORDS),
            ("Dispatch.rows", 0),
            ("Dispatch.workgroups_x", 1),
            ("Dispatch.direction_gate", 2),
            ("Dispatch.rotation_tolerance", 3),
            ("Label.partition_and_attributes", 0),
            ("Label.expiry_day", 1),
            ("Label.sequence", 2),
            ("Label.state", 3),
            ("Label", 4),
            ("Row.slot", 0),
            ("Row.count", 1),
            ("Row", 2),
        ];
        for (field, word) in fields {
            assert_eq!(stage.field(field), Some(word as u32 * 4), "{field}");
        }
        let constants = [
            ("K1", t::STAGE1_MINUTIAE),
            ("DESCRIPTOR_WORDS", p::DESCRIPTOR_WORDS),
            ("GEOMETRY_AT", p::GEOMETRY_AT),
            ("POPCOUNTS_AT", p::POPCOUNTS_AT),
            ("COUNTS_AT", p::COUNTS_AT),
            ("TEMPLATE_WORDS", TEMPLATE_WORDS),
            ("PARTITION_WORDS", PARTITIONS / 32),
            ("RECIPROCALS_AT", 0),
            ("COS_AT", p::RECIPROCALS),
            ("SIN_AT", p::RECIPROCALS + p::ANGLES),
            ("SIMILARITY_SHIFT", p::SIMILARITY_SHIFT as usize),
            ("SIMILARITY_FLOOR", t::SIMILARITY_FLOOR as usize),
            ("WEIGHT_BITS", p::WEIGHT_BITS as usize),
            ("ROTATION_SHIFT", p::ROTATION_SHIFT as usize),
            ("LENGTH_SHIFT", p::LENGTH_SHIFT as usize),
            ("COMPARED", crate::backend::COMPARED as usize),
        ];
        for (name, value) in constants {
            assert_eq!(stage.constant(name), Some(value as u32), "{name}");
        }
        assert_eq!(stage.bindings, 8);
    }
}
