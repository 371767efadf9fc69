//! The integers of stage 2 are faithful: its log-odds are those of the same steps, done here in floating point.
//!
//! Written from the description of the steps, slow and without a table; it starts from packed templates.
//!
//! *What may differ.* Whoever of two equally good links, seeds or alignments comes first is decided by rounding, and then a
//! few pairs end in another alignment. So the test has two parts: for most pairs the log-odds agree closely, and on real
//! prints, where they are at hand, the error rates are the same but for a comparison or two.

#![expect(clippy::expect_used, reason = "helpers of tests are tests too")]

use core::f64::consts::{FRAC_PI_6, TAU};
use std::path::Path;
use std::time::Duration;

use rayon::prelude::*;
use whorl_datasets::corpus::{Corpus, FVC_REQUEST, FvcPrint};
use whorl_datasets::evaluation::verification::{MEASURES, Scores, pairs, summarise};
use whorl_datasets::templates::{Random, another_impression, print_like};
use whorl_engine::extraction::pool::{Afterwards, Pool, Settings};
use whorl_engine::minutia::Minutia;
use whorl_engine::stages::s2_alignment::score;
use whorl_engine::template::{Probe, Template};

/// A minutia of a packed template.
#[derive(Clone, Copy)]
struct Taken {
    bits: [u32; 8],
    at: [f64; 2],
    /// Radians.
    direction: f64,
}

fn taken_apart(template: &Template) -> Vec<Taken> {
    let view = template.view();
    let minutia = |i: usize| {
        let (x, y, direction) = view.geometry(i);
        let direction = f64::from(direction) * TAU / 256.0;
        Taken { bits: *view.descriptor(i), at: [f64::from(x), f64::from(y)], direction }
    };
    (0..view.count()).map(minutia).collect()
}

fn wrapped(angle: f64) -> f64 {
    angle - TAU * (angle / TAU).round()
}

fn minus(a: [f64; 2], b: [f64; 2]) -> [f64; 2] {
    [a[0] - b[0], a[1] - b[1]]
}

fn length(v: [f64; 2]) -> f64 {
    v[0].hypot(v[1])
}

fn turned(v: [f64; 2], by: f64) -> [f64; 2] {
    let (sin, cos) = by.sin_cos();
    [v[0] * cos - v[1] * sin, v[0] * sin + v[1] * cos]
}

fn similarity(a: &Taken, b: &Taken) -> f64 {
    // 63 of 256 units pass, 64 do not.
    if wrapped(a.direction - b.direction).abs() > TAU * 63.5 / 256.0 {
        return 0.0;
    }
    let ones = |bits: &[u32; 8]| bits.iter().map(|word| f64::from(word.count_ones())).sum::<f64>();
    let shared: [u32; 8] = core::array::from_fn(|word| a.bits[word] & b.bits[word]);
    2.0 * ones(&shared) / (ones(&a.bits) + ones(&b.bits)).max(8.0)
}

/// Probe minutia, reference minutia, weight.
type Link = (usize, usize, f64);
type Links = Vec<Link>;

struct Sides {
    p: Vec<Taken>,
    g: Vec<Taken>,
    s: Vec<Vec<f64>>,
}

impl Sides {
    /// The two most similar reference minutiae of each probe minutia.
    fn candidates(&self) -> Links {
        let mut links = Links::new();
        for (i, row) in self.s.iter().enumerate() {
            let mut order: Vec<usize> = (0..row.len()).filter(|&j| row[j] > 0.1).collect();
            order.sort_by(|&a, &b| row[b].total_cmp(&row[a]));
            links.extend(order.into_iter().take(2).map(|j| (i, j, row[j] - 0.1)));
        }
        links
    }

    fn agreement(&self, a: Link, b: Link) -> f64 {
        if a.0 == b.0 || a.1 == b.1 {
            return 0.0;
        }
        let turn = |l: Link| self.g[l.1].direction - self.p[l.0].direction;
        let spread = wrapped(turn(a) - turn(b));
        let dp = minus(self.p[a.0].at, self.p[b.0].at);
        let dg = minus(self.g[a.1].at, self.g[b.1].at);
        let error = length(minus(dg, turned(dp, turn(b) + spread / 2.0))) / (8.0 + 0.1 * length(dp));
        let bend = spread / FRAC_PI_6;
        if error >= 1.0 || bend.abs() >= 1.0 { 0.0 } else { (1.0 - error * error) * (1.0 - bend * bend) }
    }

    /// Least squares: turn, centre of the probe's points, centre of the reference's.
    fn fitted(&self, links: &Links) -> Option<(f64, [f64; 2], [f64; 2])> {
        let total: f64 = links.iter().map(|l| l.2).sum();
        if total <= 0.0 {
            return None;
        }
        let mean = |at: &dyn Fn(&Link) -> [f64; 2]| {
            let sum = links.iter().fold([0.0; 2], |s, l| [s[0] + l.2 * at(l)[0], s[1] + l.2 * at(l)[1]]);
            [sum[0] / total, sum[1] / total]
        };
        let (from, to) = (mean(&|l| self.p[l.0].at), mean(&|l| self.g[l.1].at));
        let (mut along, mut across, mut cos, mut sin) = (0.0, 0.0, 0.0, 0.0);
        for &(i, j, w) in links {
            let (d, e) = (minus(self.p[i].at, from), minus(self.g[j].at, to));
            along += w * (d[0] * e[0] + d[1] * e[1]);
            across += w * (d[0] * e[1] - d[1] * e[0]);
            let turn = self.g[j].direction - self.p[i].direction;
            (cos, sin) = (cos + w * turn.cos(), sin + w * turn.sin());
        }
        let by_places = along.hypot(across) > 1e-9;
        Some((if by_places { across.atan2(along) } else { sin.atan2(cos) }, from, to))
    }

    fn together(&self, moved: &[[f64; 2]], turn: f64, reach: f64) -> Links {
        let quality = |i: usize, j: usize| {
            let far = length(minus(moved[i], self.g[j].at)) / reach;
            let bend = wrapped(self.g[j].direction - self.p[i].direction - turn) / FRAC_PI_6;
            if far >= 1.0 || bend.abs() >= 1.0 {
                return 0.0;
            }
            (1.0 - far * far) * (1.0 - bend * bend) * (0.5 + 0.5 * self.s[i][j])
        };
        let best = |values: &mut dyn Iterator<Item = f64>| {
            values
                .enumerate()
                .fold((usize::MAX, 0.0), |best, (at, v)| if v > best.1 { (at, v) } else { best })
        };
        let to: Vec<_> =
            (0..self.p.len()).map(|i| best(&mut (0..self.g.len()).map(|j| quality(i, j)))).collect();
        let from: Vec<_> =
            (0..self.g.len()).map(|j| best(&mut (0..self.p.len()).map(|i| quality(i, j)))).collect();
        let mutual = |i: usize| (to[i].1 > 0.0 && from[to[i].0].0 == i).then_some((i, to[i].0, to[i].1));
        (0..self.p.len()).filter_map(mutual).collect()
    }

    /// Value of an alignment among others, and its log-odds.
    fn aligned(&self, links: &Links) -> (f64, f64) {
        let (mut turn, mut from, mut to) = self.fitted(links).unwrap_or_default();
        let place = |turn: f64, from: [f64; 2], to: [f64; 2]| -> Vec<[f64; 2]> {
            let moved = |m: &Taken| {
                let v = turned(minus(m.at, from), turn);
                [to[0] + v[0], to[1] + v[1]]
            };
            self.p.iter().map(moved).collect()
        };
        let first = self.together(&place(turn, from, to), turn, 19.6);
        (turn, from, to) = self.fitted(&first).unwrap_or((turn, from, to));
        let moved = place(turn, from, to);
        let inliers = self.together(&moved, turn, 14.0);
        self.weighed(&moved, turn, &inliers)
    }

    fn weighed(&self, moved: &[[f64; 2]], turn: f64, inliers: &Links) -> (f64, f64) {
        let m = inliers.len() as f64;
        let near = |a: [f64; 2], b: [f64; 2]| length(minus(a, b)) <= 40.0;
        let op = moved.iter().filter(|&&a| self.g.iter().any(|b| near(a, b.at))).count() as f64;
        let og = self.g.iter().filter(|b| moved.iter().any(|&a| near(a, b.at))).count() as f64;
        let similar: f64 = inliers.iter().map(|l| self.s[l.0][l.1]).sum();
        let quality: f64 = inliers.iter().map(|l| l.2).sum();
        let apart: f64 = inliers.iter().map(|l| length(minus(moved[l.0], self.g[l.1].at))).sum();
        let (mut edges, mut agreeing) = (0.0, 0.0);
        for (at, &a) in inliers.iter().enumerate() {
            for &b in &inliers[at + 1..] {
                let dp = minus(self.p[b.0].at, self.p[a.0].at);
                let dg = minus(self.g[b.1].at, self.g[a.1].at);
                let long = length(dp);
                if long >= 130.0 {
                    continue;
                }
                let turned_by = dg[1].atan2(dg[0]) - dp[1].atan2(dp[0]);
                let bent = |l: Link| {
                    let turn = self.p[l.0].direction - self.g[l.1].direction;
                    (wrapped(turn + turned_by).abs() / 0.30).min(2.0)
                };
                let x = ((long - length(dg)).abs() / (4.0 + 0.06 * long)).min(2.0);
                edges += 1.0;
                agreeing += (-0.5 * (x * x + bent(a).powi(2) + bent(b).powi(2))).exp();
            }
        }
        let chance = (op * og).max(1.0) * 0.0016;
        let fewer = self.p.len().min(self.g.len()) as f64;
        let log_odds =
            0.231 + 2.1071 * (1.0f64 + agreeing).ln() + 4.8056 * ((agreeing + 0.5) / (edges + 2.0)).ln()
                - 2.7681 * (1.0 + fewer).ln()
                + 4.2607 * similar / (m + 1.0)
                - 0.63915 * if m > 0.0 { apart / m } else { 14.0 }
                - 0.5654 * (1.0 + (op - m).max(0.0) + (og - m).max(0.0)).ln()
                + 3.0859 * turn.cos()
                + 3.1433 * (m * ((m + 0.5) / chance).ln() - (m - chance)) / 10.0;
        let overlap = (op * og).sqrt();
        ((quality + similar) * if overlap > 0.0 { (m / overlap).sqrt() } else { 0.0 }, log_odds)
    }
}

fn oracle(probe: &Template, reference: &Template) -> f64 {
    let (p, g) = (taken_apart(probe), taken_apart(reference));
    if p.len().min(g.len()) < 3 {
        return -99.0;
    }
    let s = p.iter().map(|a| g.iter().map(|b| similarity(a, b)).collect()).collect();
    let sides = Sides { p, g, s };
    let links = sides.candidates();
    let agreement: Vec<Vec<f64>> =
        links.iter().map(|&a| links.iter().map(|&b| sides.agreement(a, b)).collect()).collect();
    let support = |a: usize, of: &[f64]| agreement[a].iter().zip(of).map(|(c, w)| c * w).sum::<f64>();
    let weights: Vec<f64> = links.iter().map(|l| l.2).collect();
    let sums: Vec<f64> = (0..links.len()).map(|a| weights[a] * support(a, &weights)).collect();
    let most = sums.iter().copied().fold(f64::MIN_POSITIVE, f64::max);
    let strengths: Vec<f64> = weights.iter().zip(&sums).map(|(w, s)| (w * s / most).sqrt()).collect();
    let supports: Vec<f64> = (0..links.len()).map(|a| strengths[a] * support(a, &strengths)).collect();
    let mut order: Vec<usize> = (0..links.len()).filter(|&a| supports[a] > 0.0).collect();
    order.sort_by(|&a, &b| supports[b].total_cmp(&supports[a]));
    let mut seeds: Vec<usize> = Vec::new();
    for a in order {
        if seeds.len() < 4 && seeds.iter().all(|&taken| agreement[taken][a] <= 0.5) {
            seeds.push(a);
        }
    }
    let alignment = |&seed: &usize| {
        let weight = |b: usize| if b == seed { strengths[b] } else { agreement[seed][b] * strengths[b] };
        sides.aligned(&links.iter().enumerate().map(|(b, l)| (l.0, l.1, weight(b))).collect())
    };
    let best = seeds.iter().map(alignment).reduce(|best, next| if next.0 > best.0 { next } else { best });
    best.unwrap_or_else(|| sides.aligned(&Links::new())).1
}

fn integer(probe: &Template, reference: &Template) -> f64 {
    f64::from(score(&Probe::new(probe.clone()), reference.view())) / 4096.0
}

/// Of 400 pairs of each kind, half must agree to 0.1 nat and 90 % to 1 nat.
#[test]
fn the_integer_log_odds_are_those_of_the_formulas() {
    let mut random = Random::new(5);
    let template = |minutiae: &[Minutia]| Template::new(minutiae).expect("a small print");
    for mated in [false, true] {
        let mut apart: Vec<f64> = (0..400)
            .map(|_| {
                let count = random.below(60) as usize;
                let print = print_like(&mut random, count);
                let other =
                    if mated { another_impression(&mut random, &print) } else { print_like(&mut random, 40) };
                let (probe, reference) = (template(&other), template(&print));
                (integer(&probe, &reference) - oracle(&probe, &reference)).abs()
            })
            .collect();
        apart.sort_by(f64::total_cmp);
        println!(
            "mated {mated}: apart, median {:.3}, 90 % {:.3}, all {:.2}",
            apart[200], apart[360], apart[399]
        );
        assert!(apart[200] < 0.1 && apart[360] < 1.0, "mated {mated}: {apart:?}");
    }
}

fn templates_of(set: &[FvcPrint]) -> Vec<Template> {
    let pool = Pool::new(Settings {
        program: env!("CARGO_BIN_EXE_whorl-tests").into(),
        arguments: vec!["extraction-worker".into(), (1u64 << 30).to_string()],
        workers_max: 2,
        time_max: Duration::from_secs(30),
        wait_max: Duration::from_secs(600),
    });
    let extract = |print: &FvcPrint| {
        let image = fs_err::read(&print.path).expect("a readable image");
        let minutiae = pool.extract(FVC_REQUEST, image, Afterwards::Keep).expect("a print");
        Template::new(&minutiae).expect("of a finger's size")
    };
    set.par_iter().map(extract).collect()
}

/// On the real sets at hand: no more than a comparison in a hundred may fall on the other side of any threshold.
#[test]
fn fixed_point_costs_no_accuracy_on_real_prints() {
    let Some(corpus) = Corpus::find(Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/.."))) else {
        println!("SKIPPED: real data not found (set WHORL_DATA)");
        return;
    };
    let prints = corpus.fvc().expect("sound sets");
    let mut scores: [Vec<Scores>; 2] = Default::default();
    for set in prints.chunk_by(|a, b| a.set == b.set) {
        let templates = templates_of(set);
        let first = set[0].finger;
        let fingers: Vec<u32> = set.iter().map(|print| print.finger - first).collect();
        let all = pairs(&fingers);
        for (of, compare) in scores.iter_mut().zip([integer as fn(&Template, &Template) -> f64, oracle]) {
            let scored: Vec<f64> = all
                .par_iter()
                .map(|pair| compare(&templates[pair.probe], &templates[pair.reference]))
                .collect();
            of.push(Scores::new(&fingers, &all, &scored));
        }
    }
    let [integers, floats] = scores.map(|sets| summarise(&sets).mean.rates);
    for (measure, (integer, float)) in MEASURES.iter().zip(integers.iter().zip(floats)) {
        println!("{}: integers {:.2} %, floats {:.2} %", measure.title, 100.0 * integer, 100.0 * float);
        assert!((integer - float).abs() < 0.01 || integer.is_nan(), "{}", measure.title);
    }
}
