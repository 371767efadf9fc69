//! Prints as images: Type-4 (500 ppi, binary header), Type-13 (latent) and Type-14 (finger, any resolution).
//!
//! A Type-4 record begins with 18 bytes: length (4), IDC (1), impression type (1), finger positions (6, unused ones 255), image
//! resolution (1), width (2), height (2), compression (1); the image follows.

use super::error::ItlError;
use super::read::IMAGE_HEADER;
use super::record::{DATA, Field, Record, Subfield};
use super::{File, image_header};

/// How an image is compressed (2011, table 15).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Compression {
    /// Pixels, row by row, as they are.
    None,
    /// WSQ, the FBI's, for 500 ppi.
    Wsq20,
    /// JPEG, lossy.
    JpegB,
    /// JPEG, lossless.
    JpegL,
    /// JPEG 2000, lossy.
    Jp2,
    /// JPEG 2000, lossless.
    Jp2L,
    /// PNG.
    Png,
}

impl Compression {
    const ALL: [(Self, &str); 7] = [
        (Self::None, "NONE"),
        (Self::Wsq20, "WSQ20"),
        (Self::JpegB, "JPEGB"),
        (Self::JpegL, "JPEGL"),
        (Self::Jp2, "JP2"),
        (Self::Jp2L, "JP2L"),
        (Self::Png, "PNG"),
    ];

    /// As fields xx.011 spell it.
    pub fn name(self) -> &'static str {
        Self::ALL.iter().find(|(compression, _)| *compression == self).map_or("NONE", |(_, name)| *name)
    }

    pub(super) fn of_name(name: &str) -> Option<Self> {
        Self::ALL.iter().find(|(_, known)| *known == name).map(|(compression, _)| *compression)
    }

    /// As Type-4 records number them.
    pub(super) fn of_code(code: u8) -> Option<Self> {
        Self::ALL.get(usize::from(code)).map(|(compression, _)| *compression)
    }

    /// As Type-4 records number them.
    pub(super) fn code(self) -> u8 {
        let place = Self::ALL.iter().position(|(compression, _)| *compression == self);
        place.and_then(|place| u8::try_from(place).ok()).unwrap_or(u8::MAX)
    }
}

/// One finger's part of an image of several (14.021), or the box around its polygon (14.025). Unit: pixels from the upper left
/// corner. NIST's segmenter sets edges up to some pixels outside the image, so they can be below 0 or beyond its size.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Segment {
    /// 1-10; 16 and 17 are extra fingers.
    pub position: u8,
    /// Left edge.
    pub left: i32,
    /// Right edge, greater than `left`.
    pub right: i32,
    /// Upper edge.
    pub top: i32,
    /// Lower edge, greater than `top`.
    pub bottom: i32,
}

/// Why a finger is not in an image (14.018).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MissingFinger {
    /// 1-10.
    pub position: u8,
    /// True where it is amputated (XX); else it was bandaged, or could not be printed (UP and the like).
    pub amputated: bool,
}

/// An image of one finger or several.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Impression<'a> {
    /// Place of its record in the file, from 0.
    pub record: usize,
    /// 4, 13 or 14.
    pub record_type: u8,
    /// Information designation character, 0-99.
    pub idc: u8,
    /// What may be in it (table of finger positions): 1-10 the fingers, 0 unknown, 11 and 12 plain thumbs (right, left), 13 and 14
    /// four fingers (right, left), 15 both thumbs; 16 and above are other combinations, and palms in latents. At least one.
    pub positions: Vec<u8>,
    /// Impression type: 0 and 1 live-scan plain and rolled, 2 and 3 the same from ink, 4-7 latent, 8 swipe, and later codes.
    pub impression: u8,
    /// Unit: pixels; 0 where there is no image.
    pub width: u32,
    /// Unit: pixels; 0 where there is no image.
    pub height: u32,
    /// Across and down, to the nearest whole number. Unit: pixels per inch. Not there where the record says none.
    pub resolution_ppi: Option<(u16, u16)>,
    /// How `data` are compressed.
    pub compression: Compression,
    /// 8, or what the record says; 0 where there is no image.
    pub bits_per_pixel: u8,
    /// The image. Empty where all its fingers are `missing`, and where it is in another file (xx.994).
    pub data: &'a [u8],
    /// Fingers that are not there, and why.
    pub missing: Vec<MissingFinger>,
    /// Where in the image which finger is; empty where nobody said so.
    pub segments: Vec<Segment>,
}

impl File {
    /// The images of fingers, in the order of their records. (Types 3, 5 and 6 are of the resolutions and depths of 1993, which
    /// no matcher uses; Type-15 is palms.)
    pub fn impressions(&self) -> Result<Vec<Impression<'_>>, ItlError> {
        let is_image = |record: &&Record| matches!(record.record_type(), 4 | 13 | 14);
        let mut impressions = Vec::with_capacity(self.records.iter().filter(is_image).count());
        for record in &self.records {
            match record.record_type() {
                4 => impressions.push(self.type_4(record)?),
                13 | 14 => impressions.push(tagged(record)?),
                _ => {}
            }
        }
        Ok(impressions)
    }

    fn type_4<'a>(&self, record: &'a Record) -> Result<Impression<'a>, ItlError> {
        let header = Type4::of(record)?;
        // 0 is the resolution that 1.012 says, 1 that of the scanner in 1.011. Where these say 00.00, 500 ppi is meant.
        let field = if header.scanned { 11 } else { 12 };
        let said = self.records.first().and_then(|header| header.field(field)).and_then(Field::text);
        let ppi = match said.map(ppi_of_per_mm) {
            None | Some(Some(0)) => Some(500),
            Some(read) => read,
        };
        Ok(Impression {
            record: record.place.record,
            record_type: 4,
            idc: record.idc(),
            positions: header.positions,
            impression: header.impression,
            width: header.width.into(),
            height: header.height.into(),
            resolution_ppi: ppi.map(|ppi| (ppi, ppi)),
            compression: header.compression,
            bits_per_pixel: 8,
            data: header.data,
            missing: Vec::new(),
            segments: Vec::new(),
        })
    }
}

/// Impression type and positions, of a record that finger images come in (Types 4 and 14).
pub(super) fn taken_from(record: &Record) -> Result<Option<(u8, Vec<u8>)>, ItlError> {
    Ok(match record.record_type() {
        4 => {
            let header = Type4::of(record)?;
            Some((header.impression, header.positions))
        }
        14 => Some((byte(record, 3)?, positions(record)?)),
        _ => None,
    })
}

/// A Type-4 record, taken apart and checked.
struct Type4<'a> {
    impression: u8,
    positions: Vec<u8>,
    scanned: bool,
    width: u16,
    height: u16,
    compression: Compression,
    data: &'a [u8],
}

impl<'a> Type4<'a> {
    fn of(record: &'a Record) -> Result<Self, ItlError> {
        let at = |offset: usize| record.offset + offset;
        let refuse = |offset: usize, problem: String| Err(record.place.error(None, at(offset), problem));
        let split = record.binary().and_then(|bytes| bytes.split_first_chunk::<IMAGE_HEADER>());
        let Some((&[_, _, _, _, _, impression, ref fingers @ .., scan, w1, w0, h1, h0, code], data)) = split
        else {
            return refuse(0, format!("has less than {IMAGE_HEADER} bytes of header"));
        };
        let positions: Vec<u8> = fingers.iter().copied().filter(|position| *position != 255).collect();
        if positions.is_empty() || positions.iter().any(|position| *position > 99) {
            return refuse(6, "has no finger position, or one that the standard does not have".into());
        }
        if scan > 1 {
            return refuse(12, format!("has an image resolution of {scan}, not 0 or 1"));
        }
        let (width, height) = (u16::from_be_bytes([w1, w0]), u16::from_be_bytes([h1, h0]));
        let Some(compression) = Compression::of_code(code) else {
            return refuse(17, format!("has compression {code}, which the standard does not have"));
        };
        if compression == Compression::None {
            let pixels = usize::from(width) * usize::from(height);
            if pixels == 0 || pixels != data.len() {
                return refuse(
                    13,
                    format!("says {width} x {height} pixels, and has {} bytes of them", data.len()),
                );
            }
        } else {
            match image_header::size(compression, data) {
                Some(size) if size == (width.into(), height.into()) => {}
                Some(_) => {
                    return refuse(13, "says a width and height that the image's own header does not".into());
                }
                None => {
                    return refuse(18, format!("has data that do not begin as {} does", compression.name()));
                }
            }
        }
        Ok(Self { impression, positions, scanned: scan == 1, width, height, compression, data })
    }
}

fn tagged(record: &Record) -> Result<Impression<'_>, ItlError> {
    let data = record.field(DATA).map(Field::bytes).unwrap_or_default();
    let there = |number| if data.is_empty() { Ok(0) } else { record.number(number, 99_999) };
    let compression = match record.field(11) {
        Some(field) if !data.is_empty() => field.text().and_then(Compression::of_name),
        _ => Some(Compression::None),
    };
    let resolution_ppi = if data.is_empty() { None } else { resolution(record)? };
    Ok(Impression {
        record: record.place.record,
        record_type: record.record_type(),
        idc: record.idc(),
        positions: positions(record)?,
        impression: byte(record, 3)?,
        width: there(6)?,
        height: there(7)?,
        resolution_ppi,
        compression: compression
            .ok_or_else(|| record.error(11, "is not a compression that the standard names"))?,
        bits_per_pixel: u8::try_from(there(12)?).unwrap_or(u8::MAX),
        data,
        missing: missing(record)?,
        segments: segments(record)?,
    })
}

fn byte(record: &Record, number: u16) -> Result<u8, ItlError> {
    Ok(u8::try_from(record.number(number, 255)?).unwrap_or(u8::MAX))
}

fn positions(record: &Record) -> Result<Vec<u8>, ItlError> {
    let subfields = record.required(13)?.subfields().flat_map(Subfield::items);
    subfields
        .map(|item| record.whole(13, item, 99).map(|code| u8::try_from(code).unwrap_or(u8::MAX)))
        .collect()
}

/// Scale units 1 are pixels an inch, 2 pixels a centimetre; 0 says nothing but the shape of a pixel.
fn resolution(record: &Record) -> Result<Option<(u16, u16)>, ItlError> {
    let (across, down) = (record.number(9, 99_999)?, record.number(10, 99_999)?);
    let ppi = |value: u32| u16::try_from(value).unwrap_or(u16::MAX);
    let ppi_of_per_cm = |value: u32| ppi((value * 254 + 50) / 100);
    Ok(match record.number(8, 2)? {
        1 => Some((ppi(across), ppi(down))),
        2 => Some((ppi_of_per_cm(across), ppi_of_per_cm(down))),
        _ => None,
    })
}

/// `19.69` pixels a millimetre are 500 ppi.
fn ppi_of_per_mm(text: &str) -> Option<u16> {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, "0"));
    let hundredths = format!("{fraction:0<2}").get(..2)?.parse::<u32>().ok()?;
    let per_mm = whole.parse::<u32>().ok()?.checked_mul(100)?.checked_add(hundredths)?;
    u16::try_from(per_mm.checked_mul(254)?.checked_add(500)? / 1000).ok()
}

fn missing(record: &Record) -> Result<Vec<MissingFinger>, ItlError> {
    let Some(field) = record.field(18).filter(|_| record.record_type() == 14) else { return Ok(Vec::new()) };
    let finger = |subfield: Subfield<'_>| match subfield.exactly() {
        Some([finger, reason]) => {
            let position = u8::try_from(record.whole(18, finger, 99)?).unwrap_or(u8::MAX);
            Ok(MissingFinger { position, amputated: reason == "XX" })
        }
        None => Err(record.error(18, "has a subfield that is not a finger and a reason")),
    };
    field.subfields().map(finger).collect()
}

/// Rectangles of 14.021, and boxes around the polygons of 14.025 of fingers that have none.
fn segments(record: &Record) -> Result<Vec<Segment>, ItlError> {
    let mut segments: Vec<Segment> = Vec::new();
    if record.record_type() != 14 {
        return Ok(segments);
    }
    for number in [21, 25] {
        let Some(field) = record.field(number) else { continue };
        let known: Vec<u8> = segments.iter().map(|segment| segment.position).collect();
        for subfield in field.subfields() {
            let values = subfield.items().map(|item| item.parse::<i32>()).collect::<Result<Vec<_>, _>>();
            let segment = values.ok().and_then(|values| match number {
                21 => rectangle(&values),
                _ => around_polygon(&values),
            });
            let segment = segment
                .ok_or_else(|| record.error(number, "has a subfield that is not a finger's segment"))?;
            if !known.contains(&segment.position) {
                segments.push(segment);
            }
        }
    }
    Ok(segments)
}

fn rectangle(values: &[i32]) -> Option<Segment> {
    let &[position, left, right, top, bottom] = values else { return None };
    let position = u8::try_from(position).ok()?;
    (left < right && top < bottom).then_some(Segment { position, left, right, top, bottom })
}

/// Finger, number of points, and so many pairs of across and down.
fn around_polygon(values: &[i32]) -> Option<Segment> {
    let (&[position, points], path) = values.split_first_chunk::<2>()?;
    if path.len() != usize::try_from(points).ok()?.checked_mul(2)? {
        return None;
    }
    let across = || path.iter().step_by(2).copied();
    let down = || path.iter().skip(1).step_by(2).copied();
    rectangle(&[position, across().min()?, across().max()?, down().min()?, down().max()?])
}
