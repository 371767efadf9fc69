//! The GPU back end: the same stages in WGSL, on any Vulkan adapter.
//!
//! *Failure.* The first error of a device latches: every later call gives it back, and the engine goes on with the CPU.

mod adapter;
mod alignment;
mod mirror;
mod scoring;
mod stage;
mod transfer;

pub use adapter::{AdapterInfo, AdapterKind, list};

use std::sync::{PoisonError, RwLock, RwLockReadGuard};

use super::{Backend, BackendError, BackendInfo, Fingers, Scored, Shortlist};
use crate::gallery::{Change, Gallery, Scope, Slot};
use crate::stages::arithmetic;
use crate::template::Tables;
use adapter::Opened;
use mirror::Mirror;
use scoring::Scoring;
use stage::Stage;
use transfer::storage;

/// One adapter, with its copy of the gallery and its pipelines.
pub struct Gpu {
    opened: Opened,
    stages: Stages,
    tables: wgpu::Buffer,
    mirror: RwLock<Mirror>,
    pace: scoring::Pace,
}

/// Every stage, compiled.
struct Stages {
    consistency: Stage,
    histogram: Stage,
    digit: Stage,
    collect: Stage,
    alignment: Stage,
}

impl Gpu {
    /// Opens the adapter whose name contains `adapter`, or the best one, and compiles the stages.
    pub fn open(adapter: Option<&str>) -> Result<Self, BackendError> {
        let opened = adapter::open(adapter)?;
        let stages = Stages {
            consistency: Stage::compile(&opened, whorl_shaders::S1_CONSISTENCY),
            histogram: Stage::compile(&opened, whorl_shaders::S1_HISTOGRAM),
            digit: Stage::compile(&opened, whorl_shaders::S1_DIGIT),
            collect: Stage::compile(&opened, whorl_shaders::S1_COLLECT),
            alignment: Stage::compile(&opened, whorl_shaders::S2_ALIGNMENT),
        };
        let words = [Tables::get().words(), arithmetic::words()].concat();
        let tables = storage(&opened, "tables", words.len() as u64 * 4);
        opened.queue.write_buffer(&tables, 0, bytemuck::cast_slice(&words));
        opened.status.check()?;
        let mirror = RwLock::new(Mirror::new(&opened));
        Ok(Self { opened, stages, tables, mirror, pace: scoring::Pace::default() })
    }

    fn mirror(&self) -> Result<RwLockReadGuard<'_, Mirror>, BackendError> {
        self.opened.status.check()?;
        Ok(self.mirror.read().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Backend for Gpu {
    fn info(&self) -> BackendInfo {
        let AdapterInfo { name, driver, .. } = &self.opened.info;
        BackendInfo { kind: "gpu", name: format!("{name}, {driver}") }
    }

    fn follow(&mut self, gallery: &Gallery, changes: &[Change]) -> Result<(), BackendError> {
        let mirror = self.mirror.get_mut().unwrap_or_else(PoisonError::into_inner);
        mirror.follow(&self.opened, gallery, changes);
        self.opened.status.check()
    }

    fn shortlist(
        &self,
        gallery: &Gallery,
        probe: &Fingers,
        scope: &Scope,
        length: usize,
    ) -> Result<Shortlist, BackendError> {
        let mirror = self.mirror()?;
        Scoring { gpu: self, mirror: &mirror, slots: gallery.slots(), probe, scope }.shortlist(length)
    }

    fn align(
        &self,
        gallery: &Gallery,
        probe: &Fingers,
        slots: &[Slot],
    ) -> Result<Vec<Vec<i32>>, BackendError> {
        let mirror = self.mirror()?;
        alignment::run(self, &mirror, gallery, probe, slots)
    }

    fn score(&self, gallery: &Gallery, probe: &Fingers, scope: &Scope) -> Result<Scored, BackendError> {
        let mirror = self.mirror()?;
        Scoring { gpu: self, mirror: &mirror, slots: gallery.slots(), probe, scope }.scores()
    }
}
