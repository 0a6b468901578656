//! TLS of outgoing connections: rustls with ring, passed on explicitly, as a library installs no process-wide provider.

use std::sync::Arc;

use rustls::{ClientConfig, RootCertStore, crypto::ring};
use rustls_platform_verifier::BuilderVerifierExt as _;

/// The authorities whose certificates are trusted.
pub(crate) enum Roots {
    /// No authority: for connections without TLS, so that a slim image without certificates will do.
    None,
    /// The authorities that the system trusts.
    System,
    /// Exactly these authorities.
    #[cfg_attr(
        not(feature = "postgres"),
        expect(dead_code, reason = "only the URL of a PostgreSQL journal names some")
    )]
    Only(RootCertStore),
}

/// The set-up of a client that trusts `roots`.
///
/// # Errors
///
/// The system has no certificates, although `roots` asks for them.
pub(crate) fn client_config(roots: Roots) -> Result<ClientConfig, rustls::Error> {
    let builder = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()?;
    let builder = match roots {
        Roots::None => builder.with_root_certificates(RootCertStore::empty()),
        Roots::System => builder.with_platform_verifier()?,
        Roots::Only(store) => builder.with_root_certificates(store),
    };
    Ok(builder.with_no_client_auth())
}
