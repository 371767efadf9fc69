//! What the Central Unit tells of itself: statistics of a period, and the annual report with its objectives (Art. 3(3), 23(1)).

mod annual;
mod statistics;

pub use annual::{Annual, Objectives};
pub use statistics::Statistics;
