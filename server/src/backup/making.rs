//! Making a backup of a journal that may be written to meanwhile.

use jiff::Timestamp;

use super::{BackupError, Manifest, Recipients, Segment, put};
use crate::files::Files;
use crate::journal::frame::{HEADER_BYTES, SegmentHeader, segment_name};
use crate::journal::{Head, JournalError, load, segments, walk};

/// What was done.
pub struct Made {
    /// What is in the backup now.
    pub manifest: Manifest,
    /// Segments that were not in it before.
    pub written: usize,
    /// Length of their files. Unit: bytes.
    pub written_bytes: u64,
}

/// Brings a backup up to the last record of a journal that is on the disk. `progress` is told the segments that are done, and all.
///
/// # Errors
/// The last backup, if there is one, is whole after any of them.
pub fn make(
    journal: &dyn Files,
    backup: &dyn Files,
    recipients: &Recipients,
    made_at: Timestamp,
    progress: &dyn Fn(usize, usize),
) -> Result<Made, BackupError> {
    let old = Manifest::read(backup)?;
    let headers = headers(journal)?;
    if let Some(old) = &old {
        continues(journal, &headers, old)?;
    }
    let names = recipients.names();
    let known = old.as_ref().filter(|old| old.recipients == names);
    let (mut kept, mut head) = (Vec::new(), Head { size: 0, chain: crate::journal::Chain::default() });
    let (mut written, mut written_bytes) = (0, 0);
    for (place, header) in headers.iter().enumerate() {
        progress(place, headers.len());
        if *header != (SegmentHeader { first: head.size, before: head.chain }) {
            return Err(missing(head.size, header.first).into());
        }
        let next = headers.get(place + 1);
        let before = known.and_then(|old| old.segments.iter().find(|segment| segment.first == header.first));
        let before = before.filter(|segment| is_there(backup, segment, &names));
        if let (Some(next), Some(segment)) = (next, before)
            && segment.end == next.first
            && segment.chain == next.before.to_string()
        {
            head = Head { size: next.first, chain: next.before };
            kept.push(segment.clone());
            continue;
        }
        let (plain, last) = beginning(journal, header.first, next.is_some())?;
        head = last;
        let mut segment = Segment {
            first: header.first,
            end: head.size,
            chain: head.chain.to_string(),
            bytes: plain.len() as u64,
            blake3: blake3::hash(&plain).to_hex().to_string(),
            file_bytes: 0,
        };
        match before {
            Some(same) if same.blake3 == segment.blake3 && same.end == segment.end => {
                segment.file_bytes = same.file_bytes;
            }
            _ => {
                let sealed = recipients.encrypt(&plain)?;
                segment.file_bytes = sealed.len() as u64;
                put(backup, &segment.file(&names), &sealed)?;
                (written, written_bytes) = (written + 1, written_bytes + segment.file_bytes);
            }
        }
        kept.push(segment);
    }
    progress(headers.len(), headers.len());
    let manifest = Manifest::new(made_at, names, kept);
    manifest.write(backup)?;
    sweep(backup, &manifest)?;
    Ok(Made { manifest, written, written_bytes })
}

/// The headers of all segments, but for one that is only being made.
fn headers(journal: &dyn Files) -> Result<Vec<SegmentHeader>, JournalError> {
    let all = segments(journal)?;
    let mut headers = Vec::with_capacity(all.len());
    for (place, &first) in all.iter().enumerate() {
        let name = segment_name(first);
        let io = |error| JournalError::io("read", &name, error);
        let length = journal.len(&name).map_err(io)?;
        let last = place + 1 == all.len();
        let problem = if length < HEADER_BYTES as u64 {
            "is shorter than the header of a segment"
        } else {
            match SegmentHeader::decode(&journal.read(&name, 0, HEADER_BYTES).map_err(io)?) {
                Ok(header) => {
                    headers.push(header);
                    continue;
                }
                Err(problem) => problem,
            }
        };
        if !last || length > HEADER_BYTES as u64 {
            return Err(JournalError::damaged(first, 0, first, problem));
        }
    }
    Ok(headers)
}

fn missing(record: u64, segment: u64) -> JournalError {
    JournalError::damaged(segment, 0, record, "is not there")
}

/// The records of a segment that are on the disk, with its header; and the head after them. All of it, where it is closed.
fn beginning(journal: &dyn Files, first: u64, closed: bool) -> Result<(Vec<u8>, Head), JournalError> {
    let (header, mut bytes) = load(journal, first)?;
    let (end, head) = walk(&header, &bytes, |_, _, _| Ok(()))?;
    if closed && end != bytes.len() {
        return Err(JournalError::damaged(first, end as u64, head.size, "is damaged"));
    }
    bytes.truncate(end);
    if !closed {
        // What the server has written and not synced could be read, and be gone after a power cut: then the backup would have
        // records that never were.
        let name = segment_name(first);
        journal.sync(&name).map_err(|error| JournalError::io("sync", &name, error))?;
    }
    Ok((bytes, head))
}

/// Whether the records of a backup are those with which the journal begins: another's must not take its place.
fn continues(journal: &dyn Files, headers: &[SegmentHeader], old: &Manifest) -> Result<(), BackupError> {
    let other = || BackupError::OtherJournal { backup: old.records };
    if old.records == 0 {
        return Ok(());
    }
    let place = headers.partition_point(|header| header.first < old.records);
    let within = headers.get(place.wrapping_sub(1)).ok_or_else(other)?;
    let (header, bytes) = load(journal, within.first)?;
    let mut same = false;
    walk(&header, &bytes, |frame, _, _| {
        same |= frame.number + 1 == old.records && frame.chain.to_string() == old.chain;
        Ok(())
    })?;
    if same { Ok(()) } else { Err(other()) }
}

/// Whether a segment of the last backup is there, as long as it shall be.
fn is_there(backup: &dyn Files, segment: &Segment, recipients: &[String]) -> bool {
    backup.len(&segment.file(recipients)).is_ok_and(|length| length == segment.file_bytes)
}

/// Removes what earlier backups left.
fn sweep(backup: &dyn Files, manifest: &Manifest) -> Result<(), BackupError> {
    let named: std::collections::HashSet<String> = manifest.files().collect();
    for name in backup.list().map_err(BackupError::io("list", "the directory"))? {
        let ours = name.ends_with(".journal.age") || name.ends_with(".tmp");
        if ours && !named.contains(&name) {
            backup.remove(&name).map_err(BackupError::io("remove", &name))?;
        }
    }
    Ok(())
}
