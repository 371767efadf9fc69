//! Opening the journal after whatever happened to it.
//!
//! | what is found in the last segment | what it is | what is done |
//! | --- | --- | --- |
//! | frames to the end | a good end | synced, in case they never were |
//! | less than a header, or a header that is wrong, and no frame | the segment was being made | it is removed |
//! | behind the last good frame, none, and no later one that knew of a sync beyond | the last group, torn | it is cut off |
//! | the same, with such a frame | **damage**: what is bad was on disk before | nothing is changed; opening fails |
//!
//! Earlier segments were synced whole before the next was made: anything wrong with them is damage, which reading finds.
//! *What this cannot see*: damage in the very last group looks like a torn one. The store knows how far it came, and so does
//! the last checkpoint: who opens the journal compares them with [`Log::head`].

use std::sync::Arc;

use super::JournalError;
use super::frame::{Frame, HEADER_BYTES, SegmentHeader, segment_name};
use super::hollow::{hollow_segments, remove_full};
use super::log::{Head, Log};
use super::reader::{load, segments, walk};
use crate::files::Files;

/// Where the good part of a segment is written before it takes its place.
const TEMPORARY: &str = "recovered.tmp";

/// Opens the journal of a directory; `None` where there is none, or where making one was cut off.
pub fn open(files: Arc<dyn Files>) -> Result<Option<Log>, JournalError> {
    for first in hollow_segments(&*files)? {
        remove_full(&*files, first)?;
    }
    let mut all = segments(&*files)?;
    let Some(&last) = all.last() else { return nothing(&*files) };
    if !has_header(&*files, last)? {
        let name = segment_name(last);
        files.remove(&name).map_err(|e| JournalError::io("remove", &name, e))?;
        files.sync_directory().map_err(|e| JournalError::io("sync the directory of", &name, e))?;
        all.pop();
    }
    let Some(&last) = all.last() else { return nothing(&*files) };
    let (header, bytes) = load(&*files, last)?;
    let (end, head) = walk(&header, &bytes, |_, _, _| Ok(()))?;
    if end == bytes.len() {
        let name = segment_name(last);
        files.sync(&name).map_err(|e| JournalError::io("sync", &name, e))?;
        files.sync_directory().map_err(|e| JournalError::io("sync the directory of", &name, e))?;
    } else {
        refuse_damage(&bytes, end, head, last)?;
        cut(&*files, last, &bytes[..end])?;
        tracing::warn!(
            segment = last,
            bytes = bytes.len() - end,
            "an unfinished group was cut off; nothing of it was acknowledged"
        );
    }
    Ok(Some(Log::at(files, last, end as u64, head)))
}

/// No segment is no journal; but hollow ones alone are what is left of one.
fn nothing(files: &dyn Files) -> Result<Option<Log>, JournalError> {
    match hollow_segments(files)?.last() {
        Some(&last) => Err(JournalError::damaged(last, 0, last, "and all after it are not there")),
        None => Ok(None),
    }
}

/// Whether the last segment has a header; an error if it has records without one.
fn has_header(files: &dyn Files, last: u64) -> Result<bool, JournalError> {
    let name = segment_name(last);
    let io = |e| JournalError::io("read", &name, e);
    let length = usize::try_from(files.len(&name).map_err(io)?).unwrap_or(usize::MAX);
    let bytes = files.read(&name, 0, length).map_err(io)?;
    match SegmentHeader::decode(&bytes) {
        Ok(_) => Ok(true),
        Err(problem) if length > HEADER_BYTES => Err(JournalError::damaged(last, 0, last, problem)),
        Err(_) => Ok(false),
    }
}

/// Frames begin at multiples of 8.
fn refuse_damage(bytes: &[u8], end: usize, head: Head, segment: u64) -> Result<(), JournalError> {
    let knows_better = |at: usize| {
        let frame = bytes.get(at..).and_then(Frame::decode);
        frame.is_some_and(|(frame, _)| frame.synced > end as u64)
    };
    if (end..bytes.len()).step_by(8).any(knows_better) {
        return Err(JournalError::damaged(
            segment,
            end as u64,
            head.size,
            "is damaged, and later ones are there",
        ));
    }
    Ok(())
}

fn cut(files: &dyn Files, segment: u64, good: &[u8]) -> Result<(), JournalError> {
    let name = segment_name(segment);
    // What an earlier recovery may have left would make the new file longer than it is.
    if files.len(TEMPORARY).is_ok() {
        files.remove(TEMPORARY).map_err(|e| JournalError::io("remove", TEMPORARY, e))?;
    }
    files.write(TEMPORARY, 0, good).map_err(|e| JournalError::io("write", TEMPORARY, e))?;
    files.sync(TEMPORARY).map_err(|e| JournalError::io("sync", TEMPORARY, e))?;
    files.rename(TEMPORARY, &name).map_err(|e| JournalError::io("replace", &name, e))?;
    files.sync_directory().map_err(|e| JournalError::io("sync the directory of", &name, e))
}
