// Stage 2, links: which minutiae may correspond, how far those links agree on a motion, and from which of them alignments start. All
// lanes of the workgroup work for it. No entry point.
//
// Twins: engine/src/stages/s2_alignment/links.rs and compatibility.rs.

const LINKS: u32 = 96u;
// Words of a row of similarities, and of one of agreements.
const SIMILARITY_ROW: u32 = K2 / 4u;
const AGREEMENT_ROW: u32 = LINKS / 4u;
// Lanes that find the greatest of all links' numbers, each of eight.
const FINDERS: u32 = 12u;

// Four bytes a word, as the agreements are.
var<workgroup> similarity: array<u32, 576>;
var<workgroup> probe_geometry: array<u32, K2>;
var<workgroup> reference_geometry: array<u32, K2>;
// Reference minutia in bits 0-7, weight in bits 8-15; the probe minutia is half the index.
var<workgroup> links: array<u32, LINKS>;
var<workgroup> strengths: array<u32, LINKS>;
// Weights, and then strengths, four a word.
var<workgroup> packed: array<u32, AGREEMENT_ROW>;
var<workgroup> firsts: array<vec2<u32>, LINKS>;

fn similarity_of(i: u32, j: u32) -> u32 {
    return byte_of(similarity[i * SIMILARITY_ROW + j / 4u], j);
}

fn agreement_of(a: u32, b: u32) -> u32 {
    return byte_of(board[a * AGREEMENT_ROW + b / 4u], b);
}

fn probe_word(at: u32) -> u32 {
    return searches[search].probe[at / 4u][at & 3u];
}

fn reference_word(at: u32) -> u32 {
    return templates[reference + at / 4u][at & 3u];
}

// Four similarities of a row at a time.
fn compare(probe_count: u32, reference_count: u32) {
    for (var at = lane; at < K2 * SIMILARITY_ROW; at += LANES) {
        let i = at / SIMILARITY_ROW;
        let column = at % SIMILARITY_ROW;
        let first = searches[search].probe[2u * i];
        let second = searches[search].probe[2u * i + 1u];
        let own = byte_of(probe_word(POPCOUNTS_AT + i / 4u), i);
        let popcounts = reference_word(POPCOUNTS_AT + column);
        var word = 0u;
        for (var n = 0u; n < 4u; n++) {
            let j = column * 4u + n;
            let turn = ((probe_geometry[i] >> 22u) - (reference_geometry[j] >> 22u)) & 0xffu;
            if i < probe_count && j < reference_count && min(turn, 256u - turn) <= parameters.direction_gate {
                let vector = reference + 2u * j;
                let bits = countOneBits(first & templates[vector]) + countOneBits(second & templates[vector + 1u]);
                let shared_bits = bits.x + bits.y + bits.z + bits.w;
                let total = own + byte_of(popcounts, n);
                word |= min((shared_bits * tables[RECIPROCALS_AT + total]) >> 10u, 255u) << (8u * n);
            }
        }
        similarity[at] = word;
    }
}

// The two most similar of each probe minutia, of equals the first.
fn find_links(i: u32, reference_count: u32) {
    var first = 0u;
    var second = 0u;
    for (var j = 0u; j < reference_count; j++) {
        let similar = max(similarity_of(i, j), parameters.link_similarity_floor);
        let link = (similar - parameters.link_similarity_floor) << 8u | j;
        if link >> 8u > first >> 8u {
            second = first;
            first = link;
        } else if link >> 8u > second >> 8u {
            second = link;
        }
    }
    links[2u * i] = first;
    links[2u * i + 1u] = second;
}

// What the agreement of a link with others depends on.
struct Placed {
    link: u32,
    turn: i32,
    p: vec2<i32>,
    g: vec2<i32>,
}

fn placed(a: u32) -> Placed {
    let link = links[a];
    let p = unpack(probe_geometry[a / 2u]);
    let g = unpack(reference_geometry[link & 0xffu]);
    return Placed(link, (g.z - p.z) & 0xff, p.xy, g.xy);
}

// Links number a and b, where a comes later.
fn agree(later: Placed, earlier: Placed, a: u32, b: u32) -> u32 {
    if min(later.link, earlier.link) < 256u || a / 2u == b / 2u || ((later.link ^ earlier.link) & 0xffu) == 0u {
        return 0u;
    }
    let spread = ((later.turn - earlier.turn + 128) & 0xff) - 128;
    if abs(spread) > parameters.link_turn_tolerance {
        return 0u;
    }
    let middle = u32(2 * earlier.turn + spread) & 511u;
    let cosine = table(COS_AT + middle);
    let sine = table(SIN_AT + middle);
    let d = later.p - earlier.p;
    let half = 1i << (ROTATION_BITS - 4u);
    let rx = (d.x * cosine - d.y * sine + half) >> (ROTATION_BITS - 3u);
    let ry = (d.x * sine + d.y * cosine + half) >> (ROTATION_BITS - 3u);
    let e = min(abs(((later.g - earlier.g) << vec2<u32>(3u)) - vec2<i32>(rx, ry)), vec2<i32>(4095));
    let error = u32(e.x * e.x + e.y * e.y);
    let tolerance = searches[search].link_tolerances[(a / 2u) * K2 + b / 2u];
    if error >= tolerance {
        return 0u;
    }
    let place = 256u - (error << 8u) / tolerance;
    let turn = 256u - u32(spread * spread * 256 / parameters.link_turn_squared);
    return min((place * turn) >> 8u, 255u);
}

// Agreements are the same both ways: those of a link with earlier ones are computed, four at a time, and with later ones copied. A row has
// a / 4 + 1 words of the first kind, so two rows, one from either end, have 25.
fn fill_agreements() {
    for (var at = lane; at < LINKS / 2u * (AGREEMENT_ROW + 1u); at += LANES) {
        var a = at / (AGREEMENT_ROW + 1u);
        var column = at % (AGREEMENT_ROW + 1u);
        if column > a / 4u {
            column -= a / 4u + 1u;
            a = LINKS - 1u - a;
        }
        let own = placed(a);
        var word = 0u;
        for (var n = 0u; n < 4u; n++) {
            let b = column * 4u + n;
            if b < a {
                word |= agree(own, placed(b), a, b) << (8u * n);
            } else if b > a {
                word |= agree(placed(b), own, b, a) << (8u * n);
            }
        }
        board[a * AGREEMENT_ROW + column] = word;
    }
    workgroupBarrier();
    for (var at = lane; at < LINKS / 2u * (AGREEMENT_ROW - 1u); at += LANES) {
        var a = at / (AGREEMENT_ROW - 1u);
        var column = AGREEMENT_ROW - 1u - at % (AGREEMENT_ROW - 1u);
        if column <= a / 4u {
            column += AGREEMENT_ROW - 1u - a / 4u;
            a = LINKS - 1u - a;
        }
        var word = 0u;
        for (var n = 0u; n < 4u; n++) {
            word |= agreement_of(column * 4u + n, a) << (8u * n);
        }
        board[a * AGREEMENT_ROW + column] = word;
    }
    workgroupBarrier();
}

// What the agreements of a link add up to, each weighted by the other link.
fn support(a: u32) -> u32 {
    var total = 0u;
    for (var n = 0u; n < AGREEMENT_ROW; n++) {
        total += dot4U8Packed(board[a * AGREEMENT_ROW + n], packed[n]);
    }
    return total;
}

// Of all links' numbers the greatest, of equals the first: it and the link.
fn greatest(value: u32) -> vec2<u32> {
    if lane < LINKS {
        firsts[lane] = vec2<u32>(value, lane);
    }
    workgroupBarrier();
    if lane < FINDERS {
        firsts[lane] = first_of(lane, FINDERS, LINKS / FINDERS);
    }
    workgroupBarrier();
    let best = first_of(0u, 1u, FINDERS);
    workgroupBarrier();
    return best;
}

fn first_of(start: u32, step: u32, count: u32) -> vec2<u32> {
    var best = firsts[start];
    for (var n = 1u; n < count; n++) {
        let other = firsts[start + n * step];
        if other.x > best.x || (other.x == best.x && other.y < best.y) {
            best = other;
        }
    }
    return best;
}

// Weights, made stronger or weaker by those that agree; below 256, as weights are.
fn relax() {
    if lane < AGREEMENT_ROW {
        let four = vec4<u32>(links[4u * lane], links[4u * lane + 1u], links[4u * lane + 2u], links[4u * lane + 3u]);
        packed[lane] = in_bytes(four >> vec4<u32>(8u));
    }
    workgroupBarrier();
    var weight = 0u;
    var supported = 0u;
    if lane < LINKS {
        weight = links[lane] >> 8u;
        supported = weight * support(lane);
    }
    let most = greatest(supported).x;
    let shift = max(32u - countLeadingZeros(most), 16u) - 16u;
    let divisor = max(most >> shift, 1u);
    if lane < LINKS {
        strengths[lane] = integer_sqrt(256u * weight * (supported >> shift) / divisor);
    }
    workgroupBarrier();
    if lane < AGREEMENT_ROW {
        packed[lane] = in_bytes(vec4<u32>(
            strengths[4u * lane],
            strengths[4u * lane + 1u],
            strengths[4u * lane + 2u],
            strengths[4u * lane + 3u],
        ));
    }
    workgroupBarrier();
}

fn in_bytes(four: vec4<u32>) -> u32 {
    return four.x | four.y << 8u | four.z << 16u | four.w << 24u;
}

// The seed of the own team, and whether there is one. The first team has one always: of links that nothing supports, the first.
struct Seed {
    link: u32,
    supported: bool,
}

fn choose_seed() -> Seed {
    var own = 0u;
    if lane < LINKS {
        own = strengths[lane] * support(lane);
    }
    var chosen = Seed(0u, false);
    for (var n = 0u; n < SEEDS; n++) {
        let best = greatest(own);
        if n == team {
            chosen = Seed(best.y, best.x > 0u);
        }
        if lane < LINKS && (lane == best.y || agreement_of(best.y, lane) > parameters.seed_neighbour) {
            own = 0u;
        }
    }
    return chosen;
}
