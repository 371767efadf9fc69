//! Where a file stops being a transaction of ANSI/NIST-ITL, and why.

use std::fmt;

/// What is wrong with a file, and where. Holds no value longer than a few characters: a file has names and prints in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ItlError {
    /// Place of the record in the file, from 0 (the Type-1 record).
    pub record: Option<usize>,
    /// Type of that record, as the file's contents (1.003) list it.
    pub record_type: Option<u8>,
    /// The field, as type and number.
    pub field: Option<(u8, u16)>,
    /// Offset in the file. Unit: bytes.
    pub offset: usize,
    /// What is wrong there.
    pub problem: String,
}

impl fmt::Display for ItlError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(record) = self.record {
            write!(f, "record {record}")?;
            if let Some(record_type) = self.record_type {
                write!(f, " (Type-{record_type})")?;
            }
            f.write_str(", ")?;
        }
        if let Some((record_type, number)) = self.field {
            write!(f, "field {record_type}.{number:03}, ")?;
        }
        write!(f, "byte {}: {}", self.offset, self.problem)
    }
}

impl std::error::Error for ItlError {}

/// A record that is being read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Place {
    /// From 0.
    pub record: usize,
    /// 1-99.
    pub record_type: u8,
}

impl Place {
    pub(super) fn error(self, number: Option<u16>, offset: usize, problem: impl Into<String>) -> ItlError {
        ItlError {
            record: Some(self.record),
            record_type: Some(self.record_type),
            field: number.map(|number| (self.record_type, number)),
            offset,
            problem: problem.into(),
        }
    }

    pub(super) fn check(
        self,
        holds: bool,
        number: Option<u16>,
        offset: usize,
        problem: impl FnOnce() -> String,
    ) -> Result<(), ItlError> {
        if holds { Ok(()) } else { Err(self.error(number, offset, problem())) }
    }
}
