//! Plays a conversation and says what went differently.

use std::{collections::HashMap, fmt, sync::Arc, time::Duration};

use tokio::time::Instant;

use super::file::{Conversation, Expected, Step, Words};
use crate::{
    ids::{AccountId, UserId},
    sandbox::{
        content::Content,
        platform::{Act, Platform},
        records::{Delivery, Message},
    },
};

/// How a conversation went; shows itself step by step, with the differences.
#[derive(Debug, Clone)]
pub struct Report {
    lines: Vec<String>,
    differences: usize,
}

impl Report {
    /// Whether everything came back as it must.
    pub fn passed(&self) -> bool {
        self.differences == 0
    }

    fn say(&mut self, line: String) {
        self.lines.push(line);
    }

    fn differ(&mut self, expected: Option<&Expected>, came: Option<&Message>) {
        self.differences += 1;
        let expected = expected.map_or_else(|| "nothing".to_owned(), ToString::to_string);
        let came = came.map_or_else(|| "nothing".to_owned(), |message| shown(&message.content));
        self.say(format!("  - expected {expected}"));
        self.say(format!("  + came     {came}"));
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.lines.iter().try_for_each(|line| writeln!(f, "{line}"))?;
        match self.differences {
            0 => writeln!(f, "passed"),
            _ => writeln!(f, "failed: it went differently, and ends here"),
        }
    }
}

/// A conversation that is being played.
struct Player<'p> {
    platform: &'p Arc<Platform>,
    report: Report,
    /// The last message that counts as read, by conversation.
    read: HashMap<(AccountId, UserId), u64>,
    /// Where a conversation begins that has not come up yet.
    start: u64,
    /// Conversations whose replies do not matter until their user's next step.
    careless: HashMap<(AccountId, UserId), bool>,
}

impl Conversation {
    pub(in crate::sandbox) async fn play_on(&self, platform: &Arc<Platform>) -> Report {
        let start = platform.state().messages.last_id();
        let report = Report { lines: Vec::new(), differences: 0 };
        let (read, careless) = (HashMap::new(), HashMap::new());
        let mut player = Player { platform, report, read, start, careless };
        for (index, step) in self.steps.iter().enumerate() {
            player.play(index + 1, step).await;
            if !player.report.passed() {
                return player.report;
            }
        }
        player.look_for_surplus();
        player.report
    }
}

impl Player<'_> {
    async fn play(&mut self, number: usize, step: &Step) {
        let conversation = (step.account.clone(), step.user.clone());
        if self.careless.insert(conversation.clone(), step.replies.is_none()) == Some(true) {
            self.read.insert(conversation.clone(), self.platform.state().messages.last_id());
        } else if let Some(surplus) = self.next(&conversation, Duration::ZERO).await {
            self.report.say(format!("before step {number}"));
            return self.report.differ(None, Some(&surplus));
        }
        let Step { user, does, .. } = step;
        self.report.say(format!("step {number}: {}", act(user, does.as_ref())));
        let act = match does.clone().map(|does| self.platform.act(&step.account, user, does)) {
            None => None,
            Some(Ok(act)) => Some(act),
            Some(Err(error)) => {
                self.report.differences += 1;
                return self.report.say(format!("  - {error}"));
            }
        };
        if let Some(replies) = &step.replies {
            self.compare(&conversation, replies, step.within).await;
        }
        if let Some(act) = act
            && !self.report.passed()
        {
            self.explain(act).await;
        }
    }

    async fn compare(
        &mut self,
        conversation: &(AccountId, UserId),
        replies: &[Expected],
        within: Duration,
    ) {
        let deadline = Instant::now() + within;
        for expected in replies {
            let left = deadline.saturating_duration_since(Instant::now());
            match self.next(conversation, left).await {
                Some(message) if expected.matches(&message.content) => {
                    self.report.say(format!("  {}", shown(&message.content)));
                }
                other => return self.report.differ(Some(expected), other.as_ref()),
            }
        }
        if replies.is_empty()
            && let Some(message) = self.next(conversation, within).await
        {
            self.report.differ(None, Some(&message));
        }
    }

    /// The next unread message, which then counts as read.
    async fn next(&mut self, conversation: &(AccountId, UserId), within: Duration) -> Option<Message> {
        let (account, user) = conversation;
        let after = self.read.get(conversation).copied().unwrap_or(self.start);
        let message = self.platform.next_message(account, user, after, within).await?;
        self.read.insert(conversation.clone(), message.id);
        Some(message)
    }

    /// What came to the users of the conversation and was not expected.
    fn look_for_surplus(&mut self) {
        let state = self.platform.state();
        for (account, user) in self
            .careless
            .iter()
            .filter(|(_, careless)| !**careless)
            .map(|(conversation, _)| conversation)
        {
            let after = self.read.get(&(account.clone(), user.clone())).copied().unwrap_or(self.start);
            if let Some(surplus) = state.received(account, user, after) {
                self.report.say(format!("after the last step, to {user}"));
                self.report.differ(None, Some(surplus));
            }
        }
    }

    /// How the step's delivery fared, if it has ended; a message that did not arrive explains a missing reply.
    async fn explain(&mut self, act: Act) {
        let id = act.delivery;
        let ended = tokio::time::timeout(Duration::from_millis(100), act.ended).await;
        let why = match ended {
            Ok(Ok(Delivery { reason: Some(reason), url, .. })) => {
                format!("did not reach {url}: {reason}")
            }
            Ok(_) => "was accepted".to_owned(),
            Err(_) => "is still under way".to_owned(),
        };
        self.report.say(format!("  (delivery {id} {why})"));
    }
}

impl fmt::Display for Expected {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kind = self.kind.as_deref().unwrap_or("something");
        match &self.words {
            Words::Any => f.write_str(kind),
            Words::Exact(exact) => write!(f, "{kind} that is exactly {exact:?}"),
            Words::Contains(part) => write!(f, "{kind} that contains {part:?}"),
            Words::Matches(regex) => write!(f, "{kind} that matches /{regex}/"),
        }
    }
}

fn act(user: &UserId, does: Option<&Content>) -> String {
    match does {
        None => format!("{user} waits"),
        Some(Content::Text { text }) => format!("{user} says {text:?}"),
        Some(Content::Subscribe) => format!("{user} follows"),
        Some(Content::Unsubscribe) => format!("{user} unfollows"),
        Some(other) => format!("{user} sends {}", shown(other)),
    }
}

fn shown(content: &Content) -> String {
    format!("{} {:?}", content.kind(), content.words())
}
