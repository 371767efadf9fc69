//! The cohort that scores are normalised with: 160 impressions of 160 synthetic people, made once and then frozen.
//!
//! The engine carries them as a file of its own (`engine/src/normalisation/cohort_v1.bin`), for what a score is normalised
//! with must not change when this generator does; a test here holds the two equal, and fails on such a change.
//!
//! The file is the impressions one after the other, all integers little-endian:
//!
//! | bytes | field |
//! | --- | --- |
//! | 2 | number of minutiae |
//! | | *each minutia:* |
//! | 2 + 2 | x; y, downwards. Unit: pixels at 500 ppi |
//! | 1 | direction, counter-clockwise. Unit: 360/256 degrees |
//! | 1 | quality, 1-100 |
//! | 1 | type, as in ISO/IEC 19794-2: 0 other, 1 ridge ending, 2 ridge bifurcation |

use whorl_engine::extraction::gate;
use whorl_engine::minutia::{FingerPosition, Minutia, MinutiaType};

use super::{Population, Sensor};

/// Impressions in the cohort. More gain nothing that can be measured; half as many lose a little.
pub const COHORT_SIZE: usize = 160;

/// The people of this seed, from person 0 on, of whom each is in the cohort unless the gate would refuse the print.
const SEED: u64 = 0x434F_484F_5254;

/// Impression 1 of one finger a person, on the plain sensor. The fingers take turns, thumb to little finger on the right,
/// then on the left, so patterns are as frequent as in people.
pub fn cohort() -> Vec<Vec<Minutia>> {
    let population = Population::new(SEED);
    let people = (0..).zip(FingerPosition::all().collect::<Vec<_>>().into_iter().cycle());
    let prints = people
        .map(|(number, position)| population.person(number).finger(position).impression(1, &Sensor::PLAIN));
    prints.filter(|print| gate::check(print).is_ok()).take(COHORT_SIZE).collect()
}

/// The cohort's file.
pub fn cohort_file() -> Vec<u8> {
    let mut bytes = Vec::new();
    for print in cohort() {
        // No print has more: they would lie nearer than the extractor lets them.
        bytes.extend(u16::try_from(print.len()).unwrap_or(u16::MAX).to_le_bytes());
        for minutia in print {
            bytes.extend(minutia.x.to_le_bytes());
            bytes.extend(minutia.y.to_le_bytes());
            let kind = match minutia.kind {
                MinutiaType::Other => 0,
                MinutiaType::RidgeEnding => 1,
                MinutiaType::RidgeBifurcation => 2,
            };
            bytes.extend([minutia.direction, minutia.quality, kind]);
        }
    }
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::path::Path;

    #[test]
    fn the_engines_cohort_is_this_one() {
        let made = cohort_file();
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../engine/src/normalisation/cohort_v1.bin");
        if fs_err::read(&path).is_ok_and(|frozen| frozen == made) {
            return;
        }
        let new = Path::new(env!("CARGO_MANIFEST_DIR")).join("../target/cohort.bin");
        fs_err::write(&new, made).unwrap();
        panic!(
            "{} is not what the generator makes, which was written to {}. A new cohort needs a new version, and every \
             stored normalisation made again",
            path.display(),
            new.display()
        );
    }

    #[test]
    fn the_cohort_is_of_ordinary_prints() {
        let prints = cohort();
        assert_eq!(prints.len(), COHORT_SIZE);
        let mut counts: Vec<_> = prints.iter().map(Vec::len).collect();
        counts.sort_unstable();
        assert!(counts[0] >= 12 && (35..=50).contains(&counts[80]) && counts[159] < 120, "{counts:?}");
    }
}
