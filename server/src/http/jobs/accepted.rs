//! What is taken in as a job: between its request and its outcome, and as long as that is kept.

use std::sync::Arc;
use std::time::Duration;

use actix_web::{HttpRequest, HttpResponse, http::header, web};

use super::job::Job;
use super::{JobView, Jobs, Kind, Outcome};
use crate::access::Caller;
use crate::central_unit::CentralUnit;
use crate::http::blocking::blocking;
use crate::http::problem::{Code, Problem};
use crate::http::recorded;

/// How long a job is kept once it is over.
const KEPT: Duration = Duration::from_secs(3600);

/// A job that is taken in, and forgotten when this is dropped: with the request that was not read to its end, or with the task that worked
/// on it and kept what came of it.
pub struct Accepted {
    jobs: web::Data<Jobs>,
    job: Arc<Job>,
    caller: Caller,
    unit: web::Data<CentralUnit>,
}

impl Accepted {
    /// Takes in a request before its body is read; 503 `busy` where there is no room for it.
    pub fn take_in(
        jobs: &web::Data<Jobs>,
        kind: Kind,
        caller: &Caller,
        request: &HttpRequest,
        unit: &web::Data<CentralUnit>,
    ) -> Result<Self, Problem> {
        let room = jobs.room_for(request)?;
        let owner = caller.actor().authority.unwrap_or_default();
        let job = Arc::new(Job::new(kind, owner, unit.now(), Some(room)));
        jobs.add(job.clone())?;
        Ok(Self { jobs: jobs.clone(), job, caller: caller.clone(), unit: unit.clone() })
    }

    /// The job.
    pub fn job(&self) -> Arc<Job> {
        self.job.clone()
    }

    /// Works on it in a task of its own; 202 at once.
    pub fn later(self, work: impl Future<Output = Result<Outcome, Problem>> + 'static) -> HttpResponse {
        let location = format!("/v1/jobs/{}", self.job.id);
        let view = JobView::of(&self.job, self.job.now());
        actix_web::rt::spawn(async move {
            let outcome = match work.await {
                Err(problem) if problem.is_refusal() => Err(self.recorded(problem).await),
                outcome => outcome,
            };
            self.job.finish(outcome, self.unit.now());
            tokio::time::sleep(KEPT).await;
        });
        HttpResponse::Accepted()
            .insert_header((header::LOCATION, location))
            .insert_header(("Preference-Applied", "respond-async"))
            .json(view)
    }

    /// R-ACCESS-4: the problem, on record; or that it cannot be recorded (R-AUDIT-2).
    async fn recorded(&self, problem: Problem) -> Problem {
        let (unit, caller, operation) = (self.unit.clone(), self.caller.clone(), self.job.kind.operation());
        let recording = blocking(move || -> Result<_, Problem> {
            recorded::refused(&unit, &caller, operation, &problem)?;
            Ok(problem)
        });
        recording.await.unwrap_or_else(|unrecorded| unrecorded)
    }
}

impl Drop for Accepted {
    fn drop(&mut self) {
        let dropped = "the job was dropped; it may have been carried out";
        self.job.finish(Err(Problem::new(Code::Unavailable, dropped)), self.unit.now());
        self.jobs.forget(&self.job);
    }
}
