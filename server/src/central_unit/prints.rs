//! What was sent, to minutiae and templates; what is too poor is refused by finger and figure (R-DATA-6).

use std::thread::ScopedJoinHandle;

use whorl_engine::extraction::containers::{Beside, nothing_beside};
use whorl_engine::extraction::gate::{self, Quality, TooPoor};
use whorl_engine::extraction::pool::{Afterwards, Pool};
use whorl_engine::extraction::{EXTRACTOR, ExtractionError, ImageFormat, Request, Segment, image};
use whorl_engine::interchange::{RecordError, Standard};
use whorl_engine::minutia::{FingerPosition, Minutia};
use whorl_engine::stack;
use whorl_engine::template::Template;

use crate::database::FingerTemplate;
use crate::eurodac::prints::{Area, Finger, Fingerprint};

/// Media types of images that are accepted.
const IMAGES: [(&str, ImageFormat); 6] = [
    ("image/png", ImageFormat::Png),
    ("image/bmp", ImageFormat::Bmp),
    ("image/tiff", ImageFormat::Tiff),
    ("image/jpeg", ImageFormat::Jpeg),
    ("image/jp2", ImageFormat::Jp2),
    ("image/wsq", ImageFormat::Wsq),
];

/// Media types that are accepted.
pub fn media_types() -> impl Iterator<Item = &'static str> {
    IMAGES.iter().map(|(name, _)| *name).chain(Standard::ALL.iter().map(|standard| standard.media_type()))
}

/// What a print is sent as.
pub enum Kind {
    /// An image, which has a resolution of its own to declare.
    Image(ImageFormat),
    /// A minutiae record, which has its own resolution.
    Record(Standard),
}

impl Kind {
    /// By its media type.
    pub fn of(media_type: &str) -> Result<Self, PrintError> {
        let image =
            IMAGES.iter().find(|(name, _)| *name == media_type).map(|(_, format)| Self::Image(*format));
        let record = || Standard::of_media_type(media_type).map(Self::Record);
        image.or_else(record).ok_or_else(|| PrintError::MediaType(media_type.to_owned()))
    }
}

/// Why a print cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PrintError {
    /// Another format.
    #[error("`{0}` is not accepted; send one of {list}", list = media_types().collect::<Vec<_>>().join(", "))]
    MediaType(String),
    /// An image without, or a record with, a resolution.
    #[error("{0}")]
    Resolution(&'static str),
    /// The image, or what happened to it.
    #[error(transparent)]
    Extraction(#[from] ExtractionError),
    /// R-DATA-1: something beside the print.
    #[error(transparent)]
    Beside(#[from] Beside),
    /// The minutiae record.
    #[error("not an {} record: {error}", .standard.name())]
    Record {
        /// What it was sent as.
        standard: Standard,
        /// Where it breaks.
        error: RecordError,
    },
    /// The record is sound but not of this finger.
    #[error("{0}")]
    WrongFinger(String),
    /// R-DATA-6.
    #[error(
        "the {finger} (position {code}) cannot be compared: {problem}; take it again",
        finger = .position.name(),
        code = .position.code()
    )]
    TooPoor {
        /// The finger.
        position: FingerPosition,
        /// The figure.
        problem: TooPoor,
    },
}

/// A print that can be compared.
pub(super) struct Extracted {
    pub(super) position: FingerPosition,
    pub(super) quality: Quality,
    pub(super) template: Template,
    extractor: String,
    minutiae: Vec<Minutia>,
}

impl Extracted {
    /// What is kept, so that templates can be made again.
    pub(super) fn to_stored(&self) -> FingerTemplate {
        let (extractor, minutiae) = (self.extractor.clone(), self.minutiae.clone());
        FingerTemplate { position: self.position, extractor, minutiae }
    }
}

/// All fingers that are compared, in their order, at once as far as there are workers; the first print that fails, by its
/// place, is told of.
pub(super) fn extract(
    pool: &Pool,
    prints: &[Fingerprint],
    afterwards: Afterwards,
) -> Result<Vec<Extracted>, (usize, PrintError)> {
    let look = |(index, print)| Ok((index, print, Sound::of(print).map_err(|error| (index, error))?));
    let sound: Vec<(usize, &Fingerprint, Sound)> =
        prints.iter().enumerate().map(look).collect::<Result<_, _>>()?;
    let fingers = sound.iter().flat_map(|&(index, print, sound)| {
        print.fingers.iter().map(move |finger| (index, print, sound, finger))
    });
    let results: Vec<_> = std::thread::scope(|scope| {
        // The stack of a thread that has ended is kept for the next: boxed, what was found leaves nothing above what is overwritten.
        let found = |print: &Fingerprint, sound, finger| {
            stack::overwritten_after(|| Box::new(extract_one(pool, (&print.data, sound), finger, afterwards)))
        };
        let start = |(index, print, sound, finger)| (index, scope.spawn(move || found(print, sound, finger)));
        let running: Vec<_> = fingers.map(start).collect();
        let died = || Box::new(Err(PrintError::Extraction(ExtractionError::Died)));
        let end = |(index, thread): (usize, ScopedJoinHandle<'_, _>)| {
            (index, *thread.join().unwrap_or_else(|_| died()))
        };
        running.into_iter().map(end).collect()
    });
    results.into_iter().map(|(index, result)| result.map_err(|error| (index, error))).collect()
}

/// What a print is, once it was looked at.
#[derive(Clone, Copy)]
enum Sound {
    /// With its resolution. Unit: pixels per inch.
    Image(ImageFormat, u16),
    Record(Standard),
}

impl Sound {
    /// What a print says that it is, before anything is looked for in it. Of one of which nothing is compared it is all that is looked at.
    fn of(print: &Fingerprint) -> Result<Self, PrintError> {
        match (Kind::of(&print.media_type)?, print.resolution_ppi) {
            (Kind::Image(_), None) => Err(PrintError::Resolution("an image needs its resolution")),
            (Kind::Image(format), Some(resolution_ppi)) => {
                image::check(format, &print.data, resolution_ppi)?;
                // R-DATA-1: what stands in a file beside the pixels may say anything of anybody.
                nothing_beside(format, &print.data)?;
                Ok(Self::Image(format, resolution_ppi))
            }
            (Kind::Record(_), Some(_)) => {
                Err(PrintError::Resolution("a minutiae record has its own resolution; leave this field out"))
            }
            (Kind::Record(_), None) if print.fingers.is_empty() => Err(PrintError::WrongFinger(
                "nothing of it is compared; send the minutiae of each finger once, and slaps as images"
                    .into(),
            )),
            (Kind::Record(standard), None) => Ok(Self::Record(standard)),
        }
    }
}

fn extract_one(
    pool: &Pool,
    (data, sound): (&[u8], Sound),
    finger: &Finger,
    afterwards: Afterwards,
) -> Result<Extracted, PrintError> {
    let position = finger.position;
    let (minutiae, extractor) = match sound {
        Sound::Image(format, resolution_ppi) => {
            let request = Request { format, resolution_ppi, segment: finger.area.map(segment) };
            (pool.extract(request, data.to_vec(), afterwards)?, EXTRACTOR.to_owned())
        }
        Sound::Record(standard) => {
            (from_record(standard, data, position)?, format!("sent as {}", standard.name()))
        }
    };
    let quality = gate::check(&minutiae).map_err(|problem| PrintError::TooPoor { position, problem })?;
    let template =
        Template::new(&minutiae).ok_or(PrintError::TooPoor { position, problem: TooPoor::Extent })?;
    Ok(Extracted { position, quality, template, extractor, minutiae })
}

fn segment(Area { left, top, right, bottom }: Area) -> Segment {
    Segment { left, top, right, bottom }
}

fn from_record(
    standard: Standard,
    data: &[u8],
    position: FingerPosition,
) -> Result<Vec<Minutia>, PrintError> {
    let read = standard.read(data).map_err(|error| PrintError::Record { standard, error })?;
    let views = read.len();
    let [finger] = <[_; 1]>::try_from(read).map_err(|_| {
        PrintError::WrongFinger(format!("the record has {views} views; send one finger a record"))
    })?;
    if finger.position != 0 && finger.position != position.code() {
        let (says, sent) = (finger.position, position.code());
        let detail = format!("the record is of finger {says}, sent as finger {sent}");
        return Err(PrintError::WrongFinger(detail));
    }
    Ok(finger.minutiae)
}

#[cfg(test)]
mod tests {
    use super::*;

    const ISO_19794_2_2005: &str = "application/x-iso-19794-2-2005";
    use crate::eurodac::prints::Position;
    use whorl_engine::interchange::iso_19794_2_2005::{Record, View};
    use whorl_engine::minutia::MinutiaType;

    fn record(position: u8, minutiae: u16) -> Vec<u8> {
        let minutia = |i| Minutia {
            kind: MinutiaType::RidgeEnding,
            x: 20 + i % 6 * 40,
            y: 20 + i / 6 * 40,
            direction: 7,
            quality: 50,
        };
        let minutiae = (0..minutiae).map(minutia).collect();
        let view = View { position, number: 0, impression: 0, quality: 80, minutiae, extended: vec![] };
        let record = Record {
            certification: 0,
            device_type: 0,
            width: 300,
            height: 400,
            resolution_x: 197,
            resolution_y: 197,
            views: vec![view],
        };
        record.encode().unwrap()
    }

    fn sent(
        position: u8,
        media_type: &str,
        resolution_ppi: Option<u16>,
        data: Vec<u8>,
    ) -> Result<Quality, PrintError> {
        let position = Position::try_from(position).unwrap();
        let pool = Pool::new(whorl_engine::extraction::pool::Settings {
            program: "/nowhere".into(),
            arguments: vec![],
            workers_max: 1,
            time_max: std::time::Duration::from_secs(1),
            wait_max: std::time::Duration::from_secs(1),
        });
        let fingers = vec![Finger { position: position.finger().unwrap(), area: None }];
        let print = Fingerprint { position, media_type: media_type.into(), resolution_ppi, data, fingers };
        let found = extract(&pool, &[print], Afterwards::Keep).map_err(|(_, error)| error)?;
        Ok(found[0].quality)
    }

    #[test]
    fn a_minutiae_record_is_read_as_the_finger_it_is_of() {
        assert_eq!(sent(2, ISO_19794_2_2005, None, record(2, 24)).unwrap().minutiae, 24);
        assert!(
            sent(2, ISO_19794_2_2005, None, record(0, 24)).is_ok(),
            "unknown in the record, known to the State"
        );
        let wrong = sent(2, ISO_19794_2_2005, None, record(7, 24)).unwrap_err();
        assert_eq!(wrong.to_string(), "the record is of finger 7, sent as finger 2");
        let doubled = sent(2, ISO_19794_2_2005, Some(500), record(2, 24)).unwrap_err();
        assert!(matches!(doubled, PrintError::Resolution(_)));
    }

    #[test]
    fn r_data_6_a_poor_print_is_refused_by_finger_and_figure() {
        let error = sent(7, ISO_19794_2_2005, None, record(7, 11)).unwrap_err();
        assert_eq!(
            error.to_string(),
            "the left index (position 7) cannot be compared: 11 minutiae were found, at least 12 are needed; take it again"
        );
    }

    #[test]
    fn what_is_not_accepted_is_told_what_is() {
        let error = sent(2, "image/gif", Some(500), vec![]).unwrap_err().to_string();
        assert!(error.contains("image/gif") && error.contains("image/png"), "{error}");
        assert!(matches!(sent(2, "image/png", None, vec![]), Err(PrintError::Resolution(_))));
    }
}
