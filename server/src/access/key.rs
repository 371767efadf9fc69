//! Bearer keys: `whorl_<authority id>_<64 hexadecimal digits>`, stored as a hash only.
//!
//! *Why a plain hash and not Argon2:* a key is 256 bits from the operating system, not a password that someone chose; there is
//! no dictionary to slow down, and a slow hash on every request would be a gift to whoever wants to exhaust us.

use core::fmt;

use serde::{Deserialize, Serialize};
use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

const PREFIX: &str = "whorl_";
const SECRET_DIGITS: usize = 64;
/// Unit: bytes.
const ID_LENGTH_MAX: usize = 32;
/// Domain separation: the hash of a key is no use anywhere else.
const CONTEXT: &str = "whorl 2026 authority key";

/// A key, in clear. Overwritten when dropped, and not shown by `Debug`.
pub struct Key {
    id: String,
    text: Zeroizing<String>,
}

/// What is stored of a key. Unit: hexadecimal digits of BLAKE3.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeyHash(String);

impl Key {
    /// A new key for an authority.
    pub fn generate(id: &str) -> Result<Self, getrandom::Error> {
        let mut secret = Zeroizing::new([0u8; SECRET_DIGITS / 2]);
        getrandom::fill(secret.as_mut())?;
        let mut text = Zeroizing::new(format!("{PREFIX}{id}_"));
        for byte in secret.iter() {
            text.push_str(&format!("{byte:02x}"));
        }
        Ok(Self { id: id.to_owned(), text })
    }

    /// Reads a key as presented; `None` where it is not one.
    pub fn parse(text: &str) -> Option<Self> {
        let (id, secret) = text.strip_prefix(PREFIX)?.split_once('_')?;
        // What is presented goes into the audit: it is no longer than an id can be.
        let well_formed = (1..=ID_LENGTH_MAX).contains(&id.len())
            && id.bytes().all(|b| b.is_ascii_alphanumeric())
            && secret.len() == SECRET_DIGITS
            && secret.bytes().all(|b| b.is_ascii_hexdigit());
        well_formed.then(|| Self { id: id.to_owned(), text: Zeroizing::new(text.to_owned()) })
    }

    /// The authority that it says it is of.
    pub fn authority_id(&self) -> &str {
        &self.id
    }

    /// The key itself, to be shown once.
    pub fn reveal(&self) -> &str {
        &self.text
    }

    /// What to store.
    pub fn hash(&self) -> KeyHash {
        let mut hasher = blake3::Hasher::new_derive_key(CONTEXT);
        hasher.update(self.text.as_bytes());
        KeyHash(hasher.finalize().to_hex().to_string())
    }
}

impl KeyHash {
    /// Whether it is the hash of this key, in a time that does not depend on where they differ.
    pub fn is_of(&self, key: &Key) -> bool {
        self.0.as_bytes().ct_eq(key.hash().0.as_bytes()).into()
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Key({})", self.id)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_read_back_and_nothing_else_is_a_key() {
        let key = Key::generate("abc123").unwrap();
        let read = Key::parse(key.reveal()).unwrap();
        assert_eq!((read.authority_id(), read.hash()), ("abc123", key.hash()));
        assert!(!format!("{key:?}").contains(&key.reveal()[14..]));
        let short = &key.reveal()[..key.reveal().len() - 1];
        let long = key.reveal().replace("abc123", &"a".repeat(33));
        for bad in ["", "whorl_", "whorl_abc123", short, "bearer", "whorl__00", &long] {
            assert!(Key::parse(bad).is_none(), "{bad}");
        }
    }
}
