// Stage 2: lays a probe over a reference and weighs what comes to lie together. One workgroup a candidate.
//
// In:  `search` (one finger of the probe), `tables`, `candidates` (rows of this page, and where their results go) and the
//      page's `templates`, of that finger position.
// Out: log_odds[result], 1/4096 nat, within +-2^19; NO_EVIDENCE with fewer than three minutiae on a side.
// Integers only; sums in any order. Work: 48 x 48 descriptor pairs, 96 x 96 link pairs, 4 x 2 fits with 48 x 48 pairs.
// Workgroup memory: 15.9 KB. Twin: engine/src/stages/s2_alignment/, whose comments say why nothing overflows.

const K2: u32 = 48u;
const LINKS: u32 = 96u;
const LANES: u32 = 64u;
const SEEDS: u32 = 4u;
const DESCRIPTOR_WORDS: u32 = 8u;
const GEOMETRY_AT: u32 = 384u;
const POPCOUNTS_AT: u32 = 432u;
const COUNTS_AT: u32 = 444u;
const TEMPLATE_WORDS: u32 = 448u;

const RECIPROCALS_AT: u32 = 0u;

const NO_EVIDENCE: i32 = -405504;

// What the tunables are. Units as in engine/src/tunables.rs.
struct Parameters {
    candidates: u32,
    workgroups_x: u32,
    direction_gate: u32,
    link_similarity_floor: u32,
    link_turn_tolerance: i32,
    link_turn_squared: i32,
    seed_neighbour: u32,
    pair_distance_first: i32,
    pair_distance: i32,
    pair_turn_tolerance: i32,
    pair_turn_squared: i32,
    overlap_reach: i32,
    edge_length_max: i32,
    edge_turn_reciprocal: u32,
    chance_pairs_divisor: u32,
    log_odds_offset: i32,
    log_odds_weights: array<vec4<i32>, 2>,
}

struct Search {
    probe: array<u32, 448>,
    link_tolerances: array<u32, 2304>,
}

struct Candidate {
    row: u32,
    result: u32,
}

@group(0) @binding(0) var<uniform> parameters: Parameters;
@group(0) @binding(1) var<storage, read> search: Search;
@group(0) @binding(2) var<storage, read> tables: array<u32>;
@group(0) @binding(3) var<storage, read> candidates: array<Candidate>;
@group(0) @binding(4) var<storage, read> templates: array<u32>;
@group(0) @binding(5) var<storage, read_write> log_odds: array<i32>;

struct Motion {
    cos: i32,
    sin: i32,
    origin: vec2<i32>,
    destination: vec2<i32>,
}

// Rows of 48 similarities and of 96 agreements, four bytes a word.
var<workgroup> similarity: array<u32, 576>;
var<workgroup> agreement: array<u32, 2304>;
var<workgroup> probe_geometry: array<u32, K2>;
var<workgroup> reference_geometry: array<u32, K2>;
// Reference minutia in bits 0-7, weight in bits 8-15; the probe minutia is half the index.
var<workgroup> links: array<u32, LINKS>;
var<workgroup> strengths: array<u32, LINKS>;
var<workgroup> moved: array<vec2<i32>, K2>;
// Quality in bits 8-17, the other side's minutia in bits 0-7.
var<workgroup> best_to: array<u32, K2>;
var<workgroup> best_from: array<u32, K2>;
var<workgroup> scratch: array<vec4<i32>, LANES>;

// --- sums and maxima over the workgroup

fn sum(lane: u32, value: vec4<i32>) -> vec4<i32> {
    scratch[lane] = value;
    workgroupBarrier();
    for (var half = LANES / 2u; half > 0u; half >>= 1u) {
        if lane < half {
            scratch[lane] += scratch[lane + half];
        }
        workgroupBarrier();
    }
    let total = scratch[0];
    workgroupBarrier();
    return total;
}

// The greatest first component, of equals the one with the least second.
fn greatest(lane: u32, value: vec2<u32>) -> vec2<u32> {
    scratch[lane] = vec4<i32>(bitcast<i32>(value.x), bitcast<i32>(value.y), 0, 0);
    workgroupBarrier();
    for (var half = LANES / 2u; half > 0u; half >>= 1u) {
        if lane < half {
            let own = bitcast<vec2<u32>>(scratch[lane].xy);
            let other = bitcast<vec2<u32>>(scratch[lane + half].xy);
            if other.x > own.x || (other.x == own.x && other.y < own.y) {
                scratch[lane] = scratch[lane + half];
            }
        }
        workgroupBarrier();
    }
    let best = bitcast<vec2<u32>>(scratch[0].xy);
    workgroupBarrier();
    return best;
}

// --- links

fn similarity_of(i: u32, j: u32) -> u32 {
    return byte_of(similarity[i * (K2 / 4u) + j / 4u], j);
}

fn compare(i: u32, j: u32, row: u32) -> u32 {
    let turn = ((probe_geometry[i] >> 22u) - (reference_geometry[j] >> 22u)) & 0xffu;
    if min(turn, 256u - turn) > parameters.direction_gate {
        return 0u;
    }
    var shared_bits = 0u;
    for (var word = 0u; word < DESCRIPTOR_WORDS; word++) {
        let own = search.probe[i * DESCRIPTOR_WORDS + word];
        shared_bits += countOneBits(own & templates[row + j * DESCRIPTOR_WORDS + word]);
    }
    let total = byte_of(search.probe[POPCOUNTS_AT + i / 4u], i)
        + byte_of(templates[row + POPCOUNTS_AT + j / 4u], j);
    return min((shared_bits * tables[RECIPROCALS_AT + total]) >> 10u, 255u);
}

fn find_links(i: u32, reference_count: u32) {
    var first = 0u;
    var second = 0u;
    for (var j = 0u; j < reference_count; j++) {
        let similar = similarity_of(i, j);
        if similar <= parameters.link_similarity_floor {
            continue;
        }
        let weight = similar - parameters.link_similarity_floor;
        let link = weight << 8u | j;
        if weight > first >> 8u {
            second = first;
            first = link;
        } else if weight > second >> 8u {
            second = link;
        }
    }
    links[2u * i] = first;
    links[2u * i + 1u] = second;
}

fn agree(a: u32, b: u32) -> u32 {
    let link_a = links[a];
    let link_b = links[b];
    if link_a < 256u || link_b < 256u || a / 2u == b / 2u || (link_a & 0xffu) == (link_b & 0xffu) {
        return 0u;
    }
    let pa = unpack(probe_geometry[a / 2u]);
    let pb = unpack(probe_geometry[b / 2u]);
    let ga = unpack(reference_geometry[link_a & 0xffu]);
    let gb = unpack(reference_geometry[link_b & 0xffu]);
    let turn_a = (ga.z - pa.z) & 0xff;
    let turn_b = (gb.z - pb.z) & 0xff;
    let spread = ((turn_a - turn_b + 128) & 0xff) - 128;
    if abs(spread) > parameters.link_turn_tolerance {
        return 0u;
    }
    let middle = u32(2 * turn_b + spread) & 511u;
    let cosine = table(COS_AT + middle);
    let sine = table(SIN_AT + middle);
    let dx = pa.x - pb.x;
    let dy = pa.y - pb.y;
    let half = 1i << (ROTATION_BITS - 4u);
    let rx = (dx * cosine - dy * sine + half) >> (ROTATION_BITS - 3u);
    let ry = (dx * sine + dy * cosine + half) >> (ROTATION_BITS - 3u);
    let ex = min(abs(((ga.x - gb.x) << 3u) - rx), 4095);
    let ey = min(abs(((ga.y - gb.y) << 3u) - ry), 4095);
    let error = u32(ex * ex + ey * ey);
    let tolerance = search.link_tolerances[(a / 2u) * K2 + b / 2u];
    if error >= tolerance {
        return 0u;
    }
    let place = 256u - (error << 8u) / tolerance;
    let turn = 256u - u32(spread * spread * 256 / parameters.link_turn_squared);
    return min((place * turn) >> 8u, 255u);
}

fn agreement_of(a: u32, b: u32) -> u32 {
    return byte_of(agreement[a * (LINKS / 4u) + b / 4u], b);
}

// Four agreements of a row at a time, the later link first.
fn fill_agreements(lane: u32) {
    for (var at = lane; at < LINKS * LINKS / 4u; at += LANES) {
        let a = at / (LINKS / 4u);
        var word = 0u;
        for (var n = 0u; n < 4u; n++) {
            let b = at % (LINKS / 4u) * 4u + n;
            if a != b {
                word |= agree(max(a, b), min(a, b)) << (8u * n);
            }
        }
        agreement[at] = word;
    }
}

fn support_by_weights(a: u32) -> u32 {
    var total = 0u;
    for (var b = 0u; b < LINKS; b++) {
        total += agreement_of(a, b) * (links[b] >> 8u);
    }
    return total;
}

fn support_by_strengths(a: u32) -> u32 {
    var total = 0u;
    for (var b = 0u; b < LINKS; b++) {
        total += agreement_of(a, b) * strengths[b];
    }
    return total;
}

fn relax(lane: u32) {
    var sums = vec2<u32>(0u, 0u);
    for (var n = 0u; n < 2u; n++) {
        let a = lane + n * LANES;
        if a < LINKS {
            sums[n] = (links[a] >> 8u) * support_by_weights(a);
        }
    }
    let most = greatest(lane, vec2<u32>(max(sums.x, sums.y), 0u)).x;
    let excess = 32u - countLeadingZeros(most);
    let shift = max(excess, 16u) - 16u;
    let divisor = max(most >> shift, 1u);
    for (var n = 0u; n < 2u; n++) {
        let a = lane + n * LANES;
        if a < LINKS {
            strengths[a] = integer_sqrt(256u * (links[a] >> 8u) * (sums[n] >> shift) / divisor);
        }
    }
    workgroupBarrier();
}

// --- pairs

fn quality(i: u32, j: u32, turn: i32, reach: i32) -> u32 {
    let g = unpack(reference_geometry[j]);
    let d = abs(moved[i] - 8 * g.xy);
    if d.x >= reach || d.y >= reach || d.x * d.x + d.y * d.y >= reach * reach {
        return 0u;
    }
    let off = wrapped((g.z - unpack(probe_geometry[i]).z) * 16 - turn);
    if abs(off) > parameters.pair_turn_tolerance {
        return 0u;
    }
    let place = 256 - (d.x * d.x + d.y * d.y) * 256 / (reach * reach);
    let turned = 256 - off * off * 256 / parameters.pair_turn_squared;
    let alike = 256 + i32(similarity_of(i, j));
    return u32((place * turned * alike) >> 15u);
}

// Moves the probe, pairs what lies together: best_to[i] keeps only what is mutual.
fn pair_up(lane: u32, motion: Motion, reach: i32, probe_count: u32, reference_count: u32) {
    if lane < probe_count {
        moved[lane] = move_point(motion, unpack(probe_geometry[lane]).xy);
    }
    workgroupBarrier();
    let turn = angle(motion.sin, motion.cos);
    var to = 0u;
    var origin = 0u;
    if lane < probe_count {
        for (var j = 0u; j < reference_count; j++) {
            let value = quality(lane, j, turn, reach);
            if value > to >> 8u {
                to = value << 8u | j;
            }
        }
    }
    if lane < reference_count {
        for (var i = 0u; i < probe_count; i++) {
            let value = quality(i, lane, turn, reach);
            if value > origin >> 8u {
                origin = value << 8u | i;
            }
        }
    }
    if lane < K2 {
        best_from[lane] = origin;
    }
    workgroupBarrier();
    if lane < K2 {
        if to != 0u && (best_from[to & 0xffu] & 0xffu) != lane {
            to = 0u;
        }
        best_to[lane] = to;
    }
    workgroupBarrier();
}

// The alignment that starts from a seed; `weighted` is false where there is none. Value and log-odds.
fn align(lane: u32, seed: u32, weighted: bool, probe_count: u32, reference_count: u32) -> vec2<i32> {
    var own = array<vec3<u32>, 2>(vec3<u32>(0u), vec3<u32>(0u));
    for (var n = 0u; n < 2u; n++) {
        let b = lane + n * LANES;
        if weighted && b < LINKS {
            let agreed = select(agreement_of(seed, b), 256u, b == seed);
            own[n] = vec3<u32>(b / 2u, links[b] & 0xffu, (agreed * strengths[b]) >> 8u);
        }
    }
    let none = Motion(1i << ROTATION_BITS, 0, vec2<i32>(0, 0), vec2<i32>(0, 0));
    var motion = fit(lane, own[0], own[1], none);
    pair_up(lane, motion, parameters.pair_distance_first, probe_count, reference_count);
    var pair = vec3<u32>(0u);
    if lane < K2 {
        pair = vec3<u32>(lane, best_to[lane] & 0xffu, best_to[lane] >> 10u);
    }
    motion = fit(lane, pair, vec3<u32>(0u), motion);
    pair_up(lane, motion, parameters.pair_distance, probe_count, reference_count);
    let evidence = weigh(lane, probe_count, reference_count);
    let fewer = min(probe_count, reference_count);
    return vec2<i32>(i32(value_of(evidence)), log_odds_of(evidence, motion.cos, fewer));
}

@compute @workgroup_size(64)
fn s2_alignment(
    @builtin(workgroup_id) workgroup: vec3<u32>,
    @builtin(local_invocation_index) lane: u32,
) {
    let index = workgroup.y * parameters.workgroups_x + workgroup.x;
    if index >= parameters.candidates {
        return;
    }
    let candidate = candidates[index];
    let row = candidate.row * TEMPLATE_WORDS;
    let probe_count = min(search.probe[COUNTS_AT] >> 8u & 0xffu, K2);
    let reference_count = min(templates[row + COUNTS_AT] >> 8u & 0xffu, K2);
    if min(probe_count, reference_count) < 3u {
        if lane == 0u {
            log_odds[candidate.result] = NO_EVIDENCE;
        }
        return;
    }
    if lane < K2 {
        probe_geometry[lane] = search.probe[GEOMETRY_AT + lane];
        reference_geometry[lane] = templates[row + GEOMETRY_AT + lane];
        links[2u * lane] = 0u;
        links[2u * lane + 1u] = 0u;
    }
    workgroupBarrier();
    for (var at = lane; at < K2 * K2 / 4u; at += LANES) {
        let i = at / (K2 / 4u);
        var word = 0u;
        for (var n = 0u; n < 4u; n++) {
            let j = at % (K2 / 4u) * 4u + n;
            if i < probe_count && j < reference_count {
                word |= compare(i, j, row) << (8u * n);
            }
        }
        similarity[at] = word;
    }
    workgroupBarrier();
    if lane < probe_count {
        find_links(lane, reference_count);
    }
    workgroupBarrier();
    fill_agreements(lane);
    workgroupBarrier();
    relax(lane);

    // Supports of the lane's own links, set to 0 as seeds are taken.
    var supports = vec2<u32>(0u, 0u);
    for (var n = 0u; n < 2u; n++) {
        let a = lane + n * LANES;
        if a < LINKS {
            supports[n] = strengths[a] * support_by_strengths(a);
        }
    }
    var best = vec2<i32>(-1, 0);
    for (var n = 0u; n < SEEDS; n++) {
        var own = vec2<u32>(supports.x, lane);
        if supports.y > supports.x {
            own = vec2<u32>(supports.y, lane + LANES);
        }
        let seed = greatest(lane, own);
        let found = align(lane, seed.y, seed.x > 0u, probe_count, reference_count);
        // Without any seed the first, empty, alignment stands.
        if (seed.x > 0u || n == 0u) && found.x > best.x {
            best = found;
        }
        for (var m = 0u; m < 2u; m++) {
            let a = lane + m * LANES;
            if a < LINKS && (a == seed.y || agreement_of(seed.y, a) > parameters.seed_neighbour) {
                supports[m] = 0u;
            }
        }
        workgroupBarrier();
    }
    if lane == 0u {
        log_odds[candidate.result] = best.y;
    }
}
