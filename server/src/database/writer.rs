//! The one thread that writes: journal, then store, then whoever waits.
//!
//! It takes what has come while it was writing as one group, so that a hundred who wait at once wait for one sync, not for a
//! hundred. In a group: the keys of the entries are made durable, then the journal, then the store is told, then the gallery
//! (`then`), and only then anybody is answered. So what was answered is durable (invariant 5), of two sets that were answered each finds
//! the earlier one in the gallery (R-COMP-11), and of what the store says nothing was ever not in the journal.
//!
//! *Failure*: the first error latches. What failed may be on the disk or not; everybody is refused until a restart has looked.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::mpsc::{Receiver, SyncSender};

use super::apply::apply;
use super::{Applied, Failure, keys, put_json};
use crate::journal::{AuditRecord, Effect, Head, Log, Place, Written};
use crate::keyring::Keyring;
use crate::store::{Batch, Store, StoreError};

/// Records that are written together at most.
const GROUP_MAX: usize = 256;
/// Sealed bytes from which on a group is not added to. Unit: bytes.
const GROUP_BYTES: usize = 16 << 20;

/// What is done when an entry is durable, before anything that was written after it is told. Gets its sequence.
pub(super) type Then = Box<dyn FnOnce(u32) + Send>;

/// A record that shall be written.
pub(super) struct Job {
    pub(super) audit: AuditRecord,
    pub(super) effect: Effect,
    /// The parts of an entry.
    pub(super) sealed: Vec<Vec<u8>>,
    /// For an entry.
    pub(super) then: Then,
    pub(super) reply: SyncSender<Result<(), StoreError>>,
}

/// What others see of the writer.
#[derive(Default)]
pub(super) struct Progress {
    /// Entries that are in the gallery: their sequences are below this.
    pub(super) entered: AtomicU32,
    /// Whether the store has something that it has not made durable.
    pub(super) unflushed: AtomicBool,
}

pub(super) struct Writer {
    pub(super) log: Log,
    pub(super) keyring: Arc<Keyring>,
    pub(super) store: Arc<dyn Store>,
    pub(super) failure: Arc<Failure>,
    pub(super) progress: Arc<Progress>,
    /// Sequence of the next entry.
    pub(super) sequence: u32,
}

/// A record that is written, and what follows.
struct Done {
    number: u64,
    place: Place,
    written: Written,
    /// Where its sealed parts begin.
    start: u64,
    then: Then,
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
        let mut done = Vec::with_capacity(group.len());
        let mut entries = false;
        for Job { audit, mut effect, sealed, then, reply } in group {
            if let Effect::Entered { sequence, .. } = &mut effect {
                let next = self.sequence.checked_add(1);
                *sequence = self.sequence;
                self.sequence = next.ok_or_else(|| StoreError::Failed("no sequence is left".into()))?;
                entries = true;
            }
            let written = Written { audit, effect };
            let body = written.encode(&sealed)?;
            let sealed_bytes: usize = sealed.iter().map(Vec::len).sum();
            let (number, start) = (self.log.head().size, (body.len() - sealed_bytes) as u64);
            let place = self.log.append(&body)?;
            done.push(Done { number, place, written, start, then, reply });
        }
        if entries {
            self.keyring.sync()?;
        }
        self.log.commit()?;
        Ok(done)
    }

    fn applied(&self) -> Applied {
        let Head { size, chain } = self.log.head();
        Applied { size, chain: chain.to_string(), sequence: self.sequence }
    }

    fn tell(&self, group: Vec<Done>) -> Result<(), StoreError> {
        let mut batch = Batch::default();
        for done in &group {
            apply(&mut batch, done.number, done.place, &done.written, done.start)?;
        }
        put_json(&mut batch, keys::applied(), &self.applied())?;
        self.store.apply(batch)?;
        self.progress.unflushed.store(true, Ordering::Release);
        let mut replies = Vec::with_capacity(group.len());
        for done in group {
            if let Effect::Entered { sequence, .. } = done.written.effect {
                (done.then)(sequence);
                self.progress.entered.store(sequence + 1, Ordering::Release);
            }
            replies.push(done.reply);
        }
        for reply in replies {
            let _ = reply.try_send(Ok(()));
        }
        Ok(())
    }
}
