//! Encryption of whole files with age (<https://age-encryption.org/v1>): to public recipients, opened with an identity.
//!
//! *Why age and not our own AEAD*: a backup is read in the worst hour, perhaps without this program, and `age --decrypt` reads it. *Why
//! recipients and not a passphrase*: the machine that makes backups every hour then holds nothing that reads them.

use std::io::{Read, Write};
use std::str::FromStr;

use age::DecryptError;

use super::BackupError;

/// Whoever may read a backup: an X25519 recipient, `age1…`.
#[derive(Debug, Clone)]
pub struct Recipient(age::x25519::Recipient);

impl FromStr for Recipient {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if text.starts_with("AGE-SECRET-KEY-") {
            return Err(
                "that is the identity, which belongs elsewhere; its recipient begins with age1".into()
            );
        }
        let wrong =
            |_| "it is no age recipient: age1 and 58 more characters (see `whorl backup keygen`)".to_owned();
        text.parse().map(Self).map_err(wrong)
    }
}

/// All who may read a backup.
pub struct Recipients(Vec<(String, age::x25519::Recipient)>);

impl Recipients {
    /// These, in an order of their own.
    pub fn new(recipients: &[Recipient]) -> Self {
        let mut named: Vec<_> = recipients
            .iter()
            .map(|Recipient(recipient)| (recipient.to_string(), recipient.clone()))
            .collect();
        named.sort_by(|(one, _), (other, _)| one.cmp(other));
        named.dedup_by(|(one, _), (other, _)| one == other);
        Self(named)
    }

    /// As text.
    pub fn names(&self) -> Vec<String> {
        self.0.iter().map(|(name, _)| name.clone()).collect()
    }

    pub(super) fn encrypt(&self, plain: &[u8]) -> Result<Vec<u8>, BackupError> {
        let failed = |error: &dyn core::fmt::Display| BackupError::Encryption(error.to_string());
        let recipients = self.0.iter().map(|(_, recipient)| recipient as &dyn age::Recipient);
        let encryptor = age::Encryptor::with_recipients(recipients).map_err(|e| failed(&e))?;
        // A header for each recipient, and 16 bytes for every 64 KiB.
        let mut sealed = Vec::with_capacity(plain.len() + plain.len() / 4096 + 200 * (self.0.len() + 1));
        let mut writer = encryptor.wrap_output(&mut sealed).map_err(|e| failed(&e))?;
        writer.write_all(plain).map_err(|e| failed(&e))?;
        writer.finish().map_err(|e| failed(&e))?;
        Ok(sealed)
    }
}

/// What opens a backup.
pub struct Identities(Vec<Box<dyn age::Identity + Send + Sync>>);

impl Identities {
    /// Those of a file as `whorl backup keygen` and `age-keygen` make it: lines with `AGE-SECRET-KEY-1…`, and comments.
    pub fn parse(text: &[u8]) -> Result<Self, String> {
        let file = age::IdentityFile::from_buffer(text).map_err(|error| error.to_string())?;
        let identities = file.into_identities().map_err(|error| error.to_string())?;
        if identities.is_empty() { Err("it has no identity".into()) } else { Ok(Self(identities)) }
    }

    /// What was encrypted; `Ok(None)` where it is to somebody else, and what is wrong with it otherwise.
    pub(super) fn decrypt(&self, sealed: &[u8], plain_bytes: usize) -> Result<Option<Vec<u8>>, String> {
        let decryptor = age::Decryptor::new_buffered(sealed).map_err(|error| error.to_string())?;
        let identities = self.0.iter().map(|identity| &**identity as &dyn age::Identity);
        let reader = match decryptor.decrypt(identities) {
            Err(DecryptError::NoMatchingKeys) => return Ok(None),
            other => other.map_err(|error| error.to_string())?,
        };
        let mut plain = Vec::new();
        // One byte more than there shall be tells that it is longer.
        let read = reader.take(plain_bytes as u64 + 1).read_to_end(&mut plain);
        read.map_err(|error| format!("does not decrypt: {error}"))?;
        Ok(Some(plain))
    }
}

/// A new identity: the text of its file, and its recipient.
pub fn generate() -> (zeroize::Zeroizing<String>, String) {
    use age::secrecy::ExposeSecret as _;
    let identity = age::x25519::Identity::generate();
    let recipient = identity.to_public().to_string();
    let secret = identity.to_string();
    let text = format!("# recipient: {recipient}\n{}\n", secret.expose_secret());
    (zeroize::Zeroizing::new(text), recipient)
}
