//! The data directory, and the key that its keys are wrapped with: options of all commands that work on one.

use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use anyhow::Context;
use clap::Args;

use crate::database::{Database, DirectoryLock};
use crate::files::Disk;
use crate::keyring::{Keyring, WrappingKey, WrappingSource, key_file};
use crate::startup::Startup;

/// Where everything of one Central Unit lies.
#[derive(Args)]
pub(super) struct DataDirectory {
    /// Data directory
    #[arg(long, value_name = "DIR", env = "WHORL_DATA_DIR")]
    pub(super) data: PathBuf,
    /// Where the key comes from that the data keys are wrapped with: file:PATH, env:NAME, or command:PROGRAM ARGUMENTS
    /// that prints it; without it, DIR/keys/wrapping.key
    #[arg(long, value_name = "SOURCE", env = "WHORL_WRAPPING_KEY", value_parser = source)]
    wrapping_key: Option<WrappingSource>,
}

impl DataDirectory {
    /// Of this directory, with the wrapping key inside.
    pub(super) fn at(path: &Path) -> Self {
        Self { data: path.to_owned(), wrapping_key: None }
    }

    /// Opens a data directory that was initialised.
    pub(super) fn open(&self) -> anyhow::Result<Database> {
        self.open_and_tell(&Startup::default(), None)
    }

    /// The same, and `startup` is told how far it is. A key that is to follow the wrapping key may have followed it.
    pub(super) fn open_and_tell(
        &self,
        startup: &Startup,
        next: Option<&WrappingSource>,
    ) -> anyhow::Result<Database> {
        let path = self.data.display();
        // A directory that may not be looked into is another mistake than one that is not there.
        match fs_err::metadata(self.data.join("journal")) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(error.into()),
            found => anyhow::ensure!(
                found.is_ok_and(|journal| journal.is_dir()),
                "{path} is not a data directory; make it with `whorl init --data {path}`"
            ),
        }
        let lock = self.lock()?;
        let mut wrapping = self.wrapping(&lock)?;
        if let Some(next) = next
            && !Keyring::is_under(&Disk::new(&lock.directory().join("keys"))?, &wrapping)?
        {
            wrapping = next.read().context("the next wrapping key")?;
            tracing::warn!(
                "the keyring is under the next wrapping key already: make it the current one, and destroy the old"
            );
        }
        Database::open_locked(lock, &wrapping, startup).with_context(|| format!("cannot open {path}"))
    }

    /// Makes the directory ours.
    pub(super) fn lock(&self) -> anyhow::Result<DirectoryLock> {
        DirectoryLock::take(&self.data).with_context(|| format!("cannot open {}", self.data.display()))
    }

    /// The wrapping key. One that lies in the directory may be in the middle of its rotation: that is finished first.
    pub(super) fn wrapping(&self, lock: &DirectoryLock) -> anyhow::Result<WrappingKey> {
        let keys = lock.directory().join("keys");
        if self.wrapping_key.is_none() && keys.is_dir() {
            key_file::settle(&Disk::new(&keys)?)?;
        }
        self.source().read().with_context(|| self.about_the_key())
    }

    /// Whether the wrapping key is the file in the directory.
    pub(super) fn has_its_own_key(&self) -> bool {
        self.wrapping_key.is_none()
    }

    /// Makes one. A wrapping key that shall be in a file is made with it.
    pub(super) fn create(&self) -> anyhow::Result<Database> {
        if let WrappingSource::File(file) = self.source() {
            make_key(&file)?;
        }
        let wrapping = self.source().read().with_context(|| self.about_the_key())?;
        Database::create(&self.data, &wrapping)
            .with_context(|| format!("cannot make {}", self.data.display()))
    }

    fn source(&self) -> WrappingSource {
        let inside = || WrappingSource::File(self.data.join("keys").join(key_file::NAME));
        self.wrapping_key.clone().unwrap_or_else(inside)
    }

    fn about_the_key(&self) -> String {
        let from = match self.source() {
            WrappingSource::File(file) => file.display().to_string(),
            WrappingSource::Environment(name) => format!("the environment variable {name}"),
            WrappingSource::Command(words) => {
                format!("the command {}", words.first().cloned().unwrap_or_default())
            }
        };
        format!("the wrapping key, from {from}")
    }
}

/// Reads a source of a wrapping key from the command line.
pub(super) fn source(text: &str) -> Result<WrappingSource, String> {
    let words = |rest: &str| rest.split_whitespace().map(str::to_owned).collect::<Vec<_>>();
    match text.split_once(':') {
        Some(("file", path)) if !path.is_empty() => Ok(WrappingSource::File(path.into())),
        Some(("env", name)) if !name.is_empty() => Ok(WrappingSource::Environment(name.into())),
        Some(("command", line)) if !words(line).is_empty() => Ok(WrappingSource::Command(words(line))),
        _ => Err("it is file:PATH, env:NAME, or command:PROGRAM ARGUMENTS".into()),
    }
}

/// A new key in a file that only its owner can read; one that is there stays.
fn make_key(file: &Path) -> anyhow::Result<()> {
    if file.exists() {
        return Ok(());
    }
    if let Some(directory) = file.parent() {
        fs_err::create_dir_all(directory)?;
    }
    let key = WrappingKey::generate()?.reveal();
    let mut made = std::fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(file)?;
    made.write_all(key.as_bytes())?;
    Ok(made.sync_all()?)
}
