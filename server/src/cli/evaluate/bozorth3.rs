//! bozorth3 on all cores: its state is global to a process, so there is one process a core.
//!
//! Each gets all templates and its share of the pairs through its standard input, in one message that ends with the pipe, and
//! gives a score of four bytes for each pair, in their order. Pairs are dealt out in turn, so that shares take equally long
//! and the outcome depends neither on how many there are nor on which is faster.

use std::io::{BufReader, BufWriter, Read, Write};
use std::process::{Child, Command, Stdio};

use anyhow::Context;
use serde::{Deserialize, Serialize};
use whorl_bozorth3::{Template, score};

use super::samples::{Outcome, progress};

/// All that a process is told. Indices are of `templates`.
#[derive(Serialize, Deserialize)]
struct Job {
    templates: Vec<Option<Template>>,
    pairs: Vec<(usize, usize)>,
}

/// The process's side: reads a job, writes its scores.
pub fn work() -> anyhow::Result<()> {
    let mut bytes = Vec::new();
    std::io::stdin().lock().read_to_end(&mut bytes)?;
    let Job { templates, pairs } = postcard::from_bytes(&bytes)?;
    let mut output = BufWriter::new(std::io::stdout().lock());
    for (probe, reference) in pairs {
        let scored = match (templates.get(probe), templates.get(reference)) {
            (Some(Some(probe)), Some(Some(reference))) => score(probe, reference),
            _ => 0,
        };
        output.write_all(&scored.to_le_bytes())?;
    }
    Ok(output.flush()?)
}

/// Scores of pairs (probe, reference), in their order. Minus infinity where either was not extracted.
pub fn scores(samples: &[Outcome], pairs: &[(usize, usize)]) -> anyhow::Result<Vec<f64>> {
    let templates: Vec<_> =
        samples.iter().map(|sample| sample.as_ref().ok().map(|s| Template::new(&s.xyt))).collect();
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let bar = progress("comparing", pairs.len());
    let scores = compare(&templates, pairs, cores, &|| bar.inc(1));
    bar.finish_and_clear();
    let score = |(&(probe, reference), score): (&(usize, usize), u32)| {
        let both = samples[probe].is_ok() && samples[reference].is_ok();
        if both { score.into() } else { f64::NEG_INFINITY }
    };
    Ok(pairs.iter().zip(scores?).map(score).collect())
}

/// NIST's scores of pairs (probe, reference), in their order, by so many processes; 0 where either is not there. `scored` is called
/// for each.
pub fn compare(
    templates: &[Option<Template>],
    pairs: &[(usize, usize)],
    processes: usize,
    scored: &(impl Fn() + Sync),
) -> anyhow::Result<Vec<u32>> {
    let share = &|worker: usize| {
        let pairs: Vec<_> = pairs.iter().copied().skip(worker).step_by(processes).collect();
        let count = pairs.len();
        let job = postcard::to_stdvec(&Job { templates: templates.to_vec(), pairs })?;
        Process::start()?.scores(&job, count, scored)
    };
    let shares: anyhow::Result<Vec<Vec<u32>>> = std::thread::scope(|scope| {
        let started: Vec<_> = (0..processes).map(|worker| scope.spawn(move || share(worker))).collect();
        let joined = started.into_iter().map(|thread| thread.join());
        joined.map(|share| share.unwrap_or_else(|_| anyhow::bail!("a thread failed"))).collect()
    });
    let shares = shares?;
    Ok((0..pairs.len()).map(|at| shares[at % processes][at / processes]).collect())
}

/// A process, which ends with this value.
struct Process(Child);

impl Process {
    fn start() -> anyhow::Result<Self> {
        let mut command = Command::new(std::env::current_exe()?);
        command.arg("bozorth3-worker").stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
        Ok(Self(command.spawn().context("bozorth3 could not be started")?))
    }

    /// Sends the job, which the process reads whole before it answers, and reads `count` scores.
    fn scores(&mut self, job: &[u8], count: usize, scored: impl Fn()) -> anyhow::Result<Vec<u32>> {
        let (Some(mut input), Some(output)) = (self.0.stdin.take(), self.0.stdout.take()) else {
            anyhow::bail!("bozorth3 has no pipes");
        };
        input.write_all(job).context("bozorth3 does not listen")?;
        drop(input);
        let mut output = BufReader::new(output);
        let mut scores = Vec::with_capacity(count);
        for done in 0..count {
            let mut score = [0; 4];
            output
                .read_exact(&mut score)
                .with_context(|| format!("bozorth3 ended after {done} of {count}"))?;
            scores.push(u32::from_le_bytes(score));
            scored();
        }
        Ok(scores)
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // Already ended is as good; a zombie is not, so it is waited for.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}
