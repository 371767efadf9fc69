// Stage 2, before it: fetches shortlisted templates from a page, so that those of all pages can be aligned in one dispatch.
//
// In:  `candidates`, of which `count` from `first` on are of this page, and its `templates`.
// Out: gathered[candidate].

struct Parameters {
    first: u32,
    count: u32,
    workgroups_x: u32,
}

@group(0) @binding(0) var<uniform> parameters: Parameters;
@group(0) @binding(1) var<storage, read> candidates: array<Candidate>;
@group(0) @binding(2) var<storage, read> templates: array<vec4<u32>>;
@group(0) @binding(3) var<storage, read_write> gathered: array<vec4<u32>>;

@compute @workgroup_size(64)
fn s2_gather(
    @builtin(workgroup_id) workgroup: vec3<u32>,
    @builtin(local_invocation_index) lane: u32,
) {
    let index = workgroup.y * parameters.workgroups_x + workgroup.x;
    if index >= parameters.count {
        return;
    }
    let to = parameters.first + index;
    let row = candidates[to].row;
    for (var vector = lane; vector < TEMPLATE_VECTORS; vector += 64u) {
        gathered[to * TEMPLATE_VECTORS + vector] = templates[row * TEMPLATE_VECTORS + vector];
    }
}
