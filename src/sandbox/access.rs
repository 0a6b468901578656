//! Access to the page and its interface: for this machine and allowed hosts, and for no other site's page.

use std::sync::Arc;

use axum::{
    extract::{Request, State},
    middleware::Next,
    response::{IntoResponse, Response},
};
use http::{HeaderMap, StatusCode, Uri};

use crate::origin::{HostKind, bound_rights, host, is_foreign};

/// The hosts under which the page and its interface are answered.
#[derive(Debug)]
pub(super) struct AllowedHosts {
    /// Whether other machines may use them.
    pub(super) allow_remote: bool,
    /// The names of this machine besides `localhost`.
    pub(super) names: Vec<String>,
}

/// Refuses requests that another site makes a browser send, and sets headers that limit the answer's rights in a browser.
pub(super) async fn check_access(
    State(hosts): State<Arc<AllowedHosts>>,
    request: Request,
    next: Next,
) -> Response {
    let (headers, uri) = (request.headers(), request.uri());
    let refused = hosts.refusal(host(headers, uri));
    if let Some(reason) = refused.or_else(|| foreign_page_refusal(headers, uri).map(str::to_owned)) {
        return (StatusCode::FORBIDDEN, reason).into_response();
    }
    let mut response = next.run(request).await;
    bound_rights(response.headers_mut());
    response
}

/// The refusal of a request from another site's page, whose `Origin` is not the host of the request.
pub(super) fn foreign_page_refusal(headers: &HeaderMap, uri: &Uri) -> Option<&'static str> {
    is_foreign(headers, uri).then_some("another site's page may not use this sandbox")
}

impl AllowedHosts {
    /// The refusal of a request to `host`.
    ///
    /// A name may belong to another site whose DNS entry was pointed at this machine (DNS rebinding). So the only names
    /// that are taken are those of this machine and the allowed ones; an address cannot be pointed elsewhere.
    fn refusal(&self, host: &str) -> Option<String> {
        let is_remote = match HostKind::of(host) {
            HostKind::Loopback => false,
            HostKind::Address => true,
            HostKind::Name(name) => {
                if self.names.iter().any(|allowed| allowed.eq_ignore_ascii_case(&name)) {
                    return None;
                }
                let name: String = name.chars().take(100).collect();
                return Some(format!(
                    "this sandbox does not know the name {name}: --allow-host {name} lets it in, \
                     if that is a name of the machine it runs on"
                ));
            }
            HostKind::Missing => return Some("the request names no host".to_owned()),
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
    fn only_this_machine_s_names_and_the_allowed_ones_get_in() {
        let mut hosts = AllowedHosts { allow_remote: false, names: vec!["Sandbox.internal".to_owned()] };
        let own =
            ["127.0.0.1:8000", "localhost:8000", "[::1]:8000", "localhost", "sandbox.internal:8000"];
        let remote = ["192.168.1.2:8000", "[2001:db8::7]:8000"];
        let foreign = [
            "evil.example",
            "127.0.0.1.evil.example:8000",
            "localhost.evil.example",
            "x.sandbox.internal",
            "",
        ];
        for (allow_remote, let_in) in [(false, &own[..]), (true, &[&own[..], &remote].concat())] {
            hosts.allow_remote = allow_remote;
            for host in own.into_iter().chain(remote).chain(foreign) {
                assert_eq!(
                    hosts.refusal(host).is_none(),
                    let_in.contains(&host),
                    "{host} {allow_remote}"
                );
            }
        }
        assert!(hosts.refusal("evil.example:80").unwrap().contains("--allow-host evil.example "));
    }
}
