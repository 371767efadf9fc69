//! What is entered, and what is refused (R-DATA-2, R-DATA-4, R-DATA-8), before any image is looked at.
//!
//! Each category has one function from what was sent to what is admitted. A refusal names the rule's code and the field;
//! the attestations end here: they are looked at, and not passed on into the record (R-DATA-2).

use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::model::{Category, MemberState, ReferenceNumber, Sex};
use super::prints::{Fingerprint, fingerprints};
use super::retention;
use super::transmission::{
    ApplicantTransmission, ApplicationSent, BorderCrossingTransmission, IllegallyPresentTransmission,
};

/// A transmission that may go on to extraction.
pub struct Admitted {
    /// State of origin.
    pub state: MemberState,
    /// Its category.
    pub category: Category,
    /// R-DATA-8.
    pub reference_number: ReferenceNumber,
    /// Data that are stored with the prints; `None` for category 3, which is not stored (R-COMP-5).
    pub kept: Option<Kept>,
    /// R-COMP-2.
    pub compare_own: bool,
    /// R-DATA-5: give the medium back, once.
    pub return_media: bool,
    /// Checked: one to ten fingers to compare, none twice, and slaps; base64 sound.
    pub fingerprints: Vec<Fingerprint>,
}

/// The alphanumeric data of categories 1 and 2 (Art. 5(1), 8(2)).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Kept {
    /// Sex.
    pub sex: Sex,
    /// Day on which the prints were taken.
    pub taken_on: Date,
    /// Last day of retention.
    pub last_day: Date,
    /// Category 1 only.
    pub application: Option<Application>,
}

/// Place and date of the application for asylum (Art. 5(1)(a)).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = ApplicationRecorded)]
pub struct Application {
    /// Where.
    pub place: String,
    /// When.
    #[schema(value_type = String, format = Date)]
    pub date: Date,
}

/// Why a transmission is not admitted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// Which check.
    pub reason: Reason,
    /// JSON path of the field.
    pub field: String,
    /// What to do about it.
    pub detail: String,
}

/// The checks, each of which is a stable code at the HTTP surface.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reason {
    /// R-DATA-2.
    AttestationMissing,
    /// R-DATA-4: taken, or applied for, tomorrow or later.
    DateInFuture,
    /// R-DATA-4: the retention has passed already.
    RetentionPassed,
    /// R-DATA-8.
    ReferenceNumberInvalid,
    /// A value out of its range.
    FieldInvalid,
    /// Nothing was said.
    FieldMissing,
    /// R-DATA-1: a field that the category has not.
    FieldUnknown,
    /// The data of a finger are not base64.
    Base64Invalid,
    /// R-COMP-3: category 2 is never a probe.
    NeverCompared,
}

type Admission = Result<Admitted, Refusal>;

/// Category 1 (Art. 4-7).
pub fn applicant(sent: ApplicantTransmission, state: MemberState, today: Date) -> Admission {
    let category = Category::Applicant;
    let reference_number = reference_number(&sent.reference_number, state, category)?;
    attested("aged_14_or_over", sent.attestations.aged_14_or_over)?;
    attested("informed", sent.attestations.informed)?;
    let last_day = dates(category, sent.fingerprints_taken_on, today)?;
    let application = Some(Application::admitted(sent.application, today)?);
    let kept = Kept { sex: sent.sex, taken_on: sent.fingerprints_taken_on, last_day, application };
    let fingerprints = fingerprints(sent.fingerprints)?;
    Ok(Admitted {
        state,
        category,
        reference_number,
        kept: Some(kept),
        compare_own: sent.compare_own,
        return_media: sent.return_media,
        fingerprints,
    })
}

/// Category 2 (Art. 8-10).
pub fn border_crossing(sent: BorderCrossingTransmission, state: MemberState, today: Date) -> Admission {
    let category = Category::BorderCrossing;
    let reference_number = reference_number(&sent.reference_number, state, category)?;
    attested("aged_14_or_over", sent.attestations.aged_14_or_over)?;
    attested("informed", sent.attestations.informed)?;
    attested("not_turned_back", sent.attestations.not_turned_back)?;
    let last_day = dates(category, sent.fingerprints_taken_on, today)?;
    if sent.compare_own {
        return refuse(
            Reason::NeverCompared,
            "compare_own",
            "category 2 is not compared on entry (Art. 9(1))",
        );
    }
    let kept = Kept { sex: sent.sex, taken_on: sent.fingerprints_taken_on, last_day, application: None };
    let fingerprints = fingerprints(sent.fingerprints)?;
    Ok(Admitted {
        state,
        category,
        reference_number,
        kept: Some(kept),
        compare_own: false,
        return_media: sent.return_media,
        fingerprints,
    })
}

/// Category 3 (Art. 11): nothing of it is kept.
pub fn illegally_present(sent: IllegallyPresentTransmission, state: MemberState) -> Admission {
    let category = Category::IllegallyPresent;
    let reference_number = reference_number(&sent.reference_number, state, category)?;
    attested("aged_14_or_over", sent.attestations.aged_14_or_over)?;
    attested("informed", sent.attestations.informed)?;
    let fingerprints = fingerprints(sent.fingerprints)?;
    Ok(Admitted {
        state,
        category,
        reference_number,
        kept: None,
        compare_own: false,
        return_media: false,
        fingerprints,
    })
}

impl Application {
    /// R-DATA-1, R-DATA-4: a place that can be one, and a day that is not ahead.
    pub(super) fn admitted(sent: ApplicationSent, today: Date) -> Result<Self, Refusal> {
        not_in_future("application.date", sent.date, today)?;
        let place = sent.place;
        if place.trim().is_empty() || place.chars().count() > 100 || place.chars().any(char::is_control) {
            return refuse(
                Reason::FieldInvalid,
                "application.place",
                "must be 1 to 100 characters, no control characters",
            );
        }
        Ok(Self { place, date: sent.date })
    }
}

pub(super) fn refuse<T>(reason: Reason, field: &str, detail: &str) -> Result<T, Refusal> {
    Err(Refusal { reason, field: field.into(), detail: detail.into() })
}

/// R-DATA-8.
fn reference_number(text: &str, state: MemberState, category: Category) -> Result<ReferenceNumber, Refusal> {
    ReferenceNumber::new(text, state, category)
        .or_else(|d| refuse(Reason::ReferenceNumberInvalid, "reference_number", &d))
}

/// R-DATA-2: no attestation, no entry.
fn attested(name: &str, given: bool) -> Result<(), Refusal> {
    let field = format!("attestations.{name}");
    if given {
        Ok(())
    } else {
        refuse(Reason::AttestationMissing, &field, "must be true: without it there is no entry")
    }
}

/// R-DATA-4: not taken in the future, and not so long ago that the retention has passed. Gives the last day of retention.
pub(super) fn dates(category: Category, taken_on: Date, today: Date) -> Result<Date, Refusal> {
    not_in_future("fingerprints_taken_on", taken_on, today)?;
    match retention::last_day(category, taken_on) {
        Some(last_day) if today <= last_day => Ok(last_day),
        _ => refuse(
            Reason::RetentionPassed,
            "fingerprints_taken_on",
            "the retention of this set has passed already",
        ),
    }
}

fn not_in_future(field: &str, date: Date, today: Date) -> Result<(), Refusal> {
    if date <= today {
        Ok(())
    } else {
        refuse(Reason::DateInFuture, field, &format!("is after today, {today}"))
    }
}

#[cfg(test)]
#[path = "admission_tests.rs"]
mod tests;
