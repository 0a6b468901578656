//! The answer to a path that no app has: 404, counted, and logged with the paths of the apps.

use ::metrics::Counter;
use axum::{extract::Request, response::Response};
use http::{Method, StatusCode};
use ipnet::IpNet;
use tracing::{debug, warn};

use super::{
    client_address::client_address,
    options::{EndpointOptions, Options},
    outcomes::{LINES, LINES_WINDOW},
    response::error_response,
};
use crate::{ids::shortened, log_limit::LogRateLimit, metrics};

/// The name of this outcome in the log and in metrics.
const LABEL: &str = "not_found";

/// The fallback of the router: it answers every path that no app has.
#[derive(Debug)]
pub(super) struct NotFound {
    /// The paths of the apps.
    paths: Vec<String>,
    trusted_proxies: Vec<IpNet>,
    count: Counter,
    log_limit: LogRateLimit,
}

impl NotFound {
    pub(super) fn new(options: &Options, endpoints: &[EndpointOptions]) -> Self {
        Self {
            paths: endpoints.iter().map(|endpoint| endpoint.path.clone()).collect(),
            trusted_proxies: options.trusted_proxies.clone(),
            // Nobody knows which app was meant.
            count: metrics::callbacks("", LABEL),
            log_limit: LogRateLimit::new(LINES, LINES_WINDOW),
        }
    }

    /// Answers a request, and counts and logs it. The answer does not name the paths of the apps.
    pub(super) fn answer(&self, request: &Request) -> Response {
        self.count.increment(1);
        if request.method() == Method::POST {
            self.log_callback(request);
        } else {
            // Callbacks are posted: this is a browser, a scanner or a load balancer.
            debug!(path = ?shortened(request.uri().path()), "no app has this path: answered 404");
        }
        error_response(StatusCode::NOT_FOUND, "no app receives callbacks at this path")
    }

    fn log_callback(&self, request: &Request) {
        let Some(unlogged) = self.log_limit.admit() else { return };
        let path = request.uri().path();
        let client = client_address(request.extensions(), request.headers(), &self.trusted_proxies);
        warn!(
            path = ?shortened(path),
            paths = self.paths.join(" "),
            client = client.map(tracing::field::display),
            reason = LABEL,
            hint = self.hint(path),
            unlogged = (unlogged > 0).then_some(unlogged),
            "callback refused: no app has this path"
        );
    }

    /// The hint what to do, if `path` is nearly the path of an app.
    fn hint(&self, path: &str) -> Option<String> {
        self.paths.iter().find_map(|known| {
            let difference = difference(path, known)?;
            Some(format!(
                "it differs from {known} in {difference} only: correct the routeUrl, the proxy's rule, or the app's path"
            ))
        })
    }
}

/// The difference between `path` and the path of an app, if they are nearly the same.
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
