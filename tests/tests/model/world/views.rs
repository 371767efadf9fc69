//! What the unit under test answers, in the words of [`crate::answers`].

use whorl::central_unit::Hit;
use whorl::database::{Record, Recorded, StoredHit};
use whorl::eurodac::model::MemberState;
use whorl::eurodac::notices::{Concern, Notice};
use whorl::eurodac::operation::Operation;
use whorl::eurodac::rights::{Outcome, Request};
use whorl::journal;

use super::{World, hands, letters, to_text};
use crate::answers::{AuditSeen, Compared, HitSeen, NoticeSeen, RequestSeen, SetSeen};
use crate::operations::NoticeName;

/// Counts by category and State.
pub fn compared(counts: &[journal::Compared]) -> Compared {
    counts.iter().map(|count| ((count.category.number(), letters(count.member_state)), count.sets)).collect()
}

impl World {
    pub(super) fn set_seen(&self, record: &Record, prints: Option<&[Vec<u8>]>) -> SetSeen {
        let mut disclosures: Vec<_> =
            record.disclosures.iter().map(|told| (letters(told.recipient), told.at)).collect();
        disclosures.sort_by_key(|(_, at)| *at);
        SetSeen {
            set: self.name_of_set(record.id),
            state: letters(record.member_state),
            category: record.category.number(),
            number: record.reference_number.as_str().to_owned(),
            sex: to_text(record.sex),
            taken: record.taken_on,
            last_day: record.last_day,
            application: record.application.as_ref().map(|made| (made.place.clone(), made.date)),
            transmitted: record.transmitted_at,
            entered: record.entered_at,
            blocked: record.blocked,
            prints: prints.map(|prints| prints.iter().map(|data| hands::whose(data)).collect()),
            disclosures: Some(disclosures),
        }
    }

    pub(super) fn hit_seen(&self, hit: &Hit) -> HitSeen {
        let found = hit.matched.as_ref().map(|(record, prints)| self.set_seen(record, Some(prints)));
        HitSeen { found, ..self.hit_line(&hit.found) }
    }

    pub(super) fn hit_line(&self, hit: &StoredHit) -> HitSeen {
        HitSeen {
            hit: self.name_of_hit(hit),
            recipient: letters(hit.recipient),
            at: hit.at,
            verdict: hit.verdict.map(|(verdict, at)| (to_text(verdict), at)),
            prints_replaced: hit.prints_replaced && hit.fingers.is_empty(),
            found: None,
        }
    }

    pub(super) fn notice_seen(&self, notice: &Notice) -> NoticeSeen {
        let hit = notice
            .hit_id
            .and_then(|id| self.hits.iter().find(|(_, known)| **known == id).map(|(name, _)| name.clone()));
        let name = match (&hit, notice.concern) {
            (Some(hit), Concern::ErasedAfterHit) => NoticeName::Erased(hit.clone()),
            _ => NoticeName::Given(self.notices.name_of(&notice.id).unwrap_or(usize::MAX)),
        };
        NoticeSeen {
            notice: name,
            concern: to_text(notice.concern),
            from: notice.from.map(letters),
            to: letters(notice.to),
            category: notice.category.number(),
            number: notice.reference_number.as_str().to_owned(),
            hit,
            given: notice.given_at,
            due: notice.due_at(),
            answered: notice.answered.map(|(reply, at)| (to_text(reply), at)),
        }
    }

    pub(super) fn request_seen(&self, request: &Request, viewer: MemberState) -> RequestSeen {
        let today = whorl::eurodac::retention::legal_day(self.now());
        let mut sets: Vec<_> = request
            .shown_to(viewer)
            .map(|found| {
                let answered = found.answered.as_ref().map(|(answer, at)| {
                    let refused = answer.outcome == Outcome::Refused;
                    (if refused { "refused" } else { "done" }.to_owned(), *at)
                });
                let number = found.reference_number.as_ref().map(|number| number.as_str().to_owned());
                (letters(found.member_state), found.category.number(), number, answered)
            })
            .collect();
        sets.sort();
        RequestSeen {
            request: self.requests.name_of(&request.id).unwrap_or(usize::MAX),
            asked_in: letters(request.asked_in),
            number: request.reference_number.as_str().to_owned(),
            right: to_text(request.right),
            opened: request.opened_at,
            due: request.due_on,
            late: request.is_late_for(viewer, today),
            sets,
        }
    }

    pub(super) fn audit_seen(&self, Recorded { audit, detail, .. }: &Recorded) -> AuditSeen {
        // Of the registers the detail names ids and days that are looked at elsewhere.
        let of_registers = [Operation::RegisterChanged, Operation::OperationsStarted];
        let place =
            |id: &String| self.authorities.iter().position(|(known, _)| known == id).unwrap_or(usize::MAX);
        AuditSeen {
            at: audit.at,
            operation: to_text(audit.operation),
            authority: audit.actor.authority.as_ref().map(place),
            state: audit.member_state.map(letters),
            category: audit.category.map(whorl::eurodac::model::Category::number),
            number: audit.reference_number.as_ref().map(|number| number.as_str().to_owned()),
            compared: compared(&audit.compared),
            compared_blocked: compared(&audit.compared_blocked),
            disclosed: audit.disclosed.iter().map(|id| self.name_of_set(*id)).collect(),
            detail: detail.clone().filter(|_| !of_registers.contains(&audit.operation)),
        }
    }
}
