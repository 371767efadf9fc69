//! Made-up minutiae from a seed, for tests and benches that need many sets and no truth about fingers.
//!
//! They say nothing about accuracy: a flow that is linear in place has no cores, no deltas and no classes, and two sets
//! of it differ more than two real prints do. What [`print_like`] has in common with real prints is what speed depends
//! on: how many minutiae there are, how close they stand, and so how many bits of their descriptors are set (12 %
//! with 40 minutiae; mindtct gives 11-13 % on the FVC sets and on NIST SD 14).

#![expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "every value is drawn, or clamped, within the range of its field"
)]

use whorl_engine::minutia::{Minutia, MinutiaType};

/// The same numbers on every machine and in every version: splitmix64.
#[derive(Debug, Clone)]
pub struct Random(u64);

impl Random {
    /// A generator of its own for each seed.
    pub fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// A number from 0 to `bound` - 1; `bound` must not be 0.
    pub fn below(&mut self, bound: u32) -> u32 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.0;
        mixed = (mixed ^ mixed >> 30).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ mixed >> 27).wrapping_mul(0x94D0_49BB_1331_11EB);
        let high = (mixed ^ mixed >> 31) >> 32;
        // Below `bound`, as `high` is below 2^32.
        ((high * u64::from(bound)) >> 32) as u32
    }

    /// A number from `low` to `high`, both included.
    pub fn between(&mut self, low: i32, high: i32) -> i32 {
        low + self.below((high - low + 1).cast_unsigned()).cast_signed()
    }

    /// Whether something happens that happens `percent` times in a hundred.
    pub fn happens(&mut self, percent: u32) -> bool {
        self.below(100) < percent
    }
}

/// Minutiae anywhere in a square of `side` pixels (1 to 16 384), pointing anywhere.
pub fn scattered(random: &mut Random, count: usize, side: u32) -> Vec<Minutia> {
    let minutia = |_| Minutia {
        kind: kind(random),
        x: random.below(side) as u16,
        y: random.below(side) as u16,
        direction: random.below(256) as u8,
        quality: random.below(101) as u8,
    };
    (0..count).map(minutia).collect()
}

/// Minutiae as a plain print has them: in an ellipse of 215 x 270 pixels (11 x 14 mm), no two closer than 6 pixels, half
/// of them along a smooth flow and half against it, give or take 14 degrees.
pub fn print_like(random: &mut Random, count: usize) -> Vec<Minutia> {
    let (bend_x, bend_y) = (random.between(-60, 60), random.between(-60, 60));
    let start = random.between(0, 255);
    let mut minutiae: Vec<Minutia> = Vec::with_capacity(count);
    while minutiae.len() < count {
        let (x, y) = (random.between(-107, 107), random.between(-135, 135));
        if x * x * 135 * 135 + y * y * 107 * 107 > 107 * 107 * 135 * 135 {
            continue;
        }
        let flow = start + (bend_x * x + bend_y * y) / 100;
        let direction = flow + 128 * random.between(0, 1) + random.between(-10, 10);
        let minutia = placed(random, (x + 150, y + 150), direction);
        if minutiae.iter().all(|other| distance_squared(&minutia, other) >= 36) {
            minutiae.push(minutia);
        }
    }
    minutiae
}

/// The same finger again: moved, turned by up to 20 degrees, each minutia jittered by 2 pixels and 6 degrees, a fifth of
/// them missing and as many new ones.
pub fn another_impression(random: &mut Random, minutiae: &[Minutia]) -> Vec<Minutia> {
    let turn = random.between(-14, 14);
    // For small angles; it shears a little, as skin does. One unit is 2 pi / 256, or 25 / 1019.
    let (sine, cosine) = (turn * 25, 1019 - turn * turn * 25 * 25 / 2038);
    let (across, down) = (random.between(0, 60), random.between(0, 60));
    let mut again = Vec::with_capacity(minutiae.len());
    for minutia in minutiae {
        if random.happens(20) {
            let new = (random.between(100, 360), random.between(100, 400));
            let direction = random.between(0, 255);
            again.push(placed(random, new, direction));
            continue;
        }
        let (x, y) = (i32::from(minutia.x) - 150, i32::from(minutia.y) - 150);
        // Image rows run downwards, directions counter-clockwise.
        let turned_x = (x * cosine + y * sine) / 1019 + random.between(-2, 2);
        let turned_y = (y * cosine - x * sine) / 1019 + random.between(-2, 2);
        let direction = i32::from(minutia.direction) + turn + random.between(-4, 4);
        let place = (turned_x + across + 250, turned_y + down + 250);
        again.push(Minutia { kind: minutia.kind, ..placed(random, place, direction) });
    }
    again
}

fn kind(random: &mut Random) -> MinutiaType {
    match random.below(3) {
        0 => MinutiaType::Other,
        1 => MinutiaType::RidgeEnding,
        _ => MinutiaType::RidgeBifurcation,
    }
}

fn placed(random: &mut Random, (x, y): (i32, i32), direction: i32) -> Minutia {
    Minutia {
        kind: kind(random),
        x: x.clamp(0, 16_383) as u16,
        y: y.clamp(0, 16_383) as u16,
        direction: direction.rem_euclid(256) as u8,
        quality: random.between(1, 100) as u8,
    }
}

fn distance_squared(a: &Minutia, b: &Minutia) -> u32 {
    let (across, down) = (u32::from(a.x.abs_diff(b.x)), u32::from(a.y.abs_diff(b.y)));
    across * across + down * down
}

#[cfg(test)]
mod tests {
    use super::*;
    use whorl_engine::stages::s1_consistency::score;
    use whorl_engine::template::{Probe, Template};

    #[test]
    fn the_first_numbers_of_a_seed_are_these_for_ever() {
        let mut random = Random::new(1);
        let first: Vec<u32> = (0..4).map(|_| random.below(1000)).collect();
        assert_eq!(first, [566, 745, 971, 444]);
        assert!((0..1000).all(|_| (-3..=3).contains(&random.between(-3, 3))));
    }

    #[test]
    fn descriptors_are_as_dense_as_those_of_prints() {
        let mut random = Random::new(2);
        let (mut set, mut rows) = (0, 0);
        for _ in 0..100 {
            let template = Template::new(&print_like(&mut random, 40)).unwrap();
            let view = template.view();
            set += (0..view.count()).map(|i| view.popcount(i) as usize).sum::<usize>();
            rows += view.count();
        }
        let percent = 100 * set / (rows * 256);
        assert!((11..=13).contains(&percent), "{percent} % of the bits are set");
    }

    #[test]
    fn another_impression_is_the_same_finger_and_another_set_is_not() {
        let mut random = Random::new(3);
        let sets: Vec<_> = (0..20).map(|_| print_like(&mut random, 40)).collect();
        for (index, set) in sets.iter().enumerate() {
            let probe = Probe::new(Template::new(&another_impression(&mut random, set)).unwrap());
            let against = |other: &[Minutia]| {
                let template = Template::new(other).unwrap();
                score(&probe, template.words())
            };
            let (mated, non_mated) = (against(set), against(&sets[(index + 1) % sets.len()]));
            assert!(mated > 4 * non_mated && mated > 2000, "{mated} and {non_mated}");
        }
    }
}
