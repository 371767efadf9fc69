//! Who is asking: authorities, their keys, and what their role lets them do.
//!
//! A handler that needs a right takes the proof of it as an argument: a [`Transmitter`], a [`Supervisor`] and the others can only be
//! made here, from an authenticated authority with the right role. There is no way around it that one could take by accident.

mod authority;
mod key;

pub use authority::{Authority, AuthorityId, AuthorityKey, CertificateHash, Rejected, Role};
pub use key::{Key, KeyHash};

use crate::eurodac::model::MemberState;
use crate::journal::Actor;

/// An authority that has shown its key or its certificate, and the person who is responsible for the request (Art. 16).
#[derive(Debug, Clone)]
pub struct Caller {
    authority: Authority,
    person: String,
}

/// An authority that is authenticated, and has yet to name the responsible person.
#[derive(Debug, Clone)]
pub struct Identified(Authority);

impl Identified {
    /// Whoever presents a key of the authority.
    ///
    /// # Errors
    /// Why it is none.
    pub fn by_key(authority: Authority, key: &Key, now: jiff::Timestamp) -> Result<Self, Rejected> {
        authority.check_key(key, now).map(|()| Self(authority))
    }

    /// Whoever has proved in a handshake that the certificate is theirs.
    ///
    /// # Errors
    /// Why it is not this authority's.
    pub fn by_certificate(authority: Authority, certificate: &CertificateHash) -> Result<Self, Rejected> {
        authority.check_certificate(certificate).map(|()| Self(authority))
    }

    /// Its id.
    pub fn id(&self) -> &str {
        &self.0.id
    }

    /// Its State, if it is of one.
    pub fn member_state(&self) -> Option<MemberState> {
        self.0.member_state
    }

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
    /// A State acts for itself.
    #[error("on_behalf_of is for authorities with the role central-operator")]
    OnBehalf,
    /// A State sees its own data.
    #[error("member_state is for authorities with the role joint-supervisor: a State sees its own data")]
    OwnData,
    /// A supervisor looks at a State's data, and has to say whose.
    #[error("say in member_state whose data")]
    WhoseData,
    /// An operator acts for a State, and has to say for which.
    #[error("a central operator acts on a State's behalf: say which in on_behalf_of")]
    OnWhoseBehalf,
}

type Right<T> = Result<T, Denied>;

impl Caller {
    /// Longest name of a person. Unit: characters.
    pub const PERSON_MAX: usize = 128;

    /// For the audit.
    pub fn actor(&self) -> Actor {
        Actor { authority: Some(self.authority.id.clone()), person: self.person.clone() }
    }

    /// Whose authority it is, if it is one State's.
    pub fn member_state(&self) -> Option<MemberState> {
        self.authority.member_state
    }

    /// The right to transmit, amend, erase and block a State's data: its own authorities', and, on its behalf, the central
    /// operators' (Art. 4(2), 15(3)).
    pub fn transmitter(&self, on_behalf_of: Option<MemberState>) -> Right<Transmitter> {
        let (state, on_behalf) = match (self.authority.role, self.authority.member_state, on_behalf_of) {
            (Role::MemberState, Some(state), None) => (state, false),
            (Role::CentralOperator, _, Some(state)) => (state, true),
            (Role::CentralOperator, _, None) => return Err(Denied::OnWhoseBehalf),
            (Role::MemberState, ..) => return Err(Denied::OnBehalf),
            _ => return Err(Denied::Role("member-state or central-operator")),
        };
        Ok(Transmitter { state, on_behalf, actor: self.actor() })
    }

    /// Whether the role transmits at all, for whomever.
    pub fn may_transmit(&self) -> Right<()> {
        match self.authority.role {
            Role::MemberState | Role::CentralOperator => Ok(()),
            _ => Err(Denied::Role("member-state or central-operator")),
        }
    }

    /// The right to act as a State: what nobody does on its behalf.
    pub fn state(&self) -> Right<Transmitter> {
        match self.authority.role {
            Role::MemberState => self.transmitter(None),
            _ => Err(Denied::Role("member-state")),
        }
    }

    /// The right to see one State's data, which is that State's; and the joint supervisory authority's, which may see any.
    pub fn viewer(&self, of: Option<MemberState>) -> Right<Viewer> {
        match (self.authority.role, self.authority.member_state, of) {
            (Role::MemberState, Some(state), None) => Ok(Viewer { state, actor: self.actor() }),
            (Role::JointSupervisor, _, Some(state)) => Ok(Viewer { state, actor: self.actor() }),
            (Role::JointSupervisor, _, None) => Err(Denied::WhoseData),
            (Role::MemberState, ..) => Err(Denied::OwnData),
            _ => Err(Denied::Role("member-state or joint-supervisor")),
        }
    }

    /// The right to give notice of data that seem wrong: any State's, and the Central Unit's (Art. 15(4)).
    pub fn notifier(&self) -> Right<Notifier> {
        let from = match (self.authority.role, self.authority.member_state) {
            (Role::MemberState, Some(state)) => Some(state),
            (Role::CentralOperator | Role::CentralAdmin, _) => None,
            _ => return Err(Denied::Role("member-state, central-operator or central-admin")),
        };
        Ok(Notifier { from, actor: self.actor() })
    }

    /// The right to configure the Central Unit.
    pub fn administrator(&self) -> Right<Administrator> {
        match self.authority.role {
            Role::CentralAdmin => Ok(Administrator { actor: self.actor() }),
            _ => Err(Denied::Role("central-admin")),
        }
    }

    /// The right to supervise all of it (Art. 20).
    pub fn joint_supervisor(&self) -> Right<Supervisor> {
        match self.authority.role {
            Role::JointSupervisor => Ok(Supervisor { of: None, actor: self.actor() }),
            _ => Err(Denied::Role("joint-supervisor")),
        }
    }

    /// The right to read records of operations: of one State (Art. 19), or all (Art. 20).
    pub fn supervisor(&self) -> Right<Supervisor> {
        match (self.authority.role, self.authority.member_state) {
            (Role::NationalSupervisor, Some(state)) => {
                Ok(Supervisor { of: Some(state), actor: self.actor() })
            }
            (Role::JointSupervisor, _) => Ok(Supervisor { of: None, actor: self.actor() }),
            _ => Err(Denied::Role("national-supervisor or joint-supervisor")),
        }
    }

    /// The right to read statistics and reports (Art. 3(3), 20, 23). No State's: with counts of others it could tell what it
    /// may not know (R-ACCESS-2, R-BLOCK-2).
    pub fn statistician(&self) -> Right<Statistician> {
        match self.authority.role {
            Role::Commission | Role::JointSupervisor | Role::CentralAdmin | Role::CentralOperator => {
                Ok(Statistician { actor: self.actor() })
            }
            _ => Err(Denied::Role("commission, joint-supervisor, central-admin or central-operator")),
        }
    }

    /// The right to read the register of authorities (Art. 15(2)): its keeper's, the Commission's, the supervisor's.
    pub fn register_reader(&self) -> Right<RegisterReader> {
        match self.authority.role {
            Role::Commission | Role::JointSupervisor | Role::CentralAdmin => {
                Ok(RegisterReader { actor: self.actor() })
            }
            _ => Err(Denied::Role("central-admin, commission or joint-supervisor")),
        }
    }
}

/// Proof that the caller acts for one Member State (R-ACCESS-1).
#[derive(Debug, Clone)]
pub struct Transmitter {
    state: MemberState,
    on_behalf: bool,
    actor: Actor,
}

impl Transmitter {
    /// The State.
    pub fn state(&self) -> MemberState {
        self.state
    }

    /// Whether it is the State itself: only then is it told of hits, and shown data (R-HIT-1; Art. 13(4)).
    pub fn is_the_state(&self) -> bool {
        !self.on_behalf
    }

    /// For the audit.
    pub fn actor(&self) -> &Actor {
        &self.actor
    }
}

/// Proof that the caller may see a State's data.
#[derive(Debug, Clone)]
pub struct Viewer {
    state: MemberState,
    actor: Actor,
}

impl Viewer {
    /// The State.
    pub fn state(&self) -> MemberState {
        self.state
    }

    /// For the audit.
    pub fn actor(&self) -> &Actor {
        &self.actor
    }
}

/// Proof that the caller may give notices.
#[derive(Debug, Clone)]
pub struct Notifier {
    from: Option<MemberState>,
    actor: Actor,
}

impl Notifier {
    /// The State; `None`: the Central Unit.
    pub fn from(&self) -> Option<MemberState> {
        self.from
    }

    /// For the audit.
    pub fn actor(&self) -> &Actor {
        &self.actor
    }
}

/// Proof that the caller supervises.
#[derive(Debug, Clone)]
pub struct Supervisor {
    of: Option<MemberState>,
    actor: Actor,
}

impl Supervisor {
    /// The State whose processing it supervises; `None`: all of it.
    pub fn of(&self) -> Option<MemberState> {
        self.of
    }

    /// For the audit.
    pub fn actor(&self) -> &Actor {
        &self.actor
    }
}

macro_rules! rights {
    ($($(#[$doc:meta])* $name:ident;)*) => {$(
        $(#[$doc])*
        #[derive(Debug, Clone)]
        pub struct $name {
            actor: Actor,
        }

        impl $name {
            /// For the audit.
            pub fn actor(&self) -> &Actor {
                &self.actor
            }
        }
    )*};
}

rights! {
    /// Proof that the caller configures the Central Unit.
    Administrator;
    /// Proof that the caller may read statistics.
    Statistician;
    /// Proof that the caller may read the register of authorities.
    RegisterReader;
}

#[cfg(test)]
mod tests {
    use super::*;

    fn caller(role: Role) -> Caller {
        let key = Key::generate("a1").unwrap();
        let authority = Authority {
            id: "a1".into(),
            name: "x".into(),
            role,
            member_state: role.is_of_a_state().then(|| "AT".parse().unwrap()),
            keys: vec![AuthorityKey { hash: key.hash(), expires_at: None }],
            certificate: None,
            revoked_at: None,
        };
        let identified = Identified::by_key(authority, &key, jiff::Timestamp::UNIX_EPOCH).unwrap();
        identified.in_the_name_of("p".into())
    }

    /// Section 1 of the rules, a column a right: a State's own, on its behalf, its notices, its view, any view, configuration, all
    /// supervision, some supervision, statistics, the register.
    const TABLE: [(Role, [bool; 10]); 6] = {
        let (y, n) = (true, false);
        [
            (Role::MemberState, [y, n, y, y, n, n, n, n, n, n]),
            (Role::CentralOperator, [n, y, y, n, n, n, n, n, y, n]),
            (Role::CentralAdmin, [n, n, y, n, n, y, n, n, y, y]),
            (Role::NationalSupervisor, [n, n, n, n, n, n, n, y, n, n]),
            (Role::JointSupervisor, [n, n, n, n, y, n, y, y, y, y]),
            (Role::Commission, [n, n, n, n, n, n, n, n, y, y]),
        ]
    };

    #[test]
    fn r_access_1_5_every_role_has_its_rights_and_no_other() {
        let state: MemberState = "AT".parse().unwrap();
        for (role, expected) in TABLE {
            let caller = caller(role);
            let rights = [
                caller.state().is_ok() && caller.transmitter(None).is_ok(),
                caller.transmitter(Some(state)).is_ok(),
                caller.notifier().is_ok(),
                caller.viewer(None).is_ok(),
                caller.viewer(Some(state)).is_ok(),
                caller.administrator().is_ok(),
                caller.joint_supervisor().is_ok(),
                caller.supervisor().is_ok(),
                caller.statistician().is_ok(),
                caller.register_reader().is_ok(),
            ];
            assert_eq!(rights, expected, "{role:?}");
        }
        assert_eq!(TABLE.map(|(role, _)| role), Role::ALL);
    }

    #[test]
    fn r_access_1_a_state_acts_as_itself_and_an_operator_says_for_whom() {
        let other: MemberState = "DE".parse().unwrap();
        let own = caller(Role::MemberState).transmitter(None).unwrap();
        assert!(own.state().to_string() == "AT" && own.is_the_state());
        assert_eq!(caller(Role::MemberState).transmitter(Some(other)).unwrap_err(), Denied::OnBehalf);
        let operator = caller(Role::CentralOperator).transmitter(Some(other)).unwrap();
        assert!(operator.state() == other && !operator.is_the_state());
        assert_eq!(caller(Role::NationalSupervisor).supervisor().unwrap().of(), Some("AT".parse().unwrap()));
        assert_eq!(caller(Role::JointSupervisor).supervisor().unwrap().of(), None);
    }
}
