//! The WGSL stages of the matcher, in the order in which they run, validated when this crate is built.
//!
//! Each stage is one file with one entry point of the same name, and takes what it has in common with others from `src/shared/`;
//! the kernels of stage 1 are stages that compute the same. A stage's twin on the CPU has the same base name in `engine/src/stages/`;
//! `tests/tests/back_ends.rs` holds them equal.

/// A validated stage, and what the host must agree with.
#[derive(Debug, Clone, Copy)]
pub struct Stage {
    /// File, entry point and twin.
    pub name: &'static str,
    /// WGSL, the shared files included.
    pub source: &'static str,
    /// Invocations of a workgroup, along x; 0 where the host decides, by overriding constants.
    pub workgroup_size: u32,
    /// Bindings of group 0, numbered from 0 without gaps.
    pub bindings: u32,
    /// Named `u32` constants of the shader.
    pub constants: &'static [(&'static str, u32)],
    /// Byte offset of each struct field as `Struct.field`, and the size of each struct as `Struct`.
    pub fields: &'static [(&'static str, u32)],
}

impl Stage {
    /// A constant by name.
    pub fn constant(&self, name: &str) -> Option<u32> {
        self.constants.iter().find(|(n, _)| *n == name).map(|&(_, value)| value)
    }

    /// Offset of `Struct.field`, or size of `Struct`. Unit: bytes.
    pub fn field(&self, name: &str) -> Option<u32> {
        self.fields.iter().find(|(n, _)| *n == name).map(|&(_, offset)| offset)
    }
}

include!(concat!(env!("OUT_DIR"), "/stages.rs"));

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reflection_sees_constants_and_layouts() {
        assert_eq!(S1_CONSISTENCY.constant("K1"), Some(S1_CONSISTENCY.workgroup_size));
        assert_eq!(S1_CONSISTENCY.field("Search.partitions"), Some(28));
        assert_eq!(S1_CONSISTENCY.field("Row"), Some(24));
        assert_eq!((S1_CONSISTENCY.bindings, S1_CONSISTENCY_SUBGROUP.workgroup_size), (8, 0));
    }
}
