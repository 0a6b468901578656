//! Health, readiness and metrics, for operators and orchestrators: never on the public listener.

use std::{fmt, sync::Arc, time::Duration};

use ::metrics::Gauge;
use axum::{
    Router,
    extract::State,
    http::{StatusCode, header::CONTENT_TYPE},
    response::{IntoResponse, Response},
    routing::get,
};
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

use crate::{
    clock::{Clock, UnixMillis},
    journal::{Journal, QueueStats, Stats},
    metrics,
};

/// The journal must answer within this time.
const PATIENCE: Duration = Duration::from_secs(1);
/// The version of the text format that Prometheus reads.
const PROMETHEUS_TEXT: &str = "text/plain; version=0.0.4; charset=utf-8";

/// Writes all metrics as Prometheus text.
pub type Render = Arc<dyn Fn() -> String + Send + Sync>;

/// `/healthz`, `/readyz` and `/metrics`.
///
/// Not ready any more once `stopping` is cancelled. `render` is `None` where the program has a recorder of its
/// own for its metrics.
pub fn router(
    journal: Arc<dyn Journal>,
    clock: Clock,
    stopping: CancellationToken,
    render: Option<Render>,
) -> Router {
    let gauges = [QueueGauges::new("inbox"), QueueGauges::new("outbox")];
    Router::new()
        .route("/healthz", get(async || "ok\n"))
        .route("/readyz", get(readyz))
        .route("/metrics", get(scrape))
        .with_state(Arc::new(Admin { journal, clock, stopping, render, gauges }))
}

struct Admin {
    journal: Arc<dyn Journal>,
    clock: Clock,
    stopping: CancellationToken,
    render: Option<Render>,
    gauges: [QueueGauges; 2],
}

impl Admin {
    async fn stats(&self) -> Result<Stats, NotReady> {
        match timeout(PATIENCE, self.journal.stats()).await {
            Ok(Ok(stats)) => Ok(stats),
            Ok(Err(error)) => Err(NotReady::Journal(error.to_string())),
            Err(_) => Err(NotReady::Journal("the journal does not answer".to_owned())),
        }
    }
}

/// Why no callbacks should be sent here at the moment.
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
    admin.stats().await.map(|_| "ready\n")
}

async fn scrape(State(admin): State<Arc<Admin>>) -> Response {
    let Some(render) = &admin.render else {
        let why =
            "this program records its metrics elsewhere: they are where its own recorder shows them\n";
        return (StatusCode::NOT_FOUND, why).into_response();
    };
    // Without an answer of the journal the gauges keep their last values; everything else is still worth having.
    if let Ok(stats) = admin.stats().await {
        let now = admin.clock.now();
        let [inbox, outbox] = &admin.gauges;
        inbox.set(stats.inbox, now);
        outbox.set(stats.outbox, now);
    }
    ([(CONTENT_TYPE, PROMETHEUS_TEXT)], render()).into_response()
}

/// What `/metrics` says about one queue.
struct QueueGauges {
    pending: Gauge,
    leased: Gauge,
    done: Gauge,
    dead: Gauge,
    oldest_pending: Gauge,
}

impl QueueGauges {
    fn new(queue: &'static str) -> Self {
        Self {
            pending: metrics::entries(queue, "pending"),
            leased: metrics::entries(queue, "leased"),
            done: metrics::entries(queue, "done"),
            dead: metrics::entries(queue, "dead"),
            oldest_pending: metrics::oldest_pending_seconds(queue),
        }
    }

    #[expect(clippy::cast_precision_loss, reason = "exact up to 2^53 entries")]
    fn set(&self, stats: QueueStats, now: UnixMillis) {
        self.pending.set(stats.pending as f64);
        self.leased.set(stats.leased as f64);
        self.done.set(stats.done as f64);
        self.dead.set(stats.dead as f64);
        let age = stats.oldest_pending.map_or(Duration::ZERO, |oldest| now.since(oldest));
        self.oldest_pending.set(age.as_secs_f64());
    }
}
