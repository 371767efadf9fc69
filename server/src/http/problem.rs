//! Errors as RFC 9457 problems: a stable code, a status, what to do, and the field where there is one.
//!
//! A problem never repeats the value of a field: it may be a print, or what should not have been sent at all. It does name the
//! field.

use actix_web::http::{StatusCode, header};
use actix_web::{HttpResponse, ResponseError};
use serde::Serialize;
use utoipa::ToSchema;

pub use super::codes::Code;

/// The code of the problem that a response is of.
#[derive(Debug, Clone, Copy)]
pub struct Refused(pub &'static str);

/// An RFC 9457 problem.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct Problem {
    /// `urn:whorl:problem:` and the code.
    #[serde(rename = "type")]
    #[schema(example = "urn:whorl:problem:field-unknown", pattern = "^urn:whorl:problem:[a-z0-9-]+$")]
    kind: String,
    /// The same for every problem of this code.
    title: &'static str,
    /// HTTP status.
    #[schema(example = 400, minimum = 400, maximum = 599)]
    status: u16,
    /// Stable code, for programs.
    #[schema(value_type = Code)]
    code: &'static str,
    /// What happened and what to do, for people.
    detail: String,
    /// JSON path of the field, where there is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "fingerprints[0].data")]
    field: Option<String>,
}

impl Problem {
    /// A problem, with what to do about it.
    pub fn new(code: Code, detail: impl Into<String>) -> Self {
        let (code, status, title) = code.parts();
        let kind = format!("urn:whorl:problem:{code}");
        Self { kind, title, status: status.as_u16(), code, detail: detail.into(), field: None }
    }

    /// The same, at a field.
    pub fn at(mut self, field: impl Into<String>) -> Self {
        self.field = Some(field.into());
        self
    }

    /// Whether it refuses what was asked (R-ACCESS-4), and is not a fault of the service.
    pub fn is_refusal(&self) -> bool {
        self.status_code().is_client_error()
    }

    /// Its stable code, its detail and its field.
    pub fn parts(&self) -> (&'static str, &str, Option<&str>) {
        (self.code, &self.detail, self.field.as_deref())
    }

    /// What did not become of a body. Values are not repeated: only what was expected in their place.
    pub fn from_json(error: &serde_path_to_error::Error<serde_json::Error>, body: &[u8]) -> Self {
        let inner = error.inner();
        // An enum of the wrong type is a syntax error to the parser, and is none to the sender.
        let well_formed = inner.is_data() || serde_json::from_slice::<serde::de::IgnoredAny>(body).is_ok();
        if !well_formed {
            let place = format!("line {}, column {}", inner.line(), inner.column());
            return Self::new(Code::JsonInvalid, format!("the JSON breaks off or is malformed at {place}"));
        }
        let message = inner.to_string();
        let named = message.split('`').nth(1).filter(|name| is_tellable(name)).unwrap_or_default();
        let parent = error.path().to_string();
        let child = match parent.as_str() {
            "." => named.to_owned(),
            path if path == named || path.ends_with(&format!(".{named}")) => path.to_owned(),
            path => format!("{path}.{named}"),
        };
        let (code, detail, field) = if message.starts_with("unknown field") {
            (Code::FieldUnknown, "remove this field: nothing was kept or changed".to_owned(), child)
        } else if message.starts_with("missing field") {
            (Code::FieldMissing, "add this field".to_owned(), child)
        } else if message.starts_with("duplicate field") {
            (Code::FieldInvalid, "this field stands there twice".to_owned(), child)
        } else {
            (Code::FieldInvalid, format!("expected {}", expected(&message)), parent)
        };
        let problem = Self::new(code, detail);
        if is_tellable(&field) { problem.at(field) } else { problem }
    }
}

/// Whether a name can be told back: one that a sender chose may be of any length, and hold anything.
fn is_tellable(name: &str) -> bool {
    (1..=128).contains(&name.len()) && name != "." && !name.chars().any(char::is_control)
}

/// What should have stood there, in words: without our types' names, and without a place that the field already tells.
fn expected(message: &str) -> &str {
    // What our own types say of themselves repeats no value.
    if message.starts_with("a Member State is ") || message.starts_with("a SHA-256 is ") {
        return message.split(" at line ").next().unwrap_or(message);
    }
    let text =
        message.rsplit_once(", expected ").map_or("another value, see /openapi.json", |(_, rest)| rest);
    let text = text.split(" at line ").next().unwrap_or(text);
    match text {
        "u8" | "u16" => "a whole number",
        "" => "another value, see /openapi.json",
        struct_name if struct_name.starts_with("struct ") => "a JSON object",
        other => other,
    }
}

impl core::fmt::Display for Problem {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str(self.code)
    }
}

impl ResponseError for Problem {
    fn status_code(&self) -> StatusCode {
        StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
    }

    fn error_response(&self) -> HttpResponse {
        let mut response = HttpResponse::build(self.status_code());
        response.insert_header((header::CONTENT_TYPE, "application/problem+json"));
        // For whoever records that it was refused.
        response.extensions_mut().insert(Refused(self.code));
        match self.status {
            401 => drop(response.insert_header((header::WWW_AUTHENTICATE, "Bearer"))),
            429 => drop(response.insert_header((header::RETRY_AFTER, "1"))),
            503 => drop(response.insert_header((header::RETRY_AFTER, "5"))),
            _ => {}
        }
        response.body(serde_json::to_vec(self).unwrap_or_default())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::eurodac::transmission::ApplicantTransmission;

    fn of(body: &str) -> (&'static str, Option<String>, String) {
        let mut json = serde_json::Deserializer::from_str(body);
        let error = serde_path_to_error::deserialize::<_, ApplicantTransmission>(&mut json).err().unwrap();
        let problem = Problem::from_json(&error, body.as_bytes());
        (problem.code, problem.field, problem.detail)
    }

    #[test]
    fn r_data_1_the_field_is_named_and_its_value_is_not_repeated() {
        let (code, field, _) = of(r#"{"category": 1, "name": "Jane"}"#);
        assert_eq!((code, field.as_deref()), ("field-unknown", Some("name")));
        let (code, field, _) = of(r#"{"application": {"place": "Wien", "birth": "x"}}"#);
        assert_eq!((code, field.as_deref()), ("field-unknown", Some("application.birth")));
        let (code, field, detail) = of(r#"{"category": "SECRETSECRET"}"#);
        assert_eq!((code, field.as_deref()), ("field-invalid", Some("category")));
        assert!(!detail.contains("SECRET") && detail.contains("expected a whole number"), "{detail}");
        let (code, field, detail) = of(r#"{"fingerprints_taken_on": "2026-13-01"}"#);
        assert_eq!((code, field.as_deref()), ("field-invalid", Some("fingerprints_taken_on")));
        assert!(!detail.contains("2026-13"), "{detail}");
        let (code, field, _) = of(r#"{"category": 1}"#);
        assert_eq!((code, field.as_deref()), ("field-missing", Some("reference_number")));
        for wrong in ["null", "1", r#"["female"]"#] {
            let (code, field, _) = of(&format!(r#"{{"category": 1, "sex": {wrong}}}"#));
            assert_eq!((code, field.as_deref()), ("field-invalid", Some("sex")), "well-formed JSON: {wrong}");
        }
        let (code, field, detail) = of("[]");
        assert_eq!((code, field, detail.as_str()), ("field-invalid", None, "expected a JSON object"));
        let (code, field, _) = of(r#"{"category": 1, "category": 1}"#);
        assert_eq!((code, field.as_deref()), ("field-invalid", Some("category")));
        let (code, field, _) = of(&format!(r#"{{"{}": 1}}"#, "x".repeat(1000)));
        assert_eq!((code, field), ("field-unknown", None), "a name of any length is not told back");
        let (code, field, _) = of(r#"{"category": 1, "#);
        assert_eq!((code, field), ("json-invalid", None));
    }
}
