//! JPEG (ISO/IEC 10918-1, Annex B): segments, each a marker and mostly a length, big-endian, and coded data behind each start of
//! scan.
//!
//! | marker | what |
//! | --- | --- |
//! | ffd8, ffd9 | start and end of the image |
//! | ffc0 to ffcf, ffdb, ffdd, ffdc | frames, tables of codes and of steps, restart interval, number of rows |
//! | ffda | start of a scan; coded data follow, with the restarts ffd0 to ffd7 in them |
//! | ffe0 | JFIF (ISO/IEC 10918-5): resolution, and a thumbnail, which must not be there; of 16 bytes |
//! | ffee | Adobe: what colours are coded as; of 14 bytes |
//! | ffe1 to ffef, fffe | Exif, profiles, edits, comments: refused |

use super::walk::Walk;
use super::{Beside, beside};

const RESTART: u8 = 0xd0;

pub(super) fn walk(bytes: &[u8]) -> Result<(), Beside> {
    let mut walk = Walk::new(bytes);
    if walk.array("the start of image")? != [0xff, 0xd8] {
        return Err(beside(0, "what is no JPEG"));
    }
    loop {
        let (at, code) = walk.marker()?;
        match code {
            0xd9 => return walk.end("the JPEG"),
            0xda => {
                walk.segment()?;
                walk.coded(RESTART)?;
            }
            // Not C8, which is kept for extensions.
            0xc0..=0xc7 | 0xc9..=0xcf | 0xdb => {
                walk.segment()?;
            }
            0xdc | 0xdd if walk.segment()?.rest().len() == 2 => {}
            0xe0 if is_jfif(walk.segment()?.rest()) => {}
            0xee if is_adobe(walk.segment()?.rest()) => {}
            _ => return Err(beside(at, name(code))),
        }
    }
}

/// Without a thumbnail. (That of another APP0, "JFXX", has nothing else.)
fn is_jfif(body: &[u8]) -> bool {
    body.len() == 14 && body.starts_with(b"JFIF\0") && body.ends_with(&[0, 0])
}

fn is_adobe(body: &[u8]) -> bool {
    body.len() == 12 && body.starts_with(b"Adobe")
}

fn name(code: u8) -> String {
    match code {
        0xe0..=0xef => format!("the segment APP{}", code & 0xf),
        0xfe => "the comment".into(),
        _ => format!("the segment of marker ff{code:02x}"),
    }
}
