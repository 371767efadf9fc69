//! How much a dispatch is given: a display driver kills what runs for seconds, and one that also draws stutters long before.
#![expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "clamped before")]

use core::sync::atomic::{AtomicU32, Ordering};
use core::time::Duration;

/// How many comparisons of stage 1 a dispatch may make: as many as the device got through in [`Pace::TARGET`] so far.
pub(super) struct Pace(AtomicU32);

impl Default for Pace {
    fn default() -> Self {
        Self(AtomicU32::new(1024))
    }
}

impl Pace {
    /// Half of the 100 ms that no dispatch shall take.
    const TARGET: Duration = Duration::from_millis(50);

    /// Rows of a dispatch, each compared with so many probes.
    pub(super) fn rows(&self, probes: u32) -> u32 {
        (self.0.load(Ordering::Relaxed) / probes.max(1)).max(64)
    }

    /// Learns from a pass. Rows that were out of scope do not count, because another scope may have them all.
    pub(super) fn saw(&self, comparisons: u32, took: Duration) {
        if comparisons >= self.0.load(Ordering::Relaxed) {
            let fitting = f64::from(comparisons) * Self::TARGET.as_secs_f64() / took.as_secs_f64().max(1e-6);
            self.0.store(fitting.clamp(512.0, 16_777_216.0) as u32, Ordering::Relaxed);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_dispatch_stays_below_its_time_whatever_the_scope_left_out() {
        let pace = Pace::default();
        pace.saw(100_000, Duration::from_secs(1));
        assert_eq!((pace.rows(1), pace.rows(8)), (5000, 625));
        // A gallery that is out of scope goes by in no time, and says nothing.
        pace.saw(0, Duration::from_micros(1));
        assert_eq!(pace.rows(1), 5000);
        pace.saw(100_000, Duration::from_secs(1000));
        assert_eq!((pace.rows(1), pace.rows(100)), (512, 64));
    }
}
