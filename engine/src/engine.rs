//! The engine: a gallery, a back end that follows it, and searches that can be trusted.
//!
//! *Invariants.* An answer is that of the gallery as it is when the search ends ([`crate::gallery::Shared`]), and writes do not wait for
//! searches. A change has reached the back end before a search can see it. What a back end says of a candidate is scored again by
//! the CPU twin before it is answered; counts of one GPU search in which that failed are thrown away with it.
//!
//! *Failure.* A back end that fails, or says what the twin does not, is taken out of service for good; the search is
//! done again by the CPU, from host memory, and [`Engine::status`] says so.

use std::sync::{Arc, Mutex, PoisonError, RwLock};

use crate::backend::cpu::Cpu;
use crate::backend::gpu::{Gpu, Kernel};
use crate::backend::{Ask, Backend, BackendError, BackendInfo, Fingers, Scored, Shortlist};
use crate::batching::Batching;
use crate::calibration::Calibration;
use crate::gallery::{Change, Gallery, GalleryFull, Label, Partition, Scope, Shared, Slot};
use crate::minutia::FingerPosition;
use crate::query::{Query, Search};
use crate::simd::CpuPath;
use crate::template::Template;

/// Records that are added while the gallery is held: a millisecond.
const RECORDS_A_HOLD: usize = 256;

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

/// A finger of the probe that a candidate has a like one of, or one that may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FingerScore {
    /// Which.
    pub position: FingerPosition,
    /// The candidate's finger: the like one, or where a position is unknown the best of those tried.
    pub reference: FingerPosition,
    /// What it would be worth alone, in the unit of [`Candidate::score`].
    pub score: u32,
    /// Log-odds of stage 2, less the logarithm of the number of fingers that were tried. Unit: 1/4096 nat.
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
    /// How many records of each partition were compared, by partition; one that changed while the search ran is compared, and counted,
    /// again.
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

/// The matcher: enter, replace, erase, search. Shared by reference between threads.
pub struct Engine {
    calibration: Calibration,
    gallery: Shared,
    backend: RwLock<Arc<dyn Backend>>,
    batching: Batching<Search, Outcome>,
    status: Mutex<Status>,
}

impl Engine {
    /// An empty engine on the chosen back end, with the calibration that is shipped. Only a back end forced by name can fail.
    pub fn new(choice: &Choice) -> Result<Self, BackendError> {
        Self::with_calibration(choice, Calibration::shipped().clone())
    }

    /// The same, with a calibration of the deployment's own.
    pub fn with_calibration(choice: &Choice, calibration: Calibration) -> Result<Self, BackendError> {
        let backend: Arc<dyn Backend> = match choice {
            Choice::Cpu => Arc::new(Cpu::default()),
            Choice::CpuPath(path) => Arc::new(Cpu::with_path(*path)),
            Choice::Gpu { adapter, kernel } => Arc::new(Gpu::open(adapter.as_deref(), *kernel)?),
            Choice::Auto => discrete_gpu().unwrap_or_else(|| Arc::new(Cpu::default())),
        };
        let status = Mutex::new(Status { backend: backend.info(), degraded: None, records: 0 });
        let gallery = Shared::default();
        Ok(Self {
            calibration,
            gallery,
            backend: RwLock::new(backend),
            batching: Batching::default(),
            status,
        })
    }

    /// Adds records; each can be found by every search that ends after this returns. They are added some at a time: where the gallery
    /// becomes full the first of them may be in it, and a search that has them in its scope ends when they are all there.
    pub fn append(
        &self,
        records: &[(Label, Vec<(FingerPosition, Template)>)],
    ) -> Result<Vec<Slot>, GalleryFull> {
        let mut slots = Vec::with_capacity(records.len());
        for some in records.chunks(RECORDS_A_HOLD) {
            let append = |gallery: &mut Gallery| {
                let mut changes = Vec::new();
                let append_one = |(label, templates): &(Label, Vec<_>)| {
                    let (slot, changed) = gallery.append(*label, templates)?;
                    changes.extend(changed);
                    slots.push(slot);
                    Ok(())
                };
                let result = some.iter().try_for_each(append_one);
                (result, changes)
            };
            self.gallery.change(append, |gallery, changes| self.follow(gallery, changes))?;
        }
        Ok(slots)
    }

    /// Puts another label and other templates in the place of a record's; no search that ends after this returns compares it by the old
    /// ones. An unused slot stays as it is.
    pub fn replace(&self, slot: Slot, label: Label, templates: &[(FingerPosition, Template)]) {
        let replace = |gallery: &mut Gallery| ((), gallery.replace(slot, label, templates));
        self.gallery.change(replace, |gallery, changes| self.follow(gallery, changes));
    }

    /// Overwrites a record; no search that ends after this returns can find it.
    pub fn erase(&self, slot: Slot) {
        let erase = |gallery: &mut Gallery| ((), gallery.erase(slot));
        self.gallery.change(erase, |gallery, changes| self.follow(gallery, changes));
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
        let gallery = self.gallery.watch();
        match Query::run_all(&queries, &gallery, &*self.backend()) {
            Ok(outcomes) => return outcomes,
            Err(error) => self.fall_back(error.to_string()),
        }
        // The CPU back end cannot fail, and its scores are those of the twin because it is the twin.
        Query::run_all(&queries, &gallery, &Cpu::default()).unwrap_or_default()
    }

    /// Log-odds of these slots by finger of the probe, as the back end gives them: for evaluation and parity.
    pub fn align(&self, probe: &Fingers, slots: &[Slot]) -> Result<Vec<Vec<i32>>, BackendError> {
        self.backend().align(&self.gallery.watch(), probe, slots)
    }

    /// The best of stage 1 for each search, in one pass, as the back end selects them: for evaluation and parity.
    pub fn shortlists(&self, asks: &[Ask<'_>], length: usize) -> Result<Vec<Shortlist>, BackendError> {
        self.backend().shortlists(&self.gallery.watch(), asks, length)
    }

    /// Keys of stage 1 of every slot as the back end gives them: for evaluation and parity.
    pub fn scores(&self, probe: &Fingers, scope: &Scope) -> Result<Scored, BackendError> {
        self.backend().score(&self.gallery.watch(), Ask { probe, scope })
    }

    /// What is in service, and how much it holds. Does not wait for searches.
    pub fn status(&self) -> Status {
        self.status.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn backend(&self) -> Arc<dyn Backend> {
        Arc::clone(&self.backend.read().unwrap_or_else(PoisonError::into_inner))
    }

    fn follow(&self, gallery: &Gallery, changes: &[Change]) {
        if let Err(error) = self.backend().follow(gallery, changes) {
            self.fall_back(error.to_string());
        }
        self.status.lock().unwrap_or_else(PoisonError::into_inner).records = gallery.records();
    }

    fn fall_back(&self, reason: String) {
        tracing::error!(%reason, "the back end is out of service; the CPU goes on");
        let cpu = Cpu::default();
        let mut status = self.status.lock().unwrap_or_else(PoisonError::into_inner);
        status.backend = cpu.info();
        status.degraded.get_or_insert(reason);
        *self.backend.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(cpu);
    }
}

fn discrete_gpu() -> Option<Arc<dyn Backend>> {
    use crate::backend::gpu::{AdapterKind, list};
    let Some(best) = list().into_iter().find(|adapter| adapter.kind == AdapterKind::Discrete) else {
        tracing::info!("there is no discrete GPU here; the CPU back end runs");
        return None;
    };
    match Gpu::open(Some(&best.name), None) {
        Ok(gpu) => Some(Arc::new(gpu)),
        Err(error) => {
            tracing::warn!(%error, adapter = best.name, "the GPU could not be opened; using the CPU");
            None
        }
    }
}
