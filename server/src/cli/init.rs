//! `whorl init`: makes a data directory, and the first administrator's key.

use std::path::Path;

use clap::Args;
use jiff::Timestamp;

use super::DataDirectory;
use super::authority::{NewAuthority, add, show};
use crate::access::Role;
use crate::eurodac::model::MemberState;
use crate::journal::{Actor, AuditRecord, Change, Event, Operation};

/// Make a data directory and the first administrator's key
///
/// The key is printed once, and stored only as a hash.
#[derive(Args)]
#[command(after_help = "Example:\n  whorl init --data /var/lib/whorl --states AT,DE,FR")]
pub struct Init {
    #[command(flatten)]
    directory: DataDirectory,
    /// Member States that take part, by their two letters; any may where none are given
    #[arg(long, value_delimiter = ',', value_name = "AT,DE,...")]
    states: Vec<MemberState>,
    /// Print {"id", "key"} as JSON
    #[arg(long)]
    json: bool,
}

impl Init {
    /// Runs it.
    pub fn run(self) -> anyhow::Result<()> {
        let path = &self.directory.data;
        make_private(path)?;
        let database = self.directory.create()?;
        if database.is_initialised()? {
            anyhow::bail!("{} is a data directory already; nothing was changed", path.display());
        }
        let change = Change::Initialised(self.states);
        database.record(Event { audit: administration(None), change })?;
        sync_directories(path)?;
        let first =
            NewAuthority { name: "first administrator".into(), role: Role::CentralAdmin, member_state: None };
        let (authority, key) = add(&database, first)?;
        show(&authority, &key, self.json);
        Ok(())
    }
}

/// Makes the directory, for its owner's eyes only. One that is there must be empty, or a data directory: nothing else is
/// changed by mistake.
fn make_private(path: &Path) -> anyhow::Result<()> {
    use std::os::unix::fs::{DirBuilderExt, PermissionsExt};
    let ours = path.join("journal").is_dir();
    if path.is_dir() && !ours {
        anyhow::ensure!(
            fs_err::read_dir(path)?.next().is_none(),
            "{} is not empty; nothing was changed",
            path.display()
        );
        fs_err::set_permissions(path, std::fs::Permissions::from_mode(0o700))?;
    }
    Ok(std::fs::DirBuilder::new().recursive(true).mode(0o700).create(path)?)
}

/// A key that was shown must still be one after a power cut, and so must the directories that it is in.
fn sync_directories(path: &Path) -> std::io::Result<()> {
    fs_err::File::open(path.join("keys"))?.sync_all()?;
    fs_err::File::open(path)?.sync_all()?;
    path.canonicalize()?.parent().map_or(Ok(()), |parent| fs_err::File::open(parent)?.sync_all())
}

/// The audit record of something done at the command line, by whoever has the machine.
pub(super) fn administration(member_state: Option<MemberState>) -> AuditRecord {
    let person = std::env::var("USER").unwrap_or_else(|_| "unknown".into());
    AuditRecord {
        member_state,
        ..AuditRecord::of(Timestamp::now(), Operation::Administration, Actor { authority: None, person })
    }
}
