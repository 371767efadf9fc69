//! What records had made of the store by the time their bodies are destroyed (R-AUDIT-4): the store is made anew from this, and from the
//! records that follow.
//!
//! A snapshot is a file of the journal's directory, `<records>.snapshot`: the header and frames of a segment
//! (`journal/frame.rs`), each body a stretch of rows, sealed under a key of the unit; the last has the one row that says how
//! far the store had come. Its size and the number of the stretch are sealed in, so stretches of two snapshots cannot be mixed,
//! put in another order, or left out.

use uuid::Uuid;

use super::{Applied, OpenError, PAGE, damaged, keys};
use crate::files::Files;
use crate::journal::frame::{Chain, Frame, HEADER_BYTES, SegmentHeader};
use crate::journal::{self, Head, JournalError};
use crate::keyring::{DataKey, Keyring, Part, UNIT};
use crate::store::{Batch, Pair, Store, StoreError};

const TEMPORARY: &str = "snapshot.tmp";
const ENDING: &str = ".snapshot";

/// Name of the snapshot after so many records.
pub(crate) fn snapshot_name(size: u64) -> String {
    format!("{size:020}{ENDING}")
}

/// The snapshots of a directory, by the records that they stand for, in order.
pub(crate) fn snapshots(files: &dyn Files) -> Result<Vec<u64>, JournalError> {
    let names = files.list().map_err(|e| JournalError::io("list", "the journal", e))?;
    let size = |name: &String| name.strip_suffix(ENDING).filter(|digits| digits.len() == 20)?.parse().ok();
    Ok(names.iter().filter_map(size).collect())
}

/// Writes what a store is after `head`, durably, but for rows about sets that are not `stored` any more; gives the hash of the file.
pub(super) fn write(
    files: &dyn Files,
    store: &dyn Store,
    key: &DataKey,
    head: Head,
    stored: &dyn Fn(Uuid) -> bool,
) -> Result<[u8; 32], StoreError> {
    let io = |what| move |error| JournalError::io(what, TEMPORARY, error);
    if files.len(TEMPORARY).is_ok() {
        files.remove(TEMPORARY).map_err(io("remove"))?;
    }
    let mut bytes = SegmentHeader { first: head.size, before: head.chain }.encode().to_vec();
    let (mut hash, mut at) = (blake3::Hasher::new(), 0);
    let (mut number, mut chain) = (0, Chain::default());
    let mut add = |rows: &[Pair], mut bytes: Vec<u8>| -> Result<(), StoreError> {
        let plain = postcard::to_stdvec(rows).map_err(damaged)?;
        let stretch = u32::try_from(number).map_err(damaged)?;
        let sealed = key.seal(of(head.size), Part::Snapshot, stretch, &plain)?;
        chain = Frame::encode(&mut bytes, number, 0, chain, &sealed).chain;
        files.write(TEMPORARY, at, &bytes).map_err(io("write"))?;
        hash.update(&bytes);
        (number, at) = (number + 1, at + bytes.len() as u64);
        Ok(())
    };
    let mut after = Vec::new();
    loop {
        let mut rows = store.scan(b"", &after, PAGE)?;
        let Some((last, _)) = rows.last() else { break };
        after.clone_from(last);
        rows.retain(|(key, value)| *key != keys::applied() && keys::about(key, value).is_none_or(stored));
        add(&rows, std::mem::take(&mut bytes))?;
    }
    let applied = store.get(&keys::applied())?.ok_or_else(|| damaged("the store says nothing of itself"))?;
    add(&[(keys::applied(), applied)], bytes)?;
    files.sync(TEMPORARY).map_err(io("sync"))?;
    files.rename(TEMPORARY, &snapshot_name(head.size)).map_err(io("rename"))?;
    files.sync_directory().map_err(io("sync the directory of"))?;
    Ok(*hash.finalize().as_bytes())
}

/// Reads a snapshot, stretch by stretch; gives how far the store had come, which is its last row, and the hash of the file.
///
/// # Errors
/// Where anything is changed or missing, or the key is another.
pub(super) fn read(
    files: &dyn Files,
    size: u64,
    key: &DataKey,
    mut each: impl FnMut(Vec<Pair>) -> Result<(), StoreError>,
) -> Result<(Applied, [u8; 32]), StoreError> {
    let name = snapshot_name(size);
    let io = |e| JournalError::io("read", &name, e);
    let wrong = |problem: &str| StoreError::Failed(format!("{name} {problem}"));
    let length = usize::try_from(files.len(&name).map_err(io)?).map_err(damaged)?;
    let bytes = files.read(&name, 0, length).map_err(io)?;
    let header = SegmentHeader::decode(&bytes).map_err(wrong)?;
    let (mut at, mut number) = (HEADER_BYTES, 0);
    loop {
        let Some((frame, sealed)) = bytes.get(at..).and_then(Frame::decode) else {
            return Err(wrong("is damaged"));
        };
        let plain = key.open(of(size), Part::Snapshot, number, sealed)?;
        let mut rows: Vec<Pair> = postcard::from_bytes(&plain).map_err(damaged)?;
        (at, number) = (at + frame.bytes(), number + 1);
        if at < bytes.len() {
            each(rows)?;
            continue;
        }
        let (_, applied) =
            rows.pop().filter(|(key, _)| *key == keys::applied()).ok_or_else(|| wrong("is cut short"))?;
        let applied: Applied = postcard::from_bytes(&applied).map_err(damaged)?;
        if (applied.size, header.first, header.before.0) != (size, size, applied.chain) {
            return Err(wrong("is of other records"));
        }
        return Ok((applied, *blake3::hash(&bytes).as_bytes()));
    }
}

/// Makes an empty store what it was after so many records.
pub(super) fn load(
    files: &dyn Files,
    size: u64,
    key: &DataKey,
    store: &dyn Store,
) -> Result<Applied, StoreError> {
    let (applied, _) = read(files, size, key, |rows| {
        let mut batch = Batch::default();
        rows.into_iter().for_each(|(key, value)| batch.put(key, value));
        store.apply(batch)
    })?;
    // Last: a store that was being filled has followed nothing.
    let mut batch = Batch::default();
    batch.put(keys::applied(), postcard::to_stdvec(&applied).map_err(damaged)?);
    store.apply(batch)?;
    Ok(applied)
}

/// The same with the last snapshot, which must be of all records whose bodies are gone: those below `beginning`.
pub(super) fn newest(
    files: &dyn Files,
    beginning: u64,
    keyring: &Keyring,
    store: &dyn Store,
) -> Result<Applied, OpenError> {
    let size = snapshots(files)?.pop().filter(|&size| size >= beginning);
    let size = size.ok_or(OpenError::SnapshotLost(beginning))?;
    let key = keyring.get(UNIT)?.ok_or(OpenError::SnapshotLost(beginning))?;
    tracing::info!(records = size, "the store begins with a snapshot");
    let applied = load(files, size, &key, store)?;
    let same = size.checked_sub(1).map_or(Ok(None), |last| journal::chain_at(files, last))?;
    if same == Some(Chain(applied.chain)) { Ok(applied) } else { Err(OpenError::SnapshotLost(beginning)) }
}

/// What a snapshot's stretches are sealed for, in place of a record.
fn of(size: u64) -> Uuid {
    Uuid::from_u128(size.into())
}
