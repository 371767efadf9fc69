//! `whorl bench` on galleries that are small enough for a test: every field is there, every path and kernel is measured and
//! finds the mates. Never how fast: that is of the machine, and of what else it does.

use serde_json::Value;

use crate::harness::{whorl, whorl_json};

fn number(of: &Value, name: &str) -> f64 {
    of[name].as_f64().unwrap_or_else(|| panic!("no number {name} in {of}"))
}

fn keys(of: &Value) -> Vec<&str> {
    of.as_object().unwrap().keys().map(String::as_str).collect()
}

fn check(run: &Value) {
    assert!([200.0, 400.0].contains(&number(run, "gallery")) && run["fingers"] == 1, "{run}");
    assert!(number(run, "comparisons_per_second_per_core") > 0.0);
    assert!(number(run, "p50_ms") > 0.0 && number(run, "p50_ms") <= number(run, "p99_ms"), "{run}");
    let stage1 = run["stages"] == "1";
    assert!(stage1 || run["stages"] == "all", "{run}");
    // Of whole searches there is no ceiling, and of GPUs it is another one.
    assert_eq!(run["share_of_ceiling"].is_f64(), stage1 && run["backend"] == "cpu", "{run}");
    assert_eq!(run["adapter"].is_string(), run["backend"] == "gpu", "{run}");
    // A few touches of fingers are bad, as in life; and of one finger alone the threshold asks for much.
    let (found, searches) = (number(run, "mates_found"), number(run, "searches"));
    assert!(searches >= number(run, "probes").max(3.0), "{run}");
    assert!(found > 0.0 && found <= searches && (!stage1 || found >= 0.6 * searches), "{run}");
}

#[test]
fn every_path_and_kernel_is_measured_and_finds_the_mates() {
    let report = whorl_json(&["bench", "--quick", "--galleries", "400,200", "--seconds", "0.05", "--json"]);
    let parts = ["bozorth3", "bytes_per_finger", "machine", "runs", "stage1_share_of_ceiling"];
    assert_eq!(keys(&report).into_iter().filter(|&key| key != "left_out").collect::<Vec<_>>(), parts);
    let machine = &report["machine"];
    assert!(machine["cpu"].is_string() && number(machine, "cores") >= 1.0, "{machine}");
    let paths = machine["simd"].as_array().unwrap();
    let adapters = machine["adapters"].as_array().unwrap();
    assert!(paths.contains(&"portable".into()) && !adapters.is_empty(), "{machine}");
    let runs = report["runs"].as_array().unwrap();
    runs.iter().for_each(check);
    let of = |name: &str, value: &Value| {
        let of: Vec<_> = runs.iter().filter(|run| run[name] == *value).collect();
        assert!(of.len() >= 8 && of.len().is_multiple_of(8), "{value}: {}", report["left_out"]);
        for probes in [1, 16] {
            assert_eq!(of.iter().filter(|run| run["probes"] == probes).count(), of.len() / 2, "{value}");
        }
        of.len()
    };
    let by_cpu: usize = paths.iter().map(|path| of("path", path)).sum();
    let by_gpu: usize = adapters.iter().map(|adapter| of("adapter", &adapter["name"])).sum();
    assert_eq!((by_cpu, by_cpu + by_gpu), (8 * paths.len(), runs.len()));
    assert!(number(&report["bozorth3"], "comparisons_per_second_per_core") > 0.0);
    assert!(number(&report, "stage1_share_of_ceiling") > 0.0);
    assert!(
        (1000.0..=2048.0).contains(&number(&report, "bytes_per_finger")),
        "{}",
        report["bytes_per_finger"]
    );
}

#[test]
fn a_table_says_what_its_figures_are_of() {
    let output = whorl(&["bench", "--quick", "--galleries", "100", "--seconds", "0.01"]);
    let (said, table) = (String::from_utf8_lossy(&output.stderr), String::from_utf8_lossy(&output.stdout));
    assert!(output.status.success(), "{said}");
    for words in
        ["comparisons/s/core", "p99, ms", "cpu portable", "bozorth3: ", "Ceiling of stage 1, portable: "]
    {
        assert!(table.contains(words), "`{words}` is not in:\n{table}");
    }
}

#[test]
fn a_gallery_that_does_not_fit_is_refused_before_anything_is_made() {
    let output = whorl(&["bench", "--galleries", "1000000000"]);
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(said.contains("1000000000 sets") && said.contains("MiB"), "{said}");
    assert_eq!(whorl(&["bench", "--galleries", "99"]).status.code(), Some(2));
}
