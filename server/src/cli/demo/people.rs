//! Whose prints the demonstration shows: real ones where a corpus is on this machine, else synthetic ones.

use anyhow::Context;
use whorl_datasets::corpus::{Corpus, FvcPrint};
use whorl_datasets::population::{Population, Sensor, Skin};
use whorl_engine::minutia::FingerPosition;

/// The fingers of a person that are shown: the two indices (R-COMP-9).
pub(super) const POSITIONS: [u8; 2] = [2, 7];

/// Which synthetic people.
const SEED: u64 = 1;

/// A person: two fingers, of which any impression can be asked for.
pub(super) struct Person {
    fingers: [Source; 2],
}

enum Source {
    Synthetic(Box<Skin>),
    Real(Vec<FvcPrint>),
}

impl Person {
    /// PNG files of both fingers, by position.
    pub(super) fn impression(&self, number: u32) -> anyhow::Result<Vec<(u8, Vec<u8>)>> {
        POSITIONS
            .iter()
            .zip(&self.fingers)
            .map(|(&position, finger)| Ok((position, finger.png(number)?)))
            .collect()
    }
}

impl Source {
    fn png(&self, number: u32) -> anyhow::Result<Vec<u8>> {
        match self {
            Self::Synthetic(finger) => Ok(finger.image(number).to_png()?),
            Self::Real(prints) => {
                let print = prints.iter().find(|print| print.impression == number);
                let print =
                    print.with_context(|| format!("the corpus has no impression {number} of a finger"))?;
                Ok(fs_err::read(&print.path)?)
            }
        }
    }
}

/// As many people as asked for, and where their prints come from.
pub(super) fn people(count: usize, synthetic: bool) -> anyhow::Result<(Vec<Person>, String)> {
    if !synthetic && let Some((people, origin)) = real(count)? {
        return Ok((people, origin));
    }
    let [right, left] = POSITIONS;
    let person = |number| Ok(Person { fingers: [made(number, right)?, made(number, left)?] });
    let people = (0..).take(count).map(person).collect::<anyhow::Result<_>>()?;
    Ok((people, "synthetic fingers, generated".into()))
}

/// A finger of a synthetic person.
fn made(person: u64, position: u8) -> anyhow::Result<Source> {
    let position = FingerPosition::try_from(position).map_err(anyhow::Error::msg)?;
    let master = Population::new(SEED).person(person).finger(position);
    Ok(Source::Synthetic(Box::new(Skin::new(master, &Sensor::PLAIN))))
}

/// From the first FVC set that has fingers enough; `None` where there is no corpus or no such set.
fn real(count: usize) -> anyhow::Result<Option<(Vec<Person>, String)>> {
    let Some(corpus) = Corpus::find(std::path::Path::new(".")) else {
        return Ok(None);
    };
    let prints = corpus.fvc()?;
    for set in prints.chunk_by(|a, b| a.set == b.set) {
        let mut fingers =
            set.chunk_by(|a, b| a.finger == b.finger).map(|finger| Source::Real(finger.to_vec()));
        let mut people = Vec::new();
        while let (true, Some(right), Some(left)) = (people.len() < count, fingers.next(), fingers.next()) {
            people.push(Person { fingers: [right, left] });
        }
        if people.len() == count {
            return Ok(Some((people, format!("real fingers, {}", set[0].set))));
        }
    }
    Ok(None)
}
