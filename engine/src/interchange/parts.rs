//! What the minutiae records of all standards share: an image's size and resolution, a minutia, extended data.
//!
//! A minutia is written in the same order everywhere; the standards differ in three things (`MinutiaFormat`).
//!
//! | bytes | field |
//! | --- | --- |
//! | 2 | type (2 bits: 0 other, 1 ridge ending, 2 bifurcation), x (14 bits) |
//! | 2 | reserved (2 bits, 0), y (14 bits) |
//! | 1 | direction: 0-255 in 360/256 degrees (ISO/IEC), 0-179 in 2 degrees (INCITS) |
//! | 1 or 0 | quality |
//!
//! **Directions.** Both families measure counter-clockwise from the axis that points right, and both mean the same way:
//! along the valley between the two branches of a bifurcation, and for a ridge ending along the ridge, as if its valleys were
//! the branches. The worked example of INCITS 378-2004, Annex B, and that of ISO/IEC 19794-2:2005, Annex C, are the same
//! finger, and their directions agree to one unit, none turned by 180 degrees; `tests/minutiae_records.rs` compares them. So
//! only the unit is converted: to the nearest 360/256 degrees on reading (off by 0.71 degrees at most) and to the nearest 2
//! degrees on writing (off by 1 degree at most, halves upwards). What was read from 2 degrees is written back exactly.
//!
//! **Quality.** 1-100 are taken as they are. Where the standard has 254 (not reported) and 255 (could not be found), both are
//! read as 0, which is `Minutia`'s word for "none", and 0, the lowest there, is read as 1. Where it has neither, 0 is "none".

use super::fields::{Reader, RecordError, check, count, error};
use crate::minutia::{Minutia, MinutiaType};

/// Pixels a centimetre that stand for 500 ppi exactly (the standards round 196.85 up).
pub const RESOLUTION_500_PPI: u16 = 197;

/// A quality that was not reported, in the standards from 2009 on.
pub const NOT_REPORTED: u8 = 254;

/// A quality that was asked for and could not be found.
pub const FAILED: u8 = 255;

/// Codes of finger positions that stand for more than one finger (ISO/IEC 19794-2:2011 and INCITS 378-2009/AM 1).
pub(super) const SEVERAL_FINGERS: [u8; 14] = [13, 14, 15, 40, 41, 42, 43, 44, 45, 46, 47, 48, 49, 50];

/// Places have 14 bits.
const PLACES: u16 = 1 << 14;

/// Size and resolution of the image that minutiae were found in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Image {
    /// Unit: pixels.
    pub width: u16,
    /// Unit: pixels.
    pub height: u16,
    /// Resolution across. Unit: pixels a centimetre; 197 is 500 ppi.
    pub resolution_x: u16,
    /// Resolution down. Unit: pixels a centimetre.
    pub resolution_y: u16,
}

/// A place in pixels of 500 ppi, to the nearest.
fn at_500_ppi(value: u16, resolution: u16) -> u32 {
    if resolution == RESOLUTION_500_PPI || resolution == 0 {
        return value.into();
    }
    let (value, per_cm) = (u64::from(value), u64::from(resolution));
    // 500 ppi are 50 000 / 254 pixels a centimetre.
    u32::try_from((value * 50_000 + 127 * per_cm) / (254 * per_cm)).unwrap_or(u32::MAX)
}

impl Image {
    /// The four fields where they follow one another.
    pub(super) fn read(r: &mut Reader) -> Result<Self, RecordError> {
        let (width, height) = (r.nonzero("image width")?, r.nonzero("image height")?);
        let at = r.at();
        let (resolution_x, resolution_y) = (r.nonzero("resolution across")?, r.nonzero("resolution down")?);
        let image = Self { width, height, resolution_x, resolution_y };
        image.check_resolution(at)?;
        Ok(image)
    }

    /// Refuses a resolution so coarse that a minutia could be too far out at 500 ppi; `at` is the offset of the first.
    pub(super) fn check_resolution(&self, at: usize) -> Result<(), RecordError> {
        let across = (at, "resolution across", self.width, self.resolution_x);
        let down = (at + 2, "resolution down", self.height, self.resolution_y);
        for (at, field, size, resolution) in [across, down] {
            let last = at_500_ppi(size.clamp(1, PLACES) - 1, resolution);
            check(last < PLACES.into(), at, field, || {
                format!("{resolution} puts the last pixel at {last} in 500 ppi, beyond 14 bits")
            })?;
        }
        Ok(())
    }

    pub(super) fn fields(&self) -> [u16; 4] {
        [self.width, self.height, self.resolution_x, self.resolution_y]
    }

    /// One at 500 ppi; `at` is the offset where the record will have its width.
    pub(super) fn of_500_ppi(width: u32, height: u32, at: usize) -> Result<Self, RecordError> {
        let short = |offset, field, value| {
            u16::try_from(value).map_err(|_| error(offset, field, format!("{value} does not fit in 16 bits")))
        };
        let (width, height) = (short(at, "image width", width)?, short(at + 2, "image height", height)?);
        let (resolution_x, resolution_y) = (RESOLUTION_500_PPI, RESOLUTION_500_PPI);
        Ok(Self { width, height, resolution_x, resolution_y })
    }

    /// Width at 500 ppi: one more than the place of the last column, so that every minutia stays inside.
    pub fn width_at_500_ppi(&self) -> u32 {
        at_500_ppi(self.width.saturating_sub(1), self.resolution_x).saturating_add(1)
    }

    /// Height at 500 ppi, in the same way.
    pub fn height_at_500_ppi(&self) -> u32 {
        at_500_ppi(self.height.saturating_sub(1), self.resolution_y).saturating_add(1)
    }

    /// A minutia with its place at 500 ppi. 197 pixels a centimetre are taken for 500 ppi exactly; any other resolution is
    /// converted, to the nearest pixel.
    pub fn minutia_at_500_ppi(&self, minutia: &Minutia) -> Minutia {
        let convert = |value, resolution| u16::try_from(at_500_ppi(value, resolution)).unwrap_or(u16::MAX);
        let (x, y) = (convert(minutia.x, self.resolution_x), convert(minutia.y, self.resolution_y));
        Minutia { x, y, ..*minutia }
    }
}

/// A minutia as the record has it: in the record's own resolution, unit of direction and scale of quality.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct WrittenMinutia {
    /// Type.
    pub kind: MinutiaType,
    /// Pixels from the left edge, 0-16383.
    pub x: u16,
    /// Pixels from the top edge, downwards, 0-16383.
    pub y: u16,
    /// Counter-clockwise from the axis that points right, in the standard's unit.
    pub direction: u8,
    /// 0-100; from 2009 on also [`NOT_REPORTED`] and [`FAILED`].
    pub quality: u8,
}

/// In what a standard's minutiae differ from those of another.
#[derive(Clone, Copy)]
pub(super) struct MinutiaFormat {
    /// Units of direction in a circle: 256 or 180.
    pub directions: u16,
    /// Whether 254 and 255 are qualities.
    pub reports: bool,
    /// Whether there is a byte for the quality.
    pub has_quality: bool,
}

impl MinutiaFormat {
    /// As `Minutia` has it: the nearest 360/256 degrees, and 0 for no quality. The place is left.
    pub(super) fn read(self, m: &WrittenMinutia) -> Minutia {
        let nearest = (u32::from(m.direction) * 256 + u32::from(self.directions) / 2)
            / u32::from(self.directions)
            % 256;
        let quality = match m.quality {
            NOT_REPORTED | FAILED => 0,
            0 if self.reports => 1,
            quality => quality,
        };
        let direction = u8::try_from(nearest).unwrap_or(u8::MAX);
        Minutia { kind: m.kind, x: m.x, y: m.y, direction, quality }
    }

    /// As the standard has it.
    pub(super) fn write(self, m: &Minutia) -> WrittenMinutia {
        let directions = u32::from(self.directions);
        let nearest = (u32::from(m.direction) * directions + 128) / 256 % directions;
        let quality = if self.reports && m.quality == 0 { NOT_REPORTED } else { m.quality };
        let direction = u8::try_from(nearest).unwrap_or(u8::MAX);
        WrittenMinutia { kind: m.kind, x: m.x, y: m.y, direction, quality }
    }
}

/// A quality of 0-100, or where the standard has them, one of the two that say that there is none.
pub(super) fn quality(r: &mut Reader, field: &'static str, reports: bool) -> Result<u8, RecordError> {
    let at = r.at();
    let value = r.u8(field)?;
    let special = reports && matches!(value, NOT_REPORTED | FAILED);
    check(value <= 100 || special, at, field, || format!("is {value}, at most 100 is allowed"))?;
    Ok(value)
}

/// The number of minutiae, the minutiae, the length of the extended data, and the extended data, which are not looked into.
pub(super) fn read_minutiae(
    r: &mut Reader,
    image: &Image,
    format: MinutiaFormat,
) -> Result<(Vec<WrittenMinutia>, Vec<u8>), RecordError> {
    let count = r.u8("number of minutiae")?;
    let minutiae = (0..count).map(|_| minutia(r, image, format)).collect::<Result<_, _>>()?;
    let length = usize::from(r.u16("extended data length")?);
    Ok((minutiae, r.take(length, "extended data")?.to_vec()))
}

fn minutia(r: &mut Reader, image: &Image, format: MinutiaFormat) -> Result<WrittenMinutia, RecordError> {
    let at = r.at();
    let first = r.u16("minutia type and x")?;
    let kind = match first >> 14 {
        0 => MinutiaType::Other,
        1 => MinutiaType::RidgeEnding,
        2 => MinutiaType::RidgeBifurcation,
        _ => return Err(error(at, "minutia type", "3 is not assigned".into())),
    };
    let x = first & (PLACES - 1);
    check(x < image.width, at, "x", || "is outside the image".into())?;
    let y = r.u16("y")?;
    check(y < PLACES, at + 2, "reserved bits before y", || "are not 0".into())?;
    check(y < image.height, at + 2, "y", || "is outside the image".into())?;
    let direction = r.at_most("direction", u8::try_from(format.directions - 1).unwrap_or(u8::MAX))?;
    let quality =
        if format.has_quality { quality(r, "minutia quality", format.reports)? } else { NOT_REPORTED };
    Ok(WrittenMinutia { kind, x, y, direction, quality })
}

/// Writes what [`read_minutiae`] reads.
pub(super) fn write_minutiae(
    out: &mut Vec<u8>,
    minutiae: &[WrittenMinutia],
    extended: &[u8],
    format: MinutiaFormat,
) -> Result<(), RecordError> {
    out.push(count(out.len(), "number of minutiae", minutiae.len())?);
    for m in minutiae {
        let at = out.len();
        for (offset, field, value) in [(0, "x", m.x), (2, "y", m.y)] {
            check(value < PLACES, at + offset, field, || format!("{value} does not fit in 14 bits"))?;
        }
        let kind: u16 = match m.kind {
            MinutiaType::Other => 0,
            MinutiaType::RidgeEnding => 1,
            MinutiaType::RidgeBifurcation => 2,
        };
        out.extend((kind << 14 | m.x).to_be_bytes());
        out.extend(m.y.to_be_bytes());
        out.push(m.direction);
        if format.has_quality {
            out.push(m.quality);
        }
    }
    let at = out.len();
    let too_long = |_| error(at, "extended data length", format!("{} bytes do not fit", extended.len()));
    out.extend(u16::try_from(extended.len()).map_err(too_long)?.to_be_bytes());
    out.extend(extended);
    Ok(())
}

/// View number and impression type in one byte, as the standards before 2009 have them.
pub(super) fn packed(at: usize, number: u8, impression: u8) -> Result<u8, RecordError> {
    for (field, value) in [("view number", number), ("impression type", impression)] {
        check(value < 16, at, field, || format!("{value} does not fit in 4 bits"))?;
    }
    Ok(number << 4 | impression)
}

/// Reads what [`packed`] writes.
pub(super) fn unpacked(r: &mut Reader, impressions: &[u8]) -> Result<(u8, u8), RecordError> {
    let at = r.at();
    let packed = r.u8("view number and impression type")?;
    let (number, impression) = (packed >> 4, packed & 0xF);
    check(impressions.contains(&impression), at, "impression type", || {
        format!("{impression} is not assigned")
    })?;
    Ok((number, impression))
}

#[cfg(test)]
mod tests {
    use super::*;

    const ISO: MinutiaFormat = MinutiaFormat { directions: 256, reports: true, has_quality: true };
    const INCITS: MinutiaFormat = MinutiaFormat { directions: 180, reports: false, has_quality: true };

    fn written(direction: u8, quality: u8) -> WrittenMinutia {
        WrittenMinutia { kind: MinutiaType::Other, x: 3, y: 4, direction, quality }
    }

    #[test]
    fn a_direction_of_two_degrees_comes_back_and_is_never_far_off() {
        for direction in 0..180 {
            let read = INCITS.read(&written(direction, 1));
            let off = f64::from(read.direction) * 360.0 / 256.0 - f64::from(direction) * 2.0;
            assert!(off.abs() < 0.71, "{direction} is off by {off}");
            assert_eq!(INCITS.write(&read).direction, direction);
        }
        for direction in 0..=255 {
            let minutia = ISO.read(&written(direction, 1));
            assert_eq!(minutia.direction, direction);
            assert_eq!(ISO.write(&minutia).direction, direction);
            let off =
                f64::from(INCITS.write(&minutia).direction) * 2.0 - f64::from(direction) * 360.0 / 256.0;
            assert!(off.abs() <= 1.0 || off + 360.0 <= 1.0, "{direction} is off by {off}");
        }
    }

    #[test]
    fn a_quality_is_none_where_the_standard_says_so() {
        let read = |format: MinutiaFormat, quality| format.read(&written(0, quality)).quality;
        assert_eq!([254, 255, 0, 1, 100].map(|q| read(ISO, q)), [0, 0, 1, 1, 100]);
        assert_eq!([0, 1, 100].map(|q| read(INCITS, q)), [0, 1, 100]);
        let write = |format: MinutiaFormat, quality| {
            format.write(&Minutia { kind: MinutiaType::Other, x: 0, y: 0, direction: 0, quality }).quality
        };
        assert_eq!([0, 1, 100].map(|q| write(ISO, q)), [254, 1, 100]);
        assert_eq!([0, 1, 100].map(|q| write(INCITS, q)), [0, 1, 100]);
    }

    #[test]
    fn a_size_at_500_ppi_holds_every_place_at_500_ppi() {
        for resolution in [98, 99, 197, 200, 394, 1000] {
            for width in [1, 2, 3, 300, 8000] {
                let image = Image { width, height: 5, resolution_x: resolution, resolution_y: 197 };
                let last = Minutia { x: width - 1, ..INCITS.read(&written(0, 0)) };
                assert!(u32::from(image.minutia_at_500_ppi(&last).x) < image.width_at_500_ppi());
                assert_eq!((image.height_at_500_ppi(), image.minutia_at_500_ppi(&last).y), (5, 4));
            }
        }
    }

    #[test]
    fn a_resolution_that_puts_minutiae_too_far_out_is_refused() {
        let image = Image { width: 9000, height: 9000, resolution_x: 197, resolution_y: 98 };
        let error = image.check_resolution(16).unwrap_err();
        assert_eq!((error.offset, error.field), (18, "resolution down"));
        let wide = Image { width: u16::MAX, height: 9000, resolution_x: 197, resolution_y: 197 };
        assert_eq!(wide.check_resolution(16), Ok(()));
    }
}
