//! `whorl generate`: prints of people who do not exist, for measuring at scale and for tests without data.
//!
//! Two layouts. A stream of JSON lines is what a million people fit in: one file, read as it is written, each line complete in
//! itself. A folder of `<finger>_<impression>` files is what `whorl evaluate` and the tools of others read, and no file
//! system likes ten million of them. Blocks of people are made on all cores and written in order, so the bytes are the same
//! whatever the machine.

use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};
use std::str::FromStr;

use anyhow::{Context, ensure};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use clap::{Args, ValueEnum};
use rayon::prelude::*;
use serde_json::json;
use whorl_datasets::population::{Person, Population, Sensor, Skin};
use whorl_engine::interchange::iso_19794_2_2005::{RESOLUTION_500_PPI, Record, View};
use whorl_engine::minutia::{FingerPosition, Minutia};

use super::evaluate::progress;

/// Generate prints of synthetic people
///
/// Person N of a seed is the same on every machine, however many are generated. As JSON lines, each print is
/// {"person", "position", "impression", "pattern", "record"}: the record is an ISO/IEC 19794-2:2005 minutiae record in
/// base64; with --images, "image" is in its place, a PNG. In a folder, it is the file <finger>_<impression>.fmr or .png,
/// where the finger's number is 10 times the person's plus its position less 1. A manifest beside either says how it was
/// made. Synthetic strangers match less often than real ones do: read docs/src/population.md before you quote a figure.
#[derive(Args)]
#[command(after_help = "\
Examples:
  whorl generate --people 1000000 --seed 1 --output people.ndjson
  whorl generate --people 100 --seed 1 --fingers 2,7 --impressions 8 --layout fvc --output generated
  whorl generate --people 10 --seed 1 --images --layout fvc --output images
  whorl generate --people 3 --seed 1 --output - | jq -r 'select(.position == 2) | .record' | head -1 | base64 -d")]
pub struct Generate {
    /// How many people
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..=100_000_000))]
    people: u64,
    /// Which population
    #[arg(long, value_name = "S")]
    seed: u64,
    /// Number of the first person
    #[arg(long, value_name = "I", default_value = "0", value_parser = clap::value_parser!(u64).range(..=100_000_000))]
    first: u64,
    /// Which fingers, 1 (right thumb) to 10 (left little), or all
    #[arg(long, value_name = "POSITIONS", default_value = "all")]
    fingers: Fingers,
    /// How many impressions of each finger
    #[arg(long, value_name = "M", default_value = "1", value_parser = clap::value_parser!(u32).range(1..=1000))]
    impressions: u32,
    /// What the fingers are put on
    #[arg(long, value_enum, default_value = "plain")]
    sensor: SensorName,
    /// Ridge images (PNG at 500 ppi) instead of minutiae records: thousands of times slower
    #[arg(long)]
    images: bool,
    /// How the prints are written
    #[arg(long, value_enum, default_value = "lines")]
    layout: Layout,
    /// File of the lines, - for standard output; or folder of the files. One that is there must be empty
    #[arg(long, value_name = "PATH")]
    output: PathBuf,
}

/// Finger positions, each once, ascending.
#[derive(Clone)]
struct Fingers(Vec<FingerPosition>);

impl FromStr for Fingers {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if text == "all" {
            return Ok(Self(FingerPosition::all().collect()));
        }
        let position = |part: &str| {
            let code: u8 = part.parse().map_err(|_| format!("`{part}` is not a finger position"))?;
            FingerPosition::known(code)
        };
        let mut positions = text.split(',').map(position).collect::<Result<Vec<_>, _>>()?;
        positions.sort_unstable();
        positions.dedup();
        Ok(Self(positions))
    }
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum SensorName {
    /// A plain touch on a sensor of 16 x 19 mm
    Plain,
    /// A plain touch on a sensor of 20 x 24 mm
    Large,
    /// Rolled from nail to nail
    Rolled,
}

impl SensorName {
    fn sensor(self) -> Sensor {
        match self {
            Self::Plain => Sensor::PLAIN,
            Self::Large => Sensor::LARGE,
            Self::Rolled => Sensor::ROLLED,
        }
    }
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Layout {
    /// JSON lines in one file
    Lines,
    /// A folder of files <finger>_<impression>.fmr, or .png
    Fvc,
}

/// Records, and images, made at a time before they are written: some ten megabytes, but all of one person at least.
const BLOCK_PRINTS: [u64; 2] = [20_480, 160];

impl Generate {
    /// Runs it.
    pub fn run(self) -> anyhow::Result<()> {
        let mut writer = Writer::open(self.layout, &self.output)?;
        writer.manifest(&self.output, &self.provenance())?;
        let bar = progress("people", usize::try_from(self.people)?);
        let end = self.first + self.people;
        let of_a_person = self.fingers.0.len() as u64 * u64::from(self.impressions);
        let size = (BLOCK_PRINTS[usize::from(self.images)] / of_a_person).max(1);
        for start in (self.first..end).step_by(usize::try_from(size)?) {
            let block = start..end.min(start + size);
            let fingers = block.clone().into_par_iter().flat_map(|number| {
                let person = Population::new(self.seed).person(number);
                let finger = |position: &FingerPosition| self.finger(&person, number, *position);
                self.fingers.0.par_iter().map(finger).collect::<Vec<_>>()
            });
            for print in fingers.collect::<anyhow::Result<Vec<_>>>()?.iter().flatten() {
                writer.write(print)?;
            }
            bar.inc(block.end - block.start);
        }
        bar.finish_and_clear();
        writer.finish()
    }

    fn provenance(&self) -> serde_json::Value {
        let fingers: Vec<_> = self.fingers.0.iter().map(|finger| finger.code()).collect();
        let sensor = self.sensor.to_possible_value();
        json!({
            "population": Population::VERSION,
            "seed": self.seed,
            "first_person": self.first,
            "people": self.people,
            "fingers": fingers,
            "impressions": self.impressions,
            "images": self.images,
            "sensor": sensor.map(|name| name.get_name().to_owned()),
            "warning": "Synthetic strangers match less often than real ones do: figures measured on these understate false positives.",
        })
    }

    /// All prints of a finger, by impression.
    fn finger(&self, person: &Person, number: u64, position: FingerPosition) -> anyhow::Result<Vec<Print>> {
        let finger = person.finger(position);
        let (sensor, pattern) = (self.sensor.sensor(), finger.pattern().name());
        let of = |impression, bytes| self.print((number, position, impression), pattern, bytes);
        if self.images {
            let skin = Skin::new(finger, &sensor);
            return (1..=self.impressions)
                .map(|impression| Ok(of(impression, skin.image(impression).to_png()?)))
                .collect();
        }
        let rolled = self.sensor == SensorName::Rolled;
        let encoded = |impression| {
            let minutiae = finger.impression(impression, &sensor);
            Ok(of(impression, record(minutiae, position, &sensor, rolled).encode()?))
        };
        (1..=self.impressions).map(encoded).collect()
    }

    /// A print as it is written: its record or image under its file's name, or a line.
    fn print(
        &self,
        (person, position, impression): (u64, FingerPosition, u32),
        pattern: &str,
        bytes: Vec<u8>,
    ) -> Print {
        let number = person * FingerPosition::COUNT as u64 + position.index() as u64;
        let (field, extension) = if self.images { ("image", "png") } else { ("record", "fmr") };
        match self.layout {
            Layout::Fvc => Print { name: format!("{number}_{impression}.{extension}"), bytes },
            Layout::Lines => {
                let line = json!({
                    "person": person,
                    "position": position,
                    "impression": impression,
                    "pattern": pattern,
                    field: BASE64.encode(bytes),
                });
                Print { name: String::new(), bytes: format!("{line}\n").into_bytes() }
            }
        }
    }
}

fn record(minutiae: Vec<Minutia>, position: FingerPosition, sensor: &Sensor, rolled: bool) -> Record {
    let total: usize = minutiae.iter().map(|minutia| usize::from(minutia.quality)).sum();
    let quality = u8::try_from(total / minutiae.len().max(1)).unwrap_or(100);
    let view = View {
        position: position.code(),
        number: 0,
        impression: rolled.into(),
        quality,
        minutiae,
        extended: Vec::new(),
    };
    Record {
        certification: 0,
        device_type: 0,
        width: sensor.width,
        height: sensor.height,
        resolution_x: RESOLUTION_500_PPI,
        resolution_y: RESOLUTION_500_PPI,
        views: vec![view],
    }
}

/// What is written for one print: a file of this name in a folder, or a line.
struct Print {
    name: String,
    bytes: Vec<u8>,
}

/// Where prints go.
enum Writer {
    Lines(Box<dyn Write>),
    Folder(PathBuf),
}

impl Writer {
    /// Opens what is not there yet, or is empty.
    fn open(layout: Layout, output: &Path) -> anyhow::Result<Self> {
        let standard = output == Path::new("-");
        if layout == Layout::Fvc {
            if standard {
                let why = "a folder of files cannot be written to standard output; use --layout lines";
                return Err(super::used_wrongly(why));
            }
            fs_err::create_dir_all(output)?;
            let empty = fs_err::read_dir(output)?.next().is_none();
            ensure!(empty, "{} is not empty; nothing was changed", output.display());
            return Ok(Self::Folder(output.to_owned()));
        }
        if standard {
            return Ok(Self::Lines(Box::new(std::io::stdout().lock())));
        }
        let taken = fs_err::metadata(output).is_ok_and(|file| !file.is_file() || file.len() > 0);
        ensure!(!taken, "{} is there already, and is not empty; nothing was changed", output.display());
        Ok(Self::Lines(Box::new(BufWriter::new(fs_err::File::create(output)?))))
    }

    /// Writes how the prints are made: in the folder, or beside the file. Nowhere for standard output.
    fn manifest(&self, output: &Path, provenance: &serde_json::Value) -> anyhow::Result<()> {
        let path = match self {
            Self::Folder(folder) => folder.join("manifest.json"),
            Self::Lines(_) if output == Path::new("-") => return Ok(()),
            Self::Lines(_) => {
                let mut name = output.as_os_str().to_owned();
                name.push(".manifest.json");
                name.into()
            }
        };
        Ok(fs_err::write(path, format!("{provenance:#}\n"))?)
    }

    fn write(&mut self, print: &Print) -> anyhow::Result<()> {
        match self {
            Self::Lines(lines) => lines.write_all(&print.bytes).context("the lines cannot be written"),
            Self::Folder(folder) => Ok(fs_err::write(folder.join(&print.name), &print.bytes)?),
        }
    }

    fn finish(self) -> anyhow::Result<()> {
        match self {
            Self::Lines(mut lines) => lines.flush().context("the lines cannot be written"),
            Self::Folder(_) => Ok(()),
        }
    }
}
