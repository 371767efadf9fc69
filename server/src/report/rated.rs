//! Parts of the page that have an objective: figures, answer times, delays.

use std::collections::BTreeSet;

use super::chart::Bars;
use super::html::{Cell, Table, amount, grouped, percent, time};
use super::{Annual, Figure, FigureName};
use crate::eurodac::model::Category;
use crate::eurodac::statistics::{ANSWER_CLASSES, DELAY_CLASSES};

/// Where nothing was measured, or nothing is aimed at.
const NOTHING: &str = "\u{2013}";

/// Figures against objectives.
pub fn figures(report: &Annual) -> Table {
    let row = |figure: &Figure| -> Vec<Cell> {
        let value = |value: Option<f64>| value.map_or(NOTHING.into(), |value| value_of(figure, value));
        let bound = if figure.name.at_most() { "\u{2264} " } else { "\u{2265} " };
        let all = figure.objective == Some(1.0) && !figure.name.at_most();
        let bound = if all { "" } else { bound };
        let objective = figure.objective.map(|objective| format!("{bound}{}", value_of(figure, objective)));
        vec![
            name(report, figure.name).into(),
            value(figure.measured).into(),
            basis(figure).into(),
            objective.unwrap_or(NOTHING.into()).into(),
            match (figure.objective, figure.met) {
                (_, Some(true)) => Cell::of_class("\u{2713} met", "met"),
                (_, Some(false)) => Cell::of_class("\u{2717} not met", "missed"),
                (Some(_), None) => Cell::of_class("not measured", "unknown"),
                (None, None) => NOTHING.into(),
            },
        ]
    };
    Table {
        class: "",
        caption: "What was measured, against what was aimed at".into(),
        header: ["", "Measured", "On", "Objective", ""].map(str::to_owned).into(),
        rows: report.figures.iter().map(row).collect(),
    }
}

fn name(report: &Annual, name: FigureName) -> String {
    use FigureName as N;
    let aim = &report.objectives;
    match name {
        N::AnsweredInTime => format!("Comparisons answered within {}", time(aim.answer_ms)),
        N::AnswerMean => "Mean time of an answer".into(),
        N::NormalInTime => "Normal requests answered within 24\u{a0}h".into(),
        N::UrgentInTime => "Urgent requests answered within 1\u{a0}h".into(),
        N::Availability => "Availability".into(),
        N::FalseMatches => "False matches among verified hits".into(),
        N::TransmittedInTime => format!("Sets transmitted within {}", days(aim.delay_days)),
        N::Cost => "Cost".into(),
        N::CostPerTransmission => "Cost of a transmission".into(),
    }
}

fn value_of(figure: &Figure, value: f64) -> String {
    match figure.unit.as_str() {
        "share" => percent(value, 3),
        "milliseconds" => format!("{}\u{a0}ms", amount(value)),
        currency => format!("{currency}\u{a0}{}", amount(value)),
    }
}

fn basis(figure: &Figure) -> String {
    use FigureName as N;
    let what = match figure.name {
        N::AnsweredInTime | N::AnswerMean | N::NormalInTime | N::UrgentInTime => "answers",
        N::Availability => "seconds",
        N::FalseMatches => "verified hits",
        N::TransmittedInTime => "sets",
        N::Cost | N::CostPerTransmission => "transmissions",
    };
    figure.of.map_or(NOTHING.into(), |of| format!("{} {what}", grouped(of)))
}

/// Answers by the time that they took.
pub fn answers(report: &Annual) -> (String, Table) {
    let aim = &report.objectives;
    let count = |class: Option<u32>, urgent| {
        let of_class = report.statistics.answer_times.iter().filter(|line| line.up_to_ms == class);
        of_class.filter(|line| line.urgent == urgent).map(|line| line.count).sum()
    };
    let classes = ANSWER_CLASSES.map(Some).into_iter().chain([None]);
    let bar = |class: Option<u32>| {
        (class.map_or("more".into(), time), vec![count(class, false), count(class, true)])
    };
    let chart = Bars {
        id: "answers",
        title: "Answer times".into(),
        description: "How many comparisons were answered in what time".into(),
        series: vec!["normal", "urgent"],
        bars: classes.map(bar).collect(),
    };
    let place = ANSWER_CLASSES.iter().take_while(|bound| **bound <= aim.answer_ms).count();
    let objective = format!("objective: {} within {}", percent(aim.answer_share, 3), time(aim.answer_ms));
    let axis = "from the arrival of a request to its answer, at most";
    histogram(chart, axis, (place, &objective), "Answers by the time that they took")
}

/// Sets by the days from taking to transmission.
pub fn delays(report: &Annual) -> (String, Table) {
    let aim = &report.objectives;
    let count = |class: Option<u16>, category| {
        let of_class = report.statistics.delays.iter().filter(|line| line.up_to_days == class);
        of_class.filter(|line| line.category == category).map(|line| line.count).sum()
    };
    let classes = DELAY_CLASSES.map(Some).into_iter().chain([None]);
    let bar = |class: Option<u16>| {
        let counts = [Category::Applicant, Category::BorderCrossing].map(|category| count(class, category));
        (class.map_or("more".into(), days), counts.into())
    };
    let chart = Bars {
        id: "delays",
        title: "Delays".into(),
        description: "How many sets were transmitted how long after the prints were taken".into(),
        series: vec!["category 1", "category 2"],
        bars: classes.map(bar).collect(),
    };
    let place = DELAY_CLASSES.iter().take_while(|bound| **bound <= aim.delay_days).count();
    let objective = format!("objective: {} within {}", percent(aim.delay_share, 3), days(aim.delay_days));
    let axis = "from the day the prints were taken to transmission, at most";
    histogram(chart, axis, (place, &objective), "Sets by delay")
}

/// Classes with an objective after so many of them; nothing where all are empty.
fn histogram(mut chart: Bars, axis: &str, objective: (usize, &str), caption: &str) -> (String, Table) {
    if chart.bars.iter().flat_map(|(_, counts)| counts).all(|count| *count == 0) {
        chart.bars.clear();
    }
    chart.description = format!("{}; {}", chart.description, objective.1);
    (chart.standing(axis, Some(objective)), table(&chart, caption, "At most"))
}

/// Whose sets come in time.
pub fn delays_of_states(report: &Annual) -> Table {
    let within = report.objectives.delay_days;
    let lines = &report.statistics.delays;
    let states: BTreeSet<_> = lines.iter().map(|line| line.member_state).collect();
    let row = |state| -> Vec<Cell> {
        let of = || lines.iter().filter(move |line| line.member_state == state);
        let all: i64 = of().map(|line| line.count).sum();
        let in_time = of().filter(|line| line.up_to_days.is_some_and(|bound| bound <= within));
        let in_time: i64 = in_time.map(|line| line.count).sum();
        let share = if all > 0 { percent(in_time as f64 / all as f64, 3) } else { NOTHING.into() };
        vec![state.to_string().into(), Cell::count(all), Cell::count(in_time), share.into()]
    };
    Table {
        class: "",
        caption: format!("Sets transmitted within {}, by State", days(within)),
        header: ["State", "Sets", "In time", "Share"].map(str::to_owned).into(),
        rows: states.into_iter().map(row).collect(),
    }
}

fn days(days: u16) -> String {
    format!("{days}\u{a0}day{}", if days == 1 { "" } else { "s" })
}

/// The numbers of a chart.
pub fn table(chart: &Bars, caption: &str, first: &str) -> Table {
    let series = chart.series.iter().map(|name| (*name).to_owned());
    let row = |(name, parts): &(String, Vec<i64>)| {
        let cells = parts.iter().map(|count| Cell::count(*count));
        [name.as_str().into()].into_iter().chain(cells).collect()
    };
    Table {
        class: "",
        caption: caption.into(),
        header: [first.to_owned()].into_iter().chain(series).collect(),
        rows: chart.bars.iter().map(row).collect(),
    }
}
