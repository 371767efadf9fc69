//! The way through a journal, record by record: what must follow what, and what may be at the end.

use std::cmp::Ordering;
use std::fs::File;
use std::io::{self, BufReader, Seek, SeekFrom};
use std::os::unix::fs::FileExt;
use std::path::Path;

use jiff::Timestamp;

use super::bytes::{self, Frame, HEADER, Stop};
use super::{Finding, Progress, Reason, Report};
use crate::journal::checkpoint::Checkpoint;
use crate::journal::frame::Chain;
use crate::journal::schema::{Effect, Written};
use crate::journal::tree::Tree;

/// What is read at once. Unit: bytes; a multiple of 8, as frames are.
const BUFFER: usize = 1 << 18;
/// How many times over what looks like frames is read in an unfinished end. Frames do not overlap, so once is what a power cut
/// can ask for; more is an end that was made up to keep an auditor busy, and is taken for damage.
const WORK_MAX: u64 = 8;

/// Where the auditor's reader is, and what it knows.
pub struct Walk<'a> {
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
    /// Records below this may be destroyed.
    may_go: u64,
    destroyed: u64,
    /// The last of these, and below which number the journal says that records are.
    last_destroyed: Option<u64>,
    said: u64,
    /// Whole records of hollow segments.
    held: u64,
    /// Whether a segment was read that is not hollow.
    full: bool,
    body: Vec<u8>,
    progress: &'a mut dyn FnMut(Progress),
    total: u64,
}

impl<'a> Walk<'a> {
    /// At the beginning of a journal of `total` bytes; `due` is sorted by size. Records from `kept_from` on must be there.
    pub fn new(
        directory: &'a Path,
        due: Vec<&'a Checkpoint>,
        progress: &'a mut dyn FnMut(Progress),
        total: u64,
        kept_from: Timestamp,
    ) -> Self {
        // Whatever came after a checkpoint is younger than it.
        let young = due.iter().filter(|checkpoint| checkpoint.at >= kept_from);
        let may_go = young.map(|checkpoint| checkpoint.size).min().unwrap_or(u64::MAX);
        Self {
            directory,
            due,
            met: 0,
            tree: Tree::default(),
            chain: [0; 32],
            segment: String::new(),
            at: 0,
            before: 0,
            unfinished: 0,
            may_go,
            destroyed: 0,
            last_destroyed: None,
            said: 0,
            held: 0,
            full: false,
            body: Vec::new(),
            progress,
            total,
        }
    }

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
    pub fn segment(&mut self, name: &str, last: bool) -> Result<(), Finding> {
        name.clone_into(&mut self.segment);
        self.at = 0;
        let directory = self.directory;
        let open = |name: &str| -> io::Result<(File, u64)> {
            let file = File::open(directory.join(name))?;
            let length = file.metadata()?.len();
            Ok((file, length))
        };
        let opened = match open(&self.segment) {
            // A server that makes it hollow meanwhile has put another file in its place.
            Err(error) if error.kind() == io::ErrorKind::NotFound && !bytes::is_hollow(&self.segment) => {
                self.segment = self.segment.replace(".journal", ".hollow");
                open(&self.segment)
            }
            other => other,
        };
        let (file, length) = opened.map_err(|e| self.stopped(Stop::Io(e)))?;
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
        if bytes::is_hollow(&self.segment) {
            self.hollow(&mut source, length, &mut synced)?;
            self.before += length;
            return Ok(());
        }
        self.full = true;
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

    /// Reads a hollow segment behind its header.
    fn hollow(&mut self, source: &mut impl io::Read, length: u64, synced: &mut u64) -> Result<(), Finding> {
        if self.full {
            return Err(self.finding(Reason::HollowLate, 0));
        }
        while self.at < length {
            let left =
                bytes::left(source, length - self.at, &mut self.body).map_err(|stop| self.stopped(stop))?;
            if left.whole {
                self.held += 1;
                self.record(&left.frame, synced)?;
                continue;
            }
            // A body that is gone is zero where it begins; this one is not what was written.
            if self.body.first().is_some_and(|&version| version != 0) {
                return Err(self.finding(Reason::FrameChecksum, self.at));
            }
            if self.tree.size() >= self.may_go {
                return Err(self.finding(Reason::DestroyedEarly, self.at));
            }
            self.destroyed += 1;
            self.last_destroyed = Some(self.tree.size());
            self.take(&left.frame, left.frame.chain, synced)?;
        }
        Ok(())
    }

    /// Takes a frame for the next record, or says why it is not.
    fn record(&mut self, frame: &Frame, synced: &mut u64) -> Result<(), Finding> {
        let chain = bytes::chain(&self.chain, frame.number, &self.body[..frame.body]);
        self.take(frame, chain, synced)?;
        // What the record says is no matter for this reader, but for this.
        if let Ok((Written { effect: Effect::Retained(retention), .. }, _)) =
            Written::decode(&self.body[..frame.body])
        {
            self.said = self.said.max(retention.below);
        }
        Ok(())
    }

    /// The same, where its hash is known.
    fn take(&mut self, frame: &Frame, chain: [u8; 32], synced: &mut u64) -> Result<(), Finding> {
        let number = self.tree.size();
        if frame.number != number {
            return Err(self.finding(Reason::RecordNumber, self.at));
        }
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
    pub fn meet_checkpoints(&mut self) -> Result<(), Finding> {
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

    /// What it comes to, when all segments were read.
    pub fn end(self, segments: u64, signatures_checked: bool) -> Result<Report, Finding> {
        let (records, agreed) = (self.tree.size(), self.agreed());
        if segments == 0 {
            return Err(Finding::of(Reason::NoSegments));
        }
        if let Some(checkpoint) = self.due.get(self.met) {
            let checkpoint = Some(checkpoint.size);
            let reason = Reason::ShorterThanCheckpoint;
            return Err(Finding { record: Some(records), checkpoint, agreed, ..Finding::of(reason) });
        }
        // Whoever makes recent records hollow cannot make the journal say that their year was over.
        if let Some(record) = self.last_destroyed.filter(|&last| last >= self.said) {
            return Err(Finding { record: Some(record), agreed, ..Finding::of(Reason::DestroyedEarly) });
        }
        Ok(Report {
            records,
            destroyed: self.destroyed,
            held: self.held,
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
