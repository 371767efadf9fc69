//! What a backup says of itself: which segments, how long, with which hashes. In clear, and nothing personal.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{BackupError, put, read};
use crate::files::Files;

/// Name of the manifest.
pub(super) const NAME: &str = "manifest.json";
/// Version of the layout of a backup.
const FORMAT: u32 = 1;
/// A manifest is shorter. Unit: bytes. A segment takes 300: enough for 20 TB of journal.
const BYTES_MAX: u64 = 100 << 20;

/// A backup.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Manifest {
    /// Version of this layout, 1.
    format: u32,
    /// When it was made.
    pub made_at: Timestamp,
    /// Records in it: the number of the next one.
    pub records: u64,
    /// Hash of the last record and of all before, in hexadecimal digits.
    pub chain: String,
    /// Who can read it.
    pub recipients: Vec<String>,
    /// The segments, in order.
    pub segments: Vec<Segment>,
}

/// A segment of the journal, from its beginning on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Segment {
    /// Number of its first record.
    pub first: u64,
    /// Number of the record after its last.
    pub end: u64,
    /// Hash of its last record and of all before, in hexadecimal digits.
    pub chain: String,
    /// Length, before encryption. Unit: bytes.
    pub bytes: u64,
    /// BLAKE3 of it, before encryption, in hexadecimal digits.
    pub blake3: String,
    /// Length of the file. Unit: bytes.
    pub file_bytes: u64,
}

impl Segment {
    /// Name of its file. Never read from the manifest: it shall not lead out of the directory.
    pub fn file(&self, recipients: &[String]) -> String {
        let mut hasher = blake3::Hasher::new();
        hasher.update(self.blake3.as_bytes());
        for recipient in recipients {
            hasher.update(b" ").update(recipient.as_bytes());
        }
        let tag = hasher.finalize().to_hex();
        format!("{:020}-{:020}-{}.journal.age", self.first, self.end, &tag[..16])
    }
}

impl Manifest {
    /// One of these segments.
    pub(super) fn new(made_at: Timestamp, recipients: Vec<String>, segments: Vec<Segment>) -> Self {
        let (records, chain) = segments.last().map(|last| (last.end, last.chain.clone())).unwrap_or_default();
        Self { format: FORMAT, made_at, records, chain, recipients, segments }
    }

    /// That of a backup, if there is one.
    pub fn read(backup: &dyn Files) -> Result<Option<Self>, BackupError> {
        let wrong = |what: String| BackupError::Manifest(what);
        match backup.len(NAME) {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(BackupError::io("read", NAME)(error)),
            Ok(length) if length > BYTES_MAX => return Err(wrong("is too long".into())),
            Ok(_) => {}
        }
        let bytes = read(backup, NAME).map_err(BackupError::io("read", NAME))?;
        let any: serde_json::Value =
            serde_json::from_slice(&bytes).map_err(|error| wrong(format!("is damaged: {error}")))?;
        if any["format"] != FORMAT {
            return Err(wrong(format!("has format {}, which this program does not know", any["format"])));
        }
        let manifest: Self =
            serde_json::from_value(any).map_err(|error| wrong(format!("is damaged: {error}")))?;
        Ok(Some(manifest))
    }

    /// Makes it that of a backup.
    pub(super) fn write(&self, backup: &dyn Files) -> Result<(), BackupError> {
        let text = serde_json::to_string_pretty(self).map_err(|e| BackupError::Manifest(e.to_string()))?;
        put(backup, NAME, text.as_bytes())
    }

    /// Names of the files that it is about.
    pub(super) fn files(&self) -> impl Iterator<Item = String> {
        self.segments.iter().map(|segment| segment.file(&self.recipients))
    }
}
