//! `whorl evaluate`: accuracy on one's own prints, in the field's measures, by one command that others can repeat.

mod bozorth3;
mod fvc;
mod matcher;
mod provenance;
mod samples;

pub(super) use bozorth3::work as bozorth3_worker;

use clap::{Args, Subcommand};

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
}

impl Evaluate {
    /// Runs it.
    pub fn run(self) -> anyhow::Result<()> {
        match self.what {
            What::Fvc(fvc) => fvc.run(),
        }
    }
}
