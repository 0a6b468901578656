//! `journal show`: the whole story of one entry, with its body, its replies or the message that it answers.

use std::io::{self, IsTerminal as _};

use clap::Args;
use rongcloud_callback::{
    console::{
        api::{AttemptRow, EntryRow, PastState, Reply, Story},
        tell_story,
    },
    journal::{EntryId, JournalError},
};
use serde::Serialize;
use serde_json::Value;

use super::{
    entry::{Entry, Json},
    explain::{self, AttemptJson},
    server::failure,
    source::{Local, Source},
    times::Times,
};
use crate::{
    failure::Failure,
    output::print_json,
    terminal::{beginning, block, line},
};

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
    entry: Told<'a>,
    /// The platform's id of the message that a reply answers.
    #[serde(skip_serializing_if = "Option::is_none")]
    answers_message_id: Option<&'a str>,
    /// The replies to a message.
    #[serde(skip_serializing_if = "Option::is_none")]
    replies: Option<Vec<Told<'a>>>,
    /// Whether the entry has changed the state of its conversation.
    state_changed: bool,
    state_before: Option<&'a PastState>,
    state_after: Option<&'a PastState>,
    /// Why a pending entry is not done yet.
    why: Option<Value>,
}

/// An entry with the attempts at it that have failed.
#[derive(Debug, Serialize)]
struct Told<'a> {
    #[serde(flatten)]
    entry: Json<'a>,
    failed_attempts: Vec<AttemptJson<'a>>,
}

/// The story of an entry, with the texts of the entries in it.
struct Parts {
    entry: Entry,
    answered: Option<Entry>,
    replies: Vec<(Entry, Vec<AttemptRow>)>,
    story: Story,
}

pub(super) async fn run(
    source: &Source,
    arguments: &ShowArguments,
    times: &Times,
) -> Result<(), Failure> {
    let parts = Parts::read(find(source, arguments).await?);
    if arguments.json {
        return print_json(&parts.json());
    }
    for (name, value) in parts.fields(times) {
        println!("{:14}{}", format!("{name}:"), line(&value));
    }
    let body = parts.entry.body();
    // A program gets the body as it was written.
    println!("\n{}", if io::stdout().is_terminal() { block(&body) } else { body });
    Ok(())
}

async fn find(source: &Source, arguments: &ShowArguments) -> Result<Story, Failure> {
    let id = arguments.id;
    match source {
        Source::Journal(Local { journal, max_pending }) => {
            tell_story(&**journal, *max_pending, EntryId(id)).await?.ok_or_else(|| {
                Failure::yours(JournalError::NotFound(format!("there is no entry {id}"))).hint(
                    "`journal list` prints the numbers; finished entries are kept for `journal.keep`",
                )
            })
        }
        Source::Server(server) => server.client.story(id, arguments.json).await.map_err(failure),
    }
}

impl Parts {
    fn read(mut story: Story) -> Self {
        let body = Some(story.body.clone()).filter(|body| !body.hidden);
        let entry = Entry::new(EntryRow { body, ..story.entry.clone() });
        let answered = story.answers.take().map(Entry::new);
        let replies = std::mem::take(&mut story.replies).into_iter();
        let replies = replies.map(|Reply { entry, attempts }| (Entry::new(entry), attempts)).collect();
        Self { entry, answered, replies, story }
    }

    fn json(&self) -> Shown<'_> {
        let Self { entry, answered, replies, story } = self;
        Shown {
            entry: Told::new(entry, &story.attempts),
            answers_message_id: answered.as_ref().and_then(|message| message.row.message_id.as_deref()),
            replies: entry
                .is_message()
                .then(|| replies.iter().map(|(reply, attempts)| Told::new(reply, attempts)).collect()),
            state_changed: story.state_changed,
            state_before: story.state_before.as_ref(),
            state_after: story.state_after.as_ref(),
            why: story.why.as_ref().map(explain::why_json),
        }
    }

    fn fields(&self, times: &Times) -> Vec<(&'static str, String)> {
        let mut fields = self.entry_fields(times);
        fields.extend(self.story.attempts.iter().map(|one| ("failed", explain::attempt(one, times))));
        if let Some(id) = self.entry.row.answers {
            let told = self.answered.as_ref();
            let told = told.map_or_else(|| "which is not kept any more".to_owned(), in_words);
            fields.push(("answers", format!("{id}, {told}")));
        }
        for (reply, attempts) in &self.replies {
            let id = reply.row.id;
            fields.push(("reply", format!("{id}, {}", in_words(reply))));
            let why = reply.row.why.iter().map(|why| explain::why(why, times));
            fields.extend(why.map(|why| ("waits", format!("reply {id}: {why}"))));
            let failed = attempts.iter().map(|one| explain::attempt(one, times));
            fields.extend(failed.map(|failed| ("failed", format!("reply {id}: {failed}"))));
        }
        if self.story.state_changed {
            fields.push(("state_before", explain::state(self.story.state_before.as_ref())));
            fields.push(("state_after", explain::state(self.story.state_after.as_ref())));
        }
        fields
    }

    /// The fields of the entry itself.
    fn entry_fields(&self, times: &Times) -> Vec<(&'static str, String)> {
        let row = &self.entry.row;
        let known = |name: &Option<String>| name.clone().unwrap_or_else(|| "not known".to_owned());
        let state = if row.discarded { "done (discarded)".to_owned() } else { row.state.clone() };
        let mut fields =
            vec![("id", row.id.to_string()), ("queue", row.queue.clone()), ("state", state)];
        fields.extend(self.story.why.iter().map(|why| ("waits", explain::why(why, times))));
        let ending = row.ending.iter().map(|ending| explain::ending(ending, self.entry.is_message()));
        fields.extend(ending.map(|ending| ("ended", ending)));
        let reason = self.entry.reason().filter(|_| !row.discarded);
        fields.extend(reason.map(|reason| ("reason", reason.to_owned())));
        fields.extend([
            ("attempts", row.attempts.to_string()),
            ("kind", row.kind.clone()),
            ("app", known(&row.app)),
            ("account", known(&row.account)),
            ("user", known(&row.user)),
        ]);
        fields.extend(row.message_id.iter().map(|id| ("message_id", id.clone())));
        fields.push(("accepted_at", times.exactly(row.accepted_at)));
        if self.entry.is_pending() {
            fields.push(("due_at", times.exactly(row.due_at)));
        }
        fields.extend(row.settled_at.map(|at| ("settled_at", times.exactly(at))));
        fields
    }
}

impl<'a> Told<'a> {
    fn new(entry: &'a Entry, attempts: &'a [AttemptRow]) -> Self {
        Self { entry: entry.json(), failed_attempts: AttemptJson::all(attempts) }
    }
}

/// An entry in a few words.
fn in_words(entry: &Entry) -> String {
    let words = entry.words();
    let text = if words.is_empty() {
        String::new()
    } else {
        format!(" \"{}\"", beginning(&line(&words), WORDS))
    };
    let row = &entry.row;
    let id = row.message_id.as_ref().map(|id| format!(", message id {id}")).unwrap_or_default();
    let reason = entry.reason().map(|reason| format!(": {reason}")).unwrap_or_default();
    format!("{}{text}{id}, {}{reason}", row.kind, row.state)
}
