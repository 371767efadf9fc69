//! `GET /v1/jobs/{id}`: how far something is that was asked for with `Prefer: respond-async`, and what came of it; once, or as
//! server-sent events until it is over.

mod accepted;
mod events;
mod job;
mod kept;

pub use accepted::Accepted;
pub use job::{Job, Kind, Outcome};
pub use kept::Jobs;

use std::sync::Arc;

use actix_web::http::header;
use actix_web::{HttpRequest, HttpResponse, web};
use jiff::Timestamp;
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;
use whorl_engine::stack;

use super::blocking::blocking;
use super::caller::Authenticated;
use super::imports::ImportAnswer;
use super::problem::Problem;
use super::records::id;
use super::transmissions::{Kinds, told};
use super::views::TransmissionAnswer;
use crate::central_unit::{CentralUnit, Deferred};
use crate::eurodac::operation::Operation;
use job::{Now, Progress, State};
use kept::not_found;

/// A job.
#[derive(Serialize, ToSchema)]
#[schema(as = Job)]
pub struct JobView {
    /// Identifier.
    job_id: Uuid,
    /// What it does.
    kind: Kind,
    /// How far it is.
    state: State,
    /// When it was asked for.
    #[schema(value_type = String, format = DateTime)]
    submitted_at: Timestamp,
    /// When it was over.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = DateTime)]
    finished_at: Option<Timestamp>,
    /// How much of it is done.
    progress: Progress,
    /// Of a job that is done.
    #[serde(skip_serializing_if = "Option::is_none")]
    result: Option<ResultView>,
    /// Of a job that failed: what the request would have been answered.
    #[serde(skip_serializing_if = "Option::is_none")]
    problem: Option<Problem>,
}

/// What the request would have been answered, as far as it may still be told.
#[derive(Serialize, ToSchema)]
#[schema(as = JobResult)]
pub struct ResultView {
    /// HTTP status.
    status: u16,
    /// The answer itself.
    body: Body,
}

/// An answer, by the job's kind.
#[derive(Serialize, ToSchema)]
#[serde(untagged)]
#[schema(as = JobResultBody)]
pub enum Body {
    /// Of a transmission.
    Transmission(TransmissionAnswer),
    /// Of an import.
    Import(ImportAnswer),
}

impl JobView {
    /// Without what came of it.
    pub(super) fn of(job: &Job, now: Now) -> Self {
        Self {
            job_id: job.id,
            kind: job.kind,
            state: now.state,
            submitted_at: job.submitted_at,
            finished_at: now.finished_at,
            progress: now.progress,
            result: None,
            problem: None,
        }
    }

    /// With what came of it, once it is over. Blocks.
    fn told(unit: &CentralUnit, jobs: &Jobs, job: &Arc<Job>) -> Result<Self, Problem> {
        let now = job.now();
        let mut view = Self::of(job, now);
        let outcome = job.outcome().filter(|_| now.is_over());
        match outcome {
            None => return Ok(view),
            Some(Err(problem)) => view.problem = Some(problem.clone()),
            Some(Ok(Outcome::Import(answer))) => {
                view.result = Some(ResultView { status: 200, body: Body::Import(answer.clone()) });
            }
            Some(Ok(Outcome::Transmission(deferred, kinds))) => {
                view.result = Some(transmission(unit, jobs, job, (deferred, kinds))?);
            }
        }
        job.tell();
        Ok(view)
    }
}

/// The answer to a transmission, as it may be told now.
fn transmission(
    unit: &CentralUnit,
    jobs: &Jobs,
    job: &Arc<Job>,
    (deferred, kinds): (&Deferred, &Kinds),
) -> Result<ResultView, Problem> {
    // R-COMP-5: of two who come for it at once, one is told.
    if deferred.is_told_once() && !jobs.forget(job) {
        return Err(not_found());
    }
    match unit.tell(deferred) {
        Ok(Some(answer)) => {
            job.give_up_room();
            let (status, answer) = told(kinds.clone(), answer);
            Ok(ResultView { status: status.as_u16(), body: Body::Transmission(answer) })
        }
        // R-ERASE-3: there is nothing to tell any more.
        Ok(None) => {
            jobs.forget(job);
            Err(not_found())
        }
        Err(error) => {
            if deferred.is_told_once() {
                jobs.put_back(job.clone());
            }
            Err(error.into())
        }
    }
}

/// How far something is that was asked for with `Prefer: respond-async`, and what came of it.
///
/// With `Accept: text/event-stream`, events: `progress` whenever there is any, and at last `result`; each has the job. Only the authority
/// that asked for it sees a job. A result is kept an hour, of category 3 until it is told, and made when it is told: what may not be told
/// any more is not in it. A restart forgets jobs; the same request with the same `Idempotency-Key` is answered then as ever.
#[utoipa::path(
    get, path = "/v1/jobs/{id}", tag = "jobs",
    params(("id" = String, Path, description = "Job id")),
    responses((status = 200, description = "The job", content(
        (JobView = "application/json"),
        (String = "text/event-stream"),
    ))),
    security(("key" = []))
)]
pub async fn get(
    caller: Authenticated,
    path: web::Path<String>,
    request: HttpRequest,
    unit: web::Data<CentralUnit>,
    jobs: web::Data<Jobs>,
) -> Result<HttpResponse, Problem> {
    caller.0.may_transmit()?;
    let job = jobs.find(&caller.0, id(&path))?;
    let as_events = wants_events(&request);
    let work = {
        let (unit, jobs, job) = (unit.clone(), jobs.clone(), job.clone());
        move || -> Result<_, Problem> {
            unit.read(Operation::JobRead, caller.0.member_state(), &caller.0.actor())?;
            if as_events { Ok(None) } else { Ok(Some(json(&unit, &jobs, &job)?)) }
        }
    };
    Ok(match blocking(work).await? {
        Some(json) => HttpResponse::Ok().content_type("application/json").body(json),
        None => HttpResponse::Ok()
            .content_type("text/event-stream")
            .streaming(events::Events::new(unit, jobs, job).stream()),
    })
}

/// A job as JSON, with what came of it. Blocks; and overwrites what it left on the stack, since prints may be in it.
fn json(unit: &CentralUnit, jobs: &Jobs, job: &Arc<Job>) -> Result<Vec<u8>, Problem> {
    stack::overwritten_after(|| {
        let view = JobView::told(unit, jobs, job)?;
        Ok(serde_json::to_vec(&view).unwrap_or_default())
    })
}

fn wants_events(request: &HttpRequest) -> bool {
    let values = request.headers().get_all(header::ACCEPT).filter_map(|value| value.to_str().ok());
    let mut types = values.flat_map(|value| value.split(','));
    types.any(|kind| kind.split(';').next().is_some_and(|kind| kind.trim() == "text/event-stream"))
}
