//! Requests of browsers: the host that they name, the page that they come from, and the headers that bound a page's rights.

use http::{
    HeaderMap, HeaderValue, Uri,
    header::{CONTENT_SECURITY_POLICY, HOST, ORIGIN, REFERRER_POLICY, X_CONTENT_TYPE_OPTIONS},
    uri::Authority,
};
use url::{Host, Url};

/// The content security policy: scripts and styles of the page's own server only; pictures from anywhere, as bots and users
/// send them.
const CONTENT_POLICY: &str = "default-src 'self'; img-src 'self' data: http: https:; \
    media-src 'self' data: http: https:; base-uri 'none'; form-action 'none'; \
    frame-ancestors 'none'; object-src 'none'";

/// The kind of a host that a request names.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum HostKind {
    /// `localhost`, a name below it, or a loopback address.
    Loopback,
    /// An address of another kind.
    Address,
    /// A name. It may belong to another site whose DNS entry was pointed at this machine (DNS rebinding).
    Name(String),
    /// No host, or nothing that can be one.
    Missing,
}

impl HostKind {
    /// The kind of the host in `host`, with or without a port.
    pub(crate) fn of(host: &str) -> Self {
        let url = Url::parse(&format!("http://{host}/")).ok();
        let is_loopback = match url.as_ref().and_then(Url::host) {
            None => return Self::Missing,
            Some(Host::Domain(name)) => {
                let is_loopback = name == "localhost" || name.ends_with(".localhost");
                return if is_loopback { Self::Loopback } else { Self::Name(name.to_owned()) };
            }
            Some(Host::Ipv4(ip)) => ip.is_loopback(),
            Some(Host::Ipv6(ip)) => ip.to_canonical().is_loopback(),
        };
        if is_loopback { Self::Loopback } else { Self::Address }
    }
}

/// The host that a request is for, with its port.
pub(crate) fn host<'r>(headers: &'r HeaderMap, uri: &'r Uri) -> &'r str {
    let header = headers.get(HOST).and_then(|value| value.to_str().ok());
    header.or_else(|| uri.authority().map(Authority::as_str)).unwrap_or_default()
}

/// Whether a request comes from a page of another host than the request's own. A request that does not come from a page has
/// no `Origin`.
pub(crate) fn is_foreign(headers: &HeaderMap, uri: &Uri) -> bool {
    headers.get(ORIGIN).is_some_and(|origin| {
        let origin = origin.to_str().unwrap_or_default();
        origin.split_once("://").is_none_or(|(_, site)| site != host(headers, uri))
    })
}

/// Sets the headers that bound the rights of a response in a browser.
pub(crate) fn bound_rights(headers: &mut HeaderMap) {
    for (name, value) in [
        (CONTENT_SECURITY_POLICY, CONTENT_POLICY),
        (X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (REFERRER_POLICY, "no-referrer"),
    ] {
        headers.insert(name, HeaderValue::from_static(value));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_that_only_looks_like_this_machine_s_is_a_name() {
        for host in [
            "127.0.0.1:8000",
            "127.9.9.9",
            "localhost:8000",
            "a.localhost",
            "[::1]:8000",
            "[::ffff:127.0.0.1]",
        ] {
            assert_eq!(HostKind::of(host), HostKind::Loopback, "{host}");
        }
        for host in ["192.168.1.2:8000", "[2001:db8::7]:8000", "0.0.0.0"] {
            assert_eq!(HostKind::of(host), HostKind::Address, "{host}");
        }
        for host in ["evil.example:80", "127.0.0.1.evil.example", "localhost.evil.example"] {
            assert!(matches!(HostKind::of(host), HostKind::Name(_)), "{host}");
        }
        for host in ["", ":80", "a b"] {
            assert_eq!(HostKind::of(host), HostKind::Missing, "{host}");
        }
    }

    #[test]
    fn only_a_page_of_the_same_host_and_port_is_no_foreign_one() {
        let is_foreign = |host: &'static str, origin: &'static str| {
            let headers = [(HOST, host), (ORIGIN, origin)];
            let headers = headers.map(|(name, value)| (name, HeaderValue::from_static(value)));
            is_foreign(&headers.into_iter().collect(), &Uri::from_static("/"))
        };
        assert!(!is_foreign("127.0.0.1:8000", "http://127.0.0.1:8000"));
        assert!(!is_foreign("console.example", "https://console.example"));
        for origin in ["http://evil.example", "null", "http://127.0.0.1:8001", "http://localhost:8000"] {
            assert!(is_foreign("127.0.0.1:8000", origin), "{origin}");
        }
        assert!(!super::is_foreign(&HeaderMap::new(), &Uri::from_static("/")));
    }
}
