//! How many transmissions are worked on at once: each may hold a body, its prints and their images in memory.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{OwnedSemaphorePermit, Semaphore, SemaphorePermit};

use super::problem::{Code, Problem};

/// Longest that a request waits for a place.
const WAIT_MAX: Duration = Duration::from_secs(60);
/// Transmissions for each core: while one waits for an extraction process, another is compared or written.
const PLACES_PER_CORE: usize = 8;

/// Places for each core that only urgent ones get (R-OPS-4).
const URGENT_PER_CORE: usize = 2;

/// Imports at once: each works on many lines at a time.
const IMPORTS: usize = 2;

/// Places for transmissions, taken before the body is read, and for imports. Each kind in the order of arrival.
pub struct Places {
    any: Arc<Semaphore>,
    urgent: Arc<Semaphore>,
    imports: Semaphore,
}

impl Places {
    /// As many as this machine is good for.
    pub fn new() -> Self {
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        Self {
            any: Arc::new(Semaphore::new(cores * PLACES_PER_CORE)),
            urgent: Arc::new(Semaphore::new(cores * URGENT_PER_CORE)),
            imports: Semaphore::new(IMPORTS),
        }
    }

    /// Waits for a place, before the body is read: so none waits in a queue (R-COMP-5). 503 `busy` where none becomes free in time.
    pub async fn take(&self, urgent: bool) -> Result<OwnedSemaphorePermit, Problem> {
        in_time(self.wait(urgent)).await
    }

    /// The same of an import.
    pub async fn take_for_import(&self) -> Result<SemaphorePermit<'_>, Problem> {
        in_time(self.wait_for_import()).await
    }

    async fn wait(&self, urgent: bool) -> Result<OwnedSemaphorePermit, Problem> {
        // Whoever is urgent takes a place of either kind, whichever is free first.
        if urgent && let Ok(place) = self.urgent.clone().try_acquire_owned() {
            return Ok(place);
        }
        if urgent && let Ok(place) = self.any.clone().try_acquire_owned() {
            return Ok(place);
        }
        let queue = if urgent { &self.urgent } else { &self.any };
        queue.clone().acquire_owned().await.map_err(|_| busy())
    }

    /// Waits for a place for an import as long as it takes: nobody holds a connection open meanwhile.
    pub async fn wait_for_import(&self) -> Result<SemaphorePermit<'_>, Problem> {
        self.imports.acquire().await.map_err(|_| busy())
    }
}

fn busy() -> Problem {
    Problem::new(Code::Busy, "too many transmissions are under way; send it again later")
}

async fn in_time<T>(waiting: impl Future<Output = Result<T, Problem>>) -> Result<T, Problem> {
    tokio::time::timeout(WAIT_MAX, waiting).await.map_err(|_| busy())?
}
