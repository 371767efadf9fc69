//! The wrapping key in a file beside the keyring, and its rotation.
//!
//! It is where the key lies unless an operator says otherwise: on the disk with the data, so good for trying things out and for disks that
//! are encrypted as a whole. Rotating it changes two files, key and keyring, and power may go between. Three names: `wrapping.key`;
//! `wrapping.key.new`, from before the rotation until it takes the place of the other; `wrapping.key.old`, while it is being overwritten.
//!
//! | step | cut during it or after it, the next start finds | and does |
//! | --- | --- | --- |
//! | 1 [`prepare`]: `.new` is written and synced, and its name | `.new` in any state or none; `wrapping.key` opens the keyring | nothing |
//! | 2 [`super::Keyring::rotate`] | one of the two opens it | nothing, or steps 3 to 5 |
//! | 3 `wrapping.key` becomes `.old` | `.old` and `.new`; `.new` opens it | steps 4 and 5 |
//! | 4 `.new` becomes `wrapping.key`; the directory is synced | `.old`; `wrapping.key` opens it | step 5 |
//! | 5 zeros over `.old`, synced; it is removed | `.old` in any state, or none; `wrapping.key` opens it | step 5 |
//!
//! A `.new` that was never used is overwritten by the next rotation.
//!
//! So at every point a key that opens the keyring has one of the names, and nothing is overwritten that is not known to be of no use any
//! more. All of it happens under the lock of the data directory.

use super::file::{there, wipe};
use super::{Keyring, KeyringError, WrappingError, WrappingKey};
use crate::files::Files;

/// Name of the file, in the directory of the keyring.
pub const NAME: &str = "wrapping.key";
/// The next one.
const NEW: &str = "wrapping.key.new";
/// The last one, as long as it is being overwritten.
const OLD: &str = "wrapping.key.old";
/// Longer is no key. Unit: bytes.
const LENGTH_MAX: usize = 1024;

/// Makes the next wrapping key, durable when this returns.
pub fn prepare(files: &dyn Files) -> Result<WrappingKey, KeyringError> {
    if there(files, NEW)? {
        // It is never overwritten where the keyring is under it.
        settle(files)?;
    }
    if there(files, NEW)? {
        wipe(files, NEW)?;
    }
    let key = WrappingKey::generate()?;
    files.write(NEW, 0, key.reveal().as_bytes())?;
    files.sync(NEW)?;
    files.sync_directory()?;
    Ok(key)
}

/// Finishes what a rotation left: whichever file opens the keyring is `wrapping.key` then. Where nothing was left, nothing is done;
/// nor where no file opens it, which opening the keyring tells.
pub fn settle(files: &dyn Files) -> Result<(), KeyringError> {
    if there(files, NEW)? && opens(files, NEW)? {
        if there(files, NAME)? {
            files.rename(NAME, OLD)?;
        }
        files.rename(NEW, NAME)?;
    }
    if there(files, OLD)? && opens(files, NAME)? {
        files.sync_directory()?;
        wipe(files, OLD)?;
        files.sync_directory()?;
    }
    Ok(())
}

/// Whether there is a key under this name, and it is that of the keyring.
fn opens(files: &dyn Files, name: &str) -> Result<bool, KeyringError> {
    if !there(files, name)? {
        return Ok(false);
    }
    let length = usize::try_from(files.len(name)?).unwrap_or(usize::MAX).min(LENGTH_MAX);
    let bytes = zeroize::Zeroizing::new(files.read(name, 0, length)?);
    match WrappingKey::parse_raw_or_text(&bytes) {
        Ok(key) => Keyring::is_under(files, &key),
        // Cut short when it was written: it was never used.
        Err(_) => Ok(false),
    }
}

impl From<WrappingError> for KeyringError {
    fn from(error: WrappingError) -> Self {
        match error {
            WrappingError::Random(error) => Self::Random(error),
            WrappingError::Io(error) => Self::Io(error),
            other => Self::Io(std::io::Error::other(other.to_string())),
        }
    }
}
