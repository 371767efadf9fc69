//! TIFF: the counts that a header gives, checked here before the decoder (`tiff`, behind `image`) sees a byte. It makes room for
//! as many values as a count says, up to 256 MiB, before it looks whether they are there; the server reads headers itself.
//!
//! | where | bytes | what |
//! | --- | --- | --- |
//! | 0 | 2 | `II` (all below little-endian) or `MM` (big-endian) |
//! | 2 | 2 | 42; 43 in BigTIFF, for files beyond 4 GiB, which is not read |
//! | 4 | 4 | where the first directory is; others are of further images |
//! | directory | 2 | number of entries |
//! | entry | 2, 2 | tag, type of the values |
//! | | 4 | number of values |
//! | | 4 | the value, or where the values are |

use super::ExtractionError;
use super::image::undecodable;

/// Most values of a tag that describes pixels: a list has one for each sample of a pixel, and there are one or three.
const VALUES_MAX: u32 = 256;
/// Most strips or tiles; the largest image has so many rows of 128 pixels.
const STRIPS_MAX: u32 = 1 << 17;
/// A palette of 16 bits: three colours each.
const PALETTE_MAX: u32 = 3 << 16;
/// Tables of JPEG within TIFF, which are some hundred bytes.
const JPEG_TABLES_MAX: u32 = 1 << 16;

/// Most values that an entry may have; none where the decoder does not look at the tag: texts, profiles, a maker's own.
fn values_max(tag: u16) -> Option<u32> {
    match tag {
        // Description, maker, model, page, program, date, artist, host.
        269..=272 | 285 | 305 | 306 | 315 | 316 => None,
        // Offsets and lengths of strips and tiles.
        273 | 279 | 324 | 325 => Some(STRIPS_MAX),
        320 => Some(PALETTE_MAX),
        347 => Some(JPEG_TABLES_MAX),
        254..=346 | 512..=532 => Some(VALUES_MAX),
        _ => None,
    }
}

/// Applies the limits to the first directory. What else may be wrong there, the decoder says.
pub(super) fn check(bytes: &[u8]) -> Result<(), ExtractionError> {
    let little = match bytes.first_chunk() {
        Some(b"II") => true,
        Some(b"MM") => false,
        _ => return Err(undecodable("byte 0: neither II nor MM, as a TIFF begins")),
    };
    let short = |at: usize| {
        let two = *bytes.get(at..)?.first_chunk()?;
        Some(if little { u16::from_le_bytes(two) } else { u16::from_be_bytes(two) })
    };
    let long = |at: usize| {
        let four = *bytes.get(at..)?.first_chunk()?;
        Some(if little { u32::from_le_bytes(four) } else { u32::from_be_bytes(four) })
    };
    if short(2) != Some(42) {
        return Err(undecodable("byte 2: not 42, as in a TIFF of less than 4 GiB"));
    }
    let directory = long(4).and_then(|at| usize::try_from(at).ok());
    let Some((directory, entries)) = directory.and_then(|at| Some((at, short(at)?))) else {
        return Err(undecodable("byte 4: the first directory is not in the file"));
    };
    for entry in 0..usize::from(entries) {
        let at = directory.saturating_add(2 + 12 * entry);
        let (Some(tag), Some(count)) = (short(at), long(at.saturating_add(4))) else {
            return Err(undecodable(format!("byte {at}: the directory is cut short")));
        };
        if values_max(tag).is_some_and(|most| count > most) {
            return Err(undecodable(format!("byte {at}: tag {tag} has {count} values, which is too many")));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::extraction::ImageFormat;
    use crate::extraction::image::check as check_image;

    /// A directory of an image of 72 x 64 grey pixels, with one more tag of so many 16-bit values behind it.
    fn with(tag: u16, count: u32, values: &[u8]) -> Vec<u8> {
        let one = |tag: u16, value: u32| (tag, 4_u16, 1_u32, value);
        let pixels = [(256, 72), (257, 64), (258, 8), (259, 1), (262, 1), (273, 8), (278, 64), (279, 4608)];
        let entries = pixels.map(|(tag, value)| one(tag, value)).into_iter().chain([(tag, 3, count, 122)]);
        let mut file = b"MM\0*\0\0\0\x08\0\x09".to_vec();
        for (tag, kind, count, value) in entries {
            file.extend([tag.to_be_bytes(), kind.to_be_bytes()].concat());
            file.extend([count.to_be_bytes(), value.to_be_bytes()].concat());
        }
        file.extend([0; 4]);
        file.extend(values);
        file
    }

    #[test]
    fn a_count_that_makes_room_for_what_is_not_there_is_refused() {
        assert_eq!(check_image(ImageFormat::Tiff, &with(297, 1, &[]), 500), Ok((72, 64)));
        for (tag, count) in [(339, 257), (339, 1 << 22), (258, 8_000_000), (273, u32::MAX)] {
            let error = check(&with(tag, count, &[])).unwrap_err().to_string();
            assert!(error.contains(&format!("tag {tag} has {count} values")), "{error}");
        }
        assert_eq!(check(&with(34_675, u32::MAX, &[])), Ok(()));
    }

    #[test]
    fn a_message_of_the_decoder_is_one_short_line() {
        let values: Vec<u8> = (0..=255).collect();
        let file = with(339, 128, &values);
        let error = check_image(ImageFormat::Tiff, &file, 500).unwrap_err().to_string();
        assert!(error.contains("sample format [") && error.contains("Unknown(1029)"), "{error}");
        assert!(error.len() < 300 && !error.contains('\n'), "{error}");
    }

    #[test]
    fn a_directory_that_is_cut_short_is_refused() {
        let file = with(339, 1, &[]);
        assert_eq!(check(&file), Ok(()));
        // The last value is the decoder's to find.
        for length in 0..114 {
            assert!(check(&file[..length]).is_err(), "{length}");
        }
        let big = [b"II+\0", &file[4..]].concat();
        assert!(check(&big).unwrap_err().to_string().contains("byte 2"));
    }
}
