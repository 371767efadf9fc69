//! An explanation as tables, for a terminal.

use comfy_table::{Cell, CellAlignment, Table, presets::ASCII_MARKDOWN};

use super::explanation::{Explanation, Side};

/// The explanation in words and tables.
pub fn of(explanation: &Explanation) -> String {
    let Explanation { score, false_match_rate, stage1, motion, .. } = explanation;
    let side = |name: &str, side: &Side| {
        format!("{name} {}: {} minutiae found, the best {} kept", side.file, side.found, side.minutiae.len())
    };
    format!(
        "Score {score}: different fingers reach it at a rate of {false_match_rate:.1e} (log-odds {:.2} nats).\n\
         Stage 1: score {}, {:.1} deviations above strangers'.\n\
         {}.\n{}.\n\
         {} pairs; the probe turned by {:.1} degrees, its point ({:.1}, {:.1}) laid on ({:.1}, {:.1}).\n\n{}\n\n{}",
        explanation.log_odds,
        stage1.score,
        stage1.key,
        side("Probe", &explanation.probe),
        side("Reference", &explanation.reference),
        explanation.pairs.len(),
        motion.turn_degrees,
        motion.about.x,
        motion.about.y,
        motion.to.x,
        motion.to.y,
        terms(explanation),
        pairs(explanation),
    )
}

fn terms(explanation: &Explanation) -> Table {
    let mut table = table(["what the score is made of", "measure", "weight", "nats"]);
    table.add_row(["offset", "", "", &format!("{:.2}", explanation.offset)]);
    for term in &explanation.terms {
        table.add_row([
            term.name.to_owned(),
            format!("{:.3}", term.feature),
            format!("{:.3}", term.weight),
            format!("{:.2}", term.log_odds),
        ]);
    }
    table.add_row(["log-odds", "", "", &format!("{:.2}", explanation.log_odds)]);
    right_from(table, 1)
}

fn pairs(explanation: &Explanation) -> Table {
    let titles = ["probe x, y, degrees", "reference x, y, degrees", "px apart", "degrees apart", "quality"];
    let mut table = table(titles);
    let place = |side: &Side, index: usize| {
        let mark = side.minutiae[index];
        format!("{:.0}, {:.0}, {:.0}", mark.at.x, mark.at.y, mark.direction_degrees)
    };
    for pair in &explanation.pairs {
        table.add_row([
            place(&explanation.probe, pair.probe),
            place(&explanation.reference, pair.reference),
            format!("{:.1}", pair.distance_px),
            format!("{:.1}", pair.turned_degrees),
            format!("{:.2}", pair.quality),
        ]);
    }
    right_from(table, 0)
}

fn table<const N: usize>(titles: [&str; N]) -> Table {
    let mut table = Table::new();
    table.load_preset(ASCII_MARKDOWN).set_header(titles.map(Cell::new));
    table
}

/// Numbers stand to the right.
fn right_from(mut table: Table, first: usize) -> Table {
    for column in table.column_iter_mut().skip(first) {
        column.set_cell_alignment(CellAlignment::Right);
    }
    table
}
