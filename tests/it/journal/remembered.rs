//! The model of what conversations remember: a state is the list of the messages that made it, and time is a number that only
//! grows.

use std::time::Duration;

use rongcloud_callback::{
    clock::UnixMillis,
    journal::{ConversationState, EntryId, Queue, Revision},
};

/// The dialogue of all states of the model.
pub(super) const DIALOGUE: &str = "list";

/// The state of a conversation as the model knows it.
#[derive(Debug, Clone)]
pub(super) struct Remembered {
    conversation: String,
    /// The names of the messages that were handled since there was no state, in order.
    messages: Vec<String>,
    pub(super) revision: Revision,
    /// The age of the world at which the state expires.
    expires: i64,
    is_announced: bool,
}

/// An entry that comes later.
#[derive(Debug)]
struct Planned {
    queue: Queue,
    name: String,
    conversation: String,
    /// The state without which the entry does not come.
    bound_to: Option<Revision>,
    due: i64,
}

/// An entry that has come.
#[derive(Debug)]
pub(super) struct Arrival {
    pub(super) queue: Queue,
    pub(super) name: String,
    pub(super) conversation: String,
}

/// The change of a state: what a handler or an operator makes of the one they have seen.
#[derive(Debug, Clone, Copy)]
pub(super) enum Change {
    Keep,
    /// The message is added to the list, which lasts for so many seconds.
    Add(u64),
    Clear,
}

/// The memory of all conversations.
#[derive(Debug, Default)]
pub(super) struct Memories {
    states: Vec<Remembered>,
    planned: Vec<Planned>,
    /// The age of the world in milliseconds: no clock that is set changes it.
    age: i64,
    /// Revisions of operators' changes, none of which comes twice.
    by_operators: Vec<Revision>,
}

/// The name of an entry: its text, or for one without, whose expiry it announces.
pub(super) fn name(body: &[u8], answers: Option<EntryId>) -> String {
    match (body, answers) {
        ([], Some(EntryId(revision))) => expiry_name(Revision(revision)),
        (text, _) => String::from_utf8(text.to_vec()).unwrap(),
    }
}

fn expiry_name(Revision(revision): Revision) -> String {
    format!("expiry-of-{revision}")
}

/// The body of a state in which these messages were handled.
pub(super) fn body_of(messages: &[String]) -> String {
    messages.join(" ")
}

/// The messages of a state's body.
pub(super) fn messages_of(body: &[u8]) -> Vec<String> {
    String::from_utf8(body.to_vec()).unwrap().split_whitespace().map(str::to_owned).collect()
}

impl Memories {
    pub(super) fn age(&self) -> i64 {
        self.age
    }

    /// Lets the world grow older; a clock may show less than that, or a little more.
    pub(super) fn grow(&mut self, millis: i64) {
        self.age += millis;
    }

    pub(super) fn state(&self, conversation: &str) -> Option<&Remembered> {
        self.states.iter().find(|state| state.conversation == conversation)
    }

    pub(super) fn revision(&self, conversation: &str) -> Option<Revision> {
        self.state(conversation).map(|state| state.revision)
    }

    /// Whether the state of a conversation had expired at that age of the world.
    pub(super) fn had_expired(&self, conversation: &str, age: i64) -> bool {
        self.state(conversation).is_some_and(|state| state.expires <= age)
    }

    /// Applies the change that the message with this name makes.
    pub(super) fn apply(&mut self, conversation: &str, change: Change, name: &str, revision: Revision) {
        let before = self.states.iter().position(|state| state.conversation == conversation);
        let seconds = match change {
            Change::Keep => return,
            Change::Add(seconds) => Some(seconds),
            Change::Clear => None,
        };
        let mut messages = before.map_or(Vec::new(), |at| self.states.remove(at).messages);
        let Some(seconds) = seconds else { return };
        messages.push(name.to_owned());
        let expires = self.age + 1000 * i64::try_from(seconds).unwrap();
        let conversation = conversation.to_owned();
        self.states.push(Remembered { conversation, messages, revision, expires, is_announced: false });
    }

    /// Notes the revision of an operator's change; `false` if it is none, or one that came before.
    pub(super) fn is_new_of_operator(&mut self, revision: Revision) -> bool {
        let is_new = revision.0 < 0 && !self.by_operators.contains(&revision);
        self.by_operators.push(revision);
        is_new
    }

    pub(super) fn plan(&mut self, arrival: Arrival, after: Duration, bound_to: Option<Revision>) {
        let Arrival { queue, name, conversation } = arrival;
        let due = self.age + i64::try_from(after.as_millis()).unwrap();
        self.planned.push(Planned { queue, name, conversation, bound_to, due });
    }

    /// Takes out what has become due, in order: each planned entry, and the news of each expiry.
    pub(super) fn arrive(&mut self) -> Vec<Arrival> {
        let mut due = Vec::new();
        let age = self.age;
        // A stable sort leaves those of one moment in the order in which they were planned.
        for planned in self.planned.extract_if(.., |planned| planned.due <= age) {
            due.push((planned.due, false, String::new(), planned));
        }
        for state in self.states.iter_mut().filter(|it| it.expires <= age && !it.is_announced) {
            state.is_announced = true;
            let conversation = state.conversation.clone();
            let name = expiry_name(state.revision);
            let news = Planned {
                queue: Queue::Inbox,
                name,
                conversation: conversation.clone(),
                bound_to: None,
                due: state.expires,
            };
            due.push((state.expires, true, conversation, news));
        }
        due.sort_by(|a, b| (a.0, a.1, &a.2).cmp(&(b.0, b.1, &b.2)));
        due.into_iter()
            .map(|(.., planned)| planned)
            .filter(|it| it.bound_to.is_none() || it.bound_to == self.revision(&it.conversation))
            .map(|Planned { queue, name, conversation, .. }| Arrival { queue, name, conversation })
            .collect()
    }

    /// Whether something is still to come.
    pub(super) fn is_waiting(&self) -> bool {
        !self.planned.is_empty()
    }

    /// All states as an operator should see them when the clock shows `now`.
    pub(super) fn looks(&self, now: UnixMillis) -> Vec<ConversationState> {
        let mut looks: Vec<_> = self
            .states
            .iter()
            .map(|state| ConversationState {
                conversation: state.conversation.clone(),
                dialogue: DIALOGUE.to_owned(),
                version: 1,
                body: body_of(&state.messages).into(),
                revision: state.revision,
                expires_at: UnixMillis(now.0 + state.expires - self.age),
                is_expiring: state.is_announced,
            })
            .collect();
        looks.sort_by(|a, b| a.conversation.cmp(&b.conversation));
        looks
    }
}
