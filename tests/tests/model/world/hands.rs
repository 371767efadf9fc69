//! The fingers of people who do not exist, each impression as a minutiae record; and whose a record is.
//!
//! That two impressions of one finger always match, and others never, is looked at first ([`check`]): what the rules say of hits holds
//! only then.

use std::collections::HashMap;
use std::sync::LazyLock;

use rayon::prelude::*;
use whorl_engine::calibration::Calibration;
use whorl_engine::engine::{Choice, Engine};
use whorl_engine::gallery::{Label, Partition, Scope};
use whorl_engine::interchange::iso_19794_2_2005::Record;
use whorl_engine::minutia::FingerPosition;
use whorl_engine::template::{Probe, Template};

use crate::answers::Print;
use crate::operations::{Fingers, IMPRESSIONS, PEOPLE, Prints};
use crate::people::finger;
use crate::spec::law::{are_compared, match_each_other, sent};

/// The share of searches of strangers that may find somebody.
pub const TARGET_FPIR: f64 = 1e-3;

/// Minutiae of a print that is too poor.
const POOR: usize = 5;

/// Every impression, and whose it is.
struct Hands {
    records: HashMap<Print, Vec<u8>>,
    whose: HashMap<Vec<u8>, Print>,
}

static HANDS: LazyLock<Hands> = LazyLock::new(|| {
    let kinds = [(2, true), (7, true), (2, false)];
    let all = (0..PEOPLE).flat_map(|person| kinds.map(|(finger, said)| (person, finger, said)));
    let all = all.flat_map(|(p, finger, said)| (0..IMPRESSIONS).map(move |i| (p, finger, said, i)));
    let records: HashMap<Print, Vec<u8>> = all.map(|print| (print, record(print))).collect();
    let whose: HashMap<_, _> = records.iter().map(|(print, data)| (data.clone(), *print)).collect();
    assert_eq!(records.len(), whose.len(), "no two are the same");
    Hands { records, whose }
});

fn record((person, position, said, impression): Print) -> Vec<u8> {
    let data = finger(person, position, impression);
    if said { data } else { changed(&data, |record| record.views[0].position = 0) }
}

fn changed(data: &[u8], change: impl FnOnce(&mut Record)) -> Vec<u8> {
    let mut record = Record::decode(data).unwrap();
    change(&mut record);
    record.encode().unwrap()
}

/// Prints as they are sent: the position that is said, and the record.
pub fn records(prints: Prints) -> Vec<(u8, Vec<u8>)> {
    let one = |&(finger, position): &(u8, u8)| {
        let data = HANDS.records[&(prints.person, finger, position != 0, prints.impression)].clone();
        let poor = |record: &mut Record| record.views[0].minutiae.truncate(POOR);
        (position, if prints.poor { changed(&data, poor) } else { data })
    };
    sent(prints.fingers).iter().map(one).collect()
}

/// Whose a record is.
pub fn whose(data: &[u8]) -> Print {
    HANDS.whose.get(data).copied().unwrap_or((u64::MAX, 0, false, 0))
}

/// Every set of prints against every other: exactly those match that shall.
pub fn check() {
    let kinds = [Fingers::Both, Fingers::Right, Fingers::Left, Fingers::Unknown];
    let all = (0..PEOPLE).flat_map(|person| kinds.map(|fingers| (person, fingers)));
    let all = all.flat_map(|(person, fingers)| {
        (0..IMPRESSIONS).map(move |impression| Prints { person, fingers, impression, poor: false })
    });
    let all: Vec<_> = all.collect();
    let engine = Engine::new(&Choice::Cpu).unwrap();
    let partition = Partition::new(0).unwrap();
    let label = Label { partition, attributes: 0, expiry_day: u32::MAX, sequence: 1 };
    let stored: Vec<_> = all.iter().map(|prints| (label, templates(*prints))).collect();
    let slots = engine.append(&stored).unwrap();
    let scope = Scope::new([partition], 0, 1, u32::MAX);
    // A threshold of a large gallery is higher than any that is reached here.
    let thresholds = [1000, 1_000_000].map(|records| Calibration::threshold(TARGET_FPIR, records));
    all.par_iter().for_each(|probe| {
        let prepared: Vec<_> =
            templates(*probe).into_iter().map(|(position, t)| (position, Probe::new(t))).collect();
        for threshold in thresholds {
            let outcome = engine.search(&prepared, &scope, threshold);
            let found: Vec<_> = outcome.candidates.iter().map(|candidate| candidate.slot).collect();
            for (slot, other) in slots.iter().zip(&all) {
                let expected = match_each_other(*probe, *other);
                assert_eq!(found.contains(slot), expected, "{probe:?} {other:?} at {threshold}");
            }
            let compared = all.iter().filter(|other| are_compared(*probe, **other)).count();
            assert_eq!(outcome.compared.iter().map(|(_, count)| *count as usize).sum::<usize>(), compared);
        }
    });
}

fn templates(prints: Prints) -> Vec<(FingerPosition, Template)> {
    let template = |(position, data): (u8, Vec<u8>)| {
        let record = Record::decode(&data).unwrap();
        let minutiae = record.minutiae_at_500_ppi(&record.views[0]);
        (FingerPosition::try_from(position).unwrap(), Template::new(&minutiae).unwrap())
    };
    records(prints).into_iter().map(template).collect()
}
