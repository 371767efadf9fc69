//! Who and what: categories, Member States, reference numbers, sex.

use core::fmt;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Why the fingerprints were taken (Art. 4, 8, 11).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(into = "u8")]
pub enum Category {
    /// 1: an applicant for asylum (Art. 4).
    Applicant,
    /// 2: an irregular crossing of an external border (Art. 8).
    BorderCrossing,
    /// 3: found illegally present (Art. 11). Compared, never stored.
    IllegallyPresent,
}

impl Category {
    /// All three.
    pub const ALL: [Self; 3] = [Self::Applicant, Self::BorderCrossing, Self::IllegallyPresent];

    /// 1, 2 or 3.
    pub const fn number(self) -> u8 {
        match self {
            Self::Applicant => 1,
            Self::BorderCrossing => 2,
            Self::IllegallyPresent => 3,
        }
    }
}

impl TryFrom<u8> for Category {
    type Error = String;

    fn try_from(number: u8) -> Result<Self, String> {
        let found = Self::ALL.into_iter().find(|category| category.number() == number);
        found.ok_or_else(|| format!("category {number} is not 1, 2 or 3"))
    }
}

impl<'de> Deserialize<'de> for Category {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        use serde::de::{Error, Unexpected};
        let number = u8::deserialize(deserializer)?;
        let expected = || Error::invalid_value(Unexpected::Unsigned(number.into()), &"1, 2 or 3");
        Self::try_from(number).map_err(|_| expected())
    }
}

impl From<Category> for u8 {
    fn from(category: Category) -> u8 {
        category.number()
    }
}

/// A State, by its two letters (ISO 3166-1 alpha-2).
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, ToSchema)]
#[serde(try_from = "String", into = "String")]
#[schema(value_type = String, pattern = "^[A-Z]{2}$", example = "AT")]
pub struct MemberState([u8; 2]);

impl MemberState {
    /// How many codes there are.
    pub const CODES: u16 = 26 * 26;

    /// 0 to [`Self::CODES`] - 1, in alphabetical order.
    pub fn index(self) -> u16 {
        u16::from(self.0[0] - b'A') * 26 + u16::from(self.0[1] - b'A')
    }

    /// The State at an index; `None` from [`Self::CODES`] on.
    pub fn from_index(index: u16) -> Option<Self> {
        let letter = |n: u16| u8::try_from(n).ok().map(|n| b'A' + n);
        (index < Self::CODES).then_some(())?;
        Some(Self([letter(index / 26)?, letter(index % 26)?]))
    }

    /// Every code.
    pub fn all() -> impl Iterator<Item = Self> {
        (0..Self::CODES).filter_map(Self::from_index)
    }
}

impl core::str::FromStr for MemberState {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match *text.as_bytes() {
            [a @ b'A'..=b'Z', b @ b'A'..=b'Z'] => Ok(Self([a, b])),
            _ => Err("a Member State is two capital letters (ISO 3166-1 alpha-2)".into()),
        }
    }
}

impl TryFrom<String> for MemberState {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        text.parse()
    }
}

impl From<MemberState> for String {
    fn from(state: MemberState) -> String {
        state.to_string()
    }
}

impl fmt::Display for MemberState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}", char::from(self.0[0]), char::from(self.0[1]))
    }
}

impl fmt::Debug for MemberState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// The number by which the State of origin knows a set of data (Art. 5(1)(d)).
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, ToSchema)]
#[serde(transparent)]
#[schema(value_type = String, example = "AT1-000123")]
pub struct ReferenceNumber(String);

impl ReferenceNumber {
    /// Longest that one may be. Unit: bytes.
    pub const LENGTH_MAX: usize = 64;

    /// R-DATA-8: two letters of the State, then the digit of the category, then printable ASCII without spaces.
    pub fn new(text: &str, state: MemberState, category: Category) -> Result<Self, String> {
        Self::beginning_with(text, &format!("{state}{}", category.number()))
    }

    /// R-DATA-8: that of a request of a data subject: two letters of the State, then 9.
    pub fn of_request(text: &str, state: MemberState) -> Result<Self, String> {
        Self::beginning_with(text, &format!("{state}9"))
    }

    fn beginning_with(text: &str, prefix: &str) -> Result<Self, String> {
        if !text.starts_with(prefix) || text.len() == prefix.len() {
            return Err(format!("must begin with {prefix} and go on"));
        }
        if text.len() > Self::LENGTH_MAX || !text.bytes().all(|b| b.is_ascii_graphic()) {
            return Err(format!(
                "must be at most {} printable ASCII characters, no spaces",
                Self::LENGTH_MAX
            ));
        }
        Ok(Self(text.to_owned()))
    }

    /// As it was sent.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Sex, as transmitted (Art. 5(1)(c)).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum Sex {
    /// Female.
    Female,
    /// Male.
    Male,
    /// Not known.
    Unknown,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_state_code_has_its_index() {
        assert!(MemberState::all().enumerate().all(|(i, state)| usize::from(state.index()) == i));
        assert_eq!(MemberState::all().count(), 676);
        assert_eq!("AT".parse::<MemberState>().unwrap().index(), 19);
        for bad in ["", "A", "at", "AUT", "A1", "Ä"] {
            assert!(bad.parse::<MemberState>().is_err(), "{bad}");
        }
    }

    #[test]
    fn r_data_8_a_reference_number_begins_with_state_and_category() {
        let at: MemberState = "AT".parse().unwrap();
        assert!(ReferenceNumber::new("AT1-000123", at, Category::Applicant).is_ok());
        for bad in ["AT1", "AT2-000123", "DE1-000123", "at1-000123", "AT1 000123", "AT1-\u{e9}", ""] {
            assert!(ReferenceNumber::new(bad, at, Category::Applicant).is_err(), "{bad}");
        }
        assert!(ReferenceNumber::of_request("AT9-7", at).is_ok());
        assert!(
            ReferenceNumber::of_request("AT1-7", at).is_err()
                && ReferenceNumber::of_request("DE9-7", at).is_err()
        );
        let long = format!("AT1{}", "0".repeat(62));
        assert!(ReferenceNumber::new(&long, at, Category::Applicant).is_err());
    }
}
