//! All of one comparison in the units of people: pixels of the prints, degrees, nats. The JSON is this, field by field.
//!
//! A template counts x from its leftmost minutia and y upwards from its lowest; here everything is moved back to where it is in
//! the print. Nothing is computed again: parts of the score are the matcher's integers, over 4096, which floats hold exactly,
//! so that the offset and the parts add up to the log-odds to the last digit.

use std::path::Path;

use serde::Serialize;
use whorl_engine::calibration::{Calibration, false_match_rate};
use whorl_engine::fused;
use whorl_engine::minutia::Minutia;
use whorl_engine::normalisation::key;
use whorl_engine::stages::s1_consistency;
use whorl_engine::stages::s2_alignment::{self, Alignment, Evidence};
use whorl_engine::template::{Probe, TemplateRef};
use whorl_engine::tunables::{LOG_ODDS_OFFSET, LOG_ODDS_WEIGHTS};

use crate::cli::samples::Sample;

/// Why two prints score what they score.
#[derive(Debug, Clone, Serialize)]
pub struct Explanation {
    /// -10 log10 of the false-match rate: what a search with this one finger would answer.
    pub score: u32,
    /// The rate at which prints of different fingers reach this score.
    pub false_match_rate: f64,
    /// The offset and all parts, added. A search counts a finger for no less than -4. Unit: nats.
    pub log_odds: f64,
    /// What every comparison begins with. Unit: nats.
    pub offset: f64,
    /// What each measure adds.
    pub terms: Vec<Term>,
    /// The counts that the measures are made of.
    pub evidence: Counts,
    /// What the first stage, which chooses whom to look at closely, says of the two.
    pub stage1: Stage1,
    /// How the probe was laid over the reference.
    pub motion: Motion,
    /// What came to lie together, by probe minutia.
    pub pairs: Vec<Pair>,
    /// The print that was searched for.
    pub probe: Side,
    /// The print that it was compared with.
    pub reference: Side,
}

/// A measure of the alignment, and its part of the score.
#[derive(Debug, Clone, Serialize)]
pub struct Term {
    /// What is measured.
    pub name: &'static str,
    /// The measure.
    pub feature: f64,
    /// What a unit of it is worth. Unit: nats.
    pub weight: f64,
    /// What it adds to the log-odds, rounded down to 1/4096. Unit: nats.
    pub log_odds: f64,
}

/// What was counted under the alignment.
#[derive(Debug, Clone, Serialize)]
pub struct Counts {
    /// Probe minutiae that lie where both prints are.
    pub probe_overlap: u32,
    /// Reference minutiae that lie where both prints are.
    pub reference_overlap: u32,
    /// Pairs of pairs that are near one another.
    pub edges: u32,
    /// How many of the edges agree; each counts as much as its length and angles agree.
    pub agreeing_edges: f64,
}

/// The first stage.
#[derive(Debug, Clone, Serialize)]
pub struct Stage1 {
    /// Its score, 0 to 32220.
    pub score: u32,
    /// The score above what strangers get with these two prints. Unit: standard deviations.
    pub key: f64,
}

/// A place in a print. Unit: pixels at 500 ppi.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Point {
    /// From the left.
    pub x: f64,
    /// From the top, downwards.
    pub y: f64,
}

/// The probe is turned about one of its points, which comes to lie on a point of the reference.
#[derive(Debug, Clone, Serialize)]
pub struct Motion {
    /// Counter-clockwise, -180 to 180.
    pub turn_degrees: f64,
    /// Point of the probe.
    pub about: Point,
    /// Point of the reference.
    pub to: Point,
    #[serde(skip)]
    cos: f64,
    #[serde(skip)]
    sin: f64,
}

impl Motion {
    /// As SVG has it: a, b, c, d, e, f, for x' = ax + cy + e and y' = bx + dy + f.
    pub fn matrix(&self) -> [f64; 6] {
        let (cos, sin) = (self.cos, self.sin);
        let e = self.to.x - cos * self.about.x - sin * self.about.y;
        let f = self.to.y + sin * self.about.x - cos * self.about.y;
        [cos, -sin, sin, cos, e, f]
    }

    /// Where a point of the probe comes to lie on the reference.
    pub fn moved(&self, point: Point) -> Point {
        let [a, b, c, d, e, f] = self.matrix();
        Point { x: a * point.x + c * point.y + e, y: b * point.x + d * point.y + f }
    }
}

/// Two minutiae that lie together.
#[derive(Debug, Clone, Serialize)]
pub struct Pair {
    /// Index in the probe's minutiae.
    pub probe: usize,
    /// Index in the reference's minutiae.
    pub reference: usize,
    /// How well they agree in place, direction and neighbourhood, 0 to 1.
    pub quality: f64,
    /// How far apart they lie. Unit: pixels at 500 ppi.
    pub distance_px: f64,
    /// How far apart they point, counter-clockwise from the probe's, -180 to 180.
    pub turned_degrees: f64,
}

/// A print.
#[derive(Debug, Clone, Serialize)]
pub struct Side {
    /// Where it came from.
    pub file: String,
    /// How many minutiae were found.
    pub found: usize,
    /// How many of those kept the first stage compares: the first ones.
    pub stage1_minutiae: usize,
    /// Those that the template keeps, the best by quality, in its order.
    pub minutiae: Vec<Mark>,
    /// Where all that were found are.
    #[serde(skip)]
    pub all: Vec<Point>,
}

/// A minutia.
#[derive(Debug, Clone, Copy, Serialize)]
pub struct Mark {
    /// Where it is.
    #[serde(flatten)]
    pub at: Point,
    /// Counter-clockwise from the right, 0 to 359.
    pub direction_degrees: f64,
}

impl Explanation {
    /// Of a probe and a reference; `None` with fewer than three minutiae on a side.
    pub fn of(probe: (&Path, &Sample), reference: (&Path, &Sample)) -> Option<Self> {
        let searched = Probe::new(probe.1.template.clone());
        let compared = reference.1.template.view();
        let Alignment { motion, pairs, evidence } = s2_alignment::align(&searched, compared)?;
        let log_odds = evidence.log_odds();
        let score = Calibration::shipped().score(1, fused([log_odds]));
        let raw = s1_consistency::score(&searched, compared.words());
        let frames = (Frame::of(&probe.1.minutiae), Frame::of(&reference.1.minutiae));
        let motion = moved(&motion, &frames);
        let (probe, reference) = (side(probe, &frames.0), side(reference, &frames.1));
        let pair = |pair: &s2_alignment::Pair| {
            let (from, to) = (probe.minutiae[pair.from], reference.minutiae[pair.to]);
            let at = motion.moved(from.at);
            let turned = to.direction_degrees - from.direction_degrees - motion.turn_degrees;
            Pair {
                probe: pair.from,
                reference: pair.to,
                quality: f64::from(pair.quality) / 1022.0,
                distance_px: (at.x - to.at.x).hypot(at.y - to.at.y),
                turned_degrees: (turned + 180.0).rem_euclid(360.0) - 180.0,
            }
        };
        Some(Self {
            score,
            false_match_rate: false_match_rate(score),
            log_odds: unit(log_odds),
            offset: unit(LOG_ODDS_OFFSET),
            terms: terms(&evidence),
            evidence: counts(&evidence),
            stage1: Stage1 {
                score: raw,
                key: f64::from(key(raw, searched.normalisation(), compared.normalisation())) / 256.0,
            },
            pairs: pairs.iter().map(pair).collect(),
            motion,
            probe,
            reference,
        })
    }
}

/// Of a number with 12 fraction bits.
fn unit(of: i32) -> f64 {
    f64::from(of) / 4096.0
}

fn terms(evidence: &Evidence) -> Vec<Term> {
    let weights = LOG_ODDS_WEIGHTS.iter().map(|(_, weight)| unit(*weight));
    let term = |(term, weight): (s2_alignment::Term, f64)| Term {
        name: term.name,
        feature: unit(term.feature),
        weight,
        log_odds: unit(term.log_odds),
    };
    evidence.terms().into_iter().zip(weights).map(term).collect()
}

fn counts(evidence: &Evidence) -> Counts {
    Counts {
        probe_overlap: evidence.probe_overlap,
        reference_overlap: evidence.reference_overlap,
        edges: evidence.edges,
        agreeing_edges: f64::from(evidence.agreeing) / 4096.0,
    }
}

/// Where a template's origin is in its print.
struct Frame {
    left: f64,
    bottom: f64,
}

impl Frame {
    fn of(minutiae: &[Minutia]) -> Self {
        Self {
            left: minutiae.iter().map(|m| m.x).min().unwrap_or(0).into(),
            bottom: minutiae.iter().map(|m| m.y).max().unwrap_or(0).into(),
        }
    }

    /// A place of the template, in the print.
    fn place(&self, x: f64, y: f64) -> Point {
        Point { x: self.left + x, y: self.bottom - y }
    }
}

fn moved(motion: &s2_alignment::Motion, frames: &(Frame, Frame)) -> Motion {
    let eighths = |(x, y): (i32, i32), frame: &Frame| frame.place(f64::from(x) / 8.0, f64::from(y) / 8.0);
    let one = f64::from(s2_alignment::Motion::NONE.cos);
    Motion {
        turn_degrees: f64::from(motion.turn()) * 360.0 / 4096.0,
        about: eighths(motion.from, &frames.0),
        to: eighths(motion.to, &frames.1),
        cos: f64::from(motion.cos) / one,
        sin: f64::from(motion.sin) / one,
    }
}

fn side((file, sample): (&Path, &Sample), frame: &Frame) -> Side {
    let template: TemplateRef<'_> = sample.template.view();
    let mark = |index| {
        let (x, y, direction) = template.geometry(index);
        let direction_degrees = f64::from(direction) * 360.0 / 256.0;
        Mark { at: frame.place(f64::from(x), f64::from(y)), direction_degrees }
    };
    Side {
        file: file.display().to_string(),
        found: sample.minutiae.len(),
        stage1_minutiae: template.stage1_count(),
        minutiae: (0..template.count()).map(mark).collect(),
        all: sample.minutiae.iter().map(|m| Point { x: m.x.into(), y: m.y.into() }).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use whorl_bozorth3::xyt::Xyt;
    use whorl_datasets::templates::{Random, print_like};
    use whorl_engine::template::Template;

    fn sample(minutiae: &[Minutia]) -> Sample {
        let xyt = minutiae.iter().map(Xyt::from).collect();
        Sample { minutiae: minutiae.to_vec(), template: Template::new(minutiae).unwrap(), xyt }
    }

    #[test]
    fn places_are_those_of_the_prints_and_the_motion_takes_one_to_the_other() {
        let minutiae = print_like(&mut Random::new(4), 40);
        // To the left, as it is seen, by 36.9 degrees, whose sine is 3/5: 26 units of direction. Whole pixels, so to within half of one.
        let turned = |m: &Minutia| Minutia {
            x: 100 + (4 * m.x + 3 * m.y + 2) / 5,
            y: 600 + (4 * m.y + 2) / 5 - (3 * m.x + 2) / 5,
            direction: m.direction.wrapping_add(26),
            ..*m
        };
        let other: Vec<Minutia> = minutiae.iter().map(turned).collect();
        let (probe, reference) = (sample(&minutiae), sample(&other));
        let file = Path::new("x");
        let explanation = Explanation::of((file, &probe), (file, &reference)).unwrap();
        assert!((explanation.motion.turn_degrees - 36.9).abs() < 0.5, "{:?}", explanation.motion);
        assert_eq!(explanation.probe.found, 40);
        assert!(explanation.pairs.len() > 35, "{}", explanation.pairs.len());
        for pair in &explanation.pairs {
            assert!(pair.distance_px < 2.0 && pair.turned_degrees.abs() < 2.0, "{pair:?}");
            let (from, to) =
                (explanation.probe.minutiae[pair.probe], explanation.reference.minutiae[pair.reference]);
            let (x, y) =
                ((4.0 * from.at.x + 3.0 * from.at.y) / 5.0, (4.0 * from.at.y - 3.0 * from.at.x) / 5.0);
            assert!((to.at.x - 100.0 - x).hypot(to.at.y - 600.0 - y) < 2.0, "{from:?} and {to:?}");
            assert!(explanation.probe.all.contains(&from.at) && explanation.reference.all.contains(&to.at));
        }
    }
}
