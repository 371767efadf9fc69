// Stage 1: how alike a probe is to every reference that the scope allows. One workgroup a reference.
//
// In:  `search` (the scope and one finger of the probe), `tables`, the sub-gallery of that finger position (`rows`,
//      `templates`) and the labels of all slots.
// Out: scores[slot] += normalised score, within +-80 000 a finger, with bit 31 set and 2^20 added once anything was compared;
//      counts[partition] += 1 for each slot compared, once however many fingers are;
//      walked[..] += 1 for each row that a workgroup came to, compared or not: the host checks that none was left out.
// The scope is decided from the label, before the first word of a template is read.
// Integers only. Work: 32 x n descriptor pairs, then 32 x 16 link pairs. Twin: engine/src/stages/s1_consistency.rs.

const K1: u32 = 32u;
const DESCRIPTOR_WORDS: u32 = 8u;
const GEOMETRY_AT: u32 = 384u;
const POPCOUNTS_AT: u32 = 432u;
const COUNTS_AT: u32 = 444u;
const NORMALISATION_AT: u32 = 445u;
const TEMPLATE_WORDS: u32 = 448u;
const PARTITION_WORDS: u32 = 128u;

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

// Which rows of the sub-gallery this dispatch walks. Workgroups are laid out in rows of `workgroups_x`.
struct Dispatch {
    rows: u32,
    workgroups_x: u32,
    direction_gate: u32,
    rotation_tolerance: u32,
    first_row: u32,
}

struct Search {
    day: u32,
    before_sequence: u32,
    forbidden_attributes: u32,
    probe_count: u32,
    normalisation: u32,
    partitions: array<u32, 128>,
    probe: array<u32, 448>,
    tolerances: array<u32, 512>,
}

// A slot's label. `state` is 1 while the slot is in use.
struct Label {
    partition_and_attributes: u32,
    expiry_day: u32,
    sequence: u32,
    state: u32,
}

struct Row {
    slot: u32,
    count: u32,
}

@group(0) @binding(0) var<uniform> dispatch: Dispatch;
@group(0) @binding(1) var<storage, read> search: Search;
@group(0) @binding(2) var<storage, read> tables: array<u32>;
@group(0) @binding(3) var<storage, read> labels: array<Label>;
@group(0) @binding(4) var<storage, read> rows: array<Row>;
@group(0) @binding(5) var<storage, read> templates: array<u32>;
@group(0) @binding(6) var<storage, read_write> scores: array<u32>;
@group(0) @binding(7) var<storage, read_write> counts: array<atomic<u32>>;
@group(0) @binding(8) var<storage, read_write> walked: array<atomic<u32>>;

struct Link {
    weight: u32,
    to: u32,
    turn: u32,
}

// Of the reference what stage 1 needs, by minutia.
var<workgroup> descriptors: array<array<u32, DESCRIPTOR_WORDS>, K1>;
var<workgroup> geometries: array<u32, K1>;
var<workgroup> popcounts: array<u32, K1>;
var<workgroup> links: array<Link, K1>;
var<workgroup> partial_sums: array<u32, K1>;

fn in_scope(label: Label) -> bool {
    let number = label.partition_and_attributes & 0xffffu;
    let attributes = label.partition_and_attributes >> 16u;
    let listed = number < PARTITION_WORDS * 32u
        && (search.partitions[number / 32u] >> (number % 32u) & 1u) == 1u;
    return label.state == 1u && listed && (attributes & search.forbidden_attributes) == 0u
        && label.expiry_day >= search.day && label.sequence < search.before_sequence;
}

fn unpack(geometry: u32) -> vec3<i32> {
    return vec3<i32>(vec3<u32>(geometry & 0x7ffu, geometry >> 11u & 0x7ffu, geometry >> 22u & 0xffu));
}

fn best_link(i: u32, reference_count: u32) -> Link {
    let direction = search.probe[GEOMETRY_AT + i] >> 22u;
    var own: array<u32, DESCRIPTOR_WORDS>;
    for (var word = 0u; word < DESCRIPTOR_WORDS; word++) {
        own[word] = search.probe[i * DESCRIPTOR_WORDS + word];
    }
    let own_popcount = search.probe[POPCOUNTS_AT + i / 4u] >> (8u * (i % 4u)) & 0xffu;
    var best = 0u;
    var link = Link(0u, 0u, 0u);
    for (var j = 0u; j < reference_count; j++) {
        let turn = (direction - (geometries[j] >> 22u)) & 0xffu;
        if min(turn, 256u - turn) > dispatch.direction_gate {
            continue;
        }
        var shared_bits = 0u;
        for (var word = 0u; word < DESCRIPTOR_WORDS; word++) {
            shared_bits += countOneBits(own[word] & descriptors[j][word]);
        }
        let total = own_popcount + popcounts[j];
        let similarity = (shared_bits * tables[RECIPROCALS_AT + total]) >> SIMILARITY_SHIFT;
        if similarity > best {
            best = similarity;
            link = Link(0u, j, turn);
        }
    }
    let above = max(best, SIMILARITY_FLOOR) - SIMILARITY_FLOOR;
    link.weight = (above * above) >> WEIGHT_BITS;
    return link;
}

fn consistent(i: u32, steps: u32) -> bool {
    let k = (i + steps) % K1;
    let a = links[i];
    let b = links[k];
    let spread = (a.turn - b.turn) & 0xffu;
    if min(spread, 256u - spread) > dispatch.rotation_tolerance {
        return false;
    }
    let pi = unpack(search.probe[GEOMETRY_AT + i]);
    let pk = unpack(search.probe[GEOMETRY_AT + k]);
    let gi = unpack(geometries[a.to]);
    let gk = unpack(geometries[b.to]);
    let d = (pk.xy - pi.xy) << vec2(LENGTH_SHIFT);
    let gd = (gk.xy - gi.xy) << vec2(LENGTH_SHIFT);
    let cos_sum = bitcast<i32>(tables[COS_AT + a.turn]) + bitcast<i32>(tables[COS_AT + b.turn]);
    let sin_sum = bitcast<i32>(tables[SIN_AT + a.turn]) + bitcast<i32>(tables[SIN_AT + b.turn]);
    let rx = scaled(d.x, cos_sum) + scaled(d.y, sin_sum);
    let ry = scaled(d.y, cos_sum) - scaled(d.x, sin_sum);
    let ex = u32(abs(gd.x - rx));
    let ey = u32(abs(gd.y - ry));
    return max(ex, ey) < search.tolerances[(steps - 1u) * K1 + i];
}

fn scaled(length: i32, factor: i32) -> i32 {
    return (length * factor + (1i << ROTATION_SHIFT)) >> (ROTATION_SHIFT + 1u);
}

fn integer_sqrt(value: u32) -> u32 {
    var root = 0u;
    for (var bit = 1u << 15u; bit != 0u; bit >>= 1u) {
        let next = root | bit;
        if next * next <= value {
            root = next;
        }
    }
    return root;
}

// Twin: engine/src/normalisation/mod.rs.
fn normalised(raw: u32, reference: u32) -> i32 {
    let probe = search.normalisation;
    let by_probe = (i32(raw) - i32(probe & 0xffffu)) * i32(probe >> 16u);
    let by_reference = (i32(raw) - i32(reference & 0xffffu)) * i32(reference >> 16u);
    return (by_probe + by_reference) >> 14u;
}

@compute @workgroup_size(32)
fn s1_consistency(
    @builtin(workgroup_id) workgroup: vec3<u32>,
    @builtin(local_invocation_index) i: u32,
) {
    let row_index = dispatch.first_row + workgroup.y * dispatch.workgroups_x + workgroup.x;
    if row_index >= dispatch.rows {
        return;
    }
    if i == 0u {
        atomicAdd(&walked[row_index % WALKED], 1u);
    }
    let row = rows[row_index];
    if row.count == 0u || search.probe_count == 0u {
        return;
    }
    let label = labels[row.slot];
    if !in_scope(label) {
        return;
    }
    let template_at = row_index * TEMPLATE_WORDS;
    for (var word = i; word < K1 * DESCRIPTOR_WORDS; word += K1) {
        descriptors[word / DESCRIPTOR_WORDS][word % DESCRIPTOR_WORDS] = templates[template_at + word];
    }
    geometries[i] = templates[template_at + GEOMETRY_AT + i];
    popcounts[i] = templates[template_at + POPCOUNTS_AT + i / 4u] >> (8u * (i % 4u)) & 0xffu;
    let reference_count = min(templates[template_at + COUNTS_AT] & 0xffu, K1);
    workgroupBarrier();

    var own = Link(0u, 0u, 0u);
    if i < search.probe_count {
        own = best_link(i, reference_count);
    }
    links[i] = own;
    workgroupBarrier();

    var support = 0u;
    for (var steps = 1u; steps <= K1 / 2u; steps++) {
        if consistent(i, steps) {
            support += links[(i + steps) % K1].weight;
        }
    }
    partial_sums[i] = own.weight * support;
    workgroupBarrier();

    if i == 0u {
        var total = 0u;
        for (var k = 0u; k < K1; k++) {
            total += partial_sums[k];
        }
        var before = scores[row.slot];
        if before == 0u {
            before = COMPARED + SCORE_BIAS;
            atomicAdd(&counts[label.partition_and_attributes & 0xffffu], 1u);
        }
        let reference_normalisation = templates[template_at + NORMALISATION_AT];
        scores[row.slot] = before + bitcast<u32>(normalised(integer_sqrt(total), reference_normalisation));
    }
}
