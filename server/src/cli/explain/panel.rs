//! The panels of a drawing, each a window on the plane of a print; what is outside of it is cut off.

use std::fmt::{Error, Write};

use super::backdrop::Backdrop;
use super::explanation::{Point, Side};

/// Around and between everything. Unit: pixels of the drawing.
pub const GAP: f64 = 24.0;

/// The part of a print's plane that a panel shows.
#[derive(Clone, Copy)]
pub struct View {
    /// Its left edge.
    pub x: f64,
    /// Its upper edge.
    pub y: f64,
    /// To the right.
    pub width: f64,
    /// Downwards.
    pub height: f64,
}

impl View {
    /// All of an image, or what the minutiae span and a little more.
    pub fn of(side: &Side, backdrop: Option<&Backdrop>) -> Self {
        match backdrop {
            Some(image) => Self { x: 0.0, y: 0.0, width: image.width.into(), height: image.height.into() },
            None => Self::around(&side.all),
        }
    }

    /// What these points span, and a little more.
    pub fn around(points: &[Point]) -> Self {
        let least = |of: fn(&Point) -> f64| points.iter().map(of).fold(f64::INFINITY, f64::min) - GAP;
        let most = |of: fn(&Point) -> f64| points.iter().map(of).fold(f64::NEG_INFINITY, f64::max) + GAP;
        let (x, y) = (least(|p| p.x), least(|p| p.y));
        Self { x, y, width: most(|p| p.x) - x, height: most(|p| p.y) - y }
    }

    /// What shows both.
    pub fn with(self, other: Self) -> Self {
        let (x, y) = (self.x.min(other.x), self.y.min(other.y));
        let right = (self.x + self.width).max(other.x + other.width);
        let bottom = (self.y + self.height).max(other.y + other.height);
        Self { x, y, width: right - x, height: bottom - y }
    }
}

/// A view at a place of the drawing.
pub struct Panel {
    /// Its left edge in the drawing.
    pub left: f64,
    /// Its upper edge in the drawing.
    pub top: f64,
    /// What it shows.
    pub view: View,
}

impl Panel {
    /// Where a point of the print is in the drawing.
    pub fn place(&self, point: Point) -> Point {
        Point { x: self.left + point.x - self.view.x, y: self.top + point.y - self.view.y }
    }

    /// Begins the panel, under a title; what follows is in the plane of the print, until `</svg>`.
    pub fn open(&self, out: &mut String, title: &str) -> Result<(), Error> {
        let (View { x, y, width, height }, left, top) = (self.view, self.left, self.top);
        writeln!(out, r#"<text x="{left:.1}" y="{:.1}">{}</text>"#, top - 7.0, escaped(title))?;
        writeln!(
            out,
            r##"<svg x="{left:.1}" y="{top:.1}" width="{width:.1}" height="{height:.1}" viewBox="{x:.1} {y:.1} {width:.1} {height:.1}">
<rect x="{x:.1}" y="{y:.1}" width="{width:.1}" height="{height:.1}" fill="#fff" stroke="#bbb"/>"##
        )
    }
}

/// Text as XML holds it; control characters, which it cannot hold, are replaced.
pub fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            c if c.is_control() => out.push(char::REPLACEMENT_CHARACTER),
            c => out.push(c),
        }
    }
    out
}
