//! FMR and FNMR at every threshold, and what is read off them: EER, FNMR at a fixed FMR.
//!
//! Both are step functions of the threshold, which change at scores only, so that all thresholds there are is the scores that
//! occur, and one above all. Counts are whole numbers, and are compared as fractions without division: two machines
//! read off the same point.

/// The outcome of one comparison.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Comparison {
    /// Number of the probe's finger.
    pub probe: u32,
    /// Number of the reference's finger. The comparison is mated (genuine) where it is the same.
    pub reference: u32,
    /// Higher is more alike. Minus infinity where there is none; not a NaN.
    pub score: f64,
}

impl Comparison {
    /// Whether both are of one finger.
    pub fn mated(&self) -> bool {
        self.probe == self.reference
    }
}

/// Errors at one threshold: a comparison matches when its score is at least that.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Point {
    /// The threshold.
    pub threshold: f64,
    /// Non-mated comparisons that match.
    pub false_matches: u64,
    /// Mated comparisons that do not.
    pub false_non_matches: u64,
}

/// Errors at all thresholds, from the highest downwards.
#[derive(Debug, Clone, PartialEq)]
pub struct Curve {
    points: Vec<Point>,
    mated: u64,
    non_mated: u64,
}

impl Curve {
    /// Sorts as [`Curve::weighted`] needs it: by falling score.
    pub fn sort(comparisons: &mut [Comparison]) {
        comparisons.sort_by(|a, b| b.score.total_cmp(&a.score));
    }

    /// From sorted comparisons, each counted as often as its weight says. `None` where there are no mated ones or no others.
    pub fn weighted(sorted: &[Comparison], weight: impl Fn(&Comparison) -> u64) -> Option<Self> {
        let (mut mated, mut non_mated) = (0, 0);
        for comparison in sorted {
            *if comparison.mated() { &mut mated } else { &mut non_mated } += weight(comparison);
        }
        if mated == 0 || non_mated == 0 {
            return None;
        }
        let mut point = Point { threshold: f64::INFINITY, false_matches: 0, false_non_matches: mated };
        let mut points = vec![point];
        for equals in sorted.chunk_by(|a, b| a.score == b.score) {
            if equals[0].score == f64::NEG_INFINITY {
                break;
            }
            for comparison in equals {
                match comparison.mated() {
                    true => point.false_non_matches -= weight(comparison),
                    false => point.false_matches += weight(comparison),
                }
            }
            point.threshold = equals[0].score;
            points.push(point);
        }
        Some(Self { points, mated, non_mated })
    }

    /// From sorted comparisons, each counted once.
    pub fn new(sorted: &[Comparison]) -> Option<Self> {
        Self::weighted(sorted, |_| 1)
    }

    /// The points, by falling threshold.
    pub fn points(&self) -> &[Point] {
        &self.points
    }

    /// Number of mated comparisons.
    pub fn mated(&self) -> u64 {
        self.mated
    }

    /// Number of non-mated comparisons.
    pub fn non_mated(&self) -> u64 {
        self.non_mated
    }

    /// False-match rate at a point.
    pub fn fmr(&self, point: &Point) -> f64 {
        point.false_matches as f64 / self.non_mated as f64
    }

    /// False-non-match rate at a point.
    pub fn fnmr(&self, point: &Point) -> f64 {
        point.false_non_matches as f64 / self.mated as f64
    }

    /// The lowest threshold whose FMR is at most 1 in `one_in`.
    pub fn at_fmr(&self, one_in: u64) -> Point {
        let kept = |point: &Point| point.false_matches.saturating_mul(one_in) <= self.non_mated;
        // The first point has no match at all, and so is always kept.
        self.points[self.points.partition_point(kept) - 1]
    }

    /// FNMR at the lowest threshold whose FMR is at most 1 in `one_in`.
    pub fn fnmr_at_fmr(&self, one_in: u64) -> f64 {
        self.fnmr(&self.at_fmr(one_in))
    }

    /// FNMR at the lowest threshold without a false match.
    pub fn zero_fmr(&self) -> f64 {
        self.fnmr_at_fmr(u64::MAX)
    }

    /// Equal error rate as the Fingerprint Verification Competitions define it. The two steps cross between t1, the highest
    /// threshold with FNMR <= FMR, and t2, the lowest with FNMR >= FMR; of the two, the one where FMR + FNMR is smaller
    /// is taken (t1 where both are equal), and the rate is the mean of its FMR and FNMR.
    pub fn equal_error_rate(&self) -> f64 {
        // FNMR against FMR, over the common denominator.
        let sides = |point: &Point| {
            let widened = |count, of| u128::from(count) * u128::from(of);
            (widened(point.false_non_matches, self.non_mated), widened(point.false_matches, self.mated))
        };
        let low = self.points.iter().find(|point| sides(point).0 <= sides(point).1);
        let high = self.points.iter().rfind(|point| sides(point).0 >= sides(point).1);
        let sum = |point: &Point| sides(point).0 + sides(point).1;
        let nearest = match (low, high) {
            (Some(t1), Some(t2)) if sum(t2) < sum(t1) => t2,
            (Some(t1), _) => t1,
            (None, Some(t2)) => t2,
            (None, None) => return f64::NAN,
        };
        (self.fmr(nearest) + self.fnmr(nearest)) / 2.0
    }
}
