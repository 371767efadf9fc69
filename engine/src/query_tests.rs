//! Searches on the CPU, while somebody writes, and with fingers of unknown position.

use std::sync::Mutex;

use super::*;
use crate::backend::cpu::Cpu;
use crate::backend::{BackendInfo, Scored};
use crate::gallery::{Change, Label, Shared};
use crate::minutia::{Minutia, MinutiaType};
use crate::template::Template;

const THUMB: u8 = 1;
const INDEX: u8 = 2;

fn template(seed: u32) -> Template {
    let mut state = seed.wrapping_mul(2_654_435_761).wrapping_add(1);
    let mut below = |bound: u16| {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        u16::try_from((state >> 16) % u32::from(bound)).unwrap()
    };
    let minutiae: Vec<_> = (0..40)
        .map(|_| Minutia {
            kind: MinutiaType::RidgeEnding,
            x: below(300),
            y: below(350),
            direction: u8::try_from(below(256)).unwrap(),
            quality: 50,
        })
        .collect();
    Template::new(&minutiae).unwrap()
}

/// A thumb and an index finger.
fn fingers(thumb: u32, index: u32) -> Vec<(FingerPosition, Template)> {
    let finger = |(code, seed)| (FingerPosition::try_from(code).unwrap(), template(seed));
    [(THUMB, thumb), (INDEX, index)].map(finger).into()
}

fn label(partition: u16) -> Label {
    Label { partition: Partition::new(partition).unwrap(), attributes: 0, expiry_day: 9, sequence: 1 }
}

fn append(shared: &Shared, partition: u16, fingers: &[(FingerPosition, Template)]) -> Slot {
    shared.change(|gallery| gallery.append(label(partition), fingers).unwrap(), |_, _| ())
}

/// The CPU, and somebody who writes: once before stage 1, once after it, and once after stage 2.
struct Meddled<'a>(Mutex<Vec<Box<dyn FnOnce() + Send + 'a>>>);

impl Meddled<'_> {
    fn write(&self) {
        self.0.lock().unwrap().pop().unwrap()();
    }
}

impl Backend for Meddled<'_> {
    fn info(&self) -> BackendInfo {
        Cpu::default().info()
    }

    fn follow(&self, _: &Gallery, _: &[Change]) -> Result<(), BackendError> {
        Ok(())
    }

    fn shortlists(
        &self,
        gallery: &Watch<'_>,
        asks: &[Ask<'_>],
        length: usize,
    ) -> Result<Vec<Shortlist>, BackendError> {
        self.write();
        let shortlists = Cpu::default().shortlists(gallery, asks, length);
        self.write();
        shortlists
    }

    fn align(
        &self,
        gallery: &Watch<'_>,
        probe: &Fingers,
        slots: &[Slot],
    ) -> Result<Vec<Vec<i32>>, BackendError> {
        let aligned = Cpu::default().align(gallery, probe, slots);
        self.write();
        aligned
    }

    fn score(&self, gallery: &Watch<'_>, ask: Ask<'_>) -> Result<Scored, BackendError> {
        Cpu::default().score(gallery, ask)
    }
}

/// What a search for the fingers (1, 2) in partition 1 finds when `write` happens in its `moment`, and what one finds that begins
/// afterwards. There is a mate in partition 1, and there are strangers.
fn found(moment: usize, write: impl Fn(&Shared, Slot) + Send + Sync) -> [Outcome; 2] {
    let shared = Shared::default();
    for stranger in 10..20 {
        append(&shared, 1, &fingers(stranger, stranger + 50));
    }
    let mate = append(&shared, 1, &fingers(1, 2));
    let probe: Vec<_> = fingers(1, 2).into_iter().map(|(p, finger)| (p, Probe::new(finger))).collect();
    let scope = Scope::new(Partition::new(1), 0, 0, u32::MAX);
    let query = || {
        let calibration = Calibration::shipped();
        Query { probe: &probe, scope: &scope, threshold: 60, calibration }
    };
    let nothing = || Box::new(|| ()) as Box<dyn FnOnce() + Send + '_>;
    let mut writes = vec![nothing(), nothing(), nothing()];
    writes[moment] = Box::new(|| write(&shared, mate));
    writes.reverse();
    let meddled = Meddled(Mutex::new(writes));
    let during = Query::run_all(&[query()], &shared.watch(), &meddled).unwrap().pop().unwrap();
    let after = Query::run_all(&[query()], &shared.watch(), &Cpu::default()).unwrap().pop().unwrap();
    [during, after]
}

fn write(shared: &Shared, change: impl FnOnce(&mut Gallery) -> Vec<Change>) {
    shared.change(|gallery| ((), change(gallery)), |_, _| ());
}

#[test]
fn an_answer_is_that_of_the_gallery_as_it_is_when_the_search_ends() {
    for moment in 0..3 {
        let [during, after] = found(moment, |_, _| ());
        assert_eq!((during.candidates.len(), &during), (1, &after), "nothing happens");
        let same = |what, candidates, write: &(dyn Fn(&Shared, Slot) + Sync)| {
            let [during, after] = found(moment, write);
            assert_eq!(
                (during.candidates.len(), &during.candidates),
                (candidates, &after.candidates),
                "{what}"
            );
        };
        same("erased", 0, &|shared, mate| write(shared, |gallery| gallery.erase(mate)));
        same("another's prints", 0, &|shared, mate| {
            write(shared, |gallery| gallery.replace(mate, label(1), &fingers(3, 4)));
        });
        same("one of the fingers", 1, &|shared, mate| {
            write(shared, |gallery| gallery.replace(mate, label(1), &fingers(1, 4)));
        });
        same("moved out of scope", 0, &|shared, mate| {
            write(shared, |gallery| gallery.replace(mate, label(2), &fingers(1, 2)));
        });
        same("its slot given to a stranger", 0, &|shared, mate| {
            write(shared, |gallery| gallery.erase(mate));
            assert_eq!(append(shared, 1, &fingers(5, 6)), mate);
        });
        same("its slot given to a mate out of scope", 0, &|shared, mate| {
            write(shared, |gallery| gallery.erase(mate));
            assert_eq!(append(shared, 2, &fingers(1, 2)), mate);
        });
        same("another mate", 2, &|shared, _| {
            append(shared, 1, &fingers(1, 2));
        });
        same("a mate with its fingers unknown, the first such record", 2, &|shared, _| {
            let unknown = fingers(1, 2).into_iter().map(|(_, finger)| (FingerPosition::UNKNOWN, finger));
            append(shared, 1, &unknown.collect::<Vec<_>>());
        });
        same("many others, and a mate", 2, &|shared, _| {
            (100..200).for_each(|other| _ = append(shared, 1, &fingers(other, other)));
            append(shared, 1, &fingers(1, 2));
        });
    }
}

/// What a record is worth by the definition: the best pair of fingers that may be one, then the best of those that are left, each less the
/// logarithm of the number that its finger of the probe was tried with. How many fingers, and the sum.
fn by_definition(
    probe: &[(FingerPosition, Probe)],
    record: &[(FingerPosition, Template)],
) -> Option<(usize, i32)> {
    let mut pairs = Vec::new();
    for (own, (position, probe)) in probe.iter().enumerate() {
        for (other, (code, template)) in record.iter().map(|(p, t)| (p.code(), t)).enumerate() {
            let may_be = code == position.code() || code == 0 || position.code() == 0;
            if may_be && template.view().count() > 0 {
                let log_odds = crate::stages::s2_alignment::score(probe, template.view());
                let like = code == position.code() && code > 0;
                pairs.push((Reverse(log_odds), !like, own, code == 0, code, other));
            }
        }
    }
    let tried = pairs.clone();
    let mut sums = Vec::new();
    while let Some(&(Reverse(log_odds), _, own, _, _, other)) = pairs.iter().min() {
        #[expect(clippy::cast_possible_truncation, clippy::cast_precision_loss, reason = "small numbers")]
        let discount =
            ((tried.iter().filter(|pair| pair.2 == own).count() as f64).ln() * 4096.0).round() as i32;
        sums.push((log_odds - discount).max(t::FINGER_LOG_ODDS_MIN));
        pairs.retain(|pair| pair.2 != own && pair.5 != other);
    }
    (!sums.is_empty()).then(|| (sums.len(), sums.iter().sum()))
}

#[test]
fn r_comp_9_fingers_of_unknown_position_are_compared_with_all_on_both_sides() {
    let set = |fingers: &[(u8, u32)]| -> Vec<(FingerPosition, Template)> {
        fingers
            .iter()
            .map(|&(code, seed)| (FingerPosition::try_from(code).unwrap(), template(seed)))
            .collect()
    };
    let records = [
        set(&[(2, 1), (7, 2)]),
        set(&[(0, 1), (0, 2)]),
        set(&[(2, 1), (0, 2), (0, 9)]),
        set(&[(0, 30), (0, 31), (0, 32)]),
        set(&[(3, 40)]),
        set(&[(2, 50), (7, 51), (3, 52)]),
        Vec::new(),
        vec![(FingerPosition::UNKNOWN, Template::new(&[]).unwrap())],
    ];
    let probes = [
        set(&[(2, 1), (7, 2)]),
        set(&[(0, 1)]),
        set(&[(0, 2), (0, 1)]),
        set(&[(2, 1), (0, 2)]),
        set(&[(3, 2)]),
        set(&[(0, 1), (0, 1)]),
    ];
    let shared = Shared::default();
    let slots: Vec<_> = records.iter().map(|record| append(&shared, 1, record)).collect();
    append(&shared, 2, &records[1]);
    let (scope, calibration) = (Scope::new(Partition::new(1), 0, 0, u32::MAX), Calibration::shipped());
    for probe in probes {
        let probe: Vec<_> = probe.into_iter().map(|(p, finger)| (p, Probe::new(finger))).collect();
        let query = Query { probe: &probe, scope: &scope, threshold: 0, calibration };
        let outcome = Query::run_all(&[query], &shared.watch(), &Cpu::default()).unwrap().pop().unwrap();
        let mut expected: Vec<_> = slots
            .iter()
            .zip(&records)
            .filter_map(|(&slot, record)| {
                let (fingers, log_odds) = by_definition(&probe, record)?;
                Some((Reverse(calibration.score(fingers, log_odds)), Reverse(log_odds), slot, fingers))
            })
            .collect();
        expected.sort_unstable();
        let found: Vec<_> = (outcome.candidates.iter())
            .map(|c| (Reverse(c.score), Reverse(c.log_odds), c.slot, c.fingers.len()))
            .collect();
        assert_eq!(found, expected);
        let compared = u32::try_from(expected.len()).unwrap();
        assert_eq!(outcome.compared, [(Partition::new(1).unwrap(), compared)]);
    }
}
