//! 95 % intervals by resampling fingers: comparisons of one finger stand or fall together, so that to resample them one by one
//! would promise far too much.
//!
//! A replicate draws, from each set, as many fingers as it has, with replacement. A comparison counts as often as the product
//! of how often its two fingers were drawn, a mated one as often as its finger; a finger drawn twice is not compared
//! with itself as if it were another. The interval is that of the percentiles 2.5 and 97.5 over the replicates.
//!
//! *What it cannot say:* a rate of 0 has the interval 0 to 0, and ten fingers have few ways to be drawn. Both are the data's fault.

use rayon::prelude::*;

use crate::templates::Random;

/// Replicates.
pub const REPLICATES: u32 = 1000;

/// Seed of the first replicate; the next ones follow.
pub const SEED: u64 = 19_795;

/// From and to, both included.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Interval {
    /// Lower end.
    pub low: f64,
    /// Upper end.
    pub high: f64,
}

/// Intervals of several measures at once. `strata` are the numbers of fingers of each set, which are numbered through over the
/// sets from 0; `measures` gets how often each was drawn, and gives as many values each time, a NaN where one cannot be
/// had from the draw. `None` where fewer than half of the replicates give a value.
pub fn intervals(strata: &[u32], measures: impl Fn(&[u32]) -> Vec<f64> + Sync) -> Vec<Option<Interval>> {
    let replicates: Vec<Vec<f64>> = (0..REPLICATES)
        .into_par_iter()
        .map(|replicate| measures(&drawn(strata, SEED.wrapping_add(u64::from(replicate)))))
        .collect();
    let count = replicates.first().map_or(0, Vec::len);
    let column =
        |at: usize| replicates.iter().map(|values| values[at]).filter(|value| !value.is_nan()).collect();
    (0..count).map(|at| percentiles(column(at))).collect()
}

/// How often each finger was drawn.
fn drawn(strata: &[u32], seed: u64) -> Vec<u32> {
    let mut random = Random::new(seed);
    let mut times = Vec::new();
    for &fingers in strata {
        let start = times.len();
        times.resize(start + fingers as usize, 0);
        for _ in 0..fingers {
            times[start + random.below(fingers) as usize] += 1;
        }
    }
    times
}

/// Of n sorted values, those at n * 25 / 1000 from either end.
fn percentiles(mut values: Vec<f64>) -> Option<Interval> {
    if values.len() < REPLICATES as usize / 2 {
        return None;
    }
    values.sort_by(f64::total_cmp);
    let cut = values.len() * 25 / 1000;
    Some(Interval { low: values[cut], high: values[values.len() - 1 - cut] })
}
