//! A State's own data: amended, blocked, erased, read, listed; and hits, likewise.

use serde_json::json;
use whorl::central_unit::Wanted;
use whorl::eurodac::model::Category;

use super::transmitting::{fingerprints, parse};
use super::{Outcome, World, from_text};
use crate::answers::Answer;
use crate::operations::{Call, Day, HitName, Number, Prints, State, Which};
use crate::spec::{day, text};

impl World {
    fn of(call: Call) -> Option<whorl::eurodac::model::MemberState> {
        call.of.map(|state: State| state.parse().unwrap())
    }

    pub(super) fn amend(
        &self,
        call: Call,
        set: &Which<usize>,
        sex: Option<&str>,
        (taken, applied): (Option<Day>, Option<Day>),
        prints: Option<Prints>,
    ) -> Outcome {
        let transmitter = self.caller(call)?.transmitter(Self::of(call))?;
        let mut body = json!({});
        if let Some(sex) = sex {
            body["sex"] = json!(sex);
        }
        if let Some(taken) = taken {
            body["fingerprints_taken_on"] = json!(day(taken).to_string());
        }
        if let Some(applied) = applied {
            body["application"] = json!({"place": "Linz", "date": day(applied).to_string()});
        }
        if let Some(prints) = prints {
            body["fingerprints"] = fingerprints(prints);
        }
        let record = self.unit().amend(self.id_of_set(set), parse(&body)?, &transmitter)?;
        Ok(Answer::Set(self.set_seen(&record, None)))
    }

    pub(super) fn block(&self, call: Call, set: &Which<usize>, blocked: bool) -> Outcome {
        let transmitter = self.caller(call)?.transmitter(Self::of(call))?;
        let record = self.unit().block(self.id_of_set(set), blocked, &transmitter)?;
        Ok(Answer::Set(self.set_seen(&record, None)))
    }

    pub(super) fn erase(&self, call: Call, set: &Which<usize>, ground: &str) -> Outcome {
        let transmitter = self.caller(call)?.transmitter(Self::of(call))?;
        // Whether whoever had a hit with a set that is over is told depends on when something has erased that.
        self.unit().erase_what_is_over()?;
        self.unit().erase(self.id_of_set(set), from_text(ground), &transmitter)?;
        Ok(Answer::Done)
    }

    pub(super) fn read_set(&self, call: Call, set: &Which<usize>) -> Outcome {
        let viewer = self.caller(call)?.viewer(Self::of(call))?;
        let (record, prints) = self.unit().read_record(self.id_of_set(set), &viewer)?;
        Ok(Answer::Set(self.set_seen(&record, Some(&prints))))
    }

    pub(super) fn list_sets(
        &self,
        call: Call,
        category: Option<u8>,
        number: Option<&Number>,
        limit: usize,
    ) -> Outcome {
        let viewer = self.caller(call)?.viewer(Self::of(call))?;
        let mut wanted = Wanted {
            reference_number: number.map(|number| text(number).to_owned()),
            category: category.map(|category| Category::try_from(category).unwrap()),
            after: None,
            limit,
        };
        let mut sets = Vec::new();
        loop {
            let (records, next) = self.unit().list_records(&wanted, &viewer)?;
            sets.extend(records.iter().map(|record| self.set_seen(record, None)));
            wanted.after = next;
            if wanted.after.is_none() {
                sets.sort_by_key(|seen| seen.set);
                return Ok(Answer::Sets(sets));
            }
        }
    }

    pub(super) fn read_hit(&self, call: Call, hit: &Which<HitName>) -> Outcome {
        let viewer = self.caller(call)?.viewer(Self::of(call))?;
        let hit = self.unit().hit(self.id_of_hit(hit), &viewer)?;
        Ok(Answer::Hit(self.hit_seen(&hit)))
    }

    pub(super) fn list_hits(&self, call: Call, limit: usize) -> Outcome {
        let viewer = self.caller(call)?.viewer(Self::of(call))?;
        let (mut hits, mut after) = (Vec::new(), None);
        loop {
            let (page, next) = self.unit().list_hits(after.as_deref(), limit, &viewer)?;
            hits.extend(page.iter().map(|hit| self.hit_line(hit)));
            after = next;
            if after.is_none() {
                if !hits.is_sorted_by_key(|hit| hit.at) {
                    return Err("hits that are not in order".into());
                }
                hits.sort_by(|a, b| (a.at, &a.hit).cmp(&(b.at, &b.hit)));
                return Ok(Answer::Hits(hits));
            }
        }
    }

    pub(super) fn verify(&self, call: Call, hit: &Which<HitName>, verdict: &str) -> Outcome {
        let transmitter = self.caller(call)?.state()?;
        let hit = self.unit().verify(self.id_of_hit(hit), from_text(verdict), &transmitter)?;
        Ok(Answer::Hit(self.hit_line(&hit)))
    }
}
