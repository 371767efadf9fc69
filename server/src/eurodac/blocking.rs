//! Blocking of the data of recognised refugees, and the one decision on them (Art. 12).

use jiff::Span;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// R-BLOCK-3: what is decided about blocked data, once.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Decision {
    /// Art. 12(2)(a): all are unblocked, and nothing is blocked any more.
    Unblock,
    /// Art. 12(2)(b): all blocked data are erased, and from now on `recognised-refugee` is a ground of erasure.
    Erase,
}

/// Why no decision can be recorded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NoDecision {
    /// Operations have not started, or not for long enough; the first day, where there is one.
    TooEarly(Option<Date>),
    /// There is one.
    Decided,
}

/// R-BLOCK-1: whether data can be blocked. After the decision they cannot: (a) ends the procedure, and (b) erases them instead.
pub fn may_block(decided: Option<Decision>) -> bool {
    decided.is_none()
}

/// R-ERASE-1: whether `recognised-refugee` is a ground of erasure.
pub fn refugees_are_erased(decided: Option<Decision>) -> bool {
    decided == Some(Decision::Erase)
}

/// R-BLOCK-3: the first day on which there can be a decision: five calendar years after operations started.
pub fn decision_from(start: Date) -> Date {
    start.saturating_add(Span::new().years(5))
}

/// R-BLOCK-3: whether the decision can be recorded today.
///
/// # Errors
/// Why not.
pub fn may_decide(start: Option<Date>, decided: Option<Decision>, today: Date) -> Result<(), NoDecision> {
    let from = start.map(decision_from);
    if decided.is_some() {
        Err(NoDecision::Decided)
    } else if from.is_some_and(|from| from <= today) {
        Ok(())
    } else {
        Err(NoDecision::TooEarly(from))
    }
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;

    #[test]
    fn r_block_3_one_decision_and_not_before_five_years() {
        let start = date(2026, 11, 22);
        let cases = [
            (None, None, date(2040, 1, 1), Err(NoDecision::TooEarly(None))),
            (Some(start), None, date(2031, 11, 21), Err(NoDecision::TooEarly(Some(date(2031, 11, 22))))),
            (Some(start), None, date(2031, 11, 22), Ok(())),
            (Some(date(2024, 2, 29)), None, date(2029, 2, 28), Ok(())),
            (Some(start), Some(Decision::Erase), date(2040, 1, 1), Err(NoDecision::Decided)),
            (Some(start), Some(Decision::Unblock), date(2040, 1, 1), Err(NoDecision::Decided)),
        ];
        for (start, decided, today, expected) in cases {
            assert_eq!(may_decide(start, decided, today), expected, "{start:?} {decided:?} {today}");
        }
    }

    #[test]
    fn r_block_1_3_what_each_decision_changes() {
        let all = [None, Some(Decision::Unblock), Some(Decision::Erase)];
        assert_eq!(all.map(may_block), [true, false, false]);
        assert_eq!(all.map(refugees_are_erased), [false, false, true]);
    }
}
