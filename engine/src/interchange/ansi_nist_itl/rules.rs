//! What the standard asks of single records: fields that must be there, those that must not, and what is in them.
//!
//! The tables hold the fields that every edition has, or that decide what is done with an image. Fields that are not in a table
//! (user-defined ones, and those of later editions) are read and kept as they are. *Why strict:* a transaction that is wrong
//! somewhere was made by something that may have mixed up the fingers, too, and these decide about people.

use super::error::ItlError;
use super::record::{Body, DATA, Field, Record, Span, whole};

/// What an item can be.
#[derive(Clone, Copy)]
enum Item {
    Text,
    /// A whole number in this range.
    Number(u32, u32),
    /// A whole number, which may be below 0: NIST's own segmenter puts the edge of a finger outside its image.
    Signed,
    /// Digits, at most one point between them.
    Decimal,
    /// YYYYMMDD; month and day may be 00 where they are not known.
    Date,
}

struct Rule {
    number: u16,
    mandatory: bool,
    /// Fewest and most items of each subfield.
    items: (usize, usize),
    /// Most subfields.
    subfields: usize,
    item: Item,
}

/// A field of one item that must be there.
const fn must(number: u16, item: Item) -> Rule {
    Rule { number, mandatory: true, items: (1, 1), subfields: 1, item }
}

const fn may(number: u16, item: Item) -> Rule {
    Rule { mandatory: false, ..must(number, item) }
}

/// A field with a subfield of so many items for each finger, or each of some other short list.
const fn sets(number: u16, items: (usize, usize), item: Item) -> Rule {
    Rule { items, subfields: MOST_SUBFIELDS, ..may(number, item) }
}

/// More than the standard allows in any of these fields (8 amputated fingers, 17 positions), and few enough to compare all with all.
const MOST_SUBFIELDS: usize = 20;

const TYPE_1: [Rule; 15] = [
    must(1, Item::Number(1, u32::MAX)),
    must(2, Item::Number(0, 9999)),
    Rule { items: (2, 2), subfields: usize::MAX, ..must(3, Item::Number(0, 999)) },
    must(4, Item::Text),
    must(5, Item::Date),
    may(6, Item::Number(1, 9)),
    must(7, Item::Text),
    must(8, Item::Text),
    must(9, Item::Text),
    may(10, Item::Text),
    must(11, Item::Decimal),
    must(12, Item::Decimal),
    Rule { items: (1, 2), ..may(13, Item::Text) },
    may(14, Item::Text),
    sets(15, (2, 3), Item::Text),
];

const TYPE_9: [Rule; 6] = [
    must(1, Item::Number(1, u32::MAX)),
    must(2, Item::Number(0, 99)),
    must(3, Item::Number(0, 99)),
    must(4, Item::Text),
    sets(6, (1, 1), Item::Number(0, 99)),
    may(10, Item::Number(0, 9999)),
];

/// Types 13 (latent), 14 (finger) and 15 (palm). Width to bits per pixel, and the data, are needed where there is an image.
const IMAGE: [Rule; 13] = [
    must(1, Item::Number(1, u32::MAX)),
    must(2, Item::Number(0, 99)),
    must(3, Item::Number(0, 99)),
    must(4, Item::Text),
    must(5, Item::Date),
    Rule { subfields: 6, ..must(13, Item::Number(0, 99)) },
    may(6, Item::Number(1, 99_999)),
    may(7, Item::Number(1, 99_999)),
    may(8, Item::Number(0, 2)),
    may(9, Item::Number(1, 99_999)),
    may(10, Item::Number(1, 99_999)),
    may(11, Item::Text),
    may(12, Item::Number(1, 99)),
];

/// Type-14 alone: amputated or bandaged fingers, segments, NIST's quality, polygons of segments.
const TYPE_14: [Rule; 4] = [
    sets(18, (2, 2), Item::Text),
    sets(21, (5, 5), Item::Signed),
    sets(22, (2, 2), Item::Number(0, 255)),
    // Finger, number of points, at least three points.
    sets(25, (8, 2 + 2 * 99), Item::Signed),
];

const TYPE_10: [Rule; 12] = [
    must(1, Item::Number(1, u32::MAX)),
    must(2, Item::Number(0, 99)),
    must(3, Item::Text),
    must(4, Item::Text),
    must(5, Item::Date),
    must(6, Item::Number(1, 99_999)),
    must(7, Item::Number(1, 99_999)),
    must(8, Item::Number(0, 2)),
    must(9, Item::Number(1, 99_999)),
    must(10, Item::Number(1, 99_999)),
    must(11, Item::Text),
    must(12, Item::Text),
];

/// EXR, since 2013: the image is in another file, which is not looked for.
const ELSEWHERE: u16 = 994;

/// The editions that are read: 1993 and 1997, 2000, 2007, 2011 with its updates of 2013 and 2015. (2008 is XML; its fields are 2007's.)
const EDITIONS: [u32; 7] = [200, 201, 300, 400, 500, 501, 502];
const EDITION_2007: u32 = 400;
const EDITION_2011: u32 = 500;

/// 1.002.
pub(super) fn edition(header: &Record) -> Result<u32, ItlError> {
    let edition = header.number(2, 9999)?;
    if EDITIONS.contains(&edition) {
        return Ok(edition);
    }
    Err(header.error(2, format!("is edition {edition:04}, and 0200 to 0502 are read")))
}

/// Whether a record is one by the standard, as far as one record can say.
pub(super) fn check(record: &Record, edition: u32) -> Result<(), ItlError> {
    if matches!(record.body, Body::Binary(_)) {
        return Ok(());
    }
    let no_tables: [&[Rule]; 2] = [&[], &[]];
    let tables: [&[Rule]; 2] = match record.record_type() {
        1 => [&TYPE_1, &[]],
        9 => [&TYPE_9, &[]],
        10 => [&TYPE_10, &[]],
        14 => [&IMAGE, &TYPE_14],
        13 | 15 => [&IMAGE, &[]],
        _ => no_tables,
    };
    for rule in tables.into_iter().flatten() {
        follows(record, rule)?;
    }
    // Type-2 is defined by its users, who repeat fields.
    if record.record_type() != 2 {
        no_field_twice(record)?;
    }
    match record.record_type() {
        1 => header(record, edition),
        9 => minutiae(record),
        10 => face(record, edition),
        13..=15 => image(record),
        _ => Ok(()),
    }
}

fn follows(record: &Record, rule: &Rule) -> Result<(), ItlError> {
    let number = rule.number;
    let Some(field) = record.field(number) else {
        return if rule.mandatory { record.required(number).map(|_| ()) } else { Ok(()) };
    };
    if rule.mandatory && field.bytes().is_empty() {
        return Err(record.error(number, "is empty, and must not be"));
    }
    let (least, most) = rule.items;
    for (i, subfield) in field.subfields().enumerate() {
        if i >= rule.subfields {
            return Err(record.error(number, format!("has more than {} subfields", rule.subfields)));
        }
        let found = subfield.items().count();
        if found < least || found > most {
            let allowed = if least == most { format!("{least}") } else { format!("{least} to {most}") };
            let problem = format!("subfield {} has {found} items, not {allowed}", i + 1);
            return Err(record.error(number, problem));
        }
        // An optional field may be there and say nothing.
        if let Some(problem) =
            subfield.items().filter(|item| !item.is_empty()).find_map(|item| rule.item.refuses(item))
        {
            return Err(record.error(number, problem));
        }
    }
    Ok(())
}

impl Item {
    fn refuses(self, item: &str) -> Option<String> {
        let digits = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
        match self {
            Self::Text => None,
            Self::Number(from, to) => match whole(item) {
                Some(value) if (from..=to).contains(&value) => None,
                _ => Some(format!("has an item that is not a number from {from} to {to}")),
            },
            Self::Signed => match item.parse::<i32>() {
                Ok(_) if digits(item.strip_prefix('-').unwrap_or(item)) => None,
                _ => Some("has an item that is not a whole number".into()),
            },
            Self::Decimal => {
                let (left, right) = item.split_once('.').unwrap_or((item, "0"));
                (!digits(left) || !digits(right)).then(|| "is not a decimal number, such as 19.69".into())
            }
            Self::Date => {
                let part = |from, to| item.get(from..to).and_then(whole);
                let sound = item.len() == 8
                    && part(0, 4).is_some()
                    && part(4, 6).is_some_and(|month| month <= 12)
                    && part(6, 8).is_some_and(|day| day <= 31);
                (!sound).then(|| "is not a date as YYYYMMDD".into())
            }
        }
    }
}

fn no_field_twice(record: &Record) -> Result<(), ItlError> {
    let mut spans = record.spans().to_vec();
    spans.sort_unstable_by_key(|span| (span.record_type, span.number, span.start));
    let same =
        |pair: &&[Span]| (pair[0].record_type, pair[0].number) == (pair[1].record_type, pair[1].number);
    match spans.windows(2).find(same) {
        Some([_, second]) => Err(record.place.error(
            Some(second.number),
            record.offset + second.start as usize,
            "is there twice, and may be there once",
        )),
        _ => Ok(()),
    }
}

fn header(record: &Record, edition: u32) -> Result<(), ItlError> {
    // 2011 has 1.016 to 1.018, no edition has more.
    let last = if edition >= EDITION_2011 { 18 } else { 15 };
    if let Some(field) = record.fields().find(|f| f.record_type != 1 || f.number > last) {
        let problem = format!("is not a field of a Type-1 record of edition {edition:04}");
        return Err(record.place.error(Some(field.number), field.offset, problem));
    }
    // NIST's own samples say NISTDATA, in an edition that has four characters for it; NIST's checker is told to let it pass, too.
    let transaction = record.required(4)?.text().unwrap_or_default();
    let (least, most) = if edition >= EDITION_2011 { (1, 16) } else { (3, 4) };
    let length = transaction.len();
    if !(least..=most).contains(&length) && transaction != "NISTDATA" {
        return Err(record.error(4, format!("has {length} characters, not {least} to {most}")));
    }
    Ok(())
}

/// Of the standard's own format (9.004 is S); the fields of makers are theirs.
fn minutiae(record: &Record) -> Result<(), ItlError> {
    match record.required(4)?.text() {
        Some("U") => Ok(()),
        Some("S") => {
            for number in [6, 7, 10, 12] {
                record.required(number)?;
            }
            let count = record.number(10, 9999)? as usize;
            let there = record.required(12)?.subfields().filter(|subfield| !subfield.is_empty()).count();
            if count != there {
                return Err(record.error(12, format!("has {there} minutiae, and 9.010 says {count}")));
            }
            Ok(())
        }
        _ => Err(record.error(4, "is neither S (standard) nor U (other)")),
    }
}

/// From 2007 on a picture says its acquisition profile, and a face of profile 40, 50 or 51 how the person looks (2011, 8.10.25).
fn face(record: &Record, edition: u32) -> Result<(), ItlError> {
    if record.field(DATA).is_some() || record.field(ELSEWHERE).is_none() {
        super::image_header::check(record)?;
    }
    if edition >= EDITION_2007 && record.required(3)?.text() == Some("FACE") {
        let profile = record.number(13, 99)?;
        if matches!(profile, 40 | 50 | 51) && record.field(26).is_none() {
            let problem = format!("is missing, and must be there at acquisition profile {profile} (10.013)");
            return Err(record.error(26, problem));
        }
    }
    Ok(())
}

fn image(record: &Record) -> Result<(), ItlError> {
    let amputated = record.record_type() != 13 && record.field(18).is_some();
    if record.field(DATA).is_none() && (amputated || record.field(ELSEWHERE).is_some()) {
        return Ok(());
    }
    for number in [6, 7, 8, 9, 10, 11, 12, DATA] {
        let empty = record.required(number)?.bytes().is_empty();
        if empty {
            return Err(record.error(number, "is empty, and must not be"));
        }
    }
    if let Some(field) = record.field(21) {
        segments(record, field)?;
    }
    super::image_header::check(record)
}

fn segments(record: &Record, field: Field<'_>) -> Result<(), ItlError> {
    for (i, subfield) in field.subfields().enumerate() {
        // What is empty, the rule of the field let through.
        let numbers = subfield.exactly().map(|items: [&str; 5]| items.map(|item| item.parse::<i32>()));
        let Some([Ok(finger), Ok(left), Ok(right), Ok(top), Ok(bottom)]) = numbers else {
            return Err(record.error(21, format!("subfield {} is not a finger and four edges", i + 1)));
        };
        if !(1..=19).contains(&finger) || left >= right || top >= bottom {
            return Err(record.error(21, format!("subfield {} is not a finger and a rectangle", i + 1)));
        }
    }
    Ok(())
}

/// No finger twice as one kind of impression: then one of the two is of another finger, and nobody can say which.
pub(super) fn no_finger_twice(records: &[Record]) -> Result<(), ItlError> {
    let mut seen: Vec<(u8, Vec<u8>, u8)> = Vec::with_capacity(records.len());
    for record in records {
        let Some((impression, positions)) = super::impression::taken_from(record)? else { continue };
        if positions.contains(&0) {
            continue;
        }
        let key = (record.record_type(), positions, impression);
        if seen.contains(&key) {
            let number = if record.record_type() == 14 { Some(13) } else { None };
            let offset = number.and_then(|n| record.field(n)).map_or(record.offset, |field| field.offset);
            let problem = "is a finger that an earlier record has, with the same kind of impression";
            return Err(record.place.error(number, offset, problem));
        }
        seen.push(key);
    }
    Ok(())
}
