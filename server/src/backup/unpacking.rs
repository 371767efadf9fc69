//! From a backup to the files of a journal, each record looked at on the way.

use super::manifest::Kind;
use super::{BackupError, Identities, Manifest, Segment, read};
use crate::files::Files;
use crate::journal::frame::{Chain, SegmentHeader};
use crate::journal::{Head, JournalError, walk, walk_hollow};

/// Writes the segments of a backup into an empty directory, durably. `progress` is told the segments that are done, and all.
///
/// # Errors
/// Where a file is missing, edited, exchanged or cut, or the chain of hashes does not go through all records to the head that the manifest
/// tells; the record at which it is so is named. What has been written so far is then of no use.
pub fn unpack(
    backup: &dyn Files,
    identities: &Identities,
    into: &dyn Files,
    progress: &dyn Fn(usize, usize),
) -> Result<Manifest, BackupError> {
    let manifest = Manifest::read(backup)?.ok_or(BackupError::Missing)?;
    let mut head = Head { size: 0, chain: Chain::default() };
    for (place, segment) in manifest.segments.iter().enumerate() {
        progress(place, manifest.segments.len());
        let plain = plain(backup, &manifest, segment, identities)?;
        head = checked(&plain, segment, head).map_err(|(record, problem)| BackupError::Damaged {
            record,
            file: segment.file(&manifest.recipients),
            problem,
        })?;
        write(into, segment, &plain)?;
    }
    if let Some(snapshot) = &manifest.snapshot {
        // What it says is looked at by whoever has the keys.
        write(into, snapshot, &plain(backup, &manifest, snapshot, identities)?)?;
    }
    if (head.size, head.chain.to_string()) != (manifest.records, manifest.chain.clone()) {
        return Err(BackupError::Damaged {
            record: head.size.min(manifest.records),
            file: super::manifest::NAME.into(),
            problem: format!("says that there are {} records, and {} are there", manifest.records, head.size),
        });
    }
    into.sync_directory().map_err(BackupError::io("sync", "the directory"))?;
    progress(manifest.segments.len(), manifest.segments.len());
    Ok(manifest)
}

fn write(into: &dyn Files, segment: &Segment, plain: &[u8]) -> Result<(), BackupError> {
    let name = segment.name();
    let io = |what| BackupError::io(what, &name);
    into.write(&name, 0, plain).map_err(io("write"))?;
    into.sync(&name).map_err(io("sync"))
}

/// A segment as it was.
fn plain(
    backup: &dyn Files,
    manifest: &Manifest,
    segment: &Segment,
    identities: &Identities,
) -> Result<Vec<u8>, BackupError> {
    let file = segment.file(&manifest.recipients);
    let damaged =
        |problem: String| BackupError::Damaged { record: segment.first, file: file.clone(), problem };
    let sealed = read(backup, &file).map_err(|error| match error.kind() {
        std::io::ErrorKind::NotFound => damaged("is missing".into()),
        _ => BackupError::io("read", &file)(error),
    })?;
    let length = usize::try_from(segment.bytes).unwrap_or(usize::MAX);
    let plain =
        identities.decrypt(&sealed, length).map_err(|problem| damaged(format!("was changed ({problem})")))?;
    let plain = plain.ok_or_else(|| BackupError::WrongIdentity {
        file: file.clone(),
        recipients: manifest.recipients.join(", "),
    })?;
    if plain.len() != length || blake3::hash(&plain).to_hex().to_string() != segment.blake3 {
        return Err(damaged("does not hold what the manifest says".into()));
    }
    Ok(plain)
}

/// The head after a segment that follows `head`; or the record that is wrong, and what is.
fn checked(plain: &[u8], segment: &Segment, head: Head) -> Result<Head, (u64, String)> {
    let wrong = |record, problem: &str| (record, problem.to_owned());
    let header = SegmentHeader::decode(plain).map_err(|problem| wrong(head.size, problem))?;
    if header != (SegmentHeader { first: head.size, before: head.chain }) {
        return Err(wrong(head.size, "does not follow the segment before it"));
    }
    let (end, last) = match segment.kind {
        Kind::Hollow => walk_hollow(&header, plain, |_| Ok(())).map(|last| (plain.len(), last)),
        _ => walk(&header, plain, |_, _, _| Ok(())),
    }
    .map_err(|error: JournalError| wrong(head.size, &error.to_string()))?;
    if end != plain.len() || last.size != segment.end || last.chain.to_string() != segment.chain {
        return Err(wrong(last.size, "holds other records than the manifest says"));
    }
    Ok(last)
}
