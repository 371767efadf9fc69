//! The synthesis filters: read from the transform table, and how they meet the borders.
//!
//! The file holds one half of each analysis filter, which are symmetric. The synthesis filters
//! follow from them by changing every other sign and swapping low with high. Beyond the border
//! the signal is mirrored, on the last sample where the filters have odd lengths and half a
//! sample outside where they have even ones, high-pass then with changed sign; so an image of
//! any size comes back without extra coefficients.

use super::error::WsqError;
use super::markers::Reader;

/// Longest filter taken; filters in use have 7 to 10 taps.
const MAX_TAPS: u8 = 32;
/// No tap reaches farther than this from the coefficient at half the output's position.
pub(super) const MARGIN: usize = 17;

/// One filter tap: the weight of the coefficient at half the output's position plus `offset`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Tap {
    pub(super) offset: isize,
    pub(super) weight: f32,
}

/// The filter of one half, low-pass or high-pass, and its mirrors at the borders.
#[derive(Debug, Clone)]
pub(super) struct Band {
    /// Taps for even and for odd outputs, by rising offset.
    phases: [Vec<Tap>; 2],
    /// A coefficient `k` before the first one equals the one at `left - k`.
    left: isize,
    /// A coefficient `k` after the last one equals the one at the output's length `- right - k`.
    right: isize,
    /// Sign that a mirrored coefficient takes on.
    sign: f32,
}

/// Both filters that put two halves together.
#[derive(Debug, Clone)]
pub(super) struct Synthesis {
    pub(super) low: Band,
    pub(super) high: Band,
}

impl Synthesis {
    pub(super) fn read(body: &mut Reader<'_>) -> Result<Self, WsqError> {
        let offset = body.offset();
        let low_taps = length(body, "number of low-pass filter taps")?;
        let high_taps = length(body, "number of high-pass filter taps")?;
        if low_taps % 2 != high_taps % 2 {
            return Err(WsqError::BadValue {
                offset: offset + 1,
                field: "number of high-pass filter taps",
                value: u32::from(high_taps),
                expected: "odd or even as the low-pass filter's",
            });
        }
        let mut half = |taps: u8| {
            (0..taps.div_ceil(2))
                .map(|_| body.signed_decimal32("filter coefficient"))
                .collect::<Result<Vec<_>, _>>()
        };
        let low = half(low_taps)?;
        let high = half(high_taps)?;
        body.finish("excess length of the transform table")?;
        Ok(Self::new(&low, &high, low_taps % 2 == 1))
    }

    /// From the right halves of the analysis filters, the middle first.
    pub(super) fn new(low: &[f32], high: &[f32], odd: bool) -> Self {
        let alternate = |half: &[f32]| -> Vec<f32> {
            let signs = [1.0, -1.0].into_iter().cycle();
            half.iter().zip(signs).map(|(tap, sign)| tap * sign).collect()
        };
        let from_high = alternate(high);
        let from_low = alternate(low);
        if odd {
            Self {
                low: Band::new(&whole(&from_high, 1, 1.0), -1, [0, 1], 1.0),
                high: Band::new(&whole(&from_low, 1, 1.0), -2, [-1, 2], 1.0),
            }
        } else {
            let from_high: Vec<f32> = from_high.iter().map(|tap| -tap).collect();
            Self {
                low: Band::new(&whole(&from_high, 0, 1.0), -1, [-1, 1], 1.0),
                high: Band::new(&whole(&from_low, 0, -1.0), -1, [-1, 1], -1.0),
            }
        }
    }
}

impl Band {
    /// `shift` is added to half the filter's length to give the tap that output 0 takes from
    /// coefficient 0.
    fn new(filter: &[f32], shift: isize, [left, right]: [isize; 2], sign: f32) -> Self {
        let origin = filter.len().div_ceil(2).cast_signed() + shift;
        let mut phases = [Vec::new(), Vec::new()];
        for (index, &weight) in filter.iter().enumerate().rev() {
            let index = index.cast_signed();
            // Output p takes tap `p - 2k + origin` from coefficient k.
            for (phase, taps) in (0_isize..).zip(&mut phases) {
                let twice = phase + origin - index;
                if twice.rem_euclid(2) == 0 {
                    let offset = twice.div_euclid(2);
                    taps.push(Tap { offset, weight });
                }
            }
        }
        Self { phases, left, right, sign }
    }

    /// The taps for even or for odd outputs.
    pub(super) fn taps(&self, odd: bool) -> &[Tap] {
        let [even_taps, odd_taps] = &self.phases;
        if odd { odd_taps } else { even_taps }
    }

    /// Which of the `count` coefficients stands at `k`, inside or beyond the border, and with
    /// what sign; `None` where the mirrored signal is zero. The output is `length` long.
    pub(super) fn source(&self, k: isize, count: usize, length: usize) -> Option<(usize, f32)> {
        let right = length.cast_signed() - self.right;
        let (mut k, mut sign) = (k, 1.0);
        // In a short signal the mirrors face each other; each round trip gains one or more.
        for _ in 0..4 * MARGIN {
            match usize::try_from(k) {
                Ok(index) if index < count => return Some((index, sign)),
                Ok(_) if right - k == k => return None,
                Ok(_) => k = right - k,
                Err(_) => k = self.left - k,
            }
            sign *= self.sign;
        }
        None
    }
}

/// Joins the right half of a filter with its mirror, sharing the `middle` (0 or 1) first taps.
fn whole(half: &[f32], middle: usize, mirror_sign: f32) -> Vec<f32> {
    let left = half.iter().skip(middle).rev().map(|tap| tap * mirror_sign);
    left.chain(half.iter().copied()).collect()
}

fn length(body: &mut Reader<'_>, field: &'static str) -> Result<u8, WsqError> {
    let offset = body.offset();
    let value = body.u8(field)?;
    if (1..=MAX_TAPS).contains(&value) {
        return Ok(value);
    }
    Err(WsqError::BadValue { offset, field, value: u32::from(value), expected: "1 to 32" })
}
