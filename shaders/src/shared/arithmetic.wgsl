// Logarithms, angles and exponentials of integers, by tables: stage 2 in place of float functions. No entry point.
//
// Twin: engine/src/stages/arithmetic.rs, whose tests say how far they are off.

const COS_AT: u32 = 1023u;
const SIN_AT: u32 = 1535u;
const LN_AT: u32 = 2047u;
const ATAN_AT: u32 = 2304u;
const EXP_AT: u32 = 2561u;
const EXP_STEPS: u32 = 768u;
const ROTATION_BITS: u32 = 14u;
const TURN: i32 = 4096;
const LN_2: i32 = 2839;

fn table(at: u32) -> i32 {
    return bitcast<i32>(tables[at]);
}

fn ln(number: u32) -> i32 {
    let value = max(number, 1u);
    let exponent = firstLeadingBit(value);
    var mantissa = 0u;
    if exponent >= 16u {
        mantissa = value >> (exponent - 16u);
    } else {
        mantissa = value << (16u - exponent);
    }
    mantissa &= 0xffffu;
    let step = LN_AT + (mantissa >> 8u);
    let rest = i32(mantissa & 0xffu);
    return i32(exponent) * LN_2 + table(step) + (((table(step + 1u) - table(step)) * rest) >> 8u);
}

fn angle(y: i32, x: i32) -> i32 {
    let ax = u32(abs(x));
    let ay = u32(abs(y));
    let large = max(ax, ay);
    if large == 0u {
        return 0;
    }
    var first = table(ATAN_AT + (min(ax, ay) * 256u + large / 2u) / large);
    if ay > ax {
        first = TURN / 4 - first;
    }
    if x < 0 {
        first = TURN / 2 - first;
    }
    if y < 0 {
        first = -first;
    }
    return first;
}

fn exp_of_minus_half(u: u32) -> u32 {
    return tables[EXP_AT + min(u >> 10u, EXP_STEPS)];
}

fn wrapped(turn: i32) -> i32 {
    return ((turn + TURN / 2) & (TURN - 1)) - TURN / 2;
}
