//! A transaction to the transmission that says the same.
//!
//! | record | what is taken |
//! | --- | --- |
//! | Type-1, Type-2 | what [`Mapping`] has a row for |
//! | Type-4, 13, 14 | the image, its position and resolution; which fingers are marked in a slap; that a finger is missing |
//! | Type-9 | minutiae of a finger of which the file has no image |
//!
//! R-DATA-1: anything else refuses the file: fields of Type-1 and Type-2 in no row, all but what describes the print in records of
//! prints, and all records of other types, which are of faces, irises, signatures and whatever else the law does not know.

use std::collections::BTreeMap;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value, json};
use whorl_engine::extraction::{ImageFormat, image};
use whorl_engine::interchange::ansi_nist_itl::{
    Compression, File, Impression, ItlError, MinutiaeSet, Record, Segment,
};
use whorl_engine::interchange::{Finger, Standard};
use whorl_engine::minutia::Minutia;

use super::mapping::{FieldName, Mapping};
use crate::eurodac::prints::Position;

/// A transmission, as JSON, and what its parts are called in the file that it was made of.
pub struct Translation {
    /// As for `POST /v1/eurodac/transmissions`.
    pub transmission: Vec<u8>,
    /// Path in it, and name in the file.
    pub names: BTreeMap<String, String>,
}

/// Why a file is no transmission.
#[derive(Debug)]
pub struct Unusable {
    /// What kind of reason.
    pub why: Why,
    /// Record and field, as far as one is to blame.
    pub field: String,
    /// What is wrong.
    pub detail: String,
}

/// Kinds of reasons.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Why {
    /// It breaks the standard.
    Broken,
    /// R-DATA-1.
    FieldUnknown,
    /// A value that cannot be.
    FieldInvalid,
    /// Compressed in a way that is not read.
    Unsupported,
}

type Outcome<T> = Result<T, Unusable>;

impl From<ItlError> for Unusable {
    fn from(error: ItlError) -> Self {
        let field = match (error.record_type, error.field) {
            (_, Some((record_type, number))) => format!("{record_type}.{number:03}"),
            (Some(record_type), None) => format!("Type-{record_type}"),
            (None, None) => String::new(),
        };
        Self { why: Why::Broken, field, detail: error.to_string() }
    }
}

fn unusable<T>(why: Why, field: impl Into<String>, detail: impl Into<String>) -> Outcome<T> {
    Err(Unusable { why, field: field.into(), detail: detail.into() })
}

/// Reads a file, and says as a transmission what it says.
///
/// # Errors
/// What in it is broken, or in no row of the table.
pub fn translate(bytes: &[u8], mapping: &Mapping) -> Outcome<Translation> {
    let file = File::decode(bytes)?;
    // Also of fields that are not there: they may be missed.
    let names = mapping.rows().map(|(field, path)| (path.to_owned(), field.to_string())).collect();
    let mut translation = Draft { mapping, transmission: Map::new(), names };
    for (index, record) in file.records.iter().enumerate() {
        match record.record_type() {
            1 | 2 => translation.of_person(record)?,
            4 => {}
            9 | 13 | 14 => only_known_fields(index, record)?,
            other => {
                let detail = "records of this type are not taken: send fingerprints, and what is in the table of fields";
                return unusable(Why::FieldUnknown, format!("record {index} (Type-{other})"), detail);
            }
        }
    }
    translation.prints(&file)?;
    let Draft { transmission, names, .. } = translation;
    Ok(Translation { transmission: Value::Object(transmission).to_string().into_bytes(), names })
}

/// R-DATA-1 in records of prints: what describes the print, and what is in no other list. Comments (xx.020), places on Earth (xx.998),
/// annotations (xx.902), fields of users' and makers' own and the extended feature set, which has comments, may say anything of anybody.
fn only_known_fields(index: usize, record: &Record) -> Outcome<()> {
    let record_type = record.record_type();
    let is_known = |number: u16| match record_type {
        // The standard's own fields, the FBI's figures, and those of INCITS 378.
        9 => matches!(number, 1..=30 | 126..=150),
        _ => matches!(number, 1..=19 | 21..=27 | 30 | 31 | 999),
    };
    match record.fields().find(|field| field.record_type != record_type || !is_known(field.number)) {
        None => Ok(()),
        Some(field) => {
            let name = format!("record {index}, {}.{:03}", field.record_type, field.number);
            unusable(Why::FieldUnknown, name, "remove this field: nothing was kept or changed")
        }
    }
}

struct Draft<'a> {
    mapping: &'a Mapping,
    transmission: Map<String, Value>,
    names: BTreeMap<String, String>,
}

impl Draft<'_> {
    /// Type-1 and Type-2.
    fn of_person(&mut self, record: &Record) -> Outcome<()> {
        let record_type = record.record_type();
        for field in record.fields() {
            let name = FieldName { record_type: field.record_type, number: field.number };
            let row = self.mapping.rows().find(|(row, _)| *row == name && field.record_type == record_type);
            // What of Type-1 is in no row is of the transaction: its length, its parts, its version, who sends it to whom.
            let last = if record_type == 1 { 18 } else { 2 };
            let is_of_the_file = field.record_type == record_type && field.number <= last;
            match row {
                None if is_of_the_file => {}
                None => {
                    let detail = "no transmission has this field: nothing was kept or changed";
                    return unusable(Why::FieldUnknown, name.to_string(), detail);
                }
                Some((_, path)) => {
                    let text = field.text().map(str::trim).filter(|text| !text.is_empty());
                    let Some(text) = text else {
                        return unusable(Why::FieldInvalid, name.to_string(), "one value is expected");
                    };
                    let value = self.value(name, text)?;
                    if self.put(path, value).is_some() {
                        return unusable(Why::FieldInvalid, name.to_string(), "is there twice");
                    }
                }
            }
        }
        Ok(())
    }

    /// What a field says, as JSON says it.
    fn value(&self, name: FieldName, text: &str) -> Outcome<Value> {
        let invalid =
            |expected: &str| unusable(Why::FieldInvalid, name.to_string(), format!("expected {expected}"));
        let mapping = self.mapping;
        let is = |row: FieldName| row == name;
        if is(mapping.category) {
            let category = mapping.categories.meaning(text);
            return category.map_or_else(
                || invalid(&format!("one of {}", mapping.categories.words())),
                |category| Ok(json!(category.number())),
            );
        }
        if is(mapping.sex) {
            let sex = mapping.sexes.meaning(text);
            return sex
                .map_or_else(|| invalid(&format!("one of {}", mapping.sexes.words())), |sex| Ok(json!(sex)));
        }
        if is(mapping.fingerprints_taken_on) || is(mapping.application_date) {
            let is_day = text.len() == 8 && text.bytes().all(|byte| byte.is_ascii_digit());
            return if is_day {
                Ok(json!(format!("{}-{}-{}", &text[..4], &text[4..6], &text[6..])))
            } else {
                invalid("a date like 20261120")
            };
        }
        let flags = [mapping.aged_14_or_over, mapping.informed, mapping.not_turned_back, mapping.compare_own];
        match text {
            "Y" if flags.contains(&name) => Ok(json!(true)),
            "N" if flags.contains(&name) => Ok(json!(false)),
            _ if flags.contains(&name) => invalid("Y or N"),
            _ => Ok(json!(text)),
        }
    }

    /// Puts a value where its path says, at most one object deep; what was there before.
    fn put(&mut self, path: &str, value: Value) -> Option<Value> {
        let Some((parent, child)) = path.split_once('.') else {
            return self.transmission.insert(path.to_owned(), value);
        };
        match self.transmission.entry(parent).or_insert_with(|| json!({})) {
            Value::Object(object) => object.insert(child.to_owned(), value),
            _ => None,
        }
    }

    /// Images, and minutiae of fingers without one.
    fn prints(&mut self, file: &File) -> Outcome<()> {
        let mut prints = Vec::new();
        let impressions = file.impressions()?;
        for impression in &impressions {
            let name = format!("record {} (Type-{})", impression.record, impression.record_type);
            if impression.data.is_empty() {
                // R-DATA-1 has no field for why a finger is missing: the set is without it.
                match impression.missing.is_empty() {
                    true => {
                        return unusable(
                            Why::Unsupported,
                            name,
                            "its image is in another file; send it in this one",
                        );
                    }
                    false => continue,
                }
            }
            let position = position(&impression.positions, &name)?;
            self.names.insert(format!("fingerprints[{}]", prints.len()), name.clone());
            prints.push(of_impression(impression, position, &name)?);
        }
        for set in file.minutiae()? {
            if !impressions
                .iter()
                .any(|impression| !impression.data.is_empty() && has_finger(impression, &set))
            {
                let name = format!("record {} (Type-9)", set.record);
                self.names.insert(format!("fingerprints[{}]", prints.len()), name.clone());
                prints.push(of_minutiae(&set, &name)?);
            }
        }
        if prints.is_empty() {
            return unusable(
                Why::FieldInvalid,
                "1.003",
                "the file has no print: no image, and no minutiae that are read",
            );
        }
        self.transmission.insert("fingerprints".to_owned(), Value::Array(prints));
        Ok(())
    }
}

/// Whether minutiae are of an image, by its IDC, or of a finger that is compared from an image: its own, or marked in a slap.
fn has_finger(impression: &Impression<'_>, set: &MinutiaeSet) -> bool {
    let thumb = match set.position {
        1 => 11,
        6 => 12,
        _ => u8::MAX,
    };
    let is_known = set.position > 0;
    impression.idc == set.idc
        || is_known && (impression.positions == [set.position] || impression.positions == [thumb])
        || is_known && impression.segments.iter().any(|segment| segment.position == set.position)
}

/// What an image shows; unknown, where it may be one of several fingers.
fn position(codes: &[u8], name: &str) -> Outcome<u8> {
    let [code] = codes else { return Ok(0) };
    match Position::try_from(*code) {
        Ok(position) => Ok(position.code()),
        Err(problem) => unusable(Why::FieldInvalid, name, problem),
    }
}

/// An image, as it is in the file; uncompressed pixels as a PNG, which has the same.
fn of_impression(impression: &Impression<'_>, position: u8, name: &str) -> Outcome<Value> {
    let invalid = |detail: String| Unusable { why: Why::FieldInvalid, field: name.to_owned(), detail };
    let (width, height) = (impression.width, impression.height);
    let kind = match impression.compression {
        Compression::Wsq20 => Some((ImageFormat::Wsq, "image/wsq")),
        Compression::Jp2 | Compression::Jp2L => Some((ImageFormat::Jp2, "image/jp2")),
        Compression::JpegB => Some((ImageFormat::Jpeg, "image/jpeg")),
        Compression::Png => Some((ImageFormat::Png, "image/png")),
        Compression::None => None,
        Compression::JpegL => {
            let detail = "lossless JPEG is not read; send WSQ, PNG or JPEG 2000";
            return unusable(Why::Unsupported, name, detail);
        }
    };
    let Some(resolution_ppi) = resolution(impression) else {
        return Err(invalid("says no resolution, or one across and another down".into()));
    };
    let (media_type, data) = match kind {
        Some((format, media_type)) => {
            let size = image::check(format, impression.data, resolution_ppi)
                .map_err(|error| invalid(error.to_string()))?;
            if size != (width, height) {
                let (across, down) = size;
                let detail = format!("says {width} x {height} pixels, and its image has {across} x {down}");
                return Err(invalid(detail));
            }
            (media_type, STANDARD.encode(impression.data))
        }
        None => {
            let png =
                image::png_of(width, height, impression.data).map_err(|error| invalid(error.to_string()))?;
            ("image/png", STANDARD.encode(png))
        }
    };
    if impression.bits_per_pixel != 8 {
        return Err(invalid(format!("has {} bits a pixel; 8-bit grey is needed", impression.bits_per_pixel)));
    }
    // A single finger may be marked as its own segment: it is compared whole. Extra fingers (16, 17) are of no position that is compared.
    let marked = impression.segments.iter().filter(|segment| position > 12 && segment.position <= 10);
    let segments: Vec<_> = marked.map(|segment| marked_in(segment, width, height)).collect();
    Ok(json!({
        "position": position, "media_type": media_type, "resolution_ppi": resolution_ppi, "data": data, "segments": segments,
    }))
}

/// Where both directions have one resolution, but for rounding.
fn resolution(impression: &Impression<'_>) -> Option<u16> {
    let (across, down) = impression.resolution_ppi?;
    (across.abs_diff(down) <= 1).then_some(across.min(down))
}

/// Edges that lie outside the image are drawn back to it.
fn marked_in(segment: &Segment, width: u32, height: u32) -> Value {
    let within = |edge: i32, size: u32| u32::try_from(edge).unwrap_or(0).min(size);
    json!({
        "position": segment.position, "left": within(segment.left, width), "top": within(segment.top, height),
        "right": within(segment.right, width), "bottom": within(segment.bottom, height),
    })
}

/// Minutiae, as a record of the standard that every Central Unit reads: places to the pixel at 500 ppi, as they are compared.
fn of_minutiae(set: &MinutiaeSet, name: &str) -> Outcome<Value> {
    if set.position > 10 {
        return unusable(
            Why::FieldInvalid,
            name,
            "minutiae of several fingers are not taken; send them finger by finger",
        );
    }
    let size = |of: fn(&Minutia) -> u16| u32::from(set.minutiae.iter().map(of).max().unwrap_or(0)) + 1;
    let finger = Finger {
        position: set.position,
        view: 0,
        impression: if matches!(set.impression, 0..=3 | 8) { set.impression } else { 0 },
        quality: None,
        width: size(|minutia| minutia.x),
        height: size(|minutia| minutia.y),
        minutiae: set.minutiae.clone(),
        extended: 0,
    };
    let bytes = Standard::Iso19794_2_2005
        .write(&[finger])
        .or_else(|error| unusable(Why::FieldInvalid, name, error.to_string()))?;
    let media_type = Standard::Iso19794_2_2005.media_type();
    Ok(json!({"position": set.position, "media_type": media_type, "data": STANDARD.encode(bytes)}))
}
