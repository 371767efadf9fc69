//! The registers of Member States and designated authorities, and the start of operations (Art. 15(2), 26(2)).

use jiff::Timestamp;
use jiff::civil::Date;
use uuid::Uuid;

use super::{CentralUnit, OperationError, today};
use crate::access::{Administrator, Authority, AuthorityKey, CertificateHash, Key, Role};
use crate::eurodac::model::MemberState;
use crate::eurodac::operation::Operation;
use crate::eurodac::start::{Participant, may_start, takes_part};
use crate::journal::{AuditRecord, Change, Effect, Event};

/// An authority that has no key yet.
#[derive(Debug, Clone)]
pub struct NewAuthority {
    /// For people.
    pub name: String,
    /// What it is.
    pub role: Role,
    /// Whose.
    pub member_state: Option<MemberState>,
    /// When its key ends.
    pub expires_at: Option<Timestamp>,
    /// What it may show instead of a key.
    pub certificate: Option<CertificateHash>,
}

/// Longest name of an authority. Unit: characters.
const NAME_MAX: usize = 200;

impl NewAuthority {
    /// R-ACCESS-3: whether it can be on the list.
    ///
    /// # Errors
    /// The field that is wrong, and why.
    pub fn check(&self, states: &[Participant], now: Timestamp) -> Result<(), (&'static str, String)> {
        let name = self.name.trim();
        if !(1..=NAME_MAX).contains(&name.chars().count()) || name.chars().any(char::is_control) {
            return Err((
                "name",
                format!("must be 1 to {NAME_MAX} characters, none of them a control character"),
            ));
        }
        if self.role.is_of_a_state() != self.member_state.is_some() {
            let detail = "goes with the roles member-state and national-supervisor, and with no other";
            return Err(("member_state", detail.into()));
        }
        if self.member_state.is_some_and(|state| !takes_part(states, state)) {
            return Err(("member_state", "does not take part".into()));
        }
        if self.expires_at.is_some_and(|at| at <= now) {
            return Err(("expires_at", "has passed".into()));
        }
        Ok(())
    }

    /// The authority, with an id and a key of its own.
    ///
    /// # Errors
    /// The operating system gave no random bytes.
    pub fn with_key(self) -> Result<(Authority, Key), getrandom::Error> {
        let id = Uuid::new_v4().simple().to_string()[..12].to_owned();
        let key = Key::generate(&id)?;
        let NewAuthority { name, role, member_state, expires_at, certificate } = self;
        let keys = vec![AuthorityKey { hash: key.hash(), expires_at }];
        Ok((Authority { id, name, role, member_state, keys, certificate, revoked_at: None }, key))
    }
}

impl CentralUnit {
    /// R-OPS-1: a State's line in the register. One that takes part in nothing any more keeps its data, and transmits none. One that was
    /// ready already stays so since then.
    pub fn register(
        &self,
        member_state: MemberState,
        participates: bool,
        ready: bool,
        administrator: &Administrator,
    ) -> Result<Participant, OperationError> {
        let _claim = self.claims.claim("register".into());
        let before = self.database.participants()?.into_iter().find(|line| line.member_state == member_state);
        let since = before.and_then(|line| line.ready_since).unwrap_or_else(|| today(self.now()));
        let line = Participant { member_state, participates, ready_since: ready.then_some(since) };
        let audit = AuditRecord { member_state: Some(member_state), ..self.changed(administrator) };
        self.database.record(Event::new(audit, Change::Plain(Effect::Participant(line))))?;
        Ok(line)
    }

    /// R-OPS-1: operations start on this day: today, or one ahead.
    pub fn start_operations(&self, on: Date, administrator: &Administrator) -> Result<(), OperationError> {
        let _claim = self.claims.claim("register".into());
        may_start(&self.database.participants()?, self.database.started()?)
            .map_err(OperationError::NoStart)?;
        if on < today(self.now()) {
            return Err(OperationError::StartInThePast);
        }
        let actor = administrator.actor().clone();
        let audit = AuditRecord::of(self.now(), Operation::OperationsStarted, actor);
        Ok(self.database.record(Event::new(audit, Change::Plain(Effect::OperationsStarted(on))))?)
    }

    /// R-ACCESS-3: puts an authority on the list; gives its key, which is stored nowhere.
    pub fn designate(
        &self,
        new: NewAuthority,
        administrator: &Administrator,
    ) -> Result<(Authority, Key), OperationError> {
        let _claim = self.claims.claim("register".into());
        new.check(&self.database.participants()?, self.now())
            .map_err(|(field, detail)| OperationError::Field { field, detail })?;
        self.refuse_certificate_in_use(new.certificate.as_ref())?;
        let (authority, key) = new.with_key().map_err(OperationError::random)?;
        self.put(authority.clone(), administrator)?;
        Ok((authority, key))
    }

    /// Gives an authority another key; those before it end at `until`.
    pub fn rotate_key(
        &self,
        id: &str,
        expires_at: Option<Timestamp>,
        until: Timestamp,
        administrator: &Administrator,
    ) -> Result<(Authority, Key), OperationError> {
        let _claim = self.claims.claim("register".into());
        let authority = self.listed(id)?;
        let key = Key::generate(id).map_err(OperationError::random)?;
        let now = self.now();
        let mut authority = authority.with_key(key.hash(), expires_at, until);
        // What has ended can be forgotten.
        authority.keys.retain(|key| key.expires_at.is_none_or(|at| at > now));
        self.put(authority.clone(), administrator)?;
        Ok((authority, key))
    }

    /// R-ACCESS-3: takes an authority off the list: from now on it has no access. Its line stays, so that the audit can be read. Twice
    /// is once.
    pub fn revoke(&self, id: &str, administrator: &Administrator) -> Result<(), OperationError> {
        let _claim = self.claims.claim("register".into());
        let authority = self.database.authority(id)?.ok_or(OperationError::AuthorityNotFound)?;
        if authority.revoked_at.is_some() {
            let audit = AuditRecord { member_state: authority.member_state, ..self.changed(administrator) };
            return Ok(self.database.record(Event::of(audit))?);
        }
        let admins = |a: &Authority| a.role == Role::CentralAdmin && a.revoked_at.is_none() && a.id != id;
        if authority.role == Role::CentralAdmin && !self.database.authorities()?.iter().any(admins) {
            return Err(OperationError::LastAdministrator);
        }
        self.put(Authority { revoked_at: Some(self.now()), ..authority }, administrator)
    }

    fn listed(&self, id: &str) -> Result<Authority, OperationError> {
        let found = self.database.authority(id)?.filter(|authority| authority.revoked_at.is_none());
        found.ok_or(OperationError::AuthorityNotFound)
    }

    fn refuse_certificate_in_use(&self, certificate: Option<&CertificateHash>) -> Result<(), OperationError> {
        let taken = certificate.is_some()
            && self
                .database
                .authorities()?
                .iter()
                .any(|authority| authority.certificate.as_ref() == certificate);
        if taken {
            let detail = "is another authority's".into();
            return Err(OperationError::Field { field: "certificate_sha256", detail });
        }
        Ok(())
    }

    fn put(&self, authority: Authority, administrator: &Administrator) -> Result<(), OperationError> {
        let audit = AuditRecord { member_state: authority.member_state, ..self.changed(administrator) };
        Ok(self.database.record(Event::new(audit, Change::Plain(Effect::Authority(authority))))?)
    }

    fn changed(&self, administrator: &Administrator) -> AuditRecord {
        AuditRecord::of(self.now(), Operation::RegisterChanged, administrator.actor().clone())
    }
}
