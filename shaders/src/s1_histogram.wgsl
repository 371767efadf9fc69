// Selection, step 1 of 3: counts how often each value of one digit occurs among the scores that are still in question.
//
// The best scores are found as in a radix sort that follows one branch: five digits, the highest first, three steps each. A score's
// place in the order has 54 bits: its own 22, then 32 that are greater for a lower slot, so that no two are equal.
// In:  `scores` by slot (bit 31: compared), `state` (the digits chosen so far).
// Out: histogram[digit] += how many compared scores begin with those digits. 4 096 scores a workgroup.
// Twin: engine/src/backend/cpu.rs, which sorts.

const LANES: u32 = 256u;
const SCORES_A_WORKGROUP: u32 = 4096u;
const DIGITS: u32 = 2048u;
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
    collected: u32,
}

@group(0) @binding(0) var<uniform> parameters: Parameters;
@group(0) @binding(1) var<storage, read> scores: array<u32>;
@group(0) @binding(2) var<storage, read> state: State;
@group(0) @binding(3) var<storage, read_write> histogram: array<atomic<u32>>;

var<workgroup> local: array<atomic<u32>, DIGITS>;

// The digit of a score, or DIGITS where the digits before it are not those chosen.
fn digit_of(score: u32, order: u32) -> u32 {
    switch parameters.digit {
        case 0u: {
            return score >> 11u;
        }
        case 1u: {
            return select(DIGITS, score & 2047u, score >> 11u == state.score >> 11u);
        }
        case 2u: {
            return select(DIGITS, order >> 21u, score == state.score);
        }
        case 3u: {
            let alike = score == state.score && order >> 21u == state.order >> 21u;
            return select(DIGITS, order >> 10u & 2047u, alike);
        }
        default: {
            let alike = score == state.score && order >> 10u == state.order >> 10u;
            return select(DIGITS, order & 1023u, alike);
        }
    }
}

@compute @workgroup_size(256)
fn s1_histogram(
    @builtin(workgroup_id) workgroup: vec3<u32>,
    @builtin(local_invocation_index) lane: u32,
) {
    for (var at = lane; at < DIGITS; at += LANES) {
        atomicStore(&local[at], 0u);
    }
    workgroupBarrier();
    let first = (workgroup.y * parameters.workgroups_x + workgroup.x) * SCORES_A_WORKGROUP;
    for (var at = lane; at < SCORES_A_WORKGROUP; at += LANES) {
        let slot = first + at;
        if slot < parameters.slots && scores[slot] >= COMPARED {
            let digit = digit_of(scores[slot] & 0x3fffffu, ~slot);
            if digit < DIGITS {
                atomicAdd(&local[digit], 1u);
            }
        }
    }
    workgroupBarrier();
    for (var at = lane; at < DIGITS; at += LANES) {
        let count = atomicLoad(&local[at]);
        if count > 0u {
            atomicAdd(&histogram[at], count);
        }
    }
}
