//! `POST /v1/eurodac/transmissions`: enter (categories 1 and 2) and compare (1 and 3), in one call.

use actix_web::{HttpRequest, HttpResponse, http::header, web};
use jiff::Timestamp;
use serde::Deserialize;
use whorl_engine::stack;

use super::body::{self, parse};
use super::caller::Authenticated;
use super::places::Places;
use super::problem::{Code, Problem};
use super::views::{ComparisonView, TransmissionAnswer};
use crate::access::Transmitter;
use crate::central_unit::{Answer, CentralUnit, Repeatable};
use crate::eurodac::admission::{self, Admitted};
use crate::eurodac::model::Category;
use crate::eurodac::retention::legal_day;

/// Domain separation for digests of request bodies.
const DIGEST_CONTEXT: &str = "whorl 2026 request body";
/// Longest idempotency key. Unit: bytes.
const KEY_BYTES_MAX: usize = 128;

/// Transmit fingerprints.
///
/// Categories 1 and 2 are entered; categories 1 and 3 are compared with what the law allows, and the answer has the result.
/// Of category 3 nothing is kept. Send an `Idempotency-Key` so that a request can be repeated safely: the same key with the same
/// body gives the first answer again.
#[utoipa::path(
    post, path = "/v1/eurodac/transmissions", tag = "eurodac",
    request_body(content = super::openapi::TransmissionBody, content_type = "application/json"),
    params(
        ("Whorl-Person" = String, Header, description = "Responsible person (Art. 16)"),
        ("Idempotency-Key" = Option<String>, Header, description = "1 to 128 visible ASCII characters; not kept for category 3"),
    ),
    responses(
        (status = 201, description = "Entered; `Location` has the record", body = TransmissionAnswer),
        (status = 200, description = "Category 3: compared. Or entered earlier, told again", body = TransmissionAnswer),
        (status = "4XX", description = "Nothing was stored", body = Problem, content_type = "application/problem+json"),
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
    let transmitter = caller.0.transmitter()?;
    let key = idempotency_key(&request)?;
    // A place first, then the body: what waits holds no memory.
    let _place = places.take().await?;
    let body = body::json(&request, payload).await?;
    let work = move || {
        // R-COMP-5: on the stacks of whoever took part.
        let answer = stack::overwritten_after(|| carry_out(&unit, &transmitter, key, body));
        stack::overwrite_on_all();
        answer
    };
    let answer = web::block(work).await.map_err(|_| {
        Problem::new(Code::Unavailable, "the request was dropped; nothing can be said of it")
    })??;
    Ok(respond(answer))
}

fn carry_out(
    unit: &CentralUnit,
    transmitter: &Transmitter,
    key: Option<String>,
    body: Vec<u8>,
) -> Result<Answer, Problem> {
    let now = Timestamp::now();
    let repeatable = key.map(|key| {
        let digest =
            blake3::Hasher::new_derive_key(DIGEST_CONTEXT).update(&body).finalize().to_hex().to_string();
        Repeatable { key, digest }
    });
    let admitted = admit(&body, transmitter, now)?;
    // R-DATA-5: the medium is gone before the comparison begins; freed memory is overwritten.
    drop(body);
    Ok(unit.transmit(admitted, repeatable, transmitter, now)?)
}

/// The category first, since it decides which fields there are.
fn admit(body: &[u8], transmitter: &Transmitter, now: Timestamp) -> Result<Admitted, Problem> {
    #[derive(Deserialize)]
    struct Peek {
        category: Category,
    }
    let (state, today) = (transmitter.state(), legal_day(now));
    let Peek { category } = parse(body)?;
    let admitted = match category {
        Category::Applicant => admission::applicant(parse(body)?, state, today),
        Category::BorderCrossing => admission::border_crossing(parse(body)?, state, today),
        Category::IllegallyPresent => admission::illegally_present(parse(body)?, state),
    };
    Ok(admitted?)
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

fn respond(answer: Answer) -> HttpResponse {
    match answer {
        Answer::Entered { record, comparison, repeated } => {
            let location = format!("/v1/eurodac/records/{}", record.id);
            let mut response = if repeated { HttpResponse::Ok() } else { HttpResponse::Created() };
            response.insert_header((header::LOCATION, location)).json(TransmissionAnswer {
                record_id: Some(record.id),
                entered_at: Some(record.entered_at),
                comparison: ComparisonView::new(comparison),
            })
        }
        Answer::Checked(comparison) => HttpResponse::Ok().json(TransmissionAnswer {
            record_id: None,
            entered_at: None,
            comparison: ComparisonView::new(Some(comparison)),
        }),
    }
}
