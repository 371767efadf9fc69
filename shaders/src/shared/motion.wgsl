// Stage 2, fitting: the turn and shift that lay weighted pairs of minutiae on each other best. Each team fits its own. No entry point.
//
// Sums of products do not fit 32 bits: they are kept as high and low halves. Twin: engine/src/stages/s2_alignment/motion.rs.

struct Motion {
    cos: i32,
    sin: i32,
    origin: vec2<i32>,
    destination: vec2<i32>,
}

fn magnitude_words(high_sum: i32, low_sum: i32) -> vec3<u32> {
    var high = high_sum + (low_sum >> 16u);
    var low = low_sum & 0xffff;
    if high >= 0 {
        return vec3<u32>(0u, u32(high), u32(low));
    }
    if low == 0 {
        high = -high;
    } else {
        high = -high - 1;
        low = 0x10000 - low;
    }
    return vec3<u32>(1u, u32(high), u32(low));
}

fn bits(magnitude: vec3<u32>) -> u32 {
    if magnitude.y > 0u {
        return 48u - countLeadingZeros(magnitude.y);
    }
    return 32u - countLeadingZeros(magnitude.z);
}

fn cut(magnitude: vec3<u32>, needed: u32) -> u32 {
    if needed <= 15u {
        return magnitude.z << (15u - needed);
    }
    if needed <= 31u {
        return (magnitude.y << (31u - needed)) | (magnitude.z >> (needed - 15u));
    }
    return magnitude.y >> (needed - 31u);
}

// Cosine and sine; (0, 0) of nothing.
fn unit(sums: vec4<i32>) -> vec2<i32> {
    let x = magnitude_words(sums.x, sums.y);
    let y = magnitude_words(sums.z, sums.w);
    let needed = max(bits(x), bits(y));
    if needed == 0u {
        return vec2<i32>(0, 0);
    }
    let ax = cut(x, needed);
    let ay = cut(y, needed);
    let length = max(integer_sqrt(ax * ax + ay * ay), 1u);
    let part = vec2<i32>((vec2<u32>(ax, ay) * (1u << ROTATION_BITS) + length / 2u) / length);
    return part * (vec2<i32>(1, 1) - 2 * vec2<i32>(i32(x.x), i32(y.x)));
}

fn add_wide(sums: vec2<i32>, term: i32) -> vec2<i32> {
    return sums + vec2<i32>(term >> 16u, term & 0xffff);
}

// Up to two links a lane: probe minutia, reference minutia, weight. Keeps `before` where nothing has weight.
fn fit(first: vec3<u32>, second: vec3<u32>, before: Motion) -> Motion {
    var own = array<vec3<u32>, 2>(first, second);
    var weights = 0;
    var p_sum = vec2<i32>(0, 0);
    var g_sum = vec2<i32>(0, 0);
    for (var n = 0u; n < 2u; n++) {
        let weight = i32(own[n].z);
        weights += weight;
        p_sum += weight * unpack(probe_geometry[own[n].x]).xy;
        g_sum += weight * unpack(reference_geometry[own[n].y]).xy;
    }
    let total = sum(vec4<i32>(weights, p_sum, 0)).x;
    let p_total = sum(vec4<i32>(p_sum, g_sum));
    let divisor = max(total, 1);
    let origin = 8 * p_total.xy / divisor;
    let destination = 8 * p_total.zw / divisor;
    var along = vec2<i32>(0, 0);
    var across = vec2<i32>(0, 0);
    var cosines = vec2<i32>(0, 0);
    var sines = vec2<i32>(0, 0);
    for (var n = 0u; n < 2u; n++) {
        let weight = i32(own[n].z);
        if weight > 0 {
            let p = unpack(probe_geometry[own[n].x]);
            let g = unpack(reference_geometry[own[n].y]);
            let d = (8 * p.xy - origin + 2) >> vec2<u32>(2u);
            let e = (8 * g.xy - destination + 2) >> vec2<u32>(2u);
            along = add_wide(along, weight * ((d.x * e.x + d.y * e.y) >> 3u));
            across = add_wide(across, weight * ((d.x * e.y - d.y * e.x) >> 3u));
            let turn = 2u * u32((g.z - p.z) & 0xff);
            cosines = add_wide(cosines, weight * table(COS_AT + turn));
            sines = add_wide(sines, weight * table(SIN_AT + turn));
        }
    }
    var direction = unit(sum(vec4<i32>(along, across)));
    let by_directions = unit(sum(vec4<i32>(cosines, sines)));
    if total == 0 {
        return before;
    }
    if all(direction == vec2<i32>(0, 0)) {
        direction = by_directions;
    }
    if all(direction == vec2<i32>(0, 0)) {
        direction = vec2<i32>(1i << ROTATION_BITS, 0);
    }
    return Motion(direction.x, direction.y, origin, destination);
}

fn move_point(motion: Motion, at: vec2<i32>) -> vec2<i32> {
    let d = 8 * at - motion.origin;
    let half = 1i << (ROTATION_BITS - 1u);
    let rx = (d.x * motion.cos - d.y * motion.sin + half) >> ROTATION_BITS;
    let ry = (d.x * motion.sin + d.y * motion.cos + half) >> ROTATION_BITS;
    return motion.destination + vec2<i32>(rx, ry);
}
