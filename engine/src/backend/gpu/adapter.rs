//! Which adapters there are, and how one is opened.
//!
//! Vulkan only: it is what GPU hosts have, and Mesa's lavapipe gives it to machines without a GPU, so that the shaders
//! run in every test.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use crate::backend::BackendError;

/// What an adapter is good for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AdapterKind {
    /// A GPU with memory of its own.
    Discrete,
    /// A GPU that shares the host's memory, or a virtual one.
    Shared,
    /// A CPU that runs shaders: right, but slower than the CPU back end.
    Software,
}

/// An adapter that this machine has.
#[derive(Debug, Clone)]
pub struct AdapterInfo {
    /// Its name, as the driver gives it.
    pub name: String,
    /// Driver and version.
    pub driver: String,
    /// What it is good for.
    pub kind: AdapterKind,
    /// Fewest lanes of a subgroup, where it has subgroup operations.
    pub subgroup_lanes: Option<u32>,
}

/// All Vulkan adapters.
pub fn list() -> Vec<AdapterInfo> {
    adapters().iter().map(describe).collect()
}

/// A device, with the first error that it reported, if any.
pub(super) struct Opened {
    pub(super) info: AdapterInfo,
    pub(super) device: wgpu::Device,
    pub(super) queue: wgpu::Queue,
    pub(super) status: Status,
}

/// The first thing that went wrong on a device; everything after it is refused.
#[derive(Clone, Default)]
pub(super) struct Status(Arc<Mutex<Option<BackendError>>>);

impl Status {
    pub(super) fn check(&self) -> Result<(), BackendError> {
        match &*self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner) {
            Some(error) => Err(error.clone()),
            None => Ok(()),
        }
    }

    fn latch(&self, error: BackendError) {
        tracing::error!(%error, "GPU error");
        self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner).get_or_insert(error);
    }
}

/// Longest that a pass may take before the device counts as lost.
pub(super) const PASS_TIMEOUT: Duration = Duration::from_secs(120);

/// Opens the first adapter whose name contains `name` (any case), best kind first.
pub(super) fn open(name: Option<&str>) -> Result<Opened, BackendError> {
    let wanted = name.unwrap_or_default().to_lowercase();
    let mut found = adapters();
    found.retain(|adapter| adapter.get_info().name.to_lowercase().contains(&wanted));
    found.sort_by_key(|adapter| describe(adapter).kind as u8);
    let adapter = found.into_iter().next().ok_or_else(|| {
        BackendError::NoAdapter(match name {
            Some(name) => {
                format!("none of the Vulkan adapters has `{name}` in its name; `whorl doctor` lists them")
            }
            None => {
                "no Vulkan driver answered (on Debian, the package mesa-vulkan-drivers has a software one)"
                    .into()
            }
        })
    })?;
    let descriptor = wgpu::DeviceDescriptor {
        label: Some("whorl"),
        required_features: adapter.features() & wgpu::Features::SUBGROUP,
        required_limits: adapter.limits(),
        ..Default::default()
    };
    let (device, queue) = pollster::block_on(adapter.request_device(&descriptor))
        .map_err(|error| BackendError::Refused(error.to_string()))?;
    let status = Status::default();
    let on_error = status.clone();
    device.on_uncaptured_error(Arc::new(move |error: wgpu::Error| {
        on_error.latch(BackendError::Refused(error.to_string()));
    }));
    let on_lost = status.clone();
    device.set_device_lost_callback(move |reason, message| {
        if reason != wgpu::DeviceLostReason::Destroyed {
            on_lost.latch(BackendError::Lost(message));
        }
    });
    Ok(Opened { info: describe(&adapter), device, queue, status })
}

fn adapters() -> Vec<wgpu::Adapter> {
    let descriptor = wgpu::InstanceDescriptor {
        backends: wgpu::Backends::VULKAN,
        ..wgpu::InstanceDescriptor::new_without_display_handle()
    };
    pollster::block_on(wgpu::Instance::new(descriptor).enumerate_adapters(wgpu::Backends::VULKAN))
}

fn describe(adapter: &wgpu::Adapter) -> AdapterInfo {
    let info = adapter.get_info();
    let kind = match info.device_type {
        wgpu::DeviceType::DiscreteGpu => AdapterKind::Discrete,
        wgpu::DeviceType::IntegratedGpu | wgpu::DeviceType::VirtualGpu => AdapterKind::Shared,
        wgpu::DeviceType::Cpu | wgpu::DeviceType::Other => AdapterKind::Software,
    };
    let driver = format!("{} {}", info.driver, info.driver_info);
    let has_subgroups = adapter.features().contains(wgpu::Features::SUBGROUP);
    let subgroup_lanes = has_subgroups.then_some(info.subgroup_min_size);
    AdapterInfo { name: info.name, driver, kind, subgroup_lanes }
}
