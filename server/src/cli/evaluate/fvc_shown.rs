//! The rates of `whorl evaluate fvc` as JSON, as a table, and as a page.

use comfy_table::{Table, presets::ASCII_MARKDOWN};
use serde_json::{Map, Value, json};
use whorl_datasets::evaluation::curve::Curve;
use whorl_datasets::evaluation::verification::{MEASURES, Summary};

use super::fvc::{Evaluated, Evaluation};
use super::report::det::det;
use super::report::histogram::histogram;
use super::report::{self, Page};
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
        let rates = self.table();
        let mut table = Table::new();
        table.load_preset(ASCII_MARKDOWN).set_header(rates.header).add_rows(rates.rows);
        format!(
            "{table}\n\nMatcher {}; rates in %, with 95 % intervals (bootstrap over fingers). {:.0} comparisons a second.",
            self.matcher.name(),
            self.speed
        )
    }

    fn to_page(&self) -> Page {
        let matcher = self.matcher.name();
        let mut page = Page::new(&format!("Verification: {matcher} on {}", self.title()));
        page.paragraph(
            "Rates in %, with 95 % intervals in brackets. Genuine: all pairs of impressions of one finger. Impostor: all pairs of \
            impressions of different fingers of a set; for EER (FVC) the first impressions alone. FMR100, FMR1000, FMR10000, \
            zeroFMR: FNMR at the lowest threshold whose FMR is at most 1/100, 1/1000, 1/10 000, 0. A print that was not extracted \
            matches nothing, and counts (ISO/IEC 19795-1).",
        );
        page.table(&self.table());
        let pooled = Curve::new(self.summaries.all.all());
        let of_sets: Vec<_> = self
            .sets
            .iter()
            .filter_map(|set| Some((set.name.as_str(), Curve::new(set.scores.all())?)))
            .collect();
        let mut curves: Vec<_> = of_sets.iter().map(|(name, curve)| (*name, curve)).collect();
        if let (Some(pooled), true) = (&pooled, self.sets.len() > 1) {
            curves.push(("one threshold for all", pooled));
        }
        page.heading("Error rates at every threshold");
        page.figures(&[(
            det(&curves, "false match rate", "false non-match rate"),
            "DET curves over all impostor comparisons. Below the last decade there are too few comparisons to tell.",
        )]);
        page.heading("Scores");
        let histograms = self
            .sets
            .iter()
            .map(|set| (histogram(set.scores.all(), "genuine", "impostor"), set.name.as_str()));
        page.figures(&histograms.collect::<Vec<_>>());
        let failed: Vec<_> = self.sets.iter().flat_map(|set| set.failures.clone()).collect();
        report::failures(&mut page, &failed);
        report::provenance(&mut page, matcher, &self.provenance, self.speed);
        page
    }
}

impl Evaluation {
    fn title(&self) -> String {
        match &self.sets[..] {
            [set] => set.name.clone(),
            sets => format!("{} sets", sets.len()),
        }
    }

    /// A row a set, and two for all of them.
    fn table(&self) -> report::Table {
        let quoted = |at: &usize| !self.summaries.pooled.rates[*at].is_nan();
        let shown: Vec<usize> = (0..MEASURES.len()).filter(quoted).collect();
        let row = |name: &str, summary: &Summary, failed: String| {
            let counts = [name.to_owned(), summary.mated.to_string(), summary.non_mated.to_string()];
            let rates = shown.iter().map(|&at| percent(summary.rates[at], summary.intervals[at]));
            counts.into_iter().chain(rates).chain([failed]).collect()
        };
        let titles = shown.iter().map(|&at| MEASURES[at].title);
        let header = ["set", "genuine", "impostor"].into_iter().chain(titles).chain(["not extracted"]);
        let of_set = |(set, summary): (&Evaluated, &Summary)| {
            row(&set.name, summary, format!("{} of {}", set.failures.len(), set.samples))
        };
        let mut rows: Vec<Vec<String>> = self.sets.iter().zip(&self.summaries.sets).map(of_set).collect();
        if self.sets.len() > 1 {
            rows.push(row("mean of the sets", &self.summaries.mean, String::new()));
            rows.push(row("one threshold for all", &self.summaries.pooled, String::new()));
        }
        report::Table { header: header.map(str::to_owned).collect(), rows }
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
