//! The tables of the rules, written down as they stand there.

use crate::operations::{Fingers, Prints};

/// What a comparison is for: section 3.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Use {
    Never,
    /// Told to the State that asks.
    Told,
    /// For statistics only.
    Counted,
    /// R-BLOCK-2, of the search for a data subject: told to the State of origin, and to nobody else.
    ToOrigin,
}

/// What prints are compared for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    Category(u8),
    DataSubject,
}

/// The table of section 3: what is compared with a stored set of a category, the asking State's own or not, blocked or not.
pub fn use_of(purpose: Purpose, stored: u8, own: bool, blocked: bool, asked_for_own: bool) -> Use {
    match (purpose, stored, own, blocked) {
        (Purpose::Category(1), _, false, false) => Use::Told,
        (Purpose::Category(1), _, true, false) if asked_for_own => Use::Told,
        (Purpose::Category(1), _, false, true) => Use::Counted,
        (Purpose::Category(3), 1, false, false) => Use::Told,
        (Purpose::DataSubject, _, false, true) => Use::ToOrigin,
        (Purpose::DataSubject, ..) => Use::Told,
        _ => Use::Never,
    }
}

/// Years for which a set is kept: R-KEEP-1, R-KEEP-2.
pub fn years(category: u8) -> i16 {
    if category == 1 { 10 } else { 2 }
}

/// R-ERASE-1: grounds, the categories that they are for, and whether decision (b) is needed.
pub const GROUNDS: [(&str, &[u8], bool); 8] = [
    ("union-citizenship", &[1, 2], false),
    ("residence-permit", &[2], false),
    ("left-territory", &[2], false),
    ("member-state-nationality", &[2], false),
    ("factually-inaccurate", &[1, 2], false),
    ("unlawfully-recorded", &[1, 2], false),
    ("member-state-decision", &[1, 2], false),
    // Art. 12(2): the data of the person, of whatever category.
    ("recognised-refugee", &[1, 2], true),
];

/// R-EDIT-2, R-ERASE-4: what can be answered to a notice.
pub fn may_reply(concern: &str, reply: &str) -> bool {
    match concern {
        "factually-inaccurate" => ["amended", "erased", "found-accurate", "no-such-data"].contains(&reply),
        "unlawfully-recorded" => ["amended", "erased", "found-lawful", "no-such-data"].contains(&reply),
        _ => ["erased", "no-such-data"].contains(&reply),
    }
}

/// R-DATA-1: the closed list of each category.
pub fn fields(category: u8) -> &'static [&'static str] {
    match category {
        1 => &["application", "sex", "fingerprints_taken_on", "compare_own", "return_media"],
        2 => &["sex", "fingerprints_taken_on", "compare_own", "return_media"],
        _ => &["ground"],
    }
}

/// R-DATA-2: what is attested.
pub fn attestations(category: u8) -> &'static [&'static str] {
    if category == 2 {
        &["aged_14_or_over", "informed", "not_turned_back"]
    } else {
        &["aged_14_or_over", "informed"]
    }
}

/// Fingers as they are sent: which it is, and the position that was said.
pub fn sent(fingers: Fingers) -> &'static [(u8, u8)] {
    match fingers {
        Fingers::Both => &[(2, 2), (7, 7)],
        Fingers::Right => &[(2, 2)],
        Fingers::Left => &[(7, 7)],
        Fingers::Unknown => &[(2, 0)],
    }
}

/// R-COMP-9: whether two sets of prints have fingers that are compared: like ones, and one of unknown position with all.
pub fn are_compared(one: Prints, other: Prints) -> bool {
    pairs(one, other).next().is_some()
}

/// Whether they are found to be of one person: the same finger was compared.
pub fn match_each_other(one: Prints, other: Prints) -> bool {
    one.person == other.person && pairs(one, other).any(|(a, b)| a == b)
}

/// Pairs of fingers that are compared: which they really are.
fn pairs(one: Prints, other: Prints) -> impl Iterator<Item = (u8, u8)> {
    let all = sent(one.fingers).iter().flat_map(move |a| sent(other.fingers).iter().map(move |b| (a, b)));
    all.filter(|((_, a), (_, b))| a == b || *a == 0 || *b == 0).map(|((a, _), (b, _))| (*a, *b))
}
