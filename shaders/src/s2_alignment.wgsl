// Stage 2: lays a probe over a reference and weighs what comes to lie together. One workgroup a candidate.
//
// In:  `searches` (fingers of the probe), `tables`, `candidates`, and their `templates`, as the gathering stage left them.
// Out: log_odds[result], 1/4096 nat, within +-2^19; NO_EVIDENCE with fewer than three minutiae on a side.
// Integers only; sums in any order. Work: 48 x 48 descriptor pairs, 96 x 96 / 2 link pairs, 4 x 2 fits with 48 x 48 pairs.
// Workgroup memory: 15.1 KB. Twin: engine/src/stages/s2_alignment/, whose comments say why nothing overflows.

const K2: u32 = 48u;
const SEEDS: u32 = 4u;
const GEOMETRY_AT: u32 = 384u;
const POPCOUNTS_AT: u32 = 432u;
const COUNTS_AT: u32 = 444u;

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
    probe: array<vec4<u32>, TEMPLATE_VECTORS>,
    link_tolerances: array<u32, 2304>,
}

@group(0) @binding(0) var<uniform> parameters: Parameters;
@group(0) @binding(1) var<storage, read> searches: array<Search>;
@group(0) @binding(2) var<storage, read> tables: array<u32>;
@group(0) @binding(3) var<storage, read> candidates: array<Candidate>;
@group(0) @binding(4) var<storage, read> templates: array<vec4<u32>>;
@group(0) @binding(5) var<storage, read_write> log_odds: array<i32>;

// Which search, and where the reference begins in `templates`.
var<private> search: u32;
var<private> reference: u32;

// What each team's alignment is worth, for choosing among them; -1 where there was no seed for it.
var<workgroup> values: array<i32, SEEDS>;

@compute @workgroup_size(256)
fn s2_alignment(
    @builtin(workgroup_id) workgroup: vec3<u32>,
    @builtin(local_invocation_index) index_of_lane: u32,
) {
    let index = workgroup.y * parameters.workgroups_x + workgroup.x;
    if index >= parameters.candidates {
        return;
    }
    lane = index_of_lane;
    team = lane / TEAM;
    member = lane % TEAM;
    search = candidates[index].search;
    reference = index * TEMPLATE_VECTORS;
    let probe_count = min(probe_word(COUNTS_AT) >> 8u & 0xffu, K2);
    let reference_count = min(reference_word(COUNTS_AT) >> 8u & 0xffu, K2);
    if min(probe_count, reference_count) < 3u {
        if lane == 0u {
            log_odds[candidates[index].result] = NO_EVIDENCE;
        }
        return;
    }
    let seed = seed_of_team(probe_count, reference_count);
    let found = align(seed, probe_count, reference_count);
    if member == 0u {
        values[team] = select(-1, i32(value_of(found.evidence)), seed.supported || team == 0u);
    }
    if lane == 0u {
        atomicStore(&listed, 0u);
    }
    workgroupBarrier();
    var best = 0u;
    for (var n = 1u; n < SEEDS; n++) {
        best = select(best, n, values[n] > values[best]);
    }
    // Edges cost as much as all the rest, so only the best alignment has them made.
    var distance = 0u;
    if team == best {
        distance = list(found.paired);
    }
    workgroupBarrier();
    let sums = sum_of_all(vec4<i32>(vec4<u32>(edges(), distance, 0u)));
    if team == best && member == 0u {
        let fewer = min(probe_count, reference_count);
        log_odds[candidates[index].result] = log_odds_of(found.evidence, sums.xyz, found.cosine, fewer);
    }
}

fn seed_of_team(probe_count: u32, reference_count: u32) -> Seed {
    if lane < K2 {
        probe_geometry[lane] = probe_word(GEOMETRY_AT + lane);
        reference_geometry[lane] = reference_word(GEOMETRY_AT + lane);
    }
    if lane < LINKS {
        links[lane] = 0u;
    }
    workgroupBarrier();
    compare(probe_count, reference_count);
    workgroupBarrier();
    if lane < probe_count {
        find_links(lane, reference_count);
    }
    workgroupBarrier();
    fill_agreements();
    relax();
    return choose_seed();
}

struct Found {
    paired: Paired,
    evidence: Evidence,
    cosine: i32,
}

// Fits a motion to the links around the seed, pairs what lies together, fits to that and pairs again.
fn align(seed: Seed, probe_count: u32, reference_count: u32) -> Found {
    var own = array<vec3<u32>, 2>(vec3<u32>(0u), vec3<u32>(0u));
    for (var n = 0u; n < 2u; n++) {
        let b = member + n * TEAM;
        if seed.supported && b < LINKS {
            let agreed = select(agreement_of(seed.link, b), 256u, b == seed.link);
            own[n] = vec3<u32>(b / 2u, links[b] & 0xffu, (agreed * strengths[b]) >> 8u);
        }
    }
    // From here on the board is the teams'.
    workgroupBarrier();
    let none = Motion(1i << ROTATION_BITS, 0, vec2<i32>(0, 0), vec2<i32>(0, 0));
    var motion = fit(own[0], own[1], none);
    let first = parameters.pair_distance_first;
    let before = pair_up(motion, first, first, probe_count, reference_count);
    let pair = vec3<u32>(min(member, K2 - 1u), before.pair & 0xffu, before.pair >> 10u);
    motion = fit(pair, vec3<u32>(0u), motion);
    let paired =
        pair_up(motion, parameters.pair_distance, parameters.overlap_reach, probe_count, reference_count);
    return Found(paired, weigh(paired), motion.cos);
}
