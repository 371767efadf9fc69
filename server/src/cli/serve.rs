//! `whorl serve`: the Central Unit.

use std::net::SocketAddr;
use std::num::NonZeroU32;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use clap::Args;
use jiff::{Span, SpanRelativeTo};
use rustix::process::{Resource, Rlimit, setrlimit};

use whorl_engine::calibration::{self, Calibration};

use super::config::{self, Config};
use super::tls::TlsOptions;
use super::{BackendOptions, DataDirectory, data, doctor, extraction_settings};
use crate::central_unit::{CentralUnit, CheckpointSettings, Settings};
use crate::clock::Clock;
use crate::database::{KeySchedule, Recipient};
use crate::http::{self, Starting};
use crate::keyring::WrappingSource;
use crate::startup::Startup;

/// Serve the Central Unit over HTTP, or HTTPS
///
/// The address in use is printed on standard output once transmissions are taken. SIGTERM and SIGINT let requests under way
/// finish.
#[derive(Args)]
#[command(after_help = "Example:\n  whorl serve --data /var/lib/whorl --listen 127.0.0.1:8080 --backend gpu")]
#[command(after_long_help = help())]
pub struct Serve {
    #[command(flatten)]
    directory: DataDirectory,
    /// Address to listen on; port 0 takes a free one
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:8080")]
    listen: SocketAddr,
    /// Listen on an address that other machines reach, in clear: only behind something that adds TLS
    #[arg(long)]
    allow_plain_http: bool,
    #[command(flatten)]
    tls: TlsOptions,
    /// Share of the searches for people who are not in the gallery that may find somebody; the threshold follows it and the size of
    /// the gallery
    #[arg(long, value_name = "SHARE", default_value_t = calibration::TARGET_FPIR, value_parser = share)]
    target_fpir: f64,
    /// What scores are worth, as `whorl calibrate` prints it; without it, as measured for mindtct on public sets
    #[arg(long, value_name = "FILE")]
    calibration: Option<PathBuf>,
    /// How often a checkpoint of the journal is signed, where anything was recorded since
    #[arg(long, value_name = "TIME", default_value = "1h", value_parser = duration)]
    checkpoint_every: Duration,
    /// Who gets each checkpoint: directory:PATH, which should be on another machine, or command:PROGRAM ARGUMENTS, which reads it
    /// from its standard input; without it they wait in DIR/checkpoints and at GET /v1/audit/checkpoints
    #[arg(long, value_name = "RECIPIENT", value_parser = recipient)]
    checkpoint_to: Option<Recipient>,
    /// Rotate the wrapping key when it is so old: where it is DIR/keys/wrapping.key
    #[arg(long, value_name = "TIME", value_parser = duration, conflicts_with = "wrapping_key")]
    rotate_wrapping_key_every: Option<Duration>,
    /// Where the wrapping key comes from that is to follow --wrapping-key: it is asked every hour, and where it gives another key than
    /// the one in force, that key is rotated to
    #[arg(long, value_name = "SOURCE", value_parser = data::source, requires = "wrapping_key")]
    #[arg(conflicts_with = "rotate_wrapping_key_every")]
    next_wrapping_key: Option<WrappingSource>,
    /// Do not compare sets of people of the other sex; sets of unknown sex are compared with all
    #[arg(long, value_name = "BOOL", num_args = 0..=1, require_equals = true, default_missing_value = "true")]
    sex_is_a_criterion: Option<bool>,
    /// Requests of one authority a second; what is more is refused with 429 [default: 2000]
    #[arg(long, value_name = "NUMBER")]
    requests_a_second: Option<NonZeroU32>,
    /// File of objectives, costs and settings (TOML), with an example in `--help`; options here go before what it says
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    #[command(flatten)]
    backend: BackendOptions,
}

fn help() -> String {
    let example: String =
        config::EXAMPLE.lines().map(|line| format!("  {line}").trim_end().to_owned() + "\n").collect();
    format!(
        "Example:\n  whorl serve --data /var/lib/whorl --listen 127.0.0.1:8080 --backend gpu --config whorl.toml\n\n\
        Example of a configuration, of which everything may be left out:\n\n{example}"
    )
}

/// Like `90d`, `1h` or `15m`; a second at least. A day has 24 hours.
pub(super) fn duration(text: &str) -> Result<Duration, String> {
    let span: Option<Span> = text.parse().ok();
    let parsed = span.and_then(|span| span.to_duration(SpanRelativeTo::days_are_24_hours()).ok());
    let positive = parsed.and_then(|duration| Duration::try_from(duration).ok());
    positive.filter(|duration| duration.as_secs() > 0).ok_or_else(|| "a time like 90d, 1h, 15m or 30s".into())
}

fn recipient(text: &str) -> Result<Recipient, String> {
    let words = |rest: &str| rest.split_whitespace().map(str::to_owned).collect::<Vec<_>>();
    match text.split_once(':') {
        Some(("directory", path)) if !path.is_empty() => Ok(Recipient::Directory(path.into())),
        Some(("command", line)) if !words(line).is_empty() => Ok(Recipient::Command(words(line))),
        _ => Err("it is directory:PATH or command:PROGRAM ARGUMENTS".into()),
    }
}

/// A number above 0 and at most 1.
fn share(text: &str) -> Result<f64, String> {
    let share = text.parse().map_err(|_| format!("`{text}` is not a number"))?;
    if share > 0.0 && share <= 1.0 { Ok(share) } else { Err("a share is above 0 and at most 1".into()) }
}

impl Serve {
    /// Runs it.
    #[expect(
        clippy::print_stdout,
        reason = "the address is the output: a program that starts the server reads it"
    )]
    pub fn run(self) -> anyhow::Result<()> {
        let tls = self.tls.asked().map(|tls| tls.load()).transpose()?;
        if tls.is_none() && !self.listen.ip().is_loopback() && !self.allow_plain_http {
            anyhow::bail!(
                "{} is not a loopback address, and keys and prints would travel in clear; \
                pass --tls-certificate and --tls-key, or put a TLS proxy in front and pass --allow-plain-http",
                self.listen
            );
        }
        let config = Config::read(self.config.as_deref())?;
        // A core dump would hold prints (R-COMP-5).
        setrlimit(Resource::Core, Rlimit { current: Some(0), maximum: Some(0) })?;
        if let Some(warning) = doctor::swap_warning() {
            tracing::warn!("{warning}");
        }
        let choice = self.backend.choice()?;
        let listener =
            http::bind(self.listen).with_context(|| format!("cannot listen on {}", self.listen))?;
        let address = listener.local_addr()?;
        let startup = Arc::new(Startup::default());
        let starting = Starting::serve(&listener, startup.clone(), tls.clone())?;
        tracing::info!(%address, "starting; /health/ready says how far it is");
        let database = self.directory.open_and_tell(&startup, self.next_wrapping_key.as_ref())?;
        let calibration = match &self.calibration {
            None => Calibration::shipped().clone(),
            Some(file) => Calibration::from_json(&fs_err::read_to_string(file)?)
                .with_context(|| file.display().to_string())?,
        };
        let settings = Settings {
            choice: &choice,
            extraction: extraction_settings()?,
            target_fpir: self.target_fpir,
            sex_is_a_criterion: config.sex_is_a_criterion(self.sex_is_a_criterion),
            clock: Clock::default(),
            calibration,
            checkpoints: CheckpointSettings { every: self.checkpoint_every, recipient: self.checkpoint_to },
            keys: match (self.rotate_wrapping_key_every, self.next_wrapping_key) {
                (Some(age), _) => KeySchedule::Age(age),
                (None, Some(source)) => KeySchedule::Source(source),
                (None, None) => KeySchedule::OnRequest,
            },
        };
        let unit = CentralUnit::open(database, settings, &startup)?;
        let status = unit.status();
        tracing::info!(
            backend = status.backend.kind,
            adapter = status.backend.name,
            records = status.records,
            "ready"
        );
        starting.end()?;
        println!("listening on {}://{address}", if tls.is_some() { "https" } else { "http" });
        let settings = http::Settings {
            requests_a_second: config.requests_a_second(self.requests_a_second),
            mapping: config.mapping(),
            objectives: config.objectives(),
            tls,
        };
        http::serve(unit, listener, settings)?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_positive_and_have_units() {
        let seconds = |text| duration(text).map(|duration| duration.as_secs());
        assert_eq!(
            ["90d", "1h", "1d 2h", "15m", "30s"].map(seconds),
            [7_776_000, 3600, 93_600, 900, 30].map(Ok)
        );
        for bad in ["", "0s", "-1h", "1", "soon", "1mo"] {
            assert!(duration(bad).is_err(), "{bad}");
        }
    }
}
