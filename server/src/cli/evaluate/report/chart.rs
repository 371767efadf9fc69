//! What all drawings share: a frame, scales, ticks, a legend, curves.

use std::fmt::Write;

use super::page::escaped;

const WIDTH: f64 = 560.0;
const HEIGHT: f64 = 400.0;
const LEFT: f64 = 64.0;
const RIGHT: f64 = 26.0;
const TOP: f64 = 12.0;
const BOTTOM: f64 = 46.0;

/// Colours that are told apart; more series begin again.
const COLOURS: usize = 8;

/// How values become places along an axis.
#[derive(Debug, Clone, Copy)]
pub enum Scale {
    /// From, to.
    Linear(f64, f64),
    /// From, to, both above 0; what is below is drawn at the end.
    Logarithmic(f64, f64),
}

impl Scale {
    /// 0 to 1.
    fn share(self, value: f64) -> f64 {
        let share = match self {
            Self::Linear(from, to) => (value - from) / (to - from),
            Self::Logarithmic(from, to) => (value.max(from) / from).log10() / (to / from).log10(),
        };
        share.clamp(0.0, 1.0)
    }

    /// Places and names of the ticks; logarithmic ones are rates.
    fn ticks(self) -> Vec<(f64, String)> {
        match self {
            Self::Linear(from, to) => {
                let step = round_step((to - from) / 5.0);
                let first = (from / step).ceil();
                let tick = |n: u32| (first + f64::from(n)) * step;
                (0..12)
                    .map(tick)
                    .take_while(|value| *value <= to + step * 1e-6)
                    .map(|v| (v, number(v)))
                    .collect()
            }
            Self::Logarithmic(from, to) => {
                let decade = |n: i32| 10f64.powi(-n);
                let within = |value: &f64| *value >= from * 0.999 && *value <= to * 1.001;
                (0..12).map(decade).filter(within).map(|v| (v, format!("{} %", number(v * 100.0)))).collect()
            }
        }
    }
}

/// 1, 2 or 5 times a power of ten, at least the value.
fn round_step(value: f64) -> f64 {
    let decade = 10f64.powf(value.log10().floor());
    [1.0, 2.0, 5.0]
        .map(|n| n * decade)
        .into_iter()
        .find(|step| *step >= value * 0.999)
        .unwrap_or(10.0 * decade)
}

/// Without zeros that say nothing.
fn number(value: f64) -> String {
    let text = format!("{value:.4}");
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

/// Where the names of the curves stand: where the curves are not.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Legend {
    /// Of histograms.
    TopRight,
    /// Of curves that fall to the right.
    BottomLeft,
}

/// A drawing in the making.
pub struct Chart {
    legend: Legend,
    svg: String,
    x: Scale,
    y: Scale,
    series: usize,
}

impl Chart {
    /// A frame with axes; titles are read out, too.
    pub fn new(
        title: &str,
        legend: Legend,
        (x, x_title): (Scale, &str),
        (y, y_title): (Scale, &str),
    ) -> Self {
        let svg = format!(
            "<svg viewBox=\"0 0 {WIDTH} {HEIGHT}\" role=\"img\" aria-label=\"{}\">\n",
            escaped(title)
        );
        let mut chart = Self { legend, svg, x, y, series: 0 };
        let (right, bottom) = (WIDTH - RIGHT, HEIGHT - BOTTOM);
        for (value, name) in x.ticks() {
            let at = chart.across(value);
            chart.add(format_args!("<path class=\"grid\" d=\"M{at:.1} {TOP}V{bottom}\"/>"));
            chart.text(at, bottom + 17.0, "middle", &name);
        }
        for (value, name) in y.ticks() {
            let at = chart.down(value);
            chart.add(format_args!("<path class=\"grid\" d=\"M{LEFT} {at:.1}H{right}\"/>"));
            chart.text(LEFT - 7.0, at + 4.0, "end", &name);
        }
        chart.add(format_args!("<path class=\"axis\" d=\"M{LEFT} {TOP}V{bottom}H{right}\"/>\n"));
        chart.text((LEFT + right) / 2.0, HEIGHT - 10.0, "middle", x_title);
        chart.add(format_args!(
            "<text transform=\"translate(14 {:.1}) rotate(-90)\" text-anchor=\"middle\">{}</text>\n",
            (TOP + bottom) / 2.0,
            escaped(y_title)
        ));
        chart
    }

    /// A line through points, in steps: along first, then up or down. `filled` closes it along the bottom.
    pub fn steps(&mut self, name: &str, points: impl Iterator<Item = (f64, f64)>, filled: bool) {
        let mut path = String::new();
        let mut last = None;
        for (x, y) in points {
            let place = (format!("{:.1}", self.across(x)), format!("{:.1}", self.down(y)));
            // What would fall on the same tenth of a pixel is left out, or the file would be mostly that.
            let _ = match &last {
                None if filled => write!(path, "M{} {:.1}V{}", place.0, HEIGHT - BOTTOM, place.1),
                None => write!(path, "M{} {}", place.0, place.1),
                Some(last) if *last == place => Ok(()),
                Some(_) => write!(path, "H{}V{}", place.0, place.1),
            };
            last = Some(place);
        }
        let colour = format!("var(--c{})", self.series % COLOURS);
        if filled {
            let end = HEIGHT - BOTTOM;
            self.add(format_args!(
                "<path class=\"area\" style=\"fill:{colour};stroke:{colour}\" d=\"{path}V{end:.1}Z\"/>\n"
            ));
        } else {
            self.add(format_args!("<path class=\"curve\" style=\"stroke:{colour}\" d=\"{path}\"/>\n"));
        }
        self.name(name, &colour);
        self.series += 1;
    }

    fn name(&mut self, name: &str, colour: &str) {
        let line = 17.0 * self.series as f64;
        let (mark, y, text, anchor) = match self.legend {
            Legend::TopRight => (WIDTH - RIGHT - 26.0, TOP + 16.0 + line, -6.0, "end"),
            Legend::BottomLeft => (LEFT + 12.0, HEIGHT - BOTTOM - 12.0 - line, 20.0, "start"),
        };
        let across = y - 4.0;
        self.add(format_args!("<path style=\"stroke:{colour};stroke-width:3\" d=\"M{mark} {across}h14\"/>"));
        self.text(mark + text, y, anchor, name);
    }

    /// The drawing.
    pub fn finish(mut self) -> String {
        self.svg.push_str("</svg>");
        self.svg
    }

    fn across(&self, x: f64) -> f64 {
        LEFT + self.x.share(x) * (WIDTH - LEFT - RIGHT)
    }

    fn down(&self, y: f64) -> f64 {
        HEIGHT - BOTTOM - self.y.share(y) * (HEIGHT - TOP - BOTTOM)
    }

    fn text(&mut self, x: f64, y: f64, anchor: &str, text: &str) {
        let text = escaped(text);
        self.add(format_args!("<text x=\"{x:.1}\" y=\"{y:.1}\" text-anchor=\"{anchor}\">{text}</text>\n"));
    }

    fn add(&mut self, svg: core::fmt::Arguments) {
        // Writing to a string cannot fail.
        let _ = self.svg.write_fmt(svg);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ticks_are_round_numbers_and_decades() {
        let names = |scale: Scale| scale.ticks().into_iter().map(|(_, name)| name).collect::<Vec<_>>();
        assert_eq!(names(Scale::Linear(0.0, 930.0)), ["0", "200", "400", "600", "800"]);
        assert_eq!(names(Scale::Linear(-12.0, 8.0)), ["-10", "-5", "0", "5"]);
        assert_eq!(names(Scale::Logarithmic(1e-4, 1.0)), ["100 %", "10 %", "1 %", "0.1 %", "0.01 %"]);
    }

    #[test]
    fn a_rate_of_nothing_is_drawn_at_the_end_of_its_axis() {
        let scale = Scale::Logarithmic(1e-3, 1.0);
        assert_eq!((scale.share(0.0), scale.share(1e-3), scale.share(1.0)), (0.0, 0.0, 1.0));
        assert!((scale.share(0.1) - 2.0 / 3.0).abs() < 1e-12);
    }
}
