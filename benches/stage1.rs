//! How many sets a second stage 1 compares, on the CPU and with each kernel of the GPU, one finger against 10 000; and the same
//! with eight searches in one pass.
//!
//! The sets are made up, from a fixed seed: 40 minutiae each that stand and point as those of a plain print do
//! (`whorl_datasets::templates::print_like`), of which stage 1 takes the best 32; 12 % of the bits of their
//! descriptors are set, as with mindtct on real prints. The probe is another impression of one of them. Every set is
//! in scope, so nothing is skipped, and the time is that of a whole pass: probe to the device, the best hundred back.
//!
//! The GPU is the first Vulkan adapter; where that is lavapipe, the figure is that of a CPU which pretends to be one.

#![expect(clippy::expect_used, clippy::print_stdout, reason = "a bench that cannot start says so and stops")]

use std::time::Duration;

use criterion::{Criterion, SamplingMode, Throughput, criterion_group, criterion_main};
use whorl_datasets::templates::{Random, another_impression, print_like};
use whorl_engine::backend::Ask;
use whorl_engine::backend::gpu::Kernel;
use whorl_engine::engine::{Choice, Engine};
use whorl_engine::gallery::{Label, Partition, Scope};
use whorl_engine::minutia::FingerPosition;
use whorl_engine::template::{Probe, Template};

const SETS: u32 = 10_000;
const MINUTIAE: usize = 40;
const SEED: u64 = 1;

type Fingers<T> = Vec<(FingerPosition, T)>;

fn gallery_and_probe() -> (Vec<(Label, Fingers<Template>)>, Fingers<Probe>) {
    let mut random = Random::new(SEED);
    let position = FingerPosition::try_from(2).expect("the right index");
    let partition = Partition::new(0).expect("the first");
    let template = |minutiae: &[_]| Template::new(minutiae).expect("within the largest extent");
    let record = |sequence| {
        let label = Label { partition, attributes: 0, expiry_day: u32::MAX, sequence };
        (label, vec![(position, template(&print_like(&mut random, MINUTIAE)))])
    };
    let records = (0..SETS).map(record).collect();
    // The first set, made again.
    let print = print_like(&mut Random::new(SEED), MINUTIAE);
    let again = another_impression(&mut Random::new(SEED + 1), &print);
    (records, vec![(position, Probe::new(template(&again)))])
}

fn stage1(criterion: &mut Criterion) {
    let (records, probe) = gallery_and_probe();
    let scope = Scope::new(Partition::new(0), 0, 0, SETS);
    let asks = [Ask { probe: &probe, scope: &scope }; 8];
    let mut group = criterion.benchmark_group("stage1, one finger against 10 000");
    group.sample_size(10).warm_up_time(Duration::from_secs(2));
    // Flat: as many passes in every sample, as suits passes of a quarter of a second.
    group.sampling_mode(SamplingMode::Flat).measurement_time(Duration::from_secs(15));
    let kernels = Kernel::ALL.map(|kernel| Choice::Gpu { adapter: None, kernel: Some(kernel) });
    for choice in [Choice::Cpu].into_iter().chain(kernels) {
        let engine = match Engine::new(&choice) {
            Ok(engine) => engine,
            Err(error) => {
                println!("left out: {error}");
                continue;
            }
        };
        let backend = engine.status().backend;
        let name = match choice {
            Choice::Gpu { kernel: Some(kernel), .. } => format!("gpu {kernel}"),
            _ => backend.kind.to_owned(),
        };
        println!("{name}: {}", backend.name);
        engine.append(&records).expect("a slot for each");
        for asks in [&asks[..1], &asks[..]] {
            let search = || engine.shortlists(asks, 100).expect("a working back end");
            assert_eq!(search()[0].compared, [(records[0].0.partition, SETS)]);
            group.throughput(Throughput::Elements(u64::from(SETS) * asks.len() as u64));
            group.bench_function(format!("{name}, {} a pass", asks.len()), |bencher| bencher.iter(search));
        }
    }
    group.finish();
}

criterion_group!(benches, stage1);
criterion_main!(benches);
