//! A server that reports its work to the sandbox as a test has it.

use rongcloud_callback::sandbox::{Observer, Sandbox};

use super::route::Route;

/// A server that accepts every message, and reports the steps that the test gives it.
pub(super) struct Told {
    pub(super) sandbox: Sandbox,
    pub(super) observer: Observer,
    pub(super) _route: Route,
}

impl Told {
    pub(super) async fn start() -> Self {
        let (sandbox, route) = (Sandbox::start().await, Route::start([]).await);
        sandbox.route_to(route.url());
        let observer = sandbox.observer();
        Self { sandbox, observer, _route: route }
    }
}
