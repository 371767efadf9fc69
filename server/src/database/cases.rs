//! Hits, notices, requests of data subjects, the registers: what lies in the store in clear, because nothing of it is a print or the data
//! of a person.

use jiff::civil::Date;
use serde::de::DeserializeOwned;
use uuid::Uuid;

use super::keys::{self, Listed};
use super::{Database, StoredHit, from_json};
use crate::eurodac::blocking::Decision;
use crate::eurodac::model::MemberState;
use crate::eurodac::notices::Notice;
use crate::eurodac::rights::Request;
use crate::eurodac::start::Participant;
use crate::journal::AuditRecord;
use crate::store::StoreError;

/// A page of a list, and the cursor of the next one, if there is one.
pub type Page<T> = (Vec<T>, Option<String>);

/// A record of an operation, by its number, with what it did in a few words.
#[derive(Debug, Clone)]
pub struct Recorded {
    /// Its number in the journal.
    pub number: u64,
    /// R-AUDIT-1.
    pub audit: AuditRecord,
    /// Ground, verdict, authority: what of the effect a supervisor asks for.
    pub detail: Option<String>,
}

/// Records of operations, and the number that the next page begins with, if there may be one.
pub type AuditPage = (Vec<Recorded>, Option<u64>);

impl Database {
    /// A hit, whosever it is.
    pub fn hit(&self, id: Uuid) -> Result<Option<StoredHit>, StoreError> {
        self.json(&keys::hit(id))
    }

    /// Those of a State's hits that may be shown, oldest first.
    pub fn hits(
        &self,
        state: MemberState,
        after: Option<&str>,
        limit: usize,
        shown: impl Fn(&StoredHit) -> bool,
    ) -> Result<Page<StoredHit>, StoreError> {
        self.listed((Listed::Hits, state), after, limit, keys::hit, shown)
    }

    /// A notice, whosever it is.
    pub fn notice(&self, id: Uuid) -> Result<Option<Notice>, StoreError> {
        self.json(&keys::notice(id))
    }

    /// Notices that a State gave or got, oldest first.
    pub fn notices(
        &self,
        state: MemberState,
        after: Option<&str>,
        limit: usize,
    ) -> Result<Page<Notice>, StoreError> {
        self.listed((Listed::Notices, state), after, limit, keys::notice, |_| true)
    }

    /// A data subject's request, wherever it was opened.
    pub fn request(&self, id: Uuid) -> Result<Option<Request>, StoreError> {
        self.json(&keys::request(id))
    }

    /// The request under a reference number.
    pub fn request_of(&self, state: MemberState, reference: &str) -> Result<Option<Uuid>, StoreError> {
        let value = self.store()?.get(&keys::request_number(state, reference))?;
        Ok(value.and_then(|id| Uuid::from_slice(&id).ok()))
    }

    /// Requests that a State opened or has to do with, oldest first.
    pub fn requests(
        &self,
        state: MemberState,
        after: Option<&str>,
        limit: usize,
    ) -> Result<Page<Request>, StoreError> {
        self.listed((Listed::Requests, state), after, limit, keys::request, |_| true)
    }

    /// The register of Member States.
    pub fn participants(&self) -> Result<Vec<Participant>, StoreError> {
        let rows = self.store()?.scan(keys::PARTICIPANT, b"", usize::MAX)?;
        rows.iter().map(|(_, value)| from_json(value)).collect()
    }

    /// R-OPS-1: the day on which operations started, or are to.
    pub fn started(&self) -> Result<Option<Date>, StoreError> {
        self.json(&keys::started())
    }

    /// R-BLOCK-3.
    pub fn decision(&self) -> Result<Option<Decision>, StoreError> {
        self.json(&keys::decision())
    }

    /// Blocked records, some after an id.
    pub fn blocked(&self, after: Option<Uuid>, limit: usize) -> Result<Vec<Uuid>, StoreError> {
        let after = after.map(keys::blocked).unwrap_or_default();
        let rows = self.store()?.scan(keys::BLOCKED, &after, limit)?;
        Ok(rows.iter().filter_map(|(key, _)| keys::id_of(key)).collect())
    }

    /// A page of what is shown: what is not is passed over, so that nobody sees from a page how much that is.
    fn listed<T: DeserializeOwned>(
        &self,
        (of, state): (Listed, MemberState),
        after: Option<&str>,
        limit: usize,
        row: impl Fn(Uuid) -> Vec<u8>,
        shown: impl Fn(&T) -> bool,
    ) -> Result<Page<T>, StoreError> {
        let prefix = keys::list(of, state);
        let cursor = after.and_then(decode).map(|cursor| [prefix.as_slice(), &cursor].concat());
        let (mut at, mut rows, mut last) = (cursor.unwrap_or_default(), Vec::new(), None);
        loop {
            let page = self.store()?.scan(&prefix, &at, limit + 1)?;
            let Some((end, _)) = page.last() else { return Ok((rows, None)) };
            at.clone_from(end);
            for (key, _) in page {
                let found: Option<T> = keys::id_of(&key).map_or(Ok(None), |id| self.json(&row(id)))?;
                let Some(found) = found.filter(&shown) else { continue };
                if rows.len() == limit {
                    return Ok((rows, last));
                }
                rows.push(found);
                last = Some(encode(&key[prefix.len()..]));
            }
        }
    }
}

fn encode(cursor: &[u8]) -> String {
    cursor.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// A cursor that is none begins the list.
fn decode(text: &str) -> Option<Vec<u8>> {
    let digits = |at: usize| u8::from_str_radix(text.get(at..at + 2)?, 16).ok();
    (0..text.len()).step_by(2).map(digits).collect()
}
