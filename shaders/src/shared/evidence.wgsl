// Stage 2, weighing: what an alignment shows, and the log-odds that it is worth. No entry point.
//
// Twin: engine/src/stages/s2_alignment/evidence.rs.

struct Evidence {
    pairs: u32,
    probe_overlap: u32,
    reference_overlap: u32,
    quality: u32,
    similarity: u32,
    distance: u32,
    edges: u32,
    agreeing: u32,
}

fn near(at: vec2<i32>, other: vec2<i32>) -> bool {
    let d = abs(at - other);
    let reach = parameters.overlap_reach;
    return d.x <= reach && d.y <= reach && d.x * d.x + d.y * d.y <= reach * reach;
}

fn bent(i: u32, j: u32, edge_turn: i32) -> u32 {
    let turn = unpack(probe_geometry[i]).z - unpack(reference_geometry[j]).z;
    let off = u32(abs(wrapped(turn * 16 + edge_turn)));
    return min(off * parameters.edge_turn_reciprocal >> 12u, 512u);
}

fn edge(i: u32, u: u32) -> vec2<u32> {
    let j = best_to[i] & 0xffu;
    let v = best_to[u] & 0xffu;
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

fn weigh(lane: u32, probe_count: u32, reference_count: u32) -> Evidence {
    var own = Evidence(0u, 0u, 0u, 0u, 0u, 0u, 0u, 0u);
    if lane < probe_count {
        for (var j = 0u; j < reference_count; j++) {
            if near(moved[lane], 8 * unpack(reference_geometry[j]).xy) {
                own.probe_overlap = 1u;
            }
        }
        let pair = best_to[lane];
        if pair != 0u {
            let j = pair & 0xffu;
            let d = moved[lane] - 8 * unpack(reference_geometry[j]).xy;
            own.pairs = 1u;
            own.quality = pair >> 8u;
            own.similarity = similarity_of(lane, j);
            own.distance = integer_sqrt(u32(d.x * d.x + d.y * d.y) << 8u);
            for (var u = lane + 1u; u < probe_count; u++) {
                if best_to[u] != 0u {
                    let counted = edge(lane, u);
                    own.edges += counted.x;
                    own.agreeing += counted.y;
                }
            }
        }
    }
    if lane < reference_count {
        for (var i = 0u; i < probe_count; i++) {
            if near(moved[i], 8 * unpack(reference_geometry[lane]).xy) {
                own.reference_overlap = 1u;
            }
        }
    }
    let a = vec4<u32>(sum(lane, vec4<i32>(vec4<u32>(own.pairs, own.probe_overlap, own.reference_overlap, own.quality))));
    let b = vec4<u32>(sum(lane, vec4<i32>(vec4<u32>(own.similarity, own.distance, own.edges, own.agreeing))));
    return Evidence(a.x, a.y, a.z, a.w, b.x, b.y, b.z, b.w);
}

fn value_of(evidence: Evidence) -> u32 {
    let mean = integer_sqrt((evidence.probe_overlap * evidence.reference_overlap) << 8u);
    var share = 0u;
    if mean > 0u {
        share = min((evidence.pairs << 16u) / mean, 4096u);
    }
    return (evidence.quality + 4u * evidence.similarity) * integer_sqrt(share << 12u);
}

fn log_odds_of(evidence: Evidence, cosine: i32, fewer: u32) -> i32 {
    let m = evidence.pairs;
    let both = max(evidence.probe_overlap * evidence.reference_overlap, 1u);
    let unpaired = max(evidence.probe_overlap, m) + max(evidence.reference_overlap, m) - 2u * m;
    var mean_distance = parameters.pair_distance << 9u;
    if m > 0u {
        mean_distance = i32(evidence.distance * 32u / m);
    }
    let chance = i32(both * 4096u / parameters.chance_pairs_divisor);
    let ratio = ln((2u * m + 1u) * parameters.chance_pairs_divisor) - ln(2u * both);
    let surprise = i32(m) * ratio - (i32(m << 12u) - chance);
    let first = vec4<i32>(
        ln(4096u + evidence.agreeing) - ln(4096u),
        ln(evidence.agreeing + 2048u) - ln(4096u * (evidence.edges + 2u)),
        ln(1u + fewer),
        i32((evidence.similarity << 4u) / (m + 1u)),
    );
    let second = vec4<i32>(mean_distance, ln(1u + unpaired), cosine >> 2u, surprise / 10);
    let parts = ((first * parameters.log_odds_weights[0]) >> vec4<u32>(12u))
        + ((second * parameters.log_odds_weights[1]) >> vec4<u32>(12u));
    return parameters.log_odds_offset + parts.x + parts.y + parts.z + parts.w;
}
