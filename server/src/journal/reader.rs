//! Reading what is written: one body by its place, or all records in order.

use super::JournalError;
use super::frame::{Chain, Frame, HEADER_BYTES, SegmentHeader, first_of, segment_name};
use super::log::{Head, Place};
use crate::files::Files;

/// The segments of a directory, by their first records, in order.
pub fn segments(files: &dyn Files) -> Result<Vec<u64>, JournalError> {
    let names = files.list().map_err(|e| JournalError::io("list", "the journal", e))?;
    Ok(names.iter().filter_map(|name| first_of(name)).collect())
}

/// A part of a record's body: `length` bytes, `skip` bytes into it.
pub fn read(files: &dyn Files, place: Place, skip: u64, length: usize) -> Result<Vec<u8>, JournalError> {
    let name = segment_name(place.segment);
    files.read(&name, place.offset + skip, length).map_err(|e| JournalError::io("read", &name, e))
}

/// All bytes of a segment, with its header taken off and looked at.
pub(crate) fn load(files: &dyn Files, first: u64) -> Result<(SegmentHeader, Vec<u8>), JournalError> {
    let name = segment_name(first);
    let io = |e| JournalError::io("read", &name, e);
    let length = usize::try_from(files.len(&name).map_err(io)?).unwrap_or(usize::MAX);
    let bytes = files.read(&name, 0, length).map_err(io)?;
    let damaged = |problem: &str| JournalError::damaged(first, 0, first, problem);
    let header = SegmentHeader::decode(&bytes).map_err(damaged)?;
    if header.first != first {
        return Err(damaged("has the name of another"));
    }
    Ok((header, bytes))
}

/// Goes through the frames of a segment as long as they follow one another; gives each record to `each`. Tells the offset at
/// which it stopped, and the head there.
pub(crate) fn walk(
    header: &SegmentHeader,
    bytes: &[u8],
    mut each: impl FnMut(&Frame, Place, &[u8]) -> Result<(), JournalError>,
) -> Result<(usize, Head), JournalError> {
    let mut at = HEADER_BYTES;
    let mut head = Head { size: header.first, chain: header.before };
    while let Some((frame, body)) = bytes.get(at..).and_then(Frame::decode) {
        if frame.number != head.size || head.chain.next(frame.number, body) != frame.chain {
            break;
        }
        each(&frame, Place { segment: header.first, offset: (at + HEADER_BYTES) as u64 }, body)?;
        at += frame.bytes();
        head = Head { size: head.size + 1, chain: frame.chain };
    }
    Ok((at, head))
}

/// One record, as [`replay`] gives it.
pub struct Replayed<'a> {
    /// Its number.
    pub number: u64,
    /// Hash of it and of all before.
    pub chain: Chain,
    /// Where its body lies.
    pub place: Place,
    /// The body.
    pub body: &'a [u8],
}

/// Gives every record from `from` on to `each`, in order. Every record of every segment that is read is checked.
///
/// # Errors
/// [`JournalError::Damaged`] at the first record that is missing, changed, or out of order.
pub fn replay(
    files: &dyn Files,
    from: u64,
    mut each: impl FnMut(&Replayed<'_>) -> Result<(), JournalError>,
) -> Result<Option<Head>, JournalError> {
    let all = segments(files)?;
    let begin = all.partition_point(|&first| first <= from).saturating_sub(1);
    let mut head: Option<Head> = None;
    for &first in &all[begin..] {
        let (header, bytes) = load(files, first)?;
        if head.is_some_and(|head| head != Head { size: first, chain: header.before }) {
            return Err(JournalError::damaged(first, 0, first, "does not follow the segment before it"));
        }
        let (end, last) = walk(&header, &bytes, |frame, place, body| {
            if frame.number < from {
                return Ok(());
            }
            each(&Replayed { number: frame.number, chain: frame.chain, place, body })
        })?;
        if end != bytes.len() {
            return Err(JournalError::damaged(first, end as u64, last.size, "is damaged"));
        }
        head = Some(last);
    }
    Ok(head)
}
