//! The list of contents, 1.003: which records follow, in which order, under which designation character (IDC).

use super::error::ItlError;
use super::record::Record;

const CNT: u16 = 3;
/// Three digits is what the standard has for their number.
const MOST_RECORDS: usize = 999;

pub(super) struct Entry {
    pub record_type: u8,
    pub idc: u8,
}

/// What 1.003 lists after the Type-1 record. Its first subfield is `1` and the number of the others.
pub(super) fn listed(header: &Record) -> Result<Vec<Entry>, ItlError> {
    let field = header.required(CNT)?;
    let mut pairs = Vec::new();
    for (i, subfield) in field.subfields().enumerate() {
        let Some([first, second]) = subfield.exactly() else {
            let found = subfield.items().count();
            return Err(header.error(CNT, format!("subfield {} has {found} items, not 2", i + 1)));
        };
        if i > MOST_RECORDS {
            return Err(header.error(CNT, format!("lists more than {MOST_RECORDS} records")));
        }
        pairs.push((header.whole(CNT, first, 99)?, header.whole(CNT, second, 999)?));
    }
    let mut pairs = pairs.into_iter();
    let (first, count) = pairs.next().unwrap_or_default();
    if first != 1 {
        return Err(header.error(CNT, "does not begin with the Type-1 record"));
    }
    if count as usize != pairs.len() {
        return Err(header.error(CNT, format!("says {count} records, and lists {}", pairs.len())));
    }
    let entry =
        |(record_type, idc): (u32, u32)| match (u8::try_from(record_type), u8::try_from(idc)) {
            (Ok(record_type @ 2..=99), Ok(idc @ 0..=99)) => Ok(Entry { record_type, idc }),
            _ => Err(header
                .error(CNT, "lists a record that is not of Type-2 to Type-99 with an IDC of at most 99")),
        };
    pairs.map(entry).collect()
}

/// A record has the IDC that 1.003 lists it with. Minutiae may have that of the image before them that they come from: a file
/// of NIST's own lists them with one more, and says in 9.002 to which image they belong.
pub(super) fn same_idc(record: &Record, listed: u8, before: &[Record]) -> Result<(), ItlError> {
    let image = |other: &Record| other.idc == record.idc && matches!(other.record_type(), 4 | 13..=15);
    if record.idc == listed || (record.record_type() == 9 && before.iter().any(image)) {
        return Ok(());
    }
    Err(record.error(2, format!("is IDC {}, and 1.003 lists {listed:02}", record.idc)))
}
