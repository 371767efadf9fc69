//! `whorl audit verify`: whether a journal is what was written, for whoever supervises it. docs/src/audit.md is the page for them.
//!
//! *Failure.* Exit codes: 0 verified, 1 something is wrong with what was looked at, 2 nothing is known of it: used wrongly, or not
//! readable. The three are apart, so that a script can never take a missing disk for a good journal, or for a forged one.

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::{Duration, Instant};

use anyhow::{Context, bail, ensure};
use clap::{Args, Subcommand};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use serde::Deserialize;

use super::say_error;
use crate::journal::verify::{Finding, Progress, Reason, Report, to_json, verify};
use crate::journal::{Checkpoint, VerifierKey};

/// Verify the journal (needs no server, and may run beside one)
#[derive(Args)]
#[command(after_help = "Example:\n  whorl audit verify --journal DIR --checkpoint FILE --key FILE")]
pub struct Audit {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Check that no record was changed, removed or inserted
    ///
    /// Reads the segments of a journal and nothing else, and changes nothing. Give it checkpoints that left the machine: without
    /// one, a journal that was written anew as a whole, or cut at its end, cannot be told from a good one.
    #[command(after_help = "\
Example:
  whorl audit verify --journal /mnt/copy/journal --checkpoint kept/ --key checkpoint.vkey

Exit codes: 0 verified, 1 something is wrong (the first bad record is named), 2 used wrongly or not readable.")]
    Verify(Verify),
}

#[derive(Args)]
struct Verify {
    #[command(flatten)]
    place: Place,
    /// Checkpoint to compare with, or directory of *.checkpoint files
    #[arg(long, value_name = "FILE|DIR")]
    checkpoint: Vec<PathBuf>,
    /// Key that signed the checkpoints: the key itself, or a file with it
    #[arg(long, value_name = "KEY|FILE")]
    key: Option<String>,
    /// Print one JSON object
    #[arg(long)]
    json: bool,
}

#[derive(Args)]
#[group(required = true, multiple = false)]
struct Place {
    /// Directory of the segments
    #[arg(long, value_name = "DIR")]
    journal: Option<PathBuf>,
    /// Data directory: the journal in it, and the checkpoints and the key in it where none are given
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
}

/// What was found, and with what.
struct Outcome {
    found: Result<Report, Finding>,
    /// Checkpoints or the key came from beside the journal.
    local: bool,
}

impl Audit {
    /// Runs it.
    pub fn run(self) -> ExitCode {
        let Command::Verify(verify) = self.command;
        match verify.outcome() {
            Ok(outcome) => {
                outcome.show(verify.json);
                ExitCode::from(outcome.code())
            }
            Err(error) => {
                say_error(&error);
                ExitCode::from(2)
            }
        }
    }
}

impl Verify {
    fn outcome(&self) -> anyhow::Result<Outcome> {
        let kept = self.place.data.as_ref().map(|data| data.join("checkpoints"));
        let mut local = false;
        let mut checkpoints = Vec::new();
        for path in &self.checkpoint {
            let found = read_checkpoints(path)?;
            ensure!(!found.is_empty(), "{} has no file that ends with .checkpoint", path.display());
            checkpoints.extend(found);
        }
        if let Some(kept) = kept.as_ref().filter(|kept| self.checkpoint.is_empty() && kept.is_dir()) {
            checkpoints = read_checkpoints(kept)?;
            local = !checkpoints.is_empty();
        }
        let beside = kept.map(|kept| kept.join("checkpoint.vkey")).filter(|path| path.is_file());
        let key = match (&self.key, beside) {
            (Some(key), _) => Some(read_key(key)?),
            (None, Some(path)) if !checkpoints.is_empty() => {
                local = true;
                Some(read_key_file(&path)?)
            }
            _ => None,
        };
        let journal = match (&self.place.journal, &self.place.data) {
            (Some(journal), _) => journal.clone(),
            (None, Some(data)) => data.join("journal"),
            (None, None) => bail!("give --journal or --data"),
        };
        let bar = Bar::new();
        let found = verify(&journal, &checkpoints, key.as_ref(), jiff::Timestamp::now(), &mut |progress| {
            bar.show(progress);
        });
        bar.0.finish_and_clear();
        Ok(Outcome { found, local })
    }
}

impl Outcome {
    fn code(&self) -> u8 {
        match &self.found {
            Ok(_) => 0,
            Err(finding) if finding.reason == Reason::Unreadable => 2,
            Err(_) => 1,
        }
    }

    #[expect(clippy::print_stdout, reason = "the result is the output")]
    fn show(&self, json: bool) {
        if json {
            let mut object = to_json(&self.found);
            object["local"] = self.local.into();
            println!("{object}");
        } else {
            println!("{}", self.text());
        }
    }

    fn text(&self) -> String {
        let report = match &self.found {
            Ok(report) => report,
            Err(finding) => {
                let agreed = match finding.agreed {
                    0 => String::new(),
                    agreed => format!("A checkpoint agreed with the first {agreed} records.\n"),
                };
                return format!("NOT verified: {finding}\n{agreed}docs/src/audit.md explains the code.");
            }
        };
        let range = report.records.checked_sub(1).map(|last| format!(" (0 to {last})")).unwrap_or_default();
        let sizes: Vec<_> = report.checkpoints.iter().map(u64::to_string).collect();
        let agree =
            if sizes.is_empty() { "none given".into() } else { format!("{} agree", sizes.join(", ")) };
        let headline = match report.checkpoints.last() {
            Some(size) => format!("verified: the first {size} records are those of the checkpoint"),
            None => "consistent: the records follow one another".to_owned(),
        };
        let mut lines = vec![
            headline,
            format!("records      {}{range}", report.records),
            format!(
                "destroyed    {}, their year is over; {} of that time are held",
                report.destroyed, report.held
            ),
            format!("segments     {}, {} bytes", report.segments, report.bytes),
            format!("unfinished   {} bytes at the end", report.unfinished_bytes),
            format!("last chain   {}", report.chain),
            format!("root         {}", report.root),
            format!("checkpoints  {agree}"),
        ];
        lines.extend(self.reservations(report));
        lines.join("\n")
    }

    /// What the result does not say.
    fn reservations(&self, report: &Report) -> Vec<String> {
        let mut said = Vec::new();
        match report.checkpoints.last() {
            None => said.push(
                "Without a checkpoint, a journal written anew or cut at its end looks like a good one: give --checkpoint.".into(),
            ),
            Some(&last) if last < report.records => {
                said.push(format!("No checkpoint says anything about the records from {last} on."));
            }
            Some(_) => {}
        }
        if report.destroyed > 0 && !report.checkpoints.is_empty() {
            said.push(
                "That what is destroyed was older than a year is as certain as a checkpoint that is hardly a year old makes it.".into(),
            );
        }
        if self.local {
            said.push(
                "Checkpoints and keys kept on the same machine prove little: give ones that left it, with --checkpoint and --key."
                    .into(),
            );
        }
        if !report.signatures_checked && !report.checkpoints.is_empty() {
            said.push("The signatures of the checkpoints were not checked: give --key.".into());
        }
        said
    }
}

/// A checkpoint, or all of a directory.
fn read_checkpoints(path: &Path) -> anyhow::Result<Vec<Checkpoint>> {
    let mut files = vec![path.to_owned()];
    if path.is_dir() {
        let entries: Result<Vec<_>, _> = fs_err::read_dir(path)?.map(|entry| Ok(entry?.path())).collect();
        files = entries.map_err(|error: std::io::Error| error)?;
        files.retain(|file| file.extension().is_some_and(|end| end == "checkpoint"));
    }
    let mut checkpoints = Vec::new();
    for file in files {
        let text = fs_err::read_to_string(&file)?;
        for note in notes(&text) {
            checkpoints.push(Checkpoint::parse(&note).with_context(|| file.display().to_string())?);
        }
    }
    Ok(checkpoints)
}

/// A file is a note, or what `GET /v1/audit/checkpoints` answered, with the notes in it.
fn notes(text: &str) -> Vec<String> {
    #[derive(Deserialize)]
    struct Answer {
        checkpoints: Vec<Signed>,
    }
    #[derive(Deserialize)]
    struct Signed {
        note: String,
    }
    match serde_json::from_str::<Answer>(text) {
        Ok(answer) => answer.checkpoints.into_iter().map(|signed| signed.note).collect(),
        Err(_) => vec![text.to_owned()],
    }
}

fn read_key(key: &str) -> anyhow::Result<VerifierKey> {
    key.parse().or_else(|_| read_key_file(Path::new(key)))
}

fn read_key_file(path: &Path) -> anyhow::Result<VerifierKey> {
    fs_err::read_to_string(path)?.trim_end().parse().with_context(|| path.display().to_string())
}

/// A bar for whoever waits longer than a second.
struct Bar(ProgressBar, Instant);

impl Bar {
    fn new() -> Self {
        let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::hidden());
        // The template is a constant; without it the bar has the library's.
        if let Ok(style) = ProgressStyle::with_template("{bar:40} {bytes}/{total_bytes}, {eta} left") {
            bar.set_style(style);
        }
        Self(bar, Instant::now())
    }

    fn show(&self, progress: Progress) {
        if self.1.elapsed() < Duration::from_secs(1) {
            return;
        }
        if self.0.length().is_none() {
            self.0.set_length(progress.total);
            self.0.set_draw_target(ProgressDrawTarget::stderr());
        }
        self.0.set_position(progress.done);
    }
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    #[derive(Parser)]
    struct Line {
        #[command(flatten)]
        verify: Verify,
    }

    fn vectors() -> PathBuf {
        Path::new(env!("CARGO_MANIFEST_DIR")).join("test-vectors/journal")
    }

    fn run(arguments: &[&str]) -> anyhow::Result<Outcome> {
        Line::try_parse_from([&["verify"], arguments].concat())?.verify.outcome()
    }

    #[test]
    fn r_audit_3_the_exit_code_tells_good_from_bad_from_unknown() {
        let path = |name: &str| vectors().join(name).display().to_string();
        let (good, key) = (path("good"), path("checkpoint.vkey"));
        let code = |journal: &str, checkpoint: &str| {
            run(&["--journal", journal, "--checkpoint", checkpoint, "--key", &key]).unwrap().code()
        };
        assert_eq!(code(&good, &good), 0);
        assert_eq!(code(&path("edited"), &good), 1);
        assert_eq!(code(&path("wrong-signature"), &path("wrong-signature")), 1);
        assert_eq!(code(&path("nowhere"), &good), 2);
        let text = fs_err::read_to_string(&key).unwrap();
        let outcome = run(&["--journal", &good, "--checkpoint", &good, "--key", text.trim_end()]).unwrap();
        assert_eq!(outcome.found.as_ref().unwrap().checkpoints, [3, 7]);
        assert!(outcome.text().ends_with("3, 7 agree"), "{}", outcome.text());
        for wrong in [
            ["--journal", &good, "--checkpoint", &path("edited")],
            ["--journal", &good, "--checkpoint", &key],
            ["--journal", &good, "--key", "no key"],
            ["--journal", &good, "--data", &good],
        ] {
            assert!(run(&wrong).is_err(), "{wrong:?}");
        }
        assert!(run(&[]).is_err());
    }

    #[test]
    fn r_audit_3_checkpoints_beside_the_journal_are_used_and_said_to_prove_little() {
        let directory = tempfile::tempdir().unwrap();
        let (journal, kept) = (directory.path().join("journal"), directory.path().join("checkpoints"));
        fs_err::create_dir_all(&journal).unwrap();
        fs_err::create_dir_all(&kept).unwrap();
        for entry in fs_err::read_dir(vectors().join("good")).unwrap() {
            let (path, name) = entry.map(|entry| (entry.path(), entry.file_name())).unwrap();
            let to = if path.extension().unwrap() == "journal" { &journal } else { &kept };
            fs_err::copy(path, to.join(name)).unwrap();
        }
        fs_err::copy(vectors().join("checkpoint.vkey"), kept.join("checkpoint.vkey")).unwrap();
        let data = directory.path().display().to_string();
        let outcome = run(&["--data", &data]).unwrap();
        let report = outcome.found.as_ref().unwrap();
        assert_eq!((report.checkpoints.as_slice(), report.signatures_checked), ([3, 7].as_slice(), true));
        assert!(outcome.text().contains("prove little"));
        fs_err::remove_dir_all(&kept).unwrap();
        let outcome = run(&["--data", &data]).unwrap();
        assert!(outcome.text().contains("Without a checkpoint"), "{}", outcome.text());
        assert_eq!(outcome.code(), 0);
    }
}
