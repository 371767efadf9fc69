//! ANSI/NIST-ITL transactions in the traditional encoding (editions 2000, 2007 and 2011, with 1993 and the updates of 2013 and
//! 2015): what police scanners and AFIS send. Read strictly, and written.
//!
//! A file is a row of records. The first is of Type-1, and its field 1.003 lists the others in order. Nothing stands between them.
//!
//! | record | form |
//! | --- | --- |
//! | Type-1, 2, 9 and above | tagged: `14.001:` value GS `14.002:` value GS ... FS. First the length of the record in bytes, then its IDC |
//! | | a value is subfields with RS between them, each of items with US between them |
//! | | field 999, in Type-10 and above, is the last, and binary: to the FS that the length leaves at the end |
//! | Type-3 to 8 | binary: length (4 bytes, big-endian), IDC (1), a fixed header, data; no FS |
//!
//! FS, GS, RS, US are the bytes 1C to 1F. IDC, the information designation character, says which records belong together.
//!
//! | record | what is in it | read as |
//! | --- | --- | --- |
//! | Type-1 | who sends what to whom | [`File::header`] |
//! | Type-2 | the person and the case, in fields of the users' own | [`Record::field`] |
//! | Type-4, 13, 14 | prints | [`File::impressions`] |
//! | Type-9 | minutiae | [`File::minutiae`] |
//! | others | | [`Record::field`], [`Record::binary`] |
//!
//! [`Builder`] makes new ones. *Invariant:* the bytes that were read are the bytes that are written, zeros before a length
//! included. *Failure:* [`ItlError`] names the record, the field, and the byte; a file is read whole or not at all.

mod build;
mod contents;
mod error;
mod header;
mod image_header;
mod impression;
mod minutiae;
mod read;
mod record;
mod rules;
#[cfg(test)]
mod tests;

pub use build::{Builder, MinutiaeView, TextField};
pub use error::ItlError;
pub use header::Transaction;
pub use impression::{Compression, Impression, MissingFinger, Segment};
pub use minutiae::{MinutiaeFormat, MinutiaeSet, UnreadFeatures};
pub use record::{DATA, Field, Record, Subfield};

/// A transaction: a Type-1 record, and those that it lists.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct File {
    /// In the order of the file; the first is of Type-1.
    pub records: Vec<Record>,
}

impl File {
    /// Reads a transaction; every byte of `bytes` must belong to it. Takes a time linear in their number, and at
    /// most eight times their memory and 64 KiB, which the fuzz tests measure.
    pub fn decode(bytes: &[u8]) -> Result<Self, ItlError> {
        if bytes.is_empty() {
            let problem = "the file is empty".into();
            return Err(ItlError { record: Some(0), record_type: None, field: None, offset: 0, problem });
        }
        let file = Self { records: read::records(bytes)? };
        rules::no_finger_twice(&file.records)?;
        Ok(file)
    }

    /// Writes a transaction. What was written is read again, so records that were mixed up cannot leave here.
    pub fn encode(&self) -> Result<Vec<u8>, ItlError> {
        let length = self.records.iter().map(Record::length).sum();
        let mut out = Vec::with_capacity(length);
        for record in &self.records {
            record.write(&mut out);
        }
        Self::decode(&out)?;
        Ok(out)
    }
}
