//! From an operation as it was drawn to the one that is carried out: picks become names, days and waits become dates and moments.

use jiff::civil::Date;
use jiff::{SignedDuration, Timestamp};

use crate::operations::{
    About, Act, By, Call, Day, Defect, HitName, Key, NoticeName, Number, Operation, STATES, State, Step,
    Transmission, Wait, Which,
};
use crate::spec::calendar::{begin, clock_changes, days_after, legal_day, years_after};
use crate::spec::{KEY_KEPT, Spec, law};

/// The step that an operation is in this state of things.
pub fn settle(spec: &mut Spec, operation: &Operation) -> Step {
    if let Act::Repeat(at) = operation.act {
        let kept = spec.keyed.len();
        if kept > 0 {
            let step = spec.keyed[kept - 1 - usize::from(at) % kept].step.clone();
            return Step { number: operation.number, ..step };
        }
    }
    let (number, call) = (operation.number, caller(spec, &operation.by));
    // A State that nobody acts for has no number of its own; any does.
    let state = call.of.or(spec.authorities[call.authority].state).unwrap_or(STATES[0]);
    let act = settled(spec, (call, number), state, operation.act.clone());
    Step { number, call, act }
}

fn caller(spec: &Spec, by: &By) -> Call {
    let one = |role: &str, state: Option<State>| {
        let fits = |place: &usize| {
            let authority = &spec.authorities[*place];
            authority.role == role && (authority.state == state || state.is_none())
        };
        let has_access = |place: &usize| {
            let authority = &spec.authorities[*place];
            let ended = authority.keys.last().copied().flatten().is_some_and(|at| at <= spec.now);
            !authority.revoked && !ended
        };
        let all = || (0..spec.authorities.len()).filter(fits);
        let found = all().find(has_access).or_else(|| all().next()).unwrap_or(0);
        (found, spec.authorities[found].keys.len() - 1)
    };
    let ((authority, key), of) = match by {
        By::State(at) => (one("member-state", Some(STATES[*at])), None),
        By::Operator(at) => (one("central-operator", None), Some(STATES[*at])),
        By::Administrator => (one("central-admin", None), None),
        By::Joint(at) => (one("joint-supervisor", None), Some(STATES[*at])),
        By::National(at) => (one("national-supervisor", Some(STATES[*at])), None),
        By::Commission => (one("commission", None), None),
        By::Anybody(authority, key, of) => {
            let authority = usize::from(*authority) % spec.authorities.len();
            let key = usize::from(*key) % spec.authorities[authority].keys.len();
            ((authority, key), of.map(|at| STATES[at]))
        }
        By::Is(call) => {
            // One that was designated by an operation that was left out is not there.
            let authority = call.authority.min(spec.authorities.len() - 1);
            let key = call.key.min(spec.authorities[authority].keys.len() - 1);
            ((authority, key), call.of)
        }
    };
    Call { authority, key, of }
}

fn settled(spec: &mut Spec, (call, at): (Call, usize), state: State, act: Act) -> Act {
    match act {
        Act::Transmit(sent, key) => {
            Act::Transmit(transmission(spec, (state, at), sent), self::key(spec, at, key))
        }
        Act::CutOff(sent, key, wait) => {
            let (sent, key) = (transmission(spec, (state, at), sent), self::key(spec, at, key));
            if spec.would_be_entered(call, &sent, key) {
                Act::CutOff(sent, key, moment(spec, wait))
            } else {
                Act::Transmit(sent, key)
            }
        }
        // Nothing was sent that could be repeated.
        Act::Repeat(_) => Act::EraseWhatIsOver,
        Act::Amend { set, sex, taken, applied, prints } => {
            let set = self::set(spec, state, set);
            let category = named(&set).and_then(|set| spec.sets.get(set)).map_or(1, |set| set.category);
            let taken = taken.map(|taken| day(spec, category, taken));
            let applied = applied.map(|applied| day(spec, category, applied));
            Act::Amend { set, sex, taken, applied, prints }
        }
        Act::Block(set, blocked) => Act::Block(self::set(spec, state, set), blocked),
        Act::Erase(set, ground) => Act::Erase(self::set(spec, state, set), ground),
        Act::ReadSet(set) => Act::ReadSet(self::set(spec, state, set)),
        Act::ListSets(category, number, limit) => {
            let number = number.map(|number| self::number(state, category.unwrap_or(1), number));
            Act::ListSets(category, number, limit)
        }
        Act::ReadHit(hit) => Act::ReadHit(self::hit(spec, state, hit)),
        Act::Verify(hit, verdict) => Act::Verify(self::hit(spec, state, hit), verdict),
        Act::Notify(about, concern, key) => {
            let about = match about {
                About::Hit(hit) => About::Hit(self::hit(spec, state, hit)),
                About::Set(of, category, number) => {
                    About::Set(of, category, self::number(of, category, number))
                }
            };
            Act::Notify(about, concern, self::key(spec, at, key))
        }
        Act::AnswerNotice(notice, reply) => Act::AnswerNotice(self::notice(spec, state, notice), reply),
        Act::OpenRequest(prints, right, number, key) => {
            Act::OpenRequest(prints, right, self::number(state, 9, number), self::key(spec, at, key))
        }
        Act::AnswerRequest(request, decided) => {
            let all = |own: bool| spec.requests.which(|request| !own || request.is_seen_by(state));
            Act::AnswerRequest(pick(request, all), decided)
        }
        Act::Start(on) => Act::Start(day(spec, 1, on)),
        Act::Rotate(which, overlap, days) => Act::Rotate(authority(spec, which), overlap, days),
        Act::Revoke(which) => Act::Revoke(authority(spec, which)),
        Act::Wait(wait) => Act::Wait(moment(spec, wait)),
        Act::Restart(wait, store) => Act::Restart(moment(spec, wait), store),
        other => other,
    }
}

fn named<T: Clone>(which: &Which<T>) -> Option<T> {
    match which {
        Which::Named(name) => name.clone(),
        Which::Pick(..) => None,
    }
}

/// One of the caller's own, or of all and one that is not there.
fn pick<T: Clone>(which: Which<T>, all: impl Fn(bool) -> Vec<T>) -> Which<T> {
    let Which::Pick(own, at) = which else { return which };
    let some = if own { all(true) } else { Vec::new() };
    if !some.is_empty() {
        return Which::Named(Some(some[some.len() - 1 - usize::from(at) % some.len()].clone()));
    }
    let all = all(false);
    // The newest first, so that what is asked for is often still there.
    let place = usize::from(at) % (all.len() + 1);
    Which::Named(all.len().checked_sub(place + 1).map(|place| all[place].clone()))
}

fn set(spec: &Spec, state: State, which: Which<usize>) -> Which<usize> {
    pick(which, |own| spec.sets.which(|set| !own || set.state == state && !set.gone))
}

fn hit(spec: &Spec, state: State, which: Which<HitName>) -> Which<HitName> {
    pick(which, |own| {
        let own = spec.hits.iter().filter(|hit| !own || hit.recipient == state);
        own.map(|hit| hit.name.clone()).collect()
    })
}

fn notice(spec: &Spec, state: State, which: Which<NoticeName>) -> Which<NoticeName> {
    pick(which, |own| {
        let own = spec.notices.iter().filter(|notice| !own || notice.to == state);
        own.map(|notice| notice.name.clone()).collect()
    })
}

fn authority(spec: &Spec, which: Which<usize>) -> Which<usize> {
    pick(which, |_| (0..spec.authorities.len()).collect())
}

fn number(state: State, category: u8, number: Number) -> Number {
    match number {
        Number::Drawn(number) => Number::Is(format!("{state}{category}-{number}")),
        settled @ Number::Is(_) => settled,
    }
}

fn key(spec: &mut Spec, at: usize, key: Key) -> Key {
    let used = spec.keys.len();
    match key {
        Key::Old(at) if used > 0 => Key::Is(Some(spec.keys[used - 1 - usize::from(at) % used])),
        Key::New | Key::Old(_) => {
            spec.keys.push(at.try_into().unwrap());
            Key::Is(spec.keys.last().copied())
        }
        Key::None => Key::Is(None),
        Key::Is(_) => key,
    }
}

fn transmission(spec: &Spec, (state, at): (State, usize), sent: Transmission) -> Transmission {
    let category = sent.category;
    let number = match (sent.number, sent.defect) {
        (Number::Drawn(number), Some(Defect::OthersNumber)) => {
            let other = STATES[usize::from(state == STATES[0])];
            Number::Is(format!("{other}{category}-{number}"))
        }
        (Number::Drawn(number), Some(Defect::OthersCategory)) => {
            Number::Is(format!("{state}{}-{number}", category % 3 + 1))
        }
        // Nothing is stored of category 3: so that its hits have names, no number comes twice.
        (Number::Drawn(_), _) if category == 3 => Number::Is(format!("{state}3-{at}")),
        (number, _) => self::number(state, category, number),
    };
    let (taken, applied) = (day(spec, category, sent.taken), day(spec, category, sent.applied));
    Transmission { number, taken, applied, ..sent }
}

fn day(spec: &Spec, category: u8, day: Day) -> Day {
    let today = spec.today();
    Day::On(match day {
        Day::Ago(days) => days_after(today, -i64::from(days)),
        Day::Ahead(days) => days_after(today, days.into()),
        Day::Ending(days) => years_after(days_after(today, days.into()), -law::years(category)),
        Day::On(date) => date,
    })
}

fn moment(spec: &Spec, wait: Wait) -> Wait {
    let now = spec.now;
    let second = SignedDuration::from_secs(1);
    let hours = |hours: i64| now + SignedDuration::from_hours(hours);
    let first = |days: Box<dyn Iterator<Item = Date> + '_>| days.min().map_or(hours(1), begin);
    let at = match wait {
        Wait::Seconds(seconds) => now + SignedDuration::from_secs(seconds.into()),
        Wait::Hours(some) => hours(some.into()),
        Wait::Days(days) => hours(24 * i64::from(days)),
        Wait::Years(years) => begin(years_after(spec.today(), years.into())) + second,
        Wait::LastHour | Wait::DayAfter => {
            let stored = spec.sets.iter().filter(|(_, set)| !set.gone);
            let end = first(Box::new(stored.map(|(_, set)| days_after(set.last_day, 1))));
            if wait == Wait::DayAfter { end } else { end - second }
        }
        Wait::Decision(days) => {
            let from = spec.started.map(|started| years_after(started, 5));
            from.map_or(hours(1), |from| begin(days_after(from, days.into())))
        }
        Wait::Due(after) => {
            let due = spec.requests.iter().map(|(_, request)| request.due).filter(|due| *due >= spec.today());
            first(Box::new(due.map(|due| days_after(due, i64::from(after)))))
        }
        Wait::LeapDay => {
            let year = legal_day(now).year();
            let leap = (year..year + 9).filter_map(|year| Date::new(year, 2, 29).ok());
            let leap = leap.map(|day| begin(day) + SignedDuration::from_hours(22));
            leap.into_iter().find(|at| *at > now).unwrap_or(hours(1))
        }
        Wait::ClockChange(some) => {
            let year = legal_day(now).year();
            let changes = (year..year + 2).flat_map(clock_changes);
            let change = changes.into_iter().find(|at| *at > hours(2)).unwrap_or(now);
            change + SignedDuration::from_mins(i64::from(some) * 30)
        }
        Wait::KeyEnds(before) => {
            let keys = spec.authorities.iter().flat_map(|authority| authority.keys.iter().flatten());
            earlier(keys.filter(|at| **at > now).min().copied(), before, now)
        }
        Wait::Forgotten(before) => {
            let kept = spec.keyed.iter().map(|used| used.at + KEY_KEPT).filter(|at| *at > now).min();
            earlier(kept.map(|at| at + second), before, now)
        }
        Wait::Until(at) => at,
    };
    Wait::Until(at.max(now))
}

fn earlier(at: Option<Timestamp>, before: bool, now: Timestamp) -> Timestamp {
    let at = at.unwrap_or(now + SignedDuration::from_hours(1));
    if before { at - SignedDuration::from_secs(1) } else { at }
}
