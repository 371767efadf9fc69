//! What is worth measuring here: galleries that fit in memory, and searches that end in time.

use super::machine::Machine;

/// Memory that a record needs: as it was generated, and in the gallery of the back end that is measured. Unit: bytes.
const BYTES_A_RECORD: u64 = 4000;
/// Memory that everything else needs. Unit: bytes.
const BYTES_BESIDE: u64 = 1 << 30;
/// Searches that a measurement has at least.
const SEARCHES_MIN: usize = 3;
/// Most that are of use.
const SEARCHES_MAX: usize = 300;
/// Largest gallery for a software adapter, which shows that it works, and nothing about speed.
const SOFTWARE_MAX: usize = 10_000;

/// What to measure.
pub struct Plan {
    /// Sizes of the galleries, ascending.
    pub sizes: Vec<usize>,
    /// What is not measured, and why.
    pub left_out: Vec<String>,
    /// Whether it is to take a minute, and not ten.
    pub quick: bool,
    /// How long a measurement should take.
    pub seconds: f64,
}

impl Plan {
    /// For this machine.
    pub fn new(quick: bool, wanted: &[u32], seconds: Option<f64>, machine: &Machine) -> anyhow::Result<Self> {
        let usual: &[u32] = if quick { &[10_000, 100_000] } else { &[10_000, 100_000, 1_000_000] };
        let mut sizes: Vec<u32> = if wanted.is_empty() { usual.to_vec() } else { wanted.to_vec() };
        sizes.sort_unstable();
        sizes.dedup();
        let seconds = seconds.unwrap_or(if quick { 0.6 } else { 5.0 });
        let mut plan = Self { sizes: Vec::new(), left_out: Vec::new(), quick, seconds };
        for size in sizes {
            let needed = u64::from(size) * BYTES_A_RECORD + BYTES_BESIDE;
            // Where the system does not tell how much there is, it is tried.
            if (1..needed).contains(&machine.memory_available_bytes) {
                let (needed, has) = (needed >> 20, machine.memory_available_bytes >> 20);
                plan.left_out.push(format!("{size} sets: {needed} MiB of memory are needed, {has} are free"));
            } else {
                plan.sizes.push(usize::try_from(size)?);
            }
        }
        anyhow::ensure!(!plan.sizes.is_empty(), "nothing fits in memory: {}", plan.left_out.join("; "));
        Ok(plan)
    }

    /// The largest gallery.
    pub fn largest(&self) -> usize {
        self.sizes.last().copied().unwrap_or(0)
    }

    /// Whether a gallery is for an adapter, which is software or is not.
    pub fn is_for(&self, size: usize, software: bool) -> bool {
        !software || size <= SOFTWARE_MAX
    }

    /// How many rounds of so many searches to time, where a round takes about this long; `None` where too long. A software adapter
    /// gets the fewest.
    pub fn rounds(&self, seconds: f64, searches: usize, software: bool) -> Option<usize> {
        let (least, most) = (SEARCHES_MIN.div_ceil(searches), SEARCHES_MAX.div_ceil(searches));
        // On two cores the portable path takes 4 s for a search among a million, and a minute for 16.
        let too_long = if self.quick { 20.0 } else { 180.0 };
        let enough = |rounds: usize| rounds as f64 * seconds >= self.seconds;
        let rounds = (least..most).find(|&rounds| software || enough(rounds)).unwrap_or(most);
        (least as f64 * seconds <= too_long).then_some(rounds)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn machine(available: u64) -> Machine {
        Machine { memory_available_bytes: available, simd: vec![], adapters: vec![], ..Machine::here() }
    }

    #[test]
    fn what_does_not_fit_is_left_out_and_named() {
        let plan = Plan::new(false, &[], None, &machine(4 << 30)).unwrap();
        assert_eq!(plan.sizes, [10_000, 100_000]);
        assert!(plan.left_out[0].starts_with("1000000 sets: "), "{:?}", plan.left_out);
        assert!(Plan::new(true, &[2_000_000], None, &machine(4 << 30)).is_err());
        assert_eq!(Plan::new(true, &[900, 100, 900], None, &machine(0)).unwrap().sizes, [100, 900]);
    }

    #[test]
    fn slow_searches_are_fewer_and_the_slowest_are_none() {
        let plan = Plan::new(false, &[], None, &machine(0)).unwrap();
        let rounds = [0.001, 0.1, 1.0, 10.0, 60.0, 61.0].map(|seconds| plan.rounds(seconds, 1, false));
        assert_eq!(rounds, [Some(300), Some(50), Some(5), Some(3), Some(3), None]);
        let rounds = [0.001, 1.0, 10.0, 180.0, 181.0].map(|seconds| plan.rounds(seconds, 16, false));
        assert_eq!(rounds, [Some(19), Some(5), Some(1), Some(1), None]);
        assert_eq!((plan.rounds(0.1, 1, true), plan.rounds(0.1, 16, true)), (Some(3), Some(1)));
    }
}
