//! The annual report, from counters made by hand: figures checked by hand, and the table and the page against them.

use std::collections::HashMap;

use jiff::civil::{Date, date};
use jiff::{Timestamp, ToSpan};

use super::html::grouped;
use super::{Annual, Cost, Figure, FigureName, Objectives, Statistics};
use crate::eurodac::erasure::Ground;
use crate::eurodac::hits::Verdict;
use crate::eurodac::model::{Category, MemberState};
use crate::eurodac::operation::Operation;
use crate::eurodac::statistics::Counted;

const ONE: Category = Category::Applicant;
const TWO: Category = Category::BorderCrossing;
const THREE: Category = Category::IllegallyPresent;
const FIRST: Date = date(2026, 3, 1);
const LAST: Date = date(2026, 12, 31);

/// The end of all years that are reported on here.
fn later() -> Timestamp {
    "2027-06-01T00:00:00Z".parse().unwrap()
}

fn state(code: &str) -> MemberState {
    code.parse().unwrap()
}

fn counters() -> HashMap<Counted, i64> {
    let [at, de, fr] = ["AT", "DE", "FR"].map(state);
    HashMap::from([
        (Counted::Transmissions(at, ONE), 1_200),
        (Counted::Transmissions(de, ONE), 700),
        (Counted::Transmissions(de, TWO), 90),
        (Counted::Transmissions(fr, THREE), 11),
        (Counted::Refusals(Some(at), Operation::Transmission, "fingerprint-too-poor".into()), 17),
        (Counted::Refusals(None, Operation::None, "<b>\"&".into()), 5),
        (Counted::Hits((ONE, at), (ONE, de)), 31),
        (Counted::Hits((ONE, at), (ONE, at)), 2),
        (Counted::Hits((ONE, de), (TWO, fr)), 8),
        (Counted::Hits((THREE, fr), (ONE, at)), 6),
        (Counted::Verdicts(Verdict::Confirmed, at, de), 38),
        (Counted::Verdicts(Verdict::FalseMatch, at, de), 1),
        (Counted::Verdicts(Verdict::Unreliable, fr, at), 1),
        (Counted::Erasures(at, ONE, Some(Ground::UnionCitizenship)), 13),
        (Counted::Erasures(de, TWO, None), 19),
        (Counted::Blockings(at, ONE), 23),
        (Counted::HitsOnBlocked(at, ONE), 4),
        (Counted::Stored(at, ONE, false), 1_164),
        (Counted::Stored(at, ONE, true), 21),
        (Counted::Delays(at, ONE, Some(0)), 900),
        (Counted::Delays(at, ONE, Some(3)), 250),
        (Counted::Delays(at, ONE, None), 50),
        (Counted::Delays(de, TWO, Some(7)), 90),
        (Counted::Answers(false, Some(200)), 1_000),
        (Counted::Answers(false, Some(2_000)), 860),
        (Counted::Answers(false, Some(5_000)), 37),
        (Counted::Answers(false, None), 3),
        (Counted::Answers(true, Some(100)), 11),
        (Counted::AnswerTime, 955_500),
        (Counted::Down, 26_438),
        (Counted::Requests(de, Operation::NoticeGiven), 29),
    ])
}

fn statistics(counters: HashMap<Counted, i64>) -> Statistics {
    Statistics::new(FIRST, LAST, counters.clone(), counters)
}

fn report() -> Annual {
    let cost = Cost { currency: "EUR".into(), years: [(2026, 500_250.0), (2025, 7.0)].into() };
    let objectives = Objectives { cost: Some(cost), ..Objectives::default() };
    Annual::new(2026, Some(FIRST), later(), statistics(counters()), &objectives)
}

fn figure(report: &Annual, name: FigureName) -> &Figure {
    report.figures.iter().find(|figure| figure.name == name).unwrap()
}

#[test]
fn r_stat_2_r_ops_4_every_figure_stands_against_its_objective() {
    use FigureName as N;
    let report = report();
    // 2026-03-01 to 2026-12-31: 306 days, one of them of 23 hours and one of 25.
    let seconds = 306 * 86_400;
    let rows = [
        // 1000 + 860 + 11 of 1911 within 2 seconds.
        (N::AnsweredInTime, Some(2.0), Some(0.95), Some(1_871.0 / 1_911.0), Some(1_911), Some(true)),
        (N::AnswerMean, None, None, Some(500.0), Some(1_911), None),
        // All but the three that took more than a day.
        (N::NormalInTime, Some(86_400.0), Some(1.0), Some(1_897.0 / 1_900.0), Some(1_900), Some(false)),
        (N::UrgentInTime, Some(3_600.0), Some(1.0), Some(1.0), Some(11), Some(true)),
        // 26 438 seconds of 26 438 400 are one too few to miss a thousandth.
        (N::Availability, None, Some(0.999), Some(1.0 - 26_438.0 / 26_438_400.0), Some(seconds), Some(true)),
        (N::FalseMatches, None, Some(0.01), Some(1.0 / 40.0), Some(40), Some(false)),
        // 900 + 250 of 1290 within three days.
        (
            N::TransmittedInTime,
            Some(259_200.0),
            Some(0.95),
            Some(1_150.0 / 1_290.0),
            Some(1_290),
            Some(false),
        ),
        (N::Cost, None, None, Some(500_250.0), None, None),
        (N::CostPerTransmission, None, None, Some(250.0), Some(2_001), None),
    ];
    assert_eq!(report.figures.len(), rows.len());
    for (name, within, objective, measured, of, met) in rows {
        let figure = figure(&report, name);
        let near = (figure.measured.unwrap() - measured.unwrap()).abs() < 1e-9;
        assert!(near, "{name:?}: {:?}", figure.measured);
        let rest = (figure.within_seconds, figure.objective, figure.of, figure.met);
        assert_eq!(rest, (within, objective, of, met), "{name:?}");
    }
}

#[test]
fn r_stat_2_where_nothing_was_measured_nothing_is_met_or_missed() {
    let empty = statistics(HashMap::new());
    let report = Annual::new(2026, None, later(), empty, &Objectives::default());
    assert_eq!(report.figures.len(), 7, "costs that nobody configured");
    for figure in &report.figures {
        assert_eq!((figure.measured, figure.met, figure.of), (None, None, Some(0)), "{:?}", figure.name);
    }
    let page = report.page();
    assert!(page.contains("was not in operation in 2026") && page.contains("not measured"));
    assert!(page.contains("Answers by the time that they took: none.") && !page.contains("<svg"));
    assert!(!page.contains("met</td>") && !page.contains("NaN"));
    assert!(!report.csv().unwrap().contains("NaN"));
    let json = serde_json::to_value(&report).unwrap();
    assert!(json["figures"][0]["measured"].is_null() && json["from"].is_null());

    let no_transmission = HashMap::from([(Counted::Down, 0)]);
    let cost = Cost { currency: "EUR".into(), years: [(2026, 10.0)].into() };
    let objectives = Objectives { cost: Some(cost), ..Objectives::default() };
    let report = Annual::new(2026, Some(FIRST), later(), statistics(no_transmission), &objectives);
    assert_eq!(figure(&report, FigureName::Cost).measured, Some(10.0));
    assert_eq!(figure(&report, FigureName::CostPerTransmission).measured, None);
    assert_eq!(figure(&report, FigureName::Availability).measured, Some(1.0));
}

#[test]
fn r_stat_2_a_year_that_goes_on_is_measured_until_now() {
    let of = |now: &str, to| {
        let down = HashMap::from([(Counted::Down, 3_600)]);
        let counted = Statistics::new(FIRST, to, down.clone(), down);
        let report = Annual::new(2026, Some(FIRST), now.parse().unwrap(), counted, &Objectives::default());
        figure(&report, FigureName::Availability).clone()
    };
    // Midnight in Brussels is 23:00 in UTC.
    assert_eq!(of("2026-03-02T11:00:00Z", date(2026, 3, 2)).of, Some(36 * 3_600));
    assert_eq!(of("2026-03-01T03:00:00Z", FIRST).measured, Some(0.75));
    // A day of 23 hours.
    assert_eq!(of("2027-01-01T00:00:00Z", date(2026, 3, 29)).of, Some(29 * 86_400 - 3_600));
    // More seconds down than there were: nothing less than nothing.
    assert_eq!(of("2026-02-28T23:30:00Z", FIRST).measured, Some(0.0));
    assert_eq!((FIRST + 306.days()).year(), 2027);
}

#[test]
fn r_stat_2_totals_and_pairs_of_states_are_the_sums_of_the_counts() {
    let report = report();
    let [one, two, three] = &report.totals[..] else { panic!("one for each category") };
    assert_eq!((one.transmissions, two.transmissions, three.transmissions), (1_900, 90, 11));
    assert_eq!((one.hits, two.hits, three.hits), (41, 0, 6));
    assert_eq!((one.erased_in_advance, one.erased_at_the_end), (13, 0));
    assert_eq!((two.erased_in_advance, two.erased_at_the_end), (0, 19));
    assert_eq!((one.stored, one.stored_blocked, one.blockings, one.hits_on_blocked), (1_185, 21, 23, 4));
    let [eleven, twelve, thirty_one] = &report.hit_matrices[..] else { panic!("one for each pair") };
    assert_eq!((eleven.total, eleven.own, eleven.foreign), (33, 2, 31));
    assert_eq!(eleven.member_states, ["AT", "DE"].map(state));
    assert_eq!(eleven.counts, [[2, 31], [0, 0]]);
    assert_eq!((twelve.total, twelve.own, &twelve.counts), (8, 0, &vec![vec![0, 8], vec![0, 0]]));
    assert_eq!((thirty_one.total, &thirty_one.counts), (6, &vec![vec![0, 0], vec![6, 0]]));
}

#[test]
fn r_stat_2_the_table_has_every_count_and_every_figure() {
    let report = report();
    let text = report.csv().unwrap();
    let mut reader = csv::Reader::from_reader(text.as_bytes());
    let header = reader.headers().unwrap().clone();
    let at = |name: &str| header.iter().position(|title| title == name).unwrap();
    let rows: Vec<_> = reader.records().map(Result::unwrap).collect();
    let json = serde_json::to_value(&report).unwrap();
    let lists = json["statistics"].as_object().unwrap().iter();
    for (list, lines) in lists.filter_map(|(name, value)| Some((name.replace('_', "-"), value.as_array()?))) {
        let of_list = rows.iter().filter(|row| row[at("section")] == list);
        let counts: Vec<i64> = of_list.map(|row| row[at("value")].parse().unwrap()).collect();
        let expected: Vec<i64> = lines.iter().map(|line| line["count"].as_i64().unwrap()).collect();
        assert!(!expected.is_empty(), "{list} is not tried");
        assert_eq!(counts, expected, "{list}");
    }
    for figure in &report.figures {
        let name = serde_json::to_value(figure.name).unwrap();
        let row =
            rows.iter().find(|row| row[at("section")] == *"figures" && name == row[at("what")]).unwrap();
        assert_eq!(row[at("value")].parse().ok(), figure.measured, "{name}");
        assert_eq!(row[at("objective")].parse().ok(), figure.objective, "{name}");
        assert_eq!(row[at("met")].parse().ok(), figure.met, "{name}");
        assert_eq!(row[at("of")].parse().ok(), figure.of, "{name}");
    }
    let has = |line: &str| assert!(text.contains(&format!("\r\n{line}\r\n")), "{line}\n{text}");
    has("report,,,,,,from,,,2026-03-01,,,,");
    has("transmissions,AT,1,,,,,,,1200,transmissions,,,");
    has("hits,AT,1,DE,1,,,,,31,hits,,,");
    has("erasures,DE,2,,,,end-of-period,,,19,sets,,,");
    has("erasures,AT,1,,,,union-citizenship,,,13,sets,,,");
    has("refusals,,,,,none,\"<b>\"\"&\",,,5,requests,,,");
    has("answer-times,,,,,,normal,more,milliseconds,3,answers,,,");
    has("delays,AT,1,,,,,3,days,250,sets,,,");
    has("verifications,AT,,DE,,,false-match,,,1,hits,,,");
    has("down,,,,,,,,,26438,seconds,,,");
}

#[test]
fn r_stat_2_the_page_has_every_number_and_needs_nothing_from_elsewhere() {
    let report = report();
    let page = report.page();
    let counts = [1_200, 700, 90, 11, 17, 5, 31, 2, 8, 6, 38, 1, 13, 19, 23, 4, 1_164, 21, 900, 250, 50];
    for count in counts.into_iter().chain([1_000, 860, 37, 3, 29, 41, 1_900, 1_185]) {
        assert!(page.contains(&format!(">{}</td>", grouped(count))), "{count}");
    }
    let figures =
        ["97.907", "99.842", "99.9", "2.5", "89.147", "500.00", "250.00", "\u{202f}250.00", "26\u{202f}438"];
    for figure in figures {
        assert!(page.contains(figure), "{figure}");
    }
    assert!(page.contains("Category 1 on category 1: 33 hits, 2 own, 31 foreign"));
    for reference in ["<script", "http:", "https:", "src=", "href=", "url(", "@import", "<b>"] {
        let found = page.find(reference).map(|at| &page[at..(at + 60).min(page.len())]);
        assert!(found.is_none(), "{found:?}");
    }
    assert!(page.contains("&lt;b&gt;&quot;&amp;"), "a text became markup");
    for id in ["answers", "transmissions", "delays", "erasures", "refusals"] {
        assert!(page.contains(&format!("<title id=\"{id}-title\">")), "{id} has no title");
        assert!(page.contains(&format!("<desc id=\"{id}-desc\">")), "{id} is not described");
    }
}

#[test]
fn r_stat_2_every_tag_of_the_page_is_closed() {
    let empty = Annual::new(2026, None, later(), statistics(HashMap::new()), &Objectives::default());
    for page in [report().page(), empty.page()] {
        let mut open = Vec::new();
        for tag in page.split('<').skip(1).map(|rest| rest.split_once('>').unwrap().0) {
            let name = tag.split_whitespace().next().unwrap();
            if let Some(closed) = name.strip_prefix('/') {
                assert_eq!(open.pop(), Some(closed), "{tag}");
            } else if !tag.ends_with('/') && !["!doctype", "meta"].contains(&name) {
                open.push(name);
            }
        }
        assert!(open.is_empty(), "{open:?}");
        // Coordinates that are no numbers are drawn nowhere.
        assert!(!page.contains("NaN") && !page.contains("inf\""));
    }
}

#[test]
fn r_stat_2_the_objective_is_drawn_where_its_class_ends() {
    let page = report().page();
    // Twelve classes over 540 pixels: six of them are at most two seconds. Eight: three are at most three days.
    assert!(page.contains("<path class=\"objective\" d=\"M280.0 "), "of answers");
    assert!(page.contains("<path class=\"objective\" d=\"M212.5 "), "of delays");
}
