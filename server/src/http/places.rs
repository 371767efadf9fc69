//! How many transmissions are worked on at once: each may hold a body, its prints and their images in memory.

use std::time::Duration;

use tokio::sync::{Semaphore, SemaphorePermit};

use super::problem::{Code, Problem};

/// Longest that a request waits for a place.
const WAIT_MAX: Duration = Duration::from_secs(60);
/// Transmissions for each core: while one waits for an extraction process, another is compared or written.
const PLACES_PER_CORE: usize = 8;

/// Places for transmissions, taken before the body is read.
pub struct Places(Semaphore);

impl Places {
    /// As many as this machine is good for.
    pub fn new() -> Self {
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        Self(Semaphore::new(cores * PLACES_PER_CORE))
    }

    /// Waits for a place; 503 `busy` where none becomes free in time.
    pub async fn take(&self) -> Result<SemaphorePermit<'_>, Problem> {
        let busy = || Problem::new(Code::Busy, "too many transmissions are under way; send it again later");
        let waited = tokio::time::timeout(WAIT_MAX, self.0.acquire()).await;
        waited.map_err(|_| busy())?.map_err(|_| busy())
    }
}
