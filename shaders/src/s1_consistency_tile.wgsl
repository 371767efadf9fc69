// Stage 1, kernel `tile`: one workgroup of 128 lanes for four references, 32 lanes each, so that the device can hold more lanes where
// the number of workgroups is what it runs out of, and barriers are waited at by four references together.
//
// What it computes, from what and for whom: shaders/src/shared/consistency.wgsl. Workgroup memory: 7.7 KB; two barriers, and two
// for each search. Twin: engine/src/stages/s1_consistency.rs.

const REFERENCES: u32 = 4u;

@compute @workgroup_size(128)
fn s1_consistency_tile(
    @builtin(workgroup_id) workgroup: vec3<u32>,
    @builtin(local_invocation_index) lane: u32,
) {
    compare_references(workgroup, lane / TEAM, lane % TEAM);
}
