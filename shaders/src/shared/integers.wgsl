// What every stage computes alike: roots of integers, and the fields of a template's words. No entry point.
//
// Twins: engine/src/stages/arithmetic.rs and engine/src/template/layout.rs.

// Largest integer whose square is not above `value`. A float's root of a number below 2^32 is off by less than one on every device (5 units
// in the last of 24 bits, at most), so one step up or down makes it exact.
fn integer_sqrt(value: u32) -> u32 {
    let root = min(u32(sqrt(f32(value))), 65535u);
    if root * root > value {
        return root - 1u;
    }
    return root + select(0u, 1u, value - root * root > 2u * root);
}

// x, y, direction of a geometry word.
fn unpack(geometry: u32) -> vec3<i32> {
    return vec3<i32>(vec3<u32>(geometry & 0x7ffu, geometry >> 11u & 0x7ffu, geometry >> 22u & 0xffu));
}

fn byte_of(word: u32, at: u32) -> u32 {
    return word >> (8u * (at & 3u)) & 0xffu;
}
