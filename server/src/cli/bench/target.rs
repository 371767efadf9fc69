//! What can search here: the CPU with each set of instructions that it has, and each GPU adapter with each kernel.

use whorl_engine::backend::BackendError;
use whorl_engine::backend::gpu::{self, AdapterKind, Kernel};
use whorl_engine::engine::{Choice, Engine};
use whorl_engine::simd::CpuPath;

/// A back end and how it runs.
pub struct Target {
    /// `cpu` or `gpu`.
    pub backend: &'static str,
    /// Instructions, or kernel.
    pub path: String,
    /// Of a GPU, as the driver calls it.
    pub adapter: Option<String>,
    /// A GPU that is a CPU.
    pub software: bool,
    /// What it is of the CPU.
    pub cpu: Option<CpuPath>,
    choice: Choice,
}

impl Target {
    /// Those with this text in their name, at least one.
    pub fn wanted(quick: bool, text: &str) -> anyhow::Result<Vec<Self>> {
        let (wanted, others): (Vec<_>, Vec<_>) =
            Self::all(quick).into_iter().partition(|target| target.name().contains(text));
        let names = || others.iter().map(Self::name).collect::<Vec<_>>().join(", ");
        anyhow::ensure!(!wanted.is_empty(), "--only {text}: here are {}", names());
        Ok(wanted)
    }

    fn name(&self) -> String {
        format!("{} {}", self.backend, self.path)
    }

    /// All that this machine has, the CPU first; if it is to be quick, of a software adapter one kernel.
    fn all(quick: bool) -> Vec<Self> {
        let cpu = CpuPath::available().map(|path| Self {
            backend: "cpu",
            path: name(path).to_owned(),
            adapter: None,
            software: false,
            cpu: Some(path),
            choice: Choice::CpuPath(path),
        });
        let mut targets: Vec<_> = cpu.collect();
        for adapter in gpu::list() {
            let software = adapter.kind == AdapterKind::Software;
            let wanted = |kernel: &Kernel| !(quick && software) || *kernel == Kernel::Tile;
            // Where one stands in for another, it is measured once.
            let own = |kernel: &Kernel| kernel.on(&adapter) == *kernel;
            targets.extend(Kernel::ALL.into_iter().filter(wanted).filter(own).map(|kernel| Self {
                backend: "gpu",
                path: kernel.to_string(),
                adapter: Some(adapter.name.clone()),
                software,
                cpu: None,
                choice: Choice::Gpu { adapter: Some(adapter.name.clone()), kernel: Some(kernel) },
            }));
        }
        targets
    }

    /// An empty engine on it.
    pub fn open(&self) -> Result<Engine, BackendError> {
        Engine::new(&self.choice)
    }
}

/// A path, for programs.
pub fn name(path: CpuPath) -> &'static str {
    match path {
        CpuPath::Avx512 => "avx512",
        CpuPath::Avx2 => "avx2",
        CpuPath::Neon => "neon",
        CpuPath::Portable => "portable",
    }
}
