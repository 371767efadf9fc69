//! What a request says of itself beside its content: its `Idempotency-Key`, and its `Priority` (RFC 9218).

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
}

impl Headers {
    /// Reads them.
    pub fn of(request: &HttpRequest) -> Result<Self, Problem> {
        Ok(Self {
            key: idempotency_key(request)?,
            path: request.path().to_owned(),
            urgent: is_urgent(request),
        })
    }

    /// With the body, which an idempotency key stands for together with the path.
    pub fn with(self, body: &[u8], at: Timestamp) -> Asked {
        let Self { key, path, urgent } = self;
        let repeatable = key.map(|key| {
            let mut hasher = blake3::Hasher::new_derive_key(DIGEST_CONTEXT);
            hasher.update(path.as_bytes()).update(&[0]).update(body);
            Repeatable { key, digest: hasher.finalize().to_hex().to_string() }
        });
        Asked { at, urgent, repeatable }
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
