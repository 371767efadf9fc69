//! Searches that arrive while one runs go over the gallery together, in the next pass.
//!
//! A search that arrives when none runs starts at once, on its own thread. Those that come while it runs wait for it to end, and for
//! nothing else: then the first of them takes up to [`PASS_MAX`] of those that wait, itself among them, and does the next pass for
//! all. So nobody waits for company, and a gallery that many ask of is read once for all of them.
//!
//! *Why a request is owned.* The thread that does a pass reads what other threads ask. *Why waiting holds no lock.* The pass takes the
//! gallery's lock when it begins; whoever asked before that sees every write that had returned to them.
//!
//! *Failure.* A pass that panics takes only its own thread with it: the next in line goes on, and those whose answers were lost do
//! their own search.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, mpsc};

/// Searches of a pass at most: two dispatches of the GPU, and a bound on how long a pass can be.
const PASS_MAX: usize = 16;

/// Requests of type `Q`, answered by `A`s, one pass at a time.
pub(crate) struct Batching<Q, A> {
    line: Mutex<Line<Q, A>>,
}

struct Line<Q, A> {
    running: bool,
    waiting: VecDeque<Waiting<Q, A>>,
}

struct Waiting<Q, A> {
    request: Arc<Q>,
    tell: mpsc::Sender<Told<Q, A>>,
}

/// What a waiting thread hears, once.
enum Told<Q, A> {
    /// Its answer.
    Answer(A),
    /// That it is its turn to do a pass, for itself and for these.
    Lead(Vec<Waiting<Q, A>>),
}

/// Whoever holds this does a pass; when it goes, by a panic too, the next in line is told to.
struct Turn<'a, Q, A>(&'a Batching<Q, A>);

impl<Q, A> Default for Batching<Q, A> {
    fn default() -> Self {
        Self { line: Mutex::new(Line { running: false, waiting: VecDeque::new() }) }
    }
}

impl<Q, A> Batching<Q, A> {
    /// The answer to a request; `pass` answers several, each in its place.
    pub(crate) fn run(&self, request: Q, pass: impl Fn(&[&Q]) -> Vec<A>) -> A {
        let request = Arc::new(request);
        let waited = self.wait_in_line(&request).map(|told| told.recv());
        let others = match waited {
            None => Vec::new(),
            Some(Ok(Told::Answer(answer))) => return answer,
            Some(Ok(Told::Lead(others))) => others,
            Some(Err(_)) => return Self::alone(&request, &pass),
        };
        let turn = Turn(self);
        let requests: Vec<&Q> =
            [&*request].into_iter().chain(others.iter().map(|other| &*other.request)).collect();
        let mut answers = pass(&requests).into_iter();
        let own = answers.next();
        for (other, answer) in others.iter().zip(answers) {
            // It waits for this, unless its thread is gone.
            let _ = other.tell.send(Told::Answer(answer));
        }
        drop(turn);
        own.unwrap_or_else(|| Self::alone(&request, &pass))
    }

    /// `None` when nobody runs, and it is this thread's turn.
    fn wait_in_line(&self, request: &Arc<Q>) -> Option<mpsc::Receiver<Told<Q, A>>> {
        let mut line = self.line();
        if !line.running {
            line.running = true;
            return None;
        }
        let (tell, told) = mpsc::channel();
        line.waiting.push_back(Waiting { request: Arc::clone(request), tell });
        Some(told)
    }

    /// After a pass that lost the answer.
    #[expect(clippy::expect_used, reason = "an answer made up here would read as one that found nobody")]
    fn alone(request: &Q, pass: &impl Fn(&[&Q]) -> Vec<A>) -> A {
        pass(&[request]).into_iter().next().expect("a pass answers each of its requests")
    }

    fn line(&self) -> MutexGuard<'_, Line<Q, A>> {
        self.line.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<Q, A> Drop for Turn<'_, Q, A> {
    fn drop(&mut self) {
        let mut line = self.0.line();
        while let Some(next) = line.waiting.pop_front() {
            let more = line.waiting.len().min(PASS_MAX - 1);
            let others = line.waiting.drain(..more).collect();
            match next.tell.send(Told::Lead(others)) {
                Ok(()) => return,
                // Its thread is gone; the others stay in line.
                Err(mpsc::SendError(Told::Lead(others))) => {
                    others.into_iter().rev().for_each(|other| line.waiting.push_front(other));
                }
                Err(_) => {}
            }
        }
        line.running = false;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::thread;
    use std::time::Duration;

    fn in_line(batching: &Batching<u32, u32>) -> usize {
        batching.line().waiting.len()
    }

    #[test]
    fn those_who_wait_go_together_and_each_gets_its_own_answer() {
        let batching = Batching::default();
        let passes = Mutex::new(Vec::new());
        let pass = |requests: &[&u32]| {
            passes.lock().unwrap().push(requests.len());
            if *requests[0] == 0 {
                // The first pass ends when everybody else stands in line.
                while in_line(&batching) < 40 {
                    thread::sleep(Duration::from_millis(1));
                }
            }
            requests.iter().map(|&&request| request * 10).collect()
        };
        thread::scope(|scope| {
            let first = scope.spawn(|| batching.run(0, pass));
            while passes.lock().unwrap().is_empty() {
                thread::sleep(Duration::from_millis(1));
            }
            let others: Vec<_> = (1..=40)
                .map(|request| {
                    let (batching, pass) = (&batching, &pass);
                    scope.spawn(move || (request, batching.run(request, pass)))
                })
                .collect();
            assert_eq!(first.join().unwrap(), 0);
            for other in others {
                let (request, answer) = other.join().unwrap();
                assert_eq!(answer, request * 10);
            }
        });
        assert_eq!(*passes.lock().unwrap(), [1, 16, 16, 8]);
        assert_eq!(
            batching.run(7, |requests| requests.iter().map(|&&r| r).collect()),
            7,
            "nobody runs any more"
        );
    }

    #[test]
    fn a_pass_that_panics_or_answers_nothing_leaves_nobody_waiting() {
        let batching = Batching::default();
        let running = AtomicUsize::new(0);
        let pass = |requests: &[&u32]| {
            let number = running.fetch_add(1, Ordering::SeqCst);
            if number == 0 {
                while in_line(&batching) < 5 {
                    thread::sleep(Duration::from_millis(1));
                }
            }
            assert!(number > 0, "the first pass");
            if number == 1 { Vec::new() } else { requests.iter().map(|&&r| r + 1).collect() }
        };
        thread::scope(|scope| {
            let threads: Vec<_> = (0..6)
                .map(|request| {
                    let (batching, pass) = (&batching, &pass);
                    scope.spawn(move || (request, batching.run(request, pass)))
                })
                .collect();
            let outcomes: Vec<_> = threads.into_iter().map(thread::ScopedJoinHandle::join).collect();
            let answered = outcomes.iter().flatten();
            assert_eq!(answered.clone().count(), 5, "all but the one whose pass it was");
            assert!(answered.into_iter().all(|&(request, answer)| answer == request + 1));
        });
        assert!(!batching.line().running);
    }
}
