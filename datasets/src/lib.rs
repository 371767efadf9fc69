//! Where prints come from: public corpora on this machine, and generators of synthetic ones; and how well they are told apart.

pub mod corpus;
pub mod evaluation;
pub mod population;
pub mod templates;
