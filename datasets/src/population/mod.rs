//! Synthetic people: as many as one likes, each with ten fingers, each finger with as many impressions.
//!
//! A gallery of millions is needed to measure speed and false matches at scale, and a frozen cohort to normalise scores
//! with; real prints in such numbers are personal data. So people are drawn from statistics: [`Person`] has what ten
//! fingers share, [`Master`] is one whole finger (flow of the ridges, minutiae, how reliable each is), and an impression
//! is what mindtct would find on one touch of it on a [`Sensor`]. All are functions of a seed and of numbers: person 7 is
//! the same person however many are made, in whatever order and on whatever machine.
//!
//! `docs/src/population.md` shows how the statistics compare with real prints. *What this is not:* evidence of accuracy. Its
//! people are more alike in some ways, and less in others, than real ones.

mod cohort;
mod image;
mod impression;
mod master;
mod orientation;
mod person;
mod random;
mod ridges;
mod touch;

pub use cohort::{COHORT_SIZE, cohort, cohort_file};
pub use image::{RidgeImage, Skin};
pub use master::{Master, MasterMinutia};
pub use orientation::{Orientation, Pattern};
pub use person::Person;
pub use touch::Sensor;

/// Everybody that one seed stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Population {
    seed: u64,
}

impl Population {
    /// Names what [`Population::person`] gives. It changes whenever one bit of any minutia does, so that what was generated
    /// is not taken for what would be.
    pub const VERSION: &str = "whorl-population-1";

    /// The people of this seed.
    pub fn new(seed: u64) -> Self {
        Self { seed }
    }

    /// The person of this number; any number is somebody.
    pub fn person(&self, number: u64) -> Person {
        Person::new(self.seed, number)
    }
}
