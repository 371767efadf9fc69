//! Signs a checkpoint now and then, and hands it over: at the start, at an interval, and at the end.

use std::sync::Arc;
use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::thread::JoinHandle;
use std::time::Duration;

use crate::database::{Database, Recipient};

/// When checkpoints are signed, and where they go.
#[derive(Debug, Clone)]
pub struct CheckpointSettings {
    /// How often, where anything was recorded since.
    pub every: Duration,
    /// Where they go; `None`: they stay here, and wait to be fetched.
    pub recipient: Option<Recipient>,
}

/// The thread that does it; it ends with this.
pub(super) struct CheckpointTimer {
    stop: Option<Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl CheckpointTimer {
    pub(super) fn start(database: Arc<Database>, settings: CheckpointSettings) -> std::io::Result<Self> {
        let (stop, stopped) = channel();
        let work = move || {
            let sign = || {
                match database.checkpoint() {
                    Ok(checkpoint) => tracing::info!(records = checkpoint.size, "checkpoint"),
                    Err(error) => tracing::error!(%error, "no checkpoint could be signed"),
                }
                if let Some(recipient) = &settings.recipient {
                    database.checkpoints().hand_over(recipient);
                }
            };
            sign();
            while stopped.recv_timeout(settings.every) == Err(RecvTimeoutError::Timeout) {
                sign();
            }
            sign();
        };
        let thread = std::thread::Builder::new().name("checkpoints".into()).spawn(work)?;
        Ok(Self { stop: Some(stop), thread: Some(thread) })
    }
}

impl Drop for CheckpointTimer {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            // One that panicked has said so.
            let _ = thread.join();
        }
    }
}
