//! Making a backup of a journal that may be written to meanwhile.

use std::io::ErrorKind;

use jiff::Timestamp;

use super::manifest::Kind;
use super::{BackupError, Manifest, Recipients, Segment, put, read};
use crate::database::{snapshot_name, snapshots};
use crate::files::Files;
use crate::journal::frame::{Chain, HEADER_BYTES, SegmentHeader, segment_name};
use crate::journal::{
    Head, JournalError, chain_at, hollow_segments, load, load_either, segments, walk, walk_hollow,
};

/// How often it is begun again where the journal changed its files.
const ATTEMPTS: usize = 3;

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
    // A segment that the server makes hollow in between has another name the next time.
    for _ in 0..ATTEMPTS {
        match attempt(journal, backup, recipients, made_at, progress) {
            Err(BackupError::Journal(JournalError::Io { error, .. }))
                if error.kind() == ErrorKind::NotFound => {}
            other => return other,
        }
    }
    attempt(journal, backup, recipients, made_at, progress)
}

fn attempt(
    journal: &dyn Files,
    backup: &dyn Files,
    recipients: &Recipients,
    made_at: Timestamp,
    progress: &dyn Fn(usize, usize),
) -> Result<Made, BackupError> {
    let old = Manifest::read(backup)?;
    let parts = parts(journal)?;
    if let Some(old) = &old {
        continues(journal, old)?;
    }
    let names = recipients.names();
    let known = old.as_ref().filter(|old| old.recipients == names);
    let mut copy = Copy { journal, backup, recipients, names: &names, known, written: 0, written_bytes: 0 };
    let (mut kept, mut head) = (Vec::new(), Head { size: 0, chain: Chain::default() });
    for (place, &(kind, header)) in parts.iter().enumerate() {
        progress(place, parts.len());
        if header != (SegmentHeader { first: head.size, before: head.chain }) {
            return Err(missing(head.size, header.first).into());
        }
        let next = parts.get(place + 1).map(|(_, next)| next);
        let segment = copy.segment(kind, header, next)?;
        head = Head {
            size: segment.end,
            chain: segment.head().ok_or_else(|| missing(head.size, header.first))?,
        };
        kept.push(segment);
    }
    let snapshot = copy.snapshot(&parts)?;
    progress(parts.len(), parts.len());
    let (written, written_bytes) = (copy.written, copy.written_bytes);
    let manifest = Manifest::new(made_at, names, kept, snapshot);
    manifest.write(backup)?;
    sweep(backup, &manifest)?;
    Ok(Made { manifest, written, written_bytes })
}

/// Segments of a journal, in order.
type Parts = Vec<(Kind, SegmentHeader)>;

/// What copies files from a journal into a backup, but those that are there.
struct Copy<'a> {
    journal: &'a dyn Files,
    backup: &'a dyn Files,
    recipients: &'a Recipients,
    names: &'a [String],
    known: Option<&'a Manifest>,
    written: usize,
    written_bytes: u64,
}

impl Copy<'_> {
    fn segment(
        &mut self,
        kind: Kind,
        header: SegmentHeader,
        next: Option<&SegmentHeader>,
    ) -> Result<Segment, BackupError> {
        let mut known = self.known.iter().flat_map(|old| &old.segments);
        let before = known.find(|segment| segment.first == header.first && segment.kind == kind);
        let before = before.filter(|segment| is_there(self.backup, segment, self.names)).cloned();
        // A hollow one may have become hollower, so it is always looked at.
        if let (Kind::Full, Some(next), Some(segment)) = (kind, next, &before)
            && segment.end == next.first
            && segment.chain == next.before.to_string()
        {
            return Ok(segment.clone());
        }
        let (plain, last) = match kind {
            Kind::Full => beginning(self.journal, header.first, next.is_some())?,
            _ => hollow(self.journal, header.first)?,
        };
        self.copy(kind, header.first, last, &plain, before)
    }

    /// The newest snapshot, where records are destroyed.
    fn snapshot(&mut self, parts: &Parts) -> Result<Option<Segment>, BackupError> {
        let Some(&size) = snapshots(self.journal)?.last() else { return Ok(None) };
        if parts.iter().all(|(kind, _)| *kind == Kind::Full) {
            return Ok(None);
        }
        let name = snapshot_name(size);
        let plain = read(self.journal, &name).map_err(|error| JournalError::io("read", &name, error))?;
        let header = SegmentHeader::decode(&plain).map_err(|p| JournalError::damaged(size, 0, size, p))?;
        let before = self.known.and_then(|old| old.snapshot.clone());
        let before = before.filter(|before| before.end == size && is_there(self.backup, before, self.names));
        let head = Head { size, chain: header.before };
        self.copy(Kind::Snapshot, size, head, &plain, before).map(Some)
    }

    fn copy(
        &mut self,
        kind: Kind,
        first: u64,
        last: Head,
        plain: &[u8],
        before: Option<Segment>,
    ) -> Result<Segment, BackupError> {
        let blake3 = blake3::hash(plain).to_hex().to_string();
        if let Some(same) = before.filter(|same| same.blake3 == blake3 && same.end == last.size) {
            return Ok(same);
        }
        let (end, chain, bytes) = (last.size, last.chain.to_string(), plain.len() as u64);
        let mut segment = Segment { kind, first, end, chain, bytes, blake3, file_bytes: 0 };
        let sealed = self.recipients.encrypt(plain)?;
        segment.file_bytes = sealed.len() as u64;
        put(self.backup, &segment.file(self.names), &sealed)?;
        (self.written, self.written_bytes) = (self.written + 1, self.written_bytes + segment.file_bytes);
        Ok(segment)
    }
}

/// All segments with their headers, but for one that is only being made.
fn parts(journal: &dyn Files) -> Result<Parts, JournalError> {
    let mut parts = Parts::new();
    // The full ones first: what becomes hollow in between is in both lists, and not in neither.
    let full = headers(journal)?;
    for first in hollow_segments(journal)? {
        parts.push((Kind::Hollow, load_either(journal, first)?.0));
    }
    let hollow = parts.last().map_or(0, |(_, last)| last.first + 1);
    parts.extend(full.into_iter().filter(|header| header.first >= hollow).map(|header| (Kind::Full, header)));
    Ok(parts)
}

/// A hollow segment, and the head after it.
fn hollow(journal: &dyn Files, first: u64) -> Result<(Vec<u8>, Head), JournalError> {
    let (header, bytes) = load_either(journal, first)?;
    let head = walk_hollow(&header, &bytes, |_| Ok(()))?;
    Ok((bytes, head))
}

/// The headers of all full segments, but for one that is only being made.
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
fn continues(journal: &dyn Files, old: &Manifest) -> Result<(), BackupError> {
    let Some(last) = old.records.checked_sub(1) else { return Ok(()) };
    let same = chain_at(journal, last)?.is_some_and(|chain| chain.to_string() == old.chain);
    if same { Ok(()) } else { Err(BackupError::OtherJournal { backup: old.records }) }
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
