//! The registers: who takes part, since when, and which authorities are designated (R-OPS-1, R-ACCESS-3).

use jiff::SignedDuration;

use super::own_data::named;
use super::transmitting::day;
use super::{Authority, Refused, Spec};
use crate::answers::Answer;
use crate::operations::{Call, Day, State, Which};

impl Spec {
    pub(super) fn change_line(
        &mut self,
        call: Call,
        state: State,
        participates: bool,
        ready: bool,
    ) -> Result<Answer, Refused> {
        self.role(call, &["central-admin"])?;
        self.register.retain(|(line, ..)| *line != state);
        self.register.push((state, participates, ready));
        self.record_for("register-changed", Some(call.authority), Some(state));
        Ok(Answer::Done)
    }

    /// R-OPS-1: once, and when every State that takes part is ready.
    pub(super) fn start(&mut self, call: Call, on: Day) -> Result<Answer, Refused> {
        self.role(call, &["central-admin"])?;
        let taking_part: Vec<_> = self.register.iter().filter(|(_, participates, _)| *participates).collect();
        let ready = !taking_part.is_empty() && taking_part.iter().all(|(.., ready)| *ready);
        let mut refused = vec![];
        refused.extend((self.started.is_some() || !ready).then_some("start-not-possible"));
        refused.extend((day(on) < self.today()).then_some("field-invalid"));
        if !refused.is_empty() {
            return Err(refused);
        }
        self.started = Some(day(on));
        self.record("operations-started", Some(call.authority), None);
        Ok(Answer::Done)
    }

    /// R-ACCESS-3.
    pub(super) fn designate(
        &mut self,
        call: Call,
        role: &'static str,
        state: Option<State>,
        days: Option<i16>,
    ) -> Result<Answer, Refused> {
        self.role(call, &["central-admin"])?;
        let of_a_state = ["member-state", "national-supervisor"].contains(&role);
        let fits = of_a_state == state.is_some() && state.is_none_or(|state| self.takes_part(state));
        let ends = days.map(|days| self.now + SignedDuration::from_hours(24 * i64::from(days)));
        if !fits || ends.is_some_and(|ends| ends <= self.now) {
            return Err(vec!["field-invalid"]);
        }
        self.authorities.push(Authority { role, state, keys: vec![ends], revoked: false });
        self.record_for("register-changed", Some(call.authority), state);
        Ok(Answer::Done)
    }

    /// Another key; those before it end, but not later than they would have.
    pub(super) fn rotate(
        &mut self,
        call: Call,
        which: &Which<usize>,
        overlap: u16,
        days: Option<u16>,
    ) -> Result<Answer, Refused> {
        self.role(call, &["central-admin"])?;
        let listed = named(which).filter(|&which| !self.authorities[which].revoked);
        let which = listed.ok_or_else(|| vec!["authority-not-found"])?;
        let until = self.now + SignedDuration::from_hours(overlap.into());
        let ends = days.map(|days| self.now + SignedDuration::from_hours(24 * i64::from(days)));
        let authority = &mut self.authorities[which];
        for key in &mut authority.keys {
            *key = Some(key.map_or(until, |ends| ends.min(until)));
        }
        authority.keys.push(ends);
        let state = authority.state;
        self.record_for("register-changed", Some(call.authority), state);
        Ok(Answer::Done)
    }

    /// Twice is once. Somebody has to be left who can undo it.
    pub(super) fn revoke(&mut self, call: Call, which: &Which<usize>) -> Result<Answer, Refused> {
        self.role(call, &["central-admin"])?;
        let which = named(which).ok_or_else(|| vec!["authority-not-found"])?;
        let others = |(place, other): (usize, &Authority)| {
            place != which && other.role == "central-admin" && !other.revoked
        };
        let authority = &self.authorities[which];
        let last = !authority.revoked
            && authority.role == "central-admin"
            && !self.authorities.iter().enumerate().any(others);
        if last {
            return Err(vec!["last-administrator"]);
        }
        let state = authority.state;
        self.authorities[which].revoked = true;
        self.record_for("register-changed", Some(call.authority), state);
        Ok(Answer::Done)
    }
}
