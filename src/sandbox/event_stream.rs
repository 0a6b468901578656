//! The changes of the sandbox as server-sent events, by which the page stays up to date.

use std::{convert::Infallible, sync::Arc, time::Duration};

use axum::{
    Router,
    extract::{Request, State},
    response::{
        IntoResponse, Sse,
        sse::{Event, KeepAlive},
    },
    routing::get,
};
use futures_util::{StreamExt, stream};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;
use url::form_urlencoded;

use super::shared_state::SharedState;

const KEEP_ALIVE: Duration = Duration::from_secs(15);

/// The source of the events.
#[derive(Debug)]
pub(super) struct EventSource {
    pub(super) state: SharedState,
    /// The signal at which all streams end.
    pub(super) stop: CancellationToken,
}

/// Answers `/sandbox/events`.
pub(super) fn router(source: EventSource) -> Router {
    Router::new().route("/sandbox/events", get(follow)).with_state(Arc::new(source))
}

/// Sends the changes after the event in `Last-Event-ID`, or else in `?after=`; without either from now on.
async fn follow(State(source): State<Arc<EventSource>>, request: Request) -> impl IntoResponse {
    let header = request.headers().get("last-event-id").and_then(|id| id.to_str().ok());
    let query = request.uri().query().unwrap_or_default();
    let after = header.map(str::to_owned).or_else(|| {
        let mut pairs = form_urlencoded::parse(query.as_bytes());
        pairs.find(|(name, _)| name == "after").map(|(_, id)| id.into_owned())
    });
    let follower = Follower::new(source.state.clone(), after.as_deref());
    let events = stream::unfold(follower, |mut follower| async {
        let event = follower.next().await;
        Some((Ok::<_, Infallible>(event), follower))
    });
    let stop = source.stop.clone().cancelled_owned();
    Sse::new(events.take_until(stop)).keep_alive(KeepAlive::new().interval(KEEP_ALIVE))
}

/// A page that follows the changes. It takes one change at a time, so that a page which does not read costs no memory.
struct Follower {
    state: SharedState,
    /// The receiver that wakes the follower at each change.
    changes: watch::Receiver<u64>,
    /// The number of the last change that was sent; none if the page must begin with the whole state.
    after: Option<u64>,
}

impl Follower {
    fn new(state: SharedState, after: Option<&str>) -> Self {
        let (changes, after) = {
            let feed = &state.lock().feed;
            let number = |id: &str| {
                let (instance, number) = id.rsplit_once('-')?;
                (instance == feed.instance).then(|| number.parse().ok()).flatten()
            };
            (feed.watch(), after.map_or(Some(feed.latest()), number))
        };
        Self { state, changes, after }
    }

    async fn next(&mut self) -> Event {
        loop {
            self.changes.mark_unchanged();
            if let Some(event) = self.next_pending() {
                return event;
            }
            // The feed lives as long as the state that is held here.
            let _ = self.changes.changed().await;
        }
    }

    /// The next event, if there is one already.
    fn next_pending(&mut self) -> Option<Event> {
        let feed = &self.state.lock().feed;
        let after = self.after.filter(|after| feed.has_all_after(*after));
        let (number, event) = match after {
            Some(after) => {
                let change = feed.next_after(after)?;
                (change.id, Event::default().event(change.event).data(&change.data))
            }
            None => (feed.latest(), Event::default().event("reset").data("{}")),
        };
        self.after = Some(number);
        Some(event.id(format!("{}-{number}", feed.instance)))
    }
}
