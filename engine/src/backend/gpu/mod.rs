//! The GPU back end: the same stages in WGSL, on any Vulkan adapter.
//!
//! *Failure.* The first error of a device latches: every later call gives it back, and the engine goes on with the CPU.

mod adapter;
mod alignment;
mod kernel;
mod mirror;
mod pace;
mod scoring;
mod selection;
mod stage;
mod transfer;

pub use adapter::{AdapterInfo, AdapterKind, list};
pub use kernel::Kernel;

use parking_lot::{RwLock, RwLockReadGuard};

use super::{Ask, Backend, BackendError, BackendInfo, Fingers, Scored, Shortlist};
use crate::gallery::{Change, Gallery, Slot, Watch};
use crate::stages::arithmetic;
use crate::template::Tables;
use adapter::Opened;
use kernel::Consistency;
use mirror::Mirror;
use pace::Pace;
use scoring::Scoring;
use stage::Stage;
use transfer::storage;

/// One adapter, with its copy of the gallery and its pipelines.
pub struct Gpu {
    opened: Opened,
    stages: Stages,
    tables: wgpu::Buffer,
    /// Locked while a dispatch that names its buffers is submitted, never longer; after the gallery, never before.
    mirror: RwLock<Mirror>,
    /// Comparisons of a dispatch of stage 1, and alignments of one of stage 2.
    comparisons: Pace,
    alignments: Pace,
}

/// Every stage, compiled.
struct Stages {
    consistency: Consistency,
    histogram: Stage,
    digit: Stage,
    collect: Stage,
    gathering: Stage,
    alignment: Stage,
}

impl Gpu {
    /// Opens the adapter whose name contains `adapter`, or the best one, and compiles the stages, with this kernel of stage 1 or the
    /// one that suits the adapter best.
    pub fn open(adapter: Option<&str>, kernel: Option<Kernel>) -> Result<Self, BackendError> {
        let opened = adapter::open(adapter)?;
        let stages = Stages {
            consistency: Consistency::compile(&opened, kernel)?,
            histogram: Stage::compile(&opened, whorl_shaders::S1_HISTOGRAM, &[]),
            digit: Stage::compile(&opened, whorl_shaders::S1_DIGIT, &[]),
            collect: Stage::compile(&opened, whorl_shaders::S1_COLLECT, &[]),
            gathering: Stage::compile(&opened, whorl_shaders::S2_GATHER, &[]),
            alignment: Stage::compile(&opened, whorl_shaders::S2_ALIGNMENT, &[]),
        };
        let words = [Tables::get().words(), arithmetic::words()].concat();
        let tables = storage(&opened, "tables", words.len() as u64 * 4);
        opened.queue.write_buffer(&tables, 0, bytemuck::cast_slice(&words));
        opened.status.check()?;
        tracing::info!(kernel = %stages.consistency.kernel, adapter = opened.info.name, "stage 1 on the GPU");
        let mirror = RwLock::new(Mirror::new(&opened));
        let kind = opened.info.kind;
        let (comparisons, alignments) = (Pace::new(256, kind), Pace::new(16, kind));
        Ok(Self { opened, stages, tables, mirror, comparisons, alignments })
    }

    fn mirror(&self) -> Result<RwLockReadGuard<'_, Mirror>, BackendError> {
        self.opened.status.check()?;
        Ok(self.mirror.read())
    }
}

impl Backend for Gpu {
    fn info(&self) -> BackendInfo {
        let AdapterInfo { name, driver, .. } = &self.opened.info;
        BackendInfo {
            kind: "gpu",
            name: format!("{name}, {driver}, kernel {}", self.stages.consistency.kernel),
        }
    }

    fn follow(&self, gallery: &Gallery, changes: &[Change]) -> Result<(), BackendError> {
        let mut mirror = self.mirror.write();
        mirror.follow(&self.opened, gallery, changes);
        self.opened.status.check()
    }

    fn shortlists(
        &self,
        gallery: &Watch<'_>,
        asks: &[Ask<'_>],
        length: usize,
    ) -> Result<Vec<Shortlist>, BackendError> {
        let slots = gallery.slots();
        let mut all = Vec::with_capacity(asks.len());
        for asks in asks.chunks(scoring::searches_at_once(self, slots)) {
            all.extend(Scoring { gpu: self, slots, asks }.shortlists(length)?);
        }
        Ok(all)
    }

    fn align(
        &self,
        gallery: &Watch<'_>,
        probe: &Fingers,
        slots: &[Slot],
    ) -> Result<Vec<Vec<i32>>, BackendError> {
        alignment::run(self, gallery, probe, slots)
    }

    fn score(&self, gallery: &Watch<'_>, ask: Ask<'_>) -> Result<Scored, BackendError> {
        Scoring { gpu: self, slots: gallery.slots(), asks: &[ask] }.scores()
    }
}
