//! Hits by pair of States (R-STAT-1, Art. 23(1)): whose probe found whose set.

use std::collections::BTreeSet;

use serde::Serialize;
use utoipa::ToSchema;

use super::Statistics;
use crate::eurodac::model::{Category, MemberState};

/// Pairs of categories between which the law knows hits (Art. 4(3), 9(1), 11(2)).
const PAIRS: [(Category, Category); 3] = [
    (Category::Applicant, Category::Applicant),
    (Category::Applicant, Category::BorderCrossing),
    (Category::IllegallyPresent, Category::Applicant),
];

/// Hits of one category on another.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct HitMatrix {
    /// Category of the probes.
    #[schema(value_type = u8, minimum = 1, maximum = 3)]
    pub probe_category: Category,
    /// Category of the sets that were found.
    #[schema(value_type = u8, minimum = 1, maximum = 2)]
    pub category: Category,
    /// All hits.
    pub total: i64,
    /// Those of a State on its own sets (Art. 4(4)).
    pub own: i64,
    /// Those on sets of another State.
    pub foreign: i64,
    /// States that occur, in the order of rows and columns.
    pub member_states: Vec<MemberState>,
    /// A row for each State of a probe, a column for each State whose sets were found.
    pub counts: Vec<Vec<i64>>,
}

impl HitMatrix {
    /// One for each pair of categories, hits or not.
    pub fn all(counted: &Statistics) -> Vec<Self> {
        let counted_pairs = counted.hits.iter().map(|line| (line.probe_category, line.category));
        let pairs: BTreeSet<_> = PAIRS.into_iter().chain(counted_pairs).collect();
        pairs.into_iter().map(|pair| Self::of(counted, pair)).collect()
    }

    fn of(counted: &Statistics, pair: (Category, Category)) -> Self {
        let lines = || counted.hits.iter().filter(|line| (line.probe_category, line.category) == pair);
        let states: BTreeSet<_> =
            lines().flat_map(|line| [line.probe_member_state, line.member_state]).collect();
        let count = |probe, found| {
            let cell = lines().filter(|l| (l.probe_member_state, l.member_state) == (probe, found));
            cell.map(|line| line.count).sum::<i64>()
        };
        let row = |probe: &MemberState| states.iter().map(|found| count(*probe, *found)).collect();
        let counts = states.iter().map(row).collect();
        let total = lines().map(|line| line.count).sum();
        let own = states.iter().map(|state| count(*state, *state)).sum();
        Self {
            probe_category: pair.0,
            category: pair.1,
            total,
            own,
            foreign: total - own,
            member_states: states.into_iter().collect(),
            counts,
        }
    }
}
