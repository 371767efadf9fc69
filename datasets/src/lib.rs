//! Where prints come from: public corpora on this machine, and generators of synthetic ones; and how well they are matched.

pub mod corpus;
pub mod evaluation;
pub mod synthetic;
pub mod templates;
