//! ANSI/NIST-ITL transactions as transmissions, and hits as transactions.
//!
//! The codec is in the engine; here is what a Central Unit takes of a file, and refuses. A file is translated into the JSON transmission
//! that says the same and goes its way, so that there is one closed list of fields and one way in. *Why not a way of its own:* what one of
//! two ways checks the other would forget.

#![forbid(unsafe_code)]

mod mapping;
mod reading;
mod writing;

pub use mapping::{FieldName, Mapping, Values};
pub use reading::{Translation, Unusable, Why, translate};
pub use writing::{Unwritable, of_hit};
