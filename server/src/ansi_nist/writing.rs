//! A hit as a transaction: the data of the set that was found in a Type-2 record, and its prints in records of Type-14 and 9.
//!
//! Images stay as they were sent, where a transaction can hold them; BMP and TIFF become PNG, pixel for pixel. Minutiae are written in the
//! fields of INCITS 378, whose directions are 2 degrees apart.

use std::borrow::Cow;

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use whorl_engine::extraction::{ExtractionError, ImageFormat, Request, image};
use whorl_engine::interchange::ansi_nist_itl::{
    Builder, Compression, Impression, ItlError, MinutiaeFormat, MinutiaeSet, MinutiaeView, Segment,
    TextField, Transaction,
};
use whorl_engine::interchange::{RecordError, Standard};

use super::mapping::{FieldName, Mapping};
use crate::central_unit::{Hit, PrintError, PrintKind};
use crate::database::{FingerData, FingerprintData, Record};

/// Edition 2011: has the fields of INCITS 378, and room for words for categories.
const VERSION: u16 = 500;
/// What the Central Unit is called where a transaction names its agencies.
const AGENCY: &str = "CENTRAL-UNIT";
/// Nobody said how the print was taken.
const IMPRESSION_UNKNOWN: u8 = 29;
/// What INCITS 378 has for it: a plain live-scan print, as whoever says nothing means.
const IMPRESSION_PLAIN: u8 = 0;

/// Why a hit cannot be a file.
#[derive(Debug, thiserror::Error)]
pub enum Unwritable {
    /// A value or a record that the standard has no room for.
    #[error(transparent)]
    Transaction(#[from] ItlError),
    /// An image that is not read any more as it was.
    #[error(transparent)]
    Image(#[from] ExtractionError),
    /// A minutiae record, likewise.
    #[error(transparent)]
    Record(#[from] RecordError),
    /// A media type of another version of this program.
    #[error(transparent)]
    Print(#[from] PrintError),
}

/// A hit as a file. Where the set that was found may not be delivered any more, it has what is of the hit itself only.
///
/// # Errors
/// What the standard cannot say of it.
pub fn of_hit(hit: &Hit, mapping: &Mapping, now: Timestamp) -> Result<Vec<u8>, Unwritable> {
    let found = &hit.found;
    let mut header = Transaction {
        version: VERSION,
        kind: "HIT".to_owned(),
        date: day(now.to_zoned(TimeZone::UTC).date()),
        priority: None,
        destination: found.recipient.to_string(),
        origin: AGENCY.to_owned(),
        control_number: found.hit_id.simple().to_string(),
        reference_number: Some(found.probe.reference_number.as_str().to_owned()),
        scanned_resolution: "00.00".to_owned(),
        transmitted_resolution: "00.00".to_owned(),
        domain: None,
    };
    let mut values = vec![
        (mapping.hit_id, found.hit_id.to_string()),
        (mapping.score, found.score.to_string()),
        (mapping.false_match_rate, format!("{:e}", hit.false_match_rate)),
    ];
    let mut prints = Vec::new();
    if let Some((record, files)) = &hit.matched {
        values.extend(of_record(record, mapping));
        for (data, file) in record.fingerprints.iter().zip(files) {
            prints.push((data, readable(data, file)?));
        }
    }
    let mut fields = Vec::new();
    for (FieldName { record_type, number }, value) in values {
        match (record_type, number) {
            (1, 4) => header.kind = value,
            (1, 9) => header.control_number = value,
            (1, _) => header.reference_number = Some(value),
            _ => fields.push(TextField::single(number, value)),
        }
    }
    let disclosures = hit.matched.iter().flat_map(|(record, _)| &record.disclosures);
    let disclosed: Vec<_> = disclosures.map(|to| vec![to.recipient.to_string(), to.at.to_string()]).collect();
    if !disclosed.is_empty() {
        fields.push(TextField { number: mapping.disclosures.number, subfields: disclosed });
    }
    fields.sort_by_key(|field| field.number);
    let mut file = Builder::new(header);
    file.text(0, fields);
    let taken = hit.matched.as_ref().map(|(record, _)| day(record.taken_on)).unwrap_or_default();
    for (idc, (data, print)) in (1..).zip(&prints) {
        match print {
            Readable::Image { compression, size, bytes } => {
                file.print(&impression(idc, data, *compression, *size, bytes), AGENCY, &taken);
            }
            Readable::Minutiae(set, view) => {
                file.minutiae(&MinutiaeSet { idc, ..set.clone() }, *view);
            }
        }
    }
    Ok(file.finish()?.encode()?)
}

fn day(date: Date) -> String {
    date.strftime("%Y%m%d").to_string()
}

/// The data of Art. 5(1), or 8(2).
fn of_record(record: &Record, mapping: &Mapping) -> Vec<(FieldName, String)> {
    let mut values = vec![
        (mapping.reference_number, record.reference_number.as_str().to_owned()),
        (mapping.fingerprints_taken_on, day(record.taken_on)),
        (mapping.member_state, record.member_state.to_string()),
        (mapping.transmitted_at, record.transmitted_at.to_string()),
        (mapping.entered_at, record.entered_at.to_string()),
    ];
    // Each has a word: a table without one is refused.
    values.extend(mapping.categories.word(record.category).map(|word| (mapping.category, word.to_owned())));
    values.extend(mapping.sexes.word(record.sex).map(|word| (mapping.sex, word.to_owned())));
    if let Some(application) = &record.application {
        values.push((mapping.application_place, application.place.clone()));
        values.push((mapping.application_date, day(application.date)));
    }
    values
}

/// A print as a record of a transaction has it.
enum Readable<'a> {
    Image { compression: Compression, size: (u32, u32), bytes: Cow<'a, [u8]> },
    Minutiae(MinutiaeSet, MinutiaeView),
}

fn readable<'a>(data: &FingerprintData, file: &'a [u8]) -> Result<Readable<'a>, Unwritable> {
    let resolution_ppi = data.resolution_ppi.unwrap_or_default();
    let as_it_is = |compression, format| {
        let size = image::check(format, file, resolution_ppi)?;
        Ok(Readable::Image { compression, size, bytes: Cow::Borrowed(file) })
    };
    match PrintKind::of(&data.media_type)? {
        PrintKind::Image(ImageFormat::Wsq) => as_it_is(Compression::Wsq20, ImageFormat::Wsq),
        PrintKind::Image(ImageFormat::Png) => as_it_is(Compression::Png, ImageFormat::Png),
        PrintKind::Image(ImageFormat::Jpeg) => as_it_is(Compression::JpegB, ImageFormat::Jpeg),
        PrintKind::Image(ImageFormat::Jp2) => as_it_is(Compression::Jp2, ImageFormat::Jp2),
        PrintKind::Image(format) => {
            let pixels = image::decode(Request { format, resolution_ppi, segment: None }, file)?;
            let size = pixels.dimensions();
            let png = image::png_of(size.0, size.1, pixels.as_raw())?;
            Ok(Readable::Image { compression: Compression::Png, size, bytes: Cow::Owned(png) })
        }
        PrintKind::Record(standard) => of_minutiae(data, standard, file),
    }
}

fn of_minutiae<'a>(
    data: &FingerprintData,
    standard: Standard,
    file: &[u8],
) -> Result<Readable<'a>, Unwritable> {
    // It was one view when it was entered.
    let finger = standard.read(file)?.into_iter().next().ok_or(ExtractionError::Died)?;
    let side = |pixels: u32| u16::try_from(pixels).unwrap_or(u16::MAX);
    let set = MinutiaeSet {
        record: 0,
        idc: 0,
        position: data.position.code(),
        impression: IMPRESSION_PLAIN,
        format: MinutiaeFormat::Incits378,
        minutiae: finger.minutiae,
    };
    let view = MinutiaeView {
        width: side(finger.width),
        height: side(finger.height),
        quality: finger.quality.unwrap_or(0),
    };
    Ok(Readable::Minutiae(set, view))
}

fn impression<'a>(
    idc: u8,
    data: &FingerprintData,
    compression: Compression,
    (width, height): (u32, u32),
    bytes: &'a [u8],
) -> Impression<'a> {
    let ppi = data.resolution_ppi.unwrap_or_default();
    Impression {
        record: 0,
        record_type: 14,
        idc,
        positions: vec![data.position.code()],
        impression: IMPRESSION_UNKNOWN,
        width,
        height,
        resolution_ppi: Some((ppi, ppi)),
        compression,
        bits_per_pixel: 8,
        data: bytes,
        missing: Vec::new(),
        segments: data.fingers.iter().filter_map(segment).collect(),
    }
}

fn segment(finger: &FingerData) -> Option<Segment> {
    let area = finger.area?;
    let edge = |pixels: u32| i32::try_from(pixels).unwrap_or(i32::MAX);
    Some(Segment {
        position: finger.position.code(),
        left: edge(area.left),
        right: edge(area.right),
        top: edge(area.top),
        bottom: edge(area.bottom),
    })
}
