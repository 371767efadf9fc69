//! What a record of the journal does to the store. The same at the moment it is written and when it is replayed.

use serde::{Deserialize, Serialize};

use uuid::Uuid;

use super::{Applied, damaged, keys, put_json};
use crate::eurodac::model::{Category, MemberState, ReferenceNumber};
use crate::journal::{AuditRecord, Chain, Effect, Parts, Place, Tree, Written};
use crate::store::{Batch, Store, StoreError};

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

/// A store that follows the journal, record by record.
pub(super) struct Follower<'a> {
    store: &'a dyn Store,
    batch: Batch,
    applied: Applied,
    tree: Tree,
}

impl<'a> Follower<'a> {
    /// A store that has followed so far.
    pub(super) fn new(store: &'a dyn Store, applied: Applied) -> Result<Self, StoreError> {
        let tree = if applied.size == 0 { Some(Tree::default()) } else { Tree::from_bytes(&applied.tree) };
        let tree = tree.filter(|tree| tree.size() == applied.size).ok_or_else(|| damaged("the tree"))?;
        Ok(Self { store, batch: Batch::default(), applied, tree })
    }

    /// The tree over the journal, and its last hash.
    pub(super) fn head(&self) -> (Tree, Chain) {
        (self.tree.clone(), Chain(self.applied.chain))
    }

    /// How far it has followed.
    pub(super) fn applied(&self) -> &Applied {
        &self.applied
    }

    /// Adds what the next record changes. Its body lies at `place`, and its sealed parts begin at `start` in it.
    pub(super) fn step(
        &mut self,
        place: Place,
        written: &Written,
        start: u64,
        chain: Chain,
    ) -> Result<(), StoreError> {
        let number = self.applied.size;
        let Applied { mut sequence, mut records, .. } = self.applied;
        match &written.effect {
            Effect::None => {}
            Effect::Initialised(states) => put_json(&mut self.batch, keys::states(), states)?,
            Effect::AuthorityAdded(authority) => {
                put_json(&mut self.batch, keys::authority(&authority.id), authority)?;
            }
            Effect::Entered { id, sequence: given, parts, idempotency } => {
                let row = Row { sequence: *given, place, parts: parts.placed(start) };
                self.batch.put(keys::record(*id), postcard::to_stdvec(&row).map_err(damaged)?);
                self.batch.put(reference(number, &written.audit)?, id.as_bytes().to_vec());
                if let Some(used) = idempotency {
                    put_json(&mut self.batch, keys::idempotency(&used.authority, &used.key), used)?;
                }
                (sequence, records) = (given + 1, records + 1);
            }
            Effect::Concluded { result, disclosures } => {
                if let Some((id, result)) = result {
                    put_json(&mut self.batch, keys::result(*id), result)?;
                }
                for (place, (id, disclosure)) in (0..).zip(disclosures) {
                    put_json(&mut self.batch, keys::disclosure(*id, number, place), disclosure)?;
                }
            }
            Effect::Erased { id, .. } | Effect::Forgotten { id } => {
                self.erase(*id, reference(number, &written.audit)?)?;
                records = records.saturating_sub(1);
            }
        }
        self.tree.push(&chain);
        self.applied = Applied { size: number + 1, chain: chain.0, sequence, records, tree: Vec::new() };
        Ok(())
    }

    /// R-ERASE-2: every row of the record.
    fn erase(&mut self, id: Uuid, reference: Vec<u8>) -> Result<(), StoreError> {
        // What is not in the store yet would not be found.
        self.commit()?;
        for (key, _) in self.store.scan(&keys::disclosures(id), b"", usize::MAX)? {
            self.batch.remove(key);
        }
        for key in [keys::record(id), keys::result(id), reference] {
            self.batch.remove(key);
        }
        Ok(())
    }

    /// Tells the store, and how far it has followed with it.
    pub(super) fn commit(&mut self) -> Result<(), StoreError> {
        let mut batch = std::mem::take(&mut self.batch);
        self.applied.tree = self.tree.to_bytes();
        batch.put(keys::applied(), postcard::to_stdvec(&self.applied).map_err(damaged)?);
        self.store.apply(batch)
    }
}

/// The key of a record's reference number, from the audit of what was done with it.
fn reference(number: u64, audit: &AuditRecord) -> Result<Vec<u8>, StoreError> {
    let (state, category, reference) = subject(audit).ok_or_else(|| {
        damaged(format!("record {number} of the journal does not say whose set it is about"))
    })?;
    Ok(keys::reference(state, category, reference.as_str()))
}

fn subject(audit: &AuditRecord) -> Option<(MemberState, Category, &ReferenceNumber)> {
    Some((audit.member_state?, audit.category?, audit.reference_number.as_ref()?))
}
