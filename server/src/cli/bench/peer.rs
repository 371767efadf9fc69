//! NIST bozorth3 on the same minutiae: the matcher that everyone has, to compare with.

use std::time::Instant;

use serde::Serialize;
use whorl_bozorth3::Template;
use whorl_bozorth3::xyt::Xyt;
use whorl_engine::minutia::Minutia;

use super::people::People;
use crate::cli::evaluate::bozorth3;

/// How fast it is.
#[derive(Debug, Clone, Copy, Serialize)]
pub struct Peer {
    /// Of a process, one of as many as there are cores, all at work.
    pub comparisons_per_second_per_core: f64,
    /// How many comparisons were timed.
    pub comparisons: usize,
}

/// Comparisons to guess the speed by.
const FIRST: usize = 1000;

/// Compares probes with records of the gallery, about this long.
pub fn measure(people: &People, seconds: f64) -> anyhow::Result<Peer> {
    let template =
        |minutiae: &Vec<Minutia>| Some(Template::new(&minutiae.iter().map(Xyt::from).collect::<Vec<_>>()));
    let minutiae = &people.minutiae;
    let templates: Vec<_> = minutiae.probes.iter().chain(&minutiae.references).map(template).collect();
    let (probes, references) = (minutiae.probes.len(), minutiae.references.len());
    // Each probe with each record, the probes in turn, and again from the start.
    let pair = |at: usize| (at % probes, probes + at / probes % references);
    let cores = rayon::current_num_threads();
    let timed = |count: usize| {
        let pairs: Vec<_> = (0..count).map(pair).collect();
        let start = Instant::now();
        bozorth3::compare(&templates, &pairs, cores, &|| {})?;
        Ok::<_, anyhow::Error>(count as f64 / start.elapsed().as_secs_f64())
    };
    let comparisons = whole(timed(FIRST)? * seconds).max(FIRST);
    Ok(Peer { comparisons_per_second_per_core: timed(comparisons)? / cores as f64, comparisons })
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a rate that is above 0 and finite"
)]
fn whole(number: f64) -> usize {
    number as usize
}
