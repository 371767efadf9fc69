//! Damages files by chance, and reads them: everything in the engine that reads what strangers send.
//!
//! Each target has a corpus, mutations, and a check. A check wants of every input that it is read or refused, without a panic,
//! within a limit of memory and one of time; that an error is short and says where; and of what was read, that it is written
//! again as it was. [`scaling`] wants the same of files made to be slow or to swell.
//!
//! `cargo test -p whorl-engine --test fuzz -- --show-output` says for each target how many inputs it had, and how many were read.
//!
//! | variable | what |
//! | --- | --- |
//! | `WHORL_FUZZ_ITERATIONS` | so many times the usual number of inputs |
//! | `WHORL_FUZZ_SEED` | other inputs; the usual seed is always the same, so that CI fails for a change and never by chance |
//! | `WHORL_FUZZ_TARGET` | one target only, by the name that it prints |
//! | `WHORL_FUZZ_ITERATION` | one input only: what a failure prints repeats it |
//!
//! *Why a loop of our own:* coverage-guided fuzzers (libFuzzer, AFL, behind `bolero` or `cargo fuzz`) want a nightly toolchain or a
//! program beside cargo, and `bolero` and `arbitrary` without one draw values from nothing: such bytes are refused at the
//! first field. `proptest`, which is used elsewhere here, draws from a shape, too; it has no corpus, and its shrinking is of no use
//! where lengths and checksums must be right again after each step. What finds faults in these formats is a sound file with one
//! thing changed and its lengths repaired, which is what the mutations here do. Memory is counted by `allocation-counter`, by
//! thread, so that targets can run beside one another.

#![expect(clippy::unwrap_used, clippy::print_stdout, reason = "helpers of tests are tests too")]

mod corpus;
mod driver;
mod images;
mod minutiae_records;
mod mutations;
mod png_chunks;
mod random;
mod scaling;
mod segments;
mod transactions;
mod transactions_mutated;
mod wsq;
