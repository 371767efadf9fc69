//! Puts the subbands together to the image, split by split, in the reverse order of analysis.
//!
//! Columns come first, then rows, and every sum runs from the low-pass to the high-pass taps by
//! rising position: that is the order of the reference decoder, and in `f32` arithmetic another
//! order would round some pixels differently. Both passes add whole runs of neighbouring samples
//! per tap, so that memory is walked in order and the compiler can use vector instructions.

use super::filters::{Band, MARGIN, Synthesis, Tap};
use super::subbands::{Rect, Split};

/// Undoes all `splits` whose subbands are not all zero. `image` is `stride` pixels wide.
pub(super) fn reconstruct(
    image: &mut [f32],
    stride: usize,
    splits: &[Split],
    coded: &[bool],
    synthesis: &Synthesis,
    scratch: &mut [f32],
) {
    let mut rows = RowBuffers::default();
    for split in splits.iter().rev() {
        let subbands = coded.get(split.subbands.clone()).unwrap_or_default();
        if !subbands.contains(&true) {
            continue;
        }
        let columns = scratch.get_mut(..split.rect.area()).unwrap_or_default();
        join_columns(image, stride, split, synthesis, columns);
        join_rows(columns, image, stride, split, synthesis, &mut rows);
    }
}

/// Starts and lengths of the low-pass and the high-pass half.
pub(super) fn halves(length: usize, high_first: bool) -> [(usize, usize); 2] {
    let (low, high) = (length.div_ceil(2), length / 2);
    if high_first { [(high, low), (0, high)] } else { [(0, low), (low, high)] }
}

/// Joins the upper and lower half of the split in `image` into `columns`, which is as wide as
/// the split.
fn join_columns(image: &[f32], stride: usize, split: &Split, synthesis: &Synthesis, columns: &mut [f32]) {
    let Rect { x, y, .. } = split.rect;
    let (width, height) = (split.rect.width, split.rect.height);
    let [low, high] = halves(height, split.high_top);
    for (position, row) in columns.chunks_exact_mut(width.max(1)).enumerate() {
        row.fill(0.0);
        let middle = (position / 2).cast_signed();
        for (band, (first, count)) in [(&synthesis.low, low), (&synthesis.high, high)] {
            for tap in band.taps(position % 2 == 1) {
                let source = band.source(middle + tap.offset, count, height);
                let Some((index, sign)) = source else {
                    continue;
                };
                let start = (y + first + index) * stride + x;
                let line = image.get(start..).unwrap_or_default();
                add_scaled(row, line, tap.weight * sign);
            }
        }
    }
}

pub(super) fn add_scaled(sum: &mut [f32], values: &[f32], weight: f32) {
    for (sum, &value) in sum.iter_mut().zip(values) {
        *sum += value * weight;
    }
}

/// One half of a row with its mirrored margins, reused from row to row.
#[derive(Debug, Default)]
struct Padded {
    samples: Vec<f32>,
    /// Places in `samples` that are not a plain copy: place, coefficient and sign.
    margins: Vec<(usize, usize, f32)>,
    start: usize,
    count: usize,
}

#[derive(Debug, Default)]
struct RowBuffers {
    low: Padded,
    high: Padded,
    even: Vec<f32>,
    odd: Vec<f32>,
}

impl Padded {
    /// Prepares for rows of `length` outputs, whose half `(start, count)` this is.
    fn prepare(&mut self, band: &Band, (start, count): (usize, usize), length: usize) {
        (self.start, self.count) = (start, count);
        let places = count + 2 * MARGIN + 1;
        self.samples.clear();
        self.samples.resize(places, 0.0);
        self.margins.clear();
        for place in (0..MARGIN).chain(MARGIN + count..places) {
            let k = place.cast_signed() - MARGIN.cast_signed();
            if let Some((index, sign)) = band.source(k, count, length) {
                self.margins.push((place, index, sign));
            }
        }
    }

    /// Takes this half from a row.
    fn load(&mut self, row: &[f32]) {
        let half = row.get(self.start..).unwrap_or_default();
        let half = half.get(..self.count).unwrap_or_default();
        let inner = self.samples.iter_mut().skip(MARGIN);
        inner.zip(half).for_each(|(to, &from)| *to = from);
        for &(place, index, sign) in &self.margins {
            let value = half.get(index).copied().unwrap_or_default();
            if let Some(sample) = self.samples.get_mut(place) {
                *sample = value * sign;
            }
        }
    }

    /// Adds this half's part to all even or all odd outputs.
    fn add_to(&self, sums: &mut [f32], taps: &[Tap]) {
        for tap in taps {
            let start = MARGIN.saturating_add_signed(tap.offset);
            let samples = self.samples.get(start..).unwrap_or_default();
            add_scaled(sums, samples, tap.weight);
        }
    }
}

/// Joins the left and right half of every row of `columns` into the split's place in `image`.
fn join_rows(
    columns: &[f32],
    image: &mut [f32],
    stride: usize,
    split: &Split,
    synthesis: &Synthesis,
    buffers: &mut RowBuffers,
) {
    let Rect { x, y, width, .. } = split.rect;
    let [low, high] = halves(width, split.high_left);
    let RowBuffers { low: low_half, high: high_half, even, odd } = buffers;
    low_half.prepare(&synthesis.low, low, width);
    high_half.prepare(&synthesis.high, high, width);
    even.resize(width.div_ceil(2), 0.0);
    odd.resize(width / 2, 0.0);
    let rows = columns.chunks_exact(width.max(1));
    let outputs = image.chunks_exact_mut(stride.max(1)).skip(y);
    for (row, output) in rows.zip(outputs) {
        low_half.load(row);
        high_half.load(row);
        for (sums, is_odd) in [(&mut *even, false), (&mut *odd, true)] {
            sums.fill(0.0);
            low_half.add_to(sums, synthesis.low.taps(is_odd));
            high_half.add_to(sums, synthesis.high.taps(is_odd));
        }
        let output = output.get_mut(x..).unwrap_or_default();
        let output = output.get_mut(..width).unwrap_or_default();
        interleave(even, odd, output);
    }
}

fn interleave(even: &[f32], odd: &[f32], output: &mut [f32]) {
    let mut pairs = output.chunks_exact_mut(2);
    for (pair, (&first, &second)) in pairs.by_ref().zip(even.iter().zip(odd)) {
        pair.copy_from_slice(&[first, second]);
    }
    if let ([end], Some(&last)) = (pairs.into_remainder(), even.last()) {
        *end = last;
    }
}
