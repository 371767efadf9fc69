//! The kernels of stage 1: one computation, with the same bits, shared out over a device's lanes in three ways.
//!
//! They are kept side by side because no simulation tells which is fastest on a given GPU; `docs/src/gpu.md` counts what each does.
//! *Why this default.* Where subgroups are at least 32 lanes, as with NVIDIA and AMD, `subgroup` exchanges links without memory or
//! barriers and needs the least of everything that limits how many lanes a device holds. Elsewhere `tile`: of all it asks for, any
//! Vulkan device has enough.

use core::fmt;

use super::adapter::{AdapterInfo, Opened};
use super::stage::Stage;
use crate::backend::BackendError;

/// How stage 1 is shared out over lanes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kernel {
    /// A reference for each workgroup of 32 lanes.
    Row,
    /// Four references for each workgroup of 128 lanes.
    Tile,
    /// As `Tile`, but lanes exchange by subgroup operations; `Tile` where the adapter has none that fit.
    Subgroup,
}

/// Lanes that compare a reference: one for each minutia, where they are not limited by the size of a subgroup.
const TEAM_MAX: u32 = 32;
/// Smallest subgroup in which the kernel has room for a lane's minutiae.
const TEAM_MIN: u32 = 8;

impl fmt::Display for Kernel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Row => "row",
            Self::Tile => "tile",
            Self::Subgroup => "subgroup",
        })
    }
}

impl Kernel {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Row, Self::Tile, Self::Subgroup];

    /// What runs where this one is asked for.
    pub fn on(self, adapter: &AdapterInfo) -> Self {
        if self == Self::Subgroup && team(adapter).is_none() { Self::Tile } else { self }
    }
}

/// Lanes of a team that lies in one subgroup, where there can be one.
fn team(adapter: &AdapterInfo) -> Option<u32> {
    adapter.subgroup_lanes.filter(|&lanes| lanes >= TEAM_MIN).map(|lanes| lanes.min(TEAM_MAX))
}

/// The kernel in force, compiled.
pub(super) struct Consistency {
    pub(super) kernel: Kernel,
    pub(super) stage: Stage,
    /// Rows that a workgroup compares.
    pub(super) references: u32,
}

impl Consistency {
    /// The kernel that is wanted, or the best for the adapter.
    pub(super) fn compile(opened: &Opened, wanted: Option<Kernel>) -> Result<Self, BackendError> {
        let team = team(&opened.info);
        let default = if team == Some(TEAM_MAX) { Kernel::Subgroup } else { Kernel::Tile };
        let wanted = wanted.unwrap_or(default);
        let kernel = wanted.on(&opened.info);
        if kernel != wanted {
            tracing::warn!(%wanted, %kernel, "the adapter has no subgroup operations that fit");
        }
        let team = team.unwrap_or(TEAM_MAX);
        let (source, constants, references) = match kernel {
            Kernel::Row => (whorl_shaders::S1_CONSISTENCY, None, 1),
            Kernel::Tile => (whorl_shaders::S1_CONSISTENCY_TILE, None, 4),
            Kernel::Subgroup => (whorl_shaders::S1_CONSISTENCY_SUBGROUP, Some(("TEAM", f64::from(team))), 4),
        };
        let stage = Stage::compile(opened, source, constants.as_slice());
        opened.status.check()?;
        Ok(Self { kernel, stage, references })
    }
}
