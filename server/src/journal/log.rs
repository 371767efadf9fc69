//! The log itself: records appended in groups, each group durable when [`Log::commit`] returns.
//!
//! One thread owns it. Segments are rotated between groups: the new one's header and name are synced before a record goes into
//! it, so that only the last segment can have an unfinished end. *Failure*: the first error latches. What a failed write or sync
//! left on the disk is not known, so nothing more is written until a restart has looked (`recovery.rs`).

use std::sync::Arc;

use super::JournalError;
use super::frame::{BODY_BYTES_MAX, Chain, Frame, HEADER_BYTES, SegmentHeader, segment_name};
use crate::files::Files;

/// Length from which on a segment is not continued. Unit: bytes. Recovery reads one segment, and retention frees whole ones.
pub const SEGMENT_BYTES: u64 = 64 << 20;

/// Where the body of a record lies.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Place {
    /// The segment, by the number of its first record.
    pub segment: u64,
    /// Offset of the body in it. Unit: bytes.
    pub offset: u64,
}

/// The last record: its number and hash. `None` before the first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Head {
    /// Records since the beginning: the number of the next one.
    pub size: u64,
    /// Hash of the last one and all before.
    pub chain: Chain,
}

/// The log, open for appending.
pub struct Log {
    files: Arc<dyn Files>,
    /// The segment that is written, by its first record.
    segment: u64,
    /// Its length, what is pending included.
    length: u64,
    /// Its length at the last sync.
    synced: u64,
    head: Head,
    pending: Vec<u8>,
    failed: Option<String>,
}

impl Log {
    /// A new log in a directory that has none.
    pub fn create(files: Arc<dyn Files>) -> Result<Self, JournalError> {
        let head = Head { size: 0, chain: Chain::default() };
        let mut log = Self::at(files, 0, 0, head);
        log.start_segment()?;
        Ok(log)
    }

    /// The log whose last segment ends at `length`, durably.
    pub(super) fn at(files: Arc<dyn Files>, segment: u64, length: u64, head: Head) -> Self {
        Self { files, segment, length, synced: length, head, pending: Vec::new(), failed: None }
    }

    /// The last record appended.
    pub fn head(&self) -> Head {
        self.head
    }

    /// Why nothing can be appended any more, if that is so.
    pub fn failure(&self) -> Option<&str> {
        self.failed.as_deref()
    }

    /// Adds a record to the group. It is durable once [`Self::commit`] has returned.
    pub fn append(&mut self, body: &[u8]) -> Result<Place, JournalError> {
        self.in_order()?;
        if body.len() > BODY_BYTES_MAX {
            return Err(JournalError::TooLarge { bytes: body.len() });
        }
        if self.pending.is_empty() && self.length >= SEGMENT_BYTES {
            self.latch(|log| log.start_segment())?;
        }
        let place = Place { segment: self.segment, offset: self.length + HEADER_BYTES as u64 };
        let frame = Frame::encode(&mut self.pending, self.head.size, self.synced, self.head.chain, body);
        self.length += frame.bytes() as u64;
        self.head = Head { size: self.head.size + 1, chain: frame.chain };
        Ok(place)
    }

    /// Writes and syncs what was appended since the last commit. When this returns an error, none of it may be relied on.
    pub fn commit(&mut self) -> Result<(), JournalError> {
        self.in_order()?;
        if self.pending.is_empty() {
            return Ok(());
        }
        self.latch(|log| {
            let name = segment_name(log.segment);
            let pending = std::mem::take(&mut log.pending);
            log.files.write(&name, log.synced, &pending).map_err(|e| JournalError::io("write", &name, e))?;
            log.files.sync(&name).map_err(|e| JournalError::io("sync", &name, e))?;
            log.synced = log.length;
            Ok(())
        })
    }

    /// Begins another segment, unless this one has no record yet: a segment that ends with a day can go with it (R-AUDIT-4). Between groups
    /// only.
    pub fn rotate(&mut self) -> Result<(), JournalError> {
        self.in_order()?;
        if self.pending.is_empty() && self.length > HEADER_BYTES as u64 {
            self.latch(|log| log.start_segment())?;
        }
        Ok(())
    }

    fn start_segment(&mut self) -> Result<(), JournalError> {
        let name = segment_name(self.head.size);
        let header = SegmentHeader { first: self.head.size, before: self.head.chain };
        self.files.write(&name, 0, &header.encode()).map_err(|e| JournalError::io("write", &name, e))?;
        self.files.sync(&name).map_err(|e| JournalError::io("sync", &name, e))?;
        self.files.sync_directory().map_err(|e| JournalError::io("sync the directory of", &name, e))?;
        self.segment = self.head.size;
        (self.length, self.synced) = (HEADER_BYTES as u64, HEADER_BYTES as u64);
        Ok(())
    }

    fn in_order(&self) -> Result<(), JournalError> {
        self.failed.clone().map_or(Ok(()), |reason| Err(JournalError::Latched(reason)))
    }

    fn latch(
        &mut self,
        work: impl FnOnce(&mut Self) -> Result<(), JournalError>,
    ) -> Result<(), JournalError> {
        let outcome = work(self);
        if let Err(error) = &outcome {
            self.failed = Some(error.to_string());
        }
        outcome
    }
}
