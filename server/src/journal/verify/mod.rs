//! The auditor's reader: says whether a journal is what was written, and if not, which record is the first that is not.
//!
//! R-AUDIT-3. It needs nothing but the directory: no server, no store, no key that opens anything. It shares no code with what
//! writes and reads the journal (`bytes.rs` says why), changes nothing, and holds one record in memory at a time.
//!
//! *The end of the last segment.* A group that was being written when the power went is no crime. Bytes there that are no
//! frame are told as `unfinished_bytes`, unless something knows better: a checkpoint of more records, or a later frame that says
//! that more was synced. A frame that is whole, and is not the next one, was never torn: it is a finding wherever it lies.
//!
//! *What this cannot see* without a checkpoint: that records are missing at the end, and that someone wrote all of it anew.

mod bytes;
mod finding;
#[cfg(test)]
mod tests;
#[cfg(test)]
mod vectors;

pub use finding::{Finding, Reason};

use std::cmp::Ordering;
use std::fs::File;
use std::io::{self, BufReader, Seek, SeekFrom};
use std::os::unix::fs::FileExt;
use std::path::Path;

use serde_json::{Value, json};

use super::checkpoint::Checkpoint;
use super::frame::Chain;
use super::note::VerifierKey;
use super::tree::{Root, Tree};
use bytes::{Frame, HEADER, Stop};

/// What is read at once. Unit: bytes; a multiple of 8, as frames are.
const BUFFER: usize = 1 << 18;
/// How many times over what looks like frames is read in an unfinished end. Frames do not overlap, so once is what a power cut
/// can ask for; more is an end that was made up to keep an auditor busy, and is taken for damage.
const WORK_MAX: u64 = 8;

/// What a journal is that verified.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Report {
    /// Records, numbered from 0.
    pub records: u64,
    /// Files that they lie in.
    pub segments: u64,
    /// Bytes of these.
    pub bytes: u64,
    /// Bytes at the end of the last of them that are no record: a group that was being written.
    pub unfinished_bytes: u64,
    /// Hash of the last record and all before.
    pub chain: Chain,
    /// Root of the tree over all records.
    pub root: Root,
    /// Sizes of the checkpoints that agree, in order.
    pub checkpoints: Vec<u64>,
    /// Whether their signatures were checked, for which the key is needed.
    pub signatures_checked: bool,
}

/// How far it has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Progress {
    /// Bytes read.
    pub done: u64,
    /// Bytes to read.
    pub total: u64,
}

/// Verifies the segments of a directory against the checkpoints given, whose signatures are checked where the key is given.
///
/// # Errors
/// The first thing that is wrong, in the order of the journal; before all, a checkpoint that the key did not sign.
pub fn verify(
    directory: &Path,
    checkpoints: &[Checkpoint],
    key: Option<&VerifierKey>,
    progress: &mut dyn FnMut(Progress),
) -> Result<Report, Finding> {
    let mut due: Vec<&Checkpoint> = checkpoints.iter().collect();
    due.sort_by_key(|checkpoint| checkpoint.size);
    if let Some(unsigned) = key.and_then(|key| due.iter().find(|c| c.verify(key).is_err())) {
        let checkpoint = Some(unsigned.size);
        return Err(Finding { checkpoint, ..Finding::of(Reason::CheckpointSignature) });
    }
    let segments = list(directory)
        .map_err(|e| Finding { system: Some(e.to_string()), ..Finding::of(Reason::Unreadable) })?;
    let total = segments.iter().map(|(_, bytes)| bytes).sum();
    let mut walk = Walk {
        directory,
        due,
        met: 0,
        tree: Tree::default(),
        chain: [0; 32],
        segment: String::new(),
        at: 0,
        before: 0,
        unfinished: 0,
        body: Vec::new(),
        progress,
        total,
    };
    walk.meet_checkpoints()?;
    for (i, (name, _)) in segments.iter().enumerate() {
        name.clone_into(&mut walk.segment);
        walk.segment(i + 1 == segments.len())?;
    }
    walk.end(segments.len() as u64, key.is_some())
}

/// The segments of a directory in order: names and lengths.
fn list(directory: &Path) -> io::Result<Vec<(String, u64)>> {
    let mut segments = Vec::new();
    for entry in fs_err::read_dir(directory)? {
        let entry = entry?;
        let name = entry.file_name().into_string().ok().filter(|name| bytes::first_of_name(name).is_some());
        if let Some(name) = name {
            segments.push((name, fs_err::metadata(entry.path())?.len()));
        }
    }
    segments.sort();
    Ok(segments)
}

struct Walk<'a> {
    directory: &'a Path,
    /// Checkpoints by size, and how many of them were met.
    due: Vec<&'a Checkpoint>,
    met: usize,
    /// Over the records so far.
    tree: Tree,
    /// Hash of the last of them.
    chain: [u8; 32],
    /// Where we are: file, offset in it, and bytes of the files before it.
    segment: String,
    at: u64,
    before: u64,
    unfinished: u64,
    body: Vec<u8>,
    progress: &'a mut dyn FnMut(Progress),
    total: u64,
}

impl Walk<'_> {
    fn finding(&self, reason: Reason, offset: u64) -> Finding {
        Finding {
            record: Some(self.tree.size()),
            segment: Some(self.segment.clone()),
            offset: Some(offset),
            agreed: self.agreed(),
            ..Finding::of(reason)
        }
    }

    fn stopped(&self, stop: Stop) -> Finding {
        match stop {
            Stop::Bad(reason) => self.finding(reason, self.at),
            Stop::Io(error) => {
                Finding { system: Some(error.to_string()), ..self.finding(Reason::Unreadable, self.at) }
            }
        }
    }

    fn agreed(&self) -> u64 {
        self.met.checked_sub(1).and_then(|last| self.due.get(last)).map_or(0, |checkpoint| checkpoint.size)
    }

    /// Reads a segment. Only the last one may have an unfinished end.
    fn segment(&mut self, last: bool) -> Result<(), Finding> {
        self.at = 0;
        let open = || -> io::Result<(File, u64)> {
            let file = File::open(self.directory.join(&self.segment))?;
            let length = file.metadata()?.len();
            Ok((file, length))
        };
        let (file, length) = open().map_err(|e| self.stopped(Stop::Io(e)))?;
        let mut source = BufReader::with_capacity(BUFFER, &file);
        let header = bytes::segment(&mut source, length);
        let named = bytes::first_of_name(&self.segment).unwrap_or_default();
        if last && length <= HEADER as u64 && matches!(header, Err(Stop::Bad(Reason::SegmentHeader))) {
            // It was being made. But it was made after all records before it.
            self.unfinished = length;
            return if named > self.tree.size() { Err(self.finding(Reason::SegmentGap, 0)) } else { Ok(()) };
        }
        let header = header.map_err(|stop| self.stopped(stop))?;
        if header.first != named {
            return Err(self.finding(Reason::SegmentName, 16));
        }
        match header.first.cmp(&self.tree.size()) {
            Ordering::Greater => return Err(self.finding(Reason::SegmentGap, 16)),
            Ordering::Less => return Err(self.finding(Reason::SegmentOverlap, 16)),
            Ordering::Equal if header.before != self.chain => {
                return Err(self.finding(Reason::SegmentChain, 24));
            }
            Ordering::Equal => self.at = HEADER as u64,
        }
        let mut synced = self.at;
        while self.at < length {
            match bytes::frame(&mut source, length - self.at, &mut self.body) {
                Ok(frame) => self.record(&frame, &mut synced)?,
                Err(Stop::Bad(_)) if last && !self.knows_better(&file, length)? => {
                    self.unfinished = length - self.at;
                    break;
                }
                Err(stop) => return Err(self.stopped(stop)),
            }
        }
        self.before += length;
        Ok(())
    }

    /// Takes a frame for the next record, or says why it is not.
    fn record(&mut self, frame: &Frame, synced: &mut u64) -> Result<(), Finding> {
        let number = self.tree.size();
        if frame.number != number {
            return Err(self.finding(Reason::RecordNumber, self.at));
        }
        let chain = bytes::chain(&self.chain, number, &self.body[..frame.body]);
        if chain != frame.chain {
            return Err(self.finding(Reason::RecordChain, self.at));
        }
        if frame.synced < *synced || frame.synced > self.at {
            return Err(self.finding(Reason::RecordSynced, self.at));
        }
        *synced = frame.synced;
        self.chain = chain;
        self.tree.push(&Chain(chain));
        self.meet_checkpoints()?;
        self.at += frame.bytes;
        (self.progress)(Progress { done: self.before + self.at, total: self.total });
        Ok(())
    }

    /// Compares with the checkpoints of this very size.
    fn meet_checkpoints(&mut self) -> Result<(), Finding> {
        while let Some(checkpoint) = self.due.get(self.met).copied().filter(|c| c.size == self.tree.size()) {
            let reason = if checkpoint.chain.0 != self.chain {
                Reason::CheckpointChain
            } else if checkpoint.root != self.tree.root() {
                Reason::CheckpointRoot
            } else {
                self.met += 1;
                continue;
            };
            let here = if checkpoint.size == 0 { Finding::of(reason) } else { self.finding(reason, self.at) };
            let record = checkpoint.size.checked_sub(1);
            return Err(Finding { record, checkpoint: Some(checkpoint.size), ..here });
        }
        Ok(())
    }

    /// Whether something says that there were records where none is now: a checkpoint, or a frame behind, whose checksum is
    /// right, that knew of a sync beyond this offset. Frames begin at multiples of 8.
    fn knows_better(&mut self, file: &File, length: u64) -> Result<bool, Finding> {
        if self.met < self.due.len() {
            return Ok(true);
        }
        self.synced_beyond(file, length).map_err(|e| self.stopped(Stop::Io(e)))
    }

    fn synced_beyond(&mut self, mut file: &File, length: u64) -> io::Result<bool> {
        let mut chunk = vec![0; BUFFER];
        let (mut from, mut work) = (self.at, 0);
        while from < length {
            let here = usize::try_from(length - from).map_or(BUFFER, |left| left.min(BUFFER));
            file.read_exact_at(&mut chunk[..here], from)?;
            let magics =
                (from..).step_by(8).zip(chunk[..here].chunks(8)).filter(|(_, c)| c.starts_with(b"WREC"));
            for (at, _) in magics {
                self.body.clear();
                file.seek(SeekFrom::Start(at))?;
                match bytes::frame(&mut file, length - at, &mut self.body) {
                    Ok(frame) if frame.synced > self.at => return Ok(true),
                    Ok(_) | Err(Stop::Bad(_)) => work += self.body.len() as u64,
                    Err(Stop::Io(error)) => return Err(error),
                }
                if work / WORK_MAX > length - self.at {
                    return Ok(true);
                }
            }
            from += here as u64;
        }
        Ok(false)
    }

    fn end(self, segments: u64, signatures_checked: bool) -> Result<Report, Finding> {
        let (records, agreed) = (self.tree.size(), self.agreed());
        if let Some(checkpoint) = self.due.get(self.met) {
            let checkpoint = Some(checkpoint.size);
            let reason = Reason::ShorterThanCheckpoint;
            return Err(Finding { record: Some(records), checkpoint, agreed, ..Finding::of(reason) });
        }
        if segments == 0 {
            return Err(Finding::of(Reason::NoSegments));
        }
        Ok(Report {
            records,
            segments,
            bytes: self.total,
            unfinished_bytes: self.unfinished,
            chain: Chain(self.chain),
            root: self.tree.root(),
            checkpoints: self.due.iter().map(|checkpoint| checkpoint.size).collect(),
            signatures_checked,
        })
    }
}

/// What was found, for programs. docs/src/audit.md lists the fields.
pub fn to_json(outcome: &Result<Report, Finding>) -> Value {
    match outcome {
        Ok(report) => json!({
            "verified": true,
            "records": report.records,
            "first": report.records.checked_sub(1).map(|_| 0),
            "last": report.records.checked_sub(1),
            "segments": report.segments,
            "bytes": report.bytes,
            "unfinished_bytes": report.unfinished_bytes,
            "chain": report.chain.to_string(),
            "root": report.root.to_string(),
            "checkpoints": report.checkpoints,
            "signatures_checked": report.signatures_checked,
        }),
        Err(finding) => json!({
            "verified": false,
            "code": finding.reason.code(),
            "record": finding.record,
            "segment": finding.segment,
            "offset": finding.offset,
            "checkpoint": finding.checkpoint,
            "agreed": finding.agreed,
            "message": finding.to_string(),
        }),
    }
}
