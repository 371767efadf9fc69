//! The protocol of an identification experiment, as a CSV file: who is enrolled with which prints, and who is searched for.
//!
//! *Why CSV:* a team has its list in a spreadsheet or makes it by a script, and a line a print is what both do best. Paths are
//! relative to the directory in which the command runs, as on any command line.

use std::collections::BTreeMap;
use std::io::{Read, Write};
use std::path::PathBuf;

use anyhow::{Context, bail, ensure};
use serde::{Deserialize, Serialize};
use whorl_engine::minutia::FingerPosition;

/// Whether a record is searched, or searched for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// In the gallery.
    Enrolled,
    /// A search.
    Probe,
}

/// One line: one print of a record.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Line {
    /// What the record is for.
    pub role: Role,
    /// Name of the record; lines with the same role and record are one set of prints.
    pub record: String,
    /// Whose it is. A probe whose person is enrolled nowhere is a search of a stranger.
    pub person: String,
    /// Finger 1 (right thumb) to 10 (left little); only like fingers are compared.
    pub position: FingerPosition,
    /// Image or minutiae.
    pub file: PathBuf,
}

/// One set of prints.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Record {
    /// Name.
    pub name: String,
    /// Whose.
    pub person: String,
    /// By position.
    pub prints: BTreeMap<FingerPosition, PathBuf>,
}

/// A whole experiment; records by name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Protocol {
    /// The gallery.
    pub enrolled: Vec<Record>,
    /// The searches.
    pub probes: Vec<Record>,
}

impl Protocol {
    /// Reads it; an error names the line.
    pub fn read(from: impl Read) -> anyhow::Result<Self> {
        let mut records: BTreeMap<(Role, String), Record> = BTreeMap::new();
        let mut reader = csv::ReaderBuilder::new().trim(csv::Trim::All).from_reader(from);
        for line in reader.deserialize() {
            let Line { role, record: name, person, position, file } = line?;
            let record = records.entry((role, name.clone())).or_insert_with(|| Record {
                name: name.clone(),
                person: person.clone(),
                prints: BTreeMap::new(),
            });
            ensure!(record.person == person, "record {name} is of {} and of {person}", record.person);
            ensure!(
                position.is_known(),
                "record {name}: like fingers are compared, so position 0 (unknown) is of no use"
            );
            if record.prints.insert(position, file).is_some() {
                bail!("record {name} has finger {} twice", position.code());
            }
        }
        let (enrolled, probes): (Vec<_>, Vec<_>) =
            records.into_iter().partition(|((role, _), _)| *role == Role::Enrolled);
        let values = |records: Vec<((Role, String), Record)>| records.into_iter().map(|(_, r)| r).collect();
        let protocol = Self { enrolled: values(enrolled), probes: values(probes) };
        ensure!(!protocol.enrolled.is_empty(), "nobody is enrolled");
        let person_enrolled = |probe: &Record| protocol.enrolled.iter().any(|r| r.person == probe.person);
        ensure!(protocol.probes.iter().any(person_enrolled), "no probe is of a person who is enrolled");
        Ok(protocol)
    }
}

/// Writes lines, with a heading.
pub fn write(lines: &[Line], to: impl Write) -> anyhow::Result<()> {
    let mut writer = csv::Writer::from_writer(to);
    for line in lines {
        writer.serialize(line)?;
    }
    writer.flush().context("the protocol could not be written")
}

#[cfg(test)]
mod tests {
    use super::*;

    const SMALL: &str = "role,record,person,position,file\n\
        enrolled,a1,a,2,a_2.png\n enrolled , a1, a, 7,\"a, 7.png\"\nenrolled,b1,b,2,b.png\nprobe,a2,a,2,c.png\nprobe,x,,2,d.png\n";

    #[test]
    fn lines_of_one_record_are_one_set_of_prints() {
        let protocol = Protocol::read(SMALL.as_bytes()).unwrap();
        assert_eq!((protocol.enrolled.len(), protocol.probes.len()), (2, 2));
        let prints: Vec<_> = protocol.enrolled[0].prints.values().collect();
        assert_eq!(prints, ["a_2.png", "a, 7.png"].map(PathBuf::from).iter().collect::<Vec<_>>());
        assert_eq!(protocol.probes[1].person, "", "a stranger needs no name");
    }

    #[test]
    fn a_wrong_line_is_named() {
        for (line, problem) in [
            ("enrolled,a1,a,2,z.png", "finger 2 twice"),
            ("enrolled,a1,b,3,z.png", "is of a and of b"),
            ("enrolled,c,c,11,z.png", "finger position 11"),
            ("enrolled,c,c,0,z.png", "position 0"),
            ("gallery,c,c,1,z.png", "gallery"),
            ("enrolled,c,c", "line: 7"),
        ] {
            let error = Protocol::read(format!("{SMALL}{line}\n").as_bytes()).unwrap_err();
            assert!(format!("{error:#}").contains(problem), "{error:#}");
        }
        let strangers = SMALL.replace("probe,a2,a,", "probe,a2,z,");
        assert!(Protocol::read(strangers.as_bytes()).is_err(), "without mates there is nothing to find");
    }

    #[test]
    fn what_is_written_is_read_back() {
        let position = FingerPosition::try_from(2).unwrap();
        let line = |role, record: &str| Line {
            role,
            record: record.into(),
            person: "p, q".into(),
            position,
            file: format!("{record}.png").into(),
        };
        let mut bytes = Vec::new();
        write(&[line(Role::Enrolled, "one"), line(Role::Probe, "two")], &mut bytes).unwrap();
        let protocol = Protocol::read(&bytes[..]).unwrap();
        assert_eq!((protocol.enrolled[0].name.as_str(), protocol.probes[0].person.as_str()), ("one", "p, q"));
    }
}
