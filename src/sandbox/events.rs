//! The feed as server-sent events: what the page lives on.

use std::{collections::VecDeque, convert::Infallible, sync::Arc, time::Duration};

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

/// One page that follows the feed.
struct Follower {
    platform: Arc<Platform>,
    /// Wakes it when there is something new.
    changes: watch::Receiver<u64>,
    /// What it has got from the feed and not sent yet.
    waiting: VecDeque<Event>,
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
        Self { platform, changes, waiting: VecDeque::new(), after }
    }

    async fn next(&mut self) -> Event {
        loop {
            if let Some(event) = self.waiting.pop_front() {
                return event;
            }
            self.changes.mark_unchanged();
            self.catch_up();
            if self.waiting.is_empty() {
                // The feed lives as long as the platform that is held here.
                let _ = self.changes.changed().await;
            }
        }
    }

    fn catch_up(&mut self) {
        let feed = &self.platform.state().feed;
        let instance = &feed.instance;
        let id = |number| format!("{instance}-{number}");
        let changes = self.after.and_then(|after| feed.after(after));
        let Some(changes) = changes else {
            let latest = feed.latest();
            self.waiting.push_back(Event::default().event("reset").id(id(latest)).data("{}"));
            self.after = Some(latest);
            return;
        };
        for change in changes {
            let event = Event::default().event(change.event).id(id(change.id)).data(&change.data);
            self.waiting.push_back(event);
            self.after = Some(change.id);
        }
    }
}
