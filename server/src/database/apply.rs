//! What a record of the journal does to the store. The same at the moment it is written and when it is replayed.

use serde::{Deserialize, Serialize};

use super::{keys, put_json};
use crate::eurodac::model::{Category, MemberState, ReferenceNumber};
use crate::journal::{AuditRecord, Effect, Parts, Place, Written};
use crate::store::{Batch, StoreError};

/// A record in the store: its place in the order, and where in the journal its sealed parts lie.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Row {
    /// Order of entry.
    pub sequence: u32,
    /// The body in the journal.
    pub place: Place,
    /// What lies where in it.
    pub parts: Parts,
}

/// Adds to a batch what a record of the journal changes. `start`: where in its body the sealed parts begin.
pub(super) fn apply(
    batch: &mut Batch,
    number: u64,
    place: Place,
    written: &Written,
    start: u64,
) -> Result<(), StoreError> {
    match &written.effect {
        Effect::None => {}
        Effect::Initialised(states) => put_json(batch, keys::states(), states)?,
        Effect::AuthorityAdded(authority) => put_json(batch, keys::authority(&authority.id), authority)?,
        Effect::Entered { id, sequence, parts, idempotency } => {
            let row = Row { sequence: *sequence, place, parts: parts.placed(start) };
            batch.put(keys::record(*id), postcard::to_stdvec(&row).map_err(super::damaged)?);
            let (state, category, reference) = subject(&written.audit).ok_or_else(|| {
                super::damaged(format!("record {number} of the journal enters a set of nobody"))
            })?;
            batch.put(keys::reference(state, category, reference.as_str()), id.as_bytes().to_vec());
            if let Some(used) = idempotency {
                put_json(batch, keys::idempotency(&used.authority, &used.key), used)?;
            }
        }
        Effect::Concluded { result, disclosures } => {
            if let Some((id, result)) = result {
                put_json(batch, keys::result(*id), result)?;
            }
            for (place, (id, disclosure)) in (0..).zip(disclosures) {
                put_json(batch, keys::disclosure(*id, number, place), disclosure)?;
            }
        }
    }
    Ok(())
}

fn subject(audit: &AuditRecord) -> Option<(MemberState, Category, &ReferenceNumber)> {
    Some((audit.member_state?, audit.category?, audit.reference_number.as_ref()?))
}
