// Stage 2, weighing: what an alignment shows, and the log-odds that it is worth. No entry point.
//
// Twin: engine/src/stages/s2_alignment/evidence.rs.

// Sums over an alignment by which it is chosen.
struct Evidence {
    pairs: u32,
    probe_overlap: u32,
    reference_overlap: u32,
    quality: u32,
    similarity: u32,
}

// Pairs of the best alignment, which are on the board.
var<workgroup> listed: atomic<u32>;

fn bent(i: u32, j: u32, edge_turn: i32) -> u32 {
    let turn = unpack(probe_geometry[i]).z - unpack(reference_geometry[j]).z;
    let off = u32(abs(wrapped(turn * 16 + edge_turn)));
    return min(off * parameters.edge_turn_reciprocal >> 12u, 512u);
}

// Two pairs: 1 where they are near, and how well the edges between them agree.
fn edge(one: u32, other_one: u32) -> vec2<u32> {
    let i = one >> 8u;
    let j = one & 0xffu;
    let u = other_one >> 8u;
    let v = other_one & 0xffu;
    let p = unpack(probe_geometry[u]).xy - unpack(probe_geometry[i]).xy;
    let g = unpack(reference_geometry[v]).xy - unpack(reference_geometry[j]).xy;
    let squared = p.x * p.x + p.y * p.y;
    if squared >= parameters.edge_length_max * parameters.edge_length_max {
        return vec2<u32>(0u, 0u);
    }
    let length = integer_sqrt(u32(squared) << 6u);
    let other = integer_sqrt(u32(g.x * g.x + g.y * g.y) << 6u);
    let difference = max(length, other) - min(length, other);
    let stretched = min(difference * 12800u / (1600u + 3u * length), 512u);
    let edge_turn = angle(p.x * g.y - p.y * g.x, p.x * g.x + p.y * g.y);
    let at_a = bent(i, j, edge_turn);
    let at_b = bent(u, v, edge_turn);
    return vec2<u32>(1u, exp_of_minus_half(stretched * stretched + at_a * at_a + at_b * at_b));
}

fn weigh(paired: Paired) -> Evidence {
    let there = min(paired.pair, 1u);
    let counts = there | paired.overlap.x << 8u | paired.overlap.y << 16u;
    let alike = there * similarity_of(min(member, K2 - 1u), paired.pair & 0xffu);
    let sums = vec4<u32>(sum(vec4<i32>(vec4<u32>(counts, paired.pair >> 8u, alike, 0u))));
    let counted = vec3<u32>(sums.x & 0xffu, sums.x >> 8u & 0xffu, sums.x >> 16u);
    return Evidence(counted.x, counted.y, counted.z, sums.y, sums.z);
}

// Puts the own pair on the board, and gives how far its minutiae are apart.
fn list(paired: Paired) -> u32 {
    if paired.pair == 0u {
        return 0u;
    }
    let j = paired.pair & 0xffu;
    // In any order: what is made of them are sums.
    board[PAIRS_AT + atomicAdd(&listed, 1u)] = member << 8u | j;
    let d = moved(member) - 8 * unpack(reference_geometry[j]).xy;
    return integer_sqrt(u32(d.x * d.x + d.y * d.y) << 8u);
}

// Edges of the listed pairs, shared out over all lanes: their number, and how well they agree.
fn edges() -> vec2<u32> {
    let count = atomicLoad(&listed);
    var total = vec2<u32>(0u);
    for (var at = lane; at < count * (max(count, 1u) - 1u) / 2u; at += LANES) {
        // 0 with 1, 0 and 1 with 2, 0 to 2 with 3.
        let other = (integer_sqrt(8u * at + 1u) + 1u) / 2u;
        total += edge(board[PAIRS_AT + at - other * (other - 1u) / 2u], board[PAIRS_AT + other]);
    }
    return total;
}

fn value_of(evidence: Evidence) -> u32 {
    let mean = integer_sqrt((evidence.probe_overlap * evidence.reference_overlap) << 8u);
    var share = 0u;
    if mean > 0u {
        share = min((evidence.pairs << 16u) / mean, 4096u);
    }
    return (evidence.quality + 4u * evidence.similarity) * integer_sqrt(share << 12u);
}

// `found`: edges, how well they agree, distances of the pairs.
fn log_odds_of(evidence: Evidence, found: vec3<u32>, cosine: i32, fewer: u32) -> i32 {
    let m = evidence.pairs;
    let both = max(evidence.probe_overlap * evidence.reference_overlap, 1u);
    let unpaired = max(evidence.probe_overlap, m) + max(evidence.reference_overlap, m) - 2u * m;
    var mean_distance = parameters.pair_distance << 9u;
    if m > 0u {
        mean_distance = i32(found.z * 32u / m);
    }
    let chance = i32(both * 4096u / parameters.chance_pairs_divisor);
    let ratio = ln((2u * m + 1u) * parameters.chance_pairs_divisor) - ln(2u * both);
    let surprise = i32(m) * ratio - (i32(m << 12u) - chance);
    let first = vec4<i32>(
        ln(4096u + found.y) - ln(4096u),
        ln(found.y + 2048u) - ln(4096u * (found.x + 2u)),
        ln(1u + fewer),
        i32((evidence.similarity << 4u) / (m + 1u)),
    );
    let second = vec4<i32>(mean_distance, ln(1u + unpaired), cosine >> 2u, surprise / 10);
    let parts = ((first * parameters.log_odds_weights[0]) >> vec4<u32>(12u))
        + ((second * parameters.log_odds_weights[1]) >> vec4<u32>(12u));
    return parameters.log_odds_offset + parts.x + parts.y + parts.z + parts.w;
}
