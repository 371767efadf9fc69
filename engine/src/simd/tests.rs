//! Every path that this machine has gives the twin's score, on made-up templates of every kind that the packing allows.
//!
//! 100 000 comparisons a path and stage, on all cores; `WHORL_PARITY=10000000` makes them as many as that says.
#![expect(clippy::cast_possible_truncation, reason = "numbers are drawn within the range of their field")]

use rayon::prelude::*;

use super::*;
use crate::template::Template;

type Minutia = ((i32, i32, u8), [u32; 8]);

/// splitmix64.
struct Random(u64);

impl Random {
    fn bits(&mut self) -> u32 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = (self.0 ^ self.0 >> 30).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ mixed >> 27).wrapping_mul(0x94D0_49BB_1331_11EB);
        (mixed >> 32) as u32
    }

    fn below(&mut self, bound: u32) -> u32 {
        ((u64::from(self.bits()) * u64::from(bound)) >> 32) as u32
    }

    fn one_of<T: Copy>(&mut self, values: &[T]) -> T {
        values[self.below(values.len() as u32) as usize]
    }
}

/// Often as many as a stage compares, else any number, 0 and 1 among them.
fn count(random: &mut Random, most: u32) -> u32 {
    let any = random.below(most + 1);
    random.one_of(&[most, most, most, most - 1, any, any, 1, 0])
}

/// Minutiae of one kind: scattered, crowded, or at the ends of every range.
fn minutiae(random: &mut Random, most: u32) -> Vec<Minutia> {
    let (places, directions, bits) = (random.below(4), random.below(5), random.below(9));
    let any = random.bits();
    let minutia = |random: &mut Random| {
        let coordinate = |random: &mut Random| match places {
            0 => random.below(2048),
            1 => random.below(300),
            2 => random.one_of(&[0, 2047]),
            _ => 1000 + random.below(3),
        };
        let (x, y) = (coordinate(random), coordinate(random));
        let direction = match directions {
            0 => random.bits(),
            1 => any,
            2 => any.wrapping_add(random.one_of(&[0, 1, 63, 64, 127, 128, 129, 192, 193])),
            3 => random.bits() & 0xF8,
            _ => any.wrapping_add(random.below(40)),
        };
        let word = |random: &mut Random| match bits {
            0 | 7 | 8 => random.bits() & random.bits() & random.bits(),
            1 => random.bits() & random.bits(),
            2 => random.bits() | random.bits() | random.bits(),
            3 => u32::MAX,
            4 => random.one_of(&[0, 0, 0, 0, 0, 0, 0, 1 << 31]),
            5 => 0x1111_1111,
            _ => any & random.bits(),
        };
        let words = core::array::from_fn(|_| word(random));
        ((x.cast_signed(), y.cast_signed(), direction as u8), words)
    };
    (0..count(random, most)).map(|_| minutia(random)).collect()
}

/// The same minutiae moved, perhaps turned where they stand, and jittered, so that links agree and tolerances are met by a hair.
fn moved(random: &mut Random, minutiae: &[Minutia]) -> Vec<Minutia> {
    let (jitter, turn) = (random.one_of(&[1, 5, 15, 40, 120]), random.one_of(&[0, 0, 0, 3, 40]));
    let flips = random.below(6);
    let (right, up) = (random.below(200).cast_signed() - 100, random.below(200).cast_signed() - 100);
    let mut again = Vec::new();
    for &((x, y, direction), mut words) in minutiae {
        let mut near = |value: i32| (value + random.below(jitter).cast_signed()).clamp(0, 2047);
        let (x, y) = (near(x + right), near(y + up));
        let direction = direction.wrapping_add((turn + random.below(jitter.min(20))) as u8);
        for _ in 0..flips {
            words[random.below(8) as usize] ^= 1 << random.below(32);
        }
        again.push(((x, y, direction), words));
    }
    for _ in 0..random.below(8) {
        let (a, b) = (random.below(32) as usize, random.below(32) as usize);
        if a.max(b) < again.len() {
            again.swap(a, b);
        }
    }
    again
}

/// Comparisons of one probe.
const REFERENCES: u64 = 50;

/// Comparisons of so many probes as make the number wanted, each probe with numbers of its own, and what each gave, added up.
fn many<const N: usize>(seed: u64, compare: impl Fn(&mut Random) -> [u64; N] + Sync) -> (u64, [u64; N]) {
    let wanted = std::env::var("WHORL_PARITY").map_or(100_000, |number| number.parse().unwrap());
    let probes = u64::div_ceil(wanted, REFERENCES);
    let one = |probe: u64| compare(&mut Random(seed << 32 | probe));
    let none = || [0; N];
    let sums = (0..probes).into_par_iter().map(one).reduce(none, |a, b| std::array::from_fn(|i| a[i] + b[i]));
    (probes * REFERENCES, sums)
}

#[test]
fn every_path_gives_the_score_of_the_twin() {
    let (compared, [scored]) = many(7, |random| {
        let own = minutiae(random, 32);
        let probe = Probe::new(Template::made_up(&own));
        let paths: Vec<_> =
            CpuPath::available().map(|path| (path, PreparedProbe::new(path, &probe))).collect();
        let mut scored = 0;
        for _ in 0..REFERENCES {
            let other = if random.below(4) == 0 { minutiae(random, 32) } else { moved(random, &own) };
            let reference = Template::made_up(&other);
            let expected = s1_consistency::score(&probe, reference.words());
            for (path, prepared) in &paths {
                let score = prepared.score(reference.words());
                assert_eq!(score, expected, "{path:?}: {own:?} with {other:?}");
            }
            scored += u64::from(expected > 0);
        }
        [scored]
    });
    let names: Vec<_> = CpuPath::available().map(CpuPath::name).collect();
    println!("{compared} comparisons, {scored} with a score above 0, by {names:?}");
    assert!(scored > compared / 10, "{scored} of {compared}: too few to show anything");
}

#[test]
fn every_ceiling_counts_the_bits_of_every_pair() {
    let mut random = Random(11);
    for rounds in 1..100 {
        let probe = Template::made_up(&minutiae(&mut random, 32));
        let references = [(); 3].map(|()| Template::made_up(&minutiae(&mut random, 32)));
        let (own, mut expected) = (probe.view(), 0);
        for other in references.iter().map(Template::view) {
            for (i, j) in (0..own.count()).flat_map(|i| (0..other.count()).map(move |j| (i, j))) {
                let words = own.descriptor(i).iter().zip(other.descriptor(j));
                expected += words.map(|(a, b)| (a & b).count_ones()).sum::<u32>();
            }
        }
        let references = references.each_ref().map(Template::words);
        for path in CpuPath::available() {
            let bits = Ceiling::new(path, &probe).shared_bits(&references, rounds);
            assert_eq!(bits, expected * rounds, "{path:?}");
        }
    }
}

#[test]
fn every_path_gives_the_log_odds_of_the_twin() {
    let (compared, [paired, none]) = many(8, |random| {
        let own = minutiae(random, 48);
        let probe = Probe::new(Template::made_up(&own));
        let (mut paired, mut none) = (0, 0);
        for _ in 0..REFERENCES {
            // Itself too: then every second link is as good as another, and all that is chosen by order is seen.
            let other = match random.below(8) {
                0 => own.clone(),
                1 | 2 => minutiae(random, 48),
                _ => moved(random, &own),
            };
            let reference = Template::made_up(&other);
            let alignment = s2_alignment::align(&probe, reference.view());
            let expected = s2_alignment::score(&probe, reference.view());
            for path in CpuPath::available() {
                let found = log_odds(path, &probe, reference.view());
                assert_eq!(found, expected, "{path:?}: {own:?} with {other:?}");
            }
            none += u64::from(expected == s2_alignment::NO_EVIDENCE);
            paired += u64::from(alignment.is_some_and(|alignment| alignment.pairs.len() > 5));
        }
        [paired, none]
    });
    println!("{compared} comparisons, {paired} with pairs, {none} without evidence");
    assert!(
        paired > compared / 4 && none > compared / 100,
        "{paired}, {none} of {compared}: they show little"
    );
}

#[test]
fn a_path_that_is_not_there_is_replaced() {
    let probe = Probe::new(Template::made_up(&[]));
    for path in CpuPath::ALL.into_iter().filter(|path| !path.is_available()) {
        assert!(matches!(PreparedProbe::new(path, &probe).0, Prepared::Portable(_)));
        assert_eq!(log_odds(path, &probe, probe.template().view()), s2_alignment::NO_EVIDENCE);
    }
    assert_eq!(CpuPath::available().last(), Some(CpuPath::Portable));
}
