//! The law, and nothing else: pure functions and closed types in the regulation's terms. No HTTP, no disk, no clock.
//!
//! Read it beside the rules: [`model`] (who and what), [`transmission`] (what may be sent), [`admission`] (what is
//! entered), [`comparison`] (who is compared with what), [`retention`] (until when), [`erasure`] (why sooner),
//! [`disclosure`] (who sees what).
//! "R-..." are the numbered rules; "Art." is an article of COM(1999) 260.

pub mod admission;
pub mod audit;
pub mod comparison;
pub mod disclosure;
pub mod erasure;
pub mod model;
pub mod retention;
pub mod transmission;
