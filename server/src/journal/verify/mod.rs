//! The auditor's reader: says whether a journal is what was written, and if not, which record is the first that is not.
//!
//! R-AUDIT-3. It needs nothing but the directory: no server, no store, no key that opens anything. It shares no code with what
//! writes and reads the journal (`bytes.rs` says why), changes nothing, and holds one record in memory at a time.
//!
//! *The end of the last segment.* A group that was being written when the power went is no crime. Bytes there that are no
//! frame are told as `unfinished_bytes`, unless something knows better: a checkpoint of more records, or a later frame that says
//! that more was synced. A frame that is whole, and is not the next one, was never torn: it is a finding wherever it lies.
//!
//! *Hollow segments* (R-AUDIT-4). Of records older than a year the hashes are left. They are the leaves of the tree, so checkpoints
//! from then are checked as any other; a body that is there must still be the one that was hashed. That a record was destroyed
//! before its time is seen where a checkpoint that was signed within the last year commits to fewer records than it.
//!
//! *What this cannot see* without a checkpoint: that records are missing at the end, and that someone wrote all of it anew.

mod bytes;
mod finding;
#[cfg(test)]
mod tests;
#[cfg(test)]
mod vectors;
mod walk;

pub use finding::{Finding, Reason};

use std::io;
use std::path::Path;

use jiff::Timestamp;
use serde_json::{Value, json};

use super::checkpoint::Checkpoint;
use super::frame::Chain;
use super::note::VerifierKey;
use super::tree::Root;
use crate::eurodac::audit::kept_from;
use walk::Walk;

/// What a journal is that verified.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Report {
    /// Records, numbered from 0.
    pub records: u64,
    /// How many of them are destroyed, because their year is over (R-AUDIT-4): of these the hashes are left, which verify.
    pub destroyed: u64,
    /// How many of those before the last that is destroyed are whole: a monitoring procedure holds them (R-AUDIT-5).
    pub held: u64,
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

/// Verifies the segments of a directory against the checkpoints given, whose signatures are checked where the key is given. `now` says
/// which records may be destroyed.
///
/// # Errors
/// The first thing that is wrong, in the order of the journal; before all, a checkpoint that the key did not sign.
pub fn verify(
    directory: &Path,
    checkpoints: &[Checkpoint],
    key: Option<&VerifierKey>,
    now: Timestamp,
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
    let mut walk = Walk::new(directory, due, progress, total, kept_from(now));
    walk.meet_checkpoints()?;
    for (i, (name, _)) in segments.iter().enumerate() {
        walk.segment(name, i + 1 == segments.len())?;
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
    // Where both are there, the hollow one has taken the place of the other, which was about to go.
    segments.sort();
    segments.dedup_by(|later, earlier| {
        let same = bytes::first_of_name(&later.0) == bytes::first_of_name(&earlier.0);
        same && bytes::is_hollow(&earlier.0)
    });
    Ok(segments)
}

/// What was found, for programs. docs/src/audit.md lists the fields.
pub fn to_json(outcome: &Result<Report, Finding>) -> Value {
    match outcome {
        Ok(report) => json!({
            "verified": true,
            "records": report.records,
            "destroyed": report.destroyed,
            "held": report.held,
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
