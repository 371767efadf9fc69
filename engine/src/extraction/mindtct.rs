//! NIST mindtct, through the crate that carries its public-domain C, to minutiae as ISO/IEC 19794-2:2005 has them.
//!
//! The C keeps state in globals: one call at a time in a process. Workers are single-threaded; here a lock sees to it for
//! everyone else.
#![expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "rounded and clamped or reduced to the byte that ISO has"
)]

use std::sync::{Mutex, PoisonError};

use image::GrayImage;
use nbis::MinutiaKind;

use super::ExtractionError;
use crate::minutia::{Minutia, MinutiaType};
use crate::tunables::RESOLUTION_PPI;

static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());

/// Extracts the minutiae of an image at 500 ppi, in mindtct's order (from the top).
pub fn minutiae(grey: &GrayImage) -> Result<Vec<Minutia>, ExtractionError> {
    let pgm = pgm(grey);
    let guard = ONE_AT_A_TIME.lock().unwrap_or_else(PoisonError::into_inner);
    let found = nbis::extract_minutiae(&pgm, Some(f64::from(RESOLUTION_PPI)))
        .map_err(|error| ExtractionError::Mindtct(format!("{error:?}")))?;
    drop(guard);
    Ok(found.get().iter().filter_map(|m| to_iso(m)).collect())
}

/// The crate wants a whole image file; this one costs a header.
fn pgm(grey: &GrayImage) -> Vec<u8> {
    let mut bytes = format!("P5 {} {} 255\n", grey.width(), grey.height()).into_bytes();
    bytes.extend(grey.as_raw());
    bytes
}

/// Directions come in 32nds of a turn and are whole ISO units; reliability 0-1 becomes quality 1-100.
fn to_iso(m: &nbis::Minutia) -> Option<Minutia> {
    Some(Minutia {
        kind: match m.kind() {
            MinutiaKind::RidgeEnding => MinutiaType::RidgeEnding,
            MinutiaKind::Bifurcation => MinutiaType::RidgeBifurcation,
        },
        x: u16::try_from(m.x()).ok()?,
        y: u16::try_from(m.y()).ok()?,
        direction: (libm::round(m.angle() * 256.0 / 360.0) as u32 % 256) as u8,
        quality: libm::round(m.reliability() * 100.0).clamp(1.0, 100.0) as u8,
    })
}
