//! The central database (Art. 3(2)): records, prints, results, authorities and the audit, over a [`Store`].
//!
//! | key | value |
//! | --- | --- |
//! | `a/<number, 8 bytes>` | audit record, JSON |
//! | `c/<record id>` | result of the record's comparison, JSON |
//! | `i/<authority>/<idempotency key>` | [`Idempotency`], JSON |
//! | `k/<authority>` | [`Authority`], JSON |
//! | `m/audit`, `m/format`, `m/states` | next audit number; version of this table; participating States |
//! | `n/<State>/<category>/<reference number>` | record id |
//! | `p/<record id>/<position>/<part, 2 bytes>` | the print as sent, in parts of at most 32 KiB |
//! | `r/<record id>` | [`Record`], JSON |
//! | `t/<record id>` | templates, as postcard |

mod keys;
mod model;

pub use model::{
    Disclosure, FingerFound, FingerTemplate, FingerprintData, HitFound, Idempotency, Print, Record,
    ResultOfComparison, Threshold,
};

use std::sync::Mutex;

use uuid::Uuid;

use crate::access::Authority;
use crate::eurodac::model::{Category, MemberState};
use crate::journal::{AuditRecord, Event};
use crate::store::{Batch, Store, StoreError};

/// Version of the table above.
const FORMAT: &[u8] = b"2";
/// sled wants values well below 64 KiB. Unit: bytes.
const PART_BYTES: usize = 32 << 10;

/// Typed access to a store.
pub struct Database {
    store: Box<dyn Store>,
    next_audit: Mutex<u64>,
}

impl Database {
    /// Opens what is in a store; refuses a format that this version does not know.
    pub fn new(store: Box<dyn Store>) -> Result<Self, StoreError> {
        if let Some(format) = store.get(&keys::format())?
            && format != FORMAT
        {
            let found = String::from_utf8_lossy(&format).into_owned();
            return Err(StoreError::Failed(format!(
                "the data are of format {found}, this version reads format 2"
            )));
        }
        let next = store.get(&keys::next_audit())?.map_or(Ok(0), |value| from_json(&value))?;
        Ok(Self { store, next_audit: Mutex::new(next) })
    }

    /// Why nothing can be read or written any more, if that is so.
    pub fn failure(&self) -> Option<String> {
        self.store.failure()
    }

    /// Whether `whorl init` was done.
    pub fn is_initialised(&self) -> Result<bool, StoreError> {
        Ok(self.store.get(&keys::format())?.is_some())
    }

    /// Makes an event durable: its audit record and its effect, together. No record, no operation.
    ///
    /// One at a time: audit numbers have no gaps, and of two disclosures on one record neither overwrites the other.
    pub fn record(&self, event: Event<'_>) -> Result<(), StoreError> {
        let mut next = self.next_audit.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        let mut batch = Batch::default();
        let audit = match event {
            Event::Initialised { audit, states } => {
                batch.put(keys::format(), FORMAT.to_vec());
                put_json(&mut batch, keys::states(), &states)?;
                audit
            }
            Event::AuthorityAdded { audit, authority } => {
                put_json(&mut batch, keys::authority(&authority.id), authority)?;
                audit
            }
            Event::Entered { audit, record, templates, prints, idempotency } => {
                put_entry(&mut batch, record, templates, prints)?;
                if let Some(idempotency) = idempotency {
                    put_json(
                        &mut batch,
                        keys::idempotency(&idempotency.authority, &idempotency.key),
                        idempotency,
                    )?;
                }
                audit
            }
            Event::Repeated { audit } => audit,
            Event::Concluded { audit, result, disclosures } => {
                if let Some((id, result)) = result {
                    put_json(&mut batch, keys::result(id), result)?;
                }
                for (id, disclosure) in disclosures {
                    let Some(mut record) = self.find(*id)? else {
                        continue;
                    };
                    record.disclosures.push(disclosure.clone());
                    put_json(&mut batch, keys::record(*id), &record)?;
                }
                audit
            }
        };
        put_json(&mut batch, keys::audit(*next), &audit)?;
        put_json(&mut batch, keys::next_audit(), &(*next + 1))?;
        self.store.commit(batch)?;
        *next += 1;
        Ok(())
    }

    /// A record, whosever it is.
    pub fn find(&self, id: Uuid) -> Result<Option<Record>, StoreError> {
        self.json(&keys::record(id))
    }

    /// The id of the record under a reference number.
    pub fn find_id(
        &self,
        state: MemberState,
        category: Category,
        reference: &str,
    ) -> Result<Option<Uuid>, StoreError> {
        let value = self.store.get(&keys::reference(state, category, reference))?;
        Ok(value.and_then(|bytes| Uuid::from_slice(&bytes).ok()))
    }

    /// The record under a reference number, or none.
    pub fn find_by_reference(
        &self,
        state: MemberState,
        category: Category,
        reference: &str,
    ) -> Result<Option<Record>, StoreError> {
        self.find_id(state, category, reference)?.map_or(Ok(None), |id| self.find(id))
    }

    /// A page of a State's own records, by category and reference number; and the cursor of the next page, if there is one.
    pub fn list(
        &self,
        state: MemberState,
        category: Option<Category>,
        after: Option<&str>,
        limit: usize,
    ) -> Result<(Vec<Record>, Option<String>), StoreError> {
        let all = keys::reference_prefix(state, None);
        let from = after.map(|cursor| [&all, cursor.as_bytes()].concat()).unwrap_or_default();
        let mut pairs = self.store.scan(&keys::reference_prefix(state, category), &from, limit + 1)?;
        let more = pairs.len() > limit;
        pairs.truncate(limit);
        let last = pairs.last().filter(|_| more);
        let cursor = last.map(|(key, _)| String::from_utf8_lossy(&key[all.len()..]).into_owned());
        let ids = pairs.iter().filter_map(|(_, value)| Uuid::from_slice(value).ok());
        let records: Result<Vec<_>, _> = ids.map(|id| self.find(id)).collect();
        Ok((records?.into_iter().flatten().collect(), cursor))
    }

    /// The prints of a record, in the order of its fingerprints.
    pub fn prints(&self, record: &Record) -> Result<Vec<Vec<u8>>, StoreError> {
        let whole = |position| {
            let parts =
                self.store.scan(&keys::print_prefix(record.id, position), b"", usize::from(u16::MAX))?;
            Ok(parts.into_iter().flat_map(|(_, part)| part).collect())
        };
        record.fingerprints.iter().map(|finger| whole(finger.position.code())).collect()
    }

    /// The minutiae of a record's fingers.
    pub fn templates(&self, id: Uuid) -> Result<Vec<FingerTemplate>, StoreError> {
        let value = self.store.get(&keys::templates(id))?;
        value.map_or(Ok(Vec::new()), |bytes| postcard::from_bytes(&bytes).map_err(damaged))
    }

    /// The result of a record's comparison, once there is one.
    pub fn result(&self, id: Uuid) -> Result<Option<ResultOfComparison>, StoreError> {
        self.json(&keys::result(id))
    }

    /// What an idempotency key was used for.
    pub fn idempotency(&self, authority: &str, key: &str) -> Result<Option<Idempotency>, StoreError> {
        self.json(&keys::idempotency(authority, key))
    }

    /// An authority by its id.
    pub fn authority(&self, id: &str) -> Result<Option<Authority>, StoreError> {
        self.json(&keys::authority(id))
    }

    /// All authorities.
    pub fn authorities(&self) -> Result<Vec<Authority>, StoreError> {
        let pairs = self.store.scan(keys::AUTHORITY, b"", usize::MAX)?;
        pairs.iter().map(|(_, value)| from_json(value)).collect()
    }

    /// The States that take part; empty where any may.
    pub fn states(&self) -> Result<Vec<MemberState>, StoreError> {
        Ok(self.json(&keys::states())?.unwrap_or_default())
    }

    /// Audit records from a number on, oldest first.
    pub fn audit(&self, from: u64, limit: usize) -> Result<Vec<(u64, AuditRecord)>, StoreError> {
        let after = if from == 0 { Vec::new() } else { keys::audit(from - 1) };
        let pairs = self.store.scan(keys::AUDIT, &after, limit)?;
        pairs.iter().map(|(key, value)| Ok((keys::audit_number(key), from_json(value)?))).collect()
    }

    /// Up to `limit` records and their templates, after an id, for filling the gallery.
    pub fn entries(
        &self,
        after: Option<Uuid>,
        limit: usize,
    ) -> Result<Vec<(Record, Vec<FingerTemplate>)>, StoreError> {
        let after = after.map(keys::record).unwrap_or_default();
        let entry = |(_, value): (_, Vec<u8>)| {
            let record: Record = from_json(&value)?;
            let templates = self.templates(record.id)?;
            Ok((record, templates))
        };
        self.store.scan(keys::RECORD, &after, limit)?.into_iter().map(entry).collect()
    }

    fn json<T: serde::de::DeserializeOwned>(&self, key: &[u8]) -> Result<Option<T>, StoreError> {
        self.store.get(key)?.map(|value| from_json(&value)).transpose()
    }
}

fn put_entry(
    batch: &mut Batch,
    record: &Record,
    templates: &[FingerTemplate],
    prints: &[Print],
) -> Result<(), StoreError> {
    put_json(batch, keys::record(record.id), record)?;
    let reference = keys::reference(record.member_state, record.category, record.reference_number.as_str());
    batch.put(reference, record.id.as_bytes().to_vec());
    batch.put(keys::templates(record.id), postcard::to_stdvec(templates).map_err(damaged)?);
    for print in prints {
        for (number, part) in (0u16..).zip(print.data.chunks(PART_BYTES)) {
            batch.put(keys::print(record.id, print.position.code(), number), part.to_vec());
        }
    }
    Ok(())
}

fn put_json<T: serde::Serialize + ?Sized>(
    batch: &mut Batch,
    key: Vec<u8>,
    value: &T,
) -> Result<(), StoreError> {
    batch.put(key, serde_json::to_vec(value).map_err(damaged)?);
    Ok(())
}

fn from_json<T: serde::de::DeserializeOwned>(bytes: &[u8]) -> Result<T, StoreError> {
    serde_json::from_slice(bytes).map_err(damaged)
}

fn damaged(error: impl core::fmt::Display) -> StoreError {
    StoreError::Failed(format!("a stored value is damaged: {error}"))
}

#[cfg(test)]
mod tests;
