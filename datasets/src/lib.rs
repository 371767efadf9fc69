//! Where prints come from: public corpora on this machine, and generators of synthetic ones.

pub mod corpus;
pub mod population;
pub mod synthetic;
pub mod templates;
