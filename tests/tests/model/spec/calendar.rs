//! Days in Brussels, counted by hand: R-KEEP-3.

use jiff::civil::{Date, Weekday};
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};

/// The day it is.
pub fn legal_day(now: Timestamp) -> Date {
    let hours = if is_summer(now) { 2 } else { 1 };
    utc_day(now + SignedDuration::from_hours(hours))
}

/// Its first moment.
pub fn begin(day: Date) -> Timestamp {
    let utc = day.to_zoned(TimeZone::UTC).unwrap().timestamp();
    let in_winter = utc - SignedDuration::from_hours(1);
    if legal_day(in_winter - SignedDuration::from_secs(1)) == day {
        utc - SignedDuration::from_hours(2)
    } else {
        in_winter
    }
}

fn utc_day(at: Timestamp) -> Date {
    at.to_zoned(TimeZone::UTC).date()
}

/// From the last Sunday of March, 1 o'clock UTC, to the last Sunday of October, 1 o'clock UTC.
fn is_summer(now: Timestamp) -> bool {
    let [begins, ends] = clock_changes(utc_day(now).year());
    begins <= now && now < ends
}

/// When the clocks are changed in a year.
pub fn clock_changes(year: i16) -> [Timestamp; 2] {
    [3, 10].map(|month| {
        let mut day = Date::new(year, month, 31).unwrap();
        while day.weekday() != Weekday::Sunday {
            day = day.yesterday().unwrap();
        }
        day.to_zoned(TimeZone::UTC).unwrap().timestamp() + SignedDuration::from_hours(1)
    })
}

/// The same date so many years later; the last day of that month where there is none.
pub fn years_after(day: Date, years: i16) -> Date {
    on_or_before(day.year() + years, day.month(), day.day())
}

/// The same of the next month.
pub fn month_after(day: Date) -> Date {
    if day.month() == 12 {
        on_or_before(day.year() + 1, 1, day.day())
    } else {
        on_or_before(day.year(), day.month() + 1, day.day())
    }
}

fn on_or_before(year: i16, month: i8, day: i8) -> Date {
    (1..=day).rev().find_map(|day| Date::new(year, month, day).ok()).unwrap()
}

/// The same moment on the clock a year before.
pub fn year_before(now: Timestamp) -> Timestamp {
    let since_midnight = now.duration_since(begin(legal_day(now)));
    // Where the clocks are changed on one of the two days, it is not the same distance from midnight.
    let hours = |at: Timestamp| if is_summer(at) { 2 } else { 1 };
    let before = begin(years_after(legal_day(now), -1));
    let shift = |to: Timestamp| (hours(now) - hours(begin(legal_day(now)))) - (hours(to) - hours(before));
    let guess = before + since_midnight;
    guess + SignedDuration::from_hours(shift(guess))
}

/// So many days later, or before.
pub fn days_after(day: Date, days: i64) -> Date {
    day.saturating_add(SignedDuration::from_hours(24 * days))
}

/// Days from one to the other.
pub fn days_between(from: Date, to: Date) -> i64 {
    to.duration_since(from).as_hours() / 24
}
