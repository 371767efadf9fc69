//! Who is asking: authorities, their keys, and what their role lets them do.
//!
//! A handler that needs a right takes the proof of it as an argument: [`Transmitter`] can only be made here, from an
//! authenticated authority with the right role. There is no way around it that one could take by accident.

mod key;

pub use key::{Key, KeyHash};

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::eurodac::model::MemberState;
use crate::journal::Actor;

/// Identifier of an authority: part of its key, and its name in the audit.
pub type AuthorityId = String;

/// What an authority is (section 1 of the rules).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema, clap::ValueEnum)]
#[serde(rename_all = "kebab-case")]
pub enum Role {
    /// A designated authority of one Member State (Art. 15(2)).
    MemberState,
    /// Authorised staff of the Central Unit, for configuration (Art. 13(4)).
    CentralAdmin,
    /// The joint supervisory authority (Art. 20).
    JointSupervisor,
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
    /// Whose it is; `None` for the Central Unit's own.
    pub member_state: Option<MemberState>,
    /// The key, hashed.
    pub key: KeyHash,
}

/// An authority that has shown its key, and the person who is responsible for the request (Art. 16).
#[derive(Debug, Clone)]
pub struct Caller {
    authority: Authority,
    person: String,
}

/// An authority that has shown its key, and has yet to name the responsible person.
#[derive(Debug, Clone)]
pub struct Identified(Authority);

impl Identified {
    /// Names the person (R-AUDIT-1).
    pub fn in_the_name_of(self, person: String) -> Caller {
        Caller { authority: self.0, person }
    }
}

/// Why a caller may not do what it asks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Denied {
    /// Its role does not.
    #[error("this operation is for authorities with the role {0}")]
    Role(&'static str),
}

impl Caller {
    /// Longest name of a person. Unit: characters.
    pub const PERSON_MAX: usize = 128;

    /// Whoever presents a key that hashes to the authority's.
    pub fn authenticated(authority: Authority, key: &Key) -> Option<Identified> {
        authority.key.is_of(key).then_some(Identified(authority))
    }

    /// For the audit.
    pub fn actor(&self) -> Actor {
        Actor { authority: Some(self.authority.id.clone()), person: self.person.clone() }
    }

    /// The right to run the Central Unit.
    pub fn administrator(&self) -> Result<(), Denied> {
        match self.authority.role {
            Role::CentralAdmin => Ok(()),
            Role::MemberState | Role::JointSupervisor => Err(Denied::Role("central-admin")),
        }
    }

    /// The right to supervise all of it.
    pub fn joint_supervisor(&self) -> Result<(), Denied> {
        match self.authority.role {
            Role::JointSupervisor => Ok(()),
            Role::MemberState | Role::CentralAdmin => Err(Denied::Role("joint-supervisor")),
        }
    }

    /// The right to transmit, and to see one State's own data.
    pub fn transmitter(&self) -> Result<Transmitter, Denied> {
        match (self.authority.role, self.authority.member_state) {
            (Role::MemberState, Some(state)) => Ok(Transmitter { state, actor: self.actor() }),
            _ => Err(Denied::Role("member-state")),
        }
    }
}

/// Proof that the caller acts for one Member State (R-ACCESS-1).
#[derive(Debug, Clone)]
pub struct Transmitter {
    state: MemberState,
    actor: Actor,
}

impl Transmitter {
    /// The State.
    pub fn state(&self) -> MemberState {
        self.state
    }

    /// For the audit.
    pub fn actor(&self) -> &Actor {
        &self.actor
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn authority(role: Role, member_state: Option<&str>) -> (Authority, Key) {
        let key = Key::generate("a1").unwrap();
        let member_state = member_state.map(|s| s.parse().unwrap());
        (Authority { id: "a1".into(), name: "x".into(), role, member_state, key: key.hash() }, key)
    }

    #[test]
    fn only_the_right_key_makes_a_caller() {
        let (authority, key) = authority(Role::MemberState, Some("AT"));
        let other = Key::generate("a1").unwrap();
        assert!(Caller::authenticated(authority.clone(), &other).is_none());
        assert!(Caller::authenticated(authority, &key).is_some());
    }

    #[test]
    fn r_access_1_only_a_member_state_transmits_and_only_as_itself() {
        let (state, key) = authority(Role::MemberState, Some("AT"));
        let caller = Caller::authenticated(state, &key).unwrap().in_the_name_of("p".into());
        assert_eq!(caller.transmitter().unwrap().state().to_string(), "AT");
        let (admin, key) = authority(Role::CentralAdmin, None);
        let caller = Caller::authenticated(admin, &key).unwrap().in_the_name_of("p".into());
        assert!(caller.transmitter().is_err());
    }
}
