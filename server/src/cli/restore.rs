//! `whorl restore`: a backup back into a data directory that has kept its keys.

use std::path::PathBuf;

use anyhow::Context;
use clap::Args;

use super::DataDirectory;
use super::init::administration;
use super::samples::progress;
use crate::backup::{How, Identities, Place, Restored};
use crate::eurodac::operation::Operation;
use crate::files::Disk;
use crate::journal::AuditRecord;

/// Put a backup of the journal back beside the keys of the unit
///
/// DIR must have the directory `keys`, which no backup holds, and no journal. What was erased after the backup was made stays erased;
/// what was entered after it is lost, and its keys are destroyed. --dry-run counts both, and changes nothing.
#[derive(Args)]
#[command(
    after_help = "Example:\n  whorl restore --from /mnt/backup --identity whorl.identity --data /var/lib/whorl --dry-run"
)]
pub struct Restore {
    /// Directory of the backup
    #[arg(long, value_name = "BACKUP")]
    from: PathBuf,
    /// File with the age identity that opens it
    #[arg(long, value_name = "FILE")]
    identity: PathBuf,
    #[command(flatten)]
    directory: DataDirectory,
    /// Hash that the backup must end with, as `whorl backup` told it
    #[arg(long, value_name = "HASH")]
    head: Option<String>,
    /// Look whether it can be restored, and what would come of it; change nothing
    #[arg(long)]
    dry_run: bool,
    /// Print {"records", "chain", "made_at", "kept", "forgotten", "keys_destroyed"} as JSON
    #[arg(long)]
    json: bool,
}

impl Restore {
    /// Runs it.
    pub fn run(self) -> anyhow::Result<()> {
        anyhow::ensure!(self.from.is_dir(), "{} is not a directory", self.from.display());
        let data = self.directory.data.display();
        anyhow::ensure!(
            self.directory.data.is_dir(),
            "{data} is not there: make it, and put the directory `keys` of the unit into it, which no backup holds"
        );
        let text = zeroize::Zeroizing::new(fs_err::read(&self.identity)?);
        let identities = Identities::parse(&text).map_err(|problem| {
            anyhow::anyhow!("{} has no age identity: {problem}", self.identity.display())
        })?;
        let place = Place::new(self.directory.lock()?)?;
        let wrapping = self.directory.wrapping(place.lock())?;
        let audit = AuditRecord { operation: Operation::Restoration, ..administration(None) };
        let bar = progress("segments", 0);
        let shown = |done: usize, all: usize| {
            bar.set_length(all as u64);
            bar.set_position(done as u64);
        };
        let how = How { audit: (!self.dry_run).then_some(&audit), progress: &shown };
        let head = self.head.as_deref();
        let restored = place.restore(&Disk::new(&self.from)?, &identities, &wrapping, head, &how);
        bar.finish_and_clear();
        self.show(&restored.with_context(|| format!("cannot restore {}", self.from.display()))?);
        Ok(())
    }

    #[expect(clippy::print_stdout, reason = "what was restored is the output")]
    fn show(&self, Restored { manifest, reconciled }: &Restored) {
        if self.json {
            let restored = serde_json::json!({
                "records": manifest.records,
                "chain": manifest.chain,
                "made_at": manifest.made_at,
                "kept": reconciled.kept,
                "forgotten": reconciled.forgotten,
                "keys_destroyed": reconciled.keys_destroyed,
            });
            println!("{restored}");
            return;
        }
        let would = if self.dry_run { "would be" } else { "are" };
        println!(
            "backup of {}: {} records of the journal, head {}\n\
             {} sets {would} there\n{} sets had been erased since, and {would} forgotten\n\
             {} keys of sets that came since {would} destroyed: those sets are lost",
            manifest.made_at,
            manifest.records,
            manifest.chain,
            reconciled.kept,
            reconciled.forgotten,
            reconciled.keys_destroyed
        );
    }
}
