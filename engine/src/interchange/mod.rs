//! Minutiae records as other systems write them: one codec a standard, encode and decode side by side.

pub mod ansi_nist_itl;
pub mod iso_19794_2_2005;
