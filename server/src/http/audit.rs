//! `/v1/audit/checkpoints`: what the journal was, signed, for whoever supervises it (R-AUDIT-3).

use actix_web::HttpResponse;
use actix_web::web::{self, Query};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::blocking::blocking;
use super::caller::Authenticated;
use super::problem::{Code, Problem};
use crate::central_unit::CentralUnit;
use crate::eurodac::operation::Operation;
use crate::journal::Checkpoint;

/// Checkpoints of a page, unless asked otherwise.
const LIMIT_DEFAULT: usize = 50;
/// Checkpoints of a page at most.
const LIMIT_MAX: usize = 200;

/// Which checkpoints.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct CheckpointQuery {
    /// Only those of more records than this.
    after: Option<u64>,
    /// Checkpoints of a page, 1 to 200; 50 unless given.
    limit: Option<usize>,
}

/// A checkpoint.
#[derive(Serialize, ToSchema)]
pub struct CheckpointView {
    /// Records of the journal that it commits to.
    size: u64,
    /// When it was signed.
    #[schema(value_type = String, format = DateTime)]
    at: Timestamp,
    /// The signed note, as `whorl audit verify --checkpoint` reads it from a file.
    note: String,
}

/// Checkpoints, oldest first.
#[derive(Serialize, ToSchema)]
pub struct CheckpointList {
    /// The public key that they are signed with, as the verifier key of a signed note. Worth something only if you got the same
    /// one in another way.
    key: String,
    /// The checkpoints; `after` of the next page is the `size` of the last.
    checkpoints: Vec<CheckpointView>,
}

impl From<Checkpoint> for CheckpointView {
    fn from(checkpoint: Checkpoint) -> Self {
        Self { size: checkpoint.size, at: checkpoint.at, note: checkpoint.to_text() }
    }
}

/// List the checkpoints of the journal. They hold no data of anybody; every authority may have them.
#[utoipa::path(
    get, path = "/v1/audit/checkpoints", tag = "audit",
    params(CheckpointQuery),
    responses(
        (status = 200, description = "Checkpoints, oldest first", body = CheckpointList),
    ),
    security(("key" = []))
)]
pub async fn list(
    caller: Authenticated,
    query: Result<Query<CheckpointQuery>, actix_web::Error>,
    unit: web::Data<CentralUnit>,
) -> Result<HttpResponse, Problem> {
    let query = query
        .map_err(|_| Problem::new(Code::QueryInvalid, "the parameters are after and limit (1 to 200)"))?;
    let limit = query.limit.unwrap_or(LIMIT_DEFAULT);
    if !(1..=LIMIT_MAX).contains(&limit) {
        return Err(Problem::new(Code::QueryInvalid, "must be 1 to 200").at("limit"));
    }
    let after = query.after.unwrap_or(0);
    let list = blocking(move || {
        unit.read(Operation::CheckpointsRead, caller.0.member_state(), &caller.0.actor())?;
        let checkpoints = unit.database().checkpoints();
        let key = checkpoints.verifier().to_string();
        let found = checkpoints.list(after, limit).map_err(|error| {
            tracing::error!(%error, "the checkpoints could not be read");
            Problem::new(Code::Unavailable, "the checkpoints could not be read")
        })?;
        Ok::<_, Problem>(CheckpointList { key, checkpoints: found.into_iter().map(Into::into).collect() })
    });
    let list = list.await?;
    Ok(HttpResponse::Ok().json(list))
}

/// Sign a checkpoint now. For the Central Unit's own administration.
#[utoipa::path(
    post, path = "/v1/audit/checkpoints", tag = "audit",
    responses(
        (status = 201, description = "The checkpoint; the last one where nothing was recorded since", body = CheckpointView),
    ),
    security(("key" = []))
)]
pub async fn sign(caller: Authenticated, unit: web::Data<CentralUnit>) -> Result<HttpResponse, Problem> {
    let administrator = caller.0.administrator()?;
    let signed = blocking(move || {
        unit.read(Operation::CheckpointSigned, None, administrator.actor())?;
        unit.database().checkpoint()
    });
    let signed = signed.await?;
    Ok(HttpResponse::Created().json(CheckpointView::from(signed)))
}
