//! WSQ (FBI IAFIS-IC-0110): segments, each a marker and a length, big-endian, and coded data behind each start of block.
//!
//! | marker | what |
//! | --- | --- |
//! | ffa0, ffa1 | start and end of the image |
//! | ffa2, ffa4, ffa5, ffa6, ffa7 | frame, filters, steps, codes, restart interval |
//! | ffa3 | start of a block; coded data follow, with the restarts ffb0 to ffb7 in them |
//! | ffa8 | comment: one, and only the list that NIST's encoder writes, as others do after it |
//!
//! The list is lines of a key, a space and a value, the first key `NIST_COM`. Its values must be numbers, or the one word that
//! a grey print has there: a free word could be a name. NIST's own Special Database 14 has `SEX` and `HISTORY` in its
//! lists, which is what must not enter: such a comment is left out of what is kept.

use super::walk::Walk;
use super::{Beside, beside};

const RESTART: u8 = 0xb0;
/// Longest number; that of a rate with its sign has ten bytes.
const NUMBER_MAX: usize = 10;

pub(super) fn walk(bytes: &[u8]) -> Result<(), Beside> {
    let mut walk = Walk::new(bytes);
    if walk.array("the start of image")? != [0xff, 0xa0] {
        return Err(beside(0, "what is no WSQ"));
    }
    let mut commented = false;
    loop {
        let (at, code) = walk.marker()?;
        match code {
            0xa1 => return walk.end("the WSQ"),
            0xa3 => {
                walk.segment()?;
                walk.coded(RESTART)?;
            }
            0xa2 | 0xa4..=0xa7 => {
                walk.segment()?;
            }
            0xa8 if commented => return Err(beside(at, "a second comment")),
            0xa8 => {
                list(at, &walk.segment()?)?;
                commented = true;
            }
            _ => return Err(beside(at, format!("the segment of marker ff{code:02x}"))),
        }
    }
}

/// The file without the comments that say more than figures; `None` where there are none, or it is damaged.
pub(super) fn without_notes(bytes: &[u8]) -> Option<Vec<u8>> {
    let mut walk = Walk::new(bytes);
    let (mut kept, mut from, mut commented) = (Vec::new(), 0, false);
    walk.array::<2>("the start of image").ok()?;
    loop {
        let (at, code) = walk.marker().ok()?;
        match code {
            0xa1 => break,
            0xa3 => {
                walk.segment().ok()?;
                walk.coded(RESTART).ok()?;
            }
            0xa8 => {
                let comment = walk.segment().ok()?;
                if commented || list(at, &comment).is_err() {
                    kept.extend(bytes.get(from..at)?);
                    from = walk.at;
                } else {
                    commented = true;
                }
            }
            _ => {
                walk.segment().ok()?;
            }
        }
    }
    if from == 0 {
        return None;
    }
    kept.extend(bytes.get(from..)?);
    Some(kept)
}

/// The comment whose marker is at `marker`, if it is a list of what is known.
fn list(marker: usize, comment: &Walk<'_>) -> Result<(), Beside> {
    let mut at = comment.at;
    let text = comment.rest();
    if !text.starts_with(b"NIST_COM ") {
        return Err(beside(marker, "the comment"));
    }
    let mut seen = Vec::new();
    for line in text.strip_suffix(b"\n").unwrap_or(text).split(|&byte| byte == b'\n') {
        let mut halves = line.splitn(2, |&byte| byte == b' ');
        let (key, value) = (halves.next().unwrap_or_default(), halves.next().unwrap_or_default());
        // A key that comes again is none of the list, so `seen` stays short.
        if !is_known(key, value) || seen.contains(&key) {
            return Err(beside(at, "this line of the comment"));
        }
        seen.push(key);
        at = at.saturating_add(line.len()).saturating_add(1);
    }
    Ok(())
}

fn is_known(key: &[u8], value: &[u8]) -> bool {
    match key {
        b"NIST_COM" | b"PIX_WIDTH" | b"PIX_HEIGHT" | b"PIX_DEPTH" | b"PPI" | b"LOSSY" | b"WSQ_BITRATE" => {
            let digits = value.strip_prefix(b"-").unwrap_or(value);
            let number = digits.iter().all(|byte| byte.is_ascii_digit() || *byte == b'.');
            number && !digits.is_empty() && value.len() <= NUMBER_MAX
        }
        b"COLORSPACE" => value == b"GRAY",
        b"COMPRESSION" => value == b"WSQ",
        _ => false,
    }
}
