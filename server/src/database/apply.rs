//! What a record of the journal does to the store. The same at the moment it is written and when it is replayed.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::counting::Counters;
use super::keys::{Listed, Mention};
use super::{Applied, Disclosure, ResultOfComparison, StoredHit, damaged, from_json, keys, put_json};
use crate::eurodac::audit::{Procedure, kept_from};
use crate::eurodac::blocking::Decision;
use crate::eurodac::hits;
use crate::eurodac::model::{Category, MemberState, ReferenceNumber};
use crate::eurodac::notices::{Concern, Notice};
use crate::eurodac::rights::Request;
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
    /// The key that the parts are sealed under: the record's id, until it is amended.
    pub key: Uuid,
    /// The body in the journal.
    pub place: Place,
    /// What lies where in it.
    pub parts: Parts,
}

/// A store that follows the journal, record by record.
pub(super) struct Follower<'a> {
    store: &'a dyn Store,
    batch: Batch,
    counters: Counters,
    applied: Applied,
    tree: Tree,
}

impl<'a> Follower<'a> {
    /// A store that has followed so far.
    pub(super) fn new(store: &'a dyn Store, applied: Applied) -> Result<Self, StoreError> {
        let tree = if applied.size == 0 { Some(Tree::default()) } else { Tree::from_bytes(&applied.tree) };
        let tree = tree.filter(|tree| tree.size() == applied.size).ok_or_else(|| damaged("the tree"))?;
        Ok(Self { store, batch: Batch::default(), counters: Counters::default(), applied, tree })
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
        // What is not in the store yet would not be found. Once, and before anything of this record: what is put is put with it.
        if reads_the_store(&written.effect) {
            self.commit()?;
        }
        self.counters.add(written);
        if let Some(used) = &written.request {
            put_json(&mut self.batch, keys::idempotency(&used.authority, &used.key), used)?;
        }
        self.effect(place, written, start)?;
        self.tree.push(&chain);
        (self.applied.size, self.applied.chain) = (self.applied.size + 1, chain.0);
        Ok(())
    }

    fn effect(&mut self, place: Place, written: &Written, start: u64) -> Result<(), StoreError> {
        let (number, audit) = (self.applied.size, &written.audit);
        match &written.effect {
            Effect::None | Effect::Started { .. } => {}
            Effect::Initialised => self.batch.put(keys::initialised(), Vec::new()),
            Effect::Authority(authority) => {
                put_json(&mut self.batch, keys::authority(&authority.id), authority)?;
                if let Some(hash) = &authority.certificate {
                    self.batch.put(keys::certificate(hash), authority.id.clone().into_bytes());
                }
            }
            Effect::Entered { id, sequence, parts, .. } => {
                let row = Row { sequence: *sequence, key: *id, place, parts: parts.placed(start) };
                self.batch.put(keys::record(*id), postcard::to_stdvec(&row).map_err(damaged)?);
                self.batch.put(reference(number, audit)?, id.as_bytes().to_vec());
                self.applied.sequence = sequence + 1;
                self.applied.records += 1;
            }
            Effect::Amended { id, key, parts, new_prints } => {
                self.amend(*id, *key, place, parts.placed(start))?;
                if *new_prints {
                    self.forget_fingers(*id)?;
                }
            }
            Effect::Concluded { result, hits, .. } => self.conclude(number, result.as_ref(), hits)?,
            Effect::Erased { id, ground } => {
                let told = ground.is_some().then_some(audit.at);
                self.erase(*id, reference(number, audit)?, told, subject(audit))?;
            }
            Effect::Forgotten { id } => self.erase(*id, reference(number, audit)?, None, subject(audit))?,
            Effect::Blocked(id, blocked) => self.block(*id, *blocked, subject(audit)),
            Effect::Decided(decision) => self.decide(*decision)?,
            Effect::Verified(id, verdict) => {
                if let Some(hit) = self.hit(*id)? {
                    self.counters.verified(*verdict, hit.recipient, hit.member_state);
                }
                self.change(keys::hit(*id), |hit: &mut StoredHit| hit.verdict = Some((*verdict, audit.at)))?;
            }
            Effect::NoticeGiven(notice) => self.give(notice)?,
            Effect::NoticeAnswered(id, reply) => {
                let answered = Some((*reply, audit.at));
                self.change(keys::notice(*id), |notice: &mut Notice| notice.answered = answered)?;
            }
            Effect::RequestOpened(request) => self.open(number, request)?,
            Effect::RequestAnswered(id, state, answer) => {
                self.change(keys::request(*id), |request: &mut Request| {
                    let own = request.found.iter_mut().filter(|found| found.member_state == *state);
                    own.for_each(|found| found.answered = Some((answer.clone(), audit.at)));
                })?;
            }
            Effect::Participant(line) => {
                put_json(&mut self.batch, keys::participant(line.member_state), line)?;
            }
            Effect::OperationsStarted(day) => put_json(&mut self.batch, keys::started(), day)?,
            Effect::ProcedureOpened(procedure) => {
                put_json(&mut self.batch, keys::procedure(procedure.id), procedure)?;
            }
            Effect::ProcedureClosed(id) => {
                let closed = Some(audit.at);
                self.change(keys::procedure(*id), |procedure: &mut Procedure| procedure.closed_at = closed)?;
            }
            Effect::Retained(retention) => {
                retention.released.iter().for_each(|&id| self.batch.remove(keys::procedure(id)));
                self.forget_old(kept_from(audit.at))?;
            }
        }
        Ok(())
    }

    /// R-EDIT-1: where the record lies from now on, and under which key.
    fn amend(&mut self, id: Uuid, key: Uuid, place: Place, parts: Parts) -> Result<(), StoreError> {
        let Some(value) = self.store.get(&keys::record(id))? else { return Ok(()) };
        let old: Row = postcard::from_bytes(&value).map_err(damaged)?;
        let row = Row { sequence: old.sequence, key, place, parts };
        self.batch.put(keys::record(id), postcard::to_stdvec(&row).map_err(damaged)?);
        self.batch.remove(keys::sealed_under(old.key));
        self.batch.put(keys::sealed_under(key), id.as_bytes().to_vec());
        Ok(())
    }

    /// What fingers of earlier probes fitted is not what is stored now.
    fn forget_fingers(&mut self, id: Uuid) -> Result<(), StoreError> {
        for (key, _) in self.store.scan(&keys::mentions(Mention::Hit, id), b"", usize::MAX)? {
            if let Some(hit) = keys::id_of(&key) {
                self.change(keys::hit(hit), |hit: &mut StoredHit| {
                    (hit.fingers, hit.prints_replaced) = (Vec::new(), true);
                })?;
            }
        }
        Ok(())
    }

    /// R-HIT-3: the result and its hits, each with the disclosure on the record that it found.
    fn conclude(
        &mut self,
        number: u64,
        result: Option<&(Uuid, ResultOfComparison)>,
        hits: &[StoredHit],
    ) -> Result<(), StoreError> {
        if let Some((id, result)) = result {
            put_json(&mut self.batch, keys::result(*id), result)?;
        }
        for (place, hit) in (0..).zip(hits) {
            put_json(&mut self.batch, keys::hit(hit.hit_id), hit)?;
            self.batch.put(keys::mention(Mention::Hit, hit.record_id, hit.hit_id), Vec::new());
            self.batch.put(keys::listed(Listed::Hits, hit.recipient, hit.at, hit.hit_id), Vec::new());
            put_json(&mut self.batch, keys::disclosure(hit.record_id, number, place), &hit.disclosure())?;
        }
        Ok(())
    }

    /// R-ERASE-2: every row of the record, and of hits on it and of it. R-ERASE-4: whoever had a hit on it is told, where it is erased in
    /// advance, which was at `told`.
    fn erase(
        &mut self,
        id: Uuid,
        reference: Vec<u8>,
        told: Option<Timestamp>,
        subject: Option<(MemberState, Category, &ReferenceNumber)>,
    ) -> Result<(), StoreError> {
        let blocked = self.store.get(&keys::blocked(id))?.is_some();
        for (key, _) in self.store.scan(&keys::disclosures(id), b"", usize::MAX)? {
            self.batch.remove(key);
        }
        for (key, _) in self.store.scan(&keys::mentions(Mention::Hit, id), b"", usize::MAX)? {
            let Some(hit) = keys::id_of(&key).map_or(Ok(None), |hit| self.hit(hit))? else { continue };
            if let Some(at) =
                told.filter(|_| hits::is_told_of_erasure(hit.verdict.map(|(verdict, _)| verdict)))
            {
                self.give(&erased_after(&hit, at))?;
            }
            self.forget(&hit);
        }
        if let Some(result) = self.store.get(&keys::result(id))? {
            for hit in from_json::<ResultOfComparison>(&result)?.hits {
                if let Some(hit) = self.hit(hit)? {
                    self.forget(&hit);
                }
            }
        }
        for (key, _) in self.store.scan(&keys::mentions(Mention::Request, id), b"", usize::MAX)? {
            if let Some(request) = keys::id_of(&key) {
                self.change(keys::request(request), |request: &mut Request| {
                    for found in request.found.iter_mut().filter(|found| found.record_id == id) {
                        (found.record_id, found.reference_number) = (Uuid::nil(), None);
                        // R-BLOCK-2: what was hidden while it was blocked does not come to light with its erasure.
                        found.to_origin_only |= blocked && found.member_state != request.asked_in;
                    }
                })?;
            }
            self.batch.remove(key);
        }
        self.counters.gone(subject, blocked);
        if let Some(value) = self.store.get(&keys::record(id))? {
            let row: Row = postcard::from_bytes(&value).map_err(damaged)?;
            self.batch.remove(keys::sealed_under(row.key));
        }
        for key in [keys::record(id), keys::result(id), keys::blocked(id), reference] {
            self.batch.remove(key);
        }
        self.applied.records = self.applied.records.saturating_sub(1);
        Ok(())
    }

    fn hit(&self, id: Uuid) -> Result<Option<StoredHit>, StoreError> {
        self.store.get(&keys::hit(id))?.map(|value| from_json(&value)).transpose()
    }

    fn forget(&mut self, hit: &StoredHit) {
        self.batch.remove(keys::hit(hit.hit_id));
        self.batch.remove(keys::mention(Mention::Hit, hit.record_id, hit.hit_id));
        self.batch.remove(keys::listed(Listed::Hits, hit.recipient, hit.at, hit.hit_id));
    }

    fn block(&mut self, id: Uuid, blocked: bool, subject: Option<(MemberState, Category, &ReferenceNumber)>) {
        match (blocked, subject) {
            (true, Some((state, category, _))) => {
                let of = [state.to_string().as_bytes(), &[category.number()]].concat();
                self.batch.put(keys::blocked(id), of);
            }
            _ => self.batch.remove(keys::blocked(id)),
        }
    }

    /// R-BLOCK-3: decision (a) unblocks everything at once; what (b) erases follows, record by record.
    fn decide(&mut self, decision: Decision) -> Result<(), StoreError> {
        put_json(&mut self.batch, keys::decision(), &decision)?;
        if decision == Decision::Unblock {
            for (key, of) in self.store.scan(keys::BLOCKED, b"", usize::MAX)? {
                self.counters.unblocked(&of);
                self.batch.remove(key);
            }
        }
        Ok(())
    }

    fn give(&mut self, notice: &Notice) -> Result<(), StoreError> {
        for state in [Some(notice.to), notice.from].into_iter().flatten() {
            self.batch.put(keys::listed(Listed::Notices, state, notice.given_at, notice.id), Vec::new());
        }
        put_json(&mut self.batch, keys::notice(notice.id), notice)
    }

    /// R-RIGHT-1; and R-HIT-3: the disclosure of each record that the State which asks is told of.
    fn open(&mut self, number: u64, request: &Request) -> Result<(), StoreError> {
        let disclosure = Disclosure { recipient: request.asked_in, at: request.opened_at };
        for (place, found) in (0..).zip(&request.found) {
            self.batch.put(keys::mention(Mention::Request, found.record_id, request.id), Vec::new());
            if !found.to_origin_only && found.member_state != request.asked_in {
                put_json(&mut self.batch, keys::disclosure(found.record_id, number, place), &disclosure)?;
            }
        }
        self.batch.put(
            keys::request_number(request.asked_in, request.reference_number.as_str()),
            request.id.as_bytes().to_vec(),
        );
        for state in request.found.iter().map(|found| found.member_state).chain([request.asked_in]) {
            self.batch.put(keys::listed(Listed::Requests, state, request.opened_at, request.id), Vec::new());
        }
        put_json(&mut self.batch, keys::request(request.id), request)
    }

    /// R-ERASE-2: notices and requests, which name sets, go with the records of the operations that made them.
    fn forget_old(&mut self, from: Timestamp) -> Result<(), StoreError> {
        for (key, value) in self.store.scan(keys::NOTICE, b"", usize::MAX)? {
            let notice: Notice = from_json(&value)?;
            if notice.given_at < from {
                for state in [Some(notice.to), notice.from].into_iter().flatten() {
                    self.batch.remove(keys::listed(Listed::Notices, state, notice.given_at, notice.id));
                }
                self.batch.remove(key);
            }
        }
        for (key, value) in self.store.scan(keys::REQUEST, b"", usize::MAX)? {
            let request: Request = from_json(&value)?;
            if request.opened_at < from {
                for state in request.found.iter().map(|found| found.member_state).chain([request.asked_in]) {
                    self.batch.remove(keys::listed(Listed::Requests, state, request.opened_at, request.id));
                }
                for found in &request.found {
                    self.batch.remove(keys::mention(Mention::Request, found.record_id, request.id));
                }
                self.batch.remove(keys::request_number(request.asked_in, request.reference_number.as_str()));
                self.batch.remove(key);
            }
        }
        Ok(())
    }

    /// Changes a row, if it is there.
    fn change<T: Serialize + serde::de::DeserializeOwned>(
        &mut self,
        key: Vec<u8>,
        change: impl FnOnce(&mut T),
    ) -> Result<(), StoreError> {
        let Some(value) = self.store.get(&key)? else { return Ok(()) };
        let mut row: T = from_json(&value)?;
        change(&mut row);
        put_json(&mut self.batch, key, &row)
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
        self.counters.put(self.store, &mut batch)?;
        self.applied.tree = self.tree.to_bytes();
        batch.put(keys::applied(), postcard::to_stdvec(&self.applied).map_err(damaged)?);
        self.store.apply(batch)
    }
}

/// Whether what an effect does depends on what is in the store.
fn reads_the_store(effect: &Effect) -> bool {
    match effect {
        Effect::Amended { .. } | Effect::Erased { .. } | Effect::Forgotten { .. } | Effect::Decided(_) => {
            true
        }
        Effect::Verified(..) | Effect::NoticeAnswered(..) | Effect::RequestAnswered(..) => true,
        Effect::ProcedureClosed(_) | Effect::Retained(_) => true,
        Effect::None | Effect::Initialised | Effect::Authority(_) | Effect::Entered { .. } => false,
        Effect::Concluded { .. }
        | Effect::Blocked(..)
        | Effect::NoticeGiven(_)
        | Effect::RequestOpened(_) => false,
        Effect::Participant(_) | Effect::OperationsStarted(_) | Effect::ProcedureOpened(_) => false,
        Effect::Started { .. } => false,
    }
}

/// R-ERASE-4: it names the recipient's own set and the hit, and nothing of what was erased.
fn erased_after(hit: &StoredHit, at: Timestamp) -> Notice {
    Notice {
        // There is one for a hit at most.
        id: hit.hit_id,
        concern: Concern::ErasedAfterHit,
        from: None,
        to: hit.recipient,
        category: hit.probe.category,
        reference_number: hit.probe.reference_number.clone(),
        hit_id: Some(hit.hit_id),
        given_at: at,
        answered: None,
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
