//! The feed as server-sent events: what the page lives on.

use std::{convert::Infallible, sync::Arc, time::Duration};

use axum::{
    extract::{Request, State},
    response::{
        IntoResponse, Sse,
        sse::{Event, KeepAlive},
    },
};
use futures_util::{StreamExt, stream};
use tokio::sync::watch;
use url::form_urlencoded;

use super::platform::Platform;

const KEEP_ALIVE: Duration = Duration::from_secs(15);

/// Follows the feed after the event in `Last-Event-ID`, or else in `?after=`; without either from now on.
pub(super) async fn follow(
    State(platform): State<Arc<Platform>>,
    request: Request,
) -> impl IntoResponse {
    let header = request.headers().get("last-event-id").and_then(|id| id.to_str().ok());
    let query = request.uri().query().unwrap_or_default();
    let after = header.map(str::to_owned).or_else(|| {
        let mut pairs = form_urlencoded::parse(query.as_bytes());
        pairs.find(|(name, _)| name == "after").map(|(_, id)| id.into_owned())
    });
    let follower = Follower::new(Arc::clone(&platform), after.as_deref());
    let events = stream::unfold(follower, |mut follower| async {
        let event = follower.next().await;
        Some((Ok::<_, Infallible>(event), follower))
    });
    let stop = platform.stop.clone().cancelled_owned();
    Sse::new(events.take_until(stop)).keep_alive(KeepAlive::new().interval(KEEP_ALIVE))
}

/// One page that follows the feed. It takes one change at a time, so that a page which does not read costs nothing.
struct Follower {
    platform: Arc<Platform>,
    /// Wakes it when there is something new.
    changes: watch::Receiver<u64>,
    /// The latest change that it has got; none if it has to begin anew.
    after: Option<u64>,
}

impl Follower {
    fn new(platform: Arc<Platform>, after: Option<&str>) -> Self {
        let (changes, after) = {
            let feed = &platform.state().feed;
            let number = |id: &str| {
                let (instance, number) = id.rsplit_once('-')?;
                (instance == feed.instance).then(|| number.parse().ok()).flatten()
            };
            (feed.watch(), after.map_or(Some(feed.latest()), number))
        };
        Self { platform, changes, after }
    }

    async fn next(&mut self) -> Event {
        loop {
            self.changes.mark_unchanged();
            if let Some(event) = self.catch_up() {
                return event;
            }
            // The feed lives as long as the platform that is held here.
            let _ = self.changes.changed().await;
        }
    }

    /// The next event, if there is one already.
    fn catch_up(&mut self) -> Option<Event> {
        let feed = &self.platform.state().feed;
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
