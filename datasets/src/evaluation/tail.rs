//! How often strangers reach a score: a straight line through the logarithm of the tail of their scores.
//!
//! Above a high quantile the scores of different fingers fall off like an exponential, so `log10 rate = a - b * score`; its slope is
//! the maximum-likelihood estimate, one over the mean excess. What several fingers add up to is drawn from the scores of single ones,
//! as if fingers of one person were independent: on 35 400 comparisons of like fingers of 60 cards (NIST SD14) their
//! correlation is -0.001, and sums of 2 to 10 of them have the quantiles that independence predicts to within 0.1 nat.

/// The tail is one score in this many: above a rate of 1e-2.
const TAIL_ONE_IN: usize = 100;
/// Sums drawn for more than one finger.
const DRAWS: usize = 1 << 20;
/// Comparisons above a rate that is called seen.
const SEEN: f64 = 10.0;

/// `log10 rate = a - b * score`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Line {
    /// log10 of the rate at score 0.
    pub a: f64,
    /// By how much it falls a unit of the score.
    pub b: f64,
    /// Standard error of the predicted log10 rate at [`Line::seen`].
    pub error: f64,
    /// The least rate that has ten scores above it; below it the line is extrapolation.
    pub seen: f64,
}

/// Lines for 1, 2, ... `fingers_max` fingers, from scores of single fingers, each of which takes at most `floor` from a sum. `None`
/// with fewer than 1 000 scores, or where the tail is all one score.
pub fn lines(scores: &[f64], floor: f64, fingers_max: usize) -> Option<Vec<Line>> {
    if scores.len() < 1000 {
        return None;
    }
    let floored: Vec<f64> = scores.iter().map(|score| score.max(floor)).collect();
    let one = fit(scores.to_vec(), scores.len())?;
    let sum = |fingers: usize| Some(no_steeper(fit(sums(&floored, fingers), scores.len())?, &one));
    core::iter::once(Some(one)).chain((2..=fingers_max).map(sum)).collect()
}

/// Sums of so many scores each, drawn with replacement; the same for the same scores on every machine.
fn sums(scores: &[f64], fingers: usize) -> Vec<f64> {
    let mut random = crate::templates::Random::new(fingers as u64);
    let bound = u32::try_from(scores.len()).unwrap_or(u32::MAX);
    (0..DRAWS).map(|_| (0..fingers).map(|_| scores[random.below(bound) as usize]).sum()).collect()
}

/// The line of a sum, held to the slope of one finger below a rate of 1e-3: a sum cannot fall off faster than its heaviest part, but draws
/// from a sample, which has a largest score, do.
fn no_steeper(line: Line, one: &Line) -> Line {
    if line.b <= one.b {
        return line;
    }
    let score = (line.a + 3.0) / line.b;
    Line { a: one.b * score - 3.0, b: one.b, ..line }
}

/// `compared` is how many scores there really are, for the error.
fn fit(mut scores: Vec<f64>, compared: usize) -> Option<Line> {
    scores.sort_by(|a, b| b.total_cmp(a));
    let start = scores[scores.len() / TAIL_ONE_IN];
    let above: Vec<f64> =
        scores.iter().take_while(|score| **score > start).map(|score| score - start).collect();
    let excess = above.iter().sum::<f64>() / above.len() as f64;
    if above.is_empty() || excess <= 0.0 {
        return None;
    }
    let (ten, share) = (core::f64::consts::LN_10, above.len() as f64 / scores.len() as f64);
    let b = 1.0 / (excess * ten);
    let a = libm::log10(share) + b * start;
    // Of the share at the start, and of the slope from there down to what is seen; of real comparisons, not of draws.
    let (tail, seen) = (share * compared as f64, SEEN / compared as f64);
    let of_share = libm::sqrt((1.0 - share) / tail) / ten;
    let of_slope = libm::log10(share / seen).max(0.0) / libm::sqrt(tail);
    Some(Line { a, b, error: libm::hypot(of_share, of_slope), seen })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Scores whose rate above s is exactly 10^(-0.5 s).
    fn exponential(count: usize) -> Vec<f64> {
        (0..count).map(|n| -2.0 * ((n as f64 + 0.5) / count as f64).log10()).collect()
    }

    #[test]
    fn an_exponential_tail_is_found_again() {
        let lines = lines(&exponential(20_000), -4.0, 3).unwrap();
        assert!((lines[0].b - 0.5).abs() < 0.02 && lines[0].a.abs() < 0.05, "{:?}", lines[0]);
        // The sum of two is above s at a rate of (1 + s ln 10 / 2) 10^(-s/2): flatter at first, and higher.
        let two = |s: f64| ((1.0 + s * core::f64::consts::LN_10 / 2.0) * 10f64.powf(-s / 2.0)).log10();
        assert!((lines[1].a - lines[1].b * 8.0 - two(8.0)).abs() < 0.1, "{:?}", lines[1]);
        assert!(lines[0].error < 0.2 && (lines[0].seen - 5e-4).abs() < 1e-12);
    }

    #[test]
    fn too_few_scores_or_all_alike_give_no_line() {
        assert_eq!(lines(&exponential(999), -4.0, 1), None);
        assert_eq!(lines(&[1.0; 5000], -4.0, 1), None);
    }
}
