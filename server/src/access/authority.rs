//! Authorities: the register of who may be authenticated (R-ACCESS-3), with what, and for how long.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use utoipa::ToSchema;

use super::key::{Key, KeyHash};
use crate::eurodac::model::MemberState;

/// Identifier of an authority: part of its key, and its name in the audit.
pub type AuthorityId = String;

/// What an authority is (section 1 of the rules).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema, clap::ValueEnum)]
#[serde(rename_all = "kebab-case")]
pub enum Role {
    /// A designated authority of one Member State (Art. 15(2)).
    MemberState,
    /// Authorised staff of the Central Unit, who enter data for a State that cannot (Art. 4(2), 13(4), 15(3)).
    CentralOperator,
    /// The same, for configuration (Art. 13(4)).
    CentralAdmin,
    /// The supervisory authority of one Member State (Art. 19).
    NationalSupervisor,
    /// The joint supervisory authority (Art. 20).
    JointSupervisor,
    /// The Commission (Art. 23).
    Commission,
}

impl Role {
    /// All of them.
    pub const ALL: [Self; 6] = [
        Self::MemberState,
        Self::CentralOperator,
        Self::CentralAdmin,
        Self::NationalSupervisor,
        Self::JointSupervisor,
        Self::Commission,
    ];

    /// Whether an authority of this role is one State's.
    pub fn is_of_a_state(self) -> bool {
        matches!(self, Self::MemberState | Self::NationalSupervisor)
    }

    /// As it is written.
    pub fn name(self) -> &'static str {
        match self {
            Self::MemberState => "member-state",
            Self::CentralOperator => "central-operator",
            Self::CentralAdmin => "central-admin",
            Self::NationalSupervisor => "national-supervisor",
            Self::JointSupervisor => "joint-supervisor",
            Self::Commission => "commission",
        }
    }
}

/// A key, hashed, and until when it is one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AuthorityKey {
    /// Its hash.
    pub hash: KeyHash,
    /// From this moment on it is none; `None`: it stays one.
    pub expires_at: Option<Timestamp>,
}

/// A client certificate, by its SHA-256, in hexadecimal digits.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(try_from = "String", into = "String")]
#[schema(value_type = String, pattern = "^[0-9a-f]{64}$")]
pub struct CertificateHash(String);

impl CertificateHash {
    /// Of a certificate as it is sent in a handshake. Unit: bytes of DER.
    pub fn of(der: &[u8]) -> Self {
        Self(Sha256::digest(der).iter().map(|byte| format!("{byte:02x}")).collect())
    }
}

impl TryFrom<String> for CertificateHash {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        // As openssl prints it, too.
        let digits = text.rsplit('=').next().unwrap_or_default().replace(':', "").to_ascii_lowercase();
        let good = digits.len() == 64 && digits.bytes().all(|byte| byte.is_ascii_hexdigit());
        if good { Ok(Self(digits)) } else { Err("a SHA-256 is 64 hexadecimal digits".into()) }
    }
}

impl From<CertificateHash> for String {
    fn from(hash: CertificateHash) -> String {
        hash.0
    }
}

/// Someone who may be authenticated.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Authority {
    /// Its identifier.
    pub id: AuthorityId,
    /// Its name, for people.
    pub name: String,
    /// What it is.
    pub role: Role,
    /// Whose it is; `None` for those that are no State's.
    pub member_state: Option<MemberState>,
    /// Its keys: one, and for a while after a rotation the one before.
    pub keys: Vec<AuthorityKey>,
    /// The client certificate that it may show instead, where TLS is on.
    pub certificate: Option<CertificateHash>,
    /// Since when it has no access any more.
    pub revoked_at: Option<Timestamp>,
}

/// Why whoever presents a key or a certificate is nobody.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rejected {
    /// It is not this authority's.
    Unknown,
    /// It was, until this moment.
    Expired,
    /// The authority is revoked.
    Revoked,
}

impl Authority {
    /// Whether the key is one of the authority's now.
    ///
    /// # Errors
    /// Why not. Only who has a key that is or was one learns more than that it is not known.
    pub fn check_key(&self, key: &Key, now: Timestamp) -> Result<(), Rejected> {
        // All are looked at, whichever it is.
        let found =
            self.keys.iter().fold(None, |found, kept| if kept.hash.is_of(key) { Some(kept) } else { found });
        let kept = found.ok_or(Rejected::Unknown)?;
        if self.revoked_at.is_some() {
            Err(Rejected::Revoked)
        } else if kept.expires_at.is_some_and(|at| at <= now) {
            Err(Rejected::Expired)
        } else {
            Ok(())
        }
    }

    /// Whether the certificate, which a handshake has proved, is the authority's now.
    ///
    /// # Errors
    /// Why not.
    pub fn check_certificate(&self, certificate: &CertificateHash) -> Result<(), Rejected> {
        if self.certificate.as_ref() != Some(certificate) {
            Err(Rejected::Unknown)
        } else if self.revoked_at.is_some() {
            Err(Rejected::Revoked)
        } else {
            Ok(())
        }
    }

    /// The same with another key; those before it end at `until`.
    pub fn with_key(mut self, hash: KeyHash, expires_at: Option<Timestamp>, until: Timestamp) -> Self {
        for key in &mut self.keys {
            key.expires_at = Some(key.expires_at.map_or(until, |at| at.min(until)));
        }
        self.keys.push(AuthorityKey { hash, expires_at });
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    #[test]
    fn a_key_ends_when_it_expires_is_replaced_or_its_authority_is_revoked() {
        let [first, second, other] = std::array::from_fn(|_| Key::generate("a1").unwrap());
        let keys = vec![AuthorityKey { hash: first.hash(), expires_at: Some(at(100)) }];
        let authority = Authority {
            id: "a1".into(),
            name: "x".into(),
            role: Role::Commission,
            member_state: None,
            keys,
            certificate: None,
            revoked_at: None,
        };
        assert_eq!(authority.check_key(&first, at(99)), Ok(()));
        assert_eq!(authority.check_key(&first, at(100)), Err(Rejected::Expired));
        assert_eq!(authority.check_key(&other, at(1)), Err(Rejected::Unknown));
        let rotated = authority.with_key(second.hash(), None, at(50));
        assert_eq!(rotated.check_key(&first, at(49)), Ok(()));
        assert_eq!(rotated.check_key(&first, at(50)), Err(Rejected::Expired), "not prolonged, but cut short");
        assert_eq!(rotated.check_key(&second, at(1_000)), Ok(()));
        let revoked = Authority { revoked_at: Some(at(60)), ..rotated };
        assert_eq!(revoked.check_key(&second, at(61)), Err(Rejected::Revoked));
        assert_eq!(revoked.check_key(&other, at(61)), Err(Rejected::Unknown));
    }

    #[test]
    fn a_certificate_is_known_by_its_hash() {
        let hash = CertificateHash::of(b"der");
        let digits = String::from(hash.clone());
        let pairs: Vec<_> = (0..32).map(|at| digits[2 * at..2 * at + 2].to_uppercase()).collect();
        let printed = format!("sha256 Fingerprint={}", pairs.join(":"));
        assert_eq!(CertificateHash::try_from(printed), Ok(hash), "as openssl prints it");
        assert!(CertificateHash::try_from("00".to_owned()).is_err());
    }
}
