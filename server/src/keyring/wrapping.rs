//! The wrapping key: the one secret that is not on the disk with the data, under which every data key lies wrapped.
//!
//! *Why not a passphrase.* What a person can remember can be guessed by whoever has the file, however slow the hash.
//! A key is 32 bytes of chance, as text or raw, and what looks like anything else is refused.

use base64::Engine;
use base64::alphabet::STANDARD;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use uuid::Uuid;
use zeroize::Zeroizing;

use super::layout::{Header, Slot};
use super::sealing::{DataKey, KEY, NONCE, TAG, decrypt, encrypt};
use super::{KeyringError, WrappingError};

/// Begins the associated data of a wrapped key.
const DOMAIN: &[u8; 24] = b"whorl 2026 wrapped key 1";
/// Domain, record, slot number, id of the wrapping key. Unit: bytes.
const ASSOCIATED: usize = 24 + 16 + 4 + 16;
/// Derivation context of the key-check value.
const CHECK: &str = "whorl 2026 keyring key-check value";

const BASE64: GeneralPurpose = GeneralPurpose::new(
    &STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// The key of keys. Overwritten when dropped; has neither `Debug` nor `Clone`.
pub struct WrappingKey(Box<Zeroizing<[u8; KEY]>>);

impl WrappingKey {
    /// A new one, from the operating system's generator.
    pub fn generate() -> Result<Self, WrappingError> {
        let mut key = Self::empty();
        getrandom::fill(key.0.as_mut_slice())?;
        Ok(key)
    }

    /// Reads 64 hexadecimal digits, or 43 or 44 characters of base64 (standard alphabet, padded or not), with white
    /// space around.
    pub fn parse(text: &[u8]) -> Result<Self, WrappingError> {
        let text = text.trim_ascii();
        let mut key = Self::empty();
        match text.len() {
            64 => {
                for (byte, pair) in key.0.iter_mut().zip(text.chunks_exact(2)) {
                    *byte = digit(pair[0])? << 4 | digit(pair[1])?;
                }
            }
            43 | 44 => {
                // One byte more than a key: the decoder asks for the room before it has seen the padding.
                let mut bytes = Zeroizing::new([0; KEY + 1]);
                let length = BASE64.decode_slice(text, bytes.as_mut());
                if length != Ok(KEY) {
                    return Err(WrappingError::Malformed);
                }
                key.0.copy_from_slice(&bytes[..KEY]);
            }
            _ => return Err(WrappingError::Malformed),
        }
        key.checked()
    }

    /// Reads what [`Self::parse`] reads, or 32 raw bytes, which must not look like text.
    pub(super) fn parse_raw_or_text(bytes: &[u8]) -> Result<Self, WrappingError> {
        if bytes.len() != KEY {
            return Self::parse(bytes);
        }
        // 32 random bytes are all printable once in 10^13; half a key in hexadecimal always is, and so is a passphrase.
        if bytes.iter().all(|byte| byte.is_ascii_graphic() || byte.is_ascii_whitespace()) {
            return Err(WrappingError::Malformed);
        }
        let mut key = Self::empty();
        key.0.copy_from_slice(bytes);
        key.checked()
    }

    /// The key as 64 hexadecimal digits, to be put where it is kept.
    pub fn reveal(&self) -> Zeroizing<String> {
        const DIGITS: &[u8; 16] = b"0123456789abcdef";
        let mut text = Zeroizing::new(String::with_capacity(2 * KEY));
        for &byte in self.0.iter() {
            text.push(char::from(DIGITS[usize::from(byte >> 4)]));
            text.push(char::from(DIGITS[usize::from(byte & 15)]));
        }
        text
    }

    fn empty() -> Self {
        Self(Box::new(Zeroizing::new([0; KEY])))
    }

    /// One byte 32 times over is an empty or a sample file and no key.
    fn checked(self) -> Result<Self, WrappingError> {
        if self.0.iter().all(|&byte| byte == self.0[0]) { Err(WrappingError::Malformed) } else { Ok(self) }
    }

    pub(super) fn duplicate(&self) -> Self {
        let mut key = Self::empty();
        key.0.copy_from_slice(self.0.as_slice());
        key
    }

    /// The header of a new file under this key.
    pub(super) fn header(&self) -> Result<Header, KeyringError> {
        let mut id = [0; 16];
        getrandom::fill(&mut id)?;
        Ok(Header { id, check: *self.check(&id).as_bytes() })
    }

    /// Whether a file is under this key, in a time that does not depend on where they differ.
    pub(super) fn is_of(&self, header: &Header) -> bool {
        self.check(&header.id) == blake3::Hash::from_bytes(header.check)
    }

    fn check(&self, id: &[u8; 16]) -> blake3::Hash {
        let mut hasher = blake3::Hasher::new_derive_key(CHECK);
        hasher.update(self.0.as_slice()).update(id);
        let hash = hasher.finalize();
        zeroize::Zeroize::zeroize(&mut hasher);
        hash
    }

    /// Wraps a data key for a slot.
    pub(super) fn wrap(
        &self,
        header: &Header,
        number: u32,
        record: Uuid,
        key: &DataKey,
    ) -> Result<Slot, KeyringError> {
        let mut slot = Slot { record: record.into_bytes(), ..Slot::FREE.clone() };
        getrandom::fill(&mut slot.nonce)?;
        slot.wrapped = *key.bytes();
        let associated = associated(header, number, &slot.record);
        let (nonce, wrapped): (&[u8; NONCE], &mut [u8; KEY]) = (&slot.nonce, &mut slot.wrapped);
        let tag: [u8; TAG] = encrypt(&self.0, nonce, &associated, wrapped)?;
        slot.tag = tag;
        Ok(slot)
    }

    /// The data key in a slot.
    pub(super) fn unseal(&self, header: &Header, number: u32, slot: &Slot) -> Result<DataKey, KeyringError> {
        let mut key = DataKey::empty();
        key.bytes_mut().copy_from_slice(&slot.wrapped);
        let associated = associated(header, number, &slot.record);
        decrypt(&self.0, &slot.nonce, &associated, key.bytes_mut(), &slot.tag)?;
        Ok(key)
    }
}

fn associated(header: &Header, number: u32, record: &[u8; 16]) -> [u8; ASSOCIATED] {
    let mut bytes = [0; ASSOCIATED];
    bytes[..24].copy_from_slice(DOMAIN);
    bytes[24..40].copy_from_slice(record);
    bytes[40..44].copy_from_slice(&number.to_le_bytes());
    bytes[44..].copy_from_slice(&header.id);
    bytes
}

fn digit(character: u8) -> Result<u8, WrappingError> {
    match character {
        b'0'..=b'9' => Ok(character - b'0'),
        b'a'..=b'f' => Ok(character - b'a' + 10),
        b'A'..=b'F' => Ok(character - b'A' + 10),
        _ => Err(WrappingError::Malformed),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_read_as_hexadecimal_base64_or_raw_and_nothing_else_is_a_key() {
        let key = WrappingKey::generate().unwrap();
        let same = |read: Result<WrappingKey, WrappingError>| read.unwrap().0 == key.0;
        let hexadecimal = key.reveal();
        let base64 = BASE64.encode(key.0.as_slice());
        for text in [hexadecimal.as_str(), &hexadecimal.to_uppercase(), &base64, base64.trim_end_matches('=')]
        {
            assert!(same(WrappingKey::parse(text.as_bytes())));
            assert!(same(WrappingKey::parse_raw_or_text(format!(" {text}\r\n").as_bytes())));
        }
        assert!(same(WrappingKey::parse_raw_or_text(key.0.as_slice())));
        assert!(WrappingKey::parse(key.0.as_slice()).is_err(), "raw bytes are for files");
        let zeros = "0".repeat(64);
        let bad = ["", "correct horse battery staple", &zeros, &hexadecimal[..32], &hexadecimal[1..], "g"];
        for text in bad {
            assert!(WrappingKey::parse(text.as_bytes()).is_err(), "{text}");
            assert!(WrappingKey::parse_raw_or_text(text.as_bytes()).is_err(), "{text}");
        }
        assert!(WrappingKey::parse_raw_or_text(&[0; KEY]).is_err());
        assert!(WrappingKey::parse_raw_or_text(b"thirty-two letters are no secret").is_err());
    }

    #[test]
    fn r_access_7_a_wrapped_key_opens_in_its_slot_of_its_file_for_its_record_and_nowhere_else() {
        let (wrapping, other) = (WrappingKey::generate().unwrap(), WrappingKey::generate().unwrap());
        let header = wrapping.header().unwrap();
        let key = DataKey::generate().unwrap();
        let slot = wrapping.wrap(&header, 3, Uuid::from_u128(1), &key).unwrap();
        assert!(slot.wrapped != *key.bytes());
        assert!(wrapping.unseal(&header, 3, &slot).unwrap().bytes() == key.bytes());
        assert!(wrapping.unseal(&header, 4, &slot).is_err(), "another slot");
        assert!(wrapping.unseal(&wrapping.header().unwrap(), 3, &slot).is_err(), "another file");
        assert!(other.unseal(&header, 3, &slot).is_err(), "another wrapping key");
        let theirs = Slot { record: Uuid::from_u128(2).into_bytes(), ..slot.clone() };
        assert!(wrapping.unseal(&header, 3, &theirs).is_err(), "another record");
        assert!(wrapping.is_of(&header) && !other.is_of(&header));
    }
}
