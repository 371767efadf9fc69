//! `whorl explain`: why two prints score what they score, as a table, as JSON and as a drawing.
//!
//! It shows what the search itself computes: stage 2 keeps the pairs and measures of its best alignment while it works and
//! drops them with the score, so a search that nobody asks to explain pays nothing for this.

mod backdrop;
mod explanation;
mod panel;
mod svg;
mod text;

use std::path::{Path, PathBuf};

use anyhow::{Context, anyhow};
use clap::Args;

use super::samples::{Sample, load};
use backdrop::Backdrop;
use explanation::Explanation;

/// Show why two prints score what they score
///
/// Compares PROBE with REFERENCE as a search does, and shows the minutiae of both, the pairs that came to lie together,
/// how the probe was moved, and what each measure of that adds to the score. A file is an image (.png .bmp .tif .tiff .wsq .jp2 .jpg),
/// an ISO/IEC 19794-2 or INCITS 378 record with one view (.fmr .ist .iso) or NIST minutiae (.xyt). The order matters a little: a search
/// has the new print as the probe. The drawing shows the prints themselves where they are images; treat it as you treat prints.
#[derive(Args)]
#[command(after_help = "\
Examples:
  whorl explain right-index.png stored.fmr
  whorl explain right-index.png stored.png --svg pairs.svg --json")]
pub struct Explain {
    /// The print that is searched for
    #[arg(value_name = "PROBE")]
    probe: PathBuf,
    /// The print that it is compared with
    #[arg(value_name = "REFERENCE")]
    reference: PathBuf,
    /// Resolution of the images, in pixels per inch: 250 to 2000
    #[arg(long, default_value = "500", value_name = "PPI", value_parser = clap::value_parser!(u16).range(250..=2000))]
    ppi: u16,
    /// Write a drawing to this file: both prints, the pairs joined, and the probe laid over the reference
    #[arg(long, value_name = "FILE")]
    svg: Option<PathBuf>,
    /// Print as JSON; places are pixels of the prints at 500 ppi, x to the right and y down
    #[arg(long)]
    json: bool,
}

impl Explain {
    /// Runs it.
    #[expect(clippy::print_stdout, reason = "the explanation is the output")]
    pub fn run(self) -> anyhow::Result<()> {
        let outcomes = load(&[self.probe.clone(), self.reference.clone()], self.ppi)?;
        let mut samples = outcomes.into_iter();
        let probe = usable(&self.probe, samples.next())?;
        let reference = usable(&self.reference, samples.next())?;
        let explanation = Explanation::of((&self.probe, &probe), (&self.reference, &reference))
            .context("a print with fewer than three minutiae cannot be laid over another")?;
        if let Some(path) = &self.svg {
            let backdrop = |path: &Path| Backdrop::read(path, self.ppi);
            let backdrops = [backdrop(&self.probe)?, backdrop(&self.reference)?];
            fs_err::write(path, svg::draw(&explanation, &backdrops)?)?;
        }
        if self.json {
            println!("{}", serde_json::to_string_pretty(&explanation)?);
        } else {
            println!("{}", text::of(&explanation));
        }
        Ok(())
    }
}

/// A sample, or why its file gave none.
fn usable(path: &Path, outcome: Option<Result<Sample, String>>) -> anyhow::Result<Sample> {
    let problem = |problem| anyhow!("{}: {problem}", path.display());
    outcome.unwrap_or_else(|| Err("was not read".into())).map_err(problem)
}
