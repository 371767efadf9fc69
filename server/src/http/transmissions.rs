//! `POST /v1/eurodac/transmissions`: enter (categories 1 and 2) and compare (1 and 3), in one call.

use actix_web::http::{StatusCode, header};
use actix_web::{HttpRequest, HttpResponse, web};
use jiff::Timestamp;
use serde::Deserialize;
use whorl_engine::stack;

use super::ansi_nist::{self, Names, Sent};
use super::asked::Headers;
use super::blocking::blocking;
use super::body::{self, parse};
use super::caller::Authenticated;
use super::jobs::{Accepted, JobView, Jobs, Kind, Outcome};
use super::places::Places;
use super::problem::Problem;
use super::views::{ReturnedMedium, TransmissionAnswer};
use crate::access::{Caller, Transmitter};
use crate::ansi_nist::Mapping;
use crate::central_unit::{Answer, Asked, CentralUnit};
use crate::eurodac::admission::{self, Admitted};
use crate::eurodac::model::{Category, MemberState};
use crate::eurodac::retention::legal_day;

/// Transmit fingerprints.
///
/// Categories 1 and 2 are entered; categories 1 and 3 are compared with what the law allows, and the answer has the result.
/// Of category 3 nothing is kept. Send an `Idempotency-Key` so that a request can be repeated safely: the same key with the same
/// body gives the first answer again. The body may be an ANSI/NIST-ITL file, whose fields are those
/// of the table in the guide on formats. With `Prefer: respond-async` the answer is fetched from a job.
#[utoipa::path(
    post, path = "/v1/eurodac/transmissions", tag = "eurodac",
    request_body(content(
        (super::openapi::TransmissionBody = "application/json"),
        (super::openapi::File = "application/x-ansi-nist-itl"),
    )),
    params(
        (
            "Idempotency-Key" = Option<String>, Header, pattern = "^[!-~]{1,128}$",
            description = "1 to 128 visible ASCII characters; not kept for category 3",
        ),
        ("Prefer" = Option<String>, Header, description = "`respond-async`: be answered 202 with a job (RFC 7240)"),
        ("Priority" = Option<String>, Header, description = "`u=0` to `u=2`: answered before others (RFC 9218)"),
    ),
    responses(
        (
            status = 201, description = "Entered; `Location` has the record", body = TransmissionAnswer,
            headers(("Location" = String, description = "Path of the record")),
        ),
        (
            status = 200, description = "Category 3: compared. Or entered earlier, told again", body = TransmissionAnswer,
            headers(("Location" = String, description = "Of a set that was entered earlier: path of the record")),
        ),
        (
            status = 202, description = "A job does it; `Location` has the job", body = JobView,
            headers(("Location" = String, description = "Path of the job")),
        ),
        (
            status = 503,
            description = "Not finished, perhaps entered: send it again with the same Idempotency-Key",
            body = Problem,
            content_type = "application/problem+json",
        ),
    ),
    security(("key" = []))
)]
pub async fn transmit(
    caller: Authenticated,
    request: HttpRequest,
    payload: web::Payload,
    unit: web::Data<CentralUnit>,
    places: web::Data<Places>,
    (jobs, mapping): (web::Data<Jobs>, web::Data<Mapping>),
) -> Result<HttpResponse, Problem> {
    // The role first, and a place before the body: what waits holds no memory.
    caller.0.may_transmit()?;
    let headers = Headers::of(&request)?;
    if headers.respond_async {
        let accepted = Accepted::take_in(&jobs, Kind::Transmission, &caller.0, &request, &unit)?;
        let place = places.take(headers.urgent).await?;
        let body = body::read(&request, payload, &TYPES).await?;
        let job = accepted.job();
        let work = async move {
            let _place = place;
            job.begin(Some(1));
            let at = job.submitted_at;
            let sent = Received { caller: caller.0, headers, body, mapping };
            blocking(move || overwritten(|| carry_out_for_later(&unit, sent, at))).await
        };
        return Ok(accepted.later(work));
    }
    let _place = places.take(headers.urgent).await?;
    let body = body::read(&request, payload, &TYPES).await?;
    let sent = Received { caller: caller.0, headers, body, mapping };
    Ok(respond(blocking(move || overwritten(|| carry_out(&unit, sent))).await?))
}

/// R-COMP-5: does it, and overwrites what it left on the stacks of whoever took part.
fn overwritten<T>(work: impl FnOnce() -> T) -> T {
    let outcome = stack::overwritten_after(work);
    stack::overwrite_on_all();
    outcome
}

/// What a transmission is sent as.
const TYPES: [&str; 2] = [body::JSON, ansi_nist::MEDIA_TYPE];

/// A request, read to its end.
struct Received {
    caller: Caller,
    headers: Headers,
    /// With its type.
    body: (Vec<u8>, &'static str),
    mapping: web::Data<Mapping>,
}

impl Received {
    /// What it asks for, when it arrived.
    fn admitted(self, at: Timestamp, now: Timestamp) -> Result<Request, Problem> {
        let Self { caller, headers, body: (body, media_type), mapping } = self;
        let asked = headers.with(&body, at);
        // R-DATA-5: the medium is gone before the comparison begins; freed memory is overwritten.
        let Sent { json, names } = Sent::of(body, media_type, &mapping)?;
        let (admitted, transmitter) = admit(&json, &caller, now).map_err(|problem| names.told(problem))?;
        Ok(Request { kinds: kinds(&admitted), admitted, transmitter, asked, names })
    }
}

/// What a request asks for.
struct Request {
    admitted: Admitted,
    transmitter: Transmitter,
    asked: Asked,
    kinds: Kinds,
    names: Names,
}

fn carry_out(unit: &CentralUnit, received: Received) -> Result<(Kinds, Answer), Problem> {
    let now = unit.now();
    let Request { admitted, transmitter, asked, kinds, names } = received.admitted(now, now)?;
    let answer = unit.transmit(admitted, &transmitter, &asked);
    Ok((kinds, answer.map_err(|error| names.told(error.into()))?))
}

/// The same, of what arrived earlier and is answered later.
fn carry_out_for_later(unit: &CentralUnit, received: Received, at: Timestamp) -> Result<Outcome, Problem> {
    let Request { admitted, transmitter, asked, kinds, names } = received.admitted(at, unit.now())?;
    let deferred = unit.transmit_for_later(admitted, transmitter, asked);
    Ok(Outcome::Transmission(Box::new(deferred.map_err(|error| names.told(error.into()))?), kinds))
}

/// Positions and media types of prints, as they were sent.
pub(super) type Kinds = Vec<(u8, String)>;

fn kinds(admitted: &Admitted) -> Kinds {
    admitted.fingerprints.iter().map(|f| (f.position.code(), f.media_type.clone())).collect()
}

/// The category first, since it decides which fields there are; and for whom it is sent.
pub(super) fn admit(
    body: &[u8],
    caller: &Caller,
    now: Timestamp,
) -> Result<(Admitted, Transmitter), Problem> {
    #[derive(Deserialize)]
    struct Peek {
        category: Category,
        on_behalf_of: Option<MemberState>,
    }
    let Peek { category, on_behalf_of } = parse(body)?;
    let transmitter = caller.transmitter(on_behalf_of)?;
    let (state, today) = (transmitter.state(), legal_day(now));
    let admitted = match category {
        Category::Applicant => admission::applicant(parse(body)?, state, today),
        Category::BorderCrossing => admission::border_crossing(parse(body)?, state, today),
        Category::IllegallyPresent => admission::illegally_present(parse(body)?, state),
    };
    Ok((admitted?, transmitter))
}

fn respond((kinds, answer): (Kinds, Answer)) -> HttpResponse {
    let (status, answer) = told(kinds, answer);
    let mut response = HttpResponse::build(status);
    if let Some(id) = answer.record_id {
        response.insert_header((header::LOCATION, format!("/v1/eurodac/records/{id}")));
    }
    response.json(answer)
}

/// Status and body of an answer.
pub(super) fn told(kinds: Kinds, answer: Answer) -> (StatusCode, TransmissionAnswer) {
    match answer {
        Answer::Entered { record, told, repeated, media } => {
            let status = if repeated { StatusCode::OK } else { StatusCode::CREATED };
            let medium =
                |((position, media_type), data)| ReturnedMedium { position, media_type, data: Some(data) };
            let answer = TransmissionAnswer {
                record_id: Some(record.id),
                entered_at: Some(record.entered_at),
                comparison: told.into(),
                returned_media: media.map(|media| kinds.into_iter().zip(media).map(medium).collect()),
            };
            (status, answer)
        }
        Answer::Checked(told) => {
            let comparison = told.into();
            let answer =
                TransmissionAnswer { record_id: None, entered_at: None, comparison, returned_media: None };
            (StatusCode::OK, answer)
        }
    }
}
