//! Minutiae as ISO/IEC 19794-2:2005 means them: type, place, direction, quality, and whose finger.

use serde::{Deserialize, Serialize};

/// What a minutia is (ISO/IEC 19794-2:2005, 7.5.2).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum MinutiaType {
    /// Neither of the two, or not determined.
    Other,
    /// A ridge ends.
    RidgeEnding,
    /// A ridge forks.
    RidgeBifurcation,
}

/// One minutia at 500 ppi.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Minutia {
    /// Type.
    pub kind: MinutiaType,
    /// Pixels from the left edge, 0-16383.
    pub x: u16,
    /// Pixels from the top edge, downwards, 0-16383.
    pub y: u16,
    /// Direction, counter-clockwise from the axis that points right. Unit: 360/256 degrees.
    pub direction: u8,
    /// 1-100, 0 where the extractor reports none.
    pub quality: u8,
}

/// Which finger: ISO/IEC 19794-2 and ANSI/NIST code 1 (right thumb) to 10 (left little).
///
/// Code 0 (unknown) is not a position: only like fingers are compared (R-COMP-9), and nothing is like it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "u8", into = "u8")]
pub struct FingerPosition(u8);

impl FingerPosition {
    /// How many there are.
    pub const COUNT: usize = 10;

    /// All ten, by code.
    pub fn all() -> impl Iterator<Item = Self> {
        (1..=10).map(Self)
    }

    /// 1-10.
    pub fn code(self) -> u8 {
        self.0
    }

    /// 0-9, for arrays.
    pub fn index(self) -> usize {
        usize::from(self.0) - 1
    }

    /// The finger in words.
    pub fn name(self) -> &'static str {
        const NAMES: [&str; FingerPosition::COUNT] = [
            "right thumb",
            "right index",
            "right middle",
            "right ring",
            "right little",
            "left thumb",
            "left index",
            "left middle",
            "left ring",
            "left little",
        ];
        NAMES[self.index()]
    }
}

impl TryFrom<u8> for FingerPosition {
    type Error = String;

    fn try_from(code: u8) -> Result<Self, String> {
        match code {
            1..=10 => Ok(Self(code)),
            0 => Err("finger position 0 (unknown) cannot be compared: only like fingers are".into()),
            _ => Err(format!("finger position {code} is not one of 1 (right thumb) to 10 (left little)")),
        }
    }
}

impl From<FingerPosition> for u8 {
    fn from(position: FingerPosition) -> u8 {
        position.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_ten_fingers_are_positions() {
        assert_eq!(FingerPosition::all().count(), FingerPosition::COUNT);
        assert!(FingerPosition::try_from(0).is_err() && FingerPosition::try_from(11).is_err());
        assert_eq!(FingerPosition::try_from(7).unwrap().name(), "left index");
    }
}
