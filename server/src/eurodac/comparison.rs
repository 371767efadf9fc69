//! Who is compared with what (Art. 4(3), 4(4), 9(1), 11(2)), as a decision and as the scope that enforces it.
//!
//! [`may_be_compared`] is the law for one pair. [`scope`] says the same for all stored sets at once, in the engine's
//! terms: a partition for each (category, State), an attribute for "blocked", a day, a sequence. It is the only place that
//! makes a [`Scope`]: what it leaves out is not computed, since the kernel asks the scope before it reads a template.

use jiff::civil::Date;
use whorl_engine::gallery::{Label, Partition, Scope};

use super::model::{Category, MemberState};
use super::retention;

/// A set that is being compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Probe {
    /// Its category.
    pub category: Category,
    /// State of origin.
    pub state: MemberState,
    /// R-COMP-2: the State asked for comparison with its own data too (Art. 4(4)).
    pub compare_own: bool,
    /// Order of entry of the probe itself, or of the next set to be entered where it is not entered.
    pub sequence: u32,
}

/// What of a stored set decides whether it may be compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stored {
    /// Its category: 1 or 2.
    pub category: Category,
    /// State of origin.
    pub state: MemberState,
    /// Blocked under Art. 12(1).
    pub blocked: bool,
    /// Last day of its retention.
    pub last_day: Date,
    /// Order of entry.
    pub sequence: u32,
}

/// Attribute of a blocked set.
const BLOCKED: u16 = 1;

/// Whether a hit may be sought between the two on this day.
pub fn may_be_compared(probe: &Probe, stored: &Stored, today: Date) -> bool {
    // R-COMP-7: not past its retention, even if it has not been erased yet.
    let in_time = today <= stored.last_day;
    // R-COMP-6: blocked data are never told of; to count them is another search.
    in_time
        && !stored.blocked
        && stored.sequence < probe.sequence
        && pair_allowed(probe, stored.category, stored.state)
}

/// The part of the decision that category and State make.
fn pair_allowed(probe: &Probe, category: Category, state: MemberState) -> bool {
    let foreign = state != probe.state;
    match (probe.category, category) {
        // R-COMP-1, R-COMP-3: with categories 1 and 2 of other States; R-COMP-2: with its own only if it asks.
        (Category::Applicant, Category::Applicant | Category::BorderCrossing) => foreign || probe.compare_own,
        // R-COMP-4: with category 1 of other States; never its own, asked or not.
        (Category::IllegallyPresent, Category::Applicant) => foreign,
        // R-COMP-3: category 2 is never a probe. R-COMP-4: category 3 never meets category 2. R-COMP-5: nothing is
        // stored under category 3.
        (Category::BorderCrossing, _) | (Category::IllegallyPresent, _) | (_, Category::IllegallyPresent) => {
            false
        }
    }
}

/// The same for everything stored; `None` where nothing at all may be compared, so that no search is made.
pub fn scope(probe: &Probe, today: Date) -> Option<Scope> {
    let stored = [Category::Applicant, Category::BorderCrossing];
    let pairs =
        stored.into_iter().flat_map(|category| MemberState::all().map(move |state| (category, state)));
    let mut allowed = pairs.filter(|&(category, state)| pair_allowed(probe, category, state)).peekable();
    allowed.peek()?;
    let partitions = allowed.filter_map(|(category, state)| partition(category, state));
    Some(Scope::new(partitions, BLOCKED, retention::day_number(today), probe.sequence))
}

/// The engine's label of a stored set; `None` for category 3, which has no place in a gallery (R-COMP-5).
pub fn label(stored: &Stored) -> Option<Label> {
    Some(Label {
        partition: partition(stored.category, stored.state)?,
        attributes: if stored.blocked { BLOCKED } else { 0 },
        expiry_day: retention::day_number(stored.last_day),
        sequence: stored.sequence,
    })
}

fn partition(category: Category, state: MemberState) -> Option<Partition> {
    let base = match category {
        Category::Applicant => 0,
        Category::BorderCrossing => MemberState::CODES,
        Category::IllegallyPresent => return None,
    };
    Partition::new(base + state.index())
}

/// Category and State of a partition that [`label`] gave: for the counts of R-COMP-10.
pub fn of_partition(partition: Partition) -> Option<(Category, MemberState)> {
    let number = partition.number();
    let category = if number < MemberState::CODES { Category::Applicant } else { Category::BorderCrossing };
    let base = if category == Category::Applicant { 0 } else { MemberState::CODES };
    Some((category, MemberState::from_index(number - base)?))
}

#[cfg(test)]
#[path = "comparison_matrix.rs"]
mod matrix;
