//! What each codec of 2004 and later refuses, by offset and field, and how records are told apart.

use super::ansi_378_2009::Edition;
use super::iso_19794_2_2011::{CaptureTime, Certification, Quality, Representation, RidgeEnding};
use super::*;
use crate::minutia::{Minutia, MinutiaType};

const IMAGE: Image = Image { width: 300, height: 400, resolution_x: 197, resolution_y: 197 };
const EXTENDED: [u8; 3] = [1, 2, 3];

fn minutiae() -> Vec<WrittenMinutia> {
    let kinds = [MinutiaType::Other, MinutiaType::RidgeEnding, MinutiaType::RidgeBifurcation];
    let minutia = |i: u8| WrittenMinutia {
        kind: kinds[usize::from(i % 3)],
        x: u16::from(i) * 7,
        y: u16::from(i) * 5,
        direction: i * 14,
        quality: i,
    };
    (0..12).map(minutia).collect()
}

fn of_2004() -> ansi_378_2004::Record {
    let (minutiae, extended) = (minutiae(), EXTENDED.to_vec());
    let view = ansi_378_2004::View { position: 7, number: 0, impression: 0, quality: 80, minutiae, extended };
    let (owner, product, certified, device) = (66, 17, true, 181);
    ansi_378_2004::Record { owner, product, certified, device, image: IMAGE, views: vec![view] }
}

fn of_2009(edition: Edition) -> ansi_378_2009::Record {
    let view = ansi_378_2009::View {
        position: 7,
        number: 0,
        impression: 29,
        quality: NOT_REPORTED,
        quality_owner: 6,
        quality_algorithm: 55,
        image: IMAGE,
        minutiae: minutiae(),
        extended: EXTENDED.to_vec(),
    };
    let (owner, product, certified, device) = (66, 17, true, 181);
    ansi_378_2009::Record { edition, owner, product, certified, device, views: vec![view] }
}

fn of_2011() -> iso_19794_2_2011::Record {
    let representation = Representation {
        captured: CaptureTime {
            year: 2005,
            month: 12,
            day: 15,
            hour: 17,
            minute: 35,
            second: 20,
            millisecond: 7,
        },
        device_technology: 20,
        device_vendor: 0xABCD,
        device_type: 181,
        qualities: vec![Quality { value: 90, vendor: 0xABCD, algorithm: 0x123 }],
        certifications: vec![Certification { authority: 9, scheme: 3 }],
        position: 50,
        number: 15,
        image: IMAGE,
        impression: 24,
        has_minutia_quality: true,
        ridge_endings: RidgeEnding::RidgeEnd,
        minutiae: minutiae(),
        extended: EXTENDED.to_vec(),
    };
    iso_19794_2_2011::Record { has_certifications: true, representations: vec![representation] }
}

/// Bytes put at an offset, and the field that must be named.
type Case<'a> = (usize, &'a [u8], &'a str);

/// Every truncation, every stray byte and every case is refused, at an offset that is not behind what is wrong.
fn refused<T>(good: &[u8], decode: impl Fn(&[u8]) -> Result<T, RecordError>, cases: &[Case]) {
    let refused = |bytes: &[u8]| decode(bytes).err().unwrap();
    for length in 0..good.len() {
        let error = refused(&good[..length]);
        assert!(error.offset <= length, "{length}: {error}");
    }
    assert_eq!(refused(&[good, &[0]].concat()).field, "total length");
    for (offset, wrong, field) in cases {
        let mut bytes = good.to_vec();
        bytes[*offset..offset + wrong.len()].copy_from_slice(wrong);
        let error = refused(&bytes);
        assert_eq!(error.field, *field, "byte {offset}: {error}");
        // A wrong length is found where the bytes end.
        assert!(error.offset <= *offset || *field == "extended data", "byte {offset}: {error}");
    }
}

#[test]
fn each_field_of_2004_is_checked_and_named() {
    let good = of_2004().encode().unwrap();
    assert_eq!(ansi_378_2004::Record::decode(&good), Ok(of_2004()));
    let cases: [Case; 22] = [
        (0, b"X", "format identifier"),
        (5, b"3", "version"),
        (9, &[9], "total length"),
        (14, &[0x40], "capture equipment"),
        (16, &[0, 0], "image width"),
        (18, &[0, 0], "image height"),
        (20, &[0, 0], "resolution across"),
        (20, &[0, 1], "resolution across"),
        (22, &[0, 0], "resolution down"),
        (22, &[0, 1], "resolution down"),
        (24, &[0], "number of views"),
        (25, &[1], "reserved byte"),
        (26, &[11], "finger position"),
        (27, &[0x07], "impression type"),
        (28, &[101], "finger quality"),
        (30, &[0xC0], "minutia type"),
        (30, &[0x3F], "x"),
        (32, &[0x40], "reserved bits before y"),
        (32, &[0x3F], "y"),
        (34, &[180], "direction"),
        (35, &[254], "minutia quality"),
        (102, &[0, 4], "extended data"),
    ];
    refused(&good, ansi_378_2004::Record::decode, &cases);
    // With less extended data than there is, the rest belongs to nothing.
    let mut short = good;
    short[102..104].copy_from_slice(&[0, 2]);
    assert_eq!(ansi_378_2004::Record::decode(&short).unwrap_err().field, "end of record");
}

#[test]
fn a_long_record_of_2004_has_a_long_length() {
    let mut long = of_2004();
    long.views[0].extended = vec![7; 65535];
    let bytes = long.encode().unwrap();
    assert_eq!(bytes.len(), 26 + 4 + 72 + 2 + 65535 + 4);
    assert_eq!(bytes[8..14], [0, 0, 0, 1, 0, 0x6B]);
    assert_eq!(ansi_378_2004::Record::decode(&bytes), Ok(long));
    assert_eq!(Standard::identify(&bytes), Some(Standard::Ansi378_2004));
    let mut short = of_2004().encode().unwrap();
    let length = u32::try_from(short.len() + 4).unwrap();
    short.splice(8..10, [0, 0].into_iter().chain(length.to_be_bytes()));
    let error = ansi_378_2004::Record::decode(&short).unwrap_err();
    assert!(error.field == "total length" && error.problem.contains("fit in two"), "{error}");
}

#[test]
fn each_field_of_2009_is_checked_and_named() {
    let good = of_2009(Edition::Amendment1).encode().unwrap();
    assert_eq!(ansi_378_2009::Record::decode(&good), Ok(of_2009(Edition::Amendment1)));
    let cases: [Case; 22] = [
        (0, b"X", "format identifier"),
        (6, b"6", "version"),
        (11, &[9], "total length"),
        (16, &[0x81], "certification"),
        (19, &[0], "number of views"),
        (20, &[1], "reserved byte"),
        (21, &[11], "finger position"),
        (22, &[16], "view number"),
        (23, &[4], "impression type"),
        (24, &[253], "finger quality"),
        (29, &[0, 0], "image width"),
        (31, &[0, 0], "image height"),
        (33, &[0, 0], "resolution across"),
        (33, &[0, 1], "resolution across"),
        (35, &[0, 1], "resolution down"),
        (38, &[0xC0], "minutia type"),
        (38, &[0x3F], "x"),
        (40, &[0x40], "reserved bits before y"),
        (40, &[0x3F], "y"),
        (42, &[180], "direction"),
        (43, &[253], "minutia quality"),
        (110, &[0, 4], "extended data"),
    ];
    refused(&good, ansi_378_2009::Record::decode, &cases);
}

#[test]
fn editions_of_2009_differ_in_header_and_positions() {
    for edition in [Edition::Draft, Edition::Published, Edition::Amendment1] {
        let good = of_2009(edition).encode().unwrap();
        assert_eq!(ansi_378_2009::Record::decode(&good), Ok(of_2009(edition)));
        refused(&good, ansi_378_2009::Record::decode, &[(0, b"X", "format identifier")]);
        let mut several = of_2009(edition);
        several.views[0].position = 15;
        let may = several.encode().map_err(|error| error.field);
        assert_eq!(may.err(), (edition != Edition::Amendment1).then_some("finger position"));
    }
    let draft = of_2009(Edition::Draft).encode().unwrap();
    refused(&draft, ansi_378_2009::Record::decode, &[(16, &[0xC0], "capture equipment")]);
    let wide = ansi_378_2009::Record { device: 4096, ..of_2009(Edition::Draft) };
    assert_eq!(wide.encode().unwrap_err().field, "capture equipment");
}

#[test]
fn each_field_of_2011_is_checked_and_named() {
    let good = of_2011().encode().unwrap();
    assert_eq!(iso_19794_2_2011::Record::decode(&good), Ok(of_2011()));
    let length = good[18];
    let cases: [Case; 35] = [
        (0, b"X", "format identifier"),
        (6, b"1", "version"),
        (11, &[9], "total length"),
        (12, &[0, 0], "number of representations"),
        (12, &[0, 177], "number of representations"),
        (14, &[2], "certification flag"),
        (18, &[length + 1], "representation length"),
        (18, &[length - 1], "extended data"),
        (18, &[3], "representation length"),
        (19, &[0, 0], "capture year"),
        (21, &[13], "capture month"),
        (21, &[0], "capture month"),
        (22, &[32], "capture day"),
        (23, &[24], "capture hour"),
        (24, &[60], "capture minute"),
        (25, &[60], "capture second"),
        (26, &[3, 232], "capture millisecond"),
        (28, &[21], "capture device technology"),
        (34, &[254], "finger quality"),
        (42, &[4], "certification scheme"),
        (43, &[11], "finger position"),
        (44, &[16], "representation number"),
        (45, &[0, 97], "resolution across"),
        (47, &[0, 97], "resolution down"),
        (49, &[10], "impression type"),
        (50, &[0, 0], "image width"),
        (52, &[0x40, 0], "image height"),
        (54, &[0x41], "minutia field length"),
        (54, &[0x62], "ridge ending type"),
        (55, &[0], "number of minutiae"),
        (56, &[0xC0], "minutia type"),
        (56, &[0x3F], "x"),
        (58, &[0x40], "reserved bits before y"),
        (58, &[0x3F], "y"),
        (61, &[253], "minutia quality"),
    ];
    refused(&good, iso_19794_2_2011::Record::decode, &cases);
    // With less extended data than there is, the representation is longer than what is in it.
    let mut short = good;
    short[128..130].copy_from_slice(&[0, 2]);
    assert_eq!(iso_19794_2_2011::Record::decode(&short).unwrap_err().field, "representation length");
}

#[test]
fn minutiae_of_2011_can_be_without_quality() {
    let mut record = of_2011();
    record.representations[0].has_minutia_quality = false;
    assert_eq!(record.encode().unwrap_err().field, "representation");
    for minutia in &mut record.representations[0].minutiae {
        minutia.quality = NOT_REPORTED;
    }
    let bytes = record.encode().unwrap();
    assert_eq!(bytes.len(), of_2011().encode().unwrap().len() - 12);
    assert_eq!(iso_19794_2_2011::Record::decode(&bytes), Ok(record.clone()));
    assert!(record.fingers()[0].minutiae.iter().all(|m| m.quality == 0));
    record.has_certifications = false;
    assert_eq!(record.encode().unwrap_err().field, "representation");
    record.representations[0].certifications.clear();
    assert_eq!(iso_19794_2_2011::Record::decode(&record.encode().unwrap()), Ok(record));
}

#[test]
fn what_does_not_fit_is_not_written() {
    let field = |change: &dyn Fn(&mut ansi_378_2004::Record)| {
        let mut record = of_2004();
        change(&mut record);
        record.encode().unwrap_err().field
    };
    assert_eq!(field(&|r| r.device = 4096), "capture equipment");
    assert_eq!(field(&|r| r.views[0].number = 16), "view number");
    assert_eq!(field(&|r| r.views[0].impression = 29), "impression type");
    assert_eq!(field(&|r| r.views[0].minutiae[3].x = 300), "x");
    assert_eq!(field(&|r| r.views[0].minutiae[3].y = 1 << 14), "y");
    assert_eq!(field(&|r| r.views[0].minutiae[3].direction = 180), "direction");
    assert_eq!(field(&|r| r.views[0].minutiae = vec![r.views[0].minutiae[0]; 256]), "number of minutiae");
    assert_eq!(field(&|r| r.views[0].extended = vec![0; 65536]), "extended data length");
    assert_eq!(field(&|r| r.views = vec![r.views[0].clone(); 256]), "number of views");
    assert_eq!(field(&|r| r.views.clear()), "number of views");
}

#[test]
fn a_record_of_another_edition_is_refused_by_its_name() {
    let records = [
        (Standard::Ansi378_2004, of_2004().encode().unwrap()),
        (Standard::Ansi378_2009, of_2009(Edition::Draft).encode().unwrap()),
        (Standard::Ansi378_2009, of_2009(Edition::Published).encode().unwrap()),
        (Standard::Ansi378_2009, of_2009(Edition::Amendment1).encode().unwrap()),
        (Standard::Iso19794_2_2011, of_2011().encode().unwrap()),
        (Standard::Iso19794_2_2005, Standard::Iso19794_2_2005.write(&of_2004().fingers()).unwrap()),
    ];
    for (standard, bytes) in &records {
        assert_eq!(Standard::identify(bytes), Some(*standard));
        for other in Standard::ALL.into_iter().filter(|other| other != standard) {
            let error = other.read(bytes).unwrap_err();
            assert!(error.problem.contains(standard.name()), "{}: {error}", other.name());
        }
        let mut unknown = bytes.clone();
        unknown[4..8].copy_from_slice(b"040\0");
        assert_eq!(Standard::identify(&unknown), None);
        let error = standard.read(&unknown).unwrap_err();
        assert!(error.field == "version" && error.problem.contains("no edition known here"), "{error}");
    }
    assert_eq!(Standard::identify(b"FMR\0 20\0"), None);
    assert_eq!(Standard::identify(&[b'X'; 100]), None);
}

#[test]
fn a_media_type_stands_for_one_standard() {
    for standard in Standard::ALL {
        assert_eq!(Standard::of_media_type(standard.media_type()), Some(standard));
        assert_eq!(Standard::of_media_type(&standard.media_type().to_uppercase()), Some(standard));
    }
    assert_eq!(Standard::of_media_type("application/x-iso-19794-2"), None);
}

#[test]
fn fingers_are_at_500_ppi_whatever_the_record_has() {
    let mut record = of_2004();
    record.image = Image { width: 600, height: 800, resolution_x: 394, resolution_y: 197 };
    let finger = &record.fingers()[0];
    // Half of 598 or 599 and a little more, for 197 stands for 196.85.
    assert_eq!((finger.width, finger.height, finger.extended), (300, 800, 3));
    let expected = Minutia { kind: MinutiaType::Other, x: 10, y: 15, direction: 60, quality: 3 };
    assert_eq!(finger.minutiae[3], expected);
}

#[test]
fn fingers_without_a_quality_are_written_without_one() {
    let mut finger = of_2004().fingers().remove(0);
    finger.quality = None;
    let quality = |standard: Standard| {
        let bytes = standard.write(std::slice::from_ref(&finger)).unwrap();
        standard.read(&bytes).unwrap()[0].quality
    };
    assert_eq!(Standard::ALL.map(quality), [Some(0), None, Some(0), None]);
    let wide = Finger { width: 65536, ..finger.clone() };
    for standard in Standard::ALL {
        assert_eq!(standard.write(std::slice::from_ref(&wide)).unwrap_err().field, "image width");
        assert!(standard.write(&[]).is_err());
    }
}
