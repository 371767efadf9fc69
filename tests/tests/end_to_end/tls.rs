//! TLS: a server that shows its certificate, and callers that show theirs. Spoken by hand over rustls, so that the alert that ends a
//! handshake is seen, and the version is chosen.

use std::collections::HashSet;
use std::io::{Error, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::PathBuf;
use std::process::{Output, Stdio};
use std::sync::Arc;
use std::time::Duration;

use rcgen::{
    BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair,
    KeyUsagePurpose,
};
use rustls::pki_types::{CertificateDer, PrivatePkcs8KeyDer, ServerName};
use rustls::version::{TLS12, TLS13};
use rustls::{AlertDescription, ClientConfig, ClientConnection, RootCertStore, StreamOwned};
use rustls::{CertificateError, SupportedProtocolVersion};
use tempfile::TempDir;
use whorl::access::CertificateHash;
use whorl::eurodac::operation::Operation;
use whorl::http::{Starting, Tls};
use whorl::journal::Outcome;
use whorl::startup::Startup;

use crate::harness::{Answer, Installation, Server, bearer, whorl, whorl_json};
use crate::people::{finger, transmission};
use crate::traces::{forms, in_memory, packed};

static VERSIONS: [&SupportedProtocolVersion; 2] = [&TLS12, &TLS13];
const RECORDS: &str = "/v1/eurodac/records";

/// A certificate authority.
struct Ca {
    certificate: rcgen::Certificate,
    issuer: Issuer<'static, KeyPair>,
}

/// A certificate that one has issued, with its key.
struct Issued {
    certificate: rcgen::Certificate,
    key: KeyPair,
}

impl Ca {
    fn new(name: &str) -> Self {
        let mut params = CertificateParams::new([]).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign];
        params.distinguished_name.push(DnType::CommonName, name);
        let key = KeyPair::generate().unwrap();
        Self { certificate: params.self_signed(&key).unwrap(), issuer: Issuer::new(params, key) }
    }

    fn issue(&self, purpose: ExtendedKeyUsagePurpose, ends: i32) -> Issued {
        let names = ["127.0.0.1".to_owned(), "localhost".into()];
        let mut params = CertificateParams::new(names).unwrap();
        params.extended_key_usages = vec![purpose];
        params.not_after = rcgen::date_time_ymd(ends, 1, 1);
        let key = KeyPair::generate().unwrap();
        Issued { certificate: params.signed_by(&key, &self.issuer).unwrap(), key }
    }

    fn server(&self) -> Issued {
        self.issue(ExtendedKeyUsagePurpose::ServerAuth, 3000)
    }

    fn client(&self) -> Issued {
        self.issue(ExtendedKeyUsagePurpose::ClientAuth, 3000)
    }
}

impl Issued {
    fn hash(&self) -> String {
        CertificateHash::of(self.certificate.der()).into()
    }
}

/// A Central Unit with a server certificate of one authority, whose callers have certificates of another.
struct Site {
    installation: Installation,
    files: TempDir,
    own: Ca,
    clients: Ca,
}

impl Site {
    fn new() -> Self {
        let (own, clients) = (Ca::new("For servers"), Ca::new("For clients"));
        let site =
            Self { installation: Installation::new(), files: tempfile::tempdir().unwrap(), own, clients };
        site.put("server", &site.own.server());
        site.write("clients.pem", &site.clients.certificate.pem());
        site
    }

    fn file(&self, name: &str) -> PathBuf {
        self.files.path().join(name)
    }

    fn write(&self, name: &str, text: &str) {
        fs_err::write(self.file(name), text).unwrap();
    }

    fn put(&self, name: &str, issued: &Issued) {
        self.write(&format!("{name}.pem"), &issued.certificate.pem());
        self.write(&format!("{name}.key"), &issued.key.serialize_pem());
    }

    /// A new authority of a State that may show the certificate; its id and key.
    fn designate(&self, state: &str, issued: &Issued) -> (String, String) {
        self.put(state, issued);
        let (data, file) = (self.installation.path(), self.file(&format!("{state}.pem")));
        let [data, file] = [data, &file].map(|path| path.to_str().unwrap());
        let who = ["--role", "member-state", "--state", state, "--name", state, "--certificate", file];
        let added = whorl_json(&[&["authority", "add", "--json", "--data", data], &who[..]].concat());
        let text = |field: &str| added[field].as_str().unwrap().to_owned();
        (text("id"), text("key"))
    }

    fn serve(&self, options: &[&str]) -> Server {
        self.serve_at("127.0.0.1:0", options)
    }

    fn serve_at(&self, address: &str, options: &[&str]) -> Server {
        let mut command = self.installation.command_at(address, "cpu");
        command.arg("--tls-certificate").arg(self.file("server.pem"));
        command.arg("--tls-key").arg(self.file("server.key")).args(options);
        let server = Server::spawn(command, String::new()).listening().expect("the server started");
        assert!(server.url.starts_with("https://"));
        server
    }

    /// The same, where callers may show certificates.
    fn serve_clients(&self, options: &[&str]) -> Server {
        let ca = self.file("clients.pem");
        self.serve(&[&["--tls-client-ca", ca.to_str().unwrap()], options].concat())
    }

    fn caller(&self, shows: Option<&Issued>, version: &'static SupportedProtocolVersion) -> Client {
        Client::new(&self.own, shows, version)
    }
}

/// A caller.
struct Client(Arc<ClientConfig>);

impl Client {
    fn new(trusts: &Ca, shows: Option<&Issued>, version: &'static SupportedProtocolVersion) -> Self {
        let mut roots = RootCertStore::empty();
        roots.add(trusts.certificate.der().clone()).unwrap();
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let builder = ClientConfig::builder_with_provider(provider);
        let builder = builder.with_protocol_versions(&[version]).unwrap().with_root_certificates(roots);
        let config = match shows {
            None => builder.with_no_client_auth(),
            Some(Issued { certificate, key }) => {
                let key = PrivatePkcs8KeyDer::from(key.serialize_der()).into();
                builder.with_client_auth_cert(vec![certificate.der().clone()], key).unwrap()
            }
        };
        Self(Arc::new(config))
    }

    fn connect(&self, url: &str) -> Result<StreamOwned<ClientConnection, TcpStream>, Error> {
        let address = url.strip_prefix("https://").unwrap().replace("0.0.0.0", "127.0.0.1");
        let mut socket = TcpStream::connect(address)?;
        socket.set_read_timeout(Some(Duration::from_secs(60)))?;
        let name = ServerName::try_from("127.0.0.1").unwrap();
        let mut connection = ClientConnection::new(self.0.clone(), name).unwrap();
        while connection.is_handshaking() {
            connection.complete_io(&mut socket)?;
        }
        Ok(StreamOwned::new(connection, socket))
    }

    /// Asks for something without a body.
    fn ask(&self, url: &str, method: &str, path: &str, headers: &[(&str, &str)]) -> Answer {
        self.send(url, method, path, headers, "")
    }

    /// Sends a request over a connection of its own, which has to end as TLS does.
    fn send(&self, url: &str, method: &str, path: &str, headers: &[(&str, &str)], body: &str) -> Answer {
        let mut stream = self.connect(url).unwrap();
        let more: String = headers.iter().map(|(name, value)| format!("{name}: {value}\r\n")).collect();
        let fixed = "Host: 127.0.0.1\r\nConnection: close\r\nWhorl-Person: tester\r\n";
        let length = body.len();
        write!(stream, "{method} {path} HTTP/1.1\r\n{fixed}{more}Content-Length: {length}\r\n\r\n{body}")
            .unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        let (head, text) = answer.split_once("\r\n\r\n").unwrap();
        let content_type = head.lines().find_map(|line| line.strip_prefix("content-type: "));
        Answer {
            status: head.split(' ').nth(1).unwrap().parse().unwrap(),
            content_type: content_type.unwrap_or_default().to_owned(),
            text: text.to_owned(),
            bytes: text.as_bytes().to_owned(),
        }
    }

    /// Lists the records, with these headers.
    fn list(&self, server: &Server, headers: &[(&str, &str)]) -> Answer {
        self.ask(&server.url, "GET", RECORDS, headers)
    }

    fn list_with(&self, server: &Server, key: &str) -> Answer {
        self.list(server, &[("Authorization", &bearer(key))])
    }

    /// The alert with which the server ends the handshake. Nothing is sent after it, so that no reset overtakes the alert.
    fn refused(&self, server: &Server) -> AlertDescription {
        let error = match self.connect(&server.url) {
            // Of TLS 1.3 a client's part is done before the server has seen its certificate.
            Ok(mut stream) => stream.read(&mut [0]).expect_err("the handshake was done"),
            Err(error) => error,
        };
        match tls_error(&error) {
            Some(rustls::Error::AlertReceived(alert)) => *alert,
            _ => panic!("{error}"),
        }
    }

    /// The certificate that the server shows.
    fn shown(&self, server: &Server) -> CertificateDer<'static> {
        self.connect(&server.url).unwrap().conn.peer_certificates().unwrap()[0].clone()
    }
}

fn tls_error(error: &Error) -> Option<&rustls::Error> {
    error.get_ref()?.downcast_ref()
}

fn wait_until(done: impl Fn() -> bool) {
    for _ in 0..200 {
        if done() {
            return;
        }
        std::thread::sleep(Duration::from_millis(100));
    }
    panic!("it did not happen");
}

#[test]
fn r_access_6_over_tls_a_key_is_enough_and_plain_http_has_no_answer() {
    let site = Site::new();
    let (_, at) = site.designate("AT", &site.clients.client());
    let server = site.serve(&[]);
    for version in VERSIONS {
        let client = site.caller(None, version);
        assert_eq!(client.connect(&server.url).unwrap().conn.protocol_version(), Some(version.version));
        assert_eq!(client.list_with(&server, &at).status, 200);
        client.list(&server, &[]).problem(401, "authentication-required");
        // A certificate is not asked for, so none says who calls.
        let with = site.caller(Some(&site.clients.client()), version);
        with.list(&server, &[]).problem(401, "authentication-required");

        let stranger = Client::new(&site.clients, None, version).connect(&server.url).unwrap_err();
        let unknown = rustls::Error::InvalidCertificate(CertificateError::UnknownIssuer);
        assert_eq!(tls_error(&stranger), Some(&unknown), "who the server is, is proved too");
    }
    let mut plain = TcpStream::connect(server.url.strip_prefix("https://").unwrap()).unwrap();
    plain.write_all(b"GET /health/live HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n").unwrap();
    let mut answer = Vec::new();
    // It may be reset before the alert is read.
    let _ = plain.read_to_end(&mut answer);
    assert!(!answer.windows(4).any(|bytes| bytes == b"HTTP" || bytes == b"live"), "{answer:?}");
    assert!(server.stop());
}

#[test]
fn r_access_6_r_audit_1_a_certificate_says_who_calls_and_a_header_never_does() {
    let site = Site::new();
    let [at, de, nobody] = [(); 3].map(|()| site.clients.client());
    let (at_id, at_key) = site.designate("AT", &at);
    let (_, de_key) = site.designate("DE", &de);
    let server = site.serve_clients(&[]);
    let [with_at, with_nobody, with_none] =
        [Some(&at), Some(&nobody), None].map(|shows| site.caller(shows, &TLS13));

    assert_eq!(with_at.list(&server, &[]).status, 200);
    assert_eq!(site.caller(Some(&at), &TLS12).list(&server, &[]).status, 200);
    assert_eq!(with_at.list_with(&server, &at_key).status, 200);
    assert_eq!(with_none.list_with(&server, &at_key).status, 200, "a key will do");
    with_at.list_with(&server, &de_key).problem(401, "authentication-failed");
    with_nobody.list(&server, &[]).problem(401, "authentication-required");

    let (hash, theirs) = (at.hash(), format!("Hash={};Subject=\"CN=AT\"", at.hash()));
    let pem = at.certificate.pem().replace('\n', "%0A");
    for (name, value) in [
        ("X-Client-Cert", &pem),
        ("X-SSL-Client-Cert", &pem),
        ("X-SSL-Client-SHA256", &hash),
        ("X-SSL-Client-Fingerprint", &hash),
        ("X-Forwarded-Client-Cert", &theirs),
        ("Client-Cert", &hash),
        ("Authorization", &hash),
    ] {
        let expected = match name {
            "Authorization" => "authentication-failed",
            _ => "authentication-required",
        };
        for client in [&with_none, &with_nobody] {
            let verified = ("X-SSL-Client-Verify", "SUCCESS");
            client.list(&server, &[(name, value), verified]).problem(401, expected);
        }
    }
    let other = de.hash();
    assert_eq!(with_at.list(&server, &[("X-SSL-Client-SHA256", &other)]).status, 200);

    let admin = bearer(&site.installation.admin);
    let path = format!("/v1/registers/authorities/{at_id}");
    let revoked = with_none.ask(&server.url, "DELETE", &path, &[("Authorization", &admin)]);
    assert_eq!(revoked.status, 204, "{}", revoked.text);
    with_at.list(&server, &[]).problem(401, "authority-revoked");
    assert!(server.stop());

    let records = site.installation.database().audit(0, 1000).unwrap();
    let listed: Vec<_> = records
        .iter()
        .map(|(_, record)| record)
        .filter(|r| r.operation == Operation::RecordsListed && !matches!(r.outcome, Outcome::Refused(_)))
        .map(|r| (r.actor.authority.as_deref(), r.actor.person.as_str()))
        .collect();
    assert_eq!(listed, [(Some(at_id.as_str()), "tester"); 5]);
}

#[test]
fn r_access_6_a_certificate_of_another_authority_is_refused_in_the_handshake() {
    let site = Site::new();
    let (_, key) = site.designate("AT", &site.clients.client());
    let server = site.serve_clients(&[]);
    let (another, impostor) = (Ca::new("Another"), Ca::new("For clients"));
    let expired = site.clients.issue(ExtendedKeyUsagePurpose::ClientAuth, 2001);
    for version in VERSIONS {
        let refused = |shows: &Issued| site.caller(Some(shows), version).refused(&server);
        assert_eq!(refused(&another.client()), AlertDescription::UnknownCA);
        refused(&impostor.client());
        // Not theirs: the authority that certifies the server does not certify callers; nor is a server a caller.
        assert_eq!(refused(&site.own.client()), AlertDescription::UnknownCA);
        refused(&site.clients.server());
        assert_eq!(refused(&expired), AlertDescription::CertificateExpired);
        assert_eq!(site.caller(None, version).list_with(&server, &key).status, 200);
    }
}

#[test]
fn r_access_6_where_a_certificate_is_required_nobody_without_one_comes_in() {
    let site = Site::new();
    let certificate = site.clients.client();
    let (_, key) = site.designate("AT", &certificate);
    let server = site.serve_clients(&["--tls-require-client-certificate"]);
    for version in VERSIONS {
        assert_eq!(site.caller(None, version).refused(&server), AlertDescription::CertificateRequired);
        assert_eq!(site.caller(Some(&certificate), version).list(&server, &[]).status, 200);
        let another = site.caller(Some(&site.clients.client()), version);
        another.list(&server, &[]).problem(401, "authentication-required");
        assert_eq!(another.list_with(&server, &key).status, 200, "its key says who it is");
    }
}

#[test]
fn r_access_6_other_machines_are_served_over_tls_only() {
    let site = Site::new();
    let mut command = site.installation.command_at("0.0.0.0:0", "cpu");
    let refused = command.stderr(Stdio::piped()).output().unwrap();
    let said = String::from_utf8_lossy(&refused.stderr);
    assert_eq!(refused.status.code(), Some(1));
    assert!(said.contains("in clear") && said.contains("--tls-certificate"), "{said}");

    let server = site.serve_at("0.0.0.0:0", &[]);
    assert_eq!(site.caller(None, &TLS13).ask(&server.url, "GET", "/health/live", &[]).status, 200);
}

#[test]
fn r_access_6_certificates_are_replaced_without_a_restart() {
    let site = Site::new();
    let certificate = site.clients.client();
    site.designate("AT", &certificate);
    let server = site.serve_clients(&["--tls-reload-every", "1s"]);
    let client = site.caller(Some(&certificate), &TLS13);
    let first = client.shown(&server);
    let next = site.own.server();
    assert_ne!(first, *next.certificate.der());
    site.put("server", &next);
    wait_until(|| client.shown(&server) == *next.certificate.der());

    // What cannot be used changes nothing: no certificate, the key of another, no file.
    for bad in ["", &site.own.server().certificate.pem()] {
        site.write("server.pem", bad);
        std::thread::sleep(Duration::from_millis(1100));
        assert_eq!(client.shown(&server), *next.certificate.der());
    }
    fs_err::remove_file(site.file("clients.pem")).unwrap();
    std::thread::sleep(Duration::from_millis(1100));
    assert_eq!(client.list(&server, &[]).status, 200);

    let another = Ca::new("Another");
    site.write("clients.pem", &another.certificate.pem());
    let theirs = another.client();
    let with_theirs = site.caller(Some(&theirs), &TLS12);
    wait_until(|| with_theirs.connect(&server.url).is_ok());
    with_theirs.list(&server, &[]).problem(401, "authentication-required");
    assert_eq!(client.refused(&server), AlertDescription::UnknownCA);
}

#[test]
fn r_access_6_while_it_starts_it_speaks_tls_too() {
    let site = Site::new();
    let (certificate, key) = (site.file("server.pem"), site.file("server.key"));
    let tls = Tls { certificate, key, clients: None, reload_every: Duration::from_secs(60) };
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let starting =
        Starting::serve(&listener, Arc::new(Startup::default()), Some(tls.load().unwrap())).unwrap();
    let url = format!("https://{}", listener.local_addr().unwrap());
    let client = site.caller(None, &TLS13);
    assert_eq!(client.ask(&url, "GET", "/health/live", &[]).status, 200);
    client.ask(&url, "GET", "/health/ready", &[]).problem(503, "starting");
    starting.end().unwrap();
}

#[test]
fn r_comp_5_what_came_over_tls_is_overwritten_in_memory_too() {
    let site = Site::new();
    let (_, key) = site.designate("DE", &site.clients.client());
    let server = site.serve(&[]);
    let forms = [2, 7].map(|position| (position, finger(50, position, 2)));
    let forms = forms.iter().flat_map(|(position, print)| forms_of(print, *position));
    let wanted: HashSet<_> = forms.flatten().collect();
    let (bearer, body) = (bearer(&key), transmission("DE", 3, 1, 50, 2).to_string());
    let headers = [("Authorization", bearer.as_str()), ("Content-Type", "application/json")];
    for version in VERSIONS {
        let client = site.caller(None, version);
        let answer = client.send(&server.url, "POST", "/v1/eurodac/transmissions", &headers, &body);
        assert_eq!(answer.status, 200, "{}", answer.text);
    }
    // The end is announced before the server closes the connection.
    std::thread::sleep(Duration::from_secs(1));
    assert_eq!(in_memory(server.process(), &wanted), [""; 0]);
}

/// A print as it is sent, stored and packed.
fn forms_of(print: &[u8], position: u8) -> impl Iterator<Item = HashSet<Vec<u8>>> {
    forms(print, position).into_iter().chain([packed(print)])
}

#[test]
fn r_access_6_what_tls_cannot_be_made_of_is_named() {
    let site = Site::new();
    site.put("other", &site.own.server());
    site.write("empty.pem", "");
    site.write("cut.pem", "-----BEGIN CERTIFICATE-----\nMIIB");
    let run = |certificate: &str, key: &str, more: &[&str]| -> Output {
        let [certificate, key] = [certificate, key].map(|name| site.file(name).display().to_string());
        let nowhere = site.file("nowhere").display().to_string();
        let arguments = ["serve", "--data", &nowhere, "--listen", "127.0.0.1:0", "--tls-certificate"];
        whorl(&[&arguments, &[certificate.as_str(), "--tls-key", &key][..], more].concat())
    };
    let ca = |name: &str| site.file(name).display().to_string();
    let (empty, missing) = (ca("empty.pem"), ca("missing.pem"));
    for (certificate, key, more, file, what) in [
        ("missing.pem", "server.key", &[][..], "missing.pem", "No such file"),
        ("server.pem", "missing.key", &[], "missing.key", "No such file"),
        ("empty.pem", "server.key", &[], "empty.pem", "no certificate in it"),
        ("cut.pem", "server.key", &[], "cut.pem", "damaged"),
        ("server.key", "server.key", &[], "server.key", "no certificate in it"),
        ("server.pem", "server.pem", &[], "server.pem", "no private key in it"),
        ("server.pem", "other.key", &[], "other.key", "not that of the first certificate"),
        ("server.pem", "server.key", &["--tls-client-ca", &empty], "empty.pem", "no certificate in it"),
        ("server.pem", "server.key", &["--tls-client-ca", &missing], "missing.pem", "No such file"),
    ] {
        let output = run(certificate, key, more);
        let said = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(1), "{said}");
        assert!(said.contains(file) && said.contains(what), "{file}, {what}: {said}");
    }
    for wrong in [&["--tls-require-client-certificate"][..], &["--allow-plain-http"]] {
        assert_eq!(run("server.pem", "server.key", wrong).status.code(), Some(2), "{wrong:?}");
    }
    let alone = whorl(&["serve", "--data", "nowhere", "--tls-certificate", "server.pem"]);
    assert_eq!(alone.status.code(), Some(2));
}
