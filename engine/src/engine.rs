//! The engine: a gallery, a back end that follows it, and searches that can be trusted.
//!
//! *Invariants.* A search sees a consistent gallery: writes wait for searches and searches for writes, on one lock, and a
//! change has reached the back end before the lock is let go. What a back end says of a candidate is scored again by the
//! CPU twin before it is answered; counts of one GPU search in which that failed are thrown away with it.
//!
//! *Failure.* A back end that fails, or says what the twin does not, is taken out of service for good; the search is
//! done again by the CPU, from host memory, and [`Engine::status`] says so.

use std::sync::{Mutex, PoisonError, RwLock};

use crate::backend::cpu::Cpu;
use crate::backend::gpu::{Gpu, Kernel};
use crate::backend::{Ask, Backend, BackendError, BackendInfo, Fingers, Scored, Shortlist};
use crate::batching::Batching;
use crate::calibration::Calibration;
use crate::gallery::{Change, Gallery, GalleryFull, Label, Partition, Scope, Slot};
use crate::minutia::FingerPosition;
use crate::query::{Query, Search};
use crate::simd::CpuPath;
use crate::template::Template;

/// Which back end to run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Choice {
    /// A discrete GPU where there is one, else the CPU.
    Auto,
    /// The CPU, with the best instructions that it has.
    Cpu,
    /// The CPU, with these instructions where it has them.
    CpuPath(CpuPath),
    /// A GPU; software adapters are GPUs here.
    Gpu {
        /// A part of its adapter's name; the best one where none is given.
        adapter: Option<String>,
        /// The kernel of stage 1; the one that suits the adapter where none is given.
        kernel: Option<Kernel>,
    },
}

/// A like finger of a candidate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FingerScore {
    /// Which.
    pub position: FingerPosition,
    /// What it would be worth alone, in the unit of [`Candidate::score`].
    pub score: u32,
    /// Log-odds of stage 2. Unit: 1/4096 nat.
    pub log_odds: i32,
}

/// A record that scored at least the threshold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Candidate {
    /// Where it is in the gallery.
    pub slot: Slot,
    /// -10 log10 of the rate at which two different people reach it with as many like fingers, see [`Calibration`].
    pub score: u32,
    /// Log-odds, summed over the like fingers ([`crate::fused`]). Unit: 1/4096 nat.
    pub log_odds: i32,
    /// Each like finger.
    pub fingers: Vec<FingerScore>,
}

/// What a search found, and what it touched.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Outcome {
    /// Best score first; of equals, the higher log-odds, then the lower slot first.
    pub candidates: Vec<Candidate>,
    /// How many records of each partition stage 1 compared, by partition.
    pub compared: Vec<(Partition, u32)>,
    /// How many of those stage 2 aligned.
    pub aligned: usize,
}

/// What is in service.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Status {
    /// What runs the stages now.
    pub backend: BackendInfo,
    /// Why the back end that was chosen is out of service, if it is.
    pub degraded: Option<String>,
    /// Records in the gallery.
    pub records: usize,
}

struct State {
    gallery: Gallery,
    backend: Box<dyn Backend>,
}

/// The matcher: enter, erase, search. Shared by reference between threads.
pub struct Engine {
    calibration: Calibration,
    state: RwLock<State>,
    batching: Batching<Search, Outcome>,
    /// Beside the state, so that whoever asks does not wait for a search.
    status: Mutex<Status>,
}

impl Engine {
    /// An empty engine on the chosen back end, with the calibration that is shipped. Only a back end forced by name can fail.
    pub fn new(choice: &Choice) -> Result<Self, BackendError> {
        Self::with_calibration(choice, Calibration::shipped().clone())
    }

    /// The same, with a calibration of the deployment's own.
    pub fn with_calibration(choice: &Choice, calibration: Calibration) -> Result<Self, BackendError> {
        let backend: Box<dyn Backend> = match choice {
            Choice::Cpu => Box::new(Cpu::default()),
            Choice::CpuPath(path) => Box::new(Cpu::with_path(*path)),
            Choice::Gpu { adapter, kernel } => Box::new(Gpu::open(adapter.as_deref(), *kernel)?),
            Choice::Auto => discrete_gpu().unwrap_or_else(|| Box::new(Cpu::default())),
        };
        let status = Mutex::new(Status { backend: backend.info(), degraded: None, records: 0 });
        let state = RwLock::new(State { gallery: Gallery::default(), backend });
        Ok(Self { calibration, state, batching: Batching::default(), status })
    }

    /// Adds records; each can be found by every search that starts after this returns.
    pub fn append(
        &self,
        records: &[(Label, Vec<(FingerPosition, Template)>)],
    ) -> Result<Vec<Slot>, GalleryFull> {
        let mut state = self.state.write().unwrap_or_else(PoisonError::into_inner);
        let mut slots = Vec::with_capacity(records.len());
        let mut changes = Vec::new();
        for (label, templates) in records {
            let (slot, changed) = state.gallery.append(*label, templates)?;
            slots.push(slot);
            changes.extend(changed);
        }
        self.follow(&mut state, &changes);
        Ok(slots)
    }

    /// Overwrites a record; no search that starts after this returns can find it.
    pub fn erase(&self, slot: Slot) {
        let mut state = self.state.write().unwrap_or_else(PoisonError::into_inner);
        let changes = state.gallery.erase(slot);
        self.follow(&mut state, &changes);
    }

    /// What scores mean.
    pub fn calibration(&self) -> &Calibration {
        &self.calibration
    }

    /// Compares a probe with everything that the scope allows and that has a finger like one of the probe's; candidates are those
    /// of at least this score.
    pub fn search(&self, probe: &Fingers, scope: &Scope, threshold: u32) -> Outcome {
        let search = Search { probe: probe.to_vec(), scope: scope.clone(), threshold };
        if rayon::current_thread_index().is_some() {
            // A thread of the pool that waits for its own pass may be handed another search, and would wait for itself.
            return self.pass(&[&search]).pop().unwrap_or_default();
        }
        self.batching.run(search, |searches| self.pass(searches))
    }

    /// One pass over the gallery for all of these searches.
    fn pass(&self, searches: &[&Search]) -> Vec<Outcome> {
        let queries: Vec<_> = searches.iter().map(|search| search.query(&self.calibration)).collect();
        let state = self.state.read().unwrap_or_else(PoisonError::into_inner);
        let failure = match Query::run_all(&queries, &state.gallery, &*state.backend) {
            Ok(outcomes) => return outcomes,
            Err(error) => error.to_string(),
        };
        drop(state);
        self.fall_back(&mut self.state.write().unwrap_or_else(PoisonError::into_inner), failure);
        let state = self.state.read().unwrap_or_else(PoisonError::into_inner);
        // The CPU back end cannot fail, and its scores are those of the twin because it is the twin.
        Query::run_all(&queries, &state.gallery, &Cpu::default()).unwrap_or_default()
    }

    /// Log-odds of these slots by finger of the probe, as the back end gives them: for evaluation and parity.
    pub fn align(&self, probe: &Fingers, slots: &[Slot]) -> Result<Vec<Vec<i32>>, BackendError> {
        let state = self.state.read().unwrap_or_else(PoisonError::into_inner);
        state.backend.align(&state.gallery, probe, slots)
    }

    /// The best of stage 1 for each search, in one pass, as the back end selects them: for evaluation and parity.
    pub fn shortlists(&self, asks: &[Ask<'_>], length: usize) -> Result<Vec<Shortlist>, BackendError> {
        let state = self.state.read().unwrap_or_else(PoisonError::into_inner);
        state.backend.shortlists(&state.gallery, asks, length)
    }

    /// Keys of stage 1 of every slot as the back end gives them: for evaluation and parity.
    pub fn scores(&self, probe: &Fingers, scope: &Scope) -> Result<Scored, BackendError> {
        let state = self.state.read().unwrap_or_else(PoisonError::into_inner);
        state.backend.score(&state.gallery, Ask { probe, scope })
    }

    /// What is in service, and how much it holds. Does not wait for searches.
    pub fn status(&self) -> Status {
        self.status.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn follow(&self, state: &mut State, changes: &[Change]) {
        if let Err(error) = state.backend.follow(&state.gallery, changes) {
            self.fall_back(state, error.to_string());
        }
        self.status.lock().unwrap_or_else(PoisonError::into_inner).records = state.gallery.records();
    }

    fn fall_back(&self, state: &mut State, reason: String) {
        tracing::error!(%reason, "the back end is out of service; the CPU goes on");
        state.backend = Box::new(Cpu::default());
        let mut status = self.status.lock().unwrap_or_else(PoisonError::into_inner);
        status.backend = state.backend.info();
        status.degraded.get_or_insert(reason);
    }
}

fn discrete_gpu() -> Option<Box<dyn Backend>> {
    use crate::backend::gpu::{AdapterKind, list};
    let Some(best) = list().into_iter().find(|adapter| adapter.kind == AdapterKind::Discrete) else {
        tracing::info!("there is no discrete GPU here; the CPU back end runs");
        return None;
    };
    match Gpu::open(Some(&best.name), None) {
        Ok(gpu) => Some(Box::new(gpu)),
        Err(error) => {
            tracing::warn!(%error, adapter = best.name, "the GPU could not be opened; using the CPU");
            None
        }
    }
}
