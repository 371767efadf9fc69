//! `/v1/eurodac/records` and `/v1/eurodac/records/{id}`: a State's own data, and nobody else's: listed, shown, amended, blocked, erased.

use actix_web::web::{self, Query};
use actix_web::{HttpRequest, HttpResponse};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;
use whorl_engine::stack;

use super::blocking::blocking;
use super::caller::Authenticated;
use super::problem::{Code, Problem};
use super::views::RecordView;
use super::{body, lists};
use crate::central_unit::{CentralUnit, Wanted};
use crate::database::Record;
use crate::eurodac::amendment::AmendmentSent;
use crate::eurodac::erasure::Ground;
use crate::eurodac::model::{Category, MemberState};

/// Which records, and how many.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct ListQuery {
    /// Only the record with this reference number.
    reference_number: Option<String>,
    /// Only this category: 1 or 2.
    #[param(minimum = 1, maximum = 2)]
    category: Option<u8>,
    /// Records of a page, 1 to 200; 50 unless given.
    #[param(minimum = 1, maximum = 200)]
    limit: Option<usize>,
    /// `next` of the page before.
    after: Option<String>,
    /// Only a joint supervisor gives it: whose records.
    #[param(value_type = Option<String>, pattern = "^[A-Z]{2}$")]
    member_state: Option<MemberState>,
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

/// Whose record it is.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct ViewQuery {
    /// Only a joint supervisor gives it: whose record.
    #[param(value_type = Option<String>, pattern = "^[A-Z]{2}$")]
    pub member_state: Option<MemberState>,
}

/// For whom it is done.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct BehalfQuery {
    /// Only a central operator gives it: the State that has asked for it (Art. 15(3)).
    #[param(value_type = Option<String>, pattern = "^[A-Z]{2}$")]
    on_behalf_of: Option<MemberState>,
}

/// What an id in a path is; what is none is the id of nothing.
pub fn id(text: &str) -> Uuid {
    Uuid::try_parse(text).unwrap_or(Uuid::nil())
}

/// List the State's own records.
#[utoipa::path(
    get, path = "/v1/eurodac/records", tag = "eurodac", params(ListQuery),
    responses((status = 200, description = "The State's own records", body = RecordList)),
    security(("key" = []))
)]
pub async fn list(
    caller: Authenticated,
    query: Result<Query<ListQuery>, actix_web::Error>,
    unit: web::Data<CentralUnit>,
) -> Result<HttpResponse, Problem> {
    let detail =
        "the parameters are reference_number, category (1 or 2), limit (1 to 200), after and member_state";
    let query = lists::query(query, detail)?;
    let viewer = caller.0.viewer(query.member_state)?;
    let category = query.category.map(Category::try_from).transpose();
    let category = category.ok().filter(|c| *c != Some(Category::IllegallyPresent));
    let wanted = Wanted {
        reference_number: query.reference_number,
        category: category
            .ok_or_else(|| Problem::new(Code::QueryInvalid, "must be 1 or 2").at("category"))?,
        after: query.after,
        limit: lists::limit(query.limit)?,
    };
    let (records, next) = blocking(move || unit.list_records(&wanted, &viewer)).await?;
    let records = records.into_iter().map(|record| RecordView::new(record, None)).collect();
    Ok(HttpResponse::Ok().json(RecordList { records, next }))
}

/// One of the State's own records, with its prints.
///
/// A record that is unknown, erased, or another State's gets the same answer, to the byte.
#[utoipa::path(
    get, path = "/v1/eurodac/records/{id}", tag = "eurodac",
    params(("id" = String, Path, description = "Record id"), ViewQuery),
    responses((status = 200, description = "The record", body = RecordView)),
    security(("key" = []))
)]
pub async fn get(
    caller: Authenticated,
    path: web::Path<String>,
    query: Result<Query<ViewQuery>, actix_web::Error>,
    unit: web::Data<CentralUnit>,
) -> Result<HttpResponse, Problem> {
    let viewer = caller.0.viewer(lists::query(query, "the only parameter is member_state")?.member_state)?;
    let (record, prints) = blocking(move || unit.read_record(id(&path), &viewer)).await?;
    Ok(HttpResponse::Ok().json(RecordView::new(record, Some(prints))))
}

/// Rectify or complete one of the State's own records (Art. 15(3)).
///
/// What is left out stays as it is. New prints take the place of the old ones at once, and are compared with nothing.
#[utoipa::path(
    patch, path = "/v1/eurodac/records/{id}", tag = "eurodac",
    params(("id" = String, Path, description = "Record id"), BehalfQuery),
    request_body = AmendmentSent,
    responses(
        (status = 200, description = "The record as it is now, without prints", body = RecordView),
        (status = 204, description = "Done for the State by an operator, who is shown nothing"),
    ),
    security(("key" = []))
)]
pub async fn amend(
    caller: Authenticated,
    request: HttpRequest,
    path: web::Path<String>,
    query: Result<Query<BehalfQuery>, actix_web::Error>,
    payload: web::Payload,
    unit: web::Data<CentralUnit>,
) -> Result<HttpResponse, Problem> {
    let query = lists::query(query, "the only parameter is on_behalf_of")?;
    let transmitter = caller.0.transmitter(query.on_behalf_of)?;
    let is_the_state = transmitter.is_the_state();
    let body = body::json(&request, payload).await?;
    let record = blocking(move || {
        let amended = stack::overwritten_after(|| {
            let sent: AmendmentSent = body::parse(&body)?;
            drop(body);
            unit.amend(id(&path), sent, &transmitter).map_err(Problem::from)
        });
        stack::overwrite_on_all();
        amended
    });
    Ok(changed(record.await?, is_the_state))
}

/// The record as it is now, to its State; an operator who changed it for the State is shown nothing (Art. 13(4)).
fn changed(record: Record, is_the_state: bool) -> HttpResponse {
    if is_the_state {
        HttpResponse::Ok().json(RecordView::new(record, None))
    } else {
        HttpResponse::NoContent().finish()
    }
}

/// Whether it is blocked.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Blocking {
    /// `true`: the person was recognised and admitted as a refugee. `false`: it was blocked by mistake.
    blocked: bool,
}

/// Block one of the State's own records, or unblock it (Art. 12(1)).
///
/// Blocked data are compared for statistics only, and nobody but their State sees that they exist.
#[utoipa::path(
    put, path = "/v1/eurodac/records/{id}/blocking", tag = "eurodac",
    params(("id" = String, Path, description = "Record id"), BehalfQuery),
    request_body = Blocking,
    responses(
        (status = 200, description = "The record as it is now, without prints", body = RecordView),
        (status = 204, description = "Done for the State by an operator, who is shown nothing"),
    ),
    security(("key" = []))
)]
pub async fn block(
    caller: Authenticated,
    request: HttpRequest,
    path: web::Path<String>,
    query: Result<Query<BehalfQuery>, actix_web::Error>,
    payload: web::Payload,
    unit: web::Data<CentralUnit>,
) -> Result<HttpResponse, Problem> {
    let query = lists::query(query, "the only parameter is on_behalf_of")?;
    let transmitter = caller.0.transmitter(query.on_behalf_of)?;
    let Blocking { blocked } = body::parse(&body::json(&request, payload).await?)?;
    let is_the_state = transmitter.is_the_state();
    let record = blocking(move || unit.block(id(&path), blocked, &transmitter)).await?;
    Ok(changed(record, is_the_state))
}

/// Why it is erased.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct EraseQuery {
    /// The ground that the law gives for it.
    ground: Ground,
    /// Only a central operator gives it: the State that has asked for it (Art. 15(3)).
    #[param(value_type = Option<String>, pattern = "^[A-Z]{2}$")]
    on_behalf_of: Option<MemberState>,
}

/// Erase one of the State's own records before the end of its period.
///
/// When it is answered no comparison finds the record, no bytes of it can be read any more, and whoever had a hit on it has a notice
/// (R-ERASE-1 to R-ERASE-4).
#[utoipa::path(
    delete, path = "/v1/eurodac/records/{id}", tag = "eurodac",
    params(("id" = String, Path, description = "Record id"), EraseQuery),
    responses((status = 204, description = "Erased")),
    security(("key" = []))
)]
pub async fn erase(
    caller: Authenticated,
    path: web::Path<String>,
    query: Result<Query<EraseQuery>, actix_web::Error>,
    unit: web::Data<CentralUnit>,
) -> Result<HttpResponse, Problem> {
    // The role first: whoever may not is not told how.
    caller.0.may_transmit()?;
    let query = query.map_err(|_| {
        let grounds = Ground::ALL.map(|ground| serde_json::to_value(ground).unwrap_or_default());
        let names: Vec<_> = grounds.iter().filter_map(|name| name.as_str()).collect();
        Problem::new(Code::QueryInvalid, format!("ground is one of {}", names.join(", "))).at("ground")
    })?;
    let transmitter = caller.0.transmitter(query.on_behalf_of)?;
    blocking(move || unit.erase(id(&path), query.ground, &transmitter)).await?;
    Ok(HttpResponse::NoContent().finish())
}
