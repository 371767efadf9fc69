//! Work that is done at the start and at an interval, on a thread of its own, and perhaps once more at the end.

use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::thread::JoinHandle;
use std::time::Duration;

/// The thread that does it; it ends with this.
pub(super) struct Timer {
    stop: Option<Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

/// Whether the work is done once more when it ends.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum AtTheEnd {
    Again,
    Nothing,
}

impl Timer {
    pub(super) fn start(
        name: &str,
        every: Duration,
        at_the_end: AtTheEnd,
        mut work: impl FnMut() + Send + 'static,
    ) -> std::io::Result<Self> {
        let (stop, stopped) = channel();
        let run = move || {
            work();
            while stopped.recv_timeout(every) == Err(RecvTimeoutError::Timeout) {
                work();
            }
            if at_the_end == AtTheEnd::Again {
                work();
            }
        };
        let thread = std::thread::Builder::new().name(name.into()).spawn(run)?;
        Ok(Self { stop: Some(stop), thread: Some(thread) })
    }
}

impl Drop for Timer {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            // One that panicked has said so.
            let _ = thread.join();
        }
    }
}
