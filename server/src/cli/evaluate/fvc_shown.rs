//! The rates of `whorl evaluate fvc` as JSON and as a table.

use comfy_table::{Table, presets::ASCII_MARKDOWN};
use serde_json::{Map, Value, json};
use whorl_datasets::evaluation::verification::{MEASURES, Summary};

use super::fvc::Evaluation;
use super::shown::{Shown, ends, percent};

impl Shown for Evaluation {
    fn to_json(&self) -> Value {
        let sets = self.sets.iter().zip(&self.summaries.sets).map(|(set, summary)| {
            let mut object = rates(summary);
            object.insert("name".into(), json!(set.name));
            object.insert("samples".into(), json!(set.samples));
            object.insert("failure_to_extract".into(), json!(set.failures.len() as f64 / set.samples as f64));
            object.insert("failed".into(), json!(set.failures));
            Value::Object(object)
        });
        json!({
            "matcher": self.matcher.name(),
            "sets": sets.collect::<Vec<_>>(),
            "mean": rates(&self.summaries.mean),
            "pooled": rates(&self.summaries.pooled),
            "comparisons_per_second": self.speed,
            "provenance": self.provenance,
        })
    }

    fn to_text(&self) -> String {
        let mut table = Table::new();
        let measured = |summary: &Summary| {
            let cell = |at: usize| percent(summary.rates[at], summary.intervals[at]);
            (0..MEASURES.len()).map(cell).collect::<Vec<_>>()
        };
        let shown: Vec<usize> =
            (0..MEASURES.len()).filter(|&at| !self.summaries.pooled.rates[at].is_nan()).collect();
        let row = |name: &str, summary: &Summary, failed: String| {
            let counts = [name.to_owned(), summary.mated.to_string(), summary.non_mated.to_string()];
            let rates = measured(summary);
            counts
                .into_iter()
                .chain(shown.iter().map(move |&at| rates[at].clone()))
                .chain([failed])
                .collect::<Vec<_>>()
        };
        let titles = shown.iter().map(|&at| MEASURES[at].title);
        table.load_preset(ASCII_MARKDOWN);
        table.set_header(["set", "genuine", "impostor"].into_iter().chain(titles).chain(["not extracted"]));
        for (set, summary) in self.sets.iter().zip(&self.summaries.sets) {
            table.add_row(row(&set.name, summary, format!("{} of {}", set.failures.len(), set.samples)));
        }
        if self.sets.len() > 1 {
            table.add_row(row("mean of the sets", &self.summaries.mean, String::new()));
            table.add_row(row("one threshold for all", &self.summaries.pooled, String::new()));
        }
        format!(
            "{table}\n\nMatcher {}; rates in %, with 95 % intervals (bootstrap over fingers). {:.0} comparisons a second.",
            self.matcher.name(),
            self.speed
        )
    }
}

/// Counts, rates and intervals, by the names that the documentation gives.
fn rates(summary: &Summary) -> Map<String, Value> {
    let mut object = Map::new();
    object.insert("genuine".into(), json!(summary.mated));
    object.insert("impostor".into(), json!(summary.non_mated));
    object.insert("impostor_fvc".into(), json!(summary.non_mated_fvc));
    let mut intervals = Map::new();
    for (at, measure) in MEASURES.iter().enumerate() {
        object.insert(measure.key.into(), json!(summary.rates[at]));
        let interval = ends(summary.intervals[at]);
        intervals.insert(measure.key.into(), json!(interval));
    }
    object.insert("intervals".into(), Value::Object(intervals));
    object
}
