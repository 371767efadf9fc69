//! Prints to templates to gallery to candidates: the matcher of Whorl.
//!
//! Read it in the order in which a print goes through it: [`extraction`] (image to minutiae) or [`interchange`]
//! (record to minutiae), [`template`] (minutiae to packed descriptors), [`gallery`] (where templates lie, under labels),
//! [`stages`], [`simd`] and [`backend`] (how they are compared), [`engine`] (what ties them together). Every number that
//! could be another one stands in [`tunables`].
//!
//! The crate knows labels and scopes; it knows nothing of States, categories, HTTP or disks.

pub mod backend;
mod batching;
pub mod calibration;
pub mod engine;
pub mod extraction;
pub mod gallery;
pub mod interchange;
pub mod minutia;
pub mod normalisation;
mod pairing;
mod query;
#[expect(unsafe_code, reason = "instructions that not every machine has can be called in no other way")]
pub mod simd;
pub mod stack;
pub mod stages;
pub mod template;
pub mod tunables;

pub use query::{fused, shortlist_length};
