//! What a record of the journal does to the store. The same at the moment it is written and when it is replayed.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{Applied, damaged, from_json, keys, put_json};
use crate::eurodac::audit::Procedure;
use crate::eurodac::model::{Category, MemberState, ReferenceNumber};
use crate::files::Files;
use crate::journal::{self, AuditRecord, Chain, Effect, JournalError, Parts, Place, Tree, Written};
use crate::store::{Batch, Store, StoreError};

/// Records of the journal that are followed in one batch.
const STEP: u64 = 1000;

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
            Effect::ProcedureOpened(procedure) => {
                put_json(&mut self.batch, keys::procedure(procedure.id), procedure)?;
            }
            Effect::ProcedureClosed(id) => self.close(*id, written.audit.at)?,
            Effect::Retained(retention) => {
                retention.released.iter().for_each(|&id| self.batch.remove(keys::procedure(id)));
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

    fn close(&mut self, id: Uuid, at: Timestamp) -> Result<(), StoreError> {
        self.commit()?;
        let Some(value) = self.store.get(&keys::procedure(id))? else { return Ok(()) };
        let procedure = Procedure { closed_at: Some(at), ..from_json(&value)? };
        put_json(&mut self.batch, keys::procedure(id), &procedure)
    }

    /// Follows the journal up to a record, which is not followed; `told` is called with the number of each.
    pub(super) fn follow(
        &mut self,
        journal: &dyn Files,
        until: u64,
        mut told: impl FnMut(u64),
    ) -> Result<(), StoreError> {
        let mut failed = None;
        let followed = journal::replay(journal, self.applied.size..until, |record| {
            told(record.number);
            let (written, start) = Written::decode(record.body)?;
            let step = self.step(record.place, &written, start, record.chain);
            let step =
                step.and_then(|()| if record.number % STEP == STEP - 1 { self.commit() } else { Ok(()) });
            // The journal's error only stops the replay: it is the store that failed.
            step.map_err(|error| JournalError::Schema(failed.insert(error).to_string()))
        });
        match failed {
            Some(error) => Err(error),
            None => followed.map(drop).map_err(StoreError::from).and_then(|()| self.commit()),
        }
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
