//! Changes to bytes that know nothing of a format.

use super::random::Random;

/// Larger inputs are left as they are long: a block of one is not put into another.
const LARGEST: usize = 1 << 20;

/// What readers trip over: ends of ranges, signs, sizes.
const NUMBERS: [u32; 16] = [
    0,
    1,
    2,
    7,
    31,
    0x7F,
    0x80,
    0xFF,
    0x100,
    0x3FFF,
    0x7FFF,
    0x8000,
    0xFFFF,
    0x1_0000,
    0x7FFF_FFFF,
    0xFFFF_FFFF,
];

/// Bytes that mean something in a format here: separators, digits, markers.
const BYTES: [u8; 24] = [
    0, 1, 0x7F, 0x80, 0xFF, 0x1C, 0x1D, 0x1E, 0x1F, b'0', b'1', b'2', b'9', b':', b'.', b'-', b' ', b'\n',
    0xA0, 0xA1, 0xA2, 0xA3, 0xD8, 0xD9,
];

/// A file of the corpus with some changes, one more often than many.
pub fn of_bytes(random: &mut Random, corpus: &[Vec<u8>]) -> Vec<u8> {
    let mut bytes = random.pick(corpus).clone();
    change(random, &mut bytes, corpus);
    while random.one_in(2) {
        change(random, &mut bytes, corpus);
    }
    bytes
}

/// One change.
pub fn change(random: &mut Random, bytes: &mut Vec<u8>, corpus: &[Vec<u8>]) {
    if bytes.is_empty() {
        bytes.push(random.byte());
        return;
    }
    // Headers are where decisions fall.
    let within = if random.one_in(2) { bytes.len().min(128) } else { bytes.len() };
    let at = random.below(within);
    match random.below(11) {
        0 => bytes[at] ^= 1 << random.below(8),
        1 => bytes[at] = random.byte(),
        2 | 3 => bytes[at] = *random.pick(&BYTES),
        4 => drop(bytes.drain(random.range(bytes.len()))),
        5 => {
            let new: Vec<u8> = (0..=random.below(8)).map(|_| *random.pick(&BYTES)).collect();
            drop(bytes.splice(at..at, new));
        }
        6 => {
            let block = bytes[random.range(bytes.len())].to_vec();
            insert(bytes, at, &block);
        }
        7 if !corpus.is_empty() => {
            let other = random.pick(corpus);
            let block = other[random.range(other.len())].to_vec();
            insert(bytes, at, &block);
        }
        8 => bytes.truncate(at),
        9 => number::<2>(random, &mut bytes[at..]),
        _ => number::<4>(random, &mut bytes[at..]),
    }
}

fn insert(bytes: &mut Vec<u8>, at: usize, block: &[u8]) {
    if bytes.len() + block.len() <= LARGEST {
        drop(bytes.splice(at..at, block.iter().copied()));
    }
}

/// A number of so many bytes, big-endian or (for TIFF and bitmaps) little-endian, or what was there a little more or less.
fn number<const N: usize>(random: &mut Random, bytes: &mut [u8]) {
    let Some(place) = bytes.first_chunk_mut::<N>() else { return };
    if random.one_in(3) {
        let step = random.byte() % 5;
        place[N - 1] = place[N - 1].wrapping_add(step).wrapping_sub(2);
        return;
    }
    let value = random.pick(&NUMBERS).to_be_bytes();
    place.copy_from_slice(&value[4 - N..]);
    if random.one_in(3) {
        place.reverse();
    }
}
