//! A directory on a real disk.
//!
//! Files stay open once used: a journal writes to one of them thousands of times. They are made for their owner's eyes only.

use std::collections::HashMap;
use std::io;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use fs_err::File;
use parking_lot::Mutex;

use super::Files;

/// Files that are kept open at once; beyond, all are closed and opened again as needed.
const OPEN_FILES_MAX: usize = 64;

/// One directory.
pub struct Disk {
    directory: PathBuf,
    open: Mutex<HashMap<String, Arc<File>>>,
}

impl Disk {
    /// Opens a directory, or makes it with its parents.
    pub fn new(directory: &Path) -> io::Result<Self> {
        use std::os::unix::fs::DirBuilderExt;
        std::fs::DirBuilder::new().recursive(true).mode(0o700).create(directory)?;
        Ok(Self { directory: directory.to_owned(), open: Mutex::default() })
    }

    fn file(&self, name: &str, create: bool) -> io::Result<Arc<File>> {
        let mut open = self.open.lock();
        if let Some(file) = open.get(name) {
            return Ok(file.clone());
        }
        if open.len() >= OPEN_FILES_MAX {
            open.clear();
        }
        let mut options = fs_err::OpenOptions::new();
        options.read(true).write(true).create(create).truncate(false);
        fs_err::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let file = Arc::new(options.open(self.directory.join(name))?);
        open.insert(name.to_owned(), file.clone());
        Ok(file)
    }
}

impl Files for Disk {
    fn list(&self) -> io::Result<Vec<String>> {
        let mut names = Vec::new();
        for entry in fs_err::read_dir(&self.directory)? {
            let entry = entry?;
            if entry.file_type()?.is_file() {
                names.extend(entry.file_name().into_string());
            }
        }
        names.sort();
        Ok(names)
    }

    fn len(&self, name: &str) -> io::Result<u64> {
        Ok(self.file(name, false)?.metadata()?.len())
    }

    fn read(&self, name: &str, offset: u64, length: usize) -> io::Result<Vec<u8>> {
        let mut bytes = vec![0; length];
        self.file(name, false)?.file().read_exact_at(&mut bytes, offset)?;
        Ok(bytes)
    }

    fn write(&self, name: &str, offset: u64, bytes: &[u8]) -> io::Result<()> {
        self.file(name, true)?.file().write_all_at(bytes, offset)
    }

    fn sync(&self, name: &str) -> io::Result<()> {
        // fdatasync: the content, and the length where it has changed; not the times.
        self.file(name, false)?.sync_data()
    }

    fn sync_directory(&self) -> io::Result<()> {
        File::open(&self.directory)?.sync_all()
    }

    fn rename(&self, from: &str, to: &str) -> io::Result<()> {
        let mut open = self.open.lock();
        open.remove(from);
        open.remove(to);
        fs_err::rename(self.directory.join(from), self.directory.join(to))
    }

    fn remove(&self, name: &str) -> io::Result<()> {
        // Held until it is gone: who opened it in between would keep it.
        let mut open = self.open.lock();
        open.remove(name);
        fs_err::remove_file(self.directory.join(name))
    }
}
