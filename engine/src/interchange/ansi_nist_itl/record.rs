//! Records and fields as they stand in the file: nothing is lost, so that writing gives the same bytes.

use super::error::{ItlError, Place};

/// Ends a record.
pub(super) const FS: u8 = 0x1C;
/// Between fields.
pub(super) const GS: u8 = 0x1D;
/// Between subfields.
pub(super) const RS: char = '\u{1E}';
/// Between information items.
pub(super) const US: char = '\u{1F}';

/// The field that is binary to the end of its record, in records of Type-10 and above.
pub const DATA: u16 = 999;

/// One logical record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Record {
    pub(super) place: Place,
    /// Where it starts. Unit: bytes from the start of the file.
    pub(super) offset: usize,
    pub(super) idc: u8,
    pub(super) body: Body,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Body {
    Tagged(Vec<Field>),
    /// Types 3 to 8: the whole record, its length included.
    Binary(Vec<u8>),
}

/// A field of a tagged record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Field {
    /// The tag as it is spelled, without its colon: `14.001`, `1.01`.
    pub(super) tag: String,
    /// Of the tag. A file of NIST's own has a field 13.005 in a Type-9 record, so it can be another than the record's.
    pub(super) record_type: u8,
    /// Number within the type, from 1.
    pub number: u16,
    /// Where its tag starts. Unit: bytes from the start of the file.
    pub(super) offset: usize,
    pub(super) value: Value,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Value {
    Text(String),
    Data(Vec<u8>),
}

impl Record {
    /// 1-99.
    pub fn record_type(&self) -> u8 {
        self.place.record_type
    }

    /// The information designation character of the record itself, 0-99; 0 for Type-1, which has none.
    pub fn idc(&self) -> u8 {
        self.idc
    }

    /// Where the record starts. Unit: bytes from the start of the file that was read.
    pub fn offset(&self) -> usize {
        self.offset
    }

    /// All fields in their order; none in a binary record (Types 3 to 8).
    pub fn fields(&self) -> &[Field] {
        match &self.body {
            Body::Tagged(fields) => fields,
            Body::Binary(_) => &[],
        }
    }

    /// The first field of this number and of the record's own type.
    pub fn field(&self, number: u16) -> Option<&Field> {
        self.fields().iter().find(|field| field.number == number && field.record_type == self.record_type())
    }

    /// A binary record (Types 3 to 8), whole, with its length in the first four bytes.
    pub fn binary(&self) -> Option<&[u8]> {
        match &self.body {
            Body::Tagged(_) => None,
            Body::Binary(bytes) => Some(bytes),
        }
    }

    pub(super) fn write(&self, out: &mut Vec<u8>) {
        match &self.body {
            Body::Binary(bytes) => out.extend(bytes),
            Body::Tagged(fields) => {
                for (i, field) in fields.iter().enumerate() {
                    if i > 0 {
                        out.push(GS);
                    }
                    out.extend(field.tag.as_bytes());
                    out.push(b':');
                    out.extend(field.bytes());
                }
                out.push(FS);
            }
        }
    }

    pub(super) fn error(&self, number: u16, problem: impl Into<String>) -> ItlError {
        let offset = self.field(number).map_or(self.offset, |field| field.offset);
        self.place.error(Some(number), offset, problem)
    }

    pub(super) fn required(&self, number: u16) -> Result<&Field, ItlError> {
        self.field(number).ok_or_else(|| self.error(number, "is missing, and must be there"))
    }

    /// The field's one item as a number of at most `to`.
    pub(super) fn number(&self, number: u16, to: u32) -> Result<u32, ItlError> {
        let text = self.required(number)?.text().unwrap_or_default();
        self.whole(number, text, to)
    }

    /// An item of a field as a whole number of at most `to`.
    pub(super) fn whole(&self, number: u16, item: &str, to: u32) -> Result<u32, ItlError> {
        whole(item)
            .filter(|value| *value <= to)
            .ok_or_else(|| self.error(number, format!("has an item that is not a number from 0 to {to}")))
    }
}

/// Digits only: no sign, no blank.
pub(super) fn whole(item: &str) -> Option<u32> {
    if item.is_empty() || !item.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    item.parse().ok()
}

impl Field {
    /// The item, where the field has just one.
    pub fn text(&self) -> Option<&str> {
        match &self.value {
            Value::Text(text) if !text.contains([RS, US]) => Some(text),
            _ => None,
        }
    }

    /// The subfields, each as its items. One, with one item, where there is no separator; none of binary data.
    pub fn subfields(&self) -> impl Iterator<Item = Vec<&str>> {
        let text = match &self.value {
            Value::Text(text) => Some(text.as_str()),
            Value::Data(_) => None,
        };
        text.into_iter().flat_map(|text| text.split(RS)).map(|subfield| subfield.split(US).collect())
    }

    /// The value with its separators, or the binary data.
    pub fn bytes(&self) -> &[u8] {
        match &self.value {
            Value::Text(text) => text.as_bytes(),
            Value::Data(data) => data,
        }
    }

    /// Where the field's tag starts. Unit: bytes from the start of the file that was read.
    pub fn offset(&self) -> usize {
        self.offset
    }
}
