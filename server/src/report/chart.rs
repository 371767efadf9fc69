//! Bars as SVG, lying or standing, in parts that stand on each other. What they show is read out (title and description), and stands in a
//! table beside them.

use std::fmt::Write;

use super::html::{escaped, grouped, percent};

/// Unit of all lengths: pixels of the drawing before it is scaled.
const WIDTH: f64 = 560.0;
/// Room for a count beside a lying bar.
const COUNT: f64 = 72.0;
/// From one lying bar to the next.
const ROW: f64 = 22.0;
/// A line of the legend.
const LINE: f64 = 26.0;
/// Height of the highest standing bar.
const HEIGHT: f64 = 180.0;
/// A letter is about as wide; what it is too little for, the viewer draws over the edge of the label's room.
const LETTER: f64 = 6.8;

/// Bars in the making.
pub struct Bars {
    /// Of its kind, alone on the page.
    pub id: &'static str,
    /// What is shown.
    pub title: String,
    /// The same in a sentence, with what is to be seen.
    pub description: String,
    /// Names of the parts of each bar.
    pub series: Vec<&'static str>,
    /// Name of each bar, and its parts.
    pub bars: Vec<(String, Vec<i64>)>,
}

impl Bars {
    /// Lying bars, each with its count.
    pub fn lying(&self) -> String {
        let letters = self.bars.iter().map(|(name, _)| name.chars().count()).max().unwrap_or(0);
        let left = 10.0 + LETTER * letters as f64;
        let scale = (WIDTH - left - COUNT) / self.most().max(1) as f64;
        let top = self.top();
        let mut svg = self.begin(top + ROW * self.bars.len() as f64 + 4.0);
        for (row, (name, parts)) in self.bars.iter().enumerate() {
            let y = top + ROW * row as f64;
            text(&mut svg, left - 6.0, y + 15.0, "end", name);
            let mut x = left;
            for (series, count) in parts.iter().enumerate() {
                let width = scale * *count as f64;
                self.part(&mut svg, (x, y + 3.0, width, ROW - 6.0), (name, series), *count);
                x += width;
            }
            text(&mut svg, x + 5.0, y + 15.0, "start", &grouped(parts.iter().sum()));
        }
        svg.push_str("</svg>");
        svg
    }

    /// Standing bars, each with its share of all. A line with a text marks where the objective ends: after so many bars.
    pub fn standing(&self, axis: &str, objective: Option<(usize, &str)>) -> String {
        let scale = HEIGHT / self.most().max(1) as f64;
        let all: i64 = self.bars.iter().flat_map(|(_, parts)| parts).sum();
        let step = (WIDTH - 20.0) / self.bars.len().max(1) as f64;
        let top = self.top() + LINE + 16.0;
        let bottom = top + HEIGHT;
        let mut svg = self.begin(bottom + 44.0);
        for (place, (name, parts)) in self.bars.iter().enumerate() {
            let left = 10.0 + step * place as f64;
            let (mut y, count) = (bottom, parts.iter().sum::<i64>());
            for (series, count) in parts.iter().enumerate() {
                let height = scale * *count as f64;
                y -= height;
                self.part(&mut svg, (left + 4.0, y, step - 8.0, height), (name, series), *count);
            }
            let middle = left + step / 2.0;
            if count > 0 && all > 0 {
                text(&mut svg, middle, y - 5.0, "middle", &percent(count as f64 / all as f64, 1));
            }
            let (y, name) = (bottom + 17.0, escaped(name));
            add(
                &mut svg,
                format_args!(
                    "<text class=\"tick\" x=\"{middle:.1}\" y=\"{y:.1}\" text-anchor=\"middle\">{name}</text>\n"
                ),
            );
        }
        let right = WIDTH - 10.0;
        add(&mut svg, format_args!("<path class=\"axis\" d=\"M10 {bottom:.1}H{right:.1}\"/>\n"));
        text(&mut svg, WIDTH / 2.0, bottom + 37.0, "middle", axis);
        if let Some((bars, name)) = objective {
            let x = 10.0 + step * bars as f64;
            let from = top - LINE - 8.0;
            add(&mut svg, format_args!("<path class=\"objective\" d=\"M{x:.1} {from:.1}V{bottom:.1}\"/>\n"));
            let (at, anchor) = if x > WIDTH / 2.0 { (x - 6.0, "end") } else { (x + 6.0, "start") };
            text(&mut svg, at, from + 10.0, anchor, name);
        }
        svg.push_str("</svg>");
        svg
    }

    fn most(&self) -> i64 {
        self.bars.iter().map(|(_, parts)| parts.iter().sum()).max().unwrap_or(0)
    }

    /// Where the bars begin: below the legend, where there is one.
    fn top(&self) -> f64 {
        if self.series.len() > 1 { LINE } else { 4.0 }
    }

    /// The beginning, with the legend.
    fn begin(&self, height: f64) -> String {
        let id = self.id;
        let (title, description) = (escaped(&self.title), escaped(&self.description));
        let mut svg = format!(
            "<svg viewBox=\"0 0 {WIDTH} {height:.0}\" role=\"img\" aria-labelledby=\"{id}-title {id}-desc\">\n\
            <title id=\"{id}-title\">{title}</title>\n<desc id=\"{id}-desc\">{description}</desc>\n"
        );
        let mut x = 10.0;
        for (series, name) in self.series.iter().enumerate().filter(|_| self.series.len() > 1) {
            add(
                &mut svg,
                format_args!("<rect class=\"s{series}\" x=\"{x:.1}\" y=\"4\" width=\"12\" height=\"12\"/>"),
            );
            text(&mut svg, x + 17.0, 14.5, "start", name);
            x += 40.0 + LETTER * name.chars().count() as f64;
        }
        svg
    }

    /// A part of a bar, which says what it is where it is pointed at.
    fn part(&self, svg: &mut String, place: (f64, f64, f64, f64), what: (&str, usize), count: i64) {
        let ((x, y, width, height), (bar, series)) = (place, what);
        if count <= 0 {
            return;
        }
        let name = self.series.get(series).filter(|_| self.series.len() > 1);
        let name = name.map(|name| format!(", {name}")).unwrap_or_default();
        let tip = escaped(&format!("{bar}{name}: {}", grouped(count)));
        add(
            svg,
            format_args!(
                "<rect class=\"s{series}\" x=\"{x:.1}\" y=\"{y:.1}\" width=\"{width:.1}\" height=\"{height:.1}\">\
                <title>{tip}</title></rect>\n"
            ),
        );
    }
}

fn text(svg: &mut String, x: f64, y: f64, anchor: &str, text: &str) {
    let text = escaped(text);
    add(svg, format_args!("<text x=\"{x:.1}\" y=\"{y:.1}\" text-anchor=\"{anchor}\">{text}</text>\n"));
}

fn add(svg: &mut String, what: core::fmt::Arguments) {
    // Writing to a string cannot fail.
    let _ = svg.write_fmt(what);
}
