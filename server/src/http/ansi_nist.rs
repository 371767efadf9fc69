//! ANSI/NIST-ITL where JSON is taken and given: a file is translated into the transmission that says the same, and its problems are told
//! with the names that its fields have in the file.

use std::borrow::Cow;
use std::collections::BTreeMap;

use actix_web::HttpRequest;
use serde::Deserialize;
use serde::de::IgnoredAny;

use super::accepted::preferred;
use super::body::{JSON, parse};
use super::problem::{Code, Problem};
use crate::ansi_nist::{Mapping, Translation, Unusable, Why, translate};
use crate::eurodac::transmission::Data;

/// What a file is sent and asked for as.
pub const MEDIA_TYPE: &str = "application/x-ansi-nist-itl";

/// A transmission as JSON, whatever it was sent as.
pub struct Sent<'a> {
    /// As for `POST /v1/eurodac/transmissions`.
    pub json: Cow<'a, [u8]>,
    /// What its parts were called.
    pub names: Names,
}

/// Paths in a transmission, and what is there called in the file that it was sent as; nothing, where it was sent as JSON.
#[derive(Default)]
pub struct Names(BTreeMap<String, String>);

impl Sent<'_> {
    /// Of a body of this type.
    pub fn of(body: Vec<u8>, media_type: &str, mapping: &Mapping) -> Result<Self, Problem> {
        match media_type {
            MEDIA_TYPE => Self::of_file(&body, mapping),
            _ => Ok(Self { json: Cow::Owned(body), names: Names::default() }),
        }
    }

    fn of_file(file: &[u8], mapping: &Mapping) -> Result<Self, Problem> {
        let Translation { transmission, names } = translate(file, mapping)?;
        Ok(Self { json: Cow::Owned(transmission), names: Names(names) })
    }
}

impl<'a> Sent<'a> {
    /// Of a line of an import: a transmission, or an object that has a file.
    pub fn of_line(line: &'a [u8], mapping: &Mapping) -> Result<Self, Problem> {
        #[derive(Deserialize)]
        struct Peek {
            ansi_nist_itl: Option<IgnoredAny>,
        }
        #[derive(Deserialize)]
        #[serde(deny_unknown_fields)]
        struct Line {
            ansi_nist_itl: Data,
        }
        if !parse::<Peek>(line).is_ok_and(|peek| peek.ansi_nist_itl.is_some()) {
            return Ok(Self { json: Cow::Borrowed(line), names: Names::default() });
        }
        let file = parse::<Line>(line)?.ansi_nist_itl.0;
        let not_base64 = |detail| Problem::new(Code::Base64Invalid, detail).at("ansi_nist_itl");
        Self::of_file(&file.map_err(not_base64)?, mapping)
    }
}

impl Names {
    /// A problem, at the field of the file where there was one; or at those that are all missing.
    pub fn told(&self, problem: Problem) -> Problem {
        let Some(path) = problem.parts().2 else { return problem };
        let known = self.0.iter().filter(|(known, _)| path.starts_with(known.as_str()));
        let exact = known.max_by_key(|(known, _)| known.len()).map(|(_, name)| name.clone());
        let below = || {
            let below = self.0.iter().filter(|(known, _)| known.starts_with(&format!("{path}.")));
            below.map(|(_, name)| name.as_str()).collect::<Vec<_>>().join(", ")
        };
        match exact.unwrap_or_else(below) {
            name if name.is_empty() => problem,
            name => problem.at(name),
        }
    }
}

impl From<Unusable> for Problem {
    fn from(Unusable { why, field, detail }: Unusable) -> Self {
        let code = match why {
            Why::Broken => Code::TransactionInvalid,
            Why::FieldUnknown => Code::FieldUnknown,
            Why::FieldInvalid => Code::FieldInvalid,
            Why::Unsupported => Code::MediaTypeUnsupported,
        };
        let problem = Self::new(code, detail);
        if field.is_empty() { problem } else { problem.at(field) }
    }
}

/// Whether the answer is to be a file: it is asked for by its name, and no less than JSON.
pub fn is_asked_for(request: &HttpRequest) -> bool {
    preferred(request, JSON, &[MEDIA_TYPE]) == MEDIA_TYPE
}
