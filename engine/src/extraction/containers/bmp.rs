//! BMP: headers, masks, palette and pixels, little-endian.
//!
//! | where | bytes | what |
//! | --- | --- | --- |
//! | 0 | 2 | `BM` |
//! | 2 | 4 | length of the file, which decoders do not look at |
//! | 6 | 4 | reserved: 0 |
//! | 10 | 4 | where the pixels are |
//! | 14 | 4 | length of the second header: 12 (sides of 16 bits, palette of 3 bytes), 40, 52, 56, 108 or 124 |
//! | 18 | 4, 4 | width, height (negative: from the top) |
//! | 26 | 2, 2 | planes, bits of a pixel |
//! | 30 | 4 | compression: 0 none, 1 and 2 run lengths of 8 and 4 bits, 3 and 6 masks |
//! | 34 | 4, 4, 4 | length of the pixels, resolution |
//! | 46 | 4, 4 | colours of the palette (0: all that the bits can tell), those that matter |
//! | 70 | 4 | from 108 on: colour space; not a profile |
//! | 14 + length | | three or four masks behind a header of 40; palette, its fourth bytes all 0 or all 255 |

use super::walk::Walk;
use super::{Beside, beside};

const FILE_HEADER: usize = 14;
/// `LINK` and `MBED`, read as numbers: the profile is in another file, or in this one.
const PROFILES: [u32; 2] = [u32::from_be_bytes(*b"LINK"), u32::from_be_bytes(*b"MBED")];

/// What the headers say of where things are.
struct Layout {
    pixels: usize,
    /// Where the palette is at the earliest, and its bytes.
    palette: usize,
    colours: usize,
    colour: usize,
    width: u64,
    height: u64,
    bits: u64,
    compression: u32,
}

pub(super) fn walk(bytes: &[u8]) -> Result<(), Beside> {
    let layout = layout(bytes)?;
    let palette = bytes.get(layout.palette..).unwrap_or_default();
    let palette = palette.get(..layout.colours * layout.colour).unwrap_or_default();
    let fourth = palette.get(3).copied().unwrap_or_default();
    if layout.colour == 4
        && !(matches!(fourth, 0 | 0xff) && palette.chunks(4).all(|c| c.get(3) == Some(&fourth)))
    {
        return Err(beside(layout.palette, "what is in the palette beside colours"));
    }
    let mut walk = Walk { bytes, at: layout.pixels };
    match layout.compression {
        1 => run_lengths(&mut walk, 1)?,
        2 => run_lengths(&mut walk, 2)?,
        _ => {
            let row = (layout.width * layout.bits).div_ceil(32) * 4;
            let length = usize::try_from(row.saturating_mul(layout.height)).unwrap_or(usize::MAX);
            walk.take(length, "the bitmap")?;
        }
    }
    walk.end("the pixels")
}

fn layout(bytes: &[u8]) -> Result<Layout, Beside> {
    let mut walk = Walk::new(bytes);
    let long = |walk: &mut Walk<'_>| walk.array("a header").map(u32::from_le_bytes);
    let short = |walk: &mut Walk<'_>| walk.array("a header").map(u16::from_le_bytes);
    if walk.array("a header")? != *b"BM" {
        return Err(beside(0, "what is no bitmap"));
    }
    long(&mut walk)?;
    if long(&mut walk)? != 0 {
        return Err(beside(6, "what is in the reserved bytes"));
    }
    let pixels = usize::try_from(long(&mut walk)?).unwrap_or(usize::MAX);
    let size = usize::try_from(long(&mut walk)?).unwrap_or(usize::MAX);
    let core = size == 12;
    if !matches!(size, 12 | 40 | 52 | 56 | 108 | 124) {
        return Err(beside(FILE_HEADER, "a header of this length"));
    }
    let (width, height) = match core {
        true => (u64::from(short(&mut walk)?), u64::from(short(&mut walk)?)),
        // A negative width is refused by the decoder; here it is a large one.
        false => (u64::from(long(&mut walk)?), u64::from(long(&mut walk)?.cast_signed().unsigned_abs())),
    };
    short(&mut walk)?;
    let bits = short(&mut walk)?;
    let (mut compression, mut used) = (0, 0);
    if !core {
        compression = long(&mut walk)?;
        walk.take(12, "a header")?;
        used = long(&mut walk)?;
        long(&mut walk)?;
    }
    profile(bytes, size)?;
    let masks = match (size, compression) {
        (40, 3) => 12,
        (40, 6) => 16,
        _ => 0,
    };
    let all = if bits <= 8 { 1_u32 << bits } else { 0 };
    let colours = usize::from(u16::try_from(if used == 0 { all } else { used.min(all) }).unwrap_or_default());
    let colour = if core { 3 } else { 4 };
    let palette = FILE_HEADER + size + masks;
    let end = palette + colours * colour;
    if pixels > end {
        return Err(beside(end, "what is between palette and pixels"));
    }
    if pixels < palette {
        return Err(beside(10, "a bitmap with pixels in its header"));
    }
    // A palette may be shorter than it says, but not reach into the pixels.
    let colours = colours.min((pixels - palette) / colour);
    Ok(Layout { pixels, palette, colours, colour, width, height, bits: u64::from(bits), compression })
}

/// Refuses what the longer headers can name beside the pixels: a colour profile, with names and copyrights.
fn profile(bytes: &[u8], size: usize) -> Result<(), Beside> {
    let at = |offset: usize| {
        let four = bytes.get(FILE_HEADER + offset..).and_then(|rest| rest.first_chunk());
        four.map_or(0, |four| u32::from_le_bytes(*four))
    };
    if size >= 108 && PROFILES.contains(&at(56)) || size >= 124 && (at(112), at(116)) != (0, 0) {
        return Err(beside(FILE_HEADER + 56, "a colour profile"));
    }
    Walk { bytes, at: FILE_HEADER }.take(size, "a header").map(|_| ())
}

/// Steps over run lengths, `per_byte` pixels in a byte, up to the end of the bitmap.
fn run_lengths(walk: &mut Walk<'_>, per_byte: usize) -> Result<(), Beside> {
    loop {
        match walk.array("a run of pixels")? {
            [0, 1] => return Ok(()),
            // Two bytes: how far to go on.
            [0, 2] => {
                walk.take(2, "a run of pixels")?;
            }
            // So many pixels as they are, filled up to 16 bits.
            [0, count] if count > 2 => {
                let length = usize::from(count).div_ceil(per_byte).next_multiple_of(2);
                walk.take(length, "a run of pixels")?;
            }
            _ => {}
        }
    }
}
