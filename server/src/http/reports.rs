//! `/v1/reports/annual/{year}`: the annual report, as JSON, CSV, or a page with charts (Art. 23(1)).

use actix_web::http::header;
use actix_web::web;
use actix_web::{HttpRequest, HttpResponse};
use jiff::civil::Date;

use super::blocking::blocking;
use super::caller::Authenticated;
use super::problem::{Code, Problem};
use super::statistics;
use crate::central_unit::CentralUnit;
use crate::eurodac::operation::Operation;
use crate::eurodac::retention::legal_day;
use crate::report::{Annual, Objectives};

/// The annual report (Art. 23(1)): JSON, CSV with `Accept: text/csv`, or a page with charts with `Accept: text/html`. For the Commission,
/// the joint supervisor, and the Central Unit.
#[utoipa::path(
    get, path = "/v1/reports/annual/{year}", tag = "statistics",
    params(("year" = i16, Path, description = "A year that has begun")),
    responses((
        status = 200, description = "The report",
        content((Annual = "application/json"), (String = "text/csv"), (String = "text/html"))
    )),
    security(("key" = []))
)]
pub async fn annual(
    caller: Authenticated,
    request: HttpRequest,
    year: web::Path<String>,
    unit: web::Data<CentralUnit>,
    objectives: web::Data<Objectives>,
) -> Result<HttpResponse, Problem> {
    let reader = caller.0.statistician()?;
    let today = legal_day(unit.now());
    let invalid = || Problem::new(Code::FieldInvalid, "a year that has begun, like 2026").at("year");
    let year: i16 =
        year.parse().ok().filter(|year| (1900..=today.year()).contains(year)).ok_or_else(invalid)?;
    let first = Date::new(year, 1, 1).map_err(|_| invalid())?;
    let last = Date::new(year, 12, 31).map_err(|_| invalid())?.min(today);
    let report = blocking(move || {
        unit.read_statistics(Operation::ReportRead, &reader)?;
        let from = unit.database().started()?.map_or(first, |day| day.max(first)).min(last);
        Ok::<_, Problem>(Annual::new(year, from, statistics::of(&unit, first, last)?, &objectives))
    });
    let report = report.await?;
    let accept =
        request.headers().get(header::ACCEPT).and_then(|value| value.to_str().ok()).unwrap_or_default();
    Ok(if accept.contains("text/csv") {
        HttpResponse::Ok().content_type("text/csv; charset=utf-8").body(report.csv())
    } else if accept.contains("text/html") {
        HttpResponse::Ok().content_type("text/html; charset=utf-8").body(report.page())
    } else {
        HttpResponse::Ok().json(report)
    })
}
