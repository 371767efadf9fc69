//! `whorl evaluate`: accuracy on one's own prints, in the field's measures, by one command that others can repeat.

pub(super) mod bozorth3;
mod calibrate;
mod fvc;
mod fvc_shown;
mod generate;
mod identify;
mod identify_shown;
mod matcher;
mod protocol;
mod provenance;
mod report;
mod set;
mod shown;

pub(super) use bozorth3::work as bozorth3_worker;
pub(super) use calibrate::Calibrate;
pub(super) use provenance::processor;
pub(super) use samples::progress;

use std::path::PathBuf;

use clap::{Args, Subcommand};

use super::samples;
use matcher::Matcher;
use shown::Shown;

/// Measure accuracy on your own prints
///
/// Error rates as ISO/IEC 19795-1 and the Fingerprint Verification Competitions define them, with 95 % intervals.
#[derive(Args)]
#[command(
    after_help = "Example:\n  whorl evaluate fvc FVC2002_DB1_B FVC2004_DB2_B --matcher bozorth3 --json"
)]
pub struct Evaluate {
    #[command(subcommand)]
    what: What,
}

#[derive(Subcommand)]
enum What {
    Fvc(fvc::Fvc),
    Identify(identify::Identify),
    Protocol(generate::Generate),
}

/// What every measurement can be told.
#[derive(Args)]
struct Options {
    /// What compares
    #[arg(long, value_enum, default_value = "whorl")]
    matcher: Matcher,
    /// Resolution of the images, in pixels per inch: 250 to 2000
    #[arg(long, default_value = "500", value_name = "PPI", value_parser = clap::value_parser!(u16).range(250..=2000))]
    ppi: u16,
    /// Print as JSON; rates are fractions
    #[arg(long)]
    json: bool,
    /// Also write a page with curves, histograms and tables
    #[arg(long, value_name = "FILE.html")]
    report: Option<PathBuf>,
}

impl Options {
    #[expect(clippy::print_stdout, reason = "the figures are the output")]
    fn output(&self, evaluation: &impl Shown) -> anyhow::Result<()> {
        if let Some(path) = &self.report {
            fs_err::write(path, evaluation.to_page().finish())?;
        }
        if self.json {
            println!("{:#}", evaluation.to_json());
        } else {
            println!("{}", evaluation.to_text());
        }
        Ok(())
    }
}

impl Evaluate {
    /// Runs it.
    pub fn run(self) -> anyhow::Result<()> {
        match self.what {
            What::Fvc(fvc) => fvc.run(),
            What::Identify(identify) => identify.run(),
            What::Protocol(generate) => generate.run(),
        }
    }
}
