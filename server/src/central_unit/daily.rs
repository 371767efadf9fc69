//! What the Central Unit does by itself: it signs checkpoints, destroys records of operations whose year is over, and rotates the wrapping
//! key where it shall.

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;

use super::erasure::Eraser;
use super::timer::{AtTheEnd, Timer};
use crate::database::{Database, KeySchedule, Recipient};

/// How often it is looked whether the year of a segment is over. The segments are of a day each.
const RETENTION_EVERY: Duration = Duration::from_secs(3600);

/// How often sets are looked for whose period is over: with the hour, they go within an hour of the end of their last day (R-KEEP-3).
const ERASURE_EVERY: Duration = Duration::from_secs(600);

/// How often it is noted that the service runs, so that the next start knows how long it did not (R-STAT-2).
const ALIVE_EVERY: Duration = Duration::from_secs(60);

/// How often it is looked whether the wrapping key is to be rotated, at least.
const ROTATION_EVERY: Duration = Duration::from_secs(3600);

/// When checkpoints are signed, and where they go.
#[derive(Debug, Clone)]
pub struct CheckpointSettings {
    /// How often, where anything was recorded since.
    pub every: Duration,
    /// Where they go; `None`: they stay here, and wait to be fetched.
    pub recipient: Option<Recipient>,
}

/// The timers; they end with this.
pub(super) struct Daily {
    _erasure: Timer,
    _alive: Timer,
    _checkpoints: Timer,
    _retention: Timer,
    _rotation: Option<Timer>,
}

impl Daily {
    pub(super) fn start(
        database: &Arc<Database>,
        eraser: &Arc<Eraser>,
        settings: CheckpointSettings,
        keys: KeySchedule,
    ) -> std::io::Result<Self> {
        let (signing, retaining) = (database.clone(), database.clone());
        let every = settings.every;
        let sign = move || {
            match signing.checkpoint() {
                Ok(checkpoint) => tracing::info!(records = checkpoint.size, "checkpoint"),
                Err(error) => tracing::error!(%error, "no checkpoint could be signed"),
            }
            if let Some(recipient) = &settings.recipient {
                signing.checkpoints().hand_over(recipient);
            }
        };
        let retain = move || match retaining.retain(Timestamp::now()) {
            Ok(None) => {}
            Ok(Some(done)) => {
                let (below, segments, held) = (done.below, done.segments, done.held);
                tracing::info!(
                    below,
                    segments,
                    held,
                    "records of operations were destroyed: their year is over"
                );
            }
            // R-AUDIT-4 waits; nothing else does.
            Err(error) => tracing::error!(%error, "records of operations could not be destroyed"),
        };
        let eraser = eraser.clone();
        let erase = move || match eraser.run() {
            Ok(0) => {}
            Ok(sets) => tracing::info!(sets, "sets were erased: their period is over"),
            // R-COMP-7: they are not compared nor told of, erased or not.
            Err(error) => tracing::error!(%error, "sets whose period is over could not be erased"),
        };
        Ok(Self {
            _erasure: Timer::start("erasure", ERASURE_EVERY, AtTheEnd::Nothing, erase)?,
            _alive: Timer::start("alive", ALIVE_EVERY, AtTheEnd::Again, alive(database.clone()))?,
            _checkpoints: Timer::start("checkpoints", every, AtTheEnd::Again, sign)?,
            _retention: Timer::start("retention", RETENTION_EVERY, AtTheEnd::Nothing, retain)?,
            _rotation: rotation(database.clone(), keys)?,
        })
    }
}

fn alive(database: Arc<Database>) -> impl FnMut() + Send + 'static {
    move || {
        if let Err(error) = database.note_alive() {
            tracing::warn!(%error, "it could not be noted that the service runs");
        }
    }
}

fn rotation(database: Arc<Database>, schedule: KeySchedule) -> std::io::Result<Option<Timer>> {
    let every = match &schedule {
        KeySchedule::OnRequest => return Ok(None),
        KeySchedule::Age(age) => ROTATION_EVERY.min(*age),
        KeySchedule::Source(_) => ROTATION_EVERY,
    };
    let rotate = move || match database.rotate_when_due(&schedule) {
        Ok(false) => {}
        Ok(true) => {
            let id = database.wrapping_key_id();
            tracing::info!(%id, "the wrapping key was rotated; destroy every copy of the old one");
        }
        // One of the two opens the keyring, whatever failed; a start finds out which.
        Err(error) => {
            let keep = "keep the old one and the new one, if there is one";
            tracing::error!(%error, "the wrapping key was not rotated; {keep}");
        }
    };
    Timer::start("rotation", every, AtTheEnd::Nothing, rotate).map(Some)
}
