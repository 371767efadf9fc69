//! Compares our scores with those that NIST's own bozorth3 gave, on minutiae of NIST's.
//!
//! The logs are what its program printed, a line a comparison: probe, gallery, score. Some of these prints have more minutiae
//! than are compared, so that the choice of the best is tested too.
#![expect(clippy::unwrap_used, clippy::print_stdout, reason = "helpers of tests are tests too")]

use std::path::{Path, PathBuf};

use whorl_bozorth3::{Template, score, xyt};

fn data() -> Option<PathBuf> {
    let root = std::env::var_os("WHORL_DATA")
        .map_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/data"), PathBuf::from);
    let folder = root.join("conformance/bozorth3");
    if !folder.is_dir() {
        println!("SKIPPED: real data not found (set WHORL_DATA)");
        return None;
    }
    Some(folder)
}

fn template(folder: &Path, path: &str) -> Template {
    let file = folder.join(Path::new(path).file_name().unwrap());
    Template::new(&xyt::parse(&fs_err::read_to_string(file).unwrap()).unwrap())
}

#[test]
fn scores_are_those_of_nist() {
    let Some(folder) = data() else { return };
    let mut compared = 0;
    for entry in fs_err::read_dir(&folder).unwrap() {
        let log = entry.unwrap().path();
        if log.extension().is_none_or(|end| end != "log") {
            continue;
        }
        for line in fs_err::read_to_string(&log).unwrap().lines() {
            let fields: Vec<_> = line.split_whitespace().collect();
            let [probe, reference, theirs] = fields[..] else { panic!("{line}") };
            let ours = score(&template(&folder, probe), &template(&folder, reference));
            assert_eq!(ours, theirs.parse::<u32>().unwrap(), "{line}");
            compared += 1;
        }
    }
    println!("{compared} comparisons, no score differs from NIST's");
    assert!(compared > 0);
}
