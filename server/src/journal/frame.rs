//! The bytes of a segment: a header, then frames of one record each. docs/src/journal.md has the same maps for people.
//!
//! | segment header: offset | bytes | what |
//! | --- | --- | --- |
//! | 0 | 8 | `WHORLJRN` |
//! | 8 | 4 | version of this layout, 1 |
//! | 12 | 4 | zero |
//! | 16 | 8 | number of the first record |
//! | 24 | 32 | chain hash of the record before it; zero before the first of all |
//! | 56 | 4 | CRC-32C of bytes 0 to 55 |
//! | 60 | 4 | zero |
//!
//! | frame: offset | bytes | what |
//! | --- | --- | --- |
//! | 0 | 4 | `WREC` |
//! | 4 | 4 | length of the body |
//! | 8 | 8 | number of the record |
//! | 16 | 8 | offset in this segment below which everything was synced when this was written |
//! | 24 | 32 | chain hash: BLAKE3, in key derivation mode, of the one before, the number, the length, and the body |
//! | 56 | 4 | CRC-32C of bytes 0 to 55 and the body |
//! | 60 | 4 | zero |
//! | 64 | | the body, and zeros up to a multiple of 8 |
//!
//! Integers are little-endian. *Why a checksum beside the hash*: the hash says that nobody changed a record; the checksum says in
//! a nanosecond where writing stopped. *Why the synced offset*: without it, a damaged record in the middle looks like the
//! torn end of the file, and what was acknowledged would be cut off (`recovery.rs`).

/// Bytes of a segment's header, and of a frame before its body.
pub const HEADER_BYTES: usize = 64;
/// A body's length at most. Unit: bytes. Four times the largest body of a transmission.
pub const BODY_BYTES_MAX: usize = 64 << 20;

const SEGMENT_MAGIC: &[u8; 8] = b"WHORLJRN";
const FRAME_MAGIC: &[u8; 4] = b"WREC";
const VERSION: u32 = 1;
/// Domain of the chain; changes when what is hashed changes.
const CHAIN_CONTEXT: &str = "whorl 2026-11-22 journal chain v1";

/// Hash of a record and of all before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Chain(pub [u8; 32]);

impl Chain {
    /// The hash of the record of this number and body, after the one that has this hash.
    pub fn next(self, number: u64, body: &[u8]) -> Self {
        let mut hasher = blake3::Hasher::new_derive_key(CHAIN_CONTEXT);
        hasher.update(&self.0).update(&number.to_le_bytes());
        hasher.update(&(body.len() as u64).to_le_bytes()).update(body);
        Self(*hasher.finalize().as_bytes())
    }
}

impl core::fmt::Display for Chain {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

/// What a segment says of itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SegmentHeader {
    /// Number of its first record.
    pub first: u64,
    /// Chain hash of the record before that.
    pub before: Chain,
}

/// Name of the segment that begins with a record.
pub fn segment_name(first: u64) -> String {
    format!("{first:020}.journal")
}

/// The first record's number, from a segment's name; `None` for another file.
pub fn first_of(name: &str) -> Option<u64> {
    let digits = name.strip_suffix(".journal").filter(|digits| digits.len() == 20)?;
    digits.parse().ok()
}

impl SegmentHeader {
    /// As bytes.
    pub fn encode(&self) -> [u8; HEADER_BYTES] {
        let mut bytes = [0; HEADER_BYTES];
        bytes[..8].copy_from_slice(SEGMENT_MAGIC);
        bytes[8..12].copy_from_slice(&VERSION.to_le_bytes());
        bytes[16..24].copy_from_slice(&self.first.to_le_bytes());
        bytes[24..56].copy_from_slice(&self.before.0);
        let crc = crc32c::crc32c(&bytes[..56]);
        bytes[56..60].copy_from_slice(&crc.to_le_bytes());
        bytes
    }

    /// From bytes; what is wrong with them otherwise.
    pub fn decode(bytes: &[u8]) -> Result<Self, &'static str> {
        let bytes: &[u8; HEADER_BYTES] =
            bytes.first_chunk().ok_or("is shorter than the header of a segment")?;
        if &bytes[..8] != SEGMENT_MAGIC {
            return Err("does not begin as a segment of a journal");
        }
        if u32_at(bytes, 56) != crc32c::crc32c(&bytes[..56]) || bytes[60..] != [0; 4] {
            return Err("has a header whose checksum is wrong");
        }
        if u32_at(bytes, 8) != VERSION {
            return Err("is of a version that this program does not know");
        }
        Ok(Self { first: u64_at(bytes, 16), before: chain_at(bytes, 24) })
    }
}

/// A frame without its body.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Frame {
    /// Number of the record.
    pub number: u64,
    /// Below which offset of the segment everything was on disk when this was written.
    pub synced: u64,
    /// Hash of this record and all before.
    pub chain: Chain,
    /// Length of the body.
    pub length: usize,
}

impl Frame {
    /// Appends the frame and its body to `to`, and gives back what was written of it. A body is at most
    /// [`BODY_BYTES_MAX`] long.
    pub fn encode(to: &mut Vec<u8>, number: u64, synced: u64, before: Chain, body: &[u8]) -> Self {
        let start = to.len();
        let chain = before.next(number, body);
        // Bodies are bounded far below.
        let length = u32::try_from(body.len()).unwrap_or(u32::MAX);
        to.extend_from_slice(FRAME_MAGIC);
        to.extend_from_slice(&length.to_le_bytes());
        to.extend_from_slice(&number.to_le_bytes());
        to.extend_from_slice(&synced.to_le_bytes());
        to.extend_from_slice(&chain.0);
        let crc = crc32c::crc32c_append(crc32c::crc32c(&to[start..]), body);
        to.extend_from_slice(&u64::from(crc).to_le_bytes());
        to.extend_from_slice(body);
        to.resize(start + framed(body.len()), 0);
        Self { number, synced, chain, length: body.len() }
    }

    /// The frame at the beginning of `bytes`, whose body is there whole and unchanged; `None` otherwise.
    pub fn decode(bytes: &[u8]) -> Option<(Self, &[u8])> {
        let header: &[u8; HEADER_BYTES] = bytes.first_chunk()?;
        let length = usize::try_from(u32_at(header, 4)).ok()?;
        if &header[..4] != FRAME_MAGIC || header[60..] != [0; 4] || length > BODY_BYTES_MAX {
            return None;
        }
        let body = bytes.get(HEADER_BYTES..HEADER_BYTES + length)?;
        let padding = bytes.get(HEADER_BYTES + length..framed(length))?;
        let crc = crc32c::crc32c_append(crc32c::crc32c(&header[..56]), body);
        if crc != u32_at(header, 56) || padding.iter().any(|&byte| byte != 0) {
            return None;
        }
        Some((Self::from_header(header, length), body))
    }

    /// The frame at the beginning of `bytes`, whose body may be gone: its checksum says nothing then. `None` where none can be.
    pub fn hollow(bytes: &[u8]) -> Option<Self> {
        let header: &[u8; HEADER_BYTES] = bytes.first_chunk()?;
        let length = usize::try_from(u32_at(header, 4)).ok()?;
        let possible = &header[..4] == FRAME_MAGIC && header[60..] == [0; 4] && length <= BODY_BYTES_MAX;
        (possible && framed(length) <= bytes.len()).then(|| Self::from_header(header, length))
    }

    fn from_header(header: &[u8; HEADER_BYTES], length: usize) -> Self {
        Self { number: u64_at(header, 8), synced: u64_at(header, 16), chain: chain_at(header, 24), length }
    }

    /// Bytes of the frame, its body and its padding.
    pub fn bytes(&self) -> usize {
        framed(self.length)
    }
}

/// Bytes of a frame with a body of this length.
pub fn framed(length: usize) -> usize {
    HEADER_BYTES + length.next_multiple_of(8)
}

fn u32_at(bytes: &[u8; HEADER_BYTES], at: usize) -> u32 {
    bytes[at..].first_chunk().copied().map_or(0, u32::from_le_bytes)
}

fn u64_at(bytes: &[u8; HEADER_BYTES], at: usize) -> u64 {
    bytes[at..].first_chunk().copied().map_or(0, u64::from_le_bytes)
}

fn chain_at(bytes: &[u8; HEADER_BYTES], at: usize) -> Chain {
    Chain(bytes[at..].first_chunk().copied().unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_frame_comes_back_and_none_with_a_changed_bit_does() {
        for length in [0, 1, 7, 8, 9, 100] {
            let body = vec![7; length];
            let mut bytes = Vec::new();
            let frame = Frame::encode(&mut bytes, 9, 64, Chain([3; 32]), &body);
            assert_eq!(bytes.len(), framed(length));
            assert_eq!(Frame::decode(&bytes), Some((frame, body.as_slice())));
            assert_eq!(Frame::decode(&bytes[..bytes.len() - 1]), None);
            for bit in 0..bytes.len() * 8 {
                let mut changed = bytes.clone();
                changed[bit / 8] ^= 1 << (bit % 8);
                assert_eq!(Frame::decode(&changed), None, "bit {bit}");
            }
        }
    }

    #[test]
    fn a_header_comes_back_and_none_with_a_changed_bit_does() {
        let header = SegmentHeader { first: 77, before: Chain([9; 32]) };
        let bytes = header.encode();
        assert_eq!(SegmentHeader::decode(&bytes), Ok(header));
        for bit in 0..bytes.len() * 8 {
            let mut changed = bytes;
            changed[bit / 8] ^= 1 << (bit % 8);
            assert!(SegmentHeader::decode(&changed).is_err(), "bit {bit}");
        }
        assert_eq!(first_of(&segment_name(77)), Some(77));
        assert_eq!(first_of("store"), None);
    }
}
