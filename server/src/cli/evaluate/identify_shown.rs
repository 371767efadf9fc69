//! The figures of `whorl evaluate identify` as JSON, as tables, and as a page.

use std::fmt::Write;

use comfy_table::{Table, presets::ASCII_MARKDOWN};
use serde_json::{Value, json};
use whorl_datasets::evaluation::identification::{QUANTILES, Stage1, Survival};

use super::identify::Evaluation;
use super::report::chart::{Chart, Legend, Scale};
use super::report::det::det;
use super::report::histogram::histogram;
use super::report::{self, Page};
use super::shown::{Shown, ends, percent};

impl Shown for Evaluation {
    fn to_json(&self) -> Value {
        let summary = &self.summary;
        let misses = summary.misses.iter().map(|miss| {
            json!({
                "fpir": 1.0 / miss.one_in as f64,
                "fnir": miss.fnir,
                "interval": ends(miss.interval),
                "threshold": miss.threshold.is_finite().then_some(miss.threshold),
            })
        });
        json!({
            "matcher": self.matcher.name(),
            "gallery": summary.gallery,
            "searches": {
                "mated": summary.mated,
                "not_enrolled": summary.not_enrolled,
                "non_mated": summary.mated + summary.not_enrolled,
            },
            "samples": self.samples,
            "failure_to_extract": self.failures.len() as f64 / self.samples as f64,
            "failed": self.failures,
            "rank1": summary.cmc[0],
            "rank1_interval": ends(summary.rank1),
            "cmc": summary.cmc,
            "fnir_at_fpir": misses.collect::<Vec<_>>(),
            "stage1": summary.stage1.as_ref().map(stage1_json),
            "comparisons_per_second": self.speed,
            "provenance": self.provenance,
        })
    }

    fn to_text(&self) -> String {
        let summary = &self.summary;
        let mut text = format!(
            "{} searches of enrolled persons, {} of others, in {} records; {} of {} prints not extracted.\n",
            summary.mated,
            summary.not_enrolled,
            summary.gallery,
            self.failures.len(),
            self.samples
        );
        let tables = [
            Some(self.rates()),
            summary.stage1.as_ref().map(penetration),
            summary.stage1.as_ref().map(survival),
        ];
        for rows in tables.into_iter().flatten() {
            let mut table = Table::new();
            table.load_preset(ASCII_MARKDOWN).set_header(rows.header).add_rows(rows.rows);
            // Writing to a string cannot fail.
            let _ = writeln!(text, "\n{table}");
        }
        if let Some(stage1) = &summary.stage1 {
            let _ = writeln!(text, "\n{}", lost(stage1));
        }
        let _ = write!(
            text,
            "\nMatcher {}; rates in %, with 95 % intervals (bootstrap over persons). FPIR over {} searches: these, and those\n\
            of enrolled persons again without their mates. {:.0} comparisons a second.",
            self.matcher.name(),
            summary.mated + summary.not_enrolled,
            self.speed
        );
        text
    }

    fn to_page(&self) -> Page {
        let (summary, matcher) = (&self.summary, self.matcher.name());
        let mut page = Page::new(&format!("Identification: {matcher}, {} enrolled records", summary.gallery));
        page.paragraph(&format!(
            "{} searches of enrolled persons and {} of others. Rates in %, with 95 % intervals in brackets. FPIR: share of searches \
            without a mate in which any record reaches the threshold; searches of enrolled persons count again here, with \
            their mates left out. FNIR: share of searches of enrolled persons in which the mate does not reach it, at any rank. {} \
            of {} prints were not extracted; they find nothing and are not found, and count.",
            summary.mated, summary.not_enrolled, self.failures.len(), self.samples
        ));
        page.table(&self.rates());
        page.heading("Error rates and scores");
        let curve = [("all searches", &summary.curve)];
        page.figures(&[
            (
                det(&curve, "false-positive identification rate", "false-negative identification rate"),
                "FNIR against FPIR at every threshold.",
            ),
            (cmc(&summary.cmc), "CMC: share of the searches whose mate stands at the rank or before."),
            (
                histogram(&summary.comparisons, "the mate", "best of the others"),
                "Scores of the mates, and the highest score of anybody else in each search.",
            ),
        ]);
        if let Some(stage1) = &summary.stage1 {
            page.heading("What stage 1 keeps");
            page.paragraph(&lost(stage1));
            page.table(&penetration(stage1));
            page.table(&survival(stage1));
        }
        report::failures(&mut page, &self.failures);
        report::provenance(&mut page, matcher, &self.provenance, self.speed);
        page
    }
}

impl Evaluation {
    fn rates(&self) -> report::Table {
        let summary = &self.summary;
        let mut rows = vec![vec!["rank 1".into(), percent(summary.cmc[0], summary.rank1)]];
        for rank in [5, 10, 20].into_iter().filter(|rank| *rank <= summary.cmc.len()) {
            rows.push(vec![format!("rank {rank}"), percent(summary.cmc[rank - 1], None)]);
        }
        for miss in &summary.misses {
            let name = format!("FNIR at FPIR {}", 1.0 / miss.one_in as f64);
            rows.push(vec![name, percent(miss.fnir, miss.interval)]);
        }
        report::Table { header: vec!["measure".into(), "%".into()], rows }
    }
}

fn cmc(shares: &[f64]) -> String {
    let lowest = (shares[0] * 10.0).floor() * 10.0;
    let (x, y) = (Scale::Linear(1.0, shares.len().max(2) as f64), Scale::Linear(lowest.min(90.0), 100.0));
    let mut chart = Chart::new("CMC", Legend::BottomLeft, (x, "rank"), (y, "%"));
    chart.steps(
        "mates",
        shares.iter().enumerate().map(|(at, share)| (at as f64 + 1.0, share * 100.0)),
        false,
    );
    chart.finish()
}

fn stage1_json(stage1: &Stage1) -> Value {
    let penetration = QUANTILES
        .iter()
        .zip(stage1.penetration)
        .map(|(thousandths, share)| json!({"mates": *thousandths as f64 / 1000.0, "gallery": share}));
    let survival = stage1
        .survival
        .iter()
        .map(|s| json!({"kept": s.kept_thousandths as f64 / 1000.0, "records": s.records, "mates": s.rate}));
    json!({
        "penetration": penetration.collect::<Vec<_>>(),
        "survival": survival.collect::<Vec<_>>(),
        "accepted_at_fpir_0.01": stage1.accepted,
        "of_these_lost_when_0.01_is_kept": stage1.accepted_and_lost,
    })
}

fn penetration(stage1: &Stage1) -> report::Table {
    let row = |(thousandths, share): (&usize, f64)| {
        vec![format!("{}", *thousandths as f64 / 10.0), percent(share, None)]
    };
    report::Table {
        header: vec!["of the mates, %".into(), "have at most this before them, % of the gallery".into()],
        rows: QUANTILES.iter().zip(stage1.penetration).map(row).collect(),
    }
}

fn survival(stage1: &Stage1) -> report::Table {
    let row = |s: &Survival| {
        vec![format!("{}", s.kept_thousandths as f64 / 10.0), s.records.to_string(), percent(s.rate, None)]
    };
    report::Table {
        header: ["stage 1 keeps, %", "records", "mates kept, %"].map(str::to_owned).to_vec(),
        rows: stage1.survival.iter().map(row).collect(),
    }
}

fn lost(stage1: &Stage1) -> String {
    format!(
        "Of {} mates that are accepted at FPIR 0.01, stage 1 loses {} when it keeps 1 % (at most 1000 records).",
        stage1.accepted, stage1.accepted_and_lost
    )
}
