//! A template to be searched for, with what depends on it alone and so is looked up, not computed, in a comparison.
#![expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "no tolerance reaches 1 200")]

use super::{LENGTH_SHIFT, Template, TemplateRef};
use crate::normalisation::Normalisation;
use crate::tunables as t;

const K1: usize = t::STAGE1_MINUTIAE;

/// Entries of [`Probe::tolerances`]: one for each pair of minutiae, and half as many as there are minutiae that are 0.
pub const TOLERANCES: usize = K1 / 2 * K1;
/// Entries of [`Probe::link_tolerances`].
pub const LINK_TOLERANCES: usize = t::STAGE2_MINUTIAE * t::STAGE2_MINUTIAE;

/// One finger to be compared.
#[derive(Clone)]
pub struct Probe {
    template: Template,
    tolerances: Box<[u16; TOLERANCES]>,
    link_tolerances: Box<[u32; LINK_TOLERANCES]>,
    link_reaches: Box<[(u32, u32); LINK_TOLERANCES]>,
    normalisation: Normalisation,
}

impl Probe {
    /// Adds the tolerance of each pair of minutiae, and the normalisation of its scores.
    pub fn new(template: Template) -> Self {
        let mut probe = Self::without_normalisation(template);
        probe.normalisation = Normalisation::of_probe(&probe);
        probe
    }

    /// The same, but for the normalisation, which is that of the cohort itself: none.
    pub(crate) fn without_normalisation(template: Template) -> Self {
        let mut tolerances = Box::new([0; TOLERANCES]);
        let view = template.view();
        for (index, entry) in tolerances.iter_mut().enumerate() {
            let (i, steps) = (index % K1, index / K1 + 1);
            let k = (i + steps) % K1;
            // Halfway around, every pair comes up twice; the second time it counts for nothing.
            let again = steps == K1 / 2 && k < i;
            if !again && i.max(k) < view.stage1_count() {
                let ((xi, yi, _), (xk, yk, _)) = (view.geometry(i), view.geometry(k));
                *entry = tolerance(xk - xi, yk - yi);
            }
        }
        let (link_tolerances, link_reaches) = links(view);
        Self { template, tolerances, link_tolerances, link_reaches, normalisation: Normalisation::default() }
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

    /// What the squared length of the offset of two links on the reference is at least, if they agree in stage 2, and by how much it can
    /// be more; in square pixels: row i, column k. A turn changes no length, so it is that of the probe to within the tolerance. Of a
    /// minutia and itself nothing is.
    pub(crate) fn link_reaches(&self) -> &[(u32, u32); LINK_TOLERANCES] {
        &self.link_reaches
    }

    /// How far apart the offsets of two links may be, in eighths of a pixel. That of minutiae i and (i + d) mod 32 is entry
    /// `(d - 1) * 32 + i`, d = 1..=16: in this order 32 lanes meet each other in 16 steps. 0, which lets nothing through, for
    /// minutiae that are not there or too close to each other.
    pub fn tolerances(&self) -> &[u16; TOLERANCES] {
        &self.tolerances
    }
}

#[expect(clippy::type_complexity, reason = "the two fields of a probe")]
fn links(view: TemplateRef<'_>) -> (Box<[u32; LINK_TOLERANCES]>, Box<[(u32, u32); LINK_TOLERANCES]>) {
    let mut tolerances = Box::new([0; LINK_TOLERANCES]);
    let mut reaches = Box::new([(u32::MAX, 0); LINK_TOLERANCES]);
    for i in 0..view.count() {
        for k in 0..view.count() {
            let ((xi, yi, _), (xk, yk, _)) = (view.geometry(i), view.geometry(k));
            let (dx, dy) = (xk - xi, yk - yi);
            let length = libm::sqrt(f64::from(dx * dx + dy * dy));
            let pixels = t::LINK_TOLERANCE_PX + t::LINK_TOLERANCE_SHARE * length;
            let eighths = libm::round(pixels * f64::from(1u32 << LENGTH_SHIFT)) as u32;
            let at = i * t::STAGE2_MINUTIAE + k;
            tolerances[at] = eighths * eighths;
            if i != k {
                // Half a pixel for the tolerance, the offset and its turn being rounded: to an eighth, an eighth and 2^-13 of it.
                let off = f64::from(eighths) / f64::from(1u32 << LENGTH_SHIFT) + 0.5;
                let (least, most) = ((length - off).max(0.0), length + off);
                let least = libm::floor(least * least) as u32;
                reaches[at] = (least, libm::ceil(most * most) as u32 - least);
            }
        }
    }
    (tolerances, reaches)
}

/// Of two minutiae this far apart. Unit: pixels in, eighths of a pixel out, 0..=1198.
fn tolerance(dx: i32, dy: i32) -> u16 {
    let length = libm::sqrt(f64::from(dx * dx + dy * dy));
    if length < t::SUPPORT_DISTANCE_PX {
        return 0;
    }
    let pixels = t::OFFSET_TOLERANCE_PX + t::OFFSET_TOLERANCE_SHARE * length;
    libm::round(pixels * f64::from(1u32 << LENGTH_SHIFT)) as u16
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::minutia::{Minutia, MinutiaType};

    #[test]
    fn tolerances_grow_with_length() {
        // 5 px + 0.05 * 100 px = 10 px.
        assert_eq!((tolerance(0, 23), tolerance(0, 24), tolerance(-60, 80)), (0, 50, 80));
        assert_eq!(tolerance(2047, 2047), 1198);
    }

    #[test]
    fn every_pair_has_one_tolerance() {
        let minutia = |i: u16| Minutia {
            kind: MinutiaType::Other,
            x: (1 << (i % 11)) + 1,
            y: 60 * i,
            direction: 0,
            quality: 0,
        };
        for count in [0, 1, 2, 31, 32] {
            let minutiae: Vec<_> = (0..count).map(minutia).collect();
            let probe = Probe::new(Template::new(&minutiae).unwrap());
            let pairs = probe.tolerances().iter().filter(|&&tolerance| tolerance > 0).count();
            assert_eq!(pairs, usize::from(count) * usize::from(count).saturating_sub(1) / 2);
        }
    }
}
