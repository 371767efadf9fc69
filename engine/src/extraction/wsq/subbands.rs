//! Where each of the 64 subbands lies in the transformed image, and how they were split.
//!
//! The format's drawing of the subbands is one recursive shape: every split gives four
//! quadrants, and walking them depth first yields the subbands in their numbered order. A
//! high-pass half has its spectrum mirrored, so its own halves are stored in reverse, high
//! before low, to keep rising frequencies from left to right and from top to bottom.

use std::ops::Range;

/// Subbands of an image, coded or not.
pub(super) const SUBBANDS: usize = 64;

/// A rectangle of the transformed image.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Rect {
    pub(super) x: usize,
    pub(super) y: usize,
    pub(super) width: usize,
    pub(super) height: usize,
}

impl Rect {
    pub(super) fn area(&self) -> usize {
        self.width.saturating_mul(self.height)
    }
}

/// A rectangle that was split into four quadrants.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Split {
    pub(super) rect: Rect,
    /// Whether the high-pass half is on the left.
    pub(super) high_left: bool,
    /// Whether the high-pass half is on top.
    pub(super) high_top: bool,
    /// The subbands that lie in the rectangle.
    pub(super) subbands: Range<usize>,
}

/// The subbands of an image in order, and its splits in the order they were made.
#[derive(Debug, Clone, Default)]
pub(super) struct Layout {
    pub(super) subbands: Vec<Rect>,
    pub(super) splits: Vec<Split>,
}

/// How a rectangle is split further; the quadrants are left and right above, then below.
enum Shape {
    Leaf,
    Quarters(&'static [Shape; 4]),
}

use Shape::{Leaf, Quarters};

const FOUR: Shape = Quarters(&[Leaf, Leaf, Leaf, Leaf]);
const SIXTEEN: Shape = Quarters(&[FOUR, FOUR, FOUR, FOUR]);
/// Subbands 0 to 18.
const LOWEST: Shape = Quarters(&[Quarters(&[FOUR, Leaf, Leaf, Leaf]), FOUR, FOUR, FOUR]);
/// Subbands 0 to 51.
const LOW: Shape = Quarters(&[LOWEST, SIXTEEN, SIXTEEN, Leaf]);
const IMAGE: Shape = Quarters(&[LOW, FOUR, FOUR, FOUR]);

impl Layout {
    pub(super) fn new(width: usize, height: usize) -> Self {
        let mut layout = Self::default();
        let rect = Rect { x: 0, y: 0, width, height };
        layout.add(&IMAGE, rect, false, false);
        layout
    }

    fn add(&mut self, shape: &Shape, rect: Rect, high_left: bool, high_top: bool) {
        let first = self.subbands.len();
        let Quarters(quarters) = shape else {
            self.subbands.push(rect);
            return;
        };
        let index = self.splits.len();
        self.splits.push(Split { rect, high_left, high_top, subbands: first..first });
        let left = first_half(rect.width, high_left);
        let top = first_half(rect.height, high_top);
        for (quarter, (below, right)) in
            quarters.iter().zip([(false, false), (false, true), (true, false), (true, true)])
        {
            let part = Rect {
                x: rect.x + if right { left } else { 0 },
                y: rect.y + if below { top } else { 0 },
                width: if right { rect.width - left } else { left },
                height: if below { rect.height - top } else { top },
            };
            self.add(quarter, part, right, below);
        }
        let last = self.subbands.len();
        if let Some(split) = self.splits.get_mut(index) {
            split.subbands = first..last;
        }
    }
}

/// Length of the half stored first. Of an odd length, the low-pass half has one more.
fn first_half(length: usize, high_first: bool) -> usize {
    if high_first { length / 2 } else { length.div_ceil(2) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_subbands_tile_the_image() {
        let (width, height) = (101, 75);
        let layout = Layout::new(width, height);
        assert_eq!((layout.subbands.len(), layout.splits.len()), (SUBBANDS, 21));
        let mut covered = vec![0; width * height];
        for rect in &layout.subbands {
            for row in covered.chunks_mut(width).skip(rect.y).take(rect.height) {
                row[rect.x..rect.x + rect.width].iter_mut().for_each(|n| *n += 1);
            }
        }
        assert!(covered.iter().all(|&n| n == 1));
    }

    #[test]
    fn known_subbands_have_their_numbers() {
        let layout = Layout::new(512, 512);
        let rect = |x, y, size| Rect { x, y, width: size, height: size };
        assert_eq!(layout.subbands[0], rect(0, 0, 16));
        assert_eq!(layout.subbands[4], rect(32, 0, 32));
        assert_eq!(layout.subbands[19], rect(128, 0, 32));
        assert_eq!(layout.subbands[35], rect(0, 128, 32));
        assert_eq!(layout.subbands[51], rect(128, 128, 128));
        assert_eq!(layout.subbands[52], rect(256, 0, 128));
        assert_eq!(layout.subbands[60], rect(256, 256, 128));
    }
}
