// Stage 2, pairing: what comes to lie together once the probe is moved. Each team has a motion of its own. No entry point.
//
// Twin: engine/src/stages/s2_alignment/motion.rs.

// By team and minutia: of all on the other side within reach the best, its quality in bits 8-17 and 255 less its number in bits 0-7, so
// that of equals the first is the greatest. Quality 0 is near, but no pair; 0 is nothing near.
var<workgroup> best_to: array<atomic<u32>, SEEDS * K2>;
var<workgroup> best_from: array<atomic<u32>, SEEDS * K2>;

// What became of the own minutia of the probe: its pair, quality in bits 8-17 and reference minutia in bits 0-7, or 0. Overlap: whether
// the own minutia of the probe, and of the reference, has any near it.
struct Paired {
    pair: u32,
    overlap: vec2<u32>,
}

fn moved(i: u32) -> vec2<i32> {
    let at = MOVED_AT + team * K2 + i;
    return vec2<i32>(i32(board[at]), i32(board[at + SEEDS * K2]));
}

fn quality(i: u32, j: u32, g: vec3<i32>, squared: i32, turn: i32, reach: i32) -> u32 {
    if squared >= reach * reach {
        return 0u;
    }
    let off = wrapped((g.z - unpack(probe_geometry[i]).z) * 16 - turn);
    if abs(off) > parameters.pair_turn_tolerance {
        return 0u;
    }
    let place = 256 - squared * 256 / (reach * reach);
    let turned = 256 - off * off * 256 / parameters.pair_turn_squared;
    let alike = 256 + i32(similarity_of(i, j));
    return u32((place * turned * alike) >> 15u);
}

// Pairs within `reach`, and what is near within `overlap`, which is no less.
fn pair_up(motion: Motion, reach: i32, overlap: i32, probe_count: u32, reference_count: u32) -> Paired {
    let own = team * K2 + member;
    if member < K2 {
        let to = move_point(motion, unpack(probe_geometry[member]).xy);
        board[MOVED_AT + own] = u32(to.x);
        board[MOVED_AT + SEEDS * K2 + own] = u32(to.y);
        atomicStore(&best_to[own], 0u);
        atomicStore(&best_from[own], 0u);
    }
    workgroupBarrier();
    let turn = angle(motion.sin, motion.cos);
    for (var at = member; at < K2 * K2; at += TEAM) {
        let i = at / K2;
        let j = at % K2;
        if i >= probe_count || j >= reference_count {
            continue;
        }
        let g = unpack(reference_geometry[j]);
        let d = abs(moved(i) - 8 * g.xy);
        if max(d.x, d.y) > overlap {
            continue;
        }
        let squared = d.x * d.x + d.y * d.y;
        if squared <= overlap * overlap {
            let value = quality(i, j, g, squared, turn, reach) << 8u;
            atomicMax(&best_to[team * K2 + i], value | (255u - j));
            atomicMax(&best_from[team * K2 + j], value | (255u - i));
        }
    }
    workgroupBarrier();
    var paired = Paired(0u, vec2<u32>(0u));
    if member < K2 {
        let to = atomicLoad(&best_to[own]);
        paired.overlap = min(vec2<u32>(to, atomicLoad(&best_from[own])), vec2<u32>(1u));
        if to >= 256u {
            let j = 255u - (to & 0xffu);
            // Only what is mutual.
            if 255u - (atomicLoad(&best_from[team * K2 + j]) & 0xffu) == member {
                paired.pair = (to & ~0xffu) | j;
            }
        }
    }
    return paired;
}
