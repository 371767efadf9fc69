//! Buffers to and from a device, such that what was in them can be overwritten: prints do not outlive a search (R-COMP-5).

use std::sync::mpsc;

use super::adapter::{Opened, PASS_TIMEOUT};
use crate::backend::BackendError;

/// Uniform bindings start at multiples of this on every adapter. Unit: bytes.
pub(super) const UNIFORM_STRIDE: usize = 256;

/// A storage buffer that uploads and copies can reach, zeroed.
pub(super) fn storage(opened: &Opened, label: &str, size: u64) -> wgpu::Buffer {
    let usage = wgpu::BufferUsages::STORAGE | wgpu::BufferUsages::COPY_DST | wgpu::BufferUsages::COPY_SRC;
    opened.buffer(label, size, usage)
}

impl Opened {
    fn buffer(&self, label: &str, size: u64, usage: wgpu::BufferUsages) -> wgpu::Buffer {
        let descriptor =
            wgpu::BufferDescriptor { label: Some(label), size, usage, mapped_at_creation: false };
        self.device.create_buffer(&descriptor)
    }

    /// A buffer to read results from.
    pub(super) fn read_back(&self, size: u64) -> wgpu::Buffer {
        self.buffer("read back", size, wgpu::BufferUsages::COPY_DST | wgpu::BufferUsages::MAP_READ)
    }

    /// Words that the device shall copy from, in a buffer that can be wiped: an upload through the queue would leave a
    /// copy where nobody can.
    pub(super) fn staging(&self, words: &[u32]) -> Result<wgpu::Buffer, BackendError> {
        let staging = self.device.create_buffer(&wgpu::BufferDescriptor {
            label: Some("staging"),
            size: words.len() as u64 * 4,
            usage: wgpu::BufferUsages::MAP_WRITE | wgpu::BufferUsages::COPY_SRC,
            mapped_at_creation: true,
        });
        staging.get_mapped_range_mut(..).map_err(refused)?.copy_from_slice(bytemuck::cast_slice(words));
        staging.unmap();
        Ok(staging)
    }

    /// Blocks of words, each where a uniform binding may start. Nothing secret: it is not wiped.
    pub(super) fn uniforms(&self, blocks: &[Vec<u32>]) -> wgpu::Buffer {
        let mut bytes = vec![0u8; blocks.len().max(1) * UNIFORM_STRIDE];
        for (chunk, block) in bytes.chunks_mut(UNIFORM_STRIDE).zip(blocks) {
            let block: &[u8] = bytemuck::cast_slice(block);
            chunk[..block.len()].copy_from_slice(block);
        }
        let usage = wgpu::BufferUsages::UNIFORM | wgpu::BufferUsages::COPY_DST;
        let buffer = self.buffer("parameters", bytes.len() as u64, usage);
        self.queue.write_buffer(&buffer, 0, &bytes);
        buffer
    }

    /// The words of the results once a submission is done, which is waited for. Then overwrites what the host can see of the search: the
    /// probe in the staging buffer, and the results.
    pub(super) fn read_and_wipe(
        &self,
        (staging, read_back): (&wgpu::Buffer, &wgpu::Buffer),
        submission: wgpu::SubmissionIndex,
    ) -> Result<Vec<u32>, BackendError> {
        // One wait for both: a second would be a second way to the device and back.
        let readable = map(read_back, wgpu::MapMode::Read);
        let writable = map(staging, wgpu::MapMode::Write);
        let wait = wgpu::PollType::Wait { submission_index: Some(submission), timeout: Some(PASS_TIMEOUT) };
        self.device.poll(wait).map_err(|error| BackendError::Lost(error.to_string()))?;
        // Both are tried, whatever became of the other.
        let words = mapped(&readable).and_then(|()| self.words(read_back));
        let wiped = mapped(&writable).and_then(|()| zero(staging));
        wiped?;
        self.status.check()?;
        words
    }

    fn words(&self, read_back: &wgpu::Buffer) -> Result<Vec<u32>, BackendError> {
        let view = read_back.get_mapped_range(..).map_err(refused)?;
        let words = bytemuck::pod_collect_to_vec(&view);
        drop(view);
        read_back.unmap();
        let mut encoder = self.device.create_command_encoder(&wgpu::CommandEncoderDescriptor::default());
        encoder.clear_buffer(read_back, 0, None);
        self.queue.submit([encoder.finish()]);
        Ok(words)
    }
}

/// Asks for a buffer; the answer comes while the device is polled.
fn map(buffer: &wgpu::Buffer, mode: wgpu::MapMode) -> Mapping {
    let (sender, receiver) = mpsc::channel();
    buffer.map_async(mode, .., move |result| {
        // The receiver is only gone when the search has already failed.
        let _ = sender.send(result);
    });
    receiver
}

type Mapping = mpsc::Receiver<Result<(), wgpu::BufferAsyncError>>;

fn mapped(mapping: &Mapping) -> Result<(), BackendError> {
    match mapping.recv_timeout(PASS_TIMEOUT) {
        Ok(Ok(())) => Ok(()),
        Ok(Err(error)) => Err(BackendError::Refused(error.to_string())),
        Err(_) => Err(BackendError::Lost("a buffer could not be read back in time".into())),
    }
}

fn zero(staging: &wgpu::Buffer) -> Result<(), BackendError> {
    let zeros = vec![0u8; usize::try_from(staging.size()).unwrap_or(0)];
    staging.get_mapped_range_mut(..).map_err(refused)?.copy_from_slice(&zeros);
    staging.unmap();
    Ok(())
}

#[expect(clippy::needless_pass_by_value, reason = "for map_err")]
fn refused(error: wgpu::MapRangeError) -> BackendError {
    BackendError::Refused(error.to_string())
}
