//! The player, which plays a conversation step by step until one goes differently.

use std::{collections::HashMap, mem, time::Duration};

use tokio::time::{Instant, sleep, timeout};

use super::{
    action::Action,
    expected_state::ExpectedState,
    file::{Conversation, Expected, Step},
    report::{Checked, Difference, PlayedStep, Report},
    step_delivery::{StepDelivery, accepted, is_answered},
    unplayable::Unplayable,
};
use crate::{
    ids::{AccountId, UserId},
    sandbox::{
        content::ChatContent,
        desk::{DeskAction, DeskRequest},
        handling::{HandlingState, ReplyHandling},
        history::Delivery,
        platform::Platform,
        state::State,
    },
};

/// The time for what a server reports a moment later, and for the end of a delivery that makes the report more exact.
const GRACE: Duration = Duration::from_millis(100);
/// The time in which a server notices that time has passed: its workers look for what is due twice a second.
const NOTICE: Duration = Duration::from_secs(1);

/// A conversation that is being played.
struct Player<'p> {
    platform: &'p Platform,
    /// The id of the last message before the play.
    start: u64,
    /// The progress of each conversation.
    progress: HashMap<(AccountId, UserId), Progress>,
    /// The replies to the current step that came as expected so far.
    replies: Vec<ChatContent>,
}

/// The progress of the conversation of an account and a user.
#[derive(Debug, Clone, Copy)]
struct Progress {
    /// The id of the last message that counts as read.
    read: u64,
    /// Whether replies are ignored until the user's next step.
    is_ignored: bool,
    /// The delivery of the user's latest step.
    delivery: Option<u64>,
    /// Whether any message of the user was accepted.
    is_accepted: bool,
}

impl Conversation {
    /// Plays the conversation against the server under test.
    pub(in crate::sandbox) async fn play_on(&self, platform: &Platform) -> Report {
        let unplayable = Unplayable::first_of(&self.steps, platform);
        let start = platform.state.lock().messages.last_id();
        let mut player = Player { platform, start, progress: HashMap::new(), replies: Vec::new() };
        let (steps, surplus) = (Vec::new(), Vec::new());
        let mut report = Report { steps, total: self.steps.len(), surplus, unplayable };
        if !report.has_passed() {
            return report;
        }
        for step in &self.steps {
            report.steps.push(player.play(step).await);
            if !report.has_passed() {
                return report;
            }
        }
        report.surplus = player.surplus();
        report
    }
}

impl Player<'_> {
    /// Plays a step.
    async fn play(&mut self, step: &Step) -> PlayedStep {
        self.replies = Vec::new();
        let result = self.check(step).await;
        let delivery = self.progress(step).delivery.filter(|_| result.is_err());
        let (user, action) = (step.user.clone(), step.action.clone());
        PlayedStep {
            user,
            after: step.after,
            action,
            replies: mem::take(&mut self.replies),
            result,
            delivery: delivery.and_then(|id| self.delivery(id)),
        }
    }

    /// Carries a step out and compares its replies.
    async fn check(&mut self, step: &Step) -> Result<Checked, Difference> {
        let progress = self.progress(step);
        let was_ignored = mem::replace(&mut progress.is_ignored, step.replies.is_none());
        if was_ignored {
            let last = self.platform.state.lock().messages.last_id();
            self.progress(step).read = last;
        } else if (step.action.is_some() || step.after.is_some())
            && let Some(early) = self.next(step, Duration::ZERO).await
        {
            return Err(Difference::Early(early));
        }
        if let Some(span) = step.after {
            self.let_pass(step, span).await;
        }
        let mut delivery = self.act(step).await?;
        let checked = self.check_replies(step, &mut delivery).await?;
        if let Some(expected) = &step.state {
            self.expect_state(step, expected).await?;
        }
        Ok(checked)
    }

    /// Lets time pass once all messages are handled, and gives the server the time to notice.
    async fn let_pass(&mut self, step: &Step, span: Duration) {
        // A handler that is at work while time passes would lose its lease, and its message would be handled again.
        let is_idle = |state: &State| {
            let mut handlings =
                state.deliveries.iter().filter_map(|delivery| delivery.handling.as_ref());
            handlings.all(|it| it.is_settled() || it.state == HandlingState::Retrying).then_some(())
        };
        _ = timeout(step.within, self.platform.state.wait_for(is_idle)).await;
        self.platform.advance(span);
        sleep(NOTICE).await;
    }

    /// Compares the replies to a step.
    async fn check_replies(
        &mut self,
        step: &Step,
        delivery: &mut Option<StepDelivery>,
    ) -> Result<Checked, Difference> {
        let Some(replies) = &step.replies else {
            self.wait_until_accepted(step, delivery).await?;
            self.wait_for_handling(step).await;
            let is_message = matches!(step.action, Some(Action::User(_)));
            return Ok(if is_message { Checked::Delivery } else { Checked::Nothing });
        };
        if replies.is_empty() {
            // The time without a reply begins when the server could have answered.
            self.wait_until_accepted(step, delivery).await?;
            self.expect_silence(step).await?;
            return Ok(Checked::Silence);
        }
        let compared = tokio::select! {
            biased;
            compared = self.compare(step, replies) => compared,
            Err(difference) = accepted(delivery) => return Err(difference),
        };
        if compared.is_err() {
            // A reply may be faster than the answer to the delivery, which the report shows.
            _ = timeout(GRACE, accepted(delivery)).await;
        }
        compared?;
        self.wait_until_accepted(step, delivery).await?;
        Ok(Checked::Replies)
    }

    /// Carries out the step's action, if it has one.
    async fn act(&mut self, step: &Step) -> Result<Option<StepDelivery>, Difference> {
        match step.action.clone() {
            None => Ok(None),
            Some(Action::User(content)) => {
                let sent = self.platform.write(&step.account, &step.user, content);
                let sent = sent.map_err(Difference::Impossible)?;
                self.progress(step).delivery = Some(sent.delivery);
                Ok(Some(StepDelivery::new(sent.ended)))
            }
            Some(Action::Person(action)) => self.act_as_person(step, action).await.map(|()| None),
        }
    }

    /// Carries out a person's action in the step's conversation.
    async fn act_as_person(&mut self, step: &Step, action: DeskAction) -> Result<(), Difference> {
        let (account, user) = (step.account.clone(), step.user.clone());
        let done = self.platform.act_as_person(DeskRequest { account, user, action }).await;
        done.map_err(|error| Difference::Refused(error.to_string()))?;
        // What the desk sends may be looked at, although the user has sent nothing yet.
        self.progress(step).is_accepted = true;
        Ok(())
    }

    /// Waits until the user's latest message is handled and all replies to it have been sent, where the server reports its
    /// work: a late reply would seem to be one to the next step.
    async fn wait_for_handling(&mut self, step: &Step) {
        let Some(id) = self.progress(step).delivery else { return };
        let is_over = |state: &State| {
            let Some(delivery) = state.deliveries.get(id) else { return Some(()) };
            let is_over = delivery.handling.as_ref().is_some_and(|handling| {
                handling.is_settled() && handling.replies.iter().all(ReplyHandling::is_settled)
            });
            (is_over || !state.deliveries.may_be_reported(&delivery.url)).then_some(())
        };
        _ = timeout(step.within, self.platform.state.wait_for(is_over)).await;
    }

    /// Waits for the end of the step's delivery, which must be accepted.
    async fn wait_until_accepted(
        &mut self,
        step: &Step,
        delivery: &mut Option<StepDelivery>,
    ) -> Result<(), Difference> {
        accepted(delivery).await?;
        self.progress(step).is_accepted |= delivery.is_some();
        Ok(())
    }

    /// Waits for the expected replies.
    async fn compare(&mut self, step: &Step, replies: &[Expected]) -> Result<(), Difference> {
        let deadline = Instant::now() + step.within;
        for expected in replies {
            let left = deadline.saturating_duration_since(Instant::now());
            match self.next(step, left).await {
                Some(content) if expected.is_met_by(&content) => self.replies.push(content),
                received => {
                    let expected = Some(Box::new(expected.clone()));
                    return Err(Difference::Reply { expected, received });
                }
            }
        }
        Ok(())
    }

    /// Waits for the step's time, in which no reply may come although the server could answer.
    async fn expect_silence(&mut self, step: &Step) -> Result<(), Difference> {
        if !self.progress(step).is_accepted {
            return Err(Difference::NothingAccepted);
        }
        if let Some(received) = self.next(step, step.within).await {
            return Err(Difference::Reply { expected: None, received: Some(received) });
        }
        let delivery = self.progress(step).delivery.and_then(|id| self.delivery(id));
        let handling = delivery.and_then(|delivery| delivery.handling);
        match handling {
            Some(handling) if !is_answered(&handling) => Err(Difference::Unsettled),
            _ => Ok(()),
        }
    }

    /// Waits until the conversation has the expected state.
    async fn expect_state(&mut self, step: &Step, expected: &ExpectedState) -> Result<(), Difference> {
        // The conversation may have had this state before, and a server reports a new one after the end of the handling.
        sleep(GRACE).await;
        let is_met = |state: &State| {
            expected.is_met_by(state.dialogues.current(&step.account, &step.user)).then_some(())
        };
        if timeout(step.within, self.platform.state.wait_for(is_met)).await.is_ok() {
            return Ok(());
        }
        let stored = self.platform.state.lock().dialogues.current(&step.account, &step.user).cloned();
        Err(Difference::State { expected: expected.clone(), stored })
    }

    /// The progress of the step's conversation.
    fn progress(&mut self, step: &Step) -> &mut Progress {
        let new = Progress { read: self.start, is_ignored: false, delivery: None, is_accepted: false };
        self.progress.entry((step.account.clone(), step.user.clone())).or_insert(new)
    }

    /// The next unread message, which then counts as read.
    async fn next(&mut self, step: &Step, within: Duration) -> Option<ChatContent> {
        let after = self.progress(step).read;
        let message = self.platform.state.next_message(&step.account, &step.user, after, within);
        let message = message.await?;
        self.progress(step).read = message.id;
        Some(message.content)
    }

    /// The replies that came to the users of the conversation, and that no step expects.
    fn surplus(&self) -> Vec<(UserId, ChatContent)> {
        let state = self.platform.state.lock();
        let checked = self.progress.iter().filter(|(_, progress)| !progress.is_ignored);
        let surplus = checked.filter_map(|((account, user), progress)| {
            let message = state.received(account, user, progress.read)?;
            Some((user.clone(), message.content.clone()))
        });
        surplus.collect()
    }

    fn delivery(&self, id: u64) -> Option<Delivery> {
        self.platform.state.lock().deliveries.get(id).cloned()
    }
}
