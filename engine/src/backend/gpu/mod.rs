//! The GPU back end: the same stages in WGSL, on any Vulkan adapter.
//!
//! *Failure.* The first error of a device latches: every later call gives it back, and the engine goes on with the CPU.

mod adapter;
mod mirror;
mod pass;

pub use adapter::{AdapterInfo, AdapterKind, list};

use std::sync::RwLock;

use super::{Backend, BackendError, BackendInfo, Scored};
use crate::gallery::{Change, Gallery, Scope};
use crate::minutia::FingerPosition;
use crate::template::{Probe, Tables};
use adapter::Opened;
use mirror::{Mirror, storage};

/// One adapter, with its copy of the gallery and its pipelines.
pub struct Gpu {
    opened: Opened,
    pipeline: wgpu::ComputePipeline,
    tables: wgpu::Buffer,
    mirror: RwLock<Mirror>,
}

impl Gpu {
    /// Opens the adapter whose name contains `adapter`, or the best one, and compiles the stages.
    pub fn open(adapter: Option<&str>) -> Result<Self, BackendError> {
        let opened = adapter::open(adapter)?;
        let stage = whorl_shaders::S1_CONSISTENCY;
        let module = opened.device.create_shader_module(wgpu::ShaderModuleDescriptor {
            label: Some(stage.name),
            source: wgpu::ShaderSource::Wgsl(stage.source.into()),
        });
        let pipeline = opened.device.create_compute_pipeline(&wgpu::ComputePipelineDescriptor {
            label: Some(stage.name),
            layout: None,
            module: &module,
            entry_point: Some(stage.name),
            compilation_options: wgpu::PipelineCompilationOptions::default(),
            cache: None,
        });
        let words = Tables::get().words();
        let tables = storage(&opened, "tables", words.len() as u64 * 4);
        opened.queue.write_buffer(&tables, 0, bytemuck::cast_slice(&words));
        opened.status.check()?;
        let mirror = RwLock::new(Mirror::new(&opened));
        Ok(Self { opened, pipeline, tables, mirror })
    }
}

impl Backend for Gpu {
    fn info(&self) -> BackendInfo {
        let AdapterInfo { name, driver, .. } = &self.opened.info;
        BackendInfo { kind: "gpu", name: format!("{name}, {driver}") }
    }

    fn follow(&mut self, gallery: &Gallery, changes: &[Change]) -> Result<(), BackendError> {
        let mirror = self.mirror.get_mut().unwrap_or_else(std::sync::PoisonError::into_inner);
        mirror.follow(&self.opened, gallery, changes);
        self.opened.status.check()
    }

    fn score(
        &self,
        gallery: &Gallery,
        probe: &[(FingerPosition, Probe)],
        scope: &Scope,
    ) -> Result<Scored, BackendError> {
        self.opened.status.check()?;
        let mirror = self.mirror.read().unwrap_or_else(std::sync::PoisonError::into_inner);
        let scored =
            pass::run(&pass::Pass { gpu: self, mirror: &mirror, slots: gallery.slots(), probe, scope })?;
        self.opened.status.check()?;
        Ok(scored)
    }
}
