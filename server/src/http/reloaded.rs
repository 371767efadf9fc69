//! Something made of files that is made again when they change, so that certificates are replaced without a restart.

use core::fmt;
use std::path::PathBuf;
use std::time::{Duration, Instant, SystemTime};

use parking_lot::Mutex;

/// Makes it of its files.
type Load<T, E> = Box<dyn Fn() -> Result<T, E> + Send + Sync>;

/// What was made last, and of which state of the files.
pub struct Reloaded<T, E> {
    files: Vec<PathBuf>,
    every: Duration,
    load: Load<T, E>,
    last: Mutex<Last<T>>,
}

struct Last<T> {
    made: T,
    modified: Vec<Option<SystemTime>>,
    looked: Instant,
}

impl<T: Clone, E: fmt::Display> Reloaded<T, E> {
    /// Makes it, of these files; `every`: how often they are looked at, at most.
    ///
    /// # Errors
    /// It cannot be made.
    pub fn new(
        files: Vec<PathBuf>,
        every: Duration,
        load: impl Fn() -> Result<T, E> + Send + Sync + 'static,
    ) -> Result<Self, E> {
        // Before they are read: what is written meanwhile is seen the next time.
        let modified = modified(&files);
        let last = Last { made: load()?, modified, looked: Instant::now() };
        Ok(Self { files, every, load: Box::new(load), last: Mutex::new(last) })
    }

    /// What the files say now; where they cannot be used, what they said before.
    pub fn get(&self) -> T {
        let mut last = self.last.lock();
        if last.looked.elapsed() >= self.every {
            last.looked = Instant::now();
            let modified = modified(&self.files);
            if modified != last.modified {
                last.modified = modified;
                match (self.load)() {
                    Ok(made) => {
                        tracing::info!(files = ?self.files, "files of TLS have changed, and are in use");
                        last.made = made;
                    }
                    Err(error) => {
                        tracing::error!(%error, "files of TLS have changed, and cannot be used; those before them stay in use");
                    }
                }
            }
        }
        last.made.clone()
    }
}

/// A file that is not there has no time, and one that comes back has one again.
fn modified(files: &[PathBuf]) -> Vec<Option<SystemTime>> {
    files.iter().map(|file| fs_err::metadata(file).and_then(|file| file.modified()).ok()).collect()
}

impl<T, E> fmt::Debug for Reloaded<T, E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Reloaded").field("files", &self.files).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_cannot_be_made_leaves_what_was() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("number");
        let write = |text: &str, second: u64| {
            fs_err::write(&file, text).unwrap();
            let at = SystemTime::UNIX_EPOCH + Duration::from_secs(second);
            std::fs::File::options().write(true).open(&file).unwrap().set_modified(at).unwrap();
        };
        let reloaded = |every| {
            let of = file.clone();
            let load = move || fs_err::read_to_string(&of).unwrap_or_default().parse::<u32>();
            Reloaded::new(vec![file.clone()], every, load)
        };
        assert!(reloaded(Duration::ZERO).is_err());
        write("1", 10);
        let (each_time, hourly) =
            (reloaded(Duration::ZERO).unwrap(), reloaded(Duration::from_secs(3600)).unwrap());
        write("2", 10);
        assert_eq!(each_time.get(), 1, "not modified");
        write("2", 9);
        assert_eq!((each_time.get(), hourly.get()), (2, 1), "an older file is another one too");
        write("three", 11);
        assert_eq!(each_time.get(), 2);
        fs_err::remove_file(&file).unwrap();
        assert_eq!(each_time.get(), 2);
        write("4", 11);
        assert_eq!(each_time.get(), 4);
    }
}
