//! Erasure before the end of the period (Art. 7, 10(2), 12(2), 15(3), 18(5)).

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::model::Category;

/// Why a State erases its data in advance (R-ERASE-1).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
#[schema(as = GroundOfErasure)]
pub enum Ground {
    /// Art. 7, 10(2)(c): the person has acquired the citizenship of any Member State.
    UnionCitizenship,
    /// Art. 10(2)(a): the person was issued a residence permit.
    ResidencePermit,
    /// Art. 10(2)(b): the person has left the territory of the Member States.
    LeftTerritory,
    /// Art. 10(2)(c), as its text says it.
    MemberStateNationality,
    /// Art. 15(3), 18(5): the data are factually inaccurate.
    FactuallyInaccurate,
    /// Art. 15(3), 18(5): the data were recorded unlawfully.
    UnlawfullyRecorded,
    /// Art. 15(3): the State of origin has so decided.
    MemberStateDecision,
    /// Art. 12(2)(b): the person was recognised and admitted as a refugee.
    RecognisedRefugee,
}

impl Ground {
    /// All of them.
    pub const ALL: [Self; 8] = [
        Self::UnionCitizenship,
        Self::ResidencePermit,
        Self::LeftTerritory,
        Self::MemberStateNationality,
        Self::FactuallyInaccurate,
        Self::UnlawfullyRecorded,
        Self::MemberStateDecision,
        Self::RecognisedRefugee,
    ];
}

/// R-ERASE-1: whether data of a category may be erased on a ground. `refugees_are_erased`: decision (b) of Art. 12(2) is on record
/// (R-BLOCK-3).
pub fn may_erase(category: Category, ground: Ground, refugees_are_erased: bool) -> bool {
    use Ground as G;
    match ground {
        G::FactuallyInaccurate | G::UnlawfullyRecorded | G::MemberStateDecision => {
            category != Category::IllegallyPresent
        }
        G::UnionCitizenship => category != Category::IllegallyPresent,
        G::ResidencePermit | G::LeftTerritory | G::MemberStateNationality => {
            category == Category::BorderCrossing
        }
        // Art. 12(2): the data of the person, whatever they were transmitted for; as it is with those that were blocked.
        G::RecognisedRefugee => category != Category::IllegallyPresent && refugees_are_erased,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn r_erase_1_every_ground_for_every_category() {
        let table = [
            ("union-citizenship", [true, true, false]),
            ("residence-permit", [false, true, false]),
            ("left-territory", [false, true, false]),
            ("member-state-nationality", [false, true, false]),
            ("factually-inaccurate", [true, true, false]),
            ("unlawfully-recorded", [true, true, false]),
            ("member-state-decision", [true, true, false]),
            ("recognised-refugee", [false, false, false]),
        ];
        assert_eq!(table.len(), Ground::ALL.len());
        for (name, expected) in table {
            let ground: Ground = serde_json::from_value(name.into()).unwrap();
            assert_eq!(Category::ALL.map(|category| may_erase(category, ground, false)), expected, "{name}");
            let decided = Category::ALL.map(|category| may_erase(category, ground, true));
            let with = if name == "recognised-refugee" { [true, true, false] } else { expected };
            assert_eq!(decided, with, "{name}, after decision (b)");
        }
    }
}
