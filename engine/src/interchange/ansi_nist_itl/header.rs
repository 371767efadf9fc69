//! The Type-1 record: who sends what to whom, and with which numbers.

use super::File;
use super::error::ItlError;
use super::record::{Field, Record};

/// What the Type-1 record says, without its lengths and contents. Dates and resolutions as they are spelled.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Transaction {
    /// Edition of the standard, 1.002: 300 for 2000, 400 for 2007, 500 for 2011.
    pub version: u16,
    /// Type of transaction, 1.004: up to 4 characters, from 2011 on 16.
    pub kind: String,
    /// Date of submission, 1.005, YYYYMMDD.
    pub date: String,
    /// Priority, 1.006: 1 (highest) to 9.
    pub priority: Option<u8>,
    /// Agency that it is for, 1.007.
    pub destination: String,
    /// Agency that it is from, 1.008.
    pub origin: String,
    /// Control number that the sender gave it, 1.009.
    pub control_number: String,
    /// Control number of the transaction that it answers, 1.010.
    pub reference_number: Option<String>,
    /// Resolution of the scanner, 1.011. Unit: pixels a millimetre, as `19.69`; `00.00` where there is no Type-4 record.
    pub scanned_resolution: String,
    /// Resolution of the Type-4 images, 1.012. Unit as above.
    pub transmitted_resolution: String,
    /// Domain whose definition of the users' fields holds, 1.013.
    pub domain: Option<String>,
}

impl File {
    /// The Type-1 record, field by field.
    pub fn header(&self) -> Result<Transaction, ItlError> {
        let Some(record) = self.records.first() else {
            let problem = "the file is empty".into();
            return Err(ItlError { record: Some(0), record_type: None, field: None, offset: 0, problem });
        };
        let text = |number| required(record, number);
        let first = |field: Field<'_>| {
            field.subfields().next().and_then(|subfield| subfield.items().next()).map(Into::into)
        };
        Ok(Transaction {
            version: u16::try_from(record.number(2, 9999)?).unwrap_or(0),
            kind: text(4)?,
            date: text(5)?,
            priority: record.field(6).and_then(Field::text).and_then(|priority| priority.parse().ok()),
            destination: text(7)?,
            origin: text(8)?,
            control_number: text(9)?,
            reference_number: record.field(10).and_then(Field::text).map(Into::into),
            scanned_resolution: text(11)?,
            transmitted_resolution: text(12)?,
            domain: record.field(13).and_then(first),
        })
    }
}

fn required(record: &Record, number: u16) -> Result<String, ItlError> {
    Ok(record.required(number)?.text().unwrap_or_default().into())
}
