//! The configuration file of `whorl serve`: what a deployment decides once, and is too much for a command line.

use std::num::NonZeroU32;
use std::path::Path;

use anyhow::Context;
use serde::de::Error;
use serde::{Deserialize, Deserializer};

use crate::ansi_nist::Mapping;
use crate::report::{Cost, Objectives};

/// Requests of an authority a second, where nobody says how many.
const REQUESTS_A_SECOND: NonZeroU32 = NonZeroU32::MIN.saturating_add(1999);

/// A whole file: a test sees to it that it can be read, and that what it says is in force without it, but for the cost.
pub(super) const EXAMPLE: &str = "\
[objectives]                 # of the annual report (Art. 23(1)); shares are from 0 to 1
availability = 0.999         # of the time since the start of operations
answer_ms = 2000             # 50, 100, 200, 500, 1000, 2000, 5000, 10000, 60000, ...
answer_share = 0.95          # of the comparisons are answered in that time
false_match_share = 0.01     # of the verified hits, at most
delay_days = 3               # 0, 1, 3, 7, 14, 30 or 90: from taking to transmission
delay_share = 0.95           # of the sets are transmitted in that time

[cost]
currency = \"EUR\"
2026 = 1_250_000             # what the year has cost
2027 = 980_000.50

[law]
sex_is_a_criterion = false   # as --sex-is-a-criterion

[limits]
requests_a_second = 2000     # as --requests-a-second

[ansi_nist]                  # fields of ANSI/NIST-ITL files; the guide on formats has the whole table
reference_number = \"2.010\"
sex = \"2.024\"

[ansi_nist.sexes]            # what the field of the sex says
F = \"female\"
M = \"male\"
U = \"unknown\"
";

/// What the file says. What it does not say is as without it; what is not known here refuses it.
#[derive(Debug, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Config {
    objectives: Objectives,
    cost: Option<Cost>,
    law: Law,
    limits: Limits,
    #[serde(deserialize_with = "mapping")]
    ansi_nist: Mapping,
}

#[derive(Debug, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Law {
    /// R-COMP-8.
    sex_is_a_criterion: bool,
}

#[derive(Debug, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Limits {
    requests_a_second: Option<NonZeroU32>,
}

fn mapping<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Mapping, D::Error> {
    Mapping::deserialize(deserializer)?.checked().map_err(D::Error::custom)
}

impl Config {
    /// Of a file; without one, what is in force without one.
    pub(super) fn read(file: Option<&Path>) -> anyhow::Result<Self> {
        let Some(file) = file else { return Ok(Self::default()) };
        let text = fs_err::read_to_string(file)?;
        toml::from_str(&text).with_context(|| file.display().to_string())
    }

    /// R-COMP-8: whether sex is a criterion; the command line goes before.
    pub(super) fn sex_is_a_criterion(&self, option: Option<bool>) -> bool {
        option.unwrap_or(self.law.sex_is_a_criterion)
    }

    /// Requests of an authority a second; the command line goes before.
    pub(super) fn requests_a_second(&self, option: Option<NonZeroU32>) -> NonZeroU32 {
        option.or(self.limits.requests_a_second).unwrap_or(REQUESTS_A_SECOND)
    }

    /// Which field of an ANSI/NIST-ITL file carries what.
    pub(super) fn mapping(&self) -> Mapping {
        self.ansi_nist.clone()
    }

    /// What the annual report measures against, with what the years cost.
    pub(super) fn objectives(self) -> Objectives {
        Objectives { cost: self.cost, ..self.objectives }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(text: &str) -> Result<Config, String> {
        toml::from_str(text).map_err(|error| error.to_string())
    }

    #[test]
    fn r_stat_2_the_example_is_a_configuration_and_says_what_is_in_force_without_it() {
        let Config { objectives, cost, law, limits, ansi_nist } = parsed(EXAMPLE).unwrap();
        assert_eq!(ansi_nist, Mapping::default());
        assert_eq!(objectives, Objectives::default());
        let cost = cost.unwrap();
        assert_eq!(cost.currency, "EUR");
        assert_eq!(cost.years, [(2026, 1_250_000.0), (2027, 980_000.5)].into());
        assert_eq!(law, Law::default());
        assert_eq!(limits.requests_a_second, Some(REQUESTS_A_SECOND));
        assert_eq!(Config::read(None).unwrap(), parsed("").unwrap());
    }

    #[test]
    fn r_comp_8_the_command_line_goes_before_the_file_and_the_file_before_the_default() {
        let config = parsed("[law]\nsex_is_a_criterion = true\n[limits]\nrequests_a_second = 7").unwrap();
        assert!(config.sex_is_a_criterion(None) && config.sex_is_a_criterion(Some(true)));
        assert!(!config.sex_is_a_criterion(Some(false)));
        assert_eq!(config.requests_a_second(None).get(), 7);
        assert_eq!(config.requests_a_second(NonZeroU32::new(9)).get(), 9);
        let silent = Config::default();
        assert!(!silent.sex_is_a_criterion(None) && silent.sex_is_a_criterion(Some(true)));
        assert_eq!(silent.requests_a_second(None).get(), 2000);
    }

    #[test]
    fn r_stat_2_what_is_unknown_or_out_of_range_refuses_the_file_and_names_line_and_key() {
        let cases = [
            ("[objectives]\navailabillity = 1", "line 2", "availabillity"),
            ("[objectives]\n\navailability = 1.01", "line 3", "a share is from 0 to 1"),
            ("[objectives]\nanswer_share = -0.1", "line 2", "answer_share"),
            ("[objectives]\nfalse_match_share = nan", "line 2", "false_match_share"),
            ("[objectives]\nanswer_ms = 1500", "line 2", "one of 50, 100, 200"),
            ("[objectives]\ndelay_days = 2", "line 2", "one of 0, 1, 3"),
            ("[objectives]\ndelay_share = \"all\"", "line 2", "delay_share"),
            ("[objectives]\ncost = 1", "line 2", "cost"),
            ("[cost]\ncurrency = \"euro\"", "line 2", "three capital letters"),
            ("[cost]\ncurrency = \"EUR\"\n2026 = -1", "line 3", "0 or more"),
            ("[cost]\ncurrency = \"EUR\"\nlast = 1", "line 3", "neither `currency` nor a year"),
            ("[cost]\n2026 = 1", "line 1", "currency"),
            ("[law]\nage = true", "line 2", "age"),
            ("[limits]\nrequests_a_second = 0", "line 2", "requests_a_second"),
            ("[limit]\nrequests_a_second = 1", "line 1", "limit"),
            ("[ansi_nist]\nsex = \"2.010\"", "line 1", "2.010 cannot carry both reference_number and sex"),
            ("[ansi_nist]\nsex = \"3.010\"", "line 2", "such as 2.010"),
            ("[objectives", "line 1", "objectives"),
        ];
        for (text, line, says) in cases {
            let error = parsed(text).unwrap_err();
            assert!(error.contains(line) && error.contains(says), "{text}\n{error}");
        }
    }

    #[test]
    fn r_stat_2_a_file_that_is_refused_is_named() {
        let file = tempfile::NamedTempFile::new().unwrap();
        fs_err::write(file.path(), "[law]\nage = true\n").unwrap();
        let error = format!("{:#}", Config::read(Some(file.path())).unwrap_err());
        assert!(error.contains(&file.path().display().to_string()) && error.contains("line 2"), "{error}");
    }
}
