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

    /// Category, day taken, the last moment at which the set may be compared, in UTC. Brussels is an hour ahead of it in winter, and
    /// two in summer.
    const BOUNDARIES: [(Category, Date, &str, &str); 14] = [
        (
            Category::Applicant,
            date(2024, 2, 29),
            "2034-02-28T22:59:59Z",
            "29 February, no such day ten years on",
        ),
        (
            Category::BorderCrossing,
            date(2024, 2, 29),
            "2026-02-28T22:59:59Z",
            "29 February, nor two years on",
        ),
        (
            Category::Applicant,
            date(2026, 2, 28),
            "2036-02-28T22:59:59Z",
            "28 February, though there is a 29th ten years on",
        ),
        (
            Category::BorderCrossing,
            date(2026, 2, 28),
            "2028-02-28T22:59:59Z",
            "28 February, into a leap year",
        ),
        (Category::Applicant, date(2024, 2, 28), "2034-02-28T22:59:59Z", "28 February of a leap year"),
        (Category::Applicant, date(2026, 4, 30), "2036-04-30T21:59:59Z", "end of a month of thirty days"),
        (Category::BorderCrossing, date(2026, 1, 31), "2028-01-31T22:59:59Z", "end of a month of thirty-one"),
        (Category::Applicant, date(2026, 12, 31), "2036-12-31T22:59:59Z", "end of the year"),
        (Category::BorderCrossing, date(2027, 1, 1), "2029-01-01T22:59:59Z", "first day of the year"),
        // On 29 March 2026 clocks go forward: the day has 23 hours, and its end is in summer time.
        (
            Category::BorderCrossing,
            date(2024, 3, 29),
            "2026-03-29T21:59:59Z",
            "the day on which summer time begins",
        ),
        (Category::BorderCrossing, date(2024, 3, 28), "2026-03-28T22:59:59Z", "the day before"),
        // On 25 October 2026 they go back: the day has 25 hours.
        (
            Category::BorderCrossing,
            date(2024, 10, 25),
            "2026-10-25T22:59:59Z",
            "the day on which summer time ends",
        ),
        (Category::BorderCrossing, date(2024, 10, 24), "2026-10-24T21:59:59Z", "the day before"),
        (
            Category::Applicant,
            date(2026, 11, 22),
            "2036-11-22T22:59:59Z",
            "the day on which operations start",
        ),
    ];

    #[test]
    fn r_keep_1_2_3_r_comp_7_both_sides_of_every_boundary() {
        for (category, taken, last, what) in BOUNDARIES {
            let last: Timestamp = last.parse().unwrap();
            let (before, after) = (legal_day(last), legal_day(last + jiff::SignedDuration::from_secs(1)));
            let last_day = last_day(category, taken).unwrap();
            assert_eq!((last_day, last_day.tomorrow().unwrap()), (before, after), "{what}");
            assert!(!is_over(last_day, before) && is_over(last_day, after), "{what}");
            assert!(
                day_number(last_day) >= day_number(before) && day_number(last_day) < day_number(after),
                "{what}"
            );
        }
    }

    #[test]
    fn r_keep_3_an_amendment_never_prolongs() {
        let (early, late) = (date(2030, 1, 1), date(2031, 1, 1));
        assert_eq!([never_prolonged(early, late), never_prolonged(late, early)], [early; 2]);
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
