//! What a State may change in its own data after entry (Art. 15(3)).

use jiff::civil::Date;
use serde::Deserialize;
use utoipa::ToSchema;

use super::admission::{self, Application, Kept, Reason, Refusal};
use super::model::{Category, Sex};
use super::prints::{self, Fingerprint};
use super::retention;
use super::transmission::{ApplicationSent, FingerprintSent, optional_day};

/// R-EDIT-1: what may be rectified or completed; what is left out stays as it is. The reference number is what the State knows the
/// set by, and stays; so does the category.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = Amendment)]
pub struct AmendmentSent {
    /// Sex.
    pub sex: Option<Sex>,
    /// Day on which the fingerprints were taken. An earlier one ends the retention earlier; a later one does not prolong it.
    #[schema(value_type = Option<String>, format = Date, example = "2026-11-19")]
    #[serde(default, deserialize_with = "optional_day")]
    pub fingerprints_taken_on: Option<Date>,
    /// Category 1 only: place and date of the application.
    pub application: Option<ApplicationSent>,
    /// All prints of the set: they replace those that are stored, and are compared with nothing (R-EDIT-1).
    #[schema(min_items = 1, max_items = 10)]
    pub fingerprints: Option<Vec<FingerprintSent>>,
}

/// An amendment that may go on to extraction.
pub struct Amendment {
    /// The alphanumeric data, as they are from now on.
    pub kept: Kept,
    /// Prints that replace the stored ones, where there are any.
    pub fingerprints: Option<Vec<Fingerprint>>,
}

/// R-EDIT-1, R-KEEP-3: what a set that was transmitted on one day is after its amendment on another.
///
/// # Errors
/// A field that the category has not, a value out of its range, or nothing at all.
pub fn amended(
    current: Kept,
    sent: AmendmentSent,
    category: Category,
    (transmitted_on, today): (Date, Date),
) -> Result<Amendment, Refusal> {
    let AmendmentSent { sex, fingerprints_taken_on, application, fingerprints } = sent;
    if sex.is_none() && fingerprints_taken_on.is_none() && application.is_none() && fingerprints.is_none() {
        return admission::refuse(Reason::FieldMissing, "sex", "an amendment changes something");
    }
    let mut kept = current;
    if let Some(sex) = sex {
        kept.sex = sex;
    }
    if let Some(taken_on) = fingerprints_taken_on {
        let last_day = admission::dates(category, taken_on, today)?;
        // R-DATA-4: nothing is transmitted before it is taken; prints that come with the amendment are transmitted today.
        if fingerprints.is_none() && taken_on > transmitted_on {
            let detail = format!("is after the day of transmission, {transmitted_on}");
            return admission::refuse(Reason::DateInFuture, "fingerprints_taken_on", &detail);
        }
        kept.taken_on = taken_on;
        kept.last_day = retention::never_prolonged(kept.last_day, last_day);
    }
    if let Some(application) = application {
        if category != Category::Applicant {
            return admission::refuse(Reason::FieldUnknown, "application", "only category 1 has one");
        }
        kept.application = Some(Application::admitted(application, today)?);
    }
    let fingerprints = fingerprints.map(prints::fingerprints).transpose()?;
    Ok(Amendment { kept, fingerprints })
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;
    use serde_json::{Value, json};

    use super::*;

    const SENT: Date = date(2026, 11, 20);
    const TODAY: Date = date(2026, 11, 22);

    fn kept() -> Kept {
        let application = Some(Application { place: "Wien".into(), date: date(2026, 11, 1) });
        Kept { sex: Sex::Unknown, taken_on: date(2026, 11, 10), last_day: date(2036, 11, 10), application }
    }

    fn amend(sent: Value, category: Category) -> Result<Kept, (Reason, String)> {
        let sent = serde_json::from_value(sent).unwrap();
        let amended = amended(kept(), sent, category, (SENT, TODAY)).map(|amendment| amendment.kept);
        amended.map_err(|refusal| (refusal.reason, refusal.field))
    }

    #[test]
    fn r_edit_1_r_keep_3_what_is_sent_is_changed_and_the_retention_never_prolonged() {
        let changed = |sent| amend(sent, Category::Applicant).unwrap();
        assert_eq!(changed(json!({"sex": "male"})), Kept { sex: Sex::Male, ..kept() });
        let earlier = changed(json!({"fingerprints_taken_on": "2026-10-01"}));
        assert_eq!((earlier.taken_on, earlier.last_day), (date(2026, 10, 1), date(2036, 10, 1)));
        let later = changed(json!({"fingerprints_taken_on": "2026-11-20"}));
        assert_eq!((later.taken_on, later.last_day), (date(2026, 11, 20), date(2036, 11, 10)));
        let place = changed(json!({"application": {"place": "Linz", "date": "2026-11-02"}}));
        assert_eq!(place.application.unwrap().place, "Linz");
    }

    #[test]
    fn r_edit_1_r_data_4_what_cannot_be_is_refused() {
        let refused = |sent, category| amend(sent, category).unwrap_err();
        let (one, two) = (Category::Applicant, Category::BorderCrossing);
        assert_eq!(refused(json!({}), one).0, Reason::FieldMissing);
        let application = json!({"application": {"place": "Linz", "date": "2026-11-02"}});
        assert_eq!(refused(application, two), (Reason::FieldUnknown, "application".into()));
        for late in ["2026-11-23", "2026-11-21"] {
            assert_eq!(
                refused(json!({"fingerprints_taken_on": late}), one).0,
                Reason::DateInFuture,
                "{late}"
            );
        }
        assert_eq!(refused(json!({"fingerprints_taken_on": "2024-11-21"}), two).0, Reason::RetentionPassed);
        assert_eq!(refused(json!({"fingerprints": []}), one).0, Reason::FieldInvalid);
    }
}
