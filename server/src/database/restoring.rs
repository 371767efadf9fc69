//! Putting a journal back from a backup: what was erased after the backup was made must not come back.
//!
//! The keyring is never in a backup, so the one that is here is of a later time, and knows more than the journal:
//!
//! | record in the journal | key | what it is | what is done |
//! | --- | --- | --- | --- |
//! | there | there | was there all the time | nothing |
//! | there | none | erased after the backup | a record of the journal says so ([`Effect::Forgotten`]), and its rows go |
//! | none, or erased | there | entered after the backup, and lost with the journal; or an erasure that was cut off | the key is destroyed |
//!
//! *Why a record of the journal, and not only no rows*: the store may be thrown away at any time and is made from the journal, and
//! at every other start a record without a key is a loss that somebody has to be told of (`opening.rs`).

use std::path::PathBuf;
use std::sync::Arc;

use uuid::Uuid;

use super::opening::{
    Followed, Missing, Places, SledDirectory, Stores, follow_or_make_anew, places, settle_keys,
};
use super::{Checkpoints, Database, DirectoryLock, OpenError, PAGE, damaged, keys};
use crate::files::Files;
use crate::journal::{self, AuditRecord, Effect, Written};
use crate::keyring::{Keyring, WrappingKey};
use crate::startup::Startup;
use crate::store::{MemoryStore, Store, StoreError};

/// Records that are written together.
const GROUP: u64 = 1000;

/// What came of it, or would.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
pub struct Reconciled {
    /// Records that are there, and have their keys.
    pub kept: usize,
    /// Records of the backup that were erased after it was made.
    pub forgotten: usize,
    /// Keys of records that the backup does not know: those records are lost.
    pub keys_destroyed: usize,
}

/// What shall be done.
pub enum Reconciling<'a> {
    /// Count, and change nothing.
    Count,
    /// Do it, with this audit record; State, category and reference number are put in for each record.
    Do(&'a AuditRecord),
}

impl Database {
    /// Makes a journal under the name `journal` in a data directory, and the keyring in it, agree; and a store that follows.
    pub fn reconcile(
        lock: &DirectoryLock,
        journal: &str,
        wrapping: &WrappingKey,
        what: &Reconciling<'_>,
    ) -> Result<Reconciled, OpenError> {
        let directory: PathBuf = lock.directory().to_owned();
        let Places { journal, keys, checkpoints } = places(&directory, journal)?;
        match what {
            Reconciling::Count => reconcile(&journal, keys, &InMemory, wrapping, what),
            Reconciling::Do(_) => {
                let stores = SledDirectory(directory);
                // One that is here followed another journal, and may have followed it further.
                stores.set_aside()?;
                let head = journal::open(journal.clone())?.ok_or(OpenError::NotInitialised)?.head();
                Checkpoints::set_aside_beyond(&*checkpoints, head.size)?;
                reconcile(&journal, keys, &stores, wrapping, what)
            }
        }
    }
}

/// The same over any files and any store.
pub(super) fn reconcile(
    journal: &Arc<dyn Files>,
    keys: Arc<dyn Files>,
    stores: &dyn Stores,
    wrapping: &WrappingKey,
    what: &Reconciling<'_>,
) -> Result<Reconciled, OpenError> {
    let mut log = journal::open(journal.clone())?.ok_or(OpenError::NotInitialised)?;
    let keyring = Keyring::open(keys, wrapping)?;
    let Followed { store, .. } =
        follow_or_make_anew(stores, &**journal, &keyring, log.head(), &Startup::default())?;
    let Missing { without_key, with_key } = Missing::of(&keyring, &*store)?;
    let (forgotten, strangers) = (without_key.len(), keyring.len() - with_key);
    if with_key == 0 && forgotten > 0 && strangers > 0 {
        return Err(OpenError::OtherKeyring { records: forgotten, keys: strangers });
    }
    let audit = match what {
        Reconciling::Count => {
            return Ok(Reconciled { kept: with_key, forgotten, keys_destroyed: strangers });
        }
        Reconciling::Do(audit) => *audit,
    };
    // What is of today does not share a segment with what is of then (R-AUDIT-4).
    log.rotate()?;
    let mut append = |audit: AuditRecord, effect| -> Result<(), OpenError> {
        log.append(&Written { audit, effect, request: None }.encode(&[])?)?;
        // A group of its own each time it is large, so that segments end where they shall.
        if log.head().size % GROUP == 0 { Ok(log.commit()?) } else { Ok(()) }
    };
    append(audit.clone(), Effect::None)?;
    for (id, (state, category, reference)) in subjects(&*store, &without_key)? {
        append(
            AuditRecord {
                member_state: Some(state),
                category: Some(category),
                reference_number: Some(reference),
                ..audit.clone()
            },
            Effect::Forgotten { id },
        )?;
    }
    log.commit()?;
    drop(store);
    let Followed { store, .. } =
        follow_or_make_anew(stores, &**journal, &keyring, log.head(), &Startup::default())?;
    let keys_destroyed = settle_keys(&keyring, &*store, with_key)?;
    Ok(Reconciled { kept: with_key, forgotten, keys_destroyed })
}

/// Whose sets these are, in the order of their reference numbers. The store knows it longer than the journal.
fn subjects(store: &dyn Store, wanted: &[Uuid]) -> Result<Vec<(Uuid, keys::Subject)>, OpenError> {
    let wanted: std::collections::HashSet<Uuid> = wanted.iter().copied().collect();
    let (mut found, mut after) = (Vec::new(), Vec::new());
    while found.len() < wanted.len() {
        let page = store.scan(keys::REFERENCE, &after, PAGE)?;
        let Some((last, _)) = page.last() else { break };
        after.clone_from(last);
        for (key, value) in page {
            let id = Uuid::from_slice(&value).map_err(damaged)?;
            if wanted.contains(&id) {
                found
                    .push((id, keys::subject(&key).ok_or_else(|| damaged("the key of a reference number"))?));
            }
        }
    }
    Ok(found)
}

/// A store for counting.
struct InMemory;

impl Stores for InMemory {
    fn open(&self) -> Result<Arc<dyn Store>, StoreError> {
        Ok(Arc::<MemoryStore>::default())
    }

    fn set_aside(&self) -> Result<(), StoreError> {
        Ok(())
    }
}
