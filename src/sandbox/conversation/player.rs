//! Plays a conversation, step by step, until one goes differently.

use std::{collections::HashMap, mem, sync::Arc, time::Duration};

use tokio::time::{Instant, timeout};

use super::{
    file::{Conversation, Expected, Step},
    report::{Checked, Difference, Played, Report},
};
use crate::{
    ids::{AccountId, UserId},
    sandbox::{
        content::Content,
        deliver::Delivered,
        handling::{Handling, HandlingState, ReplyState},
        platform::Platform,
        records::{Delivery, DeliveryState},
        state::State,
    },
};

/// How long the end of a delivery is waited for that does not matter.
const SOON: Duration = Duration::from_millis(100);

/// A conversation that is being played.
struct Player<'p> {
    platform: &'p Arc<Platform>,
    /// The last message before the play.
    start: u64,
    places: HashMap<(AccountId, UserId), Place>,
    /// The replies of the step that came as expected so far.
    replies: Vec<Content>,
}

/// How far the conversation of an account and a user is.
#[derive(Debug, Clone, Copy)]
struct Place {
    /// The last message that counts as read.
    read: u64,
    /// Whether replies do not matter until the user's next step.
    is_careless: bool,
    /// The delivery of the user's latest step.
    delivery: Option<u64>,
    /// Whether anything that the user has done was accepted.
    was_accepted: bool,
}

/// What a step did: a delivery that is in progress, or has ended.
struct Done {
    ended: Delivered,
    was_accepted: Option<bool>,
}

impl Conversation {
    pub(in crate::sandbox) async fn play_on(&self, platform: &Arc<Platform>) -> Report {
        let start = platform.state().messages.last_id();
        let mut player = Player { platform, start, places: HashMap::new(), replies: Vec::new() };
        let mut report = Report { steps: Vec::new(), total: self.steps.len(), surplus: Vec::new() };
        for step in &self.steps {
            report.steps.push(player.play(step).await);
            if !report.passed() {
                return report;
            }
        }
        report.surplus = player.surplus();
        report
    }
}

impl Player<'_> {
    async fn play(&mut self, step: &Step) -> Played {
        self.replies = Vec::new();
        let result = self.result(step).await;
        let delivery = self.place(step).delivery.filter(|_| result.is_err());
        let (user, does) = (step.user.clone(), step.does.clone());
        Played {
            user,
            does,
            replies: mem::take(&mut self.replies),
            result,
            delivery: delivery.and_then(|id| self.delivery(id)),
        }
    }

    async fn result(&mut self, step: &Step) -> Result<Checked, Difference> {
        let place = self.place(step);
        let was_careless = mem::replace(&mut place.is_careless, step.replies.is_none());
        if was_careless {
            let last = self.platform.state().messages.last_id();
            self.place(step).read = last;
        } else if let Some(early) = self.next(step, Duration::ZERO).await {
            return Err(Difference::Early(early));
        }
        let mut done = self.act(step)?;
        let Some(replies) = &step.replies else {
            self.was_accepted(step, &mut done).await?;
            self.wait_for_the_rest(step).await;
            return Ok(Checked::Delivery);
        };
        if replies.is_empty() {
            // Silence begins to count when the server could have answered.
            self.was_accepted(step, &mut done).await?;
            self.silence(step).await?;
            return Ok(Checked::Silence);
        }
        let compared = tokio::select! {
            biased;
            compared = self.compare(step, replies) => compared,
            Err(difference) = accepted(&mut done) => return Err(difference),
        };
        if compared.is_err() {
            // A reply may be faster than the answer to the delivery, which the report tells of.
            _ = timeout(SOON, accepted(&mut done)).await;
        }
        compared?;
        self.was_accepted(step, &mut done).await?;
        Ok(Checked::Replies)
    }

    /// Does what the step does, if it does anything.
    fn act(&mut self, step: &Step) -> Result<Option<Done>, Difference> {
        let Some(does) = step.does.clone() else { return Ok(None) };
        let act = self.platform.act(&step.account, &step.user, does).map_err(Difference::Impossible)?;
        self.place(step).delivery = Some(act.delivery);
        Ok(Some(Done { ended: act.ended, was_accepted: None }))
    }

    /// Where the server tells what becomes of messages, waits until nothing more comes of the step's: a late reply would
    /// seem to be one to the next step.
    async fn wait_for_the_rest(&mut self, step: &Step) {
        let Some(id) = self.place(step).delivery else { return };
        let is_over = |state: &State| {
            let Some(delivery) = state.deliveries.get(id) else { return Some(()) };
            let is_told =
                state.is_observed && state.observed_url.as_ref().is_none_or(|url| *url == delivery.url);
            let is_over = delivery.handling.as_ref().is_some_and(|handling| {
                let is_over = |state| matches!(state, ReplyState::Sent | ReplyState::Dead);
                handling.is_settled() && handling.replies.iter().all(|reply| is_over(reply.state))
            });
            (is_over || !is_told).then_some(())
        };
        _ = timeout(step.within, self.platform.until(is_over)).await;
    }

    async fn was_accepted(&mut self, step: &Step, done: &mut Option<Done>) -> Result<(), Difference> {
        accepted(done).await?;
        self.place(step).was_accepted |= done.is_some();
        Ok(())
    }

    async fn compare(&mut self, step: &Step, replies: &[Expected]) -> Result<(), Difference> {
        let deadline = Instant::now() + step.within;
        for expected in replies {
            let left = deadline.saturating_duration_since(Instant::now());
            match self.next(step, left).await {
                Some(content) if expected.matches(&content) => self.replies.push(content),
                received => {
                    let expected = Some(Box::new(expected.clone()));
                    return Err(Difference::Reply { expected, received });
                }
            }
        }
        Ok(())
    }

    /// Nothing must come, although it could.
    async fn silence(&mut self, step: &Step) -> Result<(), Difference> {
        if !self.place(step).was_accepted {
            return Err(Difference::NothingAccepted);
        }
        if let Some(received) = self.next(step, step.within).await {
            return Err(Difference::Reply { expected: None, received: Some(received) });
        }
        let delivery = self.place(step).delivery.and_then(|id| self.delivery(id));
        let handling = delivery.and_then(|delivery| delivery.handling);
        match handling {
            Some(handling) if !is_answered(&handling) => Err(Difference::Unsettled),
            _ => Ok(()),
        }
    }

    fn place(&mut self, step: &Step) -> &mut Place {
        let place = Place { read: self.start, is_careless: false, delivery: None, was_accepted: false };
        self.places.entry((step.account.clone(), step.user.clone())).or_insert(place)
    }

    /// The next unread message, which then counts as read.
    async fn next(&mut self, step: &Step, within: Duration) -> Option<Content> {
        let after = self.place(step).read;
        let message = self.platform.next_message(&step.account, &step.user, after, within).await?;
        self.place(step).read = message.id;
        Some(message.content)
    }

    /// The replies that came to the users of the conversation, and that no step expects.
    fn surplus(&self) -> Vec<(UserId, Content)> {
        let state = self.platform.state();
        let careful = self.places.iter().filter(|(_, place)| !place.is_careless);
        let surplus = careful.filter_map(|((account, user), place)| {
            let message = state.received(account, user, place.read)?;
            Some((user.clone(), message.content.clone()))
        });
        surplus.collect()
    }

    fn delivery(&self, id: u64) -> Option<Delivery> {
        self.platform.state().deliveries.get(id).cloned()
    }
}

/// Waits for the end of the step's delivery, which must be accepted.
async fn accepted(done: &mut Option<Done>) -> Result<(), Difference> {
    let Some(Done { ended, was_accepted }) = done else { return Ok(()) };
    if was_accepted.is_none() {
        let delivery = ended.await.map_err(|_| Difference::Ended)?;
        *was_accepted = Some(delivery.state == DeliveryState::Accepted);
    }
    if *was_accepted == Some(true) { Ok(()) } else { Err(Difference::NotAccepted) }
}

/// Whether a message is settled and its replies are sent: then nothing more comes of it.
fn is_answered(handling: &Handling) -> bool {
    matches!(handling.state, HandlingState::Done | HandlingState::NotTaken | HandlingState::Quiet)
        && handling.replies.iter().all(|reply| reply.state == ReplyState::Sent)
}
