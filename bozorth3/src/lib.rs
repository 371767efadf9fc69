//! NIST bozorth3, behind one safe function: the matcher that everyone has, to compare with.
//!
//! The C is public-domain code of the United States government, carried by the crate `nbis-rs`. *Why not that crate's own
//! `compare`:* it is not NIST's program. It hands over the minutiae by quality, where the C needs them by x (it stops
//! looking at the first neighbour that is too far to the right), angles of 0 to 359 where it needs -179 to 180, and up to
//! 200 minutiae where NIST takes the best 150. This crate prepares them as NIST's program does, and gets NIST's scores
//! (`tests/conformance.rs`).
//!
//! *Failure.* The C keeps its state in globals, so that a lock lets one comparison run at a time in a process; who wants more
//! starts processes. It has fixed tables and was not written for hostile minutiae: give it a process of its own.

mod ffi;
pub mod xyt;

use serde::{Deserialize, Serialize};

use xyt::Xyt;

/// Most minutiae of a print that are compared: the default of NIST's program.
pub const MINUTIAE_MAX: usize = 150;

/// Fewer minutiae than this, on either side, score 0: the default of NIST's program.
pub const MINUTIAE_MIN: usize = 10;

/// The minutiae of one print as bozorth3 wants them: the best by quality, by x and then y.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Template {
    /// x, y, and direction from -179 to 180 degrees.
    rows: Vec<[i32; 3]>,
}

impl Template {
    /// Takes the best [`MINUTIAE_MAX`], as NIST's program does.
    pub fn new(minutiae: &[Xyt]) -> Self {
        let mut best: Vec<&Xyt> = minutiae.iter().collect();
        if best.len() > MINUTIAE_MAX {
            let qualities: Vec<u8> = minutiae.iter().map(|minutia| minutia.quality).collect();
            let order = ffi::order_decreasing(&qualities).unwrap_or_else(|| (0..minutiae.len()).collect());
            best = order.iter().take(MINUTIAE_MAX).map(|&at| &minutiae[at]).collect();
        }
        best.sort_by_key(|minutia| (minutia.x, minutia.y));
        let folded = |degrees: u16| i32::from(degrees) - if degrees > 180 { 360 } else { 0 };
        let row = |minutia: &&Xyt| [minutia.x, minutia.y, folded(minutia.theta)];
        Self { rows: best.iter().map(row).collect() }
    }
}

/// How alike two prints are: 0 or more; above 40 is what NIST calls a likely match. Not symmetric.
pub fn score(probe: &Template, reference: &Template) -> u32 {
    if probe.rows.len() < MINUTIAE_MIN || reference.rows.len() < MINUTIAE_MIN {
        return 0;
    }
    ffi::score(&probe.rows, &reference.rows)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn minutiae_are_taken_by_quality_and_stand_by_place() {
        let minutia = |x, theta, quality| Xyt { x, y: 0, theta, quality };
        let mut many: Vec<_> = (0..200).map(|x| minutia(x, 0, 50)).collect();
        many.push(minutia(-5, 181, 90));
        let template = Template::new(&many);
        assert_eq!((template.rows.len(), template.rows[0]), (MINUTIAE_MAX, [-5, 0, -179]));
        assert!(template.rows.is_sorted());
    }

    #[test]
    fn too_few_minutiae_score_nothing() {
        let few = Template::new(&[Xyt { x: 1, y: 1, theta: 1, quality: 1 }; 9]);
        assert_eq!(score(&few, &few), 0);
    }
}
