//! The common entrance to the minutiae records: which standard, and fingers at 500 ppi.
//!
//! All standards begin with the same four bytes, and the four of the version do not tell them apart:
//!
//! | version | standard | by what |
//! | --- | --- | --- |
//! | ` 20\0` | ISO/IEC 19794-2:2005 | 4 bytes of length |
//! | ` 20\0` | INCITS 378-2004 | 2 bytes of length, or 6 that begin with two zeros |
//! | `030\0` | ISO/IEC 19794-2:2011 | the lengths of its representations make up the total |
//! | `030\0` | INCITS 378-2009 | a number of views that is not 0, and a reserved byte that is |
//! | `035\0` | INCITS 378-2009, Amendment 1 | the version; it was changed for this reason |

use super::fields::{Reader, RecordError, check, error};
use super::parts::Image;
use super::{ansi_378_2004, ansi_378_2009, iso_19794_2_2005, iso_19794_2_2011};
use crate::minutia::Minutia;

pub(super) const IDENTIFIER: &[u8] = b"FMR\0";
pub(super) const LENGTH_AT: usize = 8;
/// Shorter than any record, and enough to tell standards apart.
const TELLING_BYTES: usize = 21;

/// A standard for minutiae records.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Standard {
    /// ISO/IEC 19794-2:2005, record format.
    Iso19794_2_2005,
    /// ISO/IEC 19794-2:2011, record format.
    Iso19794_2_2011,
    /// INCITS 378-2004.
    Ansi378_2004,
    /// INCITS 378-2009; its Amendment 1 and the draft of 2007 are read under this name too.
    Ansi378_2009,
}

/// One impression of one finger, at 500 ppi, whatever record it was in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finger {
    /// 0 (unknown) to 10; where the standard has them, also codes of several fingers (13-15, 40-50).
    pub position: u8,
    /// 0-15, counting the impressions of one finger.
    pub view: u8,
    /// The standard's code. All agree on 0 live-scan plain, 1 live-scan rolled, 2 plain, 3 rolled and 8 swipe.
    pub impression: u8,
    /// 0-100, `None` where the record says that there is none. Of several in a record of 2011, the first.
    pub quality: Option<u8>,
    /// Width of the image. Unit: pixels of 500 ppi.
    pub width: u32,
    /// Height of the image. Unit: pixels of 500 ppi.
    pub height: u32,
    /// At 500 ppi.
    pub minutiae: Vec<Minutia>,
    /// How many bytes of extended data there were (ridge counts, cores and deltas, a vendor's own). They are not written:
    /// their units differ from standard to standard, and nothing here reads them.
    pub extended: usize,
}

impl Standard {
    /// All, by publisher and year.
    pub const ALL: [Self; 4] =
        [Self::Iso19794_2_2005, Self::Iso19794_2_2011, Self::Ansi378_2004, Self::Ansi378_2009];

    /// The media type under which a record is sent.
    pub fn media_type(self) -> &'static str {
        match self {
            Self::Iso19794_2_2005 => "application/x-iso-19794-2-2005",
            Self::Iso19794_2_2011 => "application/x-iso-19794-2-2011",
            Self::Ansi378_2004 => "application/x-ansi-378-2004",
            Self::Ansi378_2009 => "application/x-ansi-378-2009",
        }
    }

    /// The standard of a media type, in upper or lower case, without parameters.
    pub fn of_media_type(media_type: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|standard| standard.media_type().eq_ignore_ascii_case(media_type.trim()))
    }

    /// The name that the standard is cited by.
    pub fn name(self) -> &'static str {
        match self {
            Self::Iso19794_2_2005 => "ISO/IEC 19794-2:2005",
            Self::Iso19794_2_2011 => "ISO/IEC 19794-2:2011",
            Self::Ansi378_2004 => "INCITS 378-2004",
            Self::Ansi378_2009 => "INCITS 378-2009",
        }
    }

    /// What a record seems to be; `None` where it is none, or too short to tell. A record that is damaged is still some
    /// standard's, so this does not say that it can be read.
    pub fn identify(bytes: &[u8]) -> Option<Self> {
        let rest = bytes.strip_prefix(IDENTIFIER).filter(|_| bytes.len() >= TELLING_BYTES)?;
        match rest.first_chunk()? {
            // A known file writes the space as a zero. That is refused, but it is plain which edition it means.
            b" 20\0" | b"020\0" => Some(of_2004_or_2005(bytes)),
            b"030\0" if lengths_add_up(bytes) || !is_like_2009(bytes) => Some(Self::Iso19794_2_2011),
            b"030\0" | b"035\0" => Some(Self::Ansi378_2009),
            _ => None,
        }
    }

    fn has_version(self, version: &[u8]) -> bool {
        match self {
            Self::Iso19794_2_2005 | Self::Ansi378_2004 => version == b" 20\0",
            Self::Iso19794_2_2011 => version == b"030\0",
            Self::Ansi378_2009 => version == b"030\0" || version == b"035\0",
        }
    }

    /// Reads every finger of a record, as strictly as its codec.
    pub fn read(self, bytes: &[u8]) -> Result<Vec<Finger>, RecordError> {
        Ok(match self {
            Self::Iso19794_2_2005 => iso_19794_2_2005::Record::decode(bytes)?.fingers(),
            Self::Iso19794_2_2011 => iso_19794_2_2011::Record::decode(bytes)?.fingers(),
            Self::Ansi378_2004 => ansi_378_2004::Record::decode(bytes)?.fingers(),
            Self::Ansi378_2009 => ansi_378_2009::Record::decode(bytes)?.fingers(),
        })
    }

    /// Writes fingers, in 197 pixels a centimetre and without extended data; refuses what the standard has no value for.
    ///
    /// Reading gives them back, but for what the standard cannot say: directions are 2 degrees apart in INCITS 378, and the
    /// standards of 2004 and 2005 have one image size for all fingers and no word for a quality that was not reported.
    pub fn write(self, fingers: &[Finger]) -> Result<Vec<u8>, RecordError> {
        match self {
            Self::Iso19794_2_2005 => iso_19794_2_2005::Record::of_fingers(fingers)?.encode(),
            Self::Iso19794_2_2011 => iso_19794_2_2011::Record::of_fingers(fingers)?.encode(),
            Self::Ansi378_2004 => ansi_378_2004::Record::of_fingers(fingers)?.encode(),
            Self::Ansi378_2009 => ansi_378_2009::Record::of_fingers(fingers)?.encode(),
        }
    }
}

impl Finger {
    /// The image that holds those of all; `at` is the offset of its width in the record.
    pub(super) fn largest_image(fingers: &[Self], at: usize) -> Result<Image, RecordError> {
        let width = fingers.iter().map(|finger| finger.width).max().unwrap_or(0);
        let height = fingers.iter().map(|finger| finger.height).max().unwrap_or(0);
        Image::of_500_ppi(width, height, at)
    }
}

/// Reads identifier and version, and refuses a record that seems to be another standard's by saying which.
pub(super) fn opened(bytes: &[u8], standard: Standard) -> Result<Reader<'_>, RecordError> {
    let mut r = Reader::new(bytes);
    r.literal("format identifier", IDENTIFIER)?;
    let at = r.at();
    let version = r.take(4, "version")?;
    let seems = Standard::identify(bytes);
    check(standard.has_version(version), at, "version", || {
        let (is, name) = (version.escape_ascii(), standard.name());
        match seems {
            Some(seems) if seems == standard => format!("is \"{is}\", which is not how {name} writes it"),
            Some(seems) => format!("is \"{is}\": the record seems to be {}, not {name}", seems.name()),
            None => format!("is \"{is}\": no edition known here has it; {name} was expected"),
        }
    })?;
    match seems {
        Some(other) if other != standard => Err(error(
            r.at(),
            "total length",
            format!(
                "is laid out as in {}, which the record seems to be, not {}",
                other.name(),
                standard.name()
            ),
        )),
        _ => Ok(r),
    }
}

fn u16_at(bytes: &[u8], at: usize) -> u16 {
    bytes.get(at..at + 2).and_then(|b| b.first_chunk()).map_or(0, |b| u16::from_be_bytes(*b))
}

fn u32_at(bytes: &[u8], at: usize) -> u32 {
    u32::from(u16_at(bytes, at)) << 16 | u32::from(u16_at(bytes, at + 2))
}

/// The length that fits decides; where none does, the one that is more likely.
fn of_2004_or_2005(bytes: &[u8]) -> Standard {
    let is_whole = |length: u32| usize::try_from(length) == Ok(bytes.len());
    let (first, second) = (u16_at(bytes, LENGTH_AT), u16_at(bytes, LENGTH_AT + 2));
    if is_whole(u32_at(bytes, LENGTH_AT)) {
        Standard::Iso19794_2_2005
    } else if first > 0 || is_whole(u32_at(bytes, LENGTH_AT + 2)) {
        Standard::Ansi378_2004
    } else if second < 24 {
        // Too short for a record of 2005, which has 24 bytes of header; the upper half of a long length of 2004.
        Standard::Ansi378_2004
    } else {
        Standard::Iso19794_2_2005
    }
}

/// Whether the bytes are representations of 2011, each behind its length, and nothing else.
fn lengths_add_up(bytes: &[u8]) -> bool {
    let mut at = iso_19794_2_2011::HEADER_BYTES;
    for _ in 0..u16_at(bytes, 12) {
        let length = usize::try_from(u32_at(bytes, at)).unwrap_or(usize::MAX);
        if length < iso_19794_2_2011::REPRESENTATION_BYTES || length > bytes.len().saturating_sub(at) {
            return false;
        }
        at += length;
    }
    at == bytes.len()
}

/// Whether a header of 2009, or of its draft, has views, and has its reserved byte 0.
fn is_like_2009(bytes: &[u8]) -> bool {
    let is_header =
        |views: usize| bytes.get(views).is_some_and(|count| *count > 0) && bytes.get(views + 1) == Some(&0);
    is_header(ansi_378_2009::VIEWS_AT) || is_header(ansi_378_2009::VIEWS_AT_IN_DRAFT)
}
