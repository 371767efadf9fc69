//! What a backup says of itself: which segments, how long, with which hashes. In clear, and nothing personal.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{BackupError, put, read};
use crate::database::snapshot_name;
use crate::files::Files;
use crate::journal::frame::{Chain, segment_name};
use crate::journal::hollow_name;

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
    /// What the records of the hollow segments had made; where there are such.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub snapshot: Option<Segment>,
}

/// What a file of the journal is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// A segment.
    #[default]
    Full,
    /// A segment whose records' year is over.
    Hollow,
    /// A snapshot: `first` and `end` are the records that it stands for.
    Snapshot,
}

/// A segment of the journal, from its beginning on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Segment {
    /// What it is.
    #[serde(default)]
    pub kind: Kind,
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
    /// Its name in the journal.
    pub(super) fn name(&self) -> String {
        match self.kind {
            Kind::Full => segment_name(self.first),
            Kind::Hollow => hollow_name(self.first),
            Kind::Snapshot => snapshot_name(self.end),
        }
    }

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

impl Segment {
    /// The hash of its last record; `None` where it is none.
    pub(super) fn head(&self) -> Option<Chain> {
        let mut hash = [0; 32];
        for (byte, digits) in hash.iter_mut().zip(self.chain.as_bytes().chunks(2)) {
            *byte = u8::from_str_radix(core::str::from_utf8(digits).ok()?, 16).ok()?;
        }
        (self.chain.len() == 64).then_some(Chain(hash))
    }
}

impl Manifest {
    /// One of these segments.
    pub(super) fn new(
        made_at: Timestamp,
        recipients: Vec<String>,
        segments: Vec<Segment>,
        snapshot: Option<Segment>,
    ) -> Self {
        let (records, chain) = segments.last().map(|last| (last.end, last.chain.clone())).unwrap_or_default();
        Self { format: FORMAT, made_at, records, chain, recipients, segments, snapshot }
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
        self.segments.iter().chain(&self.snapshot).map(|segment| segment.file(&self.recipients))
    }
}
