//! `POST /v1/imports`: many transmissions of categories 1 and 2 in one request, a line each.

mod lines;

use actix_web::{HttpRequest, HttpResponse, web};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::asked::Headers;
use super::blocking::blocking;
use super::body;
use super::caller::Authenticated;
use super::jobs::{Accepted, JobView, Jobs, Kind, Outcome};
use super::places::Places;
use super::problem::{Code, Problem};
use crate::ansi_nist::Mapping;
use crate::central_unit::CentralUnit;
use lines::Import;

/// What an import is sent as.
const NDJSON: &str = "application/x-ndjson";

/// What became of the lines of an import.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = ImportAnswer)]
pub struct ImportAnswer {
    /// Lines that were entered, and compared.
    pub entered: usize,
    /// Lines that had been entered under the same `Idempotency-Key`.
    pub repeated: usize,
    /// Lines that were refused, of which nothing is kept.
    pub rejected: usize,
    /// Hits of the lines that are entered: `GET /v1/eurodac/hits` has them. 0 for a central operator, who is not told.
    pub hits: usize,
    /// The first of those rejected, by line: 1000 at most.
    pub rejects: Vec<Reject>,
}

/// A line that was refused.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = RejectedLine)]
pub struct Reject {
    /// Its number, from 1 on; blank lines count.
    pub line: usize,
    /// Its reference number, where that could be read and is one of the State's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reference_number: Option<String>,
    /// Code of the problem.
    #[schema(example = "fingerprint-too-poor")]
    pub code: String,
    /// JSON path of the field, where there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub field: Option<String>,
    /// What happened and what to do, for people.
    pub detail: String,
}

/// Enter many sets of categories 1 and 2.
///
/// Each line is a transmission, as for `POST /v1/eurodac/transmissions`, or `{"ansi_nist_itl": "<a file, base64>"}`, and is entered
/// and compared as if it had been sent alone; a bad one is refused, and no other with it. Category 3 is not imported. Line N has the
/// idempotency key `<Idempotency-Key>:N`, so the same import sent again enters nothing twice, and goes on where it was cut off. Blank
/// lines are passed over. With `Prefer: respond-async` the answer is fetched from a job, which counts the lines.
#[utoipa::path(
    post, path = "/v1/imports", tag = "jobs",
    request_body(content = String, content_type = "application/x-ndjson", description = "Transmissions, a line each; 16 MiB at most"),
    params(
        (
            "Idempotency-Key" = String, Header, pattern = "^[!-~]{1,128}$",
            description = "1 to 128 visible ASCII characters; needed",
        ),
        ("Prefer" = Option<String>, Header, description = "`respond-async`: be answered 202 with a job (RFC 7240)"),
    ),
    responses(
        (status = 200, description = "What became of the lines", body = ImportAnswer),
        (
            status = 202, description = "A job does it; `Location` has the job", body = JobView,
            headers(("Location" = String, description = "Path of the job")),
        ),
        (
            status = 503,
            description = "Not finished, partly entered perhaps: send it again with the same Idempotency-Key",
            body = Problem,
            content_type = "application/problem+json",
        ),
    ),
    security(("key" = []))
)]
pub async fn import(
    caller: Authenticated,
    request: HttpRequest,
    payload: web::Payload,
    unit: web::Data<CentralUnit>,
    places: web::Data<Places>,
    (jobs, mapping): (web::Data<Jobs>, web::Data<Mapping>),
) -> Result<HttpResponse, Problem> {
    caller.0.may_transmit()?;
    let headers = Headers::of(&request)?;
    if headers.key().is_none() {
        let detail = "send one, so that the import can be sent again when it was cut off";
        return Err(Problem::new(Code::IdempotencyKeyMissing, detail));
    }
    let (caller, at) = (caller.0, unit.now());
    if headers.respond_async {
        let accepted = Accepted::take_in(&jobs, Kind::Import, &caller, &request, &unit)?;
        let (mut body, _) = body::read(&request, payload, &[NDJSON]).await?;
        let job = accepted.job();
        let work = async move {
            let _place = places.wait_for_import().await?;
            job.begin(None);
            let import = Import { unit, caller, headers, at, mapping, job: Some(job) };
            blocking(move || import.carry_out(&mut body).map(Outcome::Import)).await
        };
        return Ok(accepted.later(work));
    }
    let _place = places.take_for_import().await?;
    let (mut body, _) = body::read(&request, payload, &[NDJSON]).await?;
    let import = Import { unit, caller, headers, at, mapping, job: None };
    let answer = blocking(move || import.carry_out(&mut body)).await?;
    Ok(HttpResponse::Ok().json(answer))
}
