//! The address of the database: the journal's URL, and how the server's certificate is verified.

use std::{fmt, sync::Arc, time::Duration};

use rustls::{
    ClientConfig, RootCertStore,
    crypto::ring,
    pki_types::{CertificateDer, pem::PemObject},
};
use rustls_platform_verifier::BuilderVerifierExt as _;
use tokio_postgres::config::{Config, Host, SslMode, TargetSessionAttrs};
use tokio_postgres_rustls::MakeRustlsConnect;
use url::form_urlencoded;

use super::error::open_error;
use crate::journal::JournalError;

/// The longest that connecting may take.
const CONNECT: Duration = Duration::from_secs(3);
/// The longest that a server may be silent: its connection is given up then, although nobody has closed it.
const SILENCE: Duration = Duration::from_secs(10);
/// The form of a URL, for errors.
const SHAPE: &str = "write \"postgres://USER:PASSWORD@HOST/DATABASE\", its special characters as %XX";

/// The address of a database, with the settings of its connections. Its debug form shows no password.
#[derive(Clone)]
pub(in crate::journal) struct Address {
    pub(super) config: Config,
    pub(super) tls: MakeRustlsConnect,
}

impl Address {
    /// Reads the URL `postgres://…`. The error repeats no part of the URL, which holds a password.
    pub(in crate::journal) fn parse(url: &str) -> Result<Self, JournalError> {
        let (address, query) = url.split_once('?').unwrap_or((url, ""));
        let (mut mode, mut roots) = (None, None);
        let mut rest = form_urlencoded::Serializer::new(String::new());
        for (name, value) in form_urlencoded::parse(query.as_bytes()) {
            match &*name {
                "sslmode" => mode = Some(value.into_owned()),
                "sslrootcert" => roots = Some(value.into_owned()),
                _ => drop(rest.append_pair(&name, &value)),
            }
        }
        // The library that reads the URL takes '+' as it stands.
        let rest = rest.finish().replace('+', "%20");
        let mut config: Config = format!("{address}?{rest}")
            .parse()
            .map_err(|_| open_error(&format!("the journal's URL cannot be read: {SHAPE}")))?;
        let local = config.get_hosts().iter().all(|host| !matches!(host, Host::Tcp(_)));
        if config.get_hosts().is_empty() {
            return Err(open_error(&format!("the journal's URL names no host: {SHAPE}")));
        }
        let encrypted = match mode.as_deref() {
            Some("disable") => false,
            None if local => false,
            None | Some("require" | "verify-ca" | "verify-full") => true,
            Some(_) => {
                return Err(open_error(
                    "the journal's URL has an sslmode that protects nothing: leave it out (TLS, with the server's \
                     certificate verified), or write sslmode=disable for a network that you trust",
                ));
            }
        };
        config
            .ssl_mode(if encrypted { SslMode::Require } else { SslMode::Disable })
            .target_session_attrs(TargetSessionAttrs::ReadWrite)
            .application_name("rongcloud-callback")
            .connect_timeout(CONNECT)
            .tcp_user_timeout(SILENCE)
            .keepalives_idle(SILENCE / 2)
            .keepalives_interval(SILENCE / 5)
            .keepalives_retries(2);
        let tls = MakeRustlsConnect::new(tls(encrypted, roots.as_deref())?);
        Ok(Self { config, tls })
    }
}

impl fmt::Debug for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Address").field("hosts", &self.config.get_hosts()).finish_non_exhaustive()
    }
}

/// The TLS settings: the certificates in the file `roots` are trusted, or else the system's, which are read only where
/// they are needed.
fn tls(encrypted: bool, roots: Option<&str>) -> Result<ClientConfig, JournalError> {
    let refused = |error: rustls::Error| open_error(&format!("TLS cannot be set up: {error}"));
    let builder = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .map_err(refused)?;
    let builder = match roots.filter(|_| encrypted) {
        Some(file) if file != "system" => builder.with_root_certificates(read_roots(file)?),
        _ if encrypted => builder.with_platform_verifier().map_err(refused)?,
        _ => builder.with_root_certificates(RootCertStore::empty()),
    };
    Ok(builder.with_no_client_auth())
}

fn read_roots(file: &str) -> Result<RootCertStore, JournalError> {
    let read = || -> Result<RootCertStore, Box<dyn std::error::Error>> {
        let mut roots = RootCertStore::empty();
        for certificate in CertificateDer::pem_file_iter(file)? {
            roots.add(certificate?)?;
        }
        if roots.is_empty() {
            return Err("there is no certificate in it".into());
        }
        Ok(roots)
    };
    read().map_err(|error| {
        open_error(&format!(
            "cannot read the certificates in {file} (sslrootcert in the journal's URL): {error}: it must be a PEM \
             file of the authority that signed the server's certificate"
        ))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mode(url: &str) -> Result<SslMode, String> {
        Address::parse(url)
            .map(|address| address.config.get_ssl_mode())
            .map_err(|error| error.to_string())
    }

    #[test]
    fn without_a_word_on_it_a_server_elsewhere_must_show_a_certificate() {
        assert_eq!(mode("postgres://u:p@db.example.com/j"), Ok(SslMode::Require));
        assert_eq!(
            mode("postgres://u:p@db/j?sslmode=verify-full&connect_timeout=2"),
            Ok(SslMode::Require)
        );
        assert_eq!(mode("postgres://u:p@db/j?sslmode=disable"), Ok(SslMode::Disable));
        assert_eq!(mode("postgres://u@%2Frun%2Fpostgresql/j"), Ok(SslMode::Disable));
        assert!(mode("postgres://u:p@db/j?sslmode=prefer").unwrap_err().contains("sslmode=disable"));
    }

    #[test]
    fn several_hosts_are_tried_for_the_one_that_can_be_written_to() {
        let address = Address::parse("postgres://u:p@db1:5432,db2:5433/j").unwrap();
        assert_eq!(address.config.get_hosts().len(), 2);
        assert_eq!(address.config.get_target_session_attrs(), TargetSessionAttrs::ReadWrite);
    }

    #[test]
    fn neither_an_error_nor_the_debug_form_tells_the_password() {
        for url in [
            "postgres://u:s3cret@db:x/j",
            "postgres://u:s3cret@db/j?s3cret=s3cret",
            "postgres://u:s3cret@db/j?sslrootcert=/nowhere.pem",
            "postgres://u:s3cret@/j?sslmode=s3cret",
            "postgres:s3cret",
        ] {
            let error = Address::parse(url).unwrap_err();
            assert!(!format!("{error} {error:?}").contains("s3cret"), "{error}");
        }
        let address = Address::parse("postgres://u:s3cret@db/j").unwrap();
        assert!(!format!("{address:?}").contains("s3cret"));
    }
}
