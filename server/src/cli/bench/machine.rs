//! The machine that the figures are of.

use serde::Serialize;
use whorl_engine::backend::gpu::{self, AdapterKind};
use whorl_engine::simd::CpuPath;

use super::target;
use crate::cli::evaluate::processor;

/// What it has.
#[derive(Debug, Clone, Serialize)]
pub struct Machine {
    /// Version of this program.
    pub whorl: &'static str,
    /// Model of the processor; empty where the system does not tell.
    pub cpu: String,
    /// Threads that a search runs on: logical processors, unless `RAYON_NUM_THREADS` says otherwise.
    pub cores: usize,
    /// Memory; 0 where the system does not tell.
    pub memory_bytes: u64,
    /// Memory that can be had now; the same.
    pub memory_available_bytes: u64,
    /// Sets of instructions that the CPU back end can use here, fastest first.
    pub simd: Vec<&'static str>,
    /// GPUs, software ones too.
    pub adapters: Vec<Adapter>,
}

/// A GPU.
#[derive(Debug, Clone, Serialize)]
pub struct Adapter {
    /// As the driver calls it.
    pub name: String,
    /// Driver and version.
    pub driver: String,
    /// A CPU that pretends to be a GPU.
    pub software: bool,
}

impl Machine {
    /// This one.
    pub fn here() -> Self {
        let adapters = gpu::list().into_iter().map(|adapter| Adapter {
            name: adapter.name,
            driver: adapter.driver,
            software: adapter.kind == AdapterKind::Software,
        });
        Self {
            whorl: env!("CARGO_PKG_VERSION"),
            cpu: processor().unwrap_or_default(),
            cores: rayon::current_num_threads(),
            memory_bytes: line("/proc/meminfo", "MemTotal:").unwrap_or(0),
            memory_available_bytes: line("/proc/meminfo", "MemAvailable:").unwrap_or(0),
            simd: CpuPath::available().map(target::name).collect(),
            adapters: adapters.collect(),
        }
    }
}

/// Memory that this process has; `None` where the system does not tell. Unit: bytes.
pub fn resident_bytes() -> Option<u64> {
    line("/proc/self/status", "VmRSS:")
}

/// The line of this name, which counts kibibytes.
fn line(file: &str, name: &str) -> Option<u64> {
    let text = fs_err::read_to_string(file).ok()?;
    let line = text.lines().find_map(|line| line.strip_prefix(name))?;
    Some(line.trim().trim_end_matches(" kB").parse::<u64>().ok()? * 1024)
}
