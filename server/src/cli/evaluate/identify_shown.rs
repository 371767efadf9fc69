//! The figures of `whorl evaluate identify` as JSON and as tables.

use std::fmt::Write;

use comfy_table::{Table, presets::ASCII_MARKDOWN};
use serde_json::{Value, json};
use whorl_datasets::evaluation::identification::{QUANTILES, Stage1};

use super::identify::Evaluation;
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
        let mut table = Table::new();
        table.load_preset(ASCII_MARKDOWN).set_header(["measure", "%"]);
        table.add_row(["rank 1".into(), percent(summary.cmc[0], summary.rank1)]);
        for rank in [5, 10, 20].into_iter().filter(|rank| *rank <= summary.cmc.len()) {
            table.add_row([format!("rank {rank}"), percent(summary.cmc[rank - 1], None)]);
        }
        for miss in &summary.misses {
            let name = format!("FNIR at FPIR {}", 1.0 / miss.one_in as f64);
            table.add_row([name, percent(miss.fnir, miss.interval)]);
        }
        let mut text = format!(
            "{} searches of enrolled persons, {} of others, in {} records; {} of {} prints not extracted.\n\n{table}\n",
            summary.mated,
            summary.not_enrolled,
            summary.gallery,
            self.failures.len(),
            self.samples
        );
        if let Some(stage1) = &summary.stage1 {
            // Writing to a string cannot fail.
            let _ = write!(text, "\n{}", stage1_text(stage1));
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

fn stage1_text(stage1: &Stage1) -> String {
    let mut penetration = Table::new();
    penetration
        .load_preset(ASCII_MARKDOWN)
        .set_header(["of the mates, %", "have at most this before them, % of the gallery"]);
    for (thousandths, share) in QUANTILES.iter().zip(stage1.penetration) {
        penetration.add_row([format!("{}", *thousandths as f64 / 10.0), percent(share, None)]);
    }
    let mut survival = Table::new();
    survival.load_preset(ASCII_MARKDOWN).set_header(["stage 1 keeps, %", "records", "mates kept, %"]);
    for s in &stage1.survival {
        survival.add_row([
            format!("{}", s.kept_thousandths as f64 / 10.0),
            s.records.to_string(),
            percent(s.rate, None),
        ]);
    }
    format!(
        "{penetration}\n\n{survival}\n\nOf {} mates that are accepted at FPIR 0.01, stage 1 loses {} when it keeps 1 %.\n",
        stage1.accepted, stage1.accepted_and_lost
    )
}
