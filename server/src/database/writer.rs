//! The one thread that writes: journal, then store, then whoever waits.
//!
//! It takes what has come while it was writing as one group, so that a hundred who wait at once wait for one sync, not for a
//! hundred. In a group: the keys of the entries are made durable, then the journal; then what is erased goes, from the gallery
//! (`then`), from the keyring, and from the store, and what is entered comes into store and gallery; and only then anybody is
//! answered. So what was answered is durable (invariant 5), whoever entered later finds who entered before (R-COMP-11), and what the store
//! says was in the journal before.
//!
//! *Disclosures* (R-ERASE-3). Whoever is about to tell a hit has read the record a moment ago. Erasures happen in this thread,
//! so here is where it is known whether the record is still there: a disclosure of one that is not is refused.
//!
//! *Failure*: the first error latches. What failed may be on the disk or not; everybody is refused until a restart has looked.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::mpsc::{Receiver, SyncSender};
use std::time::{Duration, Instant};

use jiff::civil::Date;
use parking_lot::Mutex;
use uuid::Uuid;
use whorl_engine::stack;

use super::apply::{Follower, Row};
use super::{Applied, Failure, Idempotency, damaged, keys};
use crate::eurodac::retention::legal_day;
use crate::journal::{AuditRecord, Chain, Effect, Log, Place, Tree, Written};
use crate::keyring::Keyring;
use crate::store::{Store, StoreError};

/// Records that are written together at most.
const GROUP_MAX: usize = 256;
/// Sealed bytes from which on a group is not added to. Unit: bytes.
const GROUP_BYTES: usize = 16 << 20;

/// What is done to the gallery when an entry or a change of a set is durable, before anything that was written after it is told. Gets the
/// sequence of an entry.
pub(super) type Then = Box<dyn FnOnce(u32) + Send>;

/// A record that shall be written.
pub(super) struct Job {
    pub(super) audit: AuditRecord,
    pub(super) effect: Effect,
    pub(super) request: Option<Idempotency>,
    /// The parts of an entry or an amendment.
    pub(super) sealed: Vec<Vec<u8>>,
    /// For an entry, and a change of a set.
    pub(super) then: Then,
    pub(super) reply: SyncSender<Result<(), StoreError>>,
}

/// What was written since the start.
#[derive(Debug, Clone, Copy, Default)]
pub struct WriterStatistics {
    /// Records.
    pub records: u64,
    /// Groups that they were written in.
    pub groups: u64,
    /// Time in syncs of journal and keyring.
    pub syncing: Duration,
}

/// What others see of the writer.
#[derive(Default)]
pub(super) struct Progress {
    /// Entries that are in the gallery: their sequences are below this.
    pub(super) entered: AtomicU32,
    /// The tree over the journal, and its last hash.
    pub(super) head: Mutex<(Tree, Chain)>,
    pub(super) written: Mutex<WriterStatistics>,
    /// Whether the store has something that it has not made durable.
    pub(super) unflushed: AtomicBool,
}

pub(super) struct Writer {
    pub(super) log: Log,
    pub(super) keyring: Arc<Keyring>,
    pub(super) store: Arc<dyn Store>,
    pub(super) failure: Arc<Failure>,
    pub(super) progress: Arc<Progress>,
    /// How far the store has followed.
    pub(super) applied: Applied,
    /// The day on which the segment was begun; `None` where nothing is in it.
    pub(super) day: Option<Date>,
}

/// What an earlier record of a group does to a set.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Changed {
    Erased,
    Blocked,
}

/// A record that is written, and what follows.
struct Done {
    place: Place,
    written: Written,
    /// Where its sealed parts begin.
    start: u64,
    chain: Chain,
    then: Option<Then>,
    reply: SyncSender<Result<(), StoreError>>,
}

impl Writer {
    /// Until nobody can send any more.
    pub(super) fn run(mut self, jobs: &Receiver<Job>) {
        while let Ok(first) = jobs.recv() {
            let mut bytes: usize = first.sealed.iter().map(Vec::len).sum();
            let mut group = vec![first];
            while group.len() < GROUP_MAX && bytes < GROUP_BYTES {
                let Ok(next) = jobs.try_recv() else { break };
                bytes += next.sealed.iter().map(Vec::len).sum::<usize>();
                group.push(next);
            }
            self.write(group);
        }
    }

    fn write(&mut self, group: Vec<Job>) {
        let replies: Vec<_> = group.iter().map(|job| job.reply.clone()).collect();
        let outcome =
            self.failure.check().and_then(|()| self.journal(group)).and_then(|done| self.tell(done));
        if let Err(error) = outcome {
            self.failure.latch(&error);
            // Whoever was answered already has stopped listening.
            for reply in replies {
                let _ = reply.try_send(Err(StoreError::Failed(error.to_string())));
            }
        }
    }

    /// The group in the journal, durably; with the keys that it needs.
    fn journal(&mut self, group: Vec<Job>) -> Result<Vec<Done>, StoreError> {
        self.end_the_day(&group)?;
        let mut done = Vec::with_capacity(group.len());
        let (mut next, mut changed, mut entries) = (self.applied.sequence, HashMap::new(), false);
        for Job { audit, mut effect, request, sealed, then, reply } in group {
            if let Some(gone) = self.told_but_gone(&audit, &effect, &changed)? {
                let _ = reply.try_send(Err(StoreError::Erased(gone)));
                continue;
            }
            match &mut effect {
                Effect::Entered { sequence, .. } => {
                    *sequence = next;
                    next = next
                        .checked_add(1)
                        .ok_or_else(|| StoreError::Failed("no sequence is left".into()))?;
                    entries = true;
                }
                Effect::Amended { .. } => entries = true,
                Effect::Erased { id, .. } => drop(changed.insert(*id, Changed::Erased)),
                Effect::Blocked(id, true) => drop(changed.insert(*id, Changed::Blocked)),
                _ => {}
            }
            let written = Written { audit, effect, request };
            let body = written.encode(&sealed)?;
            let start = (body.len() - sealed.iter().map(Vec::len).sum::<usize>()) as u64;
            let place = self.log.append(&body)?;
            done.push(Done { place, written, start, chain: self.log.head().chain, then: Some(then), reply });
        }
        let start = Instant::now();
        if entries {
            self.keyring.sync()?;
        }
        self.log.commit()?;
        let mut written = self.progress.written.lock();
        written.records += done.len() as u64;
        written.groups += 1;
        written.syncing += start.elapsed();
        drop(written);
        Ok(done)
    }

    /// A segment is of one day, so that it can go when its year is over (R-AUDIT-4).
    fn end_the_day(&mut self, group: &[Job]) -> Result<(), StoreError> {
        let day = group.first().map(|job| legal_day(job.audit.at));
        if day != self.day {
            self.log.rotate()?;
            self.day = day;
        }
        Ok(())
    }

    /// A record that would be disclosed or changed, or whose result it is, and that is erased, or is being erased in this group; or that
    /// would be told of, and is blocked (R-BLOCK-2). Whoever asked looks again.
    fn told_but_gone(
        &self,
        audit: &AuditRecord,
        effect: &Effect,
        changed: &HashMap<Uuid, Changed>,
    ) -> Result<Option<Uuid>, StoreError> {
        let is_erased = |id: &Uuid| -> Result<bool, StoreError> {
            // The store has followed every group before this one.
            let erased = changed.get(id) == Some(&Changed::Erased);
            Ok(erased || self.store.get(&keys::record(*id))?.is_none())
        };
        let own = match effect {
            Effect::Concluded { result: Some((id, _)), .. } => Some(*id),
            Effect::Amended { id, .. } | Effect::Blocked(id, _) | Effect::Erased { id, .. } => Some(*id),
            _ => None,
        };
        let found = match effect {
            Effect::RequestOpened(request) => request.found.as_slice(),
            _ => &[],
        };
        for id in audit.disclosed.iter().copied().chain(own).chain(found.iter().map(|found| found.record_id))
        {
            if is_erased(&id)? {
                return Ok(Some(id));
            }
        }
        // A person's own State is told of what it has blocked itself.
        let of_origin = |id: &Uuid| {
            found.iter().any(|found| found.record_id == *id && Some(found.member_state) == audit.member_state)
        };
        for id in audit.disclosed.iter().filter(|id| !of_origin(id)) {
            if changed.contains_key(id) || self.store.get(&keys::blocked(*id))?.is_some() {
                return Ok(Some(*id));
            }
        }
        Ok(None)
    }

    /// The key that a record is sealed under.
    fn key_of(&self, id: Uuid) -> Result<Option<Uuid>, StoreError> {
        let row = self.store.get(&keys::record(id))?;
        row.map(|row| Ok(postcard::from_bytes::<Row>(&row).map_err(damaged)?.key)).transpose()
    }

    fn tell(&mut self, mut group: Vec<Done>) -> Result<(), StoreError> {
        // R-ERASE-2: the gallery, the key, the row, in this order; a crash in between is made good at the next start.
        let (mut erased, mut amended) = (Vec::new(), Vec::new());
        for done in &mut group {
            let keys = match done.written.effect {
                Effect::Erased { id, .. } => Some((id, &mut erased)),
                Effect::Amended { id, .. } => Some((id, &mut amended)),
                Effect::Blocked(..) => None,
                _ => continue,
            };
            if let Some(then) = done.then.take() {
                then(0);
            }
            if let Some((id, keys)) = keys {
                keys.extend(self.key_of(id)?);
            }
        }
        self.keyring.destroy_all(&erased)?;
        let mut follower = Follower::new(&*self.store, self.applied.clone())?;
        for done in &group {
            follower.step(done.place, &done.written, done.start, done.chain)?;
        }
        follower.commit()?;
        // R-EDIT-1: not before the row names the new key; a crash in between is made good at the next start.
        self.keyring.destroy_all(&amended)?;
        self.applied = follower.applied().clone();
        *self.progress.head.lock() = follower.head();
        self.progress.unflushed.store(true, Ordering::Release);
        let mut replies = Vec::with_capacity(group.len());
        for done in group {
            if let (Effect::Entered { sequence, .. }, Some(then)) = (&done.written.effect, done.then) {
                then(*sequence);
                self.progress.entered.store(sequence + 1, Ordering::Release);
            }
            replies.push(done.reply);
        }
        // Templates went through here into the gallery.
        stack::overwrite();
        for reply in replies {
            let _ = reply.try_send(Ok(()));
        }
        Ok(())
    }
}
