// Stage 2: how the lanes of a workgroup are shared out, and how they learn of each other's numbers. No entry point.
//
// First all lanes work for one candidate; then there is a team for each seed, and all alignments go on side by side. Sums are of integers,
// so they may be made in any order.

const TEAM: u32 = 64u;
const LANES: u32 = 256u;
// Lanes that add up what the others of their team have.
const ADDERS: u32 = 8u;

var<private> lane: u32;
var<private> team: u32;
var<private> member: u32;

// First the agreements of links, rows of 96 bytes; once seeds are chosen, what the teams need: four words a lane to be added up, where
// the probe's minutiae were moved to, and the pairs of the best alignment.
var<workgroup> board: array<u32, 2304>;
const MOVED_AT: u32 = 1024u;
const PAIRS_AT: u32 = 1408u;

fn shown(at: u32) -> vec4<u32> {
    return vec4<u32>(board[at], board[LANES + at], board[2u * LANES + at], board[3u * LANES + at]);
}

fn show(value: vec4<u32>) {
    board[lane] = value.x;
    board[LANES + lane] = value.y;
    board[2u * LANES + lane] = value.z;
    board[3u * LANES + lane] = value.w;
}

// Leaves eight sums of each team on the board.
fn add_up(value: vec4<i32>) {
    show(bitcast<vec4<u32>>(value));
    workgroupBarrier();
    if member < ADDERS {
        var total = vec4<u32>(0u);
        for (var n = 0u; n < TEAM / ADDERS; n++) {
            total += shown(lane + n * ADDERS);
        }
        show(total);
    }
    workgroupBarrier();
}

fn added_up(by: u32) -> vec4<u32> {
    var total = vec4<u32>(0u);
    for (var n = 0u; n < ADDERS; n++) {
        total += shown(by * TEAM + n);
    }
    return total;
}

// The sum over the own team.
fn sum(value: vec4<i32>) -> vec4<i32> {
    add_up(value);
    let total = added_up(team);
    workgroupBarrier();
    return bitcast<vec4<i32>>(total);
}

// The sum over all lanes.
fn sum_of_all(value: vec4<i32>) -> vec4<u32> {
    add_up(value);
    var total = vec4<u32>(0u);
    for (var n = 0u; n < LANES / TEAM; n++) {
        total += added_up(n);
    }
    workgroupBarrier();
    return total;
}
