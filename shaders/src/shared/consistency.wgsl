// Stage 1: how alike probes are to every reference that their scopes allow. What its kernels have in common; no entry point.
//
// In:  `searches` (scopes, each with one finger of its probe, all of one finger position), `tables`, and a page of the
//      sub-gallery of that position: `rows` with their labels, `templates`.
// Out: scores[scores_at + slot] += normalised score, within +-80 000 a finger, with bit 31 set and 2^20 added once anything was compared;
//      counts[counts_at + partition] += 1 for each slot compared, once however many fingers are;
//      walked[..] += 1 for each row that a team came to, compared or not: the host checks that none was left out.
// The scope is decided from the label, before the first word of a template is read, and a pair's directions before its descriptors.
// Integers only. Work for each search: 32 x n descriptor pairs, then 32 x 16 link pairs. Twin: engine/src/stages/s1_consistency.rs.
//
// A team of TEAM lanes compares one reference; each lane has MINUTIAE_A_LANE of the probe's minutiae, one after the other. A
// workgroup holds REFERENCES teams. The reference is fetched once into workgroup memory for all searches; the probe's descriptors are in
// registers. A kernel says how large a team is, and how its lanes learn of each other's links: `show`, `shown`, `total_of`.

const K1: u32 = 32u;
const GEOMETRY_AT: u32 = 384u;
const POPCOUNTS_AT: u32 = 432u;
const NORMALISATION_AT: u32 = 445u;
const TEMPLATE_WORDS: u32 = 448u;
const PARTITION_WORDS: u32 = 128u;
// Descriptors are read four words at a time.
const DESCRIPTOR_VECTORS: u32 = 2u;
const TEMPLATE_VECTORS: u32 = TEMPLATE_WORDS / 4u;

const RECIPROCALS_AT: u32 = 0u;
const COS_AT: u32 = 511u;
const SIN_AT: u32 = 767u;

const SIMILARITY_SHIFT: u32 = 8u;
const SIMILARITY_FLOOR: u32 = 128u;
const WEIGHT_BITS: u32 = 10u;
const ROTATION_SHIFT: u32 = 14u;
const LENGTH_SHIFT: u32 = 3u;

const COMPARED: u32 = 0x80000000u;
const SCORE_BIAS: u32 = 0x100000u;
// Counters of rows walked: several, so that workgroups do not queue for one.
const WALKED: u32 = 64u;
// Searches of a dispatch at most.
const SEARCHES: u32 = 8u;

// Which rows of the page this dispatch walks, and for how many searches. Workgroups are laid out in rows of `workgroups_x`. Rows of slots
// from `slots` on came after the searches, which have no room for their scores.
struct Dispatch {
    rows: u32,
    workgroups_x: u32,
    direction_gate: u32,
    rotation_tolerance: u32,
    first_row: u32,
    searches: u32,
    slots: u32,
}

struct Search {
    day: u32,
    before_sequence: u32,
    forbidden_attributes: u32,
    probe_count: u32,
    normalisation: u32,
    scores_at: u32,
    counts_at: u32,
    partitions: array<u32, 128>,
    descriptors: array<array<vec4<u32>, DESCRIPTOR_VECTORS>, K1>,
    // Geometry and popcount.
    minutiae: array<vec2<u32>, K1>,
    // Of minutiae i and i + steps at (steps - 1) * K1 + i: neighbouring lanes read neighbouring words.
    tolerances: array<u32, 512>,
}

// A row with the label of its slot beside it, so that no second, scattered, read is needed to decide the scope. `state` is 1 while
// the slot is in use, `count` 0 where the row is free or its template empty.
struct Row {
    slot: u32,
    count: u32,
    partition_and_attributes: u32,
    expiry_day: u32,
    sequence: u32,
    state: u32,
}

@group(0) @binding(0) var<uniform> dispatch: Dispatch;
@group(0) @binding(1) var<storage, read> searches: array<Search>;
@group(0) @binding(2) var<storage, read> tables: array<u32>;
@group(0) @binding(3) var<storage, read> rows: array<Row>;
@group(0) @binding(4) var<storage, read> templates: array<vec4<u32>>;
@group(0) @binding(5) var<storage, read_write> scores: array<u32>;
@group(0) @binding(6) var<storage, read_write> counts: array<atomic<u32>>;
@group(0) @binding(7) var<storage, read_write> walked: array<atomic<u32>>;

// The best link of one probe minutia: its weight in bits 0-9 and its turn in 10-17; the geometries of the reference minutia and of the
// probe's; cosine and sine of the turn, 16 bits each.
alias Link = vec4<u32>;

// Of the references what stage 1 needs, by team and minutia: descriptors; geometry and popcount.
var<workgroup> descriptors: array<vec4<u32>, REFERENCES * K1 * DESCRIPTOR_VECTORS>;
var<workgroup> minutiae: array<vec2<u32>, REFERENCES * K1>;
// The searches that may see each team's reference, a bit each.
var<workgroup> wanted_by: array<u32, REFERENCES>;

fn in_scope(row: Row, q: u32) -> bool {
    let number = row.partition_and_attributes & 0xffffu;
    let attributes = row.partition_and_attributes >> 16u;
    let listed = number < PARTITION_WORDS * 32u
        && (searches[q].partitions[number / 32u] >> (number % 32u) & 1u) == 1u;
    return row.state == 1u && listed && (attributes & searches[q].forbidden_attributes) == 0u
        && row.expiry_day >= searches[q].day && row.sequence < searches[q].before_sequence;
}

fn allowed(row: Row) -> u32 {
    var allowed = 0u;
    if row.count > 0u && row.slot < dispatch.slots {
        for (var q = 0u; q < dispatch.searches; q++) {
            if searches[q].probe_count > 0u && in_scope(row, q) {
                allowed |= 1u << q;
            }
        }
    }
    return allowed;
}

// Neighbouring lanes fetch neighbouring words.
fn fetch(row_index: u32, team: u32, member: u32) {
    let from_row = row_index * TEMPLATE_VECTORS;
    let at = team * K1 * DESCRIPTOR_VECTORS;
    for (var vector = member; vector < K1 * DESCRIPTOR_VECTORS; vector += TEAM) {
        descriptors[at + vector] = templates[from_row + vector];
    }
    for (var j = member; j < K1; j += TEAM) {
        let geometry = templates[from_row + (GEOMETRY_AT + j) / 4u][j & 3u];
        let popcounts = templates[from_row + (POPCOUNTS_AT + j / 4u) / 4u][j / 4u & 3u];
        minutiae[team * K1 + j] = vec2<u32>(geometry, byte_of(popcounts, j));
    }
}

fn best_link(q: u32, i: u32, team: u32, count: u32) -> Link {
    let own = searches[q].minutiae[i];
    let first = searches[q].descriptors[i][0];
    let second = searches[q].descriptors[i][1];
    let direction = own.x >> 22u;
    var best = 0u;
    var turn = 0u;
    var to = 0u;
    for (var j = 0u; j < count; j++) {
        let other = minutiae[team * K1 + j];
        let own_turn = (direction - (other.x >> 22u)) & 0xffu;
        if min(own_turn, 256u - own_turn) > dispatch.direction_gate {
            continue;
        }
        let at = (team * K1 + j) * DESCRIPTOR_VECTORS;
        let bits = countOneBits(first & descriptors[at]) + countOneBits(second & descriptors[at + 1u]);
        let shared_bits = bits.x + bits.y + bits.z + bits.w;
        let similarity = (shared_bits * tables[RECIPROCALS_AT + own.y + other.y]) >> SIMILARITY_SHIFT;
        if similarity > best {
            best = similarity;
            turn = own_turn;
            to = other.x;
        }
    }
    let above = max(best, SIMILARITY_FLOOR) - SIMILARITY_FLOOR;
    let weight = (above * above) >> WEIGHT_BITS;
    let turned = (tables[COS_AT + turn] & 0xffffu) | tables[SIN_AT + turn] << 16u;
    return Link(weight | turn << 10u, to, own.x, turned);
}

fn weight_of(link: Link) -> u32 {
    return link.x & 0x3ffu;
}

fn turn_of(link: Link) -> u32 {
    return link.x >> 10u & 0xffu;
}

// Cosine and sine.
fn turned_by(link: Link) -> vec2<i32> {
    return vec2<i32>(bitcast<i32>(link.w << 16u), bitcast<i32>(link.w)) >> vec2<u32>(16u);
}

// Whether both links tell of the same motion.
fn consistent(a: Link, b: Link, tolerance: u32) -> bool {
    let spread = (turn_of(a) - turn_of(b)) & 0xffu;
    if min(spread, 256u - spread) > dispatch.rotation_tolerance {
        return false;
    }
    let d = (unpack(b.z).xy - unpack(a.z).xy) << vec2(LENGTH_SHIFT);
    let gd = (unpack(b.y).xy - unpack(a.y).xy) << vec2(LENGTH_SHIFT);
    let turned = turned_by(a) + turned_by(b);
    let rx = scaled(d.x, turned.x) + scaled(d.y, turned.y);
    let ry = scaled(d.y, turned.x) - scaled(d.x, turned.y);
    let ex = u32(abs(gd.x - rx));
    let ey = u32(abs(gd.y - ry));
    return max(ex, ey) < tolerance;
}

fn scaled(length: i32, factor: i32) -> i32 {
    return (length * factor + (1i << ROTATION_SHIFT)) >> (ROTATION_SHIFT + 1u);
}

// Twin: engine/src/normalisation/mod.rs.
fn normalised(raw: u32, probe: u32, reference: u32) -> i32 {
    let by_probe = (i32(raw) - i32(probe & 0xffffu)) * i32(probe >> 16u);
    let by_reference = (i32(raw) - i32(reference & 0xffffu)) * i32(reference >> 16u);
    return (by_probe + by_reference) >> 14u;
}

// Only one lane of all that run at once has this search and this slot: a slot has one row in a sub-gallery.
fn settle(row_index: u32, row: Row, q: u32, total: u32) {
    let reference = templates[row_index * TEMPLATE_VECTORS + NORMALISATION_AT / 4u][NORMALISATION_AT % 4u];
    let at = searches[q].scores_at + row.slot;
    var before = scores[at];
    if before == 0u {
        before = COMPARED + SCORE_BIAS;
        atomicAdd(&counts[searches[q].counts_at + (row.partition_and_attributes & 0xffffu)], 1u);
    }
    scores[at] = before + bitcast<u32>(normalised(integer_sqrt(total), searches[q].normalisation, reference));
}

// All of a workgroup: every lane comes here, with its team and its place in it.
fn compare_references(workgroup: vec3<u32>, team: u32, member: u32) {
    let group = workgroup.y * dispatch.workgroups_x + workgroup.x;
    let row_index = dispatch.first_row + group * REFERENCES + team;
    var row = Row(0u, 0u, 0u, 0u, 0u, 0u);
    if row_index < dispatch.rows {
        row = rows[row_index];
        if member == 0u {
            atomicAdd(&walked[row_index % WALKED], 1u);
        }
    }
    let wanted = allowed(row);
    if wanted != 0u {
        fetch(row_index, team, member);
    }
    if member == 0u {
        wanted_by[team] = wanted;
    }
    var by_teams = workgroupUniformLoad(&wanted_by);
    var by_any = 0u;
    for (var n = 0u; n < REFERENCES; n++) {
        by_any |= by_teams[n];
    }
    for (var q = 0u; q < dispatch.searches; q++) {
        if (by_any >> q & 1u) == 0u {
            continue;
        }
        let compared = (wanted >> q & 1u) == 1u;
        var own: array<Link, MINUTIAE_A_LANE_MAX>;
        for (var n = 0u; n < MINUTIAE_A_LANE; n++) {
            let i = member * MINUTIAE_A_LANE + n;
            own[n] = Link(0u, 0u, 0u, 0u);
            if compared && i < searches[q].probe_count {
                own[n] = best_link(q, i, team, min(row.count, K1));
            }
        }
        show(team, member, own);
        // Minutia i meets i + 1, then i + 2, up to halfway around: every pair once.
        var sum = 0u;
        for (var n = 0u; n < MINUTIAE_A_LANE; n++) {
            let i = member * MINUTIAE_A_LANE + n;
            var support = 0u;
            for (var steps = 1u; steps <= K1 / 2u; steps++) {
                let at = n + steps;
                let other = shown(team, own, at % MINUTIAE_A_LANE, (member + at / MINUTIAE_A_LANE) % TEAM);
                if consistent(own[n], other, searches[q].tolerances[(steps - 1u) * K1 + i]) {
                    support += weight_of(other);
                }
            }
            sum += weight_of(own[n]) * support;
        }
        let total = total_of(team, member, sum);
        if compared && member == 0u {
            settle(row_index, row, q, total);
        }
    }
}
