//! Jobs that are under way or whose outcome has yet to be fetched.
//!
//! *Why in memory only.* What must survive a crash is the entry, and that is in the journal before a job is done: whoever sends the same
//! request with the same `Idempotency-Key` is told of it. A result of category 3 must never be on a disk (R-COMP-5). So a job is
//! a convenience, forgotten when the process ends; and what it keeps of a transmission is how to tell its answer, not the answer
//! ([`Deferred`]).
//!
//! *Bounds.* An authority has so many jobs, and what waits to be worked on, or to be given back, takes so much memory, whoever sent it.

use std::collections::HashMap;
use std::sync::Arc;

use actix_web::HttpRequest;
use parking_lot::Mutex;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use uuid::Uuid;

use super::job::Job;
use crate::access::{AuthorityId, Caller};
use crate::http::body;
use crate::http::problem::{Code, Problem};

/// Jobs of an authority. When there are so many, the oldest one that was told makes room.
const JOBS_MAX: usize = 1000;
/// Bodies that wait for a place or are worked on, and media that wait to be given back, of all jobs. Unit: KiB.
const ROOM_KIB: usize = 512 << 10;

/// All jobs, by authority: another's is not even looked for (R-ACCESS-2).
pub struct Jobs {
    of: Mutex<HashMap<AuthorityId, HashMap<Uuid, Arc<Job>>>>,
    room: Arc<Semaphore>,
}

impl Jobs {
    /// None.
    pub fn new() -> Self {
        Self { of: Mutex::default(), room: Arc::new(Semaphore::new(ROOM_KIB)) }
    }

    /// Room for a body, before it is read; 503 `busy` where there is none.
    pub fn room_for(&self, request: &HttpRequest) -> Result<OwnedSemaphorePermit, Problem> {
        let announced = body::announced(request).unwrap_or(body::BODY_BYTES_MAX).min(body::BODY_BYTES_MAX);
        let kib = u32::try_from(announced / 1024 + 1).unwrap_or(u32::MAX);
        let room = self.room.clone().try_acquire_many_owned(kib);
        room.map_err(|_| busy("too many jobs wait to be worked on"))
    }

    /// One more.
    pub fn add(&self, job: Arc<Job>) -> Result<(), Problem> {
        let mut all = self.of.lock();
        let own = all.entry(job.owner.clone()).or_default();
        if own.len() >= JOBS_MAX {
            let told = own.values().filter(|job| job.was_told());
            let oldest = told.min_by_key(|job| job.submitted_at).map(|job| job.id);
            let full = || busy("your authority has too many jobs whose results were not fetched");
            own.remove(&oldest.ok_or_else(full)?);
        }
        own.insert(job.id, job);
        Ok(())
    }

    /// A job of the authority that asked for it.
    pub fn find(&self, caller: &Caller, id: Uuid) -> Result<Arc<Job>, Problem> {
        let owner = caller.actor().authority.unwrap_or_default();
        self.of.lock().get(&owner).and_then(|own| own.get(&id)).cloned().ok_or_else(not_found)
    }

    /// Forgets a job; whether it was there.
    pub fn forget(&self, job: &Job) -> bool {
        let mut all = self.of.lock();
        let Some(own) = all.get_mut(&job.owner) else { return false };
        let forgotten = own.remove(&job.id).is_some();
        if own.is_empty() {
            all.remove(&job.owner);
        }
        forgotten
    }

    /// One that was forgotten, and not told.
    pub fn put_back(&self, job: Arc<Job>) {
        self.of.lock().entry(job.owner.clone()).or_default().insert(job.id, job);
    }
}

fn busy(what: &str) -> Problem {
    Problem::new(Code::Busy, format!("{what}; send it again later, or without `Prefer: respond-async`"))
}

/// Unknown, another authority's, or forgotten: the same answer.
pub fn not_found() -> Problem {
    Problem::new(Code::JobNotFound, "your authority has no job of this id; results are kept an hour")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::jobs::Kind;
    use jiff::Timestamp;

    fn job(owner: &str, second: i64) -> Arc<Job> {
        let at = Timestamp::from_second(second).unwrap();
        Arc::new(Job::new(Kind::Import, owner.into(), at, None))
    }

    #[test]
    fn of_an_authority_with_too_many_jobs_the_oldest_that_was_told_makes_room() {
        let jobs = Jobs::new();
        let own: Vec<_> = (0..).map(|second| job("at", second)).take(JOBS_MAX).collect();
        own.iter().for_each(|job| jobs.add(job.clone()).unwrap());
        let problem = jobs.add(job("at", 0)).unwrap_err();
        assert_eq!(problem.parts().0, "busy");
        jobs.add(job("de", 0)).unwrap();
        [700, 7, 70].iter().for_each(|&index| own[index].tell());
        jobs.add(job("at", 5000)).unwrap();
        assert!(!jobs.forget(&own[7]) && jobs.forget(&own[70]) && jobs.forget(&own[0]));
    }
}
