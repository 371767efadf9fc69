//! `whorl backup`: the journal, encrypted, to another place. The server may be running.

use std::io::Write as _;
use std::path::PathBuf;

use anyhow::Context;
use clap::{Args, Subcommand};
use jiff::Timestamp;

use super::samples::progress;
use crate::backup::{self, Recipient, Recipients};
use crate::files::Disk;

/// Back up the journal, encrypted; the server may be running
///
/// What is in the backup already is not written again. Never in a backup: the keys, without which nothing personal in it can be read, and
/// the store, which is made from the journal. The files can be read with the ordinary `age` tool, too.
#[derive(Args)]
#[command(
    args_conflicts_with_subcommands = true,
    subcommand_negates_reqs = true,
    after_help = "\
Example:
  whorl backup keygen --out whorl.identity          once, on another machine
  whorl backup --data /var/lib/whorl --to /mnt/backup --recipient age1..."
)]
pub struct Backup {
    #[command(subcommand)]
    command: Option<Command>,
    #[command(flatten)]
    make: Option<Make>,
}

#[derive(Subcommand)]
enum Command {
    /// Make an age identity, which reads backups, and print its recipient, to which they are encrypted
    ///
    /// Example: whorl backup keygen --out whorl.identity
    Keygen(Keygen),
}

#[derive(Args)]
struct Make {
    /// Data directory
    #[arg(long, value_name = "DIR", env = "WHORL_DATA_DIR", required = true)]
    data: PathBuf,
    /// Directory of the backup, on another disk; made where there is none
    #[arg(long, value_name = "BACKUP", required = true)]
    to: PathBuf,
    /// Who can read it: an age recipient (several may be given)
    #[arg(long = "recipient", value_name = "age1...", required = true)]
    recipients: Vec<Recipient>,
    /// Print {"records", "chain", "segments", "written", "written_bytes", "made_at"} as JSON
    #[arg(long)]
    json: bool,
}

#[derive(Args)]
struct Keygen {
    /// File to make, for its owner's eyes only
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
    /// Print {"recipient"} as JSON
    #[arg(long)]
    json: bool,
}

impl Backup {
    /// Runs it.
    pub fn run(self) -> anyhow::Result<()> {
        match (self.command, self.make) {
            (Some(Command::Keygen(keygen)), _) => keygen.run(),
            (None, Some(make)) => make.run(),
            (None, None) => anyhow::bail!("--data, --to and --recipient are needed"),
        }
    }
}

impl Make {
    #[expect(clippy::print_stdout, reason = "what was backed up is the output")]
    fn run(self) -> anyhow::Result<()> {
        let journal = self.data.join("journal");
        anyhow::ensure!(journal.is_dir(), "{} is not a data directory", self.data.display());
        let to = Disk::new(&self.to)?;
        if let Some(parent) = self.to.canonicalize()?.parent() {
            fs_err::File::open(parent)?.sync_all()?;
        }
        let lock = std::fs::File::create(self.to.join("lock"))?;
        lock.try_lock().map_err(std::io::Error::from).with_context(|| {
            format!("another backup to {} is being made, or it cannot be locked", self.to.display())
        })?;
        let bar = progress("segments", 0);
        let shown = |done: usize, all: usize| {
            bar.set_length(all as u64);
            bar.set_position(done as u64);
        };
        let recipients = Recipients::new(&self.recipients);
        let made = backup::make(&Disk::new(&journal)?, &to, &recipients, Timestamp::now(), &shown);
        bar.finish_and_clear();
        let backup::Made { manifest, written, written_bytes } = made?;
        if self.json {
            let made = serde_json::json!({
                "records": manifest.records,
                "chain": manifest.chain,
                "segments": manifest.segments.len(),
                "written": written,
                "written_bytes": written_bytes,
                "made_at": manifest.made_at,
            });
            println!("{made}");
        } else {
            println!(
                "{} records in {} segments, of which {written} were written ({written_bytes} bytes)\nhead {}\n\
                 Note the head elsewhere: `whorl restore --head` proves with it that the backup is this one.",
                manifest.records,
                manifest.segments.len(),
                manifest.chain
            );
        }
        Ok(())
    }
}

impl Keygen {
    #[expect(clippy::print_stdout, reason = "the recipient is the output")]
    fn run(self) -> anyhow::Result<()> {
        let (identity, recipient) = backup::generate();
        let mut options = fs_err::OpenOptions::new();
        options.write(true).create_new(true);
        fs_err::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let mut file = options.open(&self.out)?;
        file.write_all(identity.as_bytes())?;
        file.sync_all()?;
        if self.json {
            println!("{}", serde_json::json!({ "recipient": recipient }));
        } else {
            println!("{recipient}");
        }
        Ok(())
    }
}
