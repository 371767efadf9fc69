//! `whorl keys`: the wrapping key's rotation, and what the keyring holds. Works on the data directory itself, so the server must not
//! be running on it.

use anyhow::Context;
use clap::error::ErrorKind;
use clap::{Args, CommandFactory, Subcommand};

use super::{Arguments, DataDirectory, data};
use crate::files::Disk;
use crate::keyring::{Keyring, WrappingSource, key_file};

/// Rotate the wrapping key, and look at the keyring (the server must be stopped)
#[derive(Args)]
#[command(after_help = "Example:\n  whorl keys rotate --data /var/lib/whorl")]
pub struct Keys {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Put all data keys under a new wrapping key, and overwrite them under the old one
    ///
    /// Example: whorl keys rotate --data DIR --wrapping-key env:OLD --new-wrapping-key env:NEW
    ///
    /// Where the wrapping key is DIR/keys/wrapping.key, a new one is made and takes its place, and the old one is overwritten.
    /// Where it comes from elsewhere, put the new key there first, rotate, then destroy every copy of the old one. If a rotation
    /// is cut off, keep both and try them: one opens the keyring, the other is refused by name.
    Rotate(Rotate),
    /// Say how many records have keys, and which wrapping key it is
    ///
    /// Example: whorl keys status --data DIR --json
    Status(Status),
}

#[derive(Args)]
struct Rotate {
    #[command(flatten)]
    directory: DataDirectory,
    /// Where the new key comes from; needed with --wrapping-key
    #[arg(long, value_name = "SOURCE", value_parser = data::source)]
    new_wrapping_key: Option<WrappingSource>,
    /// Print what `whorl keys status` prints, as JSON
    #[arg(long)]
    json: bool,
}

#[derive(Args)]
struct Status {
    #[command(flatten)]
    directory: DataDirectory,
    /// Print {"records_with_keys", "unreadable_slots", "wrapping_key_id"} as JSON
    #[arg(long)]
    json: bool,
}

impl Keys {
    /// Runs it.
    pub fn run(self) -> anyhow::Result<()> {
        match self.command {
            Command::Rotate(rotate) => rotate.run(),
            Command::Status(status) => status.run(),
        }
    }
}

impl Rotate {
    fn run(self) -> anyhow::Result<()> {
        let own = self.directory.has_its_own_key();
        if !own && self.new_wrapping_key.is_none() {
            let what = "--new-wrapping-key is needed: only where the wrapping key is DIR/keys/wrapping.key is a new one made";
            Arguments::command().error(ErrorKind::MissingRequiredArgument, what).exit();
        }
        // Opening settles whose the slots are that cannot be read: before that nothing is rotated.
        let database = self.directory.open()?;
        let keys = self.directory.data.join("keys");
        let new = match &self.new_wrapping_key {
            Some(source) => source.read().context("the new wrapping key")?,
            None => key_file::prepare(&Disk::new(&keys)?)?,
        };
        database
            .rotate_wrapping_key(&new)
            .context("keep both wrapping keys: one of them opens the keyring")?;
        if self.new_wrapping_key.is_none() {
            key_file::settle(&Disk::new(&keys)?)?;
        } else if own {
            tracing::warn!(
                "{} is the old key: destroy it, and every copy of it",
                keys.join(key_file::NAME).display()
            );
        }
        drop(database);
        show(&Keyring::open(std::sync::Arc::new(Disk::new(&keys)?), &new)?, self.json);
        Ok(())
    }
}

impl Status {
    fn run(self) -> anyhow::Result<()> {
        let keys = self.directory.data.join("keys");
        anyhow::ensure!(keys.is_dir(), "{} has no keys", self.directory.data.display());
        let lock = self.directory.lock()?;
        let wrapping = self.directory.wrapping(&lock)?;
        show(&Keyring::open(std::sync::Arc::new(Disk::new(&keys)?), &wrapping)?, self.json);
        Ok(())
    }
}

#[expect(clippy::print_stdout, reason = "the status is the output")]
fn show(keyring: &Keyring, json: bool) {
    let (records, unreadable, id) = (keyring.len(), keyring.unreadable(), keyring.wrapping_key_id());
    if json {
        let status = serde_json::json!({
            "records_with_keys": records,
            "unreadable_slots": unreadable,
            "wrapping_key_id": id,
        });
        println!("{status}");
    } else {
        println!("records with keys  {records}\nunreadable slots   {unreadable}\nwrapping key id    {id}");
    }
}
