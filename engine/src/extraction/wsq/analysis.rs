//! Splits an image into its 64 subbands: the way that [`super::wavelet`] goes back.
//!
//! Rows come first, then columns, split by split. The filters are the pair of lengths 9 and 7 that the FBI prescribes
//! (IAFIS-IC-0110, part 3). Beyond the border the signal is mirrored on its last sample, so that an image of any size has
//! as many coefficients as pixels.

use super::subbands::{Rect, Split};
use super::wavelet::{add_scaled, halves};

/// Right half of the low-pass filter, the middle first.
pub(super) const LOW: [f64; 5] = [
    0.852_698_679_009_40,
    0.377_402_855_612_65,
    -0.110_624_404_418_42,
    -0.023_849_465_019_38,
    0.037_828_455_506_99,
];
/// Right half of the high-pass filter, the middle first.
pub(super) const HIGH: [f64; 4] =
    [0.788_485_616_405_66, -0.418_092_273_222_21, -0.040_689_417_609_56, 0.064_538_882_628_94];

/// How far beyond the border a filter reaches, in pairs of samples.
const MARGIN: isize = 2;

/// The weight of the sample at an output's position plus `offset`.
#[derive(Debug, Clone, Copy)]
struct Tap {
    offset: isize,
    weight: f32,
}

/// One half of the output: coefficient `k` is around sample `2 k + centre`.
#[derive(Debug)]
struct Half {
    centre: isize,
    taps: Vec<Tap>,
}

impl Half {
    #[expect(clippy::cast_possible_truncation, reason = "the image is f32, and so are its filters")]
    fn new(centre: isize, half: &[f64]) -> Self {
        let right = (0_isize..).zip(half).map(|(offset, &weight)| Tap { offset, weight: weight as f32 });
        let left = right.clone().skip(1).map(|tap| Tap { offset: -tap.offset, ..tap });
        Self { centre, taps: left.chain(right).collect() }
    }
}

/// Makes all `splits`, in their order, of `image`, which is `stride` pixels wide. `scratch` is as large.
pub(super) fn decompose(image: &mut [f32], stride: usize, splits: &[Split], scratch: &mut [f32]) {
    let filters = [Half::new(0, &LOW), Half::new(1, &HIGH)];
    for split in splits {
        let rows = scratch.get_mut(..split.rect.area()).unwrap_or_default();
        split_rows(image, stride, split, &filters, rows);
        split_columns(rows, image, stride, split, &filters);
    }
}

/// The sample that stands at `position`, inside or mirrored.
fn mirrored(position: isize, length: usize) -> usize {
    let last = length.cast_signed() - 1;
    let place = position.rem_euclid((2 * last).max(1));
    usize::try_from(place.min(2 * last - place)).unwrap_or_default()
}

/// Splits the rows of the rectangle in `image` into `rows`, which is as wide as the rectangle.
fn split_rows(image: &[f32], stride: usize, split: &Split, filters: &[Half; 2], rows: &mut [f32]) {
    let Rect { x, y, width, .. } = split.rect;
    let starts = halves(width, split.high_left);
    let pairs = width.div_ceil(2).cast_signed() + MARGIN;
    // Even and odd samples apart, with their margins, so that each tap weighs a run of neighbours.
    let sources: [Vec<usize>; 2] =
        [0, 1].map(|phase| (-MARGIN..pairs).map(|k| mirrored(2 * k + phase, width)).collect());
    let mut phases = [vec![0.0; sources[0].len()], vec![0.0; sources[1].len()]];
    let lines = image.chunks_exact(stride.max(1)).skip(y);
    for (line, output) in lines.zip(rows.chunks_exact_mut(width.max(1))) {
        let line = line.get(x..).unwrap_or_default();
        for (samples, sources) in phases.iter_mut().zip(&sources) {
            for (sample, &source) in samples.iter_mut().zip(sources) {
                *sample = line.get(source).copied().unwrap_or_default();
            }
        }
        output.fill(0.0);
        for (filter, (start, count)) in filters.iter().zip(starts) {
            let sums = output.get_mut(start..).and_then(|half| half.get_mut(..count)).unwrap_or_default();
            for tap in &filter.taps {
                let offset = filter.centre + tap.offset;
                let [even, odd] = &phases;
                let samples = if offset.rem_euclid(2) == 0 { even } else { odd };
                let first = usize::try_from(offset.div_euclid(2) + MARGIN).unwrap_or_default();
                add_scaled(sums, samples.get(first..).unwrap_or_default(), tap.weight);
            }
        }
    }
}

/// Splits the columns of `rows` into the rectangle's place in `image`.
fn split_columns(rows: &[f32], image: &mut [f32], stride: usize, split: &Split, filters: &[Half; 2]) {
    let Rect { x, y, width, height } = split.rect;
    for (filter, (start, count)) in filters.iter().zip(halves(height, split.high_top)) {
        let outputs = image.chunks_exact_mut(stride.max(1)).skip(y + start).take(count);
        for (k, output) in (0_isize..).zip(outputs) {
            let output = output.get_mut(x..).and_then(|row| row.get_mut(..width)).unwrap_or_default();
            output.fill(0.0);
            for tap in &filter.taps {
                let source = mirrored(2 * k + filter.centre + tap.offset, height);
                add_scaled(output, rows.get(source * width..).unwrap_or_default(), tap.weight);
            }
        }
    }
}
