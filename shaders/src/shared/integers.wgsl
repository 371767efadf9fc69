// What every stage computes alike: roots of integers, and the fields of a template's words. No entry point.
//
// Twins: engine/src/stages/arithmetic.rs and engine/src/template/layout.rs.

// Largest integer whose square is not above `value`.
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

// x, y, direction of a geometry word.
fn unpack(geometry: u32) -> vec3<i32> {
    return vec3<i32>(vec3<u32>(geometry & 0x7ffu, geometry >> 11u & 0x7ffu, geometry >> 22u & 0xffu));
}

fn byte_of(word: u32, at: u32) -> u32 {
    return word >> (8u * (at & 3u)) & 0xffu;
}
