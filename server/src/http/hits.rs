//! `/v1/eurodac/hits`: what a State was told of, and what its experts say of it.

use actix_web::web::{self, Query};
use actix_web::{HttpRequest, HttpResponse};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use super::ansi_nist;
use super::blocking::blocking;
use super::body;
use super::caller::Authenticated;
use super::lists::{self, PageQuery};
use super::problem::{Code, Problem};
use super::records::{ViewQuery, id};
use super::views::HitView;
use crate::ansi_nist::{Mapping, of_hit};
use crate::central_unit::CentralUnit;
use crate::database::StoredHit;
use crate::eurodac::hits::Verdict;
use crate::eurodac::model::{Category, MemberState, ReferenceNumber};

/// A hit in a list: without data and prints of the set that was found.
#[derive(Serialize, ToSchema)]
pub struct HitLine {
    /// Identifier.
    hit_id: Uuid,
    /// When it was found.
    #[schema(value_type = String, format = DateTime)]
    at: Timestamp,
    /// Category of the State's own set that was compared.
    #[schema(value_type = u8, minimum = 1, maximum = 3)]
    category: Category,
    /// Its reference number.
    reference_number: ReferenceNumber,
    /// State of origin of the set that was found.
    member_state: MemberState,
    /// -10 log10 of the false-match rate, rounded down.
    score: u32,
    /// What the expert said, once he has.
    #[serde(skip_serializing_if = "Option::is_none")]
    verification: Option<Verification>,
}

/// What an expert said.
#[derive(Serialize, ToSchema)]
pub struct Verification {
    /// The verdict.
    pub verdict: Verdict,
    /// When.
    #[schema(value_type = String, format = DateTime)]
    pub at: Timestamp,
}

impl Verification {
    /// Of a hit, once there is one.
    pub fn of(hit: &StoredHit) -> Option<Self> {
        hit.verdict.map(|(verdict, at)| Self { verdict, at })
    }
}

impl From<StoredHit> for HitLine {
    fn from(hit: StoredHit) -> Self {
        Self {
            verification: Verification::of(&hit),
            hit_id: hit.hit_id,
            at: hit.at,
            category: hit.probe.category,
            reference_number: hit.probe.reference_number,
            member_state: hit.member_state,
            score: hit.score,
        }
    }
}

/// Hits, oldest first.
#[derive(Serialize, ToSchema)]
pub struct HitList {
    /// Those of sets that may still be told of.
    hits: Vec<HitLine>,
    /// `after` of the next page; absent on the last.
    #[serde(skip_serializing_if = "Option::is_none")]
    next: Option<String>,
}

/// List the State's hits, oldest first.
#[utoipa::path(
    get, path = "/v1/eurodac/hits", tag = "eurodac", params(PageQuery),
    responses((status = 200, description = "The State's hits", body = HitList)),
    security(("key" = []))
)]
pub async fn list(
    caller: Authenticated,
    query: Result<Query<PageQuery>, actix_web::Error>,
    unit: web::Data<CentralUnit>,
) -> Result<HttpResponse, Problem> {
    let query = lists::query(query, "the parameters are limit (1 to 200), after and member_state")?;
    let (viewer, limit) = (caller.0.viewer(query.member_state)?, query.limit()?);
    let (hits, next) = blocking(move || unit.list_hits(query.after.as_deref(), limit, &viewer)).await?;
    Ok(HttpResponse::Ok().json(HitList { hits: hits.into_iter().map(Into::into).collect(), next }))
}

/// One of the State's hits, with the data and prints of the set that was found (Art. 4(5)).
///
/// As JSON; or, where `Accept` says `application/x-ansi-nist-itl`, as a file, in the fields of the table in the guide on formats.
///
/// Not any more where that set was blocked or erased since, or is past its retention; and without data and prints where an expert
/// found that they are of another person.
#[utoipa::path(
    get, path = "/v1/eurodac/hits/{id}", tag = "eurodac",
    params(
        ("id" = String, Path, description = "Hit id"),
        ("Accept" = Option<String>, Header, description = "`application/x-ansi-nist-itl`: as an ANSI/NIST-ITL file"),
        ViewQuery,
    ),
    responses((
        status = 200, description = "The hit",
        content((HitView = "application/json"), (super::openapi::File = "application/x-ansi-nist-itl")),
    )),
    security(("key" = []))
)]
pub async fn get(
    caller: Authenticated,
    request: HttpRequest,
    path: web::Path<String>,
    query: Result<Query<ViewQuery>, actix_web::Error>,
    unit: web::Data<CentralUnit>,
    mapping: web::Data<Mapping>,
) -> Result<HttpResponse, Problem> {
    let viewer = caller.0.viewer(lists::query(query, "the only parameter is member_state")?.member_state)?;
    if !ansi_nist::is_asked_for(&request) {
        let hit = blocking(move || unit.hit(id(&path), &viewer)).await?;
        return Ok(HttpResponse::Ok().json(HitView::from(hit)));
    }
    let file = blocking(move || {
        let hit = unit.hit(id(&path), &viewer)?;
        of_hit(&hit, &mapping, unit.now()).map_err(|why| {
            let detail = format!("this hit cannot be an ANSI/NIST-ITL file: {why}; ask for it as JSON");
            Problem::new(Code::NotAcceptable, detail)
        })
    });
    Ok(HttpResponse::Ok().content_type(ansi_nist::MEDIA_TYPE).body(file.await?))
}

/// What an expert says.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewVerification {
    /// The verdict.
    verdict: Verdict,
}

/// Verify a hit (Art. 4(6)).
///
/// After `false-match` and `unreliable` the copy of the other State's data that is held for delivery is gone. Once: another verdict later
/// is refused, the same one is not.
#[utoipa::path(
    post, path = "/v1/eurodac/hits/{id}/verification", tag = "eurodac",
    params(("id" = String, Path, description = "Hit id")),
    request_body = NewVerification,
    responses((status = 200, description = "The hit, as it stands in lists", body = HitLine)),
    security(("key" = []))
)]
pub async fn verify(
    caller: Authenticated,
    request: HttpRequest,
    path: web::Path<String>,
    payload: web::Payload,
    unit: web::Data<CentralUnit>,
) -> Result<HttpResponse, Problem> {
    let transmitter = caller.0.state()?;
    let NewVerification { verdict } = body::parse(&body::json(&request, payload).await?)?;
    let hit = blocking(move || unit.verify(id(&path), verdict, &transmitter)).await?;
    Ok(HttpResponse::Ok().json(HitLine::from(hit)))
}
