//! Synthetic prints beside real ones: the tables of `docs/src/population.md`, and bounds that they may not leave.
//!
//! What a cohort or a gallery of strangers must have in common with real prints is what a matcher sees of them: how many
//! minutiae, how near to each other and pointing which way, how many bits of a descriptor they set, and what comes of it:
//! scores with strangers. The bounds are wide, for ten fingers a set are few, and hold only what would be noticed.

#![expect(clippy::expect_used, clippy::print_stdout, reason = "helpers of tests are tests too")]

use std::path::{Path, PathBuf};
use std::time::Duration;

use rayon::prelude::*;
use whorl_datasets::corpus::{Corpus, FVC_REQUEST, SD14_REQUEST};
use whorl_datasets::population::{Master, Population, Sensor, Skin};
use whorl_engine::extraction::Request;
use whorl_engine::extraction::pool::{Afterwards, Pool, Settings};
use whorl_engine::minutia::{FingerPosition, Minutia};
use whorl_engine::stages::{s1_consistency, s2_alignment};
use whorl_engine::template::{Probe, Template};

/// Comparisons of two sets at most: enough for one in a thousand.
const COMPARISONS: usize = 20_000;

struct Print {
    finger: u64,
    minutiae: Vec<Minutia>,
    probe: Probe,
    template: Template,
}

impl Print {
    fn new(finger: u64, minutiae: Vec<Minutia>) -> Self {
        let template = Template::new(&minutiae).expect("a print of a finger's size");
        Self { finger, minutiae, probe: Probe::new(template.clone()), template }
    }
}

fn pool() -> Pool {
    Pool::new(Settings {
        program: env!("CARGO_BIN_EXE_whorl-tests").into(),
        arguments: vec!["extraction-worker".into(), (1u64 << 30).to_string()],
        workers_max: 2,
        time_max: Duration::from_secs(30),
        wait_max: Duration::from_secs(600),
    })
}

fn extracted(pool: &Pool, request: Request, images: &[(u64, PathBuf)]) -> Vec<Print> {
    let one = |(finger, path): &(u64, PathBuf)| {
        let image = fs_err::read(path).expect("a readable image");
        Print::new(*finger, pool.extract(request, image, Afterwards::Keep).expect("a sound image"))
    };
    images.par_iter().map(one).collect()
}

/// The same from ridge images of synthetic fingers, with mindtct.
fn photographed(pool: &Pool, people: u64, impressions: u32) -> Vec<Print> {
    let prints = (0..people).into_par_iter().flat_map_iter(|person| {
        let skin = Skin::new(finger(person), &Sensor::PLAIN);
        (1..=impressions).map(move |number| {
            let image = skin.image(number).to_png().expect("an image of a sensor's size");
            let minutiae = pool.extract(FVC_REQUEST, image, Afterwards::Keep).expect("a sound image");
            Print::new(person, minutiae)
        })
    });
    prints.collect()
}

/// One finger of a person; the fingers take turns.
fn finger(person: u64) -> Master {
    let position = FingerPosition::all().nth(usize::try_from(person % 10).expect("below 10"));
    Population::new(20).person(person).finger(position.expect("ten fingers"))
}

/// Impressions of one finger each of some people.
fn synthetic(sensor: Sensor, people: u64, impressions: u32) -> Vec<Print> {
    let prints = (0..people).into_par_iter().flat_map_iter(|person| {
        let finger = finger(person);
        (1..=impressions).map(move |number| Print::new(person, finger.impression(number, &sensor)))
    });
    prints.collect()
}

/// These shares of the way up the sorted values.
fn quantiles(values: &[f64], shares: &[f64]) -> Vec<f64> {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let last = (sorted.len() - 1) as f64;
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "between the first and the last"
    )]
    shares.iter().map(|share| sorted[(share * last).round() as usize]).collect()
}

fn cell(values: &[f64], digits: usize) -> String {
    values.iter().map(|value| format!("{value:.digits$}")).collect::<Vec<_>>().join(" / ")
}

/// What is said of the minutiae of a set.
struct Shape {
    count: Vec<f64>,
    nearest: Vec<f64>,
    bits: f64,
    alike: f64,
    facing: [f64; 2],
}

fn shape(prints: &[Print]) -> Shape {
    let (mut count, mut nearest, mut bits) = (Vec::new(), Vec::new(), Vec::new());
    let (mut pairs, mut alike, mut by_side) = (0.0, 0.0, [[0.0; 2]; 2]);
    for print in prints {
        let (m, view) = (&print.minutiae, print.template.view());
        count.push(m.len() as f64);
        bits.extend((0..view.count()).map(|i| f64::from(view.popcount(i)) / 2.56));
        for a in m {
            let mut apart = f64::INFINITY;
            for b in m.iter().filter(|b| *b != a) {
                let (dx, dy) = (f64::from(b.x) - f64::from(a.x), f64::from(a.y) - f64::from(b.y));
                let distance = dx.hypot(dy);
                apart = apart.min(distance);
                if !(14.0..45.0).contains(&distance) {
                    continue;
                }
                let turn = i16::from(b.direction.wrapping_sub(a.direction).cast_signed()).abs();
                (pairs, alike) = (pairs + 1.0, alike + f64::from(u8::from(turn <= 8 || turn >= 120)));
                // Ahead of the minutia or behind it, within an eighth of a turn.
                let along = (dx * direction(a).cos() + dy * direction(a).sin()) / distance;
                if along.abs() > std::f64::consts::FRAC_1_SQRT_2 {
                    by_side[usize::from(along < 0.0)][usize::from(turn <= 64)] += 1.0;
                }
            }
            nearest.push(apart);
        }
    }
    Shape {
        count: quantiles(&count, &[0.05, 0.5, 0.95]),
        nearest: quantiles(&nearest, &[0.05, 0.5, 0.95]),
        bits: bits.iter().sum::<f64>() / bits.len() as f64,
        alike: 100.0 * alike / pairs,
        facing: by_side.map(|[against, with]| 100.0 * with / (against + with)),
    }
}

fn direction(minutia: &Minutia) -> f64 {
    f64::from(minutia.direction) * std::f64::consts::TAU / 256.0
}

/// Scores of stage 1, in its own unit of 1024, and log-odds of stage 2.
fn scores(probes: &[Print], references: &[Print], mated: bool) -> [Vec<f64>; 2] {
    let same = std::ptr::eq(probes, references);
    let pairs: Vec<_> = probes
        .iter()
        .enumerate()
        .flat_map(|(i, probe)| {
            references.iter().enumerate().map(move |(k, reference)| (i, probe, k, reference))
        })
        .filter(|(i, _, k, _)| !same || i < k)
        .filter(|(_, probe, _, reference)| (same && probe.finger == reference.finger) == mated)
        .collect();
    let step = (pairs.len() / COMPARISONS).max(1);
    let taken: Vec<_> = pairs.iter().step_by(step).collect();
    let compare = |(_, probe, _, reference): &&(usize, &Print, usize, &Print)| {
        let view = reference.template.view();
        let first = s1_consistency::score(&probe.probe, view.words());
        (f64::from(first) / 1024.0, f64::from(s2_alignment::score(&probe.probe, view)) / 4096.0)
    };
    let (first, second) = taken.par_iter().map(compare).unzip();
    [first, second]
}

const STRANGERS: [f64; 4] = [0.5, 0.9, 0.99, 0.999];
const MATES: [f64; 5] = [0.05, 0.25, 0.5, 0.75, 0.95];

fn print_scores(name: &str, [first, second]: &[Vec<f64>; 2], shares: &[f64]) {
    let (first, second) = (cell(&quantiles(first, shares), 2), cell(&quantiles(second, shares), 1));
    println!("| {name} | {first} | {second} |");
}

#[test]
fn synthetic_prints_look_to_the_matcher_as_real_ones_do() {
    let Some(corpus) = Corpus::find(Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/.."))) else {
        println!("SKIPPED: real data not found (set WHORL_DATA)");
        return;
    };
    let pool = &pool();
    let fvc = corpus.fvc().expect("sound sets");
    let set = |name: &str| {
        let prints = fvc.iter().filter(|print| print.set == name);
        extracted(
            pool,
            FVC_REQUEST,
            &prints.map(|print| (print.finger.into(), print.path.clone())).collect::<Vec<_>>(),
        )
    };
    let rolled =
        (0..).zip(corpus.sd14().expect("a sound manifest")).map(|(number, print)| (number, print.path));
    let real = [
        ("FVC2002 DB1_B", set("FVC2002_DB1_B")),
        ("FVC2002 DB3_B", set("FVC2002_DB3_B")),
        ("FVC2004 DB2_B", set("FVC2004_DB2_B")),
        ("NIST SD14, rolled", extracted(pool, SD14_REQUEST, &rolled.collect::<Vec<_>>())),
    ];
    let made = [
        ("synthetic, plain", synthetic(Sensor::PLAIN, 100, 4)),
        ("synthetic, large", synthetic(Sensor::LARGE, 100, 4)),
        ("synthetic, rolled", synthetic(Sensor::ROLLED, 200, 2)),
        ("synthetic, plain, images", photographed(pool, 40, 4)),
    ];

    println!("| prints | minutiae | nearest, px | bits set, % | alike, % | ahead, behind the same way, % |");
    for (name, prints) in real.iter().chain(&made) {
        let s = shape(prints);
        let (count, nearest, facing) = (cell(&s.count, 0), cell(&s.nearest, 1), cell(&s.facing, 0));
        println!("| {name} | {count} | {nearest} | {:.1} | {:.0} | {facing} |", s.bits, s.alike);
        // Ridges that were grown from minutiae end and fork more often than asked: neighbourhoods are fuller.
        let most = if name.ends_with("images") { 15.0 } else { 12.5 };
        assert!((10.5..most).contains(&s.bits), "{name}: {} % of the bits", s.bits);
        assert!((60.0..80.0).contains(&s.alike), "{name}: {} % alike", s.alike);
        assert!(s.facing[0] < 58.0 && s.facing[1] > 55.0, "{name}: {:?}", s.facing);
    }
    println!("| mates | stage 1 | log-odds |");
    for (name, prints) in real[..3].iter().chain(&made) {
        print_scores(name, &scores(prints, prints, true), &MATES);
    }
    println!("| strangers | stage 1 | log-odds |");
    let high = |name: &str, probes: &[Print], references: &[Print]| {
        let scores = scores(probes, references, false);
        print_scores(name, &scores, &STRANGERS);
        (quantiles(&scores[0], &STRANGERS)[2], quantiles(&scores[1], &STRANGERS)[3])
    };
    for (name, prints) in real.iter().chain(&made) {
        high(&format!("{name}, among themselves"), prints, prints);
    }
    for (index, (name, probes)) in real[..3].iter().enumerate() {
        let (other, others) = &real[(index + 1) % 3];
        let (with_real, log_odds) = high(&format!("{name} with {other}"), probes, others);
        high(&format!("{name} with SD14"), probes, &real[3].1);
        let (with_made, made_log_odds) = high(&format!("{name} with synthetic, plain"), probes, &made[0].1);
        high(&format!("{name} with synthetic, rolled"), probes, &made[2].1);
        // What 99 % of strangers score less than, and by how much synthetic ones are too harmless.
        assert!((0.7..1.2).contains(&(with_made / with_real)), "{with_made} {with_real}");
        assert!((-2.5..0.5).contains(&(made_log_odds - log_odds)), "{made_log_odds} {log_odds}");
    }
}
