//! Checkpoints of the journal in use: signed at an interval and on request, kept beside it, and handed to somebody else.
//!
//! *What they are worth*: nothing, as long as they stay on this machine; so each can be handed over, to a directory that is
//! somebody else's or to a program. One that could not be handed over is tried again with the next, and readiness says so.

use std::io;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::sync::Arc;

use jiff::Timestamp;
use parking_lot::Mutex;

use crate::files::{Disk, Files};
use crate::journal::{Chain, Checkpoint, SigningKey, Tree, VerifierKey, checkpoint_name};

/// Where a checkpoint is written before it gets its name.
const TEMPORARY: &str = "checkpoint.tmp";
/// What the names of checkpoints end with.
const ENDING: &str = ".checkpoint";
/// The public key, for whoever checks.
const VERIFIER: &str = "checkpoint.vkey";

/// Where checkpoints go that leave the machine.
#[derive(Debug, Clone)]
pub enum Recipient {
    /// A directory: a mount of another machine.
    Directory(PathBuf),
    /// A program and its arguments, run without a shell, that reads the checkpoint from its standard input.
    Command(Vec<String>),
}

/// The checkpoints of a data directory.
pub struct Checkpoints {
    files: Arc<dyn Files>,
    key: SigningKey,
    /// The last one signed, and those not handed over yet.
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    last: Option<Checkpoint>,
    waiting: Vec<Checkpoint>,
    problem: Option<String>,
}

impl Checkpoints {
    /// Makes a key, where there is none.
    pub(super) fn create(files: &dyn Files) -> io::Result<()> {
        if SigningKey::load(files)?.is_some() {
            return Ok(());
        }
        let name = format!("whorl-{}", uuid::Uuid::new_v4().simple());
        let key = SigningKey::generate(&name).map_err(io::Error::other)?;
        key.store(files)?;
        files.write(VERIFIER, 0, format!("{}\n", key.verifier()).as_bytes())?;
        files.sync(VERIFIER)?;
        files.sync_directory()
    }

    /// After a journal was put back that ends before the last of them: those beyond get another name, so that the server starts. Whoever
    /// has them elsewhere sees that records were lost; that is what they are for. A key is made where there is none.
    pub(super) fn set_aside_beyond(files: &dyn Files, size: u64) -> io::Result<()> {
        for name in
            files.list()?.iter().filter(|name| name.ends_with(ENDING) && **name > checkpoint_name(size))
        {
            files.rename(name, &format!("{name}.lost"))?;
        }
        files.sync_directory()?;
        Self::create(files)
    }

    /// Opens them.
    ///
    /// # Errors
    /// `NotFound` where there is no key. None is made then: whoever supervises the journal knows the old one.
    pub(super) fn open(files: Arc<dyn Files>) -> io::Result<Self> {
        let missing =
            || io::Error::new(io::ErrorKind::NotFound, "the key that signs checkpoints is not there");
        let key = SigningKey::load(&*files)?.ok_or_else(missing)?;
        let checkpoints = Self { files, key, state: Mutex::default() };
        let last = checkpoints.names()?.last().map(|name| checkpoints.read(name)).transpose()?;
        // Perhaps it was not handed over; twice does no harm.
        let waiting = last.iter().cloned().collect();
        *checkpoints.state.lock() = State { last, waiting, problem: None };
        Ok(checkpoints)
    }

    /// What checks them.
    pub fn verifier(&self) -> VerifierKey {
        self.key.verifier()
    }

    /// The last one.
    pub fn last(&self) -> Option<Checkpoint> {
        self.state.lock().last.clone()
    }

    /// Why the last could not be handed over, if that is so.
    pub fn problem(&self) -> Option<String> {
        self.state.lock().problem.clone()
    }

    /// Up to `limit` of them, for more than `after` records, oldest first.
    pub fn list(&self, after: u64, limit: usize) -> io::Result<Vec<Checkpoint>> {
        let from = checkpoint_name(after);
        let names = self.names()?;
        names.iter().filter(|name| **name > from).take(limit).map(|name| self.read(name)).collect()
    }

    /// Signs what the journal is; the last one where nothing was recorded since.
    pub(super) fn sign(&self, tree: &Tree, chain: Chain) -> io::Result<Checkpoint> {
        let mut state = self.state.lock();
        if let Some(last) = state.last.as_ref().filter(|last| last.size == tree.size()) {
            return Ok(last.clone());
        }
        let checkpoint = Checkpoint::sign(&self.key, tree, chain, Timestamp::now());
        if self.files.len(TEMPORARY).is_ok() {
            self.files.remove(TEMPORARY)?;
        }
        self.files.write(TEMPORARY, 0, checkpoint.to_text().as_bytes())?;
        self.files.sync(TEMPORARY)?;
        self.files.rename(TEMPORARY, &checkpoint_name(checkpoint.size))?;
        self.files.sync_directory()?;
        state.last = Some(checkpoint.clone());
        state.waiting.push(checkpoint.clone());
        Ok(checkpoint)
    }

    /// Hands over what is waiting, oldest first, as far as it goes.
    pub fn hand_over(&self, recipient: &Recipient) {
        let waiting = self.state.lock().waiting.clone();
        for checkpoint in waiting {
            let outcome = recipient.hand(&checkpoint);
            let mut state = self.state.lock();
            match outcome {
                Ok(()) => {
                    state.waiting.retain(|other| other.size != checkpoint.size);
                    state.problem = None;
                }
                Err(error) => {
                    tracing::error!(%error, records = checkpoint.size, "a checkpoint could not be handed over");
                    state.problem = Some(format!("a checkpoint could not be handed over: {error}"));
                    return;
                }
            }
        }
    }

    fn names(&self) -> io::Result<Vec<String>> {
        let names = self.files.list()?;
        Ok(names.into_iter().filter(|name| name.ends_with(ENDING)).collect())
    }

    fn read(&self, name: &str) -> io::Result<Checkpoint> {
        let length = usize::try_from(self.files.len(name)?).map_err(io::Error::other)?;
        let text = String::from_utf8(self.files.read(name, 0, length)?).map_err(io::Error::other)?;
        let refused = |error| io::Error::new(io::ErrorKind::InvalidData, format!("{name} {error}"));
        Checkpoint::parse(&text).map_err(refused)
    }
}

impl Recipient {
    fn hand(&self, checkpoint: &Checkpoint) -> io::Result<()> {
        let text = checkpoint.to_text();
        match self {
            Self::Directory(path) => {
                // Not made where it is missing: that is a mount that is not there.
                fs_err::metadata(path)?;
                let directory = Disk::new(path)?;
                let name = checkpoint_name(checkpoint.size);
                directory.write(&name, 0, text.as_bytes())?;
                directory.sync(&name)?;
                directory.sync_directory()
            }
            Self::Command(words) => {
                let (program, arguments) =
                    words.split_first().ok_or_else(|| io::Error::other("no program is given"))?;
                let mut child = Command::new(program)
                    .args(arguments)
                    .stdin(Stdio::piped())
                    .stdout(Stdio::null())
                    .stderr(Stdio::null())
                    .spawn()?;
                if let Some(mut input) = child.stdin.take() {
                    io::Write::write_all(&mut input, text.as_bytes())?;
                }
                let status = child.wait()?;
                if status.success() {
                    Ok(())
                } else {
                    Err(io::Error::other(format!("the program ended with {status}")))
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::files::simulated::Simulated;

    fn journal(records: u8) -> (Tree, Chain) {
        let (mut tree, mut chain) = (Tree::default(), Chain::default());
        for number in 0..records {
            chain = chain.next(number.into(), &[number]);
            tree.push(&chain);
        }
        (tree, chain)
    }

    #[test]
    fn r_audit_3_checkpoints_are_kept_listed_and_handed_over_until_it_worked() {
        let files = Simulated::default();
        assert!(Checkpoints::open(Arc::new(files.clone())).is_err(), "no key is made up");
        Checkpoints::create(&files).unwrap();
        let checkpoints = Checkpoints::open(Arc::new(files.clone())).unwrap();
        for records in [1, 5, 5, 9] {
            let (tree, chain) = journal(records);
            let signed = checkpoints.sign(&tree, chain).unwrap();
            signed.verify(&checkpoints.verifier()).unwrap();
        }
        let sizes = |found: Vec<Checkpoint>| found.iter().map(|c| c.size).collect::<Vec<_>>();
        assert_eq!(sizes(checkpoints.list(0, 10).unwrap()), [1, 5, 9], "nothing new, no new one");
        assert_eq!(sizes(checkpoints.list(1, 1).unwrap()), [5]);

        let there = tempfile::tempdir().unwrap();
        let mount = there.path().join("mount");
        checkpoints.hand_over(&Recipient::Directory(mount.clone()));
        assert!(checkpoints.problem().is_some() && !mount.exists());
        fs_err::create_dir(&mount).unwrap();
        checkpoints.hand_over(&Recipient::Directory(mount.clone()));
        assert_eq!(
            (checkpoints.problem(), fs_err::read_dir(&mount).unwrap().count()),
            (None, 3),
            "all that waited"
        );
        let copy = there.path().join("copy");
        let program = ["sh", "-c", "cat > \"$0\"", copy.to_str().unwrap()].map(str::to_owned);
        let again = Checkpoints::open(Arc::new(files)).unwrap();
        again.hand_over(&Recipient::Command(program.into()));
        let text = fs_err::read_to_string(copy).unwrap();
        assert_eq!(
            Checkpoint::parse(&text).unwrap(),
            again.last().unwrap(),
            "after a start, the last one again"
        );
        again.state.lock().waiting = vec![again.last().unwrap()];
        again.hand_over(&Recipient::Command(vec!["false".into()]));
        assert!(again.problem().is_some());
    }
}
