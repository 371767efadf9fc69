//! Opening a data directory: the journal is the truth, and the store is made to follow it.
//!
//! | under the data directory | what |
//! | --- | --- |
//! | `lock` | held by the process whose directory it is |
//! | `journal/` | the truth ([`crate::journal`]) |
//! | `keys/` | the data keys ([`crate::keyring`]) |
//! | `checkpoints/` | signed heads of the journal, and the key that signs them |
//! | `store/` | what follows ([`crate::store`]): may be deleted |
//! | `store.set-aside/` | the last store that could not be used |
//!
//! R-OPS-2: a store that does not open, is of another format, or followed another journal is set aside, and one is made anew from the
//! journal. Only one disagreement is not the store's fault: when it followed further than the journal goes, then the journal
//! has lost what was acknowledged, and nothing is opened.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::thread::JoinHandle;
use std::time::Duration;

use jiff::Timestamp;
use uuid::Uuid;

use super::apply::{Follower, Row};
use super::snapshot;
use super::writer::{Progress, Writer};
use super::{
    Applied, Checkpoints, Database, DirectoryLock, FORMAT, Failure, Idempotency, PAGE, damaged, from_json,
    keys,
};
use crate::eurodac::retention::legal_day;
use crate::files::{Disk, Files};
use crate::journal::{self, Chain, Head, JournalError, Log, Tree, Written};
use crate::keyring::{Keyring, KeyringError, UNIT, WrappingKey};
use crate::startup::{Stage, Startup};
use crate::store::{Batch, SledStore, Store, StoreError};

/// How long the store may be behind on the disk: what is lost of it is replayed at the next start.
const FLUSH_EVERY: Duration = Duration::from_secs(5);
/// Lost records whose ids are told one by one.
const TOLD_MAX: usize = 20;

/// Why a data directory cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum OpenError {
    /// There is none.
    #[error("it has no journal; make it with `whorl init`")]
    NotInitialised,
    /// There is one already.
    #[error("it is a data directory already; nothing was changed")]
    Initialised,
    /// Somebody else has it.
    #[error("it is in use by another process (is `whorl serve` running?)")]
    InUse,
    /// The journal ends before something that was acknowledged.
    #[error(
        "the journal has {journal} records, and {acknowledged} were acknowledged: it has lost some. Restore it from a backup"
    )]
    JournalCutShort {
        /// Records of the journal.
        journal: u64,
        /// Records that the store followed, or that a checkpoint was signed for.
        acknowledged: u64,
    },
    /// The journal is not the one that a checkpoint was signed for.
    #[error(
        "the first {0} records of the journal are not those that the last checkpoint was signed for; see `whorl audit verify`"
    )]
    AnotherJournal(u64),
    /// Records whose keys are gone though nobody erased them.
    #[error(
        "{0} records have lost their keys, and nobody erased them: put back the directory `keys` that belongs to this journal \
         (docs/src/backups.md says what to do where there is none)"
    )]
    KeysLost(usize),
    /// Restoring would destroy all keys of another unit's records.
    #[error(
        "none of the {records} records of the backup has a key here, and the {keys} keys that are here are of records that it \
         does not know: `keys` belongs to another journal; nothing was changed"
    )]
    OtherKeyring {
        /// Records of the backup.
        records: usize,
        /// Keys of the keyring.
        keys: usize,
    },
    /// Records are destroyed, and what they had made is not there.
    #[error(
        "the first {0} records of the journal are destroyed (their year is over), and the snapshot of what they had made, or \
         the key that opens it, is not there: restore the journal from a backup, and `keys` from its mirror"
    )]
    SnapshotLost(u64),
    /// The journal.
    #[error(transparent)]
    Journal(#[from] JournalError),
    /// The keys.
    #[error(transparent)]
    Keyring(#[from] KeyringError),
    /// The store.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The directory.
    #[error(transparent)]
    Io(#[from] std::io::Error),
}

/// Why a store is not used.
enum Unfit {
    /// It can be made again.
    Doubtful(String),
    /// It cannot.
    Refused(OpenError),
}

impl From<OpenError> for Unfit {
    fn from(error: OpenError) -> Self {
        match error {
            OpenError::Store(StoreError::Failed(reason)) => Self::Doubtful(reason),
            other => Self::Refused(other),
        }
    }
}

impl From<StoreError> for Unfit {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Journal(error) => OpenError::from(error).into(),
            other => OpenError::from(other).into(),
        }
    }
}

impl Database {
    /// Makes a data directory with an empty journal and keyring.
    pub fn create(directory: &Path, wrapping: &WrappingKey) -> Result<Self, OpenError> {
        let lock = DirectoryLock::take(directory)?;
        let places = places(directory, "journal")?;
        match journal::open(places.journal.clone())? {
            // Made, and cut off before anything was recorded.
            Some(log) if log.head().size == 0 => drop(log),
            Some(_) => return Err(OpenError::Initialised),
            None => drop(Log::create(places.journal.clone())?),
        }
        if !Keyring::exists(&*places.keys)? {
            Keyring::create(places.keys.clone(), wrapping)?;
        }
        Checkpoints::create(&*places.checkpoints)?;
        let stores = SledDirectory(lock.directory().to_owned());
        Self::over(places, &stores, wrapping, Some(lock), &Startup::default())
    }

    /// Opens a data directory, and makes the store follow the journal.
    pub fn open(directory: &Path, wrapping: &WrappingKey) -> Result<Self, OpenError> {
        if !directory.join("journal").is_dir() {
            return Err(OpenError::NotInitialised);
        }
        Self::open_locked(DirectoryLock::take(directory)?, wrapping, &Startup::default())
    }

    /// The same in a directory that is ours already; `startup` is told how far it is.
    pub fn open_locked(
        lock: DirectoryLock,
        wrapping: &WrappingKey,
        startup: &Startup,
    ) -> Result<Self, OpenError> {
        let places = places(lock.directory(), "journal")?;
        let stores = SledDirectory(lock.directory().to_owned());
        let database = Self::over(places, &stores, wrapping, Some(lock), startup)?;
        if database.is_initialised()? { Ok(database) } else { Err(OpenError::NotInitialised) }
    }

    /// Wraps all data keys under another wrapping key ([`Keyring::rotate`]).
    pub fn rotate_wrapping_key(&self, new: &WrappingKey) -> Result<(), KeyringError> {
        self.keyring.rotate(new)
    }

    /// The same over any files and any store.
    pub(super) fn over(
        places: Places,
        stores: &dyn Stores,
        wrapping: &WrappingKey,
        lock: Option<DirectoryLock>,
        startup: &Startup,
    ) -> Result<Self, OpenError> {
        startup.tell(Stage::Opening);
        let Places { journal, keys, checkpoints } = places;
        let log = journal::open(journal.clone())?.ok_or(OpenError::NotInitialised)?;
        let checkpoints = Checkpoints::open(checkpoints)?;
        refuse_another_journal(&checkpoints, &*journal, log.head())?;
        let keyring = Arc::new(Keyring::open(keys, wrapping)?);
        let Followed { store, applied, head } =
            follow_or_make_anew(stores, &*journal, &keyring, log.head(), startup)?;
        tell_of_the_snapshot(&*journal, &keyring)?;
        let missing = Missing::of(&keyring, &*store)?;
        refuse_lost(&missing)?;
        settle_keys(&keyring, &*store, missing.with_key)?;
        forget_old_requests(&*store)?;
        let failure = Arc::new(Failure::default());
        let progress = Arc::new(Progress::default());
        progress.entered.store(applied.sequence, std::sync::atomic::Ordering::Release);
        *progress.head.lock() = head;
        let writer = Writer {
            log,
            keyring: keyring.clone(),
            store: store.clone(),
            failure: failure.clone(),
            progress: progress.clone(),
            applied,
            day: last_day(&*journal)?,
        };
        let (jobs, waiting) = channel();
        let latch = failure.clone();
        let write = move || {
            // Invariant 8: a writer that is gone must be seen, not only by whoever asks it to write.
            let ended = catch_unwind(AssertUnwindSafe(|| writer.run(&waiting)));
            if ended.is_err() {
                latch.latch(&StoreError::Failed("the thread that writes panicked".into()));
            }
        };
        let writing = std::thread::Builder::new().name("journal".into()).spawn(write)?;
        let (stop, flushing) = flusher(store.clone(), failure.clone(), progress.clone())?;
        let threads = vec![writing, flushing];
        Ok(Self {
            store,
            journal,
            keyring,
            checkpoints,
            failure,
            progress,
            rotation: parking_lot::Mutex::default(),
            jobs: Some(jobs),
            stop: Some(stop),
            threads,
            lock,
        })
    }
}

/// While the store is sound nobody needs the snapshot; so that it is missing is told before somebody does.
fn tell_of_the_snapshot(journal: &dyn Files, keyring: &Keyring) -> Result<(), OpenError> {
    let beginning = journal::beginning(journal)?.size;
    let there = snapshot::snapshots(journal)?.into_iter().any(|size| size >= beginning) && keyring.has(UNIT);
    if beginning > 0 && !there {
        let error = OpenError::SnapshotLost(beginning);
        tracing::error!(%error, "this start does without it, and one that has to make the store anew cannot");
    }
    Ok(())
}

/// The day on which the last segment was begun.
fn last_day(journal: &dyn Files) -> Result<Option<jiff::civil::Date>, JournalError> {
    let Some(&last) = journal::segments(journal)?.last() else { return Ok(None) };
    let body = journal::first_body(journal, last)?;
    let day = |body: Vec<u8>| Ok(legal_day(Written::decode(&body)?.0.audit.at));
    body.map(day).transpose()
}

/// What the last checkpoint was signed for was acknowledged, and is there as it was.
fn refuse_another_journal(
    checkpoints: &Checkpoints,
    journal: &dyn Files,
    head: Head,
) -> Result<(), OpenError> {
    let Some(last) = checkpoints.last().filter(|last| last.size > 0) else { return Ok(()) };
    if last.size > head.size {
        return Err(OpenError::JournalCutShort { journal: head.size, acknowledged: last.size });
    }
    let same = journal::chain_at(journal, last.size - 1)? == Some(last.chain);
    if same { Ok(()) } else { Err(OpenError::AnotherJournal(last.size)) }
}

/// Where a store comes from.
pub(super) trait Stores {
    /// Opens it.
    fn open(&self) -> Result<Arc<dyn Store>, StoreError>;
    /// Puts it where it does not disturb.
    fn set_aside(&self) -> Result<(), StoreError>;
}

/// sled, in a data directory.
pub(super) struct SledDirectory(pub(super) PathBuf);

impl Stores for SledDirectory {
    fn open(&self) -> Result<Arc<dyn Store>, StoreError> {
        Ok(Arc::new(SledStore::open(&self.0)?))
    }

    fn set_aside(&self) -> Result<(), StoreError> {
        SledStore::set_aside(&self.0)
    }
}

/// The directories of files below a data directory.
pub(super) struct Places {
    pub(super) journal: Arc<dyn Files>,
    pub(super) keys: Arc<dyn Files>,
    pub(super) checkpoints: Arc<dyn Files>,
}

/// Of a data directory, with the journal under this name.
pub(super) fn places(directory: &Path, journal: &str) -> Result<Places, OpenError> {
    let files = |name| Disk::new(&directory.join(name)).map(Arc::new);
    Ok(Places { journal: files(journal)?, keys: files("keys")?, checkpoints: files("checkpoints")? })
}

/// A store that has followed the journal to its end.
pub(super) struct Followed {
    pub(super) store: Arc<dyn Store>,
    applied: Applied,
    head: (Tree, Chain),
}

/// A store that has followed the journal to its end.
pub(super) fn follow_or_make_anew(
    stores: &dyn Stores,
    journal: &dyn Files,
    keyring: &Keyring,
    head: Head,
    startup: &Startup,
) -> Result<Followed, OpenError> {
    let attempt = || -> Result<_, Unfit> {
        let store = stores.open()?;
        let follower = follow(&*store, journal, keyring, head, startup)?;
        let (applied, head) = (follower.applied().clone(), follower.head());
        // Keys of what is no record are destroyed on the store's word: it must not have lost one.
        if read_through(&*store)? != applied.records {
            return Err(Unfit::Doubtful("it has not as many records as were entered and not erased".into()));
        }
        Ok(Followed { store, applied, head })
    };
    match attempt() {
        Ok(followed) => Ok(followed),
        Err(Unfit::Refused(error)) => Err(error),
        Err(Unfit::Doubtful(reason)) => {
            tracing::warn!(reason, "the store is set aside, and made anew from the journal");
            stores.set_aside()?;
            attempt().map_err(|unfit| match unfit {
                Unfit::Refused(error) => error,
                Unfit::Doubtful(reason) => StoreError::Failed(reason).into(),
            })
        }
    }
}

/// Reads all of a store: what is damaged is found now, when another can be made, and not when somebody asks for it. How many records
/// it has.
fn read_through(store: &dyn Store) -> Result<u64, StoreError> {
    let (mut after, mut records) = (Vec::new(), 0);
    loop {
        let mut page = store.scan(b"", &after, PAGE)?;
        records += page.iter().filter(|(key, _)| key.starts_with(keys::RECORD)).count() as u64;
        let Some((last, _)) = page.pop() else { return Ok(records) };
        after = last;
    }
}

/// Makes a store follow the journal to its end; a new one begins with the last snapshot, where records are destroyed.
fn follow<'a>(
    store: &'a dyn Store,
    journal: &dyn Files,
    keyring: &Keyring,
    head: Head,
    startup: &Startup,
) -> Result<Follower<'a>, Unfit> {
    let mut applied: Applied = match store.get(&keys::applied())? {
        Some(value) => postcard::from_bytes(&value).map_err(damaged)?,
        None => Applied::default(),
    };
    if applied.size > 0 && store.get(&keys::format())?.as_deref() != Some(FORMAT) {
        return Err(Unfit::Doubtful("it is of another format".into()));
    }
    if applied.size > head.size {
        let (journal, acknowledged) = (head.size, applied.size);
        return Err(Unfit::Refused(OpenError::JournalCutShort { journal, acknowledged }));
    }
    if let Some(last) = applied.size.checked_sub(1)
        && journal::chain_at(journal, last).map_err(OpenError::from)? != Some(Chain(applied.chain))
    {
        return Err(Unfit::Doubtful("it followed another journal".into()));
    }
    let beginning = journal::beginning(journal).map_err(OpenError::from)?.size;
    if applied.size < beginning {
        if applied.size > 0 {
            return Err(Unfit::Doubtful("it has not followed records that are destroyed by now".into()));
        }
        applied = snapshot::newest(journal, beginning, keyring, store)?;
    }
    let mut format = Batch::default();
    format.put(keys::format(), FORMAT.to_vec());
    store.apply(format)?;
    let mut follower = Follower::new(store, applied)?;
    follower.follow(journal, u64::MAX, |record| startup.tell(Stage::Following(record, head.size)))?;
    store.flush()?;
    Ok(follower)
}

/// What store and keyring know of one another.
pub(super) struct Missing {
    /// Records of the store that have no key.
    pub(super) without_key: Vec<Uuid>,
    /// Records of the store that have one.
    pub(super) with_key: usize,
}

impl Missing {
    /// Looks at every record of a store that has followed the journal to its end.
    pub(super) fn of(keyring: &Keyring, store: &dyn Store) -> Result<Self, OpenError> {
        let mut found = Self { without_key: Vec::new(), with_key: 0 };
        let mut after = Vec::new();
        loop {
            let page = store.scan(keys::RECORD, &after, PAGE)?;
            let Some((last, _)) = page.last() else { return Ok(found) };
            after.clone_from(last);
            for (key, value) in page {
                let id = Uuid::from_slice(&key[keys::RECORD.len()..]).map_err(damaged)?;
                if keyring.has(postcard::from_bytes::<Row>(&value).map_err(damaged)?.key) {
                    found.with_key += 1;
                } else {
                    found.without_key.push(id);
                }
            }
        }
    }
}

/// A record without a key that nobody erased: what was erased has left the store, even where a crash cut the erasure off, because the
/// store has followed the journal. So this is damage, or somebody else's keyring, and to go on would make it look like an erasure.
fn refuse_lost(missing: &Missing) -> Result<(), OpenError> {
    for id in missing.without_key.iter().take(TOLD_MAX) {
        tracing::error!(%id, "a record has lost its key");
    }
    match missing.without_key.len() {
        0 => Ok(()),
        lost => Err(OpenError::KeysLost(lost)),
    }
}

/// Destroys the keys of what is no record: entries that were never acknowledged, erasures that were cut off. A slot that cannot
/// be read is nobody's then: a key that was being written, or destroyed, when the power went. Tells how many keys it destroyed.
/// Where the keyring has no more keys than records of the store have, there is none to look for.
pub(super) fn settle_keys(keyring: &Keyring, store: &dyn Store, with_key: usize) -> Result<usize, OpenError> {
    if keyring.unreadable() > 0 {
        let cleared = keyring.clear_unreadable()?;
        tracing::warn!(
            cleared,
            "slots of the keyring were being written when the machine stopped; they are free again"
        );
    }
    if keyring.len() == with_key {
        return Ok(0);
    }
    let mut nobodys = Vec::new();
    for key in keyring.records() {
        let record = store.get(&keys::sealed_under(key))?.and_then(|id| Uuid::from_slice(&id).ok());
        let row = store.get(&keys::record(record.unwrap_or(key)))?;
        let used = row.map(|row| postcard::from_bytes::<Row>(&row)).transpose().map_err(damaged)?;
        if used.is_none_or(|row| row.key != key) {
            nobodys.push(key);
        }
    }
    Ok(keyring.destroy_all(&nobodys)?)
}

/// Idempotency keys are remembered for a while ([`Idempotency::KEPT`]).
pub(super) fn forget_old_requests(store: &dyn Store) -> Result<(), StoreError> {
    let now = Timestamp::now();
    let mut batch = Batch::default();
    for (key, value) in store.scan(keys::IDEMPOTENCY, b"", usize::MAX)? {
        if from_json::<Idempotency>(&value)?.is_over(now) {
            batch.remove(key);
        }
    }
    store.apply(batch)
}

/// Makes durable what the store has applied, now and then.
fn flusher(
    store: Arc<dyn Store>,
    failure: Arc<Failure>,
    progress: Arc<Progress>,
) -> std::io::Result<(Sender<()>, JoinHandle<()>)> {
    let (stop, stopped) = channel();
    let work = move || {
        while stopped.recv_timeout(FLUSH_EVERY) == Err(RecvTimeoutError::Timeout) {
            let unflushed = progress.unflushed.swap(false, std::sync::atomic::Ordering::AcqRel);
            if unflushed && let Err(error) = store.flush() {
                failure.latch(&error);
            }
        }
    };
    Ok((stop, std::thread::Builder::new().name("store-flush".into()).spawn(work)?))
}
