//! Retention of the audit (R-AUDIT-4, R-AUDIT-5): segments whose records are all older than a year become hollow.
//!
//! | step | cut off after it |
//! | --- | --- |
//! | a snapshot of what the records made is written and read again | it is there already the next time |
//! | the journal says that they are destroyed | the same, and it says so again |
//! | segment by segment becomes hollow, the oldest first | the others follow the next time |
//! | older snapshots are removed | the next time |
//!
//! Nothing is destroyed before a store can be made without it. A segment ends with its day (`writer.rs`), so a record goes at most a day
//! after its year. *Where it runs*: beside the writer, which it only asks to record; it reads segments that nobody writes any more.

use std::collections::{HashMap, HashSet};

use jiff::{SignedDuration, Timestamp};
use uuid::Uuid;

use super::apply::{Follower, Row};
use super::opening::forget_old_requests;
use super::snapshot::{self, snapshot_name, snapshots};
use super::{Applied, Database, PAGE, damaged, keys};
use crate::eurodac::audit::{Procedure, kept_from};
use crate::eurodac::operation::Operation;
use crate::journal::{
    self, Actor, AuditRecord, Change, Effect, Event, Head, JournalError, Parts, Retention, Span, Written,
};
use crate::keyring::{DataKey, UNIT};
use crate::store::{MemoryStore, SledStore, Store, StoreError};

/// How far ahead of the last record a clock is believed.
const TRUSTED: SignedDuration = SignedDuration::from_hours(30 * 24);
/// Directory for a store that is only there to be written down.
const SCRATCH: &str = "retention";

/// What was done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Retained {
    /// Records below this number are destroyed, but those held.
    pub below: u64,
    /// Segments that were made hollow.
    pub segments: usize,
    /// Records in them that a procedure holds.
    pub held: u64,
}

/// Sealed parts that stay, by segment and offset of the body.
type Stored = HashMap<u64, HashMap<u64, Parts>>;

impl Database {
    /// Destroys the records of operations whose year is over, but those that a monitoring procedure holds; `None` where there is nothing to
    /// do. Writes go on meanwhile.
    pub fn retain(&self, now: Timestamp) -> Result<Option<Retained>, StoreError> {
        self.failure.check()?;
        if self.is_ahead(now)? {
            tracing::warn!(
                "the clock is a month or more ahead of the journal; no record of an operation is destroyed until one is new"
            );
            return Ok(None);
        }
        let begin = journal::beginning(&*self.journal)?;
        let below = self.first_kept(kept_from(now))?;
        if below.size == begin.size && released(&self.procedures()?).is_empty() {
            return Ok(None);
        }
        let snapshot = if below.size > 0 { self.snapshot(below)? } else { [0; 32] };
        let record = |released| {
            let retention = Retention { below: below.size, snapshot, released };
            self.record(Event::new(audit(now), Change::Plain(Effect::Retained(retention))))
        };
        record(Vec::new())?;
        // Now, and not before: one that was begun while the snapshot was written holds what it names.
        let procedures = self.procedures()?;
        let released = released(&procedures);
        let mut segments = journal::segments(&*self.journal)?;
        segments.retain(|&first| first < below.size);
        if !released.is_empty() {
            segments.extend(journal::hollow_segments(&*self.journal)?);
            segments.sort_unstable();
            segments.dedup();
        }
        let held = self.hollow(&segments, &procedures)?;
        if !released.is_empty() {
            // Not forgotten before what they held is gone.
            record(released)?;
        }
        for size in snapshots(&*self.journal)?.into_iter().filter(|&size| size < below.size) {
            let name = snapshot_name(size);
            self.journal.remove(&name).map_err(|e| JournalError::io("remove", &name, e))?;
        }
        Ok(Some(Retained { below: below.size, segments: segments.len(), held }))
    }

    /// Whether the clock is far later than anything that was recorded: perhaps it is wrong, and what is destroyed does not come back.
    fn is_ahead(&self, now: Timestamp) -> Result<bool, StoreError> {
        for segment in journal::segments(&*self.journal)?.into_iter().rev() {
            // A segment is of one day, so its first record is nearly as new as its last. One that was just begun has none.
            if let Some(body) = journal::first_body(&*self.journal, segment)? {
                return Ok(now.duration_since(Written::decode(&body)?.0.audit.at) > TRUSTED);
            }
        }
        Ok(false)
    }

    /// Monitoring procedures: those begun, and those closed whose records are still to be destroyed.
    pub fn procedures(&self) -> Result<Vec<Procedure>, StoreError> {
        let rows = self.store()?.scan(keys::PROCEDURE, b"", usize::MAX)?;
        rows.iter().map(|(_, value)| super::from_json(value)).collect()
    }

    /// Where the first segment begins that has a record from this time on, or may get one.
    fn first_kept(&self, from: Timestamp) -> Result<Head, StoreError> {
        let files = &*self.journal;
        let mut kept = journal::beginning(files)?;
        for pair in journal::segments(files)?.windows(2) {
            let first = journal::first_body(files, pair[0])?;
            let mut young = match first {
                Some(body) => Written::decode(&body)?.0.audit.at >= from,
                None => true,
            };
            // Clocks go back: the first may be the oldest.
            if !young {
                journal::replay(files, pair[0]..pair[1], |record| {
                    young |= Written::decode(record.body)?.0.audit.at >= from;
                    kept = Head { size: record.number + 1, chain: record.chain };
                    Ok(())
                })?;
            }
            if young {
                return Ok(Head { size: pair[0], chain: journal::chain_before(files, pair[0])? });
            }
        }
        Ok(kept)
    }

    /// Makes sure that there is a snapshot after these records; gives its hash.
    fn snapshot(&self, head: Head) -> Result<[u8; 32], StoreError> {
        let files = &*self.journal;
        let key = self.unit_key()?;
        // A clock that went back may have left a later one.
        let last = snapshots(files)?.into_iter().rfind(|&size| size <= head.size);
        if last != Some(head.size) {
            let scratch = self.scratch()?;
            let applied = match last {
                Some(size) => snapshot::load(files, size, &key, &*scratch)?,
                None => Applied::default(),
            };
            Follower::new(&*scratch, applied)?.follow(files, head.size, |_| ())?;
            forget_old_requests(&*scratch)?;
            // R-ERASE-2: of what is erased by now there is nothing in it, though these records do not say so yet.
            snapshot::write(files, &*scratch, &key, head, &|id| self.is_stored(id))?;
            drop(scratch);
            self.clear_scratch()?;
        }
        self.checked(head, &key)
    }

    /// Whether a record is stored now. On any doubt it is: what is erased stays erased without this, too.
    fn is_stored(&self, id: Uuid) -> bool {
        self.row(id).map_or(true, |row| row.is_some())
    }

    /// The key of snapshots. It is made once: one that opens no snapshot that is there would be found out when it is needed.
    fn unit_key(&self) -> Result<DataKey, StoreError> {
        if let Some(key) = self.keyring.get(UNIT)? {
            return Ok(key);
        }
        if !snapshots(&*self.journal)?.is_empty() {
            return Err(damaged("the key of the snapshot is not in the keyring"));
        }
        let key = self.keyring.add(UNIT)?;
        self.keyring.sync()?;
        Ok(key)
    }

    /// Reads a snapshot to its end, as a start would.
    fn checked(&self, head: Head, key: &DataKey) -> Result<[u8; 32], StoreError> {
        let (applied, hash) = snapshot::read(&*self.journal, head.size, key, |_| Ok(()))?;
        if applied.chain == head.chain.0 { Ok(hash) } else { Err(damaged("a snapshot of another journal")) }
    }

    /// An empty store beside the one in use, where there is a disk for it.
    fn scratch(&self) -> Result<Box<dyn Store>, StoreError> {
        let Some(lock) = &self.lock else { return Ok(Box::new(MemoryStore::default())) };
        self.clear_scratch()?;
        let directory = lock.directory().join(SCRATCH);
        fs_err::create_dir_all(&directory).map_err(damaged)?;
        Ok(Box::new(SledStore::open(&directory)?))
    }

    fn clear_scratch(&self) -> Result<(), StoreError> {
        let Some(directory) = self.lock.as_ref().map(|lock| lock.directory().join(SCRATCH)) else {
            return Ok(());
        };
        if directory.exists() { fs_err::remove_dir_all(directory).map_err(damaged) } else { Ok(()) }
    }

    /// Makes segments hollow; gives how many records in them are held.
    fn hollow(&self, segments: &[u64], procedures: &[Procedure]) -> Result<u64, StoreError> {
        let stored = self.stored(segments)?;
        let mut held = 0;
        for &first in segments {
            let parts = stored.get(&first);
            journal::make_hollow(&*self.journal, first, |left| {
                if let Some(body) = left.body {
                    let audit = Written::decode(body)?.0.audit;
                    if procedures.iter().any(|procedure| procedure.holds(audit.at, audit.member_state)) {
                        held += 1;
                        return Ok(vec![Span {
                            skip: 0,
                            length: u32::try_from(left.length).unwrap_or(u32::MAX),
                        }]);
                    }
                }
                Ok(parts.and_then(|parts| parts.get(&left.offset)).map_or_else(Vec::new, Parts::spans))
            })?;
        }
        Ok(held)
    }

    /// What these segments have of sets that are still stored.
    fn stored(&self, segments: &[u64]) -> Result<Stored, StoreError> {
        let wanted: HashSet<u64> = segments.iter().copied().collect();
        let (mut stored, mut after) = (Stored::new(), Vec::new());
        loop {
            let page = self.store()?.scan(keys::RECORD, &after, PAGE)?;
            let Some((last, _)) = page.last() else { return Ok(stored) };
            after.clone_from(last);
            for (_, value) in page {
                let Row { place, parts, .. } = postcard::from_bytes(&value).map_err(damaged)?;
                if wanted.contains(&place.segment) {
                    stored.entry(place.segment).or_default().insert(place.offset, parts);
                }
            }
        }
    }
}

/// Procedures that are closed, of which what they held is still to be destroyed.
fn released(procedures: &[Procedure]) -> Vec<Uuid> {
    procedures
        .iter()
        .filter(|procedure| procedure.closed_at.is_some())
        .map(|procedure| procedure.id)
        .collect()
}

fn audit(now: Timestamp) -> AuditRecord {
    AuditRecord::of(now, Operation::Retention, Actor { authority: None, person: "whorl".into() })
}
