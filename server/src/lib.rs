//! Whorl: an open fingerprint Central Unit.
//!
//! Read it in the order in which a transmission goes through it: [`http`] parses ([`ansi_nist`] where a file is sent),
//! [`access`] says who asks, [`eurodac`] is the law, [`central_unit`] is the order of things, [`journal`] is what happens as
//! events, [`database`] and [`store`] are where it lies; [`backup`] is where it lies once more. [`cli`] is the program.

pub mod access;
pub mod ansi_nist;
pub mod backup;
pub mod central_unit;
pub mod cli;
pub mod clock;
pub mod database;
pub mod eurodac;
pub mod files;
pub mod http;
pub mod journal;
pub mod keyring;
pub mod report;
pub mod startup;
pub mod store;

/// R-COMP-5: whatever is freed is overwritten first, so that no print, template or body outlives its use in our memory,
/// whichever library held it. It costs a pass over freed memory; hunting each copy by hand would cost certainty.
#[global_allocator]
static ALLOCATOR: zeroizing_alloc::ZeroAlloc<std::alloc::System> =
    zeroizing_alloc::ZeroAlloc(std::alloc::System);
