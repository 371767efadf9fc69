//! Style as a test, and the invariants that are about absences.

use std::path::{Path, PathBuf};

/// The repository.
pub fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_owned()
}

/// Rust and WGSL files of the repository: path from the root, and text.
pub fn sources() -> Vec<(String, String)> {
    let mut found = Vec::new();
    for part in ["engine", "shaders", "bozorth3", "server", "datasets", "benches", "tests"] {
        collect(&root().join(part), &mut found);
    }
    assert!(found.len() > 60, "only {} files", found.len());
    found
}

fn collect(directory: &Path, found: &mut Vec<(String, String)>) {
    for entry in fs_err::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            collect(&path, found);
        } else if path.extension().is_some_and(|end| end == "rs" || end == "wgsl") {
            let name = path.strip_prefix(root()).unwrap().display().to_string();
            found.push((name, fs_err::read_to_string(&path).unwrap()));
        }
    }
}

#[test]
fn files_are_short_and_say_what_they_are() {
    for (name, text) in sources() {
        assert!(text.lines().count() <= 500, "{name} is over 500 lines");
        assert!(text.starts_with("//"), "{name} does not begin by saying what it is");
        for (number, line) in text.lines().enumerate() {
            assert!(line.chars().count() <= 140, "{name}:{} is over 140 columns", number + 1);
        }
    }
}

#[test]
fn no_stub_and_no_test_that_does_not_run() {
    let banned = [concat!("todo", "!("), concat!("unimplemented", "!("), concat!("#[ig", "nore")];
    for (name, text) in sources() {
        for word in banned {
            assert!(!text.contains(word), "{name} has {word}");
        }
    }
}

#[test]
fn invariant_1_only_the_law_makes_a_scope() {
    let made = concat!("Scope::", "new(");
    for (name, text) in sources().into_iter().filter(|(name, _)| name.starts_with("server/")) {
        // The galleries of the doctor and of the bench are of generated prints, and are gone with the command.
        let allowed = [
            "server/src/eurodac/comparison.rs",
            "server/src/cli/doctor.rs",
            "server/src/cli/bench/people.rs",
        ]
        .contains(&name.as_str());
        assert!(allowed || !text.contains(made), "{name} makes a scope");
    }
}

#[test]
fn the_law_knows_neither_http_nor_disks_and_the_engine_knows_no_law() {
    for (name, text) in sources() {
        let code: String = text.lines().filter(|line| !line.trim_start().starts_with("//")).collect();
        if name.starts_with("server/src/eurodac/") {
            for word in
                ["actix", "std::fs", "fs_err", "sled", "crate::http", "crate::store", "Timestamp::now"]
            {
                assert!(!code.contains(word), "{name} knows {word}");
            }
        }
        if name.starts_with("engine/src/") {
            for word in ["MemberState", "eurodac", "actix", "category"] {
                assert!(!code.contains(word), "{name} knows {word}");
            }
        }
    }
}

/// Markdown files of the repository: path from the root, and text.
fn documents() -> Vec<(String, String)> {
    let mut paths = vec!["README.md".to_owned(), "ARCHITECTURE.md".into(), "CHANGELOG.md".into()];
    for entry in fs_err::read_dir(root().join("docs/src")).unwrap() {
        paths.push(format!("docs/src/{}", entry.unwrap().file_name().display()));
    }
    paths.into_iter().map(|path| (path.clone(), fs_err::read_to_string(root().join(path)).unwrap())).collect()
}

#[test]
fn links_and_paths_in_the_documents_lead_somewhere() {
    for (name, text) in documents() {
        let folder = root().join(&name).parent().unwrap().to_owned();
        for target in text.split("](").skip(1).map(|rest| rest.split(')').next().unwrap()) {
            let there =
                target.starts_with("http") || folder.join(target.split(['#', ' ']).next().unwrap()).exists();
            assert!(there, "{name} links to {target}");
        }
        for word in text.split('`').filter(|word| word.ends_with(".rs") || word.ends_with(".wgsl")) {
            let there =
                ["", "tests/tests", "server/src"].iter().any(|part| root().join(part).join(word).exists());
            assert!(there || !word.contains('/') && word.len() < 40, "{name} names {word}");
        }
    }
}

#[test]
fn the_architecture_names_tests_that_are_there() {
    let architecture = fs_err::read_to_string(root().join("ARCHITECTURE.md")).unwrap();
    let table = architecture.lines().filter(|line| line.starts_with("| ") && line.contains("::"));
    let all: String = sources().into_iter().map(|(_, text)| text).collect();
    let mut named = 0;
    for item in table.flat_map(|line| line.split('`').skip(1).step_by(2)).filter(|item| item.contains("::")) {
        let last = item.rsplit("::").next().unwrap();
        named += 1;
        assert!(
            all.contains(&format!("fn {last}(")) || all.contains(&format!("mod {last}")),
            "{item} is not there"
        );
    }
    assert!(named >= 6);
}

#[test]
fn unsafe_code_is_fenced_in() {
    for (name, text) in sources() {
        let fenced = name.starts_with("engine/src/simd/")
            || name == "bozorth3/src/ffi.rs"
            || name.ends_with("tidy.rs");
        let used = text.lines().any(|line| !line.trim_start().starts_with("//") && line.contains("unsafe {"));
        assert!(fenced || !used, "{name} uses unsafe code");
        let blocks = text.matches("unsafe {").count();
        assert!(
            !fenced || name.ends_with("tidy.rs") || text.matches("SAFETY:").count() >= blocks,
            "{name}: say why it is safe"
        );
    }
}
