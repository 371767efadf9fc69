//! What answers look like. Field names are fixed: other programs are written against them.

use jiff::{Timestamp, civil::Date};
use serde::{Serialize, Serializer};
use utoipa::ToSchema;
use uuid::Uuid;

use super::hits::Verification;
use crate::central_unit::{Hit, Told};
use crate::database::{Disclosure, FingerData, FingerFound, FingerprintData, Print, Record, Threshold};
use crate::eurodac::admission::Application;
use crate::eurodac::model::{Category, MemberState, ReferenceNumber, Sex};
use crate::eurodac::prints::Area;
use crate::journal::Compared;

/// Answer to a transmission.
#[derive(Serialize, ToSchema)]
pub struct TransmissionAnswer {
    /// Categories 1 and 2.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub record_id: Option<Uuid>,
    /// Categories 1 and 2.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = DateTime)]
    pub entered_at: Option<Timestamp>,
    /// What came of the comparison.
    pub comparison: ComparisonView,
    /// The medium, where its return was asked for: the files as they were sent, once (Art. 5(2)).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub returned_media: Option<Vec<ReturnedMedium>>,
}

/// A file that is given back.
#[derive(Serialize, ToSchema)]
pub struct ReturnedMedium {
    /// 1 (right thumb) to 10 (left little), or 0 (unknown); 11 to 15 and 40 to 50 are plain thumbs and slaps.
    pub position: u8,
    /// As it was sent.
    pub media_type: String,
    /// The file, base64.
    #[serde(serialize_with = "base64")]
    #[schema(value_type = String, format = Byte)]
    pub data: Option<Vec<u8>>,
}

/// Result of a comparison; only `performed` where there was none (category 2).
#[derive(Serialize, ToSchema)]
pub struct ComparisonView {
    /// Whether anything was compared.
    pub performed: bool,
    /// How many stored sets a score was computed for, by category and State of origin (R-COMP-10).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub compared: Option<Vec<Compared>>,
    /// The decision threshold in force.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub threshold: Option<Threshold>,
    /// Records found, best first.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hits: Option<Vec<HitView>>,
}

/// A hit: R-HIT-2, R-HIT-5.
#[derive(Serialize, ToSchema)]
pub struct HitView {
    /// Identifier of the hit.
    pub hit_id: Uuid,
    /// What the expert said, once he has.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub verification: Option<Verification>,
    /// -10 log10 of the false-match rate, rounded down: 60 is a rate of 1e-6.
    pub score: u32,
    /// The rate at which two different people reach this score with as many like fingers.
    pub false_match_rate: f64,
    /// The prints of the matched record were replaced since (Art. 15(3)): the score is not of those that are shown.
    #[serde(skip_serializing_if = "core::ops::Not::not")]
    pub prints_replaced: bool,
    /// The matched record's data; absent after a verdict of `false-match` or `unreliable` (Art. 4(6)).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub record: Option<RecordData>,
    /// Its prints, so that an expert can verify.
    pub fingerprints: Vec<FingerprintView>,
}

/// The data of Art. 5(1), or 8(2) for category 2.
#[derive(Serialize, ToSchema)]
pub struct RecordData {
    /// 1 or 2.
    #[schema(value_type = u8, minimum = 1, maximum = 2)]
    pub category: Category,
    /// State of origin.
    pub member_state: MemberState,
    /// Category 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub application: Option<Application>,
    /// Sex.
    pub sex: Sex,
    /// Given by the State of origin.
    pub reference_number: ReferenceNumber,
    /// Day on which the prints were taken.
    #[schema(value_type = String, format = Date)]
    pub fingerprints_taken_on: Date,
    /// When they were transmitted.
    #[schema(value_type = String, format = DateTime)]
    pub transmitted_at: Timestamp,
    /// When they were entered.
    #[schema(value_type = String, format = DateTime)]
    pub entered_at: Timestamp,
    /// Recipients and dates.
    pub disclosures: Vec<Disclosure>,
}

/// A record as its own State sees it.
#[derive(Serialize, ToSchema)]
pub struct RecordView {
    /// Identifier.
    pub record_id: Uuid,
    /// Its data.
    #[serde(flatten)]
    pub data: RecordData,
    /// Last day of retention; the whole of it still counts.
    #[schema(value_type = String, format = Date)]
    pub retention_ends_on: Date,
    /// Blocked under Art. 12(1).
    pub blocked: bool,
    /// Prints; their `data` only where one record was asked for.
    pub fingerprints: Vec<FingerprintView>,
}

/// A print.
#[derive(Serialize, ToSchema)]
pub struct FingerprintView {
    /// 1 (right thumb) to 10 (left little), or 0 (unknown); 11 to 15 and 40 to 50 are plain thumbs and slaps.
    pub position: u8,
    /// As it was sent.
    pub media_type: String,
    /// Of an image. Unit: pixels per inch.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub resolution_ppi: Option<u16>,
    /// How many minutiae its finger has. Absent, like all of the finger, of slaps, and of a plain thumb beside a print of the same thumb.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub minutiae: Option<usize>,
    /// Area that they span. Unit: square millimetres.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub area_mm2: Option<u32>,
    /// In a hit: what this finger would score alone, where it was compared. Of fingers of unknown position only the one that fits best
    /// has a score.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub score: Option<u32>,
    /// In a hit: the position of the finger that was sent and has this score with it, 0 to 10.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub compared_with: Option<u8>,
    /// Of a slap: the fingers in it that are compared.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub segments: Vec<SegmentView>,
    /// The file, base64.
    #[serde(skip_serializing_if = "Option::is_none", serialize_with = "base64")]
    #[schema(value_type = Option<String>, format = Byte)]
    pub data: Option<Vec<u8>>,
}

/// A finger in a slap.
#[derive(Serialize, ToSchema)]
pub struct SegmentView {
    /// 1 (right thumb) to 10 (left little).
    pub position: u8,
    /// From the left edge of the image. Unit: pixels.
    pub left: u32,
    /// From the top edge.
    pub top: u32,
    /// From the left edge.
    pub right: u32,
    /// From the top edge.
    pub bottom: u32,
    /// How many minutiae it has.
    pub minutiae: usize,
    /// Area that they span. Unit: square millimetres.
    pub area_mm2: u32,
    /// In a hit, as of a print.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub score: Option<u32>,
    /// In a hit, as of a print.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub compared_with: Option<u8>,
}

fn base64<S: Serializer>(data: &Option<Vec<u8>>, serializer: S) -> Result<S::Ok, S::Error> {
    use ::base64::display::Base64Display;
    use ::base64::engine::general_purpose::STANDARD;
    match data {
        Some(bytes) => serializer.collect_str(&Base64Display::new(bytes, &STANDARD)),
        None => serializer.serialize_none(),
    }
}

impl From<Told> for ComparisonView {
    fn from(told: Told) -> Self {
        let performed = !matches!(told, Told::NotCompared);
        let Told::Result(comparison) = told else {
            return Self { performed, compared: None, threshold: None, hits: None };
        };
        Self {
            performed,
            compared: Some(comparison.compared),
            threshold: Some(comparison.threshold),
            hits: Some(comparison.hits.into_iter().map(HitView::from).collect()),
        }
    }
}

impl From<Hit> for HitView {
    fn from(hit: Hit) -> Self {
        let (record, prints) =
            hit.matched.map_or((None, Vec::new()), |(record, prints)| (Some(record), prints));
        let data = record.iter().flat_map(|record| &record.fingerprints);
        let mut before = 0;
        let fingerprints = data.zip(prints).map(|(data, print)| {
            let view = FingerprintView::new(data, Some(print), &hit.found.fingers, before);
            before += data.fingers.len();
            view
        });
        Self {
            hit_id: hit.found.hit_id,
            prints_replaced: hit.found.prints_replaced,
            verification: Verification::of(&hit.found),
            score: hit.found.score,
            false_match_rate: hit.false_match_rate,
            fingerprints: fingerprints.collect(),
            record: record.map(RecordData::from),
        }
    }
}

impl FingerprintView {
    /// With what was found of its fingers, the first of which is the `before`th of its record.
    fn new(data: &FingerprintData, print: Option<Print>, found: &[FingerFound], before: usize) -> Self {
        let mut view = Self {
            position: data.position.code(),
            media_type: data.media_type.clone(),
            resolution_ppi: data.resolution_ppi,
            minutiae: None,
            area_mm2: None,
            score: None,
            compared_with: None,
            segments: Vec::new(),
            data: print,
        };
        for (place, of) in (before..).zip(&data.fingers) {
            // Two fingers of the probe can fit one finger best, where positions are unknown.
            let best = found.iter().filter(|found| found.finger == place).max_by_key(|found| found.score);
            let score = best.map(|best| best.score);
            let compared_with = best.map(|best| best.position.code());
            let &FingerData { position, area, minutiae, area_mm2 } = of;
            match area {
                None => {
                    (view.minutiae, view.area_mm2) = (Some(minutiae), Some(area_mm2));
                    (view.score, view.compared_with) = (score, compared_with);
                }
                Some(Area { left, top, right, bottom }) => view.segments.push(SegmentView {
                    position: position.code(),
                    left,
                    top,
                    right,
                    bottom,
                    minutiae,
                    area_mm2,
                    score,
                    compared_with,
                }),
            }
        }
        view
    }
}

impl RecordView {
    /// With its prints, in the order of its fingerprints, or without any.
    pub fn new(record: Record, prints: Option<Vec<Vec<u8>>>) -> Self {
        let mut prints = prints.unwrap_or_default().into_iter();
        let fingerprints =
            record.fingerprints.iter().map(|data| FingerprintView::new(data, prints.next(), &[], 0));
        Self {
            record_id: record.id,
            fingerprints: fingerprints.collect(),
            retention_ends_on: record.last_day,
            blocked: record.blocked,
            data: RecordData::from(record),
        }
    }
}

impl From<Record> for RecordData {
    fn from(record: Record) -> Self {
        Self {
            category: record.category,
            member_state: record.member_state,
            application: record.application,
            sex: record.sex,
            reference_number: record.reference_number,
            fingerprints_taken_on: record.taken_on,
            transmitted_at: record.transmitted_at,
            entered_at: record.entered_at,
            disclosures: record.disclosures,
        }
    }
}
