//! Reading what is written: one body by its place, or all records in order.

use core::ops::Range;

use super::JournalError;
use super::frame::{
    BODY_BYTES_MAX, Chain, Frame, HEADER_BYTES, SegmentHeader, first_of, framed, segment_name,
};
use super::hollow::{first_of_hollow, hollow_name, hollow_segments, load_either, walk_hollow};
use super::log::{Head, Place};
use crate::files::Files;

/// The segments of a directory that are whole, by their first records, in order; those that are hollow came before them.
pub fn segments(files: &dyn Files) -> Result<Vec<u64>, JournalError> {
    let names = files.list().map_err(|e| JournalError::io("list", "the journal", e))?;
    let hollow: Vec<u64> = names.iter().filter_map(|name| first_of_hollow(name)).collect();
    Ok(names.iter().filter_map(|name| first_of(name)).filter(|first| !hollow.contains(first)).collect())
}

/// The first record of which the body is there: those before it are in hollow segments. With the hash of the one before.
pub fn beginning(files: &dyn Files) -> Result<Head, JournalError> {
    let Some(&first) = segments(files)?.first() else {
        return Err(JournalError::damaged(0, 0, 0, "is not there"));
    };
    let name = segment_name(first);
    let bytes = files.read(&name, 0, HEADER_BYTES).map_err(|e| JournalError::io("read", &name, e))?;
    let header = SegmentHeader::decode(&bytes).map_err(|p| JournalError::damaged(first, 0, first, p))?;
    Ok(Head { size: header.first, chain: header.before })
}

/// A part of a record's body: `length` bytes, `skip` bytes into it.
pub fn read(files: &dyn Files, place: Place, skip: u64, length: usize) -> Result<Vec<u8>, JournalError> {
    let from = |name: &str| files.read(name, place.offset + skip, length);
    let (name, hollow) = (segment_name(place.segment), hollow_name(place.segment));
    match from(&name) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            from(&hollow).map_err(|e| JournalError::io("read", &hollow, e))
        }
        other => other.map_err(|e| JournalError::io("read", &name, e)),
    }
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

/// The hash of the record before a segment, hollow or not; zero before the first of all.
pub fn chain_before(files: &dyn Files, first: u64) -> Result<Chain, JournalError> {
    Ok(load_either(files, first)?.0.before)
}

/// The hash of a record and of all before it, whether its body is there or not; `None` where there is no such record.
pub fn chain_at(files: &dyn Files, number: u64) -> Result<Option<Chain>, JournalError> {
    let mut all = hollow_segments(files)?;
    all.extend(segments(files)?);
    let Some(&within) = all[..all.partition_point(|&first| first <= number)].last() else { return Ok(None) };
    let (header, bytes) = load_either(files, within)?;
    let mut found = None;
    let walked = walk_hollow(&header, &bytes, |left| {
        found = found.or_else(|| (left.number == number).then_some(left.chain));
        Ok(())
    });
    // Behind it somebody may be writing.
    if found.is_none() { walked.map(|_| None) } else { Ok(found) }
}

/// The body of the first record of a segment, if it has one.
pub fn first_body(files: &dyn Files, first: u64) -> Result<Option<Vec<u8>>, JournalError> {
    let name = segment_name(first);
    let io = |e| JournalError::io("read", &name, e);
    if files.len(&name).map_err(io)? <= HEADER_BYTES as u64 {
        return Ok(None);
    }
    let header = files.read(&name, HEADER_BYTES as u64, HEADER_BYTES).map_err(io)?;
    let length = header[4..].first_chunk().copied().map_or(0, u32::from_le_bytes) as usize;
    let bytes = files.read(&name, HEADER_BYTES as u64, framed(length.min(BODY_BYTES_MAX))).map_err(io)?;
    let damaged = || JournalError::damaged(first, HEADER_BYTES as u64, first, "is damaged");
    Frame::decode(&bytes).map(|(_, body)| Some(body.to_vec())).ok_or_else(damaged)
}

/// Gives the records of these numbers to `each`, in order, until it says that it has enough. Somebody may be writing behind them. Of each
/// segment that is read, as much is checked as is given.
///
/// # Errors
/// As [`replay`].
pub fn read_on(
    files: &dyn Files,
    numbers: Range<u64>,
    mut each: impl FnMut(&Replayed<'_>) -> Result<bool, JournalError>,
) -> Result<(), JournalError> {
    let all = segments(files)?;
    let begin = all.partition_point(|&first| first <= numbers.start).saturating_sub(1);
    let mut next = numbers.start;
    for &first in all[begin..].iter().take_while(|&&first| first < numbers.end) {
        let (header, bytes) = load(files, first)?;
        let mut go_on = true;
        walk(&header, &bytes, |frame, place, body| {
            if go_on && frame.number >= next && numbers.contains(&frame.number) {
                let record = Replayed { number: frame.number, chain: frame.chain, place, body };
                (go_on, next) = (each(&record)?, frame.number + 1);
            }
            Ok(())
        })?;
        if !go_on {
            return Ok(());
        }
    }
    if next < numbers.end { Err(JournalError::damaged(next, 0, next, "is damaged")) } else { Ok(()) }
}

/// Gives the records of these numbers to `each`, in order. Every record of every segment that is read is checked. The head is that after
/// the last segment that was read.
///
/// # Errors
/// [`JournalError::Damaged`] at the first record that is missing, changed, or out of order; where they begin before the
/// [`beginning`], too.
pub fn replay(
    files: &dyn Files,
    numbers: Range<u64>,
    mut each: impl FnMut(&Replayed<'_>) -> Result<(), JournalError>,
) -> Result<Option<Head>, JournalError> {
    let from = numbers.start;
    let all = segments(files)?;
    if let Some(&first) = all.first().filter(|&&first| first > from) {
        return Err(JournalError::damaged(first, 0, from, "is not there any more"));
    }
    let begin = all.partition_point(|&first| first <= from).saturating_sub(1);
    let mut head: Option<Head> = None;
    for &first in all[begin..].iter().take_while(|&&first| first < numbers.end) {
        let (header, bytes) = load(files, first)?;
        if head.is_some_and(|head| head != Head { size: first, chain: header.before }) {
            return Err(JournalError::damaged(first, 0, first, "does not follow the segment before it"));
        }
        let (end, last) = walk(&header, &bytes, |frame, place, body| {
            if !numbers.contains(&frame.number) {
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
