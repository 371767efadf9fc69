//! Rotation of the wrapping key while the unit serves: at an age, or when its keeper has another one.

use std::time::{Duration, SystemTime};

use super::Database;
use crate::files::Disk;
use crate::keyring::{KeyringError, WrappingSource, key_file};

/// When it is rotated.
#[derive(Debug, Clone)]
pub enum KeySchedule {
    /// Only on request (`whorl keys rotate`).
    OnRequest,
    /// The key is the file in the data directory: when that is so old.
    Age(Duration),
    /// Whenever this gives another key than the one in force.
    Source(WrappingSource),
}

impl Database {
    /// Rotates it where it is time to; whether it was. Entries wait meanwhile, searches do not.
    ///
    /// # Errors
    /// One of the keys opens the keyring at the next start; which, that start finds out.
    pub fn rotate_when_due(&self, schedule: &KeySchedule) -> Result<bool, KeyringError> {
        let outcome = self.rotate_if_due(schedule);
        *self.rotation.lock() =
            outcome.as_ref().err().map(|error| format!("the wrapping key was not rotated: {error}"));
        outcome
    }

    /// Why the last rotation failed, if it did.
    pub fn rotation_problem(&self) -> Option<String> {
        self.rotation.lock().clone()
    }

    /// Which wrapping key is in force: says nothing of the key.
    pub fn wrapping_key_id(&self) -> uuid::Uuid {
        self.keyring.wrapping_key_id()
    }

    fn rotate_if_due(&self, schedule: &KeySchedule) -> Result<bool, KeyringError> {
        match schedule {
            KeySchedule::OnRequest => Ok(false),
            KeySchedule::Age(age) => self.rotate_own(*age),
            KeySchedule::Source(source) => {
                let next = source.read()?;
                let due = !self.keyring.is_wrapped_by(&next);
                if due {
                    self.keyring.rotate(&next)?;
                }
                Ok(due)
            }
        }
    }

    fn rotate_own(&self, age: Duration) -> Result<bool, KeyringError> {
        let Some(lock) = &self.lock else { return Ok(false) };
        let keys = lock.directory().join("keys");
        let files = Disk::new(&keys)?;
        // What an earlier rotation left half done comes first: the new key may be the one in force. And after an error of the disk the
        // keyring refuses, before a key is made that would take the place of another.
        key_file::settle(&files)?;
        self.keyring.sync()?;
        let made = fs_err::metadata(keys.join(key_file::NAME))?.modified()?;
        // One from the future is not old.
        if SystemTime::now().duration_since(made).unwrap_or_default() < age {
            return Ok(false);
        }
        self.keyring.rotate(&key_file::prepare(&files)?)?;
        key_file::settle(&files)?;
        Ok(true)
    }
}
