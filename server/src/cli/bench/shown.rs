//! The figures of `whorl bench` as a table.

use comfy_table::{Cell, CellAlignment, Table, presets::ASCII_MARKDOWN};

use super::measure::Run;
use super::{Report, best};

const TITLES: [&str; 11] = [
    "back end",
    "stages",
    "sets",
    "probes at once",
    "comparisons/s/core",
    "x bozorth3",
    "of ceiling, %",
    "p50, ms",
    "p99, ms",
    "searches",
    "mates found",
];

/// The machine, the table, and what to know about it.
pub fn text(report: &Report) -> String {
    let Report { machine, bozorth3, .. } = report;
    let adapters = machine.adapters.iter().map(|a| format!("; {}, {}", a.name, a.driver)).collect::<String>();
    let mut table = Table::new();
    table.load_preset(ASCII_MARKDOWN).set_header(TITLES.map(Cell::new));
    for run in &report.runs {
        table.add_row(row(report, run));
    }
    for column in table.column_iter_mut().skip(2) {
        column.set_cell_alignment(CellAlignment::Right);
    }
    let mut lines = vec![
        format!(
            "whorl {} on {} cores of {}, {} GiB; {}{adapters}",
            machine.whorl,
            machine.cores,
            machine.cpu,
            machine.memory_bytes >> 30,
            machine.simd.join(", ")
        ),
        format!("\n{table}\n"),
        format!(
            "bozorth3: {} comparisons a second a core of the same minutiae ({} timed).",
            grouped(bozorth3.comparisons_per_second_per_core),
            spaced(&bozorth3.comparisons.to_string())
        ),
    ];
    for path in &machine.simd {
        let mut runs = report.runs.iter().filter(|run| run.path == *path && run.probes == 1);
        let run = runs.rfind(|run| run.share_of_ceiling.is_some());
        if let Some((run, share)) = run.and_then(|run| Some((run, run.share_of_ceiling?))) {
            let ceiling = grouped(run.comparisons_per_second_per_core / share);
            lines.push(format!(
                "Ceiling of stage 1, {path}: {ceiling} comparisons a second a core, beside {} sets.",
                grouped(run.gallery as f64)
            ));
        }
    }
    if let Some(share) = report.stage1_share_of_ceiling {
        lines.push(format!("Stage 1 in the largest gallery: {:.1} % of the ceiling.", share * 100.0));
    }
    lines.extend(["1", "all"].into_iter().filter_map(|stages| flatness(report, stages)));
    lines.push(format!(
        "A finger takes {} bytes of memory.",
        spaced(&format!("{:.0}", report.bytes_per_finger))
    ));
    lines.extend(report.left_out.iter().map(|reason| format!("Left out: {reason}")));
    lines.join("\n") + "\n"
}

/// How the time of a comparison changes from the smallest gallery to the largest, by the path that is fastest there.
fn flatness(report: &Report, stages: &str) -> Option<String> {
    let path = &best(&report.runs)?.path;
    let runs = report.runs.iter().filter(|run| run.path == *path && run.stages == stages && run.probes == 1);
    let times = runs.map(|run| (run.gallery, 1e9 / run.comparisons_per_second_per_core));
    let (smallest, first) = times.clone().min_by_key(|(gallery, _)| *gallery)?;
    let (largest, last) = times.max_by_key(|(gallery, _)| *gallery)?;
    (smallest < largest).then(|| {
        let of = if stages == "1" { "of stage 1" } else { "of a whole search" };
        format!(
            "A comparison {of} takes {first:.0} ns of a core among {}, {last:.0} ns among {} ({:+.0} %).",
            grouped(smallest as f64),
            grouped(largest as f64),
            (last / first - 1.0) * 100.0
        )
    })
}

fn row(report: &Report, run: &Run) -> [String; TITLES.len()] {
    let rate = run.comparisons_per_second_per_core;
    [
        format!("{} {}", run.backend, run.path),
        run.stages.to_owned(),
        grouped(run.gallery as f64),
        run.probes.to_string(),
        grouped(rate),
        grouped(rate / report.bozorth3.comparisons_per_second_per_core),
        // What the other stages do is not what the loop does.
        run.share_of_ceiling.map(|share| format!("{:.1}", share * 100.0)).unwrap_or_default(),
        format!("{:.2}", run.p50_ms),
        format!("{:.2}", run.p99_ms),
        run.searches.to_string(),
        run.mates_found.to_string(),
    ]
}

/// A whole number with spaces between thousands, three digits of it: more are not the same in the next run.
fn grouped(number: f64) -> String {
    let scale = 10f64.powf((number.max(1.0).log10().floor() - 2.0).max(0.0));
    spaced(&format!("{:.0}", (number / scale).round() * scale))
}

/// Digits with spaces between thousands.
fn spaced(digits: &str) -> String {
    let mut out = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            out.push(' ');
        }
        out.push(digit);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_have_three_digits_and_spaces_between_thousands() {
        let shown = [0.0, 7.4, 123.0, 1234.0, 1_000_000.0, 2_345_678.0].map(grouped);
        assert_eq!(shown, ["0", "7", "123", "1 230", "1 000 000", "2 350 000"]);
    }
}
