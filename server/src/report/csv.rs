//! The annual report as one flat table, for a spreadsheet: every count of the statistics and every figure is a row. Totals and matrices are
//! not there, for they are sums of rows.

use serde::Serialize;

use super::Annual;
use super::figures::FigureName;
use crate::eurodac::erasure::Ground;
use crate::eurodac::hits::Verdict;
use crate::eurodac::model::{Category, MemberState};
use crate::eurodac::operation::Operation;

/// A row. Cells that its section has no use for are empty.
#[derive(Default, Serialize)]
struct Row<'a> {
    section: &'static str,
    member_state: Option<MemberState>,
    category: Option<Category>,
    other_member_state: Option<MemberState>,
    other_category: Option<Category>,
    operation: Option<Operation>,
    what: Option<What<'a>>,
    /// The bound of a class, or `more`.
    up_to: String,
    up_to_unit: &'static str,
    value: String,
    unit: &'a str,
    of: Option<i64>,
    objective: Option<f64>,
    met: Option<bool>,
}

#[derive(Serialize)]
#[serde(untagged)]
enum What<'a> {
    Text(&'a str),
    Figure(FigureName),
    Verdict(Verdict),
    Ground(Ground),
}

impl<'a> Row<'a> {
    fn text(what: &'a str, value: String) -> Self {
        Self { section: "report", what: Some(What::Text(what)), value, ..Self::default() }
    }

    fn count(section: &'static str, member_state: Option<MemberState>, unit: &'a str, count: i64) -> Self {
        Self { section, member_state, unit, value: count.to_string(), ..Self::default() }
    }

    /// In a class of values.
    fn class(self, bound: Option<u32>, unit: &'static str) -> Self {
        Self { up_to: bound.map_or("more".into(), |bound| bound.to_string()), up_to_unit: unit, ..self }
    }
}

impl Annual {
    /// As comma-separated values (RFC 4180), in UTF-8.
    ///
    /// # Errors
    /// None that are known of: it is written to memory.
    pub fn csv(&self) -> Result<String, csv::Error> {
        let mut writer = csv::WriterBuilder::new().terminator(csv::Terminator::CRLF).from_writer(vec![]);
        let day = |day: Option<jiff::civil::Date>| day.map(|day| day.to_string()).unwrap_or_default();
        let about = [
            Row::text("year", self.year.to_string()),
            Row::text("from", day(self.from)),
            Row::text("to", self.to.to_string()),
        ];
        let rows = about.into_iter().chain(self.figure_rows()).chain(self.law_rows());
        for row in rows.chain(self.hit_rows()).chain(self.service_rows()) {
            writer.serialize(row)?;
        }
        let bytes = writer.into_inner().map_err(|error| error.into_error())?;
        String::from_utf8(bytes).map_err(|error| std::io::Error::other(error).into())
    }

    fn figure_rows(&self) -> impl Iterator<Item = Row<'_>> {
        let number = |value: Option<f64>| value.map(|value| value.to_string()).unwrap_or_default();
        self.figures.iter().map(move |figure| Row {
            section: "figures",
            what: Some(What::Figure(figure.name)),
            up_to: number(figure.within_seconds),
            up_to_unit: figure.within_seconds.map_or("", |_| "seconds"),
            value: number(figure.measured),
            unit: &figure.unit,
            of: figure.of,
            objective: figure.objective,
            met: figure.met,
            ..Row::default()
        })
    }

    /// Sets: how many came, went, and are there.
    fn law_rows(&self) -> impl Iterator<Item = Row<'_>> {
        let counted = &self.statistics;
        let of_state = [
            ("transmissions", "transmissions", &counted.transmissions),
            ("blockings", "sets", &counted.blockings),
            ("hits-on-blocked", "hits", &counted.hits_on_blocked),
        ];
        let of_state = of_state.into_iter().flat_map(|(section, unit, lines)| {
            lines.iter().map(move |line| Row {
                category: Some(line.category),
                ..Row::count(section, Some(line.member_state), unit, line.count)
            })
        });
        let erasures = counted.erasures.iter().map(|line| Row {
            category: Some(line.category),
            what: Some(line.ground.map_or(What::Text("end-of-period"), What::Ground)),
            ..Row::count("erasures", Some(line.member_state), "sets", line.count)
        });
        let stored = counted.stored.iter().map(|line| Row {
            category: Some(line.category),
            what: Some(What::Text(if line.blocked { "blocked" } else { "not-blocked" })),
            ..Row::count("stored", Some(line.member_state), "sets", line.count)
        });
        let delays = counted.delays.iter().map(|line| {
            let row = Row::count("delays", Some(line.member_state), "sets", line.count);
            Row { category: Some(line.category), ..row }.class(line.up_to_days.map(u32::from), "days")
        });
        of_state.chain(erasures).chain(stored).chain(delays)
    }

    /// Hits, and what experts said of them: `member_state` is the probe's, the other one's set was found.
    fn hit_rows(&self) -> impl Iterator<Item = Row<'_>> {
        let counted = &self.statistics;
        let hits = counted.hits.iter().map(|line| Row {
            category: Some(line.probe_category),
            other_member_state: Some(line.member_state),
            other_category: Some(line.category),
            ..Row::count("hits", Some(line.probe_member_state), "hits", line.count)
        });
        let verdicts = counted.verifications.iter().map(|line| Row {
            other_member_state: Some(line.member_state),
            what: Some(What::Verdict(line.verdict)),
            ..Row::count("verifications", Some(line.probe_member_state), "hits", line.count)
        });
        hits.chain(verdicts)
    }

    /// How the service did.
    fn service_rows(&self) -> impl Iterator<Item = Row<'_>> {
        let counted = &self.statistics;
        let refusals = counted.refusals.iter().map(|line| Row {
            operation: Some(line.operation),
            what: Some(What::Text(&line.code)),
            ..Row::count("refusals", line.member_state, "requests", line.count)
        });
        let answers = counted.answer_times.iter().map(|line| {
            let row = Row::count("answer-times", None, "answers", line.count);
            let what = What::Text(if line.urgent { "urgent" } else { "normal" });
            Row { what: Some(what), ..row }.class(line.up_to_ms, "milliseconds")
        });
        let requests = counted.requests.iter().map(|line| Row {
            operation: Some(line.operation),
            ..Row::count("requests", Some(line.member_state), "requests", line.count)
        });
        let down = Row::count("down", None, "seconds", counted.down_seconds);
        refusals.chain(answers).chain(requests).chain([down])
    }
}
