//! Transactions taken apart to records and fields, changed there, and put together with lengths and contents (1.003) that are
//! right again, so that what stands behind these two checks is reached.

use std::collections::BTreeSet;

use whorl_engine::interchange::ansi_nist_itl::{DATA, File};

use super::corpus::real;
use super::mutations;
use super::random::Random;

/// Types 3 to 8 are whole; of the others each field has its number and value, the length (1) left out.
#[derive(Clone)]
pub enum Record {
    Binary(u8, Vec<u8>),
    Tagged(u8, Vec<(u16, Vec<u8>)>),
}

/// Of data that are longer, headers are kept, which is all that is looked at.
const DATA_KEPT: usize = 900;

/// The records of a file.
pub fn apart(file: &File) -> Vec<Record> {
    let record = |record: &whorl_engine::interchange::ansi_nist_itl::Record| match record.binary() {
        Some(bytes) => Record::Binary(record.record_type(), bytes.to_vec()),
        None => {
            let fields = record.fields().filter(|field| field.number != 1);
            let fields = fields.map(|field| (field.number, field.bytes().to_vec())).collect();
            Record::Tagged(record.record_type(), fields)
        }
    };
    file.records.iter().map(record).collect()
}

/// The file of these records. Contents are made anew where that is wished.
pub fn together(records: &[Record], contents: bool) -> Vec<u8> {
    let mut out = Vec::new();
    for (i, record) in records.iter().enumerate() {
        match record {
            Record::Binary(_, bytes) => {
                let length = u32::try_from(bytes.len()).unwrap().to_be_bytes();
                out.extend(length.iter().chain(bytes.iter().skip(4)));
            }
            Record::Tagged(kind, fields) => {
                let mut rest = Vec::new();
                for (number, value) in fields {
                    rest.extend(format!("\u{1D}{kind}.{number:03}:").bytes());
                    match (i, number) {
                        (0, 3) if contents => rest.extend(listed(&records[1..]).bytes()),
                        _ => rest.extend(value),
                    }
                }
                rest.push(0x1C);
                let tag = format!("{kind}.001:");
                let without = tag.len() + rest.len();
                let digits = |length: usize| length.to_string().len();
                let length = without + digits(without + digits(without));
                out.extend(format!("{tag}{length}").bytes());
                out.extend(rest);
            }
        }
    }
    out
}

fn listed(records: &[Record]) -> String {
    let entry = |record: &Record| match record {
        Record::Binary(kind, bytes) => format!("\u{1E}{kind}\u{1F}{:02}", bytes.get(4).unwrap_or(&0)),
        Record::Tagged(kind, fields) => {
            let idc = fields.iter().find(|(number, _)| *number == 2);
            let idc = idc.map_or("00".into(), |(_, value)| String::from_utf8_lossy(value).into_owned());
            format!("\u{1E}{kind}\u{1F}{idc}")
        }
    };
    format!("1\u{1F}{}", records.len()) + &records.iter().map(entry).collect::<String>()
}

/// Small transactions: one made here, and the real ones with only the beginnings of their images.
pub fn corpus() -> Vec<Vec<u8>> {
    let real = real("ansi-nist", 1 << 22);
    let files = real.iter().map(|bytes| shortened(apart(&File::decode(bytes).unwrap())));
    let corpus: Vec<Vec<u8>> =
        std::iter::once(made()).chain(files).map(|parts| together(&parts, true)).collect();
    for file in &corpus {
        File::decode(file).unwrap();
    }
    corpus
}

/// Text with `^` for RS, `_` for US, as the value of a field.
fn field(number: u16, text: &str) -> (u16, Vec<u8>) {
    (number, text.replace('^', "\u{1E}").replace('_', "\u{1F}").into_bytes())
}

/// A record with a field of each kind that is looked into.
fn made() -> Vec<Record> {
    let fields = |fields: &[(u16, &str)]| fields.iter().map(|(number, text)| field(*number, text)).collect();
    let header = [
        (2, "0400"),
        (3, ""),
        (4, "CAR"),
        (5, "20240229"),
        (6, "2"),
        (7, "THERE"),
        (8, "HERE"),
        (9, "1"),
        (11, "19.69"),
        (12, "19.69"),
        (13, "NORAM_1"),
    ];
    let mut print: Vec<_> = fields(&[
        (2, "01"),
        (3, "0"),
        (4, "HERE"),
        (5, "20240229"),
        (6, "4"),
        (7, "3"),
        (8, "1"),
        (9, "500"),
        (10, "500"),
        (11, "NONE"),
        (12, "8"),
        (13, "14"),
        (18, "9_XX^10_UP"),
        (21, "7_0_2_0_3"),
        (22, "7_80"),
        (25, "8_3_1_1_3_1_2_2"),
    ]);
    print.push((DATA, vec![0x1C, 0x1D, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11]));
    let standard = [
        (2, "01"),
        (3, "0"),
        (4, "S"),
        (5, "X_A"),
        (6, "08"),
        (7, "T_UN"),
        (10, "2"),
        (11, "0"),
        (12, "001_01000005090_00_A^002_00500010359_63_D"),
    ];
    let incits = [
        (2, "02"),
        (3, "0"),
        (4, "U"),
        (126, "27_513_0"),
        (127, "NONE_0"),
        (128, "300"),
        (129, "400"),
        (130, "2"),
        (131, "394"),
        (132, "197"),
        (133, "0"),
        (134, "2"),
        (135, "80_0_0"),
        (136, "2"),
        (137, "1_30_15_45_2_60^2_3_4_179_1_0"),
    ];
    let thumb = vec![0, 0, 0, 22, 2, 3, 1, 255, 255, 255, 255, 255, 0, 0, 2, 0, 2, 0, 10, 20, 30, 40];
    vec![
        Record::Tagged(1, fields(&header)),
        Record::Tagged(2, fields(&[(2, "00"), (18, "M\u{fc}ller"), (34, "a^b"), (34, "c")])),
        Record::Tagged(14, print),
        Record::Tagged(9, fields(&standard)),
        Record::Binary(4, thumb),
        Record::Tagged(9, fields(&incits)),
    ]
}

fn shortened(mut records: Vec<Record>) -> Vec<Record> {
    for record in &mut records {
        match record {
            Record::Binary(_, bytes) if bytes.len() > DATA_KEPT => {
                let raw = bytes[17] == 0;
                bytes.truncate(if raw { 18 + 100 } else { DATA_KEPT });
                if raw {
                    bytes[13..17].copy_from_slice(&[0, 10, 0, 10]);
                }
            }
            Record::Tagged(_, fields) => {
                let raw = fields.iter().any(|(number, value)| *number == 11 && value == b"NONE");
                for (number, value) in fields {
                    match *number {
                        6 | 7 if raw => *value = b"10".to_vec(),
                        DATA => value.truncate(if raw { 100 } else { DATA_KEPT }),
                        _ => {}
                    }
                }
            }
            Record::Binary(..) => {}
        }
    }
    records
}

/// A file of the corpus with some records or fields changed.
pub fn fields_mutated(random: &mut Random, corpus: &[Vec<Record>]) -> Vec<u8> {
    let mut records = random.pick(corpus).clone();
    loop {
        let at = random.below(records.len());
        match random.below(12) {
            0 if at > 0 => drop(records.remove(at)),
            1 if at > 0 => records.insert(at, records[at].clone()),
            2 => {
                let donor = random.pick(corpus);
                records.insert(at + 1, random.pick(donor).clone());
            }
            3 if at > 0 => {
                let other = 1 + random.below(records.len() - 1);
                records.swap(at, other);
            }
            _ => match &mut records[at] {
                Record::Binary(_, bytes) => mutations::change(random, bytes, &[]),
                Record::Tagged(kind, fields) => change_fields(random, kind, fields),
            },
        }
        if random.one_in(2) {
            return together(&records, !random.one_in(10));
        }
    }
}

fn change_fields(random: &mut Random, kind: &mut u8, fields: &mut Vec<(u16, Vec<u8>)>) {
    if fields.is_empty() {
        fields.push((2, b"00".to_vec()));
        return;
    }
    let at = random.below(fields.len());
    match random.below(12) {
        0 => drop(fields.remove(at)),
        1 => fields.insert(at, fields[at].clone()),
        2 => {
            let other = random.below(fields.len());
            fields.swap(at, other);
        }
        3 => fields[at].0 = *random.pick(&[1, 2, 3, 12, 13, 137, 300, 331, 994, DATA, 0, 1000, u16::MAX]),
        4 if random.one_in(4) => *kind = *random.pick(&[1, 2, 4, 9, 10, 13, 14, 15, 99]),
        5 | 6 => mutations::change(random, &mut fields[at].1, &[]),
        _ => {
            let mut text = fields[at].1.clone();
            change_item(random, &mut text);
            fields[at].1 = text;
        }
    }
}

/// An item or a subfield taken out, doubled, or changed to what a number, a date or a code may be.
fn change_item(random: &mut Random, value: &mut Vec<u8>) {
    const ITEMS: [&str; 22] = [
        "",
        "0",
        "1",
        "00",
        "01",
        "-1",
        "2",
        "9",
        "99",
        "100",
        "255",
        "256",
        "65536",
        "99999",
        "4294967296",
        "179",
        "359",
        "20241231",
        "NONE",
        "WSQ20",
        "XX",
        "S",
    ];
    let separator = *random.pick(&[0x1E, 0x1F]);
    let mut items: Vec<Vec<u8>> = value.split(|b| *b == separator).map(<[u8]>::to_vec).collect();
    let at = random.below(items.len());
    match random.below(4) {
        0 if items.len() > 1 => drop(items.remove(at)),
        1 => items.insert(at, items[at].clone()),
        _ => items[at] = random.pick(&ITEMS).as_bytes().to_vec(),
    }
    *value = items.join(&separator);
}

/// What the made file has: a test that changes it means something only if these are in it.
#[test]
fn the_made_transaction_has_prints_and_both_kinds_of_minutiae() {
    let file = File::decode(&together(&made(), true)).unwrap();
    let types: BTreeSet<u8> = file.impressions().unwrap().iter().map(|image| image.record_type).collect();
    assert_eq!(types, [4, 14].into());
    let numbers: Vec<usize> = file.minutiae().unwrap().iter().map(|set| set.minutiae.len()).collect();
    assert_eq!(numbers, [2, 2]);
}
