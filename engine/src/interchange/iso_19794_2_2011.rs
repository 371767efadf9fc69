//! ISO/IEC 19794-2:2011 finger minutiae record (clause 8, and ISO/IEC 19794-1:2011), read and written strictly.
//!
//! | offset | bytes | field |
//! | --- | --- | --- |
//! | 0 | 4 | format identifier `FMR\0` |
//! | 4 | 4 | version `030\0` |
//! | 8 | 4 | total length |
//! | 12 | 2 | number of representations, 1-176 |
//! | 14 | 1 | certification flag: 1 where representations have a number of certifications |
//! | | | *each representation:* |
//! | +0 | 4 | its length, these four bytes counted |
//! | +4 | 9 | captured: year (2), month, day, hour, minute, second, millisecond (2); ones where not reported |
//! | +13 | 1 + 2 + 2 | capture device: technology, vendor, type |
//! | +18 | 1 | number of qualities, and 5 each: 0-100 or 255 (failed); vendor (2), algorithm (2) |
//! | | 0 or 1 | number of certifications, and 3 each: authority (2), scheme, 1-3 |
//! | | 1 + 1 | finger position; representation number, 0-15 |
//! | | 2 + 2 | resolution across, down, in pixels a centimetre, at least 98 (250 ppi) |
//! | | 1 | impression type |
//! | | 2 + 2 | image width, height, in pixels, below 16384 |
//! | | 1 | bytes of a minutia (4 bits: 5 or 6), ridge endings are where (4 bits) |
//! | | 1 | number of minutiae, at least one |
//! | | 5 or 6 each | minutiae; the sixth byte is the quality, 0-100, 254 (not reported) or 255 (failed) |
//! | | 2 + n | length of the extended data, and the data, kept as they are |

use super::fields::{Reader, RecordError, check, count, error, put_length};
use super::minutiae_record::{Finger, IDENTIFIER, LENGTH_AT, Standard, opened};
use super::parts::{self, Image, MinutiaFormat, SEVERAL_FINGERS, WrittenMinutia};

/// A whole record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Record {
    /// Whether representations say how many certifications they have. Without it none can have any.
    pub has_certifications: bool,
    /// 1-176.
    pub representations: Vec<Representation>,
}

/// One impression of one finger.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Representation {
    /// When it was captured, in UTC.
    pub captured: CaptureTime,
    /// Technology of the device, 0 (unknown) to 20.
    pub device_technology: u8,
    /// Vendor of the device, 0 where not reported.
    pub device_vendor: u16,
    /// The vendor's number for the type of device, 0 where not reported.
    pub device_type: u16,
    /// At most 255.
    pub qualities: Vec<Quality>,
    /// At most 255.
    pub certifications: Vec<Certification>,
    /// 0 (unknown) to 10, or the code of several fingers.
    pub position: u8,
    /// 0-15, counting the representations of one finger.
    pub number: u8,
    /// Size and resolution of the image.
    pub image: Image,
    /// 0-3 as in 2005, 4-7 latent, 8 swipe, 9 vertical roll, 24 without contact, 28 other, 29 unknown.
    pub impression: u8,
    /// Whether a minutia has six bytes, with its quality, or five.
    pub has_minutia_quality: bool,
    /// What the place of a ridge ending is.
    pub ridge_endings: RidgeEnding,
    /// 1-255; directions in 360/256 degrees; quality [`super::NOT_REPORTED`] where a minutia has five bytes.
    pub minutiae: Vec<WrittenMinutia>,
    /// Extended data blocks, without their total length; not looked into.
    pub extended: Vec<u8>,
}

/// When something was captured; each part is all ones where it was not reported.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CaptureTime {
    /// From 1 on.
    pub year: u16,
    /// 1-12.
    pub month: u8,
    /// 1-31.
    pub day: u8,
    /// 0-23.
    pub hour: u8,
    /// 0-59.
    pub minute: u8,
    /// 0-59.
    pub second: u8,
    /// 0-999.
    pub millisecond: u16,
}

/// What an algorithm thinks of an image.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Quality {
    /// 0-100, or 255 where the algorithm failed.
    pub value: u8,
    /// Vendor of the algorithm.
    pub vendor: u16,
    /// The vendor's number for the algorithm.
    pub algorithm: u16,
}

/// A certification of the device.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Certification {
    /// Who certified.
    pub authority: u16,
    /// 1 image quality for identification, 2 for verification, 3 optical sensors (Annex E).
    pub scheme: u8,
}

/// What the place of a ridge ending is. The two differ by about half a ridge; neither is moved to the other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RidgeEnding {
    /// Where the skeleton of the valley forks, as in the other standards.
    ValleyFork,
    /// Where the skeleton of the ridge ends.
    RidgeEnd,
}

pub(super) const HEADER_BYTES: usize = 15;
/// The least that a representation has.
pub(super) const REPRESENTATION_BYTES: usize = 34;

const MOST_REPRESENTATIONS: u16 = 176;
const VERSION: &[u8] = b"030\0";
const IMPRESSIONS: [u8; 13] = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 24, 28, 29];
const POSITIONS: [u8; 11] = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10];
const LEAST_RESOLUTION: u16 = 98;
const MOST_PIXELS: u16 = 0x3FFF;
const UNREPORTED_TIME: CaptureTime = CaptureTime {
    year: u16::MAX,
    month: u8::MAX,
    day: u8::MAX,
    hour: u8::MAX,
    minute: u8::MAX,
    second: u8::MAX,
    millisecond: u16::MAX,
};

fn minutia_format(has_quality: bool) -> MinutiaFormat {
    MinutiaFormat { directions: 256, reports: true, has_quality }
}

impl Record {
    /// Reads a record; every byte of `bytes` must belong to it.
    pub fn decode(bytes: &[u8]) -> Result<Self, RecordError> {
        let mut r = opened(bytes, Standard::Iso19794_2_2011)?;
        r.total_length()?;
        let at = r.at();
        let number = r.u16("number of representations")?;
        check((1..=MOST_REPRESENTATIONS).contains(&number), at, "number of representations", || {
            format!("is {number}, 1-{MOST_REPRESENTATIONS} are allowed")
        })?;
        let has_certifications = r.code("certification flag", &[0, 1])? == 1;
        let representations = (0..number)
            .map(|_| Representation::decode(&mut r, has_certifications))
            .collect::<Result<_, _>>()?;
        r.end("end of record", "the last representation")?;
        Ok(Self { has_certifications, representations })
    }

    /// Writes a record, which reading gives back unchanged; refuses what the format cannot hold, by offset and field.
    pub fn encode(&self) -> Result<Vec<u8>, RecordError> {
        let mut out = [IDENTIFIER, VERSION, &[0; 4]].concat();
        let number = self.representations.len();
        let too_many = |_| error(12, "number of representations", format!("{number} do not fit"));
        out.extend(u16::try_from(number).map_err(too_many)?.to_be_bytes());
        out.push(self.has_certifications.into());
        for representation in &self.representations {
            representation.encode(&mut out, self.has_certifications)?;
        }
        put_length(&mut out, LENGTH_AT)?;
        // What was written is read again: a value out of range, or without a byte to be in, cannot leave here.
        let read = Self::decode(&out)?;
        check(read == *self, HEADER_BYTES, "representation", || {
            "has certifications without the flag, or qualities of minutiae in five bytes".into()
        })?;
        Ok(out)
    }

    /// Every representation, at 500 ppi.
    pub fn fingers(&self) -> Vec<Finger> {
        self.representations.iter().map(Representation::finger).collect()
    }

    /// A record of fingers at 500 ppi, from an unknown device, captured at an unknown time.
    pub fn of_fingers(fingers: &[Finger]) -> Result<Self, RecordError> {
        let representations = fingers.iter().map(Representation::of_finger).collect::<Result<_, _>>()?;
        Ok(Self { has_certifications: false, representations })
    }
}

impl Representation {
    fn decode(whole: &mut Reader, has_certifications: bool) -> Result<Self, RecordError> {
        let start = whole.at();
        let length = usize::try_from(whole.u32("representation length")?).unwrap_or(usize::MAX);
        let r = &mut whole.part(start, length, "representation length")?;
        let captured = CaptureTime::decode(r)?;
        let device_technology = r.at_most("capture device technology", 20)?;
        let (device_vendor, device_type) = (r.u16("capture device vendor")?, r.u16("capture device type")?);
        let number = r.u8("number of qualities")?;
        let qualities = (0..number).map(|_| Quality::decode(r)).collect::<Result<_, _>>()?;
        let number = if has_certifications { r.u8("number of certifications")? } else { 0 };
        let certifications = (0..number).map(|_| Certification::decode(r)).collect::<Result<_, _>>()?;
        let position = r.code("finger position", &[&POSITIONS[..], &SEVERAL_FINGERS].concat())?;
        let number = r.at_most("representation number", 15)?;
        let (image, impression) = image_and_impression(r)?;
        let (has_minutia_quality, ridge_endings) = minutia_bytes(r)?;
        let at = r.at();
        let (minutiae, extended) = parts::read_minutiae(r, &image, minutia_format(has_minutia_quality))?;
        check(!minutiae.is_empty(), at, "number of minutiae", || "is 0".into())?;
        r.end("representation length", "the extended data inside of the representation")?;
        whole.skip_to(start + length);
        Ok(Self {
            captured,
            device_technology,
            device_vendor,
            device_type,
            qualities,
            certifications,
            position,
            number,
            image,
            impression,
            has_minutia_quality,
            ridge_endings,
            minutiae,
            extended,
        })
    }

    fn encode(&self, out: &mut Vec<u8>, has_certifications: bool) -> Result<(), RecordError> {
        let start = out.len();
        out.extend([0; 4]);
        self.captured.encode(out);
        out.push(self.device_technology);
        out.extend(self.device_vendor.to_be_bytes());
        out.extend(self.device_type.to_be_bytes());
        out.push(count(out.len(), "number of qualities", self.qualities.len())?);
        for quality in &self.qualities {
            out.push(quality.value);
            out.extend(quality.vendor.to_be_bytes());
            out.extend(quality.algorithm.to_be_bytes());
        }
        if has_certifications {
            out.push(count(out.len(), "number of certifications", self.certifications.len())?);
            for certification in &self.certifications {
                out.extend(certification.authority.to_be_bytes());
                out.push(certification.scheme);
            }
        }
        out.extend([self.position, self.number]);
        out.extend(self.image.resolution_x.to_be_bytes());
        out.extend(self.image.resolution_y.to_be_bytes());
        out.push(self.impression);
        out.extend(self.image.width.to_be_bytes());
        out.extend(self.image.height.to_be_bytes());
        let bytes: u8 = if self.has_minutia_quality { 6 } else { 5 };
        out.push(bytes << 4 | u8::from(self.ridge_endings == RidgeEnding::RidgeEnd));
        parts::write_minutiae(out, &self.minutiae, &self.extended, minutia_format(self.has_minutia_quality))?;
        let too_long = |_| error(start, "representation length", "does not fit in four bytes".into());
        let length = u32::try_from(out.len() - start).map_err(too_long)?;
        out.splice(start..start + 4, length.to_be_bytes());
        Ok(())
    }

    fn finger(&self) -> Finger {
        let format = minutia_format(self.has_minutia_quality);
        Finger {
            position: self.position,
            view: self.number,
            impression: self.impression,
            quality: self.qualities.iter().map(|quality| quality.value).find(|value| *value <= 100),
            width: self.image.width_at_500_ppi(),
            height: self.image.height_at_500_ppi(),
            minutiae: self.minutiae.iter().map(|m| self.image.minutia_at_500_ppi(&format.read(m))).collect(),
            extended: self.extended.len(),
        }
    }

    fn of_finger(finger: &Finger) -> Result<Self, RecordError> {
        let quality = finger.quality.map(|value| Quality { value, vendor: 0, algorithm: 0 });
        Ok(Self {
            captured: UNREPORTED_TIME,
            device_technology: 0,
            device_vendor: 0,
            device_type: 0,
            qualities: quality.into_iter().collect(),
            certifications: Vec::new(),
            position: finger.position,
            number: finger.view,
            // Where the first representation has it.
            image: Image::of_500_ppi(finger.width, finger.height, HEADER_BYTES + 26)?,
            impression: finger.impression,
            has_minutia_quality: true,
            ridge_endings: RidgeEnding::ValleyFork,
            minutiae: finger.minutiae.iter().map(|m| minutia_format(true).write(m)).collect(),
            extended: Vec::new(),
        })
    }
}

/// Resolution, impression type and size, in the order of this standard.
fn image_and_impression(r: &mut Reader) -> Result<(Image, u8), RecordError> {
    let resolution_at = r.at();
    let mut within = |field, least, most| {
        let at = r.at();
        let value = r.u16(field)?;
        check((least..=most).contains(&value), at, field, || {
            format!("is {value}, {least}-{most} are allowed")
        })?;
        Ok(value)
    };
    let resolution_x = within("resolution across", LEAST_RESOLUTION, u16::MAX)?;
    let resolution_y = within("resolution down", LEAST_RESOLUTION, u16::MAX)?;
    let impression = r.code("impression type", &IMPRESSIONS)?;
    let mut within = |field| {
        let at = r.at();
        let value = r.nonzero(field)?;
        check(value <= MOST_PIXELS, at, field, || format!("is {value}, at most {MOST_PIXELS} is allowed"))?;
        Ok(value)
    };
    let (width, height) = (within("image width")?, within("image height")?);
    let image = Image { width, height, resolution_x, resolution_y };
    image.check_resolution(resolution_at)?;
    Ok((image, impression))
}

/// Whether minutiae have their quality, and what the place of a ridge ending is.
fn minutia_bytes(r: &mut Reader) -> Result<(bool, RidgeEnding), RecordError> {
    let at = r.at();
    let packed = r.u8("minutia field length and ridge ending type")?;
    let bytes = packed >> 4;
    check(bytes == 5 || bytes == 6, at, "minutia field length", || {
        format!("is {bytes}, 5 and 6 are allowed")
    })?;
    let ridge_endings = match packed & 0xF {
        0 => RidgeEnding::ValleyFork,
        1 => RidgeEnding::RidgeEnd,
        other => return Err(error(at, "ridge ending type", format!("{other} is not assigned"))),
    };
    Ok((bytes == 6, ridge_endings))
}

impl CaptureTime {
    fn decode(r: &mut Reader) -> Result<Self, RecordError> {
        let at = r.at();
        let year = r.u16("capture year")?;
        check(year > 0, at, "capture year", || "is 0".into())?;
        let month = Self::part(r, "capture month", 1, 12)?;
        let day = Self::part(r, "capture day", 1, 31)?;
        let hour = Self::part(r, "capture hour", 0, 23)?;
        let minute = Self::part(r, "capture minute", 0, 59)?;
        let second = Self::part(r, "capture second", 0, 59)?;
        let at = r.at();
        let millisecond = r.u16("capture millisecond")?;
        check(millisecond < 1000 || millisecond == u16::MAX, at, "capture millisecond", || {
            format!("is {millisecond}, at most 999 is allowed")
        })?;
        Ok(Self { year, month, day, hour, minute, second, millisecond })
    }

    fn part(r: &mut Reader, field: &'static str, least: u8, most: u8) -> Result<u8, RecordError> {
        let at = r.at();
        let value = r.u8(field)?;
        check((least..=most).contains(&value) || value == u8::MAX, at, field, || {
            format!("is {value}, {least}-{most} are allowed")
        })?;
        Ok(value)
    }

    fn encode(&self, out: &mut Vec<u8>) {
        out.extend(self.year.to_be_bytes());
        out.extend([self.month, self.day, self.hour, self.minute, self.second]);
        out.extend(self.millisecond.to_be_bytes());
    }
}

impl Quality {
    fn decode(r: &mut Reader) -> Result<Self, RecordError> {
        let at = r.at();
        let value = r.u8("finger quality")?;
        // 254 is not for images: one without a quality has no such block.
        check(value <= 100 || value == parts::FAILED, at, "finger quality", || {
            format!("is {value}, at most 100 is allowed")
        })?;
        Ok(Self { value, vendor: r.u16("quality vendor")?, algorithm: r.u16("quality algorithm")? })
    }
}

impl Certification {
    fn decode(r: &mut Reader) -> Result<Self, RecordError> {
        Ok(Self {
            authority: r.u16("certification authority")?,
            scheme: r.code("certification scheme", &[1, 2, 3])?,
        })
    }
}
