//! The route of a dialogue: a step becomes one of the handlers.

use std::{marker::PhantomData, sync::Arc};

use super::{
    Dialogue, DialogueStep,
    stored_state::{read, write},
    turn::{Course, Turn},
};
use crate::{
    desk::PERSON,
    handler::{
        ActiveDialogue, Context, FromInbound, HandlerError, HandlerResult, Handling, NewDialogueState,
        Next, Reply, Route, Routes, bounds::MAX_SILENCE,
    },
};

/// The longest name of a dialogue, in bytes.
const LONGEST_NAME: usize = 64;

/// One step of the dialogue `D`, for messages of the kind `I`.
struct DialogueRoute<D, I, S> {
    step: Arc<S>,
    /// The name in the log.
    name: Arc<str>,
    kinds: PhantomData<fn(D, I)>,
}

impl Routes {
    /// Adds a step of a dialogue after the handlers that are there; see [`Dialogue`].
    #[must_use]
    pub fn dialogue<D: Dialogue, I: FromInbound, S: DialogueStep<D, I>>(self, step: S) -> Self {
        const {
            assert!(
                is_fit(D::NAME),
                "the NAME of a dialogue has 1 to 64 bytes and no `:`, and it is not `person`"
            );
            assert!(
                !D::EXPIRES.is_zero() && D::EXPIRES.as_nanos() <= MAX_SILENCE.as_nanos(),
                "the EXPIRES of a dialogue is longer than nothing, and at most 30 days"
            );
        }
        let name = format!("dialogue \"{}\"", D::NAME).into();
        self.route(DialogueRoute { step: Arc::new(step), name, kinds: PhantomData })
    }
}

impl<D: Dialogue, I: FromInbound, S: DialogueStep<D, I>> Route for DialogueRoute<D, I, S> {
    fn take(&self, context: &Context) -> Option<Handling> {
        if context.dialogue().is_some_and(|active| active.name() != D::NAME) {
            return None;
        }
        let item = I::from_inbound(context.inbound())?;
        let (step, context) = (Arc::clone(&self.step), context.clone());
        let turn = async move { take_turn(&*step, item, context).await };
        Some(Handling::new(turn).by(Arc::clone(&self.name)).that_may_pass())
    }

    fn has_dialogue(&self, name: &str) -> bool {
        name == D::NAME
    }

    fn expired(&self, dialogue: &ActiveDialogue) -> Option<HandlerResult> {
        // A state that cannot be read has no last words; nobody answers a message with them.
        self.has_dialogue(dialogue.name())
            .then(|| Ok(dialogue.get::<D>().map_or_else(Reply::none, D::expired)))
    }
}

/// Takes a turn from the state that is stored, if there is one.
async fn take_turn<D: Dialogue, I: FromInbound>(
    step: &impl DialogueStep<D, I>,
    item: I,
    context: Context,
) -> HandlerResult {
    let stored = context.dialogue().cloned();
    let state = match stored.as_ref().map(read).transpose() {
        Ok(state) => state.unwrap_or_default(),
        Err(reason) => return Ok(Reply::none().with_next(Next::Unreadable(reason))),
    };
    let turn = step.take_turn(state, item, context).await?;
    reply(turn, stored)
}

/// The reply that a turn amounts to, where this state is stored.
fn reply<D: Dialogue>(turn: Turn<D>, stored: Option<ActiveDialogue>) -> HandlerResult {
    let Turn { course, payloads, later } = turn;
    let next = match (course, stored) {
        (Course::To(state), _) => Next::Dialogue(write(&state)?),
        // The bytes are stored as they are, those of an older version, too: a silence begins anew, and no more.
        (Course::Stay, Some(dialogue)) => {
            Next::Dialogue(NewDialogueState { dialogue, expires_in: D::EXPIRES })
        }
        (Course::End, Some(_)) => Next::End,
        (Course::Stay | Course::End, None) => Next::Stay,
        (Course::HandOver, _) => Next::Person,
        (Course::Pass, _) if payloads.is_empty() && later.is_empty() => return Ok(Reply::pass()),
        (Course::Pass, _) => {
            let words = "`Turn::pass` leaves the message to the next handler, so it comes without `say` and `later`";
            return Err(HandlerError::permanent(words).at(format_args!("dialogue \"{}\"", D::NAME)));
        }
    };
    let reply = later
        .into_iter()
        .fold(Reply::from_iter(payloads), |reply, (span, payload)| reply.later(span, payload));
    Ok(reply.with_next(next))
}

/// Whether a dialogue may have this name.
const fn is_fit(name: &str) -> bool {
    let (bytes, person) = (name.as_bytes(), PERSON.as_bytes());
    let mut is_person = bytes.len() == person.len();
    let mut at = 0;
    while at < bytes.len() {
        if bytes[at] == b':' {
            return false;
        }
        is_person = is_person && bytes[at] == person[at];
        at += 1;
    }
    !is_person && !bytes.is_empty() && bytes.len() <= LONGEST_NAME
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use serde::{Deserialize, Serialize};

    use super::*;
    use crate::{
        client::{Client, Options},
        protocol::{Content, Event, Inbound, Message, Payload, Subscribe, Text},
    };

    #[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, Default)]
    struct Count(u32);

    impl Dialogue for Count {
        const NAME: &'static str = "count";
        const VERSION: u32 = 2;

        fn expired(self) -> Reply {
            Reply::none().and(format!("{} in all", self.0))
        }
    }

    #[derive(Serialize, Deserialize, Default)]
    struct Other;

    impl Dialogue for Other {
        const NAME: &'static str = "other";
    }

    fn text(content: &str) -> Inbound {
        let text = Text { content: content.to_owned() };
        Inbound::new("account", "user", 1, Content::Message(Message::Text(text)))
    }

    fn context(inbound: Inbound, dialogue: Option<ActiveDialogue>) -> Context {
        let client = Client::new(
            "app".into(),
            "secret".into(),
            ["http://127.0.0.1:9".parse().unwrap()],
            Options::default(),
        );
        Context::new("app".into(), inbound, client.unwrap(), 1).with_dialogue(dialogue)
    }

    fn stored(name: &str, version: u32, body: &'static str) -> ActiveDialogue {
        ActiveDialogue::new(name, version, body)
    }

    fn at(n: u32) -> ActiveDialogue {
        ActiveDialogue::new("count", 2, n.to_string())
    }

    /// Asks a dialogue whose step answers with `turn` of the state, and after it an echo.
    async fn take(
        turn: impl Fn(Count) -> Turn<Count> + Clone + Send + Sync + 'static,
        inbound: Inbound,
        dialogue: Option<ActiveDialogue>,
    ) -> Result<(Vec<Payload>, Next), String> {
        let step = move |count: Count, _: Text, _: Context| std::future::ready(turn(count));
        let routes = Routes::new().dialogue(step).on(|_: Inbound, _| async { "echo" });
        let handling = routes.take(&context(inbound, dialogue)).unwrap();
        let (payloads, _, next) = handling.await.map_err(|error| error.to_string())?.into_parts();
        Ok((payloads, next))
    }

    fn goes_to(n: u32) -> Next {
        let expires_in = Duration::from_mins(30);
        Next::Dialogue(NewDialogueState { dialogue: at(n), expires_in })
    }

    #[tokio::test]
    async fn a_turn_says_what_becomes_of_the_state() {
        let says = |words: &str| vec![Payload::text(words)];
        for (turn, dialogue, expected) in [
            (Turn::to(Count(3)).say("x"), None, (says("x"), goes_to(3))),
            (Turn::to(Count(3)).say("x"), Some(at(1)), (says("x"), goes_to(3))),
            (Turn::stay().say("x"), Some(at(1)), (says("x"), goes_to(1))),
            (Turn::stay().say("x"), None, (says("x"), Next::Stay)),
            (Turn::end().say("x"), Some(at(1)), (says("x"), Next::End)),
            (Turn::end().say("x"), None, (says("x"), Next::Stay)),
            (Turn::hand_over(), Some(at(1)), (vec![], Next::Person)),
            (Turn::hand_over(), None, (vec![], Next::Person)),
            (Turn::pass(), Some(at(1)), (says("echo"), Next::Stay)),
            (Turn::pass(), None, (says("echo"), Next::Stay)),
        ] {
            let taken = take(move |_| turn.clone(), text("x"), dialogue).await;
            assert_eq!(taken.unwrap(), expected);
        }
    }

    #[tokio::test]
    async fn a_turn_that_passes_says_nothing() {
        let span = Duration::from_mins(1);
        for turn in [Turn::pass().say("x"), Turn::pass().later(span, "x")] {
            let taken = take(move |_| turn.clone(), text("x"), None).await;
            assert!(taken.unwrap_err().contains("`Turn::pass` leaves the message to the next handler"));
        }
    }

    #[tokio::test]
    async fn a_step_is_asked_for_its_kind_and_its_dialogue_only() {
        let seen = |count: Count| Turn::end().say(format!("{count:?}"));
        let follow = Inbound::new("account", "user", 1, Content::Event(Event::Subscribe(Subscribe {})));
        for (inbound, dialogue, words) in [
            (text("x"), None, "Count(0)"),
            (text("x"), Some(at(7)), "Count(7)"),
            (text("x"), Some(stored("other", 2, "7")), "echo"),
            (follow.clone(), None, "echo"),
            (follow, Some(at(7)), "echo"),
        ] {
            let (payloads, _) = take(seen, inbound, dialogue).await.unwrap();
            assert_eq!(payloads, [Payload::text(words)]);
        }
    }

    #[tokio::test]
    async fn a_state_that_cannot_be_read_starts_no_turn() {
        for (version, body, why) in [
            (2, "", "EOF while parsing"),
            (2, "\"seven\"", "invalid type: string \"seven\", expected u32"),
            (3, "7", "this program knows version 2 and older ones"),
            (1, "7", "`Dialogue::migrate` of `count` does not read version 1"),
        ] {
            let taken =
                take(|_| Turn::end(), text("x"), Some(stored("count", version, body))).await.unwrap();
            let Next::Unreadable(reason) = taken.1 else { panic!("{body}: {taken:?}") };
            let place = format!("the stored state of the dialogue `count`, version {version}: {why}");
            assert!(reason.starts_with(&place), "{reason}");
        }
    }

    #[test]
    fn the_last_words_are_those_of_the_dialogue() {
        let routes = Routes::new()
            .dialogue(|_: Other, _: Text, _: Context| async { Turn::end() })
            .dialogue(|_: Count, _: Text, _: Context| async { Turn::end() });
        assert!(routes.has_dialogue("count") && !routes.has_dialogue("person"));
        let expired = |dialogue: ActiveDialogue| routes.expired(&dialogue);
        let words = expired(at(7)).unwrap().unwrap();
        assert_eq!(words.payloads(), [Payload::text("7 in all")]);
        for silent in [stored("other", 1, "null"), stored("count", 2, "{"), stored("count", 3, "7")] {
            assert_eq!(expired(silent).unwrap().unwrap(), Reply::none());
        }
        assert!(expired(stored("third", 1, "7")).is_none());
    }

    #[test]
    fn a_step_has_the_name_of_its_dialogue() {
        let routes = Routes::new().dialogue(|_: Count, _: Text, _: Context| async { Turn::end() });
        let handling = routes.take(&context(text("x"), None)).unwrap();
        assert_eq!(handling.name().map(|name| &**name), Some("dialogue \"count\""));
    }

    #[test]
    fn a_name_is_short_and_is_no_other_state_s() {
        let longest = "订".repeat(21) + "x";
        for name in ["a", "order", "persona", "Person", "perso", &longest] {
            assert!(is_fit(name), "{name}");
        }
        for name in ["", "person", "rule:a", ":", &format!("{longest}x")] {
            assert!(!is_fit(name), "{name}");
        }
    }
}
