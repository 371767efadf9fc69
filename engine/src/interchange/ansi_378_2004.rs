//! INCITS 378-2004 finger minutiae record (clause 6), read and written strictly.
//!
//! | offset | bytes | field |
//! | --- | --- | --- |
//! | 0 | 4 | format identifier `FMR\0` |
//! | 4 | 4 | version ` 20\0` |
//! | 8 | 2 or 6 | total length; from 65536 on two zeros and then four bytes, and all below is 4 bytes later |
//! | 10 | 2 + 2 | product identifier: owner, type |
//! | 14 | 2 | capture equipment: certified (1 bit), reserved (3 bits, 0), device (12 bits) |
//! | 16 | 2 + 2 | image width, height, in pixels |
//! | 20 | 2 + 2 | resolution across, down, in pixels a centimetre |
//! | 24 | 1 + 1 | number of views, reserved (0) |
//! | | | *each view:* |
//! | +0 | 1 | finger position, 0-10 |
//! | +1 | 1 | view number (4 bits), impression type (4 bits) |
//! | +2 | 1 + 1 | quality, 0-100; number of minutiae |
//! | +4 | 6 each | minutiae, directions in 2 degrees, quality 0 (not reported) to 100 |
//! | | 2 + n | length of the extended data, and the data, kept as they are |
//!
//! A zero as owner of the product identifier is read: NIST's MINEX has those that it tests write it, and it says nothing about
//! the print. A long length that would fit into the short field is refused: it would not be written back.

use super::fields::{Reader, RecordError, check, count, error};
use super::minutiae_record::{Finger, IDENTIFIER, LENGTH_AT, Standard, opened};
use super::parts::{self, Image, MinutiaFormat, WrittenMinutia};

/// A whole record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Record {
    /// Organisation that owns the product, by its CBEFF number.
    pub owner: u16,
    /// The owner's number for the product.
    pub product: u16,
    /// Whether the device is certified for the FBI's image quality (Appendix F).
    pub certified: bool,
    /// Capture device, 12 bits, 0 where not reported.
    pub device: u16,
    /// Size and resolution of the image of every view.
    pub image: Image,
    /// At least one.
    pub views: Vec<View>,
}

/// One impression of one finger.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct View {
    /// 0 (unknown) to 10.
    pub position: u8,
    /// 0-15, counting the views of one finger.
    pub number: u8,
    /// 0 live-scan plain, 1 live-scan rolled, 2 plain, 3 rolled, 8 swipe, 9 live-scan without contact.
    pub impression: u8,
    /// 0-100.
    pub quality: u8,
    /// At most 255; directions in 2 degrees, 0-179.
    pub minutiae: Vec<WrittenMinutia>,
    /// Extended data blocks, without their total length; not looked into.
    pub extended: Vec<u8>,
}

const VERSION: &[u8] = b" 20\0";
const IMPRESSIONS: [u8; 6] = [0, 1, 2, 3, 8, 9];
const MINUTIAE: MinutiaFormat = MinutiaFormat { directions: 180, reports: false, has_quality: true };
const CERTIFIED: u16 = 0x8000;

/// CBEFF's number for an owner that is not known.
pub(super) const OWNER_UNKNOWN: u16 = 0x0103;

impl Record {
    /// Reads a record; every byte of `bytes` must belong to it.
    pub fn decode(bytes: &[u8]) -> Result<Self, RecordError> {
        let mut r = opened(bytes, Standard::Ansi378_2004)?;
        read_length(&mut r)?;
        let (owner, product) = (r.u16("product identifier owner")?, r.u16("product identifier type")?);
        let at = r.at();
        let equipment = r.u16("capture equipment")?;
        check(equipment & 0x7000 == 0, at, "capture equipment", || {
            "has reserved bits that are not 0".into()
        })?;
        let image = Image::read(&mut r)?;
        let at = r.at();
        let views = r.u8("number of views")?;
        check(views > 0, at, "number of views", || "is 0".into())?;
        r.literal("reserved byte", &[0])?;
        let views = (0..views).map(|_| View::decode(&mut r, &image)).collect::<Result<_, _>>()?;
        r.end("end of record", "the last view")?;
        let (certified, device) = (equipment & CERTIFIED != 0, equipment & 0xFFF);
        Ok(Self { owner, product, certified, device, image, views })
    }

    /// Writes a record, which reading gives back unchanged; refuses what the format cannot hold, by offset and field.
    pub fn encode(&self) -> Result<Vec<u8>, RecordError> {
        check(self.device < 1 << 12, 14, "capture equipment", || {
            format!("device {} does not fit in 12 bits", self.device)
        })?;
        let mut out = [IDENTIFIER, VERSION, &[0, 0]].concat();
        let equipment = if self.certified { CERTIFIED } else { 0 } | self.device;
        for field in [self.owner, self.product, equipment].into_iter().chain(self.image.fields()) {
            out.extend(field.to_be_bytes());
        }
        out.extend([count(24, "number of views", self.views.len())?, 0]);
        for view in &self.views {
            view.encode(&mut out)?;
        }
        match u16::try_from(out.len()) {
            Ok(length) => drop(out.splice(LENGTH_AT..LENGTH_AT + 2, length.to_be_bytes())),
            Err(_) => {
                let length = u32::try_from(out.len() + 4)
                    .map_err(|e| error(LENGTH_AT, "total length", e.to_string()))?
                    .to_be_bytes();
                drop(out.splice(LENGTH_AT..LENGTH_AT + 2, [0, 0].into_iter().chain(length)));
            }
        }
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
            quality: Some(view.quality),
            width: self.image.width_at_500_ppi(),
            height: self.image.height_at_500_ppi(),
            minutiae: view
                .minutiae
                .iter()
                .map(|m| self.image.minutia_at_500_ppi(&MINUTIAE.read(m)))
                .collect(),
            extended: view.extended.len(),
        };
        self.views.iter().map(finger).collect()
    }

    /// A record of fingers at 500 ppi, from an unknown owner and device. It has one size, which is the largest of theirs, and a
    /// quality that was not reported is 0, the lowest.
    pub fn of_fingers(fingers: &[Finger]) -> Result<Self, RecordError> {
        let view = |finger: &Finger| View {
            position: finger.position,
            number: finger.view,
            impression: finger.impression,
            quality: finger.quality.unwrap_or(0),
            minutiae: finger.minutiae.iter().map(|m| MINUTIAE.write(m)).collect(),
            extended: Vec::new(),
        };
        Ok(Self {
            owner: OWNER_UNKNOWN,
            product: 0,
            certified: false,
            device: 0,
            image: Finger::largest_image(fingers, 16)?,
            views: fingers.iter().map(view).collect(),
        })
    }
}

fn read_length(r: &mut Reader) -> Result<(), RecordError> {
    let at = r.at();
    let short = r.u16("total length")?;
    if short > 0 {
        return r.is_whole(at, short.into());
    }
    let long = r.u32("total length")?;
    check(long > u16::MAX.into(), at, "total length", || {
        format!("says {long} bytes in six, which fit in two")
    })?;
    r.is_whole(at, long)
}

impl View {
    fn decode(r: &mut Reader, image: &Image) -> Result<Self, RecordError> {
        let position = r.at_most("finger position", 10)?;
        let (number, impression) = parts::unpacked(r, &IMPRESSIONS)?;
        let quality = r.at_most("finger quality", 100)?;
        let (minutiae, extended) = parts::read_minutiae(r, image, MINUTIAE)?;
        Ok(Self { position, number, impression, quality, minutiae, extended })
    }

    fn encode(&self, out: &mut Vec<u8>) -> Result<(), RecordError> {
        let packed = parts::packed(out.len() + 1, self.number, self.impression)?;
        out.extend([self.position, packed, self.quality]);
        parts::write_minutiae(out, &self.minutiae, &self.extended, MINUTIAE)
    }
}
