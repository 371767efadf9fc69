//! Where prints come from: public corpora on this machine, and a generator of synthetic ones.

pub mod corpus;
pub mod synthetic;
