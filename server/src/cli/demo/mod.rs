//! `whorl demo`: the main job, end to end, in a fresh temporary directory, on real prints where there are some.

mod people;
mod scenario;
mod unit;

use std::collections::HashSet;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use clap::Args;
use comfy_table::{Cell, CellAlignment, Table, presets::ASCII_MARKDOWN};
use whorl_engine::engine::Choice;

use super::authority::add;
use super::init::set_up;
use super::{BackendName, BackendOptions, DataDirectory};
use crate::access::{Key, Role};
use crate::central_unit::NewAuthority;
use crate::eurodac::model::MemberState;
use people::Person;
use scenario::{PEOPLE, STEPS, Shown};
use unit::Unit;

/// Show the main job: two States enter and check people, and the law decides who is compared with whom
///
/// Starts a real server in a temporary directory, which is removed afterwards. Real prints are used where a corpus is found (in
/// $WHORL_DATA, else ../shared/data), else synthetic ones are made. Unlike in `serve`, the back end `auto` takes a software GPU
/// too, so that the shaders run. Exits with 1 if anything was not as the law wants it.
#[derive(Args)]
#[command(after_help = "Example:\n  whorl demo --backend cpu")]
pub struct Demo {
    /// Use synthetic prints even where there are real ones
    #[arg(long)]
    synthetic: bool,
    #[command(flatten)]
    backend: BackendOptions,
}

impl Demo {
    /// Runs it.
    #[expect(clippy::print_stdout, reason = "what it shows is its purpose")]
    pub fn run(self) -> anyhow::Result<()> {
        let (people, origin) = people::people(PEOPLE, self.synthetic)?;
        let interrupted = Arc::new(AtomicBool::new(false));
        let on_signal = Arc::clone(&interrupted);
        // Real prints may lie in the directory: it is removed however this ends.
        ctrlc::set_handler(move || on_signal.store(true, Ordering::Relaxed))?;
        let directory = tempfile::Builder::new().prefix("whorl-demo-").tempdir()?;
        let keys = prepare(directory.path())?;
        let unit = self.start(directory.path())?;
        println!("Prints:   {origin}\nMatcher:  {}\n", unit.adapter()?);
        let mut shown = Vec::new();
        for (step, number) in STEPS.iter().zip(1..) {
            anyhow::ensure!(!interrupted.load(Ordering::Relaxed), "interrupted");
            let (_, key) = keys
                .iter()
                .find(|(state, _)| state.to_string() == step.state())
                .ok_or_else(|| anyhow::anyhow!("no key"))?;
            shown.push(step.run(number, &people, &unit, key.reveal())?);
        }
        drop(unit);
        println!("{}", table(&shown));
        let mut faults: Vec<String> =
            shown.iter().filter_map(|s| Some(format!("{}: {}", s.says, s.fault.as_ref()?))).collect();
        let (looked_for, left) = left_on_disk(directory.path(), &people)?;
        println!(
            "\n{looked_for} prints looked for, byte by byte, in the data directory: {} found.",
            left.len()
        );
        faults.extend(left);
        anyhow::ensure!(faults.is_empty(), "not as expected:\n  {}", faults.join("\n  "));
        println!("Everything as expected.");
        Ok(())
    }

    /// The demonstration is of the GPU's code path, so `auto` here takes a software adapter too where there is any.
    fn start(&self, data: &Path) -> anyhow::Result<Unit> {
        let on = |backend| {
            let kernel = self.backend.kernel;
            let options = BackendOptions { backend, adapter: self.backend.adapter.clone(), kernel };
            Unit::start(data, &options.arguments())
        };
        match (self.backend.backend, self.backend.choice()?) {
            (BackendName::Auto, Choice::Auto) => on(BackendName::Gpu).or_else(|_| on(BackendName::Cpu)),
            (backend, _) => on(backend),
        }
    }
}

/// How many prints were looked for in a data directory, and which of them lie there in clear: those of category 3 must not be there
/// at all, and the others are sealed. That the search does find what is there is shown on a file of its own.
fn left_on_disk(directory: &Path, people: &[Person]) -> anyhow::Result<(usize, Vec<String>)> {
    let mut faults = Vec::new();
    let mut looked_for = 0;
    let control = tempfile::tempdir()?;
    for step in &STEPS {
        for (position, print) in step.prints(people)? {
            looked_for += 1;
            fs_err::write(control.path().join("print"), &print)?;
            anyhow::ensure!(
                holds(control.path(), &print)?,
                "the search for prints finds none where there is one"
            );
            if holds(directory, &print)? {
                faults.push(format!("{}: finger {position} is on disk in clear", step.says()));
            }
        }
    }
    Ok((looked_for, faults))
}

/// A data directory with two States.
fn prepare(directory: &Path) -> anyhow::Result<Vec<(MemberState, Key)>> {
    let database = DataDirectory::at(directory).create()?;
    let states: Vec<MemberState> = ["AT", "DE"].iter().filter_map(|code| code.parse().ok()).collect();
    set_up(&database, &states)?;
    let authority = |state: &MemberState| {
        let new = NewAuthority {
            name: format!("{state} demo"),
            role: Role::MemberState,
            member_state: Some(*state),
            expires_at: None,
            certificate: None,
        };
        Ok((*state, add(&database, new)?.1))
    };
    states.iter().map(authority).collect()
}

fn table(shown: &[Shown]) -> Table {
    let mut table = Table::new();
    table.load_preset(ASCII_MARKDOWN);
    table.set_header(["", "what", "by", "sets compared", "found", "ms", ""]);
    for (number, s) in (1..).zip(shown) {
        let ms = Cell::new(s.took.as_millis()).set_alignment(CellAlignment::Right);
        let right = Cell::new(if s.fault.is_none() { "ok" } else { "NO" });
        table.add_row([
            Cell::new(number),
            s.says.into(),
            Cell::new(&s.who),
            Cell::new(&s.compared),
            Cell::new(&s.found),
            ms,
            right,
        ]);
    }
    table
}

/// Bytes that are looked for at a time: long enough that chance does not find them.
const FRAGMENT_BYTES: usize = 24;

/// Whether any file below a directory holds a fragment of the pixel data of a print, plain or in base64.
fn holds(directory: &Path, print: &[u8]) -> anyhow::Result<bool> {
    use base64::Engine as _;
    let text = base64::engine::general_purpose::STANDARD.encode(print).into_bytes();
    // The first bytes of two PNG files of one size are alike. Pieces end to end: what holds two of them in a row is found.
    let pieces =
        |bytes: &[u8]| bytes.chunks_exact(FRAGMENT_BYTES).skip(8).map(<[u8]>::to_vec).collect::<HashSet<_>>();
    let wanted: HashSet<_> = pieces(print).into_iter().chain(pieces(&text)).collect();
    look(directory, &wanted)
}

fn look(directory: &Path, wanted: &HashSet<Vec<u8>>) -> anyhow::Result<bool> {
    for entry in fs_err::read_dir(directory)? {
        let path = entry?.path();
        let found = if path.is_dir() {
            look(&path, wanted)?
        } else {
            fs_err::read(&path)?.windows(FRAGMENT_BYTES).any(|window| wanted.contains(window))
        };
        if found {
            return Ok(true);
        }
    }
    Ok(false)
}
