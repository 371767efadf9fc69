//! The report of a measurement: one HTML file that says everything by itself, so that it can be mailed and kept. No scripts,
//! nothing fetched from elsewhere; every text is escaped.

pub mod chart;
pub mod det;
pub mod histogram;
pub mod page;

pub use page::{Page, Table};

use super::provenance::Provenance;
use crate::cli::samples::Failure;

/// How the figures came about, and what failed: the end of every report.
pub fn provenance(page: &mut Page, matcher: &str, provenance: &Provenance, speed: f64) {
    page.heading("How to get these figures again");
    page.code(&provenance.command);
    let row = |name: &str, value: &str| vec![name.to_owned(), value.to_owned()];
    page.table(&Table {
        header: vec!["What".into(), "Which".into()],
        rows: vec![
            row("Program", &format!("whorl {}", provenance.version)),
            row("Matcher", matcher),
            row("Back end", &provenance.backend),
            row("Extractor", provenance.extractor),
            row(
                "Processor",
                &format!("{}, {} logical processors", provenance.processor, provenance.processors),
            ),
            row("Speed", &format!("{speed:.0} comparisons of one finger with one a second")),
            row("Intervals", &provenance.intervals),
            row("Made", &jiff::Zoned::now().strftime("%F %H:%M %Z").to_string()),
        ],
    });
}

/// The prints that were not extracted, where there are any.
pub fn failures(page: &mut Page, failures: &[Failure]) {
    if failures.is_empty() {
        return;
    }
    page.heading("Not extracted");
    let row = |failure: &Failure| vec![failure.file.display().to_string(), failure.problem.clone()];
    page.table(&Table {
        header: vec!["File".into(), "Why".into()],
        rows: failures.iter().map(row).collect(),
    });
}
