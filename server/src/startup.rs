//! How far a start has come: said on the terminal, and told to whoever asks whether the service is ready.

use core::fmt;
use std::time::{Duration, Instant};

use parking_lot::Mutex;

/// How often it is said at most.
const SAID_EVERY: Duration = Duration::from_secs(1);

/// What a start is at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stage {
    /// Journal, keys and store are opened.
    Opening,
    /// The store follows the journal: records, of all.
    Following(u64, u64),
    /// Sets are put into the gallery: so many, of all.
    Filling(u64, u64),
    /// Comparisons are made that a crash cut off: so many, of all.
    Comparing(u64, u64),
}

/// How far it has come.
pub struct Startup(Mutex<(Stage, Option<Instant>)>);

impl Default for Startup {
    fn default() -> Self {
        Self(Mutex::new((Stage::Opening, None)))
    }
}

impl fmt::Display for Stage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Opening => f.write_str("the data directory is opened"),
            Self::Following(done, of) => write!(f, "the store follows the journal: record {done} of {of}"),
            Self::Filling(done, of) => write!(f, "the gallery is filled: {done} of {of} sets"),
            Self::Comparing(done, of) => {
                write!(f, "comparisons that were cut off are made again: {done} of {of}")
            }
        }
    }
}

impl Startup {
    /// It has come this far.
    pub fn tell(&self, stage: Stage) {
        let mut state = self.0.lock();
        state.0 = stage;
        if state.1.is_none_or(|said| said.elapsed() >= SAID_EVERY) {
            state.1 = Some(Instant::now());
            tracing::info!("{stage}");
        }
    }

    /// What it is at.
    pub fn stage(&self) -> Stage {
        self.0.lock().0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_where_it_was_told_to_be() {
        let startup = Startup::default();
        assert_eq!(startup.stage().to_string(), "the data directory is opened");
        startup.tell(Stage::Following(3, 7));
        startup.tell(Stage::Filling(2, 9));
        assert_eq!(startup.stage().to_string(), "the gallery is filled: 2 of 9 sets");
    }
}
