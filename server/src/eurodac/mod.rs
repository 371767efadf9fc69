//! The law, and nothing else: pure functions and closed types in the regulation's terms. No HTTP, no disk, no clock.
//!
//! Read it beside the rules: [`model`] (who and what), [`start`] (who takes part, and since when), [`transmission`] (what may be
//! sent), [`prints`] (of which fingers), [`admission`] (what is entered), [`comparison`] (who is compared with what), [`hits`] (what
//! follows from a match), [`retention`] (until when), [`erasure`] (why sooner), [`blocking`] (of recognised refugees), [`amendment`]
//! and [`notices`] (of what is wrong), [`disclosure`] (who sees what), [`rights`] (of data subjects), [`operation`] and [`audit`]
//! (what is recorded, and for how long), [`statistics`] (what is counted); [`rules`] lists them all.
//! "R-..." are the numbered rules; "Art." is an article of COM(1999) 260.

pub mod admission;
pub mod amendment;
pub mod audit;
pub mod blocking;
pub mod comparison;
pub mod disclosure;
pub mod erasure;
pub mod hits;
pub mod model;
pub mod notices;
pub mod operation;
pub mod prints;
pub mod retention;
pub mod rights;
pub mod rules;
pub mod start;
pub mod statistics;
pub mod transmission;
