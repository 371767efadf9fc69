//! The back ends give the same bits: every key of every slot, every count of every partition, every shortlist, every
//! alignment.
//!
//! Stage 1 runs in every kernel that the adapter has. Here the GPU is whatever Vulkan adapter comes first, Mesa's
//! lavapipe where there is no other; its name is printed. A missing adapter fails the test, because a parity test that
//! did not run looks like one that passed.

#![expect(clippy::expect_used, clippy::print_stdout, reason = "helpers of tests are tests too")]

use std::collections::BTreeSet;
use std::sync::Barrier;

use whorl_datasets::templates::{Random, another_impression, print_like, scattered};
use whorl_engine::backend::gpu::{Kernel, list};
use whorl_engine::backend::{Ask, COMPARED};
use whorl_engine::engine::{Choice, Engine};
use whorl_engine::gallery::{Label, Partition, Scope, Slot};
use whorl_engine::minutia::{FingerPosition, Minutia};
use whorl_engine::normalisation::KEY_BIAS;
use whorl_engine::template::{Probe, Template};

/// The engines, one on the CPU and one for each kernel, which are told the same and must answer the same.
struct Both {
    cpu: Engine,
    gpus: Vec<Engine>,
}

type Fingers = Vec<(FingerPosition, Template)>;

impl Both {
    fn new() -> Self {
        let open = |kernel: Kernel| {
            let gpu = Engine::new(&Choice::Gpu { adapter: None, kernel: Some(kernel) }).expect(
                "this test needs a Vulkan adapter; on Debian install mesa-vulkan-drivers and libvulkan1",
            );
            let name = gpu.status().backend.name;
            println!("adapter: {name}");
            let adapter = list().into_iter().find(|adapter| name.starts_with(&adapter.name));
            let expected = kernel.on(&adapter.expect("the adapter that was opened"));
            assert!(name.ends_with(&format!("kernel {expected}")), "{kernel}");
            gpu
        };
        let gpus = Kernel::ALL.map(open).into();
        Self { cpu: Engine::new(&Choice::Cpu).expect("the CPU is always there"), gpus }
    }

    fn append(&self, records: &[(Label, Fingers)]) -> Vec<Slot> {
        let slots = self.cpu.append(records).expect("a slot for each");
        for gpu in &self.gpus {
            assert_eq!(slots, gpu.append(records).expect("a slot for each"));
        }
        slots
    }

    fn erase(&self, slot: Slot) {
        self.cpu.erase(slot);
        self.gpus.iter().for_each(|gpu| gpu.erase(slot));
    }

    /// Compares keys and counts; gives how many slots were compared, and how many of them are above the mean of strangers.
    fn scores(&self, probe: &[(FingerPosition, Probe)], scope: &Scope) -> (u32, usize) {
        let on_cpu = self.cpu.scores(probe, scope).expect("the CPU cannot fail");
        for gpu in &self.gpus {
            let on_gpu = gpu.scores(probe, scope).expect("a working GPU");
            let mut pairs = on_cpu.by_slot.iter().zip(&on_gpu.by_slot).enumerate();
            let differing = pairs.find(|(_, (a, b))| a != b);
            assert_eq!(differing, None, "(slot, (CPU, GPU)), {}", gpu.status().backend.name);
            assert_eq!(on_cpu, on_gpu);
        }
        let compared = on_cpu.compared.iter().map(|(_, count)| count).sum();
        let above = on_cpu.by_slot.iter().filter(|&&key| key & !COMPARED > KEY_BIAS);
        (compared, above.count())
    }

    /// Compares shortlists of several lengths, of searches that go together.
    fn shortlists(&self, asks: &[Ask<'_>]) {
        for length in [1, 2, 30, 300] {
            let on_cpu = self.cpu.shortlists(asks, length).expect("the CPU cannot fail");
            assert_eq!(on_cpu.len(), asks.len());
            for gpu in &self.gpus {
                let name = gpu.status().backend.name;
                assert_eq!(on_cpu, gpu.shortlists(asks, length).expect("a working GPU"), "{length}, {name}");
            }
        }
    }

    /// Compares alignments, and candidates under thresholds that let all, some and none through: no kernel of stage 1 makes a
    /// difference to them, so one is enough.
    fn search(&self, probe: &[(FingerPosition, Probe)], scope: &Scope) {
        let ask = Ask { probe, scope };
        let on_cpu = self.cpu.shortlists(&[ask], 300).expect("the CPU cannot fail").swap_remove(0);
        let slots: Vec<_> = on_cpu.best.iter().map(|&(slot, _)| slot).collect();
        let aligned = self.cpu.align(probe, &slots).expect("the CPU cannot fail");
        assert_eq!(aligned, self.gpus[0].align(probe, &slots).expect("a working GPU"));
        for threshold in [0, 30, 1000] {
            let on_cpu = self.cpu.search(probe, scope, threshold);
            assert_eq!(on_cpu, self.gpus[0].search(probe, scope, threshold));
        }
    }

    /// A GPU that fell back to the CPU would agree with it, too.
    fn finish(self) {
        for gpu in &self.gpus {
            let status = gpu.status();
            assert_eq!((status.backend.kind, status.degraded), ("gpu", None));
        }
    }
}

/// Prints that exist in several impressions, so that some pairs are mated, and sets that are nothing at all.
struct Supply {
    random: Random,
    prints: Vec<Vec<Minutia>>,
}

impl Supply {
    fn new(seed: u64) -> Self {
        let mut random = Random::new(seed);
        let prints = (0..40)
            .map(|_| {
                let count = random.between(20, 60);
                print_like(&mut random, count.unsigned_abs() as usize)
            })
            .collect();
        Self { random, prints }
    }

    /// 0 to 80 minutiae: often an impression of a print, sometimes the print itself, sometimes the extremes.
    fn minutiae(&mut self) -> Vec<Minutia> {
        let random = &mut self.random;
        let print = &self.prints[random.below(40) as usize];
        let count = random.below(81) as usize;
        match random.below(10) {
            0..5 => another_impression(random, print),
            5 => print.clone(),
            6 => scattered(random, count, 300),
            7 => scattered(random, count, 2048),
            // On a few spots: as many equal similarities as there can be.
            8 => {
                let side = 1 + random.below(3);
                scattered(random, count, side)
            }
            _ => scattered(random, count % 3, 200),
        }
    }

    fn template(&mut self) -> Template {
        Template::new(&self.minutiae()).expect("within the largest extent")
    }

    /// 1 to 10 different positions, often few, and sometimes one that nobody knows.
    fn positions(&mut self) -> BTreeSet<FingerPosition> {
        let percent = 1 + self.random.below(100);
        let first = self.random.below(10) as usize;
        let chosen = FingerPosition::all().filter(|position| {
            let index = position.index();
            self.random.happens(percent) || index == first
        });
        let mut chosen: BTreeSet<_> = chosen.collect();
        if self.random.happens(20) {
            chosen.insert(FingerPosition::UNKNOWN);
        }
        chosen
    }

    fn record(&mut self) -> (Label, Fingers) {
        let fingers = self.positions().into_iter().map(|position| (position, self.template()));
        let fingers = fingers.collect();
        (self.label(), fingers)
    }

    fn probe(&mut self) -> Vec<(FingerPosition, Probe)> {
        let positions = self.positions().into_iter();
        positions.map(|position| (position, Probe::new(self.template()))).collect()
    }

    fn label(&mut self) -> Label {
        Label {
            partition: self.partition(),
            attributes: 1 << self.random.below(16) & 0b1000_0000_0000_0111,
            expiry_day: self.around(),
            sequence: self.around(),
        }
    }

    /// One of a few, at the borders of the bitmap's words, or any.
    fn partition(&mut self) -> Partition {
        let numbers = [0, 1, 31, 32, 63, 64, 4095, self.random.below(4096)];
        let number = u16::try_from(numbers[self.random.below(8) as usize]).ok();
        number.and_then(Partition::new).expect("below 4096")
    }

    /// 0, the largest, or one of three numbers in between, so that equality is often met.
    fn around(&mut self) -> u32 {
        [0, 99, 100, 101, u32::MAX][self.random.below(5) as usize]
    }

    fn scope(&mut self) -> Scope {
        let count = [0, 1, 4, 40][self.random.below(4) as usize];
        let partitions: Vec<Partition> = (0..count).map(|_| self.partition()).collect();
        let forbidden = [0, 0, 0b1, 0b1000_0000_0000_0110, u16::MAX][self.random.below(5) as usize];
        Scope::new(partitions, forbidden, self.around(), self.around())
    }
}

fn everything() -> Scope {
    Scope::new((0..).map_while(Partition::new), 0, 0, u32::MAX)
}

#[test]
fn every_score_and_every_count_is_equal_through_a_gallery_s_life() {
    let (both, mut supply) = (Both::new(), Supply::new(1));
    let mut slots = Vec::new();
    let (mut searches, mut compared, mut scored) = (0, 0, 0);
    for round in 0..20 {
        // The first rounds see a gallery that is empty or small; the buffers grow past 256 entries on the way.
        let records: Vec<_> = (0..round * 5).map(|_| supply.record()).collect();
        slots.extend(both.append(&records));
        for _ in 0..slots.len() / 20 {
            let index = supply.random.below(u32::try_from(slots.len()).expect("few")) as usize;
            both.erase(slots.swap_remove(index));
        }
        let again: Vec<_> = (0..slots.len() / 40).map(|_| supply.record()).collect();
        slots.extend(both.append(&again));
        let scopes = [supply.scope(), supply.scope(), everything(), everything()];
        let asked = scopes.map(|scope| (supply.probe(), scope));
        for (probe, scope) in &asked {
            let (slots_compared, slots_scored) = both.scores(probe, scope);
            searches += 1;
            compared += slots_compared;
            scored += slots_scored;
        }
        let (probe, scope) = &asked[round % 4];
        both.search(probe, scope);
        let asks: Vec<_> = asked.iter().map(|(probe, scope)| Ask { probe, scope }).collect();
        both.shortlists(&asks);
    }
    println!("{searches} searches, {compared} records compared, {scored} above the mean of strangers");
    let highest = slots.iter().map(|slot| slot.index()).max();
    assert!(highest > Some(700) && scored > 1500, "too little to show anything: {highest:?}, {scored}");
    both.finish();
}

/// How many comparisons of a stage: 100 000, or what `WHORL_PARITY` says.
fn wanted() -> u32 {
    std::env::var("WHORL_PARITY").map_or(100_000, |number| number.parse().expect("a number"))
}

/// One finger against 2000, again and again, of every kind that there is; `compare` gives how many were compared.
fn many_comparisons(seed: u64, compare: impl Fn(&Both, &[(FingerPosition, Probe)], &[Slot]) -> u32) {
    let (both, mut supply) = (Both::new(), Supply::new(seed));
    let finger = FingerPosition::try_from(2).expect("the right index");
    let records: Vec<_> = (0..2000).map(|_| (supply.label(), vec![(finger, supply.template())])).collect();
    let slots = both.append(&records);
    let (wanted, mut compared) = (wanted(), 0);
    while compared < wanted {
        let probe = [(finger, Probe::new(supply.template()))];
        compared += compare(&both, &probe, &slots);
    }
    println!("{compared} comparisons");
    both.finish();
}

#[test]
fn many_comparisons_of_stage_1_are_equal_in_every_kernel() {
    many_comparisons(6, |both, probe, _| both.scores(probe, &everything()).0);
}

#[test]
fn many_comparisons_of_stage_2_are_equal() {
    many_comparisons(7, |both, probe, slots| {
        let on_cpu = both.cpu.align(probe, slots).expect("the CPU cannot fail");
        assert_eq!(on_cpu, both.gpus[0].align(probe, slots).expect("a working GPU"));
        u32::try_from(on_cpu.len()).expect("few")
    });
}

#[test]
fn no_partition_and_no_probe_compare_nothing() {
    let (both, mut supply) = (Both::new(), Supply::new(2));
    let records: Vec<_> = (0..30).map(|_| supply.record()).collect();
    both.append(&records);
    let nothing = Scope::new([], 0, 0, u32::MAX);
    assert_eq!(both.scores(&supply.probe(), &nothing), (0, 0));
    assert_eq!(both.scores(&[], &everything()), (0, 0));
    both.finish();
}

/// A page of the device's copy holds 65 536 rows, and a row of workgroups 65 535 of them; the second page is short.
#[test]
fn a_gallery_of_two_pages_is_searched_to_its_last_row() {
    let (both, mut supply) = (Both::new(), Supply::new(3));
    let finger = FingerPosition::try_from(2).expect("the right index");
    let templates: Vec<Template> = (0..16).map(|_| supply.template()).collect();
    let mut slots = Vec::new();
    for chunk in 0..33 {
        let record = |index: usize| {
            let template = templates[index % templates.len()].clone();
            (supply.label(), vec![(finger, template)])
        };
        let records: Vec<_> = (chunk * 2000..(chunk + 1) * 2000).map(record).collect();
        slots.extend(both.append(&records));
    }
    let print = another_impression(&mut supply.random, &supply.prints[0]);
    let probe = [(finger, Probe::new(Template::new(&print).expect("a small print")))];
    let (compared, scored) = both.scores(&probe, &everything());
    println!("{compared} records compared, {scored} above the mean of strangers");
    for &slot in slots.iter().skip(65_500).step_by(7) {
        both.erase(slot);
    }
    both.append(&[supply.record(), supply.record()]);
    let partitions = [supply.partition(), supply.partition()];
    let scope = Scope::new(partitions, 0, 100, u32::MAX);
    both.search(&probe, &scope);
    both.shortlists(&[Ask { probe: &probe, scope: &scope }, Ask { probe: &probe, scope: &everything() }]);
    both.finish();
}

/// More searches than a dispatch takes (8), some without a finger, some with one finger twice, in scopes that differ.
#[test]
fn searches_of_one_pass_answer_as_each_alone() {
    let (both, mut supply) = (Both::new(), Supply::new(4));
    let records: Vec<_> = (0..300).map(|_| supply.record()).collect();
    both.append(&records);
    let mut asked: Vec<_> = (0..19).map(|_| (supply.probe(), supply.scope())).collect();
    asked[3].0.clear();
    let again = (asked[5].0[0].0, Probe::new(supply.template()));
    asked[5].0.push(again);
    (asked[5].1, asked[6].1, asked[18].1) = (everything(), everything(), everything());
    let asks: Vec<_> = asked.iter().map(|(probe, scope)| Ask { probe, scope }).collect();
    both.shortlists(&asks);
    let alone = |ask: &Ask<'_>| both.cpu.shortlists(&[*ask], 30).expect("the CPU cannot fail").swap_remove(0);
    let together = both.cpu.shortlists(&asks, 30).expect("the CPU cannot fail");
    assert_eq!(together, asks.iter().map(alone).collect::<Vec<_>>());
    both.finish();
}

/// Sixteen threads ask at once, again and again, of engines that make passes of what waits.
#[test]
fn searches_that_race_answer_as_one_after_another() {
    let (both, mut supply) = (Both::new(), Supply::new(5));
    let records: Vec<_> = (0..50).map(|_| supply.record()).collect();
    both.append(&records);
    let asked: Vec<_> = (0..16).map(|_| (supply.probe(), everything())).collect();
    for engine in both.gpus.iter().take(1).chain([&both.cpu]) {
        let alone: Vec<_> = asked.iter().map(|(probe, scope)| engine.search(probe, scope, 0)).collect();
        assert!(alone.iter().filter(|outcome| !outcome.candidates.is_empty()).count() > 8);
        let start = Barrier::new(asked.len());
        std::thread::scope(|threads| {
            for ((probe, scope), alone) in asked.iter().zip(&alone) {
                let start = &start;
                threads.spawn(move || {
                    start.wait();
                    (0..4).for_each(|_| assert_eq!(engine.search(probe, scope, 0), *alone));
                });
            }
        });
    }
    both.finish();
}
