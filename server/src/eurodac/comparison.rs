//! Who is compared with what (Art. 4(3), 4(4), 9(1), 11(2), 12, 18), as a decision and as the scope that enforces it.
//!
//! [`use_of`] is the law for one pair. [`scope`] says the same for all stored sets at once, in the engine's terms: a partition
//! for each (category, State, blocked or not), attributes for sex, a day, a sequence. It is the only place that makes a
//! [`Scope`]: what it leaves out is not computed, since the kernel asks the scope before it reads a template.

use jiff::civil::Date;
use whorl_engine::gallery::{Label, Partition, Scope};

use super::model::{Category, MemberState, Sex};
use super::retention;

/// Why prints are compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Interrogation {
    /// They were transmitted (Art. 4, 8, 11).
    Transmission(Category),
    /// The person asks what is stored (Art. 18(2), 18(3)).
    DataSubject,
}

/// A set that is being compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Probe {
    /// Why.
    pub interrogation: Interrogation,
    /// State of origin.
    pub state: MemberState,
    /// R-COMP-2: the State asked for comparison with its own data too (Art. 4(4)).
    pub compare_own: bool,
    /// R-COMP-8: the sex, where it is a criterion; [`Sex::Unknown`] matches both.
    pub sex: Sex,
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
    /// R-COMP-8.
    pub sex: Sex,
    /// Blocked under Art. 12(1).
    pub blocked: bool,
    /// Last day of its retention.
    pub last_day: Date,
    /// Order of entry.
    pub sequence: u32,
}

/// What a comparison of two sets is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Use {
    /// It is not computed.
    Never,
    /// A hit is told to the State that asks.
    Told,
    /// R-COMP-6: a hit is counted, and the count is all that is kept.
    Counted,
    /// R-BLOCK-2: a blocked set that a data subject asks for is told of to its State of origin only, which answers the person.
    ToOrigin,
}

/// Attribute of a set of a woman.
const FEMALE: u16 = 1;
/// Attribute of a set of a man.
const MALE: u16 = 2;

/// What a comparison of the two is for on this day.
pub fn use_of(probe: &Probe, stored: &Stored, today: Date) -> Use {
    // R-COMP-7: not past its retention, even if it has not been erased yet. R-COMP-11: only what was entered before.
    let in_time = today <= stored.last_day && stored.sequence < probe.sequence;
    if in_time && attribute(stored.sex) & forbidden(probe.sex) == 0 {
        use_of_group(probe, stored.category, stored.state, stored.blocked)
    } else {
        Use::Never
    }
}

/// The part of the decision that category, State and blocking make: the table of section 3 of the rules.
fn use_of_group(probe: &Probe, stored: Category, state: MemberState, blocked: bool) -> Use {
    let foreign = state != probe.state;
    let told_if = |allowed| if allowed { Use::Told } else { Use::Never };
    match (probe.interrogation, stored) {
        // R-COMP-5: nothing is stored under category 3.
        (_, Category::IllegallyPresent) => Use::Never,
        // R-RIGHT-1: the person's own data, whosever they are.
        (Interrogation::DataSubject, _) if blocked && foreign => Use::ToOrigin,
        (Interrogation::DataSubject, _) => Use::Told,
        // R-COMP-6: blocked data are counted, where another State's applicant is found among them.
        (Interrogation::Transmission(Category::Applicant), _) if blocked && foreign => Use::Counted,
        (Interrogation::Transmission(_), _) if blocked => Use::Never,
        // R-COMP-1, R-COMP-3: with categories 1 and 2 of other States; R-COMP-2: with its own only if it asks.
        (Interrogation::Transmission(Category::Applicant), _) => told_if(foreign || probe.compare_own),
        // R-COMP-4: with category 1 of other States; never its own, asked or not.
        (Interrogation::Transmission(Category::IllegallyPresent), Category::Applicant) => told_if(foreign),
        // R-COMP-3: category 2 is never a probe. R-COMP-4: category 3 never meets category 2.
        (Interrogation::Transmission(_), _) => Use::Never,
    }
}

/// The same for everything stored; `None` where nothing at all may be compared, so that no search is made.
pub fn scope(probe: &Probe, today: Date) -> Option<Scope> {
    let mut allowed = groups()
        .filter(|&(category, state, blocked)| use_of_group(probe, category, state, blocked) != Use::Never)
        .peekable();
    allowed.peek()?;
    let partitions = allowed.filter_map(|(category, state, blocked)| partition(category, state, blocked));
    Some(Scope::new(partitions, forbidden(probe.sex), retention::day_number(today), probe.sequence))
}

/// The engine's label of a stored set; `None` for category 3, which has no place in a gallery (R-COMP-5).
pub fn label(stored: &Stored) -> Option<Label> {
    Some(Label {
        partition: partition(stored.category, stored.state, stored.blocked)?,
        attributes: attribute(stored.sex),
        expiry_day: retention::day_number(stored.last_day),
        sequence: stored.sequence,
    })
}

/// Category and State of a partition that [`label`] gave, and whether it is of blocked sets: for the counts of R-COMP-10.
pub fn of_partition(partition: Partition) -> Option<(Category, MemberState, bool)> {
    let (kind, state) = (partition.number() / MemberState::CODES, partition.number() % MemberState::CODES);
    let category = if kind % 2 == 0 { Category::Applicant } else { Category::BorderCrossing };
    Some((category, MemberState::from_index(state)?, kind >= 2))
}

fn partition(category: Category, state: MemberState, blocked: bool) -> Option<Partition> {
    let kind = match category {
        Category::Applicant => 0,
        Category::BorderCrossing => 1,
        Category::IllegallyPresent => return None,
    };
    Partition::new((kind + if blocked { 2 } else { 0 }) * MemberState::CODES + state.index())
}

fn groups() -> impl Iterator<Item = (Category, MemberState, bool)> {
    let kinds = [Category::Applicant, Category::BorderCrossing].into_iter();
    let kinds = kinds.flat_map(|category| [false, true].map(|blocked| (category, blocked)));
    kinds.flat_map(|(category, blocked)| MemberState::all().map(move |state| (category, state, blocked)))
}

fn attribute(sex: Sex) -> u16 {
    match sex {
        Sex::Female => FEMALE,
        Sex::Male => MALE,
        Sex::Unknown => 0,
    }
}

/// R-COMP-8: attributes of sets that a probe of this sex does not meet.
fn forbidden(sex: Sex) -> u16 {
    match sex {
        Sex::Female => MALE,
        Sex::Male => FEMALE,
        Sex::Unknown => 0,
    }
}

#[cfg(test)]
#[path = "comparison_matrix.rs"]
mod matrix;
