//! Finds real prints on this machine and says what they are: the FVC sets and the ten-print cards of NIST SD 14.
//!
//! The data are too large, and too personal, for the repository. They are looked for in the folder named by `WHORL_DATA` (and
//! nowhere else where it is set), else in `shared/data` beside the checkout. Whoever needs them and gets `None` says so and
//! goes without.

use std::path::{Path, PathBuf};

use whorl_engine::extraction::{ImageFormat, Request};
use whorl_engine::minutia::FingerPosition;

/// A folder of public fingerprint data.
#[derive(Debug, Clone)]
pub struct Corpus {
    root: PathBuf,
}

/// One impression of an FVC set: `<finger>_<impression>.png`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct FvcPrint {
    /// Name of the set, which is that of its folder.
    pub set: String,
    /// Number of the finger within its set. The sets do not say which finger of the hand it is.
    pub finger: u32,
    /// Number of the impression, from 1.
    pub impression: u32,
    /// The image.
    pub path: PathBuf,
}

/// One rolled print of a ten-print card of NIST Special Database 14.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sd14Print {
    /// Name of the card: one person.
    pub card: String,
    /// Which finger.
    pub position: FingerPosition,
    /// The image.
    pub path: PathBuf,
}

/// Why a corpus that is there cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CorpusError {
    /// A folder or file cannot be read; the message names it.
    #[error(transparent)]
    Io(#[from] std::io::Error),
    /// An image of a set whose name is not `<finger>_<impression>.png`.
    #[error("{}: not named <finger>_<impression>.png", .0.display())]
    Name(PathBuf),
    /// A line of a manifest.
    #[error("{}, line {line}: {problem}", path.display())]
    Manifest {
        /// The manifest.
        path: PathBuf,
        /// Number of the line, from 1.
        line: usize,
        /// What is wrong with it.
        problem: String,
    },
}

/// How the images of the FVC sets are to be read. Their resolution is 500 ppi, or near it and not stated better.
pub const FVC_REQUEST: Request = Request { format: ImageFormat::Png, resolution_ppi: 500, segment: None };

/// How the images of NIST SD 14 are to be read.
pub const SD14_REQUEST: Request = Request { format: ImageFormat::Wsq, resolution_ppi: 500, segment: None };

const SD14: &str = "NIST_SD14";
const SD14_HEADER: &str = "file,card,finger,class,sex,scan_type,ppi,width,height,history";

impl Corpus {
    /// The folder that `WHORL_DATA` names, else `shared/data` beside `checkout`; `None` where there is no such folder.
    pub fn find(checkout: &Path) -> Option<Self> {
        let named = std::env::var_os("WHORL_DATA").map(PathBuf::from);
        let root = named.unwrap_or_else(|| checkout.join("../shared/data"));
        root.is_dir().then(|| Self::at(root))
    }

    /// The corpus in this folder.
    pub fn at(root: impl Into<PathBuf>) -> Self {
        Self { root: root.into() }
    }

    /// All impressions of all FVC sets, by set, finger and impression.
    pub fn fvc(&self) -> Result<Vec<FvcPrint>, CorpusError> {
        let mut prints = Vec::new();
        for folder in fs_err::read_dir(&self.root)? {
            let folder = folder?;
            let set = folder.file_name().to_string_lossy().into_owned();
            if set.starts_with("FVC") && folder.file_type()?.is_dir() {
                prints.extend(fvc_set(&set, &folder.path())?);
            }
        }
        prints.sort();
        Ok(prints)
    }

    /// All prints of NIST SD 14, in the order of its manifest: card by card, by finger. None where it is not there.
    pub fn sd14(&self) -> Result<Vec<Sd14Print>, CorpusError> {
        let folder = self.root.join(SD14);
        if !folder.is_dir() {
            return Ok(Vec::new());
        }
        sd14_cards(&folder)
    }
}

/// All prints in a folder of NIST SD 14, in the order of its manifest: card by card, by finger.
pub fn sd14_cards(folder: &Path) -> Result<Vec<Sd14Print>, CorpusError> {
    let path = folder.join("manifest.csv");
    sd14_manifest(&fs_err::read_to_string(&path)?, folder).map_err(|(line, problem)| CorpusError::Manifest {
        path,
        line,
        problem,
    })
}

fn fvc_set(set: &str, folder: &Path) -> Result<Vec<FvcPrint>, CorpusError> {
    let mut prints = Vec::new();
    for entry in fs_err::read_dir(folder)? {
        let path = entry?.path();
        if path.extension().is_none_or(|end| end != "png") {
            continue;
        }
        let numbers = path.file_stem().and_then(|stem| stem.to_str()?.split_once('_'));
        let numbers = numbers.and_then(|(f, i)| Some((f.parse().ok()?, i.parse().ok()?)));
        let Some((finger, impression)) = numbers else {
            return Err(CorpusError::Name(path));
        };
        let set = set.to_owned();
        prints.push(FvcPrint { set, finger, impression, path });
    }
    Ok(prints)
}

/// The lines of the manifest; an error is the number of its line and what is wrong.
fn sd14_manifest(text: &str, folder: &Path) -> Result<Vec<Sd14Print>, (usize, String)> {
    let mut lines = (1..).zip(text.lines());
    match lines.next() {
        Some((_, SD14_HEADER)) => {}
        _ => return Err((1, format!("must be `{SD14_HEADER}`"))),
    }
    lines.map(|(number, line)| sd14_line(line, folder).map_err(|problem| (number, problem))).collect()
}

fn sd14_line(line: &str, folder: &Path) -> Result<Sd14Print, String> {
    let fields: Vec<&str> = line.split(',').collect();
    let [file, card, finger, _, _, _, ppi, ..] = fields[..] else {
        return Err(format!("{} fields, 10 are needed", fields.len()));
    };
    if fields.len() != 10 {
        return Err(format!("{} fields, 10 are needed", fields.len()));
    }
    if !file.ends_with(".wsq") || file.contains('/') {
        return Err(format!("`{file}` is not the name of a WSQ file"));
    }
    if card.is_empty() {
        return Err("no card is named".into());
    }
    if ppi.parse() != Ok(SD14_REQUEST.resolution_ppi) {
        return Err(format!("`{ppi}` ppi, not {}", SD14_REQUEST.resolution_ppi));
    }
    let code: u8 = finger.parse().map_err(|_| format!("finger `{finger}` is not a number"))?;
    Ok(Sd14Print { card: card.to_owned(), position: FingerPosition::known(code)?, path: folder.join(file) })
}

#[cfg(test)]
mod tests {
    use super::*;

    const LINE: &str = "s1.wsq,n01,2,W,m,inked,500,832,768,history of s1";

    fn parse(lines: &[&str]) -> Result<Vec<Sd14Print>, (usize, String)> {
        sd14_manifest(&lines.join("\n"), Path::new("sd14"))
    }

    #[test]
    fn a_sound_manifest_is_read() {
        let prints = parse(&[SD14_HEADER, LINE]).unwrap();
        assert_eq!(prints[0].path, Path::new("sd14/s1.wsq"));
        assert_eq!((prints[0].card.as_str(), prints[0].position.code()), ("n01", 2));
        assert_eq!(parse(&[SD14_HEADER]), Ok(Vec::new()));
    }

    #[test]
    fn a_damaged_line_is_named_with_what_is_wrong() {
        let cases = [
            ("s1.wsq,n01", "2 fields"),
            ("s1.wsq,n01,2,W,m,inked,500,832,768", "9 fields"),
            ("../s1.wsq,n01,2,W,m,inked,500,832,768,h", "not the name"),
            ("s1.png,n01,2,W,m,inked,500,832,768,h", "not the name"),
            ("s1.wsq,,2,W,m,inked,500,832,768,h", "no card"),
            ("s1.wsq,n01,two,W,m,inked,500,832,768,h", "not a number"),
            ("s1.wsq,n01,11,W,m,inked,500,832,768,h", "finger position 11"),
            ("s1.wsq,n01,2,W,m,inked,1000,832,768,h", "`1000` ppi"),
            ("", "1 fields"),
        ];
        for (damaged, problem) in cases {
            let (line, message) = parse(&[SD14_HEADER, LINE, damaged, LINE]).unwrap_err();
            assert!(line == 3 && message.contains(problem), "line {line}: {message}");
        }
        assert_eq!(parse(&[LINE]).unwrap_err().0, 1, "no header");
        assert_eq!(parse(&[]).unwrap_err().0, 1);
    }

    #[test]
    fn the_real_sets_are_whole_where_they_are() {
        let Some(corpus) = Corpus::find(Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/.."))) else {
            println!("SKIPPED: real data not found (set WHORL_DATA)");
            return;
        };
        let fvc = corpus.fvc().unwrap();
        for set in fvc.chunk_by(|a, b| a.set == b.set) {
            assert_eq!(set.len(), 80, "{}: 10 fingers x 8 impressions", set[0].set);
        }
        let cards = corpus.sd14().unwrap();
        for card in cards.chunk_by(|a, b| a.card == b.card) {
            assert!(card.iter().map(|p| p.position).eq(FingerPosition::all()), "{}", card[0].card);
        }
    }
}
