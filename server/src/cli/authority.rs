//! `whorl authority`: who may call. Works on the data directory itself, so the server must not be running on it.

use anyhow::Context;
use clap::error::ErrorKind;
use clap::{Args, CommandFactory, Subcommand};

use super::init::administration;
use super::{Arguments, DataDirectory};
use crate::access::{Authority as Stored, Key, Role};
use crate::database::Database;
use crate::eurodac::model::MemberState;
use crate::journal::{Change, Event};

/// Add and list authorities (the server must be stopped)
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
        after_help = "Example:\n  whorl authority add --data DIR --state AT --role member-state --name 'BFA Wien'"
    )]
    Add(Add),
    /// List authorities, without their keys
    #[command(after_help = "Example:\n  whorl authority list --data DIR --json")]
    List(List),
}

#[derive(Args)]
struct Add {
    #[command(flatten)]
    directory: DataDirectory,
    /// What it is
    #[arg(long, value_enum)]
    role: Role,
    /// Member State, by its two letters; needed for the role member-state, and only there
    #[arg(long, required_if_eq("role", "member-state"))]
    state: Option<MemberState>,
    /// Its name, for people
    #[arg(long)]
    name: String,
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

/// An authority that has no key yet.
pub(super) struct NewAuthority {
    pub(super) name: String,
    pub(super) role: Role,
    pub(super) member_state: Option<MemberState>,
}

impl Authority {
    /// Runs it.
    pub fn run(self) -> anyhow::Result<()> {
        match self.command {
            Command::Add(add) => add.run(),
            Command::List(list) => list.run(),
        }
    }
}

impl Add {
    fn run(self) -> anyhow::Result<()> {
        if self.role != Role::MemberState && self.state.is_some() {
            let what = "--state goes with --role member-state only";
            Arguments::command().error(ErrorKind::ArgumentConflict, what).exit();
        }
        let database = self.directory.open()?;
        let states = database.states()?;
        if let Some(state) = self.state
            && !states.is_empty()
            && !states.contains(&state)
        {
            anyhow::bail!("{state} does not take part; the States that do are {states:?}");
        }
        let new = NewAuthority { name: self.name, role: self.role, member_state: self.state };
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
                serde_json::json!({"id": a.id, "name": a.name, "role": a.role, "member_state": a.member_state})
            });
            println!("{}", serde_json::Value::Array(public.collect()));
            return Ok(());
        }
        let mut table = comfy_table::Table::new();
        table.load_preset(comfy_table::presets::ASCII_MARKDOWN).set_header(["id", "role", "State", "name"]);
        for a in authorities {
            let role = serde_json::to_value(a.role)?.as_str().unwrap_or_default().to_owned();
            table.add_row([a.id, role, a.member_state.map(|s| s.to_string()).unwrap_or_default(), a.name]);
        }
        println!("{table}");
        Ok(())
    }
}

/// Gives an authority an id and a key, and makes it durable.
pub(super) fn add(database: &Database, new: NewAuthority) -> anyhow::Result<(Stored, Key)> {
    let id = uuid::Uuid::new_v4().simple().to_string()[..12].to_owned();
    let key = Key::generate(&id).context("the operating system gave no random bytes")?;
    let NewAuthority { name, role, member_state } = new;
    let authority = Stored { id, name, role, member_state, key: key.hash() };
    let change = Change::AuthorityAdded(authority.clone());
    database.record(Event { audit: administration(member_state), change })?;
    Ok((authority, key))
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
