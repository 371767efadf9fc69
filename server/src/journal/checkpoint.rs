//! A checkpoint: what the journal was at some size, signed. Whoever holds one finds out if anything before it is changed
//! (R-AUDIT-3).
//!
//! | line | what |
//! | --- | --- |
//! | 1 | origin: which journal; also the name of its key |
//! | 2 | size: how many records |
//! | 3 | base64 of the root of the tree over them (`tree.rs`) |
//! | 4 | `chain `, base64 of the chain hash of the last of them |
//! | 5 | `time `, when it was signed, RFC 3339, UTC |
//! | | an empty line, then one line for each signature (`note.rs`) |
//!
//! This is the form C2SP `tlog-checkpoint`, with two extension lines. *Why the chain hash too:* it lets a server that starts
//! compare the head of its journal with the last checkpoint, without the tree.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use jiff::Timestamp;

use super::frame::Chain;
use super::note::{self, NoteError, NoteSignature, SigningKey, VerifierKey};
use super::tree::{Root, Tree};

/// What the journal was at some size.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Checkpoint {
    /// Which journal.
    pub origin: String,
    /// Records that it commits to: those of the numbers below.
    pub size: u64,
    /// Root of the tree over them.
    pub root: Root,
    /// Chain hash of the last of them.
    pub chain: Chain,
    /// When it was signed.
    pub at: Timestamp,
    /// The server's signature, and those of witnesses.
    pub signatures: Vec<NoteSignature>,
}

/// Name of the file of a checkpoint, so that names sort as sizes do.
pub fn checkpoint_name(size: u64) -> String {
    format!("{size:020}.checkpoint")
}

impl Checkpoint {
    /// Signs what the journal is: the tree over its records, and the chain hash of the last. The records must be durable.
    pub fn sign(key: &SigningKey, tree: &Tree, chain: Chain, at: Timestamp) -> Self {
        let origin = key.verifier().name().to_owned();
        let mut checkpoint =
            Self { origin, size: tree.size(), root: tree.root(), chain, at, signatures: Vec::new() };
        checkpoint.signatures.push(key.sign(&checkpoint.signed_text()));
        checkpoint
    }

    fn signed_text(&self) -> String {
        let (root, chain) = (STANDARD.encode(self.root.0), STANDARD.encode(self.chain.0));
        format!("{}\n{}\n{root}\nchain {chain}\ntime {}\n", self.origin, self.size, self.at)
    }

    /// As a note.
    pub fn to_text(&self) -> String {
        note::write(&self.signed_text(), &self.signatures)
    }

    /// From a note. Its signatures are not checked: see [`Self::verify`].
    ///
    /// # Errors
    /// [`NoteError::Form`] for any text that [`Self::to_text`] would not have written.
    pub fn parse(text: &str) -> Result<Self, NoteError> {
        let (signed, signatures) = note::read(text)?;
        let parsed = Self::parse_signed(signed, signatures);
        let parsed = parsed.ok_or(NoteError::Form("is not a checkpoint of a journal"))?;
        // One text for one checkpoint: what can be written in two ways can be told from itself.
        if parsed.to_text() != text {
            return Err(NoteError::Form("is not written as checkpoints are"));
        }
        Ok(parsed)
    }

    fn parse_signed(signed: &str, signatures: Vec<NoteSignature>) -> Option<Self> {
        let mut lines = signed.split('\n');
        let origin = lines.next().filter(|origin| note::is_name(origin))?.to_owned();
        let size = lines.next()?.parse().ok()?;
        let root = Root(hash(lines.next()?)?);
        let chain = Chain(hash(lines.next()?.strip_prefix("chain ")?)?);
        let at = lines.next()?.strip_prefix("time ")?.parse().ok()?;
        Some(Self { origin, size, root, chain, at, signatures })
    }

    /// Whether this key signed it, for the journal that the key is named after.
    pub fn verify(&self, key: &VerifierKey) -> Result<(), NoteError> {
        if self.origin != key.name() {
            return Err(NoteError::OtherKey);
        }
        key.check(&self.signed_text(), &self.signatures)
    }
}

fn hash(base64: &str) -> Option<[u8; 32]> {
    STANDARD.decode(base64).ok()?.try_into().ok()
}

#[cfg(test)]
#[path = "checkpoint_tests.rs"]
mod tests;
