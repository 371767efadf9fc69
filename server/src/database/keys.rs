//! Keys of the store: one function a row of the table in the parent module.

use uuid::Uuid;

use crate::eurodac::model::{Category, MemberState};

pub(super) const AUDIT: &[u8] = b"a/";
pub(super) const AUTHORITY: &[u8] = b"k/";
pub(super) const RECORD: &[u8] = b"r/";

pub(super) fn audit(number: u64) -> Vec<u8> {
    [AUDIT, &number.to_be_bytes()].concat()
}

pub(super) fn audit_number(key: &[u8]) -> u64 {
    let digits = key.strip_prefix(AUDIT).and_then(|rest| rest.try_into().ok());
    digits.map_or(0, u64::from_be_bytes)
}

pub(super) fn result(id: Uuid) -> Vec<u8> {
    [b"c/", id.as_bytes().as_slice()].concat()
}

pub(super) fn idempotency(authority: &str, key: &str) -> Vec<u8> {
    format!("i/{authority}/{key}").into_bytes()
}

pub(super) fn authority(id: &str) -> Vec<u8> {
    [AUTHORITY, id.as_bytes()].concat()
}

pub(super) fn next_audit() -> Vec<u8> {
    b"m/audit".to_vec()
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

/// What all keys of [`reference`] of a State, or of one category of it, begin with.
pub(super) fn reference_prefix(state: MemberState, category: Option<Category>) -> Vec<u8> {
    match category {
        Some(category) => reference(state, category, ""),
        None => format!("n/{state}/").into_bytes(),
    }
}

pub(super) fn print_prefix(id: Uuid, position: u8) -> Vec<u8> {
    [b"p/", id.as_bytes().as_slice(), &[b'/', position, b'/']].concat()
}

pub(super) fn print(id: Uuid, position: u8, part: u16) -> Vec<u8> {
    [print_prefix(id, position), part.to_be_bytes().to_vec()].concat()
}

pub(super) fn record(id: Uuid) -> Vec<u8> {
    [RECORD, id.as_bytes()].concat()
}

pub(super) fn templates(id: Uuid) -> Vec<u8> {
    [b"t/", id.as_bytes().as_slice()].concat()
}
