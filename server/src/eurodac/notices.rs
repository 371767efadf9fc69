//! Notices between States: data that seem wrong (Art. 15(4)), and data that were erased after a hit on them (R-ERASE-4).

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use super::model::{Category, MemberState, ReferenceNumber};

/// What a notice says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Concern {
    /// Art. 15(4), first paragraph: the data seem factually inaccurate.
    FactuallyInaccurate,
    /// Art. 15(4), second paragraph: they seem to have been recorded unlawfully.
    UnlawfullyRecorded,
    /// R-ERASE-4: the State of origin has erased, in advance, data of which the recipient got a hit. Comes from the Central Unit.
    ErasedAfterHit,
}

/// What the State that got a notice did.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Reply {
    /// The data were rectified or completed.
    Amended,
    /// The data, or the copy of them, were erased.
    Erased,
    /// Not changed: they were checked, and are accurate.
    FoundAccurate,
    /// Not changed: they were checked, and were recorded lawfully.
    FoundLawful,
    /// Not changed: the State has no such data.
    NoSuchData,
}

/// A notice. It shows the notifier nothing of the set that it did not have (R-EDIT-2): it names the set as the notifier did.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Notice {
    /// Opaque.
    pub id: Uuid,
    /// What it says.
    pub concern: Concern,
    /// Who gives it; `None`: the Central Unit.
    pub from: Option<MemberState>,
    /// Who gets it: the State of origin, or, of [`Concern::ErasedAfterHit`], the recipient of the hit.
    pub to: MemberState,
    /// The set that it is about; of [`Concern::ErasedAfterHit`], the recipient's own, which had the hit.
    pub category: Category,
    /// Its reference number.
    pub reference_number: ReferenceNumber,
    /// The hit that it is about, where it is about one.
    pub hit_id: Option<Uuid>,
    /// When it was given.
    pub given_at: Timestamp,
    /// What was done, and when.
    pub answered: Option<(Reply, Timestamp)>,
}

/// R-ERASE-4: by when a State that is told of an erasure shall have erased its copy (Reg. 603/2013, Art. 13(2), has 72 hours for telling).
pub const COPY_ERASED_WITHIN: SignedDuration = SignedDuration::from_hours(72);

impl Notice {
    /// By when it is to be answered, where there is a time.
    pub fn due_at(&self) -> Option<Timestamp> {
        let due = || self.given_at.saturating_add(COPY_ERASED_WITHIN).ok();
        (self.concern == Concern::ErasedAfterHit).then(due).flatten()
    }

    /// R-EDIT-2: who sees it: whom it goes to, and who gave it.
    pub fn is_seen_by(&self, viewer: MemberState) -> bool {
        self.to == viewer || self.from == Some(viewer)
    }
}

/// R-EDIT-2, R-ERASE-4: whether a reply answers what the notice says.
pub fn may_reply(concern: Concern, reply: Reply) -> bool {
    match (concern, reply) {
        (_, Reply::Erased | Reply::NoSuchData) => true,
        (Concern::ErasedAfterHit, _) => false,
        (_, Reply::Amended) => true,
        (Concern::FactuallyInaccurate, Reply::FoundAccurate) => true,
        (Concern::UnlawfullyRecorded, Reply::FoundLawful) => true,
        (_, Reply::FoundAccurate | Reply::FoundLawful) => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn r_edit_2_r_erase_4_every_reply_to_every_concern() {
        use Reply::{Amended, Erased, FoundAccurate, FoundLawful, NoSuchData};
        let replies = [Amended, Erased, FoundAccurate, FoundLawful, NoSuchData];
        let table = [
            (Concern::FactuallyInaccurate, [true, true, true, false, true]),
            (Concern::UnlawfullyRecorded, [true, true, false, true, true]),
            (Concern::ErasedAfterHit, [false, true, false, false, true]),
        ];
        for (concern, expected) in table {
            assert_eq!(replies.map(|reply| may_reply(concern, reply)), expected, "{concern:?}");
        }
    }

    #[test]
    fn r_edit_2_a_notice_is_seen_by_whoever_gave_and_whoever_gets_it() {
        let [at, de, fr]: [MemberState; 3] = ["AT", "DE", "FR"].map(|state| state.parse().unwrap());
        let mut notice = Notice {
            id: Uuid::nil(),
            concern: Concern::FactuallyInaccurate,
            from: Some(de),
            to: at,
            category: Category::Applicant,
            reference_number: ReferenceNumber::new("AT1-1", at, Category::Applicant).unwrap(),
            hit_id: None,
            given_at: "2026-11-22T10:00:00Z".parse().unwrap(),
            answered: None,
        };
        assert_eq!([at, de, fr].map(|state| notice.is_seen_by(state)), [true, true, false]);
        assert_eq!(notice.due_at(), None);
        (notice.from, notice.concern) = (None, Concern::ErasedAfterHit);
        assert_eq!([at, de, fr].map(|state| notice.is_seen_by(state)), [true, false, false]);
        assert_eq!(notice.due_at().unwrap().to_string(), "2026-11-25T10:00:00Z", "R-ERASE-4");
    }
}
