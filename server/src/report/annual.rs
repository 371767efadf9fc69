//! The annual report (R-STAT-2): the statistics of a year against the objectives of the configuration.

use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::Statistics;

/// What is aimed at, and what it costs: from the configuration.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Objectives {
    /// Share of the time in which the service runs, 0 to 1.
    pub availability: f64,
}

impl Default for Objectives {
    fn default() -> Self {
        Self { availability: 0.999 }
    }
}

/// The report.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct Annual {
    /// Of which year.
    pub year: i16,
    /// First day of it on which the Central Unit was in operation.
    #[schema(value_type = String, format = Date)]
    pub from: Date,
    /// What was counted.
    pub statistics: Statistics,
    /// What was aimed at.
    pub objectives: Objectives,
}

impl Annual {
    /// Of a year.
    pub fn new(year: i16, from: Date, statistics: Statistics, objectives: &Objectives) -> Self {
        Self { year, from, statistics, objectives: objectives.clone() }
    }

    /// As comma-separated values.
    pub fn csv(&self) -> String {
        format!("year\n{}\n", self.year)
    }

    /// As a page.
    pub fn page(&self) -> String {
        format!("<!doctype html><title>{}</title>", self.year)
    }
}
