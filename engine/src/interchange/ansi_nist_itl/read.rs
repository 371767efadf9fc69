//! From bytes to records: lengths, tags, separators, and that the contents (1.003) are what is there.

use super::error::{ItlError, Place};
use super::record::{Body, FS, GS, Record, Span, Tagged, is_data};
use super::{contents, rules};

/// Header of a binary image record (Types 3 to 6). Unit: bytes.
pub(super) const IMAGE_HEADER: usize = 18;

/// All records; every byte of `bytes` belongs to one of them.
pub(super) fn records(bytes: &[u8]) -> Result<Vec<Record>, ItlError> {
    let first = Place { record: 0, record_type: 1 };
    let (header, mut at) = tagged(bytes, 0, first)?;
    let edition = rules::edition(&header)?;
    rules::check(&header, edition)?;
    let listed = contents::listed(&header)?;
    let mut records = Vec::with_capacity(listed.len() + 1);
    records.push(header);
    for (i, entry) in listed.into_iter().enumerate() {
        let place = Place { record: i + 1, record_type: entry.record_type };
        place
            .check(at < bytes.len(), None, at, || "is listed in 1.003, and the file ends before it".into())?;
        let (record, end) = match entry.record_type {
            3..=8 => binary(bytes, at, place)?,
            _ => tagged(bytes, at, place)?,
        };
        rules::check(&record, edition)?;
        contents::same_idc(&record, entry.idc, &records)?;
        records.push(record);
        at = end;
    }
    let last = records.len() - 1;
    let place = Place { record: last, record_type: records.last().map_or(1, Record::record_type) };
    place.check(at == bytes.len(), None, at, || {
        format!("{} bytes follow the last record that 1.003 lists", bytes.len() - at)
    })?;
    Ok(records)
}

fn binary(bytes: &[u8], at: usize, place: Place) -> Result<(Record, usize), ItlError> {
    let least = if place.record_type < 7 { IMAGE_HEADER } else { 5 };
    let left = bytes.get(at..).unwrap_or_default();
    let (Some(&[a, b, c, d]), Some(&idc)) = (left.first_chunk::<4>(), left.get(4)) else {
        return Err(place.error(Some(1), at, "the file ends within the record's length"));
    };
    let length = u32::from_be_bytes([a, b, c, d]) as usize;
    place.check(length >= least, Some(1), at, || {
        format!("says {length} bytes, at least {least} are needed")
    })?;
    let body = left
        .get(..length)
        .ok_or_else(|| place.error(Some(1), at, format!("says {length} bytes, {} are left", left.len())))?;
    let body = Body::Binary(body.to_vec());
    Ok((Record { place, offset: at, idc, body }, at + length))
}

fn tagged(bytes: &[u8], at: usize, place: Place) -> Result<(Record, usize), ItlError> {
    let length = length(bytes, at, place)?;
    let end = at + length;
    let text = bytes.get(..end - 1).unwrap_or_default();
    let ended = bytes.get(end - 1) == Some(&FS);
    place.check(ended, Some(1), at, || format!("says {length} bytes, but the last of them is not FS"))?;
    let (mut spans, mut next) = (Vec::new(), at);
    loop {
        let (tag, after) = field(text, next, place)?;
        let number = (tag.record_type == place.record_type).then_some(tag.number);
        let too_far = |_| place.error(number, next, "is more than 4 GiB behind the start of the record");
        let start = u32::try_from(next - at).map_err(too_far)?;
        let tag_bytes = u8::try_from(tag.end - next).unwrap_or(u8::MAX);
        spans.push(Span { start, number: tag.number, record_type: tag.record_type, tag_bytes });
        match after {
            Some(after) => next = after,
            None => break,
        }
    }
    spans.shrink_to_fit();
    let own = text.get(at..).unwrap_or_default().to_vec();
    let body = Body::Tagged(Tagged { bytes: own, spans });
    let mut record = Record { place, offset: at, idc: 0, body };
    if place.record_type > 1 {
        let second = record.fields().nth(1).map(|field| (field.record_type, field.number));
        if second != Some((place.record_type, 2)) {
            return Err(record.error(2, "is not the second field, and must be"));
        }
        record.idc = u8::try_from(record.number(2, 99)?).unwrap_or(0);
    }
    Ok((record, end))
}

/// What LEN says, of which so much is there. Nothing is looked at beyond it.
fn length(bytes: &[u8], at: usize, place: Place) -> Result<usize, ItlError> {
    let refuse = |problem: String| place.error(Some(1), at, problem);
    let tag =
        Tag::read(bytes, at).map_err(|problem| refuse(format!("{problem}, and LEN must come first")))?;
    if (tag.record_type, tag.number) != (place.record_type, 1) {
        return Err(refuse(format!("starts with field {}.{:03}, not with LEN", tag.record_type, tag.number)));
    }
    // As many digits as a length can have, and one more.
    let value: Vec<u8> =
        bytes.iter().skip(tag.end).take(21).take_while(|b| !is_separator(**b)).copied().collect();
    let closed = bytes.get(tag.end + value.len());
    if !matches!(closed, Some(&GS | &FS)) {
        return Err(refuse("is not a length that ends with GS".into()));
    }
    let digits = !value.is_empty() && value.iter().all(u8::is_ascii_digit);
    let length: usize = std::str::from_utf8(&value)
        .ok()
        .filter(|_| digits)
        .and_then(|text| text.parse().ok())
        .ok_or_else(|| refuse("is not a length in digits".into()))?;
    let left = bytes.len() - at;
    if length > left {
        return Err(refuse(format!("says {length} bytes, {left} are left")));
    }
    // The length covers at least the field that says it.
    if at + length <= tag.end + value.len() {
        return Err(refuse(format!("says {length} bytes, which ends within LEN itself")));
    }
    Ok(length)
}

/// The tag of a field, and where the next one starts; `text` ends before the record's FS.
fn field(text: &[u8], at: usize, place: Place) -> Result<(Tag, Option<usize>), ItlError> {
    let tag = Tag::read(text, at).map_err(|problem| place.error(None, at, problem))?;
    let of_field = |problem: &str| place.error(Some(tag.number), at, problem);
    let rest = text.get(tag.end..).unwrap_or_default();
    if is_data(place, tag.record_type, tag.number) {
        return Ok((tag, None));
    }
    let length = rest.iter().position(|b| matches!(*b, GS | FS)).unwrap_or(rest.len());
    let (value, after) = rest.split_at(length);
    if after.first() == Some(&FS) {
        return Err(of_field("ends with FS, and LEN says that the record goes on"));
    }
    let value = std::str::from_utf8(value).map_err(|_| of_field("is not text in ASCII or UTF-8"))?;
    let forbidden = if place.record_type == 1 { forbidden_in_header } else { forbidden };
    if let Some(position) = value.bytes().position(forbidden) {
        return Err(place.error(
            Some(tag.number),
            tag.end + position,
            "has a character that text cannot have",
        ));
    }
    let next = (!after.is_empty()).then_some(tag.end + length + 1);
    Ok((tag, next))
}

fn is_separator(byte: u8) -> bool {
    (FS..=0x1F).contains(&byte)
}

/// Control characters, but for STX and ETX (they enclose text of another character set), tab and line ends.
fn forbidden(byte: u8) -> bool {
    (byte < b' ' || byte == 0x7F) && !matches!(byte, 0x02 | 0x03 | b'\t' | b'\n' | b'\r' | 0x1E | 0x1F)
}

/// A Type-1 record is in printable 7-bit ASCII (2011, annex B).
fn forbidden_in_header(byte: u8) -> bool {
    !matches!(byte, b' '..=b'~' | 0x1E | 0x1F)
}

struct Tag {
    record_type: u8,
    number: u16,
    /// After the colon.
    end: usize,
}

impl Tag {
    fn read(bytes: &[u8], at: usize) -> Result<Self, &'static str> {
        const PROBLEM: &str = "is not the tag of a field";
        let digits = |from: usize, most: usize| {
            let found = bytes.iter().skip(from).take(most).take_while(|b| b.is_ascii_digit());
            found.fold((0_usize, 0_u32), |(n, value), b| (n + 1, value * 10 + u32::from(b - b'0')))
        };
        let (length, record_type) = digits(at, 2);
        let dot = at + length;
        let (fraction, number) = digits(dot + 1, 5);
        let colon = dot + 1 + fraction;
        let spelled =
            length > 0 && fraction > 0 && bytes.get(dot) == Some(&b'.') && bytes.get(colon) == Some(&b':');
        let record_type = u8::try_from(record_type).map_err(|_| PROBLEM)?;
        let number = u16::try_from(number).map_err(|_| PROBLEM)?;
        if !spelled || record_type == 0 || number == 0 {
            return Err(PROBLEM);
        }
        Ok(Self { record_type, number, end: colon + 1 })
    }
}
