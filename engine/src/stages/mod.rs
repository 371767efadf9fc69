//! CPU twins of the shaders, one file a stage, with the same base name as the shader.

pub mod arithmetic;
pub mod s1_consistency;
pub mod s2_alignment;
