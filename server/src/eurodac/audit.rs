//! How long the records of operations are kept, and what a monitoring procedure holds of them (Art. 16(2)).

use jiff::{Span, Timestamp};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use super::model::MemberState;
use super::retention::in_legal_time;

/// R-AUDIT-4: records from before this are destroyed, unless a procedure holds them. A calendar year, in the legal time zone.
pub fn kept_from(now: Timestamp) -> Timestamp {
    in_legal_time(now).saturating_sub(Span::new().years(1)).timestamp()
}

/// R-AUDIT-5: a monitoring procedure that has begun, and which records of operations it needs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Procedure {
    /// Opaque.
    pub id: Uuid,
    /// What it is about, in the words of whoever began it.
    pub reason: String,
    /// It holds records of operations from this moment on,
    #[schema(value_type = String, format = DateTime)]
    pub from: Timestamp,
    /// up to this one, which is not in it.
    #[schema(value_type = String, format = DateTime)]
    pub until: Timestamp,
    /// Only those of operations for this State; all where there is none.
    #[schema(value_type = Option<String>)]
    pub member_state: Option<MemberState>,
    /// When it was begun.
    #[schema(value_type = String, format = DateTime)]
    pub opened_at: Timestamp,
    /// When it was closed.
    #[schema(value_type = Option<String>, format = DateTime)]
    pub closed_at: Option<Timestamp>,
}

impl Procedure {
    /// Whether it holds the record of an operation at this time, for this State.
    pub fn holds(&self, at: Timestamp, state: Option<MemberState>) -> bool {
        let named = self.member_state.is_none_or(|wanted| state == Some(wanted));
        self.closed_at.is_none() && (self.from..self.until).contains(&at) && named
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    #[test]
    fn r_audit_4_a_year_is_a_calendar_year_in_the_legal_time_zone() {
        let cases = [
            ("2026-11-22T10:00:00Z", "2025-11-22T10:00:00Z"),
            // Summer time in the one year, and in the other not: the same hour on the clock.
            ("2026-10-25T10:00:00Z", "2025-10-25T09:00:00Z"),
            ("2028-02-29T12:00:00Z", "2027-02-28T12:00:00Z"),
            ("2029-02-28T12:00:00Z", "2028-02-28T12:00:00Z"),
        ];
        for (now, from) in cases {
            assert_eq!(kept_from(at(now)), at(from), "{now}");
        }
    }

    #[test]
    fn r_audit_5_a_procedure_holds_what_it_names_until_it_is_closed() {
        let (austria, germany) = ("AT".parse().unwrap(), "DE".parse().unwrap());
        let mut procedure = Procedure {
            id: Uuid::from_u128(1),
            reason: "x".into(),
            from: at("2026-01-01T00:00:00Z"),
            until: at("2026-02-01T00:00:00Z"),
            member_state: Some(austria),
            opened_at: at("2026-03-01T00:00:00Z"),
            closed_at: None,
        };
        let inside = at("2026-01-31T23:59:59.9Z");
        assert!(procedure.holds(procedure.from, Some(austria)) && procedure.holds(inside, Some(austria)));
        assert!(!procedure.holds(procedure.until, Some(austria)) && !procedure.holds(inside, Some(germany)));
        assert!(!procedure.holds(inside, None));
        procedure.member_state = None;
        assert!(procedure.holds(inside, None) && procedure.holds(inside, Some(germany)));
        procedure.closed_at = Some(at("2026-04-01T00:00:00Z"));
        assert!(!procedure.holds(inside, None));
    }
}
