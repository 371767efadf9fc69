//! What a data key does: it seals the parts of one record, and opens them again, and nothing else can.
//!
//! A sealed part is `nonce (24) | ciphertext | tag (16)`. The nonce is drawn at random, which 24 bytes allow for
//! ever; a counter would have to survive power cuts. The associated data say which part of which record in which
//! version it is, so a sealed part put in another's place, or an old one put back, does not open.

use chacha20poly1305::{AeadInOut, Key, KeyInit, Tag, XChaCha20Poly1305, XNonce};
use uuid::Uuid;
use zeroize::Zeroizing;

use super::KeyringError;

/// Unit: bytes.
pub(super) const KEY: usize = 32;
/// Unit: bytes.
pub(super) const NONCE: usize = 24;
/// Unit: bytes.
pub(super) const TAG: usize = 16;

/// By how much a sealed part is longer than what it holds. Unit: bytes.
pub const SEAL_OVERHEAD: usize = NONCE + TAG;

/// Begins the associated data: no other use of a key has it.
const DOMAIN: &[u8; 24] = b"whorl 2026 sealed part 1";
/// Domain, record, part, version. Unit: bytes.
const ASSOCIATED: usize = 24 + 16 + 2 + 4;

/// The parts of a record that are sealed one by one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Part {
    /// What is known of the record.
    Record,
    /// The templates of its prints.
    Templates,
    /// One print, by its place in the record.
    Print(u8),
    /// A snapshot of the store, of which no part is of one record; the version is the number of the stretch.
    Snapshot,
}

impl Part {
    /// Two bytes, different for different parts: kind, and place or 0. All have this length, so no two sets of
    /// associated data run into each other.
    const fn encode(self) -> [u8; 2] {
        match self {
            Self::Record => [0, 0],
            Self::Templates => [1, 0],
            Self::Print(place) => [2, place],
            Self::Snapshot => [3, 0],
        }
    }
}

/// The key of one record. Overwritten when dropped; has neither `Debug` nor `Clone`.
pub struct DataKey(Box<Zeroizing<[u8; KEY]>>);

impl DataKey {
    /// A key of zeros, to be filled in place: the bytes of a key are never moved, so none stay behind on a stack.
    pub(super) fn empty() -> Self {
        Self(Box::new(Zeroizing::new([0; KEY])))
    }

    pub(super) fn generate() -> Result<Self, KeyringError> {
        let mut key = Self::empty();
        getrandom::fill(key.bytes_mut())?;
        Ok(key)
    }

    pub(super) fn bytes(&self) -> &[u8; KEY] {
        &self.0
    }

    pub(super) fn bytes_mut(&mut self) -> &mut [u8; KEY] {
        &mut self.0
    }

    /// Seals a part in a version. The result is [`SEAL_OVERHEAD`] bytes longer than `plain`.
    pub fn seal(
        &self,
        record: Uuid,
        part: Part,
        version: u32,
        plain: &[u8],
    ) -> Result<Vec<u8>, KeyringError> {
        let mut nonce = [0; NONCE];
        getrandom::fill(&mut nonce)?;
        // Never grown: a vector that grows leaves plain bytes where it was.
        let mut sealed = Zeroizing::new(Vec::with_capacity(plain.len() + SEAL_OVERHEAD));
        sealed.extend_from_slice(&nonce);
        sealed.extend_from_slice(plain);
        let associated = associated(record, part, version);
        let tag = encrypt(self.bytes(), &nonce, &associated, &mut sealed[NONCE..])?;
        sealed.extend_from_slice(&tag);
        Ok(std::mem::take(&mut sealed))
    }

    /// Opens what [`Self::seal`] made for the same record, part and version.
    pub fn open(
        &self,
        record: Uuid,
        part: Part,
        version: u32,
        sealed: &[u8],
    ) -> Result<Zeroizing<Vec<u8>>, KeyringError> {
        let (nonce, rest) = sealed.split_first_chunk::<NONCE>().ok_or(KeyringError::Refused)?;
        let (body, tag) = rest.split_last_chunk::<TAG>().ok_or(KeyringError::Refused)?;
        let mut plain = Zeroizing::new(body.to_vec());
        decrypt(self.bytes(), nonce, &associated(record, part, version), &mut plain, tag)?;
        Ok(plain)
    }
}

fn associated(record: Uuid, part: Part, version: u32) -> [u8; ASSOCIATED] {
    let mut bytes = [0; ASSOCIATED];
    bytes[..24].copy_from_slice(DOMAIN);
    bytes[24..40].copy_from_slice(record.as_bytes());
    bytes[40..42].copy_from_slice(&part.encode());
    bytes[42..].copy_from_slice(&version.to_le_bytes());
    bytes
}

/// XChaCha20-Poly1305 in place.
pub(super) fn encrypt(
    key: &[u8; KEY],
    nonce: &[u8; NONCE],
    associated: &[u8],
    bytes: &mut [u8],
) -> Result<[u8; TAG], KeyringError> {
    let (key, nonce): (&Key, &XNonce) = (key.into(), nonce.into());
    let cipher = XChaCha20Poly1305::new(key);
    let tag = cipher.encrypt_inout_detached(nonce, associated, bytes.into());
    Ok(tag.map_err(|_| KeyringError::Refused)?.into())
}

/// The way back. Leaves nothing of use in `bytes` where it refuses.
pub(super) fn decrypt(
    key: &[u8; KEY],
    nonce: &[u8; NONCE],
    associated: &[u8],
    bytes: &mut [u8],
    tag: &[u8; TAG],
) -> Result<(), KeyringError> {
    let (key, nonce, tag): (&Key, &XNonce, &Tag) = (key.into(), nonce.into(), tag.into());
    let cipher = XChaCha20Poly1305::new(key);
    cipher.decrypt_inout_detached(nonce, associated, bytes.into(), tag).map_err(|_| KeyringError::Refused)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn r_access_7_a_sealed_part_opens_as_what_it_is_and_as_nothing_else() {
        let (key, other) = (DataKey::generate().unwrap(), DataKey::generate().unwrap());
        let (record, another) = (Uuid::from_u128(1), Uuid::from_u128(2));
        let parts = [Part::Record, Part::Templates, Part::Print(0), Part::Print(1), Part::Print(255)];
        for part in parts {
            let sealed = key.seal(record, part, 7, b"ridges").unwrap();
            assert_eq!(sealed.len(), b"ridges".len() + SEAL_OVERHEAD);
            assert_eq!(*key.open(record, part, 7, &sealed).unwrap(), b"ridges");
            assert!(other.open(record, part, 7, &sealed).is_err());
            assert!(key.open(another, part, 7, &sealed).is_err());
            for version in [0, 6, 8, 7 << 8, u32::MAX] {
                assert!(key.open(record, part, version, &sealed).is_err());
            }
            for wrong in parts.into_iter().filter(|&wrong| wrong != part) {
                assert!(key.open(record, wrong, 7, &sealed).is_err(), "{part:?} as {wrong:?}");
            }
        }
    }

    #[test]
    fn r_access_7_a_flipped_bit_a_cut_and_an_appended_byte_are_refused() {
        let key = DataKey::generate().unwrap();
        let record = Uuid::from_u128(1);
        let open = |sealed: &[u8]| key.open(record, Part::Templates, 1, sealed);
        let sealed = key.seal(record, Part::Templates, 1, &[5; 40]).unwrap();
        for bit in 0..sealed.len() * 8 {
            let mut changed = sealed.clone();
            changed[bit / 8] ^= 1 << (bit % 8);
            assert!(matches!(open(&changed), Err(KeyringError::Refused)), "bit {bit}");
        }
        for length in 0..sealed.len() {
            assert!(open(&sealed[..length]).is_err(), "{length} bytes");
        }
        assert!(open(&[&sealed[..], &[0]].concat()).is_err());
    }

    #[test]
    fn r_access_7_nothing_shows_and_nothing_repeats() {
        let key = DataKey::generate().unwrap();
        let seal = |plain: &[u8]| key.seal(Uuid::from_u128(1), Part::Record, 1, plain).unwrap();
        let (one, two) = (seal(&[0xAB; 64]), seal(&[0xAB; 64]));
        assert!(one[..NONCE] != two[..NONCE] && one[NONCE..] != two[NONCE..]);
        assert!(!one.windows(4).any(|bytes| bytes == [0xAB; 4]));
        assert!(key.open(Uuid::from_u128(1), Part::Record, 1, &seal(b"")).unwrap().is_empty());
    }

    #[test]
    fn every_part_is_encoded_as_no_other() {
        let parts = [Part::Record, Part::Templates].into_iter().chain((0..=255).map(Part::Print));
        let codes: std::collections::HashSet<_> = parts.map(Part::encode).collect();
        assert_eq!(codes.len(), 2 + 256);
    }
}
