//! JPEG 2000 (ISO/IEC 15444-1): boxes (Annex I), or a bare codestream (Annex A), all of it big-endian.
//!
//! | box | what |
//! | --- | --- |
//! | `jP  `, `ftyp` | signature; kinds of reader, of those that are known |
//! | `jp2h` | header, of `ihdr`, `bpcc`, `colr` (no profile), `pclr`, `cmap`, `cdef`, and `res ` of `resc`, `resd` |
//! | `jp2c` | codestream |
//! | others | `xml `, `uuid`, `uinf`, `jp2i`, `free` and what is not known: refused |
//!
//! | marker | what |
//! | --- | --- |
//! | ff4f, ffd9 | start and end of the codestream |
//! | ff50 to ff63 | sizes, steps, order, lengths |
//! | ff64 | comment: one, and only the name and version of an encoder, as it writes it |
//! | ff90, ff93 | start of a tile-part, which says how long it is, and of its data |

use super::walk::Walk;
use super::{Beside, beside};

/// What encoders write as a comment; digits and points follow. Of prints there are also those of NIST's tools, the last.
const ENCODERS: [&[u8]; 5] =
    [b"Kakadu-v", b"Kakadu-", b"Created by OpenJPEG version ", b"Creator: JasPer Version ", b"EncID:1 NIST"];
/// Longest version of an encoder.
const VERSION_MAX: usize = 10;
/// Kinds of reader that a file can name: its brand, and those that it is compatible with.
const BRANDS: [&[u8]; 5] = [b"jp2 ", b"jpx ", b"jpxb", b"J2P0", b"J2P1"];

pub(super) fn walk(bytes: &[u8]) -> Result<(), Beside> {
    let walk = Walk::new(bytes);
    if bytes.starts_with(&[0xff, 0x4f]) {
        return codestream(walk);
    }
    if bytes.get(4..8) != Some(b"jP  ".as_slice()) {
        return Err(beside(0, "what is no JPEG 2000"));
    }
    let end = walk.bytes.len();
    let seen = boxes(walk, &|kind, body| match kind {
        b"jP  " => Some(sized(&body, 4..=4)),
        b"ftyp" => Some(is_file_type(body.rest()).then_some(()).ok_or_else(|| other(&body))),
        b"jp2h" => Some(boxes(body, &header).map(drop)),
        b"jp2c" => Some(codestream(body)),
        _ => None,
    })?;
    if !seen.contains(b"jp2c") {
        return Err(beside(end, "a header without a codestream"));
    }
    Ok(())
}

fn header(kind: &[u8; 4], body: Walk<'_>) -> Option<Result<(), Beside>> {
    Some(match kind {
        b"ihdr" => sized(&body, 14..=14),
        b"bpcc" => sized(&body, 1..=4),
        // An enumerated colour space; the other way is a profile, with names and copyrights.
        b"colr" if body.rest().first() == Some(&1) => sized(&body, 7..=7),
        b"pclr" => sized(&body, 3..=1030),
        b"cmap" => sized(&body, 4..=16),
        b"cdef" => sized(&body, 2..=26),
        b"res " => boxes(body, &|kind, body| match kind {
            b"resc" | b"resd" => Some(sized(&body, 10..=10)),
            _ => None,
        })
        .map(drop),
        _ => return None,
    })
}

/// What may be in a box, by its type: none where the box is not of those that pixels need.
type Inside<'f> = &'f dyn Fn(&[u8; 4], Walk<'_>) -> Option<Result<(), Beside>>;

/// Boxes up to the end, each kind once: the kinds.
fn boxes(mut walk: Walk<'_>, inside: Inside<'_>) -> Result<Vec<[u8; 4]>, Beside> {
    let mut seen: Vec<[u8; 4]> = Vec::new();
    while !walk.rest().is_empty() {
        let start = walk.clone();
        let (kind, body) = next(&mut walk).map_err(|_| start.cut("a box"))?;
        let named = |what: &str| beside(start.at, format!("the {what} {}", kind.escape_ascii()));
        if seen.contains(&kind) {
            return Err(named("second box"));
        }
        inside(&kind, body).ok_or_else(|| named("box"))??;
        seen.push(kind);
    }
    Ok(seen)
}

/// Type and body of the next box.
fn next<'a>(walk: &mut Walk<'a>) -> Result<([u8; 4], Walk<'a>), Beside> {
    let start = walk.at;
    let whole = walk.rest().len();
    let length = walk.u32("a box")?;
    let kind = walk.array("a box")?;
    let length = match length {
        // To the end.
        0 => Some(whole),
        // A longer number follows.
        1 => usize::try_from(u64::from_be_bytes(walk.array("a box")?)).ok(),
        _ => usize::try_from(length).ok(),
    };
    let header = walk.at.saturating_sub(start);
    let length = length.and_then(|length| length.checked_sub(header)).ok_or_else(|| walk.cut("a box"))?;
    Ok((kind, walk.part(length, "a box")?))
}

fn sized(body: &Walk<'_>, lengths: std::ops::RangeInclusive<usize>) -> Result<(), Beside> {
    lengths.contains(&body.rest().len()).then_some(()).ok_or_else(|| other(body))
}

fn other(body: &Walk<'_>) -> Beside {
    beside(body.at, "what is in this box")
}

/// Brand, version 0, and a brand or more. A name of another could be any four letters.
fn is_file_type(body: &[u8]) -> bool {
    let (brands, rest) = body.as_chunks::<4>();
    let known = |brand: &[u8; 4]| BRANDS.contains(&brand.as_slice());
    match brands {
        [brand, [0, 0, 0, 0], others @ ..] => {
            known(brand) && others.iter().all(known) && others.len() <= BRANDS.len() && rest.is_empty()
        }
        _ => false,
    }
}

fn codestream(mut walk: Walk<'_>) -> Result<(), Beside> {
    let start = walk.at;
    if walk.array("the codestream")? != [0xff, 0x4f] {
        return Err(beside(start, "what is no codestream"));
    }
    let mut commented = false;
    let mut in_tiles = false;
    loop {
        let at = walk.at;
        match walk.array("a marker")? {
            [0xff, 0xd9] => return walk.end("the codestream"),
            [0xff, 0x90] => {
                in_tiles = true;
                tile_part(at, &mut walk, &mut commented)?;
            }
            [0xff, code] if !in_tiles => segment(at, code, &mut walk, &mut commented)?,
            _ => return Err(beside(at, "what is between the tiles")),
        }
    }
}

/// From behind the marker to behind the data.
fn tile_part(at: usize, walk: &mut Walk<'_>, commented: &mut bool) -> Result<(), Beside> {
    let [first, second, _, _, length @ .., _, _] = walk.array::<10>("a tile")?;
    if [first, second] != [0, 10] {
        return Err(beside(at, "the unusual head of a tile"));
    }
    loop {
        let at = walk.at;
        match walk.array("the head of a tile")? {
            [0xff, 0x93] => break,
            [0xff, code] => segment(at, code, walk, commented)?,
            _ => return Err(beside(at, "a byte between the segments")),
        }
    }
    let length = match u32::from_be_bytes(length) {
        // To the end of the codestream, whose marker is not in coded data.
        0 => walk.rest().windows(2).position(|pair| pair == [0xff, 0xd9]),
        length => {
            usize::try_from(length).ok().and_then(|length| at.checked_add(length)?.checked_sub(walk.at))
        }
    };
    walk.take(length.ok_or_else(|| walk.cut("a tile"))?, "a tile")?;
    Ok(())
}

fn segment(at: usize, code: u8, walk: &mut Walk<'_>, commented: &mut bool) -> Result<(), Beside> {
    match code {
        0x50..=0x53 | 0x55 | 0x57 | 0x58 | 0x5c..=0x5f | 0x60 | 0x61 | 0x63 => {
            walk.segment()?;
        }
        0x64 if !*commented && is_encoder(walk.segment()?.rest()) => *commented = true,
        0x64 => return Err(beside(at, "the comment")),
        _ => return Err(beside(at, format!("the segment of marker ff{code:02x}"))),
    }
    Ok(())
}

/// Latin text (0, 1) of an encoder that is known, with its version.
fn is_encoder(comment: &[u8]) -> bool {
    let Some(text) = comment.strip_prefix(&[0, 1]) else {
        return false;
    };
    ENCODERS.iter().filter_map(|name| text.strip_prefix(*name)).any(|version| {
        let digits = version.iter().all(|byte| byte.is_ascii_digit() || *byte == b'.');
        digits && version.len() <= VERSION_MAX
    })
}
