//! What is counted (Art. 3(3), 12(3), 23(1)): States, categories, kinds and days, and nothing of anybody (R-STAT-3).
//!
//! A counter is a name and a day; its value is a sum of what the records of operations say. So statistics can be made when the
//! data behind them are erased, and the records destroyed.

use serde::{Deserialize, Serialize};

use super::erasure::Ground;
use super::hits::Verdict;
use super::model::{Category, MemberState};
use super::operation::Operation;

/// Name of a counter (R-STAT-1).
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Counted {
    /// Transmissions that were carried out.
    Transmissions(MemberState, Category),
    /// Requests that were refused, by the code of the problem.
    Refusals(Option<MemberState>, Operation, String),
    /// Hits: category and State of the probe, and of the set that was found.
    Hits((Category, MemberState), (Category, MemberState)),
    /// Verdicts on hits: State of the probe, and of the set that was found.
    Verdicts(Verdict, MemberState, MemberState),
    /// Sets erased: in advance on a ground, or at the end of their period.
    Erasures(MemberState, Category, Option<Ground>),
    /// Sets blocked since.
    Blockings(MemberState, Category),
    /// R-COMP-6: hits on blocked sets, by their own State and category. The probe's State is not counted with them: with it, a number of
    /// one would tell that State of a set that it may not know of.
    HitsOnBlocked(MemberState, Category),
    /// Sets that are stored, blocked or not. Goes down too: the sum over all days up to one is what was stored at its end.
    Stored(MemberState, Category, bool),
    /// Sets by the days from taking to transmission: as many at most; `None`: more.
    Delays(MemberState, Category, Option<u16>),
    /// Answers by the time that they took: as many milliseconds at most; `None`: more. Urgent ones apart (R-OPS-4).
    Answers(bool, Option<u32>),
    /// Milliseconds that all answers took together.
    AnswerTime,
    /// Seconds in which the service was down.
    Down,
    /// Notices given, rights requests opened, rights requests answered: by State.
    Requests(MemberState, Operation),
}

/// Classes of [`Counted::Delays`]. Unit: days.
pub const DELAY_CLASSES: [u16; 7] = [0, 1, 3, 7, 14, 30, 90];
/// Classes of [`Counted::Answers`]. Unit: milliseconds. The last two are the service levels of R-OPS-4: an hour, and a day.
pub const ANSWER_CLASSES: [u32; 11] =
    [50, 100, 200, 500, 1_000, 2_000, 5_000, 10_000, 60_000, 3_600_000, 86_400_000];

/// The class of a value: the least bound that it does not exceed.
pub fn class<T: Copy + PartialOrd>(classes: &[T], value: T) -> Option<T> {
    classes.iter().copied().find(|&bound| value <= bound)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn r_stat_1_every_value_has_one_class() {
        assert_eq!(
            [0, 1, 2, 90, 91].map(|days| class(&DELAY_CLASSES, days)),
            [Some(0), Some(1), Some(3), Some(90), None]
        );
        assert_eq!(
            [0, 50, 51, 86_400_001].map(|ms| class(&ANSWER_CLASSES, ms)),
            [Some(50), Some(50), Some(100), None]
        );
    }
}
