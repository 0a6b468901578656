//! Live events, as a stream of server-sent events.

use std::{collections::VecDeque, convert::Infallible, sync::Arc, time::Duration};

use axum::response::{
    IntoResponse, Response, Sse,
    sse::{self, KeepAlive},
};
use futures_util::stream;
use serde::Serialize;

use super::{
    super::{
        api::{self, EventsQuery, StepEvent, millis},
        error::ApiError,
        live::{Changes, Event, Listener, newest},
        reading::{Names, Reading},
        rows::row,
        selection::known,
        texts::Texts,
        why::Reasons,
    },
    call::Call,
};
use crate::{
    journal::{EntryId, Filter, Order, Record},
    worker::{Ending, Progress, Step},
};

/// The silence after which a comment is sent, so that nobody takes the connection for dead.
const SILENCE: Duration = Duration::from_secs(15);
/// The most entries that a listener is told of who has been away.
const MISSED: usize = 200;

/// Streams what happens from now on, and first the entries since the one that the listener knows.
pub(super) async fn listen(call: Call, query: EventsQuery) -> Result<Response, ApiError> {
    let only_changes = match known(query.what.as_deref()) {
        None => false,
        Some("desk") => true,
        Some(_) => return Err(ApiError::bad_request("what: write `desk`, or nothing for all events")),
    };
    let texts = Texts::shown_if(call.sees_all() && !only_changes);
    if texts.are_shown() {
        call.audit.look(&call.who, &call.target, 0).await?;
    }
    // The listener begins before the journal is searched: what comes in between is heard twice and told once.
    let newest = newest(&*call.journal).await?;
    let listener = call.events.listen(newest);
    let mut feed = Feed { call, listener, texts, only_changes, last: newest, ready: VecDeque::new() };
    feed.catch_up().await?;
    let events = stream::unfold(feed, async |mut feed| {
        let event = feed.next().await?;
        Some((Ok::<_, Infallible>(event), feed))
    });
    let keep_alive = KeepAlive::new().interval(SILENCE);
    Ok(Sse::new(Box::pin(events)).keep_alive(keep_alive).into_response())
}

/// The events for one listener.
struct Feed {
    call: Call,
    listener: Listener,
    texts: Texts,
    only_changes: bool,
    /// The newest entry that the listener knows.
    last: EntryId,
    /// Events that are to be sent before anything else.
    ready: VecDeque<sse::Event>,
}

impl Feed {
    /// Prepares the entries that the listener has missed.
    async fn catch_up(&mut self) -> Result<(), ApiError> {
        let Some(last) = self.call.last_event().filter(|_| !self.only_changes) else { return Ok(()) };
        self.last = last;
        let filter = Filter {
            after: Some(last),
            order: Order::OldestFirst,
            limit: MISSED,
            scan: MISSED,
            ..Filter::default()
        };
        let page = self.call.journal.search(filter).await?;
        for record in &page.records {
            let event = self.entry(record);
            self.ready.extend(event);
        }
        if page.end.next().is_some() {
            self.ready.extend(changes(Changes::all()));
        }
        Ok(())
    }

    /// The next event; none at the end of the server, or of the listener's session.
    async fn next(&mut self) -> Option<sse::Event> {
        loop {
            if let Some(event) = self.ready.pop_front() {
                return Some(event);
            }
            let heard = match self.time_left() {
                None => self.listener.next().await?,
                Some(left) => tokio::time::timeout(left, self.listener.next()).await.ok()??,
            };
            let event = match heard {
                Event::Change(changed) => changes(changed),
                Event::Lost => changes(Changes::all()),
                Event::Entry(_) | Event::Step(_) if self.only_changes => None,
                Event::Entry(record) => self.entry(&record),
                Event::Step(progress) => step(&progress),
            };
            self.ready.extend(event);
        }
    }

    /// The time until the session of the listener ends, if it ends.
    fn time_left(&self) -> Option<Duration> {
        let expires_at = self.call.who.expires_at()?;
        Some(expires_at.since(self.call.clock.now()))
    }

    /// The event of an entry that the listener does not know yet.
    fn entry(&mut self, record: &Record) -> Option<sse::Event> {
        if record.id <= self.last {
            return None;
        }
        self.last = record.id;
        let row = row(record, &Reading::of(record), self.texts, &Reasons::new());
        Some(event("entry", &row)?.id(record.id.to_string()))
    }
}

fn changes(changes: Changes) -> Option<sse::Event> {
    event("change", &api::Change { what: changes.names().map(str::to_owned).collect() })
}

fn step(progress: &Arc<Progress>) -> Option<sse::Event> {
    let (step, reason, ending) = match progress.step.clone() {
        Step::Begun => ("begun", None, None),
        Step::Done { by, .. } => ("done", None, Some(Ending::Handled { by })),
        Step::NotTaken => ("done", None, Some(Ending::NotTaken)),
        Step::Quiet { by } => ("done", None, Some(Ending::Quiet { by })),
        Step::Kept => ("kept", None, Some(Ending::Kept)),
        Step::Outdated => ("outdated", None, Some(Ending::Outdated)),
        Step::Retry { reason, .. } => ("failed", Some(reason), None),
        Step::Released { reason, .. } => ("released", Some(reason), None),
        Step::Dead { reason } => ("buried", Some(reason), None),
        Step::State { .. } => return None,
    };
    let names = progress.conversation.as_ref().map(Names::from).unwrap_or_default();
    let step = StepEvent {
        id: progress.entry.0,
        queue: progress.queue.as_str().to_owned(),
        step: step.to_owned(),
        attempt: progress.attempt,
        took: progress.took.map(millis),
        reason,
        ending: ending.map(Into::into),
        app: names.app,
        account: names.account,
        user: names.user,
    };
    event("step", &step)
}

/// An event with JSON, in one line.
fn event(name: &str, data: &impl Serialize) -> Option<sse::Event> {
    sse::Event::default().event(name).json_data(data).ok()
}
