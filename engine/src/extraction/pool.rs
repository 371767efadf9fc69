//! The parent's side: a pool of worker processes, each with one thread that talks to it.
//!
//! *Failure.* A worker that dies, or takes longer than it may, is killed and replaced; the image that did it gets the error,
//! and no other request notices. The talking is done by a thread of the worker's own because a pipe to a hung process
//! can block for ever in either direction; the caller waits on a channel, which cannot.

use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use super::worker::{Answer, read_frame, write_frame};
use super::{ExtractionError, Request};
use crate::minutia::Minutia;

/// How workers are started and bounded.
#[derive(Debug, Clone)]
pub struct Settings {
    /// The program, which must end up in [`super::worker::run`].
    pub program: PathBuf,
    /// Its arguments.
    pub arguments: Vec<String>,
    /// Workers at most; each uses one core.
    pub workers_max: usize,
    /// Longest that one image may take.
    pub time_max: Duration,
    /// Longest that a request waits for a worker.
    pub wait_max: Duration,
}

/// Images that a worker serves before it is replaced: whatever the C code leaks is bounded.
const IMAGES_PER_WORKER_MAX: u32 = 500;

/// What becomes of a worker after an image.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Afterwards {
    /// It serves on.
    Keep,
    /// It ends, and its memory with it: C code leaves what it computed in freed memory and on its stack (R-COMP-5).
    End,
}

struct Attempt {
    answer: Answer,
    by_new_worker: bool,
}

type Job = (Request, Arc<Vec<u8>>);

struct Worker {
    child: Child,
    jobs: Sender<Job>,
    answers: Receiver<Option<Answer>>,
    served: u32,
}

#[derive(Default)]
struct Shared {
    idle: Vec<Worker>,
    busy: usize,
}

/// Workers, started when first needed.
pub struct Pool {
    settings: Settings,
    shared: Mutex<Shared>,
    freed: Condvar,
}

impl Pool {
    /// A pool without workers yet.
    pub fn new(settings: Settings) -> Self {
        Self { settings, shared: Mutex::default(), freed: Condvar::new() }
    }

    /// Extracts the minutiae of one image; blocks until done, or until a limit is reached.
    pub fn extract(
        &self,
        request: Request,
        image: Vec<u8>,
        afterwards: Afterwards,
    ) -> Result<Vec<Minutia>, ExtractionError> {
        let image = Arc::new(image);
        let first = self.attempt(request, &image, afterwards)?;
        if let (Err(ExtractionError::Died), false) = (&first.answer, first.by_new_worker) {
            // It may have died while idle, and not of this image: a new one decides.
            return self.attempt(request, &image, afterwards)?.answer;
        }
        first.answer
    }

    fn attempt(
        &self,
        request: Request,
        image: &Arc<Vec<u8>>,
        afterwards: Afterwards,
    ) -> Result<Attempt, ExtractionError> {
        let mut worker = self.acquire()?;
        worker.served += 1;
        let by_new_worker = worker.served == 1;
        let outcome = match worker.jobs.send((request, Arc::clone(image))) {
            Ok(()) => worker.answers.recv_timeout(self.settings.time_max),
            Err(_) => Ok(None),
        };
        let (answer, usable) = match outcome {
            Ok(Some(answer)) => {
                (answer, afterwards == Afterwards::Keep && worker.served < IMAGES_PER_WORKER_MAX)
            }
            Ok(None) | Err(RecvTimeoutError::Disconnected) => (Err(ExtractionError::Died), false),
            Err(RecvTimeoutError::Timeout) => {
                (Err(ExtractionError::TimedOut(self.settings.time_max.as_secs())), false)
            }
        };
        self.release(usable.then_some(worker));
        Ok(Attempt { answer, by_new_worker })
    }

    fn lock(&self) -> MutexGuard<'_, Shared> {
        self.shared.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn acquire(&self) -> Result<Worker, ExtractionError> {
        let full = |shared: &mut Shared| shared.idle.is_empty() && shared.busy >= self.settings.workers_max;
        let (mut shared, waited) = self
            .freed
            .wait_timeout_while(self.lock(), self.settings.wait_max, full)
            .unwrap_or_else(PoisonError::into_inner);
        if waited.timed_out() {
            return Err(ExtractionError::Busy);
        }
        shared.busy += 1;
        let idle = shared.idle.pop();
        drop(shared);
        let started = idle.map_or_else(|| Worker::start(&self.settings), Ok);
        started.map_err(|error| {
            self.release(None);
            ExtractionError::Unavailable(error.to_string())
        })
    }

    fn release(&self, worker: Option<Worker>) {
        let mut shared = self.lock();
        shared.busy -= 1;
        shared.idle.extend(worker);
        drop(shared);
        self.freed.notify_one();
    }
}

impl Worker {
    fn start(settings: &Settings) -> std::io::Result<Self> {
        let mut child = Command::new(&settings.program)
            .args(&settings.arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()?;
        let (Some(mut input), Some(mut output)) = (child.stdin.take(), child.stdout.take()) else {
            return Err(std::io::Error::other("the worker has no pipes"));
        };
        let (jobs, to_do) = channel::<Job>();
        let (done, answers) = channel();
        // From here on the process is waited for, whatever fails.
        let worker = Self { child, jobs, answers, served: 0 };
        let talk = move || {
            for (request, image) in to_do {
                let answer = serde_json::to_vec(&request)
                    .map_err(std::io::Error::from)
                    .and_then(|header| write_frame(&mut input, &header))
                    .and_then(|()| write_frame(&mut input, &image))
                    .and_then(|()| read_frame(&mut output))
                    .ok()
                    .flatten()
                    .and_then(|bytes| serde_json::from_slice(&bytes).ok());
                if done.send(answer).is_err() {
                    break;
                }
            }
        };
        std::thread::Builder::new().name("extraction".into()).spawn(talk)?;
        Ok(worker)
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        // Already dead is as good; a zombie is not, so it is waited for.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[cfg(test)]
mod tests {
    use super::super::ImageFormat;
    use super::*;

    fn pool(script: &str, time_max: Duration) -> Pool {
        Pool::new(Settings {
            program: "/bin/sh".into(),
            arguments: vec!["-c".into(), script.into()],
            workers_max: 2,
            time_max,
            wait_max: Duration::from_millis(200),
        })
    }

    fn ask(pool: &Pool) -> Result<Vec<Minutia>, ExtractionError> {
        // Larger than a pipe, so that a worker which does not read blocks whoever writes.
        pool.extract(
            Request { format: ImageFormat::Png, resolution_ppi: 500, segment: None },
            vec![0; 1 << 20],
            Afterwards::Keep,
        )
    }

    #[test]
    fn a_worker_that_crashes_costs_its_request_only() {
        let pool = pool("exit 1", Duration::from_secs(20));
        assert_eq!(ask(&pool), Err(ExtractionError::Died));
        assert_eq!(ask(&pool), Err(ExtractionError::Died));
        assert_eq!(pool.lock().busy, 0);
    }

    #[test]
    fn a_worker_that_hangs_is_stopped() {
        let pool = pool("exec sleep 100", Duration::from_millis(100));
        assert_eq!(ask(&pool), Err(ExtractionError::TimedOut(0)));
        let shared = pool.lock();
        assert_eq!((shared.busy, shared.idle.len()), (0, 0));
    }

    #[test]
    fn a_program_that_is_not_there_is_said_to_be_unavailable() {
        let mut pool = pool("", Duration::from_secs(1));
        pool.settings.program = "/nowhere/whorl".into();
        assert!(matches!(ask(&pool), Err(ExtractionError::Unavailable(_))));
        assert_eq!(pool.lock().busy, 0);
    }

    #[test]
    fn who_waits_too_long_for_a_worker_is_told_so() {
        let pool = pool("exec sleep 100", Duration::from_secs(2));
        std::thread::scope(|scope| {
            let hung: Vec<_> = (0..2).map(|_| scope.spawn(|| ask(&pool))).collect();
            while pool.lock().busy < 2 {
                std::thread::yield_now();
            }
            assert_eq!(ask(&pool), Err(ExtractionError::Busy));
            for request in hung {
                assert_eq!(request.join().unwrap(), Err(ExtractionError::TimedOut(2)));
            }
        });
    }
}
