//! How often a second each path could do the arithmetic of stage 1's descriptors: what its searches are compared with.
//!
//! What the loop does is in `whorl_engine::simd::Ceiling`. Here it gets the probes that are searched for and the first records of the
//! gallery, a few at a time that the nearest cache holds, on all cores at once as a search has them.

use std::hint::black_box;
use std::time::{Duration, Instant};

use whorl_engine::simd::{Ceiling, CpuPath};

use super::people::People;

/// References that the loop goes through again and again: with the probe 10 KiB of descriptors.
const REFERENCES: usize = 8;
/// How often: the way from memory is one in as many.
const ROUNDS: u32 = 200;
/// Records that are taken, for the usual mix of prints with 32 minutiae and with fewer.
const RECORDS: usize = 1024;

/// Pairs of templates a second, of a core while all are at work; measured for about this long.
pub fn measure(path: CpuPath, people: &People, seconds: f64) -> f64 {
    let probes: Vec<_> = people.probes.iter().flat_map(|(_, fingers)| fingers).collect();
    let ceilings: Vec<_> = probes.iter().map(|(_, probe)| Ceiling::new(path, probe.template())).collect();
    let records = people.records.iter().take(RECORDS).flat_map(|(_, fingers)| fingers);
    let references: Vec<_> = records.map(|(_, template)| template.words()).collect();
    let end = Duration::from_secs_f64(seconds);
    let rates = rayon::broadcast(|_| {
        let (start, mut done) = (Instant::now(), 0.0);
        for (group, ceiling) in references.chunks(REFERENCES).cycle().zip(ceilings.iter().cycle()) {
            black_box(ceiling.shared_bits(group, ROUNDS));
            done += group.len() as f64 * f64::from(ROUNDS);
            if start.elapsed() >= end {
                break;
            }
        }
        done / start.elapsed().as_secs_f64()
    });
    rates.iter().sum::<f64>() / rates.len() as f64
}
