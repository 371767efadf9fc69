//! Real prints through all of it: image files, extraction processes, templates, a search on each back end.
//!
//! Enrolled are the first impression of every finger of the FVC sets and all rolled prints of NIST SD 14, each as a record of
//! its own and all as one finger position, so that every comparison is like with like. Every other FVC impression is
//! searched in all of it. The scores of the two back ends must be equal to the bit; how often the mated record
//! comes first is printed, and is expected to be worse than the product's, which has more fingers to go by.

#![expect(clippy::expect_used, clippy::print_stdout, reason = "helpers of tests are tests too")]

use std::path::Path;
use std::time::{Duration, Instant};

use rayon::prelude::*;
use whorl_datasets::corpus::{Corpus, FVC_REQUEST, FvcPrint, SD14_REQUEST};
use whorl_engine::engine::{Choice, Engine};
use whorl_engine::extraction::Request;
use whorl_engine::extraction::pool::{Afterwards, Pool, Settings};
use whorl_engine::gallery::{Label, Partition, Scope, Slot};
use whorl_engine::minutia::FingerPosition;
use whorl_engine::template::{Probe, Template};

/// Bounds the address space of a worker; the largest image here needs a small part of it.
const WORKER_BYTES: u64 = 1 << 30;

fn extraction_pool() -> Pool {
    Pool::new(Settings {
        program: env!("CARGO_BIN_EXE_whorl-tests").into(),
        arguments: vec!["extraction-worker".into(), WORKER_BYTES.to_string()],
        workers_max: 2,
        time_max: Duration::from_secs(30),
        wait_max: Duration::from_secs(600),
    })
}

/// Templates of images, in their order.
fn templates(pool: &Pool, request: Request, images: &[&Path]) -> Vec<Template> {
    let extract = |path: &&Path| {
        let image = fs_err::read(path).expect("a readable image");
        let minutiae = pool.extract(request, image, Afterwards::Keep);
        let minutiae = minutiae.unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        Template::new(&minutiae).expect("a print of a finger's size")
    };
    // Blocking threads, not work: the workers do that.
    let threads = rayon::ThreadPoolBuilder::new().num_threads(4).build();
    threads.expect("four threads").install(|| images.par_iter().map(extract).collect())
}

/// Both engines, and the one position that everything is in.
struct Searched {
    cpu: Engine,
    gpu: Engine,
    position: FingerPosition,
    records: u32,
}

impl Searched {
    fn new() -> Self {
        let gpu = Engine::new(&Choice::Gpu { adapter: None, kernel: None })
            .expect("this test needs a Vulkan adapter; on Debian install mesa-vulkan-drivers and libvulkan1");
        println!("adapter: {}", gpu.status().backend.name);
        let cpu = Engine::new(&Choice::Cpu).expect("the CPU is always there");
        let position = FingerPosition::try_from(2).expect("the right index");
        Self { cpu, gpu, position, records: 0 }
    }

    /// One record a template.
    fn enrol(&mut self, partition: Partition, templates: &[Template]) -> Vec<Slot> {
        let mut record = |template: &Template| {
            self.records += 1;
            let label = Label { partition, attributes: 0, expiry_day: u32::MAX, sequence: self.records };
            (label, vec![(self.position, template.clone())])
        };
        let records: Vec<_> = templates.iter().map(&mut record).collect();
        let slots = self.cpu.append(&records).expect("a slot for each");
        assert_eq!(slots, self.gpu.append(&records).expect("a slot for each"));
        slots
    }

    /// The record that scores highest, alone.
    fn best(&self, template: Template, scope: &Scope) -> Option<usize> {
        let probe = [(self.position, Probe::new(template))];
        let on_cpu = self.cpu.scores(&probe, scope).expect("the CPU cannot fail");
        let on_gpu = self.gpu.scores(&probe, scope).expect("a working GPU");
        assert_eq!(on_cpu, on_gpu);
        let compared: u32 = on_cpu.compared.iter().map(|(_, count)| count).sum();
        assert_eq!(compared, self.records, "the scope allows everything");
        let highest = on_cpu.by_slot.iter().max()?;
        let mut holders = on_cpu.by_slot.iter().enumerate().filter(|(_, score)| *score == highest);
        let (first, none) = (holders.next()?.0, holders.next());
        none.is_none().then_some(first)
    }
}

fn partition(number: usize) -> Partition {
    let number = u16::try_from(number).ok();
    number.and_then(Partition::new).expect("few sets")
}

/// Searches every later impression of a set; gives each impression's number, and whether its mate came first.
fn searches(
    searched: &Searched,
    pool: &Pool,
    set: &[FvcPrint],
    mates: &[(u32, Slot)],
    scope: &Scope,
) -> Vec<(u32, bool)> {
    let probes: Vec<_> = set.iter().filter(|print| print.impression > 1).collect();
    let images: Vec<_> = probes.iter().map(|print| print.path.as_path()).collect();
    let search = |(template, print): (Template, &&FvcPrint)| {
        let mate = mates.iter().find(|(finger, _)| *finger == print.finger).map(|(_, slot)| slot.index());
        let best = searched.best(template, scope);
        (print.impression, best.is_some() && best == mate)
    };
    templates(pool, FVC_REQUEST, &images).into_iter().zip(&probes).map(search).collect()
}

/// How many of these impressions found their mate first, and how many there are.
fn rank_1(results: &[(u32, bool)], impressions: core::ops::RangeInclusive<u32>) -> (usize, usize) {
    let of: Vec<_> = results.iter().filter(|(impression, _)| impressions.contains(impression)).collect();
    (of.iter().filter(|(_, first)| *first).count(), of.len())
}

#[test]
fn mates_are_found_and_both_back_ends_score_alike() {
    let Some(corpus) = Corpus::find(Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/.."))) else {
        println!("SKIPPED: real data not found (set WHORL_DATA)");
        return;
    };
    let (pool, mut searched, start) = (extraction_pool(), Searched::new(), Instant::now());
    let cards = corpus.sd14().expect("a sound manifest");
    let images: Vec<_> = cards.iter().map(|print| print.path.as_path()).collect();
    searched.enrol(partition(0), &templates(&pool, SD14_REQUEST, &images));
    println!("{} rolled prints enrolled after {:.1?}", images.len(), start.elapsed());

    let prints = corpus.fvc().expect("sound sets");
    let sets: Vec<_> = prints.chunk_by(|a, b| a.set == b.set).collect();
    let mut mates = Vec::new();
    for (set, number) in sets.iter().zip(1..) {
        let first: Vec<_> = set.iter().filter(|print| print.impression == 1).collect();
        let images: Vec<_> = first.iter().map(|print| print.path.as_path()).collect();
        let slots = searched.enrol(partition(number), &templates(&pool, FVC_REQUEST, &images));
        mates.push(first.iter().map(|print| print.finger).zip(slots).collect::<Vec<_>>());
    }

    let everything = Scope::new((0..=sets.len()).map(partition), 0, 0, u32::MAX);
    for (set, mates) in sets.iter().zip(&mates) {
        let results = searches(&searched, &pool, set, mates, &everything);
        let ((second, seconds), (found, probes)) = (rank_1(&results, 2..=2), rank_1(&results, 2..=u32::MAX));
        let (name, gallery) = (&set[0].set, searched.records);
        println!(
            "{name}: rank-1 {second} of {seconds} by impression 2, {found} of {probes} by all later ones; gallery {gallery}"
        );
        assert!(found * 2 > probes, "{name}: most mates come first in every set");
    }
    println!("all done after {:.1?}", start.elapsed());
    let status = searched.gpu.status();
    assert_eq!((status.backend.kind, status.degraded), ("gpu", None));
}
