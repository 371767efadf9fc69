//! `/v1/eurodac/records` and `/v1/eurodac/records/{id}`: a State's own data, and nobody else's: listed, shown, erased.

use actix_web::HttpResponse;
use actix_web::web::{self, Query};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use super::caller::Authenticated;
use super::problem::{Code, Problem};
use super::views::RecordView;
use crate::access::Transmitter;
use crate::central_unit::CentralUnit;
use crate::database::Record;
use crate::eurodac::disclosure::may_see;
use crate::eurodac::erasure::Ground;
use crate::eurodac::model::Category;
use crate::eurodac::retention::legal_day;

/// Records of a page, unless asked otherwise.
const LIMIT_DEFAULT: usize = 50;
/// Records of a page at most.
const LIMIT_MAX: usize = 200;

/// Which records, and how many.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct ListQuery {
    /// Only the record with this reference number.
    reference_number: Option<String>,
    /// Only this category: 1 or 2.
    category: Option<u8>,
    /// Records of a page, 1 to 200; 50 unless given.
    limit: Option<usize>,
    /// `next` of the page before.
    after: Option<String>,
}

/// A page of records.
#[derive(Serialize, ToSchema)]
pub struct RecordList {
    /// By category and reference number, without prints.
    records: Vec<RecordView>,
    /// `after` of the next page; absent on the last.
    #[serde(skip_serializing_if = "Option::is_none")]
    next: Option<String>,
}

/// List the State's own records.
#[utoipa::path(
    get, path = "/v1/eurodac/records", tag = "eurodac",
    params(ListQuery, ("Whorl-Person" = String, Header, description = "Responsible person (Art. 16)")),
    responses(
        (status = 200, description = "The State's own records", body = RecordList),
        (status = "4XX", description = "Refused", body = Problem, content_type = "application/problem+json"),
    ),
    security(("key" = []))
)]
pub async fn list(
    caller: Authenticated,
    query: Result<Query<ListQuery>, actix_web::Error>,
    unit: web::Data<CentralUnit>,
) -> Result<HttpResponse, Problem> {
    let transmitter = caller.0.transmitter()?;
    let query = query
        .map_err(|_| {
            let detail = "the parameters are reference_number, category (1 or 2), limit (1 to 200) and after";
            Problem::new(Code::QueryInvalid, detail)
        })?
        .into_inner();
    let page = web::block(move || page(&unit, &transmitter, &query)).await.map_err(dropped)??;
    Ok(HttpResponse::Ok().json(page))
}

fn page(unit: &CentralUnit, transmitter: &Transmitter, query: &ListQuery) -> Result<RecordList, Problem> {
    let invalid = |field: &str, detail: &str| Problem::new(Code::QueryInvalid, detail).at(field);
    let category = query.category.map(Category::try_from).transpose();
    let category = category.ok().filter(|c| *c != Some(Category::IllegallyPresent));
    let category = category.ok_or_else(|| invalid("category", "must be 1 or 2"))?;
    let limit = query.limit.unwrap_or(LIMIT_DEFAULT);
    if !(1..=LIMIT_MAX).contains(&limit) {
        return Err(invalid("limit", "must be 1 to 200"));
    }
    let (state, database) = (transmitter.state(), unit.database());
    let (records, next): (Vec<Record>, _) = match &query.reference_number {
        Some(reference) => {
            let categories = Category::ALL.into_iter().filter(|c| category.is_none_or(|wanted| wanted == *c));
            let found: Result<Vec<_>, _> =
                categories.map(|c| database.find_by_reference(state, c, reference)).collect();
            (found?.into_iter().flatten().collect(), None)
        }
        None => database.list(state, category, query.after.as_deref(), limit)?,
    };
    let today = legal_day(Timestamp::now());
    let visible = records.into_iter().filter(|record| may_see(state, &record.stored(), today));
    Ok(RecordList { records: visible.map(|record| RecordView::new(record, None)).collect(), next })
}

/// One of the State's own records, with its prints.
#[utoipa::path(
    get, path = "/v1/eurodac/records/{id}", tag = "eurodac",
    params(
        ("id" = String, Path, description = "Record id"),
        ("Whorl-Person" = String, Header, description = "Responsible person (Art. 16)"),
    ),
    responses(
        (status = 200, description = "The record", body = RecordView),
        (
            status = 404, description = "Unknown, erased, or another State's: the same answer",
            body = Problem, content_type = "application/problem+json"
        ),
        (status = "4XX", description = "Refused", body = Problem, content_type = "application/problem+json"),
    ),
    security(("key" = []))
)]
pub async fn get(
    caller: Authenticated,
    id: web::Path<String>,
    unit: web::Data<CentralUnit>,
) -> Result<HttpResponse, Problem> {
    let transmitter = caller.0.transmitter()?;
    let view = web::block(move || view(&unit, &transmitter, &id)).await.map_err(dropped)??;
    Ok(HttpResponse::Ok().json(view))
}

/// R-ACCESS-2: unknown and another State's are one answer, to the byte. Not yet to the microsecond: a record that is there
/// takes as long as reading it.
fn view(unit: &CentralUnit, transmitter: &Transmitter, id: &str) -> Result<RecordView, Problem> {
    let found = unit.database().find(Uuid::try_parse(id).unwrap_or(Uuid::nil()))?;
    let today = legal_day(Timestamp::now());
    let own = found.filter(|record| may_see(transmitter.state(), &record.stored(), today));
    let record =
        own.ok_or_else(|| Problem::new(Code::RecordNotFound, "no record of your State has this id"))?;
    let prints = unit.database().prints(&record)?;
    Ok(RecordView::new(record, Some(prints)))
}

/// Why it is erased.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct EraseQuery {
    /// The ground that the law gives for it.
    ground: Ground,
}

/// Erase one of the State's own records before the end of its period.
///
/// When it is answered no comparison finds the record, and no bytes of it can be read any more (R-ERASE-1 to R-ERASE-3).
#[utoipa::path(
    delete, path = "/v1/eurodac/records/{id}", tag = "eurodac",
    params(
        ("id" = String, Path, description = "Record id"),
        EraseQuery,
        ("Whorl-Person" = String, Header, description = "Responsible person (Art. 16)"),
    ),
    responses(
        (status = 204, description = "Erased"),
        (
            status = 404, description = "Unknown, erased, or another State's: the same answer",
            body = Problem, content_type = "application/problem+json"
        ),
        (
            status = 422, description = "The law knows no erasure of this category on this ground",
            body = Problem, content_type = "application/problem+json"
        ),
        (status = "4XX", description = "Refused", body = Problem, content_type = "application/problem+json"),
    ),
    security(("key" = []))
)]
pub async fn erase(
    caller: Authenticated,
    id: web::Path<String>,
    query: Result<Query<EraseQuery>, actix_web::Error>,
    unit: web::Data<CentralUnit>,
) -> Result<HttpResponse, Problem> {
    let transmitter = caller.0.transmitter()?;
    let ground = query.map_err(|_| {
        let grounds = Ground::ALL.map(|ground| serde_json::to_value(ground).unwrap_or_default());
        let names: Vec<_> = grounds.iter().filter_map(|name| name.as_str()).collect();
        Problem::new(Code::QueryInvalid, format!("ground is one of {}", names.join(", "))).at("ground")
    })?;
    let id = Uuid::try_parse(&id).unwrap_or(Uuid::nil());
    web::block(move || unit.erase(id, ground.ground, &transmitter)).await.map_err(dropped)??;
    Ok(HttpResponse::NoContent().finish())
}

fn dropped(_: actix_web::error::BlockingError) -> Problem {
    Problem::new(Code::Unavailable, "the request was dropped; nothing was done")
}
