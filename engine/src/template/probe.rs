//! A template to be searched for, with what depends on it alone and so is looked up, not computed, in a comparison.
#![expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "tolerances are cut to 255")]

use super::{LENGTH_SHIFT, Template, TemplateRef};
use crate::normalisation::Normalisation;
use crate::tunables as t;

/// Entries of [`Probe::tolerances`].
pub const TOLERANCES: usize = t::STAGE1_MINUTIAE * t::STAGE1_MINUTIAE;
/// Entries of [`Probe::link_tolerances`].
pub const LINK_TOLERANCES: usize = t::STAGE2_MINUTIAE * t::STAGE2_MINUTIAE;
/// Largest tolerance, 31.9 px, and largest error that is told from others. Unit: eighths of a pixel.
/// It keeps a squared error in 16 bits; pairs more than 312 px apart are held to it.
pub const TOLERANCE_MAX: u8 = 255;

/// One finger to be compared.
#[derive(Clone)]
pub struct Probe {
    template: Template,
    tolerances: Box<[u16; TOLERANCES]>,
    link_tolerances: Box<[u32; LINK_TOLERANCES]>,
    normalisation: Normalisation,
}

impl Probe {
    /// Adds the squared tolerance of each pair of minutiae, and the normalisation of its scores.
    pub fn new(template: Template) -> Self {
        let mut probe = Self::without_normalisation(template);
        probe.normalisation = Normalisation::of_probe(&probe);
        probe
    }

    /// The same, but for the normalisation, which is that of the cohort itself: none.
    pub(crate) fn without_normalisation(template: Template) -> Self {
        let mut tolerances = Box::new([0; TOLERANCES]);
        let view = template.view();
        for i in 0..view.stage1_count() {
            for k in 0..view.stage1_count() {
                let ((xi, yi, _), (xk, yk, _)) = (view.geometry(i), view.geometry(k));
                tolerances[i * t::STAGE1_MINUTIAE + k] = squared_tolerance(xk - xi, yk - yi);
            }
        }
        let link_tolerances = link_tolerances(view);
        Self { template, tolerances, link_tolerances, normalisation: Normalisation::default() }
    }

    /// The template.
    pub fn template(&self) -> &Template {
        &self.template
    }

    /// Of the scores that it gets as a probe.
    pub fn normalisation(&self) -> Normalisation {
        self.normalisation
    }

    /// Squared tolerances of links in stage 2, in 1/64 square pixels, below 2^23: row i, column k.
    pub fn link_tolerances(&self) -> &[u32; LINK_TOLERANCES] {
        &self.link_tolerances
    }

    /// Squared tolerances in 1/64 square pixels, 0..=65025, row i, column k.
    pub fn tolerances(&self) -> &[u16; TOLERANCES] {
        &self.tolerances
    }
}

fn link_tolerances(view: TemplateRef<'_>) -> Box<[u32; LINK_TOLERANCES]> {
    let mut tolerances = Box::new([0; LINK_TOLERANCES]);
    for i in 0..view.count() {
        for k in 0..view.count() {
            let ((xi, yi, _), (xk, yk, _)) = (view.geometry(i), view.geometry(k));
            let (dx, dy) = (xk - xi, yk - yi);
            let length = libm::sqrt(f64::from(dx * dx + dy * dy));
            let pixels = t::LINK_TOLERANCE_PX + t::LINK_TOLERANCE_SHARE * length;
            let eighths = libm::round(pixels * f64::from(1u32 << LENGTH_SHIFT)) as u32;
            tolerances[i * t::STAGE2_MINUTIAE + k] = eighths * eighths;
        }
    }
    tolerances
}

/// Of two minutiae this far apart. Unit: pixels in, 1/64 square pixels out.
fn squared_tolerance(dx: i32, dy: i32) -> u16 {
    let length = libm::sqrt(f64::from(dx * dx + dy * dy));
    let pixels = t::OFFSET_TOLERANCE_PX + t::OFFSET_TOLERANCE_SHARE * length;
    let eighths = libm::round(pixels * f64::from(1u32 << LENGTH_SHIFT)).min(f64::from(TOLERANCE_MAX)) as u16;
    eighths * eighths
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tolerances_grow_with_length_up_to_what_a_byte_holds() {
        // 10 px, then 10 + 0.07 * 100 = 17 px, in eighths, squared.
        assert_eq!((squared_tolerance(0, 0), squared_tolerance(-60, 80)), (80 * 80, 136 * 136));
        assert_eq!((squared_tolerance(0, 311), squared_tolerance(2047, 2047)), (254 * 254, 255 * 255));
    }
}
