//! When the service was last known to run: a file beside the journal, so that a start can say how long it was down (R-STAT-2). Where it is
//! missing, the journal's last record says it.

use jiff::Timestamp;

use super::Database;
use crate::journal::{self, Written};
use crate::store::StoreError;

const NAME: &str = "alive";

impl Database {
    /// Notes that it runs now.
    ///
    /// # Errors
    /// The disk; nothing else depends on it.
    pub fn note_alive(&self) -> std::io::Result<()> {
        // What answers 503 to everything does not run for anybody.
        let (Some(lock), None) = (&self.lock, self.failure()) else { return Ok(()) };
        fs_err::write(lock.directory().join(NAME), Timestamp::now().to_string())
    }

    /// When it was last known to run; `None` where it never did.
    pub fn last_alive(&self) -> Result<Option<Timestamp>, StoreError> {
        let noted = self.lock.as_ref().and_then(|lock| {
            fs_err::read_to_string(lock.directory().join(NAME)).ok()?.trim().parse::<Timestamp>().ok()
        });
        let segments = journal::segments(&*self.journal)?;
        let (None, Some(&segment)) = (noted, segments.last()) else { return Ok(noted) };
        let mut last = None;
        journal::replay(&*self.journal, segment..u64::MAX, |record| {
            last = Some(Written::decode(record.body)?.0.audit.at);
            Ok(())
        })?;
        Ok(last)
    }
}
