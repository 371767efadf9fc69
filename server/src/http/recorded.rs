//! Every refusal is on record before it is answered (R-ACCESS-4): who asked, for what, and the code of the problem.

use actix_web::body::MessageBody;
use actix_web::dev::ServiceResponse;
use actix_web::http::StatusCode;
use actix_web::{HttpMessage, HttpRequest, ResponseError, web};

use super::declared::operation;
use super::limits::Limits;
use super::problem::{Code, Problem, Refused};
use crate::access::Caller;
use crate::central_unit::CentralUnit;
use crate::eurodac::model::MemberState;
use crate::eurodac::operation::Operation;
use crate::journal::{Actor, AuditRecord, Event, Outcome};
use crate::store::StoreError;

/// Who a request is of, as far as it is known: put into it by whoever authenticates.
#[derive(Debug, Clone)]
pub struct Asking {
    /// Authority and person.
    pub actor: Actor,
    /// The authority's State.
    pub member_state: Option<MemberState>,
    /// It has shown its key or certificate.
    pub authenticated: bool,
}

/// Person of a request that names none.
pub const NOBODY: &str = "not named";

/// Records a response that refuses; gives the one to send: the same, or another where it cannot be recorded, or where somebody whom
/// nobody knows has been refused too often.
pub async fn refusal<B: MessageBody + 'static>(
    response: ServiceResponse<B>,
    unit: web::Data<CentralUnit>,
    limits: web::Data<Limits>,
) -> ServiceResponse {
    let status = response.status();
    if !status.is_client_error() {
        return response.map_into_boxed_body();
    }
    let (request, inner) = response.into_parts();
    let asking = request.extensions().get::<Asking>().cloned();
    let known = asking.as_ref().is_some_and(|asking| asking.authenticated);
    if !known && !limits.may_fail(request.peer_addr().map(|address| address.ip())) {
        let problem = Problem::new(Code::RateLimited, "too many requests in vain from this address; wait");
        return ServiceResponse::new(request, problem.error_response());
    }
    let code = inner.extensions().get::<Refused>().map_or_else(|| code_of(status), |refused| refused.0);
    let audit = audit(&request, asking, code, &unit);
    let pending = limits.take_pending();
    let recorded = web::block(move || record(&unit, audit, pending)).await;
    match recorded {
        Ok(Ok(())) => ServiceResponse::new(request, inner.map_into_boxed_body()),
        // R-AUDIT-2: no record, no answer.
        Ok(Err(error)) => ServiceResponse::new(request, Problem::from(error).error_response()),
        Err(_) => {
            let problem = Problem::new(Code::Unavailable, "the request was dropped");
            ServiceResponse::new(request, problem.error_response())
        }
    }
}

/// The same of what is refused without a response of its own: the work of a job, a line of an import.
pub fn refused(
    unit: &CentralUnit,
    caller: &Caller,
    operation: Operation,
    problem: &Problem,
) -> Result<(), StoreError> {
    let audit = AuditRecord {
        outcome: Outcome::Refused(problem.parts().0.to_owned()),
        member_state: caller.member_state(),
        ..AuditRecord::of(unit.now(), operation, caller.actor())
    };
    unit.database().record(Event::of(audit))
}

fn audit(request: &HttpRequest, asking: Option<Asking>, code: &str, unit: &CentralUnit) -> AuditRecord {
    let nobody = || Actor { authority: None, person: NOBODY.into() };
    let member_state = asking.as_ref().and_then(|asking| asking.member_state);
    let actor = asking.map_or_else(nobody, |asking| asking.actor);
    let operation = operation(request.method(), request.match_pattern().as_deref());
    AuditRecord {
        outcome: Outcome::Refused(code.to_owned()),
        member_state,
        ..AuditRecord::of(unit.now(), operation, actor)
    }
}

fn record(unit: &CentralUnit, audit: AuditRecord, pending: u32) -> Result<(), StoreError> {
    together(unit, pending)?;
    unit.database().record(Event::of(audit))
}

/// Records refusals of whoever asked in vain too often, together; with the next that is recorded, and when the service ends.
pub fn together(unit: &CentralUnit, pending: u32) -> Result<(), StoreError> {
    if pending == 0 {
        return Ok(());
    }
    let actor = Actor { authority: None, person: NOBODY.into() };
    unit.database().record(Event::of(AuditRecord {
        times: pending,
        outcome: Outcome::Refused(Code::RateLimited.parts().0.to_owned()),
        ..AuditRecord::of(unit.now(), Operation::None, actor)
    }))
}

/// What a library refused before we saw it has no code of ours.
fn code_of(status: StatusCode) -> &'static str {
    match status {
        StatusCode::BAD_REQUEST => "bad-request",
        _ => "refused",
    }
}
