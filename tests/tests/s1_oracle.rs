//! The integers of stage 1 are faithful: its score is that of the formulas, computed here in floating point.
//!
//! Written from the formulas alone (Dice similarity, direction gate, weights, consistency, root of the sum), slow and
//! without a table. It starts from packed templates; that descriptors are what their definition says, bit for bit
//! but at the threshold, is held by the tests of `template::descriptor`.
//!
//! *What may differ.* Similarities have 10 fraction bits, so two neighbours that floats tell apart can be equal, and the
//! first is taken; a pair of links can be on the other side of its tolerance by an eighth of a pixel. Both are rare, and
//! change a score by one link. The rest is rounding. The bounds below are what was measured, with some room.

#![expect(clippy::expect_used, reason = "helpers of tests are tests too")]

use core::f64::consts::TAU;

use whorl_datasets::templates::{Random, another_impression, print_like};
use whorl_engine::stages::s1_consistency::score;
use whorl_engine::template::{Probe, Template};

/// A minutia of a packed template, taken apart as the documentation of the packing says.
struct Taken {
    bits: [u32; 8],
    x: f64,
    y: f64,
    /// Radians.
    direction: f64,
}

fn taken_apart(template: &Template) -> Vec<Taken> {
    let words = template.words();
    let minutia = |row: usize| {
        let geometry = words[256 + row];
        Taken {
            bits: core::array::from_fn(|word| words[row * 8 + word]),
            x: f64::from(geometry % 2048),
            y: f64::from(geometry / 2048 % 2048),
            direction: f64::from(geometry / 2048 / 2048 % 256) * TAU / 256.0,
        }
    };
    (0..template.count() as usize).map(minutia).collect()
}

/// Between minus and plus half a turn.
fn wrapped(angle: f64) -> f64 {
    angle - TAU * (angle / TAU).round()
}

fn similarity(a: &Taken, b: &Taken) -> f64 {
    // A hair above 90 degrees, so that 90 degrees themselves pass however they were rounded.
    if wrapped(a.direction - b.direction).abs() > TAU / 4.0 + 1e-9 {
        return 0.0;
    }
    let ones = |bits: &[u32; 8]| bits.iter().map(|word| f64::from(word.count_ones())).sum::<f64>();
    let differing: [u32; 8] = core::array::from_fn(|word| a.bits[word] ^ b.bits[word]);
    let total = ones(&a.bits) + ones(&b.bits);
    if total > 0.0 { 1.0 - ones(&differing) / total } else { 0.0 }
}

/// The best reference minutia of each probe minutia, and the weight of the link.
fn links(probe: &[Taken], reference: &[Taken]) -> Vec<(usize, f64)> {
    let best = |minutia: &Taken| {
        let mut best = (0, 0.0);
        for (index, other) in reference.iter().enumerate() {
            let similarity = similarity(minutia, other);
            if similarity > best.1 {
                best = (index, similarity);
            }
        }
        (best.0, (best.1 - 0.25).max(0.0).powf(1.5))
    };
    probe.iter().map(best).collect()
}

fn oracle(probe: &[Taken], reference: &[Taken]) -> f64 {
    let links = links(probe, reference);
    let turn = |i: usize| wrapped(probe[i].direction - reference[links[i].0].direction);
    let mut sum = 0.0;
    for i in 0..probe.len() {
        for k in 0..probe.len() {
            let ((to_i, weight_i), (to_k, weight_k)) = (links[i], links[k]);
            if weight_i * weight_k == 0.0 || to_i == to_k {
                continue;
            }
            if wrapped(turn(i) - turn(k)).abs() > 25.0 * TAU / 360.0 {
                continue;
            }
            let (dx, dy) = (probe[k].x - probe[i].x, probe[k].y - probe[i].y);
            let (sine, cosine) = (-turn(i)).sin_cos();
            let error_x = reference[to_k].x - reference[to_i].x - (dx * cosine - dy * sine);
            let error_y = reference[to_k].y - reference[to_i].y - (dx * sine + dy * cosine);
            if error_x.hypot(error_y) < 10.0 + 0.07 * dx.hypot(dy) {
                sum += weight_i * weight_k;
            }
        }
    }
    sum.sqrt()
}

/// The oracle's score of a pair, in units of the integer score, and how far the integer score is from it.
fn compared([probe, reference]: [Template; 2]) -> (f64, f64) {
    let expected = oracle(&taken_apart(&probe), &taken_apart(&reference)) * 2048.0;
    let integer = score(&Probe::new(probe), reference.words(), reference.count());
    (expected, (f64::from(integer) - expected).abs())
}

fn template(minutiae: &[whorl_engine::minutia::Minutia]) -> Template {
    Template::new(minutiae).expect("a small print")
}

fn non_mated(random: &mut Random) -> [Template; 2] {
    let mut print = || {
        let count = random.below(60) as usize;
        template(&print_like(random, count))
    };
    [print(), print()]
}

fn mated(random: &mut Random) -> [Template; 2] {
    let count = 10 + random.below(50) as usize;
    let print = print_like(random, count);
    [template(&another_impression(random, &print)), template(&print)]
}

/// Of 3 000 pairs of each kind 99 % must agree to 5 units (0.0025) and half a percent, and all to 100 units (0.05) and
/// half a percent. Measured: non-mated 99 % within 4.7 units, all within 58, at a mean score of 65; mated 99 % within
/// 34, all within 53, at a mean of 11 132, where the integers, which round down, are 17 below on the median.
#[test]
fn the_integer_score_is_that_of_the_formulas() {
    for (name, pair) in [("non-mated", non_mated as fn(&mut Random) -> _), ("mated", mated)] {
        let mut random = Random::new(11);
        let mut beyond: Vec<f64> = (0..3000)
            .map(|_| compared(pair(&mut random)))
            .map(|(expected, difference)| difference - expected * 0.005)
            .collect();
        beyond.sort_by(f64::total_cmp);
        let (most, all) = (beyond[2970], beyond[2999]);
        println!(
            "{name}: beyond half a percent: 99 % of pairs at most {most:.1}, all at most {all:.1} units"
        );
        assert!(most <= 5.0 && all <= 100.0, "{name}: {most:.1}, {all:.1}");
    }
}
