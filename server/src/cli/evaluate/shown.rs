//! What a measurement can be shown as.

use serde_json::Value;
use whorl_datasets::evaluation::bootstrap::Interval;

use super::report::Page;

/// For programs, and for people.
pub trait Shown {
    /// As JSON; rates are fractions.
    fn to_json(&self) -> Value;
    /// As tables; rates are in %.
    fn to_text(&self) -> String;
    /// As a page, with drawings.
    fn to_page(&self) -> Page;
}

/// `2.14 (0.00-5.71)`, in %; `-` where there is no rate.
pub fn percent(rate: f64, interval: Option<Interval>) -> String {
    if rate.is_nan() {
        return "-".into();
    }
    let interval = interval.map(|i| format!(" ({:.2}-{:.2})", i.low * 100.0, i.high * 100.0));
    format!("{:.2}{}", rate * 100.0, interval.unwrap_or_default())
}

/// From and to, as JSON has them.
pub fn ends(interval: Option<Interval>) -> Option<[f64; 2]> {
    interval.map(|interval| [interval.low, interval.high])
}
