//! Parts of the page that only count: transmissions, hits, refusals, erasures, what is stored.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use serde::Serialize;

use super::chart::Bars;
use super::html::{Cell, Table, grouped};
use super::rated::table;
use super::statistics::{OfState, Statistics};
use super::{HitMatrix, Totals};
use crate::eurodac::erasure::Ground;
use crate::eurodac::hits::Verdict;
use crate::eurodac::model::Category;
use crate::eurodac::operation::Operation;

/// Sums of lines by a key, in so many columns.
fn sums<K: Ord>(columns: usize, lines: impl Iterator<Item = (K, usize, i64)>) -> BTreeMap<K, Vec<i64>> {
    let mut sums = BTreeMap::new();
    for (key, column, count) in lines {
        let row = sums.entry(key).or_insert_with(|| vec![0; columns]);
        if let Some(cell) = row.get_mut(column) {
            *cell += count;
        }
    }
    sums
}

fn rows<K: ToString>(sums: BTreeMap<K, Vec<i64>>) -> Vec<Vec<Cell>> {
    let row = |(key, counts): (K, Vec<i64>)| {
        let counts = counts.into_iter().map(Cell::count);
        [key.to_string().into()].into_iter().chain(counts).collect()
    };
    sums.into_iter().map(row).collect()
}

fn of_names(caption: &str, header: &[&str], rows: Vec<Vec<Cell>>) -> Table {
    Table {
        class: "",
        caption: caption.into(),
        header: header.iter().map(|&title| title.to_owned()).collect(),
        rows,
    }
}

/// The name that programs have for it.
fn name(value: impl Serialize) -> String {
    match serde_json::to_value(value) {
        Ok(serde_json::Value::String(name)) => name,
        _ => String::new(),
    }
}

fn column(category: Category) -> usize {
    usize::from(category.number()) - 1
}

/// Totals of each category.
pub fn totals(totals: &[Totals]) -> Table {
    let row = |of: &Totals| -> Vec<Cell> {
        let counts = [
            of.transmissions,
            of.hits,
            of.erased_in_advance,
            of.erased_at_the_end,
            of.stored,
            of.stored_blocked,
            of.blockings,
            of.hits_on_blocked,
        ];
        let category = format!("{}", of.category.number());
        [category.into()].into_iter().chain(counts.map(Cell::count)).collect()
    };
    let header = [
        "Category",
        "Transmissions",
        "Hits of its probes",
        "Erased in advance",
        "Erased at the end",
        "Stored on the last day",
        "of these blocked",
        "Blocked since",
        "Hits on blocked",
    ];
    of_names("Totals of all States", &header, totals.iter().map(row).collect())
}

/// Transmissions by State and category.
pub fn transmissions(counted: &Statistics) -> (String, Table) {
    let lines = counted.transmissions.iter().map(|l| (l.member_state, column(l.category), l.count));
    let chart = Bars {
        id: "transmissions",
        title: "Transmissions".into(),
        description: "Transmissions carried out, by State and category".into(),
        series: vec!["category 1", "category 2", "category 3"],
        bars: sums(3, lines).into_iter().map(|(state, counts)| (state.to_string(), counts)).collect(),
    };
    (chart.lying(), table(&chart, "Transmissions carried out", "State"))
}

/// Erasures by ground and category.
pub fn erasures(counted: &Statistics) -> (String, Table) {
    let grounds = Ground::ALL.map(Some).into_iter().chain([None]);
    let bars = grounds.map(|ground| {
        let of = |category| {
            let lines = counted.erasures.iter().filter(|l| (l.ground, l.category) == (ground, category));
            lines.map(|line| line.count).sum::<i64>()
        };
        let counts = vec![of(Category::Applicant), of(Category::BorderCrossing)];
        (ground.map_or("end of the period".into(), name), counts)
    });
    let chart = Bars {
        id: "erasures",
        title: "Erasures".into(),
        description: "Sets erased, by ground and category".into(),
        series: vec!["category 1", "category 2"],
        bars: bars.filter(|(_, counts)| counts.iter().any(|count| *count != 0)).collect(),
    };
    (chart.lying(), table(&chart, "Sets erased", "Ground"))
}

/// Refusals: a bar for each reason, and the numbers with what was asked for.
pub fn refusals(counted: &Statistics) -> (String, Table) {
    let reasons = sums(1, counted.refusals.iter().map(|line| (line.code.clone(), 0, line.count)));
    let mut bars: Vec<_> = reasons.into_iter().collect();
    bars.sort_by_key(|(_, counts)| Reverse(counts.clone()));
    let chart = Bars {
        id: "refusals",
        title: "Refusals".into(),
        description: "Requests refused, by the code of the reason".into(),
        series: vec!["requests"],
        bars,
    };
    let lines = sums(1, counted.refusals.iter().map(|l| ((l.code.as_str(), l.operation), 0, l.count)));
    let row = |((code, operation), counts): ((&str, Operation), Vec<i64>)| {
        vec![code.into(), name(operation).into(), Cell::count(counts.iter().sum())]
    };
    let rows = lines.into_iter().map(row).collect();
    (chart.lying(), of_names("Requests refused, by reason", &["Reason", "Operation", "Requests"], rows))
}

/// Whose requests were refused.
pub fn refusals_of_states(counted: &Statistics) -> Table {
    let whose = |line: &super::statistics::RefusalLine| {
        line.member_state.map_or("of no State".to_owned(), |state| state.to_string())
    };
    let sums = sums(1, counted.refusals.iter().map(|line| (whose(line), 0, line.count)));
    of_names("Requests refused, by State", &["State", "Requests"], rows(sums))
}

/// Hits by pair of States.
pub fn matrix(matrix: &HitMatrix) -> Table {
    let (probe, found) = (matrix.probe_category.number(), matrix.category.number());
    let [total, own, foreign] = [matrix.total, matrix.own, matrix.foreign].map(grouped);
    let most = matrix.counts.iter().flatten().copied().max().unwrap_or(0);
    let states = matrix.member_states.iter().map(ToString::to_string);
    let row = |(state, counts): (String, &Vec<i64>)| {
        let cells = counts.iter().map(|count| Cell::heat(*count, most));
        [state.into()].into_iter().chain(cells).collect()
    };
    Table {
        class: "matrix",
        caption: format!("Category {probe} on category {found}: {total} hits, {own} own, {foreign} foreign"),
        header: ["Probe".to_owned()].into_iter().chain(states.clone()).collect(),
        rows: states.zip(&matrix.counts).map(row).collect(),
    }
}

/// What experts said of hits, by the State whose set was compared.
pub fn verdicts(counted: &Statistics) -> Table {
    let place = |verdict| Verdict::ALL.iter().position(|one| *one == verdict).unwrap_or(usize::MAX);
    let lines = counted.verifications.iter().map(|l| (l.probe_member_state, place(l.verdict), l.count));
    let header = ["Probe", "confirmed", "false match", "unreliable"];
    of_names("Hits verified (Art. 4(6))", &header, rows(sums(Verdict::ALL.len(), lines)))
}

/// What is stored at the end, by State.
pub fn stored(counted: &Statistics) -> Table {
    let place = |category, blocked| 2 * column(category) + usize::from(blocked);
    let lines = counted.stored.iter().map(|l| (l.member_state, place(l.category, l.blocked), l.count));
    let header = ["State", "Category 1", "1, blocked", "Category 2", "2, blocked"];
    of_names("Sets stored at the end of the last day", &header, rows(sums(4, lines)))
}

/// Blockings, and hits on blocked sets, by the sets' own State (Art. 12).
pub fn blocked(counted: &Statistics) -> Table {
    let of = |list: &'_ Vec<OfState>, first: usize| -> Vec<_> {
        list.iter().map(|l| (l.member_state, first + column(l.category), l.count)).collect()
    };
    let lines = of(&counted.blockings, 0).into_iter().chain(of(&counted.hits_on_blocked, 2));
    let header = ["State", "Blocked, 1", "Blocked, 2", "Hits on blocked, 1", "Hits on blocked, 2"];
    of_names("Sets blocked in the year, and hits on blocked sets", &header, rows(sums(4, lines)))
}

/// Notices, and requests of data subjects.
pub fn requests(counted: &Statistics) -> Table {
    let line = |l: &super::statistics::RequestLine| {
        vec![l.member_state.to_string().into(), name(l.operation).into(), Cell::count(l.count)]
    };
    let rows = counted.requests.iter().map(line).collect();
    of_names("Notices and requests, by State", &["State", "Operation", "How many"], rows)
}
