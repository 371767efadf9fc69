//! Segments whose year is over (R-AUDIT-4): the frames stay, each with the hash of its record; the bodies go, but for what has to stay.
//!
//! A hollow segment is the file `<first record>.hollow`, in place of `<first record>.journal`: every frame is where it was, and where a
//! body went there is a hole in the file. What stays of bodies is where it was, too, so whoever knew its place still finds it: the
//! sealed parts of sets that are still stored, and whole records that a monitoring procedure holds (R-AUDIT-5).
//!
//! *Why the hashes stay.* They are the leaves of the tree, so every checkpoint that was ever signed can still be checked, and a record
//! that is held can be shown to be what was written. 64 bytes a record are kept for that; nothing of a person is in them: what was
//! hashed had random nonces, or a time to the nanosecond. *Why not a shorter journal that begins later*: then a checkpoint from before
//! would be worth nothing, and whoever wants to hide a record has only to wait for the cut.
//! *Failure.* A hollow segment gets its name when it is whole and synced; the full one goes afterwards. Where both are there, the hollow
//! one counts, and opening removes the other.

use super::JournalError;
use super::frame::{Chain, Frame, HEADER_BYTES, SegmentHeader, segment_name};
use super::log::Head;
use super::schema::Span;
use crate::files::Files;

/// Where a hollow segment is made.
const TEMPORARY: &str = "hollow.tmp";
const ENDING: &str = ".hollow";

/// Name of the hollow segment that begins with a record.
pub fn hollow_name(first: u64) -> String {
    format!("{first:020}{ENDING}")
}

/// The first record's number, from the name of a hollow segment; `None` for another file.
pub fn first_of_hollow(name: &str) -> Option<u64> {
    let digits = name.strip_suffix(ENDING).filter(|digits| digits.len() == 20)?;
    digits.parse().ok()
}

/// The hollow segments of a directory, by their first records, in order.
pub fn hollow_segments(files: &dyn Files) -> Result<Vec<u64>, JournalError> {
    let names = files.list().map_err(|e| JournalError::io("list", "the journal", e))?;
    Ok(names.iter().filter_map(|name| first_of_hollow(name)).collect())
}

/// A record of a hollow segment, or of one that is to become it.
pub struct Left<'a> {
    /// Its number.
    pub number: u64,
    /// Hash of it and of all before.
    pub chain: Chain,
    /// Offset of its body in the segment. Unit: bytes.
    pub offset: u64,
    /// Its body, where all of it is there.
    pub body: Option<&'a [u8]>,
    /// Length of the body.
    pub length: usize,
}

/// Goes through a segment of which bodies may be gone; gives each record to `each`, and the head after the last.
pub(crate) fn walk_hollow(
    header: &SegmentHeader,
    bytes: &[u8],
    mut each: impl FnMut(&Left<'_>) -> Result<(), JournalError>,
) -> Result<Head, JournalError> {
    let mut at = HEADER_BYTES;
    let mut head = Head { size: header.first, chain: header.before };
    while at < bytes.len() {
        let damaged = |problem| Err(JournalError::damaged(header.first, at as u64, head.size, problem));
        let whole = Frame::decode(&bytes[at..]);
        let Some(frame) = whole.map(|(frame, _)| frame).or_else(|| Frame::hollow(&bytes[at..])) else {
            return damaged("is damaged");
        };
        // A body that is gone is zero where its schema's version stood.
        if whole.is_none() && bytes.get(at + HEADER_BYTES).is_some_and(|&version| version != 0) {
            return damaged("is damaged");
        }
        if frame.number != head.size {
            return damaged("is not there");
        }
        if whole.is_some_and(|(_, body)| next(head, body) != frame.chain) {
            return damaged("is not the one that was written");
        }
        each(&Left {
            number: frame.number,
            chain: frame.chain,
            offset: (at + HEADER_BYTES) as u64,
            body: whole.map(|(_, body)| body),
            length: frame.length,
        })?;
        at += frame.bytes();
        head = Head { size: head.size + 1, chain: frame.chain };
    }
    Ok(head)
}

fn next(head: Head, body: &[u8]) -> Chain {
    head.chain.next(head.size, body)
}

/// All bytes of a segment that is hollow, or is to become it; with its header, looked at.
pub(crate) fn load_either(files: &dyn Files, first: u64) -> Result<(SegmentHeader, Vec<u8>), JournalError> {
    let hollow = hollow_name(first);
    let name = if files.len(&hollow).is_ok() { hollow } else { segment_name(first) };
    let io = |e| JournalError::io("read", &name, e);
    let length = usize::try_from(files.len(&name).map_err(io)?).unwrap_or(usize::MAX);
    let bytes = files.read(&name, 0, length).map_err(io)?;
    let damaged = |problem: &str| JournalError::damaged(first, 0, first, problem);
    let header = SegmentHeader::decode(&bytes).map_err(damaged)?;
    if header.first != first { Err(damaged("has the name of another")) } else { Ok((header, bytes)) }
}

/// Makes a segment hollow, or one that is so already hollower. `keep` says what stays of a body: stretches of it, in order, none
/// reaching into another. Durable when this returns.
///
/// # Errors
/// The segment is as it was, after any of them.
pub fn make_hollow(
    files: &dyn Files,
    first: u64,
    mut keep: impl FnMut(&Left<'_>) -> Result<Vec<Span>, JournalError>,
) -> Result<(), JournalError> {
    let (header, bytes) = load_either(files, first)?;
    let io = |what| move |error| JournalError::io(what, TEMPORARY, error);
    // What was cut off may be longer.
    if files.len(TEMPORARY).is_ok() {
        files.remove(TEMPORARY).map_err(io("remove"))?;
    }
    let mut stays: Vec<_> = core::iter::once(0..HEADER_BYTES).collect();
    walk_hollow(&header, &bytes, |left| {
        let body = usize::try_from(left.offset).unwrap_or(usize::MAX);
        stays.push(body - HEADER_BYTES..body);
        for span in keep(left)? {
            let begin = body + usize::try_from(span.skip).unwrap_or(usize::MAX);
            stays.push(begin..begin + span.length as usize);
        }
        Ok(())
    })?;
    // So that the file is as long as it was.
    stays.push(bytes.len() - 1..bytes.len());
    for stretch in joined(stays) {
        let some = bytes.get(stretch.clone()).ok_or_else(|| {
            JournalError::damaged(first, stretch.start as u64, first, "is shorter than its parts")
        })?;
        files.write(TEMPORARY, stretch.start as u64, some).map_err(io("write"))?;
    }
    files.sync(TEMPORARY).map_err(io("sync"))?;
    files.rename(TEMPORARY, &hollow_name(first)).map_err(io("rename"))?;
    files.sync_directory().map_err(io("sync the directory of"))?;
    remove_full(files, first)
}

/// Removes the full segment that a hollow one stands for, if it is still there.
pub(super) fn remove_full(files: &dyn Files, first: u64) -> Result<(), JournalError> {
    let name = segment_name(first);
    if files.len(&name).is_ok() {
        files.remove(&name).map_err(|e| JournalError::io("remove", &name, e))?;
        files.sync_directory().map_err(|e| JournalError::io("sync the directory of", &name, e))?;
    }
    Ok(())
}

/// Neighbouring stretches as one.
fn joined(stretches: Vec<core::ops::Range<usize>>) -> Vec<core::ops::Range<usize>> {
    let mut joined: Vec<core::ops::Range<usize>> = Vec::new();
    for stretch in stretches {
        match joined.last_mut() {
            Some(last) if stretch.start <= last.end => last.end = last.end.max(stretch.end),
            _ => joined.push(stretch),
        }
    }
    joined
}
