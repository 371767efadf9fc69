//! Keys: what is stored of a person is sealed with a key of its own, and erasing the person is destroying that key.
//!
//! # Why
//!
//! Rule R-ERASE-2 wants erased data gone from the store, its free space, snapshots and logs. Files that grow at their
//! end, a journal, an embedded database and a flash disk all keep what was overwritten, each in its own way, and no
//! program can sweep them all. So nothing of a person is written to any of them in clear: each record has a data key,
//! its parts are sealed with it ([`DataKey`]), and the keys lie in one small file with fixed slots ([`Keyring`]),
//! which is overwritten in place and synced. When a slot is zeros on the disk, every copy of what its key sealed is
//! noise, wherever it lies, backups included: those hold no keyring.
//!
//! The keyring is itself under a wrapping key ([`WrappingKey`]) that is not on that disk ([`WrappingSource`]), so
//! whoever takes the disk has nothing (R-ACCESS-7). What was overwritten in the keyring may still be in cells that a
//! flash disk, or a file system that copies on write, has set aside; rotating the wrapping key and forgetting the old
//! one makes those remains useless too. For category 3 prints no key is ever made: they are not stored (R-COMP-5).
//!
//! *Why not one key for everything, and erasure in place:* the journal is a chain of hashes and cannot be rewritten.
//! *Why not a key in an embedded database:* sled keeps old values in its files. *Why not derive each key from a
//! master key and the record's id:* then it can be derived again, and nothing is ever destroyed.
//!
//! # Every partial write
//!
//! The byte map is in `layout.rs`. A slot lies in one sector; what a power cut may leave is decided here for any
//! mixture of sectors anyway.
//!
//! | cut during | what may be found | what is done |
//! | --- | --- | --- |
//! | create | nothing, or `keyring.new` alone | there is no keyring; the next `create` overwrites and removes it |
//! | add, growth | free slots, or the key, or a torn slot; a short file | a key nobody was told of: the caller destroys it |
//! | destroy | the key, zeros, or a torn slot | the caller was not told `Ok`, and destroys it again |
//! | a torn slot | a checksum that is wrong | counted as unreadable; nothing is destroyed or rotated until it is cleared |
//! | rotate, before its renames | `keyring` whole, `keyring.new` in any state | old key; `keyring.new` is overwritten and removed |
//! | rotate, between the renames | `keyring.old` and `keyring.new`, both whole | old key; `keyring.old` gets its name back, then as above |
//! | rotate, after them | `keyring` whole, `keyring.old` whole or partly zeros | new key; `keyring.old` is overwritten and removed |
//! | open | any of the above | the same again: each step leaves a state that is in this table |
//!
//! Two orders make it so. A file has the name `keyring` only after its content was synced. And a file is overwritten
//! only after the directory was synced in which it no longer has that name. A wrapping key that is not the file's is
//! told at once, by the header, and then nothing has been changed.
//!
//! *Failure.* The first write or sync that fails latches: keys can still be read, and nothing is written until the
//! keyring is opened anew, which writes back what it reads, because after a failed sync the machine may show what the
//! disk does not have.
//!
//! *Limits.* The module cannot tell that somebody put back an older copy of the whole file and has its wrapping key;
//! the journal can, because records that it says are erased would have keys. Neighbours of a slot share its sector:
//! that a disk keeps what a cut write did not change in it, we take as given, as databases do.

mod error;
mod file;
pub mod key_file;
mod layout;
mod memory;
mod ring;
mod sealing;
mod source;
#[cfg(test)]
mod tests;
mod wrapping;

/// In place of a record: the key of what is of the unit itself, and goes with none. Made when it is needed first, and never destroyed.
pub const UNIT: uuid::Uuid = uuid::Uuid::max();

pub use error::{KeyringError, WrappingError};
pub use ring::Keyring;
pub use sealing::{DataKey, Part, SEAL_OVERHEAD};
pub use source::WrappingSource;
pub use wrapping::WrappingKey;
