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

/// Which finger: ISO/IEC 19794-2 and ANSI/NIST code 1 (right thumb) to 10 (left little), or 0 (unknown).
///
/// Only like fingers are compared (R-COMP-9); a finger of unknown position may be any, so it is compared with all.
///
/// A record can have several fingers of unknown position. The gallery numbers them, and keeps them apart as if each number were a
/// position of its own; their code is 0 all the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "u8", into = "u8")]
pub struct FingerPosition(u8);

impl FingerPosition {
    /// How many are known.
    pub const COUNT: usize = 10;

    /// Nobody knows which: the first such finger of a record.
    pub const UNKNOWN: Self = Self(11);

    /// Sub-galleries: one for each position, and one for each number of a finger of unknown position.
    pub(crate) const SUB_GALLERIES: usize = 20;

    /// The ten that are known, by code.
    pub fn all() -> impl Iterator<Item = Self> {
        (1..=10).map(Self)
    }

    /// Those of all sub-galleries.
    pub(crate) fn sub_galleries() -> impl Iterator<Item = Self> {
        (1..=20).map(Self)
    }

    /// The one of the ten that has this code, where an unknown one is of no use.
    pub fn known(code: u8) -> Result<Self, String> {
        match code {
            1..=10 => Ok(Self(code)),
            _ => Err(format!("finger position {code} is not one of 1 (right thumb) to 10 (left little)")),
        }
    }

    /// Whether it is one of the ten.
    pub fn is_known(self) -> bool {
        self.0 <= 10
    }

    /// The `n`th finger of unknown position of a record, from 0; the tenth for all beyond.
    pub(crate) fn unknown(n: usize) -> Self {
        Self(u8::try_from(n.min(9)).unwrap_or(9) + 11)
    }

    /// Which of a record's fingers of unknown position it is, from 0.
    pub fn number_of_unknown(self) -> Option<usize> {
        self.index().checked_sub(Self::COUNT)
    }

    /// 0-10.
    pub fn code(self) -> u8 {
        if self.is_known() { self.0 } else { 0 }
    }

    /// For arrays: 0-9 where it is known, else from 10 on.
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
        NAMES.get(self.index()).unwrap_or(&"finger of unknown position")
    }
}

impl TryFrom<u8> for FingerPosition {
    type Error = String;

    fn try_from(code: u8) -> Result<Self, String> {
        match code {
            0 => Ok(Self::UNKNOWN),
            _ => Self::known(code).map_err(|problem| format!("{problem}, nor 0 (unknown)")),
        }
    }
}

impl From<FingerPosition> for u8 {
    fn from(position: FingerPosition) -> u8 {
        position.code()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn positions_are_the_ten_fingers_and_unknown() {
        assert_eq!(FingerPosition::all().count(), FingerPosition::COUNT);
        assert_eq!(FingerPosition::sub_galleries().count(), FingerPosition::SUB_GALLERIES);
        assert_eq!(FingerPosition::sub_galleries().last(), Some(FingerPosition::unknown(9)));
        assert!(FingerPosition::try_from(11).is_err() && FingerPosition::known(0).is_err());
        assert_eq!(FingerPosition::known(10), FingerPosition::try_from(10));
        let unknown = FingerPosition::try_from(0).unwrap();
        assert_eq!((unknown, unknown.code(), unknown.index()), (FingerPosition::UNKNOWN, 0, 10));
        assert_eq!(FingerPosition::unknown(3).number_of_unknown(), Some(3));
        assert_eq!(FingerPosition::all().find_map(FingerPosition::number_of_unknown), None);
        assert_eq!(FingerPosition::try_from(7).unwrap().name(), "left index");
    }
}
