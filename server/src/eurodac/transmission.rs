//! What may be sent: the closed list of fields of each category (R-DATA-1, Art. 5(1), 8(2), 11(1)).
//!
//! The types are the list. A field that is not here refuses the whole transmission, and nothing of it is kept; that is why
//! there is one type a category, and not one with optional fields.

use jiff::civil::Date;
use serde::{Deserialize, Deserializer};
use utoipa::ToSchema;

use super::model::{MemberState, Sex};

/// R-DATA-1 for category 1 (Art. 4, 5(1)).
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = TransmissionCategory1)]
pub struct ApplicantTransmission {
    /// 1.
    #[schema(minimum = 1, maximum = 1)]
    pub category: u8,
    /// Begins with the State's two letters and the category's digit; unique within State and category.
    #[schema(example = "AT1-000123", max_length = 64)]
    pub reference_number: String,
    /// Sex.
    pub sex: Sex,
    /// Day on which the fingerprints were taken, in the past or today.
    #[schema(value_type = String, format = Date, example = "2026-11-20")]
    #[serde(deserialize_with = "day")]
    pub fingerprints_taken_on: Date,
    /// Place and date of the application for asylum.
    pub application: ApplicationSent,
    /// One to ten fingers, each known position at most once, several may be 0; and slaps.
    #[schema(min_items = 1, max_items = 15)]
    pub fingerprints: Vec<FingerprintSent>,
    /// Compare with the State's own data too (Art. 4(4)).
    #[serde(default)]
    pub compare_own: bool,
    /// What the authority vouches for.
    pub attestations: ApplicantAttestations,
    /// Give the transmitted medium back, once, in the answer (Art. 5(2)); then it is destroyed.
    #[serde(default)]
    pub return_media: bool,
    /// Only a central operator gives it: the State of origin, where it cannot enter data itself (Art. 4(2)).
    pub on_behalf_of: Option<MemberState>,
}

/// R-DATA-1 for category 2 (Art. 8(2)).
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = TransmissionCategory2)]
pub struct BorderCrossingTransmission {
    /// 2.
    #[schema(minimum = 2, maximum = 2)]
    pub category: u8,
    /// Begins with the State's two letters and the category's digit; unique within State and category.
    #[schema(example = "AT2-000077", max_length = 64)]
    pub reference_number: String,
    /// Sex.
    pub sex: Sex,
    /// Day on which the fingerprints were taken, in the past or today.
    #[schema(value_type = String, format = Date, example = "2026-11-20")]
    #[serde(deserialize_with = "day")]
    pub fingerprints_taken_on: Date,
    /// One to ten fingers, each known position at most once, several may be 0; and slaps.
    #[schema(min_items = 1, max_items = 15)]
    pub fingerprints: Vec<FingerprintSent>,
    /// Only `false` is accepted: category 2 is never a probe (Art. 9(1)).
    #[serde(default)]
    pub compare_own: bool,
    /// What the authority vouches for.
    pub attestations: BorderCrossingAttestations,
    /// Give the transmitted medium back, once, in the answer (Art. 5(2)); then it is destroyed.
    #[serde(default)]
    pub return_media: bool,
    /// Only a central operator gives it: the State of origin, where it cannot enter data itself (Art. 4(2)).
    pub on_behalf_of: Option<MemberState>,
}

/// R-DATA-1 for category 3 (Art. 11(1)).
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = TransmissionCategory3)]
pub struct IllegallyPresentTransmission {
    /// 3.
    #[schema(minimum = 3, maximum = 3)]
    pub category: u8,
    /// Begins with the State's two letters and the category's digit.
    #[schema(example = "AT3-000005", max_length = 64)]
    pub reference_number: String,
    /// One to ten fingers, each known position at most once, several may be 0; and slaps.
    #[schema(min_items = 1, max_items = 15)]
    pub fingerprints: Vec<FingerprintSent>,
    /// What the authority vouches for.
    pub attestations: ApplicantAttestations,
    /// Why the check is made (Art. 11(1)).
    pub ground: Option<Ground>,
    /// Only a central operator gives it: the State that asks, where it cannot send data itself (Art. 4(2)).
    pub on_behalf_of: Option<MemberState>,
}

/// Place and date of the application (Art. 5(1)(a)).
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = Application)]
pub struct ApplicationSent {
    /// Where it was made, 1 to 100 characters.
    #[schema(example = "Wien", min_length = 1, max_length = 100)]
    pub place: String,
    /// When it was made, in the past or today.
    #[schema(value_type = String, format = Date, example = "2026-11-20")]
    #[serde(deserialize_with = "day")]
    pub date: Date,
}

/// R-DATA-2 for categories 1 and 3.
#[derive(Deserialize, ToSchema, Default)]
#[serde(deny_unknown_fields, default)]
#[schema(as = Attestations)]
pub struct ApplicantAttestations {
    /// The person is 14 or over (Art. 4(1), 11(1)). Must be `true`.
    pub aged_14_or_over: bool,
    /// The person was informed (Art. 18(1)). Must be `true`.
    pub informed: bool,
}

/// R-DATA-2 for category 2.
#[derive(Deserialize, ToSchema, Default)]
#[serde(deny_unknown_fields, default)]
#[schema(as = AttestationsCategory2)]
pub struct BorderCrossingAttestations {
    /// The person is 14 or over (Art. 8(1)). Must be `true`.
    pub aged_14_or_over: bool,
    /// The person was informed (Art. 18(1)). Must be `true`.
    pub informed: bool,
    /// The person was not turned back (Art. 8(1)). Must be `true`.
    pub not_turned_back: bool,
}

/// Grounds of Art. 11(1).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
#[schema(as = GroundOfCheck)]
pub enum Ground {
    /// Says that an application was made elsewhere, without saying where.
    ClaimsPriorApplication,
    /// Opposes being sent back, saying that it would be dangerous.
    OpposesReturn,
    /// Refuses to say who they are, or shows no papers or false ones.
    RefusesIdentification,
}

/// One finger.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = Fingerprint)]
pub struct FingerprintSent {
    /// 1 (right thumb) to 10 (left little), or 0 (unknown), as in ANSI/NIST and ISO/IEC 19794-2. Like fingers are compared, and unknown
    /// ones with all. Also 11 and 12 (plain right and left thumb), compared as thumbs where there is no 1 or 6; and slaps, 13 and 14
    /// (four fingers of the right and left hand), 15 (both thumbs) and 40 to 50 (two or three fingers), of which only what `segments`
    /// marks is compared. Each known one once.
    #[schema(minimum = 0, maximum = 50, example = 2)]
    pub position: u8,
    /// `image/png`, `image/bmp`, `image/tiff`, `image/jpeg`, `image/jp2`, `image/wsq`; or a minutiae record, `application/` and
    /// `x-iso-19794-2-2005`, `x-iso-19794-2-2011`, `x-ansi-378-2004`, `x-ansi-378-2009`.
    #[schema(example = "image/png")]
    pub media_type: String,
    /// Resolution of an image, 250-2000; needed for images, not taken for minutiae records, which have their own.
    #[schema(minimum = 250, maximum = 2000, example = 500)]
    pub resolution_ppi: Option<u16>,
    /// The file, base64 (RFC 4648, section 4, padded).
    #[schema(value_type = String, format = Byte)]
    pub data: Data,
    /// In a slap: where its fingers are. One that has a print of its own is not compared twice.
    #[serde(default)]
    #[schema(max_items = 4)]
    pub segments: Vec<SegmentSent>,
}

/// A finger in a slap. Unit: pixels of the image as sent.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = Segment)]
pub struct SegmentSent {
    /// 1 (right thumb) to 10 (left little): one that the slap shows.
    #[schema(minimum = 1, maximum = 10, example = 2)]
    pub position: u8,
    /// From the left edge of the image.
    #[schema(example = 40)]
    pub left: u32,
    /// From the top edge.
    #[schema(example = 60)]
    pub top: u32,
    /// From the left edge, more than `left`.
    #[schema(example = 420)]
    pub right: u32,
    /// From the top edge, more than `top`.
    #[schema(example = 640)]
    pub bottom: u32,
}

/// A day as ISO 8601 has it, and in no other of its forms.
fn day<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Date, D::Error> {
    use serde::de::{Error, Unexpected};
    let text = String::deserialize(deserializer)?;
    let date =
        Some(&text).filter(|text| text.len() == 10).and_then(|text| Date::strptime("%Y-%m-%d", text).ok());
    date.ok_or_else(|| Error::invalid_value(Unexpected::Other("text"), &"a date like 2026-11-20"))
}

/// The same, where it may be left out.
pub(super) fn optional_day<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Date>, D::Error> {
    day(deserializer).map(Some)
}

/// Decoded while it is read, so that no second copy is made. What was wrong with it is kept, to be told by name.
pub struct Data(pub Result<Vec<u8>, String>);

impl<'de> Deserialize<'de> for Data {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Visitor;
        impl serde::de::Visitor<'_> for Visitor {
            type Value = Data;

            fn expecting(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
                f.write_str("a base64 string")
            }

            fn visit_str<E>(self, text: &str) -> Result<Data, E> {
                use base64::Engine as _;
                let decoded = base64::engine::general_purpose::STANDARD.decode(text);
                Ok(Data(decoded.map_err(|error| error.to_string())))
            }
        }
        deserializer.deserialize_str(Visitor)
    }
}
