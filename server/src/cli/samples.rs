//! Files to samples: images through the extraction processes, minutiae records as they are; and which of them failed.
//!
//! *Failure.* A file that cannot be read, or is not what its name says, is the operator's mistake and ends the command. A
//! print from which too little came is the system's failure, and is counted: the gate is that of the product, so that what the
//! Central Unit would refuse is not flattered here.

use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use indicatif::{ProgressBar, ProgressStyle};
use rayon::prelude::*;
use serde::Serialize;
use whorl_bozorth3::xyt::{self, Xyt};
use whorl_engine::extraction::gate::{self, TooPoor};
use whorl_engine::extraction::pool::{Afterwards, Pool};
use whorl_engine::extraction::{ExtractionError, ImageFormat, Request};
use whorl_engine::interchange::Standard;
use whorl_engine::minutia::Minutia;
use whorl_engine::template::Template;

use super::extraction_settings;

/// A print that can be compared.
pub struct Sample {
    /// All that was found, at 500 ppi, in its order.
    pub minutiae: Vec<Minutia>,
    /// As Whorl compares it.
    pub template: Template,
    /// As bozorth3 compares it.
    pub xyt: Vec<Xyt>,
}

/// A sample, or why there is none.
pub type Outcome = Result<Sample, String>;

/// A file that was not extracted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Failure {
    /// The file.
    pub file: PathBuf,
    /// Why.
    pub problem: String,
}

/// Those of these files that were not extracted.
pub fn failures(paths: Vec<PathBuf>, outcomes: &[Outcome]) -> Vec<Failure> {
    let failure = |(file, outcome): (PathBuf, &Outcome)| {
        Some(Failure { file, problem: outcome.as_ref().err()?.clone() })
    };
    paths.into_iter().zip(outcomes).filter_map(failure).collect()
}

/// What a file is, by its name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Image(ImageFormat),
    Record,
    Xyt,
}

fn kind(path: &Path) -> Option<Kind> {
    let extension = path.extension()?.to_str()?.to_ascii_lowercase();
    Some(match extension.as_str() {
        "png" => Kind::Image(ImageFormat::Png),
        "bmp" => Kind::Image(ImageFormat::Bmp),
        "tif" | "tiff" => Kind::Image(ImageFormat::Tiff),
        "wsq" => Kind::Image(ImageFormat::Wsq),
        "jp2" | "j2c" | "j2k" => Kind::Image(ImageFormat::Jp2),
        "jpg" | "jpeg" => Kind::Image(ImageFormat::Jpeg),
        "fmr" | "ist" | "iso" => Kind::Record,
        "xyt" => Kind::Xyt,
        _ => return None,
    })
}

/// Whether a file is, by its name, one that can be read.
pub fn is_readable(path: &Path) -> bool {
    kind(path).is_some()
}

/// The format of a file that is, by its name, an image.
pub fn image_format(path: &Path) -> Option<ImageFormat> {
    match kind(path) {
        Some(Kind::Image(format)) => Some(format),
        _ => None,
    }
}

/// What can be read, for help and errors.
pub const KINDS: &str = "images .png .bmp .tif .tiff .wsq .jp2 .j2c .j2k .jpg .jpeg; \
     ISO/IEC 19794-2 and INCITS 378 records .fmr .ist .iso; NIST .xyt";

/// Reads and extracts files, in their order.
pub fn load(paths: &[PathBuf], resolution_ppi: u16) -> anyhow::Result<Vec<Outcome>> {
    let pool = Pool::new(extraction_settings()?);
    let bar = progress("reading", paths.len());
    let one = |path: &PathBuf| {
        let outcome = read(&pool, path, resolution_ppi).with_context(|| path.display().to_string());
        bar.inc(1);
        outcome
    };
    let outcomes = paths.par_iter().map(one).collect();
    bar.finish_and_clear();
    outcomes
}

/// A bar on standard error, where that is a terminal.
pub fn progress(what: &'static str, count: usize) -> ProgressBar {
    let bar = ProgressBar::new(count as u64).with_message(what);
    let style = ProgressStyle::with_template("{msg} {wide_bar} {human_pos} of {human_len}, {eta} left");
    bar.with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()))
}

fn read(pool: &Pool, path: &Path, resolution_ppi: u16) -> anyhow::Result<Outcome> {
    let bytes = fs_err::read(path)?;
    let outcome = match kind(path) {
        Some(Kind::Image(format)) => {
            let request = Request { format, resolution_ppi, segment: None };
            match pool.extract(request, bytes, Afterwards::Keep) {
                Ok(minutiae) => sample(&minutiae, None),
                Err(error) if is_of_the_system(&error) => return Ok(Err(error.to_string())),
                Err(error) => bail!(error),
            }
        }
        Some(Kind::Record) => {
            // One of no known edition is read as the first, which says where it is not one.
            let standard = Standard::identify(&bytes).unwrap_or(Standard::Iso19794_2_2005);
            let fingers = standard.read(&bytes).with_context(|| standard.name())?;
            let [finger] = &fingers[..] else {
                bail!("has {} views; one is needed", fingers.len());
            };
            sample(&finger.minutiae, None)
        }
        Some(Kind::Xyt) => {
            let lines = xyt::parse(std::str::from_utf8(&bytes)?)?;
            let minutiae: Vec<_> = lines.iter().map(Minutia::from).collect();
            sample(&minutiae, Some(lines))
        }
        None => bail!("is none of {KINDS}"),
    };
    Ok(outcome.map_err(|error| error.to_string()))
}

/// Whether an error is a failure to extract, and not a wrong file or a wrong machine.
fn is_of_the_system(error: &ExtractionError) -> bool {
    use ExtractionError as E;
    matches!(error, E::Size { .. } | E::Mindtct(_) | E::TimedOut(_) | E::Died)
}

fn sample(minutiae: &[Minutia], xyt: Option<Vec<Xyt>>) -> Result<Sample, TooPoor> {
    gate::check(minutiae)?;
    let template = Template::new(minutiae).ok_or(TooPoor::Extent)?;
    let xyt = xyt.unwrap_or_else(|| minutiae.iter().map(Xyt::from).collect());
    Ok(Sample { minutiae: minutiae.to_vec(), template, xyt })
}
