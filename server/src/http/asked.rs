//! What a request says of itself beside its content: its `Idempotency-Key`, its `Priority` (RFC 9218), and whether it `Prefer`s to
//! be answered later (RFC 7240).

use actix_web::HttpRequest;
use jiff::Timestamp;

use super::problem::{Code, Problem};
use crate::central_unit::{Asked, Repeatable};

/// Domain separation for digests of requests.
const DIGEST_CONTEXT: &str = "whorl 2026 request";
/// Longest idempotency key. Unit: bytes.
const KEY_BYTES_MAX: usize = 128;

/// The headers of a request, looked at before its body is read.
pub struct Headers {
    key: Option<String>,
    path: String,
    /// R-OPS-4: before others.
    pub urgent: bool,
    /// RFC 7240: by a job.
    pub respond_async: bool,
}

impl Headers {
    /// Reads them.
    pub fn of(request: &HttpRequest) -> Result<Self, Problem> {
        Ok(Self {
            key: idempotency_key(request)?,
            path: request.path().to_owned(),
            urgent: is_urgent(request),
            respond_async: prefers_async(request),
        })
    }

    /// With the body, which an idempotency key stands for together with the path.
    pub fn with(self, body: &[u8], at: Timestamp) -> Asked {
        let digest = self.digest(body);
        Asked { at, urgent: self.urgent, repeatable: self.key.map(|key| Repeatable { key, digest }) }
    }

    /// `Idempotency-Key`.
    pub fn key(&self) -> Option<&str> {
        self.key.as_deref()
    }

    /// R-DATA-3: line `number` of a body, from 1 on: a request of its own, under a key of its own. Never urgent.
    pub fn line(&self, number: usize, line: &[u8], at: Timestamp) -> Asked {
        let repeatable =
            |key: &String| Repeatable { key: format!("{key}:{number}"), digest: self.digest(line) };
        Asked { at, urgent: false, repeatable: self.key.as_ref().map(repeatable) }
    }

    fn digest(&self, body: &[u8]) -> String {
        let mut hasher = blake3::Hasher::new_derive_key(DIGEST_CONTEXT);
        hasher.update(self.path.as_bytes()).update(&[0]).update(body);
        hasher.finalize().to_hex().to_string()
    }
}

fn idempotency_key(request: &HttpRequest) -> Result<Option<String>, Problem> {
    let Some(value) = request.headers().get("Idempotency-Key") else {
        return Ok(None);
    };
    let good =
        |text: &&str| (1..=KEY_BYTES_MAX).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_graphic());
    let key = value.to_str().ok().filter(good);
    let detail = format!("an Idempotency-Key is 1 to {KEY_BYTES_MAX} visible ASCII characters");
    key.map(|key| Some(key.to_owned())).ok_or_else(|| Problem::new(Code::IdempotencyKeyInvalid, detail))
}

/// `Priority: u=0` to `u=2`; 3 is what a request has that says nothing (RFC 9218, section 4.1).
fn is_urgent(request: &HttpRequest) -> bool {
    let value = request.headers().get("Priority").and_then(|value| value.to_str().ok()).unwrap_or_default();
    value.split(',').any(|part| matches!(part.trim(), "u=0" | "u=1" | "u=2"))
}

/// `Prefer: respond-async`, among others and with parameters of whatever kind (RFC 7240, sections 2 and 4.1).
fn prefers_async(request: &HttpRequest) -> bool {
    let values = request.headers().get_all("Prefer").filter_map(|value| value.to_str().ok());
    let preferences = values.flat_map(|value| value.split(','));
    let token = |preference: &str| preference.split(';').next().unwrap_or_default().trim().to_owned();
    preferences.map(token).any(|token| token.eq_ignore_ascii_case("respond-async"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use actix_web::test::TestRequest;

    #[test]
    fn a_preference_is_found_among_others() {
        let prefers = |values: &[&str]| {
            let mut request = TestRequest::default();
            for value in values {
                request = request.append_header(("Prefer", *value));
            }
            prefers_async(&request.to_http_request())
        };
        assert!(prefers(&["respond-async"]) && prefers(&["wait=10, Respond-Async"]));
        assert!(prefers(&["return=minimal", "respond-async; foo=bar"]));
        assert!(!prefers(&[]) && !prefers(&["wait=10"]) && !prefers(&["respond-asynchronously"]));
    }

    #[test]
    fn r_data_3_each_line_of_a_body_is_a_request_of_its_own() {
        let request = TestRequest::with_uri("/v1/imports").insert_header(("Idempotency-Key", "k"));
        let headers = Headers::of(&request.to_http_request()).unwrap();
        let of = |number, line: &[u8]| headers.line(number, line, Timestamp::UNIX_EPOCH).repeatable.unwrap();
        let (first, other) = (of(1, b"{}"), of(1, b"{ }"));
        assert_eq!((first.key.as_str(), of(12, b"{}").key.as_str()), ("k:1", "k:12"));
        assert!(first.digest == of(1, b"{}").digest && first.digest != other.digest);
    }
}
