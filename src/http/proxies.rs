//! Proxies that the environment names. This machine itself is never called through one.

use http::Uri;
use hyper_util::client::proxy::matcher::Matcher;
use url::{Host, Url};

/// The proxy that calls to `url` go through, without the credentials that may be in its address.
///
/// The environment decides, when it is asked: `HTTP_PROXY` for `http://`, `HTTPS_PROXY` for `https://`, `ALL_PROXY` for
/// both, each also in lower case; `NO_PROXY` lists hosts, networks or `*` that are excepted. Loopback addresses and
/// `localhost` always are.
pub fn proxy(url: &Url) -> Option<String> {
    if is_loopback(url) {
        return None;
    }
    let proxy = Matcher::from_env().intercept(&url.as_str().parse::<Uri>().ok()?)?;
    Some(proxy.uri().to_string().trim_end_matches('/').to_owned())
}

/// Whether an address is this machine's own, to which no proxy leads.
pub(super) fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Ipv4(ip)) => ip.is_loopback(),
        Some(Host::Ipv6(ip)) => ip.to_canonical().is_loopback(),
        Some(Host::Domain(name)) => {
            let name = name.trim_end_matches('.');
            name == "localhost" || name.ends_with(".localhost")
        }
        None => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_machine_is_known_by_each_of_its_names() {
        for here in [
            "127.0.0.1",
            "127.8.9.1:80",
            "[::1]",
            "[::ffff:127.0.0.1]",
            "localhost",
            "a.localhost.",
            "LOCALHOST",
        ] {
            assert!(is_loopback(&format!("http://{here}/x").parse().unwrap()), "{here}");
        }
        for elsewhere in ["128.0.0.1", "[::2]", "10.0.0.1", "localhost.example.com", "notlocalhost"] {
            assert!(!is_loopback(&format!("http://{elsewhere}").parse().unwrap()), "{elsewhere}");
        }
    }
}
