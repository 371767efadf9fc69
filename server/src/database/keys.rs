//! Keys of the store: one function a row of the table in the parent module.

use jiff::Timestamp;
use jiff::civil::Date;
use uuid::Uuid;

use crate::access::CertificateHash;
use crate::eurodac::model::{Category, MemberState, ReferenceNumber};

pub(super) const AUTHORITY: &[u8] = b"k/";
pub(super) const RECORD: &[u8] = b"r/";
pub(super) const REFERENCE: &[u8] = b"n/";
pub(super) const PROCEDURE: &[u8] = b"p/";
pub(super) const IDEMPOTENCY: &[u8] = b"i/";
pub(super) const BLOCKED: &[u8] = b"b/";
pub(super) const PARTICIPANT: &[u8] = b"s/";
pub(super) const NOTICE: &[u8] = b"q/";
pub(super) const REQUEST: &[u8] = b"u/";
pub(super) const COUNTER: &[u8] = b"t/";

pub(super) fn result(id: Uuid) -> Vec<u8> {
    [b"c/", id.as_bytes().as_slice()].concat()
}

pub(super) fn idempotency(authority: &str, key: &str) -> Vec<u8> {
    format!("i/{authority}/{key}").into_bytes()
}

pub(super) fn authority(id: &str) -> Vec<u8> {
    [AUTHORITY, id.as_bytes()].concat()
}

pub(super) fn certificate(hash: &CertificateHash) -> Vec<u8> {
    format!("k#/{}", String::from(hash.clone())).into_bytes()
}

pub(super) fn procedure(id: Uuid) -> Vec<u8> {
    [PROCEDURE, id.as_bytes()].concat()
}

pub(super) fn applied() -> Vec<u8> {
    b"m/applied".to_vec()
}

pub(super) fn initialised() -> Vec<u8> {
    b"m/initialised".to_vec()
}

pub(super) fn started() -> Vec<u8> {
    b"m/started".to_vec()
}

pub(super) fn decision() -> Vec<u8> {
    b"m/decision".to_vec()
}

pub(super) fn participant(state: MemberState) -> Vec<u8> {
    format!("s/{state}").into_bytes()
}

pub(super) fn blocked(id: Uuid) -> Vec<u8> {
    [BLOCKED, id.as_bytes()].concat()
}

/// The record that is sealed under a key that is not its own id.
pub(super) fn sealed_under(key: Uuid) -> Vec<u8> {
    [b"v/", key.as_bytes().as_slice()].concat()
}

pub(super) fn hit(id: Uuid) -> Vec<u8> {
    [b"h/", id.as_bytes().as_slice()].concat()
}

pub(super) fn notice(id: Uuid) -> Vec<u8> {
    [b"q/", id.as_bytes().as_slice()].concat()
}

pub(super) fn request(id: Uuid) -> Vec<u8> {
    [b"u/", id.as_bytes().as_slice()].concat()
}

/// The reference number of a data subject's request.
pub(super) fn request_number(state: MemberState, reference: &str) -> Vec<u8> {
    format!("x/{state}/{reference}").into_bytes()
}

/// What all keys of [`mention`] of a record begin with.
pub(super) fn mentions(of: Mention, record: Uuid) -> Vec<u8> {
    [of.prefix(), record.as_bytes(), b"/"].concat()
}

/// That a hit or a data subject's request has to do with a record.
pub(super) fn mention(of: Mention, record: Uuid, id: Uuid) -> Vec<u8> {
    [&mentions(of, record), id.as_bytes().as_slice()].concat()
}

/// What mentions a record.
#[derive(Debug, Clone, Copy)]
pub(super) enum Mention {
    /// A hit on it.
    Hit,
    /// A data subject's request.
    Request,
}

impl Mention {
    fn prefix(self) -> &'static [u8] {
        match self {
            Self::Hit => b"g/",
            Self::Request => b"f/",
        }
    }
}

/// Lists of a State, oldest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Listed {
    Hits,
    Notices,
    Requests,
}

/// What all keys of [`listed`] of a State begin with; of all States, where there is none.
pub(super) fn list(list: Listed, state: MemberState) -> Vec<u8> {
    let letter = match list {
        Listed::Hits => 'h',
        Listed::Notices => 'q',
        Listed::Requests => 'u',
    };
    format!("l/{letter}/{state}/").into_bytes()
}

/// The place of a hit, a notice or a request in a State's list.
pub(super) fn listed(of: Listed, state: MemberState, at: Timestamp, id: Uuid) -> Vec<u8> {
    // In order of time as bytes, before 1970 too.
    let at = at.as_microsecond().wrapping_add(i64::MIN);
    [&list(of, state), at.to_be_bytes().as_slice(), id.as_bytes()].concat()
}

/// The id at the end of a key.
pub(super) fn id_of(key: &[u8]) -> Option<Uuid> {
    key.last_chunk::<16>().map(|bytes| Uuid::from_bytes(*bytes))
}

/// A counter of a day; the days are in order.
pub(super) fn counter(day: Date, name: &[u8]) -> Vec<u8> {
    [COUNTER, day.to_string().as_bytes(), b"/", name].concat()
}

/// Day and name of a key of [`counter`].
pub(super) fn counted(key: &[u8]) -> Option<(Date, &[u8])> {
    let (day, name) = key.strip_prefix(COUNTER)?.split_at_checked(11)?;
    Some((core::str::from_utf8(&day[..10]).ok()?.parse().ok()?, name))
}

pub(super) fn format() -> Vec<u8> {
    b"m/format".to_vec()
}

pub(super) fn reference(state: MemberState, category: Category, reference: &str) -> Vec<u8> {
    format!("n/{state}/{}/{reference}", category.number()).into_bytes()
}

/// The record that a row tells something of, if it does. Not rows that have ids only: what an erasure that is still to be followed does to
/// hits, notices and counters is found by them.
pub(super) fn about(key: &[u8], value: &[u8]) -> Option<Uuid> {
    let of_key = |prefix: &[u8]| Uuid::from_slice(key.strip_prefix(prefix)?.get(..16)?).ok();
    match key.first_chunk()? {
        b"r/" => of_key(b"r/"),
        b"d/" => of_key(b"d/"),
        b"n/" | b"v/" => Uuid::from_slice(value).ok(),
        _ => None,
    }
}

/// Whose set it is: State of origin, category, reference number.
pub(super) type Subject = (MemberState, Category, ReferenceNumber);

/// What a key of [`reference`] says; `None` for another key.
pub(super) fn subject(key: &[u8]) -> Option<Subject> {
    let mut parts = core::str::from_utf8(key).ok()?.strip_prefix("n/")?.splitn(3, '/');
    let (state, category, reference) = (parts.next()?, parts.next()?, parts.next()?);
    let category = Category::try_from(category.parse::<u8>().ok()?).ok()?;
    let state: MemberState = state.parse().ok()?;
    Some((state, category, ReferenceNumber::new(reference, state, category).ok()?))
}

/// What all keys of [`reference`] of a State, or of one category of it, begin with.
pub(super) fn reference_prefix(state: MemberState, category: Option<Category>) -> Vec<u8> {
    match category {
        Some(category) => reference(state, category, ""),
        None => format!("n/{state}/").into_bytes(),
    }
}

/// What all keys of [`disclosure`] of a record begin with.
pub(super) fn disclosures(id: Uuid) -> Vec<u8> {
    [b"d/", id.as_bytes().as_slice(), b"/"].concat()
}

/// The disclosure of this place in the record of this number of the journal.
pub(super) fn disclosure(id: Uuid, number: u64, place: u32) -> Vec<u8> {
    [&disclosures(id), number.to_be_bytes().as_slice(), &place.to_be_bytes()].concat()
}

pub(super) fn record(id: Uuid) -> Vec<u8> {
    [RECORD, id.as_bytes()].concat()
}
