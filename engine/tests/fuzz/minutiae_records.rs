//! Minutiae records of every standard: what is read is written again byte for byte, and its fingers are read back.

use whorl_engine::interchange::{
    Finger, RecordError, Standard, ansi_378_2004, ansi_378_2009, iso_19794_2_2005, iso_19794_2_2011,
};
use whorl_engine::minutia::{Minutia, MinutiaType};

use super::corpus::real;
use super::driver::{Target, can_be_shown, within};
use super::mutations;
use super::random::Random;

const FOLDERS: [&str; 7] = [
    "ansi378v2004",
    "ansi378v2009",
    "ansi378v2009am1",
    "biomdi",
    "iso19794p2v2005",
    "iso19794p2v2011",
    "libbiomeval",
];

/// Fingers of a record, and the record written again.
type Both = (Vec<Finger>, Result<Vec<u8>, RecordError>);

fn both(standard: Standard, bytes: &[u8]) -> Result<Both, RecordError> {
    macro_rules! of {
        ($codec:ident) => {{
            let record = $codec::Record::decode(bytes)?;
            (record.fingers(), record.encode())
        }};
    }
    Ok(match standard {
        Standard::Iso19794_2_2005 => of!(iso_19794_2_2005),
        Standard::Iso19794_2_2011 => of!(iso_19794_2_2011),
        Standard::Ansi378_2004 => of!(ansi_378_2004),
        Standard::Ansi378_2009 => of!(ansi_378_2009),
    })
}

pub fn check(standard: Standard, bytes: &[u8]) -> bool {
    let seems = within("identify", bytes.len(), 0, || Standard::identify(bytes));
    let (fingers, written) = match within("decode", bytes.len(), 0, || both(standard, bytes)) {
        Ok(both) => both,
        Err(error) => {
            can_be_shown(&error);
            assert!(error.offset <= bytes.len(), "{error}");
            return false;
        }
    };
    assert_eq!(seems, Some(standard), "read as what it does not seem to be");
    assert!(written.unwrap() == bytes, "written again, it is another");
    let minutiae = fingers.iter().flat_map(|finger| finger.minutiae.iter().map(move |m| (finger, m)));
    for (finger, m) in minutiae {
        let inside = u32::from(m.x) < finger.width && u32::from(m.y) < finger.height;
        assert!(inside && m.x < 1 << 14 && m.y < 1 << 14 && m.quality <= 100, "{m:?}");
    }
    // Of another resolution, its size at 500 ppi may be more than the standard has.
    if let Ok(again) = standard.write(&fingers) {
        let bare = |finger: &Finger| Finger { extended: 0, ..finger.clone() };
        assert_eq!(standard.read(&again).unwrap(), fingers.iter().map(bare).collect::<Vec<_>>());
    }
    true
}

/// So many fingers of up to so many minutiae.
fn fingers(random: &mut Random, number: u8, minutiae: usize) -> Vec<Finger> {
    let kinds = [MinutiaType::Other, MinutiaType::RidgeEnding, MinutiaType::RidgeBifurcation];
    let mut minutia = |_| Minutia {
        kind: *random.pick(&kinds),
        x: u16::from(random.byte()),
        y: u16::from(random.byte()),
        direction: random.byte(),
        quality: random.byte() % 101,
    };
    let mut finger = |position| Finger {
        position,
        view: 0,
        impression: 0,
        quality: Some(60),
        width: 256,
        height: 256,
        minutiae: (0..minutiae).map(&mut minutia).collect(),
        extended: 0,
    };
    (1..=number).map(&mut finger).collect()
}

fn corpus(standard: Standard) -> Vec<Vec<u8>> {
    let random = &mut Random::new(0, standard.name(), 0);
    let mut files: Vec<Vec<u8>> = [(1, 1), (1, 30), (10, 40), (2, 255), (3, 2)]
        .map(|(number, minutiae)| standard.write(&fingers(random, number, minutiae)).unwrap())
        .into();
    let found = FOLDERS.iter().flat_map(|folder| real(&format!("fmr/{folder}"), 1 << 16));
    files.extend(found.filter(|bytes| standard.read(bytes).is_ok()));
    files
}

/// Where the number of minutiae of the first view is.
fn count_at(standard: Standard, bytes: &[u8]) -> Option<usize> {
    let byte = |at: usize| bytes.get(at).copied().map(usize::from);
    match standard {
        Standard::Iso19794_2_2005 => Some(27),
        Standard::Ansi378_2004 => Some(29),
        Standard::Ansi378_2009 => Some(if byte(19)? == 0 { 36 } else { 37 }),
        Standard::Iso19794_2_2011 => {
            let qualities = 34 + 5 * byte(33)?;
            let certifications = if byte(14)? == 1 { 1 + 3 * byte(qualities)? } else { 0 };
            Some(qualities + certifications + 12)
        }
    }
}

/// Puts a minutia in, or takes one out, and the count follows.
fn more_or_less(random: &mut Random, standard: Standard, bytes: &mut Vec<u8>) {
    let Some(at) = count_at(standard, bytes).filter(|at| at + 7 < bytes.len()) else { return };
    if random.one_in(2) && bytes[at] < 255 {
        bytes[at] += 1;
        let minutia: Vec<u8> = bytes[at + 1..at + 7].to_vec();
        drop(bytes.splice(at + 1..at + 1, minutia));
    } else if bytes[at] > 0 {
        bytes[at] -= 1;
        drop(bytes.drain(at + 1..at + 7));
    }
}

fn repair_lengths(standard: Standard, bytes: &mut [u8]) {
    let length = bytes.len();
    let whole = u32::try_from(length).unwrap().to_be_bytes();
    let (at, field) = match (standard, u16::try_from(length)) {
        (Standard::Ansi378_2004, Ok(length)) => (8, length.to_be_bytes().to_vec()),
        (Standard::Ansi378_2004, Err(_)) => (10, whole.to_vec()),
        _ => (8, whole.to_vec()),
    };
    put(bytes, at, &field);
    if standard == Standard::Iso19794_2_2011 && bytes.get(12..14) == Some(&[0, 1]) {
        let representation = u32::try_from(length.saturating_sub(15)).unwrap();
        put(bytes, 15, &representation.to_be_bytes());
    }
}

fn put(bytes: &mut [u8], at: usize, field: &[u8]) {
    if let Some(place) = bytes.get_mut(at..at + field.len()) {
        place.copy_from_slice(field);
    }
}

fn mutated(random: &mut Random, corpus: &[Vec<u8>], standard: Standard) -> Vec<u8> {
    let mut bytes = random.pick(corpus).clone();
    loop {
        if random.one_in(4) {
            more_or_less(random, standard, &mut bytes);
        } else {
            mutations::change(random, &mut bytes, corpus);
        }
        if random.one_in(2) {
            break;
        }
    }
    if !random.one_in(4) {
        repair_lengths(standard, &mut bytes);
    }
    bytes
}

fn fuzz(standard: Standard) {
    let corpus = corpus(standard);
    Target {
        name: standard.name(),
        iterations: 15_000,
        corpus: &corpus,
        mutate: &|random, corpus| mutated(random, corpus, standard),
        check: &|bytes| check(standard, bytes),
    }
    .run();
}

#[test]
fn records_of_iso_19794_2_2005() {
    fuzz(Standard::Iso19794_2_2005);
}

#[test]
fn records_of_iso_19794_2_2011() {
    fuzz(Standard::Iso19794_2_2011);
}

#[test]
fn records_of_incits_378_2004() {
    fuzz(Standard::Ansi378_2004);
}

#[test]
fn records_of_incits_378_2009() {
    fuzz(Standard::Ansi378_2009);
}
