//! A whole finger: the flow of its ridges and all its minutiae, as no single print shows them.
//!
//! Minutiae are a random point process. Places are proposed evenly over the finger tip and kept by chance: often near cores
//! and deltas, where ridges that turn must end or fork, and by a smooth field that makes each finger's own dense and
//! empty places; hardly ever within a ridge period of another one. Some get a companion, for islands, spurs and
//! broken ridges come in pairs. A minutia points along its ridge, one way or the other. Which way is decided by the flow:
//! where ridges that are followed spread, new ones must begin between them, or the distance between ridges would grow. It is
//! the flow's divergence that counts them, and real prints obey: on rolled prints two minutiae of three beside an arch point to
//! its middle. Without it, impostor scores come out a third too low.

use core::f64::consts::PI;

use whorl_engine::minutia::MinutiaType;

use super::orientation::{Orientation, Pattern};
use super::random::{Purpose, Random, SmoothField, probability};

/// Semi-axes of the finger tip, and how far its middle lies below that of a plain touch. Unit: pixels at 500 ppi.
const RADII_PX: (f64, f64) = (250.0, 300.0);
const BELOW_PX: f64 = 60.0;

/// Minutiae away from cores and deltas. Unit: a square pixel; 0.2 a square millimetre are 5.2e-4.
const DENSITY: f64 = 5.0e-4;

/// How many times denser minutiae are around each core and delta, on top, and how far that reaches (px).
const AROUND_POLES: (f64, f64) = (0.9, 60.0);

/// Strength of the smooth field by which the density varies, and the lengths of its waves (px).
const UNEVENNESS: (f64, (f64, f64)) = (0.35, (70.0, 260.0));

/// Nearest that two minutiae stand, for certain and at all. Unit: pixels. The ridge period is about 9.
const APART_PX: (f64, f64) = (4.0, 9.0);

/// Share of minutiae with a companion, and how near it stands (px).
const COMPANIONS: (f64, (f64, f64)) = (0.07, (7.0, 18.0));

/// Deviation of a minutia's direction from that of the ridges, for most and for one in seven. Unit: radians.
const OFF_FLOW: (f64, f64) = (0.06, 0.40);

/// How surely ridges begin where they spread: log-odds that a minutia points the way in which ridges spread, for each unit
/// of spreading (px), and the spreading above which that is less and less so, for around cores and deltas other things count.
/// By the geometry alone it would be 4 over the ridge period times the density, about 900 px; but some of the spreading is
/// taken up by ridges that widen.
const BEGINNING: (f64, f64) = (800.0, 0.008);

/// Strength of the field by which a region prefers one way, as log-odds, and the lengths of its waves (px).
const PREFERENCE: (f64, (f64, f64)) = (0.3, (220.0, 600.0));

/// One minutia of a finger. Places are in px from the middle of the finger, x to the right and y up.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct MasterMinutia {
    /// Right of the middle. Unit: pixels at 500 ppi.
    pub x: f64,
    /// Above the middle. Unit: pixels at 500 ppi.
    pub y: f64,
    /// Direction. Unit: radians, anticlockwise from the axis that points right.
    pub direction: f64,
    /// Ending or bifurcation.
    pub kind: MinutiaType,
    /// How often an extractor finds it on a good touch, 0 to 1.
    pub reliability: f64,
}

/// What a finger has from its person.
pub(super) struct Traits {
    pub pattern: Pattern,
    pub size: f64,
    pub density: f64,
    pub skin: f64,
}

/// A whole finger.
pub struct Master {
    pub(super) seed: u64,
    pub(super) skin: f64,
    pub(super) size: f64,
    pattern: Pattern,
    orientation: Orientation,
    minutiae: Vec<MasterMinutia>,
}

impl Master {
    pub(super) fn new(random: &mut Random, traits: &Traits) -> Self {
        let orientation = Orientation::new(random, traits.pattern, traits.size);
        let seed = random.seed();
        let minutiae = scatter(&mut Random::new(Purpose::Minutiae, [seed, 0]), &orientation, traits);
        let Traits { pattern, size, skin, .. } = *traits;
        Self { seed, skin, size, pattern, orientation, minutiae }
    }

    /// The class of its pattern.
    pub fn pattern(&self) -> Pattern {
        self.pattern
    }

    /// The direction of its ridges.
    pub fn orientation(&self) -> &Orientation {
        &self.orientation
    }

    /// All its minutiae.
    pub fn minutiae(&self) -> &[MasterMinutia] {
        &self.minutiae
    }
}

/// What decides where minutiae are and which way they point.
struct Regions<'a> {
    orientation: &'a Orientation,
    spread: f64,
    unevenness: SmoothField,
    preference: SmoothField,
}

impl Regions<'_> {
    /// Density at a place, in units of [`DENSITY`].
    fn density(&self, x: f64, y: f64) -> f64 {
        let (height, reach) = (AROUND_POLES.0, AROUND_POLES.1 * self.spread);
        let around = self.orientation.poles().map(|pole| {
            let square = (x - pole.x) * (x - pole.x) + (y - pole.y) * (y - pole.y);
            let bell = 1.0 + square / (2.0 * reach * reach);
            height / (bell * bell)
        });
        (1.0 + around.sum::<f64>()) * (1.0 + self.unevenness.at(x, y)).max(0.25)
    }

    fn minutia(&self, random: &mut Random, (x, y): (f64, f64)) -> MasterMinutia {
        let flow = self.orientation.at(x, y);
        let off = if random.happens(0.14) { OFF_FLOW.1 } else { OFF_FLOW.0 };
        let along = random.near(flow.direction, off);
        let against = random.happens(probability(-beginning(flow.spreading) - self.preference.at(x, y)));
        let bifurcation = random.happens(0.42);
        let unreliable = random.unit();
        let cubed = unreliable * unreliable * unreliable;
        MasterMinutia {
            x,
            y,
            direction: if against { along + PI } else { along },
            kind: if bifurcation { MinutiaType::RidgeBifurcation } else { MinutiaType::RidgeEnding },
            // Most are found nearly always, some hardly ever; 0.91 on average.
            reliability: 1.0 - 0.75 * cubed * cubed * unreliable,
        }
    }
}

/// Log-odds that a minutia points the way in which the ridges are followed, where they spread by this.
fn beginning(spreading: f64) -> f64 {
    let beyond = spreading / BEGINNING.1;
    BEGINNING.0 * spreading / (1.0 + beyond * beyond)
}

/// The densest that a place can be, in units of [`DENSITY`]; what would be denser is as dense.
const DENSITY_MAX: f64 = 3.5;

fn scatter(random: &mut Random, orientation: &Orientation, traits: &Traits) -> Vec<MasterMinutia> {
    let regions = Regions {
        orientation,
        spread: traits.size,
        unevenness: SmoothField::new(random, UNEVENNESS.0, UNEVENNESS.1),
        preference: SmoothField::new(random, PREFERENCE.0, PREFERENCE.1),
    };
    let (across, down) = (RADII_PX.0 * traits.size, RADII_PX.1 * traits.size);
    let proposals = random.about(4.0 * across * down * DENSITY * traits.density * DENSITY_MAX);
    let mut minutiae: Vec<MasterMinutia> = Vec::with_capacity(160);
    for _ in 0..proposals {
        let (x, below) = (random.between(-across, across), random.between(-down, down));
        let outside = (x / across) * (x / across) + (below / down) * (below / down) > 1.0;
        let y = below - BELOW_PX * traits.size;
        let keep = random.unit() * DENSITY_MAX;
        if outside || keep > regions.density(x, y) || crowded(random, &minutiae, (x, y)) {
            continue;
        }
        minutiae.push(regions.minutia(random, (x, y)));
        if random.happens(COMPANIONS.0) {
            let (sine, cosine) = libm::sincos(random.between(-PI, PI));
            let away = random.between(COMPANIONS.1.0, COMPANIONS.1.1);
            let place = (x + away * cosine, y + away * sine);
            if !crowded(random, &minutiae, place) {
                minutiae.push(regions.minutia(random, place));
            }
        }
    }
    minutiae
}

/// Whether a new minutia at this place would stand too near another.
fn crowded(random: &mut Random, minutiae: &[MasterMinutia], (x, y): (f64, f64)) -> bool {
    let square = |other: &MasterMinutia| (other.x - x) * (other.x - x) + (other.y - y) * (other.y - y);
    let nearest = minutiae.iter().map(square).fold(f64::INFINITY, f64::min);
    let apart = random.between(APART_PX.0, APART_PX.1);
    nearest < apart * apart
}
