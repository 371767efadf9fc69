//! ISO/IEC 19794-2:2005 finger minutiae record (record format, clause 7), read and written strictly.
//!
//! | offset | bytes | field |
//! | --- | --- | --- |
//! | 0 | 4 | format identifier `FMR\0` |
//! | 4 | 4 | version ` 20\0` |
//! | 8 | 4 | total length |
//! | 12 | 2 | capture equipment: certification (4 bits), device type (12 bits) |
//! | 14 | 2 + 2 | image width, height, in pixels |
//! | 18 | 2 + 2 | resolution across, down, in pixels a centimetre |
//! | 22 | 1 + 1 | number of views, reserved (0) |
//! | | | *each view:* |
//! | +0 | 1 | finger position, 0-10 |
//! | +1 | 1 | view number (4 bits), impression type (4 bits) |
//! | +2 | 1 + 1 | quality, 0-100; number of minutiae |
//! | +4 | 6 each | type (2 bits) and x (14); reserved (2) and y (14); direction; quality |
//! | | 2 + n | length of the extended data, and the data, kept as they are |
//!
//! Integers are big-endian. *Why strict:* a record that is wrong somewhere was made by something that may be wrong
//! elsewhere too, and these minutiae decide about people; so a stray bit refuses the record, with its offset.

use super::fields::{Reader, check, count, put_length};
use super::minutiae_record::{Finger, IDENTIFIER, LENGTH_AT, Standard, opened};
use super::parts::{self, Image, MinutiaFormat};
use crate::minutia::Minutia;

pub use super::fields::RecordError;
pub use super::parts::RESOLUTION_500_PPI;

/// A whole record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Record {
    /// Certification of the equipment, 4 bits.
    pub certification: u8,
    /// Type of the capture device, 12 bits, 0 where not reported.
    pub device_type: u16,
    /// Width of the image. Unit: pixels.
    pub width: u16,
    /// Height of the image. Unit: pixels.
    pub height: u16,
    /// Resolution across. Unit: pixels a centimetre; 197 is 500 ppi.
    pub resolution_x: u16,
    /// Resolution down. Unit: pixels a centimetre.
    pub resolution_y: u16,
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
    /// 0 live-scan plain, 1 live-scan rolled, 2 plain, 3 rolled, 8 swipe.
    pub impression: u8,
    /// 0-100.
    pub quality: u8,
    /// At most 255; places in pixels of the record's own resolution.
    pub minutiae: Vec<Minutia>,
    /// Extended data blocks, without their total length; not looked into.
    pub extended: Vec<u8>,
}

const VERSION: &[u8] = b" 20\0";
const HEADER_BYTES: usize = 24;
const IMPRESSIONS: [u8; 5] = [0, 1, 2, 3, 8];
const MINUTIAE: MinutiaFormat = MinutiaFormat { directions: 256, reports: false, has_quality: true };

impl Record {
    /// Reads a record; every byte of `bytes` must belong to it.
    pub fn decode(bytes: &[u8]) -> Result<Self, RecordError> {
        let mut r = opened(bytes, Standard::Iso19794_2_2005)?;
        r.total_length()?;
        let equipment = r.u16("capture equipment")?;
        let Image { width, height, resolution_x, resolution_y } = Image::read(&mut r)?;
        let at = r.at();
        let views = r.u8("number of views")?;
        check(views > 0, at, "number of views", || "is 0".into())?;
        r.literal("reserved byte", &[0])?;
        let image = Image { width, height, resolution_x, resolution_y };
        let views = (0..views).map(|_| View::decode(&mut r, &image)).collect::<Result<_, _>>()?;
        r.end("end of record", "the last view")?;
        let (certification, device_type) = ((equipment >> 12) as u8, equipment & 0xFFF);
        Ok(Self { certification, device_type, width, height, resolution_x, resolution_y, views })
    }

    /// Writes a record, which reading gives back unchanged; refuses what the format cannot hold, by offset and field.
    pub fn encode(&self) -> Result<Vec<u8>, RecordError> {
        let mut out = Vec::with_capacity(HEADER_BYTES + self.views.len() * 200);
        out.extend(IDENTIFIER);
        out.extend(VERSION);
        out.extend([0; 4]);
        let equipment = u16::from(self.certification) << 12 | self.device_type;
        for field in [equipment, self.width, self.height, self.resolution_x, self.resolution_y] {
            out.extend(field.to_be_bytes());
        }
        out.extend([count(22, "number of views", self.views.len())?, 0]);
        for view in &self.views {
            view.encode(&mut out)?;
        }
        put_length(&mut out, LENGTH_AT)?;
        // What was written is read again: a value out of range, or cut to its bits, cannot leave here.
        let read = Self::decode(&out)?;
        check(read == *self, 12, "capture equipment", || "does not fit in its 4 and 12 bits".into())?;
        Ok(out)
    }

    fn image(&self) -> Image {
        let Self { width, height, resolution_x, resolution_y, .. } = *self;
        Image { width, height, resolution_x, resolution_y }
    }

    /// The minutiae of a view at 500 ppi. 197 pixels a centimetre are taken for 500 ppi exactly; any other resolution
    /// is converted, to the nearest pixel.
    pub fn minutiae_at_500_ppi(&self, view: &View) -> Vec<Minutia> {
        let image = self.image();
        view.minutiae.iter().map(|m| image.minutia_at_500_ppi(m)).collect()
    }

    /// Every view, at 500 ppi.
    pub fn fingers(&self) -> Vec<Finger> {
        let image = self.image();
        let finger = |view: &View| Finger {
            position: view.position,
            view: view.number,
            impression: view.impression,
            quality: Some(view.quality),
            width: image.width_at_500_ppi(),
            height: image.height_at_500_ppi(),
            minutiae: self.minutiae_at_500_ppi(view),
            extended: view.extended.len(),
        };
        self.views.iter().map(finger).collect()
    }

    /// A record of fingers at 500 ppi, from an unknown device. It has one size, which is the largest of theirs, and a
    /// quality that was not reported is 0, the lowest.
    pub fn of_fingers(fingers: &[Finger]) -> Result<Self, RecordError> {
        let Image { width, height, resolution_x, resolution_y } = Finger::largest_image(fingers, 14)?;
        let view = |finger: &Finger| View {
            position: finger.position,
            number: finger.view,
            impression: finger.impression,
            quality: finger.quality.unwrap_or(0),
            minutiae: finger.minutiae.clone(),
            extended: Vec::new(),
        };
        let views = fingers.iter().map(view).collect();
        Ok(Self { certification: 0, device_type: 0, width, height, resolution_x, resolution_y, views })
    }
}

impl View {
    fn decode(r: &mut Reader, image: &Image) -> Result<Self, RecordError> {
        let position = r.at_most("finger position", 10)?;
        let (number, impression) = parts::unpacked(r, &IMPRESSIONS)?;
        let quality = r.at_most("finger quality", 100)?;
        let (minutiae, extended) = parts::read_minutiae(r, image, MINUTIAE)?;
        let minutiae = minutiae.iter().map(|m| MINUTIAE.read(m)).collect();
        Ok(Self { position, number, impression, quality, minutiae, extended })
    }

    fn encode(&self, out: &mut Vec<u8>) -> Result<(), RecordError> {
        let packed = parts::packed(out.len() + 1, self.number, self.impression)?;
        out.extend([self.position, packed, self.quality]);
        let minutiae: Vec<_> = self.minutiae.iter().map(|m| MINUTIAE.write(m)).collect();
        parts::write_minutiae(out, &minutiae, &self.extended, MINUTIAE)
    }
}

#[cfg(test)]
#[expect(clippy::cast_possible_truncation, reason = "small numbers in tests")]
mod tests {
    use super::*;
    use crate::minutia::MinutiaType;

    fn record() -> Record {
        let minutia = |i: u16| Minutia {
            kind: [MinutiaType::Other, MinutiaType::RidgeEnding, MinutiaType::RidgeBifurcation]
                [usize::from(i % 3)],
            x: i * 7,
            y: i * 5,
            direction: (i * 40 % 256) as u8,
            quality: i as u8,
        };
        let minutiae = (0..12).map(minutia).collect();
        let view =
            View { position: 7, number: 0, impression: 0, quality: 80, minutiae, extended: vec![1, 2, 3] };
        Record {
            certification: 8,
            device_type: 181,
            width: 300,
            height: 400,
            resolution_x: 197,
            resolution_y: 197,
            views: vec![view],
        }
    }

    #[test]
    fn what_is_written_is_read_back() {
        let bytes = record().encode().unwrap();
        assert_eq!(Record::decode(&bytes).unwrap(), record());
    }

    #[test]
    fn every_truncation_and_every_stray_byte_is_refused_by_offset() {
        let bytes = record().encode().unwrap();
        for length in 0..bytes.len() {
            let error = Record::decode(&bytes[..length]).unwrap_err();
            assert!(error.offset <= length, "{length}: {error}");
        }
        let longer = [bytes, vec![0]].concat();
        assert_eq!(Record::decode(&longer).unwrap_err().offset, LENGTH_AT);
    }

    #[test]
    fn each_field_is_checked_and_named() {
        let good = record().encode().unwrap();
        let cases = [
            (0, b'X', "format identifier"),
            (5, b'3', "version"),
            (11, 9, "total length"),
            (22, 0, "number of views"),
            (23, 1, "reserved byte"),
            (24, 11, "finger position"),
            (25, 0x07, "impression type"),
            (26, 101, "finger quality"),
            (28, 0xC0, "minutia type"),
            (28, 0x3F, "x"),
            (30, 0x40, "reserved bits before y"),
            (30, 0x3F, "y"),
            (33, 101, "minutia quality"),
        ];
        for (offset, value, field) in cases {
            let mut bytes = good.clone();
            bytes[offset] = value;
            let error = Record::decode(&bytes).unwrap_err();
            assert_eq!(error.field, field, "byte {offset}: {error}");
            assert!(error.offset <= offset, "byte {offset}: {error}");
        }
    }

    #[test]
    fn what_does_not_fit_is_not_written() {
        let mut wide = record();
        wide.views[0].minutiae[3].x = 300;
        assert_eq!(wide.encode().unwrap_err().field, "x");
        for wrong in [Record { certification: 17, ..record() }, Record { device_type: 4096, ..record() }] {
            assert_eq!(wrong.encode().unwrap_err().field, "capture equipment");
        }
        let mut many = record();
        many.views[0].minutiae = vec![many.views[0].minutiae[0]; 256];
        assert_eq!(many.encode().unwrap_err().field, "number of minutiae");
    }

    #[test]
    fn resolutions_are_converted_to_500_ppi() {
        let mut fine = record();
        assert_eq!(fine.minutiae_at_500_ppi(&fine.views[0])[3].x, 21);
        (fine.resolution_x, fine.resolution_y) = (394, 197);
        let converted = fine.minutiae_at_500_ppi(&fine.views[0])[3];
        assert_eq!((converted.x, converted.y), (10, 15));
    }
}
