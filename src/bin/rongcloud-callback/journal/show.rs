//! `journal show`: one entry with its body, and how messages and replies belong together.

use std::io::{self, IsTerminal as _};

use clap::Args;
use rongcloud_callback::journal::{EntryId, JournalError, Queue, Records, State};
use serde::Serialize;

use super::{
    entry::{Entry, Json},
    times::Times,
};
use crate::{
    failure::Failure,
    output::print_json,
    terminal::{beginning, block, line},
};

/// Number of replies that are looked for at once.
const REPLIES: usize = 32;
/// Width of another entry's text, in columns of a terminal.
const WORDS: usize = 40;

#[derive(Debug, Args)]
pub(crate) struct ShowArguments {
    /// The entry's number, as `list` prints it.
    id: i64,
    /// As JSON, with times in UTC.
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Serialize)]
struct Shown<'a> {
    #[serde(flatten)]
    entry: Json<'a>,
    /// The platform's id of the message that a reply answers.
    #[serde(skip_serializing_if = "Option::is_none")]
    answers_message_id: Option<&'a str>,
    /// The replies to a message.
    #[serde(skip_serializing_if = "Option::is_none")]
    replies: Option<Vec<Json<'a>>>,
}

pub(super) async fn run(
    journal: &dyn Records,
    arguments: &ShowArguments,
    times: &Times,
) -> Result<(), Failure> {
    let id = EntryId(arguments.id);
    let record = journal.show(id).await?.ok_or_else(|| {
        Failure::yours(JournalError::NotFound(format!("there is no entry {id}")))
            .hint("`journal list` prints the numbers; finished entries are kept for `journal.keep`")
    })?;
    let entry = Entry::read(record);
    let replies = match entry.record.queue {
        Queue::Inbox => replies(journal, id).await?,
        Queue::Outbox => Vec::new(),
    };
    let answered = match entry.answers() {
        Some(message) => journal.show(message).await?.map(Entry::read),
        None => None,
    };
    if arguments.json {
        let shown = Shown {
            entry: entry.json(),
            answers_message_id: answered.as_ref().and_then(|message| message.message_id.as_deref()),
            replies: (entry.record.queue == Queue::Inbox)
                .then(|| replies.iter().map(Entry::json).collect()),
        };
        print_json(&shown)?;
        return Ok(());
    }
    for (name, value) in fields(&entry, answered.as_ref(), &replies, times) {
        println!("{:14}{}", format!("{name}:"), line(&value));
    }
    let body = String::from_utf8_lossy(&entry.record.body);
    // A program gets the body as it was written.
    println!("\n{}", if io::stdout().is_terminal() { block(&body) } else { body });
    Ok(())
}

/// The replies to a message, in order. Their keys follow from the message's number; some may not be kept any more.
async fn replies(journal: &dyn Records, message: EntryId) -> Result<Vec<Entry>, Failure> {
    let mut all = Vec::new();
    for first in (0..).step_by(REPLIES) {
        let keys = (first..first + REPLIES).map(|index| message.reply_key(index)).collect();
        let found = journal.find(Queue::Outbox, keys).await?;
        if found.is_empty() {
            break;
        }
        all.extend(found.into_iter().map(Entry::read));
    }
    Ok(all)
}

fn fields(
    entry: &Entry,
    answered: Option<&Entry>,
    replies: &[Entry],
    times: &Times,
) -> Vec<(&'static str, String)> {
    let Entry { record, app, account, user, kind, .. } = entry;
    let known = |name: &str| if name.is_empty() { "not known".to_owned() } else { name.to_owned() };
    let mut fields = vec![
        ("id", record.id.to_string()),
        ("queue", record.queue.as_str().to_owned()),
        (
            "state",
            if record.is_discarded() {
                "done (discarded)".to_owned()
            } else {
                record.state.as_str().to_owned()
            },
        ),
    ];
    if let Some(reason) = entry.reason().filter(|_| !record.is_discarded()) {
        fields.push(("reason", reason.to_owned()));
    }
    fields.extend([
        ("attempts", record.attempts.to_string()),
        ("kind", (*kind).to_owned()),
        ("app", known(app)),
        ("account", known(account)),
        ("user", known(user)),
    ]);
    if let Some(message_id) = &entry.message_id {
        fields.push(("message_id", message_id.clone()));
    }
    fields.push(("accepted_at", times.exactly(record.accepted_at)));
    if record.state == State::Pending {
        fields.push(("due_at", times.exactly(record.due_at)));
    }
    if let Some(settled_at) = record.settled_at {
        fields.push(("settled_at", times.exactly(settled_at)));
    }
    if let Some(message) = entry.answers() {
        let told = answered.map_or_else(|| "which is not kept any more".to_owned(), in_words);
        fields.push(("answers", format!("{message}, {told}")));
    }
    fields.extend(
        replies.iter().map(|reply| ("reply", format!("{}, {}", reply.record.id, in_words(reply)))),
    );
    fields
}

/// An entry in a few words.
fn in_words(entry: &Entry) -> String {
    let words = entry.words();
    let text = if words.is_empty() {
        String::new()
    } else {
        format!(" \"{}\"", beginning(&line(&words), WORDS))
    };
    let id = entry.message_id.as_ref().map(|id| format!(", message id {id}")).unwrap_or_default();
    let reason = entry.reason().map(|reason| format!(": {reason}")).unwrap_or_default();
    format!("{}{text}{id}, {}{reason}", entry.kind, entry.record.state.as_str())
}
