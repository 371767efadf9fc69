//! `/v1/audit/procedures`: monitoring procedures, which hold records of operations past their year (R-AUDIT-5).

use actix_web::HttpRequest;
use actix_web::HttpResponse;
use actix_web::web;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use super::blocking::blocking;
use super::body;
use super::caller::Authenticated;
use super::problem::{Code, Problem};
use super::records::id;
use crate::access::Supervisor;
use crate::central_unit::CentralUnit;
use crate::eurodac::audit::Procedure;
use crate::eurodac::model::MemberState;
use crate::eurodac::operation::Operation;
use crate::journal::{AuditRecord, Change, Effect, Event};

/// Longest reason. Unit: characters.
const REASON_MAX: usize = 500;

/// What a procedure holds.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewProcedure {
    /// What it is about: 1 to 500 characters.
    reason: String,
    /// It holds records of operations from this moment on,
    #[schema(value_type = String, format = DateTime)]
    from: Timestamp,
    /// up to this one, which is not in it, and may lie ahead.
    #[schema(value_type = String, format = DateTime)]
    until: Timestamp,
    /// Only those of operations for this State; all where it is left out.
    #[schema(value_type = Option<String>)]
    member_state: Option<MemberState>,
}

/// Procedures.
#[derive(Serialize, ToSchema)]
pub struct ProcedureList {
    /// In no order. One that is closed is listed until what it held is destroyed.
    procedures: Vec<Procedure>,
}

/// Begin a monitoring procedure. From now on the records that it names are not destroyed when their year is over, until it is closed; what
/// is destroyed already does not come back. For the joint supervisory authority.
#[utoipa::path(
    post, path = "/v1/audit/procedures", tag = "audit",
    request_body = NewProcedure,
    responses(
        (
            status = 201, description = "Begun; `Location` has it", body = Procedure,
            headers(("Location" = String, description = "Path of the procedure")),
        ),
    ),
    security(("key" = []))
)]
pub async fn open(
    caller: Authenticated,
    request: HttpRequest,
    payload: web::Payload,
    unit: web::Data<CentralUnit>,
) -> Result<HttpResponse, Problem> {
    let supervisor = caller.0.joint_supervisor()?;
    let new: NewProcedure = body::parse(&body::json(&request, payload).await?)?;
    if !(1..=REASON_MAX).contains(&new.reason.trim().chars().count()) {
        return Err(Problem::new(Code::FieldInvalid, "must be 1 to 500 characters").at("reason"));
    }
    if new.until <= new.from {
        return Err(Problem::new(Code::FieldInvalid, "must be later than from").at("until"));
    }
    let NewProcedure { reason, from, until, member_state } = new;
    // A State that takes no part would be held nothing of, and nobody would notice.
    let states = unit.database().participants()?;
    if member_state.is_some_and(|state| !states.iter().any(|line| line.member_state == state)) {
        return Err(Problem::new(Code::FieldInvalid, "is not in the register").at("member_state"));
    }
    let opened_at = unit.now();
    let procedure =
        Procedure { id: Uuid::new_v4(), reason, from, until, member_state, opened_at, closed_at: None };
    let change = Change::Plain(Effect::ProcedureOpened(procedure.clone()));
    let audit = audit(&unit, &supervisor, Operation::ProcedureOpened, member_state);
    blocking(move || unit.database().record(Event::new(audit, change))).await?;
    let location = format!("/v1/audit/procedures/{}", procedure.id);
    Ok(HttpResponse::Created().insert_header(("Location", location)).json(procedure))
}

/// List the monitoring procedures. For the joint supervisory authority.
#[utoipa::path(
    get, path = "/v1/audit/procedures", tag = "audit",
    responses(
        (status = 200, description = "Those begun, and those closed of which records are left", body = ProcedureList),
    ),
    security(("key" = []))
)]
pub async fn list(caller: Authenticated, unit: web::Data<CentralUnit>) -> Result<HttpResponse, Problem> {
    let supervisor = caller.0.joint_supervisor()?;
    let procedures = blocking(move || {
        unit.read(Operation::ProceduresListed, None, supervisor.actor())?;
        unit.database().procedures()
    });
    let procedures = procedures.await?;
    Ok(HttpResponse::Ok().json(ProcedureList { procedures }))
}

/// Close a monitoring procedure: what it held past its year is destroyed within an hour, unless another one holds it. For the joint
/// supervisory authority.
#[utoipa::path(
    delete, path = "/v1/audit/procedures/{id}", tag = "audit",
    params(
        ("id" = String, Path, description = "The procedure"),
    ),
    responses(
        (status = 204, description = "Closed, now or before"),
    ),
    security(("key" = []))
)]
pub async fn close(
    caller: Authenticated,
    path: web::Path<String>,
    unit: web::Data<CentralUnit>,
) -> Result<HttpResponse, Problem> {
    let supervisor = caller.0.joint_supervisor()?;
    let close = move || {
        let all = unit.database().procedures()?;
        let id = id(&path);
        let Some(procedure) = all.into_iter().find(|procedure| procedure.id == id) else {
            return Err(Problem::new(Code::ProcedureNotFound, "there is no such monitoring procedure"));
        };
        let audit = audit(&unit, &supervisor, Operation::ProcedureClosed, procedure.member_state);
        let close = procedure.closed_at.is_none().then_some(Change::Plain(Effect::ProcedureClosed(id)));
        unit.database().record(Event::new(audit, close.unwrap_or(Change::Nothing)))?;
        Ok(())
    };
    blocking(close).await?;
    Ok(HttpResponse::NoContent().finish())
}

fn audit(
    unit: &CentralUnit,
    supervisor: &Supervisor,
    operation: Operation,
    member_state: Option<MemberState>,
) -> AuditRecord {
    AuditRecord { member_state, ..AuditRecord::of(unit.now(), operation, supervisor.actor().clone()) }
}
