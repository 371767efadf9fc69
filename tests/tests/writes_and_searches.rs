//! Writes that race with searches: nobody waits for the end of a search, and no answer is a mixture of before and after.
//!
//! On the CPU and on the first Vulkan adapter. How long a write waits is for `cargo bench -p whorl-benches --bench writes`: a test
//! that measures time fails on a busy machine.

#![expect(clippy::expect_used, clippy::print_stdout, reason = "helpers of tests are tests too")]

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;

use whorl_datasets::templates::{Random, print_like};
use whorl_engine::engine::{Choice, Engine};
use whorl_engine::gallery::{Label, Partition, Scope};
use whorl_engine::minutia::FingerPosition;
use whorl_engine::template::{Probe, Template};

type Fingers = Vec<(FingerPosition, Template)>;

const THRESHOLD: u32 = 30;

fn engines() -> [Engine; 2] {
    let gpu = Choice::Gpu { adapter: None, kernel: None };
    [Choice::Cpu, gpu].map(|choice| {
        let engine =
            Engine::new(&choice).expect("the CPU, and a Vulkan adapter: on Debian mesa-vulkan-drivers");
        println!("{}", engine.status().backend.name);
        engine
    })
}

fn template(seed: u64) -> Template {
    Template::new(&print_like(&mut Random::new(seed), 40)).expect("within the largest extent")
}

/// A thumb and an index finger.
fn fingers(thumb: u64, index: u64) -> Fingers {
    let position = |code| FingerPosition::try_from(code).expect("a finger");
    vec![(position(1), template(thumb)), (position(2), template(index))]
}

fn label(partition: u16) -> Label {
    let partition = Partition::new(partition).expect("a small number");
    Label { partition, attributes: 0, expiry_day: u32::MAX, sequence: 1 }
}

fn strangers(engine: &Engine, count: u64) {
    let records: Vec<_> = (0..count).map(|n| (label(1), fingers(1000 + n, 900_000 + n))).collect();
    engine.append(&records).expect("a slot for each");
}

fn probe() -> Vec<(FingerPosition, Probe)> {
    fingers(1, 2).into_iter().map(|(position, finger)| (position, Probe::new(finger))).collect()
}

#[test]
fn a_search_that_races_with_writes_never_sees_half_of_one() {
    let (probe, scope) = (probe(), Scope::new(Partition::new(1), 0, 0, u32::MAX));
    // One finger of the probe, the other, or both where nobody may look.
    let versions = [(label(1), fingers(1, 4)), (label(1), fingers(3, 2)), (label(2), fingers(1, 2))];
    for engine in engines() {
        strangers(&engine, 600);
        let slot = engine.append(&versions[..1]).expect("a slot")[0];
        let expected: Vec<_> = versions
            .iter()
            .map(|(label, fingers)| {
                engine.replace(slot, *label, fingers);
                engine.search(&probe, &scope, THRESHOLD).candidates
            })
            .collect();
        assert_eq!(expected.iter().map(Vec::len).collect::<Vec<_>>(), [1, 1, 0]);
        let (done, seen) = (AtomicBool::new(false), [const { AtomicUsize::new(0) }; 3]);
        let searches = AtomicUsize::new(0);
        thread::scope(|threads| {
            threads.spawn(|| {
                let mut random = Random::new(7);
                while !done.load(Ordering::Relaxed) {
                    let (label, fingers) = &versions[random.below(3) as usize];
                    if random.happens(50) {
                        engine.replace(slot, *label, fingers);
                    } else {
                        engine.erase(slot);
                        let again = engine.append(&[(*label, fingers.clone())]).expect("a slot");
                        assert_eq!(again, [slot]);
                    }
                    // Sometimes a write meets every stage of a search, sometimes only one, and sometimes a search meets none, however
                    // long it takes on this machine.
                    let until = searches.load(Ordering::Relaxed) + 2;
                    if random.happens(20) {
                        while searches.load(Ordering::Relaxed) < until && !done.load(Ordering::Relaxed) {
                            thread::yield_now();
                        }
                    }
                    thread::sleep(std::time::Duration::from_micros(random.below(3000).into()));
                }
            });
            for _ in 0..60 {
                let candidates = engine.search(&probe, &scope, THRESHOLD).candidates;
                let version = expected.iter().position(|expected| *expected == candidates);
                seen[version.expect("one of the versions, or none of them")].fetch_add(1, Ordering::Relaxed);
                searches.fetch_add(1, Ordering::Relaxed);
            }
            done.store(true, Ordering::Relaxed);
        });
        println!("seen {seen:?}");
        let versions = seen.iter().filter(|seen| seen.load(Ordering::Relaxed) > 0).count();
        assert!(versions > 1, "no search met another version than the others: {seen:?}");
        let status = engine.status();
        assert_eq!((status.degraded, status.records), (None, 601));
    }
}

#[test]
fn writes_come_and_go_while_one_search_runs() {
    let (probe, scope) = (probe(), Scope::new(Partition::new(1), 0, 0, u32::MAX));
    for engine in engines() {
        strangers(&engine, 4000);
        let (searching, writes) = (AtomicBool::new(true), AtomicUsize::new(0));
        thread::scope(|threads| {
            threads.spawn(|| {
                while searching.load(Ordering::Relaxed) {
                    let slots = engine.append(&[(label(2), fingers(5, 6))]).expect("a slot");
                    engine.replace(slots[0], label(2), &[]);
                    engine.erase(slots[0]);
                    writes.fetch_add(3, Ordering::Relaxed);
                }
            });
            while writes.load(Ordering::Relaxed) == 0 {
                thread::yield_now();
            }
            // Between the first write of a search and its last lie whole writes: one that held the gallery would let one by.
            let most = (0..5).map(|_| {
                let before = writes.load(Ordering::Relaxed);
                engine.search(&probe, &scope, THRESHOLD);
                writes.load(Ordering::Relaxed) - before
            });
            let most = most.max().expect("five");
            println!("{most} writes while a search ran");
            searching.store(false, Ordering::Relaxed);
            assert!(most >= 6, "{most} writes");
        });
    }
}
