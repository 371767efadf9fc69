//! The annual report (R-STAT-2, Art. 23(1)): the statistics of a year, its totals, and its figures against the objectives of the
//! configuration.

use jiff::Timestamp;
use jiff::civil::Date;
use serde::Serialize;
use utoipa::ToSchema;

use super::figures::{Figure, figures};
use super::matrix::HitMatrix;
use super::{Objectives, Statistics};
use crate::eurodac::model::Category;

/// The report of a year.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct Annual {
    /// Of which year.
    pub year: i16,
    /// First day of it on which the Central Unit was in operation (R-OPS-1). Null: it was not.
    #[schema(value_type = Option<String>, format = Date)]
    pub from: Option<Date>,
    /// Last day that is covered: the year's last, or today.
    #[schema(value_type = String, format = Date)]
    pub to: Date,
    /// What was measured, against what was aimed at.
    pub figures: Vec<Figure>,
    /// Totals of each category.
    pub totals: Vec<Totals>,
    /// Hits by pair of States, for each pair of categories.
    pub hit_matrices: Vec<HitMatrix>,
    /// What was counted.
    pub statistics: Statistics,
    /// For the charts; the figures have them already.
    #[serde(skip)]
    #[schema(ignore)]
    pub(super) objectives: Objectives,
}

/// What all States have together, of a category.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct Totals {
    /// Of which category.
    #[schema(value_type = u8, minimum = 1, maximum = 3)]
    pub category: Category,
    /// Transmissions carried out.
    pub transmissions: i64,
    /// Hits of its probes.
    pub hits: i64,
    /// Sets erased on a ground (R-ERASE-1).
    pub erased_in_advance: i64,
    /// Sets erased at the end of their period (Art. 6, 10(1)).
    pub erased_at_the_end: i64,
    /// Sets blocked in the year (Art. 12(1)).
    pub blockings: i64,
    /// Hits on its blocked sets (Art. 12(2)).
    pub hits_on_blocked: i64,
    /// Sets stored at the end of the last day, blocked or not.
    pub stored: i64,
    /// Those of them that are blocked.
    pub stored_blocked: i64,
}

impl Totals {
    fn of(counted: &Statistics, category: Category) -> Self {
        macro_rules! sum {
            ($list:ident where |$line:ident| $wanted:expr) => {
                counted.$list.iter().filter(|$line| $wanted).map(|line| line.count).sum()
            };
        }
        Self {
            category,
            transmissions: sum!(transmissions where |line| line.category == category),
            hits: sum!(hits where |line| line.probe_category == category),
            erased_in_advance: sum!(erasures where |line| line.category == category && line.ground.is_some()),
            erased_at_the_end: sum!(erasures where |line| line.category == category && line.ground.is_none()),
            blockings: sum!(blockings where |line| line.category == category),
            hits_on_blocked: sum!(hits_on_blocked where |line| line.category == category),
            stored: sum!(stored where |line| line.category == category),
            stored_blocked: sum!(stored where |line| line.category == category && line.blocked),
        }
    }
}

impl Annual {
    /// Of a year, until now at most; `from`: its first day in operation.
    pub fn new(
        year: i16,
        from: Option<Date>,
        now: Timestamp,
        statistics: Statistics,
        objectives: &Objectives,
    ) -> Self {
        Self {
            year,
            from,
            to: statistics.to,
            figures: figures(year, from, now, &statistics, objectives),
            totals: Category::ALL.map(|category| Totals::of(&statistics, category)).into(),
            hit_matrices: HitMatrix::all(&statistics),
            statistics,
            objectives: objectives.clone(),
        }
    }
}
