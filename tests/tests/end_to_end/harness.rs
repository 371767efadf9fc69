//! A Central Unit of a test's own: a temporary data directory, authorities, a server process on a free port.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};
use std::time::Duration;

use serde_json::Value;
use tempfile::TempDir;
use whorl::database::Database;
use whorl::keyring::WrappingSource;

use crate::schema;

/// The program under test.
pub const PROGRAM: &str = env!("CARGO_BIN_EXE_whorl-tests");

/// Runs a command of the program to its end.
pub fn whorl(arguments: &[&str]) -> Output {
    Command::new(PROGRAM).args(arguments).env("NODEVICE_SELECT", "1").output().unwrap()
}

/// Runs a command that must succeed and print JSON.
pub fn whorl_json(arguments: &[&str]) -> Value {
    let output = whorl(arguments);
    assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).unwrap()
}

/// A data directory, and the keys to it.
pub struct Installation {
    pub directory: TempDir,
    pub admin: String,
}

impl Installation {
    pub fn new() -> Self {
        let directory = tempfile::tempdir().unwrap();
        let data = directory.path().to_str().unwrap();
        let admin = whorl_json(&["init", "--json", "--data", data, "--states", "AT,BE,DE,ES,FR,IT,NL,SE"]);
        Self { admin: admin["key"].as_str().unwrap().to_owned(), directory }
    }

    pub fn path(&self) -> &Path {
        self.directory.path()
    }

    /// A new authority of a State; its key.
    pub fn authority(&self, state: &str) -> String {
        self.added(&["--role", "member-state", "--state", state, "--name", state])
    }

    /// The key of an authority that is no State's.
    pub fn central(&self, role: &str) -> String {
        self.added(&["--role", role, "--name", role])
    }

    /// The key of a State's supervisory authority.
    pub fn national_supervisor(&self, state: &str) -> String {
        self.added(&["--role", "national-supervisor", "--state", state, "--name", state])
    }

    /// The joint supervisory authority's key.
    pub fn supervisor(&self) -> String {
        self.added(&["--role", "joint-supervisor", "--name", "Supervisor"])
    }

    pub fn added(&self, who: &[&str]) -> String {
        let data = self.path().to_str().unwrap();
        let arguments = [&["authority", "add", "--json", "--data", data], who].concat();
        whorl_json(&arguments)["key"].as_str().unwrap().to_owned()
    }

    pub fn serve(&self) -> Server {
        self.serve_on("cpu")
    }

    /// The database, while no server runs.
    pub fn database(&self) -> Database {
        let key = WrappingSource::File(self.path().join("keys/wrapping.key")).read().unwrap();
        Database::open(self.path(), &key).unwrap()
    }

    pub fn serve_on(&self, backend: &str) -> Server {
        Server::start(self.command(backend)).expect("the server started")
    }

    /// What serves it, on a free port.
    pub fn command(&self, backend: &str) -> Command {
        self.command_at("127.0.0.1:0", backend)
    }

    /// The same at this address.
    pub fn command_at(&self, address: &str, backend: &str) -> Command {
        let mut command = Command::new(PROGRAM);
        command.args(["serve", "--listen", address, "--backend", backend, "--data"]).arg(self.path());
        command.env("NODEVICE_SELECT", "1").stdout(Stdio::piped()).stderr(Stdio::null());
        command
    }
}

/// A server process; killed, as by a crash, when dropped.
pub struct Server {
    process: Child,
    pub url: String,
    pub http: ureq::Agent,
}

/// An answer.
#[derive(Debug, Clone, PartialEq)]
pub struct Answer {
    pub status: u16,
    pub content_type: String,
    pub text: String,
    /// The same, where it is no text.
    pub bytes: Vec<u8>,
}

impl Answer {
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|error| panic!("{error}: {}", self.text))
    }

    /// Asserts a problem, and gives its field.
    pub fn problem(&self, status: u16, code: &str) -> Option<String> {
        let problem = self.json();
        assert_eq!((self.status, problem["code"].as_str()), (status, Some(code)), "{problem}");
        assert_eq!(self.content_type, "application/problem+json");
        assert_eq!(problem["status"], status);
        assert_eq!(problem["type"], format!("urn:whorl:problem:{code}"));
        problem["field"].as_str().map(str::to_owned)
    }

    /// Reference numbers of the hits, in order.
    pub fn hits(&self) -> Vec<String> {
        let json = self.json();
        let hits = json["comparison"]["hits"].as_array().cloned().unwrap_or_default();
        hits.iter().map(|hit| hit["record"]["reference_number"].as_str().unwrap().to_owned()).collect()
    }

    /// Sets compared, by category and State.
    pub fn compared(&self) -> Vec<(u64, String, u64)> {
        let json = self.json();
        let counts = json["comparison"]["compared"].as_array().cloned().unwrap_or_default();
        let count = |c: &Value| {
            (
                c["category"].as_u64().unwrap(),
                c["member_state"].as_str().unwrap().to_owned(),
                c["sets"].as_u64().unwrap(),
            )
        };
        counts.iter().map(count).collect()
    }
}

impl Server {
    /// Waits until it takes transmissions; `None` where it ended before.
    pub fn start(command: Command) -> Option<Self> {
        Self::spawn(command, String::new()).listening()
    }

    /// A process that may not listen yet, on an address that is known.
    pub fn spawn(mut command: Command, url: String) -> Self {
        let process = command.spawn().unwrap();
        let config = ureq::Agent::config_builder()
            .http_status_as_error(false)
            .timeout_global(Some(Duration::from_secs(100)));
        Self { process, url, http: config.build().into() }
    }

    /// Waits until it says that it listens; `None` where it ends instead.
    pub fn listening(mut self) -> Option<Self> {
        let mut line = String::new();
        BufReader::new(self.process.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let Some(url) = line.trim().strip_prefix("listening on ") else {
            self.process.wait().unwrap();
            return None;
        };
        self.url = url.to_owned();
        Some(self)
    }

    /// A transmission, by a person.
    pub fn transmit(&self, key: &str, body: &Value) -> Answer {
        self.try_transmit(key, None, body).unwrap()
    }

    /// A transmission with an idempotency key.
    pub fn transmit_again(&self, key: &str, idempotency: &str, body: &Value) -> Answer {
        self.try_transmit(key, Some(idempotency), body).unwrap()
    }

    /// A transmission that may find nobody, or be cut off.
    pub fn try_transmit(
        &self,
        key: &str,
        idempotency: Option<&str>,
        body: &Value,
    ) -> Result<Answer, ureq::Error> {
        let bearer = bearer(key);
        let mut headers = vec![("Authorization", bearer.as_str()), ("Whorl-Person", "tester")];
        headers.extend(idempotency.map(|key| ("Idempotency-Key", key)));
        self.try_transmit_with(&headers, body.to_string().as_bytes())
    }

    /// Any bytes with any headers.
    pub fn transmit_with(&self, headers: &[(&str, &str)], body: &[u8]) -> Answer {
        self.try_transmit_with(headers, body).unwrap()
    }

    fn try_transmit_with(&self, headers: &[(&str, &str)], body: &[u8]) -> Result<Answer, ureq::Error> {
        self.try_post("/v1/eurodac/transmissions", headers, body)
    }

    /// Any bytes with any headers, to any path.
    pub fn post(&self, path: &str, headers: &[(&str, &str)], body: &[u8]) -> Answer {
        self.try_post(path, headers, body).unwrap()
    }

    fn try_post(&self, path: &str, headers: &[(&str, &str)], body: &[u8]) -> Result<Answer, ureq::Error> {
        let mut request = self.http.post(format!("{}{path}", self.url));
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        if !headers.iter().any(|(name, _)| *name == "Content-Type") {
            request = request.header("Content-Type", "application/json");
        }
        promised("POST", path, read(request.send(body)?))
    }

    /// Any method to any path, with a JSON body where there is one.
    pub fn request(&self, method: &str, path: &str, headers: &[(&str, &str)], body: Option<&[u8]>) -> Answer {
        let mut request = ureq::http::Request::builder().method(method).uri(format!("{}{path}", self.url));
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        if body.is_some() && !headers.iter().any(|(name, _)| *name == "Content-Type") {
            request = request.header("Content-Type", "application/json");
        }
        let sent = match body {
            Some(body) => self.http.run(request.body(body.to_vec()).unwrap()),
            None => self.http.run(request.body(()).unwrap()),
        };
        promised(method, path, read(sent.unwrap())).unwrap()
    }

    /// A JSON body by a person.
    pub fn post_json(&self, key: &str, path: &str, body: &Value) -> Answer {
        self.send_json("POST", key, path, body)
    }

    /// The same with any method.
    pub fn send_json(&self, method: &str, key: &str, path: &str, body: &Value) -> Answer {
        let authorization = bearer(key);
        let headers = [("Authorization", authorization.as_str()), ("Whorl-Person", "tester")];
        self.request(method, path, &headers, Some(body.to_string().as_bytes()))
    }

    pub fn get(&self, key: &str, path: &str) -> Answer {
        self.try_get(key, path).unwrap()
    }

    pub fn try_get(&self, key: &str, path: &str) -> Result<Answer, ureq::Error> {
        let request = self.http.get(format!("{}{path}", self.url));
        let request = request.header("Authorization", bearer(key)).header("Whorl-Person", "tester");
        promised("GET", path, read(request.call()?))
    }

    /// Asks for an erasure.
    pub fn erase(&self, key: &str, record: &str, ground: &str) -> Answer {
        self.try_erase(key, record, ground).unwrap()
    }

    pub fn try_erase(&self, key: &str, record: &str, ground: &str) -> Result<Answer, ureq::Error> {
        self.try_delete(key, &format!("/v1/eurodac/records/{record}?ground={ground}"))
    }

    pub fn delete(&self, key: &str, path: &str) -> Answer {
        self.try_delete(key, path).unwrap()
    }

    fn try_delete(&self, key: &str, path: &str) -> Result<Answer, ureq::Error> {
        let request = self.http.delete(format!("{}{path}", self.url));
        let request = request.header("Authorization", bearer(key)).header("Whorl-Person", "tester");
        promised("DELETE", path, read(request.call()?))
    }

    pub fn process(&self) -> u32 {
        self.process.id()
    }

    pub fn get_plain(&self, path: &str) -> Answer {
        promised("GET", path, read(self.http.get(format!("{}{path}", self.url)).call().unwrap())).unwrap()
    }

    /// Reference numbers of all records of a State.
    pub fn records(&self, key: &str) -> Vec<String> {
        let list = self.get(key, "/v1/eurodac/records?limit=200").json();
        let records = list["records"].as_array().unwrap().clone();
        records.iter().map(|record| record["reference_number"].as_str().unwrap().to_owned()).collect()
    }

    /// Ends it as an operator does, and waits; whether it ended well.
    pub fn stop(mut self) -> bool {
        let id = rustix::process::Pid::from_child(&self.process);
        rustix::process::kill_process(id, rustix::process::Signal::TERM).unwrap();
        self.process.wait().unwrap().success()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

pub fn bearer(key: &str) -> String {
    format!("Bearer {key}")
}

/// Holds every answer of every test against the OpenAPI document.
fn promised(method: &str, path: &str, answer: Result<Answer, ureq::Error>) -> Result<Answer, ureq::Error> {
    if let Ok(Answer { status, content_type, text, .. }) = &answer {
        schema::assert_promised(method, path, *status, content_type, text);
    }
    answer
}

fn read(mut response: ureq::http::Response<ureq::Body>) -> Result<Answer, ureq::Error> {
    let status = response.status().as_u16();
    let content_type = response.headers().get("content-type").map(|v| v.to_str().unwrap().to_owned());
    let bytes = response.body_mut().with_config().limit(100 << 20).read_to_vec()?;
    let text = String::from_utf8_lossy(&bytes).into_owned();
    Ok(Answer { status, content_type: content_type.unwrap_or_default(), text, bytes })
}
