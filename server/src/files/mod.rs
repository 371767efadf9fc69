//! What journal and keyring ask of a disk: seven calls, so that every way in which a disk fails can be put beneath them.
//!
//! One value is one directory of files without sub-directories. *Durable* is what [`Files::sync`] and
//! [`Files::sync_directory`] returned for, and nothing else: bytes written may be lost, torn or kept in any mixture until
//! then, and so may names.
//!
//! *Why not `std::fs` in those modules.* A power cut cannot be tried in a test; a simulated one can, at every call
//! (`simulated.rs`).

mod disk;
#[cfg(test)]
pub mod simulated;

pub use disk::Disk;

use std::io;

/// A directory of files.
pub trait Files: Send + Sync {
    /// Names of all files, sorted.
    fn list(&self) -> io::Result<Vec<String>>;

    /// Length of a file. Unit: bytes. `NotFound` where there is none.
    fn len(&self, name: &str) -> io::Result<u64>;

    /// Exactly `length` bytes from `offset` on; `UnexpectedEof` where there are fewer.
    fn read(&self, name: &str, offset: u64, length: usize) -> io::Result<Vec<u8>>;

    /// Writes all bytes at `offset`, making the file where there is none.
    fn write(&self, name: &str, offset: u64, bytes: &[u8]) -> io::Result<()>;

    /// Makes content and length of a file durable. After an error nothing is known of what was written since the last success.
    fn sync(&self, name: &str) -> io::Result<()>;

    /// Makes names durable: files made, renamed, removed.
    fn sync_directory(&self) -> io::Result<()>;

    /// Gives a file another name; what had that name is gone. All or nothing.
    fn rename(&self, from: &str, to: &str) -> io::Result<()>;

    /// Removes a file.
    fn remove(&self, name: &str) -> io::Result<()>;
}
