//! What the ten fingers of a person have in common.
//!
//! Size, density of minutiae, quality of the skin and the tendency to whorls or arches run through a hand, and the
//! like fingers of the two hands resemble each other most. So each finger's value is a sum: a part of the person, a part of
//! the pair of like fingers, and a part of its own. Without the shared parts ten fingers would be ten independent
//! chances, and a search with two of them would look better than it is: who has one bad print has more.
//!
//! Which pattern sits on which finger follows the classic counts of Scotland Yard and the FBI (in Cummins and Midlo, "Finger
//! prints, palms and soles", 1943): whorls on thumbs and ring fingers, radial loops on hardly any but the index.

use whorl_engine::minutia::FingerPosition;

use super::master::{Master, Traits};
use super::orientation::Pattern;
use super::random::{Purpose, Random};

/// Shares, thumb to little finger: arches and whorls of all prints, and radial loops (open to the thumb) of loops.
const PATTERNS: [(f64, f64, f64); 5] =
    [(0.03, 0.45, 0.01), (0.12, 0.33, 0.38), (0.09, 0.18, 0.05), (0.025, 0.45, 0.02), (0.015, 0.15, 0.01)];

/// Size of the finger, thumb to little finger, as a share of the usual one.
const SIZES: [f64; 5] = [1.12, 1.0, 1.03, 1.0, 0.88];

/// One synthetic person.
#[derive(Debug, Clone)]
pub struct Person {
    seed: u64,
    size: f64,
    density: f64,
    skin: f64,
    whorls: f64,
}

impl Person {
    pub(super) fn new(population: u64, number: u64) -> Self {
        let random = &mut Random::new(Purpose::Person, [population, number]);
        Self {
            seed: random.seed(),
            size: random.near(1.0, 0.06),
            density: random.near(0.0, 0.16),
            skin: random.near(0.0, 0.45),
            whorls: random.normal(),
        }
    }

    /// One of the ten fingers.
    pub fn finger(&self, position: FingerPosition) -> Master {
        let (hand, digit) = (position.index() / 5, position.index() % 5);
        let pair = &mut Random::new(Purpose::Pair, [self.seed, digit as u64]);
        let random = &mut Random::new(Purpose::Finger, [self.seed, position.index() as u64]);
        // The squares of the weights of the three parts add up to 1.
        let whorls = 0.65 * self.whorls + 0.55 * pair.normal() + 0.524 * random.normal();
        let traits = Traits {
            pattern: pattern(random, digit, hand == 0, whorls),
            size: (self.size * SIZES[digit] + pair.near(0.0, 0.02) + random.near(0.0, 0.015))
                .clamp(0.7, 1.35),
            density: libm::exp(self.density + pair.near(0.0, 0.07) + random.near(0.0, 0.12)),
            skin: self.skin + random.near(0.0, 0.25),
        };
        Master::new(random, &traits)
    }
}

/// The pattern of a finger whose tendency to whorls is `whorls`, a normal number: arches below, whorls above, loops between.
fn pattern(random: &mut Random, digit: usize, right: bool, whorls: f64) -> Pattern {
    let (arch, whorl, radial) = PATTERNS[digit];
    let rank = 0.5 * libm::erfc(-whorls / core::f64::consts::SQRT_2);
    if rank < arch {
        Pattern::Arch
    } else if rank > 1.0 - whorl {
        Pattern::Whorl
    } else if random.happens(radial) == right {
        // On a print of the right hand the little finger's side is on the right; loops open there, unless radial.
        Pattern::LeftLoop
    } else {
        Pattern::RightLoop
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::population::Population;

    fn patterns(people: u64) -> Vec<[Pattern; 10]> {
        let population = Population::new(5);
        let hands = |number| {
            let person = population.person(number);
            let mut fingers = FingerPosition::all().map(|position| person.finger(position).pattern());
            core::array::from_fn(|_| fingers.next().unwrap())
        };
        (0..people).map(hands).collect()
    }

    #[test]
    fn patterns_are_as_frequent_as_in_people_and_alike_on_both_hands() {
        let people = patterns(1000);
        let count = |of: &dyn Fn(&[Pattern; 10]) -> usize| people.iter().map(of).sum::<usize>();
        let share = |pattern| count(&|p| p.iter().filter(|x| **x == pattern).count()) as f64 / 10_000.0;
        let shares = [Pattern::Arch, Pattern::LeftLoop, Pattern::RightLoop, Pattern::Whorl].map(share);
        for (share, expected) in shares.into_iter().zip([0.055, 0.315, 0.315, 0.31]) {
            assert!((share - expected).abs() < 0.03, "{shares:?}");
        }
        // Of two independent thumbs at 45 % whorls, one in five pairs would be two whorls.
        let both = count(&|p| usize::from(p[0] == Pattern::Whorl && p[5] == Pattern::Whorl));
        assert!((280..400).contains(&both), "{both} of 1000");
        let mirrored = count(&|p| usize::from(p[4] == Pattern::RightLoop && p[9] == Pattern::LeftLoop));
        assert!(mirrored > 600, "{mirrored} of 1000");
    }

    #[test]
    fn a_person_depends_on_the_seed_and_the_number_alone() {
        let finger = |seed, number, position| {
            let position = FingerPosition::try_from(position).unwrap();
            Population::new(seed).person(number).finger(position).minutiae().to_vec()
        };
        assert_eq!(finger(1, 2, 3), finger(1, 2, 3));
        assert_ne!(finger(1, 2, 3), finger(2, 1, 3));
        assert_ne!(finger(1, 2, 3), finger(1, 2, 4));
    }
}
