//! Putting a backup in its place in a data directory, whole or not at all.
//!
//! The journal is unpacked under another name, made to agree with the keyring there ([`Database::reconcile`]), and renamed when
//! all of it is on the disk. So a restoration that was cut off is begun again, and `whorl serve` never sees half of one. The keys
//! of records that the backup does not know are destroyed before the rename: they are of no use with that journal, and the next
//! attempt finds the same.

use std::path::PathBuf;

use super::{BackupError, Identities, Manifest, unpack};
use crate::database::{Database, DirectoryLock, OpenError, Reconciled, Reconciling};
use crate::files::{Disk, Files};
use crate::journal::AuditRecord;
use crate::keyring::{Keyring, WrappingKey};

/// Where the journal is until it is whole.
const UNFINISHED: &str = "journal.restoring";

/// Why a backup was not restored.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RestoreError {
    /// There is one already.
    #[error("{0} is there already, and is not overwritten; nothing was changed")]
    JournalThere(PathBuf),
    /// A backup has no keys.
    #[error(
        "{0} has no keyring. A backup never holds keys: put the `keys` directory of this unit there, from its disk or a mirror \
         of it. Without it no print can be read again"
    )]
    NoKeys(PathBuf),
    /// Another journal than the one that was asked for.
    #[error("the backup ends at head {found}, not at {expected}; nothing was changed")]
    OtherHead {
        /// As asked for.
        expected: String,
        /// As found.
        found: String,
    },
    /// The backup.
    #[error(transparent)]
    Backup(#[from] BackupError),
    /// Journal and keys.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// The data directory.
    #[error(transparent)]
    Io(#[from] std::io::Error),
}

/// What was restored.
pub struct Restored {
    /// The backup.
    pub manifest: Manifest,
    /// What the keyring knew of it.
    pub reconciled: Reconciled,
}

/// A data directory that has keys, and no journal.
pub struct Place {
    lock: DirectoryLock,
}

impl Place {
    /// Looks whether a backup can be restored there.
    pub fn new(lock: DirectoryLock) -> Result<Self, RestoreError> {
        let journal = lock.directory().join("journal");
        if fs_err::symlink_metadata(&journal).is_ok() {
            return Err(RestoreError::JournalThere(journal));
        }
        let keys = lock.directory().join("keys");
        if !keys.is_dir() || !Keyring::exists(&Disk::new(&keys)?).map_err(OpenError::from)? {
            return Err(RestoreError::NoKeys(keys));
        }
        Ok(Self { lock })
    }

    /// The lock of the directory.
    pub fn lock(&self) -> &DirectoryLock {
        &self.lock
    }

    /// Puts a backup there; without an audit record only looks whether it could, and what would come of it. `head`, where it is
    /// given, is the hash that the backup must end with.
    pub fn restore(
        &self,
        backup: &dyn Files,
        identities: &Identities,
        wrapping: &WrappingKey,
        head: Option<&str>,
        how: &How<'_>,
    ) -> Result<Restored, RestoreError> {
        let unfinished = self.lock.directory().join(UNFINISHED);
        let outcome = self.attempt(backup, identities, wrapping, head, how);
        if (outcome.is_err() || how.audit.is_none()) && unfinished.exists() {
            fs_err::remove_dir_all(&unfinished)?;
        }
        outcome
    }

    fn attempt(
        &self,
        backup: &dyn Files,
        identities: &Identities,
        wrapping: &WrappingKey,
        head: Option<&str>,
        how: &How<'_>,
    ) -> Result<Restored, RestoreError> {
        let directory = self.lock.directory();
        let unfinished = directory.join(UNFINISHED);
        if unfinished.exists() {
            fs_err::remove_dir_all(&unfinished)?;
        }
        let manifest = unpack(backup, identities, &Disk::new(&unfinished)?, how.progress)?;
        if let Some(expected) = head.filter(|head| !head.eq_ignore_ascii_case(&manifest.chain)) {
            let (expected, found) = (expected.to_owned(), manifest.chain);
            return Err(RestoreError::OtherHead { expected, found });
        }
        let what = how.audit.map_or(Reconciling::Count, Reconciling::Do);
        let reconciled = Database::reconcile(&self.lock, UNFINISHED, wrapping, &what)?;
        if how.audit.is_some() {
            fs_err::rename(&unfinished, directory.join("journal"))?;
            fs_err::File::open(directory)?.sync_all()?;
        }
        Ok(Restored { manifest, reconciled })
    }
}

/// How it is done.
pub struct How<'a> {
    /// The audit record of it; `None` only looks.
    pub audit: Option<&'a AuditRecord>,
    /// Told the segments that are done, and all.
    pub progress: &'a dyn Fn(usize, usize),
}
