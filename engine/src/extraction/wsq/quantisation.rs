//! The quantisation table, and the way back from quantised to wavelet coefficients.
//!
//! WSQ gives every subband its own bin width and a wider bin around zero. A bin width of zero
//! means that the subband was not coded at all and is zero throughout.

use super::error::WsqError;
use super::markers::Reader;
use super::subbands::{Rect, SUBBANDS};

/// How one subband was quantised.
#[derive(Debug, Clone, Copy)]
struct Bins {
    /// Width of every bin but the one around zero.
    width: f32,
    /// Width of the bin around zero.
    zero_width: f32,
}

/// How every subband was quantised.
#[derive(Debug, Clone)]
pub(super) struct Quantisation {
    /// Where in its bin a coefficient is put back; 0.5 would be the middle.
    centre: f32,
    /// One for each of the 64 subbands, in order.
    bins: Vec<Bins>,
}

impl Quantisation {
    pub(super) fn read(body: &mut Reader<'_>) -> Result<Self, WsqError> {
        let centre = body.decimal16("quantisation bin centre")?;
        let bins = (0..SUBBANDS)
            .map(|_| {
                Ok(Bins {
                    width: body.decimal16("quantisation bin width")?,
                    zero_width: body.decimal16("quantisation zero bin width")?,
                })
            })
            .collect::<Result<_, WsqError>>()?;
        body.finish("excess length of the quantisation table")?;
        Ok(Self { centre, bins })
    }

    /// For every subband in order, whether it was coded.
    pub(super) fn coded(&self) -> impl Iterator<Item = bool> {
        self.bins.iter().map(|bins| bins.width != 0.0)
    }

    /// Puts `coefficients`, the coded subbands one after another by rows, into their
    /// rectangles of `image`, which is zero elsewhere and `stride` pixels wide.
    pub(super) fn restore(&self, coefficients: &[f32], subbands: &[Rect], image: &mut [f32], stride: usize) {
        let mut rest = coefficients;
        for (bins, rect) in self.bins.iter().zip(subbands) {
            if bins.width == 0.0 {
                continue;
            }
            let count = rect.area().min(rest.len());
            let (band, after) = rest.split_at(count);
            rest = after;
            let rows = image.chunks_exact_mut(stride.max(1)).skip(rect.y);
            for (row, values) in rows.zip(band.chunks(rect.width.max(1))) {
                let row = row.get_mut(rect.x..).unwrap_or_default();
                for (pixel, &value) in row.iter_mut().zip(values) {
                    *pixel = bins.restore(value, self.centre);
                }
            }
        }
    }
}

impl Bins {
    fn restore(self, value: f32, centre: f32) -> f32 {
        if value > 0.0 {
            self.width * (value - centre) + self.zero_width / 2.0
        } else if value < 0.0 {
            self.width * (value + centre) - self.zero_width / 2.0
        } else {
            0.0
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bins_are_symmetric_around_zero() {
        let bins = Bins { width: 4.0, zero_width: 6.0 };
        assert_eq!(bins.restore(0.0, 0.25), 0.0);
        assert_eq!(bins.restore(2.0, 0.25), 10.0);
        assert_eq!(bins.restore(-2.0, 0.25), -10.0);
    }
}
