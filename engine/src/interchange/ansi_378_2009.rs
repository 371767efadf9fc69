//! INCITS 378-2009 finger minutiae record (clause 7), its Amendment 1, and the draft before it, read and written strictly.
//!
//! | offset | bytes | field |
//! | --- | --- | --- |
//! | 0 | 4 | format identifier `FMR\0` |
//! | 4 | 4 | version `030\0`; in Amendment 1 `035\0` |
//! | 8 | 4 | total length |
//! | 12 | 2 + 2 | product identifier: owner, type |
//! | 16 | 1 | certified (1 bit), reserved (7 bits, 0) |
//! | 17 | 2 | capture device |
//! | 19 | 1 + 1 | number of views, reserved (0) |
//! | | | *each view:* |
//! | +0 | 1 | finger position, 0-10; in Amendment 1 also 13-15 and 40-50 (several fingers) |
//! | +1 | 1 + 1 | view number, 0-15; impression type |
//! | +3 | 1 | quality, 0-100, 254 (not reported) or 255 (failed) |
//! | +4 | 2 + 2 | owner and number of the algorithm that found the quality |
//! | +8 | 2 + 2 | image width, height, in pixels |
//! | +12 | 2 + 2 | resolution across, down, in pixels a centimetre |
//! | +16 | 1 | number of minutiae |
//! | +17 | 6 each | minutiae, directions in 2 degrees, quality 0-100, 254 or 255 |
//! | | 2 + n | length of the extended data, and the data, kept as they are |
//!
//! **The draft.** NIST's tools (BiomDI, libbiomeval) write an edition "2007" with the version of 2009 whose header is a byte
//! shorter: 1 bit certified, 3 reserved, 12 bits of device in two bytes at 16, the views at 18. Byte 19 tells the two apart: it
//! counts the views here, at least one, and is reserved there, so 0.

use super::ansi_378_2004::OWNER_UNKNOWN;
use super::fields::{Reader, RecordError, check, count, put_length};
use super::minutiae_record::{Finger, IDENTIFIER, LENGTH_AT, Standard, opened};
use super::parts::{self, Image, MinutiaFormat, NOT_REPORTED, SEVERAL_FINGERS, WrittenMinutia};

/// Which text of the standard a record follows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Edition {
    /// The draft that NIST's tools call 2007.
    Draft,
    /// INCITS 378-2009.
    Published,
    /// INCITS 378-2009/AM 1-2010.
    Amendment1,
}

/// A whole record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Record {
    /// Which text it follows.
    pub edition: Edition,
    /// Organisation that owns the product, by its CBEFF number.
    pub owner: u16,
    /// The owner's number for the product.
    pub product: u16,
    /// Whether the device is certified for the FBI's image quality (Appendix F).
    pub certified: bool,
    /// Capture device, 0 where not reported; 12 bits in the draft.
    pub device: u16,
    /// At least one.
    pub views: Vec<View>,
}

/// One impression of one finger.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct View {
    /// 0 (unknown) to 10; in Amendment 1 also the codes of several fingers.
    pub position: u8,
    /// 0-15, counting the views of one finger.
    pub number: u8,
    /// 0-3 as in 2004, 8 swipe, 10 and 11 palm, 20-27 by optics, contact and rolling, 28 other, 29 unknown.
    pub impression: u8,
    /// 0-100, 254 (not reported) or 255 (failed).
    pub quality: u8,
    /// Organisation that owns the algorithm of the quality, by its CBEFF number.
    pub quality_owner: u16,
    /// The owner's number for that algorithm.
    pub quality_algorithm: u16,
    /// Size and resolution of the image.
    pub image: Image,
    /// At most 255; directions in 2 degrees, 0-179.
    pub minutiae: Vec<WrittenMinutia>,
    /// Extended data blocks, without their total length; not looked into.
    pub extended: Vec<u8>,
}

pub(super) const VIEWS_AT: usize = 19;
pub(super) const VIEWS_AT_IN_DRAFT: usize = 18;

const IMPRESSIONS: [u8; 17] = [0, 1, 2, 3, 8, 10, 11, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29];
const POSITIONS: [u8; 11] = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10];
const MINUTIAE: MinutiaFormat = MinutiaFormat { directions: 180, reports: true, has_quality: true };
const DRAFT_CERTIFIED: u16 = 0x8000;
const CERTIFIED: u8 = 0x80;
/// With an unknown owner, an unknown algorithm.
const ALGORITHM_UNKNOWN: u16 = 1;

impl Record {
    /// Reads a record; every byte of `bytes` must belong to it.
    pub fn decode(bytes: &[u8]) -> Result<Self, RecordError> {
        let mut r = opened(bytes, Standard::Ansi378_2009)?;
        let amended = bytes.starts_with(b"FMR\x00035\0");
        let edition = match bytes.get(VIEWS_AT) {
            _ if amended => Edition::Amendment1,
            Some(0) => Edition::Draft,
            _ => Edition::Published,
        };
        r.total_length()?;
        let (owner, product) = (r.u16("product identifier owner")?, r.u16("product identifier type")?);
        let (certified, device) = equipment(&mut r, edition)?;
        let at = r.at();
        let views = r.u8("number of views")?;
        check(views > 0, at, "number of views", || "is 0".into())?;
        r.literal("reserved byte", &[0])?;
        let views = (0..views).map(|_| View::decode(&mut r, edition)).collect::<Result<_, _>>()?;
        r.end("end of record", "the last view")?;
        Ok(Self { edition, owner, product, certified, device, views })
    }

    /// Writes a record, which reading gives back unchanged; refuses what the format cannot hold, by offset and field.
    pub fn encode(&self) -> Result<Vec<u8>, RecordError> {
        let version = if self.edition == Edition::Amendment1 { b"035\0" } else { b"030\0" };
        let mut out = [IDENTIFIER, version, &[0; 4]].concat();
        out.extend(self.owner.to_be_bytes());
        out.extend(self.product.to_be_bytes());
        if self.edition == Edition::Draft {
            check(self.device < 1 << 12, 16, "capture equipment", || {
                format!("device {} does not fit in 12 bits", self.device)
            })?;
            let equipment = if self.certified { DRAFT_CERTIFIED } else { 0 } | self.device;
            out.extend(equipment.to_be_bytes());
        } else {
            out.push(if self.certified { CERTIFIED } else { 0 });
            out.extend(self.device.to_be_bytes());
        }
        out.extend([count(out.len(), "number of views", self.views.len())?, 0]);
        for view in &self.views {
            view.encode(&mut out)?;
        }
        put_length(&mut out, LENGTH_AT)?;
        // What was written is read again: a value out of range cannot leave here.
        let read = Self::decode(&out)?;
        check(read == *self, 0, "record", || "does not come back as it was written".into())?;
        Ok(out)
    }

    /// Every view, at 500 ppi.
    pub fn fingers(&self) -> Vec<Finger> {
        let finger = |view: &View| Finger {
            position: view.position,
            view: view.number,
            impression: view.impression,
            quality: Some(view.quality).filter(|quality| *quality <= 100),
            width: view.image.width_at_500_ppi(),
            height: view.image.height_at_500_ppi(),
            minutiae: view
                .minutiae
                .iter()
                .map(|m| view.image.minutia_at_500_ppi(&MINUTIAE.read(m)))
                .collect(),
            extended: view.extended.len(),
        };
        self.views.iter().map(finger).collect()
    }

    /// A record of fingers at 500 ppi as published in 2009, from an unknown owner, device and algorithm.
    pub fn of_fingers(fingers: &[Finger]) -> Result<Self, RecordError> {
        let view = |finger: &Finger| {
            Ok(View {
                position: finger.position,
                number: finger.view,
                impression: finger.impression,
                quality: finger.quality.unwrap_or(NOT_REPORTED),
                quality_owner: OWNER_UNKNOWN,
                quality_algorithm: ALGORITHM_UNKNOWN,
                // Where the first view has it.
                image: Image::of_500_ppi(finger.width, finger.height, VIEWS_AT + 10)?,
                minutiae: finger.minutiae.iter().map(|m| MINUTIAE.write(m)).collect(),
                extended: Vec::new(),
            })
        };
        Ok(Self {
            edition: Edition::Published,
            owner: OWNER_UNKNOWN,
            product: 0,
            certified: false,
            device: 0,
            views: fingers.iter().map(view).collect::<Result<_, _>>()?,
        })
    }
}

/// Whether the device is certified, and which it is.
fn equipment(r: &mut Reader, edition: Edition) -> Result<(bool, u16), RecordError> {
    let at = r.at();
    let reserved = || "has reserved bits that are not 0".into();
    if edition == Edition::Draft {
        let equipment = r.u16("capture equipment")?;
        check(equipment & 0x7000 == 0, at, "capture equipment", reserved)?;
        return Ok((equipment & DRAFT_CERTIFIED != 0, equipment & 0xFFF));
    }
    let certification = r.u8("certification")?;
    check(certification & !CERTIFIED == 0, at, "certification", reserved)?;
    Ok((certification == CERTIFIED, r.u16("capture device")?))
}

impl View {
    fn decode(r: &mut Reader, edition: Edition) -> Result<Self, RecordError> {
        let several: &[u8] = if edition == Edition::Amendment1 { &SEVERAL_FINGERS } else { &[] };
        let position = r.code("finger position", &[&POSITIONS, several].concat())?;
        let number = r.at_most("view number", 15)?;
        let impression = r.code("impression type", &IMPRESSIONS)?;
        let quality = parts::quality(r, "finger quality", true)?;
        let quality_owner = r.u16("quality algorithm owner")?;
        let quality_algorithm = r.u16("quality algorithm")?;
        let image = Image::read(r)?;
        let (minutiae, extended) = parts::read_minutiae(r, &image, MINUTIAE)?;
        Ok(Self {
            position,
            number,
            impression,
            quality,
            quality_owner,
            quality_algorithm,
            image,
            minutiae,
            extended,
        })
    }

    fn encode(&self, out: &mut Vec<u8>) -> Result<(), RecordError> {
        out.extend([self.position, self.number, self.impression, self.quality]);
        for field in [self.quality_owner, self.quality_algorithm].into_iter().chain(self.image.fields()) {
            out.extend(field.to_be_bytes());
        }
        parts::write_minutiae(out, &self.minutiae, &self.extended, MINUTIAE)
    }
}
