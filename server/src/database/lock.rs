//! Whose a data directory is: one process's at a time.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use super::OpenError;

/// How long a lock may outlive its owner: a worker that was forked a moment before holds it, too, until it has become another program.
const LOCK_WAIT: Duration = Duration::from_secs(1);

/// A data directory that is ours as long as this value lives.
pub struct DirectoryLock {
    directory: PathBuf,
    /// Locked until it is closed.
    _file: std::fs::File,
}

impl DirectoryLock {
    /// Takes a directory that is there.
    ///
    /// # Errors
    /// [`OpenError::InUse`] where another process has it.
    pub fn take(directory: &Path) -> Result<Self, OpenError> {
        let file = std::fs::File::create(directory.join("lock"))?;
        let start = Instant::now();
        loop {
            match file.try_lock() {
                Ok(()) => return Ok(Self { directory: directory.to_owned(), _file: file }),
                Err(std::fs::TryLockError::Error(error)) => return Err(error.into()),
                Err(std::fs::TryLockError::WouldBlock) if start.elapsed() > LOCK_WAIT => {
                    return Err(OpenError::InUse);
                }
                Err(std::fs::TryLockError::WouldBlock) => std::thread::sleep(LOCK_WAIT / 50),
            }
        }
    }

    /// The directory.
    pub fn directory(&self) -> &Path {
        &self.directory
    }
}
