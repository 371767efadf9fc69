//! Signed notes (C2SP `signed-note`): a text, an empty line, and a line for each signature; with the keys to make and check them.
//!
//! *Why this form.* It is what transparency logs sign their heads in. A person can read it, and programs that are not ours can
//! check it, countersign it ("witnesses"), and keep it: R-AUDIT-3 is worth as much as the copies that others hold.

use core::fmt;
use core::str::FromStr;
use std::io;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use ed25519_dalek::Signer;
use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

use crate::files::Files;

/// The byte that says Ed25519, in keys and in what their ids are made of.
const ED25519: u8 = 1;
const SIGNATURE_BYTES: usize = 64;
/// Signatures on a note at most: ours and those of witnesses.
const SIGNATURES_MAX: usize = 100;
/// File of the signing key, and where it is written before it has that name.
const KEY_FILE: &str = "checkpoint.key";
const KEY_FILE_TEMPORARY: &str = "checkpoint.key.tmp";
const PRIVATE: &str = "PRIVATE+KEY+";

/// Why a note or a key is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum NoteError {
    /// It does not have the form.
    #[error("{0}")]
    Form(&'static str),
    /// The key has not signed it.
    #[error("is not signed with this key")]
    OtherKey,
    /// The key's signature is not of this text.
    #[error("has a signature that is wrong: the text was changed, or was never signed")]
    Signature,
    /// The operating system gave no random bytes.
    #[error("the operating system gave no random bytes")]
    Random,
}

/// One signature of a note, by whomever.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NoteSignature {
    /// Name of the key.
    pub name: String,
    /// First bytes of a hash of the key.
    pub key_id: [u8; 4],
    /// What the key's algorithm made.
    pub bytes: Vec<u8>,
}

/// What checks signatures: public, to be handed out. Its text is `name+id+key`, a "vkey".
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VerifierKey {
    name: String,
    key: ed25519_dalek::VerifyingKey,
}

/// What signs: its name, and a secret that is overwritten when it is dropped.
pub struct SigningKey {
    name: String,
    key: ed25519_dalek::SigningKey,
}

impl VerifierKey {
    /// Name of the key, which is the origin of the checkpoints that it signs.
    pub fn name(&self) -> &str {
        &self.name
    }

    fn id(&self) -> [u8; 4] {
        let hash = Sha256::new()
            .chain_update(&self.name)
            .chain_update([b'\n', ED25519])
            .chain_update(self.key.as_bytes());
        hash.finalize().first_chunk().copied().unwrap_or_default()
    }

    /// Whether it signed this text. Signatures of keys that are not this one are passed over.
    ///
    /// # Errors
    /// [`NoteError::OtherKey`] where none is this key's, [`NoteError::Signature`] where one is, and is not of this text.
    pub fn check(&self, text: &str, signatures: &[NoteSignature]) -> Result<(), NoteError> {
        let id = self.id();
        let ours = signatures.iter().filter(|s| s.name == self.name && s.key_id == id);
        let mut found = Err(NoteError::OtherKey);
        for signature in ours {
            let bytes: &[u8; SIGNATURE_BYTES] =
                signature.bytes.as_slice().try_into().map_err(|_| NoteError::Signature)?;
            let signature = ed25519_dalek::Signature::from_bytes(bytes);
            self.key.verify_strict(text.as_bytes(), &signature).map_err(|_| NoteError::Signature)?;
            found = Ok(());
        }
        found
    }
}

impl fmt::Display for VerifierKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let id = u32::from_be_bytes(self.id());
        let key = [[ED25519].as_slice(), self.key.as_bytes()].concat();
        write!(f, "{}+{id:08x}+{}", self.name, STANDARD.encode(key))
    }
}

impl FromStr for VerifierKey {
    type Err = NoteError;

    fn from_str(text: &str) -> Result<Self, NoteError> {
        let refused = NoteError::Form("is not a verifier key, which is `name+id+key`");
        let mut parts = text.splitn(3, '+');
        let (Some(name), Some(_), Some(key)) = (parts.next(), parts.next(), parts.next()) else {
            return Err(refused);
        };
        let key = STANDARD.decode(key).map_err(|_| refused)?;
        let key = key.strip_prefix(&[ED25519]).and_then(|key| key.try_into().ok()).ok_or(refused)?;
        let key = ed25519_dalek::VerifyingKey::from_bytes(key).map_err(|_| refused)?;
        let key = Self { name: name.to_owned(), key };
        // Also compares the id, which is there to catch a slip of the pen.
        if !is_name(name) || key.to_string() != text {
            return Err(refused);
        }
        Ok(key)
    }
}

impl SigningKey {
    /// A new key of this name, which is the origin of the checkpoints that it signs: something like a URL without its scheme.
    pub fn generate(name: &str) -> Result<Self, NoteError> {
        let mut secret = Zeroizing::new([0; 32]);
        getrandom::fill(secret.as_mut()).map_err(|_| NoteError::Random)?;
        Self::from_secret(name, &secret)
    }

    pub(super) fn from_secret(name: &str, secret: &[u8; 32]) -> Result<Self, NoteError> {
        if !is_name(name) {
            return Err(NoteError::Form("is no name of a key: it is empty, or has a space or a plus sign"));
        }
        Ok(Self { name: name.to_owned(), key: ed25519_dalek::SigningKey::from_bytes(secret) })
    }

    /// What checks its signatures.
    pub fn verifier(&self) -> VerifierKey {
        VerifierKey { name: self.name.clone(), key: self.key.verifying_key() }
    }

    pub(super) fn sign(&self, text: &str) -> NoteSignature {
        let bytes = self.key.sign(text.as_bytes()).to_bytes().to_vec();
        NoteSignature { name: self.name.clone(), key_id: self.verifier().id(), bytes }
    }

    /// The key of a directory; `None` where it has none.
    ///
    /// # Errors
    /// The disk's, and `InvalidData` where `checkpoint.key` is not a key.
    pub fn load(files: &dyn Files) -> io::Result<Option<Self>> {
        let length = match files.len(KEY_FILE) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            length => length?,
        };
        let length = usize::try_from(length).map_err(io::Error::other)?;
        let bytes = Zeroizing::new(files.read(KEY_FILE, 0, length)?);
        let refused =
            || io::Error::new(io::ErrorKind::InvalidData, format!("{KEY_FILE} is not a signing key"));
        Self::parse(&bytes).map(Some).ok_or_else(refused)
    }

    fn parse(bytes: &[u8]) -> Option<Self> {
        let text = core::str::from_utf8(bytes).ok()?;
        let (name, key) = text.trim_end().strip_prefix(PRIVATE)?.split_once('+')?;
        let (id, key) = key.split_once('+')?;
        let key = Zeroizing::new(STANDARD.decode(key).ok()?);
        let secret = key.strip_prefix(&[ED25519])?.try_into().ok()?;
        let key = Self::from_secret(name, secret).ok()?;
        (format!("{:08x}", u32::from_be_bytes(key.verifier().id())) == id).then_some(key)
    }

    /// Stores it durably as `checkpoint.key`, in place of one that is there: all of it or nothing. On a disk the file is for
    /// its owner's eyes only, as all are that [`Files`] makes.
    pub fn store(&self, files: &dyn Files) -> io::Result<()> {
        if files.len(KEY_FILE_TEMPORARY).is_ok() {
            files.remove(KEY_FILE_TEMPORARY)?;
        }
        let secret = Zeroizing::new([[ED25519].as_slice(), self.key.as_bytes()].concat());
        let encoded = Zeroizing::new(STANDARD.encode(&*secret));
        let id = u32::from_be_bytes(self.verifier().id());
        let text = Zeroizing::new(format!("{PRIVATE}{}+{id:08x}+{}\n", self.name, *encoded));
        files.write(KEY_FILE_TEMPORARY, 0, text.as_bytes())?;
        files.sync(KEY_FILE_TEMPORARY)?;
        files.rename(KEY_FILE_TEMPORARY, KEY_FILE)?;
        files.sync_directory()
    }
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SigningKey({})", self.name)
    }
}

/// Text and signatures as a note.
pub(super) fn write(text: &str, signatures: &[NoteSignature]) -> String {
    let mut note = format!("{text}\n");
    for NoteSignature { name, key_id, bytes } in signatures {
        let bytes = [key_id.as_slice(), bytes].concat();
        note.push_str(&format!("— {name} {}\n", STANDARD.encode(bytes)));
    }
    note
}

/// A note as its text, with the newline at its end, and its signatures. Nothing is checked but the form.
pub(super) fn read(note: &str) -> Result<(&str, Vec<NoteSignature>), NoteError> {
    let form = |what| Err(NoteError::Form(what));
    if note.chars().any(|c| c < ' ' && c != '\n') {
        return form("has control characters");
    }
    let Some(at) = note.rfind("\n\n") else { return form("has no signatures") };
    let (text, lines) = (&note[..=at], &note[at + 2..]);
    let Some(lines) = lines.strip_suffix('\n') else { return form("does not end with a whole line") };
    if lines.split('\n').count() > SIGNATURES_MAX {
        return form("has too many signatures");
    }
    let signatures: Option<Vec<_>> = lines.split('\n').map(signature).collect();
    signatures.map_or(form("has a line that is no signature"), |signatures| Ok((text, signatures)))
}

fn signature(line: &str) -> Option<NoteSignature> {
    let (name, bytes) = line.strip_prefix("— ")?.split_once(' ')?;
    let bytes = STANDARD.decode(bytes).ok()?;
    let (key_id, bytes) = bytes.split_first_chunk()?;
    is_name(name).then(|| NoteSignature { name: name.to_owned(), key_id: *key_id, bytes: bytes.to_vec() })
}

pub(super) fn is_name(name: &str) -> bool {
    !name.is_empty() && !name.contains(|c: char| c == '+' || c.is_whitespace() || c.is_control())
}
