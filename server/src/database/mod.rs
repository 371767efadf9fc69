//! The central database (Art. 3(2)): what is recorded goes to the journal, what is asked for comes from the store that is made
//! from it, and what is personal is read from the journal and opened with the record's own key.
//!
//! | key of the store | value |
//! | --- | --- |
//! | `b/<record id>` | it is blocked; State and category |
//! | `c/<record id>` | result of the record's comparison, JSON |
//! | `d/<record id>/<number in the journal>/<place>` | [`Disclosure`], JSON |
//! | `f/<record id>/<request id>`, `g/<record id>/<hit id>` | it is mentioned in a data subject's request, in a hit |
//! | `h/<hit id>` | [`StoredHit`], JSON |
//! | `i/<authority>/<idempotency key>` | [`Idempotency`], JSON |
//! | `k/<authority>` | [`Authority`], JSON |
//! | `l/<h, q or u>/<State>/<time>/<id>` | a hit, a notice, a request in the list of a State |
//! | `m/applied`, `m/format`, `m/initialised` | how far it follows the journal; version of this table; that `whorl init` was done |
//! | `m/started`, `m/decision` | the day on which operations started; the decision of Art. 12(2); JSON |
//! | `n/<State>/<category>/<reference number>` | record id |
//! | `p/<id>` | a monitoring [`crate::eurodac::audit::Procedure`], JSON |
//! | `q/<notice id>` | [`crate::eurodac::notices::Notice`], JSON |
//! | `r/<record id>` | where in the journal its sealed parts lie, as postcard |
//! | `s/<State>` | [`crate::eurodac::start::Participant`], JSON |
//! | `t/<day>/<counter>` | what was counted on the day ([`crate::eurodac::statistics`]), 8 bytes |
//! | `u/<request id>` | [`crate::eurodac::rights::Request`], JSON |
//! | `k#/<SHA-256>` | id of the authority whose client certificate it is |
//! | `x/<State>/<reference number>` | id of a data subject's request |
//! | `v/<key id>` | the record that is sealed under a key of another id than its own |
//!
//! *Why nothing personal is in the store*: sled keeps old values in its files, so what was in it could not be erased.

mod alive;
mod apply;
mod audit_pages;
mod cases;
mod checkpoints;
mod counting;
mod keys;
mod lock;
mod model;
mod opening;
mod restoring;
mod retention;
mod rotation;
mod snapshot;
mod writer;

pub use cases::{AuditPage, Page, Recorded};
pub use checkpoints::{Checkpoints, Recipient};
pub use lock::DirectoryLock;
pub use model::{
    Disclosure, FingerData, FingerFound, FingerTemplate, FingerprintData, Idempotency, Print, ProbeOf,
    Record, ResultOfComparison, StoredHit, Threshold, WithPrints,
};
pub use opening::OpenError;
pub use restoring::{Reconciled, Reconciling};
pub use retention::Retained;
pub use rotation::KeySchedule;
pub(crate) use snapshot::{snapshot_name, snapshots};
pub use writer::WriterStatistics;

use std::sync::atomic::Ordering;
use std::sync::mpsc::{Sender, sync_channel};
use std::sync::{Arc, OnceLock};
use std::thread::JoinHandle;

use jiff::Timestamp;
use rayon::prelude::*;
use serde::{Deserialize, Serialize};
use uuid::Uuid;
use zeroize::Zeroizing;

use crate::access::{Authority, CertificateHash};
use crate::eurodac::model::{Category, MemberState};
use crate::files::Files;
use crate::journal::{self, Change, Checkpoint, Effect, Entry, Event, PartLengths, Span};
use crate::keyring::{DataKey, Keyring, Part};
use crate::store::{Batch, Store, StoreError};
use apply::Row;
use writer::{Job, Progress, Then};

/// Version of the table above, and of what is in it.
const FORMAT: &[u8] = b"4";
/// Parts are sealed as version 1 of their record; an amendment seals them again, under a key of its own.
const VERSION: u32 = 1;
/// Rows of the store that are looked at together.
const PAGE: usize = 10_000;

/// How far the store follows the journal.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
struct Applied {
    /// Records.
    size: u64,
    /// Hash of the last one and all before.
    chain: [u8; 32],
    /// Sequence of the next entry.
    sequence: u32,
    /// Records entered and not erased.
    records: u64,
    /// The tree over the records ([`Tree::to_bytes`]).
    tree: Vec<u8>,
}

/// The first failure, after which everything is refused.
#[derive(Default)]
struct Failure(OnceLock<String>);

impl Failure {
    fn latch(&self, error: &StoreError) {
        if self.0.set(error.to_string()).is_ok() {
            tracing::error!(%error, "nothing is recorded and nothing answered until a restart");
        }
    }

    fn check(&self) -> Result<(), StoreError> {
        self.0.get().map_or(Ok(()), |reason| {
            Err(StoreError::Failed(format!("an earlier write failed ({reason}); restart the server")))
        })
    }
}

/// Journal, keys, and the store that follows.
pub struct Database {
    store: Arc<dyn Store>,
    journal: Arc<dyn Files>,
    keyring: Arc<Keyring>,
    checkpoints: Checkpoints,
    failure: Arc<Failure>,
    progress: Arc<Progress>,
    /// Why the last rotation of the wrapping key failed.
    rotation: parking_lot::Mutex<Option<String>>,
    /// Taken when dropped: the writer ends when nobody can send any more.
    jobs: Option<Sender<Job>>,
    /// Taken when dropped: the flusher ends.
    stop: Option<Sender<()>>,
    threads: Vec<JoinHandle<()>>,
    /// Held as long as the directory is ours.
    lock: Option<DirectoryLock>,
}

impl Database {
    /// Why nothing can be read or written any more, if that is so.
    pub fn failure(&self) -> Option<String> {
        self.failure.check().err().map(|error| error.to_string())
    }

    /// From now on it answers nothing, as after an error of the disk.
    #[cfg(test)]
    pub(crate) fn fail(&self) {
        self.failure.latch(&StoreError::Failed("made to fail".into()));
    }

    /// Whether `whorl init` was done.
    pub fn is_initialised(&self) -> Result<bool, StoreError> {
        Ok(self.store()?.get(&keys::initialised())?.is_some())
    }

    /// Entries that are in the gallery: their sequences are below this.
    pub fn entered(&self) -> u32 {
        self.progress.entered.load(Ordering::Acquire)
    }

    /// Checkpoints of the journal.
    pub fn checkpoints(&self) -> &Checkpoints {
        &self.checkpoints
    }

    /// Signs what the journal is now (R-AUDIT-3); the last checkpoint where nothing was recorded since.
    pub fn checkpoint(&self) -> Result<Checkpoint, StoreError> {
        self.failure.check()?;
        let (tree, chain) = self.progress.head.lock().clone();
        self.checkpoints.sign(&tree, chain).map_err(|e| StoreError::Failed(format!("no checkpoint: {e}")))
    }

    /// What has been written since the start.
    pub fn written(&self) -> WriterStatistics {
        *self.progress.written.lock()
    }

    /// Makes an event durable: its audit record and its effect, together. No record, no operation (R-AUDIT-2).
    pub fn record(&self, event: Event) -> Result<(), StoreError> {
        self.record_and(event, Box::new(|_| ()))
    }

    /// The same; and of an entry or a change of a set, `then` is called when it is durable, before anything that was recorded after it is
    /// told; with the sequence of an entry.
    ///
    /// # Errors
    /// [`StoreError::Erased`] where the audit discloses a record that was erased meanwhile: nothing was recorded (R-ERASE-3).
    pub fn record_and(&self, Event { audit, change, request }: Event, then: Then) -> Result<(), StoreError> {
        self.failure.check()?;
        let (effect, sealed) = match change {
            Change::Nothing => (Effect::None, Vec::new()),
            Change::Plain(effect) => (effect, Vec::new()),
            Change::Entered(entry) => {
                let (id, delay) = (entry.record.id, entry.record.delay());
                let (parts, sealed) = self.sealed(&entry, id)?;
                (Effect::Entered { id, sequence: 0, parts, delay }, sealed)
            }
            Change::Amended(entry, new_prints) => {
                let (id, key) = (entry.record.id, Uuid::new_v4());
                let (parts, sealed) = self.sealed(&entry, key)?;
                (Effect::Amended { id, key, parts, new_prints }, sealed)
            }
        };
        let ended = || StoreError::Failed("the writer has ended".into());
        let (reply, answer) = sync_channel(1);
        let jobs = self.jobs.as_ref().ok_or_else(ended)?;
        jobs.send(Job { audit, effect, request, sealed, then, reply }).map_err(|_| ended())?;
        answer.recv().map_err(|_| ended())?
    }

    /// The parts of a record, sealed under a new key of this id, which is durable before the record is.
    fn sealed(&self, entry: &Entry, key: Uuid) -> Result<(PartLengths, Vec<Vec<u8>>), StoreError> {
        let Entry { record, templates, prints } = entry;
        let id = record.id;
        // An error of the keyring's disk is as much a reason to stop as one of the journal's.
        let key = self.keyring.add(key).map_err(StoreError::from);
        let key = key.inspect_err(|error| self.failure.latch(error))?;
        let seal = |part, plain: &[u8]| key.seal(id, part, VERSION, plain);
        let plain = Zeroizing::new(serde_json::to_vec(record).map_err(damaged)?);
        let mut sealed = vec![seal(Part::Record, &plain)?];
        let plain = Zeroizing::new(postcard::to_stdvec(templates).map_err(damaged)?);
        sealed.push(seal(Part::Templates, &plain)?);
        for (place, print) in (0u8..).zip(prints) {
            sealed.push(seal(Part::Print(place), print)?);
        }
        let lengths: Result<Vec<u32>, _> = sealed.iter().map(|part| u32::try_from(part.len())).collect();
        let lengths = lengths.map_err(damaged)?;
        let parts = PartLengths { record: lengths[0], templates: lengths[1], prints: lengths[2..].to_vec() };
        Ok((parts, sealed))
    }

    /// A record, whosever it is.
    pub fn find(&self, id: Uuid) -> Result<Option<Record>, StoreError> {
        let Some((row, key)) = self.row(id)? else { return Ok(None) };
        self.read(id, &row, &key).map(Some)
    }

    /// The id of the record under a reference number.
    pub fn find_id(
        &self,
        state: MemberState,
        category: Category,
        reference: &str,
    ) -> Result<Option<Uuid>, StoreError> {
        let value = self.store()?.get(&keys::reference(state, category, reference))?;
        Ok(value.and_then(|bytes| Uuid::from_slice(&bytes).ok()))
    }

    /// The record under a reference number, or none.
    pub fn find_by_reference(
        &self,
        state: MemberState,
        category: Category,
        reference: &str,
    ) -> Result<Option<Record>, StoreError> {
        self.find_id(state, category, reference)?.map_or(Ok(None), |id| self.find(id))
    }

    /// A page of a State's own records, by category and reference number; and the cursor of the next page, if there is one.
    pub fn list(
        &self,
        state: MemberState,
        category: Option<Category>,
        after: Option<&str>,
        limit: usize,
    ) -> Result<(Vec<Record>, Option<String>), StoreError> {
        let all = keys::reference_prefix(state, None);
        let from = after.map(|cursor| [&all, cursor.as_bytes()].concat()).unwrap_or_default();
        let mut pairs = self.store()?.scan(&keys::reference_prefix(state, category), &from, limit + 1)?;
        let more = pairs.len() > limit;
        pairs.truncate(limit);
        let last = pairs.last().filter(|_| more);
        let cursor = last.map(|(key, _)| String::from_utf8_lossy(&key[all.len()..]).into_owned());
        let ids = pairs.iter().filter_map(|(_, value)| Uuid::from_slice(value).ok());
        let records: Result<Vec<_>, _> = ids.map(|id| self.find(id)).collect();
        Ok((records?.into_iter().flatten().collect(), cursor))
    }

    /// How many records there are, of all States.
    pub fn count(&self) -> Result<u64, StoreError> {
        let applied = self.store()?.get(&keys::applied())?;
        applied.map_or(Ok(0), |value| Ok(postcard::from_bytes::<Applied>(&value).map_err(damaged)?.records))
    }

    /// A record and its prints, in the order of its fingerprints: both as they were at one moment.
    pub fn find_with_prints(&self, id: Uuid) -> Result<Option<WithPrints>, StoreError> {
        let Some((row, key)) = self.row(id)? else { return Ok(None) };
        let print = |(place, &span): (u8, &Span)| {
            let print = self.part(id, &row, &key, Part::Print(place), span)?;
            Ok(print.to_vec())
        };
        let prints: Result<_, StoreError> = (0u8..).zip(&row.parts.prints).map(print).collect();
        Ok(Some((self.read(id, &row, &key)?, prints?)))
    }

    /// The minutiae of a record's fingers.
    pub fn templates(&self, id: Uuid) -> Result<Vec<FingerTemplate>, StoreError> {
        let Some((row, key)) = self.row(id)? else { return Ok(Vec::new()) };
        let plain = self.part(id, &row, &key, Part::Templates, row.parts.templates)?;
        postcard::from_bytes(&plain).map_err(damaged)
    }

    /// The result of a record's comparison, once there is one.
    pub fn result(&self, id: Uuid) -> Result<Option<ResultOfComparison>, StoreError> {
        self.json(&keys::result(id))
    }

    /// What an idempotency key was used for, as long as it is remembered.
    pub fn idempotency(
        &self,
        authority: &str,
        key: &str,
        now: Timestamp,
    ) -> Result<Option<Idempotency>, StoreError> {
        let used: Option<Idempotency> = self.json(&keys::idempotency(authority, key))?;
        Ok(used.filter(|used| !used.is_over(now)))
    }

    /// An authority by its id.
    pub fn authority(&self, id: &str) -> Result<Option<Authority>, StoreError> {
        self.json(&keys::authority(id))
    }

    /// The authority whose client certificate has this hash.
    pub fn authority_by_certificate(&self, hash: &CertificateHash) -> Result<Option<Authority>, StoreError> {
        let id = self.store()?.get(&keys::certificate(hash))?;
        id.map_or(Ok(None), |id| self.authority(&String::from_utf8_lossy(&id)))
    }

    /// All authorities.
    pub fn authorities(&self) -> Result<Vec<Authority>, StoreError> {
        let pairs = self.store()?.scan(keys::AUTHORITY, b"", usize::MAX)?;
        pairs.iter().map(|(_, value)| from_json(value)).collect()
    }

    /// Up to `limit` records and their templates, after an id, for filling the gallery. Read and opened on all cores.
    pub fn entries(
        &self,
        after: Option<Uuid>,
        limit: usize,
    ) -> Result<Vec<(Record, Vec<FingerTemplate>)>, StoreError> {
        let after = after.map(keys::record).unwrap_or_default();
        let pairs = self.store()?.scan(keys::RECORD, &after, limit)?;
        let entry = |(key, _): (Vec<u8>, Vec<u8>)| {
            let id = Uuid::from_slice(&key[keys::RECORD.len()..]).map_err(damaged)?;
            let Some((row, key)) = self.row(id)? else { return Ok(None) };
            let plain = self.part(id, &row, &key, Part::Templates, row.parts.templates)?;
            Ok(Some((self.read(id, &row, &key)?, postcard::from_bytes(&plain).map_err(damaged)?)))
        };
        let entries: Result<Vec<_>, StoreError> = pairs.into_par_iter().map(entry).collect();
        Ok(entries?.into_iter().flatten().collect())
    }

    /// Where a record lies, and its key; `None` where there is none, or no key any more.
    fn row(&self, id: Uuid) -> Result<Option<(Row, DataKey)>, StoreError> {
        let mut before = None;
        loop {
            let Some(value) = self.store()?.get(&keys::record(id))? else { return Ok(None) };
            let row: Row = postcard::from_bytes(&value).map_err(damaged)?;
            if let Some(key) = self.keyring.get(row.key)? {
                return Ok(Some((row, key)));
            }
            // Amended between the two looks, it has another key now; erased, it has none.
            if before.replace(row.key) == Some(row.key) {
                return Ok(None);
            }
        }
    }

    fn read(&self, id: Uuid, row: &Row, key: &DataKey) -> Result<Record, StoreError> {
        let mut record: Record = from_json(&self.part(id, row, key, Part::Record, row.parts.record)?)?;
        record.sequence = row.sequence;
        record.blocked = self.store()?.get(&keys::blocked(id))?.is_some();
        let disclosures = self.store()?.scan(&keys::disclosures(id), b"", usize::MAX)?;
        let disclosures: Result<_, _> = disclosures.iter().map(|(_, value)| from_json(value)).collect();
        record.disclosures = disclosures?;
        Ok(record)
    }

    fn part(
        &self,
        id: Uuid,
        row: &Row,
        key: &DataKey,
        part: Part,
        span: Span,
    ) -> Result<Zeroizing<Vec<u8>>, StoreError> {
        let length = usize::try_from(span.length).map_err(damaged)?;
        let sealed = journal::read(&*self.journal, row.place, span.skip, length)?;
        Ok(key.open(id, part, VERSION, &sealed)?)
    }

    fn store(&self) -> Result<&dyn Store, StoreError> {
        self.failure.check()?;
        Ok(&*self.store)
    }

    fn json<T: serde::de::DeserializeOwned>(&self, key: &[u8]) -> Result<Option<T>, StoreError> {
        self.store()?.get(key)?.map(|value| from_json(&value)).transpose()
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        drop((self.jobs.take(), self.stop.take()));
        for thread in self.threads.drain(..) {
            // A thread that panicked has said so.
            let _ = thread.join();
        }
        if self.failure().is_none()
            && let Err(error) = self.store.flush()
        {
            tracing::warn!(%error, "the store was not made durable; it will follow the journal at the next start");
        }
    }
}

fn put_json<T: Serialize + ?Sized>(batch: &mut Batch, key: Vec<u8>, value: &T) -> Result<(), StoreError> {
    batch.put(key, serde_json::to_vec(value).map_err(damaged)?);
    Ok(())
}

fn from_json<T: serde::de::DeserializeOwned>(bytes: &[u8]) -> Result<T, StoreError> {
    serde_json::from_slice(bytes).map_err(damaged)
}

fn damaged(error: impl core::fmt::Display) -> StoreError {
    StoreError::Failed(format!("a stored value is damaged: {error}"))
}

#[cfg(test)]
mod erasure_tests;
#[cfg(test)]
mod restoring_tests;
#[cfg(test)]
mod retention_tests;
#[cfg(test)]
mod tests;
