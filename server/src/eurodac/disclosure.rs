//! Who sees what (Art. 4(5), 15(1)).

use jiff::civil::Date;

use super::comparison::Stored;
use super::model::{Category, MemberState};

/// R-ACCESS-1: a State sees the data that it transmitted, and nothing else but hits. R-COMP-7: not past their retention.
///
/// R-ACCESS-2: the caller answers "no" with the very answer that it gives for a record that does not exist.
pub fn may_see(viewer: MemberState, stored: &Stored, today: Date) -> bool {
    viewer == stored.state && today <= stored.last_day
}

/// R-HIT-1: the State that gets the result of a comparison: the State of origin of the probe, and no other.
/// `None` for category 2, which is never compared.
pub fn recipient_of_result(category: Category, origin: MemberState) -> Option<MemberState> {
    (category != Category::BorderCrossing).then_some(origin)
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;
    use crate::eurodac::model::Sex;

    fn stored(state: MemberState, last_day: Date, blocked: bool) -> Stored {
        let (category, sex) = (Category::Applicant, Sex::Unknown);
        Stored { category, state, sex, blocked, last_day, sequence: 0 }
    }

    #[test]
    fn r_access_1_every_pair_of_states() {
        let today = date(2026, 11, 22);
        for viewer in MemberState::all() {
            for origin in MemberState::all() {
                let own = viewer.to_string() == origin.to_string();
                assert_eq!(may_see(viewer, &stored(origin, today, false), today), own);
                assert_eq!(may_see(viewer, &stored(origin, today, true), today), own, "blocked: R-BLOCK-2");
            }
        }
    }

    #[test]
    fn r_comp_7_nothing_is_shown_past_its_retention() {
        let (today, at) = (date(2026, 11, 22), "AT".parse().unwrap());
        let expired = stored(at, date(2026, 11, 21), false);
        assert!(!may_see(at, &expired, today) && may_see(at, &stored(at, today, false), today));
    }

    #[test]
    fn r_hit_1_the_result_goes_to_the_state_of_origin_of_the_probe() {
        let at: MemberState = "AT".parse().unwrap();
        assert_eq!(recipient_of_result(Category::Applicant, at), Some(at));
        assert_eq!(recipient_of_result(Category::IllegallyPresent, at), Some(at));
        assert_eq!(recipient_of_result(Category::BorderCrossing, at), None);
    }
}
