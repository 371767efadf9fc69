//! How often one may ask: each authority so many times a second, and each address so many times a second in vain.

use std::net::{IpAddr, Ipv4Addr};
use std::num::NonZeroU32;

use governor::{DefaultKeyedRateLimiter, Quota, RateLimiter};
use parking_lot::Mutex;

use super::problem::{Code, Problem};

/// Refusals of an address that nobody is authenticated at, a second; and at once. Each is a record of the journal.
const IN_VAIN: (u32, u32) = (10, 100);
/// Addresses and authorities that are remembered before those that are at rest are forgotten.
const REMEMBERED: usize = 10_000;

/// The limits.
pub struct Limits {
    authorities: DefaultKeyedRateLimiter<String>,
    in_vain: DefaultKeyedRateLimiter<IpAddr>,
    /// Refusals that are not on record yet.
    pending: Mutex<u32>,
}

impl Limits {
    /// Requests of an authority a second; as many at once.
    pub fn new(requests_a_second: NonZeroU32) -> Self {
        let (a_second, at_once) = IN_VAIN;
        let positive = |number| NonZeroU32::new(number).unwrap_or(NonZeroU32::MIN);
        let in_vain = Quota::per_second(positive(a_second)).allow_burst(positive(at_once));
        Self {
            authorities: RateLimiter::keyed(Quota::per_second(requests_a_second)),
            in_vain: RateLimiter::keyed(in_vain),
            pending: Mutex::default(),
        }
    }

    /// One more request of an authority.
    pub fn ask(&self, authority: &str) -> Result<(), Problem> {
        let too_many = || {
            Problem::new(
                Code::RateLimited,
                "your authority asks too often; the operator sets how often it may",
            )
        };
        if self.authorities.len() > REMEMBERED {
            self.authorities.retain_recent();
        }
        self.authorities.check_key(&authority.to_owned()).map_err(|_| too_many())
    }

    /// One more refusal at an address that nobody is authenticated at: whether it is still answered one by one.
    pub fn may_fail(&self, address: Option<IpAddr>) -> bool {
        if self.in_vain.len() > REMEMBERED {
            self.in_vain.retain_recent();
        }
        let address = address.unwrap_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED));
        let may = self.in_vain.check_key(&address).is_ok();
        if !may {
            *self.pending.lock() += 1;
        }
        may
    }

    /// Refusals that are recorded together, with the next one that is (R-ACCESS-4).
    pub fn take_pending(&self) -> u32 {
        core::mem::take(&mut *self.pending.lock())
    }
}
