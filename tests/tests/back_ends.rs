//! The back ends give the same bits: every key of every slot, every count of every partition, every shortlist, every alignment.
//!
//! Here the GPU is whatever Vulkan adapter comes first, Mesa's lavapipe where there is no other; its name is printed. A
//! missing adapter fails the test, because a parity test that did not run looks like one that passed.

#![expect(clippy::expect_used, clippy::print_stdout, reason = "helpers of tests are tests too")]

use std::collections::BTreeSet;

use whorl_datasets::templates::{Random, another_impression, print_like, scattered};
use whorl_engine::backend::COMPARED;
use whorl_engine::engine::{Choice, Engine};
use whorl_engine::gallery::{Label, Partition, Scope, Slot};
use whorl_engine::minutia::{FingerPosition, Minutia};
use whorl_engine::normalisation::KEY_BIAS;
use whorl_engine::template::{Probe, Template};

/// The two engines, which are told the same and must answer the same.
struct Both {
    cpu: Engine,
    gpu: Engine,
}

type Fingers = Vec<(FingerPosition, Template)>;

impl Both {
    fn new() -> Self {
        let gpu = Engine::new(&Choice::Gpu(None))
            .expect("this test needs a Vulkan adapter; on Debian install mesa-vulkan-drivers and libvulkan1");
        println!("adapter: {}", gpu.status().backend.name);
        let cpu = Engine::new(&Choice::Cpu).expect("the CPU is always there");
        Self { cpu, gpu }
    }

    fn append(&self, records: &[(Label, Fingers)]) -> Vec<Slot> {
        let slots = self.cpu.append(records).expect("a slot for each");
        let on_gpu = self.gpu.append(records).expect("a slot for each");
        assert_eq!(slots, on_gpu);
        slots
    }

    fn erase(&self, slot: Slot) {
        self.cpu.erase(slot);
        self.gpu.erase(slot);
    }

    /// Compares keys and counts; gives how many slots were compared, and how many of them are above the mean of strangers.
    fn scores(&self, probe: &[(FingerPosition, Probe)], scope: &Scope) -> (u32, usize) {
        let on_cpu = self.cpu.scores(probe, scope).expect("the CPU cannot fail");
        let on_gpu = self.gpu.scores(probe, scope).expect("a working GPU");
        let pairs = on_cpu.by_slot.iter().zip(&on_gpu.by_slot).enumerate();
        let differing = pairs.clone().find(|(_, (a, b))| a != b);
        assert_eq!(differing, None, "(slot, (CPU, GPU))");
        assert_eq!(on_cpu, on_gpu);
        let compared = on_cpu.compared.iter().map(|(_, count)| count).sum();
        (compared, pairs.filter(|(_, (score, _))| **score & !COMPARED > KEY_BIAS).count())
    }

    /// Compares shortlists of several lengths, the alignments of the longest, and candidates under thresholds that let all, some
    /// and none through.
    fn search(&self, probe: &[(FingerPosition, Probe)], scope: &Scope) {
        for length in [1, 2, 30, 300] {
            let on_cpu = self.cpu.shortlist(probe, scope, length).expect("the CPU cannot fail");
            assert_eq!(on_cpu, self.gpu.shortlist(probe, scope, length).expect("a working GPU"), "{length}");
            if length == 300 {
                let slots: Vec<_> = on_cpu.best.iter().map(|&(slot, _)| slot).collect();
                let aligned = self.cpu.align(probe, &slots).expect("the CPU cannot fail");
                assert_eq!(aligned, self.gpu.align(probe, &slots).expect("a working GPU"));
            }
        }
        for threshold in [0, 30, 1000] {
            let on_cpu = self.cpu.search(probe, scope, threshold);
            assert_eq!(on_cpu, self.gpu.search(probe, scope, threshold));
        }
    }

    /// A GPU that fell back to the CPU would agree with it, too.
    fn finish(self) {
        let status = self.gpu.status();
        assert_eq!((status.backend.kind, status.degraded), ("gpu", None));
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

    /// 1 to 10 different positions, often few.
    fn positions(&mut self) -> BTreeSet<FingerPosition> {
        let percent = 1 + self.random.below(100);
        let first = self.random.below(10) as usize;
        let chosen = FingerPosition::all().filter(|position| {
            let index = position.index();
            self.random.happens(percent) || index == first
        });
        chosen.collect()
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
        for scope in [supply.scope(), supply.scope(), everything(), everything()] {
            let probe = supply.probe();
            let (slots_compared, slots_scored) = both.scores(&probe, &scope);
            both.search(&probe, &scope);
            searches += 1;
            compared += slots_compared;
            scored += slots_scored;
        }
    }
    println!("{searches} searches, {compared} records compared, {scored} above the mean of strangers");
    let highest = slots.iter().map(|slot| slot.index()).max();
    assert!(highest > Some(700) && scored > 1500, "too little to show anything: {highest:?}, {scored}");
    both.finish();
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
    both.search(&probe, &Scope::new(partitions, 0, 100, u32::MAX));
    both.finish();
}
