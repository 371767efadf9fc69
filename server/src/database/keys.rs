//! Keys of the store: one function a row of the table in the parent module.

use uuid::Uuid;

use crate::eurodac::model::{Category, MemberState, ReferenceNumber};

pub(super) const AUTHORITY: &[u8] = b"k/";
pub(super) const RECORD: &[u8] = b"r/";
pub(super) const REFERENCE: &[u8] = b"n/";
pub(super) const PROCEDURE: &[u8] = b"p/";
pub(super) const IDEMPOTENCY: &[u8] = b"i/";

pub(super) fn result(id: Uuid) -> Vec<u8> {
    [b"c/", id.as_bytes().as_slice()].concat()
}

pub(super) fn idempotency(authority: &str, key: &str) -> Vec<u8> {
    format!("i/{authority}/{key}").into_bytes()
}

pub(super) fn authority(id: &str) -> Vec<u8> {
    [AUTHORITY, id.as_bytes()].concat()
}

pub(super) fn procedure(id: Uuid) -> Vec<u8> {
    [PROCEDURE, id.as_bytes()].concat()
}

pub(super) fn applied() -> Vec<u8> {
    b"m/applied".to_vec()
}

pub(super) fn states() -> Vec<u8> {
    b"m/states".to_vec()
}

pub(super) fn format() -> Vec<u8> {
    b"m/format".to_vec()
}

pub(super) fn reference(state: MemberState, category: Category, reference: &str) -> Vec<u8> {
    format!("n/{state}/{}/{reference}", category.number()).into_bytes()
}

/// The record that a row is about, if it is about one.
pub(super) fn about(key: &[u8], value: &[u8]) -> Option<Uuid> {
    let of_key = |prefix: &[u8]| Uuid::from_slice(key.strip_prefix(prefix)?.get(..16)?).ok();
    match key.first_chunk()? {
        b"r/" => of_key(b"r/"),
        b"c/" => of_key(b"c/"),
        b"d/" => of_key(b"d/"),
        b"n/" => Uuid::from_slice(value).ok(),
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
