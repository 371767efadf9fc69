//! `whorl import`: sends transmissions from files to a Central Unit, over HTTP like any national system, as often as it takes.

mod chunks;
mod client;
mod sources;

use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use anyhow::Context;
use clap::Args;
use indicatif::{ProgressBar, ProgressStyle};
use serde::Serialize;
use zeroize::Zeroizing;

use super::serve::duration;
use super::{say_error, used_wrongly};
use crate::http::Reject;
use chunks::{Chunk, Chunks};
use client::Client;
use sources::{Names, Source};

/// Send transmissions of categories 1 and 2 from files to a Central Unit
///
/// Each line of a file is a transmission, as JSON, as for POST /v1/eurodac/transmissions; or each file of a folder or of a zip archive is
/// an ANSI/NIST-ITL transaction (.an2, .an2k, .eft, .ebts, .nist, .nst, .itl). What is sent again is not entered twice: run
/// the same command again after whatever went wrong, and it goes on. A line or file that is refused does not stop the others;
/// it is told with its number or name and the code of the problem, and can be mended and sent in a file of its own.
#[derive(Args)]
#[command(after_help = "\
Examples:
  whorl import --to http://127.0.0.1:8080 --key-file at.key --person 'A. Berger' sets.ndjson --rejects rejects.ndjson
  whorl import --to http://127.0.0.1:8080 --key-file at.key --person 'A. Berger' cards/
  zcat sets.ndjson.gz | whorl import --to http://127.0.0.1:8080 --key-env WHORL_KEY --person 'A. Berger' - --json

Exit codes: 0 every line is entered, now or earlier; 1 some were rejected, or it could not be sent to its end; 2 used wrongly.")]
pub struct Import {
    /// The Central Unit, as http://HOST:PORT: this machine, or the end of a tunnel on it
    #[arg(long, value_name = "URL", value_parser = url)]
    to: String,
    #[command(flatten)]
    key: KeyFrom,
    /// The responsible person (Art. 16)
    #[arg(long, value_name = "NAME")]
    person: String,
    /// Where rejected lines are listed, as JSON lines: number, code, field, detail; not what was in them
    #[arg(long, value_name = "FILE")]
    rejects: Option<PathBuf>,
    /// How long a request is sent again that the service cannot answer, or that does not reach it
    #[arg(long, value_name = "TIME", default_value = "10m", value_parser = duration)]
    patience: Duration,
    /// Print the summary as JSON
    #[arg(long)]
    json: bool,
    /// The transmissions: a line each (- for standard input); or a file each, in a folder or a zip archive
    #[arg(value_name = "FILE|FOLDER|ZIP")]
    file: PathBuf,
}

#[derive(Args)]
#[group(required = true, multiple = false)]
struct KeyFrom {
    /// File that has the authority's key
    #[arg(long, value_name = "FILE")]
    key_file: Option<PathBuf>,
    /// Environment variable that has it
    #[arg(long, value_name = "NAME")]
    key_env: Option<String>,
}

impl KeyFrom {
    fn read(&self) -> anyhow::Result<Zeroizing<String>> {
        let text = match (&self.key_file, &self.key_env) {
            (Some(file), _) => Zeroizing::new(fs_err::read_to_string(file)?),
            (None, Some(name)) => Zeroizing::new(std::env::var(name).with_context(|| name.clone())?),
            (None, None) => return Err(used_wrongly("give --key-file or --key-env")),
        };
        Ok(Zeroizing::new(text.trim().to_owned()))
    }
}

/// Where it can be sent to: this program speaks no TLS.
fn url(text: &str) -> Result<String, String> {
    if text.starts_with("https://") {
        return Err(
            "this command speaks no TLS: give it the local end of a tunnel that does (stunnel, ssh -L)"
                .into(),
        );
    }
    let host = text.strip_prefix("http://").map(|rest| rest.trim_end_matches('/'));
    let good = |host: &&str| !host.is_empty() && !host.contains(['/', '?', '#', ' ', '@']);
    let host = host.filter(good).ok_or("a URL like http://127.0.0.1:8080, without a path")?;
    Ok(format!("http://{host}"))
}

/// What came of it.
#[derive(Default, Serialize)]
struct Summary {
    /// Lines that were sent and answered for, and those that could not even be sent.
    lines: usize,
    entered: usize,
    /// Entered by an earlier run.
    repeated: usize,
    rejected: usize,
    hits: usize,
    /// Why it did not come to its end.
    #[serde(skip_serializing_if = "Option::is_none")]
    failed: Option<String>,
}

impl Import {
    /// Runs it.
    pub fn run(self) -> ExitCode {
        match self.outcome() {
            Ok(summary) => {
                summary.show(self.json);
                let complete = summary.rejected == 0 && summary.failed.is_none();
                if complete { ExitCode::SUCCESS } else { ExitCode::FAILURE }
            }
            Err(error) => {
                if let Some(wrong) = error.downcast_ref::<clap::Error>() {
                    wrong.exit();
                }
                say_error(&error);
                ExitCode::FAILURE
            }
        }
    }

    fn outcome(&self) -> anyhow::Result<Summary> {
        let client = Client::new(&self.to, &self.key.read()?, &self.person, self.patience)?;
        let Source { lines, bytes, names, passed_over } = sources::open(&self.file)?;
        if passed_over > 0 {
            say(&format!(
                "{passed_over} files are passed over: they are links, or by their names no ANSI/NIST-ITL files"
            ));
        }
        let mut rejects = Rejects::create(self.rejects.as_deref(), names)?;
        let mut summary = Summary::default();
        if let Err(error) = client.greet(&mut say) {
            summary.failed = Some(format!("{error:#}"));
            return Ok(summary);
        }
        let bar = bar(bytes);
        for chunk in Chunks::new(lines) {
            let chunk = chunk?;
            if let Err(error) = self.send(&client, &chunk, &mut rejects, &mut summary, &bar) {
                summary.failed = Some(format!("{error:#}"));
                break;
            }
            bar.inc(chunk.length());
        }
        bar.finish_and_clear();
        rejects.finish()?;
        Ok(summary)
    }

    fn send(
        &self,
        client: &Client,
        chunk: &Chunk,
        rejects: &mut Rejects,
        summary: &mut Summary,
        bar: &ProgressBar,
    ) -> anyhow::Result<()> {
        let answer = match chunk {
            Chunk::TooLong { reject, .. } => {
                summary.lines += 1;
                summary.rejected += 1;
                return rejects.tell(reject);
            }
            Chunk::Lines(lines) => client.send(lines, &mut |what| bar.suspend(|| say(what)))?,
        };
        summary.lines += answer.entered + answer.repeated + answer.rejected;
        summary.entered += answer.entered;
        summary.repeated += answer.repeated;
        summary.rejected += answer.rejected;
        summary.hits += answer.hits;
        answer.rejects.iter().try_for_each(|reject| rejects.tell(reject))
    }
}

impl Summary {
    #[expect(clippy::print_stdout, reason = "the summary is the output")]
    fn show(&self, json: bool) {
        if json {
            println!("{}", serde_json::to_string(self).unwrap_or_default());
            return;
        }
        let Self { lines, entered, repeated, rejected, hits, failed } = self;
        println!(
            "{lines} lines: {entered} entered, {repeated} entered earlier, {rejected} rejected; {hits} hits"
        );
        if let Some(why) = failed {
            println!("Not sent to its end: {why}");
            println!("Run it again: what is entered is not entered twice.");
        }
    }
}

/// On standard error, where that is a terminal.
fn bar(bytes: Option<u64>) -> ProgressBar {
    let (bar, template) = match bytes {
        Some(bytes) => (ProgressBar::new(bytes), "{wide_bar} {bytes} of {total_bytes}, {eta} left"),
        None => (ProgressBar::new_spinner(), "{spinner} {bytes} sent"),
    };
    bar.with_style(ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar()))
}

#[expect(clippy::print_stderr, reason = "why it waits, to the person who watches")]
fn say(what: &str) {
    eprintln!("whorl: {what}");
}

/// Where rejected lines are told: a file; else standard error, the first of them.
struct Rejects {
    file: Option<BufWriter<fs_err::File>>,
    told: usize,
    names: Names,
}

/// A reject, with the name of the file where each line is one.
#[derive(Serialize)]
struct Named<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    file: Option<String>,
    #[serde(flatten)]
    reject: &'a Reject,
}

/// Rejected lines that are shown where they are not written.
const SHOWN_MAX: usize = 20;

impl Rejects {
    fn create(path: Option<&Path>, names: Names) -> anyhow::Result<Self> {
        let file = path.map(fs_err::File::create).transpose()?.map(BufWriter::new);
        Ok(Self { file, told: 0, names })
    }

    fn tell(&mut self, reject: &Reject) -> anyhow::Result<()> {
        let name = self.names.of(reject.line);
        self.told += 1;
        if let Some(file) = &mut self.file {
            let named = Named { file: name, reject };
            return Ok(writeln!(file, "{}", serde_json::to_string(&named)?)?);
        }
        let Reject { line, code, field, detail, .. } = reject;
        let at = field.as_ref().map(|field| format!(" at {field}")).unwrap_or_default();
        // A name in an archive may be anything; it does not speak to the terminal.
        let name = name.map_or_else(|| format!("line {line}"), |name| name.escape_debug().to_string());
        if self.told <= SHOWN_MAX {
            say(&format!("{name}: {code}{at}: {detail}"));
        } else if self.told == SHOWN_MAX + 1 {
            say("more were rejected: --rejects FILE lists them all");
        }
        Ok(())
    }

    fn finish(self) -> anyhow::Result<()> {
        Ok(self.file.map_or(Ok(()), |mut file| file.flush())?)
    }
}
