//! `whorl evaluate protocol`: writes the standard identification experiment for folders of prints.
//!
//! Enrolled is the first impression of each finger, or of each pair of fingers; the others are the probes. Public sets do not say
//! which finger of the hand theirs are: single ones are all called right index (2), of a pair the first is the right index and
//! the second the left (7), neighbours by number. Cards of NIST SD 14 stand in the gallery as strangers: ten records of
//! one finger each, or five pairs of a finger of each hand: the like ones, and in further pairings each right finger with the next left
//! ones, so that the gallery is as large as the data allow.

use std::collections::BTreeMap;
use std::path::PathBuf;

use clap::Args;
use whorl_datasets::corpus::{Sd14Print, sd14_cards};
use whorl_engine::minutia::FingerPosition;

use super::protocol::{Line, Role, write};
use super::set::Set;

/// Write the standard identification experiment for folders of prints, as a protocol for `identify`
///
/// Enrolled are the first impressions of <finger>_<impression>.<ext> and every distractor; probes are the other impressions.
#[derive(Args)]
#[command(after_help = "\
Example:
  whorl evaluate protocol --fvc FVC2002_DB1_B FVC2004_DB2_B --distractors NIST_SD14 --fingers 2 > two.csv
  whorl evaluate identify two.csv")]
pub struct Generate {
    /// Folders of <finger>_<impression>.<ext>
    #[arg(long, required = true, num_args = 1.., value_name = "DIR")]
    fvc: Vec<PathBuf>,
    /// Folder of NIST Special Database 14, with its manifest.csv
    #[arg(long, value_name = "DIR")]
    distractors: Option<PathBuf>,
    /// Fingers of a person; with 2, neighbours by number are one person
    #[arg(long, default_value = "1", value_parser = clap::value_parser!(u8).range(1..=2))]
    fingers: u8,
    /// With --fingers 2: left fingers that each right finger of a distractor's card is paired with, 1 to 5; a print is then in so many
    /// records
    #[arg(long, default_value = "1", value_name = "COUNT", value_parser = clap::value_parser!(u8).range(1..=5))]
    pairings: u8,
    /// Persons of each folder, the last ones, who are searched for and not enrolled
    #[arg(long, default_value = "0", value_name = "COUNT")]
    not_enrolled: usize,
}

impl Generate {
    /// Runs it.
    pub fn run(self) -> anyhow::Result<()> {
        let paired = self.fingers == 2 && self.distractors.is_some();
        anyhow::ensure!(self.pairings == 1 || paired, "--pairings needs --fingers 2 and --distractors");
        let positions = [2, 7].map(FingerPosition::try_from);
        let [Ok(right), Ok(left)] = positions else { anyhow::bail!("no index fingers") };
        let positions = &[right, left][..usize::from(self.fingers)];
        let mut lines = Vec::new();
        for folder in &self.fvc {
            let of_folder = of_set(&Set::read(folder)?, positions, self.not_enrolled);
            if self.not_enrolled > 0 && !of_folder.iter().any(|line| line.role == Role::Enrolled) {
                let (count, folder) = (self.not_enrolled, folder.display());
                let why = format!("--not-enrolled {count} leaves nobody of {folder} to be enrolled");
                return Err(crate::cli::used_wrongly(&why));
            }
            lines.extend(of_folder);
        }
        if let Some(folder) = &self.distractors {
            let prints = sd14_cards(folder)?;
            for card in prints.chunk_by(|a, b| a.card == b.card) {
                lines.extend(if self.fingers == 1 {
                    records(card, &[right], FingerPosition::COUNT, 1)
                } else {
                    records(card, positions, FingerPosition::COUNT / 2, usize::from(self.pairings))
                });
            }
        }
        write(&lines, std::io::stdout().lock())
    }
}

/// Persons by their fingers; of each, impressions of all fingers by number.
fn of_set(set: &Set, positions: &[FingerPosition], not_enrolled: usize) -> Vec<Line> {
    let mut fingers: BTreeMap<u32, BTreeMap<u32, &PathBuf>> = BTreeMap::new();
    for ((finger, impression), path) in set.files() {
        fingers.entry(finger).or_default().insert(impression, path);
    }
    let fingers: Vec<_> = fingers.into_iter().collect();
    // A finger without a neighbour is no pair.
    let persons: Vec<_> = fingers.chunks_exact(positions.len()).collect();
    let enrolled = persons.len().saturating_sub(not_enrolled);
    let mut lines = Vec::new();
    for (at, fingers) in persons.into_iter().enumerate() {
        let name = fingers.iter().map(|(finger, _)| finger.to_string()).collect::<Vec<_>>().join("+");
        let person = format!("{}/{name}", set.name());
        let whole =
            |impression: &&u32| fingers.iter().all(|(_, impressions)| impressions.contains_key(impression));
        for (nth, impression) in fingers[0].1.keys().filter(whole).enumerate() {
            let role = if nth == 0 && at < enrolled { Role::Enrolled } else { Role::Probe };
            lines.extend(fingers.iter().zip(positions).map(|((_, impressions), &position)| Line {
                role,
                record: format!("{person}_{impression}"),
                person: person.clone(),
                position,
                file: impressions[impression].clone(),
            }));
        }
    }
    lines
}

/// Records of a card: every finger, or each of the right hand with one of the left, in several pairings.
fn records(card: &[Sd14Print], positions: &[FingerPosition], of_a_hand: usize, pairings: usize) -> Vec<Line> {
    let print = |index: usize| card.iter().find(|print| print.position.index() == index);
    let mut lines = Vec::new();
    for (pairing, first) in
        (0..pairings).flat_map(|pairing| (0..of_a_hand).map(move |first| (pairing, first)))
    {
        let other = of_a_hand + (first + pairing) % of_a_hand;
        let hands = [first, other].into_iter().take(positions.len()).map(print);
        let Some(prints) = hands.collect::<Option<Vec<_>>>() else { continue };
        let name = format!("{}/{}", card[0].card, pairing * of_a_hand + first + 1);
        lines.extend(prints.into_iter().zip(positions).map(|(print, &position)| Line {
            role: Role::Enrolled,
            record: name.clone(),
            person: name.clone(),
            position,
            file: print.path.clone(),
        }));
    }
    lines
}
