//! The desk: conversations that wait for a person, and what a person does with them.

use futures_util::future::try_join_all;

use super::{
    super::{
        api::{Answer, ConversationSummary, Desk, Empty, Take, WaitingConversation},
        chat::{Known, first_since, newest_of, summary, unread},
        conversation_id,
        error::ApiError,
        reading::Reading,
        rows::row,
        texts::Texts,
        why::{Reasons, reasons},
    },
    call::Call,
    conversations::texts_in,
};
use crate::{
    console::live::Change,
    desk::{DeskError, Waiting},
    journal::{EntryId, JournalError, Record},
    protocol::{Conversation, Payload, Source},
    server::admin::Right,
};

/// The most conversations of the list.
const MAX_WAITING: usize = 50;

/// Lists the conversations that wait for a person or that a person has, those that have waited longest first.
pub(super) async fn list(call: Call, _: Empty) -> Result<Desk, ApiError> {
    let waiting = call.desk.waiting(MAX_WAITING).await?;
    let keys: Vec<_> = waiting.iter().map(|waiting| waiting.conversation.encode()).collect();
    let mut newest = newest_of(&call, keys.iter().cloned()).await?;
    let first = match waiting.iter().map(|waiting| waiting.since).min() {
        Some(earliest) => first_since(&call, earliest).await?,
        None => EntryId::default(),
    };
    let listed = waiting.into_iter().zip(keys).map(|(waiting, key)| {
        let newest = newest.remove(&key);
        Listed::find(&call, waiting, key, newest, first)
    });
    let listed = try_join_all(listed).await?;
    let newest: Vec<_> = listed.iter().filter_map(|listed| listed.newest.as_ref()).collect();
    let reasons = reasons(call.facts(), &newest).await?;
    let texts = Texts::shown_if(call.who.may_see_texts(true));
    if texts.are_shown() {
        call.look(newest.len()).await?;
    }
    let waiting = listed.into_iter().map(|listed| listed.show(texts, &reasons)).collect();
    Ok(Desk { waiting, now: call.clock.now() })
}

/// A conversation of the list, with its newest entry.
struct Listed {
    waiting: Waiting,
    key: String,
    newest: Option<Record>,
    unread: u64,
}

impl Listed {
    async fn find(
        call: &Call,
        waiting: Waiting,
        key: String,
        newest: Option<Record>,
        first: EntryId,
    ) -> Result<Self, JournalError> {
        let since = waiting.since;
        let unread = if newest.as_ref().is_some_and(|newest| newest.id >= first) {
            unread(call, &key, since, first).await?
        } else {
            0
        };
        Ok(Self { waiting, key, newest, unread })
    }

    fn show(self, texts: Texts, reasons: &Reasons) -> WaitingConversation {
        let Self { waiting, key, newest, unread } = self;
        let Waiting { conversation: Conversation { app, account, user }, since, until, by } = waiting;
        WaitingConversation {
            id: conversation_id::of(&key),
            app: app.to_string(),
            account: account.to_string(),
            user: user.to_string(),
            since,
            until,
            by,
            unread,
            newest: newest.map(|newest| row(&newest, &Reading::of(&newest), texts, reasons)),
        }
    }
}

/// Gives a conversation to persons.
pub(super) async fn hand_over(call: Call, _: Empty) -> Result<ConversationSummary, ApiError> {
    let conversation = conversation(&call)?;
    note(&call, "hand over", &conversation).await?;
    done(&call, &conversation, call.desk.hand_over(&conversation).await).await
}

/// Takes a conversation that waits, or with the right to it one that somebody else has.
pub(super) async fn take(call: Call, take: Take) -> Result<ConversationSummary, ApiError> {
    let conversation = conversation(&call)?;
    let from = take.from.as_deref();
    let action = match from {
        Some(from) => {
            call.who.demand(Right::Operate)?;
            format!("take from {from}")
        }
        None => "take".to_owned(),
    };
    note(&call, &action, &conversation).await?;
    done(&call, &conversation, call.desk.take(&conversation, call.who.name(), from).await).await
}

/// Sends a person's answer.
pub(super) async fn answer(call: Call, answer: Answer) -> Result<ConversationSummary, ApiError> {
    let conversation = conversation(&call)?;
    let key = call.idempotency_key()?;
    let payload = match (answer.text, answer.image) {
        (Some(text), None) => Payload::text(text),
        (None, Some(url)) if is_address(&url) => Payload::image(Source::Url(url)),
        (None, Some(_)) => {
            return Err(ApiError::bad_request(
                "image: write an address that begins with http:// or https://",
            ));
        }
        _ => return Err(ApiError::bad_request("write either `text` or `image`")),
    };
    note(&call, "answer", &conversation).await?;
    let answered = call.desk.answer(&conversation, call.who.name(), Some(&key), payload).await;
    done(&call, &conversation, answered).await
}

/// Gives a conversation back to the bot.
pub(super) async fn hand_back(call: Call, _: Empty) -> Result<ConversationSummary, ApiError> {
    let conversation = conversation(&call)?;
    note(&call, "hand back", &conversation).await?;
    done(&call, &conversation, call.desk.hand_back(&conversation, call.who.name()).await).await
}

/// The conversation in the path.
fn conversation(call: &Call) -> Result<Conversation, ApiError> {
    let conversation = Conversation::decode(&call.conversation_key()?);
    let is_known = |conversation: &Conversation| !conversation.account.as_str().is_empty();
    conversation.filter(is_known).ok_or_else(|| {
        ApiError::not_found("nobody can be answered in this conversation: its message could not be read")
    })
}

async fn note(call: &Call, action: &str, conversation: &Conversation) -> Result<(), ApiError> {
    let Conversation { app, account, user } = conversation;
    call.act(action, &format!("conversation of {user} with {account} of {app}"), 1).await
}

/// The conversation after a change.
async fn done(
    call: &Call,
    conversation: &Conversation,
    result: Result<(), DeskError>,
) -> Result<ConversationSummary, ApiError> {
    result.map_err(refused)?;
    call.events.note_change(Change::Desk);
    let known = Known { key: conversation.encode(), state: None, with_state: false };
    let summary = summary(call, known, &call.who).await?;
    call.look(texts_in(std::slice::from_ref(&summary))).await?;
    Ok(summary)
}

fn refused(error: DeskError) -> ApiError {
    let reason = error.to_string();
    match error {
        DeskError::Taken(by) => ApiError::taken(reason, Some(by)),
        DeskError::WithPerson | DeskError::WithBot => ApiError::conflict(reason),
        DeskError::Limit(_) => ApiError::bad_request(reason),
        DeskError::Journal(error) => error.into(),
    }
}

fn is_address(text: &str) -> bool {
    let url = url::Url::parse(text);
    url.is_ok_and(|url| matches!(url.scheme(), "http" | "https"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_an_address_of_the_web_is_sent_as_a_picture() {
        assert!(is_address("https://a/b.jpg") && is_address("http://a/b.jpg"));
        for wrong in
            ["", "a.jpg", "javascript:alert(1)", "file:///etc/passwd", "data:image/png;base64,AA"]
        {
            assert!(!is_address(wrong), "{wrong}");
        }
    }
}
