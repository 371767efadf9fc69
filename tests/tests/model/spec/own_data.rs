//! Sections 5 and 6: what a State sees of its own data, amends, blocks and erases; and the decision of Art. 12.

use super::calendar::{legal_day, years_after};
use super::law::{self, GROUNDS};
use super::transmitting::{day, text};
use super::{NoticeName, Refused, Spec};
use crate::answers::{Answer, SetSeen};
use crate::operations::{Call, Day, HitName, Number, Prints, Probe, State, Which};

/// What is named, where it is there.
pub(super) fn named<T: Clone>(which: &Which<T>) -> Option<T> {
    let Which::Named(name) = which else { unreachable!("it is settled") };
    name.clone()
}

impl Spec {
    /// R-ACCESS-1, R-ACCESS-2: one of the State's own sets.
    fn own(&self, set: &Which<usize>, state: State) -> Result<usize, Refused> {
        let own = |set: &usize| self.sets.get(*set).is_some_and(|set| set.state == state && !set.gone);
        let own = named(set).filter(own);
        own.ok_or_else(|| vec!["record-not-found"])
    }

    pub(super) fn read_set(&mut self, call: Call, set: &Which<usize>) -> Result<Answer, Refused> {
        let set = self.own(set, self.viewer(call)?)?;
        self.record_about("record-read", Some(call.authority), set);
        Ok(Answer::Set(self.seen(set, true)))
    }

    pub(super) fn list_sets(
        &mut self,
        call: Call,
        category: Option<u8>,
        number: Option<&Number>,
    ) -> Result<Answer, Refused> {
        let state = self.viewer(call)?;
        self.record_for("records-listed", Some(call.authority), Some(state));
        let wanted = |set: &SetSeen| {
            set.state == state
                && category.is_none_or(|category| category == set.category)
                && number.is_none_or(|number| text(number) == set.number)
        };
        let all = self.sets.which(|set| !set.gone).into_iter().map(|set| self.seen(set, false));
        Ok(Answer::Sets(all.filter(wanted).collect()))
    }

    /// R-EDIT-1: what is sent is changed, and compared with nothing; R-KEEP-3: the period is not prolonged.
    pub(super) fn amend(
        &mut self,
        call: Call,
        set: &Which<usize>,
        sex: Option<&'static str>,
        (taken, applied): (Option<Day>, Option<Day>),
        prints: Option<Prints>,
    ) -> Result<Answer, Refused> {
        let (state, _) = self.transmitter(call)?;
        let set = self.own(set, state)?;
        let (category, today) = (self.sets[set].category, self.today());
        let mut refused = vec![];
        let mut refuse = |when: bool, code| refused.extend(when.then_some(code));
        refuse(sex.is_none() && taken.is_none() && applied.is_none() && prints.is_none(), "field-missing");
        let last_day = taken.map(|taken| years_after(day(taken), law::years(category)));
        // R-DATA-4: it was transmitted after it was taken; prints that come with the amendment are transmitted now.
        let transmitted = legal_day(self.sets[set].at);
        let latest = if prints.is_some() { today } else { transmitted };
        refuse(taken.is_some_and(|taken| day(taken) > latest), "date-in-future");
        refuse(last_day.is_some_and(|last_day| last_day < today), "retention-passed");
        refuse(category != 1 && applied.is_some(), "field-unknown");
        refuse(applied.is_some_and(|applied| day(applied) > today), "date-in-future");
        refuse(prints.is_some_and(|prints| prints.poor), "fingerprint-too-poor");
        if !refused.is_empty() {
            return Err(refused);
        }
        let amended = &mut self.sets[set];
        amended.sex = sex.unwrap_or(amended.sex);
        amended.taken = taken.map_or(amended.taken, day);
        amended.last_day = last_day.map_or(amended.last_day, |last_day| last_day.min(amended.last_day));
        if let Some(applied) = applied {
            amended.application = Some(("Linz".to_owned(), day(applied)));
        }
        amended.prints = prints.unwrap_or(amended.prints);
        self.record_about("amendment", Some(call.authority), set);
        if prints.is_some() {
            self.in_detail("with other prints");
            let on_it = self.hits.iter_mut().filter(|hit| hit.name.found == set);
            on_it.for_each(|hit| hit.prints_replaced = true);
        }
        Ok(Answer::Set(self.seen(set, false)))
    }

    /// R-BLOCK-1.
    pub(super) fn block(&mut self, call: Call, set: &Which<usize>, blocked: bool) -> Result<Answer, Refused> {
        let (state, _) = self.transmitter(call)?;
        let set = self.own(set, state)?;
        if blocked && self.decision.is_some() {
            return Err(vec!["blocking-ended"]);
        }
        self.record_about("blocking", Some(call.authority), set);
        if self.sets[set].blocked != blocked {
            self.in_detail(if blocked { "blocked" } else { "unblocked" });
            self.set_blocked(set, blocked);
            if blocked {
                self.count(format!("blockings {state}{}", self.sets[set].category), 1);
            }
        }
        Ok(Answer::Set(self.seen(set, false)))
    }

    fn set_blocked(&mut self, set: usize, blocked: bool) {
        let (state, category) = (self.sets[set].state, self.sets[set].category);
        self.count(format!("stored {state}{category} {}", word(blocked)), 1);
        self.count(format!("stored {state}{category} {}", word(!blocked)), -1);
        self.sets[set].blocked = blocked;
    }

    /// R-ERASE-1.
    pub(super) fn erase_in_advance(
        &mut self,
        call: Call,
        set: &Which<usize>,
        ground: &'static str,
    ) -> Result<Answer, Refused> {
        let (state, _) = self.transmitter(call)?;
        let set = self.own(set, state)?;
        let &(_, categories, needs_decision) = GROUNDS.iter().find(|(name, ..)| *name == ground).unwrap();
        let allowed = categories.contains(&self.sets[set].category)
            && (!needs_decision || self.decision == Some("erase"));
        if !allowed {
            return Err(vec!["ground-not-allowed"]);
        }
        self.record_about("erasure", Some(call.authority), set);
        self.in_detail(ground);
        self.erase(set, Some(ground));
        Ok(Answer::Done)
    }

    /// R-ERASE-2: the set is gone, and hits on it and of it. R-ERASE-4: in advance, whoever had a hit on it is told.
    pub(super) fn erase(&mut self, set: usize, ground: Option<&'static str>) {
        let gone = self.sets[set].clone();
        let (state, category) = (gone.state, gone.category);
        self.sets[set].gone = true;
        self.count(format!("stored {state}{category} {}", word(gone.blocked)), -1);
        match ground {
            Some(ground) => self.count(format!("erased {state}{category} {ground}"), 1),
            None => self.count(format!("ended {state}{category}"), 1),
        }
        for place in 0..self.hits.len() {
            let hit = self.hits[place].clone();
            if hit.gone || hit.name.found != set && hit.name.probe != Probe::Set(set) {
                continue;
            }
            self.hits[place].gone = true;
            // R-HIT-4: of what was found to be another's there is no copy.
            let has_a_copy = hit.verdict.is_none_or(|(verdict, _)| verdict == "confirmed");
            if ground.is_some() && hit.name.found == set && has_a_copy {
                self.tell_of_erasure(&hit.name, place);
            }
        }
    }

    fn tell_of_erasure(&mut self, name: &HitName, place: usize) {
        let hit = self.hits[place].clone();
        self.notices.push(super::Notice {
            name: NoticeName::Erased(name.clone()),
            concern: "erased-after-hit",
            from: None,
            to: hit.recipient,
            category: hit.probe_category,
            number: hit.probe_number,
            hit: Some(name.clone()),
            at: self.now,
            answered: None,
            forgotten: false,
        });
    }

    /// R-BLOCK-3.
    pub(super) fn decide(&mut self, call: Call, decision: &'static str) -> Result<Answer, Refused> {
        self.role(call, &["central-admin"])?;
        let today = self.today();
        let possible = self.started.is_some_and(|started| years_after(started, 5) <= today);
        if self.decision.is_some() || !possible {
            return Err(vec!["decision-not-possible"]);
        }
        self.decision = Some(decision);
        self.record("article12-decision", Some(call.authority), None);
        self.in_detail(decision);
        let all = self.sets.which(|set| set.blocked && !set.gone);
        if decision == "erase" {
            self.forget_hits_within(&all);
        }
        for set in all {
            if decision == "erase" {
                self.record_about("erasure", None, set);
                self.in_detail("recognised-refugee");
                self.erase(set, Some("recognised-refugee"));
            } else {
                self.set_blocked(set, false);
            }
        }
        Ok(Answer::Done)
    }
}

impl Spec {
    /// Where both sets of a hit are erased at once, its recipient may be told of it, or not: it depends on which goes first.
    fn forget_hits_within(&mut self, erased: &[usize]) {
        for hit in &mut self.hits {
            let probe = matches!(hit.name.probe, Probe::Set(probe) if erased.contains(&probe));
            if !hit.gone && probe && erased.contains(&hit.name.found) {
                hit.gone = true;
                self.perhaps_told.push(hit.name.clone());
            }
        }
    }
}

fn word(blocked: bool) -> &'static str {
    if blocked { "blocked" } else { "open" }
}
