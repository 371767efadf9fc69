//! An explanation as a drawing: the probe, the reference with every pair joined, one laid over the other, and the score's parts.
//!
//! One file without scripts, fonts or addresses outside itself, so that it shows the same in any viewer and tells nobody that it
//! was opened. Each print is drawn once, under a name, and shown twice. Colours are told apart by the colour-blind (Okabe and
//! Ito, 2008): the probe is orange, the reference blue, pairs green.

use std::fmt::{Error, Write};
use std::path::Path;

use super::backdrop::Backdrop;
use super::explanation::{Explanation, Pair, Point, Side, Term};
use super::panel::{GAP, Panel, View, escaped};

/// Height of a line of text. Unit: pixels of the drawing, as all here.
const LINE: f64 = 20.0;
/// Least width, for the score's parts.
const WIDTH_MIN: f64 = 760.0;
/// Where the bars of the score's parts begin, and how far the longest goes to either side.
const BARS: (f64, f64) = (600.0, 110.0);

const PROBE: Colour = Colour { name: "#d55e00", red: 0.835, green: 0.369, blue: 0.0 };
const REFERENCE: Colour = Colour { name: "#0072b2", red: 0.0, green: 0.447, blue: 0.698 };
const PAIRS: &str = "#009e73";

struct Colour {
    name: &'static str,
    red: f64,
    green: f64,
    blue: f64,
}

/// The drawing.
pub fn draw(explanation: &Explanation, backdrops: &[Option<Backdrop>; 2]) -> Result<String, Error> {
    let Explanation { probe, reference, motion, pairs, .. } = explanation;
    let views = [View::of(probe, backdrops[0].as_ref()), View::of(reference, backdrops[1].as_ref())];
    let moved: Vec<Point> = probe.all.iter().map(|&point| motion.moved(point)).collect();
    let over = views[1].with(View::around(&moved));
    let top = GAP + 2.0 * LINE;
    let mut left = GAP;
    let [first, second, third] = [views[0], views[1], over].map(|view| {
        let panel = Panel { left, top, view };
        left += view.width + GAP;
        panel
    });
    let bottom = top + views.iter().chain([&over]).map(|view| view.height).fold(0.0, f64::max);
    let height = bottom + GAP + LINE * (explanation.terms.len() as f64 + 3.0);
    let mut out = String::new();
    head(&mut out, left.max(WIDTH_MIN), height, explanation)?;
    out.push_str("<defs>\n");
    print(&mut out, "probe", probe, backdrops[0].as_ref(), &PROBE)?;
    print(&mut out, "reference", reference, backdrops[1].as_ref(), &REFERENCE)?;
    out.push_str("</defs>\n");
    for (panel, name, side) in [(&first, "probe", probe), (&second, "reference", reference)] {
        panel.open(&mut out, &format!("{name}: {}", file_name(side)))?;
        writeln!(out, r##"<use href="#{name}-image" opacity="0.5"/><use href="#{name}-minutiae"/></svg>"##)?;
    }
    let joined = pairs.iter().map(|pair| {
        let (from, to) = (probe.minutiae[pair.probe].at, reference.minutiae[pair.reference].at);
        (pair, first.place(from), second.place(to))
    });
    lines(&mut out, joined)?;
    third.open(&mut out, &format!("the probe over the reference, turned by {:.1}°", motion.turn_degrees))?;
    let matrix = motion.matrix().map(|number| format!("{number:.5}")).join(" ");
    let ink = |name: &str| format!(r##"<use href="#{name}-image" filter="url(#{name}-ink)"/>"##);
    writeln!(out, r#"{}<g transform="matrix({matrix})">{}</g>"#, ink("reference"), ink("probe"))?;
    let met = pairs.iter().map(|pair| {
        let (from, to) = (probe.minutiae[pair.probe].at, reference.minutiae[pair.reference].at);
        (pair, motion.moved(from), to)
    });
    lines(&mut out, met)?;
    writeln!(
        out,
        r##"<use href="#reference-minutiae"/><g transform="matrix({matrix})"><use href="#probe-minutiae"/></g></svg>"##
    )?;
    parts(&mut out, bottom + GAP, explanation)?;
    out.push_str("</svg>\n");
    Ok(out)
}

/// Of a whole path there is no room.
fn file_name(side: &Side) -> String {
    Path::new(&side.file).file_name().unwrap_or_default().to_string_lossy().into_owned()
}

fn head(out: &mut String, width: f64, height: f64, explanation: &Explanation) -> Result<(), Error> {
    let Explanation { score, false_match_rate, pairs, .. } = explanation;
    let summary = format!(
        "Score {score}: different fingers reach it at a rate of {false_match_rate:.1e}. {} pairs.",
        pairs.len()
    );
    writeln!(
        out,
        r##"<svg xmlns="http://www.w3.org/2000/svg" role="img" width="{width:.0}" height="{height:.0}" viewBox="0 0 {width:.0} {height:.0}"
 font-family="sans-serif" font-size="13" fill="#222">
<title>{summary}</title>
<rect width="100%" height="100%" fill="#f7f7f7"/>
<text x="{GAP}" y="{GAP}" font-size="16">{summary}</text>"##
    )
}

/// A print under a name: its image, its minutiae, and the ink that makes its ridges see-through and coloured.
fn print(
    out: &mut String,
    name: &str,
    side: &Side,
    backdrop: Option<&Backdrop>,
    colour: &Colour,
) -> Result<(), Error> {
    let Colour { name: stroke, red, green, blue } = colour;
    writeln!(
        out,
        r#"<filter id="{name}-ink" color-interpolation-filters="sRGB">
<feColorMatrix values="0 0 0 0 {red} 0 0 0 0 {green} 0 0 0 0 {blue} -0.4 0 0 0.4 0"/></filter>"#
    )?;
    write!(out, r#"<g id="{name}-image">"#)?;
    if let Some(Backdrop { width, height, address }) = backdrop {
        write!(out, r#"<image width="{width}" height="{height}" href="{address}"/>"#)?;
    }
    writeln!(out, r#"</g><g id="{name}-minutiae" stroke="{stroke}" fill="none" stroke-width="1.3">"#)?;
    for Point { x, y } in &side.all {
        writeln!(out, r##"<circle cx="{x}" cy="{y}" r="1.5" stroke="none" fill="#888"/>"##)?;
    }
    for mark in &side.minutiae {
        let Point { x, y } = mark.at;
        // SVG turns clockwise.
        let turn = -mark.direction_degrees;
        writeln!(
            out,
            r#"<g transform="translate({x} {y}) rotate({turn:.1})"><circle r="3.5"/><path d="M3.5 0h8"/></g>"#
        )?;
    }
    writeln!(out, "</g>")
}

/// A line for each pair, the stronger the better it fits; it tells its figures when pointed at.
fn lines<'a>(out: &mut String, pairs: impl Iterator<Item = (&'a Pair, Point, Point)>) -> Result<(), Error> {
    writeln!(out, r#"<g class="pairs" stroke="{PAIRS}" stroke-width="1.5" stroke-linecap="round">"#)?;
    for (pair, from, to) in pairs {
        writeln!(
            out,
            r#"<line x1="{:.1}" y1="{:.1}" x2="{:.1}" y2="{:.1}" opacity="{:.2}">
<title>{} - {}: quality {:.2}, {:.1} px and {:.1} degrees apart</title></line>"#,
            from.x,
            from.y,
            to.x,
            to.y,
            0.25 + 0.75 * pair.quality,
            pair.probe,
            pair.reference,
            pair.quality,
            pair.distance_px,
            pair.turned_degrees,
        )?;
    }
    writeln!(out, "</g>")
}

/// What each measure adds, as bars to the right and to the left.
fn parts(out: &mut String, top: f64, explanation: &Explanation) -> Result<(), Error> {
    let offset =
        Term { name: "offset", feature: 1.0, weight: explanation.offset, log_odds: explanation.offset };
    let terms: Vec<&Term> = [&offset].into_iter().chain(&explanation.terms).collect();
    let most = terms.iter().map(|term| term.log_odds.abs()).fold(1.0, f64::max);
    let (middle, reach) = BARS;
    let mut y = top + LINE / 2.0;
    for term in terms {
        let length = term.log_odds.abs() / most * reach;
        let (left, colour) = if term.log_odds < 0.0 { (middle - length, "#999") } else { (middle, PAIRS) };
        writeln!(
            out,
            r#"<text x="{GAP}" y="{y:.1}">{}</text><text x="{:.1}" y="{y:.1}" text-anchor="end">{:+.2}</text>
<rect x="{left:.1}" y="{:.1}" width="{length:.1}" height="12" fill="{colour}"/>"#,
            escaped(term.name),
            middle - reach - 12.0,
            term.log_odds,
            y - 10.0,
        )?;
        y += LINE;
    }
    writeln!(
        out,
        r#"<text x="{GAP}" y="{y:.1}" font-weight="bold">log-odds, nats</text>
<text x="{:.1}" y="{y:.1}" text-anchor="end" font-weight="bold">{:+.2}</text>"#,
        middle - reach - 12.0,
        explanation.log_odds
    )
}
