//! Back ends: where the stages run. The CPU and the GPU answer the same questions with the same bits.

pub mod cpu;
pub mod gpu;

use crate::gallery::{Change, Gallery, Partition, Scope, Slot, Watch};
use crate::minutia::FingerPosition;
use crate::template::Probe;

/// Bit of a slot's key that says that at least one finger was compared.
pub const COMPARED: u32 = 1 << 31;

/// What stage 1 made of everything in scope.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Scored {
    /// For each slot 0 where nothing was compared, else [`COMPARED`] plus [`crate::normalisation::KEY_BIAS`] plus the sum of the keys
    /// of the like fingers.
    pub by_slot: Vec<u32>,
    /// Slots compared, for each partition where there were any, by number. Counted where the comparing was done.
    pub compared: Vec<(Partition, u32)>,
}

/// The best of stage 1, for stage 2.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Shortlist {
    /// Slots and their keys as in [`Scored::by_slot`]: best first; of equals, the lower slot first.
    pub best: Vec<(Slot, u32)>,
    /// As in [`Scored::compared`].
    pub compared: Vec<(Partition, u32)>,
}

/// What runs the stages, for people.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BackendInfo {
    /// `cpu` or `gpu`.
    pub kind: &'static str,
    /// The processor or adapter, with its driver.
    pub name: String,
}

/// Why a back end could not answer. The gallery in host memory is untouched.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum BackendError {
    /// No adapter answers to what was asked for.
    #[error("no GPU adapter: {0}")]
    NoAdapter(String),
    /// The device is gone, or did not answer in time.
    #[error("the GPU was lost: {0}")]
    Lost(String),
    /// The device refused: out of memory, or a validation message.
    #[error("the GPU refused: {0}")]
    Refused(String),
    /// The device answered, and left something out.
    #[error("the GPU did not do all of its work: {0}")]
    Incomplete(String),
}

/// The fingers of a probe.
pub type Fingers = [(FingerPosition, Probe)];

/// One search, for a back end.
#[derive(Clone, Copy)]
pub struct Ask<'a> {
    /// What is looked for.
    pub probe: &'a Fingers,
    /// Where.
    pub scope: &'a Scope,
}

/// One of the two. While it works, the gallery changes: of what changed since the watch began its answers may be of before, of after, or
/// of both.
pub trait Backend: Send + Sync {
    /// What it is.
    fn info(&self) -> BackendInfo;

    /// Follows a change of the gallery, before anybody else sees it.
    fn follow(&self, gallery: &Gallery, changes: &[Change]) -> Result<(), BackendError>;

    /// For each search stage 1 over everything in scope that has a finger like one of the probe's, and the best `length` of it. The
    /// searches go over the gallery together, so that a reference is fetched once for several of them.
    fn shortlists(
        &self,
        gallery: &Watch<'_>,
        asks: &[Ask<'_>],
        length: usize,
    ) -> Result<Vec<Shortlist>, BackendError>;

    /// Stage 2 on these slots: for each, log-odds by finger of the probe, in its order; `NO_EVIDENCE` where the slot has no
    /// such finger. Unit: 1/4096 nat.
    fn align(
        &self,
        gallery: &Watch<'_>,
        probe: &Fingers,
        slots: &[Slot],
    ) -> Result<Vec<Vec<i32>>, BackendError>;

    /// Stage 1 with the keys of all slots read back: for evaluation and parity, not for searches.
    fn score(&self, gallery: &Watch<'_>, ask: Ask<'_>) -> Result<Scored, BackendError>;
}
