//! Where derived state lies: ordered keys and values, written in batches that are there whole, or not at all.
//!
//! *Why a trait.* sled is what we have, not what we trust: everything in it is made from [`crate::journal`], it may be
//! deleted and made again, and another store must be able to take its place. Both implementations pass one suite (below).
//! *Why a batch is not durable at once.* It need not be: the journal is, and the store remembers how far it followed it.

mod memory;
mod sled;

pub use memory::MemoryStore;
pub use sled::SledStore;

use uuid::Uuid;

use crate::journal::JournalError;
use crate::keyring::KeyringError;

/// What a store cannot do.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StoreError {
    /// Another process has it open.
    #[error("the data directory {0} is in use by another process (is `whorl serve` running?)")]
    InUse(String),
    /// The disk, or what is on it.
    #[error("the store failed: {0}")]
    Failed(String),
    /// R-ERASE-3: it was to be disclosed, and was erased meanwhile.
    #[error("record {0} was erased meanwhile")]
    Erased(Uuid),
    /// The journal.
    #[error(transparent)]
    Journal(#[from] JournalError),
    /// The keys.
    #[error(transparent)]
    Keyring(#[from] KeyringError),
}

/// Writes that happen together. A later write of a key wins.
#[derive(Debug, Default)]
pub struct Batch(pub(crate) Vec<(Vec<u8>, Option<Vec<u8>>)>);

impl Batch {
    /// Sets a key.
    pub fn put(&mut self, key: Vec<u8>, value: Vec<u8>) {
        self.0.push((key, Some(value)));
    }

    /// Removes a key.
    pub fn remove(&mut self, key: Vec<u8>) {
        self.0.push((key, None));
    }
}

/// A key and its value.
pub type Pair = (Vec<u8>, Vec<u8>);

/// Ordered keys and values.
pub trait Store: Send + Sync {
    /// The value of a key.
    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError>;

    /// Up to `limit` pairs whose key begins with `prefix` and is greater than `after`, in order of key.
    fn scan(&self, prefix: &[u8], after: &[u8], limit: usize) -> Result<Vec<Pair>, StoreError>;

    /// Applies a batch: all of it can be read when this returns. After a crash it is there whole or not at all, and not without
    /// those before it.
    fn apply(&self, batch: Batch) -> Result<(), StoreError>;

    /// Makes everything applied so far durable.
    fn flush(&self) -> Result<(), StoreError>;
}

#[cfg(test)]
mod suite {
    use super::*;

    fn key(text: &str) -> Vec<u8> {
        text.as_bytes().to_vec()
    }

    fn runs(store: &dyn Store) {
        assert!(store.get(b"a").unwrap().is_none());
        let mut batch = Batch::default();
        for (name, value) in [("p/1", "x"), ("p/3", "y"), ("p/2", "z"), ("q/1", "w"), ("p/3", "last")] {
            batch.put(key(name), key(value));
        }
        store.apply(batch).unwrap();
        assert_eq!(store.get(b"p/3").unwrap(), Some(key("last")), "a later write wins");
        let names = |pairs: Vec<Pair>| {
            pairs.into_iter().map(|(k, _)| String::from_utf8(k).unwrap()).collect::<Vec<_>>()
        };
        assert_eq!(names(store.scan(b"p/", b"", 10).unwrap()), ["p/1", "p/2", "p/3"]);
        assert_eq!(names(store.scan(b"p/", b"p/1", 1).unwrap()), ["p/2"]);
        assert!(store.scan(b"r/", b"", 10).unwrap().is_empty());
        let mut batch = Batch::default();
        batch.remove(key("p/1"));
        batch.remove(key("not there"));
        batch.put(key("p/4"), vec![0; 40_000]);
        store.apply(batch).unwrap();
        assert_eq!(names(store.scan(b"p/", b"", 10).unwrap()), ["p/2", "p/3", "p/4"]);
        assert_eq!(store.get(b"p/4").unwrap().unwrap().len(), 40_000);
    }

    #[test]
    fn the_model_passes() {
        runs(&MemoryStore::default());
    }

    #[test]
    fn sled_passes_and_keeps_everything_over_a_restart() {
        let dir = tempfile::tempdir().unwrap();
        let store = SledStore::open(dir.path()).unwrap();
        runs(&store);
        assert!(matches!(SledStore::open(dir.path()), Err(StoreError::InUse(_))));
        drop(store);
        let again = SledStore::open(dir.path()).unwrap();
        assert_eq!(again.scan(b"", b"", 10).unwrap().len(), 4);
    }

    #[test]
    fn r_ops_2_a_store_that_is_damaged_anywhere_opens_or_says_so() {
        let dir = tempfile::tempdir().unwrap();
        let store = SledStore::open(dir.path()).unwrap();
        runs(&store);
        drop(store);
        let db = dir.path().join("store/db");
        let whole = fs_err::read(&db).unwrap();
        let (mut opened, mut refused) = (0, 0);
        for at in (0..whole.len()).step_by(whole.len() / 40) {
            let mut damaged = whole.clone();
            damaged[at] ^= 0x10;
            fs_err::write(&db, damaged).unwrap();
            match SledStore::open(dir.path()) {
                Ok(_) => opened += 1,
                Err(StoreError::Failed(_)) => refused += 1,
                Err(other) => panic!("{other}"),
            }
        }
        assert_eq!(opened + refused, whole.len().div_ceil(whole.len() / 40), "no panic gets through");
    }

    #[test]
    fn what_a_full_disk_leaves_of_a_snapshot_does_not_keep_sled_shut() {
        let dir = tempfile::tempdir().unwrap();
        runs(&SledStore::open(dir.path()).unwrap());
        let left = dir.path().join("store/snap.00000000004382BD.generating");
        fs_err::write(&left, b"").unwrap();
        let again = SledStore::open(dir.path()).unwrap();
        assert_eq!(again.scan(b"", b"", 10).unwrap().len(), 4);
        assert!(!left.exists());
    }
}
