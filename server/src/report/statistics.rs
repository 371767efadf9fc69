//! Statistics of a period, from its counters (Art. 3(3), R-STAT-1): lists of counts, without anybody's data (R-STAT-3).

use std::collections::HashMap;

use jiff::civil::Date;
use serde::Serialize;
use utoipa::ToSchema;

use crate::eurodac::erasure::Ground;
use crate::eurodac::hits::Verdict;
use crate::eurodac::model::{Category, MemberState};
use crate::eurodac::operation::Operation;
use crate::eurodac::statistics::Counted;

macro_rules! lines {
    ($($(#[$doc:meta])* $name:ident { $($(#[$field_doc:meta])* $field:ident: $type:ty,)* })*) => {$(
        $(#[$doc])*
        #[derive(Debug, Clone, Serialize, ToSchema, PartialEq)]
        pub struct $name {
            $($(#[$field_doc])* pub $field: $type,)*
            /// How many.
            pub count: i64,
        }
    )*};
}

lines! {
    /// Sets of a State and category.
    OfState {
        /// State of origin.
        member_state: MemberState,
        /// Category.
        #[schema(value_type = u8, minimum = 1, maximum = 3)] category: Category,
    }
    /// Requests that were refused.
    RefusalLine {
        /// The authority's State, where it is one's.
        #[serde(skip_serializing_if = "Option::is_none")] member_state: Option<MemberState>,
        /// What was asked for.
        operation: Operation,
        /// Code of the problem.
        code: String,
    }
    /// Hits of one kind of set on another.
    HitLineOf {
        /// State of the set that was compared.
        probe_member_state: MemberState,
        /// Its category.
        #[schema(value_type = u8, minimum = 1, maximum = 3)] probe_category: Category,
        /// State of the set that was found.
        member_state: MemberState,
        /// Its category.
        #[schema(value_type = u8, minimum = 1, maximum = 2)] category: Category,
    }
    /// Verdicts on hits between two States.
    VerdictLine {
        /// What the expert said.
        verdict: Verdict,
        /// State of the set that was compared.
        probe_member_state: MemberState,
        /// State of the set that was found.
        member_state: MemberState,
    }
    /// Sets erased.
    ErasureLine {
        /// State of origin.
        member_state: MemberState,
        /// Category.
        #[schema(value_type = u8, minimum = 1, maximum = 2)] category: Category,
        /// Why; absent: at the end of their period.
        #[serde(skip_serializing_if = "Option::is_none")] ground: Option<Ground>,
    }
    /// Sets that are stored at the end of the last day.
    StoredLine {
        /// State of origin.
        member_state: MemberState,
        /// Category.
        #[schema(value_type = u8, minimum = 1, maximum = 2)] category: Category,
        /// Whether they are blocked.
        blocked: bool,
    }
    /// Sets by the time from taking to transmission.
    DelayLine {
        /// State of origin.
        member_state: MemberState,
        /// Category.
        #[schema(value_type = u8, minimum = 1, maximum = 2)] category: Category,
        /// As many days at most; absent: more than the last class.
        #[serde(skip_serializing_if = "Option::is_none")] up_to_days: Option<u16>,
    }
    /// Answers by the time that they took.
    AnswerLine {
        /// Asked for to be answered before others.
        urgent: bool,
        /// As many milliseconds at most; absent: more than the last class.
        #[serde(skip_serializing_if = "Option::is_none")] up_to_ms: Option<u32>,
    }
    /// Notices given, and requests of data subjects opened and answered.
    RequestLine {
        /// The State that a notice went to, that opened or answered a request.
        member_state: MemberState,
        /// Which.
        operation: Operation,
    }
}

/// Statistics of a period (R-STAT-1). Of each list only what is not zero, in order of its fields.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct Statistics {
    /// First day.
    #[schema(value_type = String, format = Date)]
    pub from: Date,
    /// Last day.
    #[schema(value_type = String, format = Date)]
    pub to: Date,
    /// Transmissions carried out.
    pub transmissions: Vec<OfState>,
    /// Requests refused, by reason.
    pub refusals: Vec<RefusalLine>,
    /// Hits, by the pair of States and categories: own where the two States are one.
    pub hits: Vec<HitLineOf>,
    /// What experts said of hits.
    pub verifications: Vec<VerdictLine>,
    /// Sets erased, by ground.
    pub erasures: Vec<ErasureLine>,
    /// Sets blocked in the period.
    pub blockings: Vec<OfState>,
    /// Hits on blocked sets, by their own State and category (Art. 12(2)).
    pub hits_on_blocked: Vec<OfState>,
    /// Sets stored at the end of the last day.
    pub stored: Vec<StoredLine>,
    /// Delay from taking to transmission.
    pub delays: Vec<DelayLine>,
    /// How long comparisons took, from the arrival of the request.
    pub answer_times: Vec<AnswerLine>,
    /// The mean of it. Unit: milliseconds. Absent: there were none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub answer_mean_ms: Option<f64>,
    /// Notices and requests.
    pub requests: Vec<RequestLine>,
    /// How long the service was down. Unit: seconds.
    pub down_seconds: i64,
}

impl Statistics {
    /// Of a period, from the sums of its counters, and of what is stored from the sums of all counters up to its end.
    pub fn new(from: Date, to: Date, sums: HashMap<Counted, i64>, all: HashMap<Counted, i64>) -> Self {
        let mut made = Self {
            from,
            to,
            transmissions: vec![],
            refusals: vec![],
            hits: vec![],
            verifications: vec![],
            erasures: vec![],
            blockings: vec![],
            hits_on_blocked: vec![],
            stored: vec![],
            delays: vec![],
            answer_times: vec![],
            answer_mean_ms: None,
            requests: vec![],
            down_seconds: 0,
        };
        let time = sums.get(&Counted::AnswerTime).copied().unwrap_or(0);
        sums.into_iter().filter(|(_, count)| *count != 0).for_each(|(name, count)| made.add(name, count));
        for (name, count) in all.into_iter().filter(|(_, count)| *count != 0) {
            if let Counted::Stored(member_state, category, blocked) = name {
                made.stored.push(StoredLine { member_state, category, blocked, count });
            }
        }
        let answers: i64 = made.answer_times.iter().map(|line| line.count).sum();
        #[expect(clippy::cast_precision_loss, reason = "a mean of milliseconds")]
        let mean = (answers > 0).then(|| time as f64 / answers as f64);
        made.answer_mean_ms = mean;
        made.sort();
        made
    }

    fn add(&mut self, name: Counted, count: i64) {
        match name {
            Counted::Transmissions(member_state, category) => {
                self.transmissions.push(OfState { member_state, category, count });
            }
            Counted::Refusals(member_state, operation, code) => {
                self.refusals.push(RefusalLine { member_state, operation, code, count });
            }
            Counted::Hits((probe_category, probe_member_state), (category, member_state)) => {
                self.hits.push(HitLineOf {
                    probe_member_state,
                    probe_category,
                    member_state,
                    category,
                    count,
                });
            }
            Counted::Verdicts(verdict, probe_member_state, member_state) => {
                self.verifications.push(VerdictLine { verdict, probe_member_state, member_state, count });
            }
            Counted::Erasures(member_state, category, ground) => {
                self.erasures.push(ErasureLine { member_state, category, ground, count });
            }
            Counted::Blockings(member_state, category) => {
                self.blockings.push(OfState { member_state, category, count });
            }
            Counted::HitsOnBlocked(member_state, category) => {
                self.hits_on_blocked.push(OfState { member_state, category, count });
            }
            Counted::Delays(member_state, category, up_to_days) => {
                self.delays.push(DelayLine { member_state, category, up_to_days, count });
            }
            Counted::Answers(urgent, up_to_ms) => {
                self.answer_times.push(AnswerLine { urgent, up_to_ms, count });
            }
            Counted::Requests(member_state, operation) => {
                self.requests.push(RequestLine { member_state, operation, count });
            }
            Counted::Down => self.down_seconds = count,
            Counted::Stored(..) | Counted::AnswerTime => {}
        }
    }

    fn sort(&mut self) {
        self.transmissions.sort_by_key(|l| (l.member_state, l.category));
        self.refusals.sort_by(|a, b| {
            (a.member_state, a.operation, &a.code).cmp(&(b.member_state, b.operation, &b.code))
        });
        self.hits.sort_by_key(|l| (l.probe_member_state, l.probe_category, l.member_state, l.category));
        self.verifications.sort_by_key(|l| (l.probe_member_state, l.member_state, l.verdict as u8));
        self.erasures.sort_by_key(|l| (l.member_state, l.category, l.ground.map(|ground| ground as u8)));
        self.blockings.sort_by_key(|l| (l.member_state, l.category));
        self.hits_on_blocked.sort_by_key(|l| (l.member_state, l.category));
        self.stored.sort_by_key(|l| (l.member_state, l.category, l.blocked));
        self.delays.sort_by_key(|l| (l.member_state, l.category, l.up_to_days.unwrap_or(u16::MAX)));
        self.answer_times.sort_by_key(|l| (l.urgent, l.up_to_ms.unwrap_or(u32::MAX)));
        self.requests.sort_by_key(|l| (l.member_state, l.operation));
    }
}
