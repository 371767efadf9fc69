//! Which field of a transaction carries what: a table, so that a State that has its own conventions changes the table and not the program.
//!
//! What is in no row of it refuses the file (R-DATA-1), but for the fields that describe the transaction itself.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

use serde::de::Error;
use serde::{Deserialize, Deserializer};

use crate::eurodac::model::{Category, Sex};

/// A field of a Type-1 or Type-2 record, as `2.010`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct FieldName {
    /// 1 or 2.
    pub record_type: u8,
    /// 3 to 998.
    pub number: u16,
}

/// A field of a Type-2 record.
const fn two(number: u16) -> FieldName {
    FieldName { record_type: 2, number }
}

macro_rules! mapping {
    ($($(#[$doc:meta])* $name:ident = $field:expr, $path:literal;)*) => {
        /// A row for each thing that a transmission or a hit has.
        #[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
        #[serde(deny_unknown_fields, default)]
        pub struct Mapping {
            $($(#[$doc])* pub $name: FieldName,)*
            /// What the field of the category says, for each.
            pub categories: Values<Category>,
            /// What the field of the sex says, for each.
            pub sexes: Values<Sex>,
        }

        impl Default for Mapping {
            fn default() -> Self {
                Self {
                    $($name: $field,)*
                    categories: Values::from([
                        ("CAT1", Category::Applicant),
                        ("CAT2", Category::BorderCrossing),
                        ("CAT3", Category::IllegallyPresent),
                    ]),
                    sexes: Values::from([("F", Sex::Female), ("M", Sex::Male), ("U", Sex::Unknown)]),
                }
            }
        }

        impl Mapping {
            /// Each field with the path of what it carries in a transmission as JSON.
            pub fn rows(&self) -> impl Iterator<Item = (FieldName, &'static str)> {
                [$((self.$name, $path)),*].into_iter()
            }
        }
    };
}

mapping! {
    /// Category, by its name in `categories`.
    category = FieldName { record_type: 1, number: 4 }, "category";
    /// R-DATA-8.
    reference_number = two(10), "reference_number";
    /// By its name in `sexes`.
    sex = two(24), "sex";
    /// Day of taking, as 20261120.
    fingerprints_taken_on = two(38), "fingerprints_taken_on";
    /// Category 1.
    application_place = two(701), "application.place";
    /// Category 1, as 20261120.
    application_date = two(702), "application.date";
    /// R-DATA-2: Y or N, like the four that follow.
    aged_14_or_over = two(711), "attestations.aged_14_or_over";
    /// R-DATA-2.
    informed = two(712), "attestations.informed";
    /// R-DATA-2, category 2.
    not_turned_back = two(713), "attestations.not_turned_back";
    /// R-COMP-2.
    compare_own = two(721), "compare_own";
    /// Category 3, as in JSON.
    ground = two(723), "ground";
    /// Of a central operator: two letters.
    on_behalf_of = two(724), "on_behalf_of";
    /// In a hit: State of origin.
    member_state = two(731), "member_state";
    /// In a hit: when it was transmitted, as in JSON.
    transmitted_at = two(732), "transmitted_at";
    /// In a hit: when it was entered.
    entered_at = two(733), "entered_at";
    /// In a hit: to whom the set was disclosed, and when; a subfield each.
    disclosures = two(734), "disclosures";
    /// In a hit: its id.
    hit_id = two(741), "hit_id";
    /// In a hit: -10 log10 of the false-match rate, rounded down.
    score = two(742), "score";
    /// In a hit: the rate.
    false_match_rate = two(743), "false_match_rate";
}

impl Mapping {
    /// Only sound tables come from a file: no field carries two things, Type-1 carries the category and the reference number at most, and
    /// what is written for a category fits into it.
    ///
    /// # Errors
    /// The field that carries two, or what does not belong to Type-1.
    pub fn checked(self) -> Result<Self, String> {
        let mut carries = BTreeMap::new();
        let is_word = |word: &&String| {
            (1..=16).contains(&word.len()) && word.bytes().all(|byte| byte.is_ascii_graphic())
        };
        let mut words = self.categories.0.keys().chain(self.sexes.0.keys());
        if let Some(word) = words.find(|word| !is_word(word)) {
            return Err(format!(
                "`{}` is no word: it has 1 to 16 visible ASCII characters",
                word.escape_debug()
            ));
        }
        let all = Category::ALL.iter().all(|category| self.categories.word(*category).is_some())
            && [Sex::Female, Sex::Male, Sex::Unknown].iter().all(|sex| self.sexes.word(*sex).is_some());
        if !all {
            return Err("each category and each sex needs a word".to_owned());
        }
        let of_type_1 = [self.category, self.reference_number];
        if let Some((field, path)) =
            self.rows().find(|(row, _)| row.record_type == 1 && !of_type_1.contains(row))
        {
            return Err(format!(
                "{field} cannot carry {path}: only category and reference_number may be in Type-1"
            ));
        }
        for (field, path) in self.rows() {
            if let Some(other) = carries.insert(field, path) {
                return Err(format!("{field} cannot carry both {other} and {path}"));
            }
        }
        Ok(self)
    }
}

impl FromStr for FieldName {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || format!("`{text}` is not a field of a Type-1 or Type-2 record, such as 2.010");
        let (record_type, number) = text.split_once('.').ok_or_else(wrong)?;
        match (record_type, number.len(), number.parse()) {
            // Type of transaction, and control numbers; the rest of Type-1 is of the file.
            ("1", 3, Ok(number @ (4 | 9 | 10))) => Ok(Self { record_type: 1, number }),
            ("2", 3, Ok(number @ 3..=998)) => Ok(Self { record_type: 2, number }),
            _ => Err(wrong()),
        }
    }
}

impl<'de> Deserialize<'de> for FieldName {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(D::Error::custom)
    }
}

impl fmt::Display for FieldName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{:03}", self.record_type, self.number)
    }
}

/// What a field says, for each value of a closed list; several words can mean the same, and the first is written.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(transparent)]
pub struct Values<T>(BTreeMap<String, T>);

impl<T: Copy + PartialEq> Values<T> {
    fn from<const N: usize>(values: [(&str, T); N]) -> Self {
        Self(values.map(|(word, value)| (word.to_owned(), value)).into())
    }

    /// What a word means.
    pub fn meaning(&self, word: &str) -> Option<T> {
        self.0.get(word).copied()
    }

    /// A word that means this.
    pub fn word(&self, meaning: T) -> Option<&str> {
        self.0.iter().find(|(_, value)| **value == meaning).map(|(word, _)| word.as_str())
    }

    /// All words, for whoever used another.
    pub fn words(&self) -> String {
        self.0.keys().cloned().collect::<Vec<_>>().join(", ")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_field_carries_two_things_and_a_table_may_say_other_fields() {
        assert!(Mapping::default().checked().is_ok());
        let other: Mapping = toml::from_str(
            "reference_number = \"1.009\"\n[sexes]\n1 = \"male\"\n2 = \"female\"\n9 = \"unknown\"",
        )
        .unwrap();
        assert_eq!(other.reference_number.to_string(), "1.009");
        assert_eq!((other.sexes.meaning("2"), other.sexes.word(Sex::Male)), (Some(Sex::Female), Some("1")));
        assert_eq!(other.sex, Mapping::default().sex);
        assert!(other.checked().is_ok());
        let few: Mapping = toml::from_str("[sexes]\nM = \"male\"").unwrap();
        assert_eq!(few.checked().unwrap_err(), "each category and each sex needs a word");
        let twice: Mapping = toml::from_str("sex = \"2.010\"").unwrap();
        assert_eq!(twice.checked().unwrap_err(), "2.010 cannot carry both reference_number and sex");
        let header: Mapping = toml::from_str("disclosures = \"1.010\"").unwrap();
        assert!(header.checked().unwrap_err().contains("1.010 cannot carry disclosures"));
        let long: Mapping = toml::from_str("[categories]\nAPPLICANT-FOR-ASYLUM = 1\nB = 2\nC = 3").unwrap();
        assert!(long.checked().unwrap_err().contains("1 to 16"));
    }

    #[test]
    fn what_is_no_field_is_refused() {
        for text in ["2.10", "2.0010", "3.010", "1.001", "1.003", "2.002", "2.999", "2", "2.01a", "", "1.008"]
        {
            assert!(text.parse::<FieldName>().is_err(), "{text}");
        }
        assert_eq!("2.038".parse::<FieldName>().unwrap().to_string(), "2.038");
    }
}
