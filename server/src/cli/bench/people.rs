//! The people of a gallery, generated: one finger each, one touch enrolled; and other touches of some of them, to search for.

use anyhow::{Context, ensure};
use rayon::prelude::*;
use whorl_datasets::population::{Population, Sensor};
use whorl_engine::extraction::gate;
use whorl_engine::gallery::{Label, Partition, Scope};
use whorl_engine::minutia::{FingerPosition, Minutia};
use whorl_engine::template::{Probe, Template};

use crate::cli::samples::progress;

/// The people of this seed.
const SEED: u64 = 1;
/// Probes that the searches take in turn, each with its mate among the first [`MATES_AMONG`] people.
const PROBES: usize = 32;
/// No gallery is smaller.
const MATES_AMONG: usize = 100;
/// People made between two looks at the bar.
const AT_A_TIME: u64 = 1000;

/// The enrolled touch, and the one that is searched for.
const TOUCHES: (u32, u32) = (1, 2);

/// A record as the engine takes it.
pub type Record = (Label, Vec<(FingerPosition, Template)>);

/// Generated people.
pub struct People {
    /// Records to enrol, each of another person.
    pub records: Vec<Record>,
    /// Each with the index of its mate.
    pub probes: Vec<(usize, Vec<(FingerPosition, Probe)>)>,
    /// Minutiae of the first records and of all probes, for matchers that take those.
    pub minutiae: Minutiae,
}

/// Minutiae of both sides.
pub struct Minutiae {
    /// Of the first records.
    pub references: Vec<Vec<Minutia>>,
    /// Of the probes.
    pub probes: Vec<Vec<Minutia>>,
}

impl People {
    /// So many, of whom the gate would refuse none.
    pub fn generate(count: usize) -> anyhow::Result<Self> {
        let (position, partition) = (position()?, partition()?);
        let population = Population::new(SEED);
        let touch =
            |person, number| population.person(person).finger(position).impression(number, &Sensor::PLAIN);
        let passes = |minutiae: &Vec<Minutia>| gate::check(minutiae).is_ok();
        let enrolled = |person| {
            let minutiae = Some(touch(person, TOUCHES.0)).filter(passes)?;
            Some((person, Template::new(&minutiae)?, minutiae))
        };
        let bar = progress("generating", count);
        let (mut records, mut persons, mut references) = (Vec::with_capacity(count), Vec::new(), Vec::new());
        let mut next = 0;
        while records.len() < count {
            let some: Vec<_> = (next..next + AT_A_TIME).into_par_iter().filter_map(enrolled).collect();
            next += AT_A_TIME;
            for (person, template, minutiae) in some.into_iter().take(count - records.len()) {
                if next == AT_A_TIME {
                    persons.push(person);
                    references.push(minutiae);
                }
                let sequence = u32::try_from(records.len())?;
                let label = Label { partition, attributes: 0, expiry_day: u32::MAX, sequence };
                records.push((label, vec![(position, template)]));
            }
            bar.set_position(records.len() as u64);
        }
        bar.finish_and_clear();
        let (mut probes, mut searched) = (Vec::new(), Vec::new());
        for (index, &person) in persons.iter().enumerate().take(MATES_AMONG) {
            let Some(minutiae) = Some(touch(person, TOUCHES.1)).filter(passes) else { continue };
            let Some(template) = Template::new(&minutiae).filter(|_| probes.len() < PROBES) else { continue };
            probes.push((index, vec![(position, Probe::new(template))]));
            searched.push(minutiae);
        }
        ensure!(probes.len() == PROBES, "only {} people can be searched for", probes.len());
        Ok(Self { records, probes, minutiae: Minutiae { references, probes: searched } })
    }
}

/// The right index.
fn position() -> anyhow::Result<FingerPosition> {
    FingerPosition::try_from(2).map_err(anyhow::Error::msg)
}

fn partition() -> anyhow::Result<Partition> {
    Partition::new(0).context("no partition 0")
}

/// Everybody.
pub fn everybody() -> anyhow::Result<Scope> {
    Ok(Scope::new([partition()?], 0, 0, u32::MAX))
}
