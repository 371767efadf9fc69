//! What a comparison of stage 2 costs on one core, with each set of instructions that this machine has.
//!
//! The sets are made up as in `stage1.rs`, 40 minutiae each; the probe is another impression of one of them. A
//! search aligns those that stage 1 ranks first, which are more like the probe than any, and so dearer: they are measured
//! apart, as the hundred best of ten thousand.

#![expect(clippy::expect_used, reason = "a bench that cannot start says so and stops")]

use std::hint::black_box;
use std::time::Duration;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use whorl_datasets::templates::{Random, another_impression, print_like};
use whorl_engine::simd::{CpuPath, PreparedProbe, log_odds};
use whorl_engine::template::{Probe, Template};

const SETS: usize = 10_000;
const ALIGNED: usize = 100;
const MINUTIAE: usize = 40;
const SEED: u64 = 1;

fn stage2(criterion: &mut Criterion) {
    let mut random = Random::new(SEED);
    let template = |minutiae: &[_]| Template::new(minutiae).expect("within the largest extent");
    let sets: Vec<Template> = (0..SETS).map(|_| template(&print_like(&mut random, MINUTIAE))).collect();
    let print = print_like(&mut Random::new(SEED), MINUTIAE);
    let probe = Probe::new(template(&another_impression(&mut Random::new(SEED + 1), &print)));
    let prepared = PreparedProbe::new(CpuPath::best(), &probe);
    let mut ranked: Vec<&Template> = sets.iter().collect();
    ranked.sort_by_cached_key(|set| core::cmp::Reverse(prepared.score(set.words())));
    let any: Vec<&Template> = sets.iter().take(ALIGNED).collect();
    let mut group = criterion.benchmark_group("stage2, 100 comparisons on one core");
    group.sample_size(20).warm_up_time(Duration::from_secs(1)).measurement_time(Duration::from_secs(3));
    group.throughput(Throughput::Elements(ALIGNED as u64));
    for (kind, sets) in [("first", &ranked[..ALIGNED]), ("any", &any[..])] {
        for path in CpuPath::available() {
            group.bench_function(format!("{}, {kind}", path.name()), |bencher| {
                let score = |set: &&Template| log_odds(path, black_box(&probe), set.view());
                bencher.iter(|| sets.iter().map(score).fold(0, |all, score| all ^ score));
            });
        }
    }
    group.finish();
}

criterion_group!(benches, stage2);
criterion_main!(benches);
