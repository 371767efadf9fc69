//! sled 0.34.7 as a store.
//!
//! *Why one tree.* A batch is atomic within one tree; keys have a prefix instead. *Why the second sync:* sled's own flush
//! is `sync_file_range`, which does not empty the disk's cache nor write the file's size; `fdatasync` does.
//! *Failure.* The first failed write latches. What it wrote may be readable and yet not on disk, so from then on reads are
//! refused as well as writes, until a restart has looked at what is there.

use std::ops::Bound;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use fs_err::File;

use super::{Batch, Pair, Store, StoreError};

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
        let path = dir.join("store");
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

    fn in_order(&self) -> Result<(), StoreError> {
        self.failure().map_or(Ok(()), |reason| Err(StoreError::Failed(reason)))
    }

    fn write(&self, batch: Batch) -> Result<(), StoreError> {
        let mut together = ::sled::Batch::default();
        for (key, value) in batch.0 {
            match value {
                Some(value) => together.insert(key, value),
                None => together.remove(key),
            }
        }
        let db = self.db()?;
        db.apply_batch(together).map_err(failed)?;
        db.flush().map_err(failed)?;
        self.file.sync_data().map_err(failed)
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
    loop {
        match config.open() {
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
        self.in_order()?;
        Ok(self.db()?.get(key).map_err(failed)?.map(|value| value.to_vec()))
    }

    fn scan(&self, prefix: &[u8], after: &[u8], limit: usize) -> Result<Vec<Pair>, StoreError> {
        self.in_order()?;
        let from = if after < prefix { Bound::Included(prefix) } else { Bound::Excluded(after) };
        let mut pairs = Vec::new();
        for pair in self.db()?.range::<&[u8], _>((from, Bound::Unbounded)).take(limit) {
            let (key, value) = pair.map_err(failed)?;
            if !key.starts_with(prefix) {
                break;
            }
            pairs.push((key.to_vec(), value.to_vec()));
        }
        Ok(pairs)
    }

    fn failure(&self) -> Option<String> {
        self.failed.load(Ordering::Acquire).then(|| "an earlier write failed; restart the server".to_owned())
    }

    fn commit(&self, batch: Batch) -> Result<(), StoreError> {
        self.in_order()?;
        self.write(batch).inspect_err(|_| self.failed.store(true, Ordering::Release))
    }
}
