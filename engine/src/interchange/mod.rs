//! Minutiae records as other systems write them: one codec a standard, encode and decode side by side.

pub mod iso_19794_2_2005;
