//! A real server process that is killed, and one whose disk is full: what it acknowledged is there, and it fails closed.
//!
//! The simulated disk of the server's own tests loses power at every call; it knows nothing of processes, threads, sockets,
//! sled's files, or what a start does. Here all of that is real, and only the power stays on.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::cast_possible_truncation,
    reason = "helpers of tests: what cannot be done fails the test, numbers are small, and figures are printed"
)]

mod checks;
mod clients;
mod fail_closed;
#[path = "../end_to_end/harness.rs"]
#[expect(dead_code, reason = "shared with end_to_end, which uses the rest")]
mod harness;
mod kills;
mod past;
#[path = "../end_to_end/people.rs"]
#[expect(dead_code, reason = "shared with end_to_end, which uses the rest")]
mod people;
#[path = "../end_to_end/schema.rs"]
mod schema;
mod vault;

/// Chance that can be had again from its seed.
pub struct Dice(u64);

impl Dice {
    /// A number below `range`.
    pub fn below(&mut self, range: u64) -> u64 {
        // SplitMix64.
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        (z ^ (z >> 31)) % range
    }
}
