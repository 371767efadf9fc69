//! What there is to send: a file of lines; or ANSI/NIST-ITL files, alone, in a folder or in a zip archive, as lines of an import.

use std::io::{self, BufRead, BufReader, Read, Seek};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::Context;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use parking_lot::Mutex;
use zip::ZipArchive;
use zip::read::ZipFile;

use super::say;
use crate::cli::used_wrongly;
use crate::http::BODY_BYTES_MAX;

/// How files of ANSI/NIST-ITL are called.
const EXTENSIONS: [&str; 7] = ["an2", "an2k", "eft", "ebts", "nist", "nst", "itl"];
/// Before and behind a file, in its line.
const LINE: [&str; 2] = ["{\"ansi_nist_itl\":\"", "\"}\n"];

/// What is sent, as lines.
pub struct Source {
    /// The lines.
    pub lines: Box<dyn BufRead>,
    /// How long they are, where that is known. Unit: bytes.
    pub bytes: Option<u64>,
    /// Files by line, as far as they were read; none of a file of lines.
    pub names: Names,
    /// Files beside them that are not sent.
    pub passed_over: usize,
}

/// Names of the files that were read so far: the first is that of line 1.
#[derive(Clone, Default)]
pub struct Names(Arc<Mutex<Vec<String>>>);

impl Names {
    /// Of a line, from 1 on.
    pub fn of(&self, line: usize) -> Option<String> {
        self.0.lock().get(line.checked_sub(1)?).cloned()
    }
}

/// Opens what a path names; - is standard input.
///
/// # Errors
/// What cannot be read; a folder or an archive in which there is nothing to send.
pub fn open(path: &Path) -> anyhow::Result<Source> {
    if path == Path::new("-") {
        let lines = Box::new(io::stdin().lock());
        return Ok(Source { lines, bytes: None, names: Names::default(), passed_over: 0 });
    }
    let metadata = fs_err::metadata(path)?;
    if metadata.is_dir() {
        return of_folder(path);
    }
    match extension(path).as_str() {
        "zip" => of_archive(path),
        known if EXTENSIONS.contains(&known) => {
            Ok(of_files(vec![path.to_owned()], line_bytes(metadata.len()), 0))
        }
        _ => {
            let lines = Box::new(BufReader::new(fs_err::File::open(path)?));
            Ok(Source { lines, bytes: Some(metadata.len()), names: Names::default(), passed_over: 0 })
        }
    }
}

fn extension(path: &Path) -> String {
    path.extension().unwrap_or_default().to_string_lossy().to_ascii_lowercase()
}

/// All files below a folder, by name: the same folder gives the same lines.
fn of_folder(folder: &Path) -> anyhow::Result<Source> {
    let (mut folders, mut files, mut bytes, mut passed_over) = (vec![folder.to_owned()], Vec::new(), 0, 0);
    while let Some(folder) = folders.pop() {
        for entry in fs_err::read_dir(&folder)? {
            let (kind, path) = entry.and_then(|entry| Ok((entry.file_type()?, entry.path())))?;
            // A link may lead to where nobody meant to send from, or in a circle.
            if kind.is_symlink() {
                passed_over += 1;
                continue;
            }
            let metadata = fs_err::metadata(&path)?;
            if metadata.is_dir() {
                folders.push(path);
            } else if EXTENSIONS.contains(&extension(&path).as_str()) {
                bytes += line_bytes(metadata.len());
                files.push(path);
            } else {
                passed_over += 1;
            }
        }
    }
    if files.is_empty() {
        return Err(nothing(folder));
    }
    files.sort_unstable();
    Ok(of_files(files, bytes, passed_over))
}

fn nothing(path: &Path) -> anyhow::Error {
    used_wrongly(&format!(
        "there is no file to send in {}: none ends with .{}",
        path.display(),
        EXTENSIONS.join(", .")
    ))
}

fn of_files(files: Vec<PathBuf>, bytes: u64, passed_over: usize) -> Source {
    let read = |path: PathBuf| (path.display().to_string(), fs_err::File::open(&path).and_then(whole));
    source(files.into_iter().map(read), bytes, passed_over)
}

/// All files in an archive, in its order; each is unpacked when its turn comes, and no further than a request may be long.
fn of_archive(path: &Path) -> anyhow::Result<Source> {
    let mut archive = ZipArchive::new(BufReader::new(fs_err::File::open(path)?))
        .with_context(|| path.display().to_string())?;
    // Of two entries of one name the library knows one: the other would be lost without a word.
    if entries(path)?.is_some_and(|entries| entries != archive.len()) {
        return Err(used_wrongly(&format!(
            "two files in {} have one name: unpack it, and send the folder",
            path.display()
        )));
    }
    let (mut places, mut bytes, mut passed_over) = (Vec::new(), 0, 0);
    for place in 0..archive.len() {
        let entry = archive.by_index_raw(place).with_context(|| path.display().to_string())?;
        let name = name_of(&entry)?;
        if EXTENSIONS.contains(&extension(Path::new(&name)).as_str()) && entry.is_file() {
            bytes = line_bytes(entry.size()).saturating_add(bytes);
            places.push((place, name));
        } else {
            passed_over += usize::from(entry.is_file());
        }
    }
    if places.is_empty() {
        return Err(nothing(path));
    }
    let read = move |(place, name)| {
        let bytes = archive.by_index(place).map_err(io::Error::other).and_then(whole);
        (name, bytes)
    };
    Ok(source(places.into_iter().map(read), bytes, passed_over))
}

/// How many entries an archive says that it has, in its last record; `None` where they are too many for its field.
fn entries(path: &Path) -> anyhow::Result<Option<usize>> {
    const RECORD: &[u8] = b"PK\x05\x06";
    let mut file = fs_err::File::open(path)?;
    let length = file.metadata()?.len();
    // The record has 22 bytes, and a comment of 65 535 at most behind it.
    file.seek(io::SeekFrom::Start(length.saturating_sub(22 + 0xFFFF)))?;
    let mut end = Vec::new();
    file.read_to_end(&mut end)?;
    let at = end.windows(RECORD.len()).rposition(|window| window == RECORD);
    let count = at.and_then(|at| Some(u16::from_le_bytes(*end.get(at + 10..)?.first_chunk()?)));
    Ok(count.filter(|count| *count != u16::MAX).map(usize::from))
}

fn name_of(entry: &ZipFile<'_, impl Read>) -> io::Result<String> {
    Ok(entry.name().map_err(io::Error::other)?.into_owned())
}

/// One byte more than can be sent says as much as all of them.
fn whole(file: impl Read) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    file.take(BODY_BYTES_MAX as u64 + 1).read_to_end(&mut bytes)?;
    Ok(bytes)
}

fn line_bytes(file_bytes: u64) -> u64 {
    let around: usize = LINE.iter().map(|part| part.len()).sum();
    // What an archive says of itself may be anything.
    file_bytes.div_ceil(3).saturating_mul(4).saturating_add(around as u64)
}

fn source(
    files: impl Iterator<Item = (String, io::Result<Vec<u8>>)> + 'static,
    bytes: u64,
    passed_over: usize,
) -> Source {
    let names = Names::default();
    let lines = Lines { files, names: names.clone(), line: io::Cursor::default() };
    Source { lines: Box::new(BufReader::new(lines)), bytes: Some(bytes), names, passed_over }
}

/// Files as lines, one in memory at a time.
struct Lines<I> {
    files: I,
    names: Names,
    line: io::Cursor<Vec<u8>>,
}

impl<I: Iterator<Item = (String, io::Result<Vec<u8>>)>> Read for Lines<I> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        loop {
            let read = self.line.read(into)?;
            if read > 0 || into.is_empty() {
                return Ok(read);
            }
            let Some(file) = self.files.next() else { return Ok(0) };
            let (name, bytes) = file;
            // One that cannot be read is a line without a file, which is refused by its name, and stops no other.
            let bytes = bytes.unwrap_or_else(|error| {
                say(&format!("{}: {error}", name.escape_debug()));
                Vec::new()
            });
            self.names.0.lock().push(name);
            self.line = io::Cursor::new([LINE[0], &STANDARD.encode(bytes), LINE[1]].concat().into_bytes());
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    fn lines(path: &Path) -> (Vec<String>, Source) {
        let mut source = open(path).unwrap();
        let mut text = String::new();
        source.lines.read_to_string(&mut text).unwrap();
        if let Some(bytes) = source.bytes {
            assert_eq!(bytes, text.len() as u64);
        }
        (text.lines().map(str::to_owned).collect(), source)
    }

    #[test]
    fn files_of_a_folder_and_of_an_archive_are_lines_in_an_order_of_their_own() {
        let folder = tempfile::tempdir().unwrap();
        let below = folder.path().join("b");
        fs_err::create_dir(&below).unwrap();
        fs_err::write(below.join("2.eft"), b"two").unwrap();
        fs_err::write(folder.path().join("c.AN2"), b"three!").unwrap();
        fs_err::write(folder.path().join("a.an2"), b"").unwrap();
        fs_err::write(folder.path().join("readme.txt"), b"no").unwrap();
        let expected =
            [r#"{"ansi_nist_itl":""}"#, r#"{"ansi_nist_itl":"dHdv"}"#, r#"{"ansi_nist_itl":"dGhyZWUh"}"#];
        let (read, source) = lines(folder.path());
        assert_eq!((read.as_slice(), source.passed_over), (&expected.map(str::to_owned)[..], 1));
        assert!(source.names.of(3).unwrap().ends_with("c.AN2"));
        assert_eq!((source.names.of(0), source.names.of(4)), (None, None));

        let archive = folder.path().join("x.zip");
        let mut zip = zip::ZipWriter::new(fs_err::File::create(&archive).unwrap());
        for (name, bytes) in
            [("z/1.an2", &b""[..]), ("z/2.nist", b"two"), ("z/note.md", b"no"), ("3.itl", b"three!")]
        {
            zip.start_file(name, zip::write::SimpleFileOptions::default()).unwrap();
            zip.write_all(bytes).unwrap();
        }
        zip.finish().unwrap();
        let (read, source) = lines(&archive);
        assert_eq!((read.as_slice(), source.passed_over), (&expected.map(str::to_owned)[..], 1));
        assert_eq!(source.names.of(2).as_deref(), Some("z/2.nist"));
        assert_eq!(lines(&folder.path().join("c.AN2")).0, [expected[2]]);
    }

    #[test]
    fn where_there_is_nothing_to_send_it_is_said() {
        let folder = tempfile::tempdir().unwrap();
        fs_err::write(folder.path().join("readme.txt"), b"no").unwrap();
        assert!(open(folder.path()).is_err());
        let archive = folder.path().join("x.zip");
        fs_err::write(&archive, b"no archive").unwrap();
        assert!(open(&archive).is_err());
    }
}
