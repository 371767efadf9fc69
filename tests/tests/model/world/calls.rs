//! Notices, requests of data subjects, the registers.

use jiff::SignedDuration;
use serde_json::json;
use uuid::Uuid;
use whorl::access::Role;
use whorl::central_unit::{About as AboutWhat, NewAuthority};
use whorl::eurodac::model::{Category, MemberState, ReferenceNumber};

use super::transmitting::{fingerprints, parse};
use super::{Outcome, Problem, World, from_text, named};
use crate::answers::{Answer, SetSeen};
use crate::operations::{About, Call, Day, Decided, Key, NoticeName, Number, Prints, State, Which};
use crate::spec::{day, text};

impl World {
    pub(super) fn notify(&mut self, call: Call, about: &About, concern: &str, key: Key) -> Outcome {
        let notifier = self.caller(call)?.notifier()?;
        let asked = self.asked("/v1/eurodac/notices", &json!(format!("{about:?} {concern}")), key);
        let about = match about {
            About::Hit(hit) => AboutWhat::Hit(self.id_of_hit(hit)),
            About::Set(state, category, number) => {
                let (state, category): (MemberState, _) =
                    (state.parse().unwrap(), Category::try_from(*category).unwrap());
                let number = ReferenceNumber::new(text(number), state, category).unwrap();
                AboutWhat::Set(state, category, number)
            }
        };
        let notice = self.unit().give_notice(from_text(concern), about, &notifier, &asked)?;
        if self.notices.name_of(&notice.id).is_none() {
            self.notices.push(self.number, notice.id);
        }
        Ok(Answer::Notice(self.notice_seen(&notice)))
    }

    pub(super) fn list_notices(&self, call: Call, limit: usize) -> Outcome {
        let viewer = self.caller(call)?.viewer(call.of.map(|state: State| state.parse().unwrap()))?;
        let (mut notices, mut after) = (Vec::new(), None);
        loop {
            let (page, next) = self.unit().list_notices(after.as_deref(), limit, &viewer)?;
            notices.extend(page.iter().map(|notice| self.notice_seen(notice)));
            after = next;
            if after.is_none() {
                if !notices.is_sorted_by_key(|notice| notice.given) {
                    return Err("notices that are not in order".into());
                }
                notices.sort_by(|a, b| (a.given, &a.notice).cmp(&(b.given, &b.notice)));
                return Ok(Answer::Notices(notices));
            }
        }
    }

    pub(super) fn answer_notice(&self, call: Call, notice: &Which<NoticeName>, reply: &str) -> Outcome {
        let transmitter = self.caller(call)?.state()?;
        let id = match named(notice) {
            Some(NoticeName::Given(given)) => self.notices.get(given).copied(),
            Some(NoticeName::Erased(hit)) => self.hits.get(&hit).copied(),
            None => None,
        };
        let id = id.unwrap_or_else(Uuid::new_v4);
        let notice = self.unit().answer_notice(id, from_text(reply), &transmitter)?;
        Ok(Answer::Notice(self.notice_seen(&notice)))
    }

    pub(super) fn open_request(
        &mut self,
        call: Call,
        prints: Prints,
        right: &str,
        (number, key): (&Number, Key),
    ) -> Outcome {
        let transmitter = self.caller(call)?.state()?;
        let body = json!({
            "reference_number": text(number), "right": right, "fingerprints": fingerprints(prints),
        });
        let asked = self.asked("/v1/eurodac/rights-requests", &body, key);
        self.unit().erase_what_is_over()?;
        let opened = self.unit().open_request(parse(&body)?, &transmitter, &asked)?;
        if !opened.repeated {
            self.requests.push(self.number, opened.request.id);
        }
        let shown = opened
            .shown
            .iter()
            .map(|(record, prints)| SetSeen { disclosures: None, ..self.set_seen(record, Some(prints)) });
        let mut shown: Vec<_> = shown.collect();
        shown.sort_by_key(|seen| seen.set);
        let seen = self.request_seen(&opened.request, transmitter.state());
        Ok(Answer::Opened(seen, shown, opened.repeated))
    }

    pub(super) fn list_requests(&self, call: Call, limit: usize) -> Outcome {
        let caller = self.caller(call)?;
        let supervised = caller.supervisor().ok().filter(|_| call.of.is_none());
        let (state, actor) = match supervised.and_then(|s| Some((s.of()?, s.actor().clone()))) {
            Some(supervised) => supervised,
            None => {
                let viewer = caller.viewer(call.of.map(|state: State| state.parse().unwrap()))?;
                (viewer.state(), viewer.actor().clone())
            }
        };
        self.unit().erase_what_is_over()?;
        let (mut requests, mut after) = (Vec::new(), None);
        loop {
            let (page, next) = self.unit().list_requests(after.as_deref(), limit, (state, &actor))?;
            requests.extend(page.iter().map(|request| self.request_seen(request, state)));
            after = next;
            if after.is_none() {
                return Ok(Answer::Requests(requests));
            }
        }
    }

    pub(super) fn answer_request(&self, call: Call, request: &Which<usize>, decided: Decided) -> Outcome {
        let transmitter = self.caller(call)?.state()?;
        let some = |some: bool, what: &str| if some { json!([what]) } else { json!([]) };
        let answer = parse(&json!({
            "outcome": if decided.refused { "refused" } else { "done" },
            "told_in_writing": decided.in_writing,
            "reasons": some(decided.reasons, "data-accurate"),
            "appeals": some(decided.appeals, "court"),
        }))?;
        let id = named(request).and_then(|request| self.requests.get(request).copied());
        let id = id.unwrap_or_else(Uuid::new_v4);
        self.unit().erase_what_is_over()?;
        let request = self.unit().answer_request(id, answer, &transmitter)?;
        Ok(Answer::Request(self.request_seen(&request, transmitter.state())))
    }

    pub(super) fn register(&self, call: Call, state: State, participates: bool, ready: bool) -> Outcome {
        let administrator = self.caller(call)?.administrator()?;
        self.unit().register(state.parse().unwrap(), participates, ready, &administrator)?;
        Ok(Answer::Done)
    }

    pub(super) fn start(&self, call: Call, on: Day) -> Outcome {
        let administrator = self.caller(call)?.administrator()?;
        self.unit().start_operations(day(on), &administrator)?;
        Ok(Answer::Done)
    }

    pub(super) fn designate(
        &mut self,
        call: Call,
        role: &str,
        state: Option<State>,
        days: Option<i16>,
    ) -> Outcome {
        let administrator = self.caller(call)?.administrator()?;
        let new = NewAuthority {
            name: role.to_owned(),
            role: from_text::<Role>(role),
            member_state: state.map(|state| state.parse().unwrap()),
            expires_at: days.map(|days| self.now() + SignedDuration::from_hours(24 * i64::from(days))),
            certificate: None,
        };
        let (authority, key) = self.unit().designate(new, &administrator)?;
        self.authorities.push((authority.id, vec![key]));
        Ok(Answer::Done)
    }

    fn id_of_authority(&self, which: &Which<usize>) -> String {
        named(which).map_or_else(|| "nobody".to_owned(), |which| self.authorities[which].0.clone())
    }

    pub(super) fn rotate(
        &mut self,
        call: Call,
        which: &Which<usize>,
        overlap: u16,
        days: Option<u16>,
    ) -> Outcome {
        let administrator = self.caller(call)?.administrator()?;
        let until = self.now() + SignedDuration::from_hours(overlap.into());
        let ends = days.map(|days| self.now() + SignedDuration::from_hours(24 * i64::from(days)));
        let id = self.id_of_authority(which);
        let (_, key) = self.unit().rotate_key(&id, ends, until, &administrator)?;
        let place = named(which).ok_or_else(|| Problem::from("a key for nobody"))?;
        self.authorities[place].1.push(key);
        Ok(Answer::Done)
    }

    pub(super) fn revoke(&self, call: Call, which: &Which<usize>) -> Outcome {
        let administrator = self.caller(call)?.administrator()?;
        self.unit().revoke(&self.id_of_authority(which), &administrator)?;
        Ok(Answer::Done)
    }
}
