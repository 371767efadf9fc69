//! `/v1/audit/records`: records of operations, for whoever supervises them (R-AUDIT-6).

use actix_web::HttpResponse;
use actix_web::web::{self, Query};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use super::blocking::blocking;
use super::caller::Authenticated;
use super::lists;
use super::problem::Problem;
use crate::central_unit::CentralUnit;
use crate::database::Recorded;
use crate::eurodac::model::{Category, MemberState, ReferenceNumber};
use crate::eurodac::operation::{Operation, Purpose};
use crate::journal::{Compared, Outcome};

/// Which records.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct AuditQuery {
    /// From this number on; from the oldest unless given. `next` of the page before.
    from: Option<u64>,
    /// Records of a page, 1 to 200; 50 unless given.
    #[param(minimum = 1, maximum = 200)]
    limit: Option<usize>,
}

/// A record of an operation (Art. 16(1)).
#[derive(Serialize, ToSchema)]
pub struct AuditView {
    /// Its number in the journal.
    number: u64,
    /// Day and hour.
    #[schema(value_type = String, format = DateTime)]
    at: Timestamp,
    /// What was done, or asked for.
    operation: Operation,
    /// Why data are processed by it.
    purpose: Purpose,
    /// What was done, in a word: the ground of an erasure, the verdict on a hit, the authority that was designated.
    #[serde(skip_serializing_if = "Option::is_none")]
    detail: Option<String>,
    /// `done`, or `refused`.
    outcome: &'static str,
    /// The code that it was refused with.
    #[serde(skip_serializing_if = "Option::is_none")]
    code: Option<String>,
    /// How many times, where refusals are recorded together.
    #[serde(skip_serializing_if = "once")]
    times: u32,
    /// The authority; absent: the Central Unit itself, or nobody that is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    authority: Option<String>,
    /// The responsible person, as the authority named them.
    person: String,
    /// The State that it was for.
    #[serde(skip_serializing_if = "Option::is_none")]
    member_state: Option<MemberState>,
    /// Category of the set.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<u8>, minimum = 1, maximum = 3)]
    category: Option<Category>,
    /// Reference number of the set.
    #[serde(skip_serializing_if = "Option::is_none")]
    reference_number: Option<ReferenceNumber>,
    /// The attestations that the category needs were given.
    attested: bool,
    /// How many stored sets a score was computed for (R-COMP-10).
    #[serde(skip_serializing_if = "Vec::is_empty")]
    compared: Vec<Compared>,
    /// The same of blocked sets; only the joint supervisor sees it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    compared_blocked: Vec<Compared>,
    /// Records that were disclosed.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    disclosed: Vec<Uuid>,
    /// From the arrival of the request to this record.
    #[serde(skip_serializing_if = "Option::is_none")]
    took_ms: Option<u32>,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "as serde calls it")]
fn once(times: &u32) -> bool {
    *times == 1
}

impl AuditView {
    fn new(Recorded { number, audit, detail }: Recorded) -> Self {
        let (outcome, code) = match audit.outcome {
            Outcome::Done => ("done", None),
            Outcome::Refused(code) => ("refused", Some(code)),
        };
        Self {
            number,
            detail,
            at: audit.at,
            operation: audit.operation,
            purpose: audit.operation.purpose(),
            outcome,
            code,
            times: audit.times,
            authority: audit.actor.authority,
            person: audit.actor.person,
            member_state: audit.member_state,
            category: audit.category,
            reference_number: audit.reference_number,
            attested: audit.attested,
            compared: audit.compared,
            compared_blocked: audit.compared_blocked,
            disclosed: audit.disclosed,
            took_ms: audit.took_ms,
        }
    }
}

/// Records of operations, oldest first.
#[derive(Serialize, ToSchema)]
pub struct AuditList {
    /// Those within the supervisor's competence, as far as their year is not over or a procedure holds them.
    records: Vec<AuditView>,
    /// `from` of the next page; absent on the last. A page with few records, or none, may have a next one.
    #[serde(skip_serializing_if = "Option::is_none")]
    next: Option<u64>,
}

/// List records of operations, oldest first: of all States for the joint supervisor, of its own for a national one.
///
/// That they are read is on record before they are answered.
#[utoipa::path(
    get, path = "/v1/audit/records", tag = "audit", params(AuditQuery),
    responses((status = 200, description = "Records of operations", body = AuditList)),
    security(("key" = []))
)]
pub async fn list(
    caller: Authenticated,
    query: Result<Query<AuditQuery>, actix_web::Error>,
    unit: web::Data<CentralUnit>,
) -> Result<HttpResponse, Problem> {
    let supervisor = caller.0.supervisor()?;
    let query = lists::query(query, "the parameters are from and limit (1 to 200)")?;
    let limit = lists::limit(query.limit)?;
    let (records, next) =
        blocking(move || unit.list_audit(query.from.unwrap_or(0), limit, &supervisor)).await?;
    Ok(HttpResponse::Ok()
        .json(AuditList { records: records.into_iter().map(AuditView::new).collect(), next }))
}
