//! The whole comparison matrix of section 3 of the rules, against an oracle that is a table, not a function.
//!
//! Each cell is written out as the page has it, so that a reader can lay the two side by side.

use jiff::civil::date;

use super::*;

/// yes, only if the State asks, never. "For statistics only" is "never" here: no hit may come of it (R-COMP-6).
#[derive(Clone, Copy)]
enum Cell {
    Yes,
    IfAsked,
    Never,
}
use Cell::{IfAsked, Never, Yes};

/// Columns: cat. 1 other, cat. 1 own, cat. 1 blocked other, cat. 2 other, cat. 2 own, cat. 2 blocked other, blocked own.
const TABLE: [(Category, [Cell; 7]); 3] = [
    (Category::Applicant, [Yes, IfAsked, Never, Yes, IfAsked, Never, Never]),
    (Category::BorderCrossing, [Never, Never, Never, Never, Never, Never, Never]),
    (Category::IllegallyPresent, [Yes, Never, Never, Never, Never, Never, Never]),
];

fn oracle(probe: Category, stored: Category, own: bool, blocked: bool, asked: bool) -> bool {
    let row = TABLE.iter().find(|(category, _)| *category == probe).unwrap().1;
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
        Yes => true,
        IfAsked => asked,
        Never => false,
    }
}

#[test]
fn r_comp_1_2_3_4_6_7_the_whole_matrix_equals_the_table() {
    let today = date(2026, 11, 22);
    let (at, de): (MemberState, MemberState) = ("AT".parse().unwrap(), "DE".parse().unwrap());
    let days = [(today.yesterday().unwrap(), false), (today, true), (today.tomorrow().unwrap(), true)];
    let mut cells = 0;
    for probe_category in Category::ALL {
        for stored_category in [Category::Applicant, Category::BorderCrossing] {
            for bits in 0..16u8 {
                let [own, compare_own, blocked, later] = [0, 1, 2, 3].map(|bit| bits >> bit & 1 == 1);
                for (last_day, in_time) in days {
                    let probe = Probe { category: probe_category, state: at, compare_own, sequence: 100 };
                    let state = if own { at } else { de };
                    let sequence = if later { 101 } else { 99 };
                    let stored = Stored { category: stored_category, state, blocked, last_day, sequence };
                    let expected = in_time
                        && !later
                        && oracle(probe_category, stored_category, own, blocked, compare_own);
                    assert_eq!(may_be_compared(&probe, &stored, today), expected, "{probe:?} {stored:?}");
                    let scoped = scope(&probe, today).is_some_and(|s| s.allows(&label(&stored).unwrap()));
                    assert_eq!(scoped, expected, "scope: {probe:?} {stored:?}");
                    cells += 1;
                }
            }
        }
    }
    assert_eq!(cells, 3 * 2 * 16 * 3);
}

#[test]
fn r_comp_3_category_2_starts_no_search_and_r_comp_5_category_3_has_no_label() {
    let today = date(2026, 11, 22);
    let state: MemberState = "AT".parse().unwrap();
    for compare_own in [false, true] {
        let probe = Probe { category: Category::BorderCrossing, state, compare_own, sequence: u32::MAX };
        assert_eq!(scope(&probe, today), None);
    }
    let stored =
        Stored { category: Category::IllegallyPresent, state, blocked: false, last_day: today, sequence: 0 };
    assert!(label(&stored).is_none());
}

#[test]
fn r_comp_10_every_partition_tells_its_category_and_state() {
    for category in [Category::Applicant, Category::BorderCrossing] {
        for state in MemberState::all() {
            assert_eq!(of_partition(partition(category, state).unwrap()), Some((category, state)));
        }
    }
}

#[test]
fn r_comp_11_of_two_sets_the_later_is_compared_with_the_earlier_and_not_the_reverse() {
    let today = date(2026, 11, 22);
    let (at, de): (MemberState, MemberState) = ("AT".parse().unwrap(), "DE".parse().unwrap());
    let as_probe =
        |state, sequence| Probe { category: Category::Applicant, state, compare_own: false, sequence };
    let as_stored = |state, sequence| Stored {
        category: Category::Applicant,
        state,
        blocked: false,
        last_day: today,
        sequence,
    };
    assert!(may_be_compared(&as_probe(de, 8), &as_stored(at, 7), today));
    assert!(!may_be_compared(&as_probe(at, 7), &as_stored(de, 8), today));
}
