//! The gallery as the device has it: for each finger position pages of rows, each with the label of its slot, and of templates.
//!
//! A page never exceeds what one binding may be, so sub-galleries are searched page by page. Labels lie in the rows, once for each
//! finger of a record: the shader decides the scope from the row that it has just read, and there is no binding that grows with the
//! number of slots but that of the scores. Buffers start small and double; the device copies what was in them, because everybody
//! would wait while the host did.

use core::ops::Range;

use super::adapter::Opened;
use super::transfer::storage;
use crate::gallery::{Change, Gallery, Row, Slot};
use crate::minutia::FingerPosition;
use crate::template::TEMPLATE_WORDS;

/// Words of `Row` in the shader.
pub(super) const ROW_WORDS: usize = 6;
/// Bytes of a row and of a template.
const ROW_BYTES: u64 = ROW_WORDS as u64 * 4;
const TEMPLATE_BYTES: u64 = TEMPLATE_WORDS as u64 * 4;
/// Rows of a page at most: 112 MiB of templates.
const PAGE_ROWS_MAX: usize = 1 << 16;
/// Rows of a page when it is first made.
const PAGE_ROWS_MIN: usize = 256;
/// Rows of an upload: 7 MB.
const ROWS_A_WRITE: usize = 4096;
/// Bytes that may wait for an upload before they are sent off.
const PENDING_BYTES_MAX: u64 = 64 << 20;

/// Rows and templates of up to [`PAGE_ROWS_MAX`] rows.
pub(super) struct Page {
    pub(super) rows: wgpu::Buffer,
    pub(super) templates: wgpu::Buffer,
    /// Rows in use or freed.
    pub(super) filled: usize,
    capacity: usize,
}

impl Page {
    /// Copies the rows of a smaller page, and wipes that: nobody could when a record is erased.
    fn take_over(&self, opened: &Opened, old: &Self) {
        let mut encoder = opened.device.create_command_encoder(&wgpu::CommandEncoderDescriptor::default());
        for (from, to) in [(&old.rows, &self.rows), (&old.templates, &self.templates)] {
            encoder.copy_buffer_to_buffer(from, 0, to, 0, from.size());
            encoder.clear_buffer(from, 0, None);
        }
        opened.queue.submit([encoder.finish()]);
    }
}

/// The device's copy.
pub(super) struct Mirror {
    fingers: [Vec<Page>; FingerPosition::SUB_GALLERIES],
    page_rows: usize,
    pending_bytes: u64,
}

impl Mirror {
    pub(super) fn new(opened: &Opened) -> Self {
        let binding_max = opened.device.limits().max_storage_buffer_binding_size;
        let fitting = usize::try_from(binding_max / TEMPLATE_BYTES).unwrap_or(PAGE_ROWS_MAX);
        let page_rows = fitting.clamp(1, PAGE_ROWS_MAX);
        Self { fingers: Default::default(), page_rows, pending_bytes: 0 }
    }

    /// Rows that a page can have.
    pub(super) fn page_rows(&self) -> usize {
        self.page_rows
    }

    pub(super) fn pages(&self, position: FingerPosition) -> &[Page] {
        &self.fingers[position.index()]
    }

    /// Brings the device up to the host's state at these places: one write for each run of neighbouring rows.
    pub(super) fn follow(&mut self, opened: &Opened, gallery: &Gallery, changes: &[Change]) {
        let mut touched: [Vec<usize>; FingerPosition::SUB_GALLERIES] = Default::default();
        for &change in changes {
            match change {
                Change::Label(slot) => {
                    for position in FingerPosition::sub_galleries() {
                        touched[position.index()].extend(gallery.row(slot, position));
                    }
                }
                Change::Row(position, row) => touched[position.index()].push(row),
            }
        }
        for position in FingerPosition::sub_galleries() {
            let rows = &mut touched[position.index()];
            rows.sort_unstable();
            rows.dedup();
            for run in rows.chunk_by(|a, b| a + 1 == *b) {
                self.write_run(opened, gallery, position, run[0]..run[0] + run.len());
            }
        }
    }

    fn write_run(&mut self, opened: &Opened, gallery: &Gallery, position: FingerPosition, run: Range<usize>) {
        let mut start = run.start;
        while start < run.end {
            let index = start / self.page_rows;
            let first = index * self.page_rows;
            let filled = (gallery.finger(position).rows() - first).min(self.page_rows);
            let end = run.end.min(first + filled);
            self.make_room(opened, position, index, filled);
            for from in (start - first..end - first).step_by(ROWS_A_WRITE) {
                let some = from..(end - first).min(from + ROWS_A_WRITE);
                self.write(opened, gallery, position, index, some);
            }
            start = end;
        }
    }

    /// Makes the page large enough for so many rows.
    fn make_room(&mut self, opened: &Opened, position: FingerPosition, index: usize, filled: usize) {
        let pages = &mut self.fingers[position.index()];
        if let Some(page) = pages.get_mut(index).filter(|page| page.capacity >= filled) {
            page.filled = filled;
            return;
        }
        let capacity = filled.next_power_of_two().clamp(PAGE_ROWS_MIN.min(self.page_rows), self.page_rows);
        let page = Page {
            rows: storage(opened, "rows", capacity as u64 * ROW_BYTES),
            templates: storage(opened, "templates", capacity as u64 * TEMPLATE_BYTES),
            filled,
            capacity,
        };
        match pages.get_mut(index) {
            Some(old) => {
                page.take_over(opened, old);
                *old = page;
            }
            None => pages.push(page),
        }
    }

    /// Writes these rows of a page.
    fn write(
        &mut self,
        opened: &Opened,
        gallery: &Gallery,
        position: FingerPosition,
        page_index: usize,
        in_page: Range<usize>,
    ) {
        let sub = gallery.finger(position);
        let page = &self.fingers[position.index()][page_index];
        let first = page_index * self.page_rows;
        // The host's pages are smaller.
        let mut at = in_page.start;
        while at < in_page.end {
            let (rows, templates) = sub.some(first + at, in_page.end - at);
            if rows.is_empty() {
                break;
            }
            let words: Vec<_> = rows.iter().map(|row| words(gallery, row)).collect();
            let bytes: &[u8] = bytemuck::cast_slice(templates);
            opened.queue.write_buffer(&page.rows, at as u64 * ROW_BYTES, bytemuck::cast_slice(&words));
            opened.queue.write_buffer(&page.templates, at as u64 * TEMPLATE_BYTES, bytes);
            self.pending_bytes += bytes.len() as u64;
            at += rows.len();
        }
        if self.pending_bytes > PENDING_BYTES_MAX {
            // Uploads wait in host memory until something is submitted.
            opened.queue.submit([]);
            self.pending_bytes = 0;
        }
    }
}

/// A row as the shader reads it; a free one is nobody's.
fn words(gallery: &Gallery, row: &Row) -> [u32; ROW_WORDS] {
    let label = gallery.label(Slot(row.slot)).filter(|_| row.count > 0);
    let [partition, day, sequence, state] = label.map_or([0; 4], |label| label.words());
    [row.slot, row.count, partition, day, sequence, state]
}
