//! Errors as RFC 9457 problems: a stable code, a status, what to do, and the field where there is one.
//!
//! A problem never repeats the value of a field: it may be a print, or what should not have been sent at all. It does name the
//! field.

use actix_web::http::{StatusCode, header};
use actix_web::{HttpResponse, ResponseError};
use serde::Serialize;
use utoipa::ToSchema;

use crate::access::Denied;
use crate::central_unit::{ErasureError, PrintError, TransmissionError};
use crate::eurodac::admission::{Reason, Refusal};
use crate::store::StoreError;
use whorl_engine::extraction::ExtractionError;

macro_rules! codes {
    ($($(#[$doc:meta])* $name:ident = $code:literal, $status:ident, $title:literal;)*) => {
        /// Every code that this service answers. Codes are stable: programs may rely on them.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub enum Code { $($(#[$doc])* $name),* }

        impl Code {
            /// All of them.
            pub const ALL: &'static [Self] = &[$(Self::$name),*];

            /// Code, status and title.
            pub fn parts(self) -> (&'static str, StatusCode, &'static str) {
                match self { $(Self::$name => ($code, StatusCode::$status, $title)),* }
            }
        }
    };
}

codes! {
    /// The body is not JSON.
    JsonInvalid = "json-invalid", BAD_REQUEST, "The body is not valid JSON";
    /// R-DATA-1.
    FieldUnknown = "field-unknown", BAD_REQUEST, "A field is not in the closed list of the category";
    /// A field that must be there is not.
    FieldMissing = "field-missing", BAD_REQUEST, "A field is missing";
    /// Wrong type, or out of range.
    FieldInvalid = "field-invalid", BAD_REQUEST, "A field has a value that it cannot have";
    /// Not base64.
    Base64Invalid = "base64-invalid", BAD_REQUEST, "Fingerprint data are not valid base64";
    /// A query parameter.
    QueryInvalid = "query-invalid", BAD_REQUEST, "A query parameter is not valid";
    /// `Idempotency-Key` out of form.
    IdempotencyKeyInvalid = "idempotency-key-invalid", BAD_REQUEST, "The Idempotency-Key is not valid";
    /// Art. 16: no `Whorl-Person`.
    PersonMissing = "person-missing", BAD_REQUEST, "The responsible person is not named";
    /// No credentials.
    AuthenticationRequired = "authentication-required", UNAUTHORIZED, "Credentials are needed";
    /// Wrong credentials.
    AuthenticationFailed = "authentication-failed", UNAUTHORIZED, "The credentials are not valid";
    /// The role may not.
    RoleNotAllowed = "role-not-allowed", FORBIDDEN, "The role does not allow this operation";
    /// R-ACCESS-2: unknown, or another State's.
    RecordNotFound = "record-not-found", NOT_FOUND, "There is no such record";
    /// The gallery is not filled yet.
    Starting = "starting", SERVICE_UNAVAILABLE, "The service is starting";
    /// No such monitoring procedure.
    ProcedureNotFound = "procedure-not-found", NOT_FOUND, "There is no such monitoring procedure";
    /// No such path.
    PathNotFound = "path-not-found", NOT_FOUND, "There is nothing at this path";
    /// Not with this method.
    MethodNotAllowed = "method-not-allowed", METHOD_NOT_ALLOWED, "The method is not allowed here";
    /// R-DATA-3.
    ReferenceNumberTaken = "reference-number-taken", CONFLICT, "The reference number is in use";
    /// The key was used for another request.
    IdempotencyKeyReused = "idempotency-key-reused", CONFLICT, "The Idempotency-Key was used for another request";
    /// Too large.
    BodyTooLarge = "body-too-large", PAYLOAD_TOO_LARGE, "The body is too large";
    /// Not JSON by its content type.
    ContentTypeUnsupported = "content-type-unsupported", UNSUPPORTED_MEDIA_TYPE, "The content type is not supported";
    /// R-DATA-2.
    AttestationMissing = "attestation-missing", UNPROCESSABLE_ENTITY, "An attestation is missing";
    /// R-DATA-4.
    DateInFuture = "date-in-future", UNPROCESSABLE_ENTITY, "A date is in the future";
    /// R-DATA-4.
    RetentionPassed = "retention-passed", UNPROCESSABLE_ENTITY, "The retention of the data has passed";
    /// R-DATA-8.
    ReferenceNumberInvalid = "reference-number-invalid", UNPROCESSABLE_ENTITY, "The reference number has the wrong form";
    /// R-ERASE-1.
    GroundNotAllowed = "ground-not-allowed", UNPROCESSABLE_ENTITY, "The data cannot be erased on this ground";
    /// R-COMP-3.
    NeverCompared = "never-compared", UNPROCESSABLE_ENTITY, "Category 2 is not compared";
    /// R-DATA-5 is not built yet.
    ReturnUnavailable = "return-media-unavailable", UNPROCESSABLE_ENTITY, "The medium cannot be returned";
    /// A media type of a print.
    MediaTypeUnsupported = "media-type-unsupported", UNPROCESSABLE_ENTITY, "The fingerprint's media type is not supported";
    /// No resolution, or one out of range, or one too many.
    ResolutionInvalid = "resolution-invalid", UNPROCESSABLE_ENTITY, "The fingerprint's resolution is not valid";
    /// An image that cannot be read.
    ImageInvalid = "image-invalid", UNPROCESSABLE_ENTITY, "The fingerprint image cannot be used";
    /// A minutiae record that cannot be read.
    TemplateInvalid = "template-invalid", UNPROCESSABLE_ENTITY, "The minutiae record cannot be used";
    /// R-DATA-6.
    FingerprintTooPoor = "fingerprint-too-poor", UNPROCESSABLE_ENTITY, "The fingerprint is too poor to compare";
    /// The extractor crashed or took too long on this image.
    ExtractionFailed = "extraction-failed", UNPROCESSABLE_ENTITY, "No minutiae could be extracted from the image";
    /// Busy; try again.
    Busy = "busy", SERVICE_UNAVAILABLE, "The service is busy";
    /// Nothing was done.
    Unavailable = "unavailable", SERVICE_UNAVAILABLE, "The service cannot work now";
}

/// An RFC 9457 problem.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct Problem {
    /// `urn:whorl:problem:` and the code.
    #[serde(rename = "type")]
    #[schema(example = "urn:whorl:problem:field-unknown")]
    kind: String,
    /// The same for every problem of this code.
    title: &'static str,
    /// HTTP status.
    status: u16,
    /// Stable code, for programs.
    #[schema(example = "field-unknown")]
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
            (Code::FieldUnknown, "remove this field: nothing of the transmission was kept".to_owned(), child)
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
        match self.status {
            401 => drop(response.insert_header((header::WWW_AUTHENTICATE, "Bearer"))),
            503 => drop(response.insert_header((header::RETRY_AFTER, "5"))),
            _ => {}
        }
        response.body(serde_json::to_vec(self).unwrap_or_default())
    }
}

impl From<Refusal> for Problem {
    fn from(refusal: Refusal) -> Self {
        let code = match refusal.reason {
            Reason::AttestationMissing => Code::AttestationMissing,
            Reason::DateInFuture => Code::DateInFuture,
            Reason::RetentionPassed => Code::RetentionPassed,
            Reason::ReferenceNumberInvalid => Code::ReferenceNumberInvalid,
            Reason::FieldInvalid => Code::FieldInvalid,
            Reason::Base64Invalid => Code::Base64Invalid,
            Reason::NeverCompared => Code::NeverCompared,
            Reason::ReturnUnavailable => Code::ReturnUnavailable,
        };
        Self::new(code, refusal.detail).at(refusal.field)
    }
}

impl From<Denied> for Problem {
    fn from(denied: Denied) -> Self {
        Self::new(Code::RoleNotAllowed, denied.to_string())
    }
}

impl From<StoreError> for Problem {
    fn from(error: StoreError) -> Self {
        tracing::error!(%error, "the store failed");
        Self::new(
            Code::Unavailable,
            "the data could not be read or written; nothing can be relied on to have been stored",
        )
    }
}

impl From<ErasureError> for Problem {
    fn from(error: ErasureError) -> Self {
        match error {
            ErasureError::NotFound => Self::new(Code::RecordNotFound, error.to_string()),
            ErasureError::GroundNotAllowed => {
                Self::new(Code::GroundNotAllowed, error.to_string()).at("ground")
            }
            ErasureError::Store(error) => error.into(),
        }
    }
}

impl From<TransmissionError> for Problem {
    fn from(error: TransmissionError) -> Self {
        match error {
            TransmissionError::Print { index, error } => of_print(index, &error),
            TransmissionError::ReferenceNumberTaken => {
                Self::new(Code::ReferenceNumberTaken, error.to_string()).at("reference_number")
            }
            TransmissionError::KeyReused => Self::new(Code::IdempotencyKeyReused, error.to_string()),
            TransmissionError::Store(error) => error.into(),
            TransmissionError::NotCompared(ref cause) => {
                tracing::error!(%cause, "a set is entered and not compared");
                Self::new(
                    Code::Unavailable,
                    format!("{error}; repeat the request with the same Idempotency-Key then"),
                )
            }
            TransmissionError::Full(_) => Self::new(Code::Unavailable, error.to_string()),
        }
    }
}

fn of_print(index: usize, error: &PrintError) -> Problem {
    let (code, field) = match error {
        PrintError::MediaType(_) => (Code::MediaTypeUnsupported, "media_type"),
        PrintError::Resolution(_) | PrintError::Extraction(ExtractionError::Resolution(_)) => {
            (Code::ResolutionInvalid, "resolution_ppi")
        }
        PrintError::Record(_) | PrintError::WrongFinger(_) => (Code::TemplateInvalid, "data"),
        PrintError::TooPoor { .. } => (Code::FingerprintTooPoor, "data"),
        PrintError::Extraction(ExtractionError::Busy) => (Code::Busy, "data"),
        PrintError::Extraction(ExtractionError::Unavailable(_)) => (Code::Unavailable, "data"),
        PrintError::Extraction(
            ExtractionError::Died | ExtractionError::TimedOut(_) | ExtractionError::Mindtct(_),
        ) => (Code::ExtractionFailed, "data"),
        PrintError::Extraction(_) => (Code::ImageInvalid, "data"),
    };
    let detail = match error {
        // The one message that could carry what was sent.
        PrintError::MediaType(_) => format!("send one of {}", crate::central_unit::MEDIA_TYPES.join(", ")),
        other => other.to_string(),
    };
    Problem::new(code, detail).at(format!("fingerprints[{index}].{field}"))
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
    fn codes_are_distinct() {
        let mut codes: Vec<_> = Code::ALL.iter().map(|code| code.parts().0).collect();
        codes.sort_unstable();
        codes.dedup();
        assert_eq!(codes.len(), Code::ALL.len());
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
