//! A folder of `<finger>_<impression>.<ext>`: one set of the FVC kind.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use anyhow::{Context, bail, ensure};

use super::samples::{KINDS, is_readable};

/// The files of a folder, by finger and impression.
pub struct Set {
    name: String,
    files: BTreeMap<(u32, u32), PathBuf>,
}

impl Set {
    /// Looks through a folder. Files of other kinds are passed over.
    pub fn read(folder: &Path) -> anyhow::Result<Self> {
        let mut files = BTreeMap::new();
        for entry in fs_err::read_dir(folder)? {
            let path = entry?.path();
            if !path.is_file() || !is_readable(&path) {
                continue;
            }
            let Some(numbers) = numbers(&path) else {
                bail!("{}: not named <finger>_<impression>.<ext>", path.display());
            };
            if let Some(other) = files.insert(numbers, path.clone()) {
                bail!("{} and {}: the same impression twice", other.display(), path.display());
            }
        }
        let shown = folder.display();
        ensure!(!files.is_empty(), "{shown}: no file <finger>_<impression>.<ext>; read are {KINDS}");
        let name = fs_err::canonicalize(folder)?;
        let name = name.file_name().context("the root directory is no set")?.to_string_lossy().into_owned();
        let set = Self { name, files };
        let fingers = set.fingers();
        ensure!(fingers.last() != Some(&0), "{shown}: one finger only, so there are no impostors");
        ensure!(
            !fingers.is_sorted_by(|a, b| a < b),
            "{shown}: one impression a finger, so there are no mates"
        );
        Ok(set)
    }

    /// Name of the folder.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Finger and impression by their own numbers, with the file; in that order.
    pub fn files(&self) -> impl Iterator<Item = ((u32, u32), &PathBuf)> {
        self.files.iter().map(|(numbers, path)| (*numbers, path))
    }

    /// The finger of each file, numbered from 0 without gaps.
    pub fn fingers(&self) -> Vec<u32> {
        let mut numbered = Vec::new();
        let mut previous = None;
        for (finger, _) in self.files.keys() {
            let at = numbered.last().map_or(0, |last| last + u32::from(previous != Some(finger)));
            numbered.push(at);
            previous = Some(finger);
        }
        numbered
    }
}

/// `<finger>_<impression>` of a file's name.
fn numbers(path: &Path) -> Option<(u32, u32)> {
    let (finger, impression) = path.file_stem()?.to_str()?.split_once('_')?;
    Some((finger.parse().ok()?, impression.parse().ok()?))
}
