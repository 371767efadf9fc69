//! Requests to a Central Unit: sent again, after a while, as long as that can help.

use std::time::{Duration, Instant};

use anyhow::{Context, bail};
use serde::Deserialize;
use ureq::http::{HeaderValue, Response, header};
use ureq::{Agent, Body};
use zeroize::Zeroizing;

use super::chunks::Lines;
use crate::cli::used_wrongly;
use crate::http::ImportAnswer;

/// Longest that it waits before it sends a request again. Unit: seconds.
const WAIT_MAX_SECONDS: u64 = 60;
/// Longest that a connection takes.
const CONNECT_MAX: Duration = Duration::from_secs(10);
/// Longest that an answer takes: hundreds of images on few cores.
const ANSWER_MAX: Duration = Duration::from_secs(3600);
/// Answers are small. Unit: bytes.
const ANSWER_BYTES_MAX: u64 = 4 << 20;

/// Who sends, and where to.
pub struct Client {
    http: Agent,
    url: String,
    authorization: HeaderValue,
    person: HeaderValue,
    patience: Duration,
}

/// What is read of a problem.
#[derive(Deserialize)]
struct Problem {
    code: String,
    detail: String,
}

impl Client {
    /// An authority's, which sends a request again for so long.
    pub fn new(url: &str, key: &str, person: &str, patience: Duration) -> anyhow::Result<Self> {
        let header = |text: &str, what: &str| {
            let value =
                HeaderValue::from_bytes(text.trim().as_bytes()).ok().filter(|value| !value.is_empty());
            value.ok_or_else(|| {
                used_wrongly(&format!("{what} cannot be sent: it is empty, or has control characters"))
            })
        };
        let bearer = Zeroizing::new(format!("Bearer {key}"));
        let mut authorization = header(if key.is_empty() { "" } else { &bearer }, "the key")?;
        authorization.set_sensitive(true);
        let config = Agent::config_builder()
            .http_status_as_error(false)
            .timeout_connect(Some(CONNECT_MAX))
            .timeout_recv_response(Some(ANSWER_MAX));
        Ok(Self {
            http: config.build().into(),
            url: format!("{url}/v1/imports"),
            authorization,
            person: header(person, "--person")?,
            patience,
        })
    }

    /// Sends no lines: whether the key, the person and the service are good. A refusal that comes before a long request is sent can be
    /// read; one that comes while it is sent looks like a broken connection.
    ///
    /// # Errors
    /// As of [`Self::send`].
    pub fn greet(&self, tell: &mut dyn FnMut(&str)) -> anyhow::Result<()> {
        let nothing = Lines { before: 0, key: "nothing".into(), bytes: Vec::new() };
        self.send(&nothing, tell).map(drop)
    }

    /// Sends lines until they are answered for; `tell` is told why it waits. Lines have the numbers of the file.
    ///
    /// # Errors
    /// What sending them again does not mend, or has not mended.
    pub fn send(&self, lines: &Lines, tell: &mut dyn FnMut(&str)) -> anyhow::Result<ImportAnswer> {
        let (start, mut tries) = (Instant::now(), 0u32);
        loop {
            let (why, asked) = match self.once(lines) {
                Ok(response) if matches!(response.status().as_u16(), 429 | 502..=504) => {
                    let asked = retry_after(&response);
                    (problem(response), asked)
                }
                Ok(response) => return answer(response, lines.before),
                Err(error) => (error.to_string(), None),
            };
            let wait = Duration::from_secs(asked.unwrap_or(1 << tries.min(6)).min(WAIT_MAX_SECONDS));
            if start.elapsed() + wait > self.patience {
                bail!("{why}");
            }
            tell(&format!("{why}; it is sent again in {} s", wait.as_secs()));
            std::thread::sleep(wait);
            tries += 1;
        }
    }

    fn once(&self, lines: &Lines) -> Result<Response<Body>, ureq::Error> {
        let request = self.http.post(&self.url).header(header::CONTENT_TYPE, "application/x-ndjson");
        let request = request.header(header::AUTHORIZATION, &self.authorization);
        let request = request.header("Whorl-Person", &self.person).header("Idempotency-Key", &lines.key);
        request.send(&lines.bytes)
    }
}

fn answer(mut response: Response<Body>, before: usize) -> anyhow::Result<ImportAnswer> {
    if response.status().as_u16() != 200 {
        bail!("{}", problem(response));
    }
    let body = response.body_mut().with_config().limit(ANSWER_BYTES_MAX);
    let mut answer: ImportAnswer =
        body.read_json().context("this is no Central Unit, or another version of it")?;
    answer.rejects.iter_mut().for_each(|reject| reject.line += before);
    Ok(answer)
}

/// What a response says that is no answer.
fn problem(mut response: Response<Body>) -> String {
    let status = response.status();
    let said: Result<Problem, _> = response.body_mut().with_config().limit(ANSWER_BYTES_MAX).read_json();
    match said {
        Ok(Problem { code, detail }) => format!("{code}: {detail}"),
        Err(_) => format!("answered {status}"),
    }
}

/// Unit: seconds.
fn retry_after(response: &Response<Body>) -> Option<u64> {
    response.headers().get(header::RETRY_AFTER)?.to_str().ok()?.parse().ok()
}
