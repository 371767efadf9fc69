// Selection, step 2 of 3: chooses the digit in which the last score that is wanted lies. One workgroup.
//
// In:  `histogram` of the digit, from step 1; `state` (how many scores are wanted among those in question).
// Out: `state` with the digit chosen and the scores above it no longer wanted; `histogram` emptied for the next digit.
// Where fewer were compared than are wanted, all are wanted. Twin: engine/src/backend/cpu.rs, which sorts.

const LANES: u32 = 256u;
const DIGITS: u32 = 2048u;
const DIGITS_A_LANE: u32 = 8u;

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
@group(0) @binding(1) var<storage, read_write> state: State;
@group(0) @binding(2) var<storage, read_write> histogram: array<u32>;

var<workgroup> sums: array<u32, LANES>;

@compute @workgroup_size(256)
fn s1_digit(@builtin(local_invocation_index) lane: u32) {
    // Lane 0 has the highest digits.
    let last = DIGITS - 1u - lane * DIGITS_A_LANE;
    var own = 0u;
    for (var n = 0u; n < DIGITS_A_LANE; n++) {
        own += histogram[last - n];
    }
    sums[lane] = own;
    workgroupBarrier();
    var above = 0u;
    var all = 0u;
    for (var other = 0u; other < LANES; other++) {
        if other < lane {
            above += sums[other];
        }
        all += sums[other];
    }
    let before = state;
    var remaining = before.remaining;
    if parameters.digit == 0u {
        remaining = min(parameters.wanted, all);
    }
    workgroupBarrier();
    // One lane at most: the one in whose digits the count is reached.
    if remaining > above && remaining <= above + own {
        var digit = last;
        while above + histogram[digit] < remaining {
            above += histogram[digit];
            digit--;
        }
        state.remaining = remaining - above;
        switch parameters.digit {
            case 0u: {
                state.score = digit << 11u;
            }
            case 1u: {
                state.score = before.score | digit;
            }
            case 2u: {
                state.order = digit << 21u;
            }
            case 3u: {
                state.order = before.order | digit << 10u;
            }
            default: {
                state.order = before.order | digit;
            }
        }
    }
    workgroupBarrier();
    for (var n = 0u; n < DIGITS_A_LANE; n++) {
        histogram[last - n] = 0u;
    }
}
