//! A backup that is made while a server works, and cut off with it.

use std::path::Path;
use std::process::{Child, Command, Stdio};

use tempfile::TempDir;

use crate::harness::{PROGRAM, whorl_json};

/// A backup, and who can read it.
pub struct Vault {
    directory: TempDir,
    recipient: String,
}

impl Vault {
    pub fn new() -> Self {
        let directory = tempfile::tempdir().unwrap();
        let identity = directory.path().join("identity");
        let made = whorl_json(&["backup", "keygen", "--json", "--out", identity.to_str().unwrap()]);
        Self { recipient: made["recipient"].as_str().unwrap().to_owned(), directory }
    }

    fn path(&self, name: &str) -> String {
        self.directory.path().join(name).to_str().unwrap().to_owned()
    }

    fn arguments(&self, data: &Path) -> Vec<String> {
        let (data, to) = (data.to_str().unwrap().to_owned(), self.path("backup"));
        let fixed = ["backup", "--json", "--data", &data, "--to", &to, "--recipient", &self.recipient];
        fixed.map(str::to_owned).into()
    }

    /// Begins to bring it up to date.
    pub fn start(&self, data: &Path) -> Child {
        let mut command = Command::new(PROGRAM);
        command.args(self.arguments(data)).stdout(Stdio::null()).stderr(Stdio::null());
        command.spawn().unwrap()
    }

    /// Brings it up to date, and restores it beside the keys of the unit: how many records there are then.
    pub fn restored(&self, data: &Path) -> usize {
        let arguments = self.arguments(data);
        whorl_json(&arguments.iter().map(String::as_str).collect::<Vec<_>>());
        let restored = self.path("restored");
        let keys = Path::new(&restored).join("keys");
        fs_err::create_dir_all(&keys).unwrap();
        for entry in fs_err::read_dir(data.join("keys")).unwrap() {
            let entry = entry.unwrap();
            fs_err::copy(entry.path(), keys.join(entry.file_name())).unwrap();
        }
        let (from, identity) = (self.path("backup"), self.path("identity"));
        let told =
            whorl_json(&["restore", "--json", "--from", &from, "--identity", &identity, "--data", &restored]);
        assert_eq!(
            (told["forgotten"].as_u64(), told["keys_destroyed"].as_u64()),
            (Some(0), Some(0)),
            "{told}"
        );
        usize::try_from(told["kept"].as_u64().unwrap()).unwrap()
    }
}
