//! What is shown: ten transmissions by two States, each with what the law says must come of it.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use super::people::Person;
use super::unit::{Answered, Unit};

/// One transmission.
pub(super) struct Step {
    says: &'static str,
    state: &'static str,
    category: u8,
    person: usize,
    impression: u32,
    compare_own: bool,
    /// What must be compared, as [`compared`] tells it.
    compared: &'static str,
    /// Reference numbers that must be found, in any order; `None`: no comparison at all.
    expected: Option<&'static [&'static str]>,
}

/// What came of it.
pub(super) struct Shown {
    pub(super) says: &'static str,
    pub(super) who: String,
    pub(super) compared: String,
    pub(super) found: String,
    pub(super) took: Duration,
    /// What was not as it must be.
    pub(super) fault: Option<String>,
}

/// People that the scenario needs.
pub(super) const PEOPLE: usize = 4;

const NOTHING: &str = "nothing there to compare";
const NO_COMPARISON: &str = "no comparison";

const fn step(says: &'static str, state: &'static str, category: u8, person: usize, impression: u32) -> Step {
    let compared = NOTHING;
    Step { says, state, category, person, impression, compare_own: false, compared, expected: Some(&[]) }
}

/// The steps; step n of State S and category c transmits under `Sc-n`.
pub(super) const STEPS: [Step; 10] = [
    step("first application of A, in Austria", "AT", 1, 0, 1),
    step("first application of B, in Austria", "AT", 1, 1, 1),
    Step {
        compared: "cat. 1: AT 2",
        expected: Some(&["AT1-1"]),
        ..step("A applies again, in Germany: found", "DE", 1, 0, 2)
    },
    Step {
        compared: "cat. 1: DE 1",
        ..step("B applies again, in Austria: own data not compared", "AT", 1, 1, 2)
    },
    Step {
        compare_own: true,
        compared: "cat. 1: AT 3, DE 1",
        expected: Some(&["AT1-2", "AT1-4"]),
        ..step("the same, asked to compare own data: found", "AT", 1, 1, 3)
    },
    Step {
        compared: NO_COMPARISON,
        expected: None,
        ..step("C crosses a border into Germany: entered only", "DE", 2, 2, 1)
    },
    Step {
        compared: NO_COMPARISON,
        expected: None,
        ..step("C crosses a border into Austria: cat. 2 never meets cat. 2", "AT", 2, 2, 2)
    },
    Step {
        compared: "cat. 1: DE 1; cat. 2: DE 1",
        expected: Some(&["DE2-6"]),
        ..step("C applies, in Austria: Germany's entry found", "AT", 1, 2, 3)
    },
    Step {
        compared: "cat. 1: AT 5",
        expected: Some(&["AT1-1"]),
        ..step("A is checked in Germany: Austria's data found", "DE", 3, 0, 3)
    },
    Step { compared: "cat. 1: AT 5", ..step("D, known to nobody, is checked in Germany", "DE", 3, 3, 1) },
];

impl Step {
    fn body(&self, number: usize, prints: &[(u8, Vec<u8>)]) -> Value {
        let fingers: Vec<_> = prints
            .iter()
            .map(|(position, png)| {
                json!({"position": position, "media_type": "image/png", "resolution_ppi": 500, "data": STANDARD.encode(png)})
            })
            .collect();
        let mut body = json!({
            "category": self.category,
            "reference_number": format!("{}{}-{number}", self.state, self.category),
            "fingerprints": fingers,
            "attestations": {"aged_14_or_over": true, "informed": true},
        });
        let today = jiff::Zoned::now().date().yesterday().unwrap_or(jiff::civil::Date::MIN).to_string();
        if self.category < 3 {
            body["sex"] = json!("unknown");
            body["fingerprints_taken_on"] = json!(today);
        }
        match self.category {
            1 => {
                body["application"] = json!({"place": "Demo", "date": today});
                body["compare_own"] = json!(self.compare_own);
            }
            2 => body["attestations"]["not_turned_back"] = json!(true),
            _ => {}
        }
        body
    }

    /// Transmits and looks at what came back.
    pub(super) fn run(
        &self,
        number: usize,
        people: &[Person],
        unit: &Unit,
        key: &str,
    ) -> anyhow::Result<Shown> {
        let prints = self.prints(people)?;
        let answer = unit.transmit(key, &self.body(number, &prints))?;
        let comparison = &answer.body["comparison"];
        let found = reference_numbers(comparison);
        Ok(Shown {
            says: self.says,
            who: format!("{} cat. {}", self.state, self.category),
            compared: compared(comparison),
            fault: self.fault(&answer, &found),
            found: if found.is_empty() { "-".into() } else { found.join(", ") },
            took: answer.took,
        })
    }

    /// Whether it is from this State.
    pub(super) fn state(&self) -> &'static str {
        self.state
    }

    /// What it shows.
    pub(super) fn says(&self) -> &'static str {
        self.says
    }

    /// Its prints, by position.
    pub(super) fn prints(&self, people: &[Person]) -> anyhow::Result<Vec<(u8, Vec<u8>)>> {
        people[self.person].impression(self.impression)
    }

    fn fault(&self, answer: &Answered, found: &[String]) -> Option<String> {
        let status = if self.category == 3 { 200 } else { 201 };
        if answer.status != status {
            return Some(format!(
                "answered {}: {}",
                answer.status,
                answer.body["detail"].as_str().unwrap_or("?")
            ));
        }
        let performed = answer.body["comparison"]["performed"].as_bool();
        if performed != Some(self.expected.is_some()) {
            return Some("compared, or not, against the law".into());
        }
        if compared(&answer.body["comparison"]) != self.compared {
            return Some(format!("the law wants compared: {}", self.compared));
        }
        let mut expected: Vec<_> = self.expected.unwrap_or_default().to_vec();
        let mut seen: Vec<&str> = found.iter().map(String::as_str).collect();
        expected.sort_unstable();
        seen.sort_unstable();
        (expected != seen).then(|| format!("expected to find {expected:?}"))
    }
}

fn reference_numbers(comparison: &Value) -> Vec<String> {
    let hits = comparison["hits"].as_array().map(Vec::as_slice).unwrap_or_default();
    hits.iter().filter_map(|hit| Some(hit["record"]["reference_number"].as_str()?.to_owned())).collect()
}

/// `cat. 1: AT 2, DE 1`
fn compared(comparison: &Value) -> String {
    if comparison["performed"] == json!(false) {
        return NO_COMPARISON.into();
    }
    let counts = comparison["compared"].as_array().map(Vec::as_slice).unwrap_or_default();
    let of = |category: u8| {
        let states = counts.iter().filter(|c| c["category"] == json!(category));
        let text: Vec<_> =
            states.map(|c| format!("{} {}", c["member_state"].as_str().unwrap_or("?"), c["sets"])).collect();
        (!text.is_empty()).then(|| format!("cat. {category}: {}", text.join(", ")))
    };
    let parts: Vec<_> = [1, 2].into_iter().filter_map(of).collect();
    if parts.is_empty() { NOTHING.into() } else { parts.join("; ") }
}
