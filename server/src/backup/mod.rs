//! Backups of the journal, encrypted, and the way back.
//!
//! The journal is the truth, so it is all that a backup needs: the store is made from it. The keyring is never in one
//! ([`crate::keyring`]): without it a backup is noise but for the audit, and whoever was erased is erased from every backup at
//! once, wherever it lies. On top of that, files are encrypted with age to recipients whose identity is kept elsewhere, so that
//! the machine that makes backups, and whoever has them, reads not even the audit. The ordinary `age` tool reads them too.
//!
//! | in the directory of a backup | what |
//! | --- | --- |
//! | `manifest.json` | what is in it: [`Manifest`]; nothing personal. Written last |
//! | `<first>-<end>-<tag>.journal.age` | a segment of the journal, from record `first` up to `end`, which is not in it |
//! | `lock` | held while one is made |
//! | `*.tmp`, other `*.journal.age` | what was cut off; the next backup removes it |
//!
//! *Consistent while the server runs*: closed segments do not change but by becoming hollow, and of the last one the records that
//! follow one another from its beginning are taken, once they are synced. So a backup is the state at one record. *Incremental*: a
//! full segment that is in the backup is neither read nor written again; a hollow one is read, and written where it has become
//! hollower. *Cut off at any point*: the manifest still names the files of the last backup, which are all there: a file's name has a
//! tag made from its content and recipients, so none is replaced by another.
//!
//! *Why not the whole data directory*: the store is larger than the journal and would be torn, and with the keys a backup would undo
//! erasures. *Why not signatures*: who can write a backup knows the recipients and could make another; the head that a backup tells is
//! what proves which journal it is (`whorl restore --head`).

mod making;
mod manifest;
mod restoring;
mod sealing;
#[cfg(test)]
mod tests;
mod unpacking;

pub use making::{Made, make};
pub use manifest::{Manifest, Segment};
pub use restoring::{How, Place, RestoreError, Restored};
pub use sealing::{Identities, Recipient, Recipients, generate};
pub use unpacking::unpack;

use crate::files::Files;
use crate::journal::JournalError;

/// Why a backup cannot be made or used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BackupError {
    /// The disk with the backup.
    #[error("cannot {what} {name} of the backup: {error}")]
    Io {
        /// What was tried.
        what: &'static str,
        /// With which file.
        name: String,
        /// What the system said.
        error: std::io::Error,
    },
    /// There is none.
    #[error("there is no backup: it has no manifest.json")]
    Missing,
    /// The manifest.
    #[error("manifest.json of the backup {0}")]
    Manifest(String),
    /// The journal.
    #[error(transparent)]
    Journal(#[from] JournalError),
    /// A journal that does not continue the one in the backup.
    #[error(
        "the backup has {backup} records, and they are not those with which this journal begins; it was left as it is. Use \
         another directory for this journal"
    )]
    OtherJournal {
        /// Records in the backup.
        backup: u64,
    },
    /// A file does not hold what it shall.
    #[error("record {record} cannot be restored: {file} {problem}")]
    Damaged {
        /// The first record that is not as it was.
        record: u64,
        /// The file in the backup.
        file: String,
        /// What is wrong.
        problem: String,
    },
    /// The identity is not one of the recipients'.
    #[error("{file} is not encrypted to this identity; it is to {recipients}")]
    WrongIdentity {
        /// The file in the backup.
        file: String,
        /// To whom, as the manifest says.
        recipients: String,
    },
    /// Encryption failed.
    #[error("cannot encrypt: {0}")]
    Encryption(String),
}

impl BackupError {
    fn io(what: &'static str, name: &str) -> impl FnOnce(std::io::Error) -> Self {
        move |error| Self::Io { what, name: name.to_owned(), error }
    }
}

/// All bytes of a file.
fn read(files: &dyn Files, name: &str) -> std::io::Result<Vec<u8>> {
    let length = usize::try_from(files.len(name)?).map_err(std::io::Error::other)?;
    files.read(name, 0, length)
}

/// Writes a file under a temporary name, and gives it its own once it is on the disk.
fn put(files: &dyn Files, name: &str, bytes: &[u8]) -> Result<(), BackupError> {
    let temporary = format!("{name}.tmp");
    let work = || {
        // What was cut off may be longer.
        if files.list()?.contains(&temporary) {
            files.remove(&temporary)?;
        }
        files.write(&temporary, 0, bytes)?;
        files.sync(&temporary)?;
        files.rename(&temporary, name)?;
        files.sync_directory()
    };
    work().map_err(BackupError::io("write", name))
}
