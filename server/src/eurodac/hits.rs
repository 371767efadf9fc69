//! Hits: who is told, what an expert says of them, and what follows from that (Art. 4(5), 4(6)).

use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::comparison::Stored;
use super::model::MemberState;

/// R-HIT-4: what an expert of the State of origin of the probe found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    /// The prints are of one person.
    Confirmed,
    /// They are of two.
    FalseMatch,
    /// It cannot be said: the result is unreliable.
    Unreliable,
}

impl Verdict {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Confirmed, Self::FalseMatch, Self::Unreliable];

    /// R-HIT-4: whether the copy of the other State's data that is held for delivery is erased at once.
    pub fn erases_the_copy(self) -> bool {
        matches!(self, Self::FalseMatch | Self::Unreliable)
    }
}

/// Whether the data of a matched set may be delivered to the recipient of its hit: R-HIT-4 not after it was found to be of another
/// person, R-COMP-7 not past their retention, R-COMP-6 not blocked since.
pub fn may_deliver(verdict: Option<Verdict>, matched: &Stored, today: Date) -> bool {
    !verdict.is_some_and(Verdict::erases_the_copy) && today <= matched.last_day && !matched.blocked
}

/// R-ERASE-4: whether the recipient of a hit is told that the matched data were erased in advance. One that found it to be of
/// another person has no copy any more.
pub fn is_told_of_erasure(verdict: Option<Verdict>) -> bool {
    !verdict.is_some_and(Verdict::erases_the_copy)
}

/// R-HIT-4, R-ACCESS-1: whose hit it is: the State of origin of the probe verifies it, and nobody else sees it.
pub fn is_of(recipient: MemberState, viewer: MemberState) -> bool {
    recipient == viewer
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;
    use crate::eurodac::model::{Category, Sex};

    #[test]
    fn r_hit_4_r_erase_4_every_verdict_day_and_blocking() {
        let today = date(2026, 11, 22);
        let state: MemberState = "AT".parse().unwrap();
        let verdicts = [None, Some(Verdict::Confirmed), Some(Verdict::FalseMatch), Some(Verdict::Unreliable)];
        for (verdict, kept) in verdicts.into_iter().zip([true, true, false, false]) {
            for blocked in [false, true] {
                for (last_day, in_time) in [(today, true), (date(2026, 11, 21), false)] {
                    let (category, sex) = (Category::Applicant, Sex::Unknown);
                    let stored = Stored { category, state, sex, blocked, last_day, sequence: 0 };
                    let expected = kept && !blocked && in_time;
                    assert_eq!(may_deliver(verdict, &stored, today), expected, "{verdict:?} {stored:?}");
                }
            }
            assert_eq!(is_told_of_erasure(verdict), kept, "{verdict:?}");
        }
    }

    #[test]
    fn r_hit_4_every_pair_of_states() {
        for recipient in MemberState::all() {
            for viewer in MemberState::all() {
                assert_eq!(is_of(recipient, viewer), recipient.to_string() == viewer.to_string());
            }
        }
    }
}
