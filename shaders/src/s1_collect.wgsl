// Selection, step 3 of 3: writes down the scores from the chosen one upwards, in any order.
//
// In:  `scores` by slot, `state` (the last score that is wanted, and its place among equals).
// Out: best[n] = slot and score, state.collected = how many; never more than were wanted, because no two are equal.
// Twin: engine/src/backend/cpu.rs, which sorts.

const LANES: u32 = 256u;
const SCORES_A_WORKGROUP: u32 = 4096u;
const COMPARED: u32 = 0x80000000u;

struct Parameters {
    slots: u32,
    workgroups_x: u32,
    digit: u32,
    wanted: u32,
}

struct State {
    remaining: u32,
    score: u32,
    order: u32,
    collected: atomic<u32>,
}

@group(0) @binding(0) var<uniform> parameters: Parameters;
@group(0) @binding(1) var<storage, read> scores: array<u32>;
@group(0) @binding(2) var<storage, read_write> state: State;
@group(0) @binding(3) var<storage, read_write> best: array<vec2<u32>>;

@compute @workgroup_size(256)
fn s1_collect(
    @builtin(workgroup_id) workgroup: vec3<u32>,
    @builtin(local_invocation_index) lane: u32,
) {
    let first = (workgroup.y * parameters.workgroups_x + workgroup.x) * SCORES_A_WORKGROUP;
    // `remaining` is 0 only where nothing was compared.
    let anything = state.remaining > 0u;
    for (var at = lane; at < SCORES_A_WORKGROUP; at += LANES) {
        let slot = first + at;
        if anything && slot < parameters.slots && scores[slot] >= COMPARED {
            let score = scores[slot] & 0x3fffffu;
            if score > state.score || (score == state.score && ~slot >= state.order) {
                let place = atomicAdd(&state.collected, 1u);
                if place < parameters.wanted {
                    best[place] = vec2<u32>(slot, scores[slot]);
                }
            }
        }
    }
}
