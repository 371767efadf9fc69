//! Histograms of the scores of mates and of others, each as a share of its own kind: there are ten times as many others.

use whorl_datasets::evaluation::curve::Comparison;

use super::chart::{Chart, Legend, Scale};

const BINS: usize = 60;

/// Both kinds over one range. Comparisons without a score have no place in it.
pub fn histogram(comparisons: &[Comparison], mated: &str, others: &str) -> String {
    let scores = |wanted: bool| -> Vec<f64> {
        let of = comparisons.iter().filter(|c| c.mated() == wanted && c.score.is_finite());
        of.map(|c| c.score).collect()
    };
    let kinds = [(others, scores(false)), (mated, scores(true))];
    let all = || kinds.iter().flat_map(|(_, scores)| scores);
    let (low, high) =
        (all().copied().fold(f64::INFINITY, f64::min), all().copied().fold(f64::NEG_INFINITY, f64::max));
    let (low, high) = if low < high { (low, high) } else { (0.0, 1.0) };
    let shares = kinds.map(|(name, scores)| (name, shares(&scores, low, high)));
    let top = shares.iter().flat_map(|(_, shares)| shares).copied().fold(0.0, f64::max);
    let (x, y) = (Scale::Linear(low, high), Scale::Linear(0.0, top * 105.0));
    let mut chart = Chart::new("Histograms of scores", Legend::TopRight, (x, "score"), (y, "%"));
    for (name, shares) in &shares {
        let width = (high - low) / BINS as f64;
        // A step goes along at the height of the bin before; the first stands at its left edge.
        let edges = shares.iter().enumerate().map(|(bin, share)| (low + bin as f64 * width, share * 100.0));
        let last = (high, shares.last().map_or(0.0, |share| share * 100.0));
        chart.steps(name, edges.chain([last]), true);
    }
    chart.finish()
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a share of the range, times the bins"
)]
fn shares(scores: &[f64], low: f64, high: f64) -> Vec<f64> {
    let mut bins = vec![0.0; BINS];
    for score in scores {
        let bin = ((score - low) / (high - low) * BINS as f64) as usize;
        bins[bin.min(BINS - 1)] += 1.0 / scores.len() as f64;
    }
    bins
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_score_is_in_a_bin_and_the_bins_are_all_there_is() {
        let bins = shares(&[0.0, 5.0, 10.0, 10.0], 0.0, 10.0);
        assert_eq!((bins[0], bins[BINS / 2], bins[BINS - 1]), (0.25, 0.25, 0.5));
        assert!(shares(&[], 0.0, 1.0).iter().all(|share| *share == 0.0));
    }
}
