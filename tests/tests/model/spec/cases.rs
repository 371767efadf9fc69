//! Hits after they were told (section 4), notices (R-EDIT-2, R-ERASE-4), and requests of data subjects (section 8).

use jiff::{SignedDuration, Timestamp};

use super::calendar::month_after;
use super::law::{self, Purpose};
use super::own_data::named;
use super::transmitting::{Prober, text};
use super::{Found, Hit, Made, Notice, NoticeName, Refused, Request, Spec};
use crate::answers::{Answer, HitSeen, NoticeSeen, RequestSeen, SetSeen};
use crate::operations::{About, Call, Decided, HitName, Key, Number, Prints, State, Step, Which};

impl Request {
    /// Whether a State has a set in it.
    pub fn is_about(&self, state: State) -> bool {
        self.found.iter().any(|found| found.state == state)
    }

    /// R-RIGHT-3, R-RIGHT-4.
    pub fn is_seen_by(&self, state: State) -> bool {
        !self.forgotten && (self.asked_in == state || self.is_about(state))
    }
}

impl Spec {
    /// A hit as its recipient sees it; with disclosures up to a moment.
    pub(super) fn hit_seen(&self, name: &HitName, until: Option<Timestamp>) -> HitSeen {
        let hit = self.hits.iter().find(|hit| hit.name == *name).unwrap();
        let set = &self.sets[name.found];
        let kept = hit.verdict.is_none_or(|(verdict, _)| verdict == "confirmed");
        let found = (kept && !set.blocked && !set.gone && !hit.gone).then(|| self.seen(name.found, true));
        let found = found.map(|mut found: SetSeen| {
            let disclosures = found.disclosures.as_mut().unwrap();
            disclosures.retain(|(_, at)| until.is_none_or(|until| *at <= until));
            found
        });
        HitSeen {
            hit: name.clone(),
            recipient: hit.recipient,
            at: hit.at,
            verdict: hit.verdict.map(|(verdict, at)| (verdict.to_owned(), at)),
            prints_replaced: hit.prints_replaced,
            found,
        }
    }

    /// R-BLOCK-2: nobody learns of a set that was blocked since.
    fn may_be_told_of(&self, hit: &Hit) -> bool {
        !hit.gone && !self.sets[hit.name.found].blocked
    }

    /// One of the State's own hits: its place.
    fn own_hit(&self, hit: &Which<HitName>, state: Option<State>) -> Result<usize, Refused> {
        let own = |hit: &Hit| state.is_none_or(|state| state == hit.recipient) && self.may_be_told_of(hit);
        let place = named(hit).and_then(|name| self.hits.iter().position(|hit| hit.name == name && own(hit)));
        place.ok_or_else(|| vec!["hit-not-found"])
    }

    fn record_hit(&mut self, operation: &str, by: usize, place: usize) {
        let hit = &self.hits[place];
        let about = (hit.recipient, Some(hit.probe_category), hit.probe_number.clone());
        self.record(operation, Some(by), Some(about));
    }

    pub(super) fn read_hit(&mut self, call: Call, hit: &Which<HitName>) -> Result<Answer, Refused> {
        let place = self.own_hit(hit, Some(self.viewer(call)?))?;
        self.record_hit("hit-read", call.authority, place);
        let seen = self.hit_seen(&self.hits[place].name, None);
        self.last_recorded().disclosed = seen.found.iter().map(|found| found.set).collect();
        Ok(Answer::Hit(seen))
    }

    pub(super) fn list_hits(&mut self, call: Call) -> Result<Answer, Refused> {
        let state = self.viewer(call)?;
        self.record_for("hits-listed", Some(call.authority), Some(state));
        let own = self.hits.iter().filter(|hit| hit.recipient == state && self.may_be_told_of(hit));
        let mut seen: Vec<_> =
            own.map(|hit| HitSeen { found: None, ..self.hit_seen(&hit.name, None) }).collect();
        seen.sort_by(|a, b| (a.at, &a.hit).cmp(&(b.at, &b.hit)));
        Ok(Answer::Hits(seen))
    }

    /// R-HIT-4.
    pub(super) fn verify(
        &mut self,
        call: Call,
        hit: &Which<HitName>,
        verdict: &'static str,
    ) -> Result<Answer, Refused> {
        let place = self.own_hit(hit, Some(self.state(call)?))?;
        match self.hits[place].verdict {
            Some((before, _)) if before != verdict => return Err(vec!["verified-already"]),
            Some(_) => self.record_hit("verification", call.authority, place),
            None => {
                self.record_hit("verification", call.authority, place);
                self.in_detail(verdict);
                self.hits[place].verdict = Some((verdict, self.now));
                let (recipient, found) = (self.hits[place].recipient, self.hits[place].name.found);
                let of = self.sets[found].state;
                self.count(format!("verdicts {verdict} {recipient} {of}"), 1);
            }
        }
        Ok(Answer::Hit(HitSeen { found: None, ..self.hit_seen(&self.hits[place].name, None) }))
    }

    /// R-EDIT-2: whether there is such a set is not told.
    pub(super) fn notify(
        &mut self,
        step: &Step,
        about: &About,
        concern: &'static str,
        key: Key,
    ) -> Result<Answer, Refused> {
        let caller = self.role(step.call, &["member-state", "central-operator", "central-admin"])?;
        let from = caller.state;
        let mut refused = vec![];
        if let Some(Made::Notice(place)) = self.once(step, key, &mut refused) {
            self.record_for("repetition", Some(step.call.authority), from);
            return Ok(Answer::Notice(self.notice_seen(place)));
        }
        let (to, category, number, hit) = match about {
            About::Set(state, category, number) => (*state, *category, text(number).to_owned(), None),
            About::Hit(hit) => match self.own_hit(hit, from) {
                Ok(place) => {
                    let name = self.hits[place].name.clone();
                    let set = &self.sets[name.found];
                    (set.state, set.category, set.number.clone(), Some(name))
                }
                Err(codes) => return Err([refused, codes].concat()),
            },
        };
        if !refused.is_empty() {
            return Err(refused);
        }
        let name = NoticeName::Given(self.number);
        self.notices.push(Notice {
            name,
            concern,
            from,
            to,
            category,
            number,
            hit,
            at: self.now,
            answered: None,
            forgotten: false,
        });
        let place = self.notices.len() - 1;
        self.remember(step, key, Made::Notice(place));
        self.record_notice("notice-given", step.call.authority, place);
        self.in_detail(concern);
        self.count(format!("asked {to} notice-given"), 1);
        Ok(Answer::Notice(self.notice_seen(place)))
    }

    fn record_notice(&mut self, operation: &str, by: usize, place: usize) {
        let notice = &self.notices[place];
        let about = (notice.to, Some(notice.category), notice.number.clone());
        self.record(operation, Some(by), Some(about));
    }

    fn notice_seen(&self, place: usize) -> NoticeSeen {
        let notice = self.notices[place].clone();
        let told = notice.concern == "erased-after-hit";
        NoticeSeen {
            notice: notice.name,
            concern: notice.concern.to_owned(),
            from: notice.from,
            to: notice.to,
            category: notice.category,
            number: notice.number,
            hit: notice.hit,
            given: notice.at,
            due: told.then(|| notice.at + SignedDuration::from_hours(72)),
            answered: notice.answered.map(|(reply, at)| (reply.to_owned(), at)),
        }
    }

    pub(super) fn list_notices(&mut self, call: Call) -> Result<Answer, Refused> {
        let state = self.viewer(call)?;
        self.record_for("notices-listed", Some(call.authority), Some(state));
        let seen = |notice: &Notice| !notice.forgotten && (notice.to == state || notice.from == Some(state));
        let places = (0..self.notices.len()).filter(|&place| seen(&self.notices[place]));
        let mut notices: Vec<_> = places.map(|place| self.notice_seen(place)).collect();
        notices.sort_by(|a, b| (a.given, &a.notice).cmp(&(b.given, &b.notice)));
        Ok(Answer::Notices(notices))
    }

    pub(super) fn answer_notice(
        &mut self,
        call: Call,
        notice: &Which<NoticeName>,
        reply: &'static str,
    ) -> Result<Answer, Refused> {
        let state = self.state(call)?;
        let seen = |notice: &Notice| !notice.forgotten && (notice.to == state || notice.from == Some(state));
        let place = named(notice)
            .and_then(|name| self.notices.iter().position(|notice| notice.name == name && seen(notice)))
            .ok_or_else(|| vec!["notice-not-found"])?;
        let mut refused = vec![];
        refused.extend((self.notices[place].to != state).then_some("nothing-to-answer"));
        let fits = law::may_reply(self.notices[place].concern, reply);
        refused.extend((!fits).then_some("reply-not-allowed"));
        if !refused.is_empty() {
            return Err(refused);
        }
        self.notices[place].answered = Some((reply, self.now));
        self.record_notice("notice-answered", call.authority, place);
        self.in_detail(reply);
        Ok(Answer::Notice(self.notice_seen(place)))
    }

    /// R-RIGHT-1: everything that is stored is searched.
    pub(super) fn open_request(
        &mut self,
        step: &Step,
        prints: Prints,
        right: &'static str,
        (number, key): (&Number, Key),
    ) -> Result<Answer, Refused> {
        let state = self.state(step.call)?;
        let by = step.call.authority;
        let number = text(number).to_owned();
        let mut refused = vec![];
        let mut refuse = |when: bool, code| refused.extend(when.then_some(code));
        refuse(!self.is_in_operation(), "not-in-operation");
        refuse(!self.takes_part(state), "takes-no-part");
        refuse(!number.starts_with(&format!("{state}9")), "reference-number-invalid");
        refuse(prints.poor, "fingerprint-too-poor");
        match self.once(step, key, &mut refused) {
            Some(Made::Request(request)) if refused.is_empty() => {
                self.record_for("repetition", Some(by), Some(state));
                return Ok(Answer::Opened(self.request_seen(request, state), vec![], true));
            }
            Some(_) => return Err(refused),
            None => {}
        }
        let same = |request: &Request| request.asked_in == state && request.number == number;
        let taken = self.requests.iter().any(|(_, request)| same(request) && !request.forgotten);
        refused.extend(taken.then_some("reference-number-taken"));
        if !refused.is_empty() {
            return Err(refused);
        }
        let before = self.number;
        let purpose = Purpose::DataSubject;
        let prober = Prober { purpose, state, compare_own: true, sex: "unknown", prints, before };
        let search = self.search(&prober);
        let found = |set: &usize, origin_only| {
            let of = &self.sets[*set];
            let (state, category, number) = (of.state, of.category, of.number.clone());
            Found { set: *set, state, category, number, origin_only, answered: None }
        };
        let told = search.told.iter().map(|set| found(set, false));
        let found = told.chain(search.to_origin.iter().map(|set| found(set, true))).collect();
        let due = month_after(self.today());
        let request = self.number;
        let opened = Request {
            asked_in: state,
            number: number.clone(),
            right,
            at: self.now,
            due,
            found,
            forgotten: false,
        };
        self.requests.push(request, opened);
        self.remember(step, key, Made::Request(request));
        self.record("rights-request-opened", Some(by), Some((state, None, number)));
        self.in_detail(right);
        let audit = self.last_recorded();
        (audit.compared, audit.compared_blocked) = (search.compared, search.compared_blocked);
        audit.disclosed = search.told.iter().copied().collect();
        self.count(format!("asked {state} rights-request-opened"), 1);
        let shown = |&set: &usize| SetSeen { disclosures: None, ..self.seen(set, true) };
        let shown: Vec<_> = search.told.iter().map(shown).collect();
        for set in search.told {
            // R-HIT-3, R-RIGHT-3: told to another State.
            if self.sets[set].state != state {
                self.sets[set].disclosures.push((state, self.now));
            }
        }
        Ok(Answer::Opened(self.request_seen(request, state), shown, false))
    }

    /// R-RIGHT-3 to R-RIGHT-5, R-BLOCK-2: as a State sees it.
    fn request_seen(&self, place: usize, viewer: State) -> RequestSeen {
        let request = &self.requests[place];
        // R-BLOCK-2: nor what was blocked since, though it be gone by now.
        let hidden = |found: &Found| found.origin_only || self.sets[found.set].blocked;
        let sees = |found: &&Found| found.state == viewer || request.asked_in == viewer && !hidden(found);
        let shown: Vec<_> = request.found.iter().filter(sees).collect();
        // Access is given where the person is; only of what that State may not see the State of origin answers, while it is there.
        let waits = |found: &&Found| {
            let of_origin = found.origin_only && !self.sets[found.set].gone;
            found.answered.is_none() && (request.right != "access" || of_origin)
        };
        let late = self.today() > request.due && shown.iter().any(waits);
        let mut sets: Vec<_> = shown
            .iter()
            .map(|found| {
                let answered = found
                    .answered
                    .map(|(decided, at)| (if decided.refused { "refused" } else { "done" }.to_owned(), at));
                // R-ERASE-2.
                let number = (!self.sets[found.set].gone).then(|| found.number.clone());
                (found.state, found.category, number, answered)
            })
            .collect();
        sets.sort();
        RequestSeen {
            request: place,
            asked_in: request.asked_in,
            number: request.number.clone(),
            right: request.right.to_owned(),
            opened: request.at,
            due: request.due,
            late,
            sets,
        }
    }

    /// For the State, and its national supervisor (R-RIGHT-5).
    pub(super) fn list_requests(&mut self, call: Call) -> Result<Answer, Refused> {
        let caller = self.caller(call)?;
        let state = match (caller.role, call.of) {
            ("national-supervisor", None) => caller.state.unwrap(),
            _ => self.viewer(call)?,
        };
        self.record_for("rights-requests-listed", Some(call.authority), Some(state));
        let places = self.requests.which(|request| request.is_seen_by(state));
        Ok(Answer::Requests(places.into_iter().map(|place| self.request_seen(place, state)).collect()))
    }

    /// R-RIGHT-4.
    pub(super) fn answer_request(
        &mut self,
        call: Call,
        request: &Which<usize>,
        decided: Decided,
    ) -> Result<Answer, Refused> {
        let state = self.state(call)?;
        let seen = |place: &usize| self.requests.get(*place).is_some_and(|request| request.is_seen_by(state));
        let seen = named(request).filter(seen);
        let place = seen.ok_or_else(|| vec!["rights-request-not-found"])?;
        let mut refused = vec![];
        let whole =
            decided.in_writing && decided.reasons == decided.refused && decided.appeals == decided.refused;
        refused.extend((!whole).then_some("field-invalid"));
        let none = !self.requests[place].is_about(state);
        refused.extend(none.then_some("nothing-to-answer"));
        if !refused.is_empty() {
            return Err(refused);
        }
        let now = self.now;
        for found in self.requests[place].found.iter_mut().filter(|found| found.state == state) {
            found.answered = Some((decided, now));
        }
        let number = self.requests[place].number.clone();
        self.record("rights-request-answered", Some(call.authority), Some((state, None, number)));
        self.in_detail(if decided.refused { "refused" } else { "done" });
        self.count(format!("asked {state} rights-request-answered"), 1);
        Ok(Answer::Request(self.request_seen(place, state)))
    }
}
