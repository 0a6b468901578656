//! The HTTP server of the page, of its interface, and of the platform's API.

use std::{
    net::{Ipv4Addr, Ipv6Addr, SocketAddr},
    time::Duration,
};

use axum::Router;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

/// The time for open connections after the sandbox was told to stop.
const DRAIN: Duration = Duration::from_secs(2);

/// The address at which a listener can be reached from this machine.
pub(super) fn base_url(mut address: SocketAddr) -> String {
    if address.ip().is_unspecified() {
        let ip = if address.is_ipv4() { Ipv4Addr::LOCALHOST.into() } else { Ipv6Addr::LOCALHOST.into() };
        address.set_ip(ip);
    }
    format!("http://{address}")
}

/// Serves `router` until the sandbox stops.
pub(super) async fn serve(router: Router, listener: TcpListener, stop: CancellationToken) {
    let serve = axum::serve(listener, router).with_graceful_shutdown(stop.clone().cancelled_owned());
    let too_late = async {
        stop.cancelled().await;
        tokio::time::sleep(DRAIN).await;
    };
    tokio::select! {
        // The listener accepts further connections after every error; there is nothing to report.
        _ = serve => {}
        () = too_late => {}
    }
}
