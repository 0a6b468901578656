//! Health, readiness and metrics, for operators and orchestrators: never on the public listener.

use std::{fmt, sync::Arc, time::Duration};

use ::metrics::Gauge;
use axum::{
    Router,
    extract::State,
    http::{
        HeaderMap, HeaderValue, StatusCode,
        header::{AUTHORIZATION, CONTENT_TYPE, WWW_AUTHENTICATE},
    },
    response::{IntoResponse, Response},
    routing::get,
};
use secrecy::{ExposeSecret, SecretString};
use sha2::{Digest, Sha256};
use subtle::{Choice, ConstantTimeEq};
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

use crate::{
    clock::{Clock, UnixMillis},
    journal::{QueueStats, Records, Stats},
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
/// own for its metrics. `/metrics` asks for one of `tokens`, if there are any; the other two are for load balancers
/// and orchestrators, which have none.
pub fn router(
    journal: Arc<dyn Records>,
    clock: Clock,
    stopping: CancellationToken,
    render: Option<Render>,
    tokens: Vec<SecretString>,
) -> Router {
    let meters = QueueMeters::new(journal, clock);
    Router::new()
        .route("/healthz", get(async || "ok\n"))
        .route("/readyz", get(readyz))
        .route("/metrics", get(scrape))
        .with_state(Arc::new(Admin { meters, stopping, render, tokens }))
}

struct Admin {
    meters: QueueMeters,
    stopping: CancellationToken,
    render: Option<Render>,
    tokens: Vec<SecretString>,
}

impl Admin {
    /// Whether a request carries one of the tokens, or none is needed.
    fn admits(&self, headers: &HeaderMap) -> bool {
        let given = headers.get(AUTHORIZATION).map_or(&b""[..], HeaderValue::as_bytes);
        let given = match given.split_at_checked(b"Bearer ".len()) {
            Some((scheme, token)) if scheme.eq_ignore_ascii_case(b"Bearer ") => token,
            _ => &[],
        };
        // Digests, because slices of different lengths are told apart at once; all, because the first would be too.
        let given = Sha256::digest(given);
        let matches = self.tokens.iter().fold(Choice::from(0), |any, token| {
            any | Sha256::digest(token.expose_secret()).ct_eq(&given)
        });
        self.tokens.is_empty() || bool::from(matches)
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
    admin.meters.stats().await.map(|_| "ready\n").map_err(NotReady::Journal)
}

async fn scrape(State(admin): State<Arc<Admin>>, headers: HeaderMap) -> Response {
    if !admin.admits(&headers) {
        let asked = [(WWW_AUTHENTICATE, "Bearer")];
        return (StatusCode::UNAUTHORIZED, asked, "the metrics ask for a token of admin.tokens\n")
            .into_response();
    }
    let Some(render) = &admin.render else {
        let why =
            "this program records its metrics elsewhere: they are where its own recorder shows them\n";
        return (StatusCode::NOT_FOUND, why).into_response();
    };
    admin.meters.refresh().await;
    ([(CONTENT_TYPE, PROMETHEUS_TEXT)], render()).into_response()
}

/// The gauges of both queues, and the journal that they are read from.
#[derive(Debug)]
pub struct QueueMeters {
    journal: Arc<dyn Records>,
    clock: Clock,
    gauges: [QueueGauges; 2],
}

impl QueueMeters {
    /// Gauges of the recorder that is installed now.
    pub fn new(journal: Arc<dyn Records>, clock: Clock) -> Self {
        Self { journal, clock, gauges: [QueueGauges::new("inbox"), QueueGauges::new("outbox")] }
    }

    /// Sets the gauges to what is in the journal; without an answer of it they keep their last values.
    pub async fn refresh(&self) {
        if let Ok(stats) = self.stats().await {
            let now = self.clock.now();
            let [inbox, outbox] = &self.gauges;
            inbox.set(stats.inbox, now);
            outbox.set(stats.outbox, now);
        }
    }

    /// How much is in the journal; or why it cannot say so.
    async fn stats(&self) -> Result<Stats, String> {
        match timeout(PATIENCE, self.journal.stats()).await {
            Ok(Ok(stats)) => Ok(stats),
            Ok(Err(error)) => Err(error.to_string()),
            Err(_) => Err("the journal does not answer".to_owned()),
        }
    }
}

/// What `/metrics` says about one queue.
#[derive(Debug)]
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
