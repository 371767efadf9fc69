//! Request bodies: read within a limit, into memory that is overwritten when it is freed.

use actix_web::web::{self, Payload};
use actix_web::{HttpRequest, http::header};
use futures_util::StreamExt;
use serde::de::DeserializeOwned;

use super::problem::{Code, Problem};

/// Largest body. Ten uncompressed prints at 500 ppi, base64, are about half of it. Unit: bytes.
pub const BODY_BYTES_MAX: usize = 16 << 20;
/// A body over the limit is read up to here and thrown away, so that its sender gets the answer and not a broken pipe.
const DRAIN_BYTES_MAX: usize = 64 << 20;

/// What most bodies are.
pub const JSON: &str = "application/json";

/// Reads a JSON body.
pub async fn json(request: &HttpRequest, payload: Payload) -> Result<Vec<u8>, Problem> {
    Ok(read(request, payload, &[JSON]).await?.0)
}

/// Reads a body of one of these types, and says of which.
pub async fn read(
    request: &HttpRequest,
    mut payload: Payload,
    media_types: &[&'static str],
) -> Result<(Vec<u8>, &'static str), Problem> {
    let content_type = request.headers().get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
    let essence = content_type.unwrap_or_default().split(';').next().unwrap_or_default().trim();
    let Some(media_type) = media_types.iter().find(|known| essence.eq_ignore_ascii_case(known)) else {
        let detail = format!("send `Content-Type: {}`", media_types.join("` or `"));
        return Err(Problem::new(Code::ContentTypeUnsupported, detail));
    };
    if request.headers().get(header::CONTENT_ENCODING).is_some_and(|encoding| encoding != "identity") {
        let detail = "send it without Content-Encoding: bodies are not unpacked";
        return Err(Problem::new(Code::ContentTypeUnsupported, detail));
    }
    let announced = announced(request);
    // Reserved at once: a buffer that grows leaves copies behind.
    let mut body = Vec::with_capacity(announced.unwrap_or(64 << 10).min(BODY_BYTES_MAX));
    let mut received = 0usize;
    while let Some(chunk) = payload.next().await {
        let chunk: web::Bytes =
            chunk.map_err(|_| Problem::new(Code::JsonInvalid, "the body could not be read to its end"))?;
        received += chunk.len();
        if received > DRAIN_BYTES_MAX {
            break;
        }
        if received <= BODY_BYTES_MAX {
            body.extend_from_slice(&chunk);
        } else {
            body.clear();
        }
    }
    if received > BODY_BYTES_MAX {
        let detail =
            format!("a body is at most {BODY_BYTES_MAX} bytes; compress the images, send an import in parts");
        return Err(Problem::new(Code::BodyTooLarge, detail));
    }
    Ok((body, media_type))
}

/// How long the body will be, as its sender says. Unit: bytes.
pub fn announced(request: &HttpRequest) -> Option<usize> {
    request.headers().get(header::CONTENT_LENGTH).and_then(|value| value.to_str().ok()?.parse().ok())
}

/// A value from a JSON body; what is wrong with it names the field.
pub fn parse<T: DeserializeOwned>(body: &[u8]) -> Result<T, Problem> {
    let mut json = serde_json::Deserializer::from_slice(body);
    let value =
        serde_path_to_error::deserialize(&mut json).map_err(|error| Problem::from_json(&error, body))?;
    json.end().map_err(|_| Problem::new(Code::JsonInvalid, "something follows the JSON object"))?;
    Ok(value)
}
