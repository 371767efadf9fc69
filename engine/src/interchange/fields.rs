//! Reads and writes the fields of a minutiae record, each checked, each named with its offset when it is wrong.
//!
//! Integers are big-endian in every standard here. Nothing is allocated from a length before that many bytes are known to
//! be there.

/// Where a record stops being one.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("byte {offset}: {field}: {problem}")]
pub struct RecordError {
    /// Offset of the first byte of the field.
    pub offset: usize,
    /// The field, in the standard's words.
    pub field: &'static str,
    /// What is wrong with it.
    pub problem: String,
}

pub(super) fn error(offset: usize, field: &'static str, problem: String) -> RecordError {
    RecordError { offset, field, problem }
}

pub(super) fn check(
    holds: bool,
    offset: usize,
    field: &'static str,
    problem: impl FnOnce() -> String,
) -> Result<(), RecordError> {
    if holds { Ok(()) } else { Err(error(offset, field, problem())) }
}

/// A count that is written into one byte.
pub(super) fn count(offset: usize, field: &'static str, of: usize) -> Result<u8, RecordError> {
    u8::try_from(of).map_err(|_| error(offset, field, format!("{of} do not fit in a byte")))
}

/// Writes the length of the whole record, four bytes, where a place was left for it.
pub(super) fn put_length(out: &mut [u8], at: usize) -> Result<(), RecordError> {
    let length = u32::try_from(out.len()).map_err(|e| error(at, "total length", e.to_string()))?;
    if let Some(place) = out.get_mut(at..at + 4) {
        place.copy_from_slice(&length.to_be_bytes());
    }
    Ok(())
}

/// Stands somewhere in a record.
pub(super) struct Reader<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Reader<'a> {
    pub(super) fn new(bytes: &'a [u8]) -> Self {
        Self { bytes, at: 0 }
    }

    pub(super) fn at(&self) -> usize {
        self.at
    }

    /// Another reader at the same place that sees only `length` bytes from `start` on.
    pub(super) fn part(
        &self,
        start: usize,
        length: usize,
        field: &'static str,
    ) -> Result<Reader<'a>, RecordError> {
        let end = start.checked_add(length).filter(|end| (self.at..=self.bytes.len()).contains(end));
        let bytes = end.and_then(|end| self.bytes.get(..end));
        let left = self.bytes.len() - start.min(self.bytes.len());
        let Some(bytes) = bytes else {
            return Err(error(start, field, format!("says {length} bytes, {left} are left")));
        };
        Ok(Reader { bytes, at: self.at })
    }

    /// Goes on where a part ended.
    pub(super) fn skip_to(&mut self, at: usize) {
        self.at = at.min(self.bytes.len());
    }

    pub(super) fn take(&mut self, count: usize, field: &'static str) -> Result<&'a [u8], RecordError> {
        let rest = self.bytes.get(self.at..).unwrap_or_default();
        let Some(taken) = rest.get(..count) else {
            return Err(error(self.at, field, format!("needs {count} bytes, {} are left", rest.len())));
        };
        self.at += count;
        Ok(taken)
    }

    /// Nothing may be left.
    pub(super) fn end(&self, field: &'static str, after: &str) -> Result<(), RecordError> {
        let left = self.bytes.len() - self.at;
        check(left == 0, self.at, field, || format!("{left} bytes follow {after}"))
    }

    fn array<const N: usize>(&mut self, field: &'static str) -> Result<[u8; N], RecordError> {
        let mut array = [0; N];
        array.copy_from_slice(self.take(N, field)?);
        Ok(array)
    }

    pub(super) fn u8(&mut self, field: &'static str) -> Result<u8, RecordError> {
        self.array(field).map(|[byte]| byte)
    }

    pub(super) fn u16(&mut self, field: &'static str) -> Result<u16, RecordError> {
        self.array(field).map(u16::from_be_bytes)
    }

    pub(super) fn u32(&mut self, field: &'static str) -> Result<u32, RecordError> {
        self.array(field).map(u32::from_be_bytes)
    }

    pub(super) fn nonzero(&mut self, field: &'static str) -> Result<u16, RecordError> {
        let at = self.at;
        let value = self.u16(field)?;
        check(value > 0, at, field, || "is 0".into())?;
        Ok(value)
    }

    pub(super) fn literal(&mut self, field: &'static str, expected: &[u8]) -> Result<(), RecordError> {
        let at = self.at;
        let found = self.take(expected.len(), field)?;
        check(found == expected, at, field, || format!("is {found:02x?}, must be {expected:02x?}"))
    }

    pub(super) fn at_most(&mut self, field: &'static str, max: u8) -> Result<u8, RecordError> {
        let at = self.at;
        let value = self.u8(field)?;
        check(value <= max, at, field, || format!("is {value}, at most {max} is allowed"))?;
        Ok(value)
    }

    /// A code that the standard assigns.
    pub(super) fn code(&mut self, field: &'static str, assigned: &[u8]) -> Result<u8, RecordError> {
        let at = self.at;
        let value = self.u8(field)?;
        check(assigned.contains(&value), at, field, || format!("{value} is not assigned"))?;
        Ok(value)
    }

    /// The length of the whole record, four bytes, which must be that of all the bytes.
    pub(super) fn total_length(&mut self) -> Result<(), RecordError> {
        let at = self.at;
        let length = self.u32("total length")?;
        self.is_whole(at, length)
    }

    /// Whether a length is that of all the bytes.
    pub(super) fn is_whole(&self, at: usize, length: u32) -> Result<(), RecordError> {
        let there = self.bytes.len();
        let says = usize::try_from(length) == Ok(there);
        check(says, at, "total length", || format!("says {length} bytes, there are {there}"))
    }
}
