//! The Central Unit of the demonstration: a real server process on a free port, spoken to over HTTP like any other.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::Context;
use serde_json::Value;

/// A running `whorl serve`; stopped when dropped.
pub(super) struct Unit {
    process: Child,
    url: String,
    http: ureq::Agent,
}

/// What it answered.
pub(super) struct Answered {
    pub(super) status: u16,
    pub(super) body: Value,
    pub(super) took: Duration,
}

impl Unit {
    /// Starts it and waits until it takes transmissions.
    pub(super) fn start(data: &Path, backend: &[String]) -> anyhow::Result<Self> {
        let log = data.join("log");
        let mut process = Command::new(std::env::current_exe()?)
            .args(["serve", "--listen", "127.0.0.1:0", "--data"])
            .arg(data)
            .args(backend)
            .env("RUST_LOG", "error")
            // Mesa's device-select layer complains on machines without a desktop, and is no use there.
            .env("NODEVICE_SELECT", "1")
            .stdout(Stdio::piped())
            .stderr(fs_err::File::create(&log)?.into_file())
            .spawn()?;
        let output = process.stdout.take().context("the server has no output")?;
        let mut line = String::new();
        BufReader::new(output).read_line(&mut line)?;
        let Some(url) = line.trim().strip_prefix("listening on ") else {
            process.wait()?;
            anyhow::bail!("the server did not start: {}", fs_err::read_to_string(log)?.trim());
        };
        let config = ureq::Agent::config_builder()
            .http_status_as_error(false)
            .timeout_global(Some(Duration::from_secs(120)));
        Ok(Self { url: url.to_owned(), process, http: config.build().into() })
    }

    /// A transmission by an authority.
    pub(super) fn transmit(&self, key: &str, body: &Value) -> anyhow::Result<Answered> {
        let start = Instant::now();
        let request = self.http.post(format!("{}/v1/eurodac/transmissions", self.url));
        let request = request.header("Authorization", format!("Bearer {key}")).header("Whorl-Person", "demo");
        let mut response = request.send_json(body)?;
        let status = response.status().as_u16();
        let body = response.body_mut().with_config().limit(64 << 20).read_json()?;
        Ok(Answered { status, body, took: start.elapsed() })
    }

    /// Back end and adapter in service.
    pub(super) fn adapter(&self) -> anyhow::Result<String> {
        let ready: Value =
            self.http.get(format!("{}/health/ready", self.url)).call()?.body_mut().read_json()?;
        let text = |field: &str| ready[field].as_str().unwrap_or("?").to_owned();
        Ok(format!("{}: {}", text("backend"), text("adapter")))
    }
}

impl Drop for Unit {
    fn drop(&mut self) {
        // It may have died already; nothing of it is to be kept.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
