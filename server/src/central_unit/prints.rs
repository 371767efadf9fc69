//! What was sent, to minutiae and templates; what is too poor is refused by finger and figure (R-DATA-6).

use whorl_engine::extraction::gate::{self, Quality, TooPoor};
use whorl_engine::extraction::pool::{Afterwards, Pool};
use whorl_engine::extraction::{EXTRACTOR, ExtractionError, ImageFormat, Request};
use whorl_engine::interchange::iso_19794_2_2005::{Record, RecordError};
use whorl_engine::minutia::{FingerPosition, Minutia};
use whorl_engine::stack;
use whorl_engine::template::Template;

use crate::database::FingerTemplate;
use crate::eurodac::admission::Fingerprint;

const ISO_19794_2_2005: &str = "application/x-iso-19794-2-2005";

/// Media types that are accepted.
pub const MEDIA_TYPES: [&str; 5] = ["image/png", "image/bmp", "image/tiff", "image/wsq", ISO_19794_2_2005];

/// Why a print cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PrintError {
    /// Another format.
    #[error("`{0}` is not accepted; send one of {list}", list = MEDIA_TYPES.join(", "))]
    MediaType(String),
    /// An image without, or a record with, a resolution.
    #[error("{0}")]
    Resolution(&'static str),
    /// The image, or what happened to it.
    #[error(transparent)]
    Extraction(#[from] ExtractionError),
    /// The minutiae record.
    #[error("not an ISO/IEC 19794-2:2005 record: {0}")]
    Record(#[from] RecordError),
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

/// Whether a media type is of an image, which has a resolution of its own to declare.
pub fn is_image(media_type: &str) -> bool {
    media_type.starts_with("image/")
}

/// All fingers, at once as far as there are workers; the first finger that fails, by its place, is told of.
pub(super) fn extract(
    pool: &Pool,
    prints: &[Fingerprint],
    afterwards: Afterwards,
) -> Result<Vec<Extracted>, (usize, PrintError)> {
    let results: Vec<_> = std::thread::scope(|scope| {
        // The stack of a thread that has ended is kept for the next: boxed, what was found leaves nothing above what is overwritten.
        let found = |print| stack::overwritten_after(|| Box::new(extract_one(pool, print, afterwards)));
        let running: Vec<_> = prints.iter().map(|print| scope.spawn(move || found(print))).collect();
        let died = || Box::new(Err(PrintError::Extraction(ExtractionError::Died)));
        running.into_iter().map(|thread| *thread.join().unwrap_or_else(|_| died())).collect()
    });
    results.into_iter().enumerate().map(|(index, result)| result.map_err(|error| (index, error))).collect()
}

fn extract_one(pool: &Pool, print: &Fingerprint, afterwards: Afterwards) -> Result<Extracted, PrintError> {
    let image = |format| from_image(pool, print, format, afterwards);
    let (minutiae, extractor) = match print.media_type.as_str() {
        "image/png" => (image(ImageFormat::Png)?, EXTRACTOR),
        "image/bmp" => (image(ImageFormat::Bmp)?, EXTRACTOR),
        "image/tiff" => (image(ImageFormat::Tiff)?, EXTRACTOR),
        "image/wsq" => (image(ImageFormat::Wsq)?, EXTRACTOR),
        ISO_19794_2_2005 => (from_record(print)?, "sent as ISO/IEC 19794-2:2005"),
        other => return Err(PrintError::MediaType(other.to_owned())),
    };
    let position = print.position;
    let quality = gate::check(&minutiae).map_err(|problem| PrintError::TooPoor { position, problem })?;
    let template =
        Template::new(&minutiae).ok_or(PrintError::TooPoor { position, problem: TooPoor::Extent })?;
    Ok(Extracted { position, quality, template, extractor: extractor.to_owned(), minutiae })
}

fn from_image(
    pool: &Pool,
    print: &Fingerprint,
    format: ImageFormat,
    afterwards: Afterwards,
) -> Result<Vec<Minutia>, PrintError> {
    let resolution_ppi =
        print.resolution_ppi.ok_or(PrintError::Resolution("an image needs its resolution"))?;
    Ok(pool.extract(Request { format, resolution_ppi, segment: None }, print.data.clone(), afterwards)?)
}

fn from_record(print: &Fingerprint) -> Result<Vec<Minutia>, PrintError> {
    if print.resolution_ppi.is_some() {
        return Err(PrintError::Resolution("a minutiae record has its own resolution; leave this field out"));
    }
    let record = Record::decode(&print.data)?;
    let [view] = record.views.as_slice() else {
        let views = record.views.len();
        return Err(PrintError::WrongFinger(format!(
            "the record has {views} views; send one finger a record"
        )));
    };
    if view.position != 0 && view.position != print.position.code() {
        let (says, sent) = (view.position, print.position.code());
        return Err(PrintError::WrongFinger(format!(
            "the record is of finger {says}, sent as finger {sent}"
        )));
    }
    Ok(record.minutiae_at_500_ppi(view))
}

#[cfg(test)]
mod tests {
    use super::*;
    use whorl_engine::interchange::iso_19794_2_2005::View;
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
        let position = position.try_into().unwrap();
        let pool = Pool::new(whorl_engine::extraction::pool::Settings {
            program: "/nowhere".into(),
            arguments: vec![],
            workers_max: 1,
            time_max: std::time::Duration::from_secs(1),
            wait_max: std::time::Duration::from_secs(1),
        });
        let print = Fingerprint { position, media_type: media_type.into(), resolution_ppi, data };
        extract_one(&pool, &print, Afterwards::Keep).map(|extracted| extracted.quality)
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
