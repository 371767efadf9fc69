//! What the Central Unit tells of itself: statistics of a period, and the annual report with its objectives (Art. 3(3), 23(1)).
//!
//! `statistics` is what was counted, `objectives` what is aimed at, `figures` the one against the other, and `annual` the
//! report. It is told as JSON, as a table (`csv`), or as a page (`page`), whose parts are in `parts` and `rated`, drawn by
//! `chart` and written by `html`.

mod annual;
mod chart;
mod csv;
mod figures;
mod html;
mod matrix;
mod objectives;
mod page;
mod parts;
mod rated;
mod statistics;
#[cfg(test)]
mod tests;

pub use annual::{Annual, Totals};
pub use figures::{Figure, FigureName};
pub use matrix::HitMatrix;
pub use objectives::{Cost, Objectives};
pub use statistics::Statistics;
