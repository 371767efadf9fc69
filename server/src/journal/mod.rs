//! The journal: what happened, in order, durable and chained. It is the truth; store and gallery are made from it.
//!
//! Every change of state is an [`Event`]: audit and effect are one record, and become durable together or not at all. Records
//! lie in segments (`frame.rs`), appended in groups (`log.rs`), opened after any crash (`recovery.rs`), read in order
//! (`reader.rs`), and emptied after their year (`hollow.rs`). [`crate::database`] owns the one thread that writes.

mod checkpoint;
mod event;
pub mod frame;
mod hollow;
mod log;
mod note;
mod reader;
mod recovery;
mod schema;
#[cfg(test)]
mod tests;
mod tree;
pub mod verify;

pub use checkpoint::{Checkpoint, checkpoint_name};
pub use event::{Actor, AuditRecord, Change, Compared, Entry, Event, Outcome, Retention};
pub use frame::Chain;
pub use hollow::{Left, hollow_name, hollow_segments, make_hollow};
pub(crate) use hollow::{load_either, walk_hollow};
pub use log::{Head, Log, Place, SEGMENT_BYTES};
pub use note::{NoteError, NoteSignature, SigningKey, VerifierKey};
pub use reader::{Replayed, beginning, chain_at, chain_before, first_body, read, read_on, replay, segments};
pub(crate) use reader::{load, walk};
pub use recovery::open;
pub use schema::{Effect, PartLengths, Parts, Span, Written};
pub use tree::{Root, Tree};

/// What the journal cannot do.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum JournalError {
    /// The disk.
    #[error("cannot {what} {name}: {error}")]
    Io {
        /// What was tried.
        what: &'static str,
        /// With which file.
        name: String,
        /// What the system said.
        error: std::io::Error,
    },
    /// What was written is not what is read.
    #[error(
        "record {number} of the journal {problem} (segment {segment}, byte {offset}); restore it from a backup"
    )]
    Damaged {
        /// The first record that is not as it was written.
        number: u64,
        /// Its segment, by the number of the first record.
        segment: u64,
        /// Offset in the segment.
        offset: u64,
        /// What is wrong.
        problem: String,
    },
    /// An earlier error; nothing more is written until a restart.
    #[error("an earlier write failed ({0}); restart the server")]
    Latched(String),
    /// A record that is whole, and says nothing that this program understands.
    #[error("a record of the journal cannot be read: {0}")]
    Schema(String),
    /// A record beyond [`frame::BODY_BYTES_MAX`].
    #[error("a record of {bytes} bytes is too large for the journal")]
    TooLarge {
        /// Its length.
        bytes: usize,
    },
}

impl JournalError {
    pub(crate) fn io(what: &'static str, name: &str, error: std::io::Error) -> Self {
        Self::Io { what, name: name.to_owned(), error }
    }

    pub(crate) fn damaged(segment: u64, offset: u64, number: u64, problem: &str) -> Self {
        Self::Damaged { number, segment, offset, problem: problem.to_owned() }
    }
}
