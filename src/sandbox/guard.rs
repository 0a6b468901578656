//! Who may use the page and its interface: this machine, whoever is let in, and no other site's page.

use std::sync::Arc;

use axum::{
    extract::{Request, State},
    middleware::Next,
    response::{IntoResponse, Response},
};
use http::{
    HeaderMap, HeaderValue, StatusCode, Uri,
    header::{CONTENT_SECURITY_POLICY, HOST, ORIGIN, REFERRER_POLICY, X_CONTENT_TYPE_OPTIONS},
    uri::Authority,
};
use url::{Host, Url};

use super::platform::Platform;

/// Scripts and styles are our own; pictures may be anywhere, as a bot's are.
const POLICY: &str = "default-src 'self'; img-src 'self' data: http: https:; \
    media-src 'self' data: http: https:; base-uri 'none'; form-action 'none'; \
    frame-ancestors 'none'; object-src 'none'";

/// Which hosts the page and its interface are answered under.
#[derive(Debug)]
pub(super) struct Hosts {
    /// Whether other machines may ask.
    pub(super) allow_remote: bool,
    /// Names of this machine that are known by no rule.
    pub(super) allowed: Vec<String>,
}

/// Refuses what another site makes a browser ask, and says how far a browser may trust the answer.
pub(super) async fn guard(
    State(platform): State<Arc<Platform>>,
    request: Request,
    next: Next,
) -> Response {
    let (headers, uri) = (request.headers(), request.uri());
    let refused = platform.hosts.why_not(host(headers, uri));
    if let Some(reason) = refused.or_else(|| foreign_page(headers, uri).map(str::to_owned)) {
        return (StatusCode::FORBIDDEN, reason).into_response();
    }
    let mut response = next.run(request).await;
    for (name, value) in [
        (CONTENT_SECURITY_POLICY, POLICY),
        (X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (REFERRER_POLICY, "no-referrer"),
    ] {
        response.headers_mut().insert(name, HeaderValue::from_static(value));
    }
    response
}

/// Why a request comes from another site's page: its `Origin` is not the host that it asks.
pub(super) fn foreign_page(headers: &HeaderMap, uri: &Uri) -> Option<&'static str> {
    let origin = headers.get(ORIGIN)?.to_str().unwrap_or_default();
    let is_ours = origin.split_once("://").is_some_and(|(_, asking)| asking == host(headers, uri));
    (!is_ours).then_some("another site's page may not use this sandbox")
}

fn host<'r>(headers: &'r HeaderMap, uri: &'r Uri) -> &'r str {
    let header = headers.get(HOST).and_then(|value| value.to_str().ok());
    header.or_else(|| uri.authority().map(Authority::as_str)).unwrap_or_default()
}

impl Hosts {
    /// Why a request to `host` is not answered.
    ///
    /// A name may be another site's that was pointed here (DNS rebinding), so none is taken but those of this machine
    /// and those that were given; an address cannot be.
    fn why_not(&self, host: &str) -> Option<String> {
        let url = Url::parse(&format!("http://{host}/")).ok();
        let is_remote = match url.as_ref().and_then(Url::host) {
            Some(Host::Domain(name)) => {
                let is_local = name == "localhost" || name.ends_with(".localhost");
                if is_local || self.allowed.iter().any(|allowed| allowed.eq_ignore_ascii_case(name)) {
                    return None;
                }
                let name: String = name.chars().take(100).collect();
                return Some(format!(
                    "this sandbox does not know the name {name}: --allow-host {name} lets it in, \
                     if that is a name of the machine it runs on"
                ));
            }
            Some(Host::Ipv4(ip)) => !ip.is_loopback(),
            Some(Host::Ipv6(ip)) => !ip.is_loopback(),
            None => return Some("the request names no host".to_owned()),
        };
        let is_refused = is_remote && !self.allow_remote;
        is_refused
            .then(|| "this sandbox answers on this machine only; --allow-remote opens it".to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_this_machine_s_names_and_those_that_were_given_get_in() {
        let mut hosts = Hosts { allow_remote: false, allowed: vec!["Sandbox.internal".to_owned()] };
        let ours =
            ["127.0.0.1:8000", "localhost:8000", "[::1]:8000", "localhost", "sandbox.internal:8000"];
        let remote = ["192.168.1.2:8000", "[2001:db8::7]:8000"];
        let foreign = [
            "evil.example",
            "127.0.0.1.evil.example:8000",
            "localhost.evil.example",
            "x.sandbox.internal",
            "",
        ];
        for (allow_remote, let_in) in [(false, &ours[..]), (true, &[&ours[..], &remote].concat())] {
            hosts.allow_remote = allow_remote;
            for host in ours.into_iter().chain(remote).chain(foreign) {
                assert_eq!(
                    hosts.why_not(host).is_none(),
                    let_in.contains(&host),
                    "{host} {allow_remote}"
                );
            }
        }
        assert!(hosts.why_not("evil.example:80").unwrap().contains("--allow-host evil.example "));
    }

    #[test]
    fn only_our_own_page_gets_in() {
        let check = |host: &'static str, origin: &'static str| {
            let headers = [(HOST, host), (ORIGIN, origin)];
            let headers = headers
                .map(|(name, value)| (name, HeaderValue::from_static(value)))
                .into_iter()
                .collect();
            foreign_page(&headers, &Uri::from_static("/sandbox/state")).is_none()
        };
        assert!(check("127.0.0.1:8000", "http://127.0.0.1:8000"));
        assert!(check("sandbox.example", "https://sandbox.example"));
        for origin in ["http://evil.example", "null", "http://127.0.0.1:8001", "http://localhost:8000"] {
            assert!(!check("127.0.0.1:8000", origin), "{origin}");
        }
    }
}
