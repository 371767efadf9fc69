//! What is aimed at, and what it costs: from the configuration, for the annual report (R-STAT-2, Art. 23(1)).
//!
//! Times are bounds of the classes that answers and delays are counted in: what lies within any other is not known.

use core::fmt;
use std::collections::BTreeMap;

use serde::de::{Deserializer, Error, MapAccess, Visitor};
use serde::{Deserialize, de};

use crate::eurodac::statistics::{ANSWER_CLASSES, DELAY_CLASSES};

/// R-OPS-4: in what time a normal request is answered. Unit: milliseconds. Reg. 603/2013 Art. 25(2), so it is not configured.
pub const NORMAL_WITHIN_MS: u32 = 86_400_000;
/// R-OPS-4: in what time an urgent one is. Unit: milliseconds.
pub const URGENT_WITHIN_MS: u32 = 3_600_000;

/// Objectives of the service. Every share is from 0 to 1.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Objectives {
    /// Share of the time in which the service runs, at least.
    #[serde(deserialize_with = "share")]
    pub availability: f64,
    /// In what time a comparison is answered. Unit: milliseconds; one of [`ANSWER_CLASSES`].
    #[serde(deserialize_with = "answer_class")]
    pub answer_ms: u32,
    /// Share of the answers of which that holds, at least.
    #[serde(deserialize_with = "share")]
    pub answer_share: f64,
    /// Share of the verified hits that are not confirmed to be false matches, at most.
    #[serde(deserialize_with = "share")]
    pub false_match_share: f64,
    /// Days from taking to transmission; one of [`DELAY_CLASSES`].
    #[serde(deserialize_with = "delay_class")]
    pub delay_days: u16,
    /// Share of the sets of which that holds, at least.
    #[serde(deserialize_with = "share")]
    pub delay_share: f64,
    /// What it costs, where that is known: a section of its own of the configuration.
    #[serde(skip)]
    pub cost: Option<Cost>,
}

impl Default for Objectives {
    /// Three days: the 72 hours of Reg. 603/2013 Art. 9(1) and 14(2). The others are ours.
    fn default() -> Self {
        Self {
            availability: 0.999,
            answer_ms: 2_000,
            answer_share: 0.95,
            false_match_share: 0.01,
            delay_days: 3,
            delay_share: 0.95,
            cost: None,
        }
    }
}

/// What the years cost.
#[derive(Debug, Clone, PartialEq)]
pub struct Cost {
    /// Three capital letters (ISO 4217).
    pub currency: String,
    /// The amount of each year, 0 or more.
    pub years: BTreeMap<i16, f64>,
}

fn share<'de, D: Deserializer<'de>>(from: D) -> Result<f64, D::Error> {
    let share = f64::deserialize(from)?;
    if (0.0..=1.0).contains(&share) { Ok(share) } else { Err(D::Error::custom("a share is from 0 to 1")) }
}

fn answer_class<'de, D: Deserializer<'de>>(from: D) -> Result<u32, D::Error> {
    one_of(&ANSWER_CLASSES, u32::deserialize(from)?)
}

fn delay_class<'de, D: Deserializer<'de>>(from: D) -> Result<u16, D::Error> {
    one_of(&DELAY_CLASSES, u16::deserialize(from)?)
}

fn one_of<T: PartialEq + fmt::Display, E: Error>(classes: &[T], value: T) -> Result<T, E> {
    if classes.contains(&value) {
        return Ok(value);
    }
    let all: Vec<_> = classes.iter().map(T::to_string).collect();
    Err(E::custom(format!("it is one of {}, which are what is counted in", all.join(", "))))
}

/// A key of the section `cost`.
#[derive(Deserialize)]
#[serde(try_from = "String")]
enum CostKey {
    Currency,
    Year(i16),
}

impl TryFrom<String> for CostKey {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        if text == "currency" {
            return Ok(Self::Currency);
        }
        let year = text.parse().ok().filter(|year| (1900..=9999).contains(year));
        year.map(Self::Year).ok_or_else(|| format!("`{text}` is neither `currency` nor a year"))
    }
}

#[derive(Deserialize)]
#[serde(try_from = "String")]
struct Currency(String);

impl TryFrom<String> for Currency {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, &'static str> {
        let good = text.len() == 3 && text.bytes().all(|b| b.is_ascii_uppercase());
        good.then_some(Self(text)).ok_or("a currency is three capital letters, like EUR")
    }
}

#[derive(Deserialize)]
#[serde(try_from = "f64")]
struct Amount(f64);

impl TryFrom<f64> for Amount {
    type Error = &'static str;

    fn try_from(amount: f64) -> Result<Self, &'static str> {
        let good = amount.is_finite() && amount >= 0.0;
        good.then_some(Self(amount)).ok_or("a cost is a number, 0 or more")
    }
}

impl<'de> Deserialize<'de> for Cost {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        struct Keys;
        impl<'de> Visitor<'de> for Keys {
            type Value = Cost;

            fn expecting(&self, f: &mut fmt::Formatter) -> fmt::Result {
                f.write_str("a currency, and the amount of each year")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Cost, A::Error> {
                let (mut currency, mut years) = (None, BTreeMap::new());
                while let Some(key) = map.next_key()? {
                    match key {
                        CostKey::Currency => currency = Some(map.next_value::<Currency>()?.0),
                        CostKey::Year(year) => _ = years.insert(year, map.next_value::<Amount>()?.0),
                    }
                }
                let currency = currency.ok_or_else(|| de::Error::missing_field("currency"))?;
                Ok(Cost { currency, years })
            }
        }
        from.deserialize_map(Keys)
    }
}
