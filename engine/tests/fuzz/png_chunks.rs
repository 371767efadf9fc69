//! PNG chunks changed, exchanged and added, with checksums that are right again: without, nothing behind the checksum is reached.

use super::mutations;
use super::random::Random;

const SIGNATURE: usize = 8;
/// Types of chunks that a reader of pixels may look into.
const TYPES: [&[u8; 4]; 14] = [
    b"IHDR", b"PLTE", b"IDAT", b"IEND", b"tRNS", b"gAMA", b"iCCP", b"tEXt", b"zTXt", b"iTXt", b"acTL",
    b"fcTL", b"eXIf", b"pHYs",
];

/// The checksum of PNG, bit by bit (ISO 3309).
fn crc(bytes: &[u8]) -> u32 {
    let step = |crc: u32, byte: &u8| {
        (0..8).fold(crc ^ u32::from(*byte), |crc, _| (crc >> 1) ^ (0xEDB8_8320 & (crc & 1).wrapping_neg()))
    };
    !bytes.iter().fold(u32::MAX, step)
}

/// A chunk with its length and checksum.
pub fn chunk(kind: &[u8], body: &[u8]) -> Vec<u8> {
    let typed = [kind, body].concat();
    let length = u32::try_from(body.len()).unwrap().to_be_bytes();
    [&length[..], &typed, &crc(&typed).to_be_bytes()].concat()
}

/// Types and bodies.
pub fn apart(file: &[u8]) -> Vec<(Vec<u8>, Vec<u8>)> {
    let (mut chunks, mut at) = (Vec::new(), SIGNATURE);
    while let Some(length) = file.get(at..).and_then(|rest| rest.first_chunk::<4>()) {
        let length = usize::try_from(u32::from_be_bytes(*length)).unwrap();
        let Some(typed) = file.get(at + 4..at + 8 + length) else { break };
        chunks.push((typed[..4].to_vec(), typed[4..].to_vec()));
        at += 12 + length;
    }
    chunks
}

/// The file of these chunks.
pub fn together(chunks: &[(Vec<u8>, Vec<u8>)]) -> Vec<u8> {
    let mut out = b"\x89PNG\r\n\x1A\n".to_vec();
    out.extend(chunks.iter().flat_map(|(kind, body)| chunk(kind, body)));
    out
}

/// One or several chunks changed.
pub fn mutated(random: &mut Random, corpus: &[Vec<u8>]) -> Vec<u8> {
    let file: &Vec<u8> = random.pick(corpus);
    let mut chunks = apart(file);
    if chunks.is_empty() {
        return mutations::of_bytes(random, corpus);
    }
    loop {
        let at = random.below(chunks.len());
        match random.below(6) {
            0 if chunks.len() > 1 => drop(chunks.remove(at)),
            1 => {
                let other = random.below(chunks.len());
                chunks.swap(at, other);
            }
            2 => {
                let twin = chunks[at].clone();
                chunks.insert(at, twin);
            }
            3 => {
                let body = (0..random.below(40)).map(|_| random.byte()).collect();
                chunks.insert(at, (random.pick(&TYPES).to_vec(), body));
            }
            4 => chunks[at].0 = random.pick(&TYPES).to_vec(),
            _ => mutations::change(random, &mut chunks[at].1, corpus),
        }
        if random.one_in(2) {
            return together(&chunks);
        }
    }
}
