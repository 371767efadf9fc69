//! SIGKILL at any moment, again and again, with a store that is lost or damaged in between.

use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};

use crate::Dice;
use crate::checks::after_start;
use crate::clients::Client;
use crate::harness::{Installation, Server};
use crate::past::Past;
use crate::vault::Vault;

/// Rounds, unless `WHORL_CRASH_ROUNDS` says otherwise.
const ROUNDS: u64 = 15;
/// Rounds of one installation: what is checked grows with what is stored.
const ROUNDS_AN_INSTALLATION: u64 = 15;
/// How long the clients work at most before the server is killed.
const WORK: Duration = Duration::from_millis(200);
/// How long a start takes on a slow machine: moments of a kill during a start lie below.
const START: Duration = Duration::from_millis(100);
/// One round in this many of a long run goes on for longer than the store is left unflushed (5 s).
const LONG_EVERY: u64 = 50;

#[derive(Default, Debug)]
struct Figures {
    rounds: u64,
    acknowledged: usize,
    erased: usize,
    entered_and_not_told: usize,
    killed_while_starting: usize,
    backups_killed: u64,
    stores_deleted: usize,
    bytes_flipped: usize,
    stores_made_anew: usize,
}

#[test]
fn r_data_7_r_audit_2_r_hit_3_r_ops_2_whenever_it_is_killed_what_was_acknowledged_is_there() {
    let rounds = variable("WHORL_CRASH_ROUNDS").unwrap_or(ROUNDS);
    let now = jiff::Timestamp::now().as_microsecond().unsigned_abs();
    let seed = variable("WHORL_CRASH_SEED").unwrap_or(now);
    say(&format!("WHORL_CRASH_SEED={seed}"));
    let mut dice = Dice(seed);
    let mut figures = Figures::default();
    let start = Instant::now();
    while figures.rounds < rounds {
        let left = rounds - figures.rounds;
        run(left.min(ROUNDS_AN_INSTALLATION), rounds > ROUNDS, &mut dice, &mut figures);
    }
    say(&format!("{figures:?} in {:?}", start.elapsed()));
}

fn variable(name: &str) -> Option<u64> {
    std::env::var(name).ok().map(|text| text.parse().unwrap())
}

#[expect(clippy::print_stdout, reason = "the figures are for whoever runs it long")]
fn say(what: &str) {
    println!("{what}");
}

fn run(rounds: u64, long: bool, dice: &mut Dice, figures: &mut Figures) {
    let installation = Installation::new();
    let keys = ["AT", "DE", "FR"].map(|state| (state, installation.authority(state)));
    let clients = [0, 0, 1, 2].into_iter().enumerate();
    let seed = dice.below(u64::MAX);
    let erasing = Arc::default();
    let mut clients: Vec<_> = clients
        .map(|(name, state)| Client::new(name, keys[state].0, keys[state].1.clone(), &erasing, seed))
        .collect();
    let vault = Vault::new();
    for round in 0..rounds {
        let server = start(&installation, dice, figures);
        figures.entered_and_not_told += after_start(installation.path(), &server, &mut clients);
        let mut backing_up = vault.start(installation.path());
        let pause = Duration::from_secs(if long && dice.below(LONG_EVERY) == 0 { 6 } else { 0 });
        let work = Duration::from_micros(dice.below(WORK.as_micros() as u64)) + pause;
        std::thread::scope(|scope| {
            for client in &mut clients {
                client.people = round * 4;
                let server = &server;
                scope.spawn(move || client.work(server));
            }
            std::thread::sleep(work);
            let process = Pid::from_raw(server.process().cast_signed()).unwrap();
            kill_process(process, Signal::KILL).unwrap();
        });
        figures.backups_killed += u64::from(backing_up.try_wait().unwrap().is_none());
        _ = backing_up.kill();
        backing_up.wait().unwrap();
        figures.rounds += 1;
    }
    let server = start(&installation, dice, figures);
    figures.entered_and_not_told += after_start(installation.path(), &server, &mut clients);
    assert!(server.stop());
    figures.acknowledged += clients.iter().map(|client| client.ledger.len()).sum::<usize>();
    figures.erased += clients.iter().map(Client::erased).sum::<usize>();
    let past = Past::read(installation.path());
    let database = installation.database();
    for id in past.entered.keys() {
        assert_eq!(database.result(*id).unwrap().as_ref(), past.results.get(id));
    }
    drop(database);
    assert_eq!(
        vault.restored(installation.path()),
        past.entered.len(),
        "R-OPS-2: what a killed backup left is gone on with"
    );
    let database = installation.database();
    for id in &past.erased {
        assert!(
            database.find(*id).unwrap().is_none() && database.templates(*id).unwrap().is_empty(),
            "R-ERASE-2"
        );
    }
}

/// Starts the server after a crash: perhaps without its store, or with a damaged one, and perhaps only at the second or third
/// attempt, because it was killed while it started.
fn start(installation: &Installation, dice: &mut Dice, figures: &mut Figures) -> Server {
    loop {
        spoil(installation, dice, figures);
        if dice.below(4) > 0 {
            break;
        }
        let mut process = command(installation).spawn().unwrap();
        std::thread::sleep(Duration::from_micros(dice.below(START.as_micros() as u64)));
        process.kill().unwrap();
        let said = process.wait_with_output().unwrap().stdout;
        figures.killed_while_starting += usize::from(said.is_empty());
        count_set_aside(installation, figures);
    }
    let log = tempfile::NamedTempFile::new().unwrap();
    let mut command = command(installation);
    command.stderr(Stdio::from(log.reopen().unwrap()));
    let server = Server::start(command);
    count_set_aside(installation, figures);
    server.unwrap_or_else(|| panic!("the server does not start:\n{}", fs_err::read_to_string(&log).unwrap()))
}

/// A server that rotates the wrapping key every second, so that it is killed while it does.
fn command(installation: &Installation) -> Command {
    let mut command = installation.command("cpu");
    command.args(["--rotate-wrapping-key-every", "1s"]);
    command
}

/// What may happen to a store: it is made from the journal, and no harm comes of it.
fn spoil(installation: &Installation, dice: &mut Dice, figures: &mut Figures) {
    let store = installation.path().join("store");
    if !store.exists() {
        return;
    }
    match dice.below(10) {
        0 | 1 => {
            fs_err::remove_dir_all(&store).unwrap();
            figures.stores_deleted += 1;
        }
        2..5 => {
            let mut files: Vec<_> =
                fs_err::read_dir(&store).unwrap().map(|entry| entry.unwrap().path()).collect();
            files.retain(|file| file.metadata().is_ok_and(|data| data.is_file() && data.len() > 0));
            files.sort();
            let file = &files[dice.below(files.len() as u64) as usize];
            let mut bytes = fs_err::read(file).unwrap();
            let at = dice.below(bytes.len() as u64) as usize;
            bytes[at] ^= 1 << dice.below(8);
            fs_err::write(file, bytes).unwrap();
            figures.bytes_flipped += 1;
        }
        _ => {}
    }
}

fn count_set_aside(installation: &Installation, figures: &mut Figures) {
    let aside = installation.path().join("store.set-aside");
    if aside.exists() {
        fs_err::remove_dir_all(aside).unwrap();
        figures.stores_made_anew += 1;
    }
}
