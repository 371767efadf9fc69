//! The gallery as the device has it: labels by slot, and for each finger position pages of rows and templates.
//!
//! A page never exceeds what one binding may be, so sub-galleries are searched page by page. Labels, and scores, are one binding
//! each: 8.4 million slots where that is 128 MiB. Buffers start small and double; a grown one is filled from host memory,
//! which has everything, so nothing is copied between buffers.
#![expect(clippy::cast_possible_truncation, reason = "slots and page rows are 32-bit by construction")]

use core::ops::Range;

use super::adapter::Opened;
use super::transfer::storage;
use crate::gallery::{Change, Gallery, PAGE, Slot};
use crate::minutia::FingerPosition;
use crate::template::TEMPLATE_WORDS;

/// Bytes of a template.
const TEMPLATE_BYTES: u64 = TEMPLATE_WORDS as u64 * 4;
/// Bytes of a row.
const ROW_BYTES: u64 = 8;
/// Bytes of a label.
const LABEL_BYTES: u64 = 16;
/// Rows of a page at most: 80 MB of templates.
const PAGE_ROWS_MAX: usize = 1 << 16;
/// Entries of a buffer when it is first made.
const ENTRIES_MIN: usize = 256;
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

/// The device's copy.
pub(super) struct Mirror {
    pub(super) labels: wgpu::Buffer,
    labels_capacity: usize,
    fingers: [Vec<Page>; FingerPosition::COUNT],
    page_rows: usize,
    pending_bytes: u64,
}

impl Mirror {
    pub(super) fn new(opened: &Opened) -> Self {
        let binding_max = opened.device.limits().max_storage_buffer_binding_size;
        let fitting = usize::try_from(binding_max / TEMPLATE_BYTES).unwrap_or(PAGE_ROWS_MAX);
        Self {
            labels: storage(opened, "labels", ENTRIES_MIN as u64 * LABEL_BYTES),
            labels_capacity: ENTRIES_MIN,
            fingers: Default::default(),
            page_rows: fitting.clamp(1, PAGE_ROWS_MAX),
            pending_bytes: 0,
        }
    }

    /// Rows that a page can have.
    pub(super) fn page_rows(&self) -> usize {
        self.page_rows
    }

    pub(super) fn pages(&self, position: FingerPosition) -> &[Page] {
        &self.fingers[position.index()]
    }

    /// Brings the device up to the host's state at these places.
    pub(super) fn follow(&mut self, opened: &Opened, gallery: &Gallery, changes: &[Change]) {
        for &change in changes {
            match change {
                Change::Label(slot) => self.write_label(opened, gallery, slot),
                Change::Row(position, row) => self.write_row(opened, gallery, position, row),
            }
            if self.pending_bytes > PENDING_BYTES_MAX {
                // Uploads wait in host memory until something is submitted.
                opened.queue.submit([]);
                self.pending_bytes = 0;
            }
        }
    }

    fn write_label(&mut self, opened: &Opened, gallery: &Gallery, slot: Slot) {
        let mut slots = slot.index()..slot.index() + 1;
        if gallery.slots() > self.labels_capacity {
            self.labels_capacity = gallery.slots().next_power_of_two();
            self.labels = storage(opened, "labels", self.labels_capacity as u64 * LABEL_BYTES);
            slots = 0..gallery.slots();
        }
        let words: Vec<[u32; 4]> = slots
            .clone()
            .map(|index| gallery.label(Slot(index as u32)).map_or([0; 4], |label| label.words()))
            .collect();
        self.write(
            opened,
            &self.labels.clone(),
            slots.start as u64 * LABEL_BYTES,
            bytemuck::cast_slice(&words),
        );
    }

    fn write_row(&mut self, opened: &Opened, gallery: &Gallery, position: FingerPosition, row: usize) {
        let sub = gallery.finger(position);
        let (page_index, in_page) = (row / self.page_rows, row % self.page_rows);
        let first = page_index * self.page_rows;
        let filled = (sub.rows() - first).min(self.page_rows);
        let pages = &mut self.fingers[position.index()];
        let mut written: Range<usize> = in_page..in_page + 1;
        if pages.get(page_index).is_none_or(|page| page.capacity < filled) {
            let page = Page::new(
                opened,
                filled.next_power_of_two().clamp(ENTRIES_MIN, self.page_rows.max(ENTRIES_MIN)),
            );
            if page_index < pages.len() {
                pages[page_index] = page;
            } else {
                pages.push(page);
            }
            written = 0..filled;
        }
        let page = &mut pages[page_index];
        page.filled = filled;
        let (rows, templates) = (page.rows.clone(), page.templates.clone());
        // From the host's pages, which are smaller.
        let mut at = written.start;
        while at < written.end {
            let host = first + at;
            let Some((host_rows, host_templates)) = sub.pages().nth(host / PAGE) else { break };
            let some = host % PAGE..host_rows.len().min(host % PAGE + written.end - at);
            let words: Vec<[u32; 2]> =
                host_rows[some.clone()].iter().map(|row| [row.slot, row.count]).collect();
            self.write(opened, &rows, at as u64 * ROW_BYTES, bytemuck::cast_slice(&words));
            let bytes = bytemuck::cast_slice(&host_templates[some.clone()]);
            self.write(opened, &templates, at as u64 * TEMPLATE_BYTES, bytes);
            at += some.len();
        }
    }

    fn write(&mut self, opened: &Opened, buffer: &wgpu::Buffer, offset: u64, bytes: &[u8]) {
        opened.queue.write_buffer(buffer, offset, bytes);
        self.pending_bytes += bytes.len() as u64;
    }
}

impl Page {
    fn new(opened: &Opened, capacity: usize) -> Self {
        Self {
            rows: storage(opened, "rows", capacity as u64 * ROW_BYTES),
            templates: storage(opened, "templates", capacity as u64 * TEMPLATE_BYTES),
            filled: 0,
            capacity,
        }
    }
}
