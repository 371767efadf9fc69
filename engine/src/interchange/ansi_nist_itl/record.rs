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
    Tagged(Tagged),
    /// Types 3 to 8: the whole record, its length included.
    Binary(Vec<u8>),
}

/// A tagged record as it stands in the file, and where its fields are. *Why not a value of its own for each field:* a field can
/// have five bytes, and would take a hundred; a file of nothing else would take twenty times its size.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Tagged {
    /// From the first tag to before the FS.
    pub(super) bytes: Vec<u8>,
    /// In the order of the record; each ends a GS before the next, the last where the bytes end.
    pub(super) spans: Vec<Span>,
}

/// Where a field is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Span {
    /// Of its tag, from the start of the record.
    pub(super) start: u32,
    pub(super) number: u16,
    pub(super) record_type: u8,
    /// Of its tag, with the colon.
    pub(super) tag_bytes: u8,
}

/// A field of a tagged record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Field<'a> {
    /// Of the tag. A file of NIST's own has a field 13.005 in a Type-9 record, so it can be another than the record's.
    pub record_type: u8,
    /// Number within the type, from 1.
    pub number: u16,
    /// Where its tag starts. Unit: bytes from the start of the file.
    pub(super) offset: usize,
    value: &'a [u8],
    is_data: bool,
}

/// A subfield of a field of text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Subfield<'a>(&'a str);

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
    pub fn fields(&self) -> impl Iterator<Item = Field<'_>> {
        let spans = self.spans();
        let nexts = spans.iter().skip(1).map(Some).chain([None]);
        spans.iter().zip(nexts).map(|(span, next)| self.at(span, next))
    }

    pub(super) fn spans(&self) -> &[Span] {
        match &self.body {
            Body::Tagged(tagged) => &tagged.spans,
            Body::Binary(_) => &[],
        }
    }

    fn at(&self, span: &Span, next: Option<&Span>) -> Field<'_> {
        let bytes = match &self.body {
            Body::Tagged(tagged) => &tagged.bytes[..],
            Body::Binary(_) => &[],
        };
        let start = span.start as usize;
        let end = next.map_or(bytes.len(), |next| (next.start as usize).saturating_sub(1));
        Field {
            record_type: span.record_type,
            number: span.number,
            offset: self.offset + start,
            value: bytes.get(start + usize::from(span.tag_bytes)..end).unwrap_or_default(),
            is_data: is_data(self.place, span.record_type, span.number),
        }
    }

    /// The first field of this number and of the record's own type.
    pub fn field(&self, number: u16) -> Option<Field<'_>> {
        self.fields().find(|field| field.number == number && field.record_type == self.record_type())
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
            Body::Tagged(tagged) => {
                out.extend(&tagged.bytes);
                out.push(FS);
            }
        }
    }

    /// How many bytes it has in the file.
    pub(super) fn length(&self) -> usize {
        match &self.body {
            Body::Binary(bytes) => bytes.len(),
            Body::Tagged(tagged) => tagged.bytes.len() + 1,
        }
    }

    pub(super) fn error(&self, number: u16, problem: impl Into<String>) -> ItlError {
        let offset = self.field(number).map_or(self.offset, |field| field.offset);
        self.place.error(Some(number), offset, problem)
    }

    pub(super) fn required(&self, number: u16) -> Result<Field<'_>, ItlError> {
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

/// Whether a field is the binary one of its record.
pub(super) fn is_data(place: Place, record_type: u8, number: u16) -> bool {
    number == DATA && record_type == place.record_type && record_type >= 10
}

impl<'a> Field<'a> {
    /// The whole value, where it is text. It was checked to be UTF-8 when it was read.
    fn whole(self) -> Option<&'a str> {
        if self.is_data { None } else { std::str::from_utf8(self.value).ok() }
    }

    /// The item, where the field has just one.
    pub fn text(self) -> Option<&'a str> {
        self.whole().filter(|text| !text.contains([RS, US]))
    }

    /// The subfields. One, with one item, where there is no separator; none of binary data.
    pub fn subfields(self) -> impl Iterator<Item = Subfield<'a>> {
        self.whole().into_iter().flat_map(|text| text.split(RS)).map(Subfield)
    }

    /// The value with its separators, or the binary data.
    pub fn bytes(self) -> &'a [u8] {
        self.value
    }

    /// Where the field's tag starts. Unit: bytes from the start of the file that was read.
    pub fn offset(self) -> usize {
        self.offset
    }
}

impl<'a> Subfield<'a> {
    /// Its items; one where there is no separator.
    pub fn items(self) -> impl Iterator<Item = &'a str> {
        self.0.split(US)
    }

    /// Its items, where there are just so many.
    pub fn exactly<const N: usize>(self) -> Option<[&'a str; N]> {
        (self.items().count() == N).then(|| self.first()).flatten()
    }

    /// Its first items, where there are so many or more.
    pub fn first<const N: usize>(self) -> Option<[&'a str; N]> {
        let (mut first, mut items) = ([""; N], self.items());
        for place in &mut first {
            *place = items.next()?;
        }
        Some(first)
    }

    /// Whether it has one item, and nothing in it.
    pub fn is_empty(self) -> bool {
        self.0.is_empty()
    }
}
