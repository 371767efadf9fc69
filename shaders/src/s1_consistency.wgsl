// Stage 1, kernel `row`: one workgroup of 32 lanes a reference. The plainest one, and the one to compare others with.
//
// What it computes, from what and for whom: shaders/src/shared/consistency.wgsl. Workgroup memory: 1.9 KB; two barriers, and two
// for each search. Twin: engine/src/stages/s1_consistency.rs.

const REFERENCES: u32 = 1u;

@compute @workgroup_size(32)
fn s1_consistency(
    @builtin(workgroup_id) workgroup: vec3<u32>,
    @builtin(local_invocation_index) lane: u32,
) {
    compare_references(workgroup, 0u, lane);
}
