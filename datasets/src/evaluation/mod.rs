//! Accuracy in the field's own measures: which comparisons a protocol makes, and error rates with intervals from their scores.
//!
//! Pure: no files, no images, no matcher. A comparison without a score, because a sample was not extracted, has the score minus
//! infinity, which no threshold accepts: the generalised rates of ISO/IEC 19795-1, in which a failure is an error of the
//! system and not a reason to leave the comparison out.

pub mod bootstrap;
pub mod curve;
pub mod identification;
pub mod tail;
pub mod verification;

#[cfg(test)]
mod identification_tests;
#[cfg(test)]
mod tests;
