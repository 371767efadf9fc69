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
    /// `ready`, or `degraded` where it works and something is amiss: the back end that was chosen is out of service and the CPU does its
    /// work, a checkpoint could not be handed over, or the wrapping key not rotated on its schedule.
    status: &'static str,
    /// `cpu` or `gpu`.
    backend: &'static str,
    /// Processor or adapter, with its driver.
    adapter: String,
    /// Why it is degraded.
    #[serde(skip_serializing_if = "Option::is_none")]
    degraded: Option<String>,
    /// Records of the journal that the last checkpoint commits to.
    #[serde(skip_serializing_if = "Option::is_none")]
    checkpoint: Option<u64>,
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
    let checkpoints = unit.database().checkpoints();
    let degraded = status.degraded.or_else(|| checkpoints.problem());
    let degraded = degraded.or_else(|| unit.database().rotation_problem());
    Ok(HttpResponse::Ok().json(Ready {
        status: if degraded.is_some() { "degraded" } else { "ready" },
        backend: status.backend.kind,
        adapter: status.backend.name,
        degraded,
        checkpoint: checkpoints.last().map(|last| last.size),
    }))
}
