//! A job: what it does, how far it is, and what came of it.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, Ordering};

use jiff::Timestamp;
use parking_lot::Mutex;
use serde::Serialize;
use tokio::sync::{OwnedSemaphorePermit, watch};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::access::AuthorityId;
use crate::central_unit::Deferred;
use crate::eurodac::operation::Operation;
use crate::http::imports::ImportAnswer;
use crate::http::problem::Problem;
use crate::http::transmissions::Kinds;

/// What a job does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
#[schema(as = JobKind)]
pub enum Kind {
    /// One transmission.
    Transmission,
    /// An import.
    Import,
}

impl Kind {
    /// What it is in the audit where it is refused.
    pub fn operation(self) -> Operation {
        match self {
            Self::Transmission => Operation::Transmission,
            Self::Import => Operation::Import,
        }
    }
}

/// How far a job is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
#[schema(as = JobState)]
pub enum State {
    /// It waits for a place.
    Queued,
    /// It is worked on.
    Running,
    /// It has a result.
    Done,
    /// It has a problem.
    Failed,
}

/// How much of a job is done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = JobProgress)]
pub struct Progress {
    /// Transmissions that are settled, rejected ones too.
    pub done: usize,
    /// How many there are, once it is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub total: Option<usize>,
    /// Of those done, how many were rejected.
    pub rejected: usize,
}

/// What of a job changes while it is worked on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Now {
    /// How far it is.
    pub state: State,
    /// When it was over.
    pub finished_at: Option<Timestamp>,
    /// How much of it is done.
    pub progress: Progress,
}

impl Now {
    /// Whether it has its outcome.
    pub fn is_over(&self) -> bool {
        matches!(self.state, State::Done | State::Failed)
    }
}

/// What came of a job.
pub enum Outcome {
    /// A transmission, and what its prints were.
    Transmission(Box<Deferred>, Kinds),
    /// An import.
    Import(ImportAnswer),
}

/// A job.
pub struct Job {
    /// Nobody can guess it.
    pub id: Uuid,
    /// What it does.
    pub kind: Kind,
    /// When it was asked for.
    pub submitted_at: Timestamp,
    /// Who asked for it, and alone may see it.
    pub owner: AuthorityId,
    now: watch::Sender<Now>,
    /// There before the job is over.
    outcome: OnceLock<Result<Outcome, Problem>>,
    told: AtomicBool,
    /// Given back when nothing of the body is kept any more.
    room: Mutex<Option<OwnedSemaphorePermit>>,
}

impl Job {
    /// One that waits.
    pub fn new(
        kind: Kind,
        owner: AuthorityId,
        submitted_at: Timestamp,
        room: Option<OwnedSemaphorePermit>,
    ) -> Self {
        let progress = Progress { done: 0, total: None, rejected: 0 };
        let now = Now { state: State::Queued, finished_at: None, progress };
        Self {
            id: Uuid::new_v4(),
            kind,
            submitted_at,
            owner,
            now: watch::Sender::new(now),
            outcome: OnceLock::new(),
            told: AtomicBool::new(false),
            room: Mutex::new(room),
        }
    }

    /// It is worked on from now on: on so many transmissions.
    pub fn begin(&self, total: Option<usize>) {
        self.now.send_modify(|now| {
            now.state = State::Running;
            now.progress.total = total;
        });
    }

    /// It is known how many there are.
    pub fn count(&self, total: usize) {
        self.now.send_modify(|now| now.progress.total = Some(total));
    }

    /// One more is settled.
    pub fn settled(&self, rejected: bool) {
        self.now.send_modify(|now| {
            now.progress.done += 1;
            now.progress.rejected += usize::from(rejected);
        });
    }

    /// It is over. Only the first time counts.
    pub fn finish(&self, outcome: Result<Outcome, Problem>, at: Timestamp) {
        let keeps = matches!(&outcome, Ok(Outcome::Transmission(answer, _)) if answer.has_media());
        let failed = outcome.is_err();
        if self.outcome.set(outcome).is_err() {
            return;
        }
        if !keeps {
            self.give_up_room();
        }
        if self.kind == Kind::Transmission {
            self.settled(failed);
        }
        self.now.send_modify(|now| {
            now.state = if failed { State::Failed } else { State::Done };
            now.finished_at = Some(at);
        });
    }

    /// Nothing of its body is kept any more.
    pub fn give_up_room(&self) {
        drop(self.room.lock().take());
    }

    /// How it is at this moment.
    pub fn now(&self) -> Now {
        *self.now.borrow()
    }

    /// What tells of every change.
    pub fn changes(&self) -> watch::Receiver<Now> {
        self.now.subscribe()
    }

    /// What came of it, once it is over.
    pub fn outcome(&self) -> Option<&Result<Outcome, Problem>> {
        self.outcome.get()
    }

    /// Its outcome is told: it may make room.
    pub fn tell(&self) {
        self.told.store(true, Ordering::Relaxed);
    }

    /// Whether its outcome was told.
    pub fn was_told(&self) -> bool {
        self.told.load(Ordering::Relaxed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::problem::Code;

    #[test]
    fn a_job_is_over_once_and_says_how_far_it_is() {
        let job = Job::new(Kind::Import, "at".into(), Timestamp::UNIX_EPOCH, None);
        let mut changes = job.changes();
        job.begin(Some(3));
        job.settled(true);
        job.settled(false);
        let Now { state, progress, .. } = *changes.borrow_and_update();
        assert_eq!((state, progress), (State::Running, Progress { done: 2, total: Some(3), rejected: 1 }));
        job.finish(Ok(Outcome::Import(ImportAnswer::default())), job.submitted_at);
        job.finish(Err(Problem::new(Code::Unavailable, "too late")), job.submitted_at);
        assert!(
            changes.has_changed().unwrap()
                && job.now().state == State::Done
                && job.outcome().unwrap().is_ok()
        );
    }
}
