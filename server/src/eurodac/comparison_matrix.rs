//! The whole comparison matrix of section 3 of the rules, against an oracle that is a table, not a function.
//!
//! Each cell is written out as the page has it, so that a reader can lay the two side by side.

use jiff::civil::date;

use super::*;

/// yes, only if the State asks, for statistics only, never, to the State of origin only.
#[derive(Clone, Copy)]
enum Cell {
    Yes,
    IfAsked,
    Count,
    Never,
    Origin,
}
use Cell::{Count, IfAsked, Never, Origin, Yes};

/// Columns: cat. 1 other, cat. 1 own, cat. 1 blocked other, cat. 2 other, cat. 2 own, cat. 2 blocked other, blocked own.
const TABLE: [(Interrogation, [Cell; 7]); 4] = [
    (Interrogation::Transmission(Category::Applicant), [Yes, IfAsked, Count, Yes, IfAsked, Count, Never]),
    (Interrogation::Transmission(Category::BorderCrossing), [Never; 7]),
    (
        Interrogation::Transmission(Category::IllegallyPresent),
        [Yes, Never, Never, Never, Never, Never, Never],
    ),
    (Interrogation::DataSubject, [Yes, Yes, Origin, Yes, Yes, Origin, Yes]),
];

fn oracle(probe: Interrogation, stored: Category, own: bool, blocked: bool, asked: bool) -> Use {
    let row = TABLE.iter().find(|(interrogation, _)| *interrogation == probe).unwrap().1;
    let column = match (stored, own, blocked) {
        (Category::Applicant, false, false) => 0,
        (Category::Applicant, true, false) => 1,
        (Category::Applicant, false, true) => 2,
        (Category::BorderCrossing, false, false) => 3,
        (Category::BorderCrossing, true, false) => 4,
        (Category::BorderCrossing, false, true) => 5,
        (_, true, true) => 6,
        (Category::IllegallyPresent, ..) => unreachable!("never stored"),
    };
    match row[column] {
        Yes => Use::Told,
        IfAsked if asked => Use::Told,
        Count => Use::Counted,
        Origin => Use::ToOrigin,
        IfAsked | Never => Use::Never,
    }
}

const SEXES: [Sex; 3] = [Sex::Female, Sex::Male, Sex::Unknown];

#[test]
fn r_comp_1_2_3_4_6_7_8_r_right_1_the_whole_matrix_equals_the_table() {
    let today = date(2026, 11, 22);
    let (at, de): (MemberState, MemberState) = ("AT".parse().unwrap(), "DE".parse().unwrap());
    let days = [(today.yesterday().unwrap(), false), (today, true), (today.tomorrow().unwrap(), true)];
    let mut cells = 0;
    for (interrogation, _) in TABLE {
        for category in [Category::Applicant, Category::BorderCrossing] {
            for bits in 0..16u8 {
                let [own, compare_own, blocked, later] = [0, 1, 2, 3].map(|bit| bits >> bit & 1 == 1);
                for (last_day, in_time) in days {
                    for sexes in SEXES.into_iter().flat_map(|a| SEXES.map(|b| (a, b))) {
                        let probe =
                            Probe { interrogation, state: at, compare_own, sex: sexes.0, sequence: 100 };
                        let (state, sequence) = (if own { at } else { de }, if later { 101 } else { 99 });
                        let stored = Stored { category, state, sex: sexes.1, blocked, last_day, sequence };
                        let opposite = matches!(sexes, (Sex::Female, Sex::Male) | (Sex::Male, Sex::Female));
                        let expected = if in_time && !later && !opposite {
                            oracle(interrogation, category, own, blocked, compare_own)
                        } else {
                            Use::Never
                        };
                        assert_eq!(use_of(&probe, &stored, today), expected, "{probe:?} {stored:?}");
                        let scoped = scope(&probe, today).is_some_and(|s| s.allows(&label(&stored).unwrap()));
                        assert_eq!(scoped, expected != Use::Never, "scope: {probe:?} {stored:?}");
                        cells += 1;
                    }
                }
            }
        }
    }
    assert_eq!(cells, 4 * 2 * 16 * 3 * 9);
}

#[test]
fn r_comp_3_category_2_starts_no_search_and_r_comp_5_category_3_has_no_label() {
    let today = date(2026, 11, 22);
    let state: MemberState = "AT".parse().unwrap();
    for compare_own in [false, true] {
        let interrogation = Interrogation::Transmission(Category::BorderCrossing);
        let probe = Probe { interrogation, state, compare_own, sex: Sex::Unknown, sequence: u32::MAX };
        assert_eq!(scope(&probe, today), None);
    }
    let (category, sex) = (Category::IllegallyPresent, Sex::Unknown);
    let stored = Stored { category, state, sex, blocked: false, last_day: today, sequence: 0 };
    assert!(label(&stored).is_none());
}

#[test]
fn r_comp_10_every_partition_tells_its_category_and_state() {
    for (category, state, blocked) in groups() {
        assert_eq!(
            of_partition(partition(category, state, blocked).unwrap()),
            Some((category, state, blocked))
        );
    }
    assert_eq!(groups().count(), 4 * usize::from(MemberState::CODES));
}

#[test]
fn r_comp_11_of_two_sets_the_later_is_compared_with_the_earlier_and_not_the_reverse() {
    let today = date(2026, 11, 22);
    let (at, de): (MemberState, MemberState) = ("AT".parse().unwrap(), "DE".parse().unwrap());
    let interrogation = Interrogation::Transmission(Category::Applicant);
    let as_probe =
        |state, sequence| Probe { interrogation, state, compare_own: false, sex: Sex::Unknown, sequence };
    let as_stored = |state, sequence| Stored {
        category: Category::Applicant,
        state,
        sex: Sex::Unknown,
        blocked: false,
        last_day: today,
        sequence,
    };
    assert_eq!(use_of(&as_probe(de, 8), &as_stored(at, 7), today), Use::Told);
    assert_eq!(use_of(&as_probe(at, 7), &as_stored(de, 8), today), Use::Never);
}
