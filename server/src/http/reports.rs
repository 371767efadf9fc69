//! `/v1/reports/annual/{year}`: the annual report, as JSON, CSV, or a page with charts (Art. 23(1)).

use actix_web::http::header;
use actix_web::web::{self, Query};
use actix_web::{HttpRequest, HttpResponse};
use jiff::civil::Date;
use serde::Deserialize;
use utoipa::{IntoParams, ToSchema};

use super::accepted::preferred;
use super::blocking::blocking;
use super::caller::Authenticated;
use super::lists;
use super::problem::{Code, Problem};
use super::statistics;
use crate::central_unit::CentralUnit;
use crate::eurodac::operation::Operation;
use crate::eurodac::retention::legal_day;
use crate::report::{Annual, Objectives};

/// The page needs its own style, and nothing else from anywhere.
const PAGE_POLICY: (header::HeaderName, &str) = (
    header::CONTENT_SECURITY_POLICY,
    "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'",
);

/// How the report is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum Format {
    /// For programs.
    Json,
    /// For spreadsheets.
    Csv,
    /// A page with charts.
    Html,
}

/// Which of them.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct Written {
    /// Goes before `Accept`, for who cannot set that.
    #[param(inline)]
    format: Option<Format>,
}

/// As `Accept` says; JSON where it says nothing of ours.
fn accepted(request: &HttpRequest) -> Format {
    match preferred(request, "application/json", &["text/csv", "text/html"]) {
        "text/csv" => Format::Csv,
        "text/html" => Format::Html,
        _ => Format::Json,
    }
}

/// The annual report (Art. 23(1)): JSON, CSV with `Accept: text/csv` or `?format=csv`, or a page with charts with `Accept: text/html` or
/// `?format=html`. For the Commission, the joint supervisor, and the Central Unit.
#[utoipa::path(
    get, path = "/v1/reports/annual/{year}", tag = "statistics",
    params(("year" = i16, Path, description = "A year that has begun"), Written),
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
    query: Result<Query<Written>, actix_web::Error>,
    unit: web::Data<CentralUnit>,
    objectives: web::Data<Objectives>,
) -> Result<HttpResponse, Problem> {
    let reader = caller.0.statistician()?;
    let Written { format } = lists::query(query, "the parameter is format: json, csv or html")?;
    let now = unit.now();
    let today = legal_day(now);
    let invalid = || Problem::new(Code::FieldInvalid, "a year that has begun, like 2026").at("year");
    let year: i16 =
        year.parse().ok().filter(|year| (1900..=today.year()).contains(year)).ok_or_else(invalid)?;
    let first = Date::new(year, 1, 1).map_err(|_| invalid())?;
    let last = Date::new(year, 12, 31).map_err(|_| invalid())?.min(today);
    let report = blocking(move || {
        unit.read_statistics(Operation::ReportRead, &reader)?;
        // What was counted before the start is no part of a year in operation, above all not the time down.
        let from = unit.database().started()?.filter(|day| *day <= last).map(|day| day.max(first));
        let counted = statistics::of(&unit, from.unwrap_or(first), last)?;
        Ok::<_, Problem>(Annual::new(year, from, now, counted, &objectives))
    });
    let report = report.await?;
    Ok(match format.unwrap_or_else(|| accepted(&request)) {
        Format::Json => HttpResponse::Ok().json(report),
        Format::Csv => {
            let table = report.csv().map_err(|error| {
                tracing::error!(%error, "a report could not be written");
                Problem::new(Code::Unavailable, "the report could not be written")
            })?;
            let name = format!("attachment; filename=\"annual-report-{year}.csv\"");
            HttpResponse::Ok()
                .content_type("text/csv; charset=utf-8")
                .insert_header((header::CONTENT_DISPOSITION, name))
                .body(table)
        }
        Format::Html => HttpResponse::Ok()
            .content_type("text/html; charset=utf-8")
            .insert_header(PAGE_POLICY)
            .body(report.page()),
    })
}
