//! What is in a file, told by its first bytes.

use serde::Serialize;
use whorl_engine::extraction::containers::{nothing_beside, without_notes};
use whorl_engine::extraction::image::{self, SIDE_PX_MAX};
use whorl_engine::extraction::{ExtractionError, ImageFormat, Request, Segment};
use whorl_engine::interchange::ansi_nist_itl::{
    Compression, Field, File, Impression, ItlError, MinutiaeSet, Record, Subfield,
};
use whorl_engine::interchange::{Finger, Standard};

/// A resolution at which every size is within the limits that depend on it: what is looked at here is the header.
const ANY_PPI: u16 = 500;

/// What a file is.
#[derive(Serialize)]
#[serde(tag = "format", rename_all = "kebab-case")]
pub enum Contents {
    /// ANSI/NIST-ITL.
    Transaction {
        /// Edition, 1.002.
        version: String,
        /// In their order.
        records: Vec<RecordShown>,
    },
    /// ISO/IEC 19794-2 or INCITS 378.
    MinutiaeRecord {
        /// Which edition.
        standard: &'static str,
        /// One impression of one finger each.
        views: Vec<ViewShown>,
    },
    /// An image.
    Image {
        /// By its first bytes.
        kind: &'static str,
        /// Unit: pixels.
        width: u32,
        /// Unit: pixels.
        height: u32,
    },
}

/// Where a file breaks.
#[derive(Serialize)]
pub struct Damage {
    /// What it begins like.
    pub like: &'static str,
    /// From 0.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub record: Option<usize>,
    /// 1-99.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub record_type: Option<u8>,
    /// As `14.001`, or the words of the standard.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub field: Option<String>,
    /// Unit: bytes from the start.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub offset: Option<usize>,
    /// In words.
    pub problem: String,
}

/// A record of a transaction.
#[derive(Serialize)]
pub struct RecordShown {
    /// 1-99.
    pub record_type: u8,
    /// Information designation character.
    pub idc: u8,
    /// Where it starts. Unit: bytes.
    pub offset: usize,
    /// Number and value; of binary data how many bytes they are.
    pub fields: Vec<(String, String)>,
    /// Of Types 4, 13 and 14.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub image: Option<ImageShown>,
    /// Of Type-9: how many are read.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub minutiae: Option<usize>,
}

/// An image in a record.
#[derive(Serialize)]
pub struct ImageShown {
    /// Codes of the table of finger positions.
    pub positions: Vec<u8>,
    /// Unit: pixels.
    pub width: u32,
    /// Unit: pixels.
    pub height: u32,
    /// Across and down. Unit: pixels per inch.
    pub resolution_ppi: Option<(u16, u16)>,
    /// As fields xx.011 spell it.
    pub compression: &'static str,
    /// Unit: bytes.
    pub bytes: usize,
    /// Fingers that are marked in it.
    pub segments: Vec<u8>,
    /// Fingers that are not there.
    pub missing: Vec<u8>,
}

/// A view of a minutiae record.
#[derive(Serialize)]
pub struct ViewShown {
    /// 0-10.
    pub position: u8,
    /// Code of the standard.
    pub impression: u8,
    /// 0-100.
    pub quality: Option<u8>,
    /// How many.
    pub minutiae: usize,
}

/// What is in a file.
///
/// # Errors
/// Where it breaks what it begins like.
pub fn contents(bytes: &[u8]) -> Result<Contents, Damage> {
    if let Some(standard) = Standard::identify(bytes) {
        return of_record(standard, bytes);
    }
    if bytes.starts_with(b"FMR\0") {
        // Of no edition that is known, or too short to tell: the first one says what is missing of it.
        return of_record(Standard::Iso19794_2_2005, bytes);
    }
    match image_kind(bytes) {
        Some((kind, format)) => of_image(kind, format, bytes),
        None => of_transaction(bytes),
    }
}

fn of_record(standard: Standard, bytes: &[u8]) -> Result<Contents, Damage> {
    let damage = |error: whorl_engine::interchange::RecordError| Damage {
        like: standard.name(),
        record: None,
        record_type: None,
        field: Some(error.field.to_owned()),
        offset: Some(error.offset),
        problem: error.problem,
    };
    let view = |finger: Finger| ViewShown {
        position: finger.position,
        impression: finger.impression,
        quality: finger.quality,
        minutiae: finger.minutiae.len(),
    };
    let views = standard.read(bytes).map_err(damage)?.into_iter().map(view).collect();
    Ok(Contents::MinutiaeRecord { standard: standard.name(), views })
}

fn image_kind(bytes: &[u8]) -> Option<(&'static str, ImageFormat)> {
    const KINDS: [(&[u8], &str, ImageFormat); 8] = [
        (b"\x89PNG", "PNG", ImageFormat::Png),
        (b"BM", "BMP", ImageFormat::Bmp),
        (b"II*\0", "TIFF", ImageFormat::Tiff),
        (b"MM\0*", "TIFF", ImageFormat::Tiff),
        (b"\xFF\xA0", "WSQ", ImageFormat::Wsq),
        (b"\xFF\xD8", "JPEG", ImageFormat::Jpeg),
        (b"\0\0\0\x0CjP  ", "JPEG 2000", ImageFormat::Jp2),
        (b"\xFF\x4F\xFF\x51", "JPEG 2000 codestream", ImageFormat::Jp2),
    ];
    KINDS.iter().find(|(start, ..)| bytes.starts_with(start)).map(|(_, kind, format)| (*kind, *format))
}

fn of_image(kind: &'static str, format: ImageFormat, bytes: &[u8]) -> Result<Contents, Damage> {
    match decoded(format, bytes) {
        Ok((width, height)) => Ok(Contents::Image { kind, width, height }),
        Err((offset, problem)) => {
            Err(Damage { like: kind, record: None, record_type: None, field: None, offset, problem })
        }
    }
}

/// Width and height of an image that can be decoded to its last pixel, however small or large its sides are, and has nothing beside them.
fn decoded(format: ImageFormat, bytes: &[u8]) -> Result<(u32, u32), (Option<usize>, String)> {
    let size = pixels(format, bytes).map_err(|error| (None, error.to_string()))?;
    // Notes in a WSQ are not kept, and refuse nothing.
    nothing_beside(format, &without_notes(format, bytes.to_vec()))
        .map_err(|beside| (Some(beside.offset), beside.to_string()))?;
    Ok(size)
}

fn pixels(format: ImageFormat, bytes: &[u8]) -> Result<(u32, u32), ExtractionError> {
    let (width, height) = image::check(format, bytes, ANY_PPI)?;
    let segment = Segment { left: 0, top: 0, right: width.min(SIDE_PX_MAX), bottom: height.min(SIDE_PX_MAX) };
    match image::decode(Request { format, resolution_ppi: ANY_PPI, segment: Some(segment) }, bytes) {
        Ok(_) | Err(ExtractionError::Size { .. }) => Ok((width, height)),
        Err(error) => Err(error),
    }
}

/// Of images in a transaction: the first that cannot be decoded.
fn undecodable(impressions: &[Impression<'_>]) -> Option<Damage> {
    impressions.iter().filter(|impression| !impression.data.is_empty()).find_map(|impression| {
        let format = match impression.compression {
            Compression::Wsq20 => ImageFormat::Wsq,
            Compression::Jp2 | Compression::Jp2L => ImageFormat::Jp2,
            Compression::JpegB => ImageFormat::Jpeg,
            Compression::Png => ImageFormat::Png,
            Compression::None | Compression::JpegL => return None,
        };
        let problem = decoded(format, impression.data).err()?.1;
        let number =
            if impression.record_type == 4 { None } else { Some(format!("{}.999", impression.record_type)) };
        Some(Damage {
            like: "ANSI/NIST-ITL",
            record: Some(impression.record),
            record_type: Some(impression.record_type),
            field: number,
            offset: None,
            problem,
        })
    })
}

fn of_transaction(bytes: &[u8]) -> Result<Contents, Damage> {
    let begins = bytes.starts_with(b"1.001:") || bytes.starts_with(b"1.01:");
    let damage = |error: ItlError| Damage {
        like: if begins { "ANSI/NIST-ITL" } else { "no known format, read as ANSI/NIST-ITL" },
        record: error.record,
        record_type: error.record_type,
        field: error.field.map(|(record_type, number)| format!("{record_type}.{number:03}")),
        offset: Some(error.offset),
        problem: error.problem,
    };
    let file = File::decode(bytes).map_err(damage)?;
    let (impressions, minutiae) = (file.impressions().map_err(damage)?, file.minutiae().map_err(damage)?);
    let version = file.header().map_err(damage)?.version;
    if let Some(damage) = undecodable(&impressions) {
        return Err(damage);
    }
    let record = |(place, record): (usize, &Record)| RecordShown {
        record_type: record.record_type(),
        idc: record.idc(),
        offset: record.offset(),
        fields: fields(record),
        image: impressions.iter().find(|impression| impression.record == place).map(of_impression),
        minutiae: minutiae.iter().find(|set| set.record == place).map(|set: &MinutiaeSet| set.minutiae.len()),
    };
    let records = file.records.iter().enumerate().map(record).collect();
    Ok(Contents::Transaction { version: format!("{version:04}"), records })
}

/// Text as it is, with its separators made visible; of what is binary its length.
fn fields(record: &Record) -> Vec<(String, String)> {
    let value = |field: Field<'_>| {
        let items = |subfield: Subfield<'_>| subfield.items().collect::<Vec<_>>().join(" | ");
        let text: Vec<_> = field.subfields().map(items).collect();
        if text.is_empty() { format!("{} bytes", field.bytes().len()) } else { text.join(" || ") }
    };
    let fields = record.fields();
    fields.map(|field| (format!("{}.{:03}", field.record_type, field.number), value(field))).collect()
}

fn of_impression(impression: &Impression<'_>) -> ImageShown {
    ImageShown {
        positions: impression.positions.clone(),
        width: impression.width,
        height: impression.height,
        resolution_ppi: impression.resolution_ppi,
        compression: impression.compression.name(),
        bytes: impression.data.len(),
        segments: impression.segments.iter().map(|segment| segment.position).collect(),
        missing: impression.missing.iter().map(|finger| finger.position).collect(),
    }
}
