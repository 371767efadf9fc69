//! The quality gate: a set that cannot be compared is refused while its person is still there (R-DATA-6).
//!
//! Two figures, made from the minutiae alone, so that images and minutiae records meet the same bar: how many there are,
//! and the area of their convex hull.

use serde::Serialize;

use crate::minutia::Minutia;
use crate::tunables as t;

/// What the gate measures.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Quality {
    /// Number of minutiae.
    pub minutiae: usize,
    /// Area of their convex hull. Unit: square millimetres, rounded down.
    pub area_mm2: u32,
}

/// Why a set cannot be compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum TooPoor {
    /// R-DATA-6: too few minutiae.
    #[error("{0} minutiae were found, at least {min} are needed", min = t::GATE_MINUTIAE_MIN)]
    Minutiae(usize),
    /// R-DATA-6: too small an area.
    #[error("the minutiae span {0} mm², at least {min} mm² are needed", min = t::GATE_AREA_MM2_MIN)]
    Area(u32),
    /// No finger is so large: the resolution must be wrong.
    #[error(
        "the minutiae span more than {} pixels at 500 ppi: no finger does",
        crate::template::EXTENT_PX_MAX
    )]
    Extent,
}

/// Measures a set and refuses it where it cannot be compared (R-DATA-6).
pub fn check(minutiae: &[Minutia]) -> Result<Quality, TooPoor> {
    let quality = Quality { minutiae: minutiae.len(), area_mm2: hull_area_mm2(minutiae) };
    if quality.minutiae < t::GATE_MINUTIAE_MIN {
        return Err(TooPoor::Minutiae(quality.minutiae));
    }
    if quality.area_mm2 < t::GATE_AREA_MM2_MIN {
        return Err(TooPoor::Area(quality.area_mm2));
    }
    Ok(quality)
}

type Point = (i64, i64);

/// Convex hull by Andrew's monotone chain, area by the shoelace formula, in whole numbers up to the last division.
fn hull_area_mm2(minutiae: &[Minutia]) -> u32 {
    let mut points: Vec<Point> = minutiae.iter().map(|m| (i64::from(m.x), i64::from(m.y))).collect();
    points.sort_unstable();
    points.dedup();
    let mut hull = half_hull(points.iter().copied());
    hull.extend(half_hull(points.iter().rev().copied()));
    let twice: i64 = hull.iter().zip(hull.iter().cycle().skip(1)).map(|(a, b)| a.0 * b.1 - b.0 * a.1).sum();
    // A pixel at 500 ppi is 0.0508 mm wide: 2580.64e-6 mm².
    u32::try_from(twice.abs() * 258_064 / 200_000_000).unwrap_or(u32::MAX)
}

/// One side of the hull, without its last point.
fn half_hull(points: impl Iterator<Item = Point>) -> Vec<Point> {
    let mut side: Vec<Point> = Vec::new();
    for point in points {
        while let [.., a, b] = side[..] {
            let turn = (b.0 - a.0) * (point.1 - a.1) - (b.1 - a.1) * (point.0 - a.0);
            if turn > 0 {
                break;
            }
            side.pop();
        }
        side.push(point);
    }
    side.pop();
    side
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::minutia::MinutiaType;

    fn grid(side: u16, step: u16) -> Vec<Minutia> {
        (0..side * side)
            .map(|i| Minutia {
                kind: MinutiaType::Other,
                x: 500 + i % side * step,
                y: 20 + i / side * step,
                direction: 0,
                quality: 1,
            })
            .collect()
    }

    #[test]
    fn the_area_is_that_of_the_hull() {
        // 3 x 100 px = 15.24 mm a side.
        assert_eq!(hull_area_mm2(&grid(4, 100)), 232);
        assert_eq!((hull_area_mm2(&[]), hull_area_mm2(&grid(1, 1))), (0, 0));
        let line: Vec<_> = grid(5, 50).into_iter().take(5).collect();
        assert_eq!(hull_area_mm2(&line), 0);
    }

    #[test]
    fn r_data_6_too_few_or_too_close_is_refused_with_the_figure() {
        assert_eq!(check(&grid(3, 100)), Err(TooPoor::Minutiae(9)));
        assert_eq!(check(&grid(4, 20)), Err(TooPoor::Area(9)));
        assert_eq!(check(&grid(4, 100)), Ok(Quality { minutiae: 16, area_mm2: 232 }));
    }
}
