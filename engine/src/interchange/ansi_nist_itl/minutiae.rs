//! Type-9 records as minutiae: the standard's own format (9.005 to 9.012) and INCITS 378 (9.126 to 9.150).
//!
//! Both come out as ISO/IEC 19794-2 means minutiae, at 500 ppi: pixels from the upper left corner, direction up the ridge or
//! the valley in 360/256 degrees, quality 1-100 with 0 for none. All roundings are to the nearest, halves up.
//!
//! - **Standard format** (2000 and 2007; 2011 keeps it for old data): `XXXXYYYYTTT`, in 0.01 mm from the *lower* left
//!   corner, and in degrees. Its direction points away from the ridge or valley, so it is turned by half a circle
//!   (NIST's an2k2fmr does the same). The height comes from the image with the same IDC; without one it is that of the highest
//!   minutia, which moves all of them alike. Types A and B are endings and bifurcations, C and D (compound, undetermined) others.
//!   Quality 2 (best) to 63 (worst) is put on 100 to 1; 0 (set by hand) and 1 (not known) are none.
//! - **INCITS 378**: pixels of the record's own resolution, from the upper left corner; direction in 2 degrees.
//!
//! The fields of makers, and the extended feature set (EFS, 9.300 on), are not read into minutiae: [`File::unread_features`] says
//! what there is. An examiner's EFS marks uncertain places as areas, which no matcher here can use.

use super::File;
use super::error::ItlError;
use super::impression::Impression;
use super::record::{Record, Subfield};
use crate::minutia::{Minutia, MinutiaType};

/// Which fields minutiae were read from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MinutiaeFormat {
    /// 9.005 to 9.012.
    Standard,
    /// 9.126 to 9.150.
    Incits378,
}

/// The minutiae of one impression.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MinutiaeSet {
    /// Place of the record in the file, from 0.
    pub record: usize,
    /// Information designation character, 0-99: that of the image they come from, where there is one.
    pub idc: u8,
    /// Finger position: 1-10, 0 unknown; palms and combinations have codes above.
    pub position: u8,
    /// Impression type, as with images.
    pub impression: u8,
    /// The fields they were read from.
    pub format: MinutiaeFormat,
    /// At 500 ppi.
    pub minutiae: Vec<Minutia>,
}

/// A Type-9 record with features that are not read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnreadFeatures {
    /// Place of the record in the file, from 0.
    pub record: usize,
    /// Information designation character, 0-99.
    pub idc: u8,
    /// Their field numbers: makers' (13-125, 151-225) and EFS (300-399).
    pub fields: Vec<u16>,
    /// Minutiae of the extended feature set (9.331).
    pub efs_minutiae: usize,
}

impl File {
    /// The minutiae of all Type-9 records that have them in one of the two formats; where a record has both, INCITS 378.
    pub fn minutiae(&self) -> Result<Vec<MinutiaeSet>, ItlError> {
        let mut sets = Vec::new();
        let impressions = self.impressions()?;
        for record in self.records.iter().filter(|record| record.record_type() == 9) {
            if record.field(137).is_some() {
                sets.push(incits_378(record)?);
            } else if record.field(12).is_some() {
                sets.push(standard(record, &impressions)?);
            }
        }
        Ok(sets)
    }

    /// The Type-9 records that have features in fields that are not read, and which.
    pub fn unread_features(&self) -> Vec<UnreadFeatures> {
        let unread = |record: &Record| {
            let number = |number: &u16| matches!(number, 13..=125 | 151..=225 | 300..=399);
            let fields = record.fields().map(|field| field.number).filter(number).collect();
            let efs_minutiae = record.field(331).map_or(0, |field| field.subfields().count());
            UnreadFeatures { record: record.place.record, idc: record.idc(), fields, efs_minutiae }
        };
        let records = self.records.iter().filter(|record| record.record_type() == 9);
        records.map(unread).filter(|unread| !unread.fields.is_empty()).collect()
    }
}

/// 0.01 mm to pixels at 500 ppi, which are 500/2540 of it.
fn pixels_of_hundredths(hundredths: u32) -> u32 {
    (hundredths * 50 + 127) / 254
}

fn standard(record: &Record, impressions: &[Impression<'_>]) -> Result<MinutiaeSet, ItlError> {
    let mut read = Vec::new();
    for subfield in record.required(12)?.subfields().filter(|subfield| !subfield.is_empty()) {
        let Some([_, place, quality, kind]) = subfield.first() else {
            return Err(record.error(12, "has a minutia of less than 4 items"));
        };
        let part = |from, to| place.get(from..to).and_then(super::record::whole);
        let (Some(x), Some(y), Some(degrees @ 0..=359), 11) =
            (part(0, 4), part(4, 8), part(8, 11), place.len())
        else {
            return Err(record.error(12, "has a minutia whose place is not XXXXYYYYTTT"));
        };
        let quality = if quality.is_empty() { 0 } else { record.whole(12, quality, 63)? };
        read.push((x, y, degrees, quality, kind));
    }
    let highest = read.iter().map(|(_, y, ..)| pixels_of_hundredths(*y)).max().unwrap_or(0);
    let height =
        impressions.iter().find(|image| image.idc == record.idc() && image.height > 0).map(height_at_500);
    let height = height.unwrap_or(highest);
    let minutia = |(x, y, degrees, quality, kind): (u32, u32, u32, u32, &str)| Minutia {
        kind: match kind {
            "A" => MinutiaType::RidgeEnding,
            "B" => MinutiaType::RidgeBifurcation,
            _ => MinutiaType::Other,
        },
        x: short(pixels_of_hundredths(x)),
        y: short(height.saturating_sub(pixels_of_hundredths(y))),
        direction: direction_of((degrees + 180) % 360, 360),
        quality: quality_of_63(quality),
    };
    Ok(MinutiaeSet {
        record: record.place.record,
        idc: record.idc(),
        position: position(record, 6)?,
        impression: u8::try_from(record.number(3, 99)?).unwrap_or(0),
        format: MinutiaeFormat::Standard,
        minutiae: read.into_iter().map(minutia).collect(),
    })
}

fn height_at_500(image: &Impression<'_>) -> u32 {
    let ppi = image.resolution_ppi.map_or(500, |(_, down)| u64::from(down)).max(1);
    u32::try_from((u64::from(image.height) * 1000 + ppi) / (2 * ppi)).unwrap_or(u32::MAX)
}

fn short(value: u32) -> u16 {
    u16::try_from(value.min(16_383)).unwrap_or(16_383)
}

/// `angle` of `circle` units to 360/256 degrees.
fn direction_of(angle: u32, circle: u32) -> u8 {
    u8::try_from((angle * 512 + circle) / (2 * circle) % 256).unwrap_or(0)
}

fn quality_of_63(quality: u32) -> u8 {
    match quality {
        2..=63 => u8::try_from(((63 - quality) * 99 * 2 + 61) / 122 + 1).unwrap_or(100),
        _ => 0,
    }
}

/// The first position of the field; others are guesses of where else the finger may belong.
fn position(record: &Record, number: u16) -> Result<u8, ItlError> {
    let field = record.required(number)?;
    let first = field.subfields().next().and_then(|subfield| subfield.items().next()).unwrap_or_default();
    Ok(u8::try_from(record.whole(number, first, 99)?).unwrap_or(0))
}

fn incits_378(record: &Record) -> Result<MinutiaeSet, ItlError> {
    // Pixels an inch times 100, so that pixels a centimetre stay exact; 197 of them stand for 500 ppi, as in ISO/IEC 19794-2.
    let units = record.number(130, 2)?;
    let scale = |number| {
        record.number(number, 99_999).map(|value| match (units, value) {
            (2, 197) => 50_000,
            (2, per_cm) => u64::from(per_cm) * 254,
            (_, ppi) => u64::from(ppi) * 100,
        })
    };
    let (across, down) = (scale(131)?, scale(132)?);
    if units == 0 || across == 0 || down == 0 {
        return Err(record.error(130, "says no resolution, and minutiae need one"));
    }
    let at_500 = |value: u32, scale: u64| {
        short(u32::try_from((u64::from(value) * 100_000 + scale) / (2 * scale)).unwrap_or(u32::MAX))
    };
    let (width, height) = (record.number(128, 99_999)?, record.number(129, 99_999)?);
    let minutia = |subfield: Subfield<'_>| {
        let Some([_, x, y, angle, kind, quality]) = subfield.exactly() else {
            let found = subfield.items().count();
            return Err(record.error(137, format!("has a minutia of {found} items, not 6")));
        };
        let item = |item, to| record.whole(137, item, to);
        let (x, y) = (item(x, 99_999)?, item(y, 99_999)?);
        if x >= width || y >= height {
            return Err(record.error(137, "has a minutia outside the image"));
        }
        Ok(Minutia {
            kind: match item(kind, 2)? {
                1 => MinutiaType::RidgeEnding,
                2 => MinutiaType::RidgeBifurcation,
                _ => MinutiaType::Other,
            },
            x: at_500(x, across),
            y: at_500(y, down),
            direction: direction_of(item(angle, 179)?, 180),
            quality: u8::try_from(item(quality, 100)?).unwrap_or(0),
        })
    };
    let subfields = record.required(137)?.subfields().filter(|subfield| !subfield.is_empty());
    let minutiae: Vec<Minutia> = subfields.map(minutia).collect::<Result<_, ItlError>>()?;
    let count = record.number(136, 9999)? as usize;
    if count != minutiae.len() {
        return Err(record.error(136, format!("says {count} minutiae, and there are {}", minutiae.len())));
    }
    Ok(MinutiaeSet {
        record: record.place.record,
        idc: record.idc(),
        position: position(record, 134)?,
        impression: u8::try_from(record.number(3, 99)?).unwrap_or(0),
        format: MinutiaeFormat::Incits378,
        minutiae,
    })
}
