//! What can go wrong with keys, told apart by what an operator has to do about it.

use std::io;
use std::path::PathBuf;
use std::process::ExitStatus;

/// Why a key could not be had, made or destroyed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum KeyringError {
    /// The disk failed. The keyring writes nothing more until it is opened anew.
    #[error("the keyring could not be read or written: {0}")]
    Io(#[from] io::Error),
    /// An earlier write failed, and what is on disk is not known until the keyring is opened anew.
    #[error("an earlier write to the keyring failed: open it anew")]
    Latched,
    /// There is no keyring.
    #[error("there is no keyring")]
    Missing,
    /// There is one, and it is not overwritten.
    #[error("there is a keyring already")]
    Exists,
    /// The file is whole, and under another wrapping key.
    #[error("the keyring is under another wrapping key")]
    WrongWrappingKey,
    /// Rotation to the key in use: it would make nothing unreadable.
    #[error("the new wrapping key is the one in use")]
    SameWrappingKey,
    /// It is no keyring, or its header is damaged.
    #[error("the keyring is damaged: {0}")]
    Damaged(&'static str),
    /// A later program wrote it.
    #[error("the keyring has format {0}, which this program does not know")]
    Version(u32),
    /// Slots that nobody can tell the owner of: see [`super::Keyring::clear_unreadable`].
    #[error("{0} slots of the keyring are unreadable: whose keys they were must be settled first")]
    Unreadable(usize),
    /// More slots than a number of 32 bits can count.
    #[error("the keyring is full")]
    Full,
    /// A sealed part, or a wrapped key, does not open: it was changed, or belongs elsewhere.
    #[error("sealed data do not open: they were changed, or are not what they were asked for as")]
    Refused,
    /// The operating system gave no random bytes.
    #[error("no random bytes: {0}")]
    Random(#[from] getrandom::Error),
}

/// Why there is no wrapping key. No variant shows any of what was read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum WrappingError {
    /// File or program could not be read or run.
    #[error("the wrapping key could not be read: {0}")]
    Io(#[from] io::Error),
    /// The file is open to others.
    #[error("{} has mode {mode:o}: only its owner may have any right to it (chmod 600)", path.display())]
    Permissions {
        /// The file.
        path: PathBuf,
        /// Its permission bits.
        mode: u32,
    },
    /// What was read is no key.
    #[error("no wrapping key: 64 hexadecimal digits, base64 of 32 bytes, or in a file 32 raw random bytes")]
    Malformed,
    /// The environment variable is not there.
    #[error("the environment variable {0} is not set")]
    Unset(String),
    /// The program ended badly.
    #[error("the program for the wrapping key failed: {0}")]
    Failed(ExitStatus),
    /// The program was still at it.
    #[error("the program for the wrapping key took more than 30 seconds")]
    TimedOut,
    /// The operating system gave no random bytes.
    #[error("no random bytes: {0}")]
    Random(#[from] getrandom::Error),
}
