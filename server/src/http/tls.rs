//! TLS, so that transport is confidential and both sides know who the other is (R-ACCESS-6): the server shows its certificate, and whoever
//! calls may show one too, which then says who it is. Only a handshake can say so; a header never does.

use std::any::Any;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use actix_tls::accept::rustls_0_23::TlsStream;
use actix_web::dev::Extensions;
use actix_web::rt::net::TcpStream;
use rustls::client::danger::HandshakeSignatureValid;
use rustls::crypto::{CryptoProvider, ring};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, UnixTime};
use rustls::server::danger::{ClientCertVerified, ClientCertVerifier};
use rustls::server::{ClientHello, NoServerSessionStorage, ResolvesServerCert, WebPkiClientVerifier};
use rustls::sign::CertifiedKey;
use rustls::{
    DigitallySignedStruct, DistinguishedName, RootCertStore, ServerConfig, SignatureScheme, version,
};

use super::reloaded::Reloaded;
use crate::access::CertificateHash;

/// The files that TLS is made of.
#[derive(Debug, Clone)]
pub struct Tls {
    /// PEM: the server's certificate, then those that lead to a root that callers know.
    pub certificate: PathBuf,
    /// PEM: its private key (PKCS#8, PKCS#1 or SEC1), not encrypted.
    pub key: PathBuf,
    /// Whether callers may show certificates.
    pub clients: Option<Clients>,
    /// How often the files are looked at, at most, and read again where they have changed.
    pub reload_every: Duration,
}

/// The certificates of callers.
#[derive(Debug, Clone)]
pub struct Clients {
    /// PEM: the authorities that certify them.
    pub ca: PathBuf,
    /// Who shows none is not let in; otherwise a key will do.
    pub required: bool,
}

/// Why there is no TLS.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    /// A file cannot be read; the error names it.
    #[error(transparent)]
    Unreadable(#[from] std::io::Error),
    /// What is in it is not what it has to be.
    #[error("{}: {what}", file.display())]
    Unusable {
        /// The file.
        file: PathBuf,
        /// What is wrong.
        what: String,
    },
    /// The provider lacks what the protocols want.
    #[error("TLS cannot be set up: {0}")]
    Provider(#[from] rustls::Error),
}

fn unusable(file: &Path, what: impl Into<String>) -> TlsError {
    TlsError::Unusable { file: file.to_owned(), what: what.into() }
}

impl Tls {
    /// Reads the files.
    ///
    /// # Errors
    /// Which file cannot be used, and why.
    pub fn load(&self) -> Result<ServerConfig, TlsError> {
        let provider = Arc::new(ring::default_provider());
        // 1.2 too, for the older systems and appliances of the States: of it, too, rustls has only the suites with forward secrecy and
        // authenticated encryption.
        let builder = ServerConfig::builder_with_provider(provider.clone())
            .with_protocol_versions(&[&version::TLS13, &version::TLS12])?;
        let builder = match &self.clients {
            None => builder.with_no_client_auth(),
            Some(clients) => builder
                .with_client_cert_verifier(Arc::new(clients.verifier(self.reload_every, provider.clone())?)),
        };
        let mut config = builder.with_cert_resolver(Arc::new(self.resolver(provider)?));
        // No session is resumed: every certificate is verified anew, and no secret of a session is kept (R-COMP-5).
        config.session_storage = Arc::new(NoServerSessionStorage {});
        config.send_tls13_tickets = 0;
        // The protocol (ALPN) is set by actix-web: http/1.1, since it is built without http2.
        Ok(config)
    }

    fn resolver(&self, provider: Arc<CryptoProvider>) -> Result<Own, TlsError> {
        let (certificate, key) = (self.certificate.clone(), self.key.clone());
        let files = vec![certificate.clone(), key.clone()];
        Ok(Own(Reloaded::new(files, self.reload_every, move || identity(&certificate, &key, &provider))?))
    }
}

impl Clients {
    fn verifier(&self, reload_every: Duration, provider: Arc<CryptoProvider>) -> Result<Shown, TlsError> {
        let (ca, required) = (self.ca.clone(), self.required);
        let load = move || {
            let mut roots = RootCertStore::empty();
            for certificate in certificates(&ca)? {
                let added = roots.add(certificate);
                added.map_err(|error| {
                    unusable(&ca, format!("a certificate in it cannot be an authority's: {error}"))
                })?;
            }
            let builder = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider.clone());
            let builder = if required { builder } else { builder.allow_unauthenticated() };
            builder.build().map_err(|error| unusable(&ca, error.to_string()))
        };
        Ok(Shown { by: Reloaded::new(vec![self.ca.clone()], reload_every, load)?, required })
    }
}

/// The certificates of a PEM file, in its order: one at least.
fn certificates(file: &Path) -> Result<Vec<CertificateDer<'static>>, TlsError> {
    let text = fs_err::read(file)?;
    let all: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&text).collect();
    let all = all.map_err(|_| unusable(file, "its PEM is damaged"))?;
    if all.is_empty() {
        return Err(unusable(file, "there is no certificate in it, or it is not PEM"));
    }
    Ok(all)
}

/// The server's certificate with its key.
fn identity(
    certificate: &Path,
    key: &Path,
    provider: &CryptoProvider,
) -> Result<Arc<CertifiedKey>, TlsError> {
    let chain = certificates(certificate)?;
    let secret = PrivateKeyDer::from_pem_slice(&fs_err::read(key)?)
        .map_err(|_| unusable(key, "there is no private key in it, or it is encrypted, or not PEM"))?;
    let secret = provider.key_provider.load_private_key(secret);
    let secret = secret.map_err(|error| unusable(key, format!("its key cannot be used: {error}")))?;
    let identity = CertifiedKey::new(chain, secret);
    match identity.keys_match() {
        Ok(()) => Ok(Arc::new(identity)),
        Err(rustls::Error::InconsistentKeys(_)) => {
            let what = format!("its key is not that of the first certificate in {}", certificate.display());
            Err(unusable(key, what))
        }
        Err(error) => Err(unusable(certificate, format!("its first certificate cannot be used: {error}"))),
    }
}

/// The server's certificate, as its files have it.
#[derive(Debug)]
struct Own(Reloaded<Arc<CertifiedKey>, TlsError>);

impl ResolvesServerCert for Own {
    fn resolve(&self, _: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(self.0.get())
    }
}

/// Verifies what callers show, by the authorities that the file has.
#[derive(Debug)]
struct Shown {
    by: Reloaded<Arc<dyn ClientCertVerifier>, TlsError>,
    required: bool,
}

impl ClientCertVerifier for Shown {
    fn client_auth_mandatory(&self) -> bool {
        self.required
    }

    /// None, for they may change: whoever has several certificates knows which to show.
    fn root_hint_subjects(&self) -> &[DistinguishedName] {
        &[]
    }

    fn verify_client_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        now: UnixTime,
    ) -> Result<ClientCertVerified, rustls::Error> {
        let verified = self.by.get().verify_client_cert(end_entity, intermediates, now);
        verified
            .inspect_err(|error| tracing::warn!(%error, "a client certificate is refused in the handshake"))
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        self.by.get().verify_tls12_signature(message, certificate, signed)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        self.by.get().verify_tls13_signature(message, certificate, signed)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.by.get().supported_verify_schemes()
    }
}

/// Notes of a new connection whose certificate its handshake has proved. A connection in clear has none.
pub fn note_certificate(connection: &dyn Any, extensions: &mut Extensions) {
    let stream = connection.downcast_ref::<TlsStream<TcpStream>>();
    let chain = stream.and_then(|stream| stream.get_ref().1.peer_certificates());
    if let Some(certificate) = chain.and_then(|chain| chain.first()) {
        extensions.insert(CertificateHash::of(certificate));
    }
}
