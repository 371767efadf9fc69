//! The bytes of a segment, read again from their map (docs/src/journal.md): what wrote them is not asked.
//!
//! *Why twice.* An error in the code that writes and reads the journal would be in both, and unseen by either. What is here
//! shares no line with it, and trusts no length, number or hash that it has not checked.

use std::io::{self, Read};

use super::finding::Reason;

/// A segment's header, and a frame before its body. Unit: bytes.
pub const HEADER: usize = 64;
/// A body at most. Unit: bytes.
const BODY_MAX: usize = 64 << 20;
const CHAIN_DOMAIN: &str = "whorl 2026-11-22 journal chain v1";

/// Why a header or a frame was not read.
pub enum Stop {
    /// It is not as it must be.
    Bad(Reason),
    /// The disk.
    Io(io::Error),
}

impl From<io::Error> for Stop {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}

/// What a segment says of itself.
pub struct Segment {
    pub first: u64,
    pub before: [u8; 32],
}

/// A frame whose checksum is right. That it is the next one is for the caller to see.
pub struct Frame {
    pub number: u64,
    pub synced: u64,
    pub chain: [u8; 32],
    pub body: usize,
    /// Bytes with header and padding.
    pub bytes: u64,
}

fn field<const N: usize>(bytes: &[u8; HEADER], at: usize) -> [u8; N] {
    core::array::from_fn(|i| bytes[at + i])
}

/// The header of a segment, of which `remaining` bytes are left to read.
pub fn segment(source: &mut impl Read, remaining: u64) -> Result<Segment, Stop> {
    if remaining < HEADER as u64 {
        return Err(Stop::Bad(Reason::SegmentHeader));
    }
    let mut bytes = [0; HEADER];
    source.read_exact(&mut bytes)?;
    let checksum = crc32c::crc32c(&bytes[..56]);
    if field(&bytes, 0) != *b"WHORLJRN"
        || field(&bytes, 56) != checksum.to_le_bytes()
        || field(&bytes, 60) != [0; 4]
    {
        return Err(Stop::Bad(Reason::SegmentHeader));
    }
    if field(&bytes, 8) != [1, 0, 0, 0, 0, 0, 0, 0] {
        return Err(Stop::Bad(Reason::SegmentVersion));
    }
    Ok(Segment { first: u64::from_le_bytes(field(&bytes, 16)), before: field(&bytes, 24) })
}

/// A frame of a hollow segment: whole, or of which the body is gone.
pub struct Left {
    pub frame: Frame,
    /// Whether all of the body is there, and its checksum right.
    pub whole: bool,
}

/// The next frame of a hollow segment; as [`frame`], but that a checksum may be wrong where the body is gone.
pub fn left(source: &mut impl Read, remaining: u64, body: &mut Vec<u8>) -> Result<Left, Stop> {
    let (header, length, whole) = unchecked(source, remaining, body)?;
    let padding = body[length..].iter().all(|&byte| byte == 0);
    Ok(Left { whole: checksum(&header, &body[..length]) && padding, frame: parsed(&header, length, whole) })
}

/// The next frame of a segment, of which `remaining` bytes are left to read; `body` receives its body, and its padding.
pub fn frame(source: &mut impl Read, remaining: u64, body: &mut Vec<u8>) -> Result<Frame, Stop> {
    let (header, length, whole) = unchecked(source, remaining, body)?;
    if !checksum(&header, &body[..length]) {
        return Err(Stop::Bad(Reason::FrameChecksum));
    }
    if body[length..].iter().any(|&byte| byte != 0) {
        return Err(Stop::Bad(Reason::FramePadding));
    }
    Ok(parsed(&header, length, whole))
}

fn checksum(header: &[u8; HEADER], body: &[u8]) -> bool {
    let checksum = crc32c::crc32c_append(crc32c::crc32c(&header[..56]), body);
    field(header, 56) == checksum.to_le_bytes()
}

fn parsed(header: &[u8; HEADER], body: usize, bytes: u64) -> Frame {
    let (number, synced) = (u64::from_le_bytes(field(header, 8)), u64::from_le_bytes(field(header, 16)));
    Frame { number, synced, chain: field(header, 24), body, bytes }
}

/// Header, length of the body, and bytes of a frame, of which nothing but that they are possible was looked at.
fn unchecked(
    source: &mut impl Read,
    remaining: u64,
    body: &mut Vec<u8>,
) -> Result<([u8; HEADER], usize, u64), Stop> {
    let bad = |reason| Err(Stop::Bad(reason));
    if remaining < HEADER as u64 {
        return bad(Reason::FrameCut);
    }
    let mut bytes = [0; HEADER];
    source.read_exact(&mut bytes)?;
    if field(&bytes, 0) != *b"WREC" {
        return bad(Reason::FrameMagic);
    }
    let length = usize::try_from(u32::from_le_bytes(field(&bytes, 4))).unwrap_or(usize::MAX);
    if length > BODY_MAX {
        return bad(Reason::FrameLength);
    }
    let padded = length.div_ceil(8) * 8;
    let whole = (HEADER + padded) as u64;
    // Before anything is allocated for it.
    if whole > remaining {
        return bad(Reason::FrameCut);
    }
    body.resize(padded, 0);
    source.read_exact(body)?;
    if field(&bytes, 60) != [0; 4] {
        return bad(Reason::FramePadding);
    }
    Ok((bytes, length, whole))
}

/// The chain hash of a record, from that of the one before.
pub fn chain(before: &[u8; 32], number: u64, body: &[u8]) -> [u8; 32] {
    let mut input = blake3::Hasher::new_derive_key(CHAIN_DOMAIN);
    input.update(before);
    input.update(&number.to_le_bytes());
    input.update(&(body.len() as u64).to_le_bytes());
    input.update(body);
    input.finalize().into()
}

/// The number of the first record, from the name of a segment: 20 digits and `.journal`, or `.hollow` where it is that.
pub fn first_of_name(name: &str) -> Option<u64> {
    let (digits, end) = name.split_at_checked(20)?;
    let possible = (end == ".journal" || is_hollow(name)) && digits.bytes().all(|b| b.is_ascii_digit());
    possible.then(|| digits.parse().ok())?
}

/// Whether a segment is hollow, by its name.
pub fn is_hollow(name: &str) -> bool {
    name.ends_with(".hollow")
}
