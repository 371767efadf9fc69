//! `POST /v1/eurodac/transmissions`: enter (categories 1 and 2) and compare (1 and 3), in one call.

use actix_web::{HttpRequest, HttpResponse, http::header, web};
use jiff::Timestamp;
use serde::Deserialize;
use whorl_engine::stack;

use super::asked::Headers;
use super::blocking::blocking;
use super::body::{self, parse};
use super::caller::Authenticated;
use super::places::Places;
use super::problem::Problem;
use super::views::{ReturnedMedium, TransmissionAnswer};
use crate::access::{Caller, Transmitter};
use crate::central_unit::{Answer, CentralUnit};
use crate::eurodac::admission::{self, Admitted};
use crate::eurodac::model::{Category, MemberState};
use crate::eurodac::retention::legal_day;

/// Transmit fingerprints.
///
/// Categories 1 and 2 are entered; categories 1 and 3 are compared with what the law allows, and the answer has the result.
/// Of category 3 nothing is kept. Send an `Idempotency-Key` so that a request can be repeated safely: the same key with the same
/// body gives the first answer again.
#[utoipa::path(
    post, path = "/v1/eurodac/transmissions", tag = "eurodac",
    request_body(content = super::openapi::TransmissionBody, content_type = "application/json"),
    params(
        ("Idempotency-Key" = Option<String>, Header, description = "1 to 128 visible ASCII characters; not kept for category 3"),
        ("Priority" = Option<String>, Header, description = "`u=0` to `u=2`: answered before others (RFC 9218)"),
    ),
    responses(
        (status = 201, description = "Entered; `Location` has the record", body = TransmissionAnswer),
        (status = 200, description = "Category 3: compared. Or entered earlier, told again", body = TransmissionAnswer),
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
) -> Result<HttpResponse, Problem> {
    // The role first, and a place before the body: what waits holds no memory.
    caller.0.may_transmit()?;
    let headers = Headers::of(&request)?;
    let _place = places.take(headers.urgent).await?;
    let body = body::json(&request, payload).await?;
    let work = move || {
        // R-COMP-5: on the stacks of whoever took part.
        let answer = stack::overwritten_after(|| carry_out(&unit, &caller.0, headers, body));
        stack::overwrite_on_all();
        answer
    };
    Ok(respond(blocking(work).await?))
}

fn carry_out(unit: &CentralUnit, caller: &Caller, headers: Headers, body: Vec<u8>) -> Result<Sent, Problem> {
    let now = unit.now();
    let asked = headers.with(&body, now);
    let (admitted, transmitter) = admit(&body, caller, now)?;
    // R-DATA-5: the medium is gone before the comparison begins; freed memory is overwritten.
    drop(body);
    let kinds = admitted.fingerprints.iter().map(|f| (f.position.code(), f.media_type.clone())).collect();
    Ok(Sent { kinds, answer: unit.transmit(admitted, &transmitter, &asked)? })
}

/// What was carried out, and what the prints were.
struct Sent {
    kinds: Vec<(u8, String)>,
    answer: Answer,
}

/// The category first, since it decides which fields there are; and for whom it is sent.
fn admit(body: &[u8], caller: &Caller, now: Timestamp) -> Result<(Admitted, Transmitter), Problem> {
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

fn respond(Sent { kinds, answer }: Sent) -> HttpResponse {
    match answer {
        Answer::Entered { record, told, repeated, media } => {
            let location = format!("/v1/eurodac/records/{}", record.id);
            let mut response = if repeated { HttpResponse::Ok() } else { HttpResponse::Created() };
            let medium =
                |((position, media_type), data)| ReturnedMedium { position, media_type, data: Some(data) };
            response.insert_header((header::LOCATION, location)).json(TransmissionAnswer {
                record_id: Some(record.id),
                entered_at: Some(record.entered_at),
                comparison: told.into(),
                returned_media: media.map(|media| kinds.into_iter().zip(media).map(medium).collect()),
            })
        }
        Answer::Checked(told) => HttpResponse::Ok().json(TransmissionAnswer {
            record_id: None,
            entered_at: None,
            comparison: told.into(),
            returned_media: None,
        }),
    }
}
