//! The options of `whorl serve` that turn TLS on.

use std::path::PathBuf;
use std::time::Duration;

use clap::Args;

use super::serve::duration;
use crate::http::{Clients, Tls};

/// TLS.
#[derive(Args)]
pub struct TlsOptions {
    /// Speak TLS: the server's certificate (PEM), and after it in the file those that lead to a root that callers know
    #[arg(long, value_name = "FILE", requires = "tls_key", conflicts_with = "allow_plain_http")]
    tls_certificate: Option<PathBuf>,
    /// The private key of that certificate (PEM, not encrypted)
    #[arg(long, value_name = "FILE", requires = "tls_certificate")]
    tls_key: Option<PathBuf>,
    /// Let callers show a certificate of one of these certificate authorities (PEM) in place of their key
    #[arg(long, value_name = "FILE", requires = "tls_certificate")]
    tls_client_ca: Option<PathBuf>,
    /// Let in nobody who shows no such certificate
    #[arg(long, requires = "tls_client_ca")]
    tls_require_client_certificate: bool,
    /// How often these files are looked at, at most, and read again where they have changed
    #[arg(long, value_name = "TIME", default_value = "1m", value_parser = duration, requires = "tls_certificate")]
    tls_reload_every: Duration,
}

impl TlsOptions {
    /// What they ask for; `None`: plain HTTP.
    pub fn asked(&self) -> Option<Tls> {
        let (certificate, key) = (self.tls_certificate.clone()?, self.tls_key.clone()?);
        let clients = self.tls_client_ca.clone();
        let clients = clients.map(|ca| Clients { ca, required: self.tls_require_client_certificate });
        Some(Tls { certificate, key, clients, reload_every: self.tls_reload_every })
    }
}
