//! `/v1/eurodac/notices`: that data seem wrong, and that data were erased after a hit (Art. 15(4), R-ERASE-4).

use actix_web::web::{self, Query};
use actix_web::{HttpRequest, HttpResponse};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use super::asked::Headers;
use super::blocking::blocking;
use super::body;
use super::caller::Authenticated;
use super::lists::{self, PageQuery};
use super::problem::{Code, Problem};
use super::records::id;
use crate::central_unit::{About, CentralUnit};
use crate::eurodac::model::{Category, MemberState, ReferenceNumber};
use crate::eurodac::notices::{Concern, Notice, Reply};

/// A notice that is given: about a hit, or about a set as the notifier knows it.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewNotice {
    /// `factually-inaccurate` or `unlawfully-recorded`.
    concern: Concern,
    /// The hit by which the notifier knows the set; then nothing else is given.
    hit_id: Option<Uuid>,
    /// Or: its State of origin,
    member_state: Option<MemberState>,
    /// and its reference number, which says the category.
    #[schema(example = "DE1-000044", max_length = 64)]
    reference_number: Option<String>,
}

/// A notice.
#[derive(Serialize, ToSchema)]
pub struct NoticeView {
    /// Identifier.
    notice_id: Uuid,
    /// What it says.
    concern: Concern,
    /// Who gives it; absent: the Central Unit.
    #[serde(skip_serializing_if = "Option::is_none")]
    from: Option<MemberState>,
    /// Who gets it.
    to: MemberState,
    /// The set that it is about; of `erased-after-hit`, the recipient's own, which had the hit.
    #[schema(value_type = u8, minimum = 1, maximum = 3)]
    category: Category,
    /// Its reference number; of a notice that names a hit, only for its State.
    #[serde(skip_serializing_if = "Option::is_none")]
    reference_number: Option<ReferenceNumber>,
    /// The hit that it is about.
    #[serde(skip_serializing_if = "Option::is_none")]
    hit_id: Option<Uuid>,
    /// When it was given.
    #[schema(value_type = String, format = DateTime)]
    given_at: Timestamp,
    /// By when it is to be answered: of `erased-after-hit`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = DateTime)]
    due_at: Option<Timestamp>,
    /// What was done.
    #[serde(skip_serializing_if = "Option::is_none")]
    reply: Option<Reply>,
    /// When.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = DateTime)]
    answered_at: Option<Timestamp>,
}

impl NoticeView {
    /// As a State sees it; `None`: the Central Unit.
    fn to(viewer: Option<MemberState>, notice: Notice) -> Self {
        // R-EDIT-2: by a hit the notifier may not have known the number.
        let named = notice.hit_id.is_none() || viewer == Some(notice.to);
        Self {
            notice_id: notice.id,
            due_at: notice.due_at(),
            concern: notice.concern,
            from: notice.from,
            to: notice.to,
            category: notice.category,
            reference_number: Some(notice.reference_number).filter(|_| named),
            hit_id: notice.hit_id,
            given_at: notice.given_at,
            reply: notice.answered.map(|(reply, _)| reply),
            answered_at: notice.answered.map(|(_, at)| at),
        }
    }
}

/// Notices, oldest first.
#[derive(Serialize, ToSchema)]
pub struct NoticeList {
    /// Those that the State gave or got.
    notices: Vec<NoticeView>,
    /// `after` of the next page; absent on the last.
    #[serde(skip_serializing_if = "Option::is_none")]
    next: Option<String>,
}

/// Give notice that data seem wrong (Art. 15(4)). It goes to their State of origin, which checks them.
///
/// The answer is the same whether such data are stored or not.
#[utoipa::path(
    post, path = "/v1/eurodac/notices", tag = "eurodac", request_body = NewNotice,
    params((
        "Idempotency-Key" = Option<String>, Header, pattern = "^[!-~]{1,128}$",
        description = "1 to 128 visible ASCII characters",
    )),
    responses((status = 201, description = "Given", body = NoticeView)),
    security(("key" = []))
)]
pub async fn give(
    caller: Authenticated,
    request: HttpRequest,
    payload: web::Payload,
    unit: web::Data<CentralUnit>,
) -> Result<HttpResponse, Problem> {
    let notifier = caller.0.notifier()?;
    let headers = Headers::of(&request)?;
    let body = body::json(&request, payload).await?;
    let new: NewNotice = body::parse(&body)?;
    let asked = headers.with(&body, unit.now());
    if new.concern == Concern::ErasedAfterHit {
        return Err(Problem::new(Code::FieldInvalid, "comes from the Central Unit itself").at("concern"));
    }
    let (concern, about, from) = (new.concern, about(new)?, notifier.from());
    let notice = blocking(move || unit.give_notice(concern, about, &notifier, &asked)).await?;
    Ok(HttpResponse::Created().json(NoticeView::to(from, notice)))
}

fn about(new: NewNotice) -> Result<About, Problem> {
    let both = |field: &str| {
        Problem::new(Code::FieldInvalid, "either hit_id, or member_state and reference_number").at(field)
    };
    match (new.hit_id, new.member_state, new.reference_number) {
        (Some(hit), None, None) => Ok(About::Hit(hit)),
        (None, Some(state), Some(text)) => {
            let stored = [Category::Applicant, Category::BorderCrossing];
            let parsed = stored
                .into_iter()
                .find_map(|category| Some((category, ReferenceNumber::new(&text, state, category).ok()?)));
            let detail = format!("begins with {state}1 or {state}2 and goes on, at most 64 characters");
            let (category, reference) = parsed
                .ok_or_else(|| Problem::new(Code::ReferenceNumberInvalid, detail).at("reference_number"))?;
            Ok(About::Set(state, category, reference))
        }
        (Some(_), ..) => Err(both("hit_id")),
        (None, None, _) => Err(both("member_state")),
        (None, Some(_), None) => Err(both("reference_number")),
    }
}

/// List the notices that the State gave or got, oldest first.
#[utoipa::path(
    get, path = "/v1/eurodac/notices", tag = "eurodac", params(PageQuery),
    responses((status = 200, description = "The State's notices", body = NoticeList)),
    security(("key" = []))
)]
pub async fn list(
    caller: Authenticated,
    query: Result<Query<PageQuery>, actix_web::Error>,
    unit: web::Data<CentralUnit>,
) -> Result<HttpResponse, Problem> {
    let query = lists::query(query, "the parameters are limit (1 to 200), after and member_state")?;
    let (viewer, limit) = (caller.0.viewer(query.member_state)?, query.limit()?);
    let state = Some(viewer.state());
    let (notices, next) = blocking(move || unit.list_notices(query.after.as_deref(), limit, &viewer)).await?;
    let notices = notices.into_iter().map(|notice| NoticeView::to(state, notice)).collect();
    Ok(HttpResponse::Ok().json(NoticeList { notices, next }))
}

/// What was done.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NoticeAnswer {
    /// What the State did.
    reply: Reply,
}

/// Answer a notice that the State got. Again, it takes the place of the answer before.
#[utoipa::path(
    post, path = "/v1/eurodac/notices/{id}/answer", tag = "eurodac",
    params(("id" = String, Path, description = "Notice id")),
    request_body = NoticeAnswer,
    responses((status = 200, description = "The notice", body = NoticeView)),
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
    let state = Some(transmitter.state());
    let NoticeAnswer { reply } = body::parse(&body::json(&request, payload).await?)?;
    let notice = blocking(move || unit.answer_notice(id(&path), reply, &transmitter)).await?;
    Ok(HttpResponse::Ok().json(NoticeView::to(state, notice)))
}
