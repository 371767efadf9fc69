//! Figures of the annual report against what was aimed at (R-STAT-2). Where nothing was measured a figure says so: nothing out of nothing
//! is not everything.

use jiff::Timestamp;
use jiff::civil::Date;
use serde::Serialize;
use utoipa::ToSchema;

use super::Statistics;
use super::objectives::{NORMAL_WITHIN_MS, Objectives, URGENT_WITHIN_MS};
use crate::eurodac::hits::Verdict;
use crate::eurodac::retention::in_legal_time;

/// What a figure is of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum FigureName {
    /// Comparisons answered within the objective, urgent or not.
    AnsweredInTime,
    /// Mean time of an answer.
    AnswerMean,
    /// R-OPS-4: normal requests answered within 24 hours.
    NormalInTime,
    /// R-OPS-4: urgent requests answered within an hour.
    UrgentInTime,
    /// Share of the time since the start of operations in which the service ran.
    Availability,
    /// Art. 4(6): false matches among verified hits.
    FalseMatches,
    /// Sets transmitted within the objective's days after the prints were taken.
    TransmittedInTime,
    /// What the year cost.
    Cost,
    /// The same, by transmission.
    CostPerTransmission,
}

/// A figure of the report.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct Figure {
    /// What is measured.
    pub name: FigureName,
    /// Of what is done in time: in what time. Unit: seconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub within_seconds: Option<f64>,
    /// `share` (0 to 1), `milliseconds`, or a currency (ISO 4217).
    pub unit: String,
    /// What is aimed at: at most, of false matches; at least, of all else. Null: nothing is.
    pub objective: Option<f64>,
    /// What was measured. Null: nothing was.
    pub measured: Option<f64>,
    /// On how many answers, seconds, verified hits, sets or transmissions.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub of: Option<i64>,
    /// Whether the objective is met. Null: it cannot be said.
    pub met: Option<bool>,
}

impl FigureName {
    /// Whether less is better.
    pub fn at_most(self) -> bool {
        self == Self::FalseMatches
    }
}

impl Figure {
    /// So many out of so many.
    fn share(name: FigureName, objective: f64, (part, of): (i64, i64)) -> Self {
        let measured = (of > 0).then(|| part as f64 / of as f64);
        let met = |share| if name.at_most() { share <= objective } else { share >= objective };
        Self {
            name,
            within_seconds: None,
            unit: "share".into(),
            objective: Some(objective),
            measured,
            of: Some(of),
            met: measured.map(met),
        }
    }

    /// The same, in a time. Unit: milliseconds.
    fn in_time(self, milliseconds: u32) -> Self {
        Self { within_seconds: Some(f64::from(milliseconds) / 1000.0), ..self }
    }

    /// That nothing is aimed at.
    fn plain(name: FigureName, unit: &str, measured: Option<f64>, of: Option<i64>) -> Self {
        Self { name, within_seconds: None, unit: unit.into(), objective: None, measured, of, met: None }
    }
}

/// All figures of a year; `from`: its first day in operation; until now at most.
pub fn figures(
    year: i16,
    from: Option<Date>,
    now: Timestamp,
    counted: &Statistics,
    aim: &Objectives,
) -> Vec<Figure> {
    use FigureName as N;
    let all = |_: bool| true;
    let seconds = from.map_or(0, |from| seconds(from, counted.to, now));
    let up = (seconds - counted.down_seconds).max(0);
    let false_matches = counted.verifications.iter().filter(|line| line.verdict == Verdict::FalseMatch);
    let verdicts = (
        false_matches.map(|line| line.count).sum(),
        counted.verifications.iter().map(|line| line.count).sum(),
    );
    let transmissions = counted.transmissions.iter().map(|line| line.count).sum::<i64>();
    let answers = answered(counted, aim.answer_ms, all);
    let mut figures = vec![
        Figure::share(N::AnsweredInTime, aim.answer_share, answers).in_time(aim.answer_ms),
        Figure::plain(N::AnswerMean, "milliseconds", counted.answer_mean_ms, Some(answers.1)),
        Figure::share(N::NormalInTime, 1.0, answered(counted, NORMAL_WITHIN_MS, |urgent| !urgent))
            .in_time(NORMAL_WITHIN_MS),
        Figure::share(N::UrgentInTime, 1.0, answered(counted, URGENT_WITHIN_MS, |urgent| urgent))
            .in_time(URGENT_WITHIN_MS),
        Figure::share(N::Availability, aim.availability, (up, seconds)),
        Figure::share(N::FalseMatches, aim.false_match_share, verdicts),
        Figure {
            within_seconds: Some(f64::from(aim.delay_days) * 86_400.0),
            ..Figure::share(N::TransmittedInTime, aim.delay_share, transmitted(counted, aim.delay_days))
        },
    ];
    if let Some(cost) = &aim.cost {
        let amount = cost.years.get(&year).copied();
        let each = amount.filter(|_| transmissions > 0).map(|amount| amount / transmissions as f64);
        figures.push(Figure::plain(N::Cost, &cost.currency, amount, None));
        figures.push(Figure::plain(N::CostPerTransmission, &cost.currency, each, Some(transmissions)));
    }
    figures
}

/// Answers within a bound of their classes, and all of them: of those that are wanted, urgent or not.
fn answered(counted: &Statistics, within: u32, wanted: impl Fn(bool) -> bool) -> (i64, i64) {
    let lines = || counted.answer_times.iter().filter(|line| wanted(line.urgent));
    let in_time = lines().filter(|line| line.up_to_ms.is_some_and(|bound| bound <= within));
    (in_time.map(|line| line.count).sum(), lines().map(|line| line.count).sum())
}

/// Sets transmitted within so many days, and all of them.
fn transmitted(counted: &Statistics, within: u16) -> (i64, i64) {
    let in_time = counted.delays.iter().filter(|line| line.up_to_days.is_some_and(|bound| bound <= within));
    (in_time.map(|line| line.count).sum(), counted.delays.iter().map(|line| line.count).sum())
}

/// Seconds from the beginning of a day to the end of another, in legal time, or until now: 23 or 25 hours are a day too.
fn seconds(from: Date, to: Date, now: Timestamp) -> i64 {
    let now = in_legal_time(now);
    let zone = now.time_zone();
    let begin = from.to_zoned(zone.clone());
    let end = to.tomorrow().and_then(|day| day.to_zoned(zone.clone()));
    match (begin, end) {
        (Ok(begin), Ok(end)) => end.min(now).duration_since(&begin).as_secs().max(0),
        // A calendar's last day: no year of ours.
        _ => 0,
    }
}
