//! A disk that loses power, for tests: between two syncs it keeps, loses or tears what was written, sector by sector, in any
//! order; names that were not synced survive as any beginning of what was done to them. A sync that failed has not synced,
//! and a later one does not make up for it, as on Linux.

use std::collections::BTreeMap;
use std::io;
use std::sync::Arc;

use parking_lot::Mutex;

use super::Files;

/// What a disk writes whole or not at all. Unit: bytes.
const SECTOR: usize = 512;

/// What goes wrong, and at which call that changes something, from 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// The power goes: this call and all later ones fail.
    PowerCut(usize),
    /// This call fails, later ones do not.
    Once(usize),
    /// Nothing can be written from this call on; what is there can be read, synced and removed.
    Full(usize),
}

#[derive(Debug, Clone)]
struct Written {
    offset: usize,
    bytes: Vec<u8>,
    /// A sync of it failed: no later one makes it durable.
    lost: bool,
}

#[derive(Debug, Clone, Default)]
struct Inode {
    durable: Vec<u8>,
    pending: Vec<Written>,
    seen: Vec<u8>,
}

type Names = BTreeMap<String, usize>;

#[derive(Debug, Default)]
struct State {
    inodes: Vec<Inode>,
    names: Names,
    /// What the directory was after its last sync, and after each change since.
    history: Vec<Names>,
    calls: usize,
    fault: Option<Fault>,
}

/// A directory of files in memory. A clone is the same directory.
#[derive(Debug, Clone, Default)]
pub struct Simulated(Arc<Mutex<State>>);

impl Simulated {
    /// Arms a fault; calls are counted from now on.
    pub fn fail(&self, fault: Option<Fault>) {
        let mut state = self.0.lock();
        (state.calls, state.fault) = (0, fault);
    }

    /// Calls that changed something since the last [`Self::fail`].
    pub fn calls(&self) -> usize {
        self.0.lock().calls
    }

    /// What a machine finds that starts after the power went, as `chance` decides: a number below its argument.
    pub fn after_power_cut(&self, chance: &mut dyn FnMut(usize) -> usize) -> Self {
        let state = self.0.lock();
        let empty = Names::new();
        let names = state.history.get(chance(state.history.len().max(1))).unwrap_or(&empty).clone();
        let mut inodes = Vec::new();
        for inode in &state.inodes {
            let mut content = inode.durable.clone();
            for written in &inode.pending {
                survive(&mut content, written, chance);
            }
            inodes.push(Inode { durable: content.clone(), pending: Vec::new(), seen: content });
        }
        let history = vec![names.clone()];
        Self(Arc::new(Mutex::new(State { inodes, names, history, calls: 0, fault: None })))
    }

    /// Everything that a thief of the disk could read: all that was ever durable under a name that is there.
    pub fn contents(&self) -> Vec<(String, Vec<u8>)> {
        let state = self.0.lock();
        state.names.iter().map(|(name, &inode)| (name.clone(), state.inodes[inode].seen.clone())).collect()
    }

    /// Changes a file behind everybody's back.
    pub fn tamper(&self, name: &str, change: impl FnOnce(&mut Vec<u8>)) {
        let mut state = self.0.lock();
        let inode = state.names[name];
        change(&mut state.inodes[inode].seen);
        state.inodes[inode].durable = state.inodes[inode].seen.clone();
    }
}

/// Puts the sectors of a write that reached the disk into it.
fn survive(content: &mut Vec<u8>, written: &Written, chance: &mut dyn FnMut(usize) -> usize) {
    // Mostly all of it or nothing: those are the common cases, and mixtures of several writes come from them.
    let fate = chance(4);
    let mut at = written.offset;
    let end = written.offset + written.bytes.len();
    while at < end {
        let next = end.min((at / SECTOR + 1) * SECTOR);
        let kept = match fate {
            0 => false,
            1 => true,
            _ => chance(2) == 0,
        };
        if kept {
            if content.len() < next {
                content.resize(next, 0);
            }
            content[at..next].copy_from_slice(&written.bytes[at - written.offset..next - written.offset]);
        }
        at = next;
    }
}

impl State {
    fn inode(&self, name: &str) -> io::Result<usize> {
        self.names.get(name).copied().ok_or_else(|| io::Error::from(io::ErrorKind::NotFound))
    }

    /// Counts a call, and fails where it shall.
    fn call(&mut self, writes: bool) -> io::Result<()> {
        let now = self.calls;
        self.calls += 1;
        match self.fault {
            Some(Fault::PowerCut(at)) if now >= at => Err(io::Error::other("the power is off")),
            Some(Fault::Once(at)) if now == at => Err(io::Error::other("input/output error")),
            Some(Fault::Full(at)) if now >= at && writes => Err(io::ErrorKind::StorageFull.into()),
            _ => Ok(()),
        }
    }

    fn alive(&self) -> io::Result<()> {
        match self.fault {
            Some(Fault::PowerCut(at)) if self.calls > at => Err(io::Error::other("the power is off")),
            _ => Ok(()),
        }
    }

    fn named(&mut self) {
        if self.history.is_empty() {
            self.history.push(Names::new());
        }
        self.history.push(self.names.clone());
    }
}

impl Files for Simulated {
    fn list(&self) -> io::Result<Vec<String>> {
        let state = self.0.lock();
        state.alive()?;
        Ok(state.names.keys().cloned().collect())
    }

    fn len(&self, name: &str) -> io::Result<u64> {
        let state = self.0.lock();
        state.alive()?;
        Ok(state.inodes[state.inode(name)?].seen.len() as u64)
    }

    fn read(&self, name: &str, offset: u64, length: usize) -> io::Result<Vec<u8>> {
        let state = self.0.lock();
        state.alive()?;
        let seen = &state.inodes[state.inode(name)?].seen;
        let offset = usize::try_from(offset).unwrap();
        let bytes = offset.checked_add(length).and_then(|end| seen.get(offset..end));
        bytes.map(<[u8]>::to_vec).ok_or_else(|| io::ErrorKind::UnexpectedEof.into())
    }

    fn write(&self, name: &str, offset: u64, bytes: &[u8]) -> io::Result<()> {
        let mut state = self.0.lock();
        let outcome = state.call(true);
        let full = matches!(state.fault, Some(Fault::Full(_)));
        if outcome.is_err() && full {
            return outcome;
        }
        if !state.names.contains_key(name) {
            state.inodes.push(Inode::default());
            let inode = state.inodes.len() - 1;
            state.names.insert(name.to_owned(), inode);
            state.named();
        }
        // A call that fails may have written a part.
        let bytes = if outcome.is_err() { &bytes[..bytes.len() / 2] } else { bytes };
        let offset = usize::try_from(offset).unwrap();
        let inode = state.inode(name)?;
        let inode = &mut state.inodes[inode];
        if inode.seen.len() < offset + bytes.len() {
            inode.seen.resize(offset + bytes.len(), 0);
        }
        inode.seen[offset..offset + bytes.len()].copy_from_slice(bytes);
        inode.pending.push(Written { offset, bytes: bytes.to_vec(), lost: false });
        outcome
    }

    fn sync(&self, name: &str) -> io::Result<()> {
        let mut state = self.0.lock();
        let outcome = state.call(false);
        let number = state.inode(name)?;
        let inode = &mut state.inodes[number];
        if outcome.is_err() {
            inode.pending.iter_mut().for_each(|written| written.lost = true);
            return outcome;
        }
        for written in inode.pending.iter().filter(|written| !written.lost) {
            survive(&mut inode.durable, written, &mut |_| 1);
        }
        inode.pending.retain(|written| written.lost);
        Ok(())
    }

    fn sync_directory(&self) -> io::Result<()> {
        let mut state = self.0.lock();
        state.call(false)?;
        state.history = vec![state.names.clone()];
        Ok(())
    }

    fn rename(&self, from: &str, to: &str) -> io::Result<()> {
        let mut state = self.0.lock();
        state.call(false)?;
        let inode = state.inode(from)?;
        state.names.remove(from);
        state.names.insert(to.to_owned(), inode);
        state.named();
        Ok(())
    }

    fn remove(&self, name: &str) -> io::Result<()> {
        let mut state = self.0.lock();
        state.call(false)?;
        state.inode(name)?;
        state.names.remove(name);
        state.named();
        Ok(())
    }
}

#[test]
fn what_was_synced_survives_and_the_rest_in_any_mixture() {
    let mut seen = std::collections::HashSet::new();
    for seed in 0..200u64 {
        let mut state = seed;
        let mut chance = |below: usize| {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            usize::try_from(state >> 33).unwrap() % below
        };
        let disk = Simulated::default();
        disk.write("a", 0, b"kept").unwrap();
        disk.sync("a").unwrap();
        disk.sync_directory().unwrap();
        disk.write("a", 4, &[b'x'; 600]).unwrap();
        disk.write("b", 0, b"new").unwrap();
        let after = disk.after_power_cut(&mut chance);
        let contents = after.contents();
        assert!(contents[0].1.starts_with(b"kept"));
        seen.insert((contents.len(), contents[0].1.len()));
    }
    assert_eq!(seen.len(), 6, "with and without b; nothing, the first sector, or all of the write: {seen:?}");
}
