//! `/v1/statistics`: counts of days, without anybody's data (Art. 3(3), R-STAT-1, R-STAT-3).

use actix_web::HttpResponse;
use actix_web::web::{self, Query};
use jiff::civil::Date;
use serde::Deserialize;
use utoipa::IntoParams;

use super::blocking::blocking;
use super::caller::Authenticated;
use super::lists;
use super::problem::{Code, Problem};
use crate::central_unit::CentralUnit;
use crate::eurodac::operation::Operation;
use crate::eurodac::retention::legal_day;
use crate::report::Statistics;

/// Which days.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct Period {
    /// First day.
    #[param(value_type = String, format = Date)]
    from: Date,
    /// Last day.
    #[param(value_type = String, format = Date)]
    to: Date,
}

/// What was counted on these days.
pub fn of(unit: &CentralUnit, from: Date, to: Date) -> Result<Statistics, Problem> {
    let sums = unit.database().counters(from, to)?;
    let all = unit.database().counters(Date::MIN, to)?;
    Ok(Statistics::new(from, to, sums, all))
}

/// Statistics of a period. For the Commission, the joint supervisor, and the Central Unit.
#[utoipa::path(
    get, path = "/v1/statistics", tag = "statistics", params(Period),
    responses((status = 200, description = "Counts, without anybody's data", body = Statistics)),
    security(("key" = []))
)]
pub async fn get(
    caller: Authenticated,
    query: Result<Query<Period>, actix_web::Error>,
    unit: web::Data<CentralUnit>,
) -> Result<HttpResponse, Problem> {
    let reader = caller.0.statistician()?;
    let Period { from, to } = lists::query(query, "the parameters are from and to, days like 2026-11-22")?;
    if to < from {
        return Err(Problem::new(Code::QueryInvalid, "is before from").at("to"));
    }
    let to = to.min(legal_day(unit.now()));
    let statistics = blocking(move || {
        unit.read_statistics(Operation::StatisticsRead, &reader)?;
        of(&unit, from, to)
    });
    Ok(HttpResponse::Ok().json(statistics.await?))
}
