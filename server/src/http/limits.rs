//! How often one may ask: each authority so many times a second, and each address so many times a second in vain.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::num::NonZeroU32;

use governor::{DefaultDirectRateLimiter, DefaultKeyedRateLimiter, Quota, RateLimiter};
use parking_lot::Mutex;

use super::problem::{Code, Problem};

/// Refusals of an address that nobody is authenticated at, a second; and at once. Each is a record of the journal.
const IN_VAIN: (u32, u32) = (10, 200);
/// The same of all addresses: who has many is not recorded more often.
const ALL_IN_VAIN: (u32, u32) = (50, 500);
/// Addresses and authorities that are remembered before those that are at rest are forgotten.
const REMEMBERED: usize = 10_000;

/// The limits.
pub struct Limits {
    authorities: DefaultKeyedRateLimiter<String>,
    in_vain: DefaultKeyedRateLimiter<IpAddr>,
    all_in_vain: DefaultDirectRateLimiter,
    /// Refusals that are not on record yet.
    pending: Mutex<u32>,
}

impl Limits {
    /// Requests of an authority a second; as many at once.
    pub fn new(requests_a_second: NonZeroU32) -> Self {
        let positive = |number| NonZeroU32::new(number).unwrap_or(NonZeroU32::MIN);
        let quota =
            |(a_second, at_once)| Quota::per_second(positive(a_second)).allow_burst(positive(at_once));
        Self {
            authorities: RateLimiter::keyed(Quota::per_second(requests_a_second)),
            in_vain: RateLimiter::keyed(quota(IN_VAIN)),
            all_in_vain: RateLimiter::direct(quota(ALL_IN_VAIN)),
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
        let address = network(address.unwrap_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED)));
        // The limit of all first: beyond it no address is remembered.
        let may = self.all_in_vain.check().is_ok() && self.in_vain.check_key(&address).is_ok();
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

/// Of an address of IPv6 its network: whoever has one address of it has all 2^64.
fn network(address: IpAddr) -> IpAddr {
    match address {
        IpAddr::V4(_) => address,
        IpAddr::V6(v6) => IpAddr::V6(Ipv6Addr::from_bits(v6.to_bits() & (u128::MAX << 64))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn r_access_4_whoever_is_refused_too_often_is_recorded_together_and_many_addresses_are_no_way_around_it()
    {
        let limits = Limits::new(NonZeroU32::MIN);
        let asked = |number: u128, host: u128| IpAddr::V6(Ipv6Addr::from_bits(number << 64 | host));
        let of_one = (0..1000).filter(|&host| limits.may_fail(Some(asked(1, host)))).count();
        assert!((200..400).contains(&of_one), "{of_one} of one network");
        let of_many = (0..10_000).filter(|&network| limits.may_fail(Some(asked(network, 1)))).count();
        assert!(of_many < 1_000 && limits.in_vain.len() < 1_000, "{of_many} of many");
        assert_eq!(limits.take_pending() as usize, 11_000 - of_one - of_many);
        assert_eq!(limits.take_pending(), 0);
    }

    #[test]
    fn an_authority_that_asks_too_often_is_told_and_another_is_not() {
        let limits = Limits::new(NonZeroU32::MIN);
        assert!(limits.ask("a").is_ok() && limits.ask("a").is_err() && limits.ask("b").is_ok());
    }
}
