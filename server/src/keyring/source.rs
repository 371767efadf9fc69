//! Where the wrapping key comes from: a file, an environment variable, or a program that asks a KMS or an HSM.
//!
//! *Why no other way.* A key in a configuration file or on a command line is in backups and in the list of processes.
//! A program serves every vault there is, and none of them has to be linked into the server.

use std::io::Read;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc;
use std::time::{Duration, Instant};

use zeroize::Zeroizing;

use super::{WrappingError, WrappingKey};

/// More than any way to write a key, and a bound on what a wrong file or program costs. Unit: bytes.
const LENGTH_MAX: usize = 1024;
/// How long a program may take to say the key.
const COMMAND_TIME_MAX: Duration = Duration::from_secs(30);
/// How often a program that has said all is asked whether it has ended.
const COMMAND_POLL: Duration = Duration::from_millis(10);

/// Where the wrapping key is read from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum WrappingSource {
    /// A file that only its owner may read: hexadecimal, base64 or 32 raw bytes.
    File(PathBuf),
    /// The name of an environment variable: hexadecimal or base64.
    Environment(String),
    /// A program and its arguments, run without a shell; it writes the key to standard output, hexadecimal or base64.
    Command(Vec<String>),
}

impl WrappingSource {
    /// Reads the key. May take as long as a program takes, 30 seconds at most.
    pub fn read(&self) -> Result<WrappingKey, WrappingError> {
        match self {
            Self::File(path) => from_file(path),
            Self::Environment(name) => {
                let value = std::env::var_os(name).ok_or_else(|| WrappingError::Unset(name.clone()))?;
                WrappingKey::parse(&Zeroizing::new(value.into_encoded_bytes()))
            }
            Self::Command(words) => WrappingKey::parse(&output(words, Instant::now() + COMMAND_TIME_MAX)?),
        }
    }
}

fn from_file(path: &Path) -> Result<WrappingKey, WrappingError> {
    let file = fs_err::File::open(path)?;
    // Of the file that is open, not of whatever has the name by now.
    let mode = file.metadata()?.mode() & 0o7777;
    if mode & 0o077 != 0 {
        return Err(WrappingError::Permissions { path: path.to_owned(), mode });
    }
    WrappingKey::parse_raw_or_text(&bounded(file)?)
}

/// Everything there is to read, refused where it is too long for a key.
fn bounded(mut from: impl Read) -> Result<Zeroizing<Vec<u8>>, WrappingError> {
    let mut bytes = Zeroizing::new(vec![0; LENGTH_MAX + 1]);
    let mut length = 0;
    while length < bytes.len() {
        match from.read(&mut bytes[length..]) {
            Ok(0) => break,
            Ok(more) => length += more,
            Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error.into()),
        }
    }
    if length > LENGTH_MAX {
        return Err(WrappingError::Malformed);
    }
    bytes.truncate(length);
    Ok(bytes)
}

/// What a program writes to its standard output. Its standard error is ours, so that an operator sees why it failed.
fn output(words: &[String], deadline: Instant) -> Result<Zeroizing<Vec<u8>>, WrappingError> {
    let (program, arguments) = words.split_first().ok_or(WrappingError::Malformed)?;
    let mut command = Command::new(program);
    command.args(arguments).stdin(Stdio::null()).stdout(Stdio::piped());
    let mut child = command.spawn()?;
    let (sender, receiver) = mpsc::channel();
    if let Some(out) = child.stdout.take() {
        // A thread, because a pipe cannot be read with a time limit; it ends when the pipe does.
        std::thread::spawn(move || sender.send(bounded(out)));
    }
    let left = deadline.saturating_duration_since(Instant::now());
    let said = receiver.recv_timeout(left);
    let status = ended(&mut child, deadline)?;
    match (said, status) {
        (Ok(bytes), Some(status)) if status.success() => bytes,
        (_, Some(status)) if !status.success() => Err(WrappingError::Failed(status)),
        _ => Err(WrappingError::TimedOut),
    }
}

/// Waits for a program to end, and ends it at the deadline: then `None`.
fn ended(child: &mut Child, deadline: Instant) -> Result<Option<ExitStatus>, WrappingError> {
    loop {
        if let Some(status) = child.try_wait()? {
            return Ok(Some(status));
        }
        if Instant::now() >= deadline {
            child.kill()?;
            child.wait()?;
            return Ok(None);
        }
        std::thread::sleep(COMMAND_POLL);
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    const HEXADECIMAL: &str = "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff";

    #[test]
    fn r_access_7_a_key_file_that_others_may_read_is_refused() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("wrapping.key");
        fs_err::write(&path, format!("{HEXADECIMAL}\n")).unwrap();
        let source = WrappingSource::File(path.clone());
        for mode in [0o600, 0o400] {
            fs_err::set_permissions(&path, PermissionsExt::from_mode(mode)).unwrap();
            assert_eq!(*source.read().unwrap().reveal(), HEXADECIMAL);
        }
        for mode in [0o640, 0o604, 0o644, 0o660, 0o610, 0o601] {
            fs_err::set_permissions(&path, PermissionsExt::from_mode(mode)).unwrap();
            let error = source.read().err().unwrap();
            assert!(matches!(error, WrappingError::Permissions { .. }));
            assert!(error.to_string().contains(&format!("{mode:o}")), "{error}");
        }
        fs_err::set_permissions(&path, PermissionsExt::from_mode(0o600)).unwrap();
        for bad in [vec![b'a'; 5000], Vec::new(), vec![7; 31], vec![7; 33]] {
            fs_err::write(&path, bad).unwrap();
            assert!(matches!(source.read(), Err(WrappingError::Malformed)));
        }
        let nowhere = WrappingSource::File(directory.path().join("nothing"));
        assert!(matches!(nowhere.read(), Err(WrappingError::Io(_))));
    }

    #[test]
    fn a_key_comes_from_a_program_that_ends_well_and_in_time() {
        let run = |script: &str, time: Duration| {
            let words = ["sh", "-c", script].map(str::to_owned);
            output(&words, Instant::now() + time).and_then(|bytes| WrappingKey::parse(&bytes))
        };
        let soon = Duration::from_secs(20);
        let said = format!("echo {HEXADECIMAL}");
        let source = WrappingSource::Command(vec!["echo".into(), HEXADECIMAL.into()]);
        assert_eq!(*source.read().unwrap().reveal(), HEXADECIMAL);
        assert!(run(&said, soon).is_ok());
        assert!(matches!(run(&format!("{said}; exit 3"), soon), Err(WrappingError::Failed(_))));
        assert!(matches!(run("exit 0", soon), Err(WrappingError::Malformed)));
        assert!(matches!(run("head -c 100000 /dev/zero; true", soon), Err(WrappingError::Malformed)));
        let brief = Duration::from_millis(100);
        for slow in ["exec sleep 20", &format!("{said}; exec >&-; exec sleep 20")] {
            let begun = Instant::now();
            assert!(matches!(run(slow, brief), Err(WrappingError::TimedOut)));
            assert!(begun.elapsed() < Duration::from_secs(10));
        }
        assert!(WrappingSource::Command(Vec::new()).read().is_err());
    }

    #[test]
    fn a_variable_that_is_not_set_is_named() {
        let error = WrappingSource::Environment("WHORL_NO_SUCH_KEY".into()).read().err().unwrap();
        assert!(error.to_string().contains("WHORL_NO_SUCH_KEY"));
    }
}
