//! A job as server-sent events: one whenever it has gone on, a last one when it is over.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use actix_web::web::{Bytes, Data};
use futures_util::{Stream, stream};
use tokio::sync::watch;
use tokio::time::{sleep, timeout};

use super::job::Now;
use super::{Job, JobView, Jobs, json};
use crate::central_unit::CentralUnit;
use crate::http::blocking::blocking;

/// Shortest time between two events.
const EVERY: Duration = Duration::from_millis(200);
/// Longest silence: after it, a comment says that the connection stands.
const SILENCE_MAX: Duration = Duration::from_secs(15);

/// What somebody watches.
pub struct Events {
    unit: Data<CentralUnit>,
    jobs: Data<Jobs>,
    job: Arc<Job>,
    changes: watch::Receiver<Now>,
    /// The first one is sent at once.
    begun: bool,
}

impl Events {
    /// Of this job.
    pub fn new(unit: Data<CentralUnit>, jobs: Data<Jobs>, job: Arc<Job>) -> Self {
        Self { unit, jobs, changes: job.changes(), job, begun: false }
    }

    /// Until it is over.
    pub fn stream(self) -> impl Stream<Item = Result<Bytes, Infallible>> {
        stream::unfold(Some(self), async |events| Some(Self::next(events?).await))
    }

    /// The next bytes, and what comes after them.
    async fn next(mut self) -> (Result<Bytes, Infallible>, Option<Self>) {
        if self.begun {
            sleep(EVERY).await;
            if timeout(SILENCE_MAX, self.changes.changed()).await.is_err() {
                return (Ok(Bytes::from_static(b": it goes on\n\n")), Some(self));
            }
        }
        self.begun = true;
        let now = *self.changes.borrow_and_update();
        if !now.is_over() {
            let view = serde_json::to_vec(&JobView::of(&self.job, now)).unwrap_or_default();
            return (Ok(event("progress", &view)), Some(self));
        }
        let Self { unit, jobs, job, .. } = self;
        let last = match blocking(move || json(&unit, &jobs, &job)).await {
            Ok(view) => event("result", &view),
            Err(problem) => event("problem", &serde_json::to_vec(&problem).unwrap_or_default()),
        };
        (Ok(last), None)
    }
}

/// JSON of one line is data of one line.
fn event(name: &str, json: &[u8]) -> Bytes {
    [b"event: ", name.as_bytes(), b"\ndata: ", json, b"\n\n"].concat().into()
}
