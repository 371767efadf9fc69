//! `whorl init`: makes a data directory, and the first administrator's key.

use std::path::Path;

use clap::Args;
use jiff::Timestamp;

use super::DataDirectory;
use super::authority::{add, show};
use crate::access::Role;
use crate::central_unit::NewAuthority;
use crate::database::Database;
use crate::eurodac::model::MemberState;
use crate::eurodac::operation::Operation;
use crate::eurodac::retention::legal_day;
use crate::eurodac::start::Participant;
use crate::journal::{Actor, AuditRecord, Change, Effect, Event};

/// Make a data directory and the first administrator's key
///
/// The key is printed once, and stored only as a hash.
#[derive(Args)]
#[command(after_help = "Example:\n  whorl init --data /var/lib/whorl --states AT,DE,FR")]
pub struct Init {
    #[command(flatten)]
    directory: DataDirectory,
    /// Member States that take part and are ready, by their two letters: operations start today. Without it they are registered, and
    /// operations started, over HTTP
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
        set_up(&database, &self.states)?;
        sync_directories(path)?;
        let first = NewAuthority {
            name: "first administrator".into(),
            role: Role::CentralAdmin,
            member_state: None,
            expires_at: None,
            certificate: None,
        };
        let (authority, key) = add(&database, first)?;
        show(&authority, &key, self.json);
        Ok(())
    }
}

/// Records that the directory is made; and, where States are given, that they take part, are ready, and that operations start today
/// (R-OPS-1).
pub(super) fn set_up(database: &Database, states: &[MemberState]) -> anyhow::Result<()> {
    let today = legal_day(Timestamp::now());
    let mut effects = vec![Effect::Initialised];
    let line = |&member_state| Participant { member_state, participates: true, ready_since: Some(today) };
    effects.extend(states.iter().map(line).map(Effect::Participant));
    effects.extend((!states.is_empty()).then_some(Effect::OperationsStarted(today)));
    for effect in effects {
        database.record(Event::new(administration(None), Change::Plain(effect)))?;
    }
    Ok(())
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
