//! The codes of problems: stable, each with its status and its title.

use actix_web::http::StatusCode;
use utoipa::openapi::RefOr;
use utoipa::openapi::schema::{ObjectBuilder, Schema, Type};
use utoipa::{PartialSchema, ToSchema};

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
    /// An ANSI/NIST-ITL file that breaks the standard.
    TransactionInvalid = "transaction-invalid", BAD_REQUEST, "The ANSI/NIST-ITL file is not valid";
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
    /// An import without it could not be sent again.
    IdempotencyKeyMissing = "idempotency-key-missing", BAD_REQUEST, "An import needs an Idempotency-Key";
    /// Art. 16: no `Whorl-Person`.
    PersonMissing = "person-missing", BAD_REQUEST, "The responsible person is not named";
    /// No credentials.
    AuthenticationRequired = "authentication-required", UNAUTHORIZED, "Credentials are needed";
    /// Wrong credentials.
    AuthenticationFailed = "authentication-failed", UNAUTHORIZED, "The credentials are not valid";
    /// It was a key.
    KeyExpired = "key-expired", UNAUTHORIZED, "The key has expired";
    /// It was an authority.
    AuthorityRevoked = "authority-revoked", UNAUTHORIZED, "The authority has no access any more";
    /// Too much.
    RateLimited = "rate-limited", TOO_MANY_REQUESTS, "Too many requests";
    /// The role may not.
    RoleNotAllowed = "role-not-allowed", FORBIDDEN, "The role does not allow this operation";
    /// R-ACCESS-2: unknown, or another State's.
    RecordNotFound = "record-not-found", NOT_FOUND, "There is no such record";
    /// An operator does not say for whom it acts, a supervisor whose data it looks at.
    StateMissing = "member-state-missing", BAD_REQUEST, "It is not said which Member State it is about";
    /// R-ACCESS-2, of a hit.
    HitNotFound = "hit-not-found", NOT_FOUND, "There is no such hit";
    /// R-ACCESS-2, of a notice.
    NoticeNotFound = "notice-not-found", NOT_FOUND, "There is no such notice";
    /// R-ACCESS-2, of a data subject's request.
    RequestNotFound = "rights-request-not-found", NOT_FOUND, "There is no such request";
    /// R-ACCESS-2, of a job.
    JobNotFound = "job-not-found", NOT_FOUND, "There is no such job";
    /// R-COMP-5: nothing of category 3 is entered.
    CategoryNotImported = "category-not-imported", UNPROCESSABLE_ENTITY, "Category 3 is not imported";
    /// Not on the list.
    AuthorityNotFound = "authority-not-found", NOT_FOUND, "There is no such authority";
    /// Not in the register.
    StateNotFound = "member-state-not-found", NOT_FOUND, "There is no such Member State";
    /// R-OPS-1.
    NotInOperation = "not-in-operation", CONFLICT, "Operations have not started";
    /// R-OPS-1.
    TakesNoPart = "takes-no-part", FORBIDDEN, "The Member State does not take part";
    /// R-OPS-1.
    StartNotPossible = "start-not-possible", CONFLICT, "Operations cannot start";
    /// R-BLOCK-3.
    BlockingEnded = "blocking-ended", CONFLICT, "Nothing is blocked any more";
    /// R-BLOCK-3.
    DecisionNotPossible = "decision-not-possible", CONFLICT, "The decision cannot be recorded";
    /// R-HIT-4.
    VerifiedAlready = "verified-already", CONFLICT, "The hit is verified already";
    /// R-EDIT-2, R-RIGHT-4.
    NothingToAnswer = "nothing-to-answer", FORBIDDEN, "It is not for this authority to answer";
    /// R-EDIT-2.
    ReplyNotAllowed = "reply-not-allowed", UNPROCESSABLE_ENTITY, "The answer does not fit the notice";
    /// Nobody could undo it.
    LastAdministrator = "last-administrator", CONFLICT, "It is the last administrator";
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
    /// R-ERASE-3.
    ErasedMeanwhile = "erased-meanwhile", CONFLICT, "The set was erased meanwhile";
    /// Too large.
    BodyTooLarge = "body-too-large", PAYLOAD_TOO_LARGE, "The body is too large";
    /// A hit that a file cannot hold.
    NotAcceptable = "not-acceptable", NOT_ACCEPTABLE, "It cannot be told in the format asked for";
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

impl PartialSchema for Code {
    fn schema() -> RefOr<Schema> {
        let description = "Stable: a code keeps its meaning. New ones may come, so take one that you do not know by its status.";
        ObjectBuilder::new()
            .schema_type(Type::String)
            .enum_values(Some(Self::ALL.iter().map(|code| code.parts().0)))
            .description(Some(description))
            .into()
    }
}

impl ToSchema for Code {
    fn name() -> std::borrow::Cow<'static, str> {
        "ProblemCode".into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_distinct() {
        let mut codes: Vec<_> = Code::ALL.iter().map(|code| code.parts().0).collect();
        codes.sort_unstable();
        codes.dedup();
        assert_eq!(codes.len(), Code::ALL.len());
    }
}
