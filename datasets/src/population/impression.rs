//! What mindtct would find on a touch: most of the minutiae there, a little off, and some that are not there.
//!
//! An extractor is a noisy witness, and its habits matter to a matcher as much as the finger does. Those of NIST mindtct on
//! real prints are kept: its 32 directions; qualities in levels, low along the rim of the print; ridges that leave the
//! print told as minutiae that point inwards; false minutiae along the flow where ridges show badly; no two minutiae
//! within a few pixels; the order, from the left.

use core::f64::consts::{PI, TAU};

use whorl_engine::minutia::{Minutia, MinutiaType};

use super::master::Master;
use super::random::{Purpose, Random, probability, whole};
use super::touch::{Sensor, Touch};

/// Deviation of a found minutia's place. Unit: pixels.
const JITTER_PX: f64 = 0.75;

/// Deviation of its direction, and of that of one in eight. Unit: radians.
const JITTER_RAD: (f64, f64) = (0.03, 0.18);

/// Share that is told the wrong way round, and share told as the other type.
const FLIPPED: (f64, f64) = (0.02, 0.15);

/// False minutiae within a print of the usual quality. Unit: a square pixel.
const FALSE_DENSITY: f64 = 1.1e-4;

/// Ridges that are cut off by the rim of a print and told as minutiae.
const CUT_OFF: f64 = 5.0;

/// mindtct removes one of two minutiae that are nearer. Unit: pixels.
const APART_PX: f64 = 5.5;

/// Most that an ISO/IEC 19794-2:2005 record holds. Only large rolled prints come near; theirs are cut where false minutiae
/// follow the true ones.
const MINUTIAE_MAX: usize = 255;

/// What mindtct's reliability is at each level of its quality map: mean and deviation, on ISO's scale of 100.
const LEVELS: [(f64, f64); 5] = [(6.0, 1.0), (15.0, 2.0), (37.0, 4.0), (66.0, 6.0), (81.0, 7.0)];

/// A minutia as found, before it is written down.
struct Found {
    place: (f64, f64),
    direction: f64,
    kind: MinutiaType,
    quality: f64,
}

impl Master {
    /// The minutiae that mindtct would find on touch `number` of the finger, at 500 ppi: x in 0 to `sensor.width` - 1,
    /// y down in 0 to `sensor.height` - 1, quality 1-100. The same number is the same touch on every sensor.
    pub fn impression(&self, number: u32, sensor: &Sensor) -> Vec<Minutia> {
        let touch = Touch::new(self, number, sensor);
        let random = &mut Random::new(Purpose::Extraction, [self.seed, u64::from(number)]);
        let mut found = Vec::with_capacity(96);
        self.find(random, &touch, &mut found);
        self.imagine(random, &touch, &mut found);
        let mut minutiae: Vec<Minutia> = Vec::with_capacity(found.len());
        for one in found {
            let Some(minutia) = written(random, &touch, sensor, &one) else { continue };
            if minutiae.len() < MINUTIAE_MAX && minutiae.iter().all(|other| apart(&minutia, other)) {
                minutiae.push(minutia);
            }
        }
        minutiae.sort_by_key(|minutia| (minutia.x, minutia.y));
        minutiae
    }

    /// The minutiae of the finger that are seen.
    fn find(&self, random: &mut Random, touch: &Touch, found: &mut Vec<Found>) {
        let jitter = if touch.bad { 2.0 } else { 1.0 };
        for minutia in self.minutiae() {
            let outwards = touch.outwards(minutia.x, minutia.y);
            if outwards > 1.0 {
                continue;
            }
            let quality = touch.quality_at((minutia.x, minutia.y), outwards);
            if !random.happens(minutia.reliability * probability(3.6 + 1.2 * quality)) {
                continue;
            }
            let off = if random.happens(0.10) { JITTER_RAD.1 } else { JITTER_RAD.0 };
            let flip = if random.happens(FLIPPED.0 * jitter) { PI } else { 0.0 };
            let other = random.happens(FLIPPED.1);
            let shift = JITTER_PX * jitter;
            found.push(Found {
                place: (random.near(minutia.x, shift), random.near(minutia.y, shift)),
                direction: random.near(minutia.direction + flip, off * jitter),
                kind: if other { the_other(minutia.kind) } else { minutia.kind },
                quality,
            });
        }
    }

    /// The minutiae that are not there: along the flow where ridges show badly, and where the rim cuts ridges off.
    fn imagine(&self, random: &mut Random, touch: &Touch, found: &mut Vec<Found>) {
        let times = if touch.bad { 2.5 } else { 1.0 };
        let proposals = random.about(3.0 * FALSE_DENSITY * times * touch.area());
        for _ in 0..proposals {
            let place = touch.inside(random.between(0.0, TAU), libm::sqrt(random.unit()));
            let quality = touch.quality_at(place, touch.outwards(place.0, place.1));
            if random.happens(probability(-1.0 - 1.2 * quality)) {
                let direction = random.near(self.orientation().at(place.0, place.1).direction, 0.2);
                let direction = if random.happens(0.5) { direction + PI } else { direction };
                found.push(Found { place, direction, kind: either(random), quality: quality - 0.4 });
            }
        }
        for _ in 0..random.poisson(CUT_OFF) {
            let outwards = random.between(0.93, 1.0);
            let at = random.between(0.0, TAU);
            let place = touch.inside(at, outwards);
            let along = self.orientation().at(place.0, place.1).direction;
            // Inwards, the more surely the more squarely the ridge meets the rim.
            let against = random.happens(probability(4.0 * libm::cos(along - at)));
            let direction = if against { along + PI } else { along };
            let quality = touch.quality_at(place, outwards) - 0.8;
            found.push(Found { place, direction, kind: MinutiaType::RidgeEnding, quality });
        }
    }
}

/// As mindtct would write it down; nothing where it fell off the sensor.
fn written(random: &mut Random, touch: &Touch, sensor: &Sensor, found: &Found) -> Option<Minutia> {
    let (x, y) = touch.on_sensor(found.place);
    let x = pixel(f64::from(sensor.width) / 2.0 + x, sensor.width)?;
    let y = pixel(f64::from(sensor.height) / 2.0 - y, sensor.height)?;
    // Its 32 directions are whole units of ISO's 256.
    let steps = (found.direction + touch.turn) / TAU;
    let direction = whole((steps - steps.floor()) * 32.0 + 0.5) % 32 * 8;
    let level = whole(2.75 + 0.9 * found.quality + 0.55 * random.normal()).min(4);
    let quality = random.near(LEVELS[level].0, LEVELS[level].1).clamp(1.0, 100.0);
    let direction = u8::try_from(direction).ok()?;
    let quality = u8::try_from(whole(quality + 0.5)).ok()?;
    Some(Minutia { kind: found.kind, x, y, direction, quality })
}

fn pixel(value: f64, end: u16) -> Option<u16> {
    if value < 0.0 {
        return None;
    }
    u16::try_from(whole(value)).ok().filter(|pixel| *pixel < end)
}

fn apart(a: &Minutia, b: &Minutia) -> bool {
    let (dx, dy) = (f64::from(a.x) - f64::from(b.x), f64::from(a.y) - f64::from(b.y));
    dx * dx + dy * dy >= APART_PX * APART_PX
}

fn either(random: &mut Random) -> MinutiaType {
    if random.happens(0.35) { MinutiaType::RidgeBifurcation } else { MinutiaType::RidgeEnding }
}

fn the_other(kind: MinutiaType) -> MinutiaType {
    match kind {
        MinutiaType::RidgeBifurcation => MinutiaType::RidgeEnding,
        _ => MinutiaType::RidgeBifurcation,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::population::Population;
    use whorl_engine::minutia::FingerPosition;
    use whorl_engine::stages::s1_consistency::score;
    use whorl_engine::template::{Probe, Template};

    fn master(person: u64) -> Master {
        Population::new(9).person(person).finger(FingerPosition::try_from(2).unwrap())
    }

    #[test]
    fn impressions_lie_on_their_sensor_and_are_written_as_mindtct_writes() {
        for sensor in [Sensor::PLAIN, Sensor::LARGE, Sensor::ROLLED] {
            for number in 1..=20 {
                let print = master(u64::from(number)).impression(number, &sensor);
                assert!(print.iter().all(|m| m.x < sensor.width && m.y < sensor.height));
                assert!(print.iter().all(|m| m.direction % 8 == 0 && (1..=100).contains(&m.quality)));
                assert!(print.is_sorted_by_key(|m| (m.x, m.y)));
            }
        }
    }

    #[test]
    fn most_impressions_of_a_finger_match_a_few_do_not_and_others_never_do() {
        let template =
            |person, number| Template::new(&master(person).impression(number, &Sensor::PLAIN)).unwrap();
        let (mut mated, mut others) = (Vec::new(), Vec::new());
        for person in 0..300 {
            let probe = Probe::new(template(person, 1));
            let against = |reference: Template| score(&probe, reference.words());
            mated.push(against(template(person, 2)));
            others.push(against(template(person + 1, 2)));
        }
        mated.sort_unstable();
        others.sort_unstable();
        // The low tail and nothing but it lies among the impostors.
        assert!(mated[3] < others[297] && mated[60] > others[297], "{} {:?}", mated[60], &others[290..]);
        assert!(mated[150] > 8 * others[150], "{} {}", mated[150], others[150]);
    }
}
