//! Until when data may be compared, in calendar years from the day the prints were taken (Art. 6, 10(1)).

use std::sync::LazyLock;

use jiff::civil::Date;
use jiff::tz::{TimeZone, TimeZoneDatabase};
use jiff::{Span, Timestamp, Zoned};

use super::model::Category;

/// The Central Unit's legal time zone (R-KEEP-3).
pub const LEGAL_TIME_ZONE: &str = "Europe/Brussels";

/// From the zone database inside the binary, never from the host's, so that every host agrees on the day. That it is in
/// there is a test; UTC is what the type asks for, and is not reached.
static LEGAL_ZONE: LazyLock<TimeZone> =
    LazyLock::new(|| TimeZoneDatabase::bundled().get(LEGAL_TIME_ZONE).unwrap_or(TimeZone::UTC));

/// A moment in the legal time zone.
pub fn in_legal_time(at: Timestamp) -> Zoned {
    at.to_zoned(LEGAL_ZONE.clone())
}

/// The day it is in the legal time zone.
pub fn legal_day(now: Timestamp) -> Date {
    in_legal_time(now).date()
}

/// The last day of retention: R-KEEP-1 ten years for category 1, R-KEEP-2 two for category 2, `None` for category 3,
/// which is never kept (R-COMP-5).
///
/// R-KEEP-3: the day with the same date, or the last of that month where there is none. The whole of it still counts.
pub fn last_day(category: Category, taken_on: Date) -> Option<Date> {
    let years = match category {
        Category::Applicant => 10,
        Category::BorderCrossing => 2,
        Category::IllegallyPresent => return None,
    };
    Some(taken_on.saturating_add(Span::new().years(years)))
}

/// R-KEEP-3: an amendment never prolongs: the last day after it.
pub fn never_prolonged(before: Date, amended: Date) -> Date {
    before.min(amended)
}

/// R-KEEP-1, R-KEEP-2: whether data are to be erased: their last day is over.
pub fn is_over(last_day: Date, today: Date) -> bool {
    today > last_day
}

/// Days since 1970-01-01, as the engine's labels have them; days before it count as 0.
pub fn day_number(date: Date) -> u32 {
    let epoch = jiff::civil::date(1970, 1, 1);
    u32::try_from(date.duration_since(epoch).as_hours() / 24).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::civil::date;

    #[test]
    fn r_keep_1_2_3_periods_are_calendar_years() {
        let cases = [
            (Category::Applicant, date(2026, 11, 20), Some(date(2036, 11, 20))),
            (Category::BorderCrossing, date(2026, 11, 20), Some(date(2028, 11, 20))),
            (Category::Applicant, date(2024, 2, 29), Some(date(2034, 2, 28))),
            (Category::BorderCrossing, date(2024, 2, 29), Some(date(2026, 2, 28))),
            (Category::Applicant, date(2022, 2, 28), Some(date(2032, 2, 28))),
            (Category::Applicant, date(2026, 12, 31), Some(date(2036, 12, 31))),
            (Category::IllegallyPresent, date(2026, 11, 20), None),
        ];
        for (category, taken, last) in cases {
            assert_eq!(last_day(category, taken), last, "{category:?} {taken}");
        }
    }

    #[test]
    fn r_keep_3_the_day_changes_at_midnight_in_brussels() {
        let at = |text: &str| legal_day(text.parse().unwrap());
        assert_eq!(at("2026-01-14T22:59:59Z"), date(2026, 1, 14));
        assert_eq!(at("2026-01-14T23:00:00Z"), date(2026, 1, 15));
        assert_eq!(at("2026-07-14T21:59:59Z"), date(2026, 7, 14));
        assert_eq!(at("2026-07-14T22:00:00Z"), date(2026, 7, 15));
    }

    #[test]
    fn days_are_counted_from_1970() {
        assert_eq!(day_number(date(1970, 1, 1)), 0);
        assert_eq!(day_number(date(2000, 3, 1)), 11_017);
        assert_eq!(day_number(date(1969, 12, 31)), 0);
    }
}
