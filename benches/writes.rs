//! How long a write waits while searches run, on the CPU and on the first Vulkan adapter: every write timed, beside the same writes with
//! nobody searching.
//!
//! Two threads search without a pause, one enters a record of two fingers, replaces and erases it, without a pause either. What counts
//! is the worst, so this is no statistic of means: percentiles of all writes of ten seconds.

#![expect(clippy::expect_used, clippy::print_stdout, reason = "a bench that cannot start says so and stops")]

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use rayon::prelude::*;
use whorl_datasets::templates::{Random, print_like};
use whorl_engine::backend::gpu::{AdapterKind, list};
use whorl_engine::engine::{Choice, Engine};
use whorl_engine::gallery::{Label, Partition, Scope};
use whorl_engine::minutia::FingerPosition;
use whorl_engine::template::{Probe, Template};

const TIME: Duration = Duration::from_secs(10);
/// What no write should take.
const STALL: Duration = Duration::from_millis(10);

fn fingers(random: &mut Random) -> Vec<(FingerPosition, Template)> {
    let finger = |code| {
        let position = FingerPosition::try_from(code).expect("a finger");
        (position, Template::new(&print_like(random, 40)).expect("within the largest extent"))
    };
    [2, 7].map(finger).into()
}

/// Seconds that each write took, in order of size.
fn writes(engine: &Engine, until: impl Fn() -> bool) -> Vec<Duration> {
    let label = |sequence| Label {
        partition: Partition::new(1).expect("a small number"),
        attributes: 0,
        expiry_day: u32::MAX,
        sequence,
    };
    let random = &mut Random::new(2);
    let mut times = Vec::new();
    while !until() {
        let (one, other) = (fingers(random), fingers(random));
        let mut time = |write: &mut dyn FnMut()| {
            let start = Instant::now();
            write();
            times.push(start.elapsed());
        };
        let (records, mut slot) = ([(label(1), one)], None);
        time(&mut || slot = engine.append(&records).expect("a slot").pop());
        let slot = slot.expect("a slot for each");
        time(&mut || engine.replace(slot, label(2), &other));
        time(&mut || engine.erase(slot));
    }
    times.sort_unstable();
    times
}

fn show(name: &str, times: &[Duration]) {
    let at = |per_mille: usize| times[(times.len() - 1) * per_mille / 1000];
    let (median, most, worst) = (at(500), at(999), at(1000));
    let long = times.iter().filter(|&&time| time > STALL).count();
    println!(
        "  {name}: {} writes, p50 {median:.1?}, p99.9 {most:.1?}, worst {worst:.1?}, {long} over {STALL:?}",
        times.len()
    );
}

fn main() {
    let random = &mut Random::new(1);
    let probe: Vec<_> = fingers(random).into_iter().map(|(p, finger)| (p, Probe::new(finger))).collect();
    let scope = Scope::new(Partition::new(1), 0, 0, u32::MAX);
    let gpu = Choice::Gpu { adapter: None, kernel: None };
    let software = list().iter().all(|adapter| adapter.kind == AdapterKind::Software);
    for (choice, records) in [(Choice::Cpu, 100_000), (gpu, if software { 20_000 } else { 100_000 })] {
        let engine = match Engine::new(&choice) {
            Ok(engine) => engine,
            Err(error) => {
                println!("left out: {error}");
                continue;
            }
        };
        println!("{}, {records} records of two fingers", engine.status().backend.name);
        let partition = Partition::new(1).expect("a small number");
        let record = |sequence| {
            let label = Label { partition, attributes: 0, expiry_day: u32::MAX, sequence };
            (label, fingers(&mut Random::new(1 << 32 | u64::from(sequence))))
        };
        let records: Vec<_> = (0..records).into_par_iter().map(record).collect();
        records.chunks(1000).for_each(|some| {
            engine.append(some).expect("a slot");
        });
        let start = Instant::now();
        show("nobody searches", &writes(&engine, || start.elapsed() > TIME / 5));
        let (done, searches) = (AtomicBool::new(false), AtomicUsize::new(0));
        let start = Instant::now();
        let times = thread::scope(|threads| {
            for _ in 0..2 {
                threads.spawn(|| {
                    while !done.load(Ordering::Relaxed) {
                        engine.search(&probe, &scope, 60);
                        searches.fetch_add(1, Ordering::Relaxed);
                    }
                });
            }
            let times = writes(&engine, || start.elapsed() > TIME);
            done.store(true, Ordering::Relaxed);
            times
        });
        show("two search", &times);
        let searches = searches.load(Ordering::Relaxed);
        println!(
            "  {searches} searches meanwhile, {:.1?} each",
            start.elapsed() * 2 / u32::try_from(searches.max(1)).unwrap_or(1)
        );
        assert_eq!(engine.status().degraded, None);
    }
}
