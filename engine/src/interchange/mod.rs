//! What other systems write and read: one codec a standard, encode and decode side by side.
//!
//! [`Standard`] is the common entrance to minutiae records: it tells the standards apart, and reads and writes fingers at 500 ppi in
//! any. [`ansi_nist_itl`] is of whole transactions.

#![forbid(unsafe_code)]

pub mod ansi_378_2004;
pub mod ansi_378_2009;
pub mod ansi_nist_itl;
mod fields;
pub mod iso_19794_2_2005;
pub mod iso_19794_2_2011;
mod minutiae_record;
mod parts;
#[cfg(test)]
mod tests;

pub use fields::RecordError;
pub use minutiae_record::{Finger, Standard};
pub use parts::{FAILED, Image, NOT_REPORTED, WrittenMinutia};
