//! The answer to a path that is no app's: 404, counted, and logged with the paths that there are.

use std::net::SocketAddr;

use ::metrics::Counter;
use axum::{
    extract::{ConnectInfo, Request},
    response::Response,
};
use http::Method;
use ipnet::IpNet;
use tracing::{debug, warn};

use super::{forwarded, rejection::Rejection, sieve::Sieve};
use crate::{
    config::{AppSection, ServerSection},
    ids::shortened,
    metrics,
};

/// What answers everywhere but at the apps' paths.
#[derive(Debug)]
pub(super) struct NotFound {
    /// The apps' paths.
    paths: Vec<String>,
    trusted_proxies: Vec<IpNet>,
    count: Counter,
    sieve: Sieve,
}

impl NotFound {
    pub(super) fn new(section: &ServerSection, apps: &[AppSection]) -> Self {
        Self {
            paths: apps.iter().map(|app| app.path.clone()).collect(),
            trusted_proxies: section.trusted_proxies.clone(),
            // Nobody knows which app was meant.
            count: metrics::callbacks("", "not_found"),
            sieve: Sieve::new(),
        }
    }

    /// Answers, and says in metrics and log what was asked for. The paths that there are stay in the log.
    pub(super) fn answer(&self, request: &Request) -> Response {
        self.count.increment(1);
        if request.method() == Method::POST {
            self.tell(request);
        } else {
            // Callbacks are posted: this is a browser, a scanner or a load balancer.
            debug!(path = ?shortened(request.uri().path()), "no app has this path: answered 404");
        }
        Rejection::NotFound.response()
    }

    fn tell(&self, request: &Request) {
        let Some(unlogged) = self.sieve.pass() else { return };
        let path = request.uri().path();
        let peer = request.extensions().get().map(|&ConnectInfo::<SocketAddr>(peer)| peer);
        let client = peer.map(|peer| forwarded::client(peer, request.headers(), &self.trusted_proxies));
        warn!(
            path = ?shortened(path),
            paths = self.paths.join(" "),
            client = client.map(tracing::field::display),
            reason = Rejection::NotFound.label(),
            hint = self.hint(path),
            unlogged = (unlogged > 0).then_some(unlogged),
            "callback refused: no app has this path"
        );
    }

    /// What to do, where the path is nearly one of the apps'.
    fn hint(&self, path: &str) -> Option<String> {
        self.paths.iter().find_map(|known| {
            let difference = difference(path, known)?;
            Some(format!(
                "it differs from {known} in {difference} only: correct the routeUrl, the proxy's rule, or the app's path"
            ))
        })
    }
}

fn difference(path: &str, known: &str) -> Option<&'static str> {
    let [plain, plain_known] = [path, known].map(|path| path.trim_end_matches('/'));
    let [single, single_known] = [plain, plain_known].map(without_doubled_slashes);
    if plain == plain_known {
        Some("a slash at its end")
    } else if single == single_known {
        Some("a doubled slash")
    } else if single.eq_ignore_ascii_case(&single_known) {
        Some("upper and lower case")
    } else {
        path.ends_with(known).then_some("what stands before it")
    }
}

fn without_doubled_slashes(path: &str) -> String {
    let mut single = String::with_capacity(path.len());
    for char in path.chars() {
        if char != '/' || !single.ends_with('/') {
            single.push(char);
        }
    }
    single
}

#[cfg(test)]
mod tests {
    #[test]
    fn what_a_path_has_too_much_or_too_little_is_named() {
        for (path, difference) in [
            ("/callback/", Some("a slash at its end")),
            ("/callback//", Some("a slash at its end")),
            ("//callback", Some("a doubled slash")),
            ("//callback/", Some("a doubled slash")),
            ("/Callback", Some("upper and lower case")),
            ("/bots/callback", Some("what stands before it")),
            ("/", None),
            ("", None),
            ("/call", None),
        ] {
            assert_eq!(super::difference(path, "/callback"), difference, "{path}");
        }
        assert_eq!(super::difference("/callback", "/callback/"), Some("a slash at its end"));
    }
}
