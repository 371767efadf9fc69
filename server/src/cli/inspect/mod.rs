//! `whorl inspect`: what is in a file, record by record; of a damaged one, where it breaks.
//!
//! Nothing is sent, and no minutiae are looked for: it reads what the Central Unit reads before that, with the same code, so that what it
//! finds no fault with is well formed. Whether the law takes what is in it is another question.

mod contents;
mod text;

use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Args;
use serde::Serialize;

use super::say_error;
use contents::{Contents, Damage, contents};

/// Largest file that is looked at. Unit: bytes.
const BYTES_MAX: u64 = 256 << 20;

/// Show what is in a file: ANSI/NIST-ITL transactions, minutiae records, images
///
/// What kind of file it is is told by its first bytes, not by its name. Values of fields are shown, so mind who looks on.
#[derive(Args)]
#[command(after_help = "\
Examples:
  whorl inspect card.an2
  whorl inspect --json *.fmr | jq -r 'select(.damage) | [.file, .damage.offset, .damage.problem] | @tsv'

Exit codes: 0 all are sound; 1 one is damaged, of no known kind, or cannot be read; 2 used wrongly.")]
pub struct Inspect {
    /// Print a JSON object for each file, a line each
    #[arg(long)]
    json: bool,
    /// The files
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
}

/// A file, and what is in it or where it breaks.
#[derive(Serialize)]
struct Inspected {
    file: String,
    bytes: usize,
    #[serde(flatten)]
    contents: Option<Contents>,
    #[serde(skip_serializing_if = "Option::is_none")]
    damage: Option<Damage>,
}

impl Inspect {
    /// Runs it.
    pub fn run(self) -> ExitCode {
        let mut sound = true;
        let mut out = std::io::stdout().lock();
        for path in &self.files {
            match inspected(path) {
                Ok(inspected) => {
                    sound &= inspected.damage.is_none();
                    let shown = if self.json {
                        serde_json::to_string(&inspected).unwrap_or_default() + "\n"
                    } else {
                        text::of(&inspected)
                    };
                    // Nobody reads on, as behind `head`.
                    if out.write_all(shown.as_bytes()).is_err() {
                        return ExitCode::FAILURE;
                    }
                }
                Err(error) => {
                    sound = false;
                    say_error(&error);
                }
            }
        }
        if sound { ExitCode::SUCCESS } else { ExitCode::FAILURE }
    }
}

fn inspected(path: &Path) -> anyhow::Result<Inspected> {
    let mut bytes = Vec::new();
    // A device has no length, and no end.
    fs_err::File::open(path)?.take(BYTES_MAX + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > BYTES_MAX {
        anyhow::bail!("{} has more than {BYTES_MAX} bytes", path.display());
    }
    let (contents, damage) = match contents(&bytes) {
        Ok(contents) => (Some(contents), None),
        Err(damage) => (None, Some(damage)),
    };
    Ok(Inspected { file: path.display().to_string(), bytes: bytes.len(), contents, damage })
}
