//! `/v1/eurodac/rights-requests`: what data subjects ask for, and what States of origin decide (Art. 18).

use actix_web::web::{self, Query};
use actix_web::{HttpRequest, HttpResponse};
use jiff::Timestamp;
use jiff::civil::Date;
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;
use whorl_engine::stack;

use super::asked::Headers;
use super::blocking::blocking;
use super::body;
use super::caller::Authenticated;
use super::lists::{self, PageQuery};
use super::places::Places;
use super::problem::Problem;
use super::records::id;
use super::views::RecordView;
use crate::access::Caller;
use crate::central_unit::{CentralUnit, Opened};
use crate::eurodac::model::{Category, MemberState, ReferenceNumber};
use crate::eurodac::retention::legal_day;
use crate::eurodac::rights::{Answer, Request, RequestSent, Right};
use crate::journal::Actor;

/// A request.
#[derive(Serialize, ToSchema)]
pub struct RequestView {
    /// Identifier.
    request_id: Uuid,
    /// The State where the person is.
    asked_in: MemberState,
    /// Its own number of the request.
    reference_number: ReferenceNumber,
    /// What is asked.
    right: Right,
    /// When it was opened.
    #[schema(value_type = String, format = DateTime)]
    opened_at: Timestamp,
    /// The last day for an answer.
    #[schema(value_type = String, format = Date)]
    due_on: Date,
    /// Whether somebody still has to decide, and the last day has passed.
    late: bool,
    /// The person's sets, as far as the State sees them.
    sets: Vec<SetView>,
}

/// One of the person's sets.
#[derive(Serialize, ToSchema)]
pub struct SetView {
    /// Who transmitted it, and decides.
    member_state: MemberState,
    /// Its category.
    #[schema(value_type = u8, minimum = 1, maximum = 2)]
    category: Category,
    /// Its reference number, until it is erased.
    #[serde(skip_serializing_if = "Option::is_none")]
    reference_number: Option<ReferenceNumber>,
    /// What its State decided, once it has.
    #[serde(skip_serializing_if = "Option::is_none")]
    answer: Option<Answer>,
    /// When.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = DateTime)]
    answered_at: Option<Timestamp>,
}

/// A request that was opened, with the data that are stored about the person (R-RIGHT-3).
#[derive(Serialize, ToSchema)]
pub struct OpenedView {
    #[serde(flatten)]
    request: RequestView,
    /// The records, with their prints; not where the request was opened before, by the same `Idempotency-Key`.
    #[serde(skip_serializing_if = "Option::is_none")]
    records: Option<Vec<RecordView>>,
}

/// Requests, oldest first.
#[derive(Serialize, ToSchema)]
pub struct RequestList {
    /// Those that the State opened, or that are about its data.
    requests: Vec<RequestView>,
    /// `after` of the next page; absent on the last.
    #[serde(skip_serializing_if = "Option::is_none")]
    next: Option<String>,
}

impl RequestView {
    fn to(viewer: MemberState, request: &Request, today: Date) -> Self {
        let set = |found: &crate::eurodac::rights::Found| SetView {
            member_state: found.member_state,
            category: found.category,
            reference_number: found.reference_number.clone(),
            answer: found.answered.as_ref().map(|(answer, _)| answer.clone()),
            answered_at: found.answered.as_ref().map(|(_, at)| *at),
        };
        Self {
            request_id: request.id,
            asked_in: request.asked_in,
            reference_number: request.reference_number.clone(),
            right: request.right,
            opened_at: request.opened_at,
            due_on: request.due_on,
            late: request.is_late_for(viewer, today),
            sets: request.shown_to(viewer).map(set).collect(),
        }
    }
}

/// Open a request for a person who is in this State: access, rectification or erasure.
///
/// All that is stored is searched with the person's prints, which serve this request only and are destroyed then. The answer has the data
/// that were found; the person gets them from the State, never from the Central Unit.
#[utoipa::path(
    post, path = "/v1/eurodac/rights-requests", tag = "eurodac", request_body = RequestSent,
    params((
        "Idempotency-Key" = Option<String>, Header, pattern = "^[!-~]{1,128}$",
        description = "1 to 128 visible ASCII characters",
    )),
    responses(
        (status = 201, description = "Opened", body = OpenedView),
        (status = 200, description = "Opened by an earlier request with this key", body = OpenedView),
    ),
    security(("key" = []))
)]
pub async fn open(
    caller: Authenticated,
    request: HttpRequest,
    payload: web::Payload,
    unit: web::Data<CentralUnit>,
    places: web::Data<Places>,
) -> Result<HttpResponse, Problem> {
    let transmitter = caller.0.state()?;
    let headers = Headers::of(&request)?;
    let _place = places.take(headers.urgent).await?;
    let body = body::json(&request, payload).await?;
    let (state, today) = (transmitter.state(), legal_day(unit.now()));
    let opened = blocking(move || {
        // R-RIGHT-2: as of category 3, on the stacks of whoever took part.
        let opened = stack::overwritten_after(|| {
            let asked = headers.with(&body, unit.now());
            let sent: RequestSent = body::parse(&body)?;
            drop(body);
            unit.open_request(sent, &transmitter, &asked).map_err(Problem::from)
        });
        stack::overwrite_on_all();
        opened
    });
    let Opened { request, shown, repeated } = opened.await?;
    let records = shown.into_iter().map(|(record, prints)| RecordView::new(record, Some(prints))).collect();
    let view = OpenedView {
        request: RequestView::to(state, &request, today),
        records: (!repeated).then_some(records),
    };
    let mut response = if repeated { HttpResponse::Ok() } else { HttpResponse::Created() };
    Ok(response.json(view))
}

/// List the requests that the State opened, or that are about its data, oldest first.
///
/// For the State's authorities and its national supervisor (R-RIGHT-5), and for the joint supervisor.
#[utoipa::path(
    get, path = "/v1/eurodac/rights-requests", tag = "eurodac", params(PageQuery),
    responses((status = 200, description = "The State's requests", body = RequestList)),
    security(("key" = []))
)]
pub async fn list(
    caller: Authenticated,
    query: Result<Query<PageQuery>, actix_web::Error>,
    unit: web::Data<CentralUnit>,
) -> Result<HttpResponse, Problem> {
    let query = lists::query(query, "the parameters are limit (1 to 200), after and member_state")?;
    let (who, limit) = (viewer(&caller.0, query.member_state)?, query.limit()?);
    let (state, today) = (who.0, legal_day(unit.now()));
    let page = move || unit.list_requests(query.after.as_deref(), limit, (who.0, &who.1));
    let (requests, next) = blocking(page).await?;
    let requests = requests.iter().map(|request| RequestView::to(state, request, today)).collect();
    Ok(HttpResponse::Ok().json(RequestList { requests, next }))
}

/// Whoever may see a State's data; and its national supervisor.
fn viewer(caller: &Caller, of: Option<MemberState>) -> Result<(MemberState, Actor), Problem> {
    if let (Ok(supervisor), None) = (caller.supervisor(), of)
        && let Some(state) = supervisor.of()
    {
        return Ok((state, supervisor.actor().clone()));
    }
    let viewer = caller.viewer(of)?;
    Ok((viewer.state(), viewer.actor().clone()))
}

/// Answer a request, for all of the State's own sets in it (Art. 18(5), 18(6)).
///
/// The person is told in writing first; the data are changed by the operations that change data.
#[utoipa::path(
    post, path = "/v1/eurodac/rights-requests/{id}/answer", tag = "eurodac",
    params(("id" = String, Path, description = "Request id")),
    request_body = Answer,
    responses((status = 200, description = "The request", body = RequestView)),
    security(("key" = []))
)]
pub async fn answer(
    caller: Authenticated,
    request: HttpRequest,
    path: web::Path<String>,
    payload: web::Payload,
    unit: web::Data<CentralUnit>,
) -> Result<HttpResponse, Problem> {
    let transmitter = caller.0.state()?;
    let (state, today) = (transmitter.state(), legal_day(unit.now()));
    let answer: Answer = body::parse(&body::json(&request, payload).await?)?;
    let request = blocking(move || unit.answer_request(id(&path), answer, &transmitter)).await?;
    Ok(HttpResponse::Ok().json(RequestView::to(state, &request, today)))
}
