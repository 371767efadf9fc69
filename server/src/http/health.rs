//! `/health/live` and `/health/ready`: whether the process runs, and whether it can compare, and with what.

use actix_web::{HttpResponse, web};
use serde::Serialize;
use utoipa::ToSchema;

use super::problem::{Code, Problem};
use crate::central_unit::CentralUnit;

/// The process runs.
#[derive(Serialize, ToSchema)]
pub struct Live {
    /// `live`.
    status: &'static str,
}

/// What is in service.
#[derive(Serialize, ToSchema)]
pub struct Ready {
    /// `ready`, or `degraded` where the back end that was chosen is out of service and the CPU does its work.
    status: &'static str,
    /// `cpu` or `gpu`.
    backend: &'static str,
    /// Processor or adapter, with its driver.
    adapter: String,
    /// Why it is degraded.
    #[serde(skip_serializing_if = "Option::is_none")]
    degraded: Option<String>,
}

/// The process runs.
#[utoipa::path(get, path = "/health/live", tag = "operation", responses((status = 200, body = Live)))]
pub async fn live() -> HttpResponse {
    HttpResponse::Ok().json(Live { status: "live" })
}

/// The gallery is loaded and transmissions are taken.
#[utoipa::path(get, path = "/health/ready", tag = "operation", responses(
    (status = 200, body = Ready),
    (status = 503, description = "The disk failed", body = Problem, content_type = "application/problem+json"),
))]
pub async fn ready(unit: web::Data<CentralUnit>) -> Result<HttpResponse, Problem> {
    if let Some(failure) = unit.database().failure() {
        return Err(Problem::new(Code::Unavailable, failure));
    }
    let status = unit.status();
    Ok(HttpResponse::Ok().json(Ready {
        status: if status.degraded.is_some() { "degraded" } else { "ready" },
        backend: status.backend.kind,
        adapter: status.backend.name,
        degraded: status.degraded,
    }))
}
