//! `docs/src/law.md`: of each rule where it is enforced and by which tests it is proved, made from the code and the tests.
//!
//! What stands in the page above [`MARK`] is written by hand; the rest is made here, and compared. `WHORL_WRITE_LAW=1` writes it.
//! A rule is enforced where the code of the server or the engine names it, and proved by the tests that name it first: `fn
//! r_comp_1_2_r_hit_3_…` proves R-COMP-1, R-COMP-2 and R-HIT-3.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::path::Path;

use whorl::eurodac::rules::{self, Rule};

use crate::tidy::{root, sources};

/// The page.
const PAGE: &str = "docs/src/law.md";
/// From here on it is made.
const MARK: &str = "<!-- From here on made from the code and the tests: WHORL_WRITE_LAW=1 writes it. -->";

/// Rules that are proved otherwise than by a test that names them, and how.
const PROVED_OTHERWISE: [(&str, &str); 1] = [(
    "R-OPS-3",
    "a matter of the machine, so it is measured and not enforced: see [Speed, and how it is measured](performance.md)",
)];

/// Where the rules are listed: naming them there enforces nothing.
const LIST: &str = "server/src/eurodac/rules.rs";

#[test]
fn the_page_of_the_law_is_what_the_code_and_the_tests_say() {
    let path = root().join(PAGE);
    let page = fs_err::read_to_string(&path).unwrap();
    let (by_hand, _) = page.split_once(MARK).expect("the page has a mark where the made part begins");
    let made = format!("{by_hand}{MARK}\n\n{}", table(&enforcement(), &proofs()));
    if std::env::var_os("WHORL_WRITE_LAW").is_some_and(|value| value == "1") {
        fs_err::write(&path, &made).unwrap();
    } else {
        assert!(page == made, "{PAGE} is not up to date: run this test with WHORL_WRITE_LAW=1");
    }
}

#[test]
fn every_rule_is_enforced_and_proved() {
    let (enforced, proved) = (enforcement(), proofs());
    let missing = |by: &dyn Fn(&str) -> bool| -> Vec<_> {
        let otherwise = |id: &str| PROVED_OTHERWISE.iter().any(|(name, _)| *name == id);
        rules::all().map(|rule| rule.id).filter(|id| !by(id) && !otherwise(id)).collect()
    };
    let not_enforced = missing(&|id| enforced.contains_key(id));
    let not_proved = missing(&|id| proved.contains_key(id));
    assert_eq!(
        (not_enforced, not_proved),
        (vec![], vec![]),
        "rules that no code names, and that no test proves"
    );
    let needless: Vec<_> = PROVED_OTHERWISE.iter().filter(|(id, _)| proved.contains_key(*id)).collect();
    assert!(needless.is_empty(), "these have a test now: {needless:?}");
}

#[test]
fn no_rule_is_named_that_is_not_in_the_list() {
    let listed: BTreeSet<&str> = rules::all().map(|rule| rule.id).collect();
    assert_eq!(listed.len(), rules::all().count(), "a rule is listed twice");
    let mut texts = Vec::new();
    collect(&root(), &mut texts);
    assert!(texts.len() > 200, "only {} files", texts.len());
    for (name, text) in &texts {
        for id in named(text) {
            assert!(listed.contains(id), "{name} names {id}, which is not in {LIST}");
        }
    }
    for (id, tests) in proofs() {
        assert!(listed.contains(id.as_str()), "{tests:?} prove {id}, which is not in {LIST}");
    }
}

/// Only where the page is that the project is built to: a clone has it not.
#[test]
fn the_list_is_that_of_the_page_that_the_project_is_built_to() {
    let beside = root().join("../shared/spec/eurodac.md");
    let path = std::env::var_os("WHORL_SPEC").map_or(beside, Into::into);
    let Ok(page) = fs_err::read_to_string(path) else { return };
    let rows = page.lines().filter_map(|line| line.strip_prefix("| R-")?.split(" |").next());
    let of_the_page: Vec<String> = rows.map(|rest| format!("R-{rest}")).collect();
    let listed: Vec<&str> = rules::all().map(|rule| rule.id).collect();
    assert_eq!(listed, of_the_page);
}

/// Text files of the repository, as far as they are kept: path from the root, and text.
fn collect(directory: &Path, found: &mut Vec<(String, String)>) {
    for entry in fs_err::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        let name = path.strip_prefix(root()).unwrap().display().to_string();
        if path.is_dir() {
            let made = ["target", ".git", "shared", "docs/book"].contains(&name.as_str());
            if !made {
                collect(&path, found);
            }
        } else if let Ok(text) = fs_err::read_to_string(&path) {
            found.push((name, text));
        }
    }
}

/// The rules that a text names.
fn named(text: &str) -> impl Iterator<Item = &str> {
    text.match_indices("R-").filter_map(|(start, _)| {
        let (before, rest) = text.split_at(start);
        let group = rest[2..].find(|c: char| !c.is_ascii_uppercase()).filter(|&length| length > 0)?;
        let digits = rest[2 + group..].strip_prefix('-')?;
        let count = digits.find(|c: char| !c.is_ascii_digit()).unwrap_or(digits.len());
        let whole = count > 0 && !before.ends_with(|c: char| c.is_ascii_alphanumeric());
        whole.then(|| &rest[..2 + group + 1 + count])
    })
}

type Enforced = BTreeMap<String, BTreeMap<String, Vec<String>>>;

/// Of each rule: the files that name it outside their tests, each with the items that do, in their order.
fn enforcement() -> Enforced {
    let mut found = Enforced::new();
    for (name, text) in sources() {
        let of_the_product = name.starts_with("server/src/") || name.starts_with("engine/src/");
        let code = text.split("\n#[cfg(test)]\nmod ").next().unwrap();
        // What is left with a test in it is a file of tests.
        let of_tests = code.contains("#[test]") || name.contains("/tests/");
        if !of_the_product || of_tests || name == LIST {
            continue;
        }
        let lines: Vec<&str> = code.lines().collect();
        for (number, line) in lines.iter().enumerate() {
            for id in named(line) {
                let items = found.entry(id.to_owned()).or_default().entry(name.clone()).or_default();
                items.extend(item(&lines, number).filter(|item| !items.contains(item)));
            }
        }
    }
    found
}

/// The item that a line is about, where it is about one: that which follows its doc comment, or that which it stands in.
fn item(lines: &[&str], number: usize) -> Option<String> {
    let text = lines[number].trim_start();
    if text.starts_with("//!") {
        return None;
    }
    if !text.starts_with("///") {
        let own = declared(lines[number], &["const", "static"]).map(|name| (number, name));
        return own.or_else(|| around(lines, number, &["fn"])).map(|found| qualified(lines, found));
    }
    let mut attribute = false;
    let before_it = |line: &&&str| {
        attribute |= line.trim_start().starts_with("#[");
        let of_attribute = attribute;
        attribute &= !line.trim_end().ends_with(']');
        of_attribute || line.trim_start().starts_with("//")
    };
    let next = number + lines[number..].iter().take_while(before_it).count();
    lines.get(next)?;
    let keywords = ["fn", "struct", "enum", "trait", "type", "const", "static", "mod"];
    if let Some(name) = declared(lines[next], &keywords) {
        return Some(qualified(lines, (next, name)));
    }
    // A field or a variant, which may be made by a macro.
    let word = lines[next].trim_start().trim_start_matches("pub(super) ").trim_start_matches("pub ");
    let member: String = word.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect();
    match around(lines, next, &["struct", "enum"]) {
        Some((_, whole)) => Some(format!("{whole}::{member}")),
        None => Some(member).filter(|name| name.starts_with(|c: char| c.is_ascii_uppercase())),
    }
}

/// With the type that it is a function or a constant of.
fn qualified(lines: &[&str], (number, name): (usize, String)) -> String {
    let header = around(lines, number, &["impl", "trait"]).map(|(number, _)| lines[number]);
    let words = header.map(|line| line.trim_end_matches(" {").split(" for ").last().unwrap_or_default());
    // `impl<T> Name<T>`: what it is generic over stands before the name.
    let words = words.map(|words| words.split_once("> ").map_or(words, |(_, name)| name));
    let of = words.map(|words| words.trim_start_matches("impl ").trim_start_matches("pub trait "));
    match of.map(|of| of.split(['<', ' ', ':']).next().unwrap_or_default()).filter(|of| !of.is_empty()) {
        Some(of) => format!("{of}::{name}"),
        None => name,
    }
}

/// What a line stands in, of what is declared with one of these keywords: where, and its name.
fn around(lines: &[&str], number: usize, keywords: &[&str]) -> Option<(usize, String)> {
    let indentation = |number: usize| lines[number].len() - lines[number].trim_start().len();
    let mut depth = indentation(number);
    // The end of a list of arguments stands out, and ends nothing.
    let tells =
        |number: &usize| !lines[*number].trim().is_empty() && !lines[*number].trim_start().starts_with(')');
    (0..number).rev().filter(tells).find_map(|above| {
        let outer = indentation(above) < depth;
        depth = depth.min(indentation(above));
        declared(lines[above], keywords).filter(|_| outer).map(|name| (above, name))
    })
}

/// The name that a line declares with one of these keywords.
fn declared(line: &str, keywords: &[&str]) -> Option<String> {
    let mut words = line.trim_start().split([' ', '(', '<', ':', ';', '{']);
    let modifiers = ["pub", "super)", "crate)", "async", "const", "unsafe"];
    let keyword = words.find(|word| keywords.contains(word) || !modifiers.contains(word))?;
    let name = words.next().filter(|name| !name.is_empty() || keyword == "impl")?;
    // `const fn` is a function.
    let name = if name == "fn" { words.next()? } else { name };
    keywords.contains(&keyword).then(|| name.to_owned())
}

type Proved = BTreeMap<String, BTreeSet<(String, String)>>;

/// Of each rule: the tests that prove it, by name, each with its file.
fn proofs() -> Proved {
    let mut found = Proved::new();
    for (file, text) in sources() {
        for line in text.lines() {
            let line = line.trim_start().trim_start_matches("async ");
            let test = line.strip_prefix("fn ").and_then(|rest| rest.split_once('(')).map(|(name, _)| name);
            let Some(test) = test.filter(|name| name.starts_with("r_")) else { continue };
            for id in covered(test).0 {
                found.entry(id).or_default().insert((test.to_owned(), file.clone()));
            }
        }
    }
    found
}

/// The rules that the name of a test begins with, and the words that it goes on with.
fn covered(test: &str) -> (Vec<String>, String) {
    let parts: Vec<&str> = test.split('_').collect();
    let (mut group, mut found, mut at) = (String::new(), Vec::new(), 0);
    while at < parts.len() {
        if parts[at] == "r" {
            group = parts.get(at + 1).unwrap_or(&"").to_uppercase();
            at += 2;
        } else if parts[at].parse::<u8>().is_ok() {
            found.push(format!("R-{group}-{}", parts[at]));
            at += 1;
        } else {
            break;
        }
    }
    (found, parts[at.min(parts.len())..].join(" "))
}

fn table(enforced: &Enforced, proved: &Proved) -> String {
    let mut text = String::new();
    for part in rules::PARTS {
        writeln!(text, "## {}\n", part.title).unwrap();
        writeln!(text, "| Rule | Source | What it says | Enforced in | Proved by |").unwrap();
        writeln!(text, "| --- | --- | --- | --- | --- |").unwrap();
        for Rule { id, source, says } in part.rules {
            let otherwise =
                PROVED_OTHERWISE.iter().find(|(name, _)| name == id).map(|(_, how)| (*how).to_owned());
            let code = enforced.get(*id).map(enforced_in);
            let tests =
                proved.get(*id).map(|tests| tests.iter().map(proved_by).collect::<Vec<_>>().join("<br>"));
            let (code, tests) = (code.unwrap_or_default(), tests.or(otherwise).unwrap_or_default());
            writeln!(text, "| {id} | {source} | {says} | {code} | {tests} |").unwrap();
        }
        text.push('\n');
    }
    text.truncate(text.trim_end().len());
    text.push('\n');
    text
}

/// The files, the law first, each with its items.
fn enforced_in(files: &BTreeMap<String, Vec<String>>) -> String {
    let short = |file: &str| file.strip_prefix("server/src/").unwrap_or(file).to_owned();
    let mut sorted: Vec<_> = files.iter().map(|(file, items)| (short(file), file, items)).collect();
    sorted.sort_by_key(|(short, ..)| (!short.starts_with("eurodac/"), short.clone()));
    let line = |(short, file, items): &(String, &String, &Vec<String>)| {
        let items: Vec<_> = items.iter().map(|item| format!("`{item}`")).collect();
        format!("[`{short}`](../../{file}) {}", items.join(", ")).trim_end().to_owned()
    };
    sorted.iter().map(line).collect::<Vec<_>>().join("<br>")
}

/// Its words, for people to read, and its name, by which it is found and run.
fn proved_by((test, file): &(String, String)) -> String {
    format!("[{}](../../{file} \"{test}\")", covered(test).1)
}
