//! PNG (ISO/IEC 15948): a signature, then chunks up to `IEND`, all of it big-endian.
//!
//! | where | bytes | what |
//! | --- | --- | --- |
//! | 0 | 8 | signature |
//! | chunk | 4 | length of its data |
//! | | 4 | type |
//! | | length | data |
//! | | 4 | checksum, which the decoder looks at |

use super::walk::Walk;
use super::{Beside, beside};

/// Where the colour type is in `IHDR`; 3 is a palette.
const COLOUR_TYPE_AT: usize = 9;

/// Lengths that a chunk may have; none if it says what pixels do not need. Colour profiles (`iCCP`) have names and copyrights, and a
/// palette has room for a text in an image that does not use it.
fn lengths(kind: [u8; 4], palette: bool) -> Option<std::ops::RangeInclusive<usize>> {
    Some(match &kind {
        b"IHDR" => 13..=13,
        b"PLTE" if palette => 3..=768,
        b"tRNS" => 1..=256,
        b"gAMA" => 4..=4,
        b"cHRM" => 32..=32,
        b"sRGB" => 1..=1,
        b"sBIT" => 1..=4,
        b"pHYs" => 9..=9,
        b"bKGD" => 1..=6,
        b"IEND" => 0..=0,
        b"IDAT" => 0..=usize::MAX,
        _ => return None,
    })
}

pub(super) fn walk(bytes: &[u8]) -> Result<(), Beside> {
    let mut walk = Walk::new(bytes);
    if walk.array("the signature")? != *b"\x89PNG\r\n\x1a\n" {
        return Err(beside(0, "what is no PNG"));
    }
    // Of each kind but IDAT one, so there are at most eleven.
    let mut seen: Vec<[u8; 4]> = Vec::new();
    let mut palette = false;
    loop {
        let at = walk.at;
        let length = usize::try_from(walk.u32("a chunk")?).unwrap_or(usize::MAX);
        let kind: [u8; 4] = walk.array("a chunk")?;
        let named = |what: &str| beside(at, format!("the {what} {}", kind.escape_ascii()));
        let allowed = lengths(kind, palette).ok_or_else(|| named("chunk"))?;
        if !allowed.contains(&length) {
            return Err(named("unusual length of the chunk"));
        }
        if &kind != b"IDAT" {
            if seen.contains(&kind) {
                return Err(named("second chunk"));
            }
            seen.push(kind);
        }
        let data = walk.take(length, "a chunk")?;
        walk.take(4, "a chunk")?;
        match &kind {
            b"IHDR" => palette = data.get(COLOUR_TYPE_AT) == Some(&3),
            b"IEND" => return walk.end("the PNG"),
            _ => {}
        }
    }
}
