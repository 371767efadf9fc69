//! How wide the bins of each subband are, so that the file gets about the size that is asked for (IAFIS-IC-0110, part 3).
//!
//! A subband whose coefficients vary more gets narrower bins before all are scaled by one factor `q`; that factor follows
//! from the rate, under the model that an optimal quantiser spends `log2(σ / Q)` bits on a coefficient. Subbands that would
//! get less than none are taken out of the sum, and `q` is found again, until none is left.

use super::subbands::{Rect, SUBBANDS};

/// Subbands that are ever coded; the four of the highest frequencies are not.
const CODED: usize = 60;
/// Variance below which a subband is not coded.
const VARIANCE_MIN: f64 = 1.01;
/// Sum of the variances of the first four subbands below which the print does not fill the middle of the image.
const MIDDLE_VARIANCE_MIN: f64 = 20_000.0;
/// Most bins on one side of zero: NIST's decoder keeps their numbers in 16 bits with a sign.
const BINS_MAX: f64 = 32_000.0;
/// Fewest coefficients that a variance is taken of. NIST's encoder takes it of none in images of under 100 pixels or so, and
/// loses the subband.
const SAMPLE_MIN: usize = 8;
/// Loading factor: the quantiser is made for coefficients up to this many standard deviations.
const LOADING: f64 = 2.5;

/// For each of the 64 subbands the width of its bins, 0 where it is not coded, at `rate` bits a pixel.
pub(super) fn bin_widths(image: &[f32], stride: usize, subbands: &[Rect], rate: f64) -> Vec<f64> {
    let variances = variances(image, stride, subbands);
    let mut widths = vec![0.0; SUBBANDS];
    for ((index, width), &variance) in widths.iter_mut().enumerate().zip(&variances).take(CODED) {
        if variance >= VARIANCE_MIN {
            *width = relative_width(index, variance);
        }
    }
    let scale = scale(&widths, &variances, rate);
    let wide_enough = |(&width, rect): (&f64, &Rect)| {
        let least = f64::from(largest(image, stride, rect)) / BINS_MAX;
        if width > 0.0 { (width / scale).max(least) } else { 0.0 }
    };
    widths.iter().zip(subbands).map(wide_enough).collect()
}

/// The size of the largest coefficient of a subband.
fn largest(image: &[f32], stride: usize, rect: &Rect) -> f32 {
    rows(image, stride, rect).flatten().fold(0.0, |largest, value| largest.max(value.abs()))
}

/// The rows of a rectangle.
fn rows<'a>(image: &'a [f32], stride: usize, rect: &Rect) -> impl Iterator<Item = &'a [f32]> {
    let Rect { x, y, width, height } = *rect;
    let row = move |row: &'a [f32]| row.get(x..).and_then(|row| row.get(..width)).unwrap_or_default();
    image.chunks_exact(stride.max(1)).skip(y).take(height).map(row)
}

/// Bin width of a subband before scaling.
fn relative_width(index: usize, variance: f64) -> f64 {
    let weight = match index {
        0..4 => return 1.0,
        52 | 56 => 1.32,
        54 | 57 => 1.42,
        53 | 55 | 58 | 59 => 1.08,
        _ => 1.0,
    };
    10.0 / (weight * libm::log(variance))
}

/// Share of the image's pixels that a subband has: one in four for each level of splitting.
fn share(index: usize) -> f64 {
    match index {
        0..4 => 1.0 / 1024.0,
        4..51 => 1.0 / 256.0,
        _ => 1.0 / 16.0,
    }
}

/// The factor `q` that all widths are divided by.
fn scale(widths: &[f64], variances: &[f64], rate: f64) -> f64 {
    // Share, relative width and standard deviation of each coded subband.
    let coded = widths.iter().zip(variances).enumerate().filter(|(_, (width, _))| **width > 0.0);
    let mut coded: Vec<(f64, f64, f64)> =
        coded.map(|(index, (&width, &variance))| (share(index), width, libm::sqrt(variance))).collect();
    loop {
        let shares: f64 = coded.iter().map(|(share, ..)| share).sum();
        if shares == 0.0 {
            return 1.0;
        }
        let bits: f64 = coded.iter().map(|(share, width, sigma)| share * libm::log(sigma / width)).sum();
        let scale = libm::exp2(rate / shares - 1.0) / LOADING * libm::exp(-bits / shares);
        let before = coded.len();
        coded.retain(|(_, width, sigma)| width / scale < 2.0 * LOADING * sigma);
        if coded.len() == before || coded.is_empty() {
            return scale;
        }
    }
}

/// Variances of the coded subbands: in the middle, where the print is, or of the whole where the middle is smooth.
fn variances(image: &[f32], stride: usize, subbands: &[Rect]) -> Vec<f64> {
    let middle = |rect: &Rect| {
        let middle = Rect {
            x: rect.x + rect.width / 8,
            y: rect.y + 9 * rect.height / 32,
            width: 3 * rect.width / 4,
            height: 7 * rect.height / 16,
        };
        if middle.area() < SAMPLE_MIN { *rect } else { middle }
    };
    let of =
        |rects: &[Rect]| -> Vec<f64> { rects.iter().map(|rect| variance(image, stride, rect)).collect() };
    let coded = subbands.get(..CODED).unwrap_or_default();
    let in_the_middle = of(&coded.iter().map(middle).collect::<Vec<_>>());
    if in_the_middle.iter().take(4).sum::<f64>() < MIDDLE_VARIANCE_MIN { of(coded) } else { in_the_middle }
}

fn variance(image: &[f32], stride: usize, rect: &Rect) -> f64 {
    let (mut count, mut sum, mut squares) = (0.0_f64, 0.0_f64, 0.0_f64);
    for &value in rows(image, stride, rect).flatten() {
        let value = f64::from(value);
        count += 1.0;
        sum += value;
        squares += value * value;
    }
    if count < 2.0 { 0.0 } else { ((squares - sum * sum / count) / (count - 1.0)).max(0.0) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn more_bits_make_narrower_bins_and_none_where_nothing_varies() {
        let subbands = super::super::subbands::Layout::new(128, 128).subbands;
        let noise: Vec<f32> =
            (0..128 * 128_u32).map(|n| (n.wrapping_mul(2_654_435_761) >> 24) as f32).collect();
        let [low, high] = [0.75, 2.25].map(|rate| bin_widths(&noise, 128, &subbands, rate));
        assert!(low[..CODED].iter().zip(&high).all(|(low, high)| low > high && *high > 0.0));
        assert_eq!(low[CODED..], [0.0; 4]);
        assert_eq!(bin_widths(&[7.0; 128 * 128], 128, &subbands, 0.75), [0.0; SUBBANDS]);
    }
}
