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

use crate::minutia::{Minutia, MinutiaType};

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

/// Where a record stops being one.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("byte {offset}: {field}: {problem}")]
pub struct RecordError {
    /// Offset of the first byte of the field.
    pub offset: usize,
    /// The field, in the standard's words.
    pub field: &'static str,
    /// What is wrong with it.
    pub problem: String,
}

const IDENTIFIER: &[u8] = b"FMR\0";
const VERSION: &[u8] = b" 20\0";
const HEADER_BYTES: usize = 24;
const LENGTH_AT: usize = 8;
const IMPRESSIONS: [u8; 5] = [0, 1, 2, 3, 8];

/// Pixels a centimetre that stand for 500 ppi exactly (ISO/IEC 19794-2:2005 rounds 196.85 up).
pub const RESOLUTION_500_PPI: u16 = 197;

impl Record {
    /// Reads a record; every byte of `bytes` must belong to it.
    pub fn decode(bytes: &[u8]) -> Result<Self, RecordError> {
        let mut r = Reader { bytes, at: 0 };
        r.literal("format identifier", IDENTIFIER)?;
        r.literal("version", VERSION)?;
        let at = r.at;
        let length = r.u32("total length")? as usize;
        check(length == bytes.len(), at, "total length", || {
            format!("says {length} bytes, there are {}", bytes.len())
        })?;
        let equipment = r.u16("capture equipment")?;
        let (width, height) = (r.nonzero("image width")?, r.nonzero("image height")?);
        let (resolution_x, resolution_y) = (r.nonzero("resolution across")?, r.nonzero("resolution down")?);
        let at = r.at;
        let views = r.u8("number of views")?;
        check(views > 0, at, "number of views", || "is 0".into())?;
        r.literal("reserved byte", &[0])?;
        let views = (0..views).map(|_| r.view(width, height)).collect::<Result<_, _>>()?;
        check(r.at == bytes.len(), r.at, "end of record", || {
            format!("{} bytes follow the last view", bytes.len() - r.at)
        })?;
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
        let too_many = |_| error(22, "number of views", format!("{} do not fit in a byte", self.views.len()));
        out.extend([u8::try_from(self.views.len()).map_err(too_many)?, 0]);
        for view in &self.views {
            view.encode(&mut out)?;
        }
        let length = u32::try_from(out.len()).map_err(|e| error(LENGTH_AT, "total length", e.to_string()))?;
        out[LENGTH_AT..LENGTH_AT + 4].copy_from_slice(&length.to_be_bytes());
        // What was written is read again: a value out of range, or cut to its bits, cannot leave here.
        let read = Self::decode(&out)?;
        check(read == *self, 12, "capture equipment", || "does not fit in its 4 and 12 bits".into())?;
        Ok(out)
    }

    /// The minutiae of a view at 500 ppi. 197 pixels a centimetre are taken for 500 ppi exactly; any other resolution
    /// is converted, to the nearest pixel.
    pub fn minutiae_at_500_ppi(&self, view: &View) -> Vec<Minutia> {
        let convert = |value: u16, resolution: u16| match resolution {
            RESOLUTION_500_PPI => value,
            _ => {
                let (value, per_cm) = (u64::from(value), u64::from(resolution));
                // 500 ppi are 50 000 / 254 pixels a centimetre.
                u16::try_from((value * 50_000 + 127 * per_cm) / (254 * per_cm)).unwrap_or(u16::MAX)
            }
        };
        let at_500 = |m: &Minutia| Minutia {
            x: convert(m.x, self.resolution_x),
            y: convert(m.y, self.resolution_y),
            ..*m
        };
        view.minutiae.iter().map(at_500).collect()
    }
}

impl View {
    fn encode(&self, out: &mut Vec<u8>) -> Result<(), RecordError> {
        let at = out.len();
        let too_many =
            |_| error(at + 3, "number of minutiae", format!("{} do not fit in a byte", self.minutiae.len()));
        let count = u8::try_from(self.minutiae.len()).map_err(too_many)?;
        for (offset, field, value) in
            [(1, "view number", self.number), (1, "impression type", self.impression)]
        {
            check(value < 16, at + offset, field, || format!("{value} does not fit in 4 bits"))?;
        }
        out.extend([self.position, self.number << 4 | self.impression, self.quality, count]);
        for m in &self.minutiae {
            let at = out.len();
            for (offset, field, value) in [(0, "x", m.x), (2, "y", m.y)] {
                check(value < 1 << 14, at + offset, field, || format!("{value} does not fit in 14 bits"))?;
            }
            let kind: u16 = match m.kind {
                MinutiaType::Other => 0,
                MinutiaType::RidgeEnding => 1,
                MinutiaType::RidgeBifurcation => 2,
            };
            out.extend((kind << 14 | m.x).to_be_bytes());
            out.extend(m.y.to_be_bytes());
            out.extend([m.direction, m.quality]);
        }
        let at = out.len();
        let too_long =
            |_| error(at, "extended data length", format!("{} bytes do not fit", self.extended.len()));
        out.extend(u16::try_from(self.extended.len()).map_err(too_long)?.to_be_bytes());
        out.extend(&self.extended);
        Ok(())
    }
}

fn error(offset: usize, field: &'static str, problem: String) -> RecordError {
    RecordError { offset, field, problem }
}

fn check(
    holds: bool,
    offset: usize,
    field: &'static str,
    problem: impl FnOnce() -> String,
) -> Result<(), RecordError> {
    if holds { Ok(()) } else { Err(error(offset, field, problem())) }
}

struct Reader<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Reader<'a> {
    fn take(&mut self, count: usize, field: &'static str) -> Result<&'a [u8], RecordError> {
        let left = self.bytes.len() - self.at;
        check(count <= left, self.at, field, || format!("needs {count} bytes, {left} are left"))?;
        let taken = &self.bytes[self.at..self.at + count];
        self.at += count;
        Ok(taken)
    }

    fn u8(&mut self, field: &'static str) -> Result<u8, RecordError> {
        self.take(1, field).map(|b| b[0])
    }

    fn u16(&mut self, field: &'static str) -> Result<u16, RecordError> {
        self.take(2, field).map(|b| u16::from_be_bytes([b[0], b[1]]))
    }

    fn u32(&mut self, field: &'static str) -> Result<u32, RecordError> {
        self.take(4, field).map(|b| u32::from_be_bytes([b[0], b[1], b[2], b[3]]))
    }

    fn nonzero(&mut self, field: &'static str) -> Result<u16, RecordError> {
        let at = self.at;
        let value = self.u16(field)?;
        check(value > 0, at, field, || "is 0".into())?;
        Ok(value)
    }

    fn literal(&mut self, field: &'static str, expected: &[u8]) -> Result<(), RecordError> {
        let at = self.at;
        let found = self.take(expected.len(), field)?;
        check(found == expected, at, field, || format!("is {found:02x?}, must be {expected:02x?}"))
    }

    fn at_most(&mut self, field: &'static str, max: u8) -> Result<u8, RecordError> {
        let at = self.at;
        let value = self.u8(field)?;
        check(value <= max, at, field, || format!("is {value}, at most {max} is allowed"))?;
        Ok(value)
    }

    fn view(&mut self, width: u16, height: u16) -> Result<View, RecordError> {
        let position = self.at_most("finger position", 10)?;
        let at = self.at;
        let packed = self.u8("view number and impression type")?;
        let (number, impression) = (packed >> 4, packed & 0xF);
        check(IMPRESSIONS.contains(&impression), at, "impression type", || {
            format!("{impression} is not assigned")
        })?;
        let quality = self.at_most("finger quality", 100)?;
        let count = self.u8("number of minutiae")?;
        let minutiae = (0..count).map(|_| self.minutia(width, height)).collect::<Result<_, _>>()?;
        let length = usize::from(self.u16("extended data length")?);
        let extended = self.take(length, "extended data")?.to_vec();
        Ok(View { position, number, impression, quality, minutiae, extended })
    }

    fn minutia(&mut self, width: u16, height: u16) -> Result<Minutia, RecordError> {
        let at = self.at;
        let first = self.u16("minutia type and x")?;
        let kind = match first >> 14 {
            0 => MinutiaType::Other,
            1 => MinutiaType::RidgeEnding,
            2 => MinutiaType::RidgeBifurcation,
            _ => return Err(error(at, "minutia type", "3 is not assigned".into())),
        };
        let x = first & 0x3FFF;
        check(x < width, at, "x", || "is outside the image".into())?;
        let second = self.u16("y")?;
        check(second >> 14 == 0, at + 2, "reserved bits before y", || "are not 0".into())?;
        check(second < height, at + 2, "y", || "is outside the image".into())?;
        let direction = self.u8("direction")?;
        let quality = self.at_most("minutia quality", 100)?;
        Ok(Minutia { kind, x, y: second, direction, quality })
    }
}

#[cfg(test)]
#[expect(clippy::cast_possible_truncation, reason = "small numbers in tests")]
mod tests {
    use super::*;

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
