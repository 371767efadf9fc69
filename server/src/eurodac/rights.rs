//! Requests of data subjects: access, rectification, erasure (Art. 18).

use jiff::civil::Date;
use jiff::{Span, Timestamp};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use super::admission::{self, Refusal};
use super::model::{Category, MemberState, ReferenceNumber};
use super::prints::{self, Fingerprint};
use super::transmission::FingerprintSent;

/// What the person asks for (R-RIGHT-1).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Right {
    /// Art. 18(2): to know what is stored, and who transmitted it.
    Access,
    /// Art. 18(3): that inaccurate data be rectified.
    Rectification,
    /// Art. 18(3): that data recorded unlawfully be erased.
    Erasure,
}

/// What a State of origin decided on data that it transmitted (R-RIGHT-4).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Outcome {
    /// Done; the person has it in writing (Art. 18(5)).
    Done,
    /// Refused; the person has the reasons in writing (Art. 18(6)).
    Refused,
}

/// Why it was refused, in a word; the person gets the words from the State.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Reason {
    /// The data were checked, and are accurate.
    DataAccurate,
    /// They were recorded lawfully.
    LawfullyRecorded,
    /// They are not of this person.
    AnotherPerson,
    /// They are stored no more.
    NoLongerStored,
}

/// How the person can appeal (Art. 18(6), second paragraph).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Appeal {
    /// Before a court.
    Court,
    /// To the authority that is competent.
    CompetentAuthority,
    /// To the national supervisory authority.
    NationalSupervisor,
}

/// What a State of origin answers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = RightsAnswer)]
pub struct Answer {
    /// What was decided.
    pub outcome: Outcome,
    /// Art. 18(5), 18(6): the person was told in writing. Must be `true`.
    pub told_in_writing: bool,
    /// Of a refusal: why.
    #[serde(default)]
    pub reasons: Vec<Reason>,
    /// Of a refusal: the ways to appeal that the person was told of.
    #[serde(default)]
    pub appeals: Vec<Appeal>,
}

/// A set of the person, and what its State of origin decided.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Found {
    /// The record; nil when it is erased.
    pub record_id: Uuid,
    /// Who transmitted it (R-RIGHT-3).
    pub member_state: MemberState,
    /// Its category.
    pub category: Category,
    /// Its reference number; none when the set is erased (R-ERASE-2).
    pub reference_number: Option<ReferenceNumber>,
    /// R-BLOCK-2: blocked and another State's: only its State of origin sees that it exists, and answers the person.
    pub to_origin_only: bool,
    /// The answer of its State of origin, and when.
    pub answered: Option<(Answer, Timestamp)>,
}

/// A request, without any print: those are destroyed as soon as the search is done (R-RIGHT-2).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Request {
    /// Opaque.
    pub id: Uuid,
    /// The State where the person is.
    pub asked_in: MemberState,
    /// R-DATA-8: `AT9…`.
    pub reference_number: ReferenceNumber,
    /// What is asked.
    pub right: Right,
    /// When it was opened.
    pub opened_at: Timestamp,
    /// R-RIGHT-5: the last day for an answer.
    pub due_on: Date,
    /// The person's sets.
    pub found: Vec<Found>,
}

/// What a State asks for a person who is there.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = RightsRequest)]
pub struct RequestSent {
    /// Begins with the State's two letters and 9; the State's own choice, unique among its requests.
    #[schema(example = "AT9-000001", max_length = 64)]
    pub reference_number: String,
    /// What the person asks for.
    pub right: Right,
    /// The person's prints: one to ten. They serve this request only, and are destroyed when it is answered (Art. 18(7)).
    #[schema(min_items = 1, max_items = 10)]
    pub fingerprints: Vec<FingerprintSent>,
}

/// R-RIGHT-1, R-DATA-8: a request that may go on to the search.
///
/// # Errors
/// The first field that is wrong.
pub fn admit(
    sent: RequestSent,
    state: MemberState,
) -> Result<(ReferenceNumber, Right, Vec<Fingerprint>), Refusal> {
    let reference = ReferenceNumber::of_request(&sent.reference_number, state);
    let reference = reference
        .or_else(|d| admission::refuse(admission::Reason::ReferenceNumberInvalid, "reference_number", &d))?;
    Ok((reference, sent.right, prints::fingerprints(sent.fingerprints)?))
}

/// R-RIGHT-5: the last day for an answer. Art. 18 says "without excessive delay"; one month is what Directive 95/46/EC became (Reg.
/// 2016/679, Art. 12(3)).
pub fn due_on(opened_on: Date) -> Date {
    opened_on.saturating_add(Span::new().months(1))
}

impl Request {
    /// R-RIGHT-3, R-RIGHT-4: who sees the request: the State where the person is, and those that transmitted the person's data.
    pub fn is_seen_by(&self, viewer: MemberState) -> bool {
        self.asked_in == viewer || self.found.iter().any(|found| found.member_state == viewer)
    }

    /// Which of the sets a State sees in it: its own; and where the person is, all but those that only their State of origin may see.
    pub fn shown_to(&self, viewer: MemberState) -> impl Iterator<Item = &Found> {
        let asked_here = self.asked_in == viewer;
        self.found
            .iter()
            .filter(move |found| found.member_state == viewer || asked_here && !found.to_origin_only)
    }

    /// R-RIGHT-4: whether the State of origin of a set still has to decide. Access needs no decision: it is given by the State where the
    /// person is, but of what only the State of origin may see, as long as it is stored.
    fn waits(&self, found: &Found) -> bool {
        let by_origin = found.to_origin_only && !found.record_id.is_nil();
        found.answered.is_none() && (self.right != Right::Access || by_origin)
    }

    /// R-RIGHT-5: whether it is late, as far as a State sees: somebody still has to decide on a set that it is shown, and the last day has
    /// passed. Of what it is not shown it does not learn that it waits either (R-BLOCK-2).
    pub fn is_late_for(&self, viewer: MemberState, today: Date) -> bool {
        today > self.due_on && self.shown_to(viewer).any(|found| self.waits(found))
    }
}

/// R-RIGHT-4: whether an answer is complete: in writing, and a refusal with its reasons and the ways to appeal.
///
/// # Errors
/// The field that is missing.
pub fn may_answer(answer: &Answer) -> Result<(), Refusal> {
    let missing =
        |field: &str, detail: &str| admission::refuse(admission::Reason::FieldInvalid, field, detail);
    let refused = answer.outcome == Outcome::Refused;
    if !answer.told_in_writing {
        missing("told_in_writing", "must be true: the State tells the person in writing first")
    } else if refused == answer.reasons.is_empty() {
        missing("reasons", "a refusal needs it, and nothing else has it")
    } else if refused == answer.appeals.is_empty() {
        missing("appeals", "a refusal needs it, and nothing else has it")
    } else {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;

    fn state(text: &str) -> MemberState {
        text.parse().unwrap()
    }

    fn found(member_state: &str, to_origin_only: bool) -> Found {
        let member_state = state(member_state);
        let category = Category::Applicant;
        Found {
            record_id: Uuid::from_u128(1),
            member_state,
            category,
            reference_number: ReferenceNumber::new(&format!("{member_state}1-1"), member_state, category)
                .ok(),
            to_origin_only,
            answered: None,
        }
    }

    fn request(right: Right) -> Request {
        Request {
            id: Uuid::nil(),
            asked_in: state("AT"),
            reference_number: ReferenceNumber::of_request("AT9-1", state("AT")).unwrap(),
            right,
            opened_at: "2026-11-22T10:00:00Z".parse().unwrap(),
            due_on: due_on(date(2026, 11, 22)),
            found: vec![found("AT", false), found("DE", false), found("FR", true)],
        }
    }

    #[test]
    fn r_right_3_4_r_block_2_each_state_sees_what_is_its_own_and_the_asking_one_what_is_not_blocked() {
        let request = request(Right::Access);
        let seen =
            |viewer| request.shown_to(state(viewer)).map(|f| f.member_state.to_string()).collect::<Vec<_>>();
        assert_eq!(seen("AT"), ["AT", "DE"]);
        assert_eq!(seen("DE"), ["DE"]);
        assert_eq!(seen("FR"), ["FR"]);
        assert_eq!(seen("IT"), [""; 0]);
        assert_eq!(["AT", "DE", "FR", "IT"].map(|s| request.is_seen_by(state(s))), [true, true, true, false]);
    }

    #[test]
    fn r_right_4_5_who_has_to_decide_and_when_it_is_late() {
        let access = request(Right::Access);
        let waiting =
            |request: &Request| request.found.iter().map(|found| request.waits(found)).collect::<Vec<_>>();
        assert_eq!(waiting(&access), [false, false, true]);
        let mut erasure = request(Right::Erasure);
        assert_eq!(waiting(&erasure), [true, true, true]);
        assert_eq!(erasure.due_on, date(2026, 12, 22));
        let late =
            |request: &Request, day| ["AT", "DE", "FR", "IT"].map(|s| request.is_late_for(state(s), day));
        assert_eq!(late(&erasure, date(2026, 12, 22)), [false; 4]);
        assert_eq!(late(&erasure, date(2026, 12, 23)), [true, true, true, false]);
        assert_eq!(
            late(&access, date(2026, 12, 23)),
            [false, false, true, false],
            "R-BLOCK-2: not where it was asked"
        );
        let answer =
            Answer { outcome: Outcome::Done, told_in_writing: true, reasons: vec![], appeals: vec![] };
        erasure.found.iter_mut().for_each(|f| f.answered = Some((answer.clone(), erasure.opened_at)));
        assert_eq!(late(&erasure, date(2027, 12, 23)), [false; 4]);
        assert_eq!(due_on(date(2027, 1, 31)), date(2027, 2, 28));
    }

    #[test]
    fn r_right_4_a_refusal_has_reasons_and_ways_to_appeal_and_every_answer_was_given_in_writing() {
        for bits in 0..16u8 {
            let [refused, told_in_writing, reasons, appeals] = [0, 1, 2, 3].map(|bit| bits >> bit & 1 == 1);
            let answer = Answer {
                outcome: if refused { Outcome::Refused } else { Outcome::Done },
                told_in_writing,
                reasons: if reasons { vec![Reason::DataAccurate] } else { vec![] },
                appeals: if appeals { vec![Appeal::Court] } else { vec![] },
            };
            let expected = told_in_writing && reasons == refused && appeals == refused;
            assert_eq!(may_answer(&answer).is_ok(), expected, "{answer:?}");
        }
    }
}
