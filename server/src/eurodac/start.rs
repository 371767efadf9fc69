//! The Member States that take part, and the start of operations (Art. 26(2)).

use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::model::MemberState;

/// A State's line in the register.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Participant {
    /// The State.
    pub member_state: MemberState,
    /// Whether it takes part.
    pub participates: bool,
    /// Art. 26(2)(a): the day on which it notified that it is ready; none: it has not.
    #[schema(value_type = Option<String>, format = Date)]
    pub ready_since: Option<Date>,
}

/// Why operations cannot start.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NoStart {
    /// They have, on this day.
    Started(Date),
    /// No State takes part.
    NobodyTakesPart,
    /// These have not notified that they are ready.
    NotReady(Vec<MemberState>),
}

/// R-OPS-1: whether operations can start: once every participating State has notified that it is ready.
///
/// # Errors
/// Why not.
pub fn may_start(states: &[Participant], started: Option<Date>) -> Result<(), NoStart> {
    if let Some(day) = started {
        return Err(NoStart::Started(day));
    }
    let taking_part = || states.iter().filter(|state| state.participates);
    let waiting: Vec<_> =
        taking_part().filter(|state| state.ready_since.is_none()).map(|state| state.member_state).collect();
    match (taking_part().count(), waiting.is_empty()) {
        (0, _) => Err(NoStart::NobodyTakesPart),
        (_, false) => Err(NoStart::NotReady(waiting)),
        (_, true) => Ok(()),
    }
}

/// R-OPS-1: whether transmissions are taken today.
pub fn is_in_operation(started: Option<Date>, today: Date) -> bool {
    started.is_some_and(|day| day <= today)
}

/// Whether a State takes part.
pub fn takes_part(states: &[Participant], state: MemberState) -> bool {
    states.iter().any(|line| line.member_state == state && line.participates)
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;

    #[test]
    fn r_ops_1_operations_start_when_every_participating_state_is_ready() {
        let day = date(2026, 11, 22);
        let state = |text: &str, participates, ready| Participant {
            member_state: text.parse().unwrap(),
            participates,
            ready_since: if ready { Some(day) } else { None },
        };
        let (at, de, waiting) =
            (state("AT", true, true), state("DE", false, false), state("FR", true, false));
        assert_eq!(may_start(&[], None), Err(NoStart::NobodyTakesPart));
        assert_eq!(may_start(&[de], None), Err(NoStart::NobodyTakesPart));
        assert_eq!(may_start(&[at, de, waiting], None), Err(NoStart::NotReady(vec![waiting.member_state])));
        assert_eq!(may_start(&[at, de], None), Ok(()));
        assert_eq!(may_start(&[at], Some(day)), Err(NoStart::Started(day)));
        let days = [day.yesterday().unwrap(), day, day.tomorrow().unwrap()];
        assert_eq!(days.map(|today| is_in_operation(Some(day), today)), [false, true, true]);
        assert!(!is_in_operation(None, day));
        assert!(takes_part(&[at, de], at.member_state) && !takes_part(&[at, de], de.member_state));
    }
}
