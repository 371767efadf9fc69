//! `whorl authority`: who may call. Works on the data directory itself, so the server must not be running on it; while it runs,
//! `/v1/registers/authorities` does the same.

use std::path::{Path, PathBuf};

use anyhow::Context;
use clap::{Args, Subcommand};
use jiff::{SignedDuration, Timestamp};

use super::init::administration;
use super::serve::duration;
use super::{DataDirectory, usage};
use crate::access::{Authority as Stored, CertificateHash, Key, Role};
use crate::central_unit::NewAuthority;
use crate::database::Database;
use crate::eurodac::model::MemberState;
use crate::journal::{Change, Effect, Event};

/// Add, list and revoke authorities, and give them other keys (the server must be stopped)
#[derive(Args)]
#[command(
    after_help = "Example:\n  whorl authority add --data /var/lib/whorl --state AT --role member-state --name 'BFA Wien'"
)]
pub struct Authority {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Add an authority and print its key, once
    #[command(
        after_help = "Example:\n  whorl authority add --data DIR --state AT --role member-state --name 'BFA Wien' --expires 365d"
    )]
    Add(Add),
    /// List authorities, without their keys
    #[command(after_help = "Example:\n  whorl authority list --data DIR --json")]
    List(List),
    /// Take an authority off the list: it has no access from now on
    #[command(after_help = "Example:\n  whorl authority revoke --data DIR 1a2b3c4d5e6f")]
    Revoke(Revoke),
    /// Give an authority another key, and print it, once
    #[command(after_help = "Example:\n  whorl authority rotate --data DIR 1a2b3c4d5e6f --overlap 48h")]
    Rotate(Rotate),
}

#[derive(Args)]
struct Add {
    #[command(flatten)]
    directory: DataDirectory,
    /// What it is
    #[arg(long, value_enum)]
    role: Role,
    /// Member State, by its two letters; needed for the roles member-state and national-supervisor, and only there
    #[arg(long, required_if_eq_any([("role", "member-state"), ("role", "national-supervisor")]))]
    state: Option<MemberState>,
    /// Its name, for people
    #[arg(long)]
    name: String,
    /// When its key ends: from now; without it, not by itself
    #[arg(long, value_name = "TIME", value_parser = duration)]
    expires: Option<std::time::Duration>,
    /// Client certificate (PEM) that it may show instead of the key, where TLS is on
    #[arg(long, value_name = "FILE")]
    certificate: Option<PathBuf>,
    /// Print {"id", "key"} as JSON
    #[arg(long)]
    json: bool,
}

#[derive(Args)]
struct List {
    #[command(flatten)]
    directory: DataDirectory,
    /// Print a JSON array
    #[arg(long)]
    json: bool,
}

#[derive(Args)]
struct Revoke {
    #[command(flatten)]
    directory: DataDirectory,
    /// Its id
    id: String,
}

#[derive(Args)]
struct Rotate {
    #[command(flatten)]
    directory: DataDirectory,
    /// Its id
    id: String,
    /// How long the key before stays one beside it
    #[arg(long, value_name = "TIME", value_parser = duration)]
    overlap: Option<std::time::Duration>,
    /// When the new key ends: from now; without it, not by itself
    #[arg(long, value_name = "TIME", value_parser = duration)]
    expires: Option<std::time::Duration>,
    /// Print {"id", "key"} as JSON
    #[arg(long)]
    json: bool,
}

impl Authority {
    /// Runs it.
    pub fn run(self) -> anyhow::Result<()> {
        match self.command {
            Command::Add(add) => add.run(),
            Command::List(list) => list.run(),
            Command::Revoke(revoke) => revoke.run(),
            Command::Rotate(rotate) => rotate.run(),
        }
    }
}

impl Add {
    fn run(self) -> anyhow::Result<()> {
        if !self.role.is_of_a_state() && self.state.is_some() {
            usage("--state goes with --role member-state and --role national-supervisor only");
        }
        let certificate = self.certificate.as_deref().map(certificate).transpose()?;
        let database = self.directory.open()?;
        let expires_at = self.expires.map(from_now).transpose()?;
        let new = NewAuthority {
            name: self.name,
            role: self.role,
            member_state: self.state,
            expires_at,
            certificate,
        };
        let states = database.participants()?;
        if let Err((field, detail)) = new.check(&states, Timestamp::now()) {
            let taking_part: Vec<_> =
                states.iter().filter(|s| s.participates).map(|s| s.member_state).collect();
            anyhow::bail!("{field} {detail}; the States that take part are {taking_part:?}");
        }
        if let Some(hash) = &new.certificate
            && let Some(other) = database.authority_by_certificate(hash)?
        {
            anyhow::bail!("the certificate is that of the authority {} ({})", other.id, other.name);
        }
        let (authority, key) = add(&database, new)?;
        show(&authority, &key, self.json);
        Ok(())
    }
}

impl List {
    #[expect(clippy::print_stdout, reason = "the listing is the output")]
    fn run(self) -> anyhow::Result<()> {
        let authorities = self.directory.open()?.authorities()?;
        if self.json {
            let public = authorities.iter().map(|a| {
                serde_json::json!({
                    "id": a.id, "name": a.name, "role": a.role, "member_state": a.member_state,
                    "revoked_at": a.revoked_at, "certificate_sha256": a.certificate,
                    "key_expires_at": a.keys.last().and_then(|key| key.expires_at),
                })
            });
            println!("{}", serde_json::Value::Array(public.collect()));
            return Ok(());
        }
        let mut table = comfy_table::Table::new();
        table.load_preset(comfy_table::presets::ASCII_MARKDOWN);
        table.set_header(["id", "role", "State", "name", "key ends", "certificate", "revoked"]);
        for a in authorities {
            let state = a.member_state.map(|s| s.to_string()).unwrap_or_default();
            let revoked = a.revoked_at.map(|at| at.to_string()).unwrap_or_default();
            let ends = a.keys.last().and_then(|key| key.expires_at).map(|at| at.to_string());
            let certificate =
                a.certificate.map(|hash| String::from(hash)[..16].to_owned()).unwrap_or_default();
            let ends = ends.unwrap_or_default();
            table.add_row([a.id, a.role.name().to_owned(), state, a.name, ends, certificate, revoked]);
        }
        println!("{table}");
        Ok(())
    }
}

impl Revoke {
    fn run(self) -> anyhow::Result<()> {
        let database = self.directory.open()?;
        let authority = found(&database, &self.id)?;
        if authority.revoked_at.is_none() {
            put(&database, Stored { revoked_at: Some(Timestamp::now()), ..authority })?;
        }
        Ok(())
    }
}

impl Rotate {
    fn run(self) -> anyhow::Result<()> {
        let database = self.directory.open()?;
        let authority = found(&database, &self.id)?;
        anyhow::ensure!(authority.revoked_at.is_none(), "{} is revoked", self.id);
        let key = Key::generate(&self.id).context("the operating system gave no random bytes")?;
        let until = from_now(self.overlap.unwrap_or_default())?;
        let authority = authority.with_key(key.hash(), self.expires.map(from_now).transpose()?, until);
        put(&database, authority.clone())?;
        show(&authority, &key, self.json);
        Ok(())
    }
}

fn from_now(time: std::time::Duration) -> anyhow::Result<Timestamp> {
    Ok(Timestamp::now().saturating_add(SignedDuration::try_from(time)?)?)
}

fn found(database: &Database, id: &str) -> anyhow::Result<Stored> {
    database.authority(id)?.with_context(|| format!("there is no authority {id}; see `whorl authority list`"))
}

/// The hash of the first certificate of a PEM file.
fn certificate(file: &Path) -> anyhow::Result<CertificateHash> {
    use rustls_pki_types::pem::PemObject;
    let text = fs_err::read(file)?;
    let der = rustls_pki_types::CertificateDer::from_pem_slice(&text);
    let der = der.map_err(|error| anyhow::anyhow!("{} is no certificate: {error}", file.display()))?;
    Ok(CertificateHash::of(&der))
}

/// Gives an authority an id and a key, and makes it durable.
pub(super) fn add(database: &Database, new: NewAuthority) -> anyhow::Result<(Stored, Key)> {
    let (authority, key) = new.with_key().context("the operating system gave no random bytes")?;
    put(database, authority.clone())?;
    Ok((authority, key))
}

fn put(database: &Database, authority: Stored) -> anyhow::Result<()> {
    let audit = administration(authority.member_state);
    Ok(database.record(Event::new(audit, Change::Plain(Effect::Authority(authority))))?)
}

/// Prints a key, for the only time.
#[expect(clippy::print_stdout, reason = "the key is the output, and must not be in a log")]
pub(super) fn show(authority: &Stored, key: &Key, json: bool) {
    if json {
        println!("{}", serde_json::json!({"id": authority.id, "key": key.reveal()}));
    } else {
        println!(
            "authority {} ({})\nkey       {}\nIt is not shown again; only its hash is stored.",
            authority.id,
            authority.name,
            key.reveal()
        );
    }
}
