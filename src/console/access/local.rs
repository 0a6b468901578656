//! Access without a token, for programs and browsers on this machine.

use std::net::SocketAddr;

use axum::extract::{ConnectInfo, Request};

use super::who::Who;
use crate::{
    console::error::ApiError,
    origin::{HostKind, host},
    server::admin::Rights,
};

/// The name of everybody on this machine, where there is no token.
const LOCAL: &str = "local";
/// The headers by which a proxy tells that it hands a request on.
const OF_PROXIES: [&str; 5] = ["forwarded", "x-forwarded-for", "x-forwarded-host", "x-real-ip", "via"];

/// Admits a request from this machine with all rights, where there is no token.
///
/// A proxy on this machine would bring in everybody who reaches it. A name that is not this machine's may belong to another
/// site, whose page the browser then takes for ours (DNS rebinding).
///
/// # Errors
///
/// 403, which says to write a token into the configuration.
pub(super) fn admit(request: &Request) -> Result<Who, ApiError> {
    let refused = |what: &str| {
        Err(ApiError::forbidden(format!(
            "{what}, and there is no token in admin.tokens, so the console answers this machine only: write \
             [[admin.tokens]] with name, token and may"
        )))
    };
    let peer = request.extensions().get::<ConnectInfo<SocketAddr>>();
    if !peer.is_some_and(|ConnectInfo(peer)| peer.ip().to_canonical().is_loopback()) {
        return refused("the request does not come from this machine");
    }
    if OF_PROXIES.iter().any(|name| request.headers().contains_key(*name)) {
        return refused("the request comes through a proxy");
    }
    if HostKind::of(host(request.headers(), request.uri())) != HostKind::Loopback {
        return refused("the request names a host other than localhost or a loopback address");
    }
    Ok(Who::new(LOCAL.to_owned(), Rights::all(), None))
}

#[cfg(test)]
mod tests {
    use axum::body::Body;

    use super::*;

    /// The refusal of a request from `peer`, as a router that was nested into another program sees it.
    fn refusal(peer: Option<&str>) -> Option<String> {
        let mut request = Request::new(Body::empty());
        request.headers_mut().insert("host", "localhost:9090".parse().unwrap());
        if let Some(peer) = peer {
            request.extensions_mut().insert(ConnectInfo::<SocketAddr>(peer.parse().unwrap()));
        }
        admit(&request).err().map(|error| error.to_string())
    }

    #[test]
    fn another_machine_is_refused_whatever_host_it_names() {
        for peer in ["127.0.0.1:5", "127.9.9.9:5", "[::1]:5", "[::ffff:127.0.0.1]:5"] {
            assert_eq!(refusal(Some(peer)), None, "{peer}");
        }
        for peer in [Some("192.0.2.1:5"), Some("[2001:db8::7]:5"), None] {
            let refusal = refusal(peer).unwrap();
            assert!(refusal.contains("does not come from this machine"), "{refusal}");
        }
    }
}
