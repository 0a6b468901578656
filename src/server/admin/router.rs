//! The router of the operators' endpoints: `/healthz`, `/readyz` and `/metrics`.

use std::{fmt, sync::Arc};

use axum::{
    Router,
    extract::State,
    http::{
        HeaderMap, StatusCode,
        header::{CONTENT_TYPE, WWW_AUTHENTICATE},
    },
    response::{IntoResponse, Response},
    routing::get,
};
use tokio_util::sync::CancellationToken;

use super::{journal_gauges::JournalGauges, tokens::AdminTokens};
use crate::{clock::Clock, journal::Records};

/// The version of the text format that Prometheus reads.
const PROMETHEUS_TEXT: &str = "text/plain; version=0.0.4; charset=utf-8";

/// A function that writes all metrics as Prometheus text.
pub type Render = Arc<dyn Fn() -> String + Send + Sync>;

/// Builds the router of `/healthz`, `/readyz` and `/metrics`.
///
/// The server is not ready any more once `stopping` is cancelled. `render` is `None` where the program has a recorder of
/// its own for its metrics. `/metrics` asks for one of `tokens` that may read them, if there is any token. Health and readiness are for load
/// balancers and orchestrators, which have no token.
pub fn router(
    journal: Arc<dyn Records>,
    clock: Clock,
    stopping: CancellationToken,
    render: Option<Render>,
    tokens: AdminTokens,
) -> Router {
    let gauges = JournalGauges::new(journal, clock);
    Router::new()
        .route("/healthz", get(async || "ok\n"))
        .route("/readyz", get(readyz))
        .route("/metrics", get(show_metrics))
        .with_state(Arc::new(Admin { gauges, stopping, render, tokens }))
}

/// The state that the endpoints share.
struct Admin {
    gauges: JournalGauges,
    stopping: CancellationToken,
    render: Option<Render>,
    tokens: AdminTokens,
}

/// The reason why no callbacks should be sent to this server at the moment.
enum NotReady {
    Stopping,
    Journal(String),
}

impl fmt::Display for NotReady {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Stopping => f.write_str("shutting down"),
            Self::Journal(reason) => f.write_str(reason),
        }
    }
}

impl IntoResponse for NotReady {
    fn into_response(self) -> Response {
        (StatusCode::SERVICE_UNAVAILABLE, format!("not ready: {self}\n")).into_response()
    }
}

async fn readyz(State(admin): State<Arc<Admin>>) -> Result<&'static str, NotReady> {
    if admin.stopping.is_cancelled() {
        return Err(NotReady::Stopping);
    }
    admin.gauges.stats().await.map(|_| "ready\n").map_err(NotReady::Journal)
}

async fn show_metrics(State(admin): State<Arc<Admin>>, headers: HeaderMap) -> Response {
    if !admin.tokens.admit_to_metrics(&headers) {
        let challenge = [(WWW_AUTHENTICATE, "Bearer")];
        let reason = "the metrics ask for a token of admin.tokens that may read them\n";
        return (StatusCode::UNAUTHORIZED, challenge, reason).into_response();
    }
    let Some(render) = &admin.render else {
        let reason =
            "this program records its metrics elsewhere: they are where its own recorder shows them\n";
        return (StatusCode::NOT_FOUND, reason).into_response();
    };
    admin.gauges.refresh().await;
    ([(CONTENT_TYPE, PROMETHEUS_TEXT)], render()).into_response()
}
