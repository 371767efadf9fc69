//! Statistics and records of operations of the unit under test.

use std::collections::BTreeMap;

use jiff::civil::Date;
use whorl::eurodac::operation::Operation;
use whorl::eurodac::retention::legal_day;
use whorl::report::Statistics;

use super::{Outcome, Problem, World, to_text};
use crate::answers::Answer;
use crate::operations::{Call, State};
use crate::spec::calendar::days_after;

impl World {
    /// Statistics of some days; and, of what ended by itself and of what is stored, of all.
    pub(super) fn statistics(&self, call: Call, days: u16) -> Outcome {
        let statistician = self.caller(call)?.statistician()?;
        self.unit().erase_what_is_over()?;
        self.unit().read_statistics(Operation::StatisticsRead, &statistician)?;
        let today = legal_day(self.now());
        let mut counts = BTreeMap::new();
        put(&mut counts, &self.between(days_after(today, -i64::from(days)), today)?);
        counts.retain(|name: &String, _| !name.starts_with("stored ") && !name.starts_with("ended "));
        let mut always = BTreeMap::new();
        put(&mut always, &self.between(Date::MIN, today)?);
        always.retain(|name, _| name.starts_with("stored ") || name.starts_with("ended "));
        counts.append(&mut always);
        Ok(Answer::Counts(counts))
    }

    fn between(&self, from: Date, to: Date) -> Result<Statistics, Problem> {
        let sums = self.unit().database().counters(from, to)?;
        let all = self.unit().database().counters(Date::MIN, to)?;
        Ok(Statistics::new(from, to, sums, all))
    }

    /// Records of operations since the last time; but for what the unit does by itself, whenever it does.
    pub(super) fn audit(&mut self, call: Call) -> Outcome {
        let supervisor = self.caller(call)?.joint_supervisor()?;
        let (records, next) = self.unit().list_audit(self.audited, 10_000, &supervisor)?;
        if next.is_some() {
            return Err("more records than were made".into());
        }
        self.audited = records.last().map_or(self.audited, |record| record.number + 1);
        let by_itself = [Operation::Started, Operation::Expiry, Operation::Retention];
        let mine = records.iter().filter(|record| !by_itself.contains(&record.audit.operation));
        Ok(Answer::Audit(mine.map(|record| self.audit_seen(record)).collect()))
    }
}

fn put(counts: &mut BTreeMap<String, i64>, statistics: &Statistics) {
    let mut put = |name: String, count: i64| {
        counts.insert(name, count);
    };
    let of = |state: whorl::eurodac::model::MemberState, category: whorl::eurodac::model::Category| {
        format!("{}{}", super::letters(state) as State, category.number())
    };
    for line in &statistics.transmissions {
        put(format!("transmissions {}", of(line.member_state, line.category)), line.count);
    }
    for line in &statistics.hits {
        let probe = of(line.probe_member_state, line.probe_category);
        put(format!("hits {probe} {}", of(line.member_state, line.category)), line.count);
    }
    for line in &statistics.verifications {
        let (probe, found) = (line.probe_member_state, line.member_state);
        put(format!("verdicts {} {probe} {found}", to_text(line.verdict)), line.count);
    }
    for line in &statistics.erasures {
        let of = of(line.member_state, line.category);
        let name = line.ground.map(|ground| format!("erased {of} {}", to_text(ground)));
        put(name.unwrap_or_else(|| format!("ended {of}")), line.count);
    }
    for line in &statistics.blockings {
        put(format!("blockings {}", of(line.member_state, line.category)), line.count);
    }
    for line in &statistics.hits_on_blocked {
        put(format!("hits on blocked {}", of(line.member_state, line.category)), line.count);
    }
    for line in &statistics.stored {
        let word = if line.blocked { "blocked" } else { "open" };
        put(format!("stored {} {word}", of(line.member_state, line.category)), line.count);
    }
    for line in &statistics.delays {
        let class = line.up_to_days.map_or("more".to_owned(), |days| days.to_string());
        put(format!("delays {} {class}", of(line.member_state, line.category)), line.count);
    }
    let answers = statistics.answer_times.iter().map(|line| line.count).sum();
    put("answers".to_owned(), answers);
    for line in &statistics.requests {
        put(format!("asked {} {}", line.member_state, to_text(line.operation)), line.count);
    }
    counts.retain(|_, count| *count != 0);
}
