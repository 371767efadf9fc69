//! How much a dispatch is given: a display driver kills what runs for seconds, one that also draws stutters long before, and whoever
//! writes to a device that works while work is submitted waits for the dispatch.
#![expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "clamped before")]

use core::sync::atomic::{AtomicU32, Ordering};
use core::time::Duration;

use super::AdapterKind;

/// How many comparisons or alignments a dispatch may make: as many as the device got through in its target so far.
pub(super) struct Pace {
    at_least: u32,
    target: Duration,
    now: AtomicU32,
}

impl Pace {
    /// Begins with so many, and never gives fewer. Software is given an eighth, in less time: it works while work is submitted, on
    /// cores that others want too, and every write waits for that.
    pub(super) fn new(at_least: u32, kind: AdapterKind) -> Self {
        let (at_least, milliseconds) = match kind {
            AdapterKind::Discrete | AdapterKind::Shared => (at_least, 5),
            AdapterKind::Software => (at_least / 8, 2),
        };
        Self { at_least, target: Duration::from_millis(milliseconds), now: AtomicU32::new(at_least) }
    }

    /// References of a dispatch, each compared with so many probes.
    pub(super) fn at_a_time(&self, probes: u32) -> u32 {
        (self.now.load(Ordering::Relaxed) / probes.max(1)).max(self.at_least / 8).max(1)
    }

    /// Learns from a pass. What was out of scope does not count, because another scope may have it all.
    pub(super) fn saw(&self, done: u32, took: Duration) {
        if done >= self.now.load(Ordering::Relaxed) {
            let fitting = f64::from(done) * self.target.as_secs_f64() / took.as_secs_f64().max(1e-6);
            self.now.store(fitting.clamp(f64::from(self.at_least), 16_777_216.0) as u32, Ordering::Relaxed);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_dispatch_stays_below_its_time_whatever_the_scope_left_out() {
        let pace = Pace::new(256, AdapterKind::Shared);
        pace.saw(1_000_000, Duration::from_secs(1));
        assert_eq!((pace.at_a_time(1), pace.at_a_time(8)), (5000, 625));
        // A gallery that is out of scope goes by in no time, and says nothing.
        pace.saw(0, Duration::from_micros(1));
        assert_eq!(pace.at_a_time(1), 5000);
        pace.saw(100_000, Duration::from_secs(1000));
        assert_eq!((pace.at_a_time(1), pace.at_a_time(100)), (256, 32));
    }
}
