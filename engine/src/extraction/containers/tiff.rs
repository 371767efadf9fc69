//! TIFF 6.0: a directory of tags, and what they point to, anywhere in the file.
//!
//! | where | bytes | what |
//! | --- | --- | --- |
//! | 0 | 2, 2 | `II` (all below little-endian) or `MM` (big-endian), 42 |
//! | 4 | 4 | where the directory is |
//! | directory | 2 | number of entries |
//! | entry | 2, 2 | tag; type: 3, 4 (numbers of 16 and 32 bits) or 5 (fractions), not texts or bytes |
//! | | 4 | number of values |
//! | | 4 | the values, or where they are |
//! | directory | 4 | behind the entries, where the next is: 0, for it would be of another image |
//!
//! Editors take a tag out of the directory and leave its text in the file. So what no tag points to is refused too, but for
//! zeros, which fill up to a boundary and say nothing.

use super::walk::Walk;
use super::{Beside, beside};

/// Strips and tiles: where they are and how long.
const OFFSETS: [u16; 2] = [273, 324];
const LENGTHS: [u16; 2] = [279, 325];
const COMPRESSION: u16 = 259;
const PALETTE: u16 = 320;
/// Most strips or tiles, as in the check of headers. The list of parts takes 16 bytes for each.
const STRIPS_MAX: usize = 1 << 17;
/// Most bytes of the values of a tag that is neither of these nor a palette: four numbers, or one fraction.
const VALUES_MAX: usize = 16;

/// Kind, size, compression, order, strips and tiles, palette, resolution, what samples are.
fn is_of_pixels(tag: u16) -> bool {
    matches!(
        tag,
        254 | 256..=259
            | 262
            | 266
            | 273
            | 274
            | 277..=279
            | 282..=284
            | 296
            | 317
            | 320
            | 322..=325
            | 338
            | 339
    )
}

/// Reads numbers in the order of the file.
struct File<'a> {
    bytes: &'a [u8],
    little: bool,
}

/// An entry of the directory. `at` is where its values are.
#[derive(Clone, Copy)]
struct Entry {
    tag: u16,
    kind: u16,
    count: usize,
    at: usize,
}

impl File<'_> {
    fn short(&self, at: usize) -> Result<u16, Beside> {
        let two = Walk { bytes: self.bytes, at }.array("a number")?;
        Ok(if self.little { u16::from_le_bytes(two) } else { u16::from_be_bytes(two) })
    }

    fn long(&self, at: usize) -> Result<usize, Beside> {
        let four = Walk { bytes: self.bytes, at }.array("a number")?;
        let long = if self.little { u32::from_le_bytes(four) } else { u32::from_be_bytes(four) };
        Ok(usize::try_from(long).unwrap_or(usize::MAX))
    }

    /// The entry at `at`, if it is of pixels and its values are in the file; adds where they are to `parts`.
    fn entry(&self, at: usize, parts: &mut Vec<(usize, usize)>) -> Result<Entry, Beside> {
        let (tag, kind, count) =
            (self.short(at)?, self.short(at.saturating_add(2))?, self.long(at.saturating_add(4))?);
        let named = |what: &str| beside(at, format!("{what} {tag}"));
        let value = match kind {
            _ if !is_of_pixels(tag) => return Err(named("the tag")),
            3 => 2,
            4 => 4,
            5 => 8,
            _ => return Err(named("the type of the tag")),
        };
        let most = match tag {
            PALETTE => 3 << 9,
            _ if OFFSETS.contains(&tag) || LENGTHS.contains(&tag) => STRIPS_MAX * 4,
            _ => VALUES_MAX,
        };
        let length = count.checked_mul(value).filter(|&length| length <= most);
        let length = length.ok_or_else(|| named("the unusual length of the tag"))?;
        let inline = at.saturating_add(8);
        let values = if length <= 4 { inline } else { self.long(inline)? };
        Walk { bytes: self.bytes, at: values }.take(length, "the values of a tag")?;
        parts.push((values, values.saturating_add(length)));
        Ok(Entry { tag, kind, count, at: values })
    }

    /// A value of an entry of numbers.
    fn value(&self, entry: Entry, index: usize) -> Result<usize, Beside> {
        match entry.kind {
            3 => self.short(entry.at.saturating_add(index.saturating_mul(2))).map(usize::from),
            _ => self.long(entry.at.saturating_add(index.saturating_mul(4))),
        }
    }
}

pub(super) fn walk(bytes: &[u8]) -> Result<(), Beside> {
    let little = match bytes.first_chunk() {
        Some(b"II*\0") => true,
        Some(b"MM\0*") => false,
        _ => return Err(beside(0, "what is no TIFF")),
    };
    let file = File { bytes, little };
    let directory = file.long(4)?;
    let entries = usize::from(file.short(directory)?);
    let end = directory.saturating_add(2 + 12 * entries);
    let mut parts = vec![(0, 8), (directory, end.saturating_add(4))];
    let mut seen: Vec<Entry> = Vec::new();
    for number in 0..entries {
        let at = directory.saturating_add(2 + 12 * number);
        let entry = file.entry(at, &mut parts)?;
        if seen.iter().any(|other| other.tag == entry.tag) {
            return Err(beside(at, format!("the second tag {}", entry.tag)));
        }
        // JPEG within TIFF has segments of its own, for texts too.
        if entry.tag == COMPRESSION && matches!(file.value(entry, 0)?, 6 | 7) {
            return Err(beside(at, "JPEG in a TIFF"));
        }
        seen.push(entry);
    }
    if file.long(end)? != 0 {
        return Err(beside(end, "a second directory"));
    }
    for (offsets, lengths) in OFFSETS.into_iter().zip(LENGTHS) {
        let find = |tag| seen.iter().find(|entry| entry.tag == tag);
        if let (Some(&offsets), Some(&lengths)) = (find(offsets), find(lengths)) {
            let count = offsets.count.min(lengths.count).min(STRIPS_MAX);
            parts.reserve_exact(count.saturating_add(1));
            for index in 0..count {
                let at = file.value(offsets, index)?;
                parts.push((at, at.saturating_add(file.value(lengths, index)?)));
            }
        }
    }
    no_gap(bytes, parts)
}

/// Makes sure that all bytes are in a part, or 0.
fn no_gap(bytes: &[u8], mut parts: Vec<(usize, usize)>) -> Result<(), Beside> {
    parts.sort_unstable();
    parts.push((bytes.len(), bytes.len()));
    let mut covered = 0;
    for (start, end) in parts {
        if end > bytes.len() {
            return Err(Walk { bytes, at: start }.cut("what a tag points to"));
        }
        let gap = bytes.get(covered..start).unwrap_or_default();
        if let Some(index) = gap.iter().position(|&byte| byte != 0) {
            return Err(beside(covered.saturating_add(index), "what no tag points to"));
        }
        covered = covered.max(end);
    }
    Ok(())
}
