//! What a figure needs so that another team can get it again: the command, the versions, the machine.

use serde::Serialize;
use whorl_datasets::evaluation::bootstrap;
use whorl_engine::extraction::EXTRACTOR;

use super::matcher::Matcher;

/// How the figures came about.
#[derive(Debug, Clone, Serialize)]
pub struct Provenance {
    /// The command line, as a shell takes it.
    pub command: String,
    /// Of this program.
    pub version: &'static str,
    /// Where the comparisons ran.
    pub backend: String,
    /// What found the minutiae in images.
    pub extractor: &'static str,
    /// Model of the processor; empty where the system does not tell.
    pub processor: String,
    /// Logical processors that were used.
    pub processors: usize,
    /// How the intervals were made.
    pub intervals: String,
}

impl Provenance {
    /// Of this run, with a matcher; and what was resampled for the intervals.
    pub fn of_this_run(matcher: Matcher, resampled: &str) -> Self {
        let arguments: Vec<String> = std::env::args_os().map(|a| quoted(&a.to_string_lossy())).collect();
        let (replicates, seed) = (bootstrap::REPLICATES, bootstrap::SEED);
        Self {
            command: [&["whorl".to_owned()], arguments.get(1..).unwrap_or_default()].concat().join(" "),
            version: env!("CARGO_PKG_VERSION"),
            backend: matcher.backend().to_owned(),
            extractor: EXTRACTOR,
            processor: processor().unwrap_or_default(),
            processors: std::thread::available_parallelism().map_or(1, usize::from),
            intervals: format!("95 %, bootstrap over {resampled}, {replicates} replicates, seed {seed}"),
        }
    }
}

/// As a POSIX shell reads it back.
fn quoted(argument: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_./,:=@%+".contains(c);
    if !argument.is_empty() && argument.chars().all(plain) {
        return argument.to_owned();
    }
    format!("'{}'", argument.replace('\'', r"'\''"))
}

/// Model of the processor, where the system tells.
pub fn processor() -> Option<String> {
    let text = fs_err::read_to_string("/proc/cpuinfo").ok()?;
    let line = text.lines().find(|line| line.starts_with("model name"))?;
    Some(line.split_once(':')?.1.trim().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_shell_reads_the_command_back() {
        assert_eq!(quoted("sets/FVC2002_DB1_B"), "sets/FVC2002_DB1_B");
        assert_eq!(quoted("my prints"), "'my prints'");
        assert_eq!(quoted("it's"), r"'it'\''s'");
        assert_eq!(quoted(""), "''");
    }
}
