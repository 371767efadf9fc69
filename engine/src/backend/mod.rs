//! Back ends: where the stages run. The CPU and the GPU answer the same question with the same bits.

pub mod cpu;
pub mod gpu;

use crate::gallery::{Change, Gallery, Partition, Scope};
use crate::minutia::FingerPosition;
use crate::template::Probe;

/// Bit of [`Scored::by_slot`] that says that at least one finger was compared.
pub const COMPARED: u32 = 1 << 31;

/// What a back end made of a probe.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Scored {
    /// For each slot 0 where nothing was compared, else [`COMPARED`] plus the sum of the scores of the like fingers.
    pub by_slot: Vec<u32>,
    /// Slots compared, for each partition where there were any, by number. Counted where the comparing was done.
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
}

/// One of the two.
pub trait Backend: Send + Sync {
    /// What it is.
    fn info(&self) -> BackendInfo;

    /// Follows a change of the gallery, before the next search is asked for.
    fn follow(&mut self, gallery: &Gallery, changes: &[Change]) -> Result<(), BackendError>;

    /// Scores everything in scope that has a finger like one of the probe's.
    fn score(
        &self,
        gallery: &Gallery,
        probe: &[(FingerPosition, Probe)],
        scope: &Scope,
    ) -> Result<Scored, BackendError>;
}
