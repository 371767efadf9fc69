//! The engine: a gallery, a back end that follows it, and searches that can be trusted.
//!
//! *Invariants.* A search sees a consistent gallery: writes wait for searches and searches for writes, on one lock, and a
//! change has reached the back end before the lock is let go. What a back end says of a candidate is scored again by the
//! CPU twin before it is answered; counts of one GPU search in which that failed are thrown away with it.
//!
//! *Failure.* A back end that fails, or says what the twin does not, is taken out of service for good; the search is
//! done again by the CPU, from host memory, and [`Engine::status`] says so.

use std::sync::{Mutex, PoisonError, RwLock};

use crate::backend::cpu::{Cpu, counted};
use crate::backend::gpu::Gpu;
use crate::backend::{Backend, BackendError, BackendInfo, COMPARED, Scored};
use crate::gallery::{Change, Gallery, GalleryFull, Label, PARTITIONS, Partition, Scope, Slot};
use crate::minutia::FingerPosition;
use crate::stages::s1_consistency;
use crate::template::{Probe, Template};

/// Which back end to run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Choice {
    /// A discrete GPU where there is one, else the CPU.
    Auto,
    /// The CPU.
    Cpu,
    /// A GPU, by a part of its adapter's name; software adapters are GPUs here.
    Gpu(Option<String>),
}

/// A record that scored at least its threshold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Candidate {
    /// Where it is in the gallery.
    pub slot: Slot,
    /// Sum over the like fingers, fixed point with 10 fraction bits.
    pub score: u32,
    /// Each like finger and its score.
    pub fingers: Vec<(FingerPosition, u32)>,
}

/// What a search found, and what it touched.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Outcome {
    /// Best first; of equals, the lower slot first.
    pub candidates: Vec<Candidate>,
    /// How many records of each partition a score was computed for, by partition.
    pub compared: Vec<(Partition, u32)>,
}

/// The least score of a candidate, by how many like fingers there are (index 0 is never used).
pub type Thresholds = [u32; FingerPosition::COUNT + 1];

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
    state: RwLock<State>,
    /// Beside the state, so that whoever asks does not wait for a search.
    status: Mutex<Status>,
}

impl Engine {
    /// An empty engine on the chosen back end. Only a back end forced by name can fail.
    pub fn new(choice: &Choice) -> Result<Self, BackendError> {
        let backend: Box<dyn Backend> = match choice {
            Choice::Cpu => Box::new(Cpu),
            Choice::Gpu(name) => Box::new(Gpu::open(name.as_deref())?),
            Choice::Auto => discrete_gpu().unwrap_or_else(|| Box::new(Cpu)),
        };
        let status = Mutex::new(Status { backend: backend.info(), degraded: None, records: 0 });
        Ok(Self { state: RwLock::new(State { gallery: Gallery::default(), backend }), status })
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

    /// Compares a probe with everything that the scope allows and that has a finger like one of the probe's.
    pub fn search(
        &self,
        probe: &[(FingerPosition, Probe)],
        scope: &Scope,
        thresholds: &Thresholds,
    ) -> Outcome {
        let state = self.state.read().unwrap_or_else(PoisonError::into_inner);
        let failure = match state.backend.score(&state.gallery, probe, scope) {
            Ok(scored) => match verified(&state.gallery, probe, scope, thresholds, &scored) {
                Some(outcome) => return outcome,
                None => "a candidate's score was not that of the CPU twin".to_owned(),
            },
            Err(error) => error.to_string(),
        };
        drop(state);
        self.fall_back(&mut self.state.write().unwrap_or_else(PoisonError::into_inner), failure);
        let state = self.state.read().unwrap_or_else(PoisonError::into_inner);
        // The CPU back end cannot fail, and its scores are those of the twin because it is the twin.
        let scored = Cpu.score(&state.gallery, probe, scope).unwrap_or_default();
        verified(&state.gallery, probe, scope, thresholds, &scored).unwrap_or_default()
    }

    /// Scores of every slot as the back end gives them, without thresholds: for evaluation and parity.
    pub fn scores(&self, probe: &[(FingerPosition, Probe)], scope: &Scope) -> Result<Scored, BackendError> {
        let state = self.state.read().unwrap_or_else(PoisonError::into_inner);
        state.backend.score(&state.gallery, probe, scope)
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
        state.backend = Box::new(Cpu);
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
    match Gpu::open(Some(&best.name)) {
        Ok(gpu) => Some(Box::new(gpu)),
        Err(error) => {
            tracing::warn!(%error, adapter = best.name, "the GPU could not be opened; using the CPU");
            None
        }
    }
}

/// The candidates of a scoring, each scored again. `None` if any was not what the twin says, if anything out of scope was
/// compared, or if the counts are not those of the slots that were.
fn verified(
    gallery: &Gallery,
    probe: &[(FingerPosition, Probe)],
    scope: &Scope,
    thresholds: &Thresholds,
    scored: &Scored,
) -> Option<Outcome> {
    let mut candidates = Vec::new();
    let mut counts = vec![0u32; PARTITIONS];
    for (index, &value) in scored.by_slot.iter().enumerate() {
        if value & COMPARED == 0 {
            continue;
        }
        let slot = Slot(u32::try_from(index).ok()?);
        let label = gallery.label(slot).filter(|label| scope.allows(label))?;
        counts[usize::from(label.partition.number())] += 1;
        let score = value & !COMPARED;
        if score >= thresholds[like_fingers(gallery, probe, slot)] {
            let fingers = finger_scores(gallery, probe, slot);
            if fingers.iter().map(|(_, s)| s).sum::<u32>() != score {
                return None;
            }
            candidates.push(Candidate { slot, score, fingers });
        }
    }
    if counted(&counts) != scored.compared {
        return None;
    }
    candidates.sort_by_key(|c| (core::cmp::Reverse(c.score), c.slot));
    Some(Outcome { candidates, compared: scored.compared.clone() })
}

/// How many fingers a slot has in common with the probe: look-ups only.
fn like_fingers(gallery: &Gallery, probe: &[(FingerPosition, Probe)], slot: Slot) -> usize {
    let has = |position| gallery.template(slot, position).is_some_and(|template| template.count() > 0);
    let minutiae = |finger: &Probe| finger.template().view().count();
    probe.iter().filter(|(position, finger)| minutiae(finger) > 0 && has(*position)).count()
}

fn finger_scores(
    gallery: &Gallery,
    probe: &[(FingerPosition, Probe)],
    slot: Slot,
) -> Vec<(FingerPosition, u32)> {
    let like = probe.iter().filter_map(|(position, finger)| {
        let template = gallery.template(slot, *position)?;
        let compared = template.count() > 0 && finger.template().view().count() > 0;
        compared.then(|| (*position, s1_consistency::score(finger, template.words())))
    });
    like.collect()
}
