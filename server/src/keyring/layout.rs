//! The bytes of the keyring file: a header page, then slots. Integers are little endian, what is not named is zero.
//!
//! | header: offset | bytes | what |
//! | --- | --- | --- |
//! | 0 | 8 | `whorlkey` |
//! | 8 | 4 | format version, 1 |
//! | 16 | 16 | id of the wrapping key in this file, drawn at random when the file is made |
//! | 32 | 32 | key-check value: BLAKE3 of wrapping key and id, in a derivation context of its own |
//! | 124 | 4 | CRC32C of bytes 0 to 123 |
//! | 128 | 3968 | zero: slots begin at 4096 |
//!
//! | slot: offset | bytes | what |
//! | --- | --- | --- |
//! | 0 | 16 | record id |
//! | 16 | 4 | state: 1, in use |
//! | 24 | 24 | nonce |
//! | 48 | 32 | wrapped data key |
//! | 80 | 16 | tag |
//! | 124 | 4 | CRC32C of the slot's number (4 bytes) and its bytes 0 to 123 |
//!
//! Slot `n` begins at 4096 + 128 `n`, so that none lies across a sector of 512 bytes or a page. 128 zero bytes are a
//! free slot. A slot in use never checks as zeros: its state is 1.

use uuid::Uuid;
use zeroize::{Zeroize, ZeroizeOnDrop};

use super::KeyringError;
use super::sealing::{KEY, NONCE, TAG};

/// Where slots begin. Unit: bytes.
pub(super) const HEADER: usize = 4096;
/// Unit: bytes.
pub(super) const SLOT: usize = 128;
/// By how many slots the file grows: the length of a file then changes with one sync in a thousand.
pub(super) const BLOCK_SLOTS: usize = 1024;
/// Unit: bytes.
pub(super) const BLOCK: usize = BLOCK_SLOTS * SLOT;

const MAGIC: &[u8; 8] = b"whorlkey";
const FORMAT: u32 = 1;
const IN_USE: u32 = 1;
const CHECKED: usize = SLOT - 4;

/// Which wrapping key a file is of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Header {
    pub id: [u8; 16],
    pub check: [u8; 32],
}

impl Header {
    pub fn encode(&self) -> [u8; HEADER] {
        let mut page = [0; HEADER];
        page[..8].copy_from_slice(MAGIC);
        page[8..12].copy_from_slice(&FORMAT.to_le_bytes());
        page[16..32].copy_from_slice(&self.id);
        page[32..64].copy_from_slice(&self.check);
        let crc = crc32c::crc32c(&page[..CHECKED]);
        page[CHECKED..SLOT].copy_from_slice(&crc.to_le_bytes());
        page
    }

    pub fn decode(page: &[u8]) -> Result<Self, KeyringError> {
        let Some(head) = page.first_chunk::<SLOT>().filter(|head| head.starts_with(MAGIC)) else {
            return Err(KeyringError::Damaged("it does not begin as a keyring does"));
        };
        if crc32c::crc32c(&head[..CHECKED]).to_le_bytes() != head[CHECKED..] {
            return Err(KeyringError::Damaged("the checksum of its header is wrong"));
        }
        let version = u32::from_le_bytes(array(head, 8));
        if version != FORMAT {
            return Err(KeyringError::Version(version));
        }
        let header = Self { id: array(head, 16), check: array(head, 32) };
        if header.encode() != page {
            return Err(KeyringError::Damaged("its header has bytes that no version wrote"));
        }
        Ok(header)
    }
}

/// A wrapped data key and whose it is; zeros where the slot is free.
#[derive(Clone, PartialEq, Eq, Zeroize, ZeroizeOnDrop)]
pub(super) struct Slot {
    pub record: [u8; 16],
    pub nonce: [u8; NONCE],
    pub wrapped: [u8; KEY],
    pub tag: [u8; TAG],
}

/// What a slot of the file holds.
pub(super) enum Found {
    Free,
    Used(Slot),
    Unreadable,
}

impl Slot {
    pub const FREE: Self = Self { record: [0; 16], nonce: [0; NONCE], wrapped: [0; KEY], tag: [0; TAG] };

    pub fn record(&self) -> Uuid {
        Uuid::from_bytes(self.record)
    }

    pub fn encode(&self, number: u32) -> [u8; SLOT] {
        let mut bytes = [0; SLOT];
        bytes[..16].copy_from_slice(&self.record);
        bytes[16..20].copy_from_slice(&IN_USE.to_le_bytes());
        bytes[24..48].copy_from_slice(&self.nonce);
        bytes[48..80].copy_from_slice(&self.wrapped);
        bytes[80..96].copy_from_slice(&self.tag);
        let crc = checksum(number, &bytes);
        bytes[CHECKED..].copy_from_slice(&crc);
        bytes
    }

    pub fn decode(number: u32, bytes: &[u8; SLOT]) -> Found {
        if bytes.iter().all(|&byte| byte == 0) {
            return Found::Free;
        }
        let state = u32::from_le_bytes(array(bytes, 16));
        if state != IN_USE || checksum(number, bytes) != bytes[CHECKED..] {
            return Found::Unreadable;
        }
        let (record, nonce) = (array(bytes, 0), array(bytes, 24));
        Found::Used(Self { record, nonce, wrapped: array(bytes, 48), tag: array(bytes, 80) })
    }
}

/// Where a slot begins in the file. Unit: bytes.
pub(super) fn offset(number: u32) -> u64 {
    HEADER as u64 + u64::from(number) * SLOT as u64
}

fn checksum(number: u32, bytes: &[u8; SLOT]) -> [u8; 4] {
    crc32c::crc32c_append(crc32c::crc32c(&number.to_le_bytes()), &bytes[..CHECKED]).to_le_bytes()
}

/// `N` bytes from `at` on. The callers' offsets are those of the tables above.
fn array<const N: usize>(bytes: &[u8; SLOT], at: usize) -> [u8; N] {
    let mut field = [0; N];
    field.copy_from_slice(&bytes[at..at + N]);
    field
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slot_is_read_back_in_its_place_and_every_flipped_bit_tells() {
        let slot = Slot { record: [1; 16], nonce: [2; NONCE], wrapped: [3; KEY], tag: [4; TAG] };
        let bytes = slot.encode(9);
        assert!(matches!(Slot::decode(9, &bytes), Found::Used(read) if read == slot));
        assert!(matches!(Slot::decode(8, &bytes), Found::Unreadable), "a slot in another's place");
        assert!(matches!(Slot::decode(9, &[0; SLOT]), Found::Free));
        for bit in 0..SLOT * 8 {
            let mut changed = bytes;
            changed[bit / 8] ^= 1 << (bit % 8);
            assert!(matches!(Slot::decode(9, &changed), Found::Unreadable), "bit {bit}");
        }
    }

    #[test]
    fn a_header_is_read_back_and_every_flipped_bit_of_its_page_tells() {
        let header = Header { id: [1; 16], check: [2; 32] };
        let page = header.encode();
        assert_eq!(Header::decode(&page).unwrap(), header);
        for bit in 0..HEADER * 8 {
            let mut changed = page;
            changed[bit / 8] ^= 1 << (bit % 8);
            assert!(matches!(Header::decode(&changed), Err(KeyringError::Damaged(_))), "bit {bit}");
        }
        let mut newer = page;
        newer[8] = 2;
        let crc = crc32c::crc32c(&newer[..CHECKED]);
        newer[CHECKED..SLOT].copy_from_slice(&crc.to_le_bytes());
        assert!(matches!(Header::decode(&newer), Err(KeyringError::Version(2))));
    }
}
