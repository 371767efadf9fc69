//! How many transmissions are worked on at once: each may hold a body, its prints and their images in memory.

use std::time::Duration;

use tokio::sync::{Semaphore, SemaphorePermit};

use super::problem::{Code, Problem};

/// Longest that a request waits for a place.
const WAIT_MAX: Duration = Duration::from_secs(60);
/// Transmissions for each core: while one waits for an extraction process, another is compared or written.
const PLACES_PER_CORE: usize = 8;

/// Places for each core that only urgent ones get (R-OPS-4).
const URGENT_PER_CORE: usize = 2;

/// Places for transmissions, taken before the body is read. Both kinds in the order of arrival.
pub struct Places {
    any: Semaphore,
    urgent: Semaphore,
}

impl Places {
    /// As many as this machine is good for.
    pub fn new() -> Self {
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        Self { any: Semaphore::new(cores * PLACES_PER_CORE), urgent: Semaphore::new(cores * URGENT_PER_CORE) }
    }

    /// Waits for a place; 503 `busy` where none becomes free in time.
    pub async fn take(&self, urgent: bool) -> Result<SemaphorePermit<'_>, Problem> {
        let busy = || Problem::new(Code::Busy, "too many transmissions are under way; send it again later");
        // Whoever is urgent takes a place of either kind, whichever is free first.
        let wait = async {
            if urgent && let Ok(place) = self.urgent.try_acquire() {
                return Ok(place);
            }
            if urgent && let Ok(place) = self.any.try_acquire() {
                return Ok(place);
            }
            let queue = if urgent { &self.urgent } else { &self.any };
            queue.acquire().await
        };
        let waited = tokio::time::timeout(WAIT_MAX, wait).await;
        waited.map_err(|_| busy())?.map_err(|_| busy())
    }
}
