//! sled 0.34.7 as a store.
//!
//! *Why one tree.* A batch is atomic within one tree; keys have a prefix instead. *Why the second sync:* sled's own flush
//! is `sync_file_range`, which does not empty the disk's cache nor write the file's size; `fdatasync` does.
//! *Failure.* sled panics on damage in its files; opening catches that, and says that it failed. A store that failed is set
//! aside and made again ([`SledStore::set_aside`]).

use std::ops::Bound;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use fs_err::File;

use super::{Batch, Pair, Store, StoreError};

/// Directory of the store, in the data directory.
const NAME: &str = "store";
/// The same, of one that could not be used.
const ASIDE: &str = "store.set-aside";

/// Cache of the store. Unit: bytes.
const CACHE_BYTES: u64 = 128 << 20;

/// How long a lock may outlive its owner: a worker that was forked a moment before holds it, too, until it has become another program.
const LOCK_WAIT: Duration = Duration::from_secs(1);

/// A sled database in a directory of its own.
pub struct SledStore {
    /// Taken only when dropped.
    db: Option<::sled::Db>,
    file: File,
    failed: AtomicBool,
}

impl SledStore {
    /// Opens the store in `dir/store`, or makes one.
    pub fn open(dir: &Path) -> Result<Self, StoreError> {
        let path = dir.join(NAME);
        let db = match open(&path) {
            Err(StoreError::Failed(reason)) if drop_unfinished_snapshots(&path)? => {
                tracing::warn!(%reason, "an unfinished snapshot was removed; the log that it was made from is whole");
                open(&path)?
            }
            opened => opened?,
        };
        let file = File::open(path.join("db")).map_err(failed)?;
        Ok(Self { db: Some(db), file, failed: AtomicBool::new(false) })
    }

    fn db(&self) -> Result<&::sled::Db, StoreError> {
        self.db.as_ref().ok_or_else(|| StoreError::Failed("the store is closed".into()))
    }

    /// Gives the directory of a store that cannot be used another name, so that it can be looked at; one that was set aside before goes.
    pub fn set_aside(dir: &Path) -> Result<(), StoreError> {
        let (path, aside) = (dir.join(NAME), dir.join(ASIDE));
        if aside.exists() {
            fs_err::remove_dir_all(&aside).map_err(failed)?;
        }
        if path.exists() {
            fs_err::rename(path, aside).map_err(failed)?;
        }
        Ok(())
    }

    /// Reads. sled looks at most of its file only then, and may panic on what it finds.
    fn read<T>(&self, work: impl FnOnce(&::sled::Db) -> Result<T, StoreError>) -> Result<T, StoreError> {
        let db = self.db()?;
        let outcome = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| work(db)));
        self.noted(outcome.unwrap_or_else(|_| Err(failed("it panicked on what it found"))))
    }

    /// After an error: dropping must not wait for it.
    fn noted<T>(&self, outcome: Result<T, StoreError>) -> Result<T, StoreError> {
        outcome.inspect_err(|_| self.failed.store(true, Ordering::Release))
    }
}

impl Drop for SledStore {
    /// sled flushes when it is dropped, and after a write that failed it can wait for ever. What was answered is on disk already,
    /// so then it is left as it is, and the process can end.
    fn drop(&mut self) {
        if self.failed.load(Ordering::Acquire) {
            std::mem::forget(self.db.take());
        }
    }
}

fn open(path: &Path) -> Result<::sled::Db, StoreError> {
    // sled flushes when told to, and only then: a timer would hide a forgotten flush from the tests.
    let config = ::sled::Config::new().path(path).cache_capacity(CACHE_BYTES).flush_every_ms(None);
    let start = Instant::now();
    // sled panics on some damage; the default hook still prints where.
    let attempt = || {
        let opened = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| config.open()));
        opened.map_err(|_| failed("it panicked on what it found"))
    };
    loop {
        match attempt()? {
            Ok(db) => return Ok(db),
            Err(::sled::Error::Io(io)) if io.to_string().contains("lock") => {
                if start.elapsed() > LOCK_WAIT {
                    return Err(StoreError::InUse(path.display().to_string()));
                }
                std::thread::sleep(LOCK_WAIT / 50);
            }
            Err(other) => return Err(failed(other)),
        }
    }
}

/// sled will not open beside a snapshot that it could not finish writing, as a full disk leaves it. Removes those; whether there
/// were any. Only for a directory that could not be opened, and so is nobody else's.
fn drop_unfinished_snapshots(path: &Path) -> Result<bool, StoreError> {
    let mut dropped = false;
    for entry in fs_err::read_dir(path).map_err(failed)? {
        let file = entry.map_err(failed)?.path();
        if file.extension().is_some_and(|end| end == "generating") {
            fs_err::remove_file(file).map_err(failed)?;
            dropped = true;
        }
    }
    Ok(dropped)
}

fn failed(error: impl core::fmt::Display) -> StoreError {
    StoreError::Failed(error.to_string())
}

impl Store for SledStore {
    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
        self.read(|db| Ok(db.get(key).map_err(failed)?.map(|value| value.to_vec())))
    }

    fn scan(&self, prefix: &[u8], after: &[u8], limit: usize) -> Result<Vec<Pair>, StoreError> {
        let from = if after < prefix { Bound::Included(prefix) } else { Bound::Excluded(after) };
        self.read(|db| {
            let mut pairs = Vec::new();
            for pair in db.range::<&[u8], _>((from, Bound::Unbounded)).take(limit) {
                let (key, value) = pair.map_err(failed)?;
                if !key.starts_with(prefix) {
                    break;
                }
                pairs.push((key.to_vec(), value.to_vec()));
            }
            Ok(pairs)
        })
    }

    fn apply(&self, batch: Batch) -> Result<(), StoreError> {
        let mut together = ::sled::Batch::default();
        for (key, value) in batch.0 {
            match value {
                Some(value) => together.insert(key, value),
                None => together.remove(key),
            }
        }
        self.noted(self.db()?.apply_batch(together).map_err(failed))
    }

    fn flush(&self) -> Result<(), StoreError> {
        let flushed = self.db()?.flush().map_err(failed);
        self.noted(flushed.and_then(|_| self.file.sync_data().map_err(failed)))
    }
}
