//! Sections 2 to 4: what is entered, what is compared with what, and what is told.

use jiff::Timestamp;
use jiff::civil::Date;

use super::calendar::{days_between, legal_day, years_after};
use super::law::{self, Purpose, Use};
use super::{Hit, KEY_KEPT, Keyed, Made, Refused, Set, Spec, prints};
use crate::answers::{Answer, Compared, HitSeen, Told};
use crate::operations::{
    Act, Call, Day, Defect, HitName, Key, Number, Prints, Probe, State, Step, Transmission, Wait,
};

/// What a search finds.
#[derive(Default)]
pub(super) struct Search {
    /// R-COMP-10: how many sets were compared; blocked ones apart.
    pub compared: Compared,
    pub compared_blocked: Compared,
    pub told: Vec<usize>,
    pub counted: Vec<usize>,
    pub to_origin: Vec<usize>,
}

/// Whose prints are compared, and for what.
pub(super) struct Prober {
    pub purpose: Purpose,
    pub state: State,
    pub compare_own: bool,
    pub sex: &'static str,
    pub prints: Prints,
    /// Only sets that were entered before this one.
    pub before: usize,
}

/// The day of something that is settled.
pub fn day(day: Day) -> Date {
    let Day::On(date) = day else { unreachable!("it is settled") };
    date
}

/// The moment of a wait that is settled.
pub fn moment(wait: &Wait) -> Timestamp {
    let Wait::Until(at) = wait else { unreachable!("it is settled") };
    *at
}

/// The text of a number that is settled.
pub fn text(number: &Number) -> &str {
    let Number::Is(text) = number else { unreachable!("it is settled") };
    text
}

/// The key of a request that is settled.
pub fn key(key: Key) -> Option<u32> {
    let Key::Is(key) = key else { unreachable!("it is settled") };
    key
}

impl Spec {
    /// Everything that speaks against a transmission.
    fn refusals(&self, state: State, sent: &Transmission) -> Refused {
        let mut refused = vec![];
        let mut refuse = |when: bool, code| refused.extend(when.then_some(code));
        let today = self.today();
        let prefix = format!("{state}{}", sent.category);
        let number = text(&sent.number);
        refuse(!number.starts_with(&prefix) || number == prefix, "reference-number-invalid");
        match sent.defect {
            Some(Defect::Attestation(name)) if law::attestations(sent.category).contains(&name) => {
                refuse(true, "attestation-missing");
            }
            Some(Defect::Attestation(_)) => refuse(true, "body-invalid"),
            Some(Defect::UnknownField(name)) => {
                refuse(!law::fields(sent.category).contains(&name), "body-invalid");
            }
            Some(Defect::NoFingers | Defect::FingerTwice) => refuse(true, "field-invalid"),
            Some(Defect::NoPlace) => refuse(sent.category == 1, "field-invalid"),
            _ => {}
        }
        if sent.category < 3 {
            let taken = day(sent.taken);
            refuse(taken > today, "date-in-future");
            refuse(years_after(taken, law::years(sent.category)) < today, "retention-passed");
        }
        refuse(sent.category == 1 && day(sent.applied) > today, "date-in-future");
        refuse(sent.category == 2 && sent.compare_own, "never-compared");
        refuse(sent.prints.poor, "fingerprint-too-poor");
        refuse(!self.is_in_operation(), "not-in-operation");
        refuse(!self.takes_part(state), "takes-no-part");
        refused
    }

    /// R-OPS-1.
    pub(super) fn is_in_operation(&self) -> bool {
        self.started.is_some_and(|day| day <= self.today())
    }

    pub(super) fn takes_part(&self, state: State) -> bool {
        self.register.contains(&(state, true, true)) || self.register.contains(&(state, true, false))
    }

    /// Whether it would be entered; for whoever wants to cut it off then.
    pub fn would_be_entered(&self, call: Call, sent: &Transmission, key: Key) -> bool {
        let Ok((state, _)) = self.transmitter(call) else { return false };
        let new = super::transmitting::key(key).is_none_or(|key| self.used(call.authority, key).is_none());
        sent.category < 3 && new && self.refusals(state, sent).is_empty() && !self.is_taken(state, sent)
    }

    fn is_taken(&self, state: State, sent: &Transmission) -> bool {
        let same =
            |set: &Set| (set.state, set.category, &*set.number) == (state, sent.category, text(&sent.number));
        self.sets.iter().any(|(_, set)| same(set) && !set.gone)
    }

    /// The request for which an authority used a key, as long as that is remembered.
    pub(super) fn used(&self, authority: usize, key: u32) -> Option<&Keyed> {
        let last =
            self.keyed.iter().rev().find(|used| used.step.call.authority == authority && used.key == key);
        last.filter(|used| self.now.duration_since(used.at) <= KEY_KEPT)
    }

    /// R-DATA-3: what the same request made before, or that its key was used for another.
    pub(super) fn once(&self, step: &Step, key: Key, refused: &mut Refused) -> Option<Made> {
        let used = self.used(step.call.authority, self::key(key)?)?;
        let same = used.step.act == step.act && used.step.call.of == step.call.of;
        if !same {
            refused.push("idempotency-key-reused");
        }
        same.then_some(used.made)
    }

    pub(super) fn remember(&mut self, step: &Step, key: Key, made: Made) {
        let Some(key) = self::key(key) else { return };
        let mut step = step.clone();
        if let Act::CutOff(sent, key, _) = step.act {
            // As it was sent, and will be again.
            step.act = Act::Transmit(sent, key);
        }
        self.keyed.push(Keyed { step, key, at: self.now, made });
    }

    /// Enters (1, 2) and compares (1, 3); or enters only, where it is cut off then.
    pub(super) fn transmit(
        &mut self,
        step: &Step,
        sent: &Transmission,
        key: Key,
        to_the_end: bool,
    ) -> Result<Answer, Refused> {
        let (state, on_behalf) = self.transmitter(step.call)?;
        let by = Some(step.call.authority);
        let mut refused = self.refusals(state, sent);
        if sent.category == 3 {
            return if refused.is_empty() {
                Ok(self.check(state, sent, by, on_behalf))
            } else {
                Err(refused)
            };
        }
        match self.once(step, key, &mut refused) {
            Some(Made::Set(set)) if refused.is_empty() => return self.told_again(set, by, on_behalf),
            Some(_) => return Err(refused),
            None => {}
        }
        if self.is_taken(state, sent) {
            refused.push("reference-number-taken");
        }
        if !refused.is_empty() {
            return Err(refused);
        }
        let set = self.enter(state, sent, by);
        self.remember(step, key, Made::Set(set));
        if !to_the_end {
            self.cut_off.extend((sent.category == 1).then_some(set));
            return Ok(Answer::Done);
        }
        let told = if sent.category == 2 { Told::NotCompared } else { self.compare(set, by) };
        let told = if on_behalf && told != Told::NotCompared { Told::ToTheState } else { told };
        let medium = sent.return_media.then(|| prints(sent.prints));
        Ok(Answer::Entered(set, false, medium, told))
    }

    fn enter(&mut self, state: State, sent: &Transmission, by: Option<usize>) -> usize {
        let (category, taken) = (sent.category, day(sent.taken));
        let set = self.number;
        let entered = Set {
            state,
            category,
            number: text(&sent.number).to_owned(),
            sex: sent.sex,
            taken,
            last_day: years_after(taken, law::years(category)),
            application: (category == 1).then(|| ("Wien".to_owned(), day(sent.applied))),
            at: self.now,
            prints: sent.prints,
            compare_own: sent.compare_own,
            blocked: false,
            gone: false,
            disclosures: vec![],
            result: None,
        };
        self.sets.push(set, entered);
        self.record_about("entry", by, set);
        self.count(format!("transmissions {state}{category}"), 1);
        self.count(format!("stored {state}{category} open"), 1);
        let days = days_between(taken, legal_day(self.now));
        let class = [0, 1, 3, 7, 14, 30, 90].into_iter().find(|&class| days <= class);
        let class = class.map_or("more".to_owned(), |class| class.to_string());
        self.count(format!("delays {state}{category} {class}"), 1);
        set
    }

    /// Section 3, over everything that is stored.
    pub(super) fn search(&self, prober: &Prober) -> Search {
        let mut found = Search::default();
        for (name, set) in self.sets.iter().filter(|(name, _)| *name < prober.before) {
            let own = set.state == prober.state;
            let used = law::use_of(prober.purpose, set.category, own, set.blocked, prober.compare_own);
            let both = [prober.sex, set.sex];
            let other_sex = self.sex_matters
                && prober.purpose == Purpose::Category(1)
                && (both == ["female", "male"] || both == ["male", "female"]);
            let compared = law::are_compared(prober.prints, set.prints);
            if used == Use::Never || set.gone || other_sex || !compared {
                continue;
            }
            let counts = if set.blocked { &mut found.compared_blocked } else { &mut found.compared };
            *counts.entry((set.category, set.state)).or_default() += 1;
            if law::match_each_other(prober.prints, set.prints) {
                match used {
                    Use::Told => found.told.push(name),
                    Use::Counted => found.counted.push(name),
                    Use::ToOrigin => found.to_origin.push(name),
                    Use::Never => {}
                }
            }
        }
        found
    }

    /// R-COMP-1 to R-COMP-3: a set that is entered, with what was entered before it.
    fn compare(&mut self, set: usize, by: Option<usize>) -> Told {
        let of = self.sets[set].clone();
        let prober = Prober {
            purpose: Purpose::Category(of.category),
            state: of.state,
            compare_own: of.compare_own,
            sex: of.sex,
            prints: of.prints,
            before: set,
        };
        let found = self.search(&prober);
        self.record_about("comparison", by, set);
        let told = self.conclude(found, of.state, of.category, (Probe::Set(set), of.number));
        if let Told::Result(compared, hits) = &told {
            let hits = hits.iter().map(|hit| hit.hit.clone()).collect();
            self.sets[set].result = Some((self.now, compared.clone(), hits));
        }
        told
    }

    /// R-COMP-4: category 3, with all that is entered.
    fn check(&mut self, state: State, sent: &Transmission, by: Option<usize>, on_behalf: bool) -> Answer {
        let prober = Prober {
            purpose: Purpose::Category(3),
            state,
            compare_own: false,
            sex: "unknown",
            prints: sent.prints,
            before: self.number,
        };
        let found = self.search(&prober);
        let number = text(&sent.number).to_owned();
        self.record("comparison", by, Some((state, Some(3), number.clone())));
        self.count(format!("transmissions {state}3"), 1);
        let told = self.conclude(found, state, 3, (Probe::Check(number.clone()), number));
        Answer::Checked(if on_behalf { Told::ToTheState } else { told })
    }

    /// R-HIT-3: hits, each on the record that was found, before it is told.
    fn conclude(
        &mut self,
        found: Search,
        state: State,
        category: u8,
        (probe, number): (Probe, String),
    ) -> Told {
        self.count("answers".to_owned(), 1);
        let mut hits = vec![];
        for &set in &found.told {
            let name = HitName { probe: probe.clone(), found: set };
            self.hits.push(Hit {
                name: name.clone(),
                recipient: state,
                probe_category: category,
                probe_number: number.clone(),
                at: self.now,
                verdict: None,
                prints_replaced: false,
                gone: false,
            });
            self.sets[set].disclosures.push((state, self.now));
            let (of, kind) = (self.sets[set].state, self.sets[set].category);
            self.count(format!("hits {state}{category} {of}{kind}"), 1);
            hits.push(name);
        }
        for &set in &found.counted {
            let (of, kind) = (self.sets[set].state, self.sets[set].category);
            self.count(format!("hits on blocked {of}{kind}"), 1);
        }
        let audit = self.last_recorded();
        audit.compared.clone_from(&found.compared);
        audit.compared_blocked = found.compared_blocked;
        audit.disclosed = found.told.iter().copied().collect();
        let mut seen: Vec<_> = hits.iter().map(|hit| self.hit_seen(hit, None)).collect();
        seen.sort_by(|a: &HitSeen, b| a.hit.cmp(&b.hit));
        Told::Result(found.compared, seen)
    }

    /// R-DATA-3: the first answer, but for what may not be told any more.
    fn told_again(&mut self, set: usize, by: Option<usize>, on_behalf: bool) -> Result<Answer, Refused> {
        if self.sets[set].gone {
            // There is nothing left that it could be the answer about.
            return Err(vec!["idempotency-key-reused"]);
        }
        self.record_about("repetition", by, set);
        let Some((at, compared, hits)) = self.sets[set].result.clone() else {
            return Ok(Answer::Entered(set, true, None, Told::NotCompared));
        };
        let mut seen: Vec<_> = hits.iter().map(|hit| self.hit_seen(hit, Some(at))).collect();
        seen.retain(|hit| hit.found.is_some());
        self.last_recorded().disclosed = seen.iter().map(|hit| hit.hit.found).collect();
        let told = if on_behalf { Told::ToTheState } else { Told::Result(compared, seen) };
        Ok(Answer::Entered(set, true, None, told))
    }

    /// R-COMP-11: what was cut off is compared when the service is back.
    pub(super) fn restart(&mut self, wait: &Wait) {
        self.wait_until(moment(wait));
        for set in std::mem::take(&mut self.cut_off) {
            if !self.sets[set].gone {
                self.compare(set, None);
            }
        }
    }
}
